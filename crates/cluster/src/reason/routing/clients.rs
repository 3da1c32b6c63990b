//! Clients that are configured with an address nobody serves.
//!
//! A name that no service bears is not yet a fault: features that are switched off keep their addresses, and programs
//! try names while their neighbours are still being created. What counts is that the name does not exist now and that
//! somebody fails because of it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Service;

use super::ground::{Edge, Ground};
use super::symptoms::{Symptom, said};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture, Record};
use crate::quantity::Quantity;
use crate::remedy;

/// Ports that databases are known by (IANA service names); what is wrong with those is said where databases are.
const DATABASE_PORTS: [i32; 8] = [1433, 1521, 3306, 5432, 9042, 26257, 27017, 33060];

/// Calls that configuration names, as (client, callee): names of workloads, or of services that select none.
pub(crate) fn configured_calls(picture: &Picture) -> Vec<(String, String)> {
    let context = crate::context::Context::default();
    let ground = Ground::new(picture, &context);
    let mut calls: BTreeSet<(String, String)> = BTreeSet::new();
    for edge in &ground.edges {
        let (Some(client), Some(service)) = (ground.workloads.get(edge.client), ground.service(&edge.target))
        else {
            continue;
        };
        let served = ground.selected(&service.key).next().and_then(|at| ground.workloads.get(at));
        let callee = served.map_or(&service.key.name, |workload| &workload.key.name);
        calls.insert((client.key.name.clone(), callee.clone()));
    }
    calls.into_iter().collect()
}

/// Wrong addresses, wrong ports and missing services.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut missing: BTreeMap<(&str, &str), Vec<&Edge>> = BTreeMap::new();
    for edge in &ground.edges {
        match ground.service(&edge.target) {
            Some(service) => faults.extend(wrong_port(ground, edge, service)),
            None if is_missing(ground, edge) => {
                let name = (edge.target.namespace.as_str(), edge.target.host.as_str());
                missing.entry(name).or_default().push(edge);
            }
            None => {}
        }
    }
    for ((namespace, host), edges) in missing {
        faults.extend(missing_name(ground, namespace, host, &edges));
    }
    faults
}

/// Whether a name is known to lead nowhere.
fn is_missing(ground: &Ground<'_>, edge: &Edge) -> bool {
    let target = &edge.target;
    let services = &ground.picture.services;
    if !services.is_listed(&target.namespace) || !services.get(&target.namespace, &target.host).is_absent() {
        return false;
    }
    let Some(client) = ground.workloads.get(edge.client) else { return false };
    let spec = client.spec();
    let aliases = spec.and_then(|spec| spec.host_aliases.as_deref()).unwrap_or_default();
    let is_alias = aliases
        .iter()
        .flat_map(|alias| alias.hostnames.iter().flatten())
        .any(|name| *name == target.host || *name == target.written);
    let is_itself = client.pods.iter().any(|pod| pod.key.name == target.host)
        || spec.is_some_and(|spec| spec.hostname.as_deref() == Some(&target.host));
    let is_machine = ground.picture.nodes.get("", &target.host).present().is_some();
    !is_alias && !is_itself && !is_machine
}

/// One name that several edges lead to and that no service bears.
fn missing_name(ground: &Ground<'_>, namespace: &str, host: &str, edges: &[&Edge]) -> Vec<Fault> {
    let key = ObjectKey::new(Kind::Service, namespace, host);
    let clients: BTreeSet<usize> = edges.iter().map(|edge| edge.client).collect();
    let is_declared = ground.picture.declared.contains_key(&key);
    let has_workload = ground.workloads.iter().any(|workload| {
        workload.key.namespace == namespace && workload.key.name == host && !workload.pods.is_empty()
    });
    if is_declared || has_workload || clients.len() >= 3 {
        return vec![missing_service(ground, key, edges, is_declared || has_workload)];
    }
    edges.iter().filter_map(|edge| wrong_address(ground, edge)).collect()
}

fn missing_service(ground: &Ground<'_>, key: ObjectKey, edges: &[&Edge], is_meant: bool) -> Fault {
    let mut facts: Vec<Fact> = Vec::new();
    if is_meant {
        let statement = format!("{key} is meant to exist and is not among the services");
        facts.push(ground.picture.fact(&key, &key.name, statement));
    }
    let mut failing: Vec<ObjectKey> = Vec::new();
    for edge in edges {
        let Some(client) = ground.workloads.get(edge.client) else { continue };
        if let Some(fact) = said(ground, edge.client, &edge.target.host, Symptom::Name) {
            facts.push(fact);
            failing.push(client.key.clone());
        }
    }
    for edge in edges.iter().take(3) {
        facts.push(edge_fact(ground, edge));
    }
    let is_active = is_meant || !failing.is_empty();
    let full = services_quota(ground, &key.namespace);
    let mut explains = failing;
    explains.push(key.clone());
    Fault {
        kind: FaultKind::ServiceMissing,
        subject: String::new(),
        // A full quota says why it is missing, and is the thing to change: this is then its consequence.
        standing: if is_active && full.is_none() { Standing::Active } else { Standing::Latent },
        certainty: if full.is_some() { Certainty::Suspected } else { Certainty::Shown },
        summary: format!(
            "the service {} does not exist, and {} is configured to call it",
            key.name,
            clients(ground, edges)
        ),
        facts,
        explains,
        neighbours: full.map_or(vec![FaultKind::ClientAddressWrong], |_| {
            vec![FaultKind::QuotaExceeded, FaultKind::ClientAddressWrong]
        }),
        remedy: format!(
            "Create the service {} in {} (<PORT> is the one its clients call), or correct its clients: {}",
            key.name,
            key.namespace,
            remedy::kubectl(&key, &["create", "service", "clusterip", &key.name, "--tcp=<PORT>"])
        ),
        object: key,
    }
}

fn clients(ground: &Ground<'_>, edges: &[&Edge]) -> String {
    let names: BTreeSet<&str> = edges
        .iter()
        .filter_map(|edge| ground.workloads.get(edge.client).map(|client| client.key.name.as_str()))
        .collect();
    names.into_iter().take(5).collect::<Vec<_>>().join(", ")
}

/// A quota of the namespace whose services are used up.
fn services_quota(ground: &Ground<'_>, namespace: &str) -> Option<ObjectKey> {
    let full = ground.picture.quotas.in_namespace(namespace).find(|quota| {
        let Some(status) = &quota.object.status else { return false };
        ["services", "count/services"].iter().any(|name| {
            let of = |amounts: &Option<BTreeMap<String, _>>| {
                let amounts: &BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity> =
                    amounts.as_ref()?;
                Quantity::parse(&amounts.get(*name)?.0)
            };
            matches!((of(&status.hard), of(&status.used)), (Some(hard), Some(used)) if used >= hard)
        })
    })?;
    Some(full.key.clone())
}

/// The line that holds the address.
fn edge_fact(ground: &Ground<'_>, edge: &Edge) -> Fact {
    let client = ground.workloads.get(edge.client).map_or("", |client| client.key.name.as_str());
    let what = if edge.name.is_empty() { "an argument".to_owned() } else { edge.name.clone() };
    let statement = format!("{client} is configured with {} in {what}", written(edge));
    ground.fact(&edge.holder, &[&edge.text, &edge.target.written], statement)
}

fn written(edge: &Edge) -> String {
    match edge.target.port {
        Some(port) => format!("{}:{port}", edge.target.written),
        None => edge.target.written.clone(),
    }
}

fn wrong_address(ground: &Ground<'_>, edge: &Edge) -> Option<Fault> {
    let client = ground.workloads.get(edge.client)?;
    let mut facts: Vec<Fact> =
        said(ground, edge.client, &edge.target.host, Symptom::Name).into_iter().collect();
    let is_said = !facts.is_empty();
    let intended = intended(ground, edge);
    let standing = if is_said || intended.is_some() { Standing::Active } else { Standing::Latent };
    facts.push(edge_fact(ground, edge));
    let service = ObjectKey::new(Kind::Service, &edge.target.namespace, &edge.target.host);
    facts.push(ground.fact(&service, &[], format!("no service {} exists", edge.target.written)));
    let nearest = intended.or_else(|| nearest(ground, edge));
    let hint = nearest.as_ref().map_or_else(String::new, |name| format!(" (the nearest is {name})"));
    let unknown = if nearest.is_none() { " (<SERVICE> is the one that is meant)" } else { "" };
    let new = nearest.unwrap_or_else(|| "<SERVICE>".to_owned());
    Some(Fault {
        kind: FaultKind::ClientAddressWrong,
        subject: edge.name.clone(),
        object: client.key.clone(),
        standing,
        certainty: if is_said { Certainty::Stated } else { Certainty::Suspected },
        summary: format!(
            "{} is configured with the address {} in {}, and no service of that name exists{hint}",
            client.key.name,
            written(edge),
            edge.name
        ),
        facts,
        explains: vec![client.key.clone()],
        neighbours: vec![FaultKind::ServiceMissing, FaultKind::PodDnsBroken],
        remedy: match edge.holder == client.key && !edge.name.is_empty() && is_plain(&edge.text) {
            true => format!(
                "Correct the address{unknown}: {}",
                remedy::kubectl(
                    &client.key,
                    &[
                        "set",
                        "env",
                        &remedy::target(&client.key),
                        &format!("{}={}", edge.name, edge.text.replacen(&edge.target.written, &new, 1))
                    ]
                )
            ),
            false => format!(
                "Correct {} in {} to {new}{unknown}: {}",
                edge.name,
                edge.holder,
                remedy::on("edit", &edge.holder)
            ),
        },
    })
}

/// Whether a value is an address and nothing else: what may hold a password, or is cut, is not printed.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/".contains(c);
    text.len() < 200 && text.chars().all(plain)
}

/// The service that the client is known to call, that offers the port of the wrong address, and that no other address
/// of the client leads to. `None` unless there is exactly one.
fn intended(ground: &Ground<'_>, edge: &Edge) -> Option<String> {
    let client = ground.workloads.get(edge.client)?;
    let port = i32::from(edge.target.port?);
    let own: BTreeSet<&str> = ground
        .edges
        .iter()
        .filter(|other| other.client == edge.client)
        .map(|other| other.target.host.as_str())
        .collect();
    let callees = ground.context.calls.iter().filter(|(caller, _)| *caller == client.key.name);
    let mut fitting: Vec<&str> = callees
        .map(|(_, callee)| callee.as_str())
        .filter(|callee| !own.contains(callee))
        .filter(|callee| {
            let found = ground.picture.services.get(&edge.target.namespace, callee).present();
            found.is_some_and(|service| offers(service, port))
        })
        .collect();
    fitting.dedup();
    match fitting[..] {
        [only] => Some(only.to_owned()),
        _ => None,
    }
}

/// The service whose name differs least, if little differs: a suggestion, no evidence.
fn nearest(ground: &Ground<'_>, edge: &Edge) -> Option<String> {
    let wanted = edge.target.host.as_str();
    let names = ground.picture.services.in_namespace(&edge.target.namespace).take(2000);
    let (distance, name) = names
        .map(|service| (strsim::levenshtein(wanted, &service.key.name), service.key.name.clone()))
        .min()?;
    (distance <= wanted.chars().count() / 3).then_some(name)
}

fn offers(service: &Record<Service>, port: i32) -> bool {
    let ports = service.object.spec.as_ref().and_then(|spec| spec.ports.as_ref());
    ports.into_iter().flatten().any(|offered| offered.port == port)
}

/// A port that the service does not offer.
fn wrong_port(ground: &Ground<'_>, edge: &Edge, service: &Record<Service>) -> Option<Fault> {
    let port = edge.target.port?;
    let spec = service.object.spec.as_ref()?;
    let offered: Vec<i32> = spec.ports.iter().flatten().map(|offered| offered.port).collect();
    // A headless or external service hands out addresses, and whatever listens there answers.
    let is_direct =
        spec.cluster_ip.as_deref() == Some("None") || spec.type_.as_deref() == Some("ExternalName");
    if is_direct || offered.is_empty() || offered.contains(&i32::from(port)) || is_database(ground, service) {
        return None;
    }
    let client = ground.workloads.get(edge.client)?;
    let right = ground
        .edges_to(&service.key)
        .find(|other| other.target.port.is_some_and(|asked| offered.contains(&i32::from(asked))));
    // The same program reaching the service at its right port elsewhere makes this a setting of minor use.
    let own_right = right.is_some_and(|other| other.client == edge.client);
    let mut facts: Vec<Fact> =
        said(ground, edge.client, &edge.target.host, Symptom::Connect).into_iter().collect();
    let is_said = !facts.is_empty();
    let tried = ground.outcome(&service.key, port);
    facts.extend(tried.filter(|(open, _)| !open).map(|(_, tried)| ground.fact_of(tried)));
    facts.insert(0, edge_fact(ground, edge));
    let list = offered.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let first = offered.first().copied().unwrap_or(0);
    facts.push(ground.fact(
        &service.key,
        &[&format!("{first}/"), &format!("port: {first}")],
        format!("{} offers {list}", service.key.name),
    ));
    facts.extend(right.map(|other| edge_fact(ground, other)));
    let supported = is_said || right.is_some();
    Some(Fault {
        kind: FaultKind::ClientPortWrong,
        subject: edge.name.clone(),
        object: client.key.clone(),
        standing: if own_right && !is_said { Standing::Latent } else { Standing::Active },
        certainty: if supported { Certainty::Shown } else { Certainty::Suspected },
        summary: format!(
            "{} is configured with {} in {}, and the service {} offers {list}",
            client.key.name,
            written(edge),
            edge.name,
            service.key.name
        ),
        facts,
        explains: vec![client.key.clone()],
        neighbours: vec![FaultKind::ServicePortMismatch, FaultKind::ClientAddressWrong],
        remedy: format!(
            "Use port {first}: set {} of {} accordingly, {}, or add port {port} to the service {}",
            if edge.name.is_empty() { "the argument" } else { &edge.name },
            edge.holder,
            remedy::on("edit", &edge.holder),
            service.key.name
        ),
    })
}

/// Whether a service leads to a database.
fn is_database(ground: &Ground<'_>, service: &Record<Service>) -> bool {
    let spec = service.object.spec.as_ref();
    let mut offered = spec.and_then(|spec| spec.ports.as_ref()).into_iter().flatten();
    let inside = ground
        .selected(&service.key)
        .flat_map(|at| ground.containers(at))
        .flat_map(|container| container.ports.iter().flatten().map(|port| port.container_port));
    offered.any(|port| DATABASE_PORTS.contains(&port.port))
        || inside.into_iter().any(|port| DATABASE_PORTS.contains(&port))
}
