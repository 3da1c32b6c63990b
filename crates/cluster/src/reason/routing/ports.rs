//! Services that send to a port, or with a protocol, that their pods do not have.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Probe, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ground::Ground;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::ObjectKey;
use crate::picture::{Fact, Record};
use crate::reason::workload::Workload;
use crate::remedy;

/// Port and protocol mismatches of all services that select pods.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for service in ground.picture.services.iter() {
        let selected: Vec<usize> = ground.selected(&service.key).collect();
        let Some(spec) = service.object.spec.as_ref().filter(|_| !selected.is_empty()) else { continue };
        // A headless service hands out addresses of pods; its target port only labels them.
        if spec.cluster_ip.as_deref() == Some("None") {
            continue;
        }
        let ports: Vec<&ServicePort> = spec.ports.iter().flatten().collect();
        for port in &ports {
            if let Some(fault) = port_mismatch(ground, service, port, &selected) {
                faults.push(fault);
            } else if let Some(fault) = protocol_mismatch(ground, service, port, &ports, &selected) {
                faults.push(fault);
            }
        }
    }
    faults
}

/// Where a port of a service sends: a number or a name.
fn target_port(port: &ServicePort) -> IntOrString {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => IntOrString::Int(port.port),
        Some(IntOrString::String(text)) => match text.parse() {
            Ok(number) => IntOrString::Int(number),
            Err(_) => IntOrString::String(text.clone()),
        },
        Some(number) => number.clone(),
    }
}

/// Numbers that a service sends to.
pub(super) fn target_numbers(service: &Record<Service>) -> Vec<i32> {
    let ports = service.object.spec.as_ref().and_then(|spec| spec.ports.as_ref());
    let number = |port: &ServicePort| match target_port(port) {
        IntOrString::Int(number) => Some(number),
        IntOrString::String(_) => None,
    };
    ports.into_iter().flatten().filter_map(number).collect()
}

/// Protocol of a port, which is TCP when nothing says otherwise.
fn protocol_of(text: Option<&str>) -> &str {
    text.filter(|text| !text.is_empty()).unwrap_or("TCP")
}

/// Ports that a container is known to listen on: declared ones, those its probes ask, and numbers that its own
/// settings name as ports.
fn known_ports(container: &Container) -> BTreeSet<i32> {
    let mut ports: BTreeSet<i32> = container.ports.iter().flatten().map(|port| port.container_port).collect();
    let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
    ports.extend(probes.into_iter().flatten().filter_map(probed_number));
    for variable in container.env.iter().flatten() {
        let name = variable.name.to_ascii_uppercase();
        // `PORT`, `SERVER_PORT`, `LISTEN_ADDR` speak of the program itself; `DB_PORT` of another.
        let is_own =
            ["PORT", "SERVER_PORT", "HTTP_PORT", "GRPC_PORT", "APP_PORT", "LISTEN_PORT", "LISTEN_ADDR"]
                .contains(&name.as_str())
                || name.ends_with("_LISTEN_PORT")
                || name.contains("BIND")
                || name.contains("LISTEN");
        if is_own {
            ports.extend(trailing_number(variable.value.as_deref().unwrap_or("")));
        }
    }
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    for word in words.filter(|word| word.len() <= 4096) {
        // `--port=8080`, `:8080`, `0.0.0.0:8080`, `8080`
        let numbers =
            word.split(|letter: char| !letter.is_ascii_digit()).filter_map(|text| text.parse().ok());
        ports.extend(numbers.filter(|number| (1..=65535).contains(number)).take(20));
    }
    ports
}

fn trailing_number(text: &str) -> Option<i32> {
    text.rsplit(':').next()?.trim().parse().ok()
}

/// The number that a probe asks over the network.
fn probed_number(probe: &Probe) -> Option<i32> {
    let port = match (&probe.http_get, &probe.tcp_socket, &probe.grpc) {
        (Some(get), ..) => &get.port,
        (_, Some(socket), _) => &socket.port,
        (.., Some(grpc)) => return Some(grpc.port),
        _ => return None,
    };
    match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::String(text) => text.parse().ok(),
    }
}

/// Whether a workload is known to listen on a port; `None` when it declares none at all, which the API allows.
pub(super) fn listens(ground: &Ground<'_>, workload: usize, port: i32) -> Option<bool> {
    let mut declares = false;
    for container in ground.containers(workload) {
        declares |= container.ports.as_ref().is_some_and(|ports| !ports.is_empty());
        if known_ports(container).contains(&port) {
            return Some(true);
        }
    }
    declares.then_some(false)
}

/// What a service port's target meets in the pods of one workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    Unknown,
}

fn meets(ground: &Ground<'_>, service: &ObjectKey, port: &ServicePort, workload: usize) -> Match {
    let name = match target_port(port) {
        IntOrString::Int(number) => {
            return match listens(ground, workload, number) {
                Some(true) => Match::Yes,
                Some(false) => Match::No,
                None => Match::Unknown,
            };
        }
        IntOrString::String(name) => name,
    };
    let wanted = protocol_of(port.protocol.as_deref());
    let all = || ground.containers(workload).flat_map(|container| container.ports.iter().flatten());
    let named = all().any(|one| {
        one.name.as_deref() == Some(name.as_str()) && protocol_of(one.protocol.as_deref()) == wanted
    });
    // Older descriptions print ports without their names: then endpoints tell whether the name was found.
    let names_known = all().any(|one| one.name.is_some());
    match (named, names_known) {
        (true, _) => Match::Yes,
        (false, _) if ground.has_endpoints(service) => Match::Unknown,
        (false, true) => Match::No,
        (false, false)
            if ground.picture.endpoints.get(&service.namespace, &service.name).present().is_some() =>
        {
            Match::No
        }
        (false, false) if all().next().is_some() && is_whole(ground, workload) => Match::No,
        (false, false) => Match::Unknown,
    }
}

/// Whether the workload was read in the API's own form, where an absent field is absent.
fn is_whole(ground: &Ground<'_>, workload: usize) -> bool {
    let key = ground.workloads.get(workload).map(|workload| workload.key.clone());
    key.is_some_and(|key| {
        ground.picture.origins(&key).iter().any(|origin| origin.form == crate::picture::Form::Live)
    })
}

fn port_mismatch(
    ground: &Ground<'_>,
    service: &Record<Service>,
    port: &ServicePort,
    selected: &[usize],
) -> Option<Fault> {
    let key = &service.key;
    let matches: Vec<Match> = selected.iter().map(|at| meets(ground, key, port, *at)).collect();
    let tried = u16::try_from(port.port).ok().and_then(|number| ground.outcome(key, number));
    if matches.iter().any(|found| *found != Match::No) || tried.is_some_and(|(open, _)| open) {
        return None;
    }
    let is_ready = selected.iter().any(|at| ground.ready.get(*at) == Some(&true));
    let failed = tried.map(|(_, tried)| ground.fact_of(tried));
    let is_used = failed.is_some() || is_used(ground, service, port);
    let standing = if is_used && is_ready { Standing::Active } else { Standing::Latent };
    let workload = ground.workloads.get(*selected.first()?)?;
    let target = text(&target_port(port));
    let offered = offered(ground, selected);
    let mut facts = target_fact(ground, service, port);
    facts.extend(offer_facts(ground, workload, *selected.first()?));
    facts.extend(failed);
    let mut explains = ground.clients_of(key);
    explains.push(key.clone());
    Some(Fault {
        kind: FaultKind::ServicePortMismatch,
        subject: port.port.to_string(),
        object: key.clone(),
        standing,
        certainty: Certainty::Shown,
        summary: format!(
            "port {} of the service {} leads to port {target} of pods of {}, which have {offered}",
            port.port, key.name, workload.key
        ),
        facts,
        explains,
        neighbours: vec![FaultKind::ServiceProtocolMismatch, FaultKind::ServiceSelectorMismatch],
        remedy: format!(
            "Set targetPort of port {} to a port the pods listen on ({offered}): {}",
            port.port,
            remedy::on("edit", key)
        ),
    })
}

/// Whether a port is one that somebody asks: a client is configured with it, or with the service and no port, or the
/// service is called and this is its only port.
fn is_used(ground: &Ground<'_>, service: &Record<Service>, port: &ServicePort) -> bool {
    let key = &service.key;
    let asks = |asked: Option<u16>| asked.is_none_or(|asked| i32::from(asked) == port.port);
    let configured = ground.edges_to(key).any(|edge| asks(edge.target.port));
    let only = service.object.spec.as_ref().is_some_and(|spec| spec.ports.iter().flatten().count() == 1);
    configured || (only && ground.is_called(key))
}

fn text(port: &IntOrString) -> String {
    match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    }
}

/// Declared ports of the selected workloads: `8080, 9090 (metrics)`.
fn offered(ground: &Ground<'_>, selected: &[usize]) -> String {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for container in selected.iter().flat_map(|at| ground.containers(*at)) {
        for port in container.ports.iter().flatten() {
            let name = port.name.as_deref().map_or_else(String::new, |name| format!(" ({name})"));
            all.insert(format!("{}{name}", port.container_port));
        }
    }
    if all.is_empty() {
        return "no such port".to_owned();
    }
    all.into_iter().take(8).collect::<Vec<_>>().join(", ")
}

/// The line of the service that says where the port leads.
fn target_fact(ground: &Ground<'_>, service: &Record<Service>, port: &ServicePort) -> Vec<Fact> {
    let target = text(&target_port(port));
    let yaml = format!("targetPort: {target}");
    let described = format!("{target}/{}", protocol_of(port.protocol.as_deref()));
    let json = format!("\"targetPort\":{target}");
    let json_name = format!("\"targetPort\":\"{target}\"");
    let statement = format!("port {} of {} leads to {target}", port.port, service.key.name);
    vec![ground.fact(
        &service.key,
        &[&yaml, &format!("TargetPort:               {described}"), &json, &json_name, &described],
        statement,
    )]
}

/// The line of the workload that says what it listens on.
fn offer_facts(ground: &Ground<'_>, workload: &Workload<'_>, at: usize) -> Vec<Fact> {
    let ports = ground.containers(at).flat_map(|container| container.ports.iter().flatten());
    let fact = |number: i32| {
        let (yaml, described) = (format!("containerPort: {number}"), format!("{number}/"));
        ground.fact(&workload.key, &[&yaml, &described], format!("{} listens on {number}", workload.key))
    };
    ports.take(2).map(|port| fact(port.container_port)).collect()
}

fn protocol_mismatch(
    ground: &Ground<'_>,
    service: &Record<Service>,
    port: &ServicePort,
    ports: &[&ServicePort],
    selected: &[usize],
) -> Option<Fault> {
    let key = &service.key;
    let forwards = protocol_of(port.protocol.as_deref());
    let twin = ports
        .iter()
        .any(|other| other.port == port.port && protocol_of(other.protocol.as_deref()) != forwards);
    let tried = u16::try_from(port.port).ok().and_then(|number| ground.outcome(key, number));
    if twin || tried.is_some_and(|(open, _)| open && forwards != "TCP") {
        return None;
    }
    let speaks = speaks(ground, port, selected)?;
    if speaks == forwards {
        return None;
    }
    let failed = tried.filter(|(open, _)| !open).map(|(_, tried)| ground.fact_of(tried));
    let is_used = failed.is_some() || is_used(ground, service, port);
    let is_ready = selected.iter().any(|at| ground.ready.get(*at) == Some(&true));
    let at = *selected.first()?;
    let workload = ground.workloads.get(at)?;
    let (described, yaml) = (format!("{}/{forwards}", port.port), format!("protocol: {forwards}"));
    let mut facts = vec![ground.fact(
        key,
        &[&described, &yaml, forwards],
        format!("{} forwards {forwards} on port {}", key.name, port.port),
    )];
    facts.extend(offer_facts(ground, workload, at));
    facts.extend(failed);
    let mut explains = ground.clients_of(key);
    explains.push(key.clone());
    Some(Fault {
        kind: FaultKind::ServiceProtocolMismatch,
        subject: port.port.to_string(),
        object: key.clone(),
        standing: if is_used && is_ready { Standing::Active } else { Standing::Latent },
        certainty: Certainty::Shown,
        summary: format!(
            "the service {} forwards {forwards} on port {}, and the pods of {} speak {speaks} there",
            key.name, port.port, workload.key
        ),
        facts,
        explains,
        neighbours: vec![FaultKind::ServicePortMismatch],
        remedy: format!("Set protocol of port {} to {speaks}: {}", port.port, remedy::on("edit", key)),
    })
}

/// The one protocol that the pods are known to speak on the target port; `None` when they declare both or none.
fn speaks<'a>(ground: &Ground<'a>, port: &'a ServicePort, selected: &[usize]) -> Option<&'a str> {
    // An application protocol over TCP says it as clearly as a container port does.
    let over_tcp = matches!(port.app_protocol.as_deref(), Some("http" | "https" | "grpc" | "http2" | "tcp"));
    let mut found: BTreeSet<&str> = BTreeSet::new();
    if over_tcp {
        found.insert("TCP");
    }
    for container in selected.iter().flat_map(|at| ground.containers(*at)) {
        let target = target_port(port);
        for declared in container.ports.iter().flatten() {
            let same = match &target {
                IntOrString::Int(number) => declared.container_port == *number,
                IntOrString::String(name) => declared.name.as_deref() == Some(name.as_str()),
            };
            if same {
                found.insert(protocol_of(declared.protocol.as_deref()));
            }
        }
        let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
        let asked = probes.into_iter().flatten().filter_map(probed_number);
        if let IntOrString::Int(number) = target
            && asked.into_iter().any(|asked| asked == number)
        {
            found.insert("TCP");
        }
    }
    let only = found.iter().next().copied().filter(|_| found.len() == 1)?;
    Some(only)
}
