//! Autoscalers at their end or without sight.
//!
//! Source: *Horizontal Pod Autoscaling*, Kubernetes documentation: conditions `ScalingActive` (metrics can be read),
//! `AbleToScale` (what is scaled can be found) and `ScalingLimited`; a table prints `<unknown>` for what cannot be read.

use std::collections::BTreeMap;

use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition};

use super::load::{Load, load};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture, Record};
use crate::reason::symptoms::active;
use crate::reason::workload::Workload;
use crate::remedy;

/// A new autoscaler knows nothing until metrics have been gathered a few times.
const YOUNG_S: i64 = 300;

/// Reasons of the events in which an autoscaler says that it cannot read a metric.
const BLIND_EVENTS: [&str; 6] = [
    "FailedGetResourceMetric",
    "FailedGetContainerResourceMetric",
    "FailedGetPodsMetric",
    "FailedGetObjectMetric",
    "FailedGetExternalMetric",
    "FailedComputeMetricsReplicas",
];

pub(super) fn faults(picture: &Picture, workloads: &[Workload<'_>]) -> Vec<Fault> {
    if picture.autoscalers.is_empty() {
        return Vec::new();
    }
    let by_key: BTreeMap<&ObjectKey, &Workload<'_>> =
        workloads.iter().map(|workload| (&workload.key, workload)).collect();
    let mut faults: Vec<Fault> = Vec::new();
    for record in picture.autoscalers.iter() {
        let target = &record.object.spec.scale_target_ref;
        let kind = Kind::of(target.api_version.as_deref().unwrap_or(""), &target.kind);
        let scaled = ObjectKey::new(kind, &record.key.namespace, &target.name);
        let workload = by_key.get(&scaled).copied();
        let found = blind(picture, record)
            .map_or_else(|| limited(picture, record, workload), |why| Some(cannot_see(picture, record, why)));
        let Some(mut fault) = found else { continue };
        if fault.standing == Standing::Active && workload.is_some_and(Workload::lacks_pods) {
            fault.explains.push(scaled);
            fault.certainty = fault.certainty.max(Certainty::Shown);
        }
        faults.push(fault);
    }
    faults
}

/// Whether nothing shows that an autoscaler cannot do its work.
pub(crate) fn can_see(picture: &Picture, record: &Record<HorizontalPodAutoscaler>) -> bool {
    blind(picture, record).is_none()
}

/// Why an autoscaler cannot work.
struct Why {
    certainty: Certainty,
    subject: String,
    said: String,
    fact: Fact,
}

fn blind(picture: &Picture, record: &Record<HorizontalPodAutoscaler>) -> Option<Why> {
    let (key, name) = (&record.key, &record.key.name);
    let status = record.object.status.as_ref();
    // What has no replicas is not scaled, and nothing is measured of it.
    if status.is_some_and(|status| status.current_replicas == Some(0)) {
        return None;
    }
    let stated = ["ScalingActive", "AbleToScale"].iter().find_map(|kind| {
        let found = condition(record, kind, "False")?;
        let reason = found.reason.clone().unwrap_or_default();
        let is_blind = *kind == "ScalingActive" || reason == "FailedGetScale";
        (is_blind && reason != "ScalingDisabled").then_some((found, reason))
    });
    if let Some((found, reason)) = stated {
        let said: String = found.message.as_deref().unwrap_or("").chars().take(200).collect();
        let needle = if reason.is_empty() { found.type_.as_str() } else { reason.as_str() };
        let fact = picture.fact(key, needle, format!("the condition {} of {name} says so", found.type_));
        return Some(Why { certainty: Certainty::Shown, subject: reason, said, fact });
    }
    let is_told_well = condition(record, "ScalingActive", "True").is_some();
    let is_young = crate::reason::symptoms::age_of_s(picture, &record.object.metadata, &record.row)
        .is_some_and(|age| age < YOUNG_S);
    if load(&record.object) != Load::Unknown || is_told_well || is_young {
        return None;
    }
    let event = picture.events_of(key).filter(|event| BLIND_EVENTS.contains(&event.reason.as_str())).last();
    Some(match event {
        Some(event) => Why {
            certainty: Certainty::Shown,
            subject: event.reason.clone(),
            said: event.message.chars().take(200).collect(),
            fact: picture.fact_at(event.origin, &event.reason, "the autoscaler's controller says so"),
        },
        None => Why {
            certainty: Certainty::Suspected,
            subject: "unknown".to_owned(),
            said: "its present value is unknown".to_owned(),
            fact: picture.fact(key, "<unknown>", format!("{name} knows its target and no present value")),
        },
    })
}

fn condition<'a>(
    record: &'a Record<HorizontalPodAutoscaler>,
    kind: &str,
    status: &str,
) -> Option<&'a HorizontalPodAutoscalerCondition> {
    let conditions = record.object.status.as_ref()?.conditions.as_deref()?;
    conditions.iter().find(|known| known.type_ == kind && known.status == status)
}

fn cannot_see(picture: &Picture, record: &Record<HorizontalPodAutoscaler>, why: Why) -> Fault {
    let target = &record.object.spec.scale_target_ref;
    let mut fault = active(FaultKind::AutoscalerBlind, &record.key, why.certainty);
    let (summary, remedy) = match why.subject.as_str() {
        "FailedGetScale" => (
            format!(
                "{} cannot find {} {} that it should scale: {}",
                record.key, target.kind, target.name, why.said
            ),
            format!(
                "correct scaleTargetRef, or make the {} it names: {}",
                target.kind,
                remedy::on("edit", &record.key)
            ),
        ),
        _ => (
            format!("{} cannot read its metric: {}", record.key, why.said),
            format!(
                "see that the metrics API answers, {}, and that containers have the requests it divides by",
                remedy::kubectl(&record.key, &["top", "pods"])
            ),
        ),
    };
    fault.subject = why.subject;
    fault.summary = summary;
    fault.remedy = remedy;
    fault.facts.push(why.fact);
    let unknown = fault.facts.iter().all(|fact| !fact.quote.contains("<unknown>"));
    if unknown && record.row.get("TARGETS").is_some_and(|cell| cell.contains("<unknown>")) {
        fault.facts.push(picture.fact(&record.key, "<unknown>", "its table knows no present value"));
    }
    fault
}

/// At its maximum: harm is done while the load stays above the target; below it, the maximum is only near.
fn limited(
    picture: &Picture,
    record: &Record<HorizontalPodAutoscaler>,
    workload: Option<&Workload<'_>>,
) -> Option<Fault> {
    let key = &record.key;
    let spec = &record.object.spec;
    let status = record.object.status.as_ref()?;
    let stated = condition(record, "ScalingLimited", "True")
        .filter(|known| known.reason.as_deref() == Some("TooManyReplicas"));
    let replicas = status.current_replicas.unwrap_or(0).max(status.desired_replicas);
    let is_full = spec.max_replicas > 0 && replicas >= spec.max_replicas;
    let load = load(&record.object);
    // Without room between its ends it is not meant to scale.
    if condition(record, "ScalingActive", "False").is_some() {
        return None;
    }
    let is_pinned = spec.min_replicas == Some(spec.max_replicas);
    let standing = match (&load, stated.is_some(), is_full) {
        (Load::Above(_), _, true) => Standing::Active,
        (Load::Below, true, _) => Standing::Latent,
        (_, true, _) => Standing::Active,
        (_, _, true) if !is_pinned => Standing::Latent,
        _ => return None,
    };
    let mut fault = active(FaultKind::AutoscalerAtMaximum, key, Certainty::Suspected);
    fault.standing = standing;
    let most = match spec.max_replicas {
        0 => "its maximum of replicas".to_owned(),
        most => format!("its maximum of {most} replicas"),
    };
    fault.summary = match (&load, standing) {
        (Load::Above(above), _) => format!("{key} is at {most} and the load is above its target: {above}"),
        (_, Standing::Active) => format!("{key} wants more than {most}"),
        _ => format!("{key} is at {most}; its load is not above the target"),
    };
    if let Some(stated) = stated {
        fault.subject = stated.reason.clone().unwrap_or_default();
        fault.facts.push(picture.fact(key, "TooManyReplicas", "the autoscaler's own condition says so"));
    }
    if let Load::Above(above) = &load {
        let needle = above.needle.as_str();
        fault.facts.push(picture.fact(key, needle, format!("the load is above the target: {above}")));
    }
    if fault.facts.is_empty() {
        let needle = spec.max_replicas.to_string();
        fault.facts.push(picture.fact(key, &needle, format!("{} has {most}", key.name)));
    }
    let target =
        workload.map_or_else(|| spec.scale_target_ref.name.clone(), |workload| workload.key.to_string());
    fault.remedy = format!(
        "let {target} need less, or raise the maximum to the <REPLICAS> that the cluster can hold: {}",
        remedy::patch(key, "{\"spec\":{\"maxReplicas\":<REPLICAS>}}")
    );
    Some(fault)
}
