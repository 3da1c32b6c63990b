//! What is clearly sick and has nothing to do with what was asked: a second fault is not silence's business.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{Claim, EntityId, EntityKind, Finding, FindingKind, Measure, RelationKind};

use super::report::{Case, say_cut};
use crate::concepts::FILLING;
use crate::rounds::is_worse;
use crate::stages::Condition;

/// How clear a departure must be: it stands without a theory.
const Z_MIN: f64 = 6.0;

/// What departs for so little is not worth a line, however clear.
const EFFECT_MIN: f64 = 1.25;

/// Entities named; more are counted.
const NAMED_MAX: usize = 5;

/// One sentence for each entity that is sick on its own, the clearest first.
pub(super) fn elsewhere(case: &Case<'_>, cuts: &mut Vec<String>) -> Vec<Claim> {
    if !matches!(case.orientation.condition, Condition::Sick | Condition::Recovered) {
        return Vec::new();
    }
    let concerned = concerned(case);
    let mut clearest: BTreeMap<&EntityId, &Finding> = BTreeMap::new();
    for finding in case.board.findings.values().filter(|finding| is_alarming(finding)) {
        if concerned.contains(&finding.entity)
            || finding.peer.as_ref().is_some_and(|peer| concerned.contains(peer))
        {
            continue;
        }
        let known = clearest.entry(&finding.entity).or_insert(finding);
        if clearer(finding, known) {
            *known = finding;
        }
    }
    let mut found: Vec<&Finding> = clearest.into_values().collect();
    found.sort_by(|a, b| b.strength.z.total_cmp(&a.strength.z).then_with(|| a.entity.cmp(&b.entity)));
    say_cut(cuts, NAMED_MAX, found.len(), "entities that are sick elsewhere named");
    found
        .into_iter()
        .take(NAMED_MAX)
        .filter_map(|finding| {
            let text = format!("{}; nothing seen connects it with this incident", finding.summary);
            Claim::from_evidence(text, &finding.evidence)
        })
        .collect()
}

fn clearer(a: &Finding, b: &Finding) -> bool {
    (a.strength.z, &b.id) > (b.strength.z, &a.id)
}

/// Whether a finding speaks of trouble by itself: users feel it, something crashes, or something is full or fills up.
fn is_alarming(finding: &Finding) -> bool {
    if finding.concepts.iter().any(|concept| concept == FILLING) {
        return true;
    }
    if !is_worse(finding) || finding.strength.z < Z_MIN || finding.ended_at.is_some() {
        return false;
    }
    let strong = finding.strength.effect >= EFFECT_MIN || finding.strength.effect <= 1.0 / EFFECT_MIN;
    match finding.kind {
        FindingKind::MetricSaturated | FindingKind::ClusterFault => true,
        FindingKind::MetricShift | FindingKind::MetricRamp => {
            let fills = finding.kind == FindingKind::MetricRamp
                && matches!(finding.measure, Some(Measure::Disk | Measure::CapacityUsed));
            let felt = matches!(
                finding.measure,
                Some(
                    Measure::Errors
                        | Measure::Availability
                        | Measure::Latency
                        | Measure::Crashes
                        | Measure::Restarts
                )
            );
            strong && (felt || fills)
        }
        _ => false,
    }
}

/// Everything the incident may concern: the symptom and what it depends on, what the leading theory speaks of with all that
/// depends on that, their pods and machines, and what they are built from.
fn concerned(case: &Case<'_>) -> BTreeSet<EntityId> {
    let relations = &case.board.relations;
    let called = |kind: RelationKind| {
        matches!(kind, RelationKind::Calls | RelationKind::Consumes | RelationKind::Produces)
    };
    let mut down: BTreeSet<EntityId> = case.orientation.symptom_entity.iter().cloned().collect();
    down.extend(case.orientation.incident.target.clone());
    let mut up: BTreeSet<EntityId> = BTreeSet::new();
    if let Some(leader) = case.leader() {
        let own = leader.fault_at.iter().chain([&leader.entity]).cloned();
        up.extend(own);
        let findings = leader.terms.iter().flat_map(|term| &term.findings);
        up.extend(findings.filter_map(|id| Some(case.board.findings.get(id)?.entity.clone())));
    } else {
        up.extend(case.localisation.origins.first().map(|origin| origin.entity.clone()));
    }
    down.extend(up.iter().cloned());
    // Callers of what is sick suffer, and so does what runs on it.
    let carries = |kind: RelationKind| called(kind) || kind == RelationKind::RunsOn;
    let mut above: Neighbours<'_> = BTreeMap::new();
    let mut below: Neighbours<'_> = BTreeMap::new();
    for relation in relations.iter().filter(|relation| carries(relation.kind)) {
        above.entry(&relation.to).or_default().push(&relation.from);
        below.entry(&relation.from).or_default().push(&relation.to);
    }
    spread(&mut up, &above);
    spread(&mut down, &below);
    let mut all: BTreeSet<EntityId> = down.union(&up).cloned().collect();
    // Who else uses something that suffers may suffer with it.
    let sharing: Vec<EntityId> = relations
        .iter()
        .filter(|r| called(r.kind) && all.contains(&r.to) && !is_outside(&r.to))
        .map(|r| r.from.clone())
        .collect();
    all.extend(sharing);
    let placed: Vec<EntityId> = relations
        .iter()
        .filter(|r| matches!(r.kind, RelationKind::RunsOn | RelationKind::BuiltFrom))
        .flat_map(|r| {
            let made = all.contains(&r.from).then(|| r.to.clone());
            let parts = (all.contains(&r.to) && r.to.kind != EntityKind::Node).then(|| r.from.clone());
            made.into_iter().chain(parts)
        })
        .collect();
    all.extend(placed);
    all
}

fn is_outside(entity: &EntityId) -> bool {
    entity.kind == EntityKind::External
}

/// Whom each entity leads to.
type Neighbours<'a> = BTreeMap<&'a EntityId, Vec<&'a EntityId>>;

/// Grows `reached` until `next` leads nowhere new.
fn spread(reached: &mut BTreeSet<EntityId>, next: &Neighbours<'_>) {
    let mut open: Vec<EntityId> = reached.iter().cloned().collect();
    while let Some(entity) = open.pop() {
        for other in next.get(&entity).into_iter().flatten() {
            if reached.insert((*other).clone()) {
                open.push((*other).clone());
            }
        }
    }
}
