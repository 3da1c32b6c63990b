//! Volumes that cannot be attached or mounted. Missing secrets and config maps are found in `config`, missing claims
//! by the reasoner for storage.

use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::Picture;
use crate::reason::symptoms::{active, between, broken, current_pods, said};
use crate::reason::workload::Workload;
use crate::remedy;

/// Words of messages that other reasoners explain.
const ELSEWHERE: [&str; 8] = [
    "secret \"",
    "configmap \"",
    "references non-existent",
    "persistentvolumeclaim \"",
    "serviceaccount",
    "not registered",
    "kube-root-ca.crt",
    "failed to sync",
];

/// What a message means, by the words of the kubelet, the attach-detach controller and `mount(8)`.
const WORDS: [(&str, &[&str]); 7] = [
    ("in use elsewhere", &["Multi-Attach", "already attached", "already used by pod", "volume is in use"]),
    (
        "driver missing",
        &["not found in the list of registered CSI drivers", "no volume plugin matched", "driver name"],
    ),
    ("host path", &["hostPath type check failed"]),
    (
        "refused",
        &["access denied", "Permission denied", "permission denied", "Unauthorized", "not authorized"],
    ),
    ("unreachable", &["No route to host", "Connection timed out", "Connection refused", "no such host"]),
    ("file system", &["wrong fs type", "bad superblock", "fsck", "Structure needs cleaning"]),
    ("timeout", &["timed out waiting", "DeadlineExceeded", "deadline exceeded"]),
];

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>) -> Option<Fault> {
    let waits = |word: &str| {
        matches!(word, "ContainerCreating" | "Pending" | "PodInitializing" | "") || word.starts_with("Init:")
    };
    let (pod, event, how) = current_pods(workload)
        .into_iter()
        .filter(|(_, state)| !state.is_well() && waits(&state.word) && state.restarts == 0)
        .find_map(|(pod, _)| {
            let events = said(picture, pod, &["FailedMount", "FailedAttachVolume", "FailedMapVolume"])
                .filter(|event| !ELSEWHERE.iter().any(|word| event.message.contains(word)));
            // A message with a cause says more than the one that only says that time ran out.
            let ranked = events.map(|event| {
                let at =
                    WORDS.iter().position(|(_, words)| words.iter().any(|word| event.message.contains(word)));
                (at.unwrap_or(WORDS.len() - 2), event)
            });
            let (at, event) = ranked.min_by_key(|(at, _)| *at)?;
            Some((pod, event, WORDS.get(at).map_or("", |(how, _)| *how)))
        })?;
    let volume = between(&event.message, "volume \"", "\"").unwrap_or("");
    let mut fault = active(FaultKind::VolumeMountFailed, &workload.key, Certainty::Stated);
    fault.subject = if volume.is_empty() { how.to_owned() } else { volume.to_owned() };
    let said: String = event.message.chars().take(200).collect();
    fault.summary =
        format!("{} cannot start: a volume cannot be mounted for {}: {said}", workload.key, pod.key.name);
    let needle = event.message.get(..40).unwrap_or(&event.message);
    fault.facts.push(picture.fact_at(event.origin, needle, format!("{} of {}", event.reason, pod.key.name)));
    fault.explains = broken(picture, workload);
    fault.remedy = match how {
        "in use elsewhere" => {
            format!(
                "delete the pod that still holds the volume, or wait until its node lets it go; use the Recreate strategy \
                 for volumes that one node may hold; who holds it: {}",
                remedy::kubectl(&pod.key, &["get", "pods", "-o", "wide"])
            )
        }
        "driver missing" => {
            "install the storage driver on the node, or correct the driver's name; which ones it has: `kubectl get csinodes`"
                .to_owned()
        }
        "host path" => format!(
            "correct path or type of the hostPath volume {volume} of {}: {}",
            workload.key,
            remedy::on("edit", &workload.key)
        ),
        _ => format!("look at the volume {volume}: {}", remedy::on("describe", &pod.key)),
    };
    Some(fault)
}
