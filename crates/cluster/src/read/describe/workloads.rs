//! Objects that make pods.

use serde_json::{Value, json};

use super::super::values::{access_modes, put, seconds, time, whole};
use super::meta::{conditions, count_before, label_selector};
use super::outline::Node;
use super::pods::template;
use crate::kind::Kind;

/// A deployment, replica set, stateful set, daemon set, job or cron job.
pub(super) fn workload(kind: Kind, root: Node<'_, '_>, value: &mut Value) {
    match kind {
        Kind::CronJob => return cron_job(root, value),
        Kind::Job => job(root, value),
        Kind::DaemonSet => daemon_set(root, value),
        _ => replicated(kind, root, value),
    }
    put(value, "spec.selector", label_selector(root, "Selector"));
    put(value, "spec.template", template(root));
    put(value, "status.conditions", conditions(root));
}

/// `3 desired | 3 updated | 3 total | 2 available | 1 unavailable`, `1 current / 2 desired`, `3 desired | 3 total`.
fn replicated(kind: Kind, root: Node<'_, '_>, value: &mut Value) {
    let replicas = root.value_of("Replicas");
    put(value, "spec.replicas", count_before(replicas, "desired"));
    let there = count_before(replicas, "total").or_else(|| count_before(replicas, "current"));
    put(value, "status.replicas", there);
    put(value, "status.updatedReplicas", count_before(replicas, "updated"));
    put(value, "status.availableReplicas", count_before(replicas, " available"));
    put(value, "status.unavailableReplicas", count_before(replicas, "unavailable"));
    put(value, "spec.minReadySeconds", root.get("MinReadySeconds").and_then(whole).filter(|s| *s != 0));
    if kind == Kind::StatefulSet {
        put(value, "spec.updateStrategy.type", root.get("Update Strategy"));
        let partition = root.find("Update Strategy").and_then(|node| whole(node.get("Partition")?));
        put(value, "spec.updateStrategy.rollingUpdate.partition", partition);
        put(value, "spec.volumeClaimTemplates", root.find("Volume Claims").and_then(claim_templates));
        return;
    }
    put(value, "spec.strategy.type", root.get("StrategyType").filter(|_| kind == Kind::Deployment));
    // `25% max unavailable, 25% max surge`
    for part in root.value_of("RollingUpdateStrategy").split(',') {
        let Some((amount, what)) = part.trim().split_once(' ') else { continue };
        let amount = whole(amount).map_or_else(|| Value::from(amount), Value::from);
        match what {
            "max unavailable" => put(value, "spec.strategy.rollingUpdate.maxUnavailable", Some(amount)),
            "max surge" => put(value, "spec.strategy.rollingUpdate.maxSurge", Some(amount)),
            _ => {}
        }
    }
}

/// Claims that a stateful set makes for each pod, one after the other, each beginning with its name.
fn claim_templates(list: Node<'_, '_>) -> Option<Vec<Value>> {
    let mut claims: Vec<Value> = Vec::new();
    for node in list.children() {
        if node.key() == "Name" {
            claims.push(json!({ "metadata": { "name": node.value() } }));
        }
        let Some(claim) = claims.last_mut() else { continue };
        match node.key() {
            "StorageClass" => put(claim, "spec.storageClassName", node.said()),
            "Capacity" => put(claim, "spec.resources.requests.storage", node.said()),
            "Access Modes" => put(claim, "spec.accessModes", access_modes(node.value())),
            _ => {}
        }
    }
    (!claims.is_empty()).then_some(claims)
}

fn daemon_set(root: Node<'_, '_>, value: &mut Value) {
    for (key, field) in [
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ] {
        put(value, &format!("status.{field}"), root.get(key).and_then(whole));
    }
    // Descriptions do not print how many are ready. Those that are available are at least ready.
    let available = root.get("Number of Nodes Scheduled with Available Pods").and_then(whole);
    put(value, "status.numberReady", available);
}

fn job(root: Node<'_, '_>, value: &mut Value) {
    job_spec(root, value, "spec");
    put(value, "status.startTime", root.get("Start Time").and_then(time));
    put(value, "status.completionTime", root.get("Completed At").and_then(time));
    let pods = root.get("Pods Statuses").or_else(|| root.get("Pods Status")).unwrap_or("");
    let active = pods.split(" / ").next().and_then(|part| whole(part.split_once(' ')?.0));
    put(value, "status.active", active);
    put(value, "status.succeeded", count_before(pods, "Succeeded"));
    put(value, "status.failed", count_before(pods, "Failed"));
}

fn job_spec(root: Node<'_, '_>, value: &mut Value, path: &str) {
    for (key, field) in
        [("Parallelism", "parallelism"), ("Completions", "completions"), ("Backoff Limit", "backoffLimit")]
    {
        put(value, &format!("{path}.{field}"), root.get(key).and_then(whole));
    }
    put(value, &format!("{path}.completionMode"), root.get("Completion Mode"));
    let deadline = root.get("Active Deadline Seconds").and_then(seconds_or_number);
    put(value, &format!("{path}.activeDeadlineSeconds"), deadline);
    let ttl = root.get("TTL Seconds After Finished").and_then(whole);
    put(value, &format!("{path}.ttlSecondsAfterFinished"), ttl);
}

fn cron_job(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.schedule", root.get("Schedule"));
    put(value, "spec.timeZone", root.get("Time Zone"));
    put(value, "spec.concurrencyPolicy", root.get("Concurrency Policy"));
    put(value, "spec.suspend", root.get("Suspend").map(|word| word.eq_ignore_ascii_case("true")));
    let limits = [
        ("Successful Job History Limit", "successfulJobsHistoryLimit"),
        ("Failed Job History Limit", "failedJobsHistoryLimit"),
    ];
    for (key, field) in limits {
        put(value, &format!("spec.{field}"), root.get(key).and_then(whole));
    }
    let deadline = root.get("Starting Deadline Seconds").and_then(seconds_or_number);
    put(value, "spec.startingDeadlineSeconds", deadline);
    job_spec(root, value, "spec.jobTemplate.spec");
    put(value, "spec.jobTemplate.spec.template", template(root));
    put(value, "status.lastScheduleTime", root.get("Last Schedule Time").and_then(time));
    let active: Option<Vec<Value>> = root
        .get("Active Jobs")
        .map(|jobs| jobs.split(',').map(|job| json!({ "kind": "Job", "name": job.trim() })).collect());
    put(value, "status.active", active);
}

/// `100s` or `100`.
fn seconds_or_number(text: &str) -> Option<i64> {
    seconds(text).or_else(|| whole(text).map(i64::from))
}
