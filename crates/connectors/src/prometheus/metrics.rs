//! Series for the questions of agents: chosen, counted, compiled, asked side by side and read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::{FutureExt, StreamExt, stream};
use midwatch_analysis::series::{SentQuery, SeriesSet};
use midwatch_model::{Citation, Signal, Window};
use midwatch_sources::{Answering, Ask, Fetched, MetricQuery, Metrics, SourceError, Total};

use super::PrometheusSource;
use super::batch::{self, Batch};
use super::choose::{Choice, Chosen, choose};
use super::client;
use super::plan::{Facts, Planned, plan};
use super::promql::{Equals, any_of, selector};
use super::sampling::{Intervals, intervals, step};
use super::subjects::{Subjects, place_apart};
use crate::naming::{self, SUBJECT_LABELS};

/// Families asked for in one answer.
const FAMILIES_MAX: usize = 150;
/// Series of a metric that are asked for one by one; of more, sums are asked for.
pub(super) const SINGLE_MAX: u64 = 60;
/// Series of a metric that a query may touch; a metric with more is left out, and said.
const TOUCHED_MAX: u64 = 50_000;
/// Series of one metric that are kept of an answer.
const SERIES_MAX: usize = 1_000;
/// Names in one selector.
const NAMES_AT_ONCE: usize = 60;
/// Batches of queries under way, so that their answers never lie in memory all at once.
const BATCHES_AT_ONCE: usize = 8;

/// Which series of a metric: all when it is not there, else the union.
pub(super) type Selected = BTreeMap<String, BTreeSet<Equals>>;

pub(super) const NS: i64 = 1_000_000_000;

impl Metrics for PrometheusSource {
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet> {
        answer(self, ask).boxed()
    }
}

async fn answer(
    source: &PrometheusSource,
    ask: &Ask<MetricQuery>,
) -> Result<Fetched<SeriesSet>, SourceError> {
    let window = ask.window;
    let mut remarks = Vec::new();
    let (names, selected) = names(source, ask, &mut remarks).await?;
    let metadata = client::metadata(&source.client).await.unwrap_or_else(|error| {
        remarks.push(format!("types are told by names alone: {error}"));
        BTreeMap::new()
    });
    let Choice { chosen, eligible } = choose(&names, &metadata, &ask.query.metrics, FAMILIES_MAX);
    if eligible > chosen.len() {
        remarks.push(format!("{} of {eligible} metrics asked for, symptoms first", chosen.len()));
    }
    let counts = counts(source, &chosen, ask, &mut remarks).await;
    let times = intervals(source, &counts, &window, ask.deadline).await;
    // Of a metric with many series, sums come back: about as many as it may have to be asked for one by one.
    let expected = counts.values().map(|counted| counted.series.min(SINGLE_MAX)).fold(0, u64::saturating_add);
    let step_s = step(&window, times.usual_s, expected);
    let (planned, left_out) = planned(source, ask, &chosen, &selected, &counts, (&times, step_s)).await;
    remarks.extend(left_out.iter().cloned());
    let cited = |planned: &[Planned]| cite(source, window, planned);
    let Some(range) = instants(&window, step_s).filter(|_| !planned.is_empty()) else {
        return Ok(nothing(remarks, !left_out.is_empty(), cited(&[])));
    };
    let mut gathered = Gathered { remarks, ..Gathered::default() };
    let batches = batch::of(&planned);
    let mut asked: Vec<BoxFuture<'_, Vec<Outcome<'_>>>> = Vec::new();
    for batch in &batches {
        asked.push(fetch(source, batch, range, ask.deadline).boxed());
    }
    let mut answers = stream::iter(asked).buffered(BATCHES_AT_ONCE);
    while let Some(answer) = answers.next().await {
        for (planned, outcome) in answer {
            gathered.take(planned, outcome);
        }
    }
    gathered.finish(source, ask, &planned, cited)
}

/// A query and what came of it.
pub(super) type Outcome<'p> = (&'p Planned, Result<client::Answered<Vec<client::WireSeries>>, SourceError>);

/// A batch's queries with their series, each batch in one call; one by one when the server refuses them together.
async fn fetch<'p>(
    source: &PrometheusSource,
    batch: &Batch<'p>,
    range: (i64, i64, i64),
    deadline: Option<Duration>,
) -> Vec<Outcome<'p>> {
    match client::query_range(&source.client, &batch.query, range, deadline).await {
        Ok(answered) => batch.apart(answered),
        // One that is too large, or not understood, must not take the others with it.
        Err(error) if batch.queries.len() > 1 && !error.kind.retryable() => {
            let mut alone = Vec::new();
            for planned in &batch.queries {
                alone.push((
                    *planned,
                    client::query_range(&source.client, &planned.query, range, deadline).await,
                ));
            }
            alone
        }
        Err(error) => batch.queries.iter().map(|planned| (*planned, Err(error.clone()))).collect(),
    }
}

/// What has come so far.
#[derive(Default)]
struct Gathered {
    subjects: Subjects,
    sent: BTreeMap<String, SentQuery>,
    failed: Vec<(String, SourceError)>,
    remarks: Vec<String>,
}

impl Gathered {
    fn take(
        &mut self,
        planned: &Planned,
        outcome: Result<client::Answered<Vec<client::WireSeries>>, SourceError>,
    ) {
        match outcome {
            Ok(answered) => {
                self.remarks.extend(answered.warnings);
                let total = answered.data.len();
                if total > SERIES_MAX {
                    self.remarks.push(format!("{SERIES_MAX} of {total} series of {} kept", planned.metric));
                }
                self.subjects.extend(planned, answered.data.into_iter().take(SERIES_MAX));
                let sent = SentQuery { query: planned.query.clone(), link: None };
                self.sent.insert(planned.metric.clone(), sent);
            }
            Err(error) => self.failed.push((planned.metric.clone(), error)),
        }
    }

    fn finish(
        self,
        source: &PrometheusSource,
        ask: &Ask<MetricQuery>,
        planned: &[Planned],
        cited: impl Fn(&[Planned]) -> Citation,
    ) -> Result<Fetched<SeriesSet>, SourceError> {
        let Gathered { subjects, mut sent, failed, mut remarks } = self;
        let mut series = subjects.series();
        // A selector by one label also matches what another label calls differently.
        let wanted: BTreeSet<&str> = ask.query.entities.iter().map(|entity| entity.name.as_str()).collect();
        series.retain(|series| wanted.is_empty() || wanted.contains(series.key.entity.name.as_str()));
        if series.is_empty()
            && let Some((_, error)) = failed.first()
        {
            return Err(error.clone());
        }
        if let Some((first, error)) = failed.first() {
            let (count, of) = (failed.len(), planned.len());
            remarks.push(format!("{count} of {of} queries failed, {first} first: {error}"));
        }
        place_apart(&mut series, &ask.query.entities);
        series.sort_by(|a, b| a.key.cmp(&b.key));
        let before = series.len();
        series.dedup_by(|a, b| a.key == b.key);
        if series.len() < before {
            remarks.push(format!(
                "{} series say the same of the same thing under two labels; the first of each is kept",
                before - series.len()
            ));
        }
        for sent in sent.values_mut() {
            sent.link = Some(source.link(&sent.query, &ask.window));
        }
        remarks.sort();
        remarks.dedup();
        if series.is_empty() {
            return Ok(nothing(remarks, false, cited(planned)));
        }
        let mut set = SeriesSet { series, sent, remarks };
        let truncated = cut(&mut set, ask.limits.points_max);
        Ok(Fetched::Found { data: set, citation: cited(planned), truncated })
    }
}

/// Nothing was found; where that is only because it was left out, the answer says so.
fn nothing(remarks: Vec<String>, left_out: bool, citation: Citation) -> Fetched<SeriesSet> {
    if left_out {
        let data = SeriesSet { remarks, ..SeriesSet::default() };
        return Fetched::Found { data, citation, truncated: None };
    }
    Fetched::Nothing { searched: citation }
}

/// First and last instant and the step, in nanoseconds: multiples of the step inside the window.
fn instants(window: &Window, step_s: i64) -> Option<(i64, i64, i64)> {
    let step_ns = step_s.checked_mul(NS)?;
    let floor = window.start_ns().div_euclid(step_ns).checked_mul(step_ns)?;
    let first = if floor < window.start_ns() { floor.checked_add(step_ns)? } else { floor };
    let last = window.end_ns().checked_sub(1)?.div_euclid(step_ns).checked_mul(step_ns)?;
    (first <= last).then_some((first, last, step_ns))
}

/// Names of metrics, and for questions about entities which series of each are theirs.
async fn names(
    source: &PrometheusSource,
    ask: &Ask<MetricQuery>,
    remarks: &mut Vec<String>,
) -> Result<(Vec<String>, Selected), SourceError> {
    if ask.query.entities.is_empty() {
        let all: Vec<String> =
            if source.selector.is_empty() { Vec::new() } else { vec![format!("{{{}}}", source.selector)] };
        let answered = client::metric_names(&source.client, &all, &ask.window, ask.deadline).await?;
        remarks.extend(answered.warnings);
        return Ok((answered.data, Selected::new()));
    }
    let wanted: BTreeSet<&str> = ask.query.entities.iter().map(|entity| entity.name.as_str()).collect();
    let selectors: Vec<String> = wanted
        .iter()
        .flat_map(|name| {
            SUBJECT_LABELS.iter().map(|(label, _)| {
                let equals = Equals { label: (*label).to_owned(), value: (*name).to_owned() };
                selector("", &[equals], &source.selector)
            })
        })
        .collect();
    let answered = client::series(&source.client, &selectors, &ask.window, ask.deadline).await?;
    remarks.extend(answered.warnings);
    let mut selected = Selected::new();
    for labels in &answered.data {
        let Some(metric) = labels.get("__name__") else { continue };
        let Some((label, _)) = naming::subject(|key| labels.get(key).map(String::as_str)) else { continue };
        let Some(value) = labels.get(label).filter(|value| wanted.contains(value.as_str())) else { continue };
        let equals = Equals { label: label.to_owned(), value: value.clone() };
        selected.entry(metric.clone()).or_default().insert(equals);
    }
    Ok((selected.keys().cloned().collect(), selected))
}

/// What is known of a family before it is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted {
    /// How many series it has.
    pub(super) series: u64,
    /// Jobs that tell of it.
    pub(super) jobs: BTreeSet<String>,
}

/// How many series each family has, at the window's middle or end, whichever are more: what broke may tell no more.
async fn counts(
    source: &PrometheusSource,
    chosen: &[Chosen],
    ask: &Ask<MetricQuery>,
    remarks: &mut Vec<String>,
) -> BTreeMap<String, Counted> {
    let names: Vec<String> = chosen.iter().map(Chosen::counted_name).collect();
    let queries: Vec<String> = names
        .chunks(NAMES_AT_ONCE)
        .map(|names| format!("count by (__name__, job) ({})", any_of(names, &source.selector)))
        .collect();
    let (start, last) = (ask.window.start_ns(), ask.window.end_ns().saturating_sub(1));
    let middle = start.saturating_add(last.saturating_sub(start) / 2);
    let mut counts: BTreeMap<String, Counted> = BTreeMap::new();
    for at in [middle, last] {
        let asked = queries.iter().map(|query| client::query(&source.client, query, Some(at), ask.deadline));
        let mut now: BTreeMap<String, u64> = BTreeMap::new();
        for answered in join_all(asked).await {
            match answered {
                Ok(answered) => {
                    for series in answered.data {
                        let count = series.value.and_then(|(_, value)| value.parse::<f64>().ok());
                        let (Some(name), Some(count)) = (series.metric.get("__name__"), count) else {
                            continue;
                        };
                        *now.entry(name.clone()).or_default() += count as u64;
                        if let Some(job) = series.metric.get("job") {
                            counts.entry(name.clone()).or_default().jobs.insert(job.clone());
                        }
                    }
                }
                Err(error) => {
                    remarks.push(format!("series could not be counted before they were asked for: {error}"));
                }
            }
        }
        for (name, count) in now {
            let known = counts.entry(name).or_default();
            known.series = known.series.max(count);
        }
    }
    counts
}

/// The queries of all families, and which families are left out, in sentences.
async fn planned(
    source: &PrometheusSource,
    ask: &Ask<MetricQuery>,
    chosen: &[Chosen],
    selected: &Selected,
    counts: &BTreeMap<String, Counted>,
    (times, step_s): (&Intervals, i64),
) -> (Vec<Planned>, Vec<String>) {
    let mut left_out = Vec::new();
    let mut kept: Vec<(&Chosen, Option<&Counted>)> = Vec::new();
    for family in chosen {
        let counted = counts.get(&family.counted_name());
        match counted.filter(|counted| counted.series > TOUCHED_MAX) {
            Some(counted) => left_out.push(format!(
                "{} left out: a query would touch {} series, more than {TOUCHED_MAX}",
                family.family, counted.series
            )),
            None => kept.push((family, counted)),
        }
    }
    let mut asked: Vec<BoxFuture<'_, Option<Vec<String>>>> = Vec::new();
    for (family, counted) in &kept {
        let single = counted.is_some_and(|counted| counted.series <= SINGLE_MAX);
        asked.push(label_names(source, ask, (!single).then(|| family.counted_name())).boxed());
    }
    let labels = join_all(asked).await;
    let mut planned = Vec::new();
    for ((family, counted), labels) in kept.iter().zip(labels) {
        let facts = Facts {
            single: counted.is_some_and(|counted| counted.series <= SINGLE_MAX),
            labels,
            over_s: times.of(counted.map(|counted| &counted.jobs)).saturating_mul(4).max(step_s),
        };
        planned.extend(plan(family, selected, &source.selector, &facts));
    }
    (planned, left_out)
}

/// Names of a metric's labels; `None` without a metric, or when the server does not tell.
async fn label_names(
    source: &PrometheusSource,
    ask: &Ask<MetricQuery>,
    metric: Option<String>,
) -> Option<Vec<String>> {
    let one = selector(&metric?, &[], &source.selector);
    let found = client::label_names(&source.client, &[one], &ask.window, ask.deadline).await.ok()?;
    Some(found.data)
}

/// Cuts a set to so many points: whole series while they fit.
fn cut(set: &mut SeriesSet, points_max: usize) -> Option<Total> {
    let total: usize = set.series.iter().map(|series| series.times_ns.len()).sum();
    let mut kept = 0;
    set.series.retain_mut(|series| {
        let room = points_max.saturating_sub(kept);
        let skipped = series.times_ns.len().saturating_sub(room);
        if skipped >= series.times_ns.len() {
            return false;
        }
        series.times_ns.drain(..skipped);
        series.values.drain(..skipped);
        kept += series.times_ns.len();
        true
    });
    (kept < total).then_some(Total { kept: kept as u64, total: total as u64 })
}

fn cite(source: &PrometheusSource, window: Window, planned: &[Planned]) -> Citation {
    let query = match planned {
        [] => "no metric to ask for".to_owned(),
        [one] => one.query.clone(),
        [first, rest @ ..] => format!("{} and {} further queries", first.query, rest.len()),
    };
    Citation {
        source: source.client.name().to_owned(),
        signal: Signal::Metrics,
        query,
        window: Some(window),
        link: planned.first().map(|planned| source.link(&planned.query, &window)),
    }
}
