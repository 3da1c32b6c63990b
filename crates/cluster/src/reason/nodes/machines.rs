//! Machines that are not ready or short of something, and their stopped services.

use k8s_openapi::api::core::v1::Node;

use super::inventory::{Inventory, condition, is_ready};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, NodeService, Picture, Record, ServiceState};
use crate::remedy;

/// Services that run containers, by their units' names.
const RUNTIMES: &[&str] = &["containerd", "docker", "dockerd", "crio", "cri-o", "cri-dockerd"];

/// A sign that the runtime rather than the kubelet is down, in the words of the kubelet.
const RUNTIME_SIGNS: [&str; 6] = [
    "container runtime is down",
    "container runtime not ready",
    "PLEG is not healthy",
    "containerd.sock",
    "crio.sock",
    "cri-dockerd.sock",
];

const NETWORK_SIGNS: [&str; 3] =
    ["network plugin is not ready", "cni plugin not initialized", "NetworkPluginNotReady"];

/// Faults of machines.
pub(super) fn faults(picture: &Picture, inventory: &Inventory<'_, '_>) -> Vec<Fault> {
    let mut found = Vec::new();
    for node in picture.nodes.iter() {
        let stopped = stopped(picture, inventory, &node.key);
        match is_ready(node) {
            Some(false) if stopped.is_empty() => found.push(not_ready(picture, inventory, node)),
            Some(true) if stopped.is_empty() => found.extend(recovered(picture, node)),
            _ => {}
        }
        found.extend(stopped);
        found.extend(pressure(picture, inventory, node));
    }
    // Services of machines that no listing of nodes holds.
    for name in inventory.services.keys() {
        let key = ObjectKey::new(Kind::Node, "", *name);
        if picture.nodes.get("", name).present().is_none() {
            found.extend(stopped(picture, inventory, &key));
        }
    }
    found
}

/// Faults of services that the machine itself says are stopped.
fn stopped(picture: &Picture, inventory: &Inventory<'_, '_>, node: &ObjectKey) -> Vec<Fault> {
    let mut found = Vec::new();
    if let Some(service) = inventory.stopped(&node.name, &["kubelet"]) {
        found.push(service_fault(picture, inventory, node, service, FaultKind::KubeletDown));
    }
    // Machines may have a second runtime installed that they do not use.
    let runs = RUNTIMES.iter().any(|name| {
        inventory.service(&node.name, &[name]).is_some_and(|service| service.state == ServiceState::Active)
    });
    if let Some(service) = inventory.stopped(&node.name, RUNTIMES).filter(|_| !runs) {
        found.push(service_fault(picture, inventory, node, service, FaultKind::ContainerRuntimeDown));
    }
    found
}

pub(super) fn service_fault(
    picture: &Picture,
    inventory: &Inventory<'_, '_>,
    node: &ObjectKey,
    service: &NodeService,
    kind: FaultKind,
) -> Fault {
    let name = &service.service;
    let mut facts =
        vec![picture.fact_at(service.origin, "Active:", format!("{name} is not running on {}", node.name))];
    facts.extend(ready_fact(picture, node));
    Fault {
        kind,
        subject: name.clone(),
        object: node.clone(),
        standing: Standing::Active,
        certainty: Certainty::Stated,
        summary: format!("{name} is stopped on {node}"),
        facts,
        explains: if kind == FaultKind::KubeProxyDown { Vec::new() } else { inventory.harmed(&node.name) },
        neighbours: Vec::new(),
        remedy: format!(
            "Start it and see why it stopped: {}",
            remedy::command(&[
                "ssh",
                &node.name,
                &format!("systemctl start {name}; journalctl -u {name} -e")
            ])
        ),
    }
}

/// What shows that the node is not ready.
fn ready_fact(picture: &Picture, node: &ObjectKey) -> Option<Fact> {
    let record = picture.nodes.get("", &node.name).present()?;
    (is_ready(record) == Some(false)).then(|| {
        let needle = condition(record, "Ready")
            .map_or("NotReady", |(_, reason, _)| if reason.is_empty() { "Ready" } else { reason });
        picture.fact(node, needle, format!("{node} is not ready"))
    })
}

/// A machine that is not ready and of whose services nothing is known, or all are known to run.
fn not_ready(picture: &Picture, inventory: &Inventory<'_, '_>, node: &Record<Node>) -> Fault {
    let (status, reason, message) = condition(node, "Ready").unwrap_or(("", "", ""));
    let runs = |names: &[&str]| inventory.service(&node.key.name, names).is_some();
    let said = |signs: &[&str]| {
        signs
            .iter()
            .find(|sign| message.contains(**sign) || reason.contains(**sign))
            .map(|sign| (*sign).to_owned())
    };
    // The kubelet repeats the runtime's absence in its events as long as it lasts.
    let event = picture.events_of(&node.key).find(|event| {
        let is_now = event.last_s_ago.is_none_or(|age| age < 300);
        is_now && RUNTIME_SIGNS.iter().any(|sign| event.message.contains(sign))
    });
    let (kind, why, certainty) = if let Some(sign) = said(&RUNTIME_SIGNS) {
        (FaultKind::ContainerRuntimeDown, sign, Certainty::Shown)
    } else if event.is_some() && status != "Unknown" {
        (
            FaultKind::ContainerRuntimeDown,
            "its container runtime does not answer".to_owned(),
            Certainty::Shown,
        )
    } else if let Some(sign) = said(&NETWORK_SIGNS) {
        (FaultKind::NetworkPluginBroken, sign, Certainty::Shown)
    } else if (status == "Unknown" || message.contains("stopped posting")) && !runs(&["kubelet"]) {
        (FaultKind::KubeletDown, "its kubelet stopped posting status".to_owned(), Certainty::Shown)
    } else if message.is_empty() {
        (FaultKind::NodeNotReady, "nothing says why".to_owned(), Certainty::Stated)
    } else {
        (FaultKind::NodeNotReady, message.chars().take(160).collect(), Certainty::Stated)
    };
    let mut facts: Vec<Fact> = ready_fact(picture, &node.key).into_iter().collect();
    if let Some(event) = event.filter(|_| kind == FaultKind::ContainerRuntimeDown) {
        facts.push(picture.fact_at(
            event.origin,
            &event.reason,
            "the kubelet cannot reach the container runtime",
        ));
    }
    let mut neighbours =
        vec![FaultKind::KubeletDown, FaultKind::ContainerRuntimeDown, FaultKind::NodeNotReady];
    neighbours.retain(|other| *other != kind);
    let check = match kind {
        FaultKind::ContainerRuntimeDown => "systemctl status containerd",
        FaultKind::NetworkPluginBroken => "ls /etc/cni/net.d; journalctl -u kubelet -e",
        _ => "systemctl status kubelet; journalctl -u kubelet -e",
    };
    Fault {
        kind,
        subject: String::new(),
        object: node.key.clone(),
        standing: Standing::Active,
        certainty,
        summary: format!("{} is not ready: {why}", node.key),
        facts,
        explains: inventory.harmed(&node.key.name),
        neighbours,
        remedy: format!(
            "See whether the machine is up and what stopped: {}",
            remedy::command(&["ssh", &node.key.name, check])
        ),
    }
}

/// A machine that is ready and lately was not.
fn recovered(picture: &Picture, node: &Record<Node>) -> Option<Fault> {
    let event = picture.events_of(&node.key).filter(|event| event.reason == "NodeNotReady").last()?;
    Some(Fault {
        kind: FaultKind::NodeNotReady,
        subject: String::new(),
        object: node.key.clone(),
        standing: Standing::Recovered,
        certainty: Certainty::Suspected,
        summary: format!("{} was not ready for a while and is ready again", node.key),
        facts: vec![picture.fact_at(event.origin, &event.reason, format!("{} was not ready", node.key))],
        explains: Vec::new(),
        neighbours: vec![FaultKind::KubeletDown, FaultKind::ContainerRuntimeDown],
        remedy: format!(
            "Look what happened on the machine at that time: {}",
            remedy::on("describe", &node.key)
        ),
    })
}

/// Conditions that the kubelet sets when a machine runs short.
fn pressure(picture: &Picture, inventory: &Inventory<'_, '_>, node: &Record<Node>) -> Vec<Fault> {
    let mut found = Vec::new();
    for (name, subject, what) in [
        ("DiskPressure", "disk", "disk space or inodes"),
        ("MemoryPressure", "memory", "memory"),
        ("PIDPressure", "pid", "process ids"),
    ] {
        let Some(("True", _, message)) = condition(node, name) else { continue };
        found.push(Fault {
            kind: FaultKind::NodePressure,
            subject: subject.to_owned(),
            object: node.key.clone(),
            standing: Standing::Active,
            certainty: Certainty::Stated,
            summary: format!("{} is short of {what}: {message}", node.key),
            facts: vec![picture.fact(&node.key, name, format!("{} is short of {what}", node.key))],
            explains: inventory.harmed(&node.key.name),
            neighbours: vec![FaultKind::Evicted],
            remedy: match subject {
                "disk" => format!(
                    "Free disk on {}: remove unused images, {}, and old logs, or enlarge the disk",
                    node.key.name,
                    remedy::command(&["ssh", &node.key.name, "crictl rmi --prune"])
                ),
                _ => format!(
                    "Find who uses it up on {}, `kubectl top pods -A --sort-by=memory`, and limit or move it",
                    node.key.name
                ),
            },
        });
    }
    if let Some(("True", reason, message)) = condition(node, "NetworkUnavailable") {
        found.push(Fault {
            kind: FaultKind::NetworkPluginBroken,
            subject: String::new(),
            object: node.key.clone(),
            standing: Standing::Active,
            certainty: Certainty::Stated,
            summary: format!("the network of {} is not set up: {reason} {message}", node.key),
            facts: vec![picture.fact(
                &node.key,
                "NetworkUnavailable",
                format!("{} has no pod network", node.key),
            )],
            explains: inventory.harmed(&node.key.name),
            neighbours: vec![FaultKind::NodeNotReady],
            remedy: format!(
                "See what the network plugin's pod on {} says: {}",
                node.key.name,
                remedy::command(&[
                    "kubectl",
                    "get",
                    "pods",
                    "-A",
                    "-o",
                    "wide",
                    &format!("--field-selector=spec.nodeName={}", node.key.name)
                ])
            ),
        });
    }
    found
}
