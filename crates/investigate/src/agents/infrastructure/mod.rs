//! Infrastructure: what the state of a cluster says is wrong in it.
//!
//! Sources hand over what the cluster's tools printed; `midwatch-cluster` makes a picture of it and says what is wrong.
//! Each fault becomes a finding at the entity whose field must change, with the lines that show it as evidence.

mod measurements;
mod past;
mod well;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_cluster::{
    Capture, Certainty, Context, Fact, Fault, Kind, ObjectKey, PastChange, Picture, Standing, brought_by,
    diagnose, history, owner_of_pod,
};
use midwatch_model::{
    Answer, Citation, EntityId, EntityKind, EvidenceId, FindingKind, Gap, Question, QuestionKind, Relation,
    RelationKind, Signal, Window,
};
use midwatch_sources::{Printout, PrintoutQuery};

use super::{Agent, AgentError, AgentSpec, Draft, cut, onset_at};
use crate::board::{Board, StepAnswer};
use crate::concepts::{SUSPECTED, WORSE};
use crate::desk::{Desk, evidence};

/// The agent.
pub(crate) struct InfrastructureAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "infrastructure",
    answers: &[QuestionKind::ClusterState],
    signals: &[Signal::Infrastructure],
    calls_max: 32,
    settles: "whether the cluster refuses, misplaces, stops or misroutes something",
};

/// Faults that are put forward; the rest is far down the ranking.
const FAULTS_MAX: usize = 24;
/// What could not be read, kept as gaps.
const UNREAD_MAX: usize = 6;

impl Agent for InfrastructureAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        answer(question, desk, board).boxed()
    }
}

async fn answer(question: &Question, desk: &Desk<'_>, board: &Board) -> Result<StepAnswer, AgentError> {
    let gathered = desk.printouts(PrintoutQuery::default(), question.window).await;
    let mut result = gathered.opening(Signal::Infrastructure, SPEC.settles)?;
    let (measurements, cut) = measurements::of(question, desk, board).await;
    result.truncated.extend(cut);
    let calls = board
        .relations
        .iter()
        .filter(|relation| relation.kind == RelationKind::Calls)
        .map(|relation| (relation.from.name.clone(), relation.to.name.clone()))
        .collect();
    let mut context = Context { measurements, calls, ..Context::default() };
    for got in gathered.got {
        let Some(printouts) = got.data else { continue };
        let picture = Picture::read(capture(printouts), None);
        context.named = named(&picture, board);
        read(&picture, &context, &question.window, &got.citation, &mut result);
    }
    Ok(result)
}

/// Services and workloads that the firing alerts name.
fn named(picture: &Picture, board: &Board) -> BTreeSet<String> {
    let workloads = midwatch_cluster::workload_keys(picture).into_iter().map(|key| key.name);
    let services = picture.services.iter().map(|service| service.key.name.clone());
    workloads.chain(services).filter(|name| board.alerted.names(name)).collect()
}

fn capture(printouts: Vec<Printout>) -> Capture {
    let mut capture = Capture::default();
    for printout in printouts {
        capture.push(printout.command, printout.text);
    }
    capture
}

/// Turns one cluster's picture into findings, relations and gaps.
fn read(picture: &Picture, context: &Context, window: &Window, citation: &Citation, result: &mut StepAnswer) {
    let diagnosis = diagnose(picture, context);
    let names = Names::of(picture, &diagnosis.faults);
    let active: Vec<&Fault> =
        diagnosis.faults.iter().filter(|fault| fault.standing == Standing::Active).collect();
    let past = history(picture);
    for (rank, fault) in active.iter().take(FAULTS_MAX).enumerate() {
        put(rank, fault, brought_by(fault, &past), &names, citation, result);
    }
    if active.len() > FAULTS_MAX {
        result.truncated.push(format!("{FAULTS_MAX} of {} faults of the cluster put forward", active.len()));
    }
    let cited = overview(picture, citation);
    for relation in runs_on(picture, &names) {
        result.relations.push(Relation { evidence: vec![cited.id.clone()], ..relation });
    }
    for workload in midwatch_cluster::workload_keys(picture) {
        let entity = names.entity(&workload);
        result.seen.insert((Signal::Infrastructure, entity.clone()));
        result.entities.push(entity);
    }
    let unexplained = midwatch_cluster::unexplained(picture, &diagnosis);
    let is_seen = !midwatch_cluster::counts(picture).is_empty() && picture.unread.is_empty();
    if diagnosis.faults.is_empty() && unexplained.is_empty() && is_seen {
        let well = Draft {
            summary: "the cluster was checked and nothing in it was found wrong".to_owned(),
            ..Draft::new(
                FindingKind::StateSteady,
                EntityId::new(EntityKind::Workload, "cluster"),
                "cluster",
                cited.id.clone(),
            )
        };
        result.findings.push(well.finish());
    }
    past::put(past, &names, window, citation, result);
    let (well, cut_off) = well::well(picture, &active, &names, &cited.id);
    result.findings.extend(well);
    result.truncated.extend(cut_off);
    result.evidence.push(cited);
    for unexplained in unexplained.into_iter().take(UNREAD_MAX) {
        result.gaps.push(Gap {
            signal: Signal::Infrastructure,
            missing: unexplained.said,
            grant: format!("add what this prints to the capture: {}", unexplained.ask),
            settles: SPEC.settles.to_owned(),
        });
    }
    for unread in picture.unread.iter().take(UNREAD_MAX) {
        result.gaps.push(Gap {
            signal: Signal::Infrastructure,
            missing: format!("{}: {}", cut(&unread.source, 120), cut(&unread.why, 200)),
            grant: "capture it again, or allow reading it".to_owned(),
            settles: SPEC.settles.to_owned(),
        });
    }
    if picture.unread.len() > UNREAD_MAX {
        result.truncated.push(format!("{UNREAD_MAX} of {} unread parts named", picture.unread.len()));
    }
}

/// A fault as a finding. The first of the ranking counts most, so that the engine's order starts from the cluster's.
fn put(
    rank: usize,
    fault: &Fault,
    brought_by: Option<&PastChange>,
    names: &Names,
    citation: &Citation,
    result: &mut StepAnswer,
) {
    let mut rows = vec![vec![
        fault.kind.as_str().to_owned(),
        fault.subject.clone(),
        fault.object.kind.as_str().to_owned(),
        fault.object.namespace.clone(),
        fault.object.name.clone(),
    ]];
    let brought = brought_by.into_iter().map(|change| Fact {
        statement: format!("{} at {}", change.statement, change.at),
        ..change.facts.first().cloned().unwrap_or_default()
    });
    for fact in fault.facts.iter().cloned().chain(brought) {
        rows.push(vec![fact.statement, fact.quote, fact.source, String::new(), String::new()]);
    }
    let total = rows.len() as u64;
    let columns = ["fault", "subject", "kind", "namespace", "name"].map(str::to_owned).to_vec();
    let source = fault.facts.first().map_or("", |fact| fact.source.as_str());
    let cited = Citation { query: format!("{}: {}", citation.query, cut(source, 160)), ..citation.clone() };
    let evidence = evidence(cut(&fault.summary, 160), cited, Answer::Rows { columns, rows, total }, None);
    let z = match fault.certainty {
        Certainty::Stated => 18.0,
        Certainty::Shown => 14.0,
        Certainty::Suspected => 6.0,
    };
    let entity = names.entity(&fault.object);
    let mut draft = Draft::new(
        FindingKind::ClusterFault,
        entity.clone(),
        format!("{} {}", fault.kind.as_str(), fault.subject).trim().to_owned(),
        evidence.id.clone(),
    );
    draft.z = (z - 0.5 * rank as f64).max(4.5);
    draft.concepts = vec![WORSE.to_owned(), fault.kind.as_str().to_owned()];
    if fault.certainty == Certainty::Suspected {
        draft.concepts.push(SUSPECTED.to_owned());
    }
    draft.summary = fault.summary.clone();
    if let Some(change) = brought_by {
        let clock = change.at.strftime("%H:%M");
        draft.summary = format!("{} (brought by {} of {clock})", fault.summary, change.reference);
        draft.onset = Some(onset_at(i64::try_from(change.at.as_nanosecond()).unwrap_or(0), 60_000_000_000));
    }
    draft.remedy = Some(fault.remedy.clone());
    result.findings.push(draft.finish());
    depend(fault, names, &entity, &evidence.id, result);
    result.evidence.push(evidence);
}

/// What a fault breaks depends on the entity it sits at, also where no relation was declared.
fn depend(fault: &Fault, names: &Names, entity: &EntityId, evidence: &EvidenceId, result: &mut StepAnswer) {
    let broken: BTreeSet<EntityId> =
        fault.explains.iter().map(|key| names.entity(key)).filter(|other| other != entity).collect();
    for other in broken {
        let kind = if entity.kind == EntityKind::Node { RelationKind::RunsOn } else { RelationKind::Calls };
        result.relations.push(Relation {
            from: other,
            to: entity.clone(),
            kind,
            evidence: vec![evidence.clone()],
        });
    }
}

/// What the whole capture held, as evidence.
fn overview(picture: &Picture, citation: &Citation) -> midwatch_model::Evidence {
    let rows: Vec<Vec<String>> = midwatch_cluster::counts(picture)
        .into_iter()
        .map(|count| vec![count.what.to_owned(), count.all.to_string(), count.well.to_string()])
        .collect();
    let total = rows.len() as u64;
    let columns = ["what", "all", "well"].map(str::to_owned).to_vec();
    evidence("the cluster, counted", citation.clone(), Answer::Rows { columns, rows, total }, None)
}

/// Which workload has pods on which machine.
fn runs_on(picture: &Picture, names: &Names) -> Vec<Relation> {
    let mut pairs: BTreeSet<(EntityId, EntityId)> = BTreeSet::new();
    for pod in picture.pods.iter() {
        let node = pod.object.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
        if let Some(node) = node.filter(|node| !node.is_empty()) {
            let workload = names.entity(&owner_of_pod(picture, pod));
            pairs.insert((workload, EntityId::new(EntityKind::Node, node.clone())));
        }
    }
    pairs
        .into_iter()
        .map(|(from, to)| Relation { from, to, kind: RelationKind::RunsOn, evidence: Vec::new() })
        .collect()
}

/// Names of the entities that objects of a cluster stand for.
struct Names {
    /// Entities that objects of more than one namespace would be.
    shared: BTreeSet<EntityId>,
}

impl Names {
    /// Of all objects that a picture or its faults speak of.
    fn of(picture: &Picture, faults: &[Fault]) -> Names {
        let workloads = midwatch_cluster::workload_keys(picture);
        let services = picture.services.iter().map(|service| &service.key);
        let spoken_of = faults.iter().flat_map(|fault| fault.explains.iter().chain([&fault.object]));
        let mut places: BTreeMap<EntityId, &str> = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for key in workloads.iter().chain(services).chain(spoken_of) {
            let entity = plain_entity(key);
            if places.get(&entity).is_some_and(|place| *place != key.namespace) {
                shared.insert(entity);
            } else {
                places.insert(entity, &key.namespace);
            }
        }
        Names { shared }
    }

    /// The entity an object stands for. Its namespace is part of it only where another object of that name stands in
    /// another one: metrics, logs and spans mostly name no namespace, and must still meet it.
    fn entity(&self, key: &ObjectKey) -> EntityId {
        let mut entity = plain_entity(key);
        if self.shared.contains(&entity) && !key.namespace.is_empty() {
            entity.scope.namespace = Some(key.namespace.clone());
        }
        entity
    }
}

/// The entity an object stands for, wherever it is. A workload and the service in front of it are one thing under one
/// name, as its metrics, logs and spans call it; other objects keep their kind in their name.
fn plain_entity(key: &ObjectKey) -> EntityId {
    match key.kind {
        Kind::Node => EntityId::new(EntityKind::Node, key.name.clone()),
        Kind::Service => EntityId::service(key.name.clone()),
        kind if kind.is_workload() => EntityId::service(key.name.clone()),
        kind => EntityId::new(EntityKind::Workload, format!("{} {}", kind.as_str(), key.name)),
    }
}

#[cfg(test)]
mod tests {
    use midwatch_cluster::FaultKind;

    use super::*;
    use crate::mechanisms::MechanismSet;

    #[test]
    fn objects_of_one_name_in_two_namespaces_stay_apart() {
        let deployment = |name: &str, namespace: &str| {
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}, uid: d}}\n"
            )
        };
        let mut capture = Capture::default();
        let text = [deployment("web", "a"), deployment("web", "b"), deployment("db", "a")].concat();
        capture.push("deployments.yaml", text);
        let picture = Picture::read(capture, None);
        let names = Names::of(&picture, &[]);
        let entities: Vec<String> = midwatch_cluster::workload_keys(&picture)
            .iter()
            .map(|key| names.entity(key).to_string())
            .collect();
        assert_eq!(entities, ["service/db", "service/a/web", "service/b/web"]);
    }

    #[test]
    fn every_fault_of_a_cluster_is_a_mechanism_and_stands_in_the_guide() {
        let set = MechanismSet::load(&[]).unwrap();
        let guide = include_str!("../../../../../docs/guide/kubernetes.md");
        for kind in FaultKind::ALL {
            let word = kind.as_str();
            let predicted = set.iter().any(|mechanism| {
                // A symptom says how something fails and never why.
                mechanism.is_cause != kind.is_symptom()
                    && mechanism.predicts.iter().any(|seen| seen.concepts.iter().any(|one| one == word))
            });
            assert!(predicted, "no mechanism predicts {word}");
            assert!(guide.contains(&format!("| `{word}` | {} |", kind.title())), "no row for {word}");
        }
    }
}
