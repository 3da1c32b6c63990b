//! Workloads without replicas that somebody needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture};
use crate::reason::routing::configured_calls;
use crate::reason::symptoms::{active, broken, services_of};
use crate::reason::workload::Workload;
use crate::remedy;

/// Scaled to zero although a file, a controller's event or a caller says that it should run. Nobody's zero is rest.
pub(super) fn faults(picture: &Picture, context: &Context, workloads: &[Workload<'_>]) -> Vec<Fault> {
    let mut empty = workloads.iter().filter(|workload| {
        workload.wanted == Some(0)
            && matches!(workload.key.kind, Kind::Deployment | Kind::StatefulSet)
            && !may_rest(picture, workload)
    });
    let Some(first) = empty.next() else { return Vec::new() };
    let mut callers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let configured = configured_calls(picture);
    for (caller, callee) in context.calls.iter().chain(&configured) {
        callers.entry(callee.clone()).or_default().insert(caller.clone());
    }
    // A caller that has no replicas itself calls nobody.
    let resting: BTreeSet<&str> = workloads
        .iter()
        .filter(|workload| workload.wanted == Some(0))
        .map(|workload| workload.key.name.as_str())
        .collect();
    // Two of a kind behind one service: the other one answers (blue and green).
    let answered: BTreeSet<ObjectKey> = workloads
        .iter()
        .filter(|other| other.ready() > 0)
        .flat_map(|other| services_of(picture, other))
        .collect();
    std::iter::once(first)
        .chain(empty)
        .filter_map(|workload| fault(picture, workload, workloads, (&callers, &resting), &answered))
        .collect()
}

/// An autoscaler may take it to zero.
fn may_rest(picture: &Picture, workload: &Workload<'_>) -> bool {
    let key = &workload.key;
    let by_autoscaler = picture.autoscalers.in_namespace(&key.namespace).any(|autoscaler| {
        autoscaler.object.spec.scale_target_ref.name == key.name
            && autoscaler.object.spec.min_replicas == Some(0)
    });
    // KEDA's ScaledObject and Knative-like scalers: a custom object that names it as its target.
    by_autoscaler
        || picture.others.iter().any(|((other, _), record)| {
            other.namespace == key.namespace
                && record.object.pointer("/spec/scaleTargetRef/name").and_then(|name| name.as_str())
                    == Some(&key.name)
        })
}

fn fault(
    picture: &Picture,
    workload: &Workload<'_>,
    workloads: &[Workload<'_>],
    (callers, resting): (&BTreeMap<String, BTreeSet<String>>, &BTreeSet<&str>),
    answered: &BTreeSet<ObjectKey>,
) -> Option<Fault> {
    let key = &workload.key;
    let mut facts: Vec<Fact> = Vec::new();
    let mut certainty = Certainty::Shown;
    let drift = picture.drifts.iter().find(|drift| drift.key == *key && drift.field == "spec.replicas");
    if let Some(drift) = drift.filter(|drift| drift.file != "0") {
        certainty = Certainty::Stated;
        facts.push(Fact {
            statement: format!("it is declared with {} replicas, and {} are live", drift.file, drift.live),
            source: drift.source.clone(),
            quote: String::new(),
        });
    }
    let scaled = picture.events_of(key).filter(|event| {
        let is_all = event.message.contains(" to 0");
        event.reason == "ScalingReplicaSet" && is_all && event.message.contains(&workload.current.name)
    });
    if let Some(event) = scaled.last() {
        certainty = Certainty::Stated;
        facts.push(picture.fact_at(
            event.origin,
            "Scaled down",
            "its present replica set was scaled down to 0",
        ));
    }
    let services = services_of(picture, workload);
    let names = services.iter().map(|service| service.name.as_str()).chain([key.name.as_str()]);
    let calling: BTreeSet<&str> = names
        .filter_map(|name| callers.get(name))
        .flatten()
        .map(String::as_str)
        .filter(|caller| *caller != key.name && !resting.contains(caller))
        .collect();
    let is_replaced = services.iter().any(|service| answered.contains(service));
    if is_replaced || (facts.is_empty() && calling.is_empty()) {
        return None;
    }
    let called = match calling.iter().take(4).copied().collect::<Vec<&str>>() {
        some if some.is_empty() => String::new(),
        some => format!("; it is called by {}", some.join(", ")),
    };
    let mut fault = active(FaultKind::ZeroReplicas, key, certainty);
    fault.summary = format!("{key} is scaled to zero{called}");
    fault.facts = facts;
    fault.facts.insert(0, picture.fact(key, "0/0", format!("{key} wants 0 replicas")));
    fault.explains = broken(picture, workload);
    fault.explains.extend(
        workloads
            .iter()
            .filter(|other| other.key.namespace == key.namespace && calling.contains(other.key.name.as_str()))
            .filter(|other| other.lacks_pods())
            .map(|other| other.key.clone()),
    );
    let wanted = drift.map_or("1", |drift| drift.file.as_str());
    fault.remedy = format!(
        "scale it up again: {}",
        remedy::kubectl(key, &["scale", &remedy::target(key), &format!("--replicas={wanted}")])
    );
    Some(fault)
}
