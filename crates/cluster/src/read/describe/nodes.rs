//! Machines, and the pods that take their room.

use serde_json::{Value, json};

use super::super::values::{put, said};
use super::containers::amounts;
use super::meta::conditions;
use super::outline::{Node, cell};
use crate::picture::{NodePod, Origin};
use crate::quantity::Quantity;

/// A node.
pub(super) fn node(root: Node<'_, '_>, value: &mut Value) {
    let taints: Vec<Value> =
        root.find("Taints").map(|list| list.items().filter_map(taint).collect()).unwrap_or_default();
    put(value, "spec.taints", Some(taints).filter(|taints| !taints.is_empty()));
    put(value, "spec.unschedulable", root.get("Unschedulable").map(|word| word == "true"));
    put(value, "spec.podCIDR", root.get("PodCIDR"));
    put(value, "status.conditions", conditions(root));
    let addresses: Option<Vec<Value>> = root.find("Addresses").map(|list| {
        let of = |node: Node<'_, '_>| json!({ "type": node.key(), "address": node.value() });
        list.children().map(of).collect()
    });
    put(value, "status.addresses", addresses);
    put(value, "status.capacity", root.find("Capacity").map(amounts));
    put(value, "status.allocatable", root.find("Allocatable").map(amounts));
    let Some(system) = root.find("System Info") else { return };
    for (key, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ] {
        put(value, &format!("status.nodeInfo.{field}"), system.get(key));
    }
}

/// `key=value:Effect` or `key:Effect`.
fn taint(text: &str) -> Option<Value> {
    let (place, effect) = text.rsplit_once(':')?;
    let (key, value) = match place.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (place, None),
    };
    let mut taint = json!({ "key": key, "effect": effect });
    put(&mut taint, "value", value.and_then(said));
    Some(taint)
}

/// The pods that run on the node, with what they asked for.
pub(super) fn pods(root: Node<'_, '_>, node: &str, origin: Origin) -> Vec<NodePod> {
    let Some(list) = root.find("Non-terminated Pods") else { return Vec::new() };
    // `100m (1%)`
    let amount = |text: Option<&str>| {
        text.and_then(|text| Quantity::parse(text.split(' ').next().unwrap_or(""))).unwrap_or_default()
    };
    list.table()
        .iter()
        .filter_map(|row| {
            Some(NodePod {
                node: node.to_owned(),
                namespace: cell(row, "Namespace")?.to_owned(),
                name: cell(row, "Name")?.to_owned(),
                cpu_request: amount(cell(row, "CPU Requests")),
                memory_request: amount(cell(row, "Memory Requests")),
                cpu_limit: amount(cell(row, "CPU Limits")),
                memory_limit: amount(cell(row, "Memory Limits")),
                origin,
            })
        })
        .collect()
}
