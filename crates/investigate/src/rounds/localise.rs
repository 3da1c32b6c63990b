//! Rounds two and three: where did it start, and which findings speak of a mechanism. Blame moves down the graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use midwatch_analysis::graph::{
    Anomaly, EdgeAnomaly, Graph, LoadRise, NodeId, Origin, RankOptions, RankedOrigin, Reason, Symptom,
    rank_origins,
};
use midwatch_model::{
    EntityId, EvidenceId, Finding, FindingKind, Measure, Onset, Question, QuestionKind, RelationKind, Round,
    SignedDuration, Timestamp,
};

use super::Session;
use super::orient::is_worse;
use crate::InvestigateError;
use crate::board::Board;
use crate::concepts::CANCELLED;
use crate::stages::{Localisation, Orientation, OriginRank};
use crate::theories::duration_text;

/// Asks spans and logs of everything in reach; its metrics were asked for when the window was found.
pub(crate) async fn explain(
    orientation: &Orientation,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<(), InvestigateError> {
    let question = |kind| Question {
        kind,
        entities: Vec::new(),
        window: orientation.window,
        baseline: orientation.baseline,
        changes: Vec::new(),
        theory: None,
    };
    let spans = question(QuestionKind::SpanBehaviour);
    let because = "spans tell who calls whom and which operation fails first";
    session.ask(Round::Localise, &[(spans, because)], board).await?;
    let onset = earliest(orientation, board);
    let mut logs = question(QuestionKind::LogPatterns);
    // A sample tells of the time since the one before it: what began may have begun that much earlier, and its first
    // messages must not count as normal.
    logs.baseline = onset
        .and_then(|onset| {
            onset.at.checked_sub(SignedDuration::from_secs(i64::from(onset.uncertainty_s))).ok()
        })
        .and_then(|end| midwatch_model::Window::new(orientation.window.start(), end))
        .or(orientation.baseline);
    session
        .ask(Round::Explain, &[(logs, "messages name what breaks in the program's own words")], board)
        .await
}

/// The earliest sustained departure among the metrics, for telling a log baseline.
fn earliest(orientation: &Orientation, board: &Board) -> Option<Onset> {
    let felt = orientation.symptom_onset;
    board
        .findings
        .values()
        .filter(|finding| is_worse(finding) && finding.measure.is_some())
        .filter_map(|finding| finding.onset)
        .chain(felt)
        .min_by_key(|onset| onset.at)
}

/// Ranks where it may have started.
pub(crate) fn localise(orientation: &Orientation, board: &Board) -> Localisation {
    let mut entities: BTreeSet<EntityId> = board.entities.iter().cloned().collect();
    for finding in board.findings.values() {
        entities.insert(finding.entity.clone());
        entities.extend(finding.peer.clone());
    }
    for relation in &board.relations {
        entities.insert(relation.from.clone());
        entities.insert(relation.to.clone());
    }
    let entities: Vec<EntityId> = entities.into_iter().collect();
    let index: BTreeMap<&EntityId, NodeId> = entities
        .iter()
        .enumerate()
        .map(|(at, entity)| (entity, NodeId(u32::try_from(at).unwrap_or(u32::MAX))))
        .collect();
    let nodes: Vec<Anomaly> = entities.iter().map(|entity| anomaly(entity, board)).collect();
    let mut graph = Graph::new(nodes);
    for relation in &board.relations {
        let (Some(from), Some(to)) = (index.get(&relation.from), index.get(&relation.to)) else { continue };
        graph.relate(*from, *to, relation.kind, edge_anomaly(&relation.from, &relation.to, board));
    }
    let options = RankOptions { sick_min: 3.0, ..RankOptions::default() };
    let ranked = rank_origins(&graph, &options);
    let mut origins: Vec<OriginRank> = Vec::new();
    for origin in &ranked {
        let node = match origin.at {
            Origin::Node { node } => node,
            Origin::Edge { from, .. } => from,
        };
        let Some(entity) = entities.get(node.0 as usize) else { continue };
        if origins.iter().any(|known| known.entity == *entity) {
            continue;
        }
        origins.push(origin_rank(entity, origin, &graph, &entities));
    }
    let (linked, near) = neighbourhood(orientation, &origins, board);
    origins.retain(|origin| near.contains(&origin.entity));
    for origin in &mut origins {
        origin.unlinked = orientation.symptom_entity.is_some() && !linked.contains(&origin.entity);
    }
    let (onset, onset_evidence) = onset_of(orientation, board, &near);
    let sick = near.iter().filter(|entity| board.findings_at(entity).any(is_worse)).cloned().collect();
    Localisation { origins, sick, onset, onset_evidence }
}

fn origin_rank(entity: &EntityId, origin: &RankedOrigin, graph: &Graph, entities: &[EntityId]) -> OriginRank {
    let node = match origin.at {
        Origin::Node { node } => node,
        Origin::Edge { from, .. } => from,
    };
    let measured = graph.anomaly(node).is_some_and(|anomaly| anomaly.measured);
    let explained = origin.explained_by_dependencies > 0.5;
    let explained_by = if explained {
        graph
            .relations()
            .filter(|(from, to, _, _)| {
                *from == node && graph.anomaly(*to).is_some_and(|anomaly| anomaly.any >= 3.0)
            })
            .filter_map(|(_, to, _, _)| entities.get(to.0 as usize).cloned())
            .collect()
    } else {
        Vec::new()
    };
    OriginRank {
        entity: entity.clone(),
        share: origin.share,
        reasons: origin.reasons.iter().map(|reason| reason_text(reason, entities)).collect(),
        unmeasured: !measured,
        unlinked: false,
        explains: origin.explains.iter().filter_map(|node| entities.get(node.0 as usize).cloned()).collect(),
        explained_by,
    }
}

fn reason_text(reason: &Reason, entities: &[EntityId]) -> String {
    let name =
        |node: &NodeId| entities.get(node.0 as usize).map_or("?", |entity| entity.name.as_str()).to_owned();
    let count = |count: u32, one: &str, many: &str| {
        if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
    };
    match reason {
        Reason::OwnSick { .. } => "it is sick in itself".to_owned(),
        Reason::OwnWell => "it is well in itself".to_owned(),
        Reason::DependenciesWell { count: n } => {
            format!("{} of it stayed well", count(*n, "dependency", "dependencies"))
        }
        Reason::DependenciesSick { explained } => {
            format!("its dependencies explain {:.0} % of its trouble", explained * 100.0)
        }
        Reason::Explains { count: n } => {
            format!("it explains {}", count(*n, "other sick entity", "other sick entities"))
        }
        Reason::Earlier { lead_ns } => {
            format!("it became sick {} before them", duration_text(lead_ns / 1_000_000_000))
        }
        Reason::Later { lag_ns } => {
            format!("it became sick {} after some of them", duration_text(lag_ns / 1_000_000_000))
        }
        Reason::SharedBySick { sick, of } => format!("{sick} of {of} entities that share it are sick"),
        Reason::NamedByCallers { callers } => {
            format!(
                "errors of {} name it, and nothing of it was measured",
                count(*callers, "caller", "callers")
            )
        }
        Reason::LostBetween { .. } => "time or calls are lost on the way".to_owned(),
        Reason::EdgesShareIt { sick, of } => format!("{sick} of {of} of its connections lose time or calls"),
        Reason::BacklogOfItsQueue { queue } => format!("messages wait in {}, which it consumes", name(queue)),
        Reason::LoadSurge => "load rose here first".to_owned(),
        Reason::Amplifies => "it makes more calls for each request".to_owned(),
    }
}

/// How sick an entity is, from its findings.
fn anomaly(entity: &EntityId, board: &Board) -> Anomaly {
    let measured = board.seen.iter().any(|(_, seen)| seen == entity);
    let mut anomaly = Anomaly { measured, ..Anomaly::default() };
    let mut own: f64 = 0.0;
    let mut own_told = false;
    let asked_for = asked_for_by_callers(entity, board);
    for finding in board.findings_at(entity) {
        anomaly.measured = true;
        if finding.measure == Some(Measure::Load) && finding.strength.effect > 1.3 && is_departure(finding) {
            if asked_for.is_some() {
                continue;
            }
            if anomaly.load.as_ref().is_some_and(|known| known.score >= finding.strength.z.min(20.0)) {
                continue;
            }
            anomaly.load = Some(LoadRise {
                score: finding.strength.z.min(20.0),
                onset_ns: finding.onset.map(onset_ns),
                explains: follows_load(entity, board),
            });
            continue;
        }
        // Work that its caller gave up is the caller's doing.
        if !is_worse(finding) || finding.concepts.iter().any(|concept| concept == CANCELLED) {
            continue;
        }
        let score = finding.strength.z.min(20.0);
        anomaly.any = anomaly.any.max(score);
        if is_own(finding) {
            own = own.max(score);
            own_told = true;
        }
        if let Some(onset) = finding.onset {
            let at = onset_ns(onset);
            if anomaly.onset_ns.is_none_or(|known| at < known) {
                anomaly.onset_ns = Some(at);
                anomaly.onset_uncertainty_ns = i64::from(onset.uncertainty_s) * 1_000_000_000;
            }
        }
        if let Some(symptom) = symptom_of(finding)
            && !anomaly.symptoms.contains(&symptom)
        {
            anomaly.symptoms.push(symptom);
        }
    }
    if serves_well(entity, board) {
        let counts = if asked_for.is_some() { ASKED_FOR_AND_WELL } else { USE_WITHOUT_SUFFERING };
        anomaly.any *= counts;
        own *= counts;
    }
    anomaly.symptoms.sort();
    anomaly.own = own_told.then_some(own);
    anomaly
}

/// What a departure counts for at an entity that serves its users as well as ever: it works harder, and suffers nothing.
const USE_WITHOUT_SUFFERING: f64 = 0.3;

/// What it counts for when, besides, all it does more is what its callers ask for.
const ASKED_FOR_AND_WELL: f64 = 0.1;

/// A callee's load must have grown this much more than its callers' for these to ask more for each request.
const LOAD_OUTGROWN: f64 = 1.5;

/// Whether latency and failures of an entity were measured, stayed normal, and no message or span of it says otherwise.
fn serves_well(entity: &EntityId, board: &Board) -> bool {
    let felt = |finding: &&Finding| {
        matches!(finding.measure, Some(Measure::Latency | Measure::Errors | Measure::Availability))
    };
    let suffers = |finding: &Finding| {
        let waits = is_work_waiting(finding) || finding.kind == FindingKind::MetricSaturated;
        is_worse(finding) && (felt(&finding) || finding.measure.is_none() || waits)
    };
    let waited_for = |finding: &Finding| {
        let waits = matches!(finding.kind, FindingKind::SpanSlow | FindingKind::SpanErrorOrigin);
        waits && is_worse(finding) && finding.peer.as_ref() == Some(entity)
    };
    if board.findings.values().any(waited_for) {
        return false;
    }
    board.findings_at(entity).filter(felt).count() > 0 && !board.findings_at(entity).any(suffers)
}

fn is_work_waiting(finding: &Finding) -> bool {
    matches!(
        finding.measure,
        Some(
            Measure::QueueAge
                | Measure::QueueDepth
                | Measure::Restarts
                | Measure::Crashes
                | Measure::Throughput
        )
    )
}

/// How much the load of an entity grew: 1 when it was measured and stayed, `None` when it was not measured.
fn load_growth(entity: &EntityId, board: &Board) -> Option<(f64, f64)> {
    let loads = board.findings_at(entity).filter(|finding| finding.measure == Some(Measure::Load));
    loads
        .map(
            |finding| {
                if is_departure(finding) { (finding.strength.effect, finding.strength.z) } else { (1.0, 0.0) }
            },
        )
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

/// The caller that asks more of `entity` for each request of its own, with how clearly: the load of the entity rose, that
/// of everything that calls it did not, or far less. `None` when load came from outside or nobody measured the callers.
pub(crate) fn asked_for_by_callers(entity: &EntityId, board: &Board) -> Option<(EntityId, f64)> {
    let (growth, z) = load_growth(entity, board)?;
    let callers = board
        .relations
        .iter()
        .filter(|relation| relation.kind == RelationKind::Calls && relation.to == *entity);
    let measured: Vec<(EntityId, f64)> = callers
        .filter_map(|relation| Some((relation.from.clone(), load_growth(&relation.from, board)?.0)))
        .collect();
    let most = measured.iter().map(|(_, growth)| *growth).fold(1.0, f64::max);
    if growth <= LOAD_OUTGROWN * most {
        return None;
    }
    // Of several callers the one that is in trouble itself asks more; else the first by name.
    let sick =
        |caller: &EntityId| board.findings_at(caller).any(|finding| is_worse(finding) && is_own(finding));
    let caller = measured.iter().find(|(caller, _)| sick(caller)).or_else(|| measured.first())?;
    Some((caller.0.clone(), z))
}

fn onset_ns(onset: Onset) -> i64 {
    i64::try_from(onset.at.as_nanosecond()).unwrap_or(i64::MAX)
}

fn is_departure(finding: &Finding) -> bool {
    matches!(finding.kind, FindingKind::MetricShift | FindingKind::MetricRamp)
}

fn follows_load(entity: &EntityId, board: &Board) -> f64 {
    if board.findings_at(entity).any(|finding| finding.kind == FindingKind::FollowsLoad) { 0.9 } else { 0.2 }
}

/// Whether a finding speaks of the entity's own work rather than of what it waits for.
fn is_own(finding: &Finding) -> bool {
    match finding.kind {
        FindingKind::SpanFanOut | FindingKind::SpanRetries => true,
        FindingKind::SpanSlow
        | FindingKind::SpanErrorOrigin
        | FindingKind::Exception
        | FindingKind::LogNew
        | FindingKind::LogSurge => finding.peer.is_none(),
        FindingKind::MetricSaturated | FindingKind::ClusterFault => true,
        FindingKind::MetricShift | FindingKind::MetricRamp => !matches!(
            finding.measure,
            Some(
                Measure::Latency
                    | Measure::Errors
                    | Measure::Availability
                    | Measure::Throughput
                    | Measure::Load
                    | Measure::Other
                    | Measure::QueueDepth
                    | Measure::Threads
                    | Measure::Connections
                    | Measure::Locks
            )
        ),
        _ => false,
    }
}

fn symptom_of(finding: &Finding) -> Option<Symptom> {
    Some(match finding.kind {
        FindingKind::LogNew | FindingKind::LogSurge | FindingKind::Exception => Symptom::Log,
        FindingKind::SpanErrorOrigin => Symptom::Errors,
        FindingKind::SpanSlow | FindingKind::SlowEdge => Symptom::Latency,
        FindingKind::MetricSaturated | FindingKind::ClusterFault => Symptom::Resource,
        FindingKind::MetricShift | FindingKind::MetricRamp => match finding.measure? {
            Measure::Latency => Symptom::Latency,
            Measure::Errors | Measure::Availability => Symptom::Errors,
            Measure::Restarts | Measure::Crashes => Symptom::Crash,
            Measure::QueueAge | Measure::QueueDepth => Symptom::Backlog,
            Measure::Throughput | Measure::Replicas => Symptom::Absence,
            _ => Symptom::Resource,
        },
        _ => return None,
    })
}

fn edge_anomaly(from: &EntityId, to: &EntityId, board: &Board) -> EdgeAnomaly {
    let mut anomaly = EdgeAnomaly::default();
    for finding in board.findings_at(from).filter(|finding| finding.peer.as_ref() == Some(to)) {
        let score = finding.strength.z.min(20.0);
        match finding.kind {
            FindingKind::SlowEdge => {
                anomaly.measured = true;
                anomaly.score = anomaly.score.max(score);
            }
            FindingKind::SpanFanOut | FindingKind::SpanRetries => {
                anomaly.amplified = anomaly.amplified.max(score)
            }
            FindingKind::LogNew
            | FindingKind::LogSurge
            | FindingKind::SpanErrorOrigin
            | FindingKind::SpanSlow
            | FindingKind::Exception => {
                anomaly.blamed = anomaly.blamed.max(score);
            }
            _ => continue,
        }
        if let Some(onset) = finding.onset {
            let at = onset_ns(onset);
            anomaly.onset_ns = Some(anomaly.onset_ns.map_or(at, |known| known.min(at)));
        }
    }
    let more_calls = |finding: &Finding| {
        matches!(finding.measure, Some(Measure::CallsPerRequest | Measure::Retries)) && is_worse(finding)
    };
    if let Some((caller, z)) = asked_for_by_callers(to, board)
        && caller == *from
    {
        anomaly.amplified = anomaly.amplified.max(z.min(20.0));
    }
    if let Some(finding) = board.findings_at(from).find(|finding| more_calls(finding)) {
        anomaly.amplified = anomaly.amplified.max(finding.strength.z.min(20.0));
    }
    anomaly
}

/// Entities connected with the symptom: relations either way, then findings' peers; everything when nothing is
/// connected. In order of distance from the symptom; those that relations reach by themselves, too.
fn neighbourhood(
    orientation: &Orientation,
    origins: &[OriginRank],
    board: &Board,
) -> (BTreeSet<EntityId>, Vec<EntityId>) {
    let Some(start) = &orientation.symptom_entity else {
        return (BTreeSet::new(), origins.iter().map(|origin| origin.entity.clone()).collect());
    };
    let mut order = vec![start.clone()];
    let mut queue = VecDeque::from([start.clone()]);
    let mut related: BTreeMap<&EntityId, BTreeSet<&EntityId>> = BTreeMap::new();
    for relation in &board.relations {
        related.entry(&relation.from).or_default().insert(&relation.to);
        related.entry(&relation.to).or_default().insert(&relation.from);
    }
    for finding in board.findings.values() {
        if let Some(peer) = &finding.peer {
            related.entry(&finding.entity).or_default().insert(peer);
            related.entry(peer).or_default().insert(&finding.entity);
        }
    }
    let connected = related.contains_key(start);
    while let Some(entity) = queue.pop_front() {
        for other in related.get(&entity).into_iter().flatten() {
            if !order.contains(other) {
                order.push((*other).clone());
                queue.push_back((*other).clone());
            }
        }
    }
    let linked: BTreeSet<EntityId> = order.iter().cloned().collect();
    // What no relation reaches is kept behind the rest: missing traces must not hide a machine or a queue.
    let few = !connected || board.relations.is_empty();
    for origin in origins {
        let unrelated = !related.contains_key(&origin.entity);
        if (few || unrelated) && !order.contains(&origin.entity) {
            order.push(origin.entity.clone());
        }
    }
    (linked, order)
}

/// The earliest sustained departure for the worse near the symptom, not later than the symptom itself.
fn onset_of(orientation: &Orientation, board: &Board, near: &[EntityId]) -> (Option<Onset>, Vec<EvidenceId>) {
    let felt_at = orientation.symptom_onset.map(|onset| onset.at);
    let mut candidates: Vec<&Finding> = board
        .findings
        .values()
        .filter(|finding| is_worse(finding) && near.contains(&finding.entity))
        .filter(|finding| finding.measure.is_some() && finding.onset.is_some())
        .filter(|finding| lasted_until(finding, felt_at))
        .collect();
    if candidates.is_empty() {
        candidates = board
            .findings
            .values()
            .filter(|finding| is_worse(finding) && near.contains(&finding.entity) && finding.onset.is_some())
            .collect();
    }
    match agreed(&candidates) {
        Some(finding) => (finding.onset, finding.evidence.clone()),
        None => (orientation.symptom_onset, Vec::new()),
    }
}

/// The earliest onset, unless more series than it began together within twice its uncertainty: a lone series that seems
/// to lead by less than can be told apart is noise, and the median of those that began together is the better estimate.
fn agreed<'b>(candidates: &[&'b Finding]) -> Option<&'b Finding> {
    let mut dated: Vec<(Onset, &Finding)> =
        candidates.iter().filter_map(|finding| Some((finding.onset?, *finding))).collect();
    dated.sort_by(|(a, x), (b, y)| (a.at, a.uncertainty_s, &x.id).cmp(&(b.at, b.uncertainty_s, &y.id)));
    let (first, _) = dated.first()?;
    let reach_s = 2.0 * f64::from(first.uncertainty_s);
    let together =
        dated.partition_point(|(onset, _)| onset.at.duration_since(first.at).as_secs_f64() <= reach_s);
    dated.get((together - 1) / 2).map(|(_, finding)| *finding)
}

fn lasted_until(finding: &Finding, felt_at: Option<Timestamp>) -> bool {
    match (finding.ended_at, felt_at) {
        (Some(ended), Some(felt)) => ended >= felt,
        _ => true,
    }
}
