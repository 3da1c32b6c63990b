//! One span as an object with free keys.

use midwatch_analysis::spans::SpanStatus;
use serde_json::{Map, Value};

use super::super::damage::DamageLog;
use super::super::keys::{FIELDS_MAX, flatten, number_of, pick, pick_text, plain, scalar_text, time_of};
use super::super::scan::SnapshotFile;
use super::collect::{Collector, RawSpan};

const TRACE: [&str; 2] = ["traceid", "trace"];
const SPAN: [&str; 3] = ["spanid", "id", "span"];
const PARENT: [&str; 4] = ["parentid", "parentspanid", "parentspan", "parent"];
const SERVICE: [&str; 8] =
    ["service", "servicename", "app", "application", "component", "process", "podname", "pod"];
const NAME: [&str; 5] = ["name", "operationname", "operation", "spanname", "method"];
const START: [&str; 7] =
    ["start", "starttime", "starttimeunixnano", "startedat", "startts", "timestamp", "time"];
const END: [&str; 4] = ["end", "endtime", "endtimeunixnano", "endedat"];
const DURATION: [(&str, f64); 10] = [
    ("durationns", 1.0),
    ("durationnano", 1.0),
    ("durationnanos", 1.0),
    ("durationus", 1e3),
    ("durationmicros", 1e3),
    ("durationms", 1e6),
    ("durationmillis", 1e6),
    ("latencyms", 1e6),
    ("durations", 1e9),
    ("durationseconds", 1e9),
];
const STATUS: [&str; 3] = ["status", "statuscode", "otelstatuscode"];
const MESSAGE: [&str; 5] =
    ["statusmessage", "errormessage", "exceptionmessage", "otelstatusdescription", "errormsg"];
const BAGS: [&str; 3] = ["attributes", "tags", "resource"];

/// Takes one span; what lacks a start or a name is damage.
pub(super) fn take(
    object: Map<String, Value>,
    line: u64,
    file: &SnapshotFile,
    collector: &mut Collector,
    damage: &mut DamageLog,
) {
    match span_of(&object) {
        Ok(span) => collector.push(span, line, file, damage),
        Err(reason) => damage.row(&file.relative, line, reason),
    }
}

fn span_of(object: &Map<String, Value>) -> Result<RawSpan, &'static str> {
    let (_, start) = pick(object, &START).ok_or("a span without a start")?;
    let start_read =
        time_of(start).ok_or("a span whose start cannot be read or lies outside the years 1990 to 2200")?;
    let duration_ns = duration_of(object, start, start_read.ns)?;
    let mut attributes = attributes_of(object);
    let attribute = |names: &[&str], attributes: &[(String, String)]| {
        names.iter().find_map(|name| {
            let found = attributes.iter().find(|(key, value)| plain(key) == *name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        })
    };
    let endpoint = object.get("localEndpoint").and_then(|endpoint| endpoint.get("serviceName"));
    let service = pick_text(object, &SERVICE)
        .or_else(|| endpoint.and_then(scalar_text))
        .or_else(|| attribute(&["servicename", "processservicename"], &attributes))
        .unwrap_or_default();
    let (status, flagged_message) = status_of(object, &attributes);
    let message = pick_text(object, &MESSAGE).or(flagged_message).or_else(|| {
        attribute(
            &["exceptionmessage", "errormessage", "otelstatusdescription", "statusmessage"],
            &attributes,
        )
    });
    attributes.truncate(FIELDS_MAX);
    Ok(RawSpan {
        trace: pick_text(object, &TRACE).unwrap_or_default(),
        span: pick_text(object, &SPAN).unwrap_or_default(),
        parent: pick_text(object, &PARENT).filter(|parent| !names_no_parent(parent)),
        service,
        name: pick_text(object, &NAME).unwrap_or_default(),
        start_ns: start_read.ns,
        naive: start_read.naive,
        duration_ns,
        status,
        message,
        attributes,
    })
}

fn names_no_parent(parent: &str) -> bool {
    parent.bytes().all(|byte| byte == b'0')
        || matches!(parent, "-1" | "root" | "null" | "none" | "None" | "nan")
}

/// Nanoseconds a span took. A `duration` without a unit is in the unit of an epoch start (nanoseconds or
/// microseconds), else in milliseconds. Without any it comes from the end; a span without either took no time.
fn duration_of(object: &Map<String, Value>, start: &Value, start_ns: i64) -> Result<i64, &'static str> {
    const BAD: &str = "a span whose duration cannot be read";
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let key = plain(key);
        if let Some((_, scale)) = DURATION.iter().find(|(name, _)| *name == key) {
            return nanoseconds(number_of(value).ok_or(BAD)?, *scale).ok_or(BAD);
        }
    }
    if let Some((_, value)) = pick(object, &["duration", "elapsed", "latency"]) {
        if let Some(number) = number_of(value) {
            let scale = match number_of(start).map(f64::abs) {
                Some(epoch) if epoch >= 1e17 => 1.0,
                Some(epoch) if epoch >= 1e14 => 1e3,
                _ => 1e6,
            };
            return nanoseconds(number, scale).ok_or(BAD);
        }
        return value.as_str().and_then(written_duration).ok_or(BAD);
    }
    match pick(object, &END) {
        None => Ok(0),
        Some((_, end)) => {
            let end = time_of(end).ok_or("a span whose end cannot be read")?;
            Ok(end.ns.saturating_sub(start_ns).max(0))
        }
    }
}

/// `12ms`, `1.5s`, `300µs`.
fn written_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit.trim() {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        _ => return None,
    };
    nanoseconds(number.parse().ok()?, scale)
}

fn nanoseconds(number: f64, scale: f64) -> Option<i64> {
    let ns = (number * scale).round();
    (ns.is_finite() && (0.0..9e18).contains(&ns)).then_some(ns as i64)
}

fn status_of(object: &Map<String, Value>, attributes: &[(String, String)]) -> (SpanStatus, Option<String>) {
    let word = pick_text(object, &STATUS).unwrap_or_default();
    let mut status = match word.to_ascii_lowercase().as_str() {
        "ok" | "1" | "status_code_ok" | "success" => SpanStatus::Ok,
        "error" | "2" | "status_code_error" | "failed" | "failure" | "err" => SpanStatus::Error,
        code => match code.parse::<u32>() {
            Ok(100..=499) => SpanStatus::Ok,
            Ok(500..=599) => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
    };
    let mut message = None;
    let stated = pick(object, &["error", "iserror", "exception"]).and_then(|(_, value)| scalar_text(value));
    let tagged = attributes.iter().find(|(key, _)| key == "error").map(|(_, value)| value.clone());
    if let Some(error) = stated.or(tagged) {
        match error.to_ascii_lowercase().as_str() {
            "" | "false" | "0" | "none" | "null" => {}
            "true" | "1" => status = SpanStatus::Error,
            _ => {
                status = SpanStatus::Error;
                message = Some(error);
            }
        }
    }
    (status, message)
}

/// The contents of the bags and every scalar key that has no meaning of its own.
fn attributes_of(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    for (key, value) in object {
        let plain = plain(key);
        let known = [&TRACE[..], &SPAN, &PARENT, &SERVICE[..2], &NAME[..4], &START, &END, &STATUS, &MESSAGE]
            .iter()
            .any(|names| names.contains(&plain.as_str()));
        if BAGS.contains(&plain.as_str()) {
            flatten("", value, &mut attributes);
        } else if !known
            && plain != "duration"
            && plain != "error"
            && !DURATION.iter().any(|(name, _)| *name == plain)
        {
            flatten(key, value, &mut attributes);
        }
    }
    attributes
}
