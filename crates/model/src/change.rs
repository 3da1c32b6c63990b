//! What somebody or something changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ChangeId, EntityId};

/// What sort of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A new version was rolled out.
    Deploy,
    /// A commit was written; it reaches production by a deploy.
    Commit,
    /// Configuration was changed outside a deploy.
    Config,
    /// A feature flag was switched.
    Flag,
    /// Replicas or sizes were changed.
    Scaling,
    /// Something happened to infrastructure: a node, a certificate, a failover, a schedule.
    Infra,
    /// A schema or data migration ran.
    Migration,
}

impl ChangeKind {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Deploy => "deploy",
            ChangeKind::Commit => "commit",
            ChangeKind::Config => "config",
            ChangeKind::Flag => "flag",
            ChangeKind::Scaling => "scaling",
            ChangeKind::Infra => "infra",
            ChangeKind::Migration => "migration",
        }
    }
}

/// One file of a diff as it was given: unified, or a fragment of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    /// Path after the change; empty when the source does not say.
    pub path: String,
    /// The lines with their `+`, `-` and ` ` marks.
    pub text: String,
}

/// What a commit holds, when the change is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Full hash as given.
    pub sha: String,
    /// Author's name.
    #[serde(default)]
    pub author: String,
    /// Full message.
    #[serde(default)]
    pub message: String,
    /// Paths it touches.
    #[serde(default)]
    pub files: Vec<String>,
    /// Its diff; `None` when the source has none, which is a gap and not an empty diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<Vec<FileDiff>>,
}

/// What somebody or something changed, and when it reached what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Hash of kind, reference and time.
    pub id: ChangeId,
    /// What sort of change.
    pub kind: ChangeKind,
    /// When it took effect; for a commit when it was written.
    pub at: Timestamp,
    /// What it reached, as the source says; a commit alone reaches nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityId>,
    /// Version, flag name or key: what people call it.
    pub reference: String,
    /// One line: what changed.
    pub title: String,
    /// Who did it, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Commit hash that a deploy carries as its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_sha: Option<String>,
    /// The commit itself, when this change is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// File and line, or link, where the source tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}
