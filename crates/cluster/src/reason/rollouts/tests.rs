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
fn a_failed_job_says_what_is_known() {
    let said = |status: &str| {
        let mut capture = Capture::default();
        capture.push(
            "kubectl get jobs -n shop -o yaml",
            format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: load, namespace: shop, uid: j}}\nstatus: {{{status}}}\n"),
        );
        super::faults(&Picture::read(capture, None), &Context::default())[0].summary.clone()
    };
    let failed = "type: Failed, status: 'True'";
    assert_eq!(
        said(&format!("conditions: [{{{failed}, reason: BackoffLimitExceeded, message: too often}}]")),
        "Job shop/load failed (BackoffLimitExceeded): too often"
    );
    assert_eq!(
        said(&format!("failed: 3, conditions: [{{{failed}}}]")),
        "Job shop/load failed: 3 pods of it failed"
    );
    assert_eq!(
        said(&format!("conditions: [{{{failed}}}]")),
        "Job shop/load failed; why is not in the capture"
    );
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
    check(&blind, "", &[], &[(FaultKind::AutoscalerBlind, Standing::Active)]);
    check(
        &format!("{blind}{}", deployment("web", 1, "")),
        "",
        &[],
        &[(FaultKind::AutoscalerBlind, Standing::Active)],
    );
    let full = scaler("type: ScalingLimited, status: 'True', reason: TooManyReplicas");
    check(&full, "", &[], &[(FaultKind::AutoscalerAtMaximum, Standing::Active)]);
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

/// What `kubectl` printed of one autoscaler, alone, must give the one fault, or none.
#[track_caller]
fn check_text(command: &str, text: &str, wanted: Option<(FaultKind, Standing)>) {
    let mut capture = Capture::default();
    capture.push(command, text);
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, []);
    assert_eq!(picture.autoscalers.len(), 1);
    let faults = super::faults(&picture, &Context::default());
    let found: Vec<_> = faults.iter().map(|fault| (fault.kind, fault.standing)).collect();
    assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{text}\n{faults:#?}");
    assert!(
        faults.iter().all(|fault| fault.facts.iter().all(|fact| fact.quote != fact.statement)),
        "{faults:#?}"
    );
    assert!(
        crate::health::counts(&picture).iter().any(|count| count.what == "autoscalers" && count.all == 1)
    );
}

#[test]
fn tables_of_autoscalers_alone_are_judged() {
    let full = Some((FaultKind::AutoscalerAtMaximum, Standing::Active));
    let near = Some((FaultKind::AutoscalerAtMaximum, Standing::Latent));
    let blind = Some((FaultKind::AutoscalerBlind, Standing::Active));
    for (targets, min, max, replicas, age, wanted) in [
        ("85%/80%", 2, 5, 5, "9d", full),
        ("cpu: 85%/80%", 2, 5, 5, "9d", full),
        ("cpu: 20%/80%, memory: 95%/90%", 2, 5, 5, "9d", full),
        ("20%/80%, 95%/90%", 2, 5, 5, "9d", full),
        ("25/10", 2, 5, 5, "9d", full),
        ("cpu: 900m/500m", 2, 5, 5, "9d", full),
        ("40%/80%", 2, 5, 5, "9d", near),
        ("cpu: 40%/80%", 2, 5, 5, "9d", near),
        ("40%/80%", 5, 5, 5, "9d", None),
        ("95%/80%", 2, 5, 3, "9d", None),
        ("cpu: 40%/80%", 2, 5, 2, "9d", None),
        ("<unknown>/80%", 2, 5, 2, "9d", blind),
        ("cpu: <unknown>/80%", 2, 5, 2, "9d", blind),
        ("cpu: <unknown>/80%, memory: 40%/80%", 2, 5, 2, "9d", None),
        // New, or nothing runs that could be measured.
        ("<unknown>/80%", 2, 5, 2, "45s", None),
        ("<unknown>/80%", 2, 5, 0, "9d", None),
    ] {
        let table = format!(
            "NAME   REFERENCE        TARGETS{:width$}   MINPODS   MAXPODS   REPLICAS   AGE\n\
             web    Deployment/web   {targets:40}   {min:<9} {max:<9} {replicas:<10} {age}\n",
            "",
            width = 33
        );
        for command in ["", "kubectl get hpa -n shop"] {
            check_text(command, &table, wanted);
        }
    }
}

#[test]
fn descriptions_of_autoscalers_alone_are_judged() {
    let text = |now: &str, pods: &str, active: &str, limited: &str| {
        format!(
            "Name:                                                  web\n\
             Namespace:                                             shop\n\
             Labels:                                                <none>\n\
             Annotations:                                           <none>\n\
             CreationTimestamp:                                     Thu, 01 Jan 2026 00:00:00 +0000\n\
             Reference:                                             Deployment/web\n\
             Metrics:                                               ( current / target )\n  \
               resource cpu on pods  (as a percentage of request):  {now} / 80%\n\
             Min replicas:                                          2\n\
             Max replicas:                                          5\n\
             Deployment pods:                                       {pods}\n\
             Conditions:\n  \
               Type            Status  Reason                   Message\n  \
               ----            ------  ------                   -------\n  \
               AbleToScale     True    ReadyForNewScale         recommended size matches current size\n  \
               ScalingActive   {active}\n  \
               ScalingLimited  {limited}\n\
             Events:           <none>\n"
        )
    };
    let sees = "True    ValidMetricFound         the HPA was able to calculate a replica count";
    let blind = "False   FailedGetResourceMetric  the HPA was unable to compute the replica count: no metrics returned";
    let is_limited =
        "True    TooManyReplicas          the desired replica count is more than the maximum replica count";
    let free = "False   DesiredWithinRange       the desired count is within the acceptable range";
    for (now, pods, active, limited, wanted) in [
        (
            "85% (170m)",
            "5 current / 5 desired",
            sees,
            is_limited,
            Some((FaultKind::AutoscalerAtMaximum, Standing::Active)),
        ),
        (
            "40% (80m)",
            "5 current / 5 desired",
            sees,
            free,
            Some((FaultKind::AutoscalerAtMaximum, Standing::Latent)),
        ),
        ("40% (80m)", "3 current / 3 desired", sees, free, None),
        (
            "<unknown>",
            "2 current / 0 desired",
            blind,
            free,
            Some((FaultKind::AutoscalerBlind, Standing::Active)),
        ),
        (
            "<unknown>",
            "0 current / 0 desired",
            "False   ScalingDisabled          scaling is disabled since the replica count of the target is zero",
            free,
            None,
        ),
    ] {
        for command in ["", "kubectl describe hpa web -n shop"] {
            check_text(command, &text(now, pods, active, limited), wanted);
        }
    }
    let missing = text("<unknown>", "2 current / 0 desired", blind, free).replace(
        "True    ReadyForNewScale         recommended size matches current size",
        "False   FailedGetScale           deployments.apps \"web\" not found",
    );
    check_text("", &missing, Some((FaultKind::AutoscalerBlind, Standing::Active)));
}

#[test]
fn the_first_version_of_autoscalers_is_judged_as_well() {
    let text = |now: &str| {
        format!(
            "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web, namespace: shop, uid: h}}\nspec: \
             {{minReplicas: 1, maxReplicas: 3, targetCPUUtilizationPercentage: 80, scaleTargetRef: {{kind: Deployment, name: \
             web}}}}\nstatus: {{currentReplicas: 3, desiredReplicas: 3, {now}}}\n"
        )
    };
    let above = text("currentCPUUtilizationPercentage: 120");
    check(&above, "", &[], &[(FaultKind::AutoscalerAtMaximum, Standing::Active)]);
    let below = text("currentCPUUtilizationPercentage: 50");
    check(&below, "", &[], &[(FaultKind::AutoscalerAtMaximum, Standing::Latent)]);
}
