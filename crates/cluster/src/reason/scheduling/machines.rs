//! Machines and the pods on them, as the scheduler sees them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodAffinityTerm, PodSpec, Taint};

use super::affinity::{Labels, node_labels, terms};
use super::message::is_control_plane_taint;
use super::requests::{Amounts, add, read, requests};
use crate::picture::{Picture, Record, pod_state};
use crate::quantity::Quantity;

/// A machine.
pub(super) struct Machine<'a> {
    pub name: &'a str,
    pub labels: Labels,
    /// Whether its labels were captured.
    pub has_labels: bool,
    pub taints: &'a [Taint],
    pub is_cordoned: bool,
    /// Whether it is of the control plane, which ordinary pods are usually kept from.
    pub is_control_plane: bool,
    /// What pods may use of it, where that was captured.
    pub allocatable: Option<Amounts>,
    /// What the pods on it that were captured ask for.
    pub used: Amounts,
    /// Host ports taken, as (protocol, port).
    pub ports: Vec<(String, i32)>,
}

/// A pod that has a machine.
pub(super) struct Placed<'a> {
    pub namespace: &'a str,
    pub labels: &'a Labels,
    pub node: &'a str,
    /// Required anti-affinity of its own, which holds against newcomers too.
    pub anti: &'a [PodAffinityTerm],
}

/// All of them.
pub(super) struct World<'a> {
    pub machines: BTreeMap<&'a str, Machine<'a>>,
    pub placed: Vec<Placed<'a>>,
}

/// The machine a pod is on.
pub(super) fn node_of(pod: &Record<Pod>) -> Option<&str> {
    let named = pod.object.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
    let row = pod.row.get("NODE").map(String::as_str);
    named.or(row).filter(|name| !name.is_empty() && *name != "<none>")
}

/// Builds the world from a picture.
pub(super) fn world(picture: &Picture) -> World<'_> {
    static NO_LABELS: Labels = Labels::new();
    let mut machines: BTreeMap<&str, Machine<'_>> =
        picture.nodes.iter().map(|record| (record.key.name.as_str(), machine(record))).collect();
    let mut placed = Vec::new();
    for pod in picture.pods.iter() {
        let word = pod_state(pod).word;
        let is_done = matches!(word.as_str(), "Succeeded" | "Completed" | "Failed" | "Evicted");
        let Some(node) = node_of(pod).filter(|_| !is_done) else { continue };
        let spec = pod.object.spec.as_ref();
        placed.push(Placed {
            namespace: &pod.key.namespace,
            labels: pod.object.metadata.labels.as_ref().unwrap_or(&NO_LABELS),
            node,
            anti: spec.map_or(&[], |spec| terms(spec, true)),
        });
        if let Some(machine) = machines.get_mut(node)
            && let Some(spec) = spec
        {
            add(&mut machine.used, &requests(spec));
            add(&mut machine.used, &Amounts::from([("pods".to_owned(), Quantity::units(1))]));
            machine.ports.extend(host_ports(spec));
        }
    }
    add_listed(picture, &mut machines);
    World { machines, placed }
}

/// A machine's description lists pods of every namespace: where that is more than was captured of them, it counts.
fn add_listed(picture: &Picture, machines: &mut BTreeMap<&str, Machine<'_>>) {
    let mut listed: BTreeMap<&str, Amounts> = BTreeMap::new();
    for pod in &picture.node_pods {
        let sum = listed.entry(pod.node.as_str()).or_default();
        let amounts =
            [("cpu", pod.cpu_request), ("memory", pod.memory_request), ("pods", Quantity::units(1))];
        add(sum, &amounts.into_iter().map(|(name, amount)| (name.to_owned(), amount)).collect());
    }
    for (node, amounts) in listed {
        let Some(machine) = machines.get_mut(node) else { continue };
        for (name, amount) in amounts {
            let used = machine.used.entry(name).or_default();
            *used = (*used).max(amount);
        }
    }
}

fn machine(record: &Record<k8s_openapi::api::core::v1::Node>) -> Machine<'_> {
    let spec = record.object.spec.as_ref();
    let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let labels = node_labels(record);
    let status = record.row.get("STATUS").map_or("", String::as_str);
    let roles = record.row.get("ROLES").map_or("", String::as_str);
    let is_control_plane = labels.contains_key("node-role.kubernetes.io/control-plane")
        || labels.contains_key("node-role.kubernetes.io/master")
        || labels.get("kubernetes.io/role").is_some_and(|role| role == "master" || role == "control-plane")
        || roles.split(',').any(|role| role == "control-plane" || role == "master")
        || taints.iter().any(|taint| is_control_plane_taint(&taint.key));
    let allocatable = record.object.status.as_ref().and_then(|status| status.allocatable.as_ref());
    Machine {
        name: &record.key.name,
        has_labels: record.object.metadata.labels.is_some(),
        labels,
        taints,
        is_cordoned: spec.and_then(|spec| spec.unschedulable).unwrap_or(false)
            || status.split(',').any(|word| word == "SchedulingDisabled"),
        is_control_plane,
        allocatable: allocatable.map(|amounts| read(Some(amounts))),
        used: Amounts::new(),
        ports: Vec::new(),
    }
}

/// Host ports a pod takes, as (protocol, port).
pub(super) fn host_ports(spec: &PodSpec) -> Vec<(String, i32)> {
    let on_host = spec.host_network == Some(true);
    let ports = spec.containers.iter().flat_map(|container| container.ports.iter().flatten());
    ports
        .filter_map(|port| {
            let number =
                port.host_port.or_else(|| on_host.then_some(port.container_port)).filter(|port| *port > 0)?;
            Some((port.protocol.clone().unwrap_or_else(|| "TCP".to_owned()), number))
        })
        .collect()
}
