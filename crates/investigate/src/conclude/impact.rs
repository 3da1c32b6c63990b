//! What users felt, how it spread, and what happened when.

use midwatch_model::{
    AlertState, Claim, EntityId, FindingKind, Impact, Measure, RelationKind, Spread, SpreadEdge,
    TimelineEvent, TimelineKind, Timestamp, Victim,
};

use super::advice::is_rollback;
use super::report::Case;
use super::verdict::{change_text, clock};
use crate::agents::{cut, number};
use crate::rounds::is_worse;
use crate::stages::Condition;

/// Changes this long before the onset still belong on the timeline.
const TIMELINE_BEFORE_S: i64 = 6 * 3600;

/// Events shown for each entity on the timeline.
const ONSETS_PER_ENTITY: usize = 3;

pub(super) fn spread(case: &Case<'_>) -> Spread {
    if matches!(case.orientation.condition, Condition::Healthy | Condition::Blind) {
        return Spread::default();
    }
    let origin = case
        .leader()
        .map(|leader| leader.fault_at.as_ref().unwrap_or(&leader.entity).clone())
        .or_else(|| case.localisation.origins.first().map(|origin| origin.entity.clone()));
    let mut victims: Vec<Victim> = Vec::new();
    for entity in &case.localisation.sick {
        if origin.as_ref() == Some(entity) {
            continue;
        }
        let mut worse: Vec<_> = case.board.findings_at(entity).filter(|finding| is_worse(finding)).collect();
        if !worse.iter().any(|finding| is_felt(finding)) {
            continue;
        }
        worse.sort_by(|a, b| {
            let felt = |finding: &midwatch_model::Finding| {
                !matches!(finding.measure, Some(Measure::Errors | Measure::Availability | Measure::Latency))
            };
            felt(a).cmp(&felt(b)).then(b.strength.z.total_cmp(&a.strength.z)).then(a.id.cmp(&b.id))
        });
        let Some(first) = worse.first() else { continue };
        let Some(claim) = Claim::from_evidence(first.summary.clone(), &first.evidence) else { continue };
        let onset = worse.iter().filter_map(|finding| finding.onset).min_by_key(|onset| onset.at);
        victims.push(Victim { entity: entity.clone(), claim, onset });
    }
    let involved =
        |entity: &EntityId| origin.as_ref() == Some(entity) || victims.iter().any(|v| v.entity == *entity);
    let edges = case
        .board
        .relations
        .iter()
        .filter(|relation| {
            involved(&relation.from) && involved(&relation.to) && relation.kind != RelationKind::OwnedBy
        })
        .map(|relation| SpreadEdge {
            from: relation.from.clone(),
            to: relation.to.clone(),
            kind: relation.kind,
            evidence: relation.evidence.clone(),
        })
        .collect();
    Spread { origin, victims, edges }
}

/// Whether a departure is suffering and not only more use of a resource, which healthy growth looks like too.
fn is_felt(finding: &midwatch_model::Finding) -> bool {
    match finding.measure {
        _ if finding.kind == FindingKind::MetricSaturated => true,
        Some(measure) => matches!(
            measure,
            Measure::Errors
                | Measure::Availability
                | Measure::Latency
                | Measure::Throughput
                | Measure::Crashes
                | Measure::Restarts
                | Measure::QueueAge
                | Measure::QueueDepth
                | Measure::Locks
                | Measure::ReplicationLag
        ),
        None => !matches!(
            finding.kind,
            FindingKind::SpanFanOut
                | FindingKind::SpanSlow
                | FindingKind::AttributeChange
                | FindingKind::FollowsLoad
        ),
    }
}

pub(super) fn impact(case: &Case<'_>) -> Impact {
    let onset = case.localisation.onset.or(case.orientation.symptom_onset);
    if matches!(case.orientation.condition, Condition::Healthy | Condition::Blind) {
        return Impact::default();
    }
    let mut claims = Vec::new();
    let ongoing = case.orientation.condition == Condition::Sick;
    let ended_at = case.orientation.ended_at;
    if let Some(onset) = onset {
        let evidence = if case.localisation.onset_evidence.is_empty() {
            &case.orientation.condition_evidence
        } else {
            &case.localisation.onset_evidence
        };
        let end = match ended_at {
            Some(at) => format!("over by {}", clock(at)),
            None if ongoing => "still on at the end of what was seen".to_owned(),
            None => "over".to_owned(),
        };
        let text = format!(
            "began at {} (± {} s), {end}",
            onset.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
            onset.uncertainty_s
        );
        claims.extend(Claim::from_evidence(text, evidence));
    }
    let share = entry_share(case, onset.map(|onset| onset.at), ended_at);
    if let Some(felt) = &share {
        let text = share_text(case, felt, onset.map(|onset| onset.at), ended_at);
        claims.extend(Claim::from_evidence(text, std::slice::from_ref(&felt.evidence)));
        if let Some(failed) = felt.failed_requests {
            let text = format!("about {} requests failed at {}", number(failed), felt.entity.name);
            claims.extend(Claim::from_evidence(text, std::slice::from_ref(&felt.evidence)));
        }
    }
    Impact {
        onset,
        ended_at,
        ongoing,
        failed_share: share.as_ref().map(|felt| felt.share),
        failed_requests: share.as_ref().and_then(|felt| felt.failed_requests),
        operations: case.board.operations.iter().take(5).cloned().collect(),
        claims,
    }
}

/// The failed share in words: over the whole time, and over the part of it in which requests failed when that began later.
fn share_text(
    case: &Case<'_>,
    felt: &Felt<'_>,
    onset: Option<Timestamp>,
    ended_at: Option<Timestamp>,
) -> String {
    let name = &felt.entity.name;
    let plain = format!("{} of requests failed at {name} ({})", percent(felt.share), felt.metric);
    let series = case.board.failed_shares.iter().find(|share| share.evidence == felt.evidence);
    let failing_from = case
        .board
        .findings_at(felt.entity)
        .filter(|finding| is_worse(finding) && finding.evidence.contains(&felt.evidence))
        .filter_map(|finding| finding.onset)
        .map(|onset| onset.at)
        .min();
    let (Some(onset), Some(from), Some(series)) = (onset, failing_from, series) else { return plain };
    if from.duration_since(onset).as_secs() < FELT_LATER_S {
        return plain;
    }
    let Some(felt_part) = average(series, Some(from), ended_at) else { return plain };
    format!(
        "{} of requests failed at {name} since {} ({}); {} counted from the onset",
        percent(felt_part.share),
        clock(from),
        felt.metric,
        percent(felt.share)
    )
}

/// Seconds after the onset from which it is said that users felt it later.
const FELT_LATER_S: i64 = 600;

/// A share of failed requests, averaged.
struct Felt<'a> {
    entity: &'a EntityId,
    metric: &'a str,
    share: f64,
    failed_requests: Option<f64>,
    evidence: midwatch_model::EvidenceId,
}

/// The failed share since onset at the entity users meet first: one that nothing calls, else the symptom's.
fn entry_share<'a>(
    case: &'a Case<'_>,
    onset: Option<Timestamp>,
    ended_at: Option<Timestamp>,
) -> Option<Felt<'a>> {
    let shares: Vec<Felt<'a>> =
        case.board.failed_shares.iter().filter_map(|share| average(share, onset, ended_at)).collect();
    let related = |entity: &EntityId, called: bool| {
        case.board.relations.iter().any(|relation| {
            relation.kind == RelationKind::Calls
                && *entity == *(if called { &relation.to } else { &relation.from })
        })
    };
    let symptom = case.orientation.symptom_entity.as_ref();
    let class = |felt: &Felt<'_>| {
        if related(felt.entity, false) && !related(felt.entity, true) {
            0
        } else if Some(felt.entity) == symptom {
            1
        } else {
            2
        }
    };
    shares.into_iter().min_by(|a, b| {
        class(a).cmp(&class(b)).then(b.share.total_cmp(&a.share)).then_with(|| a.metric.cmp(b.metric))
    })
}

fn average<'a>(
    share: &'a crate::board::FailedShare,
    onset: Option<Timestamp>,
    ended_at: Option<Timestamp>,
) -> Option<Felt<'a>> {
    let nanoseconds = |at: Timestamp| i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX);
    let from = onset.map_or(i64::MIN, nanoseconds);
    let to = ended_at.map_or(i64::MAX, nanoseconds);
    let inside: Vec<_> = share.points.iter().filter(|(at, _, _)| (from..to).contains(at)).collect();
    if inside.is_empty() {
        return None;
    }
    let mean = inside.iter().map(|(_, share, _)| share).sum::<f64>() / inside.len() as f64;
    let mut steps: Vec<i64> = share.points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    steps.sort_unstable();
    let step_s = steps.get(steps.len() / 2).map(|step| *step as f64 / 1e9);
    let failed: Option<f64> = inside.iter().map(|(_, share, load)| Some(share * (*load)? * step_s?)).sum();
    Some(Felt {
        entity: &share.entity,
        metric: &share.metric,
        share: mean,
        failed_requests: failed,
        evidence: share.evidence.clone(),
    })
}

pub(super) fn timeline(case: &Case<'_>) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    let leader = case.leader();
    let leading_change = leader.and_then(|leader| leader.change.clone());
    let onset = case.localisation.onset.or(case.orientation.symptom_onset).map(|onset| onset.at);
    for candidate in case.candidates {
        let Some(change) = case.board.changes.get(&candidate.change) else { continue };
        let leading = leading_change.as_ref() == Some(&change.id);
        let near = onset.is_none_or(|onset| {
            let lag = onset.duration_since(candidate.at).as_secs();
            (-1800..=TIMELINE_BEFORE_S).contains(&lag)
        });
        let head = candidate.reach == crate::theories::Reach::Direct;
        if !leading && (!near || !head) {
            continue;
        }
        let evidence: Vec<_> = [candidate.deploy.as_ref(), Some(&candidate.change)]
            .into_iter()
            .flatten()
            .filter_map(|id| case.board.change_evidence.get(id).cloned())
            .collect();
        let by = candidate.deploy.as_ref().and_then(|id| case.board.changes.get(id));
        let what = by.map_or(change.kind, |by| by.kind).as_str();
        let entity = &candidate.entity.name;
        let text = match by {
            Some(deploy) if is_rollback(case, deploy) => {
                format!("{what} put {} of {entity} back: {}", cut(&deploy.reference, 40), change_text(change))
            }
            _ => {
                let told = change_text(change);
                let own = told.strip_prefix(what).and_then(|rest| rest.strip_prefix(' ')).unwrap_or(&told);
                format!("{what} reached {entity}: {own}")
            }
        };
        let Some(claim) = Claim::from_evidence(text, &evidence) else { continue };
        events.push(TimelineEvent {
            at: candidate.at,
            kind: TimelineKind::Change,
            entity: Some(candidate.entity.clone()),
            claim,
            change: Some(change.id.clone()),
            leading,
        });
    }
    onsets(case, &mut events);
    for alert in &case.orientation.incident.alerts {
        let moments = [
            (alert.fired_at, "fired"),
            (alert.resolved_at.filter(|_| alert.state == AlertState::Resolved), "ended"),
        ];
        for (at, what) in moments.into_iter().filter_map(|(at, what)| Some((at?, what))) {
            let name = if alert.name.is_empty() { "alert" } else { alert.name.as_str() };
            let text = format!("alert {what}: {}", cut(name, 100));
            let Some(claim) = Claim::from_evidence(text, &case.orientation.incident.evidence) else {
                continue;
            };
            events.push(TimelineEvent {
                at,
                kind: TimelineKind::Alert,
                entity: case.orientation.incident.target.clone(),
                claim,
                change: None,
                leading: false,
            });
        }
    }
    if let Some(at) = case.orientation.ended_at
        && let Some(claim) = Claim::from_evidence("back to normal", &case.orientation.condition_evidence)
    {
        events.push(TimelineEvent {
            at,
            kind: TimelineKind::Recovery,
            entity: case.orientation.symptom_entity.clone(),
            claim,
            change: None,
            leading: false,
        });
    }
    events.sort_by(|a, b| (a.at, a.kind, a.claim.text()).cmp(&(b.at, b.kind, b.claim.text())));
    events.dedup_by(|a, b| a.at == b.at && a.claim.text() == b.claim.text());
    events
}

fn onsets(case: &Case<'_>, events: &mut Vec<TimelineEvent>) {
    let supporting: Vec<_> = case
        .leader()
        .map(|leader| leader.terms.iter().flat_map(|t| t.findings.clone()).collect())
        .unwrap_or_default();
    for entity in &case.localisation.sick {
        let mut found: Vec<_> = case
            .board
            .findings_at(entity)
            .filter(|finding| is_worse(finding) && finding.onset.is_some())
            .filter(|finding| !matches!(finding.kind, FindingKind::AttributeChange))
            .collect();
        found.sort_by(|a, b| {
            (a.onset.map(|onset| onset.at), &a.id).cmp(&(b.onset.map(|onset| onset.at), &b.id))
        });
        for finding in found.into_iter().take(ONSETS_PER_ENTITY) {
            let (Some(onset), Some(claim)) =
                (finding.onset, Claim::from_evidence(finding.summary.clone(), &finding.evidence))
            else {
                continue;
            };
            events.push(TimelineEvent {
                at: onset.at,
                kind: TimelineKind::Onset,
                entity: Some(entity.clone()),
                claim,
                change: None,
                leading: supporting.contains(&finding.id),
            });
        }
    }
}

pub(super) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.01 {
        format!("{:.2} %", share * 100.0)
    } else {
        format!("{:.0} %", share * 100.0)
    }
}
