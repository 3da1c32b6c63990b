//! What the stages hand on: serialisable values, journalled before the next stage starts.

use midwatch_model::{EntityId, EvidenceId, FindingId, Incident, Onset, Timestamp, Window};
use serde::{Deserialize, Serialize};

/// What state the system turned out to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Something departed from normal and has not come back.
    Sick,
    /// Something departed from normal and came back.
    Recovered,
    /// Nothing departed from normal.
    Healthy,
    /// Too little was seen to tell.
    Blind,
}

/// Round one: is it real, what is broken, since when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Orientation {
    /// The normalised trigger.
    pub incident: Incident,
    /// The range that is looked at.
    pub window: Window,
    /// The range before the onset, taken for normal.
    pub baseline: Option<Window>,
    /// Why these ranges.
    pub window_reason: String,
    /// What state the system is in.
    pub condition: Condition,
    /// Why we say so.
    pub condition_reason: String,
    /// What that rests on.
    pub condition_evidence: Vec<EvidenceId>,
    /// Entity at which the trouble is felt.
    pub symptom_entity: Option<EntityId>,
    /// The finding that is the symptom.
    pub symptom: Option<FindingId>,
    /// When the symptom began.
    pub symptom_onset: Option<Onset>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// An entity that may be where it started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OriginRank {
    /// Who.
    pub entity: EntityId,
    /// Share of the blame, 0 to 1, over all candidates.
    pub share: f64,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Whether no metric, log or span of its own was seen.
    pub unmeasured: bool,
    /// Whether nothing that is known links it with the entity at which the trouble is felt.
    #[serde(default)]
    pub unlinked: bool,
    /// Entities whose trouble it explains.
    pub explains: Vec<EntityId>,
    /// Entities it depends on whose trouble explains its own.
    pub explained_by: Vec<EntityId>,
}

/// Round two: where did it start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Localisation {
    /// Candidates, most blamed first.
    pub origins: Vec<OriginRank>,
    /// Sick entities in order of distance from the symptom.
    pub sick: Vec<EntityId>,
    /// Earliest sustained departure in the neighbourhood of the symptom.
    pub onset: Option<Onset>,
    /// What the onset rests on.
    pub onset_evidence: Vec<EvidenceId>,
}
