//! Each way of not starting, and what only looks like it.

use crate::capture::Capture;
use crate::context::Context;
use crate::fault::FaultKind;
use crate::kind::Kind;
use crate::picture::Picture;

/// A deployment with one pod; `status` is the pod's, `events` are (reason, message), `log` the container's.
fn faults(status: &str, events: &[(&str, &str)], log: &str) -> Vec<(FaultKind, String, Kind)> {
    let mut capture = Capture::default();
    capture.push(
        "kubectl get all -n shop -o yaml",
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop, uid: d}}\nspec:\n  replicas: 1\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
             containers:\n      - name: main\n        image: r.example/web:1\n        resources: {{limits: {{memory: 6Mi}}}}\n        \
             volumeMounts: [{{name: data, mountPath: /var/data}}]\n      volumes: [{{name: data, emptyDir: {{}}}}]\n---\n\
             apiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-a, namespace: shop, uid: p, labels: {{app: web}}}}\n\
             spec: {{nodeName: n1, containers: [{{name: main}}]}}\nstatus: {status}\n"
        ),
    );
    for (reason, message) in events {
        capture.push(
            "kubectl get events -n shop -o yaml",
            format!(
                "apiVersion: v1\nkind: Event\nmetadata: {{name: e, namespace: shop}}\ntype: Warning\nreason: {reason}\n\
                 message: '{message}'\ninvolvedObject: {{kind: Pod, name: web-1-a, namespace: shop}}\n"
            ),
        );
    }
    if !log.is_empty() {
        capture.push("kubectl logs deployment/web -n shop", log);
    }
    let picture = Picture::read(capture, None);
    let faults = super::faults(&picture, &Context::default());
    assert!(faults.iter().all(|fault| !fault.facts.is_empty() && !fault.summary.is_empty()), "{faults:#?}");
    faults.into_iter().map(|fault| (fault.kind, fault.subject, fault.object.kind)).collect()
}

fn waiting(reason: &str, message: &str) -> String {
    format!(
        "{{phase: Pending, containerStatuses: [{{name: main, ready: false, restartCount: 0, state: {{waiting: {{reason: \
         {reason}, message: '{message}'}}}}}}]}}"
    )
}

fn crashing(code: i32, reason: &str, message: &str) -> String {
    format!(
        "{{phase: Running, containerStatuses: [{{name: main, ready: false, restartCount: 4, state: {{waiting: {{reason: \
         CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: {code}, reason: {reason}, message: '{message}'}}}}}}]}}"
    )
}

const READY: &str =
    "{phase: Running, containerStatuses: [{name: main, ready: true, restartCount: 0, state: {running: {}}}]}";

#[track_caller]
fn check(found: Vec<(FaultKind, String, Kind)>, wanted: &[(FaultKind, &str, Kind)]) {
    let found: Vec<_> =
        found.iter().map(|(kind, subject, object)| (*kind, subject.as_str(), *object)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn a_limit_too_low_to_start_and_the_pod_network() {
    let creating = waiting("ContainerCreating", "");
    let killed = "Failed to create pod sandbox: OCI runtime create failed: container init was OOM-killed (memory limit too low?): unknown";
    check(
        faults(&creating, &[("FailedCreatePodSandBox", killed)], ""),
        &[(FaultKind::OutOfMemory, "at start", Kind::Deployment)],
    );
    let network = "Failed to create pod sandbox: plugin type=\"x\" failed (add): failed to setup network for sandbox: no IP addresses available";
    check(
        faults(&creating, &[("FailedCreatePodSandBox", network)], ""),
        &[(FaultKind::NetworkPluginBroken, "", Kind::Node)],
    );
    let handler = "Failed to create pod sandbox: no runtime for \"sandboxed\" is configured";
    check(
        faults(&creating, &[("FailedCreatePodSandBox", handler)], ""),
        &[(FaultKind::SandboxFailed, "", Kind::Deployment)],
    );
    let socket = "Failed to create pod sandbox: dial unix /run/containerd/containerd.sock: connect: connection refused";
    check(faults(&creating, &[("FailedCreatePodSandBox", socket)], ""), &[]);
    check(faults(READY, &[("FailedCreatePodSandBox", network), ("Failed", killed)], ""), &[]);
}

#[test]
fn volumes_that_cannot_be_mounted() {
    let creating = waiting("ContainerCreating", "");
    let attach = "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) web-0-b";
    let time =
        "Unable to attach or mount volumes: unmounted volumes=[data]: timed out waiting for the condition";
    check(
        faults(&creating, &[("FailedMount", time), ("FailedAttachVolume", attach)], ""),
        &[(FaultKind::VolumeMountFailed, "pvc-1", Kind::Deployment)],
    );
    check(faults(READY, &[("FailedAttachVolume", attach)], ""), &[]);
    let race = "MountVolume.SetUp failed for volume \"kube-api-access-x\" : object \"shop\"/\"kube-root-ca.crt\" not registered";
    check(faults(&creating, &[("FailedMount", race)], ""), &[]);
}

#[test]
fn commands_that_cannot_be_started() {
    let missing = "failed to create containerd task: exec: \"/bin/serve\": stat /bin/serve: no such file or directory: unknown";
    let wanted = [(FaultKind::CommandNotFound, "/bin/serve", Kind::Deployment)];
    check(faults(&waiting("RunContainerError", missing), &[], ""), &wanted);
    check(faults(&crashing(128, "StartError", missing), &[], ""), &wanted);
    let told = format!("Error: {missing}");
    check(faults(&crashing(128, "StartError", ""), &[("Failed", &told)], ""), &wanted);
    check(
        faults(&crashing(1, "Error", ""), &[], "exec /app/run: exec format error\n"),
        &[(FaultKind::CommandNotFound, "/app/run", Kind::Deployment)],
    );
    check(faults(&crashing(1, "Error", ""), &[], "key not found\n"), &[]);
}

#[test]
fn volumes_that_may_not_be_used() {
    let wanted = [(FaultKind::VolumePermissionDenied, "data", Kind::Deployment)];
    let ends = crashing(1, "Error", "");
    check(faults(&ends, &[], "open /var/data/x.db: permission denied\n"), &wanted);
    check(
        faults(&ends, &[], "mkdir: cannot create directory '/var/data/a': Read-only file system\nbye\n"),
        &wanted,
    );
    check(faults(&ends, &[], "Fatal error: can't open dump for reading: Permission denied\n"), &wanted);
    // Another path, another kind of permission, and a program that lives on.
    check(faults(&ends, &[], "open /etc/app/x: permission denied\n"), &[]);
    check(faults(&ends, &[], "permission denied for relation users\n"), &[]);
    check(faults(READY, &[], "open /var/data/x.db: permission denied\n"), &[]);
}

#[test]
fn init_containers_that_fail() {
    let status = "{phase: Pending, initContainerStatuses: [{name: prepare, ready: false, restartCount: 3, state: {waiting: \
        {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 2, reason: Error}}}], containerStatuses: [{name: \
        main, ready: false, restartCount: 0, state: {waiting: {reason: PodInitializing}}}]}";
    check(faults(status, &[], ""), &[(FaultKind::InitContainerFailing, "prepare", Kind::Deployment)]);
}
