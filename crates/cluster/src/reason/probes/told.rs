//! Probes that are known only by what the kubelet says of them: nobody captured the template.

use k8s_openapi::api::core::v1::Pod;

use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::{Event, Picture, PodState, Record};
use crate::reason::symptoms::{active, said, state_words, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// Seconds after which a kill of a pod that is well now is history.
const RECENT_S_MAX: i64 = 900;

/// Probes for which the kubelet kills, as events name them, with how its report of a failure begins.
const KILLING: [(&str, &str); 2] = [("liveness", "Liveness probe"), ("startup", "Startup probe")];

/// A probe that the kubelet kills a container for, now, and that stands in no captured template.
pub(super) fn fault(
    picture: &Picture,
    workload: &Workload<'_>,
    pods: &[(&Record<Pod>, PodState)],
) -> Option<Fault> {
    for (pod, state) in pods {
        for (what, title) in KILLING {
            let failed = format!("failed {what} probe");
            let kill =
                said(picture, pod, &["Killing"]).filter(|event| event.message.contains(&failed)).last();
            let Some(kill) = kill else { continue };
            let complaint = said(picture, pod, &["Unhealthy", "ProbeWarning"])
                .filter(|event| event.message.starts_with(title))
                .max_by_key(|event| event.count);
            let is_near = kill.last_s_ago.is_some_and(|ago| ago <= RECENT_S_MAX);
            let repeats = kill.count >= 2 || state.restarts >= 2;
            if repeats && (!state.is_well() || is_near) {
                return Some(told(picture, workload, pod, what, kill, complaint));
            }
        }
    }
    None
}

fn told(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    what: &str,
    kill: &Event,
    complaint: Option<&Event>,
) -> Fault {
    let mut fault = active(FaultKind::ProbeFailing, &workload.key, Certainty::Shown);
    what.clone_into(&mut fault.subject);
    let error = complaint.map_or("", |event| {
        event.message.split_once("failed: ").map_or(event.message.as_str(), |(_, error)| error)
    });
    let error: String = error.chars().take(160).collect();
    let because = if error.is_empty() { String::new() } else { format!(": {error}") };
    fault.summary = format!(
        "the {what} probe of {} fails and the kubelet kills the container for it, {} times{because}",
        workload.key, kill.count
    );
    if let Some(event) = complaint {
        let needle: String = event.message.chars().take(60).collect();
        let statement = format!("the {what} probe failed {} times for {}", event.count, pod.key.name);
        fault.facts.push(picture.fact_at(event.origin, &needle, statement));
    }
    let needle: String = kill.message.chars().take(60).collect();
    fault.facts.push(picture.fact_at(
        kill.origin,
        &needle,
        format!("the kubelet killed it {} times", kill.count),
    ));
    let state = state_words(pod);
    fault.facts.push(picture.fact(&pod.key, &pod.key.name, format!("{} is {state}", pod.key.name)));
    let clean =
        statuses(pod).into_iter().any(|status| status.ended().is_some_and(|ended| ended.exit_code == 0));
    if clean {
        let statement =
            "it ends in good order when told to: the program runs, and only its probe says otherwise";
        fault.facts.push(picture.fact(&pod.key, "Completed", statement));
    }
    fault.explains = super::explained(picture, workload);
    fault.neighbours =
        vec![FaultKind::ProbePortWrong, FaultKind::ProbeTooImpatient, FaultKind::ProbeProtocolWrong];
    fault.remedy = format!(
        "compare what the {what} probe asks with what the program serves, and correct the one that is wrong: {}",
        remedy::on("edit", &workload.key)
    );
    fault
}
