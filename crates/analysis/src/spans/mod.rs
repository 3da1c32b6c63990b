//! Traces: batches of spans and what can be said of them.

mod batch;

pub use batch::{SpanBatch, SpanRow, SpanStatus};
