//! Departures of metrics as levels before and after, for reasoning about slow calls and busy machines.

use std::collections::BTreeMap;

use midwatch_analysis::series::Series;
use midwatch_cluster::{Measured, Measurement};
use midwatch_model::{EntityId, Finding, FindingKind, Measure, Onset, Question};
use midwatch_sources::MetricQuery;

use super::super::metrics::recognise;
use crate::agents::metrics::series_name;
use crate::agents::number;
use crate::board::Board;
use crate::desk::Desk;

/// Series looked at for levels.
const SERIES_MAX: usize = 400;

/// Levels before and after the onset of every metric that departed, read from the series themselves; and what was cut, if
/// something was.
pub(super) async fn of(
    question: &Question,
    desk: &Desk<'_>,
    board: &Board,
) -> (Vec<Measurement>, Option<String>) {
    let mut departed: Vec<(&Finding, Measured)> = board
        .findings
        .values()
        .filter(|finding| {
            matches!(
                finding.kind,
                FindingKind::MetricShift | FindingKind::MetricRamp | FindingKind::MetricSaturated
            )
        })
        .filter(|finding| !was_over(finding, board))
        .filter_map(|finding| Some((finding, measured(finding)?)))
        .collect();
    if departed.is_empty() {
        return (Vec::new(), None);
    }
    let total = departed.len();
    let cut = (total > SERIES_MAX).then(|| {
        format!(
            "{SERIES_MAX} of {total} departed series looked at beside the cluster's state, clearest first"
        )
    });
    departed.sort_by(|(a, _), (b, _)| b.strength.z.total_cmp(&a.strength.z).then_with(|| a.id.cmp(&b.id)));
    departed.truncate(SERIES_MAX);
    departed.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let mut entities: Vec<EntityId> = departed.iter().map(|(finding, _)| finding.entity.clone()).collect();
    entities.sort();
    entities.dedup();
    let mut gathered = desk.series(MetricQuery { entities, metrics: Vec::new() }, question.window).await;
    recognise(&mut gathered, board);
    let mut by_key: BTreeMap<(&EntityId, String), &Series> = BTreeMap::new();
    for set in gathered.got.iter().filter_map(|got| got.data.as_ref()) {
        for series in &set.series {
            by_key.entry((&series.key.entity, series_name(&series.key))).or_insert(series);
        }
    }
    let mut measurements = Vec::new();
    for (finding, measured) in departed {
        let name = finding.subject.split('{').next().unwrap_or(&finding.subject);
        let Some(series) = by_key.get(&(&finding.entity, finding.subject.clone())) else { continue };
        let Some(onset) = finding.onset else { continue };
        let Some((before, after)) = levels(series, onset) else { continue };
        measurements.push(Measurement {
            name: finding.entity.name.clone(),
            measured,
            before,
            after,
            quote: format!(
                "{} of {} went from {} to {}",
                finding.subject,
                finding.entity.name,
                number(before),
                number(after)
            ),
            source: format!("metric {name}"),
        });
    }
    (measurements, cut)
}

/// Whether a departure had ended when the alert fired: what is slow at that time, which is what a cluster is asked about,
/// is not slow because of it. An alert looks back over its last minutes, so what it speaks of itself is not over.
fn was_over(finding: &Finding, board: &Board) -> bool {
    let ended = finding.ended_at.zip(board.fired_at).is_some_and(|(ended, fired)| ended < fired);
    ended && !board.alerted.speaks_of(finding)
}

/// Medians before the onset and after it, its uncertainty left out on both sides.
fn levels(series: &Series, onset: Onset) -> Option<(f64, f64)> {
    let at = i64::try_from(onset.at.as_nanosecond()).ok()?;
    let doubt = i64::from(onset.uncertainty_s).saturating_mul(1_000_000_000);
    let points = || series.times_ns.iter().copied().zip(series.values.iter().copied());
    let before: Vec<f64> =
        points().filter(|(time, _)| *time < at.saturating_sub(doubt)).map(|(_, value)| value).collect();
    let after: Vec<f64> =
        points().filter(|(time, _)| *time >= at.saturating_add(doubt)).map(|(_, value)| value).collect();
    Some((median(before)?, median(after)?))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// What a finding's metric measures, in the words of the cluster's reasoning.
fn measured(finding: &Finding) -> Option<Measured> {
    let subject = finding.subject.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| subject.contains(word));
    Some(match finding.measure? {
        Measure::Latency if says(&["p50", "median", "avg", "mean"]) => Measured::LatencyMedian,
        Measure::Latency => Measured::LatencyTail,
        Measure::CpuThrottling => Measured::CpuThrottled,
        Measure::Cpu => Measured::Cpu,
        Measure::Memory => Measured::Memory,
        Measure::Load | Measure::Throughput => Measured::Requests,
        Measure::Availability => Measured::Success,
        Measure::NetworkErrors | Measure::Network | Measure::Retries if says(&["retrans"]) => {
            Measured::Retransmissions
        }
        Measure::Network => Measured::Packets,
        _ => return None,
    })
}
