//! A call that did not succeed, and what a status code means.

use std::time::Duration;

use crate::ErrorKind;

/// Why a call failed, before it is known whose call it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Why, where, what next. Never a secret.
    pub reason: String,
    /// How long the system asked to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether an answer came at all: a refusal shows that the system is alive.
    pub answered: bool,
}

impl Failure {
    /// A failure without an answer.
    pub fn new(kind: ErrorKind, reason: impl Into<String>) -> Failure {
        Failure { kind, reason: reason.into(), retry_after: None, answered: false }
    }

    /// Whether the system is in trouble, rather than the question.
    pub fn is_distress(&self) -> bool {
        self.kind.retryable()
    }
}

/// How a connector reads its system's own errors: status and body to kind and reason; `None` for the usual meaning.
pub type Explain = fn(u16, &[u8]) -> Option<(ErrorKind, String)>;

/// Bytes of an unexplained body that are quoted.
const QUOTED_MAX: usize = 300;

/// What a status of 400 or more means where the connector says nothing else.
pub(super) fn of_status(
    status: u16,
    body: &[u8],
    explain: Explain,
    retry_after: Option<Duration>,
) -> Failure {
    let (kind, reason) = explain(status, body).unwrap_or_else(|| (kind_of(status), quoted(body)));
    let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Failure { kind, reason: format!("it answered {status}{said}"), retry_after, answered: true }
}

fn kind_of(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 | 407 | 451 => ErrorKind::Denied,
        404 | 410 => ErrorKind::NotFound,
        408 | 504 => ErrorKind::TimedOut,
        429 => ErrorKind::RateLimited,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Unsupported,
    }
}

/// The beginning of a body as one line; nothing for a page of HTML, which says less than its status.
fn quoted(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(QUOTED_MAX)).unwrap_or(body));
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    let shown: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if body.len() > QUOTED_MAX { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_a_kind() {
        let table = [
            (400, ErrorKind::Unsupported),
            (401, ErrorKind::Unauthenticated),
            (403, ErrorKind::Denied),
            (404, ErrorKind::NotFound),
            (408, ErrorKind::TimedOut),
            (410, ErrorKind::NotFound),
            (422, ErrorKind::Unsupported),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (504, ErrorKind::TimedOut),
        ];
        for (status, kind) in table {
            assert_eq!(of_status(status, b"", |_, _| None, None).kind, kind, "{status}");
        }
    }

    #[test]
    fn bodies_are_quoted_as_one_short_line_and_pages_are_not() {
        let reason = |body: &[u8]| of_status(500, body, |_, _| None, None).reason;
        assert_eq!(reason(b"no\r\n\x1b[31mleader"), "it answered 500: no [31mleader");
        assert_eq!(reason(b" <html>oops"), "it answered 500");
        assert_eq!(reason(&[b'x'; 400]).len(), "it answered 500: ".len() + QUOTED_MAX + "…".len());
    }

    #[test]
    fn the_connector_knows_better() {
        let explain: Explain =
            |status, _| (status == 422).then(|| (ErrorKind::TimedOut, "too long".to_owned()));
        let failure = of_status(422, b"{}", explain, None);
        assert_eq!(
            (failure.kind, failure.reason.as_str()),
            (ErrorKind::TimedOut, "it answered 422: too long")
        );
    }
}
