//! Logs: batches of lines, templates mined from them, exceptions, and the concepts their words speak of.

mod batch;
mod concepts;
mod counter;
mod mask;
mod miner;
mod novelty;
mod patterns;
mod peers;
mod settle;

pub use batch::{LogBatch, LogLevel, LogRow};
pub use concepts::{concept_ids, concepts_of};
pub use counter::{CounterOptions, PatternCounter};
pub use mask::{MaskLimits, cut, headline};
pub use miner::{MinerOptions, OVERFLOW, TemplateMiner, TemplateRef};
pub use novelty::{ChangeKind, LoggingGap, NoveltyOptions, PatternChange, compare_patterns, logging_gaps};
pub use patterns::{Exemplar, LogPattern, LogPatterns, StatedCounts};
pub use peers::peers_named;
