//! What the system's own errors mean.

use midwatch_sources::ErrorKind;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireError {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
}

/// Longest error quoted.
const QUOTED_CHARS_MAX: usize = 300;

/// Parts of an error's text, and what it means then. They come from Prometheus, VictoriaMetrics, Thanos and Mimir.
const TEXTS: &[(&str, ErrorKind, &str)] = &[
    ("no org id", ErrorKind::Unauthenticated, "set `tenant`: this system keeps several"),
    ("would load too many samples", ErrorKind::Unsupported, "the query was too large for the server's limit"),
    ("too many outstanding requests", ErrorKind::RateLimited, "the server's queue is full"),
    (
        "the query hit the max number of",
        ErrorKind::Unsupported,
        "the query was too large for the tenant's limit",
    ),
    ("exceeds limit", ErrorKind::Unsupported, "the query was too large for the server's limit"),
    (
        "the number of matching timeseries exceeds",
        ErrorKind::Unsupported,
        "the query was too large for the server's limit",
    ),
];

/// Kind and reason of an error body; `None` for one that is not the API's.
pub(super) fn explain(status: u16, body: &[u8]) -> Option<(ErrorKind, String)> {
    let wire: Option<WireError> = serde_json::from_slice(body).ok();
    let text = match &wire {
        Some(wire) if !wire.error.is_empty() => wire.error.clone(),
        _ => String::from_utf8_lossy(body.get(..body.len().min(1_000)).unwrap_or(body)).into_owned(),
    };
    let lower = text.to_ascii_lowercase();
    let quoted: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED_CHARS_MAX).collect();
    if let Some((_, kind, advice)) = TEXTS.iter().find(|(part, _, _)| lower.contains(part)) {
        return Some((*kind, format!("{}; {advice}", quoted.trim())));
    }
    let kind = match (wire?.error_type.as_str(), status) {
        ("timeout" | "canceled", _) => ErrorKind::TimedOut,
        ("bad_data" | "execution", _) => ErrorKind::Unsupported,
        ("unavailable" | "internal", _) => ErrorKind::Unavailable,
        ("not_found", _) => ErrorKind::NotFound,
        ("too_many_requests", _) => ErrorKind::RateLimited,
        _ => return None,
    };
    Some((kind, quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_say_what_statuses_do_not() {
        let table = [
            (
                422,
                r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}"#,
                Some(ErrorKind::Unsupported),
            ),
            (
                400,
                r#"{"status":"error","errorType":"bad_data","error":"1:2: parse error"}"#,
                Some(ErrorKind::Unsupported),
            ),
            (
                503,
                r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#,
                Some(ErrorKind::TimedOut),
            ),
            (
                503,
                r#"{"status":"error","errorType":"unavailable","error":"TSDB not ready"}"#,
                Some(ErrorKind::Unavailable),
            ),
            (401, "no org id\n", Some(ErrorKind::Unauthenticated)),
            (429, "too many outstanding requests", Some(ErrorKind::RateLimited)),
            (502, "<html>bad gateway</html>", None),
            (500, "", None),
        ];
        for (status, body, kind) in table {
            assert_eq!(explain(status, body.as_bytes()).map(|(kind, _)| kind), kind, "{status} {body}");
        }
    }
}
