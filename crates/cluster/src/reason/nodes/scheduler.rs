//! The scheduler: pods that nobody even tries to place.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;

use super::components::{pod_fault, pods_of, stopped_nodes};
use super::inventory::{Inventory, is_control_plane};
use super::machines::service_fault;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::ObjectKey;
use crate::picture::{Picture, Record, ServiceState, pod_state};
use crate::read::age_s;
use crate::reason::scheduling::{is_waiting, refusal_of};
use crate::remedy;

const NAME: &str = "kube-scheduler";

/// How long a pod may wait before the scheduler's silence is a sign, in seconds. It tries within one.
const SILENCE_S_MIN: i64 = 30;

/// Faults of the scheduler.
pub(super) fn faults(picture: &Picture, inventory: &Inventory<'_, '_>) -> Vec<Fault> {
    let untried = untried(picture, inventory);
    let mut found: Vec<Fault> = Vec::new();
    let pods: Vec<&Record<Pod>> = pods_of(picture, NAME).collect();
    let runs = inventory.services.keys().any(|node| {
        inventory.service(node, &[NAME]).is_some_and(|service| service.state == ServiceState::Active)
    });
    if !runs && !pods.iter().any(|pod| pod_state(pod).is_well()) {
        for node in stopped_nodes(inventory, NAME) {
            let key = ObjectKey::new(crate::kind::Kind::Node, "", node);
            if let Some(service) = inventory.stopped(node, &[NAME]) {
                found.push(service_fault(picture, inventory, &key, service, FaultKind::SchedulerDown));
            }
        }
        found.extend(pods.iter().filter_map(|pod| pod_fault(picture, NAME, FaultKind::SchedulerDown, pod)));
        if found.is_empty() && pods.is_empty() {
            found.extend(silent(picture, &untried));
        }
    }
    for fault in &mut found {
        for (workload, pod) in &untried {
            fault.explains.push(workload.clone());
            if fault.facts.len() < 4 {
                let statement = format!("{} waits and the scheduler has said nothing about it", pod.key);
                fault.facts.push(picture.fact(&pod.key, "Pending", statement));
            }
        }
    }
    found
}

/// Pods that wait without any word of the scheduler, the oldest of each workload.
fn untried<'a>(picture: &'a Picture, inventory: &Inventory<'_, 'a>) -> Vec<(ObjectKey, &'a Record<Pod>)> {
    let mut found = Vec::new();
    for workload in inventory.workloads {
        let waits = |pod: &&&Record<Pod>| {
            let spec = pod.object.spec.as_ref();
            let scheduler =
                spec.and_then(|spec| spec.scheduler_name.as_deref()).unwrap_or("default-scheduler");
            scheduler == "default-scheduler"
                && is_waiting(picture, pod)
                && refusal_of(picture, pod).is_none()
                && !picture.events_of(&pod.key).any(|event| event.reason == "FailedScheduling")
        };
        if let Some(pod) = workload.pods.iter().find(waits) {
            found.push((workload.key.clone(), *pod));
        }
    }
    found
}

/// Nothing is known of the scheduler itself: its silence must tell. Only pods whose events were captured count.
fn silent(picture: &Picture, untried: &[(ObjectKey, &Record<Pod>)]) -> Option<Fault> {
    let described: BTreeSet<&str> =
        picture.events.iter().map(|event| event.object.namespace.as_str()).collect();
    let (_, pod) = untried.iter().find(|(_, pod)| {
        let row = pod.row.get("AGE").and_then(|age| age_s(age));
        let made = pod.object.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let since = picture.taken_at.zip(made).map(|(now, made)| now.duration_since(made).as_secs());
        let is_old = row.or(since).is_some_and(|age| age >= SILENCE_S_MIN);
        let has_conditions = pod.object.status.as_ref().is_some_and(|status| status.conditions.is_some());
        is_old && !has_conditions && described.contains(pod.key.namespace.as_str())
    })?;
    let node = picture.nodes.iter().find(|node| is_control_plane(node))?;
    Some(Fault {
        kind: FaultKind::SchedulerDown,
        subject: NAME.to_owned(),
        object: node.key.clone(),
        standing: Standing::Active,
        certainty: Certainty::Suspected,
        summary: format!("the scheduler has said nothing about {}, which waits for a machine", pod.key),
        facts: vec![picture.fact(&pod.key, "Pending", format!("{} has no event of the scheduler", pod.key))],
        explains: Vec::new(),
        neighbours: vec![FaultKind::ApiServerUnhealthy],
        remedy: format!(
            "See whether it runs, `kubectl get pods -n kube-system`, or {}",
            remedy::command(&["ssh", &node.key.name, "systemctl", "status", NAME])
        ),
    })
}
