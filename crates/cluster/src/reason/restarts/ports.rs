//! Two processes of one pod that want the same port: containers among themselves, or a program and its mesh agent.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod};
use serde_json::Value;

use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::{Picture, Record};
use crate::reason::symptoms::{Logs, Status, active, broken, current_pods, state_words, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// What `bind(2)` and frameworks say of EADDRINUSE.
const IN_USE: [&str; 5] = [
    "ddress already in use",
    "EADDRINUSE",
    "already in use",
    "Address in use",
    "Only one usage of each socket",
];

/// Settings of a mesh agent that are ports, in the annotation or environment variable that holds them as YAML.
const AGENT_SETTINGS: [&str; 3] = ["statusPort", "proxyAdminPort", "prometheusPort"];

/// Who wants a port besides the container.
struct Rival {
    port: i32,
    /// Text to find the line by.
    needle: String,
    who: String,
}

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>, logs: &Logs<'_>) -> Option<Fault> {
    let spec = workload.spec()?;
    for (pod, state) in current_pods(workload) {
        if state.is_well() {
            continue;
        }
        for status in statuses(pod) {
            let name = status.status.name.as_str();
            let Some(container) = spec.containers.iter().find(|container| container.name == name) else {
                continue;
            };
            let fails = status.ended().is_some_and(|ended| ended.exit_code != 0)
                || status.waiting().is_some_and(|(reason, _)| reason == "CrashLoopBackOff");
            if status.status.ready || !fails {
                continue;
            }
            let line = logs.last_line(&workload.key, Some(name), &IN_USE);
            let rivals = rivals(workload, pod, container);
            let wanted: Vec<i32> = container.ports.iter().flatten().map(|port| port.container_port).collect();
            let rival = rivals.into_iter().find(|rival| {
                let is_said = line.is_some_and(|line| names_port(line.text, rival.port));
                is_said || (wanted.contains(&rival.port) && (line.is_some() || rival.is_agent()))
            });
            if let Some(rival) = rival {
                return Some(fault(picture, workload, pod, &status, &rival, line));
            }
        }
    }
    None
}

impl Rival {
    fn is_agent(&self) -> bool {
        self.needle != self.port.to_string()
    }
}

/// Whether a line speaks of a port: the number stands by itself in it.
fn names_port(line: &str, port: i32) -> bool {
    let port = port.to_string();
    line.split(|c: char| !c.is_ascii_digit()).any(|number| number == port)
}

/// Ports of the other containers of the pod, live ones and those of the template, and of the mesh agent's settings.
fn rivals(workload: &Workload<'_>, pod: &Record<Pod>, container: &Container) -> Vec<Rival> {
    let mut found: Vec<Rival> = Vec::new();
    let template = workload.template.and_then(|template| template.metadata.as_ref());
    let mut notes: BTreeMap<&str, &str> = BTreeMap::new();
    for annotations in
        [&pod.object.metadata.annotations, &template.and_then(|template| template.annotations.clone())]
    {
        for (key, value) in annotations.iter().flatten() {
            // The template's own are copied into the pod; borrowing from the pod is enough where both have them.
            if let Some((key, value)) =
                pod.object.metadata.annotations.as_ref().and_then(|own| own.get_key_value(key))
            {
                notes.insert(key, value);
            } else {
                found.extend(settings(value).map(|(setting, port)| agent(key, setting, port)));
            }
        }
    }
    for (key, value) in notes {
        found.extend(settings(value).map(|(setting, port)| agent(key, setting, port)));
    }
    let live = pod.object.spec.iter().flat_map(|spec| spec.containers.iter());
    for other in live.chain(workload.spec().iter().flat_map(|spec| spec.containers.iter())) {
        if other.name == container.name {
            continue;
        }
        for port in other.ports.iter().flatten() {
            let who = format!("container {}", other.name);
            found.push(Rival { port: port.container_port, needle: port.container_port.to_string(), who });
        }
        for variable in other.env.iter().flatten() {
            let value = variable.value.as_deref().unwrap_or("");
            found.extend(settings(value).map(|(setting, port)| agent(&variable.name, setting, port)));
        }
    }
    found
}

fn agent(holder: &str, setting: &str, port: i32) -> Rival {
    Rival { port, needle: setting.to_owned(), who: format!("the mesh agent ({setting} in {holder})") }
}

/// Port settings of an agent's configuration, YAML or JSON (`proxy.istio.io/config` and alike).
fn settings(text: &str) -> impl Iterator<Item = (&'static str, i32)> {
    let is_candidate = text.len() < 16_384 && AGENT_SETTINGS.iter().any(|setting| text.contains(setting));
    let value = if is_candidate { crate::read::yaml(text).unwrap_or(Value::Null) } else { Value::Null };
    AGENT_SETTINGS.into_iter().filter_map(move |setting| {
        let port = value.get(setting)?;
        let port = port.as_i64().or_else(|| port.as_str()?.parse().ok())?;
        Some((setting, i32::try_from(port).ok()?))
    })
}

fn fault(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    status: &Status<'_>,
    rival: &Rival,
    line: Option<crate::reason::symptoms::Line<'_>>,
) -> Fault {
    let certainty = if line.is_some() { Certainty::Stated } else { Certainty::Shown };
    let mut fault = active(FaultKind::SidecarPortConflict, &workload.key, certainty);
    let (name, port) = (&status.status.name, rival.port);
    fault.subject = port.to_string();
    fault.summary =
        format!("container {name} of {} cannot listen on port {port}: {} has it", workload.key, rival.who);
    if let Some(line) = line {
        fault.facts.push(picture.fact_at(
            line.log.origin,
            line.text,
            format!("container {name} says so before it ends"),
        ));
    }
    let in_template = picture.fact(&workload.key, &rival.needle, format!("{} wants port {port}", rival.who));
    let is_quoted = in_template.quote.contains(&rival.needle) && in_template.quote != in_template.statement;
    fault.facts.push(match is_quoted {
        true => in_template,
        false => picture.fact(&pod.key, &rival.needle, format!("{} wants port {port}", rival.who)),
    });
    let statement = format!("container {name} wants port {port}");
    fault.facts.push(picture.fact(&workload.key, &format!("{port}/"), statement));
    fault.facts.push(picture.fact(
        &pod.key,
        &pod.key.name,
        format!("{} is {}", pod.key.name, state_words(pod)),
    ));
    fault.explains = broken(picture, workload);
    fault.neighbours = vec![FaultKind::CrashLoop];
    fault.remedy = format!(
        "give one of them another port, the setting of {} or the port of container {name} in {}: {}",
        rival.who,
        workload.key,
        remedy::on("edit", &workload.key)
    );
    fault
}
