//! Whether a probe does harm to a pod now, and what the kubelet says about it.

use k8s_openapi::api::core::v1::Pod;

use super::ask::{Asked, Protocol};
use crate::picture::{Event, Picture, PodState, Record};
use crate::reason::symptoms::{age_s, said, statuses};
use crate::reason::workload::Workload;

/// A probe that failed lately, and what followed.
pub(super) struct Harm<'a> {
    pub pod: &'a Record<Pod>,
    /// What the kubelet says of the failing probe, when it was captured.
    pub said: Option<&'a Event>,
    /// Whether the container was killed for it.
    pub killed: Option<&'a Event>,
    /// Whether the pod is ready at this moment.
    pub is_ready: bool,
    /// Seconds that the pod is old.
    pub age_s: Option<i64>,
}

impl Harm<'_> {
    /// The kubelet's words, without the part before the probe's own error.
    pub fn error(&self) -> &str {
        let message = self.said.map_or("", |event| event.message.as_str());
        message.split_once("failed: ").or(message.split_once("errored: ")).map_or(message, |(_, error)| error)
    }
}

/// Seconds after which a restart of a pod that is ready now is history.
const RECENT_S_MAX: i64 = 900;

/// Seconds of delay above which an unready pod waits for its probe rather than for its program.
pub(super) const LATE_S_MIN: i64 = 300;

/// Seconds a pod may be unready at its beginning before that is worth a word.
const START_S: i64 = 60;

pub(super) fn harm<'a>(
    picture: &'a Picture,
    workload: &Workload<'_>,
    pod: &'a Record<Pod>,
    state: &PodState,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
) -> Option<Harm<'a>> {
    let events: Vec<&Event> = said(picture, pod, &["Unhealthy", "ProbeWarning"])
        .filter(|event| is_about(event, probe, workload))
        .collect();
    let said_of = events.last().copied();
    let harm =
        Harm { pod, said: said_of, killed: None, is_ready: state.is_well(), age_s: age_s(picture, pod) };
    if probe.what == "readiness" {
        return readiness(harm, state, probe, probes, pod);
    }
    let killed = said(picture, pod, &["Killing"]).filter(|event| {
        event.message.contains(&format!("failed {} probe", probe.what))
            && event.message.contains(&format!("ontainer {} ", probe.container.name))
    });
    let killed = killed.last();
    let is_unwell = !state.is_well();
    let is_recent = |age: Option<i64>| age.is_none_or(|age| age <= RECENT_S_MAX);
    let restarts_now = state.restarts > 0 && is_recent(state.last_restart_s_ago);
    if let Some(killing) = killed {
        let now = is_recent(killing.last_s_ago);
        // A single early kill that the pod got over is start-up noise.
        let is_over = state.is_well()
            && state.restarts <= 1
            && said_of.is_none_or(|event| event.last_s_ago.is_some_and(|ago| ago > 120));
        return ((is_unwell || restarts_now || now) && !is_over).then_some(Harm { killed, ..harm });
    }
    // The kill itself may have fallen out of the events: a container ended by the kubelet's signal while its probe
    // was failing says the same.
    let ended =
        statuses(pod).into_iter().find(|status| status.status.name == probe.container.name)?.ended()?;
    let by_signal = matches!(ended.exit_code, 137 | 143) && ended.reason.as_deref() != Some("OOMKilled");
    let repeats = said_of.is_some_and(|event| event.count >= 3 || is_unwell);
    (by_signal && repeats && state.restarts > 0 && (is_unwell || restarts_now)).then_some(harm)
}

/// Readiness harms when the container runs, is not ready, and is not about to be ended by something else.
fn readiness<'a>(
    harm: Harm<'a>,
    state: &PodState,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
    pod: &'a Record<Pod>,
) -> Option<Harm<'a>> {
    if harm.is_ready || state.word != "Running" || probes.is_empty() {
        return None;
    }
    let status = statuses(pod).into_iter().find(|status| status.status.name == probe.container.name);
    let is_running = status.as_ref().is_none_or(|status| status.is_running() && !status.status.ready);
    if !is_running {
        return None;
    }
    // Containers that end by themselves and are between two starts are not ready either.
    let restarts =
        status.map_or(state.restarts, |status| u32::try_from(status.status.restart_count).unwrap_or(0));
    if restarts > 0 && harm.said.is_none_or(|event| event.count < 3) {
        return None;
    }
    // A delay so long that it is itself the fault does not excuse the pod.
    let first_s = if probe.delay_s() >= LATE_S_MIN { 0 } else { probe.delay_s() + 3 * probe.period_s() };
    let is_young = harm.age_s.is_some_and(|age| age < START_S.max(first_s));
    if is_young && harm.said.is_none_or(|event| event.count < 3) {
        return None;
    }
    Some(harm)
}

/// Whether an `Unhealthy` event is about this probe of this container.
fn is_about(event: &Event, probe: &Asked<'_>, workload: &Workload<'_>) -> bool {
    let title = match probe.what {
        "liveness" => "Liveness probe",
        "readiness" => "Readiness probe",
        _ => "Startup probe",
    };
    let message = event.message.as_str();
    if !message.starts_with(title) {
        return false;
    }
    let containers = workload.spec().map_or(0, |spec| spec.containers.len());
    // A mesh's agent asks in the kubelet's place and names the container in its path.
    if let Some((_, rest)) = message.split_once("/app-health/") {
        return rest.split('/').next() == Some(probe.container.name.as_str());
    }
    match (probe.protocol, probe.port, port_of(message)) {
        (Protocol::Exec, _, port) => port.is_none() || containers == 1,
        (_, Some(port), Some(asked)) => port == asked,
        (_, None, Some(_)) => false,
        (_, _, None) => containers == 1 || has_only_probe(workload, probe),
    }
}

fn has_only_probe(workload: &Workload<'_>, probe: &Asked<'_>) -> bool {
    let containers = workload.spec().map_or(&[][..], |spec| spec.containers.as_slice());
    let with = containers.iter().filter(|container| match probe.what {
        "liveness" => container.liveness_probe.is_some(),
        "readiness" => container.readiness_probe.is_some(),
        _ => container.startup_probe.is_some(),
    });
    with.count() == 1
}

/// The port that a probe's message names: `http://10.0.0.1:8080/x`, `dial tcp 10.0.0.1:8080:`, `"10.0.0.1:8080"`.
fn port_of(message: &str) -> Option<i32> {
    let after = ["://", "dial tcp ", "service \"", "address "]
        .into_iter()
        .find_map(|mark| message.split_once(mark))?
        .1;
    let end = after.find(['/', '"', ' ']).unwrap_or(after.len());
    let address = after.get(..end)?.trim_end_matches(':');
    address.rsplit_once(':')?.1.parse().ok()
}
