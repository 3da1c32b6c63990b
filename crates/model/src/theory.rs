//! Explanations, how they are scored and what is concluded.

use serde::{Deserialize, Serialize};

use crate::{ChangeId, EntityId, EvidenceId, FindingId, TheoryId};

/// What a term of a score stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// How often this mechanism is met at all.
    Prior,
    /// A finding the mechanism predicts.
    Support,
    /// A finding that speaks against it.
    Contradiction,
    /// Where the entity stands in the graph.
    Position,
    /// When the change came, against the onset.
    Timing,
    /// Whether the change reaches the sick entity.
    Reach,
    /// What the change does to behaviour.
    Behaviour,
    /// Words, numbers or paths shared by the change and the symptom.
    Tie,
    /// A disconfirming test that was run.
    Test,
    /// Something predicted that was looked for and not seen.
    Missing,
}

/// One summand of a theory's score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What it stands for.
    pub kind: TermKind,
    /// Log-likelihood ratio in natural units, after grouping and saturation.
    pub weight: f64,
    /// One line for people.
    pub text: String,
    /// Findings it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingId>,
    /// Evidence it rests on; empty for base rates and for what was not seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceId>,
    /// Group of correlated findings it was counted in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// How a disconfirming test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// What would refute the theory was looked for and not found.
    Survived,
    /// What would refute it was found.
    Refuted,
    /// The signal to run it was missing.
    NotRun,
}

/// A disconfirming test: what would refute the theory, and what was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refutation {
    /// Name of the test.
    pub test: String,
    /// What would refute the theory, in words.
    pub would_refute: String,
    /// What was seen.
    pub seen: String,
    /// How it ended.
    pub outcome: TestOutcome,
    /// What it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceId>,
}

/// Where a theory stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TheoryStatus {
    /// Ahead by the margin.
    Leading,
    /// Possible.
    Competing,
    /// A test refuted it.
    RuledOut,
}

/// How sure we are: a number where enough alike cases were seen, else a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Probability {
    /// A calibrated number.
    Point {
        /// Between 0 and 1.
        value: f64,
        /// Alike cases it was calibrated on.
        cases: u32,
    },
    /// A band, because fewer than 50 alike cases were seen.
    Band {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Alike cases it was calibrated on.
        cases: u32,
    },
}

impl Probability {
    /// The middle: what a scorer compares.
    pub fn middle(&self) -> f64 {
        match self {
            Probability::Point { value, .. } => *value,
            Probability::Band { low, high, .. } => (low + high) / 2.0,
        }
    }
}

/// A mechanism at an entity, perhaps set off by a change or an outside event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Theory {
    /// Hash of mechanism, entity and change.
    pub id: TheoryId,
    /// Mechanism id; `unknown` always competes.
    pub mechanism: String,
    /// Mechanism in words.
    pub title: String,
    /// Where it shows.
    pub entity: EntityId,
    /// Where the fault sits when that is not where it shows: the peer that fails, what the change was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault_at: Option<EntityId>,
    /// The change said to have set it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeId>,
    /// That change in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_title: Option<String>,
    /// Whether the mechanism's origin lies outside what we run or changed.
    #[serde(default)]
    pub outside: bool,
    /// Sum of the terms.
    pub score: f64,
    /// How sure we are, among the competing theories.
    pub probability: Probability,
    /// Where it stands.
    pub status: TheoryStatus,
    /// Every summand.
    pub terms: Vec<Term>,
    /// Tests it was put to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refutations: Vec<Refutation>,
}

/// The six conclusions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// What broke, where, and what set it off.
    CauseFound,
    /// Where and since when is proven; why is not.
    Located,
    /// Load, a provider, infrastructure or data set it off.
    CausedOutside,
    /// Nothing is wrong, or no longer.
    HealthyOrRecovered,
    /// Ranked suspects, none proven.
    NotProven,
    /// Too much is missing to tell.
    CannotTell,
}

impl VerdictKind {
    /// The word used in JSON and by scorers.
    pub fn as_str(self) -> &'static str {
        match self {
            VerdictKind::CauseFound => "cause_found",
            VerdictKind::Located => "located",
            VerdictKind::CausedOutside => "caused_outside",
            VerdictKind::HealthyOrRecovered => "healthy_or_recovered",
            VerdictKind::NotProven => "not_proven",
            VerdictKind::CannotTell => "cannot_tell",
        }
    }

    /// The words used in text.
    pub fn title(self) -> &'static str {
        match self {
            VerdictKind::CauseFound => "cause found",
            VerdictKind::Located => "located",
            VerdictKind::CausedOutside => "caused outside",
            VerdictKind::HealthyOrRecovered => "healthy or recovered",
            VerdictKind::NotProven => "not proven",
            VerdictKind::CannotTell => "cannot tell",
        }
    }
}

/// The conclusion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which of the six.
    pub kind: VerdictKind,
    /// One sentence, readable on a lock screen.
    pub sentence: String,
    /// Evidence behind the sentence; empty only for `CannotTell` with no evidence at all.
    pub evidence: Vec<EvidenceId>,
    /// The leading theory, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theory: Option<TheoryId>,
    /// The commit that is convicted, when a commit is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How far the leading theory is ahead of the best one with another answer, in natural units: what the probability is
    /// made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// How sure we are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<Probability>,
}
