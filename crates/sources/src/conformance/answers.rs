//! Asking a source everything it can be asked, with panics caught.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::logs::{LogBatch, LogPatterns};
use midwatch_analysis::series::SeriesSet;
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{Change, Topology, Trigger, Window};
use serde::Serialize;
use serde_json::Value;

use crate::{
    Ask, ChangeQuery, Coverage, Document, DocumentQuery, Fetched, InventoryQuery, Limits, LogQuery,
    MetricQuery, Printout, PrintoutQuery, SampleQuery, Source, SourceError, SpanQuery,
};

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Failure {
    /// It panicked.
    Panicked,
    /// It failed.
    Error(SourceError),
}

/// A call's outcome; `None` when the source does not serve the signal.
pub(super) type Called<T> = Option<Result<T, Failure>>;

/// What a source answered to one round of questions.
pub(super) struct Answers {
    /// What it says it holds.
    pub(super) coverage: Called<Coverage>,
    /// Time series.
    pub(super) series: Called<Fetched<SeriesSet>>,
    /// Log patterns.
    pub(super) patterns: Called<Fetched<LogPatterns>>,
    /// Log lines.
    pub(super) sample: Called<Fetched<LogBatch>>,
    /// Spans.
    pub(super) spans: Called<Fetched<SpanBatch>>,
    /// Changes.
    pub(super) changes: Called<Fetched<Vec<Change>>>,
    /// Topology.
    pub(super) topology: Called<Fetched<Topology>>,
    /// What an infrastructure's tools printed.
    pub(super) printouts: Called<Fetched<Vec<Printout>>>,
    /// Documents.
    pub(super) documents: Called<Fetched<Vec<Document>>>,
    /// What started the incident.
    pub(super) trigger: Called<Option<Trigger>>,
}

impl Answers {
    /// Each operation with its answer as JSON, in a fixed order; operations that are not served are left out.
    pub(super) fn by_operation(&self) -> Vec<(&'static str, Value)> {
        let mut all = Vec::new();
        let mut add = |operation, value: Option<Value>| all.extend(value.map(|value| (operation, value)));
        add("coverage", to_json(&self.coverage));
        add("series", to_json(&self.series));
        add("patterns", to_json(&self.patterns));
        add("sample", to_json(&self.sample));
        add("spans", to_json(&self.spans));
        add("changes", to_json(&self.changes));
        add("topology", to_json(&self.topology));
        add("printouts", to_json(&self.printouts));
        add("documents", to_json(&self.documents));
        add("trigger", to_json(&self.trigger));
        all
    }
}

fn to_json<T: Serialize>(called: &Called<T>) -> Option<Value> {
    Some(match called.as_ref()? {
        Ok(answer) => serde_json::json!({ "ok": answer }),
        Err(Failure::Error(error)) => serde_json::json!({ "error": error }),
        Err(Failure::Panicked) => Value::String("panicked".to_owned()),
    })
}

/// Asks everything about `window`.
pub(super) async fn ask_all(source: &dyn Source, window: Window, limits: Limits) -> Answers {
    fn ask<Q>(query: Q, window: Window, limits: Limits) -> Ask<Q> {
        Ask { limits, ..Ask::new(query, window) }
    }
    let rows = u32::try_from(limits.rows_max).unwrap_or(u32::MAX);
    let series = ask(MetricQuery::default(), window, limits);
    let patterns = ask(LogQuery::default(), window, limits);
    let sample = ask(SampleQuery { rows, ..SampleQuery::default() }, window, limits);
    let spans = ask(SpanQuery::default(), window, limits);
    let changes = ask(ChangeQuery { with_diffs: true }, window, limits);
    let topology = ask(InventoryQuery::default(), window, limits);
    let printouts = ask(PrintoutQuery::default(), window, limits);
    let documents = ask(DocumentQuery::default(), window, limits);
    Answers {
        coverage: call(|| Some(source.coverage())).await,
        series: call(|| Some(source.metrics()?.series(&series))).await,
        patterns: call(|| Some(source.logs()?.patterns(&patterns))).await,
        sample: call(|| Some(source.logs()?.sample(&sample))).await,
        spans: call(|| Some(source.traces()?.spans(&spans))).await,
        changes: call(|| Some(source.changes()?.changes(&changes))).await,
        topology: call(|| Some(source.inventory()?.topology(&topology))).await,
        printouts: call(|| Some(source.infrastructure()?.printouts(&printouts))).await,
        documents: call(|| Some(source.documents()?.documents(&documents))).await,
        trigger: call(|| Some(source.alerts()?.trigger())).await,
    }
}

/// Makes a call and waits for it; a panic in either is an outcome.
pub(super) async fn call<'c, T>(
    make: impl FnOnce() -> Option<BoxFuture<'c, Result<T, SourceError>>>,
) -> Called<T> {
    match std::panic::catch_unwind(AssertUnwindSafe(make)) {
        Err(_) => Some(Err(Failure::Panicked)),
        Ok(None) => None,
        Ok(Some(future)) => Some(match AssertUnwindSafe(future).catch_unwind().await {
            Err(_) => Err(Failure::Panicked),
            Ok(answer) => answer.map_err(Failure::Error),
        }),
    }
}
