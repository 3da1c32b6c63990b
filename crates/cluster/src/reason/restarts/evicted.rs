//! Pods that the kubelet evicted.

use k8s_openapi::api::core::v1::Pod;

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::picture::{Picture, Record, pod_state};
use crate::reason::symptoms::{active, broken, said};
use crate::reason::workload::Workload;
use crate::remedy;

/// Evicted pods stay as objects until somebody deletes them: they do harm only while replacements are missing.
pub(super) fn faults(picture: &Picture, workload: &Workload<'_>) -> Option<Fault> {
    let evicted: Vec<_> = workload.states().filter(|(_, state)| state.word == "Evicted").collect();
    let (pod, _) = evicted.last()?;
    let event = said(picture, pod, &["Evicted"]).last();
    let status = pod.object.status.as_ref().and_then(|status| status.message.as_deref());
    let why = status.or(event.map(|event| event.message.as_str())).unwrap_or("");
    let mut fault = active(FaultKind::Evicted, &workload.key, Certainty::Stated);
    if is_replaced(picture, workload, pod) {
        fault.standing = Standing::Recovered;
    } else {
        fault.explains = broken(picture, workload);
    }
    fault.subject = resource(why).to_owned();
    let why_words = if why.is_empty() {
        String::new()
    } else {
        format!(": {}", why.chars().take(200).collect::<String>())
    };
    fault.summary = format!("{} pods of {} were evicted{why_words}", evicted.len(), workload.key);
    fault.facts.push(picture.fact(&pod.key, "Evicted", format!("{} was evicted", pod.key.name)));
    if let Some(event) = event {
        fault.facts.push(picture.fact_at(event.origin, "Evicted", "the kubelet says why"));
    }
    fault.neighbours = vec![FaultKind::NodePressure];
    fault.remedy = format!(
        "set requests and limits of {} for what it uses, then remove the leftovers: {}",
        workload.key,
        remedy::kubectl(&workload.key, &["delete", "pods", "--field-selector=status.phase=Failed"])
    );
    Some(fault)
}

/// Whether the owner has what it wants again. Where nobody says how much that is, another pod of it must be well: one
/// of the same owner, or, among rows of a table that name no owner, of the same stem.
fn is_replaced(picture: &Picture, workload: &Workload<'_>, evicted: &Record<Pod>) -> bool {
    if workload.wanted.is_some() {
        return !workload.lacks_pods();
    }
    if workload.ready() > 0 {
        return true;
    }
    let stem = |name: &str| name.rsplit_once('-').map(|(stem, _)| stem.to_owned());
    let own = stem(&evicted.key.name);
    workload.key == evicted.key
        && own.is_some()
        && picture
            .pods
            .in_namespace(&evicted.key.namespace)
            .any(|other| stem(&other.key.name) == own && pod_state(other).is_well())
}

/// The resource that a message of the eviction manager names.
fn resource(message: &str) -> &'static str {
    let words = [
        ("ephemeral", "ephemeral-storage"),
        ("EmptyDir", "ephemeral-storage"),
        ("resource: memory", "memory"),
        ("inode", "inodes"),
        ("nodefs", "disk"),
        ("imagefs", "disk"),
        ("disk", "disk"),
        ("pid", "pids"),
        ("memory", "memory"),
    ];
    words.iter().find(|(word, _)| message.contains(word)).map_or("", |(_, resource)| *resource)
}
