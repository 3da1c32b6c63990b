//! Traces: batches of spans and what can be said of them.

mod attributes;
mod batch;
mod clocks;
mod compare;
mod edges;
mod errors;
mod fanout;
mod forest;
mod retries;
mod selftime;
pub(crate) mod statistics;
#[cfg(test)]
mod testing;

pub use attributes::{AttributeChange, AttributeOptions, AttributeShift, Contrast, attribute_changes};
pub use batch::{SpanBatch, SpanRow, SpanStatus};
pub use clocks::{ClockOffset, ClockOptions, TracedLine, clock_offsets, line_offsets};
pub use compare::{CompareOptions, OperationChange, Reference, compare_operations};
pub use edges::{CallEdge, EdgeChange, EdgeOptions, MissingCall, call_edges, missing_calls, slow_edges};
pub use errors::{ErrorCause, ErrorOptions, ErrorOrigin, error_origins};
pub use fanout::{FanOut, FanOutOptions, fan_outs};
pub use forest::{Range, SpanRole};
pub use retries::{RetryChange, RetryOptions, retries};
pub use selftime::{OperationStats, OperationSummary, operation_stats, self_times};
