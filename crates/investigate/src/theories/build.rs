//! Making theories: every mechanism whose essential findings are there, at every suspect, with every change that could
//! have set it off and without any; *unknown mechanism* always competes.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{
    ChangeKind, ContentId, EntityId, EvidenceId, Finding, Probability, Term, TermKind, Theory, TheoryId,
    TheoryStatus, Timestamp,
};

use super::attribution::{Began, Candidate, reach_term, timing_term};
use super::matching::{Matched, match_mechanism};
use crate::board::{Board, CLOCK_TOLERANCE_S, Reading};
use crate::mechanisms::{Mechanism, MechanismSet};
use crate::stages::{Localisation, OriginRank};
use crate::system::SystemView;

/// What theories are made from.
pub struct Scene<'a> {
    /// Everything gathered.
    pub board: &'a Board,
    /// The system.
    pub view: &'a dyn SystemView,
    /// How things break.
    pub mechanisms: &'a MechanismSet,
    /// Where it may have started.
    pub localisation: &'a Localisation,
    /// Changes and what they reached.
    pub candidates: &'a [Candidate],
    /// When the trouble was over, if it is.
    pub ended_at: Option<Timestamp>,
}

/// Suspects looked at; the rest is far down the ranking.
pub const SUSPECTS_MAX: usize = 10;

/// All theories, best first, not yet tested or calibrated.
pub fn build(scene: &Scene<'_>) -> Vec<Theory> {
    let mut theories = Vec::new();
    for origin in scene.localisation.origins.iter().take(SUSPECTS_MAX) {
        for mechanism in scene.mechanisms.iter() {
            let matched = match_mechanism(scene.board, scene.view, &origin.entity, mechanism);
            if matched.essential {
                theories.extend(theories_of(scene, origin, mechanism, &matched));
            }
        }
        theories.push(unknown(scene, origin));
    }
    sort(&mut theories);
    theories
}

/// Best first; equal scores by id.
pub(super) fn sort(theories: &mut [Theory]) {
    theories.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
}

fn theories_of(
    scene: &Scene<'_>,
    origin: &OriginRank,
    mechanism: &Mechanism,
    matched: &Matched,
) -> Vec<Theory> {
    let began = began(scene, mechanism, matched);
    let mut base = vec![prior_term(
        mechanism.prior,
        &format!("before any evidence: how common this is ({})", mechanism.title),
    )];
    base.extend(matched.terms.iter().cloned());
    base.push(position_term(scene, origin));
    let chance = 1.0 / (1.0 + (-mechanism.change.expected).exp());
    let mut theories = Vec::new();
    let mut alone = base.clone();
    alone.push(prior_term((1.0 - chance).ln(), "how often this comes about without a change of ours"));
    theories.push(theory(scene, mechanism, matched, &origin.entity, None, alone));
    // To see it is to know what to mend, and no diff could prove which change brought it: that would only repeat the theory.
    if mechanism.is_cause && mechanism.change.behaviours.is_empty() {
        return theories;
    }
    for (candidate, distance) in candidates_for(scene, &origin.entity) {
        let mut terms = base.clone();
        terms.push(prior_term(chance.ln(), "how often a change sets this off"));
        let evidence = change_evidence(scene.board, candidate);
        let mut reach = reach_term(candidate, evidence.clone());
        if distance > 0 {
            // Findings that name the very neighbour it was rolled out to as what they wait for bring it nearer; a caller that
            // tells of this entity does not.
            let callees = scene.view.callees(&origin.entity);
            let named =
                matched.peer.as_ref() == Some(&candidate.entity) && callees.contains(&candidate.entity);
            reach.weight -= if named { 0.3 } else { 1.5 };
            reach.text = format!("{}, which {} depends on or serves", reach.text, origin.entity.name);
        }
        terms.push(reach);
        if let Some(began) = began {
            terms.push(timing_term(candidate, &began, evidence.clone()));
        }
        let reading = scene.board.readings.get(&candidate.change);
        terms.push(behaviour_term(scene, mechanism, candidate, reading, &evidence));
        terms.extend(tie_term(reading).filter(|_| !is_flag(scene, candidate)));
        terms.extend(still_in_place(scene, mechanism, candidate, &evidence));
        theories.push(theory(scene, mechanism, matched, &origin.entity, Some(candidate), terms));
    }
    theories
}

/// Candidates that reached the entity, and those that reached a neighbour, with the distance.
pub(super) fn candidates_for<'c>(scene: &'c Scene<'_>, entity: &EntityId) -> Vec<(&'c Candidate, u8)> {
    let mut neighbours: BTreeSet<EntityId> = scene.view.callees(entity).into_iter().collect();
    neighbours.extend(scene.view.callers(entity));
    // One candidate a change: the way it reached the entity best, and the latest of those that came in time.
    let mut best: BTreeMap<&midwatch_model::ChangeId, (&Candidate, u8)> = BTreeMap::new();
    for candidate in scene.candidates {
        let distance = if candidate.entity == *entity {
            0
        } else if neighbours.contains(&candidate.entity) {
            1
        } else {
            continue;
        };
        let entry = best.entry(&candidate.change).or_insert((candidate, distance));
        let late = |candidate: &Candidate| {
            let onset = scene.localisation.onset;
            onset.is_some_and(|onset| {
                let leeway_s = i64::from(onset.uncertainty_s) + scene.board.clock_tolerance_s(entity);
                candidate.at.duration_since(onset.at).as_secs() > leeway_s
            })
        };
        let rank = |candidate: &Candidate, distance: u8| {
            let late = late(candidate);
            let at = candidate.at.as_nanosecond();
            (distance, candidate.reach, late, if late { at } else { -at })
        };
        if rank(candidate, distance) < rank(entry.0, entry.1) {
            *entry = (candidate, distance);
        }
    }
    best.into_values().collect()
}

pub(super) fn began(scene: &Scene<'_>, mechanism: &Mechanism, matched: &Matched) -> Option<Began> {
    let own = matched.own.iter().filter_map(|id| scene.board.findings.get(id));
    let own = own.filter_map(|finding| Some((finding.onset?, clock_s(scene, finding))));
    let everywhere = || Some((scene.localisation.onset?, CLOCK_TOLERANCE_S));
    let (onset, clock_s) =
        own.min_by_key(|(onset, clock_s)| (onset.at, onset.uncertainty_s, *clock_s)).or_else(everywhere)?;
    Some(Began {
        at: onset.at,
        uncertainty_s: i64::from(onset.uncertainty_s),
        clock_s,
        accumulates: mechanism.accumulates,
    })
}

/// How far the clock of a finding may be off: lines and spans bear the time of the machine they come from, points that of
/// what collects them.
pub(super) fn clock_s(scene: &Scene<'_>, finding: &Finding) -> i64 {
    if finding.measure.is_some() { CLOCK_TOLERANCE_S } else { scene.board.clock_tolerance_s(&finding.entity) }
}

fn prior_term(weight: f64, text: &str) -> Term {
    Term {
        kind: TermKind::Prior,
        weight,
        text: text.to_owned(),
        findings: Vec::new(),
        evidence: Vec::new(),
        group: None,
    }
}

fn position_term(scene: &Scene<'_>, origin: &OriginRank) -> Term {
    let top = scene.localisation.origins.first().map_or(1.0, |first| first.share).max(1e-6);
    let explained = if origin.explained_by.is_empty() { 0.0 } else { 1.5 };
    let unlinked = if origin.unlinked { 0.5 } else { 0.0 };
    let weight = 1.5 * (origin.share / top) - explained - unlinked;
    let mut reasons = if origin.reasons.is_empty() {
        "its place in the call graph".to_owned()
    } else {
        origin.reasons.join("; ")
    };
    if origin.unlinked {
        reasons.push_str("; nothing known links it with where the trouble is felt");
    }
    let evidence: Vec<EvidenceId> = scene
        .board
        .findings_at(&origin.entity)
        .flat_map(|finding| finding.evidence.iter().cloned())
        .take(3)
        .collect();
    Term {
        kind: TermKind::Position,
        weight,
        text: format!("{}: {reasons}", origin.entity.name),
        findings: Vec::new(),
        evidence,
        group: None,
    }
}

fn change_evidence(board: &Board, candidate: &Candidate) -> Vec<EvidenceId> {
    let mut ids: Vec<EvidenceId> = Vec::new();
    for change in [candidate.deploy.as_ref(), Some(&candidate.change)].into_iter().flatten() {
        if let Some(id) = board.change_evidence.get(change)
            && !ids.contains(id)
        {
            ids.push(id.clone());
        }
    }
    ids
}

fn behaviour_term(
    scene: &Scene<'_>,
    mechanism: &Mechanism,
    candidate: &Candidate,
    reading: Option<&Reading>,
    evidence: &[EvidenceId],
) -> Term {
    let term = |weight: f64, text: String, evidence: Vec<EvidenceId>| Term {
        kind: TermKind::Behaviour,
        weight,
        text,
        findings: Vec::new(),
        evidence,
        group: None,
    };
    let kind = scene.board.changes.get(&candidate.change).map(|change| change.kind);
    if let (Some(ChangeKind::Flag), Some(reading)) = (kind, reading)
        && let Some(tie) = reading.ties.first()
    {
        // What the flag switches is not known, but what fails carries its name.
        let mut cited = evidence.to_vec();
        cited.extend(tie.evidence.iter().cloned());
        return term(FLAG_NAMED * tie.strength, format!("what fails bears {}", tie.text), cited);
    }
    let Some(reading) = reading.filter(|_| kind != Some(ChangeKind::Flag)) else {
        let text = match kind {
            Some(ChangeKind::Flag) => "what the flag switches is not known",
            Some(ChangeKind::Infra | ChangeKind::Scaling) => "an event of the infrastructure, without a diff",
            _ => "its diff is not known, so what it does to behaviour cannot be read",
        };
        // A flag or an event never comes with a diff; a commit without one leaves something open.
        let weight =
            if kind == Some(ChangeKind::Commit) || kind == Some(ChangeKind::Deploy) { -1.0 } else { -0.5 };
        return term(weight, text.to_owned(), evidence.to_vec());
    };
    let mut cited = vec![reading.evidence.clone()];
    cited.extend(evidence.iter().filter(|id| **id != reading.evidence).cloned());
    if reading.inert {
        return term(-4.0, format!("its diff changes no behaviour: {}", reading.reason), cited);
    }
    let fitting: Vec<_> = reading
        .behaviours
        .iter()
        .filter(|behaviour| mechanism.change.behaviours.contains(&behaviour.kind))
        .collect();
    let Some(first) = fitting.first() else {
        let what = reading
            .behaviours
            .first()
            .map_or_else(|| reading.reason.clone(), |behaviour| behaviour.text.clone());
        // The less a diff does at all, the less it can have done this.
        let slight = 1.0 - reading.weight.clamp(0.0, 1.0);
        return term(
            -1.5 - 1.5 * slight,
            format!("its diff changes behaviour, but not in a way that does this: {what}"),
            cited,
        );
    };
    let further: f64 = fitting.iter().skip(1).map(|behaviour| behaviour.weight * 0.25).sum();
    let worth = (first.weight + further).min(1.2);
    term(4.0 * worth, format!("its diff does what this needs: {}", first.text), cited)
}

/// What a flag's name in what fails weighs, at full strength.
const FLAG_NAMED: f64 = 2.0;

/// What it weighs against a change that the trouble ended without it being undone.
const STILL_IN_PLACE: f64 = -2.5;

fn is_flag(scene: &Scene<'_>, candidate: &Candidate) -> bool {
    scene.board.changes.get(&candidate.change).is_some_and(|change| change.kind == ChangeKind::Flag)
}

/// The trouble is over, and nothing that reached the entity since could have undone the change: what it did is still done,
/// so it needs something else to have caused this. Faults that come and go with load or by piling up are spared.
fn still_in_place(
    scene: &Scene<'_>,
    mechanism: &Mechanism,
    candidate: &Candidate,
    evidence: &[EvidenceId],
) -> Option<Term> {
    let ended_at = scene.ended_at?;
    let began = scene.localisation.onset?.at;
    let undone = scene.candidates.iter().any(|other| {
        other.entity == candidate.entity
            && other.at > candidate.at
            && other.at > began
            && other.at.duration_since(ended_at).as_secs() <= UNDONE_AFTER_S
    });
    let load_fell = scene
        .board
        .findings_at(&candidate.entity)
        .any(|finding| finding.kind == midwatch_model::FindingKind::FollowsLoad);
    if undone || load_fell || mechanism.accumulates || candidate.at > ended_at {
        return None;
    }
    Some(Term {
        kind: TermKind::Contradiction,
        weight: STILL_IN_PLACE,
        text: "the trouble ended although the change is still in place".to_owned(),
        findings: Vec::new(),
        evidence: evidence.to_vec(),
        group: None,
    })
}

/// A deploy is noted this long after the trouble that it ended, in seconds, at most.
const UNDONE_AFTER_S: i64 = 300;

fn tie_term(reading: Option<&Reading>) -> Option<Term> {
    let reading = reading?;
    if reading.ties.is_empty() || reading.inert {
        return None;
    }
    let sum: f64 = reading.ties.iter().map(|tie| tie.strength).sum();
    let shown: Vec<&str> = reading.ties.iter().take(4).map(|tie| tie.text.as_str()).collect();
    let mut evidence = vec![reading.evidence.clone()];
    for id in reading.ties.iter().take(4).flat_map(|tie| &tie.evidence) {
        if !evidence.contains(id) {
            evidence.push(id.clone());
        }
    }
    Some(Term {
        kind: TermKind::Tie,
        weight: 3.0 * (1.0 - (-sum).exp()),
        text: format!("its diff and the symptom share {}", shown.join(", ")),
        findings: Vec::new(),
        evidence,
        group: None,
    })
}

fn theory(
    scene: &Scene<'_>,
    mechanism: &Mechanism,
    matched: &Matched,
    entity: &EntityId,
    candidate: Option<&Candidate>,
    terms: Vec<Term>,
) -> Theory {
    let change = candidate.map(|candidate| candidate.change.clone());
    let made_in = candidate.map(|candidate| candidate.library.as_ref().unwrap_or(&candidate.entity));
    let fault_at = match made_in {
        Some(home) => Some(home.clone()),
        None if mechanism.fault_at_peer => matched.peer.clone(),
        None => None,
    };
    let fault_at = fault_at.filter(|home| home != entity);
    let peer = matched.peer.as_ref().map_or("what it calls", |peer| peer.name.as_str());
    Theory {
        id: theory_id(&mechanism.id, entity, change.as_ref()),
        mechanism: mechanism.id.clone(),
        title: mechanism
            .clause
            .replace("{entity}", &entity.name)
            .replace("{peer}", peer)
            .replace("{finding}", matched.finding.as_ref().map_or("", |(said, _)| said.as_str())),
        entity: entity.clone(),
        outside: mechanism.origin.is_outside() && change.is_none(),
        fault_at,
        change_title: candidate
            .and_then(|candidate| scene.board.changes.get(&candidate.change))
            .map(crate::conclude::change_text),
        change,
        score: terms.iter().map(|term| term.weight).sum(),
        probability: Probability::Band { low: 0.0, high: 0.0, cases: 0 },
        status: TheoryStatus::Competing,
        terms,
        refutations: Vec::new(),
    }
}

/// *Unknown mechanism at the entity*: no mechanism's predictions, only its place.
fn unknown(scene: &Scene<'_>, origin: &OriginRank) -> Theory {
    let terms = vec![
        prior_term(-1.0, "a mechanism that is not in the list is always possible"),
        position_term(scene, origin),
    ];
    Theory {
        id: theory_id("unknown", &origin.entity, None),
        mechanism: "unknown".to_owned(),
        title: format!("{} fails in a way that no known mechanism describes", origin.entity.name),
        entity: origin.entity.clone(),
        fault_at: None,
        change_title: None,
        change: None,
        outside: false,
        score: terms.iter().map(|term| term.weight).sum(),
        probability: Probability::Band { low: 0.0, high: 0.0, cases: 0 },
        status: TheoryStatus::Competing,
        terms,
        refutations: Vec::new(),
    }
}

fn theory_id(mechanism: &str, entity: &EntityId, change: Option<&midwatch_model::ChangeId>) -> TheoryId {
    let change = change.map(|change| change.as_str().to_owned()).unwrap_or_default();
    TheoryId::of(&[mechanism.to_owned(), entity.to_string(), change])
}
