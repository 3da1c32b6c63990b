//! What a fixture holds, and what a check found wrong.

use std::fmt;
use std::sync::Arc;

use midwatch_model::{Signal, Window};

use crate::Source;

/// What a fixture holds.
#[derive(Clone)]
pub struct Case {
    /// A window in which every signal of `signals` has data, at two instants or more where it has times.
    pub full: Window,
    /// A window in which no signal has data.
    pub empty: Window,
    /// Signals this source must serve with data.
    pub signals: Vec<Signal>,
    /// A source over the same fixture with unknown fields added to it; it must answer the same.
    pub with_unknown_fields: Option<Arc<dyn Source>>,
    /// Texts that must not show in any answer, error or probe: the secrets the source was configured with.
    pub secrets: Vec<String>,
}

impl Case {
    /// A case without unknown fields and secrets.
    pub fn new(full: Window, empty: Window, signals: &[Signal]) -> Case {
        Case { full, empty, signals: signals.to_vec(), with_unknown_fields: None, secrets: Vec::new() }
    }
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Check {
    /// Signals declared in SPEC, stated in coverage and served by the source agree.
    Signals,
    /// No call panics.
    NoPanic,
    /// Calls over the fixture succeed and answer with data.
    Answers,
    /// Answers lie in the window: its start is inside, its end outside, nothing is lost between two windows that touch.
    Window,
    /// A window without data is answered with nothing, not with an error.
    Empty,
    /// Limits are kept, and an answer that was cut says so.
    Limits,
    /// Two equal questions get equal bytes.
    SameBytes,
    /// A record of the answers replays to the same answers.
    Replay,
    /// The probe answers and says something.
    Probe,
    /// Each citation names the source, the signal, the query and the window.
    Citation,
    /// Unknown fields change nothing.
    UnknownFields,
    /// No secret shows.
    Secrets,
}

/// A rule that a source breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule.
    pub check: Check,
    /// What was asked: `series`, `patterns`, `probe` …
    pub operation: &'static str,
    /// What was expected and what came.
    pub detail: String,
}

impl Violation {
    pub(super) fn new(check: Check, operation: &'static str, detail: impl Into<String>) -> Violation {
        Violation { check, operation, detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}: {}", self.check, self.operation, self.detail)
    }
}
