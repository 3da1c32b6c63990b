//! A health report of a cluster.

use serde::{Deserialize, Serialize};

/// Version of the health report's shape. It rises when a key changes its meaning or goes.
pub const CLUSTER_CHECK_SCHEMA: u32 = 1;

/// What a check of a cluster found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterCheck {
    /// Version of this shape.
    pub schema: u32,
    /// What is wrong, the likeliest cause first.
    pub problems: Vec<ClusterProblem>,
    /// How many of what there are, and how many of them are well.
    pub counts: Vec<ClusterCount>,
    /// Parts of the input that could not be read or were refused, in sentences.
    pub unread: Vec<String>,
    /// What a full check needs and the input does not hold, in sentences.
    pub missing: Vec<String>,
}

/// How a problem stands at the time of the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemStanding {
    /// It does harm now.
    Active,
    /// It is there; nothing shows that it does harm.
    Latent,
    /// It did harm and no longer does.
    Recovered,
}

/// How well a problem is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCertainty {
    /// The cluster says so itself, or arithmetic does.
    Stated,
    /// Fields contradict each other and the symptom fits.
    Shown,
    /// One indirect sign.
    Suspected,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterProblem {
    /// What sort of thing: `quota_exceeded`.
    pub kind: String,
    /// What exactly, where the kind leaves that open: `requests.cpu`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Where in the life of a workload it bites: `scheduling`.
    pub stage: String,
    /// The object to change: `Deployment shop/cart`.
    pub object: String,
    /// Whether it does harm now.
    pub standing: ProblemStanding,
    /// How well it is shown.
    pub certainty: ProblemCertainty,
    /// One sentence.
    pub summary: String,
    /// What shows it, strongest first; at least one.
    pub facts: Vec<ClusterFact>,
    /// What is broken because of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explains: Vec<String>,
    /// Kinds that the same evidence leaves possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub could_also_be: Vec<String>,
    /// What to do.
    pub remedy: String,
}

/// A statement with the line it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterFact {
    /// What is the case.
    pub statement: String,
    /// Command or file whose text says so.
    pub source: String,
    /// The line, with `…` where something of it was left out; empty when the fact was worked out.
    pub quote: String,
    /// Whether no single line says it: it follows from several, from fields, or from what is not there.
    #[serde(default)]
    pub worked_out: bool,
}

/// How many of one kind there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterCount {
    /// `pods`, `nodes`.
    pub what: String,
    /// All of them.
    pub all: u64,
    /// Those that are well.
    pub well: u64,
}
