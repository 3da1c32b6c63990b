//! Records: written, cut anywhere, resumed, re-executed, and told apart.

use std::path::{Path, PathBuf};

use midwatch_model::EntryKind;
use tempfile::TempDir;

use crate::engine::Engine;
use crate::replay::replay_with;
use crate::run::run_with;
use crate::testing::{Deaf, NOW, newer_reader, question, reader, retuned_reader, work};
use crate::{AppError, Outcome, RecordTo, Replayed, mechanisms, read_record};

struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new() -> Bench {
        Bench { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn run(&self, name: &str) -> Result<Outcome, AppError> {
        run_with(reader, &work(), &RecordTo::File(self.path(name)), &Deaf)
    }

    fn replay(&self, name: &str, engine: Engine, stop_at_first: bool) -> Result<Replayed, AppError> {
        replay_with(engine, &self.path(name), &mechanisms(None).unwrap(), &Deaf, stop_at_first)
    }
}

/// Lines of a record without the one that holds facts of the run.
fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.contains("\"kind\":\"run\"")).map(str::to_owned).collect()
}

#[test]
fn a_record_holds_the_request_first_and_the_run_last() {
    let bench = Bench::new();
    let outcome = bench.run("a").unwrap();
    let record = read_record(&bench.path("a")).unwrap();
    let kinds: Vec<EntryKind> = record.entries.iter().map(|entry| entry.kind).collect();
    use EntryKind as K;
    assert_eq!(
        kinds,
        [
            K::Request,
            K::Trigger,
            K::Settings,
            K::SourceAnswer,
            K::Incident,
            K::Plan,
            K::SourceAnswer,
            K::StepAnswer,
            K::SourceAnswer,
            K::StepAnswer,
            K::Stage,
            K::Stage,
            K::Report,
            K::Run
        ]
    );
    assert_eq!(outcome.report.verdict.sentence, "6 and 120000");
    assert_eq!(record.opening().unwrap().trigger, question("what is wrong?"));
    assert_eq!(record.entries[11].body, serde_json::json!({ "blob": "x", "bytes": 1 }));
    let times: Vec<String> = record.entries.iter().map(|entry| entry.at.to_string()).collect();
    assert_eq!((times[3].as_str(), times[4].as_str()), ("1970-01-01T00:00:00Z", NOW));
}

#[test]
fn equal_inputs_give_equal_records() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    bench.run("b").unwrap();
    assert_eq!(lines(&bench.path("a")), lines(&bench.path("b")));
}

#[test]
fn large_bodies_are_written_once_beside_their_entry() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let text = std::fs::read_to_string(bench.path("a")).unwrap();
    let blobs: Vec<&str> = text.lines().filter(|line| line.starts_with("{\"blob\"")).collect();
    assert_eq!(blobs.len(), 2, "the large answer and the value that looks like a reference");
    assert!(text.lines().filter(|line| !line.starts_with("{\"blob\"")).all(|line| line.len() < 70_000));
}

#[test]
fn a_record_cut_after_any_line_is_finished_as_if_it_had_not_been() {
    let bench = Bench::new();
    bench.run("whole").unwrap();
    let whole = std::fs::read_to_string(bench.path("whole")).unwrap();
    let expected = lines(&bench.path("whole"));
    let mut cuts: Vec<usize> = whole.match_indices('\n').map(|(at, _)| at + 1).collect();
    cuts.pop();
    // In the middle of a line, too: that is how a killed writer leaves it.
    let torn: Vec<usize> = cuts.iter().map(|cut| cut + 7).collect();
    for cut in cuts.into_iter().chain(torn) {
        let path = bench.path("cut");
        std::fs::write(&path, &whole.as_bytes()[..cut]).unwrap();
        let outcome = bench.run("cut").unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        assert!(outcome.entries_resumed > 0, "cut at {cut}");
        assert_eq!(lines(&path), expected, "cut at {cut}");
    }
}

#[test]
fn a_finished_record_is_not_written_to() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let before = std::fs::read(bench.path("a")).unwrap();
    assert!(matches!(bench.run("a"), Err(AppError::RecordFinished { .. })));
    assert_eq!(std::fs::read(bench.path("a")).unwrap(), before);
}

#[test]
fn a_file_that_is_no_record_is_not_touched() {
    let bench = Bench::new();
    std::fs::write(bench.path("notes"), "dear diary").unwrap();
    assert!(matches!(bench.run("notes"), Err(AppError::RecordEmpty { .. })));
    assert_eq!(std::fs::read(bench.path("notes")).unwrap(), b"dear diary");
}

#[test]
fn other_work_does_not_continue_a_record() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let whole = std::fs::read_to_string(bench.path("a")).unwrap();
    let head: String = whole.lines().take(3).map(|line| format!("{line}\n")).collect();
    std::fs::write(bench.path("a"), &head).unwrap();
    let mut other = work();
    other.opening.trigger = question("what else?");
    let error = run_with(reader, &other, &RecordTo::File(bench.path("a")), &Deaf).unwrap_err();
    assert!(
        matches!(&error, AppError::ResumeDiffers { difference, .. } if difference.seq == Some(1)),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(bench.path("a")).unwrap(), head);
}

#[test]
fn a_replay_comes_to_the_same_values() {
    let bench = Bench::new();
    let outcome = bench.run("a").unwrap();
    let replayed = bench.replay("a", reader, true).unwrap();
    assert!(replayed.equal() && replayed.unanswered.is_empty() && replayed.notes.is_empty());
    assert_eq!(replayed.report, Some(outcome.report));
    assert_eq!(replayed.entries_compared, 10);
}

#[test]
fn a_replay_stops_at_the_first_value_that_differs() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let text = std::fs::read_to_string(bench.path("a")).unwrap();
    std::fs::write(bench.path("a"), text.replace("\"length\":6,", "\"length\":7,")).unwrap();
    let replayed = bench.replay("a", reader, true).unwrap();
    assert_eq!(replayed.report, None);
    let shown: Vec<String> = replayed.differences.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["entry 8 (step_answer of step 1.1) differs at /length: recorded 7, now 6"]);
}

#[test]
fn other_settings_are_named_as_such() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let replayed = bench.replay("a", retuned_reader, true).unwrap();
    assert!(replayed.settings_differ() && replayed.report.is_none());
    let fresh = bench.replay("a", retuned_reader, false).unwrap();
    assert_eq!(fresh.differences.len(), 1);
    assert_eq!(fresh.report.unwrap().verdict, fresh.recorded_verdict.unwrap());
}

#[test]
fn a_fresh_engine_lists_all_differences_and_what_it_asked_in_vain() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let replayed = bench.replay("a", newer_reader, false).unwrap();
    let seqs: Vec<Option<u64>> = replayed.differences.iter().map(|difference| difference.seq).collect();
    // Settings, plan, a failed step that was not there, stage, report; then the answer of step 1.2 that never came.
    assert_eq!(seqs, [Some(3), Some(6), None, Some(11), Some(13), Some(10)]);
    assert_eq!(replayed.unanswered.len(), 1);
    assert!(
        replayed.unanswered[0].starts_with("shelf: documents") && replayed.unanswered[0].contains("other")
    );
    assert_eq!(replayed.report.unwrap().verdict.sentence, "6 and nothing");
}

#[test]
fn an_unfinished_record_replays_as_far_as_it_goes() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let whole = std::fs::read_to_string(bench.path("a")).unwrap();
    let head: Vec<&str> = whole.lines().take(8).collect();
    std::fs::write(bench.path("a"), format!("{}\n{{\"v\":1,\"se", head.join("\n"))).unwrap();
    let replayed = bench.replay("a", reader, true).unwrap();
    assert!(replayed.equal() && replayed.report.is_none() && replayed.recorded_verdict.is_none());
    assert_eq!(replayed.notes.len(), 2, "{:?}", replayed.notes);
    assert!(replayed.notes[0].starts_with("line 9 of "), "{}", replayed.notes[0]);
}

#[test]
fn damage_before_the_end_is_an_error_that_says_where() {
    let bench = Bench::new();
    bench.run("a").unwrap();
    let whole = std::fs::read_to_string(bench.path("a")).unwrap();
    let second = whole.lines().nth(1).unwrap();
    let cases = [
        (whole.replace(second, "{oops"), "not JSON"),
        (whole.replace(&format!("{second}\n"), ""), "lines are missing or doubled"),
        (whole.replace("large large", "large Large"), "does not match its hash"),
    ];
    for (text, expected) in cases {
        std::fs::write(bench.path("b"), text).unwrap();
        let error = read_record(&bench.path("b")).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("head -n"), "{error}");
    }
}

#[test]
fn a_newer_record_is_refused_by_name() {
    let bench = Bench::new();
    std::fs::write(bench.path("a"), "{\"v\":9,\"seq\":1}\n").unwrap();
    let error = read_record(&bench.path("a")).unwrap_err().to_string();
    assert!(error.contains("newer version of midwatch"), "{error}");
}
