//! Disconfirming tests: what would prove a theory wrong, looked for on purpose.

use std::collections::BTreeSet;

use midwatch_model::{
    EvidenceId, Finding, FindingKind, Measure, Refutation, Term, TermKind, TestOutcome, Theory, TheoryStatus,
};

use super::attribution::{Candidate, came_after, duration_text};
use super::build::{Scene, began, sort};
use super::matching::match_mechanism;
use crate::mechanisms::{Mechanism, TestName};

/// Theories put to the test; the rest keeps its score.
const TESTED_MAX: usize = 24;

/// Weight of a refuted test.
const REFUTED: f64 = -6.0;

/// Runs the tests of the leading theories, adds what they weigh, and sorts again.
pub fn refute(scene: &Scene<'_>, theories: &mut [Theory]) {
    for theory in theories.iter_mut().take(TESTED_MAX) {
        let Some(mechanism) = scene.mechanisms.get(&theory.mechanism) else { continue };
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
    sort(theories);
}

fn candidate_of<'s>(scene: &'s Scene<'_>, theory: &Theory) -> Option<&'s Candidate> {
    let change = theory.change.as_ref()?;
    let mut ways: Vec<&Candidate> =
        scene.candidates.iter().filter(|candidate| candidate.change == *change).collect();
    ways.sort_by_key(|candidate| (candidate.entity != theory.entity, candidate.reach, candidate.at));
    ways.into_iter().next()
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
        TestName::LoadSteady => load_steady(scene, theory),
        TestName::DependencySickFirst => dependency_sick_first(scene, theory, mechanism),
        TestName::BetterChange => better_change(scene, theory, candidate),
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

fn change_after_onset(
    scene: &Scene<'_>,
    theory: &Theory,
    mechanism: &Mechanism,
    candidate: &Candidate,
) -> Option<Refutation> {
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let began = began(scene, mechanism, &matched)?;
    let findings: Vec<&Finding> = matched.own.iter().filter_map(|id| scene.board.findings.get(id)).collect();
    let mut evidence = cite(&findings);
    evidence.extend(scene.board.change_evidence.get(&candidate.change).cloned());
    let lag_s = began.at.duration_since(candidate.at).as_secs();
    let after = came_after(candidate.at, &began);
    verdict(
        "change after onset",
        "the change reached production after the trouble began",
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
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let logs: Vec<&Finding> = matched
        .terms
        .iter()
        .flat_map(|term| &term.findings)
        .filter_map(|id| scene.board.findings.get(id))
        .filter(|finding| {
            matches!(finding.kind, FindingKind::LogNew | FindingKind::LogSurge | FindingKind::Exception)
        })
        .collect();
    if logs.is_empty() {
        return None;
    }
    let new = logs.iter().filter(|finding| finding.kind != FindingKind::LogSurge).count();
    verdict(
        "seen before",
        "the same messages were there in the baseline",
        TestOutcome::Survived,
        if new > 0 {
            format!("{new} of its messages never occur in the baseline")
        } else {
            "its messages occur in the baseline too, but far less often".to_owned()
        },
        cite(&logs),
    )
}

fn load_findings<'s>(scene: &'s Scene<'_>, theory: &Theory) -> Vec<&'s Finding> {
    scene
        .board
        .findings
        .values()
        .filter(|finding| finding.entity == theory.entity && finding.measure == Some(Measure::Load))
        .filter(|finding| matches!(finding.kind, FindingKind::MetricShift | FindingKind::MetricRamp))
        .filter(|finding| finding.strength.effect > 1.3)
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
    let measured: Vec<&Finding> = scene
        .board
        .findings
        .values()
        .filter(|finding| finding.entity == theory.entity && finding.measure == Some(Measure::Load))
        .collect();
    if measured.is_empty() {
        return verdict(
            "follows load",
            would,
            TestOutcome::NotRun,
            format!("no load was measured at {}", theory.entity.name),
            Vec::new(),
        );
    }
    verdict(
        "follows load",
        would,
        TestOutcome::Survived,
        format!("load at {} does not explain it", theory.entity.name),
        cite(&measured),
    )
}

fn load_steady(scene: &Scene<'_>, theory: &Theory) -> Option<Refutation> {
    if theory.mechanism != "load_surge" {
        return None;
    }
    let load = load_findings(scene, theory);
    let outcome = if load.is_empty() { TestOutcome::Refuted } else { TestOutcome::Survived };
    let seen = match load.first() {
        Some(first) => first.summary.clone(),
        None => format!("load at {} did not rise", theory.entity.name),
    };
    verdict("load steady", "load did not rise", outcome, seen, cite(&load))
}

fn dependency_sick_first(scene: &Scene<'_>, theory: &Theory, mechanism: &Mechanism) -> Option<Refutation> {
    let matched = match_mechanism(scene.board, scene.view, &theory.entity, mechanism);
    let began = began(scene, mechanism, &matched)?;
    let would = "something it depends on was sick earlier";
    let callees = scene.view.callees(&theory.entity);
    let earlier: Vec<&Finding> = scene
        .board
        .findings
        .values()
        .filter(|finding| callees.contains(&finding.entity) && finding.concepts.iter().any(|c| c == "worse"))
        .filter(|finding| {
            finding.onset.is_some_and(|onset| {
                let slack = i64::from(onset.uncertainty_s) + began.uncertainty_s + 60;
                began.at.duration_since(onset.at).as_secs() > slack
            })
        })
        .collect();
    if callees.is_empty() {
        return None;
    }
    let explained = scene
        .localisation
        .origins
        .iter()
        .find(|origin| origin.entity == theory.entity)
        .is_some_and(|origin| !origin.explained_by.is_empty());
    match earlier.first() {
        Some(first) if explained => verdict(
            "dependency sick first",
            would,
            TestOutcome::Refuted,
            first.summary.clone(),
            cite(&earlier),
        ),
        _ => verdict(
            "dependency sick first",
            would,
            TestOutcome::Survived,
            format!("nothing that {} calls departed from normal before it", theory.entity.name),
            cite(&scene.board.findings_at(&theory.entity).take(1).collect::<Vec<_>>()),
        ),
    }
}

fn better_change(scene: &Scene<'_>, theory: &Theory, candidate: Option<&Candidate>) -> Option<Refutation> {
    let would = "another change that reached it fits as well or better";
    let rivals = scene
        .candidates
        .iter()
        .filter(|other| {
            other.entity == theory.entity && candidate.is_none_or(|own| own.change != other.change)
        })
        .filter(|other| {
            scene.board.readings.get(&other.change).is_some_and(|reading| {
                !reading.inert
                    && scene.mechanisms.get(&theory.mechanism).is_some_and(|mechanism| {
                        reading
                            .behaviours
                            .iter()
                            .any(|b| b.weight > 0.3 && mechanism.change.behaviours.contains(&b.kind))
                    })
            })
        })
        .collect::<Vec<_>>();
    let evidence: Vec<EvidenceId> = rivals
        .iter()
        .filter_map(|rival| scene.board.change_evidence.get(&rival.change).cloned())
        .take(3)
        .collect();
    let others = scene.candidates.iter().filter(|other| other.entity == theory.entity).count();
    verdict(
        "better change",
        would,
        TestOutcome::Survived,
        if rivals.is_empty() {
            format!(
                "none of the {others} changes that reached {} does what this needs better",
                theory.entity.name
            )
        } else {
            format!("{} other changes could do this too; they compete as theories of their own", rivals.len())
        },
        evidence,
    )
}

fn seasonal(scene: &Scene<'_>, theory: &Theory) -> Option<Refutation> {
    let same: Vec<&Finding> = scene
        .board
        .findings
        .values()
        .filter(|finding| finding.entity == theory.entity && finding.kind == FindingKind::MetricSeasonal)
        .collect();
    let first = same.first()?;
    verdict(
        "seasonal",
        "the same happens at this hour on other days",
        TestOutcome::Refuted,
        first.summary.clone(),
        cite(&same),
    )
}

fn unreached_sick_too(scene: &Scene<'_>, theory: &Theory, candidate: &Candidate) -> Option<Refutation> {
    let own: BTreeSet<&String> = scene
        .board
        .findings_at(&theory.entity)
        .filter(|f| f.kind == FindingKind::Exception)
        .flat_map(|f| &f.words)
        .collect();
    if own.is_empty() {
        return None;
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
    let would = "entities that the change did not reach fail in the same way";
    match elsewhere.first() {
        Some(first) => verdict(
            "unreached sick too",
            would,
            TestOutcome::Refuted,
            first.summary.clone(),
            cite(&elsewhere),
        ),
        None => verdict(
            "unreached sick too",
            would,
            TestOutcome::Survived,
            "no other entity fails in this way".to_owned(),
            cite(&scene.board.findings_at(&theory.entity).take(1).collect::<Vec<_>>()),
        ),
    }
}
