//! Which findings a mechanism's predictions match, and what they are worth together.
//!
//! Correlated findings count once: each finding serves at most one prediction of a theory, the one it is worth most to,
//! and further findings of one prediction add a quarter of their worth, up to half as much again.

use std::collections::BTreeSet;

use midwatch_model::{EntityId, EvidenceId, Finding, FindingId, FindingKind, Term, TermKind};

use crate::board::{Board, CLOCK_TOLERANCE_S};
use crate::concepts::SLIGHT;
use crate::mechanisms::{Mechanism, Place, Prediction};
use crate::rounds::is_worse;
use crate::system::SystemView;

/// What the predictions of one theory came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Matched {
    /// One term for each prediction that was seen, contradicted or missing.
    pub terms: Vec<Term>,
    /// Whether an essential prediction was seen.
    pub essential: bool,
    /// Findings that support it at the entity itself.
    pub own: Vec<FindingId>,
    /// Sentence and advice of the strongest finding of an essential prediction.
    pub finding: Option<(String, Option<String>)>,
    /// The other end, where supporting findings name one.
    pub peer: Option<EntityId>,
}

/// How much a finding counts, 0 to 1: rises with its robust z, saturates near 15.
pub(crate) fn strength(finding: &Finding) -> f64 {
    1.0 - (-finding.strength.z.max(0.0) / 5.0).exp()
}

/// Findings that `prediction` matches, seen from `entity`, with their strength, strongest first.
pub(super) fn matches<'b>(
    board: &'b Board,
    view: &dyn SystemView,
    entity: &EntityId,
    prediction: &Prediction,
) -> Vec<(&'b Finding, f64)> {
    let places: Option<Vec<EntityId>> = match prediction.at {
        Place::Here => Some(vec![entity.clone()]),
        Place::Callers => Some(view.callers(entity)),
        Place::Callees => Some(view.callees(entity)),
        Place::Host => Some(view.hosts(entity)),
        Place::Anywhere => None,
    };
    let mut found: Vec<(&Finding, f64)> = board
        .findings
        .values()
        .filter(|finding| fits(finding, prediction))
        .filter(|finding| match &places {
            None => true,
            Some(places) if prediction.at == Place::Callers => {
                places.contains(&finding.entity) && finding.peer.as_ref().is_none_or(|peer| peer == entity)
            }
            Some(places) => places.contains(&finding.entity),
        })
        .filter(|finding| prediction.at != Place::Host || finding.entity != *entity)
        .filter(|finding| prediction.at != Place::Host || !came_later(board, entity, finding))
        // A neighbour takes no more than it uses.
        .filter(|finding| {
            prediction.at != Place::Host || !finding.concepts.iter().any(|concept| concept == SLIGHT)
        })
        .map(|finding| (finding, strength(finding)))
        .collect();
    found.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.id.cmp(&b.id)));
    found
}

/// Whether a departure of the machine, or of another tenant of it, began only after everything that departed at the entity:
/// then it took nothing away from it. Onsets closer than they are uncertain have no order.
fn came_later(board: &Board, entity: &EntityId, finding: &Finding) -> bool {
    let Some(onset) = finding.onset else { return false };
    let own = board.findings_at(entity).filter(|own| is_worse(own)).filter_map(|own| own.onset);
    let Some(last) = own.max_by_key(|own| (own.at, own.uncertainty_s)) else { return false };
    let leeway_s = i64::from(onset.uncertainty_s.max(last.uncertainty_s)) + CLOCK_TOLERANCE_S;
    onset.at.duration_since(last.at).as_secs() > leeway_s
}

fn fits(finding: &Finding, prediction: &Prediction) -> bool {
    if !prediction.finding.contains(&finding.kind) {
        return false;
    }
    if !prediction.measures.is_empty()
        && !finding.measure.is_some_and(|measure| prediction.measures.contains(&measure))
    {
        return false;
    }
    if let (Some(wanted), Some(direction)) = (prediction.direction, finding.direction)
        && wanted != direction
    {
        return false;
    }
    let metric_like = finding.measure.is_some();
    if !prediction.concepts.is_empty()
        && !metric_like
        && !prediction.concepts.iter().any(|concept| finding.concepts.contains(concept))
    {
        return false;
    }
    if !prediction.concepts.is_empty()
        && metric_like
        && !prediction.concepts.iter().any(|c| finding.concepts.contains(c))
    {
        return prediction.measures.iter().any(|measure| finding.measure == Some(*measure));
    }
    if prediction.words.is_empty() {
        return true;
    }
    let subject = finding.subject.to_lowercase();
    let peer = finding.peer.as_ref().map(|peer| peer.name.to_lowercase()).unwrap_or_default();
    prediction.words.iter().any(|word| {
        subject.contains(word.as_str())
            || peer.contains(word.as_str())
            || finding.words.iter().any(|other| other.contains(word.as_str()))
    })
}

/// What `mechanism` at `entity` predicts, and what of it is there.
pub(super) fn match_mechanism(
    board: &Board,
    view: &dyn SystemView,
    entity: &EntityId,
    mechanism: &Mechanism,
) -> Matched {
    let mut matched = Matched::default();
    let mut used: BTreeSet<FindingId> = BTreeSet::new();
    let mut order: Vec<(usize, Vec<(&Finding, f64)>)> = mechanism
        .predicts
        .iter()
        .enumerate()
        .map(|(index, prediction)| (index, matches(board, view, entity, prediction)))
        .collect();
    // The weightiest predictions take their findings first.
    order.sort_by(|(a, found_a), (b, found_b)| {
        let worth = |index: &usize, found: &[(&Finding, f64)]| {
            mechanism.predicts[*index].weight * found.first().map_or(0.0, |(_, strength)| *strength)
        };
        worth(b, found_b).total_cmp(&worth(a, found_a)).then(a.cmp(b))
    });
    for (index, found) in order {
        let prediction = &mechanism.predicts[index];
        let fresh: Vec<&(&Finding, f64)> =
            found.iter().filter(|(finding, _)| !used.contains(&finding.id)).collect();
        let Some((best, strength)) = fresh.first() else {
            if found.is_empty() && prediction.missing > 0.0 && could_be_seen(board, entity, prediction) {
                matched.terms.push(Term {
                    kind: TermKind::Missing,
                    weight: -prediction.missing,
                    text: format!("not seen, though it could have been: {}", prediction.says),
                    findings: Vec::new(),
                    evidence: Vec::new(),
                    group: None,
                });
            }
            continue;
        };
        if prediction.essential && *strength > 0.3 {
            matched.essential = true;
            if matched.finding.is_none() {
                matched.finding = Some((best.summary.clone(), best.remedy.clone()));
            }
        }
        let further: f64 = fresh.iter().skip(1).map(|(_, strength)| strength * 0.25).sum();
        let weight = prediction.weight * (strength + further.min(0.5 * strength));
        used.extend(fresh.iter().map(|(finding, _)| finding.id.clone()));
        let kept: Vec<&Finding> = fresh.iter().take(4).map(|(finding, _)| *finding).collect();
        if prediction.at == Place::Here {
            matched.own.extend(kept.iter().map(|finding| finding.id.clone()));
        }
        if matched.peer.is_none() {
            matched.peer = peer_of(entity, &kept);
        }
        matched.terms.push(term(TermKind::Support, weight, &prediction.says, best, &kept, fresh.len()));
    }
    for prediction in &mechanism.contradicts {
        let found = matches(board, view, entity, prediction);
        let Some((best, strength)) = found.first() else { continue };
        let kept: Vec<&Finding> = found.iter().take(2).map(|(finding, _)| *finding).collect();
        matched.terms.push(term(
            TermKind::Contradiction,
            -prediction.weight * strength,
            &prediction.says,
            best,
            &kept,
            found.len(),
        ));
    }
    matched
}

fn peer_of(entity: &EntityId, findings: &[&Finding]) -> Option<EntityId> {
    findings.iter().find_map(|finding| {
        let other = if finding.entity == *entity { finding.peer.clone()? } else { finding.entity.clone() };
        (other != *entity).then_some(other)
    })
}

fn term(kind: TermKind, weight: f64, says: &str, best: &Finding, kept: &[&Finding], total: usize) -> Term {
    let mut evidence: Vec<EvidenceId> = Vec::new();
    for id in kept.iter().flat_map(|finding| &finding.evidence) {
        if !evidence.contains(id) {
            evidence.push(id.clone());
        }
    }
    let more = if total > 1 { format!(" (and {} more like it)", total - 1) } else { String::new() };
    Term {
        kind,
        weight,
        text: format!("{says}: {}{more}", best.summary),
        findings: kept.iter().map(|finding| finding.id.clone()).collect(),
        evidence,
        group: Some(format!("{} {}", best.entity, best.kind.as_str())),
    }
}

/// Whether the signal a prediction speaks of was there to be seen at the entity.
fn could_be_seen(board: &Board, entity: &EntityId, prediction: &Prediction) -> bool {
    let signal_of = |kind: FindingKind| match kind {
        FindingKind::LogNew | FindingKind::LogSurge | FindingKind::LogVanished | FindingKind::Exception => {
            "log"
        }
        FindingKind::SpanSlow
        | FindingKind::SpanErrorOrigin
        | FindingKind::SpanFanOut
        | FindingKind::SpanRetries
        | FindingKind::SlowEdge
        | FindingKind::SpanCancelled
        | FindingKind::SpanMissing => "span",
        _ => "metric",
    };
    let wanted: BTreeSet<&str> = prediction.finding.iter().map(|kind| signal_of(*kind)).collect();
    board.findings_at(entity).any(|finding| wanted.contains(signal_of(finding.kind)))
}
