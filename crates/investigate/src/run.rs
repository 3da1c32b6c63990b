//! The run: rounds in order, values journalled between them.

use std::sync::Arc;

use midwatch_model::{Owner, Report, Round, StepId, Timestamp, Trigger, Window};
use midwatch_sources::{Source, SourceError};

use crate::{Journal, JournalError, Settings};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What started the work.
    pub trigger: Trigger,
    /// A window somebody chose; otherwise it is found by doubling look-back.
    pub window: Option<Window>,
    /// The time somebody chose as now (`--at`); otherwise the trigger's, the alert's, or the last sample's.
    pub now: Option<Timestamp>,
    /// Who owns the work.
    pub owner: Owner,
}

/// Something worth showing while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A round starts.
    Round(Round),
    /// An agent starts a step: agent, and the question in words.
    StepStarted(StepId, String, String),
    /// A step ended: outcome in words, and whether it failed.
    StepEnded(StepId, String, bool),
    /// A preliminary sentence, as soon as there is one.
    Preliminary(String),
}

/// Is told of progress. It must not block.
pub trait Watcher: Send + Sync {
    /// Takes one event.
    fn saw(&self, progress: Progress);
}

/// Why there is no report at all. A failed agent or source is not among these: it becomes a gap.
#[derive(Debug, thiserror::Error)]
pub enum InvestigateError {
    /// The journal refused an entry.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No source could say what it holds.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Neither the trigger nor any sample says when.
    #[error("there is no time to look at: the alert has no time and no source holds a sample with one")]
    NoTime,
}

/// The report on `request` from what `sources` answer.
pub async fn investigate(
    request: &Request,
    sources: &[Arc<dyn Source>],
    settings: &Settings,
    journal: &dyn Journal,
    watcher: &dyn Watcher,
) -> Result<Report, InvestigateError> {
    let _ = (request, sources, settings, journal, watcher);
    Err(InvestigateError::NoTime)
}
