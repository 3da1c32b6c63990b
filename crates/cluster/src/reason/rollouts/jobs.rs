//! Jobs that failed and cron jobs that do not run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{JobCondition, JobStatus};

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::Picture;
use crate::reason::symptoms::active;
use crate::reason::workload::controller;
use crate::remedy;

pub(super) fn faults(picture: &Picture) -> Vec<Fault> {
    let mut faults: Vec<Fault> = failed(picture);
    for record in picture.cron_jobs.iter() {
        let missed = picture
            .events_of(&record.key)
            .filter(|event| {
                [
                    "FailedNeedsStart",
                    "MissSchedule",
                    "TooManyMissedTimes",
                    "UnparseableSchedule",
                    "InvalidSchedule",
                ]
                .contains(&event.reason.as_str())
            })
            .last();
        if let Some(event) = missed {
            let mut fault = active(FaultKind::CronJobStopped, &record.key, Certainty::Stated);
            fault.subject.clone_from(&event.reason);
            fault.summary = format!("{} misses its times: {}", record.key, event.message);
            fault.facts.push(picture.fact_at(
                event.origin,
                &event.reason,
                "the cron job's controller says so",
            ));
            fault.explains.push(record.key.clone());
            fault.remedy = format!(
                "see its schedule and set startingDeadlineSeconds: {}",
                remedy::on("describe", &record.key)
            );
            faults.push(fault);
        } else if record.object.spec.suspend == Some(true) {
            let mut fault = active(FaultKind::CronJobStopped, &record.key, Certainty::Shown);
            fault.standing = Standing::Latent;
            fault.subject = "suspended".to_owned();
            fault.summary = format!("{} is suspended", record.key);
            fault.facts.push(picture.fact(&record.key, "uspend", "it is suspended"));
            fault.remedy =
                format!("let it run again: {}", remedy::patch(&record.key, "{\"spec\":{\"suspend\":false}}"));
            faults.push(fault);
        }
    }
    faults
}

/// When the last job of each cron job was made that succeeded, if anything says when.
fn last_successes(picture: &Picture) -> BTreeMap<ObjectKey, Option<Timestamp>> {
    let mut last: BTreeMap<ObjectKey, Option<Timestamp>> = BTreeMap::new();
    for record in picture.jobs.iter() {
        let succeeded = record.object.status.as_ref().and_then(|status| status.succeeded).unwrap_or(0) > 0;
        let Some((Kind::CronJob, name)) = controller(&record.object.metadata).filter(|_| succeeded) else {
            continue;
        };
        let made = record.object.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let kept = last.entry(ObjectKey::new(Kind::CronJob, &record.key.namespace, name)).or_default();
        *kept = (*kept).max(made);
    }
    last
}

/// Failed jobs; of a cron job only while no later one has succeeded.
fn failed(picture: &Picture) -> Vec<Fault> {
    let mut faults = Vec::new();
    let succeeded = last_successes(picture);
    for record in picture.jobs.iter() {
        let Some(status) = &record.object.status else { continue };
        let conditions = status.conditions.as_deref().unwrap_or_default();
        let Some(condition) =
            conditions.iter().find(|condition| condition.type_ == "Failed" && condition.status == "True")
        else {
            continue;
        };
        let owner = controller(&record.object.metadata)
            .filter(|(kind, _)| *kind == Kind::CronJob)
            .map(|(kind, name)| ObjectKey::new(kind, &record.key.namespace, name));
        let made = record.object.metadata.creation_timestamp.as_ref().map(|time| time.0);
        let is_over = owner.as_ref().and_then(|owner| succeeded.get(owner)).is_some_and(|last| *last > made);
        let object = owner.as_ref().unwrap_or(&record.key);
        let mut fault = active(FaultKind::JobFailed, object, Certainty::Stated);
        fault.subject = condition.reason.clone().unwrap_or_default();
        match is_over {
            true => fault.standing = Standing::Recovered,
            false => fault.explains.extend([object.clone(), record.key.clone()]),
        }
        fault.summary = format!("{} failed{}", record.key, why_failed(status, condition));
        let needle = if fault.subject.is_empty() { "Failed" } else { &fault.subject };
        fault.facts.push(picture.fact(&record.key, needle, "the job's own condition says so"));
        fault.remedy = format!("read what its pods said: {}", remedy::logs(&record.key, "", false));
        faults.push(fault);
    }
    faults
}

/// Reason and message of the condition; where it has neither, as in a table, how many of the job's pods failed.
fn why_failed(status: &JobStatus, condition: &JobCondition) -> String {
    let word = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    match (word(&condition.reason), word(&condition.message), status.failed.filter(|failed| *failed > 0)) {
        (Some(reason), Some(message), _) => format!(" ({reason}): {message}"),
        (Some(reason), None, _) => format!(" ({reason})"),
        (None, Some(message), _) => format!(": {message}"),
        (None, None, Some(1)) => ": 1 pod of it failed".to_owned(),
        (None, None, Some(failed)) => format!(": {failed} pods of it failed"),
        (None, None, None) => "; why is not in the capture".to_owned(),
    }
}
