//! One generated case a mechanism, and the rules a conviction obeys.

use midwatch_model::{
    Change, ChangeId, ChangeKind, Commit, ContentId, EntityId, EvidenceId, Finding, Onset, Relation,
    RelationKind, SignedDuration, TheoryStatus, Timestamp,
};

use super::{Candidate, Scene, build, candidates, conviction, refute, settle};
use crate::Calibration;
use crate::agents::Draft;
use crate::board::{Behaviour, Board, Reading, TiedTo};
use crate::mechanisms::{Mechanism, MechanismSet, Place, Prediction};
use crate::stages::{Localisation, OriginRank};
use crate::system::BoardView;

fn set() -> MechanismSet {
    MechanismSet::load(&[]).unwrap()
}

pub(super) fn onset_time() -> Timestamp {
    "2026-01-02T03:00:00Z".parse().unwrap()
}

pub(super) fn evidence_id(name: &str) -> EvidenceId {
    EvidenceId::of(&[name])
}

/// A finding that a prediction matches, at the entity the prediction looks at.
fn finding_for(prediction: &Prediction, index: usize) -> Finding {
    let entity = match prediction.at {
        Place::Here | Place::Anywhere => EntityId::service("svc-a"),
        Place::Callers => EntityId::service("svc-caller"),
        Place::Callees => EntityId::service("svc-callee"),
        Place::Host => EntityId::new(midwatch_model::EntityKind::Node, "node-1"),
    };
    let subject = prediction.words.first().cloned().unwrap_or_else(|| format!("subject {index}"));
    let mut draft = Draft::new(prediction.finding[0], entity, subject, evidence_id(&format!("e{index}")));
    draft.measure = prediction.measures.first().copied();
    draft.direction = prediction.direction;
    draft.concepts = prediction.concepts.first().cloned().into_iter().chain(["worse".to_owned()]).collect();
    draft.onset = Some(Onset { at: onset_time(), uncertainty_s: 60 });
    draft.z = 12.0;
    draft.effect = 5.0;
    draft.summary = format!("finding {index}");
    draft.finish()
}

pub(super) fn board_for(mechanism: &Mechanism) -> Board {
    let mut board = Board::default();
    for (index, prediction) in mechanism.predicts.iter().enumerate() {
        let finding = finding_for(prediction, index);
        board.findings.insert(finding.id.clone(), finding);
    }
    let relation =
        |from: EntityId, to: EntityId, kind| Relation { from, to, kind, evidence: vec![evidence_id("r")] };
    let svc = EntityId::service;
    board.relations = vec![
        relation(svc("svc-caller"), svc("svc-a"), RelationKind::Calls),
        relation(svc("svc-a"), svc("svc-callee"), RelationKind::Calls),
        relation(
            svc("svc-a"),
            EntityId::new(midwatch_model::EntityKind::Node, "node-1"),
            RelationKind::RunsOn,
        ),
    ];
    board
}

pub(super) fn localisation() -> Localisation {
    Localisation {
        origins: vec![OriginRank {
            entity: EntityId::service("svc-a"),
            share: 1.0,
            reasons: Vec::new(),
            unmeasured: false,
            unlinked: false,
            explains: Vec::new(),
            explained_by: Vec::new(),
        }],
        sick: vec![EntityId::service("svc-a")],
        onset: Some(Onset { at: onset_time(), uncertainty_s: 60 }),
        onset_evidence: vec![evidence_id("e0")],
    }
}

/// A deploy of `svc-a` that carries one commit, `minutes` before the onset.
pub(super) fn deployed(
    board: &mut Board,
    name: &str,
    minutes: i64,
    behaviours: &[(&str, f64)],
    ties: &[f64],
) -> ChangeId {
    let at = onset_time().checked_sub(SignedDuration::from_mins(minutes)).unwrap();
    let commit = Change {
        id: ChangeId::of(&["commit", name]),
        kind: ChangeKind::Commit,
        at: at.checked_sub(SignedDuration::from_mins(5)).unwrap(),
        entity: None,
        reference: name.to_owned(),
        title: format!("commit {name}"),
        actor: None,
        commit_sha: None,
        commit: Some(Commit {
            sha: name.repeat(8),
            files: vec!["services/a/x.go".to_owned()],
            ..Commit::default()
        }),
        link: None,
    };
    let deploy = Change {
        id: ChangeId::of(&["deploy", name]),
        kind: ChangeKind::Deploy,
        at,
        entity: Some(EntityId::service("svc-a")),
        reference: format!("v-{name}"),
        title: format!("deploy {name}"),
        commit_sha: Some(name.repeat(8)),
        commit: None,
        actor: None,
        link: None,
    };
    let id = commit.id.clone();
    board.readings.insert(
        id.clone(),
        Reading {
            change: id.clone(),
            behaviours: behaviours
                .iter()
                .map(|(kind, weight)| Behaviour {
                    kind: (*kind).to_owned(),
                    weight: *weight,
                    text: (*kind).to_owned(),
                })
                .collect(),
            weight: behaviours.iter().map(|(_, weight)| weight).sum(),
            inert: behaviours.is_empty(),
            reason: "generated".to_owned(),
            ties: ties
                .iter()
                .map(|strength| TiedTo {
                    text: "a word".to_owned(),
                    strength: *strength,
                    evidence: Vec::new(),
                })
                .collect(),
            evidence: evidence_id(name),
        },
    );
    for change in [commit, deploy] {
        board.change_evidence.insert(change.id.clone(), evidence_id(name));
        board.changes.insert(change.id.clone(), change);
    }
    id
}

fn calibration() -> Calibration {
    Calibration { inputs: Vec::new(), cases: 0, slope: 1.0, intercept: 0.0, standard_error: 0.5 }
}

fn solve(board: &Board, mechanisms: &MechanismSet) -> Vec<midwatch_model::Theory> {
    let view = BoardView::of(board);
    let ways: Vec<Candidate> = candidates(board);
    let localisation = localisation();
    let scene = Scene {
        board,
        view: &view,
        mechanisms,
        localisation: &localisation,
        candidates: &ways,
        ended_at: None,
    };
    let mut theories = build(&scene);
    refute(&scene, &mut theories);
    settle(&mut theories, &calibration());
    theories
}

#[test]
fn each_mechanism_beats_the_unknown_one_when_all_it_predicts_is_there() {
    let mechanisms = set();
    for mechanism in mechanisms.iter() {
        let mut board = board_for(mechanism);
        // One that hardly comes about without a change gets one that sets it off.
        if mechanism.change.expected > 0.5 {
            let behaviour = mechanism.change.behaviours[0].clone();
            deployed(&mut board, "a", 3, &[(behaviour.as_str(), 0.8)], &[]);
        }
        let theories = solve(&board, &mechanisms);
        let best = |id: &str| {
            theories.iter().filter(|t| t.mechanism == id).map(|t| t.score).fold(f64::NEG_INFINITY, f64::max)
        };
        assert!(
            best(&mechanism.id) > best("unknown"),
            "{}: {} against {}",
            mechanism.id,
            best(&mechanism.id),
            best("unknown")
        );
    }
}

#[test]
fn without_findings_only_the_unknown_mechanism_competes() {
    let theories = solve(&Board::default(), &set());
    assert!(theories.iter().all(|theory| theory.mechanism == "unknown"), "{theories:#?}");
}

/// A finding that a value is dereferenced without a check.
fn null_board() -> Board {
    let mechanisms = set();
    board_for(mechanisms.get("null_dereference").unwrap())
}

#[test]
fn a_change_that_does_what_the_mechanism_needs_is_convicted() {
    let mut board = null_board();
    let guilty = deployed(&mut board, "a", 3, &[("null_check_removed", 0.9)], &[0.8]);
    deployed(&mut board, "b", 2, &[], &[]);
    let theories = solve(&board, &set());
    let leader = theories.iter().find(|theory| theory.status == TheoryStatus::Leading).unwrap();
    assert_eq!(leader.change.as_ref(), Some(&guilty));
    assert!(conviction(&theories, leader).change_proven, "{leader:#?}");
}

#[test]
fn timing_and_ties_alone_convict_nobody() {
    let mut board = null_board();
    deployed(&mut board, "b", 2, &[], &[1.0, 1.0]);
    deployed(&mut board, "c", 2, &[("cache_removed", 0.9)], &[1.0, 1.0]);
    let theories = solve(&board, &set());
    let leader = theories.iter().find(|theory| theory.status == TheoryStatus::Leading).unwrap();
    assert!(!conviction(&theories, leader).change_proven, "{leader:#?}");
}

#[test]
fn a_change_after_the_onset_is_ruled_out_and_says_so() {
    let mut board = null_board();
    let late = deployed(&mut board, "a", -10, &[("null_check_removed", 0.9)], &[0.8]);
    let theories = solve(&board, &set());
    let accused: Vec<_> = theories.iter().filter(|theory| theory.change.as_ref() == Some(&late)).collect();
    assert!(!accused.is_empty());
    for theory in accused.iter().filter(|theory| theory.mechanism != "wrong_result") {
        assert_eq!(theory.status, TheoryStatus::RuledOut, "{theory:#?}");
        assert!(theory.refutations.iter().any(|refutation| refutation.test == "change after onset"));
    }
}

#[test]
fn equal_suspects_are_not_proven() {
    let mut board = null_board();
    deployed(&mut board, "a", 3, &[("null_check_removed", 0.9)], &[0.8]);
    deployed(&mut board, "b", 3, &[("null_check_removed", 0.9)], &[0.8]);
    let theories = solve(&board, &set());
    let leader = theories.iter().find(|theory| theory.status == TheoryStatus::Leading).unwrap();
    assert!(!conviction(&theories, leader).change_proven);
}

#[test]
fn a_commit_that_no_deploy_carries_reaches_nothing() {
    let mut board = null_board();
    let id = deployed(&mut board, "a", 3, &[("null_check_removed", 0.9)], &[0.8]);
    board.changes.retain(|_, change| change.kind == ChangeKind::Commit);
    assert!(candidates(&board).iter().all(|candidate| candidate.change != id));
}

#[test]
fn scores_are_the_sums_of_their_terms() {
    let mut board = null_board();
    deployed(&mut board, "a", 3, &[("null_check_removed", 0.9)], &[0.8]);
    for theory in solve(&board, &set()) {
        let sum: f64 = theory.terms.iter().map(|term| term.weight).sum();
        assert!((theory.score - sum).abs() < 1e-9, "{} is not {sum}", theory.score);
    }
}

#[test]
fn a_neighbour_takes_no_more_than_it_uses() {
    let set = set();
    let mechanism = set.iter().find(|mechanism| mechanism.id == "noisy_neighbour").unwrap();
    let prediction = mechanism.predicts.iter().find(|prediction| prediction.at == Place::Host).unwrap();
    let entity = EntityId::service("svc-a");
    let found = |concept: Option<&str>| {
        let mut board = board_for(mechanism);
        for finding in board.findings.values_mut() {
            finding.concepts.extend(concept.map(str::to_owned));
        }
        let view = BoardView::of(&board);
        super::matching::matches(&board, &view, &entity, prediction).len()
    };
    assert_eq!((found(None), found(Some(crate::concepts::SLIGHT))), (1, 0));
}
