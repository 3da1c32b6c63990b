//! The six verdicts.

use midwatch_model::{
    Change, Direction, EntityId, EntityKind, EvidenceId, Finding, FindingKind, Measure, Onset, Probability,
    RelationKind, TermKind, Theory, TheoryStatus, Timestamp, Verdict, VerdictKind,
};

use super::advice::ended_by;
use super::report::Case;
use crate::concepts::SUSPECTED;
use crate::mechanisms::Origin;
use crate::stages::Condition;
use crate::theories::conviction;

/// The conclusion of a case.
pub(super) fn verdict(case: &Case<'_>) -> Verdict {
    match case.orientation.condition {
        Condition::Blind => cannot_tell(case),
        Condition::Healthy => healthy(case),
        Condition::Sick | Condition::Recovered => sick(case),
    }
}

fn plain(kind: VerdictKind, sentence: String, evidence: Vec<EvidenceId>) -> Verdict {
    Verdict { kind, sentence, evidence, theory: None, commit: None, margin: None, probability: None }
}

fn cannot_tell(case: &Case<'_>) -> Verdict {
    let missing: Vec<String> = case
        .board
        .gaps
        .iter()
        // A signal that was seen of others is not missing as a whole; its gap says of whom.
        .filter(|gap| !case.board.seen.iter().any(|(seen, _)| *seen == gap.signal))
        .map(|gap| gap.signal.as_str().to_owned())
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect();
    let what = if missing.is_empty() {
        "nothing about it was seen".to_owned()
    } else {
        format!("missing: {}", missing.join(", "))
    };
    plain(
        VerdictKind::CannotTell,
        format!("Cannot tell what happened to {}: {what}.", case.subject()),
        case.orientation.incident.evidence.clone(),
    )
}

fn healthy(case: &Case<'_>) -> Verdict {
    let mut evidence = case.orientation.condition_evidence.clone();
    evidence.extend(case.orientation.incident.evidence.iter().cloned());
    plain(
        VerdictKind::HealthyOrRecovered,
        format!("{} is healthy: {}.", capital(&case.subject()), case.orientation.condition_reason),
        evidence,
    )
}

fn sick(case: &Case<'_>) -> Verdict {
    let Some(leader) = case.leader() else {
        return located_or_recovered(case, None);
    };
    let proof = conviction(case.theories, leader);
    let since = since(case);
    let mut evidence: Vec<EvidenceId> = Vec::new();
    for id in leader.terms.iter().filter(|term| term.weight > 0.0).flat_map(|term| &term.evidence) {
        if !evidence.contains(id) {
            evidence.push(id.clone());
        }
    }
    if evidence.is_empty() {
        evidence = case.orientation.condition_evidence.clone();
    }
    evidence.truncate(6);
    let base = |kind, sentence: String| Verdict {
        kind,
        sentence,
        evidence: evidence.clone(),
        theory: Some(leader.id.clone()),
        commit: None,
        margin: Some(proof.margin),
        probability: Some(leader.probability.clone()),
    };
    let over = match case.orientation.ended_at {
        Some(at) => match ended_by(case, leader) {
            Some((deploy, entity)) => format!(
                " It was over by {}, after {} went back to {} at {}.",
                clock(at),
                entity.name,
                crate::agents::cut(&deploy.reference, 40),
                clock(deploy.at)
            ),
            None => format!(" It was over by {}.", clock(at)),
        },
        None => String::new(),
    };
    let wanted = case.mechanisms.get(&leader.mechanism).map_or(1.0, |mechanism| mechanism.margin_min);
    let ahead = proof.margin >= wanted;
    if let (Some(change), true) = (case.change(leader), proof.change_proven && ahead) {
        let mut verdict = base(
            VerdictKind::CauseFound,
            format!("{}{since}, because of {}.{over}", capital(&leader.title), change_text(change)),
        );
        verdict.commit =
            change.commit.as_ref().map(|commit| commit.sha.clone()).or_else(|| change.commit_sha.clone());
        return verdict;
    }
    let mechanism = case.mechanisms.get(&leader.mechanism);
    let fault = fault_of_the_cluster(case, leader);
    let is_suspected = fault.is_some_and(|fault| fault.concepts.iter().any(|concept| concept == SUSPECTED));
    if mechanism.is_some_and(|mechanism| mechanism.is_cause)
        && !is_suspected
        && leader.change.is_none()
        && proof.mechanism_proven
        && ahead
    {
        return base(VerdictKind::CauseFound, format!("{}{since}.{over}", capital(&leader.title)));
    }
    if leader.change.is_none()
        && leader.outside
        && !is_suspected
        && proof.mechanism_proven
        && proof.margin >= crate::theories::MARGIN
        && (mechanism.is_none_or(|mechanism| mechanism.origin != Origin::Load)
            || load_came_from_outside(case, leader))
    {
        let origin = mechanism.map_or(Origin::Infrastructure, |mechanism| mechanism.origin);
        return base(
            VerdictKind::CausedOutside,
            format!(
                "{}{since}; what set it off is {}, not a change of ours.{over}",
                capital(&leader.title),
                origin.as_str()
            ),
        );
    }
    if leader.change.is_some() || suspects(case) >= 2 && !proof.mechanism_proven {
        return not_proven(case, leader, &since, &over, base);
    }
    if let (Some(fault), true) = (fault, proof.mechanism_proven) {
        return base(VerdictKind::Located, seen_not_why(leader, fault, is_suspected, &since, &over));
    }
    if proof.mechanism_proven {
        return base(
            VerdictKind::Located,
            format!(
                "{}{since}; what set it off is not proven, and no change that reached it explains it.{over}",
                capital(&leader.title)
            ),
        );
    }
    located_or_recovered(case, Some(leader))
}

/// The fault of a cluster that the leader rests on most, when its strongest support is one.
fn fault_of_the_cluster<'c>(case: &Case<'c>, leader: &Theory) -> Option<&'c Finding> {
    let strongest = supports(leader).first().and_then(|term| term.findings.first().cloned())?;
    case.board.findings.get(&strongest).filter(|finding| finding.kind == FindingKind::ClusterFault)
}

/// A symptom, or a fault that one indirect sign speaks for, with what would tell more.
fn seen_not_why(leader: &Theory, fault: &Finding, is_suspected: bool, since: &str, over: &str) -> String {
    let how_sure = match is_suspected {
        true => "one sign says so, and no proof that this is why",
        false => "why is not known yet",
    };
    let next = fault.remedy.as_deref().map_or_else(String::new, |next| format!(" Next: {next}."));
    format!("{}{since}; {how_sure}.{over}{next}", capital(&leader.title))
}

/// Whether the load on the leader's entity is known to be more demand: nothing of ours calls it, or what does was asked for
/// more itself. Load that only its callers can explain is a question about them.
fn load_came_from_outside(case: &Case<'_>, leader: &Theory) -> bool {
    let callers: Vec<_> = case
        .board
        .relations
        .iter()
        .filter(|relation| relation.kind == RelationKind::Calls && relation.to == leader.entity)
        .map(|relation| &relation.from)
        .collect();
    let serves_people = !matches!(leader.entity.kind, EntityKind::Database | EntityKind::Queue);
    let asked_for_more = |caller: &EntityId| {
        case.board.findings_at(caller).any(|finding| {
            let rose = finding.direction == Some(Direction::Up) && finding.onset.is_some();
            finding.measure == Some(Measure::Load) && rose
        })
    };
    if callers.is_empty() { serves_people } else { callers.into_iter().any(asked_for_more) }
}

fn not_proven(
    case: &Case<'_>,
    leader: &Theory,
    since: &str,
    over: &str,
    base: impl Fn(VerdictKind, String) -> Verdict,
) -> Verdict {
    let mut names: Vec<String> = Vec::new();
    for theory in case.theories.iter().filter(|theory| theory.status != TheoryStatus::RuledOut) {
        let name = match case.change(theory) {
            Some(change) => change_text(change),
            None if theory.mechanism == "unknown" => continue,
            None => theory.title.clone(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() == 3 {
            break;
        }
    }
    let suspects = if names.is_empty() { leader.title.clone() } else { names.join("; ") };
    base(
        VerdictKind::NotProven,
        format!(
            "{} is in trouble{since}; not proven why. Suspects, likeliest first: {suspects}.{over}",
            capital(&leader.entity.name)
        ),
    )
}

fn located_or_recovered(case: &Case<'_>, leader: Option<&Theory>) -> Verdict {
    let evidence = case.orientation.condition_evidence.clone();
    let since = since(case);
    if case.orientation.condition == Condition::Recovered {
        let at = case
            .orientation
            .ended_at
            .map_or_else(String::new, |at| format!(" and was over by {}", clock(at)));
        return plain(
            VerdictKind::HealthyOrRecovered,
            format!(
                "{} has recovered: trouble began{}{at}; what set it off is not proven.",
                capital(&case.subject()),
                since.replace(" since", " at")
            ),
            evidence,
        );
    }
    let entity = leader.map_or_else(|| case.subject(), |leader| leader.entity.name.clone());
    let mut verdict = plain(
        VerdictKind::Located,
        format!("{} is where it started{since}; why is not known yet.", capital(&entity)),
        evidence,
    );
    if let Some(leader) = leader {
        verdict.theory = Some(leader.id.clone());
        verdict.margin = Some(conviction(case.theories, leader).margin);
        verdict.probability = Some(leader.probability.clone());
    }
    verdict
}

/// Theories that are neither ruled out nor unknown and stand within three natural units of the leader.
fn suspects(case: &Case<'_>) -> usize {
    let Some(leader) = case.leader() else { return 0 };
    case.theories
        .iter()
        .filter(|theory| theory.status != TheoryStatus::RuledOut && theory.mechanism != "unknown")
        .filter(|theory| theory.score > leader.score - 3.0 && theory.change.is_some())
        .count()
}

/// ` since 14:52 UTC`, with what the onset is worth.
fn since(case: &Case<'_>) -> String {
    match case.localisation.onset.or(case.orientation.symptom_onset) {
        Some(Onset { at, .. }) => format!(" since {}", clock(at)),
        None => String::new(),
    }
}

pub(super) fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

/// A change for people: `the deploy of 14:52 (a1b2c3d, title)`.
pub(crate) fn change_text(change: &Change) -> String {
    let title = crate::agents::cut(&change.title, 90);
    if let Some(commit) = &change.commit {
        let name: String = commit.sha.chars().take(8).collect();
        return format!("{} {name} (“{title}”)", change.kind.as_str());
    }
    // What a source adds after the change itself is somebody's free text and has no place in a sentence of ours.
    let told = change.title.split("; ").next().unwrap_or_default();
    let told = crate::agents::cut(told, 90);
    if told.contains(&change.reference) {
        let says_kind = told
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case(change.kind.as_str()));
        return if says_kind { told } else { format!("{} {told}", change.kind.as_str()) };
    }
    format!("{} {} (“{told}”)", change.kind.as_str(), crate::agents::cut(&change.reference, 40))
}

pub(super) fn capital(text: &str) -> String {
    // Names keep their spelling: only a leading article or ordinary word is capitalised.
    for word in ["the ", "a ", "an "] {
        if let Some(rest) = text.strip_prefix(word) {
            let mut letters = word.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase()).unwrap_or(' ');
            return format!("{first}{}{rest}", letters.as_str());
        }
    }
    text.to_owned()
}

/// Terms that speak for the leader, weightiest first.
pub(super) fn supports(theory: &Theory) -> Vec<&midwatch_model::Term> {
    let mut terms: Vec<_> = theory
        .terms
        .iter()
        .filter(|term| term.weight > 0.0 && term.kind != TermKind::Prior && !term.evidence.is_empty())
        .collect();
    terms.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    terms
}

/// Whether a verdict is sure enough to recommend acting on its change.
pub(super) fn is_sure(probability: Option<&Probability>) -> bool {
    probability.is_some_and(|probability| probability.middle() >= 0.5)
}
