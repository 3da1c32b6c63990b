//! Ways of ending, and ends that are over.

use crate::capture::Capture;
use crate::context::Context;
use crate::fault::{FaultKind, Standing};
use crate::kind::Kind;
use crate::picture::Picture;

/// `status` is the pod's, `more` further documents.
#[track_caller]
fn check(
    annotations: &str,
    status: &str,
    more: &[(&str, &str)],
    wanted: &[(FaultKind, &str, Standing, Kind)],
) {
    let mut capture = Capture::default();
    capture.push(
        "kubectl get all -n shop -o yaml",
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop, uid: d}}\nspec:\n  replicas: 1\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}, annotations: \
             {{{annotations}}}}}\n    spec:\n      containers:\n      - name: main\n        ports: [{{containerPort: 8080}}]\n        \
             resources: {{limits: {{memory: 64Mi}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-a, namespace: shop, \
             uid: p, labels: {{app: web}}}}\nspec: {{nodeName: n1, containers: [{{name: main}}, {{name: agent}}]}}\n\
             status: {status}\n"
        ),
    );
    for (command, text) in more {
        capture.push(*command, *text);
    }
    let picture = Picture::read(capture, Some("2026-01-01T01:00:00Z".parse().unwrap()));
    assert_eq!(picture.unread, []);
    let faults = super::faults(&picture, &Context::default());
    let found: Vec<_> = faults
        .iter()
        .map(|fault| (fault.kind, fault.subject.as_str(), fault.standing, fault.object.kind))
        .collect();
    assert_eq!(found, wanted, "{faults:#?}");
}

fn status(ready: bool, restarts: u32, state: &str, last: &str) -> String {
    format!(
        "{{phase: Running, containerStatuses: [{{name: main, ready: {ready}, restartCount: {restarts}, state: {{{state}}}, \
         lastState: {{terminated: {{{last}}}}}}}]}}"
    )
}

const LOOPS: &str = "waiting: {reason: CrashLoopBackOff}";
const RUNS: &str = "running: {}";

#[test]
fn a_limit_too_low_for_the_program() {
    let killed = "exitCode: 137, reason: OOMKilled, finishedAt: '2026-01-01T00:59:00Z'";
    check(
        "",
        &status(false, 4, LOOPS, killed),
        &[],
        &[(FaultKind::OutOfMemory, "main", Standing::Active, Kind::Deployment)],
    );
    let long_ago = "exitCode: 137, reason: OOMKilled, finishedAt: '2025-12-01T00:59:00Z'";
    check(
        "",
        &status(true, 4, RUNS, long_ago),
        &[],
        &[(FaultKind::OutOfMemory, "main", Standing::Recovered, Kind::Deployment)],
    );
}

#[test]
fn a_program_that_ends_again_and_again() {
    let ended = "exitCode: 139, reason: Error, finishedAt: '2026-01-01T00:59:00Z'";
    check(
        "",
        &status(false, 4, LOOPS, ended),
        &[],
        &[(FaultKind::CrashLoop, "139", Standing::Active, Kind::Deployment)],
    );
    let long_ago = "exitCode: 1, reason: Error, finishedAt: '2025-12-01T00:59:00Z'";
    check(
        "",
        &status(true, 2, RUNS, long_ago),
        &[],
        &[(FaultKind::CrashLoop, "1", Standing::Recovered, Kind::Deployment)],
    );
    check("", &status(true, 0, RUNS, ""), &[], &[]);
    let at_start =
        "exitCode: 1, reason: Error, startedAt: '2026-01-01T00:50:00Z', finishedAt: '2026-01-01T00:50:02Z'";
    let since = "running: {startedAt: '2026-01-01T00:51:00Z'}";
    check(
        "",
        &status(true, 3, since, at_start),
        &[],
        &[(FaultKind::CrashLoop, "1", Standing::Recovered, Kind::Deployment)],
    );
    let again = "running: {startedAt: '2026-01-01T00:59:50Z'}";
    check(
        "",
        &status(true, 3, again, at_start),
        &[],
        &[(FaultKind::CrashLoop, "1", Standing::Active, Kind::Deployment)],
    );
    let killing = "apiVersion: v1\nkind: Event\nmetadata: {name: e, namespace: shop}\nreason: Killing\n\
        message: Container main failed liveness probe, will be restarted\ninvolvedObject: {kind: Pod, name: web-1-a, namespace: shop}\n";
    let by_kubelet = "exitCode: 2, reason: Error, finishedAt: '2026-01-01T00:59:00Z'";
    check("", &status(false, 4, LOOPS, by_kubelet), &[("kubectl get events -n shop -o yaml", killing)], &[]);
}

/// The crash of the pod with that state and those further documents.
fn crash(status: &str, more: &[(&str, &str)]) -> Vec<crate::fault::Fault> {
    let mut capture = Capture::default();
    capture.push(
        "kubectl get pods -n shop -o yaml",
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-a, namespace: shop, uid: p}}\nspec: {{containers: [{{name: \
             main}}, {{name: agent}}]}}\nstatus: {status}\n"
        ),
    );
    for (command, text) in more {
        capture.push(*command, *text);
    }
    super::faults(&Picture::read(capture, None), &Context::default())
}

#[test]
fn last_words_are_in_the_sentence() {
    let ended = "exitCode: 1, startedAt: '2026-01-01T00:50:00Z', finishedAt: '2026-01-01T00:50:01Z'";
    let loops = status(false, 4, LOOPS, ended);
    let log = ("kubectl logs web-1-a -n shop --previous", "starting\npanic: no config\n");
    let sentence = |faults: Vec<crate::fault::Fault>| faults[0].summary.clone();
    assert_eq!(
        sentence(crash(&loops, &[log])),
        "container main of Pod shop/web-1-a exits 1 a second after its start, again and again (an error of the program); its \
         last words: `panic: no config`"
    );
    let told = status(false, 4, LOOPS, "exitCode: 1, message: \"reading a\\nfatal: b is missing\\n\"");
    assert!(sentence(crash(&told, &[log])).ends_with("its last words: `fatal: b is missing`"));
    let silent = crash(&loops, &[]);
    assert!(silent[0].summary.ends_with("what it said last is not in the capture"));
    assert!(silent[0].remedy.ends_with("`kubectl logs web-1-a -c main --previous -n shop`"), "{silent:#?}");
}

#[test]
fn two_containers_that_end_are_two_crashes() {
    let both = "{phase: Running, containerStatuses: [{name: main, ready: false, restartCount: 4, state: {waiting: {reason: \
        CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}, {name: agent, ready: false, restartCount: 4, state: \
        {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]}";
    let faults = crash(both, &[]);
    let subjects: Vec<&str> = faults.iter().map(|fault| fault.subject.as_str()).collect();
    assert_eq!(subjects, ["1", "1 main"]);
}

#[test]
fn a_port_that_the_agent_has() {
    let ended = "exitCode: 1, reason: Error, finishedAt: '2026-01-01T00:59:00Z'";
    let loops = status(false, 4, LOOPS, ended);
    let wanted = [(FaultKind::SidecarPortConflict, "8080", Standing::Active, Kind::Deployment)];
    let log = (
        "kubectl logs deployment/web -n shop",
        "Web server failed to start. Port 8080 was already in use.\n",
    );
    let note = "proxy.istio.io/config: '{ \"statusPort\": 8080 }'";
    check(note, &loops, &[log], &wanted);
    check(note, &loops, &[], &wanted);
    // Without a rival the program is in its own way.
    check("", &loops, &[log], &[(FaultKind::CrashLoop, "1", Standing::Active, Kind::Deployment)]);
    check(note, &status(true, 0, RUNS, ""), &[], &[]);
}

#[test]
fn evicted_pods() {
    let gone = "{phase: Failed, reason: Evicted, message: 'The node was low on resource: memory.'}";
    check("", gone, &[], &[(FaultKind::Evicted, "memory", Standing::Active, Kind::Deployment)]);
    let replaced = "apiVersion: v1\nkind: Pod\nmetadata: {name: web-1-b, namespace: shop, uid: q, labels: {app: web}}\n\
        status: {phase: Running, containerStatuses: [{name: main, ready: true, restartCount: 0, state: {running: {}}}]}\n";
    check(
        "",
        gone,
        &[("kubectl get pods -n shop -o yaml", replaced)],
        &[(FaultKind::Evicted, "memory", Standing::Recovered, Kind::Deployment)],
    );
}

#[test]
fn a_missing_setting_is_told_by_the_last_words() {
    let ends = status(false, 6, LOOPS, "exitCode: 1, reason: Error");
    let log = |text| [("kubectl logs web-1-a -n shop --previous", text)];
    let missing = [(FaultKind::SettingMissing, "1", Standing::Active, Kind::Deployment)];
    check(
        "",
        &ends,
        &log("starting\nFATAL required env var DB_DSN is not set\nexiting with code 1\n"),
        &missing,
    );
    let crash = [(FaultKind::CrashLoop, "1", Standing::Active, Kind::Deployment)];
    check("", &ends, &log("starting\npanic: index out of range\n"), &crash);
}
