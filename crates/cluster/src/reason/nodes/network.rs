//! Pod networks that cannot be set up.

use std::collections::BTreeMap;

use super::inventory::{Inventory, node_of};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Picture, pod_state};
use crate::remedy;

/// Words of the runtimes and of network plugins when a sandbox gets no network.
const SIGNS: [&str; 5] = [
    "failed to setup network for sandbox",
    "failed to set up sandbox",
    "cni plugin not initialized",
    "network plugin",
    "plugin type=",
];

/// Sandboxes that lack a network now, by machine. Machines that something in `known` explains are left out.
pub(super) fn faults(picture: &Picture, inventory: &Inventory<'_, '_>, known: &[Fault]) -> Vec<Fault> {
    let mut by_node: BTreeMap<&str, (Vec<ObjectKey>, &Event)> = BTreeMap::new();
    for workload in inventory.workloads {
        for pod in &workload.pods {
            let state = pod_state(pod);
            let is_starting = state.word == "ContainerCreating"
                || state.word == "PodInitializing"
                || state.word.starts_with("Init:0/");
            let Some(node) = node_of(pod).filter(|_| is_starting && state.ready == 0 && state.restarts == 0)
            else {
                continue;
            };
            let last = picture.events_of(&pod.key).filter(|event| {
                event.reason == "FailedCreatePodSandBox" || event.reason == "NetworkNotReady"
            });
            let last = last.min_by_key(|event| event.last_s_ago.unwrap_or(i64::MAX));
            let Some(event) = last.filter(|event| SIGNS.iter().any(|sign| event.message.contains(sign)))
            else {
                continue;
            };
            let begun = picture.events_of(&pod.key).any(|later| {
                matches!(later.reason.as_str(), "Started" | "Pulled" | "Pulling" | "Created")
                    && later.last_s_ago <= event.last_s_ago
            });
            if !begun {
                by_node.entry(node).or_insert_with(|| (Vec::new(), event)).0.push(workload.key.clone());
            }
        }
    }
    let explained = |node: &str| {
        known.iter().any(|fault| {
            fault.object.kind == Kind::Node
                && fault.object.name == node
                && fault.standing == Standing::Active
                && matches!(
                    fault.kind,
                    FaultKind::ContainerRuntimeDown | FaultKind::KubeletDown | FaultKind::NetworkPluginBroken
                )
        })
    };
    let mut found = Vec::new();
    for (node, (explains, event)) in by_node.into_iter().filter(|(node, _)| !explained(node)) {
        let key = ObjectKey::new(Kind::Node, "", node);
        let said: String = event.message.chars().take(200).collect();
        found.push(Fault {
            kind: FaultKind::NetworkPluginBroken,
            subject: String::new(),
            summary: format!("pods on {key} get no network: {said}"),
            facts: vec![picture.fact_at(event.origin, &event.reason, format!("{} gets no network", event.object))],
            object: key,
            standing: Standing::Active,
            certainty: Certainty::Shown,
            explains,
            neighbours: vec![FaultKind::SandboxFailed, FaultKind::ContainerRuntimeDown],
            remedy: format!(
                "See what the network plugin's pod on {node} says, and whether /etc/cni/net.d there is complete: {}",
                remedy::command(&["ssh", node, "ls", "/etc/cni/net.d"])
            ),
        });
    }
    found
}
