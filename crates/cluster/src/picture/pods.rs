//! The state of a pod in the words people know from `kubectl get pods`.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::Record;

/// What a row of `kubectl get pods` says, whether it came from a table or was worked out from the object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodState {
    /// `Running`, `Pending`, `CrashLoopBackOff`, `ImagePullBackOff`, `Init:0/1`, `Completed`; empty when unknown.
    pub word: String,
    /// Containers that are ready.
    pub ready: u32,
    /// Containers.
    pub containers: u32,
    /// Restarts over all containers.
    pub restarts: u32,
    /// Seconds since the last restart, when known.
    pub last_restart_s_ago: Option<i64>,
}

impl PodState {
    /// Whether every container is ready, or the pod has done its work. A pod that is being deleted counts for nobody,
    /// as the controllers see it: on a machine that is not ready it stands there as ready for ever.
    pub fn is_well(&self) -> bool {
        !self.is_leaving() && (self.is_ready() || self.word == "Completed" || self.word == "Succeeded")
    }

    /// Whether every container is ready.
    pub fn is_ready(&self) -> bool {
        self.ready == self.containers && self.containers > 0
    }

    /// Whether it is being deleted.
    pub fn is_leaving(&self) -> bool {
        self.word == "Terminating"
    }
}

/// The state of a pod: from its object, and where that is silent from its row.
pub fn pod_state(record: &Record<Pod>) -> PodState {
    let mut state = from_object(&record.object);
    let cell = |title: &str| record.row.get(title).map(String::as_str);
    if state.word.is_empty()
        && let Some(word) = cell("STATUS")
    {
        word.clone_into(&mut state.word);
    }
    if cell("STATUS") == Some("Terminating") {
        "Terminating".clone_into(&mut state.word);
    }
    if state.containers == 0
        && let Some((ready, all)) = cell("READY").and_then(|cell| cell.split_once('/'))
    {
        state.ready = ready.trim().parse().unwrap_or(0);
        state.containers = all.trim().parse().unwrap_or(0);
    }
    if let Some(cell) = cell("RESTARTS") {
        let (count, ago) = cell.split_once('(').unwrap_or((cell, ""));
        state.restarts = state.restarts.max(count.trim().parse().unwrap_or(0));
        let ago = ago.trim_end_matches(')').trim().trim_end_matches("ago").trim();
        state.last_restart_s_ago = crate::read::age_s(ago);
    }
    state
}

/// As `kubectl` works it out (`printPod` in its printers): the first init container that is not done, else the last
/// container that waits or has ended, else the phase.
fn from_object(pod: &Pod) -> PodState {
    let mut state = PodState::default();
    let Some(status) = &pod.status else { return state };
    let phase = status.phase.clone().unwrap_or_default();
    state.word = status.reason.clone().unwrap_or(phase);
    let init = status.init_container_statuses.as_deref().unwrap_or_default();
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    for container in init.iter().chain(containers) {
        state.restarts = state.restarts.saturating_add(u32::try_from(container.restart_count).unwrap_or(0));
    }
    state.containers = u32::try_from(containers.len()).unwrap_or(0);
    state.ready = u32::try_from(containers.iter().filter(|container| container.ready).count()).unwrap_or(0);
    let undone = init.iter().position(|container| !container.ready && !ended_well(container));
    if let Some(at) = undone.filter(|_| state.word == "Pending" || state.word.is_empty()) {
        let reason = init.get(at).and_then(reason_of).filter(|reason| reason != "PodInitializing");
        state.word = match reason {
            Some(reason) => format!("Init:{reason}"),
            None => format!("Init:{at}/{}", init.len()),
        };
        return state;
    }
    if let Some(reason) = containers.iter().rev().find_map(reason_of) {
        state.word = reason;
    }
    if state.word == "Completed" && containers.iter().any(|container| container.ready) {
        "Running".clone_into(&mut state.word);
    }
    if pod.metadata.deletion_timestamp.is_some() {
        "Terminating".clone_into(&mut state.word);
    }
    state
}

fn ended_well(container: &ContainerStatus) -> bool {
    let ended = container.state.as_ref().and_then(|state| state.terminated.as_ref());
    ended.is_some_and(|ended| ended.exit_code == 0)
}

/// Why a container waits or ended.
fn reason_of(container: &ContainerStatus) -> Option<String> {
    let state = container.state.as_ref()?;
    if let Some(waiting) = &state.waiting {
        return waiting.reason.clone().filter(|reason| !reason.is_empty());
    }
    let ended = state.terminated.as_ref()?;
    match ended.reason.as_deref() {
        Some(reason) if !reason.is_empty() => Some(reason.to_owned()),
        _ => Some(format!("ExitCode:{}", ended.exit_code)),
    }
}
