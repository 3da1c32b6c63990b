//! The append-only entries of an investigation.
//!
//! One entry is one line of JSON. Entries written by an older version are raised to the current shape when read
//! ([`Entry::upcast`]); an entry of a newer version is refused by name, never guessed at.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{InvestigationId, StepId};

/// Version of the envelope this build writes.
pub const ENTRY_VERSION: u32 = 1;

/// Who made an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "name", rename_all = "snake_case")]
pub enum Actor {
    /// The deterministic engine.
    Engine,
    /// An agent, by name.
    Agent(String),
    /// A language model, by name.
    Model(String),
    /// A person, by name.
    Person(String),
    /// An API token, by name.
    Token(String),
    /// A source, by name.
    Source(String),
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// What was asked for: trigger, chosen times, owner and agents left out; the first entry of a record.
    Request,
    /// What started the work.
    Trigger,
    /// Settings that shape the run: mechanisms, calibration and engine version.
    Settings,
    /// The normalised trigger.
    Incident,
    /// The steps of a round.
    Plan,
    /// What a source answered.
    SourceAnswer,
    /// What an agent answered.
    StepAnswer,
    /// A step that failed, and why.
    StepFailed,
    /// What a stage made of it: orientation, localisation, theories.
    Stage,
    /// The report.
    Report,
    /// What a person said.
    Message,
    /// Facts of the run: never compared by replay.
    Run,
}

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of the envelope.
    pub v: u32,
    /// Place in the journal, from 1 without holes.
    pub seq: u64,
    /// Which investigation.
    pub investigation: InvestigationId,
    /// Time that counts as now for the trigger; the same for all entries of a run over a snapshot.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// What it holds.
    pub kind: EntryKind,
    /// The step it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// The value, or `{"blob": "<hash>", "bytes": n}` when it is larger than 64 KiB.
    pub body: Value,
}

/// Why an entry could not be raised to the current shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpcastError {
    /// Not an entry at all.
    #[error("not a journal entry: {0}")]
    Malformed(String),
    /// Written by a newer version.
    #[error("written by a newer version of midwatch (entry version {found}, this build reads up to {known})")]
    Newer {
        /// Version found.
        found: u64,
        /// Newest version this build reads.
        known: u32,
    },
}

impl Entry {
    /// The entry in `value`, whatever supported version wrote it.
    ///
    /// Version 0 (before the first release) had no `actor`; it reads as the engine's.
    pub fn upcast(mut value: Value) -> Result<Entry, UpcastError> {
        let version = value.get("v").and_then(Value::as_u64).unwrap_or(0);
        if version > u64::from(ENTRY_VERSION) {
            return Err(UpcastError::Newer { found: version, known: ENTRY_VERSION });
        }
        if version == 0
            && let Some(object) = value.as_object_mut()
        {
            object.insert("v".into(), ENTRY_VERSION.into());
            object.entry("actor").or_insert_with(|| serde_json::json!({ "type": "engine" }));
        }
        serde_json::from_value(value).map_err(|error| UpcastError::Malformed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn old_entries_are_raised_and_newer_ones_refused() {
        let old = json!({"seq": 1, "investigation": "x", "at": "2026-01-01T00:00:00Z",
            "kind": "trigger", "body": {}});
        let entry = Entry::upcast(old).unwrap();
        assert_eq!((entry.v, entry.actor), (ENTRY_VERSION, Actor::Engine));
        assert_eq!(
            Entry::upcast(json!({"v": 9})),
            Err(UpcastError::Newer { found: 9, known: ENTRY_VERSION })
        );
        assert!(matches!(Entry::upcast(json!(3)), Err(UpcastError::Malformed(_))));
    }
}
