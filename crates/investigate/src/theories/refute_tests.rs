//! Every test of a theory: what refutes it, what it survives, and when it cannot run.

use midwatch_model::{
    ChangeId, Direction, EntityId, Finding, FindingKind, Measure, Onset, Refutation, SignedDuration,
    TestOutcome::{self, NotRun, Refuted, Survived},
    TheoryStatus,
};

use super::tests::{board_for, deployed, evidence_id, localisation, onset_time};
use super::{Candidate, Scene, build, candidates, refute};
use crate::agents::Draft;
use crate::board::{Board, MessageCount};
use crate::concepts::WORSE;
use crate::mechanisms::{Mechanism, MechanismSet};
use crate::stages::Localisation;
use crate::system::BoardView;

/// A mechanism that rests on a new message, or on a metric too, with one test.
fn mechanism(test: &str, origin: &str, rests_on_metric: bool) -> MechanismSet {
    let metric = r#"{ finding = ["metric_shift"], measures = ["errors"], weight = 3.0, essential = true, says = "b" }"#;
    let text = format!(
        r#"[[mechanism]]
id = "own"
title = "own"
category = "resource"
origin = "{origin}"
prior = 0.0
clause = "{{entity}} is full"
predicts = [
  {{ finding = ["log_new", "log_surge", "exception"], concepts = ["disk_full"], weight = 3.0, essential = true, says = "a" }},
  {}
]
change = {{ behaviours = ["limit_lowered"] }}
tests = ["{test}"]
remedy = {{ title = "make room" }}
"#,
        if rests_on_metric { metric } else { "" }
    );
    MechanismSet::load(&[("own.toml".to_owned(), text)]).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn own(set: &MechanismSet) -> &Mechanism {
    set.get("own").unwrap()
}

fn finding(kind: FindingKind, entity: &str, name: &str) -> Draft {
    let mut draft = Draft::new(kind, EntityId::service(entity), name, evidence_id(name));
    draft.onset = Some(Onset { at: onset_time(), uncertainty_s: 60 });
    draft.z = 12.0;
    draft.effect = 5.0;
    draft.direction = Some(Direction::Up);
    draft.summary = format!("{name} was seen");
    draft
}

fn put(board: &mut Board, draft: Draft) {
    let finding: Finding = draft.finish();
    board.findings.insert(finding.id.clone(), finding);
}

/// A board with the message that the mechanism rests on, and its caller and callee.
fn board(set: &MechanismSet) -> Board {
    let mut board = Board { relations: board_for(own(set)).relations, ..Board::default() };
    let mut message = finding(FindingKind::LogNew, "svc-a", "message");
    message.concepts = vec!["disk_full".to_owned(), WORSE.to_owned()];
    put(&mut board, message);
    board
}

fn messages(board: &mut Board, name: &str, seen: f64, expected: f64, words: &[&str]) {
    board.messages.push(MessageCount {
        entity: EntityId::service("svc-a"),
        evidence: evidence_id(name),
        concepts: vec!["disk_full".to_owned()],
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        seen,
        expected,
    });
}

fn load(board: &mut Board, kind: FindingKind, effect: f64) {
    let mut draft = finding(kind, "svc-a", "requests");
    draft.measure = Some(Measure::Load);
    draft.effect = effect;
    put(board, draft);
}

/// What the test said about the theory with `change`, or without one; `None` when it does not apply.
fn said(
    board: &Board,
    set: &MechanismSet,
    place: &Localisation,
    change: Option<&ChangeId>,
) -> Option<Refutation> {
    let view = BoardView::of(board);
    let ways: Vec<Candidate> = candidates(board);
    let scene =
        Scene { board, view: &view, mechanisms: set, localisation: place, candidates: &ways, ended_at: None };
    let mut theories = build(&scene);
    refute(&scene, &mut theories);
    let theory = theories.iter().find(|theory| theory.mechanism == "own" && theory.change.as_ref() == change);
    let theory = theory.unwrap_or_else(|| panic!("no such theory in {theories:#?}"));
    let refuted = theory.refutations.iter().any(|one| one.outcome == TestOutcome::Refuted);
    assert_eq!(theory.status == TheoryStatus::RuledOut, refuted, "{theory:#?}");
    assert!(theory.refutations.len() <= 1, "{theory:#?}");
    theory.refutations.first().cloned()
}

fn outcome(board: &Board, set: &MechanismSet, change: Option<&ChangeId>) -> Option<TestOutcome> {
    said(board, set, &localisation(), change).map(|refutation| refutation.outcome)
}

#[test]
fn change_after_onset_compares_times() {
    let set = mechanism("change_after_onset", "inside", false);
    let mut board = board(&set);
    let late = deployed(&mut board, "a", -10, &[("limit_lowered", 0.9)], &[]);
    let early = deployed(&mut board, "b", 5, &[("limit_lowered", 0.9)], &[]);
    assert_eq!(outcome(&board, &set, Some(&late)), Some(Refuted));
    assert_eq!(outcome(&board, &set, Some(&early)), Some(Survived));
    assert_eq!(outcome(&board, &set, None), None, "without a change there is nothing to compare");
    for finding in board.findings.values_mut() {
        finding.onset = None;
    }
    let unknown = Localisation { onset: None, ..localisation() };
    assert_eq!(said(&board, &set, &unknown, Some(&late)).unwrap().outcome, NotRun);
}

#[test]
fn seen_before_compares_how_often_the_messages_were_logged() {
    let set = mechanism("seen_before", "inside", false);
    let words = ["volume", "space", "left", "write"];
    let with = |counts: &[(&str, f64, f64, &[&str])]| {
        let mut board = board(&set);
        for (name, seen, expected, words) in counts {
            messages(&mut board, name, *seen, *expected, words);
        }
        outcome(&board, &set, None)
    };
    assert_eq!(with(&[]), Some(NotRun), "nobody counted them");
    assert_eq!(with(&[("message", 40.0, 0.0, &words)]), Some(Survived), "new");
    assert_eq!(with(&[("message", 40.0, 10.0, &words)]), Some(Survived), "far more than before");
    assert_eq!(with(&[("message", 40.0, 38.0, &words)]), Some(Refuted), "as often as before");
    let renamed = |seen: f64, expected: f64, words: &[&str]| {
        with(&[
            ("message", 40.0, 0.0, &["volume", "space", "left", "write"]),
            ("other", seen, expected, words),
        ])
    };
    assert_eq!(renamed(0.0, 41.0, &words), Some(Refuted), "the same message was only worded anew");
    assert_eq!(renamed(0.0, 41.0, &["inode", "table"]), Some(Survived), "another message stopped");
    assert_eq!(renamed(41.0, 41.0, &words), Some(Survived), "the old wording goes on beside it");
    let mut silent = board(&set);
    silent.findings.clear();
    let mut metric_only = mechanism("seen_before", "inside", true);
    let mut errors = finding(FindingKind::MetricShift, "svc-a", "errors");
    errors.measure = Some(Measure::Errors);
    put(&mut silent, errors);
    assert_eq!(outcome(&silent, &metric_only, None), None, "it rests on no message");
    metric_only = mechanism("seen_before", "inside", true);
    let mut both = board(&metric_only);
    messages(&mut both, "message", 40.0, 38.0, &words);
    assert_eq!(outcome(&both, &metric_only, None), Some(Refuted), "the metric is not there");
    both.findings.extend(silent.findings);
    let kept = said(&both, &metric_only, &localisation(), None).unwrap();
    assert_eq!(kept.outcome, Survived, "it rests on the metric too");
    assert!(kept.seen.contains("as frequent as ever"), "{}", kept.seen);
}

#[test]
fn follows_load_needs_load_and_a_dose() {
    let set = mechanism("follows_load", "inside", false);
    let mut quiet = board(&set);
    assert_eq!(outcome(&quiet, &set, None), Some(NotRun), "no load was measured");
    put(&mut quiet, finding(FindingKind::FollowsLoad, "svc-a", "errors follow"));
    assert_eq!(outcome(&quiet, &set, None), Some(NotRun));
    load(&mut quiet, FindingKind::MetricSteady, 1.0);
    assert_eq!(outcome(&quiet, &set, None), Some(Survived), "load did not rise");
    load(&mut quiet, FindingKind::MetricShift, 3.0);
    assert_eq!(outcome(&quiet, &set, None), Some(Refuted));
}

#[test]
fn load_steady_refutes_what_load_sets_off_and_nothing_else() {
    let set = mechanism("load_steady", "load", false);
    let mut board = board(&set);
    assert_eq!(outcome(&board, &set, None), Some(NotRun), "no load was measured");
    load(&mut board, FindingKind::MetricSteady, 1.0);
    let refuted = said(&board, &set, &localisation(), None).unwrap();
    assert_eq!(refuted.outcome, Refuted);
    assert!(!refuted.evidence.is_empty(), "it cites the load that is steady");
    load(&mut board, FindingKind::MetricRamp, 1.2);
    assert_eq!(outcome(&board, &set, None), Some(Refuted), "a fifth more is no surge");
    load(&mut board, FindingKind::MetricShift, 2.0);
    assert_eq!(outcome(&board, &set, None), Some(Survived));
}

#[test]
fn a_dependency_that_was_sick_first_and_explains_it_refutes() {
    let set = mechanism("dependency_sick_first", "inside", false);
    let mut board = board(&set);
    assert_eq!(outcome(&board, &set, None), Some(Survived), "nothing it calls departed");
    let mut callee = finding(FindingKind::MetricShift, "svc-callee", "latency");
    callee.measure = Some(Measure::Latency);
    callee.concepts = vec![WORSE.to_owned()];
    callee.onset = Some(Onset {
        at: onset_time().checked_sub(SignedDuration::from_mins(20)).unwrap(),
        uncertainty_s: 60,
    });
    put(&mut board, callee);
    let unexplained = said(&board, &set, &localisation(), None).unwrap();
    assert_eq!(unexplained.outcome, Survived);
    assert!(unexplained.seen.contains("does not explain"), "{}", unexplained.seen);
    let mut place = localisation();
    place.origins[0].explained_by = vec![EntityId::service("svc-callee")];
    assert_eq!(said(&board, &set, &place, None).unwrap().outcome, Refuted);
    let mut timeless = board.clone();
    for finding in timeless.findings.values_mut() {
        finding.onset = None;
    }
    place.onset = None;
    assert_eq!(said(&timeless, &set, &place, None).unwrap().outcome, NotRun);
    board.relations.clear();
    assert_eq!(outcome(&board, &set, None), None, "it calls nothing");
}

#[test]
fn a_better_change_clears_one_that_does_nothing_of_it() {
    let set = mechanism("better_change", "inside", false);
    let lowered: &[(&str, f64)] = &[("limit_lowered", 0.8)];
    // Minutes before the onset, behaviours, and strengths of what it shares with the symptom.
    type Rival<'a> = (i64, &'a [(&'a str, f64)], &'a [f64]);
    let with = |own: &[(&str, f64)], rival: Option<Rival<'_>>| {
        let mut board = board(&set);
        let accused = deployed(&mut board, "a", 10, own, &[0.1]);
        if let Some((minutes, behaviours, ties)) = rival {
            deployed(&mut board, "b", minutes, behaviours, ties);
        }
        outcome(&board, &set, Some(&accused))
    };
    let unrelated: &[(&str, f64)] = &[("cache_removed", 0.9)];
    assert_eq!(with(unrelated, Some((5, lowered, &[0.8]))), Some(Refuted));
    assert_eq!(with(&[], Some((5, lowered, &[0.8]))), Some(Refuted), "it changes no behaviour");
    assert_eq!(with(unrelated, None), Some(Survived), "there is no other");
    assert_eq!(with(lowered, Some((5, lowered, &[0.8]))), Some(Survived), "both could do it");
    assert_eq!(with(unrelated, Some((60, lowered, &[0.8]))), Some(Survived), "the other is further off");
    assert_eq!(with(unrelated, Some((-10, lowered, &[0.8]))), Some(Survived), "the other came after it");
    assert_eq!(with(unrelated, Some((5, lowered, &[0.2]))), Some(Survived), "it shares no more");
    assert_eq!(with(unrelated, Some((5, &[("limit_lowered", 0.3)], &[0.8]))), Some(Survived), "hardly");
    assert_eq!(with(unrelated, Some((5, unrelated, &[0.8]))), Some(Survived), "neither does it");
    let mut unread = board(&set);
    let accused = deployed(&mut unread, "a", 10, unrelated, &[]);
    deployed(&mut unread, "b", 5, lowered, &[0.8]);
    unread.readings.remove(&accused);
    assert_eq!(outcome(&unread, &set, Some(&accused)), Some(NotRun), "nobody could read its diff");
    assert_eq!(outcome(&unread, &set, None), None, "without a change there is none to clear");
}

#[test]
fn what_recurs_on_other_days_refutes() {
    let set = mechanism("seasonal", "inside", false);
    let mut board = board(&set);
    assert_eq!(outcome(&board, &set, None), Some(NotRun), "no earlier day is known of");
    put(&mut board, finding(FindingKind::MetricSeasonal, "svc-caller", "requests"));
    assert_eq!(outcome(&board, &set, None), Some(Survived), "only something else recurs");
    put(&mut board, finding(FindingKind::MetricSeasonal, "svc-a", "requests"));
    assert_eq!(outcome(&board, &set, None), Some(Refuted));
}

#[test]
fn the_same_exception_where_the_change_is_not_refutes() {
    let set = mechanism("unreached_sick_too", "inside", false);
    let mut board = board(&set);
    let accused = deployed(&mut board, "a", 5, &[("limit_lowered", 0.9)], &[]);
    let throws = |board: &mut Board, entity: &str, words: &[&str]| {
        let mut draft = finding(FindingKind::Exception, entity, &format!("exception of {entity}"));
        draft.words = words.iter().map(|word| (*word).to_owned()).collect();
        put(board, draft);
    };
    assert_eq!(outcome(&board, &set, Some(&accused)), Some(NotRun), "no exception was seen");
    throws(&mut board, "svc-a", &["frame a.go:1 f", "frame b.go:2 g", "diskerror"]);
    assert_eq!(outcome(&board, &set, Some(&accused)), Some(Survived));
    throws(&mut board, "svc-b", &["frame a.go:1 f", "other"]);
    assert_eq!(outcome(&board, &set, Some(&accused)), Some(Survived), "one frame is not the same failure");
    throws(&mut board, "svc-c", &["frame a.go:1 f", "frame b.go:2 g", "diskerror"]);
    assert_eq!(outcome(&board, &set, Some(&accused)), Some(Refuted));
    assert_eq!(outcome(&board, &set, None), None);
}

#[test]
fn only_so_many_theories_are_tested_and_that_is_counted() {
    let set = mechanism("follows_load", "inside", false);
    let mut board = board(&set);
    for index in 0..30 {
        deployed(&mut board, &format!("c{index:02}"), 5, &[("limit_lowered", 0.5)], &[]);
    }
    let view = BoardView::of(&board);
    let ways: Vec<Candidate> = candidates(&board);
    let place = localisation();
    let scene = Scene {
        board: &board,
        view: &view,
        mechanisms: &set,
        localisation: &place,
        candidates: &ways,
        ended_at: None,
    };
    let mut theories = build(&scene);
    let tested = refute(&scene, &mut theories);
    assert_eq!(tested.tested, theories.iter().filter(|theory| !theory.refutations.is_empty()).count());
    assert_eq!(tested.tested, 24);
    assert!(tested.of >= 31, "{tested:?}");
}
