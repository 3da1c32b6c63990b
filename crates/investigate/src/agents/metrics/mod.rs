//! Metrics: which series departed from normal, when, how far, and whether load, a limit or the hour explains it.

mod reading;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::series::{Series, SeriesKey, SeriesSet, SeriesView, coverage, sampling};
use midwatch_model::{
    EntityId, EntityKind, Question, QuestionKind, Scope, Signal, SignedDuration, Timestamp, Window,
};
use midwatch_sources::MetricQuery;

use self::reading::{Reader, StoredSeries};
use super::{Agent, AgentError, AgentSpec, at};
use crate::board::{Board, SeriesSeen, StepAnswer};
use crate::desk::{Desk, Gathered};

/// A series as findings call it: `metric`, or `metric{label=value,other=value}`.
pub(crate) fn series_name(key: &SeriesKey) -> String {
    if key.labels.is_empty() {
        return key.metric.clone();
    }
    let labels: Vec<String> = key.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}{{{}}}", key.metric, labels.join(","))
}

/// The agent.
pub(crate) struct MetricsAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "metrics",
    answers: &[QuestionKind::MetricBehaviour],
    signals: &[Signal::Metrics],
    calls_max: 32,
    settles: "since when it is broken, how badly, and which resource or load moved first",
};

/// Earlier days looked at for the same hours.
const EARLIER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Look-back up to which the range of earlier days stays the same.
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Agent for MetricsAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        answer(question, desk, board).boxed()
    }
}

async fn answer(question: &Question, desk: &Desk<'_>, board: &Board) -> Result<StepAnswer, AgentError> {
    let query = MetricQuery { entities: asked(question, board), metrics: Vec::new() };
    let mut gathered = desk.series(query.clone(), question.window).await;
    recognise(&mut gathered, board);
    let mut result = gathered.opening(Signal::Metrics, SPEC.settles)?;
    let everything = query.entities.is_empty();
    if !everything && gathered.failed.is_empty() {
        result.gaps.clear();
    }
    let mut days = earlier(desk, &query, question).await;
    recognise(&mut days, board);
    result.truncated.extend(days.got.iter().filter_map(|got| got.truncated.clone()));
    for error in &days.failed {
        result.truncated.push(format!("earlier days could not be compared: {error}"));
    }
    for got in &gathered.got {
        let Some(set) = &got.data else { continue };
        let of_source = days.got.iter().find(|days| days.citation.source == got.citation.source);
        let earlier = of_source.and_then(|days| days.data.as_ref());
        let stored: Vec<StoredSeries<'_>> = set
            .series
            .iter()
            .map(|series| StoredSeries { series, earlier: earlier.and_then(|set| same(set, series)) })
            .collect();
        result.entities.extend(set.series.iter().map(|series| series.key.entity.clone()));
        result.seen.extend(set.series.iter().map(|series| (Signal::Metrics, series.key.entity.clone())));
        result.series.extend(seen(set, &question.window));
        let firsts = set.series.iter().filter_map(|series| series.within(&question.window).present().next());
        result.first = [result.first, firsts.map(|(first, _)| at(first)).min()].into_iter().flatten().min();
        for remark in set.remarks.iter().map(|remark| format!("{}: {remark}", got.citation.source)) {
            if !result.truncated.contains(&remark) {
                result.truncated.push(remark);
            }
        }
        let served = BTreeMap::new();
        let sent = &set.sent;
        Reader { question, citation: &got.citation, sent, result: &mut result, served }.read(&stored);
    }
    Ok(result)
}

/// Calls the subjects of series what they are known as.
pub(crate) fn recognise(gathered: &mut Gathered<SeriesSet>, board: &Board) {
    let mut places: BTreeMap<String, BTreeSet<Scope>> = BTreeMap::new();
    for series in gathered.got.iter().filter_map(|got| got.data.as_ref()).flat_map(|set| &set.series) {
        let entity = &series.key.entity;
        places.entry(entity.name.clone()).or_default().insert(entity.scope.clone());
    }
    for set in gathered.got.iter_mut().filter_map(|got| got.data.as_mut()) {
        for series in &mut set.series {
            let entity = &series.key.entity;
            let several = places.get(&entity.name).is_some_and(|places| places.len() > 1);
            series.key.entity = board.known_as(entity, several);
        }
        set.series.sort_by(|a, b| a.key.cmp(&b.key));
    }
}

/// Every series of a set, with its longest hole where it has one.
fn seen(set: &SeriesSet, window: &Window) -> Vec<SeriesSeen> {
    let inside =
        |series: &Series| -> Option<i64> { series.within(window).present().map(|(at, _)| at).last() };
    let last = set.series.iter().filter_map(inside).max().unwrap_or(window.end_ns());
    set.series
        .iter()
        .map(|series| {
            // A pod that is replaced ends, and that is no hole.
            let ends = series.key.entity.kind == EntityKind::Pod;
            let until = if ends { inside(series).unwrap_or(last) } else { last };
            SeriesSeen {
                entity: series.key.entity.clone(),
                metric: series.key.metric.clone(),
                hole: hole(series.within(window), until),
            }
        })
        .collect()
}

/// Points a series needs, and the share of them that must be there, before a stretch without any is a hole: what reports
/// now and then only has none.
const HOLE_POINTS_MIN: usize = 20;
const HOLE_COVERAGE_MIN: f64 = 0.5;
/// Steps, and seconds, that a hole is long at least.
const HOLE_STEPS_MIN: i64 = 6;
const HOLE_SECONDS_MIN: i64 = 180;

/// The longest stretch without points up to `until_ns`, when it is long for how the series is sampled.
fn hole(series: SeriesView<'_>, until_ns: i64) -> Option<(i64, i64)> {
    let sampled = sampling(series)?;
    if sampled.points < HOLE_POINTS_MIN || coverage(&sampled) < HOLE_COVERAGE_MIN {
        return None;
    }
    let end = series.present().map(|(at, _)| at).last()?;
    let inside = sampled.gaps.iter().map(|gap| (gap.after_ns, gap.until_ns));
    let (from, to) = inside.chain([(end, until_ns)]).max_by_key(|(from, to)| to.saturating_sub(*from))?;
    let long = (HOLE_STEPS_MIN.saturating_mul(sampled.step_ns)).max(HOLE_SECONDS_MIN * 1_000_000_000);
    (to.saturating_sub(from) >= long).then_some((from, to))
}

/// Entities as the sources may know them: a target whose kind is only guessed is asked for under every kind.
fn asked(question: &Question, board: &Board) -> Vec<EntityId> {
    use midwatch_model::EntityKind::{Database, External, Node, Pod, Queue, Service, Workload};
    let mut asked = Vec::new();
    for entity in &question.entities {
        asked.push(entity.clone());
        if !board.entities.contains(entity) {
            for kind in [Service, Workload, Pod, Node, Database, Queue, External] {
                let other = EntityId { kind, ..entity.clone() };
                if other != *entity {
                    asked.push(other);
                }
            }
        }
    }
    asked
}

/// The same series over the days before the window, by source, to tell what happens every day.
async fn earlier(desk: &Desk<'_>, query: &MetricQuery, question: &Question) -> Gathered<SeriesSet> {
    // One range for every look-back of up to a day, so that a source which remembers is asked once.
    let nearest = question.window.end().checked_sub(DAY).unwrap_or(Timestamp::MIN);
    let start = question.window.start().min(nearest).checked_sub(EARLIER).unwrap_or(Timestamp::MIN);
    match Window::new(start, question.window.end()) {
        Some(window) => desk.series(query.clone(), window).await,
        None => Gathered { got: Vec::new(), failed: Vec::new() },
    }
}

fn same<'s>(set: &'s SeriesSet, series: &Series) -> Option<&'s Series> {
    let at = set.series.binary_search_by(|other| other.key.cmp(&series.key)).ok()?;
    set.series.get(at)
}
