//! One answer of a source with its citation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EvidenceId, Signal, Window};

/// Where an answer came from, exactly enough to ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Name of the source, as configured.
    pub source: String,
    /// Signal that was asked for.
    pub signal: Signal,
    /// The exact query, in the source's language or in words for a file.
    pub query: String,
    /// The range that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Where a person can open it: a deep link, or a file with its line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// A metric with the points that were kept for showing. A missing value is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointSeries {
    /// Name to show.
    pub name: String,
    /// Sample times.
    pub at: Vec<Timestamp>,
    /// Values, as many as `at`.
    pub values: Vec<Option<f64>>,
}

/// A log line that was kept for showing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written, if the line said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The text, cut at a documented length.
    pub text: String,
    /// Further fields of the line, cut likewise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// What came back. Empty is an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Answer {
    /// Nothing matched the query.
    Nothing,
    /// Points of one or more series.
    Points {
        /// The series.
        series: Vec<PointSeries>,
    },
    /// Log lines: a sample out of `total`.
    Logs {
        /// The lines kept.
        lines: Vec<LogLine>,
        /// How many matched.
        total: u64,
    },
    /// Rows of a small table, spans and changes among them.
    Rows {
        /// Column names.
        columns: Vec<String>,
        /// Cells, each row as long as `columns`.
        rows: Vec<Vec<String>>,
        /// How many matched.
        total: u64,
    },
    /// Text: a diff, a document, an alert body, a person's words.
    Text {
        /// The text, cut at a documented length.
        text: String,
    },
    /// The source refused or failed; the message names what and why.
    Refused {
        /// What the source said.
        message: String,
    },
}

/// Who may see a piece of evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody of the owning organisation.
    #[default]
    Org,
    /// The owning team only.
    Team,
}

/// One answer with its citation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Hash of source, query, window and answer.
    pub id: EvidenceId,
    /// One line that says what this is.
    pub title: String,
    /// Where it came from.
    pub citation: Citation,
    /// What came back.
    pub answer: Answer,
    /// Said when the answer was cut: what was kept out of how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
}

/// Input that could not be read, with where it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Damage {
    /// File, relative to the snapshot.
    pub file: String,
    /// First line that was damaged, from 1; `None` when the whole file is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// How many rows were lost to this reason in this file.
    pub rows: u64,
    /// What is wrong.
    pub reason: String,
}
