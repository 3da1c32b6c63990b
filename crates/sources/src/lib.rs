//! What Midwatch needs of the systems it reads: one small object-safe trait a signal, and the layers around them.
//!
//! This crate knows no vendor. A connector implements [`Source`] and those signal traits its system can serve;
//! the [`conformance`] kit is what every connector must pass. Recording and replaying ([`Recorder`], [`Replayer`])
//! wrap any source.

mod ask;
mod configured;
pub mod conformance;
mod error;
pub mod http;
mod record;
mod secret;
mod source;
mod spec;

pub use ask::{Ask, Fetched, Limits, Total};
pub use configured::{Configured, Setting};
pub use error::{ErrorKind, SourceError};
pub use record::{AnswerSink, RecordedAnswer, Recorder, Replayer};
pub use secret::{Mask, Secret};
pub use source::{
    Alerts, Answering, ChangeQuery, Changes, Coverage, Document, DocumentQuery, Documents, Infrastructure,
    Inventory, InventoryQuery, LogQuery, Logs, MetricQuery, Metrics, Printout, PrintoutQuery, Probe,
    SampleQuery, Source, SpanQuery, Traces,
};
pub use spec::{Channel, Connect, DecodeAlert, Field, FieldKind, Level, Spec};
