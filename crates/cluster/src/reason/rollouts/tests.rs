//! What is at rest, and what only should not be.

use crate::capture::Capture;
use crate::context::Context;
use crate::fault::{FaultKind, Standing};
use crate::picture::Picture;

fn deployment(name: &str, replicas: u32, more: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop, uid: d}}\nspec: {{replicas: \
         {replicas}, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: \
         {{containers: [{{name: main}}]}}}}}}\n{more}"
    )
}

#[track_caller]
fn check(live: &str, file: &str, calls: &[(&str, &str)], wanted: &[(FaultKind, Standing)]) {
    let mut capture = Capture::default();
    capture.push("kubectl get all -n shop -o yaml", live);
    if !file.is_empty() {
        capture.push("manifests/web.yaml", file);
    }
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, []);
    let calls = calls.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    let faults = super::faults(&picture, &Context { calls, ..Context::default() });
    let found: Vec<_> = faults.iter().map(|fault| (fault.kind, fault.standing)).collect();
    assert_eq!(found, wanted, "{faults:#?}");
    assert!(faults.iter().all(|fault| !fault.facts.is_empty()));
}

#[test]
fn zero_is_a_fault_when_somebody_needs_it() {
    let zero = deployment("web", 0, "");
    let wanted = [(FaultKind::ZeroReplicas, Standing::Active)];
    check(&zero, "", &[("front", "web")], &wanted);
    let file = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 2}\n";
    check(&zero, file, &[], &wanted);
    check(&zero, "", &[], &[]);
    check(&deployment("web", 1, ""), "", &[("front", "web")], &[]);
    let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web, namespace: shop, uid: \
        h}\nspec: {minReplicas: 0, maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}}\n";
    check(&deployment("web", 0, scaler), "", &[("front", "web")], &[]);
}

#[test]
fn rollouts_that_do_not_go_on() {
    let stuck =
        "status: {conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}\n";
    check(&deployment("web", 1, stuck), "", &[], &[(FaultKind::RolloutStuck, Standing::Active)]);
    let done =
        "status: {conditions: [{type: Progressing, status: 'True', reason: NewReplicaSetAvailable}]}\n";
    check(&deployment("web", 1, done), "", &[], &[]);
    let paused = deployment("web", 1, "").replace("spec: {replicas", "spec: {paused: true, replicas");
    check(&paused, "", &[], &[(FaultKind::RolloutPaused, Standing::Active)]);
}

#[test]
fn jobs_and_cron_jobs() {
    let job = |name: &str, day: u32, status: &str| {
        format!(
            "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}, namespace: shop, uid: j, creationTimestamp: \
             '2026-01-0{day}T00:00:00Z', ownerReferences: [{{apiVersion: batch/v1, kind: CronJob, name: nightly, uid: c, \
             controller: true}}]}}\nstatus: {{{status}}}\n"
        )
    };
    let failed = job("n-1", 1, "conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded}]");
    check(&failed, "", &[], &[(FaultKind::JobFailed, Standing::Active)]);
    let later = format!("{failed}{}", job("n-2", 2, "succeeded: 1"));
    check(&later, "", &[], &[(FaultKind::JobFailed, Standing::Recovered)]);
    let suspended = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly, namespace: shop, uid: c}\n\
        spec: {suspend: true, schedule: '0 1 * * *', jobTemplate: {}}\n";
    check(suspended, "", &[], &[(FaultKind::CronJobStopped, Standing::Latent)]);
}

#[test]
fn autoscalers_and_budgets() {
    let scaler = |condition: &str| {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web, namespace: shop, uid: h}}\nspec: \
             {{minReplicas: 1, maxReplicas: 3, scaleTargetRef: {{kind: Deployment, name: web}}}}\nstatus: {{desiredReplicas: 3, \
             conditions: [{{{condition}}}]}}\n"
        )
    };
    let blind =
        scaler("type: ScalingActive, status: 'False', reason: FailedGetResourceMetric, message: no metrics");
    check(&blind, "", &[], &[(FaultKind::AutoscalerBlind, Standing::Latent)]);
    check(
        &format!("{blind}{}", deployment("web", 1, "")),
        "",
        &[],
        &[(FaultKind::AutoscalerBlind, Standing::Active)],
    );
    let full = scaler("type: ScalingLimited, status: 'True', reason: TooManyReplicas");
    check(&full, "", &[], &[(FaultKind::AutoscalerAtMaximum, Standing::Latent)]);
    check(&scaler("type: ScalingActive, status: 'False', reason: ScalingDisabled"), "", &[], &[]);
    let budget = |allowed: u32| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web, namespace: shop, uid: b}}\nstatus: \
             {{disruptionsAllowed: {allowed}, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2}}\n"
        )
    };
    check(&budget(0), "", &[], &[(FaultKind::DrainBlocked, Standing::Latent)]);
    check(&budget(1), "", &[], &[]);
}
