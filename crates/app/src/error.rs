//! What can go wrong around an investigation, in sentences that say what, where and what next.

use std::path::PathBuf;

use midwatch_investigate::InvestigateError;
use midwatch_investigate::mechanisms::MechanismError;
use midwatch_model::UpcastError;
use midwatch_sources::SourceError;

use crate::{ConfigMistake, Difference};

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A file or directory could not be read or written.
    #[error("{}: could not {operation}: {cause}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What was tried, as a verb phrase.
        operation: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The snapshot could not be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The engine ended without a report.
    #[error(transparent)]
    Investigate(#[from] InvestigateError),
    /// No decoder knows the alert.
    #[error(
        "{origin}: this is not an alert in a format midwatch reads ({reason}). docs/guide/snapshots.md#alerts lists the formats; \
         a plain JSON object with `summary`, `service` and `fired_at` works too"
    )]
    UnknownAlert {
        /// File, or `standard input`.
        origin: String,
        /// What was found instead.
        reason: String,
    },
    /// Nothing says what to investigate.
    #[error(
        "nothing says what to investigate: {searched} holds no alert{unread}. Give one with --alert FILE, or ask with \
         --ask \"what is wrong?\""
    )]
    NoTrigger {
        /// Where an alert was looked for.
        searched: String,
        /// Files that should hold one and why they do not, from ` that can be read` on; empty when there is no such file.
        unread: String,
    },
    /// A window was asked for, and nothing says when it ends.
    #[error(
        "--since needs to know what counts as now: the alert has no time and no source holds a sample with one. Give --at TIME"
    )]
    NoNow,
    /// The chosen window is empty.
    #[error("--since must be a positive length of time such as 30m or 6h")]
    EmptyWindow,
    /// An agent that does not exist was to be left out.
    #[error("there is no agent named {name:?}. The agents are: {known}")]
    UnknownAgent {
        /// As given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// Mechanism files that cannot be used.
    #[error("{}", list(errors))]
    Mechanisms {
        /// Every error, not only the first.
        errors: Vec<MechanismError>,
    },
    /// The record is not one.
    #[error("{}:{line}: {reason}", path.display())]
    Record {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong and what next.
        reason: String,
    },
    /// The record comes from a newer or broken writer.
    #[error("{}:{line}: {cause}", path.display())]
    Upcast {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Why it cannot be read.
        cause: UpcastError,
    },
    /// The record holds a finished investigation already.
    #[error(
        "{}: holds a finished investigation already. Re-execute it with `midwatch replay`, or choose another file for --record",
        path.display()
    )]
    RecordFinished {
        /// File.
        path: PathBuf,
    },
    /// Nothing to replay or resume.
    #[error(
        "{}: holds no whole entry, so there is nothing to replay or resume. `midwatch investigate --record FILE` writes \
         a record to a new file",
        path.display()
    )]
    RecordEmpty {
        /// File.
        path: PathBuf,
    },
    /// The record cannot be continued with these inputs.
    #[error(
        "{}: cannot be continued: {difference}. The snapshot, the alert and the settings must be those it was started with; \
         otherwise choose another file for --record",
        path.display()
    )]
    ResumeDiffers {
        /// File.
        path: PathBuf,
        /// First value that differs.
        difference: Difference,
    },
    /// The configuration holds mistakes.
    #[error("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Config {
        /// Every mistake, not only the first.
        mistakes: Vec<ConfigMistake>,
    },
    /// The configuration names no system.
    #[error("{}: holds no [[source]], so there is nothing to ask. docs/guide/live.md shows one", path.display())]
    NoSources {
        /// File.
        path: PathBuf,
    },
    /// A source was named that the configuration does not have.
    #[error("{}: has no source named {wanted:?}. It has: {known}", path.display())]
    UnknownSource {
        /// As given.
        wanted: String,
        /// File.
        path: PathBuf,
        /// Those there are.
        known: String,
    },
    /// There is no such built-in incident.
    #[error("there is no built-in incident {wanted:?}. {known}")]
    UnknownIncident {
        /// As given.
        wanted: String,
        /// Those there are, in a sentence.
        known: String,
    },
}

fn list(errors: &[MechanismError]) -> String {
    errors.iter().map(MechanismError::to_string).collect::<Vec<_>>().join("\n")
}

impl AppError {
    /// An IO error with where and what.
    pub(crate) fn io(
        path: impl Into<PathBuf>,
        operation: &'static str,
    ) -> impl FnOnce(std::io::Error) -> AppError {
        let path = path.into();
        move |cause| AppError::Io { path, operation, cause }
    }
}
