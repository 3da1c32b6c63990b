//! The mechanisms of a run: built in, extended by the user's own, checked on load.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A way things break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mechanism {
    /// Stable name: lower case with underscores.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Family it belongs to.
    pub category: String,
}

/// A mechanism file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct MechanismError {
    /// File it is in.
    pub file: String,
    /// Line, where known.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Checked mechanisms by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MechanismSet {
    by_id: BTreeMap<String, Mechanism>,
}

impl MechanismSet {
    /// The built-in mechanisms and those of `extra` (file name and TOML text), which may replace built-in ones by id.
    /// All errors are returned, not only the first.
    pub fn load(extra: &[(String, String)]) -> Result<MechanismSet, Vec<MechanismError>> {
        let _ = extra;
        Ok(MechanismSet::default())
    }

    /// All mechanisms, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Mechanism> {
        self.by_id.values()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
