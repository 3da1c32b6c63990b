//! From a filter to a fault: what to say, and what to change.

use k8s_openapi::api::core::v1::{Pod, PodSpec};

use super::affinity::{fits_affinity, fits_selector, required};
use super::blame::Blame;
use super::machines::World;
use super::message::Predicate;
use super::requests::{amount, requests};
use super::waiting::{is_waiting, owner_by_name};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Form, Picture, Record};
use crate::quantity::Quantity;
use crate::reason::workload::{Workload, controller};
use crate::remedy;

/// Most events of preemption that are looked at.
const EVENTS_MAX: usize = 1000;

/// A pod that waits, with what keeps it.
pub(super) struct Found<'a> {
    pub world: &'a World<'a>,
    pub workload: &'a Workload<'a>,
    pub pod: &'a Record<Pod>,
    pub spec: &'a PodSpec,
    pub blame: Blame,
    /// What the scheduler said.
    pub fact: Option<Fact>,
}

/// What a filter means for the workload.
struct Meaning {
    kind: FaultKind,
    subject: String,
    summary: String,
    remedy: String,
    certainty: Certainty,
    facts: Vec<Fact>,
    neighbours: Vec<FaultKind>,
}

/// The fault that a pod which waits shows.
pub(super) fn fault(picture: &Picture, found: Found<'_>) -> Option<Fault> {
    let meaning = meaning(picture, &found)?;
    let owner = controller(&found.pod.object.metadata).map(|(_, name)| name);
    let is_old = found.workload.old.iter().any(|old| Some(old.name.as_str()) == owner);
    let mut facts: Vec<Fact> = found.fact.into_iter().collect();
    facts.extend(meaning.facts);
    if facts.is_empty() {
        facts.push(picture.fact(&found.pod.key, "Pending", format!("{} waits for a machine", found.pod.key)));
    }
    let mut neighbours = meaning.neighbours;
    neighbours.extend(found.blame.others.iter().filter_map(kind_of));
    neighbours.retain(|kind| *kind != meaning.kind);
    let mut kept = Vec::new();
    neighbours.retain(|kind| {
        !kept.contains(kind) && {
            kept.push(*kind);
            true
        }
    });
    Some(Fault {
        kind: meaning.kind,
        subject: meaning.subject,
        object: found.workload.key.clone(),
        standing: if is_old { Standing::Latent } else { Standing::Active },
        certainty: meaning.certainty,
        summary: meaning.summary,
        facts,
        explains: vec![found.workload.key.clone()],
        neighbours,
        remedy: meaning.remedy,
    })
}

fn kind_of(predicate: &Predicate) -> Option<FaultKind> {
    Some(match predicate {
        Predicate::Taint(_) => FaultKind::TaintNotTolerated,
        Predicate::Cordon => FaultKind::NodeCordoned,
        Predicate::Resource(_) => FaultKind::InsufficientResource,
        Predicate::AntiAffinity => FaultKind::PodAntiAffinity,
        Predicate::Affinity => FaultKind::PodAffinity,
        Predicate::Spread => FaultKind::TopologySpread,
        Predicate::HostPort => FaultKind::HostPortTaken,
        Predicate::VolumeNode => FaultKind::VolumeNodeAffinity,
        Predicate::NodeAffinity => FaultKind::NodeSelectorMismatch,
        Predicate::NotReady => FaultKind::NodeNotReady,
        Predicate::Claims => return None,
    })
}

fn meaning(picture: &Picture, found: &Found<'_>) -> Option<Meaning> {
    let workload = &found.workload.key;
    let plain = |summary: String, remedy: String| Meaning {
        kind: kind_of(&found.blame.predicate).unwrap_or(FaultKind::InsufficientResource),
        subject: String::new(),
        summary,
        remedy,
        certainty: found.blame.certainty,
        facts: Vec::new(),
        neighbours: Vec::new(),
    };
    Some(match &found.blame.predicate {
        Predicate::NodeAffinity => selection(picture, found),
        Predicate::Resource(resource) => resource_short(picture, found, resource),
        Predicate::Cordon => cordon(picture, found, plain),
        Predicate::Taint(taint) => {
            let where_is = on(&found.blame.machines);
            let facts = found.blame.machines.iter().take(3).map(|name| {
                let key = ObjectKey::new(Kind::Node, "", name);
                let needle = taint.split('=').next().unwrap_or(taint);
                picture.fact(&key, needle, format!("{key} has taint {taint}"))
            });
            Meaning {
                subject: taint.clone(),
                facts: facts.collect(),
                ..plain(
                    format!(
                        "{workload} does not tolerate taint {taint}{where_is}, and no other node can take it"
                    ),
                    format!(
                        "Add a toleration for {taint} to {workload}, {}, or remove the taint{}: {}",
                        remedy::on("edit", workload),
                        of_which(&found.blame.machines),
                        remedy::command(&[
                            "kubectl",
                            "taint",
                            "node",
                            one_of(&found.blame.machines),
                            &untaint(taint)
                        ])
                    ),
                )
            }
        }
        Predicate::AntiAffinity => Meaning {
            neighbours: vec![FaultKind::InsufficientResource],
            ..plain(
                format!(
                    "every node that could take another pod of {workload} already runs one that its anti-affinity excludes"
                ),
                format!(
                    "Prefer the anti-affinity of {workload} instead of requiring it, run fewer replicas, or add nodes: {}",
                    remedy::on("edit", workload)
                ),
            )
        },
        Predicate::Affinity => plain(
            format!("no node that can take {workload} runs the pods that its affinity wants near"),
            format!(
                "Correct the podAffinity of {workload}, or bring up the pods it wants to be near: {}",
                remedy::on("edit", workload)
            ),
        ),
        Predicate::Spread => plain(
            format!("the topology spread constraints of {workload} leave no node for another pod"),
            format!(
                "Set whenUnsatisfiable: ScheduleAnyway or raise maxSkew in {workload}, {}, or add nodes to the domains that lack them",
                remedy::on("edit", workload)
            ),
        ),
        Predicate::HostPort => plain(
            format!("the host port that {workload} wants is taken on every node it may run on"),
            format!(
                "Drop hostPort from {workload} and use a service, {}, or run at most one such pod on a node",
                remedy::on("edit", workload)
            ),
        ),
        Predicate::VolumeNode => plain(
            format!("the volume of {workload} can only be used on nodes that cannot take the pod"),
            format!(
                "Free or uncordon a node in the volume's zone, or move the data of {workload} to a volume elsewhere"
            ),
        ),
        Predicate::NotReady | Predicate::Claims => return None,
    })
}

/// The machine a command is shown for.
fn one_of(machines: &[String]) -> &str {
    machines.first().map_or("<NODE>", String::as_str)
}

/// What stands for a machine that the capture does not name.
fn of_which(machines: &[String]) -> &'static str {
    if machines.is_empty() { " (<NODE> is its name)" } else { "" }
}

/// The argument of `kubectl taint` that removes a taint: `key=value:Effect-`.
fn untaint(taint: &str) -> String {
    format!("{}-", taint.trim())
}

fn label_node(labels: &[String]) -> String {
    let mut words = vec!["kubectl", "label", "node", "<NODE>"];
    words.extend(labels.iter().map(String::as_str));
    match labels.is_empty() {
        true => remedy::command(&["kubectl", "get", "nodes", "--show-labels"]),
        false => remedy::command(&words),
    }
}

/// The first label that a node affinity asks for, as an argument of `kubectl label`.
fn label_for(spec: &PodSpec) -> String {
    let term = required(spec).and_then(|wanted| wanted.node_selector_terms.first());
    let wanted = term.and_then(|term| term.match_expressions.as_ref()?.first());
    match wanted.and_then(|wanted| Some((wanted, wanted.values.as_ref()?.first()?))) {
        Some((wanted, value)) if wanted.operator == "In" => format!("{}={value}", wanted.key),
        _ => "<KEY>=<VALUE>".to_owned(),
    }
}

/// ` of worker-1, worker-2`.
fn on(machines: &[String]) -> String {
    match machines.len() {
        0 => String::new(),
        count if count > 4 => format!(" of {count} nodes"),
        _ => format!(" of {}", machines.join(", ")),
    }
}

fn cordon(picture: &Picture, found: &Found<'_>, plain: impl Fn(String, String) -> Meaning) -> Meaning {
    let workload = &found.workload.key;
    let machines = &found.blame.machines;
    let pinned = found.spec.node_selector.as_ref().is_some_and(|wanted| !wanted.is_empty())
        || required(found.spec).is_some();
    let names = if machines.is_empty() { "the nodes it may run on".to_owned() } else { machines.join(", ") };
    let verb = if machines.len() == 1 { "is" } else { "are" };
    let why = if pinned { ", and its node selector or affinity leaves no other" } else { "" };
    let facts = machines.iter().take(3).map(|name| {
        let key = ObjectKey::new(Kind::Node, "", name);
        let needle = if picture
            .origins(&key)
            .iter()
            .any(|origin| picture.part(*origin).contains("SchedulingDisabled"))
        {
            "SchedulingDisabled"
        } else {
            "nschedulable"
        };
        picture.fact(&key, needle, format!("{key} is cordoned"))
    });
    let node = one_of(machines);
    Meaning {
        facts: facts.collect(),
        ..plain(
            format!("{names} {verb} cordoned, so {workload} has nowhere to run{why}"),
            format!(
                "Uncordon a node that {workload} may use{}: {}",
                of_which(machines),
                remedy::command(&["kubectl", "uncordon", node])
            ),
        )
    }
}

/// Selector or affinity: the event says the same of both.
fn selection(picture: &Picture, found: &Found<'_>) -> Meaning {
    let workload = &found.workload.key;
    let spec = found.spec;
    let wanted: Vec<String> =
        spec.node_selector.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
    let machines = || found.world.machines.values().filter(|machine| machine.has_labels);
    let by_selector = machines().filter(|machine| fits_selector(spec, &machine.labels)).count();
    let by_affinity = machines().filter(|machine| fits_affinity(spec, &machine.labels, machine.name)).count();
    let has_affinity = required(spec).is_some();
    let is_whole = picture
        .origins(&found.pod.key)
        .iter()
        .any(|origin| matches!(origin.form, Form::Live | Form::Describe));
    let is_affinity = match (wanted.is_empty(), has_affinity) {
        (false, false) => {
            machines().count() > 0
                && by_selector > 0
                && found.blame.certainty == Certainty::Stated
                && selects_ordinary(found)
        }
        (true, true) => true,
        (false, true) => by_affinity < by_selector,
        // A description prints the selector and never the affinity.
        (true, false) => is_whole,
    };
    let is_known = !wanted.is_empty() || has_affinity || is_whole;
    let certainty = if is_known { found.blame.certainty } else { Certainty::Suspected };
    let pod = &found.pod.key;
    if is_affinity {
        let asked = required(spec).map(affinity_text).unwrap_or_default();
        let needle = required(spec).and_then(first_key).unwrap_or_else(|| "Node-Selectors".to_owned());
        let statement = if asked.is_empty() {
            "the pod has no node selector that explains it, so its node affinity does".to_owned()
        } else {
            format!("its node affinity requires {asked}")
        };
        let owner = if asked.is_empty() { pod } else { workload };
        let shown = if asked.is_empty() { String::new() } else { format!(": {asked}") };
        return Meaning {
            kind: FaultKind::NodeAffinityMismatch,
            subject: asked.clone(),
            summary: format!(
                "no schedulable node has the labels that the node affinity of {workload} requires{shown}"
            ),
            remedy: format!(
                "Correct the nodeAffinity of {workload}, {}, or give the <NODE> that should take it the label that is wanted: \
                 {}",
                remedy::on("edit", workload),
                remedy::command(&["kubectl", "label", "node", "<NODE>", &label_for(spec)])
            ),
            certainty,
            facts: vec![picture.fact(owner, &needle, statement)],
            neighbours: vec![FaultKind::NodeSelectorMismatch],
        };
    }
    let labels = wanted.join(", ");
    let needle = wanted.first().cloned().unwrap_or_else(|| "Node-Selectors".to_owned());
    let shown = if labels.is_empty() { String::new() } else { format!(" {labels}") };
    Meaning {
        kind: FaultKind::NodeSelectorMismatch,
        subject: labels,
        summary: format!(
            "no schedulable node has the labels that the node selector of {workload} wants{shown}"
        ),
        remedy: format!(
            "Correct the nodeSelector of {workload}, {}, or give the <NODE> that should take it the labels that are wanted: {}",
            remedy::on("edit", workload),
            label_node(&wanted)
        ),
        certainty,
        facts: vec![picture.fact(
            pod,
            &needle,
            format!("its node selector is{}", if shown.is_empty() { " not captured" } else { &shown }),
        )],
        neighbours: vec![FaultKind::NodeAffinityMismatch],
    }
}

/// Whether the node selector alone leaves a machine that is open to ordinary pods.
fn selects_ordinary(found: &Found<'_>) -> bool {
    let machines = found.world.machines.values();
    let mut open =
        machines.filter(|machine| machine.has_labels && !machine.is_cordoned && !machine.is_control_plane);
    open.any(|machine| fits_selector(found.spec, &machine.labels))
}

fn affinity_text(selector: &k8s_openapi::api::core::v1::NodeSelector) -> String {
    let terms: Vec<String> = selector
        .node_selector_terms
        .iter()
        .take(4)
        .map(|term| {
            let all = term.match_expressions.iter().flatten().chain(term.match_fields.iter().flatten());
            let all: Vec<String> = all
                .take(6)
                .map(|one| match one.values.as_deref().unwrap_or_default() {
                    [] => format!("{} {}", one.key, one.operator),
                    values => format!("{} {} [{}]", one.key, one.operator, values.join(", ")),
                })
                .collect();
            all.join(" and ")
        })
        .collect();
    terms.join(" or ")
}

fn first_key(selector: &k8s_openapi::api::core::v1::NodeSelector) -> Option<String> {
    let term = selector.node_selector_terms.first()?;
    let first = term.match_expressions.iter().flatten().chain(term.match_fields.iter().flatten()).next()?;
    Some(first.key.clone())
}

fn resource_short(picture: &Picture, found: &Found<'_>, resource: &str) -> Meaning {
    let workload = &found.workload.key;
    let asked = requests(found.spec).get(resource).copied().unwrap_or_default();
    let largest = found
        .world
        .machines
        .values()
        .filter_map(|machine| machine.allocatable.as_ref()?.get(resource).copied())
        .max();
    let asks =
        if asked > Quantity::ZERO { format!(" ({} each)", amount(asked, resource)) } else { String::new() };
    let (summary, remedy) = match largest {
        Some(largest) if asked > largest => (
            format!(
                "each pod of {workload} asks for {} {resource}, more than any node has ({} at most)",
                amount(asked, resource),
                amount(largest, resource)
            ),
            format!(
                "Lower the {resource} request of {workload} below {}, {}, or add larger nodes",
                amount(largest, resource),
                remedy::on("edit", workload)
            ),
        ),
        _ => (
            format!("no node it may run on has enough {resource} left for a pod of {workload}{asks}"),
            format!(
                "Lower the {resource} request of {workload}, {}, free {resource} by scaling other workloads down, or add nodes",
                remedy::on("edit", workload)
            ),
        ),
    };
    let mut facts = Vec::new();
    if asked > Quantity::ZERO {
        let statement = format!("a pod of {workload} asks for {} {resource}", amount(asked, resource));
        let written = found.spec.containers.iter().find_map(|container| {
            let resources = container.resources.as_ref()?;
            let value = resources.requests.as_ref().and_then(|all| all.get(resource))?;
            Some(value.0.clone())
        });
        facts.push(picture.fact(&found.pod.key, written.as_deref().unwrap_or(resource), statement));
    }
    Meaning {
        kind: FaultKind::InsufficientResource,
        subject: resource.to_owned(),
        summary,
        remedy,
        certainty: found.blame.certainty,
        facts,
        neighbours: Vec::new(),
    }
}

/// Workloads whose pods had to go for pods of higher priority and have not come back.
pub(super) fn preempted(picture: &Picture, workloads: &[Workload<'_>]) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    let events =
        picture.events.iter().filter(|event| event.reason == "Preempted" && event.object.kind == Kind::Pod);
    for event in events.take(EVENTS_MAX) {
        let Some(workload) = owner_by_name(workloads, &event.object) else { continue };
        if found.iter().any(|fault| fault.object == workload.key)
            || !workload.pods.iter().any(|pod| is_waiting(picture, pod))
        {
            continue;
        }
        let statement = format!("{} was removed for a pod of higher priority", event.object);
        found.push(Fault {
            kind: FaultKind::PriorityPreempted,
            subject: String::new(),
            object: workload.key.clone(),
            standing: Standing::Active,
            certainty: Certainty::Shown,
            summary: format!(
                "pods of higher priority took the place of {}, which finds no other",
                workload.key
            ),
            facts: vec![picture.fact_at(event.origin, "reempted", statement)],
            explains: vec![workload.key.clone()],
            neighbours: vec![FaultKind::InsufficientResource],
            remedy: format!(
                "Add nodes, or give {} a priority class that its importance deserves: {}",
                workload.key,
                remedy::on("edit", &workload.key)
            ),
        });
    }
    found
}
