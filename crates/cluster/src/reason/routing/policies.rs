//! Network policies that forbid a call somebody needs.
//!
//! Source: `NetworkPolicy` of the Kubernetes API. A pod that some policy selects for a direction is isolated in that
//! direction; then only what one of those policies allows passes.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ground::{Edge, Ground};
use super::symptoms::{Symptom, said, said_ever};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::picture::{Fact, Record};
use crate::reason::workload::selects;
use crate::remedy;

/// The way of a call through a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// Needed calls that policies forbid.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    if ground.picture.network_policies.is_empty() {
        return Vec::new();
    }
    let mut denied: BTreeMap<crate::kind::ObjectKey, Fault> = BTreeMap::new();
    for edge in &ground.edges {
        let Some(service) = ground.service(&edge.target) else { continue };
        let servers: Vec<usize> = ground.selected(&service.key).take(3).collect();
        for server in servers {
            if let Some(fault) = forbidden(ground, edge, server) {
                let kept = denied.entry(fault.object.clone()).or_insert_with(|| fault.clone());
                // One policy, several calls: the call that is seen to fail speaks for all.
                if (fault.standing, std::cmp::Reverse(fault.certainty))
                    < (kept.standing, std::cmp::Reverse(kept.certainty))
                {
                    *kept = fault;
                }
            }
        }
    }
    for client in 0..ground.workloads.len() {
        if let Some(fault) = no_names(ground, client) {
            denied.entry(fault.object.clone()).or_insert(fault);
        }
    }
    denied.into_values().collect()
}

/// Policies of a namespace that select a workload's pods for a direction.
fn isolating<'a>(ground: &'a Ground<'a>, workload: usize, way: Direction) -> Vec<&'a Record<NetworkPolicy>> {
    let Some(found) = ground.workloads.get(workload) else { return Vec::new() };
    let Some(labels) = ground.labels.get(workload) else { return Vec::new() };
    let policies = ground.picture.network_policies.in_namespace(&found.key.namespace);
    let isolates = |policy: &&Record<NetworkPolicy>| {
        let Some(spec) = &policy.object.spec else { return false };
        let everything = Default::default();
        let selector = spec.pod_selector.as_ref().unwrap_or(&everything);
        works(spec, way) && selects(selector, labels)
    };
    policies.filter(isolates).collect()
}

/// Whether a policy is about a direction: as its types say, else always inwards, and outwards when it has such rules.
fn works(spec: &NetworkPolicySpec, way: Direction) -> bool {
    let types = spec.policy_types.as_deref().unwrap_or_default();
    match way {
        Direction::In => types.is_empty() || types.iter().any(|one| one == "Ingress"),
        Direction::Out if types.is_empty() => spec.egress.as_ref().is_some_and(|rules| !rules.is_empty()),
        Direction::Out => types.iter().any(|one| one == "Egress"),
    }
}

/// The policy that forbids a call, as a fault; harm is done when the client says that it cannot connect.
fn forbidden(ground: &Ground<'_>, edge: &Edge, server: usize) -> Option<Fault> {
    let service = ground.service(&edge.target)?;
    let port = edge.target.port.map(i32::from);
    let ports = service.object.spec.as_ref()?.ports.as_ref()?;
    let called = ports.iter().find(|one| port.is_none_or(|port| one.port == port))?;
    let target = match &called.target_port {
        Some(IntOrString::Int(number)) => *number,
        None => called.port,
        Some(IntOrString::String(name)) => named(ground, server, name)?,
    };
    let door = Door { server, port: target, protocol: called.protocol.as_deref().unwrap_or("TCP") };
    let denies = |of: usize, other: usize, way: Direction| -> Option<&Record<NetworkPolicy>> {
        let policies = isolating(ground, of, way);
        let passes = policies.iter().any(|policy| allows(ground, policy, other, door, way));
        policies.first().copied().filter(|_| !passes)
    };
    let (policy, way) = denies(server, edge.client, Direction::In)
        .map(|policy| (policy, Direction::In))
        .or_else(|| Some((denies(edge.client, server, Direction::Out)?, Direction::Out)))?;
    let client = ground.workloads.get(edge.client)?;
    let callee = ground.workloads.get(server)?;
    let failed = said(ground, edge.client, &edge.target.host, Symptom::Connect);
    let tried = port.and_then(|port| ground.outcome(&service.key, u16::try_from(port).ok()?));
    let refused = tried.filter(|(open, _)| !open).map(|(_, tried)| ground.fact_of(tried));
    let is_felt = failed.is_some();
    let verb = if way == Direction::In { "lets nobody like it in" } else { "does not let it out" };
    let mut facts = vec![policy_fact(ground, policy, way)];
    facts.extend(failed);
    facts.extend(refused);
    Some(Fault {
        kind: FaultKind::NetworkPolicyDenies,
        subject: if way == Direction::In { "ingress" } else { "egress" }.to_owned(),
        object: policy.key.clone(),
        standing: if is_felt { Standing::Active } else { Standing::Latent },
        certainty: Certainty::Shown,
        summary: format!(
            "{} needs port {target} of {}, and the network policy {} {verb}",
            client.key.name, callee.key.name, policy.key.name
        ),
        facts,
        explains: vec![client.key.clone(), service.key.clone()],
        neighbours: vec![FaultKind::ServicePortMismatch, FaultKind::NetworkPluginBroken],
        remedy: format!(
            "Allow it: add a rule for pods of {} and port {target}: {}",
            if way == Direction::In { &client.key.name } else { &callee.key.name },
            remedy::on("edit", &policy.key)
        ),
    })
}

fn named(ground: &Ground<'_>, server: usize, name: &str) -> Option<i32> {
    let ports = ground.containers(server).flat_map(|container| container.ports.iter().flatten());
    ports.into_iter().find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port)
}

fn policy_fact(ground: &Ground<'_>, policy: &Record<NetworkPolicy>, way: Direction) -> Fact {
    let (word, needles) = match way {
        Direction::In => ("incoming", ["Allowing ingress traffic", "ingress", "Ingress"]),
        Direction::Out => ("outgoing", ["Allowing egress traffic", "egress", "Egress"]),
    };
    ground.fact(
        &policy.key,
        &needles,
        format!("{} restricts {word} calls of the pods it selects", policy.key),
    )
}

/// Where a call arrives: the workload, and the port of its pods with its protocol (`TCP`, `UDP`, `SCTP`).
#[derive(Debug, Clone, Copy)]
struct Door<'a> {
    server: usize,
    port: i32,
    protocol: &'a str,
}

/// Whether one policy lets a call pass between the pods it selects and another workload.
fn allows(
    ground: &Ground<'_>,
    policy: &Record<NetworkPolicy>,
    other: usize,
    door: Door<'_>,
    way: Direction,
) -> bool {
    let Some(spec) = &policy.object.spec else { return true };
    let port_fits = |ports: &Option<Vec<NetworkPolicyPort>>| match ports.as_deref() {
        None | Some([]) => true,
        Some(ports) => ports.iter().any(|one| covers(ground, one, door)),
    };
    let peer_fits = |peers: &Option<Vec<NetworkPolicyPeer>>| match peers.as_deref() {
        None | Some([]) => true,
        Some(peers) => peers.iter().any(|peer| is_peer(ground, &policy.key.namespace, peer, other)),
    };
    match way {
        Direction::In => {
            spec.ingress.iter().flatten().any(|rule| port_fits(&rule.ports) && peer_fits(&rule.from))
        }
        Direction::Out => {
            spec.egress.iter().flatten().any(|rule| port_fits(&rule.ports) && peer_fits(&rule.to))
        }
    }
}

/// A rule without a protocol is one for TCP.
fn covers(ground: &Ground<'_>, rule: &NetworkPolicyPort, door: Door<'_>) -> bool {
    if rule.protocol.as_deref().unwrap_or("TCP") != door.protocol {
        return false;
    }
    match &rule.port {
        None => true,
        Some(IntOrString::Int(first)) => (*first..=rule.end_port.unwrap_or(*first)).contains(&door.port),
        Some(IntOrString::String(name)) => named(ground, door.server, name) == Some(door.port),
    }
}

fn is_peer(ground: &Ground<'_>, own: &str, peer: &NetworkPolicyPeer, other: usize) -> bool {
    // Blocks of addresses may hold pods; which, nobody can tell here.
    if peer.ip_block.is_some() {
        return true;
    }
    let (Some(workload), Some(labels)) = (ground.workloads.get(other), ground.labels.get(other)) else {
        return true;
    };
    let namespace = workload.key.namespace.as_str();
    let in_place = match &peer.namespace_selector {
        None => namespace == own,
        Some(selector) => match ground.picture.namespaces.get("", namespace).present() {
            Some(record) => {
                let mut labels = record.object.metadata.labels.clone().unwrap_or_default();
                // Every namespace carries its name (API server, since 1.21), also where a table did not print it.
                labels
                    .entry("kubernetes.io/metadata.name".to_owned())
                    .or_insert_with(|| namespace.to_owned());
                selects(selector, &labels)
            }
            None => true,
        },
    };
    in_place && peer.pod_selector.as_ref().is_none_or(|selector| selects(selector, labels))
}

/// A workload that may not ask the DNS, and says that names do not resolve.
fn no_names(ground: &Ground<'_>, client: usize) -> Option<Fault> {
    let policies = isolating(ground, client, Direction::Out);
    let policy = *policies.first()?;
    // Names are asked for with UDP first; a rule that names no protocol is one for TCP.
    let asks_dns = |one: &NetworkPolicyPort| {
        one.protocol.as_deref() == Some("UDP")
            && match &one.port {
                None => true,
                Some(IntOrString::Int(number)) => (*number..=one.end_port.unwrap_or(*number)).contains(&53),
                Some(IntOrString::String(name)) => name.contains("dns"),
            }
    };
    let allowed = policies.iter().filter_map(|policy| policy.object.spec.as_ref()).any(|spec| {
        spec.egress.iter().flatten().any(|rule| match rule.ports.as_deref() {
            None | Some([]) => rule.to.as_ref().is_none_or(|peers| {
                peers.is_empty()
                    || peers.iter().any(|peer| peer.namespace_selector.is_some() || peer.ip_block.is_some())
            }),
            Some(ports) => ports.iter().any(asks_dns),
        })
    });
    if allowed {
        return None;
    }
    let mut own =
        ground.edges.iter().filter(|edge| edge.client == client && ground.service(&edge.target).is_some());
    let fact = own.find_map(|edge| said_ever(ground, client, &edge.target.host, Symptom::Name))?;
    let workload = ground.workloads.get(client)?;
    Some(Fault {
        kind: FaultKind::NetworkPolicyDenies,
        subject: "dns".to_owned(),
        object: policy.key.clone(),
        standing: Standing::Active,
        certainty: Certainty::Shown,
        summary: format!(
            "the network policy {} does not let {} ask the DNS (port 53), so names do not resolve",
            policy.key.name, workload.key.name
        ),
        facts: vec![fact, policy_fact(ground, policy, Direction::Out)],
        explains: vec![workload.key.clone()],
        neighbours: vec![FaultKind::PodDnsBroken, FaultKind::ClusterDnsDown],
        remedy: format!(
            "Allow UDP and TCP port 53 to kube-dns in kube-system: {}",
            remedy::on("edit", &policy.key)
        ),
    })
}
