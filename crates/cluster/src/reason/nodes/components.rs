//! Components of the cluster that are stopped or not ready: service proxy, controller manager, API server, its store,
//! DNS. The scheduler has a file of its own.

use k8s_openapi::api::core::v1::Pod;

use super::inventory::{Inventory, node_of};
use super::machines::service_fault;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, Record, ServiceState, pod_state};
use crate::remedy;

/// Where the components' pods live.
const SYSTEM: &str = "kube-system";

/// Unit or static pod, and what its absence is.
const COMPONENTS: [(&str, FaultKind); 4] = [
    ("kube-proxy", FaultKind::KubeProxyDown),
    ("kube-controller-manager", FaultKind::ControllerManagerDown),
    ("kube-apiserver", FaultKind::ApiServerUnhealthy),
    ("etcd", FaultKind::ApiServerUnhealthy),
];

/// Faults of components.
pub(super) fn faults(picture: &Picture, inventory: &Inventory<'_, '_>) -> Vec<Fault> {
    let mut found = Vec::new();
    for (name, kind) in COMPONENTS {
        let pods: Vec<&Record<Pod>> = pods_of(picture, name).collect();
        for node in stopped_nodes(inventory, name) {
            // Where it runs as a pod, a unit of that name that is not active means nothing.
            let runs_as_pod = pods.iter().any(|pod| node_of(pod) == Some(node) || node_of(pod).is_none());
            if runs_as_pod || replaced(inventory, name, kind, node) {
                continue;
            }
            let key = ObjectKey::new(Kind::Node, "", node);
            if let Some(service) = inventory.stopped(node, &[name]) {
                found.push(service_fault(picture, inventory, &key, service, kind));
            }
        }
        found.extend(pods.iter().filter_map(|pod| pod_fault(picture, name, kind, pod)));
    }
    found.extend(dns(picture));
    found
}

/// Pods of a component: by the labels that kubeadm and the add-ons give them, or by the names of static pods.
pub(super) fn pods_of<'a>(picture: &'a Picture, name: &str) -> impl Iterator<Item = &'a Record<Pod>> {
    let prefix = format!("{name}-");
    let name = name.to_owned();
    picture.pods.in_namespace(SYSTEM).filter(move |pod| {
        let labels = pod.object.metadata.labels.as_ref();
        let has = |key: &str| labels.is_some_and(|labels| labels.get(key) == Some(&name));
        has("component") || has("k8s-app") || pod.key.name.starts_with(&prefix)
    })
}

/// Machines that say that a service is stopped.
pub(super) fn stopped_nodes<'a>(inventory: &Inventory<'_, 'a>, name: &str) -> Vec<&'a str> {
    let services = inventory.services.iter();
    services.filter(|(node, _)| inventory.stopped(node, &[name]).is_some()).map(|(node, _)| *node).collect()
}

/// Whether another machine runs a component of which one is enough, or nobody runs one that has substitutes.
fn replaced(inventory: &Inventory<'_, '_>, name: &str, kind: FaultKind, node: &str) -> bool {
    let runs = |other: &str| {
        inventory.service(other, &[name]).is_some_and(|service| service.state == ServiceState::Active)
    };
    let others = || inventory.services.keys().filter(|other| **other != node);
    match kind {
        // Network plugins may replace the service proxy: then it runs nowhere.
        FaultKind::KubeProxyDown => inventory.services.len() > 1 && !others().any(|other| runs(other)),
        _ => others().any(|other| runs(other)),
    }
}

/// A component's pod that is not ready.
pub(super) fn pod_fault(picture: &Picture, name: &str, kind: FaultKind, pod: &Record<Pod>) -> Option<Fault> {
    let state = pod_state(pod);
    if state.is_well() || state.word.is_empty() || state.word == "Terminating" {
        return None;
    }
    let node = node_of(pod).map(|node| ObjectKey::new(Kind::Node, "", node));
    let whose = node.as_ref().map(|node| format!(" of {node}")).unwrap_or_default();
    Some(Fault {
        kind,
        subject: name.to_owned(),
        object: node.unwrap_or_else(|| pod.key.clone()),
        standing: Standing::Active,
        certainty: Certainty::Shown,
        summary: format!("{name}{whose} is not ready: its pod {} is {}", pod.key.name, state.word),
        facts: vec![picture.fact(&pod.key, &state.word, format!("{} is {}", pod.key, state.word))],
        explains: Vec::new(),
        neighbours: Vec::new(),
        remedy: format!("See what it says: {}", remedy::logs(&pod.key, "", state.restarts > 0)),
    })
}

/// The cluster's DNS: pods labelled `k8s-app=kube-dns`, none of them ready.
fn dns(picture: &Picture) -> Option<Fault> {
    let is_dns = |pod: &&Record<Pod>| {
        let labels = pod.object.metadata.labels.as_ref();
        let label = labels.and_then(|labels| labels.get("k8s-app")).map(String::as_str);
        match label {
            Some(label) => label == "kube-dns" || label == "coredns",
            None => pod.key.name.starts_with("coredns-") || pod.key.name.starts_with("kube-dns-"),
        }
    };
    let pods: Vec<&Record<Pod>> = picture.pods.in_namespace(SYSTEM).filter(is_dns).collect();
    let first = pods.first()?;
    if pods.iter().any(|pod| pod_state(pod).is_well()) {
        return None;
    }
    let object = crate::reason::workload::owner_of_pod(picture, first);
    let word = pod_state(first).word;
    Some(Fault {
        kind: FaultKind::ClusterDnsDown,
        subject: String::new(),
        object: object.clone(),
        standing: Standing::Active,
        certainty: Certainty::Shown,
        summary: format!("no pod of the cluster's DNS is ready: {} is {word}", first.key.name),
        facts: vec![picture.fact(&first.key, &word, format!("{} is {word}", first.key))],
        explains: vec![object, ObjectKey::new(Kind::Service, SYSTEM, "kube-dns")],
        neighbours: vec![FaultKind::PodDnsBroken],
        remedy: format!("See what it says: {}", remedy::logs(&first.key, "", false)),
    })
}
