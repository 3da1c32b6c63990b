//! Ids that come from content, so equal inputs give equal ids on every machine.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// First 16 hex digits of the SHA-256 over `parts`, each prefixed by its length so that
/// `["ab", "c"]` and `["a", "bc"]` differ.
pub fn content_hash<P: AsRef<[u8]>>(parts: &[P]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        let bytes = part.as_ref();
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// An id made from the content it names.
pub trait ContentId: Sized {
    /// The id of the value described by `parts`.
    fn of<P: AsRef<[u8]>>(parts: &[P]) -> Self;
    /// The id as text.
    fn as_str(&self) -> &str;
}

macro_rules! content_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl ContentId for $name {
            fn of<P: AsRef<[u8]>>(parts: &[P]) -> Self {
                $name(format!(concat!($prefix, "-{}"), content_hash(parts)))
            }
            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

content_id!(
    /// Hash of source, query, window and answer.
    EvidenceId, "ev");
content_id!(
    /// Hash of a finding's kind, entity, subject and evidence.
    FindingId, "fi");
content_id!(
    /// Hash of mechanism, entity and change.
    TheoryId, "th");
content_id!(
    /// Hash of a change's kind, reference and time.
    ChangeId, "ch");

/// An investigation's id: given from outside, never made here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvestigationId(pub String);

impl fmt::Display for InvestigationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A step's place in the plan: `round.index`, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId {
    /// Round, from 1.
    pub round: u16,
    /// Place inside the round, from 1.
    pub index: u16,
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.round, self.index)
    }
}

impl Serialize for StepId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = text.split_once('.').and_then(|(round, index)| {
            Some(StepId { round: round.parse().ok()?, index: index.parse().ok()? })
        });
        parsed.ok_or_else(|| serde::de::Error::custom(format!("a step id is ROUND.INDEX, not {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(content_hash(&["ab", "c"]), content_hash(&["a", "bc"]));
        assert_eq!(content_hash(&["a"]), content_hash(&["a"]));
    }

    #[test]
    fn step_ids_survive_a_round_trip() {
        let step = StepId { round: 2, index: 11 };
        let text = serde_json::to_string(&step).unwrap();
        assert_eq!(text, "\"2.11\"");
        assert_eq!(serde_json::from_str::<StepId>(&text).unwrap(), step);
    }
}
