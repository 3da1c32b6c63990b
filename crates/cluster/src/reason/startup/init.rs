//! Init containers that do not finish, and pods that wait for their containers without a word why.

use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::{Picture, Seen};
use crate::reason::symptoms::{Logs, active, age_s, broken, current_pods, said, state_words, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// Seconds after which a pod that makes no progress is worth a word.
const WAITS_S_MIN: i64 = 600;

/// Waiting reasons that the reasoner for images explains.
const IMAGES: [&str; 4] = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>, logs: &Logs<'_>) -> Option<Fault> {
    current_pods(workload).into_iter().filter(|(_, state)| !state.is_well()).find_map(|(pod, state)| {
        let word = state.word.as_str();
        if let Some(init) = word.strip_prefix("Init:") {
            let name = init_container(pod);
            if matches!(init, "CrashLoopBackOff" | "Error") || init.starts_with("ExitCode") {
                return Some(failing(picture, workload, pod, logs, name.as_deref()));
            }
            let waits = age_s(picture, pod).is_some_and(|age| age >= WAITS_S_MIN);
            if init.contains('/') && waits && is_on_a_well_node(picture, pod) {
                let mut fault = active(FaultKind::InitContainerFailing, &workload.key, Certainty::Suspected);
                fault.subject = name.unwrap_or_default();
                fault.summary =
                    format!("{} waits for its init container {} ({word})", pod.key.name, fault.subject);
                fault.facts.push(picture.fact(&pod.key, word, format!("{} is {word}", pod.key.name)));
                fault.facts.extend(last_words(picture, workload, logs, &fault.subject));
                fault.explains = broken(picture, workload);
                fault.remedy = look(workload, &fault.subject);
                return Some(fault);
            }
            return None;
        }
        let silent = matches!(word, "ContainerCreating" | "PodInitializing")
            && !IMAGES.contains(&word)
            && said(picture, pod, &["Failed", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"])
                .next()
                .is_none();
        let waits = age_s(picture, pod).is_some_and(|age| age >= WAITS_S_MIN);
        if !(silent && waits && is_on_a_well_node(picture, pod)) {
            return None;
        }
        let mut fault = active(FaultKind::SandboxFailed, &workload.key, Certainty::Suspected);
        fault.subject = word.to_owned();
        fault.summary =
            format!("{} has been {word} for more than ten minutes and nothing says why", pod.key.name);
        fault.facts.push(picture.fact(&pod.key, word, format!("{} is {word}", pod.key.name)));
        fault.neighbours = vec![FaultKind::VolumeMountFailed, FaultKind::ContainerRuntimeDown];
        fault.explains = broken(picture, workload);
        fault.remedy = format!(
            "see its events, {}, then the log of its node's kubelet",
            remedy::on("describe", &pod.key)
        );
        Some(fault)
    })
}

fn init_container(pod: &crate::picture::Record<k8s_openapi::api::core::v1::Pod>) -> Option<String> {
    let statuses = statuses(pod);
    let open = statuses.iter().find(|status| {
        let done = status.status.state.as_ref().and_then(|state| state.terminated.as_ref());
        status.is_init && !status.status.ready && done.is_none_or(|done| done.exit_code != 0)
    });
    open.map(|status| status.status.name.clone())
}

fn is_on_a_well_node(
    picture: &Picture,
    pod: &crate::picture::Record<k8s_openapi::api::core::v1::Pod>,
) -> bool {
    let Some(name) = pod.object.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) else { return true };
    let Seen::Present(node) = picture.nodes.get("", name) else { return true };
    let conditions =
        node.object.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    !conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status != "True")
}

fn failing(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &crate::picture::Record<k8s_openapi::api::core::v1::Pod>,
    logs: &Logs<'_>,
    name: Option<&str>,
) -> Fault {
    let mut fault = active(FaultKind::InitContainerFailing, &workload.key, Certainty::Shown);
    fault.subject = name.unwrap_or("").to_owned();
    let statuses = statuses(pod);
    let ended = statuses
        .iter()
        .filter(|status| status.is_init)
        .find_map(|status| status.ended().filter(|ended| ended.exit_code != 0));
    let code = ended.map_or(String::new(), |ended| {
        format!(
            " with exit code {}{}",
            ended.exit_code,
            if ended.reason.as_deref() == Some("OOMKilled") { " (OOMKilled)" } else { "" }
        )
    });
    fault.summary =
        format!("init container {} of {} ends{code} again and again", fault.subject, workload.key);
    let needle = if fault.subject.is_empty() { "Init" } else { &fault.subject };
    fault.facts.push(picture.fact(&pod.key, needle, format!("{} is {}", pod.key.name, state_words(pod))));
    fault.facts.extend(last_words(picture, workload, logs, &fault.subject));
    fault.explains = broken(picture, workload);
    fault.remedy = look(workload, &fault.subject);
    fault
}

fn look(workload: &Workload<'_>, container: &str) -> String {
    format!("read what it says: {}", remedy::logs(&workload.key, container, true))
}

/// The last line that the init container wrote, where its log was captured.
fn last_words(
    picture: &Picture,
    workload: &Workload<'_>,
    logs: &Logs<'_>,
    container: &str,
) -> Option<crate::picture::Fact> {
    let log = logs.get(&workload.key).iter().find(|log| log.container.as_deref() == Some(container))?;
    let line = logs.text(log).lines().rev().find(|line| !line.trim().is_empty())?;
    Some(picture.fact_at(log.origin, line, format!("the last words of {container}")))
}
