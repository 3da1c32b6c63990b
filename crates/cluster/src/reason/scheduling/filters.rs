//! The scheduler's filters, all of them for every machine (the scheduler itself stops at the first that fails).
//!
//! Source: kube-scheduler's default plugins NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts,
//! NodeResourcesFit, InterPodAffinity, PodTopologySpread, VolumeBinding and VolumeZone.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodSpec, Taint, Toleration};

use super::affinity::{
    Labels, Peer, domains, fits_affinity, fits_selector, full_domains, matches_selector, speaks_of, terms,
};
use super::machines::{Machine, World, host_ports};
use super::message::{Predicate, of_taint};
use super::requests::{Amounts, requests};
use crate::picture::Picture;
use crate::quantity::Quantity;

/// A pod that looks for a machine.
pub(super) struct Seeker<'a> {
    pub namespace: &'a str,
    pub spec: &'a PodSpec,
    pub labels: &'a Labels,
}

/// Machine → what keeps the pod from it; nothing when it would run there.
pub(super) fn failures<'a>(
    picture: &Picture,
    world: &'a World<'a>,
    pod: &Seeker<'_>,
) -> BTreeMap<&'a str, BTreeSet<Predicate>> {
    let mut asked = requests(pod.spec);
    asked.insert("pods".to_owned(), Quantity::units(1));
    let ports = host_ports(pod.spec);
    let peers = Peers::new(picture, world, pod);
    let volumes = volume_selectors(picture, pod);
    let mut found = BTreeMap::new();
    for machine in world.machines.values() {
        let mut failed = of_node(machine, pod.spec);
        failed.extend(of_resources(machine, &asked));
        if ports.iter().any(|port| machine.ports.contains(port)) {
            failed.insert(Predicate::HostPort);
        }
        failed.extend(peers.failures(machine));
        if volumes.iter().any(|selector| !matches_selector(selector, &machine.labels, machine.name)) {
            failed.insert(Predicate::VolumeNode);
        }
        found.insert(machine.name, failed);
    }
    found
}

fn of_node(machine: &Machine<'_>, spec: &PodSpec) -> BTreeSet<Predicate> {
    let mut failed = BTreeSet::new();
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        effect: "NoSchedule".to_owned(),
        ..Taint::default()
    };
    if machine.is_cordoned && !tolerations.iter().any(|toleration| tolerates(toleration, &cordon)) {
        failed.insert(Predicate::Cordon);
    }
    for taint in machine.taints.iter().filter(|taint| taint.effect != "PreferNoSchedule") {
        if !tolerations.iter().any(|toleration| tolerates(toleration, taint)) {
            failed.insert(of_taint(&taint.key, taint.value.as_deref().unwrap_or("")));
        }
    }
    let is_match = fits_selector(spec, &machine.labels) && fits_affinity(spec, &machine.labels, machine.name);
    if machine.has_labels && !is_match {
        failed.insert(Predicate::NodeAffinity);
    }
    failed
}

/// Source: `Toleration.ToleratesTaint` of the Kubernetes API.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let field = |field: &Option<String>| field.clone().unwrap_or_default();
    let (key, effect, value) = (field(&toleration.key), field(&toleration.effect), field(&toleration.value));
    if !effect.is_empty() && effect != taint.effect {
        return false;
    }
    if !key.is_empty() && key != taint.key {
        return false;
    }
    let tainted = taint.value.as_deref().unwrap_or("");
    let numbers = || Some((tainted.parse::<i64>().ok()?, value.parse::<i64>().ok()?));
    match toleration.operator.as_deref().unwrap_or("Equal") {
        "Exists" => true,
        "Gt" => !key.is_empty() && numbers().is_some_and(|(tainted, bound)| tainted > bound),
        "Lt" => !key.is_empty() && numbers().is_some_and(|(tainted, bound)| tainted < bound),
        "" | "Equal" => !key.is_empty() && value == tainted,
        _ => false,
    }
}

fn of_resources(machine: &Machine<'_>, asked: &Amounts) -> BTreeSet<Predicate> {
    let Some(allocatable) = &machine.allocatable else { return BTreeSet::new() };
    let short = |name: &String, amount: Quantity| {
        // A resource of its own that the node does not list is one it does not have.
        let is_always_there = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage" | "pods");
        let Some(all) = allocatable.get(name) else { return !is_always_there };
        machine.used.get(name).copied().unwrap_or_default().plus(amount) > *all
    };
    let asked = asked.iter().filter(|(_, amount)| **amount > Quantity::ZERO);
    asked
        .filter(|(name, amount)| short(name, **amount))
        .map(|(name, _)| Predicate::Resource(name.clone()))
        .collect()
}

/// What affinity between pods leaves, worked out once for all machines.
struct Peers<'a> {
    /// Topology key → values taken: a machine with such a value is closed.
    closed: BTreeMap<String, BTreeSet<&'a str>>,
    /// (topology key, values): a machine needs one of them.
    needed: Vec<(String, BTreeSet<&'a str>)>,
    /// (topology key, values that are full).
    full: Vec<(String, BTreeSet<String>)>,
}

impl<'a> Peers<'a> {
    fn new(picture: &Picture, world: &'a World<'a>, pod: &Seeker<'_>) -> Peers<'a> {
        let own = Peer { namespace: pod.namespace, labels: pod.labels };
        let mut closed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for term in terms(pod.spec, true) {
            let taken = domains(&world.machines, &world.placed, &term.topology_key, |placed| {
                speaks_of(picture, term, own, Peer { namespace: placed.namespace, labels: placed.labels })
            });
            closed.entry(term.topology_key.clone()).or_default().extend(taken);
        }
        for placed in world.placed.iter().filter(|placed| !placed.anti.is_empty()) {
            let owner = Peer { namespace: placed.namespace, labels: placed.labels };
            for term in placed.anti.iter().filter(|term| speaks_of(picture, term, owner, own)) {
                let machine = world.machines.get(placed.node);
                if let Some(value) = machine.and_then(|machine| machine.labels.get(&term.topology_key)) {
                    closed.entry(term.topology_key.clone()).or_default().insert(value);
                }
            }
        }
        let mut needed = Vec::new();
        for term in terms(pod.spec, false) {
            let near = domains(&world.machines, &world.placed, &term.topology_key, |placed| {
                speaks_of(picture, term, own, Peer { namespace: placed.namespace, labels: placed.labels })
            });
            // The first of a group that wants to be together may go anywhere.
            if !near.is_empty() || !speaks_of(picture, term, own, own) {
                needed.push((term.topology_key.clone(), near));
            }
        }
        let constraints = pod.spec.topology_spread_constraints.iter().flatten();
        let full = constraints
            .filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule")
            .map(|constraint| {
                let full = full_domains(&world.machines, &world.placed, constraint, pod.spec, own);
                (constraint.topology_key.clone(), full)
            })
            .collect();
        Peers { closed, needed, full }
    }

    fn failures(&self, machine: &Machine<'_>) -> Vec<Predicate> {
        let value = |key: &String| machine.labels.get(key).map(String::as_str);
        let mut failed = Vec::new();
        if self.closed.iter().any(|(key, taken)| value(key).is_some_and(|value| taken.contains(value))) {
            failed.push(Predicate::AntiAffinity);
        }
        if self.needed.iter().any(|(key, near)| !value(key).is_some_and(|value| near.contains(value))) {
            failed.push(Predicate::Affinity);
        }
        if machine.has_labels
            && self.full.iter().any(|(key, full)| value(key).is_none_or(|value| full.contains(value)))
        {
            failed.push(Predicate::Spread);
        }
        failed
    }
}

/// Where the volumes that the pod's claims are bound to may be used.
fn volume_selectors<'a>(
    picture: &'a Picture,
    pod: &Seeker<'_>,
) -> Vec<&'a k8s_openapi::api::core::v1::NodeSelector> {
    let volumes = pod.spec.volumes.as_deref().unwrap_or_default();
    let claims = volumes
        .iter()
        .filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()));
    claims
        .filter_map(|name| {
            let claim = picture.claims.get(pod.namespace, name).present()?;
            let bound = claim.object.spec.as_ref()?.volume_name.as_deref()?;
            let volume = picture.volumes.get("", bound).present()?;
            volume.object.spec.as_ref()?.node_affinity.as_ref()?.required.as_ref()
        })
        .collect()
}
