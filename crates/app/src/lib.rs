//! Composition without a server: sources from a snapshot or a configuration, a record on disk, running and replaying an investigation.
//!
//! The engine reads no clock and no file; this crate is where both meet it. [`run`] journals into a record file,
//! [`replay`] re-executes a record offline, and [`incidents`] hands out the examples built into the program.

mod cluster;
mod config;
mod engine;
mod error;
pub mod incidents;
mod journal;
mod live;
mod page;
mod record;
mod replay;
mod request;
mod run;
mod settings;
mod snapshot;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use cluster::{ClusterInput, check_cluster, check_live_cluster};
pub use config::{Config, ConfigMistake, ConfigSought, ConfiguredSource, find_config, read_config};
pub use error::AppError;
pub use journal::{Difference, FileJournal, MemoryJournal, first_difference};
pub use live::{SourceCheck, check_sources, connectors, live_sources};
pub use midwatch_investigate::{Progress, Watcher, agent_names};
pub use midwatch_sources::Spec;
pub use page::connector_page;
pub use record::{Record, RecordDamage, read_record};
pub use replay::{Replayed, replay, replay_fresh};
pub use request::{AlertInput, Asked, Opening, one_incident, opening};
pub use run::{Outcome, RecordTo, Work, run};
pub use settings::{Mechanisms, mechanisms};
pub use snapshot::{SignalCount, SnapshotCheck, check_snapshot, snapshot_sources};
