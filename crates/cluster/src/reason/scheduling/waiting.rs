//! Pods that wait for a machine, workload by workload.

use std::collections::{BTreeMap, BTreeSet};

use super::affinity::{Labels, required};
use super::blame::blame;
use super::fault::{Found, fault, preempted};
use super::filters::{Seeker, failures};
use super::machines::{World, node_of, world};
use super::message::{Predicate, reasons};
use crate::context::Context;
use crate::fault::Fault;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Fact, Picture, Record, ServiceState, pod_state};
use crate::reason::workload::{Workload, controller, workloads};
use k8s_openapi::api::core::v1::{Pod, PodSpec};

/// Pods of one workload that are looked at, where each may wait for a reason of its own.
const PODS_MAX: usize = 8;

/// Most machines tried over all pods; after that the scheduler's own words must do.
const TRIALS_MAX: usize = 500_000;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let mut found = preempted(picture, &workloads);
    let mut built: Option<World<'_>> = None;
    let mut trials = 0;
    for workload in &workloads {
        let mut seen: BTreeSet<Predicate> = BTreeSet::new();
        let mut tried: BTreeSet<Option<&str>> = BTreeSet::new();
        let mut looked_at = 0;
        for pod in workload.pods.iter().filter(|pod| is_waiting(picture, pod)) {
            // Pods of one template wait for the same reason; those of a stateful or daemon set may differ by volume or
            // node, of which eight tell enough.
            let owner = controller(&pod.object.metadata).map(|(_, name)| name);
            let differs =
                matches!(workload.key.kind, Kind::StatefulSet | Kind::DaemonSet) && looked_at < PODS_MAX;
            if !tried.insert(owner) && !differs {
                continue;
            }
            looked_at += 1;
            let world = built.get_or_insert_with(|| world(picture));
            if let Some((predicate, fault)) = of_pod(picture, world, workload, pod, &mut trials)
                && seen.insert(predicate)
            {
                found.push(fault);
            }
        }
    }
    found
}

/// Whether a pod exists and has no machine yet.
pub(crate) fn is_waiting(picture: &Picture, pod: &Record<Pod>) -> bool {
    let spec = pod.object.spec.as_ref();
    let is_gated =
        spec.is_some_and(|spec| spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty()));
    pod_state(pod).word == "Pending"
        && node_of(pod).is_none()
        && !is_gated
        && pod.object.metadata.deletion_timestamp.is_none()
        && !picture.events_of(&pod.key).any(|event| event.reason == "Scheduled")
}

/// Why the scheduler refused a pod, as it said last: the message and where it stands.
pub(crate) fn refusal_of<'a>(picture: &'a Picture, pod: &'a Record<Pod>) -> Option<(&'a str, Fact)> {
    let refused = |event: &&Event| event.reason == "FailedScheduling" && !reasons(&event.message).is_empty();
    let last = picture
        .events_of(&pod.key)
        .filter(refused)
        .min_by_key(|event| event.last_s_ago.or(event.first_s_ago).unwrap_or(i64::MAX));
    if let Some(event) = last {
        let statement = format!("the scheduler cannot place {}", pod.key);
        let needle = if event.message.contains("nodes are available") {
            "nodes are available"
        } else {
            "FailedScheduling"
        };
        return Some((
            event.message.as_str(),
            picture.fact_at(event.origin, needle_for(picture, event, needle), statement),
        ));
    }
    let conditions = pod.object.status.as_ref()?.conditions.as_deref()?;
    let unplaced = conditions.iter().find(|one| one.type_ == "PodScheduled" && one.status == "False")?;
    let message = unplaced.message.as_deref().filter(|message| !reasons(message).is_empty())?;
    Some((
        message,
        picture.fact(&pod.key, "nodes are available", format!("the scheduler cannot place {}", pod.key)),
    ))
}

/// The part of the message that its line holds: a table of all events has many lines that speak of nodes.
fn needle_for<'a>(picture: &Picture, event: &'a Event, fallback: &'a str) -> &'a str {
    let whole = event.message.as_str();
    if picture.part(event.origin).contains(whole) { whole } else { fallback }
}

fn of_pod(
    picture: &Picture,
    world: &World<'_>,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    trials: &mut usize,
) -> Option<(Predicate, Fault)> {
    static NO_LABELS: Labels = Labels::new();
    let refusal = refusal_of(picture, pod);
    if refusal.is_none() && is_scheduler_stopped(picture) {
        return None;
    }
    let said = refusal.as_ref().map(|(message, _)| reasons(message)).unwrap_or_default();
    let template = workload.template.and_then(|template| template.spec.as_ref());
    let own = pod.object.spec.as_ref();
    // What describe and tables leave out of the pod stands in the template.
    // A row of a table tells nothing of the spec; what the scheduler said of the pod does.
    let mut spec = match own.or(template) {
        Some(spec) => spec.clone(),
        None if refusal.is_some() => PodSpec::default(),
        None => return None,
    };
    if let Some(template) = template {
        spec.affinity = spec.affinity.or_else(|| template.affinity.clone());
        spec.node_selector = spec.node_selector.or_else(|| template.node_selector.clone());
        let spread = template.topology_spread_constraints.clone();
        spec.topology_spread_constraints = spec.topology_spread_constraints.or(spread);
        if spec.tolerations.is_none() {
            spec.tolerations.clone_from(&template.tolerations);
        }
        if spec.containers.is_empty() {
            spec.containers.clone_from(&template.containers);
        }
        if spec.volumes.is_none() {
            spec.volumes.clone_from(&template.volumes);
        }
    }
    let pinned =
        spec.node_selector.as_ref().is_some_and(|wanted| !wanted.is_empty()) || required(&spec).is_some();
    let is_known =
        !world.machines.is_empty() && (!pinned || world.machines.values().all(|machine| machine.has_labels));
    *trials = trials.saturating_add(world.machines.len());
    let is_known = is_known && *trials <= TRIALS_MAX;
    let labels = pod.object.metadata.labels.as_ref().unwrap_or(&NO_LABELS);
    let seeker = Seeker { namespace: &pod.key.namespace, spec: &spec, labels };
    let failures: Option<BTreeMap<&str, BTreeSet<Predicate>>> =
        is_known.then(|| failures(picture, world, &seeker));
    let blame = blame(world, failures.as_ref(), &said)?;
    let predicate = blame.predicate.clone();
    let fact = refusal.map(|(_, fact)| fact);
    let fault = fault(picture, Found { world, workload, pod, spec: &spec, blame, fact })?;
    Some((predicate, fault))
}

/// Whether a machine says that its scheduler does not run.
fn is_scheduler_stopped(picture: &Picture) -> bool {
    let mut services = picture.node_services.iter().filter(|service| service.service == "kube-scheduler");
    services.any(|service| service.state == ServiceState::Inactive)
}

/// The workload that a pod's events speak of after the pod is gone: by the pattern of generated names.
pub(super) fn owner_by_name<'w, 'a>(
    workloads: &'w [Workload<'a>],
    pod: &ObjectKey,
) -> Option<&'w Workload<'a>> {
    let (stem, _) = pod.name.rsplit_once('-')?;
    workloads.iter().find(|workload| {
        workload.key.namespace == pod.namespace
            && (workload.current.name == stem
                || workload.old.iter().any(|old| old.name == stem)
                || (workload.key.kind != Kind::Deployment && workload.key.name == stem))
    })
}
