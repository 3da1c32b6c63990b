//! What is known of each machine: its conditions, its services, the workloads that suffer on it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Node, Pod};

use super::{components, machines, network, scheduler};
use crate::context::Context;
use crate::fault::Fault;
use crate::kind::ObjectKey;
use crate::picture::{NodeService, Picture, Record, ServiceState, pod_state};
use crate::reason::scheduling::{is_waiting, refusal_of};
use crate::reason::workload::{Workload, workloads};

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let inventory = Inventory::new(picture, &workloads);
    let mut found = machines::faults(picture, &inventory);
    found.extend(components::faults(picture, &inventory));
    found.extend(scheduler::faults(picture, &inventory));
    found.extend(network::faults(picture, &inventory, &found));
    found
}

/// Lookups that all reasoners about machines share.
pub(super) struct Inventory<'w, 'a> {
    pub workloads: &'w [Workload<'a>],
    /// Machine → services whose state is known.
    pub services: BTreeMap<&'a str, Vec<&'a NodeService>>,
    /// Machine → workloads with pods on it that are not well.
    pub suffering: BTreeMap<&'a str, BTreeSet<ObjectKey>>,
    /// Workloads with pods that no machine takes because machines are not well.
    pub kept_waiting: BTreeSet<ObjectKey>,
}

impl<'w, 'a> Inventory<'w, 'a> {
    fn new(picture: &'a Picture, workloads: &'w [Workload<'a>]) -> Inventory<'w, 'a> {
        let mut services: BTreeMap<&str, Vec<&NodeService>> = BTreeMap::new();
        for service in picture.node_services.iter().filter(|service| service.state != ServiceState::Unknown) {
            // A unit that is not installed is not a service that stopped.
            let said = picture.part(service.origin);
            if said.contains("could not be found") || said.contains("Loaded: not-found") {
                continue;
            }
            services.entry(&service.node).or_default().push(service);
        }
        let mut suffering: BTreeMap<&str, BTreeSet<ObjectKey>> = BTreeMap::new();
        let mut kept_waiting = BTreeSet::new();
        for workload in workloads {
            for pod in workload.pods.iter().copied().filter(|pod| !pod_state(pod).is_well()) {
                if let Some(node) = node_of(pod) {
                    suffering.entry(node).or_default().insert(workload.key.clone());
                } else if is_waiting(picture, pod)
                    && refusal_of(picture, pod).is_some_and(|(message, _)| {
                        message.contains("node.kubernetes.io/not-ready")
                            || message.contains("node.kubernetes.io/unreachable")
                            || message.contains("-pressure")
                    })
                {
                    kept_waiting.insert(workload.key.clone());
                }
            }
        }
        Inventory { workloads, services, suffering, kept_waiting }
    }

    /// The state of a service of a machine, the latest that was read.
    pub fn service(&self, node: &str, names: &[&str]) -> Option<&'a NodeService> {
        let services = self.services.get(node)?;
        services.iter().rev().find(|service| names.contains(&service.service.as_str())).copied()
    }

    /// A service of a machine that is stopped.
    pub fn stopped(&self, node: &str, names: &[&str]) -> Option<&'a NodeService> {
        self.service(node, names).filter(|service| service.state == ServiceState::Inactive)
    }

    /// What suffers on a machine that is not well, and what waits because of such machines.
    pub fn harmed(&self, node: &str) -> Vec<ObjectKey> {
        let suffering = self.suffering.get(node).cloned().unwrap_or_default();
        suffering.into_iter().chain(self.kept_waiting.iter().cloned()).collect()
    }
}

/// The machine a pod is on.
pub(super) fn node_of(pod: &Record<Pod>) -> Option<&str> {
    let named = pod.object.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    let row = pod.row.get("NODE").map(String::as_str);
    named.or(row).filter(|name| !name.is_empty() && *name != "<none>")
}

/// A condition of a node as (status, reason, message).
pub(super) fn condition<'a>(node: &'a Record<Node>, name: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let conditions = node.object.status.as_ref()?.conditions.as_deref()?;
    let found = conditions.iter().find(|condition| condition.type_ == name)?;
    let (reason, message) = (found.reason.as_deref().unwrap_or(""), found.message.as_deref().unwrap_or(""));
    Some((found.status.as_str(), reason, message))
}

/// Whether a node is ready; `None` when nothing tells.
pub(super) fn is_ready(node: &Record<Node>) -> Option<bool> {
    if let Some((status, ..)) = condition(node, "Ready") {
        return Some(status == "True");
    }
    let status = node.row.get("STATUS")?;
    let mut words = status.split(',');
    words.find_map(|word| match word {
        "Ready" => Some(true),
        "NotReady" => Some(false),
        _ => None,
    })
}

/// Whether a node belongs to the control plane.
pub(super) fn is_control_plane(node: &Record<Node>) -> bool {
    let labels = node.object.metadata.labels.as_ref();
    let has = |key: &str| labels.is_some_and(|labels| labels.contains_key(key));
    let role = labels.and_then(|labels| labels.get("kubernetes.io/role")).map_or("", String::as_str);
    let roles = node.row.get("ROLES").map_or("", String::as_str);
    has("node-role.kubernetes.io/control-plane")
        || has("node-role.kubernetes.io/master")
        || roles.split(',').chain([role]).any(|role| role == "master" || role == "control-plane")
}
