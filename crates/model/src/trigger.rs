//! What started the work.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EntityId, EvidenceId};

/// How bad somebody said it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    #[default]
    Warning,
    /// Pages somebody.
    Critical,
}

/// Whether an alert fires or has ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It fires.
    #[default]
    Firing,
    /// It has ended.
    Resolved,
}

/// One alert, normalised from whatever sent it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Name of the rule or monitor.
    pub name: String,
    /// Sentence for people.
    #[serde(default)]
    pub summary: String,
    /// Name of the thing it is about, as the sender says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Metric it watches, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// Value it fires at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Value it saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// Firing or resolved.
    #[serde(default)]
    pub state: AlertState,
    /// How bad.
    #[serde(default)]
    pub severity: Severity,
    /// When it fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// Identity the sender gave, so that a re-fired alert joins its incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Labels as sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What the sender says beside the labels: sentences for people, and names of what it is about.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Link back to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Who owns an incident and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Organisation.
    pub org: String,
    /// Team.
    pub team: String,
}

impl Default for Owner {
    fn default() -> Self {
        Owner { org: "default".into(), team: "default".into() }
    }
}

/// How the work was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// Alerts fired.
    Alert,
    /// Somebody asked.
    Question,
}

/// What started the work. `now` is a value of it: nothing inside reads a clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// How the work was asked for.
    pub kind: TriggerKind,
    /// The alerts, at least one when `kind` is `Alert`.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// The question, when somebody asked one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The time that counts as now; `None` until the source's last sample is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Timestamp>,
    /// Which system's format the payload was, as its decoder calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// The normalised trigger: what, where, when, how bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// One line: what is said to be wrong.
    pub title: String,
    /// Entity the alert names, once resolved; `None` for a question without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<EntityId>,
    /// When the first alert fired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// When the last alert ended, if all have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// The time that counts as now.
    pub now: Timestamp,
    /// How bad.
    pub severity: Severity,
    /// Who owns it.
    #[serde(default)]
    pub owner: Owner,
    /// The alerts that make it up.
    pub alerts: Vec<Alert>,
    /// The alert payload as evidence.
    pub evidence: Vec<EvidenceId>,
}
