//! A directory of files as a source: the incident as it lies on disk.
//!
//! The layout is documented in `docs/guide/snapshots.md`. Files are found and told apart when the directory is opened
//! ([`open`]) and read when first asked for. Logs are streamed on every question and never held.

mod alert;
mod answer;
mod changes;
mod classify;
mod cluster;
mod damage;
mod data;
mod documents;
mod identity;
mod keys;
mod logs;
mod metrics;
pub mod parts;
mod read;
mod records;
mod scan;
mod source;
mod spec;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod topology;
mod traces;

pub use source::{SnapshotSource, open, open_file};
pub use spec::SPEC;
