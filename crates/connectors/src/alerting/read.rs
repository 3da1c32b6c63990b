//! Reading one value at a time: each function answers `None` rather than guessing.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use midwatch_model::{Alert, AlertState, Severity, Trigger, TriggerKind};
use serde::Deserialize;
use serde_json::Value;

/// Longest payload a decoder looks at, in bytes; a longer one is nobody's.
const PAYLOAD_BYTES_MAX: usize = 4 << 20;
/// Most alerts kept of one payload; the first one's summary says how many were left out.
const ALERTS_MAX: usize = 1_000;
/// Longest text kept of one field, in bytes; the cut is marked.
const TEXT_BYTES_MAX: usize = 4_096;

/// The payload as `T`, or `None` when it is not JSON of that shape or longer than 4 MiB. Unknown fields are ignored.
pub(crate) fn parse<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Option<T> {
    if payload.len() > PAYLOAD_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(payload).ok()
}

/// A trigger of these alerts, or `None` without any. At most 1,000 are kept; what is left out is said in the first
/// summary.
pub(crate) fn trigger(format: &str, mut alerts: Vec<Alert>) -> Option<Trigger> {
    let left_out = alerts.len().saturating_sub(ALERTS_MAX);
    alerts.truncate(ALERTS_MAX);
    let first = alerts.first_mut()?;
    if left_out > 0 {
        first.summary =
            cut(&format!("({left_out} more alerts of this payload were not read) {}", first.summary));
    }
    Some(Trigger {
        kind: TriggerKind::Alert,
        alerts,
        question: None,
        now: None,
        format: Some(format.to_owned()),
    })
}

/// The text without surrounding space, cut at 4,096 bytes with a mark that says so.
pub(crate) fn cut(text: &str) -> String {
    let text = text.trim();
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = TEXT_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = text.get(..end).unwrap_or_default();
    format!("{kept} [cut: {} more bytes]", text.len() - end)
}

/// The text as [`cut`] keeps it, or `None` when nothing is left of it.
pub(crate) fn non_empty(text: &str) -> Option<String> {
    Some(cut(text)).filter(|text| !text.is_empty())
}

/// The severity a word stands for: the common words, `P1`…`P5` and `SEV0`…`SEV5`.
pub(crate) fn severity(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "critical" | "crit" | "page" | "fatal" | "emergency" | "disaster" | "high" | "error" | "major"
        | "alert" | "urgent" | "p0" | "p1" | "p2" | "sev0" | "sev1" | "sev2" | "sev-0" | "sev-1"
        | "sev-2" => Some(Severity::Critical),
        "warning" | "warn" | "medium" | "moderate" | "average" | "minor" | "ticket" | "p3" | "sev3"
        | "sev-3" => Some(Severity::Warning),
        "info" | "information" | "informational" | "notice" | "low" | "none" | "debug" | "p4" | "p5"
        | "sev4" | "sev5" | "sev-4" | "sev-5" => Some(Severity::Info),
        _ => None,
    }
}

/// Whether a status word says firing or resolved.
pub(crate) fn state(word: &str) -> Option<AlertState> {
    match word.trim().to_ascii_lowercase().as_str() {
        "firing" | "alerting" | "alert" | "alarm" | "triggered" | "re-triggered" | "trigger" | "active"
        | "open" | "opened" | "problem" | "critical" | "warning" | "warn" | "down" | "failing"
        | "acknowledged" | "acknowledge" | "create" | "created" | "no data" | "re-no data" | "renotify"
        | "new" => Some(AlertState::Firing),
        "resolved" | "resolve" | "ok" | "recovered" | "recovery" | "closed" | "close" | "normal"
        | "inactive" | "up" | "healthy" | "delete" | "cleared" => Some(AlertState::Resolved),
        _ => None,
    }
}

/// The instant a text or number stands for. Texts: RFC 3339, also with a space for the `T` or `+0000` for the offset;
/// a time without offset is UTC. Numbers: epoch seconds, milliseconds, microseconds or nanoseconds by their size.
/// The year 1, which some senders write for "not yet", is `None`.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::String(text) => instant_of_text(text.trim())?,
        Value::Number(number) => instant_of_epoch(number.as_f64()?)?,
        _ => return None,
    };
    (at.as_second() > 0).then_some(at)
}

fn instant_of_text(text: &str) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(number) = text.parse::<f64>() {
        return instant_of_epoch(number);
    }
    let civil = text.strip_suffix(" UTC").unwrap_or(text).parse::<DateTime>().ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

fn instant_of_epoch(number: f64) -> Option<Timestamp> {
    // Bounds lie between 1973 and 5138 in each unit, so the units cannot be confused.
    let seconds = match number.abs() {
        size if size < 1e8 => return None,
        size if size < 1e11 => number,
        size if size < 1e14 => number / 1e3,
        size if size < 1e17 => number / 1e6,
        size if size < 1e20 => number / 1e9,
        _ => return None,
    };
    // Milliseconds are all that an alert needs and all that an f64 keeps of nanoseconds since 1970.
    Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok()
}

/// The finite number a JSON number or text stands for; see [`leading_number`] for texts.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64().filter(|number| number.is_finite()),
        Value::String(text) => leading_number(text),
        _ => None,
    }
}

/// The number at the start of a text such as `> 0.05`, `5%` or `250 ms`; the unit is not applied. `None` when the text
/// starts otherwise or something longer than a unit follows.
pub(crate) fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim().trim_start_matches(['>', '<', '=', '!', ' ']);
    let end = text
        .char_indices()
        .find(|(index, c)| {
            let exponent = matches!(c, 'e' | 'E') && starts_number(text.get(index + 1..).unwrap_or_default());
            let sign = matches!(c, '+' | '-')
                && (*index == 0 || text.get(..*index).is_some_and(|before| before.ends_with(['e', 'E'])));
            !(c.is_ascii_digit() || *c == '.' || exponent || sign)
        })
        .map_or(text.len(), |(index, _)| index);
    let unit = text.get(end..)?.trim();
    let is_unit = unit.len() <= 12 && unit.chars().all(|c| c.is_alphabetic() || matches!(c, '%' | '/' | 'µ'));
    if !is_unit {
        return None;
    }
    text.get(..end)?.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn starts_number(text: &str) -> bool {
    text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit())
}
