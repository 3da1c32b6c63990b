//! Metrics: which series departed from normal, when, how far, and whether load, a limit or the hour explains it.

mod reading;

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::series::{Series, SeriesSet};
use midwatch_model::{EntityId, Question, QuestionKind, Signal, SignedDuration, Timestamp, Window};
use midwatch_sources::MetricQuery;

use self::reading::{Reader, StoredSeries};
use super::{Agent, AgentError, AgentSpec};
use crate::board::{Board, StepAnswer};
use crate::desk::{Desk, Gathered};

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
    let gathered = desk.series(query.clone(), question.window).await;
    let mut result = gathered.opening(Signal::Metrics, SPEC.settles)?;
    let everything = query.entities.is_empty();
    if !everything && gathered.failed.is_empty() {
        result.gaps.clear();
    }
    let days = earlier(desk, &query, question).await;
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
        let served = BTreeMap::new();
        Reader { question, citation: &got.citation, result: &mut result, served }.read(&stored);
    }
    Ok(result)
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
    let start = question.window.start().checked_sub(EARLIER).unwrap_or(Timestamp::MIN);
    match Window::new(start, question.window.end()) {
        Some(window) => desk.series(query.clone(), window).await,
        None => Gathered { got: Vec::new(), failed: Vec::new() },
    }
}

fn same<'s>(set: &'s SeriesSet, series: &Series) -> Option<&'s Series> {
    let at = set.series.binary_search_by(|other| other.key.cmp(&series.key)).ok()?;
    set.series.get(at)
}
