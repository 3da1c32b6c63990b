//! A question to a source and its answer.

use std::time::Duration;

use midwatch_model::{Citation, Window};
use serde::{Deserialize, Serialize};

/// Bounds of one answer. Hitting one is said in [`Fetched::Found::truncated`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Rows, patterns, spans, changes or documents.
    pub rows_max: usize,
    /// Points over all series.
    pub points_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { rows_max: 10_000, points_max: 2_000_000 }
    }
}

/// One question: what, when, how much, how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ask<Q> {
    /// What is asked.
    pub query: Q,
    /// The range, closed-open.
    pub window: Window,
    /// Bounds of the answer.
    pub limits: Limits,
    /// How long the source may take; `None` over a snapshot. Not part of the question's identity.
    #[serde(skip)]
    pub deadline: Option<Duration>,
}

impl<Q> Ask<Q> {
    /// A question with the usual limits and no deadline.
    pub fn new(query: Q, window: Window) -> Ask<Q> {
        Ask { query, window, limits: Limits::default(), deadline: None }
    }
}

/// What was kept out of how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// Handed over.
    pub kept: u64,
    /// Matched; at least `kept`.
    pub total: u64,
}

/// An answer. Empty is an answer; an outage is a [`crate::SourceError`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fetched<T> {
    /// Something matched.
    Found {
        /// What matched.
        data: T,
        /// Where it came from.
        citation: Citation,
        /// Set when a limit cut the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        truncated: Option<Total>,
    },
    /// Nothing matched.
    Nothing {
        /// What was searched.
        searched: Citation,
    },
}

impl<T> Fetched<T> {
    /// The citation, found or not.
    pub fn citation(&self) -> &Citation {
        match self {
            Fetched::Found { citation, .. } => citation,
            Fetched::Nothing { searched } => searched,
        }
    }

    /// The data, if something matched.
    pub fn data(&self) -> Option<&T> {
        match self {
            Fetched::Found { data, .. } => Some(data),
            Fetched::Nothing { .. } => None,
        }
    }

    /// What was cut, if anything.
    pub fn truncated(&self) -> Option<Total> {
        match self {
            Fetched::Found { truncated, .. } => *truncated,
            Fetched::Nothing { .. } => None,
        }
    }
}
