//! Logs: batches of lines, templates mined from them, exceptions, and the concepts their words speak of.

mod batch;
mod counter;
mod mask;
mod miner;
mod patterns;
mod settle;

pub use batch::{LogBatch, LogLevel, LogRow};
pub use counter::{CounterOptions, PatternCounter};
pub use mask::{MaskLimits, cut, headline};
pub use miner::{MinerOptions, OVERFLOW, TemplateMiner, TemplateRef};
pub use patterns::{Exemplar, LogPattern, LogPatterns, StatedCounts};
