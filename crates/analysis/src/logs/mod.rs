//! Logs: batches of lines, templates mined from them, exceptions, and the concepts their words speak of.

mod batch;
mod patterns;

pub use batch::{LogBatch, LogLevel, LogRow};
pub use patterns::{Exemplar, LogPattern, LogPatterns, StatedCounts};
