//! Logs: batches of lines, templates mined from them, exceptions, and the concepts their words speak of.

mod batch;
mod concepts;
#[cfg(test)]
mod concepts_tests;
mod counter;
mod exceptions;
#[cfg(test)]
mod exceptions_tests;
mod frames;
mod mask;
mod miner;
#[cfg(test)]
mod miner_tests;
mod novelty;
mod patterns;
mod peers;
mod settle;
mod words;

pub use batch::{LogBatch, LogLevel, LogRow};
pub use concepts::{concept_ids, concepts_of};
pub use counter::{CounterOptions, PatternCounter};
pub use exceptions::{Exception, Frame, Language, parse_exception};
pub use mask::{MaskLimits, cut, headline};
pub use miner::{MinerOptions, OVERFLOW, TemplateMiner, TemplateRef};
pub use novelty::{ChangeKind, LoggingGap, NoveltyOptions, PatternChange, compare_patterns, logging_gaps};
pub use patterns::{Exemplar, LogPattern, LogPatterns, StatedCounts};
pub use peers::peers_named;
pub use words::telling_words;
