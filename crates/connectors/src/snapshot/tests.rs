//! Conformance over a hand-made incident, the odd formats side by side, and arbitrary bytes as every kind of file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use midwatch_analysis::logs::{LogLevel, LogPatterns};
use midwatch_analysis::spans::SpanStatus;
use midwatch_model::{ChangeKind, EntityKind, Signal, Timestamp, Window};
use midwatch_sources::{
    Ask, ChangeQuery, Coverage, ErrorKind, Fetched, Limits, LogQuery, MetricQuery, SampleQuery, Source,
    SpanQuery, conformance,
};
use proptest::prelude::*;

use super::{SPEC, SnapshotSource, open};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/snapshot/fixtures").join(name)
}

fn window(start: &str, end: &str) -> Window {
    Window::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

fn always() -> Window {
    window("1990-01-01T00:00:00Z", "2200-01-01T00:00:00Z")
}

/// A snapshot answers at once, so its futures are ready when first polled.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn coverage(source: &SnapshotSource) -> Coverage {
    now(source.coverage()).unwrap()
}

fn found<T: Clone>(answer: &Fetched<T>) -> T {
    answer.data().cloned().unwrap()
}

fn write(directory: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = directory.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The incident again, each JSON object with a field nobody knows.
fn with_unknown_fields(directory: &Path) {
    fn add(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(items) => items.iter_mut().for_each(add),
            serde_json::Value::Object(object) => {
                object.insert("zz_unknown".to_owned(), serde_json::json!({"nested": [null]}));
            }
            _ => {}
        }
    }
    for name in
        ["traces.json", "context/deploys.json", "context/commits.json", "context/flags.json", "patterns.json"]
    {
        let text = std::fs::read(fixture("incident").join(name)).unwrap();
        let mut value = serde_json::from_slice(&text).unwrap();
        add(&mut value);
        // Laid out one object a line like the original, so that citations of lines stay comparable.
        write(directory, name, serde_json::to_vec_pretty(&value).unwrap());
    }
    for name in [
        "alert.json",
        "metrics.csv",
        "logs.ndjson",
        "logs/svc-b.log",
        "topology.json",
        "runbook.md",
        "handover.md",
    ] {
        write(directory, name, std::fs::read(fixture("incident").join(name)).unwrap());
    }
}

#[tokio::test]
async fn the_snapshot_conforms() {
    let signals = [
        Signal::Alerts,
        Signal::Metrics,
        Signal::Logs,
        Signal::Traces,
        Signal::Changes,
        Signal::Code,
        Signal::Inventory,
        Signal::Documents,
    ];
    let full = window("2026-01-10T12:00:00Z", "2026-01-10T13:00:00Z");
    let empty = window("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z");
    let case = conformance::Case::new(full, empty, &signals);
    let source = Arc::new(open(&fixture("incident")).unwrap());
    assert_eq!(conformance::run(&SPEC, source, &case).await, []);
}

#[test]
fn unknown_fields_change_no_answer() {
    let directory = tempfile::tempdir().unwrap();
    with_unknown_fields(directory.path());
    let (plain, other) = (open(&fixture("incident")).unwrap(), open(directory.path()).unwrap());
    let spans = |source: &SnapshotSource| {
        found(&now(source.traces().unwrap().spans(&Ask::new(SpanQuery::default(), always()))).unwrap())
    };
    assert_eq!(spans(&plain), spans(&other));
    let patterns = |source: &SnapshotSource| {
        found(&now(source.logs().unwrap().patterns(&Ask::new(LogQuery::default(), always()))).unwrap())
    };
    assert_eq!(patterns(&plain), patterns(&other));
    let changes = |source: &SnapshotSource| {
        let ask = Ask::new(ChangeQuery { with_diffs: true }, always());
        let mut changes = found(&now(source.changes().unwrap().changes(&ask)).unwrap());
        changes.iter_mut().for_each(|change| change.link = None);
        changes
    };
    assert_eq!(changes(&plain), changes(&other));
}

#[test]
fn the_incident_as_it_lies() {
    let source = open(&fixture("incident")).unwrap();
    let coverage = coverage(&source);
    assert_eq!(coverage.damage, []);
    assert_eq!(coverage.first, Some("2026-01-10T12:00:00Z".parse().unwrap()));
    assert_eq!(coverage.last, Some("2026-01-10T12:38:20Z".parse().unwrap()));
    assert!(coverage.notes.iter().any(|note| note.contains("UTC")), "{:?}", coverage.notes);

    let set =
        found(&now(source.metrics().unwrap().series(&Ask::new(MetricQuery::default(), always()))).unwrap());
    let names: Vec<String> =
        set.series.iter().map(|series| format!("{} {}", series.key.entity, series.key.metric)).collect();
    assert_eq!(
        names,
        ["service/svc-a latency_p99_ms", "service/svc-b latency_p99_ms", "node/node-1 node_cpu_ratio"]
    );

    let patterns =
        found(&now(source.logs().unwrap().patterns(&Ask::new(LogQuery::default(), always()))).unwrap());
    let timed_out = patterns.patterns.iter().find(|pattern| pattern.template.contains("timed out")).unwrap();
    assert_eq!((timed_out.total, timed_out.level), (10, LogLevel::Error));
    assert_eq!(timed_out.stated.map(|stated| (stated.count, stated.baseline)), Some((480, 0)));
    assert_eq!(timed_out.exemplars[0].link.as_deref(), Some("logs.ndjson:12"));
    let drained =
        patterns.patterns.iter().find(|pattern| pattern.template == "connection pool drained").unwrap();
    assert_eq!((drained.total, drained.entity.as_str()), (0, "svc-b"));
    let stack = patterns
        .patterns
        .iter()
        .flat_map(|pattern| &pattern.exemplars)
        .find(|line| line.body.contains("Caused by"));
    assert_eq!(stack.unwrap().link.as_deref(), Some("logs/svc-b.log:2"));

    let ask = Ask::new(ChangeQuery { with_diffs: true }, always());
    let changes = found(&now(source.changes().unwrap().changes(&ask)).unwrap());
    let kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(
        kinds,
        [ChangeKind::Commit, ChangeKind::Deploy, ChangeKind::Flag, ChangeKind::Commit, ChangeKind::Deploy]
    );
    let diff = changes[3].commit.as_ref().unwrap().diff.as_ref().unwrap();
    assert_eq!((diff.len(), diff[0].path.as_str()), (1, "pool.go"));
    assert_eq!(changes[0].commit.as_ref().unwrap().diff, None);

    let trigger = now(source.alerts().unwrap().trigger()).unwrap().unwrap();
    assert_eq!(trigger.alerts[0].target.as_deref(), Some("svc-a"));
}

#[test]
fn many_formats_side_by_side() {
    let source = open(&fixture("many")).unwrap();
    let set =
        found(&now(source.metrics().unwrap().series(&Ask::new(MetricQuery::default(), always()))).unwrap());
    let names: Vec<String> = set
        .series
        .iter()
        .map(|series| format!("{} {} {:?}", series.key.entity.name, series.key.metric, series.key.counter))
        .collect();
    let expected = [
        "svc-a cpu None",
        "svc-a http_requests_total Some(true)",
        "svc-a mem None",
        "svc-a process_uptime_seconds None",
        "svc-b cpu None",
        "svc-b mem None",
    ];
    assert_eq!(names, expected);

    let spans =
        found(&now(source.traces().unwrap().spans(&Ask::new(SpanQuery::default(), always()))).unwrap());
    let rows: Vec<(String, Option<u32>, bool, SpanStatus, i64)> = (0..spans.len())
        .filter_map(|row| spans.row(row))
        .map(|span| {
            (
                format!("{} {} {}", span.trace, span.service, span.name),
                span.parent,
                span.orphan,
                span.status,
                span.duration_ns,
            )
        })
        .collect();
    let row = |name: &str, parent, orphan, status, duration_ns| {
        (name.to_owned(), parent, orphan, status, duration_ns)
    };
    use SpanStatus::{Error, Ok, Unset};
    let expected = [
        row("bb svc-a root", None, false, Error, 5_000_000),
        row("bb svc-b leaf", Some(0), false, Unset, 1_000_000),
        row("cc svc-a a", Some(3), false, Unset, 5_000_000),
        row("cc svc-a b", None, false, Unset, 5_000),
        row("cc svc-b c", None, true, Unset, 1_000_000_000),
        row("aa svc-a GET /", None, false, Error, 250_000_000),
        row("aa svc-a query", Some(5), false, Ok, 10_000_000),
    ];
    assert_eq!(rows, expected);
    assert_eq!(spans.row(5).unwrap().message, Some("boom"));
    assert_eq!(spans.row(6).unwrap().message, Some("no rows"));

    let changes =
        found(&now(source.changes().unwrap().changes(&Ask::new(ChangeQuery::default(), always()))).unwrap());
    let told: Vec<(ChangeKind, EntityKind, &str)> = changes
        .iter()
        .map(|change| (change.kind, change.entity.as_ref().unwrap().kind, change.title.as_str()))
        .collect();
    let expected = [
        (ChangeKind::Infra, EntityKind::Node, "NodeNotReady of node-7"),
        (ChangeKind::Deploy, EntityKind::Service, "deploy v3 of svc-a"),
        (ChangeKind::Deploy, EntityKind::Service, "deploy v3 of svc-b"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn damage_is_counted_and_placed() {
    let coverage = coverage(&open(&fixture("many")).unwrap());
    let places: Vec<(String, Option<u64>, u64)> =
        coverage.damage.iter().map(|damage| (damage.file.clone(), damage.line, damage.rows)).collect();
    let place = |file: &str, line, rows| (file.to_owned(), Some(line), rows);
    let expected = [
        place("commits.json", 1, 1),
        place("events.json", 1, 1),
        place("svc-a.om", 7, 1),
        place("svc-a.om", 8, 1),
        place("svc-c.ndjson", 2, 1),
        place("svc-c.ndjson", 3, 1),
        place("traces_odd.ndjson", 2, 1),
        place("traces_odd.ndjson", 3, 1),
        place("traces_odd.ndjson", 4, 1),
        place("wide.csv", 4, 2),
    ];
    assert_eq!(places, expected, "{:#?}", coverage.damage);
    for part in ["empty.csv is empty", "svc-c.ndjson holds bytes that are not UTF-8", "values are missing"] {
        assert!(coverage.notes.iter().any(|note| note.contains(part)), "{part}: {:?}", coverage.notes);
    }
    let source = open(&fixture("many")).unwrap();
    let ask =
        Ask::new(SampleQuery { contains: Some("\\xE9".to_owned()), ..SampleQuery::default() }, always());
    let lines = found(&now(source.logs().unwrap().sample(&ask)).unwrap());
    assert_eq!(
        lines.row(0).map(|line| (line.body.to_owned(), line.entity.to_owned())),
        Some(("caf\\xE9".into(), "svc-c".into()))
    );
}

#[test]
fn a_directory_that_is_no_incident_says_what_was_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let missing = open(&directory.path().join("absent")).err().unwrap();
    assert_eq!(missing.kind, ErrorKind::NotFound);
    write(directory.path(), "photo.jpg", b"\xFF\xD8");
    write(directory.path(), "README.md", "# Hello");
    let none = open(directory.path()).err().unwrap();
    assert_eq!(none.kind, ErrorKind::Config);
    for part in ["alert*.json", "photo.jpg", "README.md", "docs/guide/snapshots.md"] {
        assert!(none.context.contains(part), "{part}: {}", none.context);
    }
    let file = open(&directory.path().join("photo.jpg")).err().unwrap();
    assert!(file.context.contains("is a file"), "{}", file.context);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_directory_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret.csv", "time,svc-x.cpu\n2026-01-10T12:00:00Z,1\n");
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "metrics.csv", "time,svc-a.cpu\n2026-01-10T12:00:00Z,1\n");
    std::os::unix::fs::symlink(outside.path().join("secret.csv"), directory.path().join("linked.csv"))
        .unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("folder")).unwrap();
    std::os::unix::fs::symlink(directory.path(), directory.path().join("loop")).unwrap();
    let source = open(directory.path()).unwrap();
    let set =
        found(&now(source.metrics().unwrap().series(&Ask::new(MetricQuery::default(), always()))).unwrap());
    assert_eq!(set.series.len(), 1);
    let notes = coverage(&source).notes;
    assert!(notes.iter().any(|note| note.contains("linked.csv leads out of the snapshot")), "{notes:?}");
}

#[test]
fn a_window_inside_a_bin_is_exact() {
    let directory = tempfile::tempdir().unwrap();
    let lines: String = (0..120)
        .map(|second| {
            format!("{{\"ts\":{},\"service\":\"svc-a\",\"msg\":\"tick\"}}\n", 1_767_960_000 + second)
        })
        .collect();
    write(directory.path(), "logs.ndjson", lines);
    let source = open(directory.path()).unwrap();
    let patterns = |start: i64, end: i64| -> Option<LogPatterns> {
        let at = |second: i64| Timestamp::from_second(1_767_960_000 + second).unwrap();
        let ask = Ask::new(LogQuery::default(), Window::new(at(start), at(end)).unwrap());
        now(source.logs().unwrap().patterns(&ask)).unwrap().data().cloned()
    };
    assert_eq!(patterns(0, 120).unwrap().patterns[0].bins.len(), 2);
    assert_eq!(patterns(60, 120).unwrap().lines, 60);
    assert_eq!(patterns(15, 75).unwrap().lines, 60);
    assert_eq!(patterns(200, 300), None);
}

#[test]
fn a_line_of_many_megabytes_costs_one_row() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = b"{\"msg\":\"".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 8 << 20));
    bytes.extend_from_slice(b"\"}\n{\"ts\":1767960000,\"msg\":\"next\"}\n");
    write(directory.path(), "logs.ndjson", bytes);
    let coverage = coverage(&open(directory.path()).unwrap());
    assert_eq!(coverage.damage.len(), 1);
    assert_eq!((coverage.damage[0].line, coverage.damage[0].rows), (Some(1), 1));
    assert_eq!(coverage.first, Some(Timestamp::from_second(1_767_960_000).unwrap()));
}

#[test]
fn a_repository_tells_its_commits() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "logs.ndjson", "{\"ts\":1767960000,\"msg\":\"x\"}\n");
    let repository = directory.path().join("code");
    write(&repository, "a.txt", "one\n");
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git")
            .arg("-C")
            .arg(&repository)
            .args(["-c", "user.name=ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_COMMITTER_DATE", "2026-01-10T12:00:00Z")
            .env("GIT_AUTHOR_DATE", "2026-01-10T12:00:00Z")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "a.txt"]);
    git(&["commit", "-q", "-m", "first\n\nwith a body"]);
    let source = open(directory.path()).unwrap();
    let ask = Ask::new(ChangeQuery { with_diffs: true }, always());
    let changes = found(&now(source.changes().unwrap().changes(&ask)).unwrap());
    let commit = changes[0].commit.clone().unwrap();
    assert_eq!((changes[0].title.as_str(), commit.author.as_str()), ("first", "ann"));
    assert_eq!(commit.message, "first\n\nwith a body");
    assert_eq!((commit.files, commit.diff.unwrap()[0].path.as_str()), (vec!["a.txt".to_owned()], "a.txt"));
}

#[test]
fn parquet_tables_are_read() {
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    let schema = "message m { required int64 time (TIMESTAMP(MILLIS,true)); required binary service (UTF8); \
                  required binary metric (UTF8); required double value; }";
    let schema = Arc::new(parquet::schema::parser::parse_message_type(schema).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(directory.path().join("metrics.parquet")).unwrap();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[1_767_960_000_000, 1_767_960_060_000], None, None).unwrap();
    column.close().unwrap();
    for text in ["svc-a", "cpu"] {
        let mut column = rows.next_column().unwrap().unwrap();
        let texts = [ByteArray::from(text), ByteArray::from(text)];
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[0.5, f64::NAN], None, None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.close().unwrap();
    let source = open(directory.path()).unwrap();
    let set =
        found(&now(source.metrics().unwrap().series(&Ask::new(MetricQuery::default(), always()))).unwrap());
    assert_eq!(set.series[0].times_ns, [1_767_960_000_000_000_000, 1_767_960_060_000_000_000]);
    assert_eq!((set.series[0].key.entity.name.as_str(), set.series[0].values[0]), ("svc-a", 0.5));
    assert!(set.series[0].values[1].is_nan());
}

/// 897 bytes that once took two minutes and thirteen gigabytes.
#[test]
fn a_parquet_file_that_claims_what_it_cannot_hold_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "metrics.parquet", include_bytes!("fixtures/claims-rows.parquet"));
    let damage = coverage(&open(directory.path()).unwrap()).damage;
    assert_eq!(damage.len(), 1, "{damage:?}");
    assert!(damage[0].reason.contains("claims"), "{damage:?}");
}

/// Asks everything of a directory; what matters is that it ends without a panic.
fn ask_everything(directory: &Path) {
    let Ok(source) = open(directory) else { return };
    let _ = coverage(&source);
    let limits = Limits { rows_max: 3, points_max: 3 };
    for limits in [Limits::default(), limits] {
        fn ask<Q: Default>(limits: Limits) -> Ask<Q> {
            Ask { limits, ..Ask::new(Q::default(), always()) }
        }
        let _ = source.metrics().map(|metrics| now(metrics.series(&ask(limits))));
        let _ = source.logs().map(|logs| now(logs.patterns(&ask(limits))));
        let _ = source.logs().map(|logs| now(logs.sample(&ask(limits))));
        let _ = source.traces().map(|traces| now(traces.spans(&ask(limits))));
        let _ = source.changes().map(|changes| now(changes.changes(&ask(limits))));
        let _ = source.inventory().map(|inventory| now(inventory.topology(&ask(limits))));
        let _ = source.documents().map(|documents| now(documents.documents(&ask(limits))));
        let _ = source.alerts().map(|alerts| now(alerts.trigger()));
    }
}

const NAMES: [&str; 20] = [
    "alert.json",
    "metrics.csv",
    "any.om",
    "any.parquet",
    "logs.ndjson",
    "app.log",
    "logs.csv",
    "logs.json",
    "patterns.json",
    "traces.json",
    "traces.ndjson",
    "traces.csv",
    "deploys.json",
    "commits.json",
    "events.json",
    "config.csv",
    "topology.json",
    "dependencies.csv",
    "notes.md",
    "changes/x.json",
];

/// Text that looks like the start of something each decoder knows.
fn almost() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\n",
        " ",
        "\\",
        "=",
        "@@ ",
        "+a",
        "-b",
        "1767960000",
        "2026-01-10T12:00:00Z",
        "\"timestamp\":",
        "\"ts\":",
        "time",
        "service",
        "metric",
        "value",
        "svc-a",
        "\"trace_id\":\"t\"",
        "\"span_id\":\"s\"",
        "\"parent_id\":\"s\"",
        "\"start\":1767960000",
        "\"duration_ms\":-5",
        "\"sha\":\"a\"",
        "\"diff\":\"",
        "null",
        "NaN",
        "1e999",
        "-9223372036854775808",
        "resourceSpans",
        "\"spans\":",
        "\"processes\":",
        "\"data\":",
        "\"signature\":",
        "\"count\":18446744073709551615",
        "Traceback (most recent call last):",
        "goroutine 1 [running]:",
        "\tat x",
        "é",
        "\u{0}",
        "\"from\":",
        "\"to\":",
        "\"relations\":",
        "PAR1",
        "# TYPE a counter",
        "a{b=\"c\"} 1 1767960000",
        "same",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let directory = tempfile::tempdir().unwrap();
        for name in NAMES {
            write(directory.path(), name, &bytes);
        }
        ask_everything(directory.path());
    }

    #[test]
    fn almost_right_text_never_panics(bytes in almost()) {
        let directory = tempfile::tempdir().unwrap();
        for name in NAMES {
            write(directory.path(), name, &bytes);
        }
        ask_everything(directory.path());
    }

    #[test]
    fn a_broken_parquet_file_never_panics(cut in 0_usize..200, flip in any::<u8>()) {
        let directory = tempfile::tempdir().unwrap();
        let mut bytes = b"PAR1\x15\x04\x15\x10\x15\x14L\x15\x02\x15\x00".to_vec();
        bytes.extend(std::iter::repeat_n(flip, cut));
        bytes.extend_from_slice(&u32::try_from(cut).unwrap().to_le_bytes());
        bytes.extend_from_slice(b"PAR1");
        write(directory.path(), "metrics.parquet", &bytes);
        ask_everything(directory.path());
    }
}
