//! What a file holds, by its name, its folder and its first bytes. The rules are those of `docs/guide/snapshots.md`.

use std::path::Path;

use midwatch_model::ChangeKind;

use super::read::{head_of, text_of};
use super::time;

/// Bytes looked at to tell what a file holds.
const HEAD_BYTES: u64 = 16 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Alert payloads.
    Alert,
    /// Series as a table of text.
    MetricsCsv,
    /// Series in the OpenMetrics or Prometheus text format.
    MetricsText,
    /// Series as a Parquet table.
    MetricsParquet,
    /// Log lines: JSON objects, `key=value` pairs or plain text, line by line.
    LogLines,
    /// Log lines as one JSON document.
    LogDocument,
    /// Log lines as a table of text.
    LogCsv,
    /// Counts of log patterns.
    LogPatterns,
    /// Spans as JSON.
    Traces,
    /// Spans as a table of text.
    TracesCsv,
    /// Changes as JSON; the sort that the file's name says, if it does.
    Changes(Option<ChangeKind>),
    /// Changes as a table of text.
    ChangesCsv(Option<ChangeKind>),
    /// A git repository.
    Repository,
    /// Entities and relations as JSON.
    Topology,
    /// Relations as a table of text.
    TopologyCsv,
    /// What a cluster's tools printed, and its objects in YAML or JSON.
    Cluster,
    /// Text for people.
    #[default]
    Document,
}

/// What the file at `path` holds; `None` when it is nothing a snapshot is made of.
pub(super) fn classify(path: &Path, relative: &str) -> std::io::Result<Option<FileKind>> {
    let head = head_of(path, HEAD_BYTES)?;
    let (head, _) = text_of(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&head));
    Ok(classify_head(relative, &head))
}

fn classify_head(relative: &str, head: &str) -> Option<FileKind> {
    let lower = relative.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let folder = folders.rsplit('/').find(|folder| FOLDERS.contains(folder)).unwrap_or("");
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    let last_extension = extension.rsplit('.').next().unwrap_or("");
    if folder == "kubernetes" || folder == "cluster" {
        return matches!(last_extension, "txt" | "yaml" | "yml" | "json" | "log")
            .then_some(FileKind::Cluster);
    }
    match last_extension {
        "yaml" | "yml" if is_object(head) => Some(FileKind::Cluster),
        "txt" if shows_commands(head) => Some(FileKind::Cluster),
        "md" | "markdown" => Some(FileKind::Document),
        "om" | "openmetrics" | "prom" => Some(FileKind::MetricsText),
        "parquet" => Some(FileKind::MetricsParquet),
        "log" => Some(FileKind::LogLines),
        _ if extension == "log.json" => Some(json_lines(folder, stem, head)),
        "ndjson" | "jsonl" => Some(json_lines(folder, stem, head)),
        "json" => json_document(folder, stem, head),
        "csv" | "tsv" => csv_table(folder, stem, head),
        "txt" if folder == "documents" => Some(FileKind::Document),
        "txt" if folder == "metrics" && head.starts_with("# ") => Some(FileKind::MetricsText),
        "txt" if folder == "logs" || begins_with_time(head) => Some(FileKind::LogLines),
        // Rotated logs: `svc-a.log.1`.
        number if extension.starts_with("log.") && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(FileKind::LogLines)
        }
        _ => None,
    }
}

/// Whether YAML of a cluster's API begins near the start.
fn is_object(head: &str) -> bool {
    let begins = |word: &str| head.lines().any(|line| line.starts_with(word));
    begins("apiVersion:") && begins("kind:")
}

/// Whether a terminal session with the cluster's tool begins near the start.
fn shows_commands(head: &str) -> bool {
    let mut lines = head.lines().filter_map(|line| line.trim_start().strip_prefix(['$', '#']));
    lines.any(|line| line.trim_start().starts_with("kubectl "))
}

const FOLDERS: [&str; 10] = [
    "kubernetes",
    "cluster",
    "logs",
    "metrics",
    "traces",
    "changes",
    "documents",
    "docs",
    "spans",
    "context",
];

fn begins_with_time(head: &str) -> bool {
    let line = head.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    time::leading(line.trim_start_matches(['[', '(', ' '])).is_some()
}

/// The sort of change that a file name states: `deploys.json`, `commits-main.json`, `status_feed.json`.
fn change_named(stem: &str) -> Option<ChangeKind> {
    let names: [(&[&str], ChangeKind); 7] = [
        (&["deploy", "release", "rollout"], ChangeKind::Deploy),
        (&["commit", "git_log", "gitlog"], ChangeKind::Commit),
        (&["flag", "feature_flag", "featureflag", "toggles"], ChangeKind::Flag),
        (&["config"], ChangeKind::Config),
        (&["migration", "schema_migration"], ChangeKind::Migration),
        (&["scaling", "autoscaling"], ChangeKind::Scaling),
        (&["infra", "events", "event_", "status_feed", "status", "maintenance"], ChangeKind::Infra),
    ];
    names
        .iter()
        .find(|(prefixes, _)| prefixes.iter().any(|prefix| stem.starts_with(prefix)))
        .map(|(_, kind)| *kind)
}

fn has_key(head: &str, key: &str) -> bool {
    let mut rest = head;
    while let Some(at) = rest.find(key) {
        let before = rest.get(..at).unwrap_or_default();
        let after = rest.get(at + key.len()..).unwrap_or_default();
        if before.ends_with('"')
            && after.starts_with('"')
            && after.get(1..).unwrap_or_default().trim_start().starts_with(':')
        {
            return true;
        }
        rest = after;
    }
    false
}

fn looks_like_spans(head: &str) -> bool {
    let has = |key| has_key(head, key);
    has("resourceSpans")
        || (has("spans") && has("processes"))
        || ((has("span_id") || has("spanID") || has("spanId"))
            && [
                "duration",
                "duration_ms",
                "duration_us",
                "duration_ns",
                "end",
                "end_time",
                "endTimeUnixNano",
            ]
            .into_iter()
            .any(has))
}

fn json_lines(folder: &str, stem: &str, head: &str) -> FileKind {
    if folder == "traces" || folder == "spans" || stem.starts_with("trace") || stem.starts_with("span") {
        return FileKind::Traces;
    }
    if folder == "changes" {
        return FileKind::Changes(change_named(stem));
    }
    if folder != "logs" {
        if looks_like_spans(head) {
            return FileKind::Traces;
        }
        if let Some(kind) = change_named(stem).filter(|_| !stem.starts_with("event")) {
            return FileKind::Changes(Some(kind));
        }
    }
    FileKind::LogLines
}

fn json_document(folder: &str, stem: &str, head: &str) -> Option<FileKind> {
    let has = |key| has_key(head, key);
    if stem.starts_with("alert") {
        return Some(FileKind::Alert);
    }
    if stem == "patterns" || stem == "log_patterns" {
        return Some(FileKind::LogPatterns);
    }
    if folder == "traces" || folder == "spans" || stem.starts_with("trace") || stem.starts_with("span") {
        return Some(FileKind::Traces);
    }
    if ["topology", "dependencies", "edges", "service_graph", "call_graph"]
        .iter()
        .any(|name| stem.starts_with(name))
    {
        return Some(FileKind::Topology);
    }
    if folder == "logs"
        || stem == "logs"
        || stem == "log"
        || stem.starts_with("logs_")
        || stem.starts_with("logs-")
    {
        return Some(FileKind::LogDocument);
    }
    if folder == "changes" || stem.starts_with("changes") {
        return Some(FileKind::Changes(change_named(stem)));
    }
    if let Some(kind) = change_named(stem) {
        return Some(FileKind::Changes(Some(kind)));
    }
    if looks_like_spans(head) {
        return Some(FileKind::Traces);
    }
    if has("sha") && has("message") {
        return Some(FileKind::Changes(Some(ChangeKind::Commit)));
    }
    if (has("relations") || has("edges")) && has("from") && has("to") {
        return Some(FileKind::Topology);
    }
    None
}

fn csv_table(folder: &str, stem: &str, head: &str) -> Option<FileKind> {
    let header = head.lines().next().unwrap_or("").to_ascii_lowercase();
    let columns: Vec<&str> =
        header.split([',', ';', '\t']).map(|column| column.trim().trim_matches('"')).collect();
    let any = |names: &[&str]| columns.iter().any(|column| names.contains(column));
    if folder == "metrics" || stem.starts_with("metric") {
        return Some(FileKind::MetricsCsv);
    }
    if folder == "logs" || stem.starts_with("log") {
        return Some(FileKind::LogCsv);
    }
    if folder == "traces"
        || stem.starts_with("trace")
        || stem.starts_with("span")
        || any(&["span_id", "spanid"])
    {
        return Some(FileKind::TracesCsv);
    }
    if folder == "changes" || stem.starts_with("changes") {
        return Some(FileKind::ChangesCsv(change_named(stem)));
    }
    if let Some(kind) = change_named(stem) {
        return Some(FileKind::ChangesCsv(Some(kind)));
    }
    if any(&["from", "source", "caller", "src"]) && any(&["to", "target", "callee", "dst", "destination"]) {
        return Some(FileKind::TopologyCsv);
    }
    let timed = columns.iter().any(|column| super::metrics::is_time_column(column));
    if timed && any(&["message", "msg", "body", "log"]) && !any(&["value", "val"]) {
        return Some(FileKind::LogCsv);
    }
    timed.then_some(FileKind::MetricsCsv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart() {
        let table = [
            ("alert.json", "{}", Some(FileKind::Alert)),
            ("alert-2.json", "{}", Some(FileKind::Alert)),
            ("metrics.csv", "", Some(FileKind::MetricsCsv)),
            ("any.csv", "time,svc-a.cpu\n", Some(FileKind::MetricsCsv)),
            ("any.csv", "a,b\n", None),
            ("logs.csv", "", Some(FileKind::LogCsv)),
            ("export.csv", "ts,level,message\n", Some(FileKind::LogCsv)),
            ("x/logs/svc-a/app.txt", "free text", Some(FileKind::LogLines)),
            ("notes.txt", "free text", None),
            ("app.txt", "2026-06-18 15:00:00 started", Some(FileKind::LogLines)),
            ("app.log.1", "", Some(FileKind::LogLines)),
            ("logs.ndjson", "{}", Some(FileKind::LogLines)),
            ("dump.jsonl", r#"{"span_id":"a","duration_ms":1}"#, Some(FileKind::Traces)),
            ("dump.jsonl", r#"{"span_id":"a","msg":"x"}"#, Some(FileKind::LogLines)),
            ("dump.json", r#"{"resourceSpans":[]}"#, Some(FileKind::Traces)),
            ("context/commits.json", "[]", Some(FileKind::Changes(Some(ChangeKind::Commit)))),
            ("context/status_feed.json", "[]", Some(FileKind::Changes(Some(ChangeKind::Infra)))),
            ("changes/other.json", "[]", Some(FileKind::Changes(None))),
            ("patterns.json", "[]", Some(FileKind::LogPatterns)),
            ("topology.json", "{}", Some(FileKind::Topology)),
            ("calls.csv", "from,to\na,b\n", Some(FileKind::TopologyCsv)),
            ("kubernetes/pods.txt", "NAME  READY", Some(FileKind::Cluster)),
            ("x/kubernetes/web.json", "{}", Some(FileKind::Cluster)),
            ("session.txt", "$ kubectl get pods", Some(FileKind::Cluster)),
            ("web.yaml", "apiVersion: v1\nkind: Service\n", Some(FileKind::Cluster)),
            ("values.yaml", "replicas: 2\n", None),
            ("runbook.md", "", Some(FileKind::Document)),
            ("ground_truth.json", r#"{"answer":"x"}"#, None),
            ("binary.bin", "\u{0}", None),
            ("data.parquet", "PAR1", Some(FileKind::MetricsParquet)),
            ("node.prom", "", Some(FileKind::MetricsText)),
        ];
        for (relative, head, kind) in table {
            assert_eq!(classify_head(relative, head), kind, "{relative}: {head}");
        }
    }
}
