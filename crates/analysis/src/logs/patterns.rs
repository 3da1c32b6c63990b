//! Mined log patterns: what a logs source answers instead of all rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::LogLevel;

/// One line kept to show a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemplar {
    /// When, if the line said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ns: Option<i64>,
    /// The message.
    pub body: String,
    /// Further fields of the line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Where it was read: file and line, or a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Counts that the source states itself, from more lines than it handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedCounts {
    /// Lines in the incident.
    pub count: u64,
    /// Lines in an equally long baseline.
    pub baseline: u64,
}

/// One template of one entity at one level with its counts over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPattern {
    /// Hash of the template text: the same text has the same id everywhere.
    pub id: String,
    /// The text with `<*>` where values vary.
    pub template: String,
    /// Name of the entity that writes it; empty when unknown.
    pub entity: String,
    /// How loud.
    pub level: LogLevel,
    /// Lines seen, with and without a time.
    pub total: u64,
    /// `(start of bin in ns, lines)`, sorted, bins without lines left out.
    pub bins: Vec<(i64, u64)>,
    /// What the source states, when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<StatedCounts>,
    /// A few lines: the first ones seen and the last one.
    pub exemplars: Vec<Exemplar>,
}

impl LogPattern {
    /// Lines in bins that start in `[start_ns, end_ns)`.
    pub fn count_between(&self, start_ns: i64, end_ns: i64) -> u64 {
        self.bins.iter().filter(|(at, _)| (start_ns..end_ns).contains(at)).map(|(_, count)| count).sum()
    }
}

/// The patterns of a window.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LogPatterns {
    /// Width of a bin in nanoseconds.
    pub bin_ns: i64,
    /// Sorted by entity, then template, then level.
    pub patterns: Vec<LogPattern>,
    /// Lines read.
    pub lines: u64,
    /// Lines that fell into the overflow template because the bound on templates was reached.
    pub overflow_lines: u64,
}
