//! A case written as a snapshot directory.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use midwatch_cluster::{Measured, Measurement};
use serde_json::{Value, json};

use super::convert::{Files, capture, context};
use super::renaming::Renaming;

/// What objects are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// As in the case.
    Kept,
    /// Neutrally.
    Neutral,
    /// Neutrally and unlike in any other case, so that the case can stand beside another one.
    Second,
}

/// Writes the case in `folder` as a snapshot into `target`. The renaming is handed back for the answer.
pub(super) fn write(
    folder: &Path,
    query: &str,
    target: &Path,
    with_manifests: bool,
    naming: Naming,
) -> Result<Renaming> {
    let files = Files {
        states: json_of(&folder.join("raw_data/k8s_states.json"))?,
        logs: json_of(&folder.join("raw_data/logs.json"))?,
        alerts: json_of(&folder.join("raw_data/alert.json"))?,
        tools: json_of(&folder.join("tool_cache.json"))?,
    };
    let capture = capture(&files, with_manifests);
    let context = context(&files);
    let renaming = match naming {
        Naming::Kept => Renaming::default(),
        Naming::Neutral => Renaming::of(&capture),
        Naming::Second => Renaming::of_second(&capture),
    };
    let put = |name: &str, text: &str| -> Result<()> {
        let path = target.join(name);
        std::fs::write(&path, renaming.apply(text))
            .with_context(|| format!("{}: could not write it", path.display()))
    };
    std::fs::create_dir_all(target.join("kubernetes"))?;
    let mut session = String::new();
    for (at, document) in capture.documents.iter().enumerate() {
        if document.command.starts_with("manifests/") {
            put(&format!("kubernetes/manifest-{at:03}.yaml"), &document.text)?;
            continue;
        }
        let _ = writeln!(session, "$ {}", document.command);
        session.push_str(&document.text);
        if !session.ends_with('\n') {
            session.push('\n');
        }
    }
    put("kubernetes/session.txt", &session)?;
    put("alert.json", &alert(query, &files.alerts).to_string())?;
    put("topology.json", &topology(&context.calls).to_string())?;
    match std::fs::read_to_string(folder.join("raw_data/metrics.csv")) {
        Ok(text) => put("metrics.csv", &long(&text))?,
        Err(_) if !context.measurements.is_empty() => {
            put("metrics.csv", &stated(&files.alerts, &context.measurements))?
        }
        Err(_) => {}
    }
    Ok(renaming)
}

/// A file's JSON; `null` when there is no such file.
fn json_of(path: &Path) -> Result<Value> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{}: not JSON", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(error) => Err(error).with_context(|| format!("{}: could not read it", path.display())),
    }
}

/// The page: what was said when the incident was opened, and what the alerts say.
fn alert(query: &str, alerts: &Value) -> Value {
    let mut said = Vec::new();
    for alert in alerts.get("alerts").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| alert.get(key).and_then(Value::as_str).unwrap_or("");
        let evidence: Vec<&str> = alert
            .get("evidence")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        said.push(format!(
            "{}{} {} {} {}",
            text("name"),
            text("entry_service"),
            text("business_action"),
            text("raw_error"),
            evidence.join("; ")
        ));
    }
    let mut alert = json!({ "summary": query, "severity": "critical", "description": said.join("\n") });
    if let (Some(time), Some(fields)) = (time_of(alerts), alert.as_object_mut()) {
        fields.insert("fired_at".to_owned(), Value::String(time));
    }
    alert
}

/// The end of the first stated time range; cases without one were captured at no known time.
fn time_of(alerts: &Value) -> Option<String> {
    let range =
        alerts.get("alerts")?.as_array()?.iter().find_map(|alert| alert.get("time_range")?.as_str())?;
    let (_, end) = range.split_once('~')?;
    Some(format!("{}Z", end.trim().replacen(' ', "T", 1)))
}

fn topology(calls: &[(String, String)]) -> Value {
    let relations: Vec<Value> =
        calls.iter().map(|(from, to)| json!({ "from": from, "to": to, "kind": "calls" })).collect();
    json!({ "relations": relations })
}

/// Endings of the suite's columns and what they are called in a table of ours.
const METRICS: [(&str, &str); 11] = [
    ("cpu", "cpu_usage_cores"),
    ("cpu_cfs", "cpu_throttled_seconds_per_second"),
    ("mem", "memory_usage_bytes"),
    ("rps", "requests_per_second"),
    ("success_rate", "success_rate_percent"),
    ("network_receive", "network_receive_packets_per_second"),
    ("network_transmit", "network_transmit_packets_per_second"),
    ("p50latency", "latency_p50_ms"),
    ("p90latency", "latency_p90_ms"),
    ("p95latency", "latency_p95_ms"),
    ("tcp_retans", "tcp_retransmitted_segments_per_second"),
];

/// The suite's wide table (`svc-cpu`, `svc-p90latency` …) as a long one.
fn long(text: &str) -> String {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let header: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let columns: Vec<Option<(&str, &str)>> = header.iter().map(|column| split_column(column)).collect();
    let mut out = String::from("time,entity,metric,value\n");
    for line in lines {
        let mut cells = line.split(',');
        let time = cells.next().unwrap_or("");
        for (cell, column) in cells.zip(columns.iter().skip(1)) {
            if let Some((entity, metric)) = column
                && !cell.trim().is_empty()
            {
                let _ = writeln!(out, "{},{entity},{metric},{}", time.replacen(' ', "T", 1), cell.trim());
            }
        }
    }
    out
}

fn split_column(column: &str) -> Option<(&str, &'static str)> {
    METRICS
        .iter()
        .find_map(|(ending, metric)| Some((column.strip_suffix(ending)?.strip_suffix('-')?, *metric)))
}

/// Levels that alerts state, as series that hold the level before and the level after.
fn stated(alerts: &Value, measurements: &[Measurement]) -> String {
    let mut out = String::from("time,entity,metric,value\n");
    let Some(end) = time_of(alerts).and_then(|time| time.parse::<jiff::Timestamp>().ok()) else { return out };
    for measurement in measurements {
        let metric = match measurement.measured {
            Measured::Cpu => "cpu_usage_cores",
            Measured::CpuThrottled => "cpu_throttled_seconds_per_second",
            Measured::Memory => "memory_usage_bytes",
            Measured::LatencyMedian => "latency_p50_ms",
            Measured::LatencyTail => "latency_p90_ms",
            Measured::Requests => "requests_per_second",
            Measured::Success => "success_rate_percent",
            Measured::Packets => "network_packets_per_second",
            Measured::Retransmissions => "tcp_retransmitted_segments_per_second",
        };
        for minute in 0..60_i64 {
            let at = end - jiff::SignedDuration::from_mins(59 - minute);
            let value = if minute < 45 { measurement.before } else { measurement.after };
            let _ = writeln!(out, "{at},{},{metric},{value}", measurement.name);
        }
    }
    out
}
