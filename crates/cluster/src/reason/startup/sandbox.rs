//! Pods whose sandbox or first process cannot be made: memory limits too low even to start, the pod network, the
//! runtime's configuration.

use k8s_openapi::api::core::v1::Pod;

use crate::fault::{Certainty, Fault, FaultKind};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Picture, Record};
use crate::quantity::Quantity;
use crate::reason::symptoms::{active, broken, current_pods, said, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// `runc` says this when the kernel kills a container's first process.
const KILLED_AT_START: &str = "OOM-killed";
/// The same, from older versions and from the kubelet.
const LIMIT_TOO_LOW: &str = "memory limit too low";

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>) -> Vec<Fault> {
    for (pod, state) in current_pods(workload) {
        if state.is_well() {
            continue;
        }
        let killed =
            |event: &&Event| event.message.contains(KILLED_AT_START) || event.message.contains(LIMIT_TOO_LOW);
        if let Some(event) = said(picture, pod, &["FailedCreatePodSandBox", "Failed"]).filter(killed).last() {
            let quote = if event.message.contains(LIMIT_TOO_LOW) { LIMIT_TOO_LOW } else { KILLED_AT_START };
            let fact = picture.fact_at(event.origin, quote, format!("{} cannot be started", pod.key.name));
            return vec![too_small(picture, workload, pod, fact)];
        }
        let waiting = statuses(pod).iter().find_map(|status| {
            let (_, message) = status.waiting()?;
            [KILLED_AT_START, LIMIT_TOO_LOW].into_iter().find(|word| message.contains(word))
        });
        if let Some(word) = waiting {
            let fact = picture.fact(&pod.key, word, format!("{} cannot be started", pod.key.name));
            return vec![too_small(picture, workload, pod, fact)];
        }
        if matches!(state.word.as_str(), "ContainerCreating" | "Pending" | "PodInitializing")
            || state.word.starts_with("Init:0/")
        {
            let events = said(picture, pod, &["FailedCreatePodSandBox"]);
            if let Some(fault) = events.filter_map(|event| other(picture, workload, pod, event)).last() {
                return vec![fault];
            }
        }
    }
    Vec::new()
}

fn too_small(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    fact: crate::picture::Fact,
) -> Fault {
    let mut fault = active(FaultKind::OutOfMemory, &workload.key, Certainty::Stated);
    fault.subject = "at start".to_owned();
    fault.facts.push(fact);
    let containers = workload.spec().map_or(&[][..], |spec| spec.containers.as_slice());
    let limits = containers.iter().filter_map(|container| {
        let limit = &container.resources.as_ref()?.limits.as_ref()?.get("memory")?.0;
        Some((Quantity::parse(limit)?, limit.as_str(), container.name.as_str()))
    });
    let limit = match limits.min() {
        Some((_, limit, container)) => {
            let statement = format!("container {container} may use {limit} of memory");
            let at =
                if containers.iter().any(|known| known.name == container) { &workload.key } else { &pod.key };
            fault.facts.push(picture.fact(at, limit, statement));
            format!("its memory limit is {limit}")
        }
        None => "its memory limit is too low".to_owned(),
    };
    fault.summary = format!("{} is killed for want of memory before it has started: {limit}", workload.key);
    fault.explains = broken(picture, workload);
    fault.remedy = format!(
        "raise the memory limit to the <MEMORY> that the program needs: {}",
        remedy::resources(&workload.key, "", "--limits=memory=<MEMORY>")
    );
    fault
}

/// Failures of the sandbox that are neither memory nor a runtime that does not answer.
fn other(picture: &Picture, workload: &Workload<'_>, pod: &Record<Pod>, event: &Event) -> Option<Fault> {
    let message = event.message.as_str();
    // A runtime that does not answer is the node's fault; a name that is still reserved goes by itself.
    if message.contains(".sock")
        || message.contains("is reserved for")
        || message.contains("context canceled")
    {
        return None;
    }
    let network =
        ["failed to setup network", "cni", "CNI", "no IP addresses available", "assign an IP address"];
    let is_network = network.iter().any(|word| message.contains(word));
    let node = pod
        .object
        .spec
        .as_ref()
        .and_then(|spec| spec.node_name.clone())
        .or_else(|| pod.row.get("NODE").cloned());
    let (kind, object) = match (is_network, node) {
        (true, Some(node)) => (FaultKind::NetworkPluginBroken, ObjectKey::new(Kind::Node, "", node)),
        (true, None) => (FaultKind::NetworkPluginBroken, workload.key.clone()),
        (false, _) => (FaultKind::SandboxFailed, workload.key.clone()),
    };
    let mut fault = active(kind, &object, Certainty::Stated);
    let said: String = message.chars().take(200).collect();
    let needle = message.get(..40).unwrap_or(message);
    fault.facts.push(picture.fact_at(event.origin, needle, format!("no sandbox for {}", pod.key.name)));
    fault.summary = format!("{} cannot start on {object}: {said}", pod.key.name);
    fault.explains = broken(picture, workload);
    fault.remedy = match is_network {
        true => format!(
            "look at the network plugin's pod on the node of {}: {}",
            pod.key.name,
            remedy::on("describe", &pod.key)
        ),
        false => format!("look at what the runtime says: {}", remedy::on("describe", &pod.key)),
    };
    Some(fault)
}
