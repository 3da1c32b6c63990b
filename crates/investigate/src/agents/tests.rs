//! What each agent makes of a few lines, points and spans.

use midwatch_analysis::logs::LogLevel;
use midwatch_model::{
    Change, ChangeId, ChangeKind, Commit, ContentId, EntityId, FileDiff, QuestionKind, Topology,
};
use midwatch_sources::Document;

use crate::board::Board;
use crate::testing::{Script, about, asked, calls, check, minute, question, then};

fn board(names: &[&str]) -> Board {
    Board { entities: names.iter().map(|name| EntityId::service(*name)).collect(), ..Board::default() }
}

fn change(kind: ChangeKind, reference: &str, title: &str) -> Change {
    Change {
        id: ChangeId::of(&[reference]),
        kind,
        at: minute(79),
        entity: Some(EntityId::service("svc-a")),
        reference: reference.to_owned(),
        title: title.to_owned(),
        actor: None,
        commit_sha: None,
        commit: None,
        link: None,
    }
}

const BROKEN: &str = "error: script: could not read: it is down";

#[test]
fn metrics_that_depart_and_metrics_that_do_not() {
    let script = Script::default().metric("svc-a", "latency_ms_p99", then(100.0, 900.0)).metric(
        "svc-a",
        "cpu_percent",
        about(30.0),
    );
    check(
        "metrics",
        &question(QuestionKind::MetricBehaviour),
        &script,
        &Board::default(),
        &["metric_shift svc-a latency_ms_p99 up minute 80 (worse)", "metric_steady svc-a cpu_percent"],
    );
    check(
        "metrics",
        &question(QuestionKind::MetricBehaviour),
        &Script::default(),
        &Board::default(),
        &["gap: no metrics in the window"],
    );
    let broken = Script { broken: true, ..script };
    check("metrics", &question(QuestionKind::MetricBehaviour), &broken, &Board::default(), &[BROKEN]);
}

#[test]
fn processor_use_that_nothing_else_can_feel_is_slight() {
    let script = Script::default()
        .metric("svc-a", "cpu_usage_cores", then(0.003, 0.006))
        .metric("svc-b", "cpu_usage_cores", then(0.3, 0.6))
        .metric("svc-c", "cpu_percent", then(3.0, 6.0));
    check(
        "metrics",
        &question(QuestionKind::MetricBehaviour),
        &script,
        &Board::default(),
        &[
            "metric_shift svc-a cpu_usage_cores up minute 80 (slight worse)",
            "metric_shift svc-b cpu_usage_cores up minute 80 (worse)",
            "metric_shift svc-c cpu_percent up minute 80 (worse)",
        ],
    );
}

#[test]
fn a_disk_that_fills_all_the_time_is_not_normal_and_a_hole_is_noticed() {
    let script = Script::default()
        .metric("svc-a", "disk_used_percent", |at| 75.0 + 0.15 * at as f64 + (at % 3) as f64 / 10.0)
        .metric("svc-b", "disk_used_percent", |at| {
            if (40..70).contains(&at) { f64::NAN } else { about(40.0)(at) }
        });
    check(
        "metrics",
        &question(QuestionKind::MetricBehaviour),
        &script,
        &Board::default(),
        &["metric_steady svc-a disk_used_percent (filling_up)", "metric_steady svc-b disk_used_percent"],
    );
    let answer =
        asked("metrics", &question(QuestionKind::MetricBehaviour), &script, &Board::default()).unwrap();
    let holes: Vec<(&str, bool)> =
        answer.series.iter().map(|seen| (seen.entity.name.as_str(), seen.hole.is_some())).collect();
    assert_eq!(holes, [("svc-a", false), ("svc-b", true)]);
}

#[test]
fn messages_that_are_new_and_messages_that_go_on() {
    let script = Script::default()
        .lines("svc-a", LogLevel::Info, 0..120, |at| format!("GET /a 200 {at} ms"))
        .lines("svc-a", LogLevel::Error, 80..120, |at| {
            format!("cannot write segment {at}: no space left on device")
        });
    check(
        "logs",
        &question(QuestionKind::LogPatterns),
        &script,
        &board(&["svc-a"]),
        &["log_new svc-a cannot write segment <*>: no space left on device up minute 80 (disk_full worse)"],
    );
    let quiet = Script::default().lines("svc-a", LogLevel::Info, 0..120, |at| format!("GET /a 200 {at} ms"));
    check("logs", &question(QuestionKind::LogPatterns), &quiet, &board(&["svc-a"]), &[]);
    let broken = Script { broken: true, ..quiet };
    check("logs", &question(QuestionKind::LogPatterns), &broken, &board(&["svc-a"]), &[BROKEN]);
}

#[test]
fn logs_tell_the_version_that_started_and_the_share_that_was_kept() {
    let mut script =
        Script::default().lines("svc-a", LogLevel::Info, 79..80, |_| "svc-a 1.2.3 listening".to_owned());
    script.lines.push((
        80,
        "svc-a",
        LogLevel::Info,
        "GET /a".to_owned(),
        vec![("sample_rate", "20".to_owned())],
    ));
    let answer = asked("logs", &question(QuestionKind::LogPatterns), &script, &board(&["svc-a"])).unwrap();
    let versions: Vec<&str> = answer.versions.iter().map(|seen| seen.version.as_str()).collect();
    assert_eq!(versions, ["1.2.3"]);
    assert_eq!(answer.sampled, ["log lines say that they are a sample: svc-a 1 in 20"]);
}

#[test]
fn spans_that_fail_and_spans_that_do_not() {
    let script = Script::default().calls("svc-a", "svc-b", 0, |_| 50, |at| at >= 80);
    check(
        "traces",
        &question(QuestionKind::SpanBehaviour),
        &script,
        &board(&["svc-a", "svc-b"]),
        &["span_error_origin svc-b read minute 80 (disk_full worse)"],
    );
    let well = Script::default().calls("svc-a", "svc-b", 0, |_| 50, |_| false);
    check("traces", &question(QuestionKind::SpanBehaviour), &well, &board(&["svc-a", "svc-b"]), &[]);
    let broken = Script { broken: true, ..well };
    check("traces", &question(QuestionKind::SpanBehaviour), &broken, &board(&[]), &[BROKEN]);
}

#[test]
fn spans_tell_of_a_clock_that_is_ahead() {
    let script = Script::default().calls("svc-a", "svc-b", 41, |_| 50, |_| false).calls(
        "svc-a",
        "svc-c",
        0,
        |_| 50,
        |_| false,
    );
    let answer = asked("traces", &question(QuestionKind::SpanBehaviour), &script, &Board::default()).unwrap();
    let clocks: Vec<(&str, i64)> = answer
        .clocks
        .iter()
        .map(|clock| (clock.entity.name.as_str(), clock.offset_ns / 1_000_000_000))
        .collect();
    assert_eq!(clocks, [("svc-b", 41)]);
}

#[test]
fn topology_is_taken_over_and_its_absence_is_no_gap_of_the_agent() {
    let entities = vec![EntityId::service("svc-a"), EntityId::service("svc-b")];
    let topology = Topology { entities, relations: vec![calls("svc-a", "svc-b")] };
    let script = Script { topology, ..Script::default() };
    let answer = asked("topology", &question(QuestionKind::Topology), &script, &Board::default()).unwrap();
    assert_eq!((answer.relations.len(), answer.entities.len(), answer.evidence.len()), (1, 2, 1));
    check("topology", &question(QuestionKind::Topology), &Script::default(), &Board::default(), &[]);
}

#[test]
fn events_are_findings_and_deploys_are_changes() {
    let deploy = change(ChangeKind::Deploy, "1.2.3", "release 1.2.3");
    let event = change(ChangeKind::Infra, "node-1", "node drained for maintenance");
    let script = Script { changes: vec![deploy, event], ..Script::default() };
    check(
        "changes",
        &question(QuestionKind::ChangesBefore),
        &script,
        &board(&["svc-a"]),
        &["change_reached svc-a node-1 node drained for maintenance minute 79"],
    );
    let commit = Commit { sha: "0123456789".to_owned(), ..Commit::default() };
    let without_diff =
        Change { commit: Some(commit), ..change(ChangeKind::Commit, "0123456789", "a change") };
    let script = Script { changes: vec![without_diff], ..Script::default() };
    check(
        "changes",
        &question(QuestionKind::ChangesBefore),
        &script,
        &board(&["svc-a"]),
        &["gap: 1 commit without its diff"],
    );
}

#[test]
fn a_diff_is_read_for_what_it_does_and_a_comment_does_nothing() {
    let with = |text: &str| {
        let file = FileDiff { path: "src/pool.py".to_owned(), text: text.to_owned() };
        let commit = Commit { sha: "0123456789".to_owned(), diff: Some(vec![file]), ..Commit::default() };
        Change { commit: Some(commit), ..change(ChangeKind::Commit, "0123456789", "a change") }
    };
    let read = |text: &str| {
        let change = with(text);
        let mut board = board(&["svc-a"]);
        board.changes.insert(change.id.clone(), change.clone());
        let mut question = question(QuestionKind::ReadDiff);
        question.changes = vec![change.id];
        let answer = asked("code", &question, &Script::default(), &board).unwrap();
        let reading = answer.readings.first().unwrap().clone();
        (reading.inert, reading.behaviours.iter().map(|b| b.kind.clone()).collect::<Vec<_>>())
    };
    assert_eq!(read("@@ -1,2 +1,2 @@\n-# old words\n+# new words\n pool = 1\n"), (true, vec![]));
    let (inert, kinds) = read("@@ -1,1 +1,1 @@\n-timeout = 2000\n+timeout = 150\n");
    assert!(!inert && !kinds.is_empty(), "{kinds:?}");
}

#[test]
fn documents_are_listed_when_they_name_something_and_quoted_on_sampling() {
    let document = |text: &str| Document {
        reference: "notes.md".to_owned(),
        title: "Notes".to_owned(),
        text: text.to_owned(),
    };
    let mut question = question(QuestionKind::Documents);
    question.entities = vec![EntityId::service("svc-a")];
    let read = |text: &str| {
        let script = Script { documents: vec![document(text)], ..Script::default() };
        let answer = asked("documents", &question, &script, &board(&["svc-a"])).unwrap();
        (answer.documents.len(), answer.sampled)
    };
    assert_eq!(read("svc-a belongs to team-b."), (1, vec![]));
    let line = "Traces are a sample of 1 in 500.";
    assert_eq!(read(line), (0, vec![format!("notes.md speaks of sampling: «{line}»")]));
    assert_eq!(read("Nothing of interest."), (0, vec![]));
}
