//! What an analysis says about evidence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EntityId, EvidenceId, FindingId, Measure};

/// What was seen. The vocabulary mechanisms predict in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A metric moved to another level.
    MetricShift,
    /// A metric climbs or falls steadily.
    MetricRamp,
    /// A metric reached a limit it cannot pass.
    MetricSaturated,
    /// A metric moves the same way at the same hours of earlier days.
    MetricSeasonal,
    /// The symptom follows load, dose for response.
    FollowsLoad,
    /// A metric was looked at and is normal.
    MetricSteady,
    /// A workload, or a whole cluster, whose state was checked and is as it is wanted.
    StateSteady,
    /// A message that the baseline never held.
    LogNew,
    /// A message that became much more frequent.
    LogSurge,
    /// A message that stopped.
    LogVanished,
    /// An exception or a crash with its frames.
    Exception,
    /// An operation spends more time in itself.
    SpanSlow,
    /// The deepest span that fails.
    SpanErrorOrigin,
    /// One request makes many more calls than before.
    SpanFanOut,
    /// One request repeats a call.
    SpanRetries,
    /// The time is lost between caller and callee.
    SlowEdge,
    /// The caller gave up and the callee was cancelled.
    SpanCancelled,
    /// Calls that used to happen no longer do.
    SpanMissing,
    /// An attribute has new values in bad spans or log lines.
    AttributeChange,
    /// A change reached the entity.
    ChangeReached,
    /// A diff changes behaviour.
    DiffBehaviour,
    /// A person or a document says so.
    Statement,
    /// Several sick entities share this one.
    SharedBySick,
    /// The state of a cluster shows something wrong; the subject names what.
    ClusterFault,
}

impl FindingKind {
    /// The word used in mechanisms and in the JSON report.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingKind::MetricShift => "metric_shift",
            FindingKind::MetricRamp => "metric_ramp",
            FindingKind::MetricSaturated => "metric_saturated",
            FindingKind::MetricSeasonal => "metric_seasonal",
            FindingKind::FollowsLoad => "follows_load",
            FindingKind::MetricSteady => "metric_steady",
            FindingKind::StateSteady => "state_steady",
            FindingKind::LogNew => "log_new",
            FindingKind::LogSurge => "log_surge",
            FindingKind::LogVanished => "log_vanished",
            FindingKind::Exception => "exception",
            FindingKind::SpanSlow => "span_slow",
            FindingKind::SpanErrorOrigin => "span_error_origin",
            FindingKind::SpanFanOut => "span_fan_out",
            FindingKind::SpanRetries => "span_retries",
            FindingKind::SlowEdge => "slow_edge",
            FindingKind::SpanCancelled => "span_cancelled",
            FindingKind::SpanMissing => "span_missing",
            FindingKind::AttributeChange => "attribute_change",
            FindingKind::ChangeReached => "change_reached",
            FindingKind::DiffBehaviour => "diff_behaviour",
            FindingKind::Statement => "statement",
            FindingKind::SharedBySick => "shared_by_sick",
            FindingKind::ClusterFault => "cluster_fault",
        }
    }
}

/// Which way something moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Larger, more, appeared.
    Up,
    /// Smaller, less, disappeared.
    Down,
}

/// When something began, and how far off that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Onset {
    /// Best estimate.
    pub at: Timestamp,
    /// The truth lies within this many seconds on either side.
    pub uncertainty_s: u32,
}

/// How strong a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    /// Effect as a ratio of after to before where that makes sense, else the plain difference.
    pub effect: f64,
    /// Robust z, or a comparable count of standard deviations; never negative, capped at 1000.
    pub z: f64,
}

/// What an analysis says about evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Hash of its content.
    pub id: FindingId,
    /// What was seen.
    pub kind: FindingKind,
    /// Where it was seen.
    pub entity: EntityId,
    /// The other end, for findings about an edge, a caller or a callee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<EntityId>,
    /// What it is about: metric name, template text, operation, exception type, behaviour of a diff.
    pub subject: String,
    /// What the metric measures, for metric findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// Which way it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Onset>,
    /// When it ended, if it did inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How strong it is.
    pub strength: Strength,
    /// Concepts the text speaks of (`disk_full`, `timeout`, `guard_removed`), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<String>,
    /// Rare words worth matching with other findings (identifiers, fields, tables), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// One sentence for people.
    pub summary: String,
    /// What to do about it, where it says so itself; an imperative sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What it rests on: at least one.
    pub evidence: Vec<EvidenceId>,
}
