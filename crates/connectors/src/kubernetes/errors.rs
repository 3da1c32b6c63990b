//! What the API's own errors mean.

use midwatch_sources::ErrorKind;
use serde::Deserialize;

/// The API's answer instead of objects: a `metav1.Status`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct WireStatus {
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) code: u16,
}

/// Longest error quoted.
const QUOTED_CHARS_MAX: usize = 300;

/// Kind and reason of an error body; `None` for one that is no `Status`. Reasons are those of `metav1.StatusReason`.
pub(super) fn explain(_: u16, body: &[u8]) -> Option<(ErrorKind, String)> {
    let status: WireStatus = serde_json::from_slice(body).ok()?;
    let kind = match status.reason.as_str() {
        "Unauthorized" => ErrorKind::Unauthenticated,
        "Forbidden" => ErrorKind::Denied,
        "NotFound" | "Gone" | "Expired" => ErrorKind::NotFound,
        "TooManyRequests" => ErrorKind::RateLimited,
        "Timeout" | "ServerTimeout" => ErrorKind::TimedOut,
        "InternalError" | "ServiceUnavailable" => ErrorKind::Unavailable,
        "BadRequest" | "Invalid" | "MethodNotAllowed" | "NotAcceptable" => ErrorKind::Unsupported,
        _ => return None,
    };
    Some((kind, quoted(&status.message)))
}

/// A message as one line of bounded length.
pub(super) fn quoted(message: &str) -> String {
    let shown: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shown.trim().chars().take(QUOTED_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_say_what_is_wrong() {
        let status = |reason: &str, code: u16| {
            format!(
                r#"{{"kind":"Status","status":"Failure","reason":"{reason}","message":"no\nway","code":{code}}}"#
            )
        };
        for (reason, code, kind) in [
            ("Unauthorized", 401, ErrorKind::Unauthenticated),
            ("Forbidden", 403, ErrorKind::Denied),
            ("NotFound", 404, ErrorKind::NotFound),
            ("Expired", 410, ErrorKind::NotFound),
            ("TooManyRequests", 429, ErrorKind::RateLimited),
            ("Timeout", 504, ErrorKind::TimedOut),
            ("ServerTimeout", 500, ErrorKind::TimedOut),
            ("InternalError", 500, ErrorKind::Unavailable),
            ("ServiceUnavailable", 503, ErrorKind::Unavailable),
            ("BadRequest", 400, ErrorKind::Unsupported),
        ] {
            let told = explain(code, status(reason, code).as_bytes());
            assert_eq!(told, Some((kind, "no way".to_owned())), "{reason}");
        }
        assert_eq!(explain(500, status("", 500).as_bytes()), None);
        assert_eq!(explain(502, b"<html>"), None);
    }
}
