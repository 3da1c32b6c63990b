//! Where an investigation writes what it does.

use midwatch_model::{Actor, EntryKind, StepId};
use serde::Serialize;
use serde_json::Value;

/// An entry before the journal has numbered and dated it.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Who made it.
    pub actor: Actor,
    /// What it holds.
    pub kind: EntryKind,
    /// The step it belongs to.
    pub step: Option<StepId>,
    /// The value.
    pub body: Value,
}

/// Why an entry was not taken. The run ends: what is not journalled did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It could not be written.
    #[error("the journal could not be written: {0}")]
    Io(String),
    /// A replay met a value that differs from the recorded one.
    #[error("{0}")]
    Differs(String),
    /// The value has no JSON form.
    #[error("a value could not be journalled: {0}")]
    Unserialisable(String),
}

/// Append-only store of one investigation's entries.
pub trait Journal: Send + Sync {
    /// Takes one entry. When this returns, the entry is safe.
    fn append(&self, draft: Draft) -> Result<(), JournalError>;
}

/// Appends `value`.
pub(crate) fn append<T: Serialize>(
    journal: &dyn Journal,
    actor: Actor,
    kind: EntryKind,
    step: Option<StepId>,
    value: &T,
) -> Result<(), JournalError> {
    let body =
        serde_json::to_value(value).map_err(|error| JournalError::Unserialisable(error.to_string()))?;
    journal.append(Draft { actor, kind, step, body })
}
