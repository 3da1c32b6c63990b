//! Reasons about probes that ask wrongly.
//!
//! Probes are read from the workload's template: a service mesh rewrites those of the live pod to its own agent. That
//! a probe does harm shows in the pod: the kubelet kills for liveness and startup, and withholds readiness.

mod ask;
mod harm;
mod told;
mod verdict;

#[cfg(test)]
mod tests;

use ask::{Asked, asked};
use harm::harm;

use super::symptoms::{Logs, active, broken, current_pods};
use super::workload::{Workload, workloads};
use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::picture::Picture;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let logs = Logs::of(picture);
    let mut faults = Vec::new();
    for workload in &workloads(picture) {
        let Some(spec) = workload.spec() else { continue };
        let pods = current_pods(workload);
        let knows_probes = spec.containers.iter().any(|container| !asked(container).is_empty());
        if !knows_probes {
            faults.extend(told::fault(picture, workload, &pods));
        }
        for container in &spec.containers {
            let probes = asked(container);
            for probe in &probes {
                let found = pods
                    .iter()
                    .find_map(|(pod, state)| harm(picture, workload, pod, state, probe, &probes))
                    .and_then(|harm| verdict::fault(picture, workload, &logs, probe, &probes, &harm));
                match found {
                    Some(fault) => faults.push(fault),
                    None => faults.extend(not_yet(picture, workload, probe, &probes)),
                }
            }
        }
    }
    faults
}

/// A liveness probe that contradicts its container and has had no time to kill it.
fn not_yet(
    picture: &Picture,
    workload: &Workload<'_>,
    probe: &Asked<'_>,
    probes: &[Asked<'_>],
) -> Option<Fault> {
    if probe.what != "liveness" || !verdict::is_port_unknown(picture, workload, probe, probes) {
        return None;
    }
    let (pod, state) = current_pods(workload).into_iter().find(|(_, state)| state.is_well())?;
    let age = super::symptoms::age_s(picture, pod)?;
    if state.restarts > 0 || age > probe.allowed_s() {
        return None;
    }
    let mut fault = active(FaultKind::ProbePortWrong, &workload.key, Certainty::Suspected);
    fault.standing = Standing::Latent;
    probe.what.clone_into(&mut fault.subject);
    fault.summary = format!(
        "the liveness probe of {} will ask {}, which nothing else of it names; it has not been asked yet",
        workload.key,
        probe.target()
    );
    fault.facts.push(probe.fact(picture, workload));
    fault.remedy = verdict::correct_port(picture, workload, probe, probes);
    Some(fault)
}

/// What is broken because of a probe: for a pod that is killed again and again also its services.
fn explained(picture: &Picture, workload: &Workload<'_>) -> Vec<crate::kind::ObjectKey> {
    broken(picture, workload)
}
