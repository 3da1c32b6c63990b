//! The shape of a mechanism. `docs/guide/mechanisms.md` explains every key with an example.

use midwatch_model::{Direction, FindingKind, Measure};
use serde::{Deserialize, Serialize};

/// Where what set the mechanism off lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In the entity itself: its code, its configuration, its resources.
    Inside,
    /// In demand: more work arrived than before.
    Load,
    /// In something another organisation runs.
    Provider,
    /// In machines, networks, certificates, clocks.
    Infrastructure,
    /// In the data that arrived.
    Data,
}

impl Origin {
    /// Whether nobody's change to the entity is to blame.
    pub fn is_outside(self) -> bool {
        self != Origin::Inside
    }

    /// The word used in text.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Inside => "inside",
            Origin::Load => "load",
            Origin::Provider => "a provider",
            Origin::Infrastructure => "infrastructure",
            Origin::Data => "data",
        }
    }
}

/// Where, seen from the theory's entity, a predicted finding is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// At the entity.
    #[default]
    Here,
    /// At something that calls it, and about it where the finding names a peer.
    Callers,
    /// At something it calls.
    Callees,
    /// At the machine it runs on, or at others on that machine.
    Host,
    /// Anywhere in the neighbourhood.
    Anywhere,
}

/// A finding the mechanism predicts, or that speaks against it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    /// Kinds of finding, any of.
    pub finding: Vec<FindingKind>,
    /// Measures, any of; empty for findings that are not about metrics.
    #[serde(default)]
    pub measures: Vec<Measure>,
    /// Direction; any when left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Concepts, any of; any when empty.
    #[serde(default)]
    pub concepts: Vec<String>,
    /// Words of the finding's subject, any of, lower case; any when empty.
    #[serde(default)]
    pub words: Vec<String>,
    /// Where it is looked for.
    #[serde(default)]
    pub at: Place,
    /// Log-likelihood ratio in natural units when it is seen at full strength; always positive here.
    pub weight: f64,
    /// The theory is only made when at least one essential prediction is seen.
    #[serde(default)]
    pub essential: bool,
    /// What not seeing it costs, when its signal was there to be seen.
    #[serde(default)]
    pub missing: f64,
    /// What it says, for people.
    pub says: String,
}

/// How a change sets the mechanism off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePart {
    /// Behaviours of a diff that set it off.
    #[serde(default)]
    pub behaviours: Vec<String>,
    /// Log-odds that a change is behind it at all: positive for code faults, negative for expiry and load.
    #[serde(default)]
    pub expected: f64,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    /// In the imperative; `{entity}`, `{change}`, `{peer}` and `{remedy}` (what the finding itself advises) are filled in.
    pub title: String,
    /// Whether it can be undone without loss.
    #[serde(default = "yes")]
    pub reversible: bool,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// Disconfirming tests: each is code in `theories/refute.rs`, named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestName {
    /// The change came after the onset.
    ChangeAfterOnset,
    /// What the mechanism predicts was seen before the change.
    SeenBefore,
    /// The symptom follows load.
    FollowsLoad,
    /// Load did not rise.
    LoadSteady,
    /// A dependency was sick earlier.
    DependencySickFirst,
    /// Another change fits the onset better.
    BetterChange,
    /// The same happens at this hour on other days.
    Seasonal,
    /// Entities that the change did not reach are sick in the same way.
    UnreachedSickToo,
}

/// A way things break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mechanism {
    /// Stable name: lower case with underscores.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Family: `code`, `configuration`, `resource`, `dependency`, `data`, `load`, `infrastructure`, `security`.
    pub category: String,
    /// Where what set it off lies.
    pub origin: Origin,
    /// Log-odds before any evidence, against the unknown mechanism at 0.
    pub prior: f64,
    /// Whether the symptom may come long after what set it off.
    #[serde(default)]
    pub accumulates: bool,
    /// How far a theory of it must lead for its change to be convicted, in natural units; at least 1, which is the default. More
    /// for what explains almost anything.
    #[serde(default = "one")]
    pub margin_min: f64,
    /// Whether the fault sits with the peer that the findings name and not with the entity they were met at.
    #[serde(default)]
    pub fault_at_peer: bool,
    /// Whether to see it is to know what to mend, so that the verdict names it as the cause without a guilty change.
    #[serde(default)]
    pub is_cause: bool,
    /// One clause with `{entity}` and `{peer}`, or `{finding}` for the sentence of what was seen: `{entity} runs out of pooled connections`.
    pub clause: String,
    /// What it predicts.
    pub predicts: Vec<Prediction>,
    /// What speaks against it.
    #[serde(default)]
    pub contradicts: Vec<Prediction>,
    /// How a change sets it off.
    #[serde(default)]
    pub change: ChangePart,
    /// What would refute it.
    pub tests: Vec<TestName>,
    /// What to do.
    pub remedy: Remedy,
}
