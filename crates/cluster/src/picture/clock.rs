//! The newest time that the state of an object states.

use jiff::Timestamp;
use serde_json::Value;

/// Fields that hold the time of something that has happened. Times of what will happen (a certificate's end) are others.
const PAST: [&str; 10] = [
    "creationTimestamp",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastHeartbeatTime",
    "lastProbeTime",
    "lastScheduleTime",
    "startTime",
    "startedAt",
    "finishedAt",
    "completionTime",
];

/// The newest time of an object's metadata and status.
pub(super) fn newest(object: &Value) -> Option<Timestamp> {
    let made = object.pointer("/metadata/creationTimestamp").and_then(Value::as_str);
    let mut newest: Option<&str> = made.filter(|text| is_utc(text));
    if let Some(status) = object.get("status") {
        walk(status, &mut newest);
    }
    newest?.parse().ok()
}

/// The API writes times in one form, so that the later of two is the greater text.
fn is_utc(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T')
}

fn walk<'a>(value: &'a Value, newest: &mut Option<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if PAST.contains(&name.as_str()) && is_utc(text) => {
                        *newest = (*newest).max(Some(text));
                    }
                    _ => walk(value, newest),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, newest)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_has_happened_tells_the_time() {
        let object = json!({
            "metadata": { "creationTimestamp": "2026-01-01T00:00:00Z" },
            "status": {
                "notAfter": "2027-01-01T00:00:00Z",
                "conditions": [
                    { "lastTransitionTime": "2026-01-03T00:00:00Z" },
                    { "lastTransitionTime": "2026-01-02T00:00:00Z" },
                ],
                "startTime": "tomorrow",
            },
        });
        assert_eq!(newest(&object), "2026-01-03T00:00:00Z".parse().ok());
        assert_eq!(newest(&json!({ "spec": { "startTime": "2026-01-03T00:00:00Z" } })), None);
    }
}
