//! Disconfirming tests: what would prove a theory wrong, looked for on purpose.

use std::collections::BTreeSet;

use midwatch_model::{
    ChangeId, ChangeKind, Direction, EvidenceId, Finding, FindingKind, Measure, Refutation, Term, TermKind,
    TestOutcome, Theory, TheoryId, TheoryStatus, Timestamp,
};

use super::attribution::{Candidate, came_after, duration_text};
use super::build::{Scene, began, candidates_for, clock_s, sort};
use super::matching::{match_mechanism, matches};
use crate::agents::{cut, number};
use crate::board::{MessageCount, Reading};
use crate::concepts::WORSE;
use crate::mechanisms::{Mechanism, Origin, TestName};
use crate::rounds::asked_for_by_callers;

/// Theories put to the test; the rest keeps its score.
const TESTED_MAX: usize = 24;

/// Weight of a refuted test.
const REFUTED: f64 = -6.0;

/// Standard deviations of a Poisson count that messages may exceed their former frequency by and still be as before.
const MESSAGE_NOISE: f64 = 2.0;
/// Messages the baseline must promise at least before their frequency is compared with it.
const MESSAGES_EXPECTED_MIN: f64 = 3.0;
/// Telling words that make two messages the same one in other words.
const WORDS_SHARED_MIN: usize = 3;

/// How much of what a mechanism needs another change must do before it clears one that does none of it.
const FIT_MIN: f64 = 0.5;
/// How much more that change must share with the symptom, in strengths of ties.
const TIES_AHEAD_MIN: f64 = 0.3;

/// A rise of load that counts, as a ratio.
const LOAD_RISE_MIN: f64 = 1.3;

/// How many theories were put to tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tested {
    /// Theories that were tested.
    pub tested: usize,
    /// Theories that could have been: all but the unknown mechanism.
    pub of: usize,
}

/// Runs the tests of the leading theories, adds what they weigh, and sorts again. Goes on until the theory that leads in
/// the end was tested too.
pub fn refute(scene: &Scene<'_>, theories: &mut [Theory]) -> Tested {
    let testable = |theory: &Theory| scene.mechanisms.get(&theory.mechanism).is_some();
    let mut done: BTreeSet<TheoryId> = BTreeSet::new();
    let of = theories.iter().filter(|theory| testable(theory)).count();
    for theory in theories.iter_mut().filter(|theory| testable(theory)).take(TESTED_MAX) {
        put_to_tests(scene, theory);
        done.insert(theory.id.clone());
    }
    sort(theories);
    while let Some(leader) = theories.iter_mut().find(|theory| theory.status != TheoryStatus::RuledOut) {
        if !testable(leader) || !done.insert(leader.id.clone()) {
            break;
        }
        put_to_tests(scene, leader);
        sort(theories);
    }
    Tested { tested: done.len(), of }
}

fn put_to_tests(scene: &Scene<'_>, theory: &mut Theory) {
    let Some(mechanism) = scene.mechanisms.get(&theory.mechanism) else { return };
    let candidate = candidate_of(scene, theory);
    for test in &mechanism.tests {
        let Some(refutation) = run(scene, theory, mechanism, candidate, *test) else { continue };
        if refutation.outcome == TestOutcome::Refuted {
            theory.terms.push(Term {
                kind: TermKind::Test,
                weight: REFUTED,
                text: refutation.seen.clone(),
                findings: Vec::new(),
                evidence: refutation.evidence.clone(),
                group: None,
            });
            theory.score += REFUTED;
            theory.status = TheoryStatus::RuledOut;
        }
        theory.refutations.push(refutation);
    }
}

/// The way the change reached the theory's entity, the very one the theory was scored with.
fn candidate_of<'s>(scene: &'s Scene<'_>, theory: &Theory) -> Option<&'s Candidate> {
    let change = theory.change.as_ref()?;
    let ways = candidates_for(scene, &theory.entity);
    ways.into_iter().map(|(candidate, _)| candidate).find(|candidate| candidate.change == *change)
}

fn run(
    scene: &Scene<'_>,
    theory: &Theory,
    mechanism: &Mechanism,
    candidate: Option<&Candidate>,
    test: TestName,
) -> Option<Refutation> {
    match test {
        TestName::ChangeAfterOnset => change_after_onset(scene, theory, mechanism, candidate?),
        TestName::SeenBefore => seen_before(scene, theory, mechanism),
        TestName::FollowsLoad => follows_load(scene, theory),
        TestName::LoadSteady => load_steady(scene, theory, mechanism),
        TestName::DependencySickFirst => dependency_sick_first(scene, theory, mechanism),
        TestName::BetterChange => better_change(scene, theory, mechanism, candidate?),
        TestName::Seasonal => seasonal(scene, theory),
        TestName::UnreachedSickToo => unreached_sick_too(scene, theory, candidate?),
    }
}

fn verdict(
    test: &str,
    would_refute: &str,
    outcome: TestOutcome,
    seen: String,
    evidence: Vec<EvidenceId>,
) -> Option<Refutation> {
    Some(Refutation { test: test.to_owned(), would_refute: would_refute.to_owned(), seen, outcome, evidence })
}

fn cite(findings: &[&Finding]) -> Vec<EvidenceId> {
    let set: BTreeSet<EvidenceId> =
        findings.iter().flat_map(|finding| finding.evidence.iter().cloned()).collect();
    set.into_iter().take(4).collect()
}

fn not_run(test: &str, would_refute: &str, seen: impl Into<String>) -> Option<Refutation> {
    verdict(test, would_refute, TestOutcome::NotRun, seen.into(), Vec::new())
}

fn change_after_onset(
    scene: &Scene<'_>,
    theory: &Theory,
    mechanism: &Mechanism,
    candidate: &Candidate,
) -> Option<Refutation> {
    let would = "the change reached production after the trouble began";
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let Some(began) = began(scene, mechanism, &matched) else {
        return not_run("change after onset", would, "when the trouble began is not known");
    };
    let findings: Vec<&Finding> = matched.own.iter().filter_map(|id| scene.board.findings.get(id)).collect();
    let mut evidence = cite(&findings);
    evidence.extend(scene.board.change_evidence.get(&candidate.change).cloned());
    let lag_s = began.at.duration_since(candidate.at).as_secs();
    let after = came_after(candidate.at, &began);
    verdict(
        "change after onset",
        would,
        if after { TestOutcome::Refuted } else { TestOutcome::Survived },
        if after {
            format!("the trouble began {} before the change", duration_text(-lag_s))
        } else if lag_s < 0 {
            "the change and the onset are closer than the sampling can tell apart".to_owned()
        } else {
            format!("the change came {} before the trouble", duration_text(lag_s))
        },
        evidence,
    )
}

fn seen_before(scene: &Scene<'_>, theory: &Theory, mechanism: &Mechanism) -> Option<Refutation> {
    let test = "seen before";
    let would = "its messages were as frequent before the onset";
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let logs: Vec<&Finding> = matched
        .terms
        .iter()
        .filter(|term| term.kind == TermKind::Support)
        .flat_map(|term| &term.findings)
        .filter_map(|id| scene.board.findings.get(id))
        .filter(|finding| is_message(finding.kind))
        .collect();
    if logs.is_empty() {
        return None;
    }
    let cited: BTreeSet<&EvidenceId> = logs.iter().flat_map(|finding| &finding.evidence).collect();
    let (own, others): (Vec<&MessageCount>, Vec<&MessageCount>) =
        scene.board.messages.iter().partition(|message| cited.contains(&message.evidence));
    if own.is_empty() {
        return not_run(test, would, "how often they were logged before the onset is not known");
    }
    let kin = others.into_iter().filter(|other| own.iter().any(|own| same_message(own, other)));
    let all: Vec<&MessageCount> = own.iter().copied().chain(kin).collect();
    let seen: f64 = all.iter().map(|message| message.seen).sum();
    let expected: f64 = all.iter().map(|message| message.expected).sum();
    let as_before = expected >= MESSAGES_EXPECTED_MIN && seen <= expected + MESSAGE_NOISE * expected.sqrt();
    // A finding counts one message; what says the same in other words is counted with it here.
    let together = match all.len() {
        1 => String::new(),
        count => format!("({count} messages that say the same, together) "),
    };
    let counts = format!(
        "logged {together}{} times since the onset, {} at the rate before",
        number(seen),
        number(expected)
    );
    let evidence: BTreeSet<EvidenceId> = all.iter().map(|message| message.evidence.clone()).collect();
    let evidence: Vec<EvidenceId> = evidence.into_iter().take(4).collect();
    let rests_on_more =
        mechanism.predicts.iter().filter(|prediction| prediction.essential).any(|essential| {
            let found = matches(scene.board, scene.view, &theory.entity, essential);
            found.iter().any(|(finding, _)| !is_message(finding.kind))
        });
    let (outcome, text) = match (as_before, rests_on_more) {
        (true, false) => (TestOutcome::Refuted, format!("its messages are as frequent as ever: {counts}")),
        (true, true) => (
            TestOutcome::Survived,
            format!("its messages are as frequent as ever ({counts}), but it rests on more than messages"),
        ),
        (false, _) => (TestOutcome::Survived, format!("its messages were {counts}")),
    };
    verdict(test, would, outcome, text, evidence)
}

fn is_message(kind: FindingKind) -> bool {
    matches!(kind, FindingKind::LogNew | FindingKind::LogSurge | FindingKind::Exception)
}

/// Whether `other` says what `own` says, perhaps in other words: at the same entity, of a concept of it, with telling
/// words of it.
fn same_message(own: &MessageCount, other: &MessageCount) -> bool {
    let shared = own.words.iter().filter(|word| other.words.contains(word)).count();
    own.entity == other.entity
        && own.concepts.iter().any(|concept| other.concepts.contains(concept))
        && shared >= WORDS_SHARED_MIN.min(own.words.len().max(1))
}

fn load_findings<'s>(scene: &'s Scene<'_>, theory: &Theory) -> Vec<&'s Finding> {
    scene
        .board
        .findings
        .values()
        .filter(|finding| finding.entity == theory.entity && finding.measure == Some(Measure::Load))
        .filter(|finding| matches!(finding.kind, FindingKind::MetricShift | FindingKind::MetricRamp))
        .filter(|finding| {
            finding.strength.effect > LOAD_RISE_MIN && finding.direction != Some(Direction::Down)
        })
        .collect()
}

fn load_measured<'s>(scene: &'s Scene<'_>, theory: &Theory) -> Vec<&'s Finding> {
    scene
        .board
        .findings
        .values()
        .filter(|finding| finding.entity == theory.entity && finding.measure == Some(Measure::Load))
        .collect()
}

fn follows_load(scene: &Scene<'_>, theory: &Theory) -> Option<Refutation> {
    let would = "the symptom follows load, dose for response, so load explains it";
    let follows: Vec<&Finding> = scene
        .board
        .findings
        .values()
        .filter(|finding| finding.entity == theory.entity && finding.kind == FindingKind::FollowsLoad)
        .collect();
    let load = load_findings(scene, theory);
    if let (Some(first), Some(_)) = (follows.first(), load.first()) {
        return verdict("follows load", would, TestOutcome::Refuted, first.summary.clone(), cite(&follows));
    }
    let measured = load_measured(scene, theory);
    if measured.is_empty() {
        return not_run("follows load", would, format!("no load was measured at {}", theory.entity.name));
    }
    verdict(
        "follows load",
        would,
        TestOutcome::Survived,
        format!("load at {} does not explain it", theory.entity.name),
        cite(&measured),
    )
}

/// Only for mechanisms that say of themselves that load sets them off.
fn load_steady(scene: &Scene<'_>, theory: &Theory, mechanism: &Mechanism) -> Option<Refutation> {
    if mechanism.origin != Origin::Load {
        return None;
    }
    let (test, would) =
        ("load steady", "load did not rise, or only because callers ask more for each request");
    let name = &theory.entity.name;
    let measured = load_measured(scene, theory);
    if measured.is_empty() {
        return not_run(test, would, format!("no load was measured at {name}"));
    }
    let load = load_findings(scene, theory);
    if let Some((caller, _)) = asked_for_by_callers(&theory.entity, scene.board) {
        let seen = format!("{} asks more of {name} for each request of its own", caller.name);
        return verdict(test, would, TestOutcome::Refuted, seen, cite(&load));
    }
    match load.first() {
        Some(first) => verdict(test, would, TestOutcome::Survived, first.summary.clone(), cite(&load)),
        None => verdict(
            test,
            would,
            TestOutcome::Refuted,
            format!("load at {name} did not rise"),
            cite(&measured),
        ),
    }
}

fn dependency_sick_first(scene: &Scene<'_>, theory: &Theory, mechanism: &Mechanism) -> Option<Refutation> {
    let (test, would) = ("dependency sick first", "something it depends on was sick earlier");
    let callees = scene.view.callees(&theory.entity);
    if callees.is_empty() {
        return None;
    }
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let Some(began) = began(scene, mechanism, &matched) else {
        return not_run(test, would, "when the trouble began is not known");
    };
    let earlier: Vec<&Finding> = scene
        .board
        .findings
        .values()
        .filter(|finding| callees.contains(&finding.entity) && finding.concepts.iter().any(|c| c == WORSE))
        .filter(|finding| {
            finding.onset.is_some_and(|onset| {
                let leeway_s = i64::from(onset.uncertainty_s)
                    + began.uncertainty_s
                    + clock_s(scene, finding).max(began.clock_s);
                began.at.duration_since(onset.at).as_secs() > leeway_s
            })
        })
        .collect();
    let explained = scene
        .localisation
        .origins
        .iter()
        .find(|origin| origin.entity == theory.entity)
        .is_some_and(|origin| !origin.explained_by.is_empty());
    match earlier.first() {
        Some(first) if explained => {
            verdict(test, would, TestOutcome::Refuted, first.summary.clone(), cite(&earlier))
        }
        Some(first) => verdict(
            test,
            would,
            TestOutcome::Survived,
            format!("{}, earlier, but that does not explain {}", first.summary, theory.entity.name),
            cite(&earlier),
        ),
        None => verdict(
            test,
            would,
            TestOutcome::Survived,
            format!("nothing that {} calls departed from normal before it", theory.entity.name),
            cite(&scene.board.findings_at(&theory.entity).take(1).collect::<Vec<_>>()),
        ),
    }
}

fn better_change(
    scene: &Scene<'_>,
    theory: &Theory,
    mechanism: &Mechanism,
    candidate: &Candidate,
) -> Option<Refutation> {
    let test = "better change";
    let would = "another change, at least as close to the onset, does what this needs, and this one does not";
    let is_flag = scene.board.changes.get(&candidate.change).is_some_and(|c| c.kind == ChangeKind::Flag);
    let reading = scene.board.readings.get(&candidate.change).filter(|_| !is_flag);
    let Some(reading) = reading else {
        return not_run(test, would, "what it does is not known, so it cannot be compared");
    };
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let Some(began) = began(scene, mechanism, &matched) else {
        return not_run(test, would, "when the trouble began is not known");
    };
    if fit(reading, mechanism) > 0.0 {
        let seen = "its diff does what this needs".to_owned();
        return verdict(test, would, TestOutcome::Survived, seen, vec![reading.evidence.clone()]);
    }
    let distance_s = |at: Timestamp| began.at.duration_since(at).abs().as_secs();
    let mut reached: BTreeSet<&ChangeId> = BTreeSet::new();
    let mut better: Option<(f64, &Reading)> = None;
    for other in scene.candidates.iter().filter(|other| other.entity == candidate.entity) {
        if other.change == candidate.change || !reached.insert(&other.change) {
            continue;
        }
        let in_time = !came_after(other.at, &began)
            && distance_s(other.at) <= distance_s(candidate.at) + began.uncertainty_s;
        let Some(rival) = scene.board.readings.get(&other.change).filter(|_| in_time) else { continue };
        let fits = fit(rival, mechanism);
        let ahead = fits >= FIT_MIN && ties_of(rival) >= ties_of(reading) + TIES_AHEAD_MIN;
        if ahead && better.is_none_or(|(best, _)| fits > best) {
            better = Some((fits, rival));
        }
    }
    let Some((_, rival)) = better else {
        let seen = match reached.len() {
            0 => format!("no other change reached {}", candidate.entity.name),
            1 => format!("the other change that reached {} fits no better", candidate.entity.name),
            many => {
                format!("none of the {many} other changes that reached {} fits better", candidate.entity.name)
            }
        };
        return verdict(test, would, TestOutcome::Survived, seen, vec![reading.evidence.clone()]);
    };
    let named =
        scene.board.changes.get(&rival.change).map_or("another change", |change| change.title.as_str());
    let does =
        rival.behaviours.iter().find(|behaviour| mechanism.change.behaviours.contains(&behaviour.kind));
    let does = does.map_or(rival.reason.as_str(), |behaviour| behaviour.text.as_str());
    verdict(
        test,
        would,
        TestOutcome::Refuted,
        format!("«{}» does what this needs and shares more with the symptom: {does}", cut(named, 80)),
        vec![rival.evidence.clone(), reading.evidence.clone()],
    )
}

/// How much a diff does of what `mechanism` needs, 0 to 1.
fn fit(reading: &Reading, mechanism: &Mechanism) -> f64 {
    if reading.inert {
        return 0.0;
    }
    let fitting = reading.behaviours.iter().filter(|one| mechanism.change.behaviours.contains(&one.kind));
    fitting.map(|behaviour| behaviour.weight).fold(0.0, f64::max)
}

/// How much a diff shares with the symptom; what does nothing shares nothing that counts.
fn ties_of(reading: &Reading) -> f64 {
    if reading.inert { 0.0 } else { reading.ties.iter().map(|tie| tie.strength).sum() }
}

fn seasonal(scene: &Scene<'_>, theory: &Theory) -> Option<Refutation> {
    let (test, would) = ("seasonal", "the same happens at this hour on other days");
    let recurring = |finding: &&Finding| finding.kind == FindingKind::MetricSeasonal;
    let all: Vec<&Finding> = scene.board.findings.values().filter(recurring).collect();
    let same: Vec<&Finding> = all.iter().copied().filter(|finding| finding.entity == theory.entity).collect();
    match (same.first(), all.is_empty()) {
        (Some(first), _) => verdict(test, would, TestOutcome::Refuted, first.summary.clone(), cite(&same)),
        (None, false) => verdict(
            test,
            would,
            TestOutcome::Survived,
            format!("earlier days were seen, and nothing of {} recurs", theory.entity.name),
            cite(&all),
        ),
        (None, true) => not_run(test, would, "no series recurs; earlier days may not have been in sight"),
    }
}

fn unreached_sick_too(scene: &Scene<'_>, theory: &Theory, candidate: &Candidate) -> Option<Refutation> {
    let own: BTreeSet<&String> = scene
        .board
        .findings_at(&theory.entity)
        .filter(|f| f.kind == FindingKind::Exception)
        .flat_map(|f| &f.words)
        .collect();
    let (test, would) = ("unreached sick too", "entities that the change did not reach fail in the same way");
    if own.is_empty() {
        return not_run(test, would, format!("no exception was seen at {}", theory.entity.name));
    }
    let elsewhere: Vec<&Finding> = scene
        .board
        .findings
        .values()
        .filter(|finding| finding.kind == FindingKind::Exception && finding.entity != theory.entity)
        .filter(|finding| {
            !scene.candidates.iter().any(|c| c.change == candidate.change && c.entity == finding.entity)
        })
        .filter(|finding| finding.words.iter().filter(|word| own.contains(word)).count() >= 3)
        .collect();
    match elsewhere.first() {
        Some(first) => verdict(test, would, TestOutcome::Refuted, first.summary.clone(), cite(&elsewhere)),
        None => verdict(
            test,
            would,
            TestOutcome::Survived,
            "no other entity fails in this way".to_owned(),
            cite(&scene.board.findings_at(&theory.entity).take(1).collect::<Vec<_>>()),
        ),
    }
}
