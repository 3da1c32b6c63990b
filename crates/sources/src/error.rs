//! The one error shape at the source boundary: kind, operation, context.

use serde::{Deserialize, Serialize};

/// What went wrong, in terms a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The address or path does not exist.
    NotFound,
    /// The credentials are missing or wrong.
    Unauthenticated,
    /// The credentials lack a permission.
    Denied,
    /// Too many calls.
    RateLimited,
    /// It took longer than the deadline.
    TimedOut,
    /// It cannot be reached or answers with a server error.
    Unavailable,
    /// It answered with something that cannot be read.
    Malformed,
    /// The question is not one this source can be asked.
    Unsupported,
    /// The configuration is wrong.
    Config,
    /// The work was cancelled.
    Cancelled,
    /// It is not one of the reads that its connector declares, and was not sent.
    NotARead,
    /// A replay was asked something its record does not hold.
    NotRecorded,
}

impl ErrorKind {
    /// Whether the same call may succeed later.
    pub fn retryable(self) -> bool {
        matches!(self, ErrorKind::RateLimited | ErrorKind::TimedOut | ErrorKind::Unavailable)
    }
}

/// A failed call: `source` could not do `operation`, because of `context`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{origin}: could not {operation}: {context}")]
pub struct SourceError {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Name of the source.
    #[serde(rename = "source")]
    pub origin: String,
    /// What was tried, as a verb phrase.
    pub operation: String,
    /// Why, where, and what to do next. Never a secret.
    pub context: String,
}

impl SourceError {
    /// An error of `source` while doing `operation`.
    pub fn new(
        kind: ErrorKind,
        origin: impl Into<String>,
        operation: impl Into<String>,
        context: impl Into<String>,
    ) -> SourceError {
        SourceError { kind, origin: origin.into(), operation: operation.into(), context: context.into() }
    }
}
