//! Pure evidence analysis: numbers, text and graphs in, findings' raw material out.
//!
//! Nothing here does IO, reads a clock or draws a random number. Telemetry arrives columnar: [`series::SeriesSet`],
//! [`logs::LogBatch`], [`spans::SpanBatch`]. Missing points, counter resets, short baselines and constant series are
//! ordinary inputs; every function says in its documentation what it does with them and where its algorithm is from.

pub mod diff;
pub mod graph;
pub mod intern;
pub mod logs;
pub mod series;
pub mod spans;
