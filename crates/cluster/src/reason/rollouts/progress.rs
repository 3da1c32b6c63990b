//! Rollouts that do not finish, and those that somebody paused.

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::Kind;
use crate::picture::Picture;
use crate::reason::symptoms::{active, current_pods};
use crate::reason::workload::Workload;
use crate::remedy;

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>) -> Option<Fault> {
    match workload.key.kind {
        Kind::Deployment => deployment(picture, workload),
        Kind::StatefulSet => stateful_set(picture, workload),
        _ => None,
    }
}

fn deployment(picture: &Picture, workload: &Workload<'_>) -> Option<Fault> {
    let key = &workload.key;
    let record = picture.deployments.get(&key.namespace, &key.name).present()?;
    let conditions =
        record.object.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let has = |reason: &str| conditions.iter().any(|condition| condition.reason.as_deref() == Some(reason));
    if record.object.spec.paused == Some(true) || has("DeploymentPaused") {
        let updated = record.object.status.as_ref().and_then(|status| status.updated_replicas).unwrap_or(0);
        let is_half_way = workload.wanted.is_some_and(|wanted| updated < wanted);
        let mut fault = active(FaultKind::RolloutPaused, key, Certainty::Shown);
        if !(is_half_way && workload.lacks_pods()) {
            fault.standing = Standing::Latent;
        } else {
            fault.explains.push(key.clone());
        }
        fault.summary = format!(
            "the rollout of {key} is paused with {updated} of {} replicas updated",
            workload.wanted.unwrap_or(0)
        );
        fault.facts.push(picture.fact(key, "aused", format!("{key} is paused")));
        fault.remedy =
            format!("let it go on: {}", remedy::kubectl(key, &["rollout", "resume", &remedy::target(key)]));
        return Some(fault);
    }
    if !has("ProgressDeadlineExceeded") {
        return None;
    }
    let mut fault = active(FaultKind::RolloutStuck, key, Certainty::Suspected);
    fault.subject = "ProgressDeadlineExceeded".to_owned();
    fault.summary = format!(
        "the rollout of {key} has not progressed within its deadline: {} of {} pods are ready",
        workload.ready(),
        workload.wanted.unwrap_or(0)
    );
    fault.facts.push(picture.fact(key, "ProgressDeadlineExceeded", "the deployment's own condition says so"));
    fault.explains.push(key.clone());
    fault.remedy = format!(
        "see why its new pods do not become ready, {}, or go back: {}",
        remedy::on("describe", key),
        remedy::kubectl(key, &["rollout", "undo", &remedy::target(key)])
    );
    Some(fault)
}

/// With the policy `OrderedReady` a stateful set makes no pod before the one before it is ready.
fn stateful_set(picture: &Picture, workload: &Workload<'_>) -> Option<Fault> {
    let key = &workload.key;
    let record = picture.stateful_sets.get(&key.namespace, &key.name).present()?;
    let is_ordered = record.object.spec.pod_management_policy.as_deref() != Some("Parallel");
    let wanted = usize::try_from(workload.wanted?).ok()?;
    if !is_ordered || workload.pods.is_empty() || workload.pods.len() >= wanted {
        return None;
    }
    let (pod, state) = current_pods(workload).into_iter().find(|(_, state)| !state.is_well())?;
    let mut fault = active(FaultKind::RolloutStuck, key, Certainty::Suspected);
    fault.subject.clone_from(&pod.key.name);
    fault.summary = format!("{key} makes no further pod before {} is ready ({})", pod.key.name, state.word);
    fault.facts.push(picture.fact(&pod.key, &state.word, format!("{} is {}", pod.key.name, state.word)));
    fault.explains.push(key.clone());
    fault.remedy =
        format!("see why {} does not become ready: {}", pod.key.name, remedy::on("describe", &pod.key));
    Some(fault)
}
