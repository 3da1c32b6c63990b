//! Which of a probe's fields is wrong.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::ask::{Asked, Protocol};
use super::harm::{Harm, LATE_S_MIN};
use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::Picture;
use crate::reason::symptoms::{Logs, active, services_of, state_words};
use crate::reason::workload::Workload;
use crate::remedy;

/// Answers in another protocol than asked, as Go's `net/http`, `crypto/tls` and gRPC print them.
const OTHER_PROTOCOL: [&str; 10] = [
    "malformed HTTP",
    "HTTP/1.x transport connection broken",
    "server gave HTTP response to HTTPS client",
    "first record does not look like a TLS handshake",
    "error reading server preface",
    "frame header looked like an HTTP/1.1 header",
    "unknown service grpc.health.v1.Health",
    "HTTP request to an HTTPS server",
    "tls: unsupported",
    "http2: frame too large",
];

/// Nobody listens, or nobody answered in time.
const NO_LISTENER: [&str; 4] =
    ["connection refused", "failed to connect service", "no route to host", "i/o timeout"];

const TOO_SLOW: [&str; 5] =
    ["context deadline exceeded", "Client.Timeout", "i/o timeout", "timed out", "timeout: failed to connect"];

/// Seconds from start to kill below which a probe leaves next to no time: the API's defaults leave 21.
const IMPATIENT_S_MAX: i64 = 10;

pub(super) fn fault(
    picture: &Picture,
    workload: &Workload<'_>,
    logs: &Logs<'_>,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
    harm: &Harm<'_>,
) -> Option<Fault> {
    let error = harm.error();
    let (kind, certainty, why) = decide(picture, workload, probe, probes, harm)?;
    let mut fault = active(kind, &workload.key, certainty);
    probe.what.clone_into(&mut fault.subject);
    fault.summary = format!("the {} probe of {} asks {}: {why}", probe.what, workload.key, probe.target());
    fault.facts.push(probe.fact(picture, workload));
    if let Some(event) = harm.said {
        let needle = error.get(..60).unwrap_or(error);
        fault.facts.push(picture.fact_at(
            event.origin,
            needle,
            format!("{} times for {}", event.count, harm.pod.key.name),
        ));
    }
    if let Some(event) = harm.killed {
        let statement = format!("the kubelet killed it {} times", event.count);
        fault.facts.push(picture.fact_at(event.origin, &event.message, statement));
    }
    let state = state_words(harm.pod);
    fault.facts.push(picture.fact(
        &harm.pod.key,
        &harm.pod.key.name,
        format!("{} is {state}", harm.pod.key.name),
    ));
    if let Some(line) = logs.last_line(&workload.key, None, &["istening on", "started on port", "LISTEN"]) {
        fault.facts.push(picture.fact_at(line.log.origin, line.text, "what the program says it listens on"));
    }
    fault.explains = super::explained(picture, workload);
    fault.neighbours = match kind {
        FaultKind::ProbePortWrong => vec![FaultKind::ProbeTooImpatient, FaultKind::ProbeFailing],
        FaultKind::ProbeTooImpatient => vec![FaultKind::ProbeFailing, FaultKind::ProbePortWrong],
        FaultKind::ProbeFailing => vec![FaultKind::ProbeTooImpatient, FaultKind::ProbePortWrong],
        _ => vec![FaultKind::ProbeFailing],
    };
    fault.remedy = match kind {
        FaultKind::ProbePortWrong => correct_port(picture, workload, probe, probes),
        FaultKind::ProbeProtocolWrong => format!(
            "make the {} probe of {} speak the protocol of port {}: {}",
            probe.what,
            workload.key,
            probe.written,
            remedy::on("edit", &workload.key)
        ),
        FaultKind::ProbeTooImpatient => format!(
            "give it time: raise failureThreshold, periodSeconds and timeoutSeconds of the {} probe of {}, or add a \
             startupProbe: {}",
            probe.what,
            workload.key,
            remedy::on("edit", &workload.key)
        ),
        FaultKind::ProbeTooLate => {
            format!(
                "lower initialDelaySeconds of the {} probe of {}: {}",
                probe.what,
                workload.key,
                remedy::on("edit", &workload.key)
            )
        }
        _ => format!(
            "see why {} fails for {}, {}, or correct the {} probe",
            probe.target(),
            workload.key,
            remedy::logs(&workload.key, "", false),
            probe.what
        ),
    };
    Some(fault)
}

fn decide(
    picture: &Picture,
    workload: &Workload<'_>,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
    harm: &Harm<'_>,
) -> Option<(FaultKind, Certainty, String)> {
    let error = harm.error();
    let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if has(&OTHER_PROTOCOL) {
        return Some((
            FaultKind::ProbeProtocolWrong,
            Certainty::Stated,
            "the port answers in another protocol".to_owned(),
        ));
    }
    if let Some(other) = other_protocol_works(probe, probes, harm) {
        return Some((FaultKind::ProbeProtocolWrong, Certainty::Shown, other));
    }
    if probe.port.is_none() && probe.protocol != Protocol::Exec {
        let why = format!("the container has no port named {}", probe.written);
        return Some((FaultKind::ProbePortWrong, Certainty::Shown, why));
    }
    let is_silent = error.is_empty();
    let is_asked_for = error.contains("statuscode: 500") && is_asked_by_mesh(probe, harm);
    if is_asked_for && is_port_unknown(picture, workload, probe, probes) {
        let why = "the mesh's agent, which asks in the kubelet's place, gets no answer there".to_owned();
        return Some((FaultKind::ProbePortWrong, Certainty::Shown, why));
    }
    if (has(&NO_LISTENER) || has(&TOO_SLOW) || is_silent) && is_port_unknown(picture, workload, probe, probes)
    {
        let known = known_ports(picture, workload, probe, probes);
        let known: Vec<String> = known.iter().map(i32::to_string).collect();
        let why = format!("nothing listens there; its ports are {}", known.join(", "));
        let certainty = if is_silent { Certainty::Suspected } else { Certainty::Shown };
        return Some((FaultKind::ProbePortWrong, certainty, why));
    }
    if is_silent && harm.killed.is_none() {
        let waits = harm.age_s.is_none_or(|age| age < probe.delay_s()) && probe.delay_s() >= LATE_S_MIN;
        return waits.then(|| {
            let why = format!("the first time after {} s", probe.delay_s());
            (FaultKind::ProbeTooLate, Certainty::Shown, why)
        });
    }
    let allowed = probe.allowed_s();
    let answers_nothing = has(&NO_LISTENER) || has(&TOO_SLOW) || is_silent;
    if answers_nothing && probe.what != "readiness" && allowed <= IMPATIENT_S_MAX {
        let why = format!("the program is killed {allowed} s after its start unless it answers");
        return Some((FaultKind::ProbeTooImpatient, Certainty::Shown, why));
    }
    let is_hasty = probe.timeout_s() <= 1 && probe.failures_max() <= 1;
    if has(&TOO_SLOW) && is_hasty {
        let why = format!("one answer later than {} s is one too many", probe.timeout_s());
        return Some((FaultKind::ProbeTooImpatient, Certainty::Shown, why));
    }
    if answers_nothing && harm.is_ready && harm.killed.is_some() {
        let why = format!("the program answers, but not always within {allowed} s of its start");
        return Some((FaultKind::ProbeTooImpatient, Certainty::Suspected, why));
    }
    Some(failing(error))
}

/// The probe asks rightly as far as one can see, and the answer is no.
fn failing(error: &str) -> (FaultKind, Certainty, String) {
    let code = error.split_once("statuscode: ").map(|(_, code)| code.chars().take(3).collect::<String>());
    let why = match code.as_deref() {
        Some("404") => "the program does not know that path (404)".to_owned(),
        Some(code @ ("401" | "403")) => format!("the program wants credentials for that path ({code})"),
        Some(code) => format!("the program answers with status {code}"),
        None if error.is_empty() => "it does not succeed".to_owned(),
        None => error.chars().take(160).collect(),
    };
    let certainty = match code.as_deref() {
        Some("404" | "401" | "403") => Certainty::Shown,
        _ => Certainty::Suspected,
    };
    (FaultKind::ProbeFailing, certainty, why)
}

/// Whether the pod's own probe was rewritten to ask a mesh's agent, which answers 500 when it cannot reach the program
/// (Istio's pilot-agent, `handleAppProbe`) and else hands the program's status on.
fn is_asked_by_mesh(probe: &Asked<'_>, harm: &Harm<'_>) -> bool {
    let containers = harm.pod.object.spec.iter().flat_map(|spec| &spec.containers);
    let own = containers.into_iter().find(|container| container.name == probe.container.name);
    let probes =
        own.into_iter().flat_map(|own| [&own.liveness_probe, &own.readiness_probe, &own.startup_probe]);
    let mut paths = probes.flatten().filter_map(|probe| probe.http_get.as_ref()?.path.as_deref());
    paths.any(|path| path.starts_with("/app-health/"))
}

/// Another probe asks the same port in another protocol and is content.
fn other_protocol_works(probe: &Asked<'_>, probes: &[Asked<'_>], harm: &Harm<'_>) -> Option<String> {
    if probe.protocol == Protocol::Tcp || probe.protocol == Protocol::Exec || probe.what == "readiness" {
        return None;
    }
    let other = probes.iter().find(|other| {
        other.what == "readiness"
            && other.port == probe.port
            && other.protocol != probe.protocol
            && !matches!(other.protocol, Protocol::Exec | Protocol::Tcp)
    })?;
    (harm.is_ready && harm.said.is_some_and(|event| event.count >= 2)).then(|| {
        format!("its readiness probe asks the same port over {} and succeeds", other.protocol.as_str())
    })
}

/// Whether other ports of the container are known and this is none of them.
pub(super) fn is_port_unknown(
    picture: &Picture,
    workload: &Workload<'_>,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
) -> bool {
    let Some(port) = probe.port else { return false };
    let known = known_ports(picture, workload, probe, probes);
    !known.is_empty() && !known.contains(&port)
}

/// Ports the container is known to use: those it declares; when it declares none, those that services send to and
/// other probes ask.
fn known_ports(
    picture: &Picture,
    workload: &Workload<'_>,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
) -> BTreeSet<i32> {
    let declared: BTreeSet<i32> = probe
        .container
        .ports
        .iter()
        .flatten()
        .map(|port| port.container_port)
        .filter(|port| *port > 0)
        .collect();
    if !declared.is_empty() {
        return declared;
    }
    let mut known: BTreeSet<i32> =
        probes.iter().filter(|other| other.what != probe.what).filter_map(|other| other.port).collect();
    for key in services_of(picture, workload) {
        let Some(service) = picture.services.get(&key.namespace, &key.name).present() else { continue };
        for port in service.object.spec.iter().flat_map(|spec| spec.ports.iter().flatten()) {
            match &port.target_port {
                Some(IntOrString::Int(target)) => known.insert(*target),
                Some(IntOrString::String(_)) => false,
                None => known.insert(port.port),
            };
        }
    }
    known
}

/// What to set the port to.
pub(super) fn correct_port(
    picture: &Picture,
    workload: &Workload<'_>,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
) -> String {
    let known: Vec<String> =
        known_ports(picture, workload, probe, probes).iter().map(i32::to_string).collect();
    format!(
        "let the {} probe of {} ask port {}: {}",
        probe.what,
        workload.key,
        known.join(" or "),
        remedy::on("edit", &workload.key)
    )
}
