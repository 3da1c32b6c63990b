//! Programs that end by themselves or for want of memory.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, PodState, Record};
use crate::reason::symptoms::{
    Logs, Status, active, broken, container_named, current_pods, said, state_words, statuses,
};
use crate::reason::workload::Workload;
use crate::remedy;

use super::words;

/// Seconds after which a restart of a container that is ready now is history.
const RECENT_S_MAX: i64 = 3600;

/// The worst thing that ended each container of the workload.
pub(super) fn faults(picture: &Picture, workload: &Workload<'_>, logs: &Logs<'_>) -> Vec<Fault> {
    if is_done(picture, &workload.key) {
        return Vec::new();
    }
    let mut found: BTreeMap<&str, Fault> = BTreeMap::new();
    let mut add = |container, fault: Fault| {
        let rank = |fault: &Fault| (fault.standing, std::cmp::Reverse(fault.certainty));
        match found.get(container) {
            Some(known) if rank(known) <= rank(&fault) => {}
            _ => {
                found.insert(container, fault);
            }
        }
    };
    for (pod, state) in current_pods(workload) {
        for status in statuses(pod).iter().filter(|status| !status.is_init) {
            if let Some(fault) = ended(picture, workload, pod, &state, status, logs) {
                add(status.status.name.as_str(), fault);
            }
        }
        // A table alone knows no containers.
        if statuses(pod).is_empty() && loops(&state.word) {
            add("", crash(picture, workload, pod, None, logs));
        }
    }
    let mut found: Vec<(&str, Fault)> = found.into_iter().collect();
    found.sort_by_key(|(_, fault)| (fault.standing, std::cmp::Reverse(fault.certainty)));
    apart(found)
}

/// Several containers that end each have their own fault: another container's end is no cause of this one's, and what
/// has the same exit code is told apart by its name.
fn apart(found: Vec<(&str, Fault)>) -> Vec<Fault> {
    let mut apart: Vec<Fault> = Vec::new();
    for (container, mut fault) in found {
        if apart.iter().any(|first| first.standing == Standing::Active)
            && fault.kind == FaultKind::CrashLoop
            && fault.standing == Standing::Active
        {
            fault.certainty = Certainty::Shown;
        }
        if apart.iter().any(|other| (other.kind, &other.subject) == (fault.kind, &fault.subject)) {
            fault.subject = format!("{} {container}", fault.subject).trim().to_owned();
        }
        apart.push(fault);
    }
    apart
}

/// A job that is complete: pods that failed on the way were made good by later ones.
fn is_done(picture: &Picture, key: &ObjectKey) -> bool {
    let Some(job) =
        (key.kind == Kind::Job).then(|| picture.jobs.get(&key.namespace, &key.name).present()).flatten()
    else {
        return false;
    };
    let wanted = job.object.spec.as_ref().and_then(|spec| spec.completions).unwrap_or(1);
    let Some(status) = &job.object.status else { return false };
    let mut conditions = status.conditions.iter().flatten();
    status.succeeded.unwrap_or(0) >= wanted.max(1)
        || conditions.any(|condition| condition.type_ == "Complete" && condition.status == "True")
}

fn loops(word: &str) -> bool {
    matches!(word, "CrashLoopBackOff" | "Error" | "OOMKilled") || word.starts_with("ExitCode:")
}

fn ended(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    state: &PodState,
    status: &Status<'_>,
    logs: &Logs<'_>,
) -> Option<Fault> {
    let last = status.ended();
    let waits = status.waiting().is_some_and(|(reason, _)| reason == "CrashLoopBackOff");
    let is_down = !status.status.ready && (waits || !status.is_running());
    let ended_s_ago = state.last_restart_s_ago.or_else(|| finished_s_ago(picture, last));
    let recent = ended_s_ago.is_none_or(|ago| ago <= RECENT_S_MAX);
    let restarts = status.status.restart_count;
    if last.and_then(|ended| ended.reason.as_deref()) == Some("OOMKilled") {
        let is_over = status.status.ready && (!recent || restarts <= 1);
        let mut fault = out_of_memory(picture, workload, pod, status);
        if is_over {
            fault.standing = Standing::Recovered;
            fault.explains.clear();
        }
        return Some(fault);
    }
    if killed_by_probe(picture, pod, status) || cannot_start(status) {
        return None;
    }
    let failed = last.is_none_or(|ended| ended.exit_code != 0 || waits);
    if is_down
        && failed
        && (waits || last.is_some())
        && (restarts > 0 || waits || state.word != "ContainerCreating")
    {
        return Some(crash(picture, workload, pod, Some(status), logs));
    }
    // Up at this moment, between two ends; one that is ready is so only when its last end is known to be near.
    let is_known_near = recent && (ended_s_ago.is_some() || !status.status.ready);
    if restarts >= 3 && is_known_near && failed && last.is_some() && !has_got_over_it(picture, state, status)
    {
        return Some(crash(picture, workload, pod, Some(status), logs));
    }
    if restarts > 0 && status.status.ready && last.is_some_and(|ended| ended.exit_code != 0) {
        let mut fault = crash(picture, workload, pod, Some(status), logs);
        fault.standing = Standing::Recovered;
        fault.explains.clear();
        return Some(fault);
    }
    None
}

fn finished_s_ago(picture: &Picture, ended: Option<&ContainerStateTerminated>) -> Option<i64> {
    let finished = ended?.finished_at.as_ref()?.0;
    Some(picture.taken_at?.duration_since(finished).as_secs().max(0))
}

/// Seconds after which the kubelet tries again at the latest: one that has run for longer is past its back-off.
const BACK_OFF_S_MAX: i64 = 300;

/// Whether a container that ended several times now runs for much longer than it did before: its dependencies came up
/// after it, as they do when everything is started at once.
fn has_got_over_it(picture: &Picture, state: &PodState, status: &Status<'_>) -> bool {
    let started = status.status.state.as_ref().and_then(|state| state.running.as_ref()?.started_at.as_ref());
    let since_start =
        started.zip(picture.taken_at).map(|(started, now)| now.duration_since(started.0).as_secs().max(0));
    let Some(runs_s) = state.last_restart_s_ago.or(since_start).filter(|_| status.status.ready) else {
        return false;
    };
    let before_s = status.ended().and_then(|ended| {
        let (started, finished) = (ended.started_at.as_ref()?.0, ended.finished_at.as_ref()?.0);
        Some(finished.duration_since(started).as_secs().max(0))
    });
    runs_s >= before_s.map_or(BACK_OFF_S_MAX, |before_s| (3 * before_s).clamp(60, BACK_OFF_S_MAX))
}

/// The kubelet ended it for a probe: then the probe is the question, whatever code the program ends with when told to.
fn killed_by_probe(picture: &Picture, pod: &Record<Pod>, status: &Status<'_>) -> bool {
    let name = format!("ontainer {} failed ", status.status.name);
    said(picture, pod, &["Killing"])
        .any(|event| event.message.contains(&name) && event.message.contains("probe"))
}

/// The command could not be started at all: found with the other ways of not starting.
fn cannot_start(status: &Status<'_>) -> bool {
    let reason = status.ended().and_then(|ended| ended.reason.as_deref());
    matches!(reason, Some("StartError" | "ContainerCannotRun"))
}

fn out_of_memory(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    status: &Status<'_>,
) -> Fault {
    let name = status.status.name.as_str();
    let limit = container_named(workload, name)
        .and_then(|container| Some(container.resources.as_ref()?.limits.as_ref()?.get("memory")?.0.clone()));
    let node = pod.object.spec.as_ref().and_then(|spec| spec.node_name.clone());
    let mut fault = match (&limit, node) {
        (None, Some(node)) => {
            active(FaultKind::NodeOutOfMemory, &ObjectKey::new(Kind::Node, "", node), Certainty::Shown)
        }
        _ => active(FaultKind::OutOfMemory, &workload.key, Certainty::Stated),
    };
    fault.subject = name.to_owned();
    fault.facts.push(picture.fact(
        &pod.key,
        "OOMKilled",
        format!("container {name} of {} was killed for want of memory", pod.key.name),
    ));
    let restarts = status.status.restart_count;
    match &limit {
        Some(limit) => {
            fault.facts.push(picture.fact(
                &workload.key,
                limit,
                format!("container {name} may use {limit} of memory"),
            ));
            fault.summary = format!(
                "container {name} of {} needs more memory than its limit of {limit}: killed, {restarts} restarts",
                workload.key
            );
            fault.remedy = format!(
                "raise the memory limit of {} to the <MEMORY> that it needs, more than {limit}, or let it need less: {}",
                workload.key,
                remedy::resources(&workload.key, name, "--limits=memory=<MEMORY>")
            );
        }
        None => {
            fault.summary = format!(
                "container {name} of {} has no memory limit and was killed when memory ran out on {}",
                workload.key, fault.object
            );
            fault.remedy = format!(
                "set a memory request and limit for {}, the <MEMORY> it needs, {}, and see who uses the memory: {}",
                workload.key,
                remedy::resources(&workload.key, name, "--limits=memory=<MEMORY>"),
                remedy::kubectl(&workload.key, &["top", "pods"])
            );
        }
    }
    fault.explains = broken(picture, workload);
    fault
}

/// What an exit code means.
///
/// Source: `exit(3)` of shells (126, 127, 128 + signal), `signal(7)`.
pub(super) fn meaning(code: i32) -> &'static str {
    match code {
        0 => "it ends without an error, as if its work were done",
        1 => "an error of the program",
        2 => "wrong usage, or an error of the program",
        126 => "the command cannot be executed",
        127 => "the command does not exist",
        128 => "the command could not be started",
        130 => "interrupted",
        132 => "illegal instruction: made for another processor",
        134 => "it aborted itself (SIGABRT)",
        135 => "bus error",
        136 => "arithmetic error",
        137 => "killed (SIGKILL): memory, or the kubelet",
        139 => "invalid memory access (SIGSEGV)",
        143 => "asked to end (SIGTERM)",
        255 => "exit status out of range, or -1",
        _ => "an error of the program",
    }
}

fn crash(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    status: Option<&Status<'_>>,
    logs: &Logs<'_>,
) -> Fault {
    let mut fault = active(FaultKind::CrashLoop, &workload.key, Certainty::Suspected);
    let ended = status.and_then(Status::ended);
    let name = status.map_or("", |status| status.status.name.as_str());
    let container = if name.is_empty() { String::new() } else { format!("container {name} of ") };
    let said = words::last(picture, workload, pod, name, ended, logs);
    let setting = words::setting_missed(picture, workload, pod, name, ended, logs);
    let words = match &said {
        Some(said) => format!("; its last words: `{}`", said.text),
        None => "; what it said last is not in the capture".to_owned(),
    };
    fault.summary = match ended {
        Some(ended) => {
            fault.subject = ended.exit_code.to_string();
            format!(
                "{container}{} exits {}{}, again and again ({}){words}",
                workload.key,
                ended.exit_code,
                words::after(ended),
                meaning(ended.exit_code)
            )
        }
        None => format!("{container}{} ends again and again{words}", workload.key),
    };
    let state = state_words(pod);
    fault.facts.push(picture.fact(&pod.key, &pod.key.name, format!("{} is {state}", pod.key.name)));
    if let Some(ended) = ended {
        let code = ended.exit_code;
        let needles = [
            format!("Exit Code:    {code}"),
            format!("exitCode: {code}"),
            format!("\"exitCode\": {code}"),
            format!("\"exitCode\":{code}"),
        ];
        fault.facts.push(picture.fact_of_any(
            &pod.key,
            &needles.each_ref().map(String::as_str),
            format!("its last exit code was {code}"),
        ));
    }
    fault.facts.extend(said.into_iter().flat_map(|said| said.facts));
    fault.explains = broken(picture, workload);
    if let Some(setting) = setting {
        fault.kind = FaultKind::SettingMissing;
        fault.certainty = Certainty::Shown;
        fault.summary = format!(
            "{container}{} ends because a setting is missing, as it says: `{}`",
            workload.key, setting.text
        );
        fault.facts.splice(0..0, setting.facts);
        fault.neighbours = vec![FaultKind::CrashLoop];
        fault.remedy = format!(
            "give it the setting that it names, or roll back the change that took it away: {}",
            remedy::on("edit", &workload.key)
        );
        return fault;
    }
    fault.neighbours = match ended.map(|ended| ended.exit_code) {
        Some(126..=128) => vec![FaultKind::CommandNotFound],
        Some(137) => vec![FaultKind::OutOfMemory, FaultKind::ProbeFailing],
        Some(143) => vec![FaultKind::ProbeFailing],
        _ => Vec::new(),
    };
    let look = if name.is_empty() {
        remedy::kubectl(&pod.key, &["logs", &pod.key.name, "--all-containers", "--previous"])
    } else {
        remedy::logs(&pod.key, name, true)
    };
    fault.remedy = format!("read what it says before it ends: {look}");
    fault
}

/// Machines whose kernel killed programs because the whole machine ran out of memory.
pub(super) fn node_out_of_memory(picture: &Picture) -> Vec<Fault> {
    let mut found = Vec::new();
    for node in picture.nodes.iter() {
        let told = picture.events_of(&node.key).filter(|event| event.reason == "SystemOOM").last();
        let Some(event) = told else { continue };
        let mut fault = active(FaultKind::NodeOutOfMemory, &node.key, Certainty::Stated);
        if event.last_s_ago.is_some_and(|ago| ago > RECENT_S_MAX) {
            fault.standing = Standing::Recovered;
        }
        fault.summary = format!("{} ran out of memory {} times: {}", node.key, event.count, event.message);
        fault.facts.push(picture.fact_at(
            event.origin,
            "OOM",
            format!("the kubelet of {} says so", node.key.name),
        ));
        fault.remedy = format!(
            "see who uses its memory, {}, and set limits; what runs on it: {}",
            remedy::command(&["kubectl", "top", "pods", "-A", "--sort-by=memory"]),
            remedy::on("describe", &node.key)
        );
        found.push(fault);
    }
    found
}
