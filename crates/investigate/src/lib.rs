//! From trigger to report: plan, agents, findings, theories, verdict.
//!
//! [`investigate`] runs the five rounds (orient, localise, explain, attribute, refute) over any [`Source`]s and appends
//! every value to a [`Journal`] before the next stage starts. It reads no clock, no file and no environment; the same
//! answers from the sources give the same report, byte for byte.
//!
//! [`Source`]: midwatch_sources::Source

mod agents;
mod board;
mod concepts;
mod conclude;
mod desk;
mod journal;
pub mod mechanisms;
mod rounds;
mod run;
mod settings;
mod stages;
mod system;
#[cfg(test)]
mod testing;
mod theories;

pub use journal::{Draft, Journal, JournalError};
pub use run::{InvestigateError, Progress, Request, Watcher, investigate};
pub use settings::{Calibration, Settings, agent_names};
pub use system::SystemView;
