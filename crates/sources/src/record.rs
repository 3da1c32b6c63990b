//! Recording what sources answer, and answering from a record.
//!
//! A [`Recorder`] wraps a source and hands every answer to a sink; a [`Replayer`] serves the same answers without the
//! source. Both know a question by [`RecordedAnswer::key`]: the hash of source, operation and question.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::logs::{LogBatch, LogPatterns};
use midwatch_analysis::series::SeriesSet;
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{Change, Signal, Topology, Trigger, content_hash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Alerts, Answering, Ask, ChangeQuery, Changes, Coverage, Document, DocumentQuery, Documents, ErrorKind,
    Fetched, Infrastructure, Inventory, InventoryQuery, LogQuery, Logs, MetricQuery, Metrics, Printout,
    PrintoutQuery, Probe, SampleQuery, Source, SourceError, SpanQuery, Traces,
};

/// One answer of a source, kept for replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedAnswer {
    /// Hash of source, operation and question.
    pub key: String,
    /// Name of the source.
    pub source: String,
    /// What was asked of it: `series`, `patterns`, `spans`, `coverage` …
    pub operation: String,
    /// The question; `null` for operations without one.
    pub ask: Value,
    /// `{"ok": …}` or `{"error": …}`.
    pub answer: Value,
}

impl RecordedAnswer {
    /// Identity of a question.
    pub fn key(source: &str, operation: &str, ask: &Value) -> String {
        content_hash(&[source, operation, &ask.to_string()])
    }
}

/// Where recorded answers go.
pub trait AnswerSink: Send + Sync {
    /// Takes one answer. Answers to one question are handed over once.
    fn answered(&self, answer: RecordedAnswer);
}

/// A source that hands every answer to a sink.
///
/// A question already answered is served from memory: one investigation sees one state of the world.
pub struct Recorder {
    inner: Arc<dyn Source>,
    sink: Arc<dyn AnswerSink>,
    known: Mutex<BTreeMap<String, Value>>,
}

impl Recorder {
    /// Wraps `inner`; `known` holds answers of an earlier run of the same investigation, by key.
    pub fn new(
        inner: Arc<dyn Source>,
        sink: Arc<dyn AnswerSink>,
        known: BTreeMap<String, Value>,
    ) -> Recorder {
        Recorder { inner, sink, known: Mutex::new(known) }
    }

    async fn through<T, A>(
        &self,
        operation: &'static str,
        ask: &A,
        call: BoxFuture<'_, Result<T, SourceError>>,
    ) -> Result<T, SourceError>
    where
        T: Serialize + DeserializeOwned,
        A: Serialize + Sync,
    {
        let ask = to_value(ask);
        let key = RecordedAnswer::key(self.inner.name(), operation, &ask);
        let known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(&key).cloned();
        if let Some(answer) = known {
            return from_answer(self.inner.name(), operation, answer);
        }
        let result = call.await;
        let answer = match &result {
            Ok(value) => serde_json::json!({ "ok": to_value(value) }),
            Err(error) => serde_json::json!({ "error": to_value(error) }),
        };
        self.known
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .insert(key.clone(), answer.clone());
        self.sink.answered(RecordedAnswer {
            key,
            source: self.inner.name().to_owned(),
            operation: operation.to_owned(),
            ask,
            answer,
        });
        result
    }
}

/// A source that answers from a record and from nothing else.
pub struct Replayer {
    name: String,
    signals: Vec<Signal>,
    answers: BTreeMap<String, Value>,
}

impl Replayer {
    /// A source named `name` that answers what `answers` (by key) hold. Signals are those of the recorded coverage.
    pub fn new(name: impl Into<String>, answers: BTreeMap<String, Value>) -> Replayer {
        let name = name.into();
        let key = RecordedAnswer::key(&name, "coverage", &Value::Null);
        let signals = answers
            .get(&key)
            .and_then(|answer| serde_json::from_value::<Coverage>(answer.get("ok")?.clone()).ok())
            .map(|coverage| coverage.signals)
            .unwrap_or_default();
        Replayer { name, signals, answers }
    }

    fn answer<T: DeserializeOwned, A: Serialize>(
        &self,
        operation: &'static str,
        ask: &A,
    ) -> Result<T, SourceError> {
        let key = RecordedAnswer::key(&self.name, operation, &to_value(ask));
        let Some(answer) = self.answers.get(&key) else {
            return Err(SourceError::new(
                ErrorKind::NotRecorded,
                &self.name,
                operation,
                "the record holds no answer to this question, so the engine now asks something else than it did",
            ));
        };
        from_answer(&self.name, operation, answer.clone())
    }

    fn serves(&self, signal: Signal) -> bool {
        self.signals.contains(&signal)
    }
}

fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| Value::String(format!("unserialisable: {error}")))
}

fn from_answer<T: DeserializeOwned>(
    source: &str,
    operation: &str,
    mut answer: Value,
) -> Result<T, SourceError> {
    let malformed = |error: serde_json::Error| {
        SourceError::new(
            ErrorKind::Malformed,
            source,
            operation,
            format!("the recorded answer cannot be read: {error}"),
        )
    };
    if let Some(error) = answer.get_mut("error") {
        return Err(serde_json::from_value(error.take()).unwrap_or_else(malformed));
    }
    serde_json::from_value(answer.get_mut("ok").map(Value::take).unwrap_or_default()).map_err(malformed)
}

macro_rules! forward {
    ($signal:ident, $accessor:ident, $method:ident, $query:ty, $data:ty) => {
        impl $signal for Recorder {
            fn $method<'a>(&'a self, ask: &'a Ask<$query>) -> Answering<'a, $data> {
                let Some(inner) = self.inner.$accessor() else {
                    return std::future::ready(Err(unsupported(self.inner.name(), stringify!($method))))
                        .boxed();
                };
                self.through(stringify!($method), ask, inner.$method(ask)).boxed()
            }
        }
        impl $signal for Replayer {
            fn $method<'a>(&'a self, ask: &'a Ask<$query>) -> Answering<'a, $data> {
                std::future::ready(self.answer::<Fetched<$data>, _>(stringify!($method), ask)).boxed()
            }
        }
    };
}

forward!(Metrics, metrics, series, MetricQuery, SeriesSet);
forward!(Traces, traces, spans, SpanQuery, SpanBatch);
forward!(Changes, changes, changes, ChangeQuery, Vec<Change>);
forward!(Inventory, inventory, topology, InventoryQuery, Topology);
forward!(Infrastructure, infrastructure, printouts, PrintoutQuery, Vec<Printout>);
forward!(Documents, documents, documents, DocumentQuery, Vec<Document>);

impl Logs for Recorder {
    fn patterns<'a>(&'a self, ask: &'a Ask<LogQuery>) -> Answering<'a, LogPatterns> {
        let Some(inner) = self.inner.logs() else {
            return std::future::ready(Err(unsupported(self.inner.name(), "patterns"))).boxed();
        };
        self.through("patterns", ask, inner.patterns(ask)).boxed()
    }

    fn sample<'a>(&'a self, ask: &'a Ask<SampleQuery>) -> Answering<'a, LogBatch> {
        let Some(inner) = self.inner.logs() else {
            return std::future::ready(Err(unsupported(self.inner.name(), "sample"))).boxed();
        };
        self.through("sample", ask, inner.sample(ask)).boxed()
    }
}

impl Logs for Replayer {
    fn patterns<'a>(&'a self, ask: &'a Ask<LogQuery>) -> Answering<'a, LogPatterns> {
        std::future::ready(self.answer("patterns", ask)).boxed()
    }

    fn sample<'a>(&'a self, ask: &'a Ask<SampleQuery>) -> Answering<'a, LogBatch> {
        std::future::ready(self.answer("sample", ask)).boxed()
    }
}

impl Alerts for Recorder {
    fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>> {
        let Some(inner) = self.inner.alerts() else {
            return std::future::ready(Err(unsupported(self.inner.name(), "trigger"))).boxed();
        };
        self.through("trigger", &Value::Null, inner.trigger()).boxed()
    }
}

impl Alerts for Replayer {
    fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>> {
        std::future::ready(self.answer("trigger", &Value::Null)).boxed()
    }
}

fn unsupported(source: &str, operation: &str) -> SourceError {
    SourceError::new(ErrorKind::Unsupported, source, operation, "this source does not serve that signal")
}

impl Source for Recorder {
    fn name(&self) -> &str {
        self.inner.name()
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        self.through("coverage", &Value::Null, self.inner.coverage()).boxed()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        self.inner.probe()
    }
    fn metrics(&self) -> Option<&dyn Metrics> {
        self.inner.metrics().map(|_| self as &dyn Metrics)
    }
    fn logs(&self) -> Option<&dyn Logs> {
        self.inner.logs().map(|_| self as &dyn Logs)
    }
    fn traces(&self) -> Option<&dyn Traces> {
        self.inner.traces().map(|_| self as &dyn Traces)
    }
    fn changes(&self) -> Option<&dyn Changes> {
        self.inner.changes().map(|_| self as &dyn Changes)
    }
    fn inventory(&self) -> Option<&dyn Inventory> {
        self.inner.inventory().map(|_| self as &dyn Inventory)
    }
    fn infrastructure(&self) -> Option<&dyn Infrastructure> {
        self.inner.infrastructure().map(|_| self as &dyn Infrastructure)
    }
    fn documents(&self) -> Option<&dyn Documents> {
        self.inner.documents().map(|_| self as &dyn Documents)
    }
    fn alerts(&self) -> Option<&dyn Alerts> {
        self.inner.alerts().map(|_| self as &dyn Alerts)
    }
}

impl Source for Replayer {
    fn name(&self) -> &str {
        &self.name
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        std::future::ready(self.answer("coverage", &Value::Null)).boxed()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        std::future::ready(Probe {
            reachable: true,
            missing_permissions: Vec::new(),
            detail: "answers from a record".to_owned(),
        })
        .boxed()
    }
    fn metrics(&self) -> Option<&dyn Metrics> {
        self.serves(Signal::Metrics).then_some(self as &dyn Metrics)
    }
    fn logs(&self) -> Option<&dyn Logs> {
        self.serves(Signal::Logs).then_some(self as &dyn Logs)
    }
    fn traces(&self) -> Option<&dyn Traces> {
        self.serves(Signal::Traces).then_some(self as &dyn Traces)
    }
    fn changes(&self) -> Option<&dyn Changes> {
        self.serves(Signal::Changes).then_some(self as &dyn Changes)
    }
    fn inventory(&self) -> Option<&dyn Inventory> {
        self.serves(Signal::Inventory).then_some(self as &dyn Inventory)
    }
    fn infrastructure(&self) -> Option<&dyn Infrastructure> {
        self.serves(Signal::Infrastructure).then_some(self as &dyn Infrastructure)
    }
    fn documents(&self) -> Option<&dyn Documents> {
        self.serves(Signal::Documents).then_some(self as &dyn Documents)
    }
    fn alerts(&self) -> Option<&dyn Alerts> {
        self.serves(Signal::Alerts).then_some(self as &dyn Alerts)
    }
}
