//! Services that select no pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;

use super::ground::{Ground, selector};
use super::ports::{listens, target_numbers};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Record};
use crate::remedy;

/// Services whose selector matches the labels of no workload of their namespace although one is meant.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    ground.picture.services.iter().filter_map(|service| mismatch(ground, service)).collect()
}

fn mismatch(ground: &Ground<'_>, service: &Record<Service>) -> Option<Fault> {
    let wanted = selector(service)?;
    if ground.selected(&service.key).next().is_some() || ground.has_endpoints(&service.key) {
        return None;
    }
    let Some((meant, nearest)) = meant(ground, service, wanted) else {
        return nobody(ground, service, wanted);
    };
    let workload = ground.workloads.get(meant)?;
    let labels = ground.labels.get(meant)?;
    // Operators label pods when they elect a leader: without the pods, labels outside the template are unknown.
    if workload.pods.is_empty() && wanted.keys().any(|name| !labels.contains_key(name)) {
        return None;
    }
    let is_ready = ground.ready.get(meant).copied().unwrap_or(false);
    let failed = failed_connection(ground, service);
    let is_needed = ground.is_called(&service.key) || !ground.is_served(meant) || failed.is_some();
    let standing = if is_needed { Standing::Active } else { Standing::Latent };
    let certainty = match (is_ready, nearest) {
        (true, true) if failed.is_some() => Certainty::Stated,
        (true, true) => Certainty::Shown,
        _ => Certainty::Suspected,
    };
    let key = &service.key;
    let written = text(wanted);
    let mut facts = vec![selector_fact(ground, service, wanted)];
    let carried: BTreeMap<String, String> =
        labels.iter().filter(|(name, _)| wanted.contains_key(*name)).map(own).collect();
    let carried = if carried.is_empty() { labels.clone() } else { carried };
    let needle = carried.iter().next().map_or_else(String::new, |(name, value)| format!("{name}={value}"));
    let yaml = carried.iter().next().map_or_else(String::new, |(name, value)| format!("{name}: {value}"));
    facts.push(ground.fact(
        &workload.key,
        &[&needle, &yaml],
        format!(
            "pods of {} carry {}, and {} of them are ready",
            workload.key,
            text(&carried),
            workload.ready()
        ),
    ));
    if let Some(record) = ground.picture.endpoints.get(&key.namespace, &key.name).present() {
        facts.push(ground.fact(&record.key, &["<none>"], format!("{} has no endpoints", key)));
    }
    facts.extend(failed);
    let mut explains = ground.clients_of(key);
    explains.push(key.clone());
    Some(Fault {
        kind: FaultKind::ServiceSelectorMismatch,
        subject: String::new(),
        object: key.clone(),
        standing,
        certainty,
        summary: format!(
            "the service {} selects {written}, which no pod carries; the pods of {} carry {}",
            key.name,
            workload.key,
            text(&carried)
        ),
        facts,
        explains,
        neighbours: vec![FaultKind::ServicePortMismatch],
        remedy: remedy(key, &carried),
    })
}

/// A service that selects nothing, and of which the capture does not say whom it is meant for: its endpoints are captured
/// and empty, or the pods of its namespace are known with their labels and none of them fits. What makes pods there must
/// be unknown, or the service called: one that nobody calls beside known deployments is a leftover.
fn nobody(
    ground: &Ground<'_>,
    service: &Record<Service>,
    wanted: &BTreeMap<String, String>,
) -> Option<Fault> {
    let key = &service.key;
    let picture = ground.picture;
    let namespace = key.namespace.as_str();
    let has_makers = picture.deployments.in_namespace(namespace).next().is_some()
        || picture.stateful_sets.in_namespace(namespace).next().is_some()
        || picture.daemon_sets.in_namespace(namespace).next().is_some();
    let failed = failed_connection(ground, service);
    if has_makers && !ground.is_called(key) && failed.is_none() {
        return None;
    }
    let endpoints = picture.endpoints.get(namespace, &key.name).present();
    let pods = picture.pods.in_namespace(namespace).count();
    let labelled = || picture.pods.in_namespace(namespace).all(|pod| pod.object.metadata.labels.is_some());
    let are_known = pods > 0 && picture.pods.is_listed(namespace) && labelled();
    if endpoints.is_none() && !are_known {
        return None;
    }
    let mut facts = vec![selector_fact(ground, service, wanted)];
    if let Some(record) = endpoints {
        facts.push(ground.fact(&record.key, &[&key.name], format!("{key} has no endpoints")));
    }
    if are_known {
        facts.push(Fact {
            statement: format!("none of the {pods} captured pods of {namespace} carries {}", text(wanted)),
            source: format!("the pods of {namespace}"),
            quote: String::new(),
        });
    }
    facts.extend(failed);
    let missing = match has_makers {
        true => "",
        false => "; the deployments that should make such pods were not captured",
    };
    let mut explains = ground.clients_of(key);
    explains.push(key.clone());
    let labels: Vec<String> = wanted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(Fault {
        kind: FaultKind::ServiceSelectorMismatch,
        subject: String::new(),
        object: key.clone(),
        standing: Standing::Active,
        certainty: Certainty::Suspected,
        summary: format!(
            "the service {} selects {}, and no pod answers to that{missing}",
            key.name,
            text(wanted)
        ),
        facts,
        explains,
        neighbours: vec![FaultKind::ZeroReplicas],
        remedy: format!(
            "See who makes such pods, {}, and the labels of those there are, {}; then correct the one or the other",
            remedy::kubectl(key, &["get", "deployments,statefulsets,daemonsets", "-o", "wide"]),
            remedy::kubectl(key, &["get", "pods", "-l", &labels.join(",")])
        ),
    })
}

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

fn remedy(key: &ObjectKey, labels: &BTreeMap<String, String>) -> String {
    let wanted: Vec<String> = labels.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    format!(
        "Make the selector match the pods' labels: {}",
        remedy::patch(key, &format!("{{\"spec\":{{\"selector\":{{{}}}}}}}", wanted.join(",")))
    )
}

/// `app=a, tier=b`.
pub(super) fn text(labels: &BTreeMap<String, String>) -> String {
    let mut all: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    all.truncate(6);
    all.join(", ")
}

pub(super) fn selector_fact(
    ground: &Ground<'_>,
    service: &Record<Service>,
    wanted: &BTreeMap<String, String>,
) -> Fact {
    let first = wanted.iter().next();
    let table = first.map_or_else(String::new, |(name, value)| format!("{name}={value}"));
    let yaml = first.map_or_else(String::new, |(name, value)| format!("{name}: {value}"));
    let describe = format!("Selector:                 {table}");
    ground.fact(
        &service.key,
        &[&describe, &table, &yaml],
        format!("the service {} selects {}", service.key.name, text(wanted)),
    )
}

/// A failed attempt to connect to any port of the service, as a fact; `None` when some attempt got through.
fn failed_connection(ground: &Ground<'_>, service: &Record<Service>) -> Option<Fact> {
    let ports = service.object.spec.as_ref()?.ports.iter().flatten();
    let outcomes = ports.filter_map(|port| ground.outcome(&service.key, u16::try_from(port.port).ok()?));
    let outcomes: Vec<_> = outcomes.collect();
    if outcomes.iter().any(|(open, _)| *open) {
        return None;
    }
    outcomes.first().map(|(_, tried)| ground.fact_of(tried))
}

/// The workload that a service is meant for, and whether more than one sign says so: part of the selector or the
/// service's own labels match, it bears the service's name, it listens on the target port and nothing else serves it.
fn meant(
    ground: &Ground<'_>,
    service: &Record<Service>,
    wanted: &BTreeMap<String, String>,
) -> Option<(usize, bool)> {
    let own = service.object.metadata.labels.clone().unwrap_or_default();
    let numbers = target_numbers(service);
    let mut best: Option<(u32, usize)> = None;
    let mut tied = false;
    for at in ground.in_namespace(&service.key.namespace) {
        let Some(workload) = ground.workloads.get(at) else { continue };
        if matches!(workload.key.kind, Kind::Job | Kind::CronJob) {
            continue;
        }
        let Some(labels) = ground.labels.get(at) else { continue };
        let shared = |set: &BTreeMap<String, String>| {
            set.iter().filter(|(name, value)| labels.get(*name) == Some(value)).count() as u32
        };
        let same_name = u32::from(workload.key.name == service.key.name);
        // The value of a label that no pod carries may still be the name of the workload, under another label.
        let named = u32::from(wanted.values().any(|value| *value == workload.key.name));
        let identity = shared(wanted) + shared(&own).min(2) + 2 * same_name + named;
        let listening = u32::from(numbers.iter().any(|number| listens(ground, at, *number) == Some(true)));
        let free = u32::from(!ground.is_served(at));
        if identity == 0 && (listening == 0 || free == 0) {
            continue;
        }
        let score = 4 * identity + 2 * listening + 2 * free;
        match best {
            Some((most, _)) if score < most => {}
            Some((most, _)) if score == most => tied = true,
            _ => {
                best = Some((score, at));
                tied = false;
            }
        }
    }
    let (score, at) = best?;
    // Labels that many workloads share (a team, a release) point at nobody.
    (!tied).then_some((at, score >= 6))
}
