//! Autoscalers at their end or without sight, and disruption budgets that let nobody move a pod.

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::ObjectKey;
use crate::picture::Picture;
use crate::reason::symptoms::active;
use crate::reason::workload::Workload;

pub(super) fn faults(picture: &Picture, workloads: &[Workload<'_>]) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    for record in picture.autoscalers.iter() {
        let Some(status) = &record.object.status else { continue };
        let spec = &record.object.spec;
        let conditions = status.conditions.as_deref().unwrap_or_default();
        let find = |kind: &str, value: &str| {
            conditions.iter().find(|known| known.type_ == kind && known.status == value)
        };
        let target = &spec.scale_target_ref;
        let workload = workloads.iter().find(|workload| {
            workload.key.namespace == record.key.namespace
                && workload.key.name == target.name
                && workload.key.kind.as_str() == target.kind
        });
        let suffers = workload.is_some_and(Workload::lacks_pods);
        let blind =
            find("ScalingActive", "False").filter(|known| known.reason.as_deref() != Some("ScalingDisabled"));
        let limited =
            find("ScalingLimited", "True").filter(|known| known.reason.as_deref() == Some("TooManyReplicas"));
        let (kind, condition, summary, remedy) = if let Some(blind) = blind {
            let why = blind.message.clone().unwrap_or_default();
            let why: String = why.chars().take(200).collect();
            (
                FaultKind::AutoscalerBlind,
                blind,
                format!("{} cannot read its metric: {why}", record.key),
                "see that the metrics API answers (kubectl top pods) and that containers have the requests it divides by".to_owned(),
            )
        } else if let Some(limited) = limited {
            (
                FaultKind::AutoscalerAtMaximum,
                limited,
                format!("{} wants more than its maximum of {} replicas", record.key, spec.max_replicas),
                format!("raise maxReplicas of {}, or let {} need less", record.key, target.name),
            )
        } else {
            continue;
        };
        let mut fault = active(kind, &record.key, Certainty::Shown);
        fault.standing = if suffers { Standing::Active } else { Standing::Latent };
        fault.subject = condition.reason.clone().unwrap_or_default();
        fault.summary = summary;
        fault.facts.push(picture.fact(&record.key, &fault.subject, "the autoscaler's own condition says so"));
        fault.remedy = remedy;
        faults.push(fault);
    }
    faults.extend(budgets(picture));
    faults
}

/// Budgets that allow no disruption although every pod is healthy: a drain waits for ever.
fn budgets(picture: &Picture) -> Vec<Fault> {
    let blocked = picture.disruption_budgets.iter().filter_map(|record| {
        let status = record.object.status.as_ref()?;
        let (healthy, wanted) = (status.current_healthy?, status.desired_healthy?);
        let is_blocked =
            status.disruptions_allowed == Some(0) && status.expected_pods? > 0 && healthy >= wanted;
        is_blocked.then_some((record, healthy, wanted))
    });
    blocked
        .map(|(record, healthy, wanted)| {
            let key: &ObjectKey = &record.key;
            let mut fault = active(FaultKind::DrainBlocked, key, Certainty::Shown);
            fault.standing = Standing::Latent;
            fault.summary = format!("{key} lets no pod be moved: {healthy} are healthy and {wanted} must be");
            fault.facts.push(picture.fact(key, "llowed", format!("{key} allows no disruption")));
            fault.remedy = format!("run one replica more than {key} asks for, or lower minAvailable");
            fault
        })
        .collect()
}
