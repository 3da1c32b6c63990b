//! What we want to know, typed and budgeted.

use serde::{Deserialize, Serialize};

use crate::{ChangeId, EntityId, StepId, TheoryId, Window};

/// What a source can offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Time series.
    Metrics,
    /// Log lines and their patterns.
    Logs,
    /// Spans.
    Traces,
    /// Deploys, commits, flags, configuration, infrastructure events.
    Changes,
    /// Code and diffs.
    Code,
    /// Entities and relations.
    Inventory,
    /// Objects of a cluster, their events, and the state of its machines.
    Infrastructure,
    /// Runbooks and other text.
    Documents,
    /// Alerts.
    Alerts,
}

impl Signal {
    /// Every signal, in the order they are listed to people.
    pub const ALL: [Signal; 9] = [
        Signal::Alerts,
        Signal::Metrics,
        Signal::Logs,
        Signal::Traces,
        Signal::Changes,
        Signal::Code,
        Signal::Inventory,
        Signal::Infrastructure,
        Signal::Documents,
    ];

    /// The word used in SPECs, reports and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Signal::Metrics => "metrics",
            Signal::Logs => "logs",
            Signal::Traces => "traces",
            Signal::Changes => "changes",
            Signal::Code => "code",
            Signal::Inventory => "inventory",
            Signal::Infrastructure => "infrastructure",
            Signal::Documents => "documents",
            Signal::Alerts => "alerts",
        }
    }
}

/// The stages of an investigation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Round {
    /// Is it real, what is broken, since when, who is hit.
    Orient,
    /// Where did it start.
    Localise,
    /// Which mechanism.
    Explain,
    /// Which change, load, dependency or outside event.
    Attribute,
    /// What would prove the leader wrong.
    Refute,
}

impl Round {
    /// The rounds in the order they run.
    pub const ALL: [Round; 5] =
        [Round::Orient, Round::Localise, Round::Explain, Round::Attribute, Round::Refute];

    /// The word used in reports and progress.
    pub fn as_str(self) -> &'static str {
        match self {
            Round::Orient => "orient",
            Round::Localise => "localise",
            Round::Explain => "explain",
            Round::Attribute => "attribute",
            Round::Refute => "refute",
        }
    }
}

/// What sort of thing is asked; an agent declares which of these it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// How did the metrics of these entities behave?
    MetricBehaviour,
    /// Which messages are new, more frequent or gone?
    LogPatterns,
    /// Where do spans fail or spend their time?
    SpanBehaviour,
    /// Which entities and relations are declared?
    Topology,
    /// What does the state of the cluster say is wrong?
    ClusterState,
    /// What changed, and what did it reach?
    ChangesBefore,
    /// What does this change do to the behaviour of the code?
    ReadDiff,
    /// Which documents name these entities?
    Documents,
}

/// One typed question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What sort.
    pub kind: QuestionKind,
    /// Entities it is about; empty means all that can be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<EntityId>,
    /// The range to look at.
    pub window: Window,
    /// The range taken for normal, when one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Window>,
    /// Changes it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeId>,
    /// The theory whose refutation is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theory: Option<TheoryId>,
}

/// Counted limits of a step or a run. Deadlines are for live sources; counts hold everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Calls to sources.
    pub calls_max: u32,
    /// Findings kept from one step; more are counted and said.
    pub findings_max: u32,
}

/// One agent answering one question within a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `round.index`.
    pub id: StepId,
    /// Which round it belongs to.
    pub round: Round,
    /// Name of the agent.
    pub agent: String,
    /// What is asked.
    pub question: Question,
    /// Why this was worth asking.
    pub because: String,
    /// Its limits.
    pub budget: Budget,
}

/// The steps of one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The round.
    pub round: Round,
    /// Its steps in plan order.
    pub steps: Vec<Step>,
}

/// A signal or permission that was missing, and what it would settle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// The missing signal.
    pub signal: Signal,
    /// What is missing, in words.
    pub missing: String,
    /// What would provide it.
    pub grant: String,
    /// What it would settle.
    pub settles: String,
}
