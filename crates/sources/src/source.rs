//! The signal traits. All are object-safe and answer with boxed futures; dropping a future cancels the call.

use futures_util::future::BoxFuture;
use midwatch_analysis::logs::{LogBatch, LogPatterns};
use midwatch_analysis::series::SeriesSet;
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{Change, Damage, EntityId, Signal, Timestamp, Topology, Trigger};
use serde::{Deserialize, Serialize};

use crate::{Ask, Fetched, SourceError};

/// A call under way.
pub type Answering<'a, T> = BoxFuture<'a, Result<Fetched<T>, SourceError>>;

/// Which series. Empty lists mean all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricQuery {
    /// Entities measured.
    pub entities: Vec<EntityId>,
    /// Metric names, exact.
    pub metrics: Vec<String>,
}

/// Which log lines, as patterns with counts over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogQuery {
    /// Names of the entities that write them; empty means all.
    pub entities: Vec<String>,
    /// Width of a bin in seconds; 0 means 60.
    pub bin_s: u32,
    /// Exemplars kept for each pattern; 0 means 4.
    pub exemplars: u32,
}

/// Which log lines, as rows: a sample for reading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleQuery {
    /// Names of the entities that write them; empty means all.
    pub entities: Vec<String>,
    /// Text the line must hold, case-sensitive; `None` for any.
    pub contains: Option<String>,
    /// Rows wanted; evenly spread over the matches when there are more.
    pub rows: u32,
}

/// Which spans: whole traces, a sample when there are more than the limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanQuery {
    /// Names of entities of which a trace must hold at least one; empty means all.
    pub entities: Vec<String>,
}

/// Which changes took effect (commits: were written) in the window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeQuery {
    /// Whether diffs are wanted too.
    pub with_diffs: bool,
}

/// Which part of the topology.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct InventoryQuery {}

/// Which part of the infrastructure. Everything, today.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PrintoutQuery {}

/// A command or request to an infrastructure, and what it answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printout {
    /// The command as typed, a file's path, or the request; empty when unknown.
    pub command: String,
    /// What it printed: a table, a description, YAML, JSON, log lines or an error.
    pub text: String,
}

/// Which documents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentQuery {
    /// Words of which a document should hold some; empty means all documents.
    pub words: Vec<String>,
}

/// A document as it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Path or link.
    pub reference: String,
    /// Title.
    pub title: String,
    /// Text in Markdown.
    pub text: String,
}

/// What a source holds and in what state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Signals that are there.
    pub signals: Vec<Signal>,
    /// First sample of any signal.
    pub first: Option<Timestamp>,
    /// Last sample of any signal.
    pub last: Option<Timestamp>,
    /// Input that could not be read.
    pub damage: Vec<Damage>,
    /// Anything else worth knowing, in sentences: assumed zones, skipped files, merged names.
    pub notes: Vec<String>,
}

/// Whether a source can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Whether it answers.
    pub reachable: bool,
    /// Permissions it lacks, in the system's own words.
    pub missing_permissions: Vec<String>,
    /// One sentence for people.
    pub detail: String,
}

/// One configured system. A signal it does not serve is `None`.
pub trait Source: Send + Sync {
    /// Name, as configured.
    fn name(&self) -> &str;
    /// What it holds; asked once at the start.
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>>;
    /// Whether it can be used, and which permission is missing.
    fn probe(&self) -> BoxFuture<'_, Probe>;
    /// Time series.
    fn metrics(&self) -> Option<&dyn Metrics> {
        None
    }
    /// Log lines.
    fn logs(&self) -> Option<&dyn Logs> {
        None
    }
    /// Spans.
    fn traces(&self) -> Option<&dyn Traces> {
        None
    }
    /// Changes, code among them.
    fn changes(&self) -> Option<&dyn Changes> {
        None
    }
    /// Entities and relations.
    fn inventory(&self) -> Option<&dyn Inventory> {
        None
    }
    /// Objects, events and machines.
    fn infrastructure(&self) -> Option<&dyn Infrastructure> {
        None
    }
    /// Documents.
    fn documents(&self) -> Option<&dyn Documents> {
        None
    }
    /// Alerts.
    fn alerts(&self) -> Option<&dyn Alerts> {
        None
    }
}

/// Serves time series.
pub trait Metrics: Send + Sync {
    /// Series with at least one point in the window, cut to it.
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet>;
}

/// Serves log lines, aggregated or sampled, never all of them.
pub trait Logs: Send + Sync {
    /// Patterns with counts over time. Lines without a time are counted in `total` only.
    fn patterns<'a>(&'a self, ask: &'a Ask<LogQuery>) -> Answering<'a, LogPatterns>;
    /// Lines for reading.
    fn sample<'a>(&'a self, ask: &'a Ask<SampleQuery>) -> Answering<'a, LogBatch>;
}

/// Serves spans.
pub trait Traces: Send + Sync {
    /// Whole traces that start in the window.
    fn spans<'a>(&'a self, ask: &'a Ask<SpanQuery>) -> Answering<'a, SpanBatch>;
}

/// Serves changes.
pub trait Changes: Send + Sync {
    /// Changes of the window, by time.
    fn changes<'a>(&'a self, ask: &'a Ask<ChangeQuery>) -> Answering<'a, Vec<Change>>;
}

/// Serves entities and relations.
pub trait Inventory: Send + Sync {
    /// The topology as of the window's end.
    fn topology<'a>(&'a self, ask: &'a Ask<InventoryQuery>) -> Answering<'a, Topology>;
}

/// Serves the state of an infrastructure as its own tools print it. What it means is worked out by who asks.
pub trait Infrastructure: Send + Sync {
    /// Everything captured; the window says when it is wanted, a capture is of one instant.
    fn printouts<'a>(&'a self, ask: &'a Ask<PrintoutQuery>) -> Answering<'a, Vec<Printout>>;
}

/// Serves documents.
pub trait Documents: Send + Sync {
    /// Documents; the window does not apply to them.
    fn documents<'a>(&'a self, ask: &'a Ask<DocumentQuery>) -> Answering<'a, Vec<Document>>;
}

/// Serves alerts.
pub trait Alerts: Send + Sync {
    /// What started the incident, if the source knows.
    fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>>;
}
