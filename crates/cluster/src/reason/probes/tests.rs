//! Each way a probe can be wrong, and failures of probes that are none.

use crate::capture::Capture;
use crate::context::Context;
use crate::fault::{FaultKind, Standing};
use crate::picture::Picture;

const TIMES: &str = "initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3";

struct Case<'a> {
    liveness: &'a str,
    readiness: &'a str,
    ports: &'a str,
    ready: bool,
    restarts: u32,
    last: &'a str,
    /// Reason, message, count, seconds ago.
    events: &'a [(&'a str, &'a str, u32, u32)],
}

const CALM: Case<'_> = Case {
    liveness: "",
    readiness: "",
    ports: "[{containerPort: 8080}]",
    ready: true,
    restarts: 0,
    last: "",
    events: &[],
};

fn check(case: &Case<'_>, wanted: &[(FaultKind, &str, Standing)]) {
    let probe = |name: &str, text: &str| match text {
        "" => String::new(),
        text => format!("        {name}: {{{text}}}\n"),
    };
    let last = match case.last {
        "" => String::new(),
        last => format!(", lastState: {{terminated: {{{last}}}}}"),
    };
    let mut capture = Capture::default();
    capture.push(
        "kubectl get all -n shop -o yaml",
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop, uid: d}}\nspec:\n  replicas: 1\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
             containers:\n      - name: main\n        ports: {}\n{}{}---\n\
             apiVersion: v1\nkind: Pod\nmetadata: {{name: web-1-a, namespace: shop, uid: p, labels: {{app: web}}, \
             creationTimestamp: '2026-01-01T00:00:00Z'}}\nstatus: {{phase: Running, containerStatuses: [{{name: main, \
             ready: {}, restartCount: {}, state: {{running: {{}}}}{last}}}]}}\n",
            case.ports,
            probe("livenessProbe", case.liveness),
            probe("readinessProbe", case.readiness),
            case.ready,
            case.restarts,
        ),
    );
    let taken: jiff::Timestamp = "2026-01-01T00:03:00Z".parse().unwrap();
    for (reason, message, count, ago) in case.events {
        let last = taken - jiff::SignedDuration::from_secs(i64::from(*ago));
        capture.push(
            "kubectl get events -n shop -o yaml",
            format!(
                "apiVersion: v1\nkind: Event\nmetadata: {{name: e, namespace: shop}}\ntype: Warning\nreason: {reason}\n\
                 message: '{message}'\ncount: {count}\nlastTimestamp: '{last}'\nfirstTimestamp: '2026-01-01T00:00:10Z'\n\
                 involvedObject: {{kind: Pod, name: web-1-a, namespace: shop}}\n"
            ),
        );
    }
    let picture = Picture::read(capture, Some(taken));
    assert_eq!(picture.unread, []);
    let faults = super::faults(&picture, &Context::default());
    let found: Vec<_> =
        faults.iter().map(|fault| (fault.kind, fault.subject.as_str(), fault.standing)).collect();
    assert_eq!(found, wanted, "{faults:#?}");
}

const KILLED: (&str, &str, u32, u32) =
    ("Killing", "Container main failed liveness probe, will be restarted", 2, 20);

#[test]
fn a_port_nobody_listens_on() {
    let refused = "Liveness probe failed: dial tcp 10.0.0.9:8081: connect: connection refused";
    let liveness = format!("tcpSocket: {{port: 8081}}, {TIMES}");
    let wrong = [(FaultKind::ProbePortWrong, "liveness", Standing::Active)];
    check(
        &Case { liveness: &liveness, restarts: 2, events: &[("Unhealthy", refused, 7, 1), KILLED], ..CALM },
        &wrong,
    );
    // Without declared ports the other probe tells.
    let readiness = format!("tcpSocket: {{port: 8080}}, {TIMES}");
    check(
        &Case {
            liveness: &liveness,
            readiness: &readiness,
            ports: "[]",
            restarts: 2,
            events: &[("Unhealthy", refused, 7, 1), KILLED],
            ..CALM
        },
        &wrong,
    );
    let asked = format!("grpc: {{port: 9090}}, {TIMES}");
    let timeout = "Readiness probe failed: timeout: failed to connect service \"10.0.0.9:9090\" within 1s: context deadline exceeded";
    check(
        &Case { readiness: &asked, ready: false, events: &[("Unhealthy", timeout, 10, 1)], ..CALM },
        &[(FaultKind::ProbePortWrong, "readiness", Standing::Active)],
    );
    let name = format!("httpGet: {{path: /, port: metrics}}, {TIMES}");
    check(
        &Case { readiness: &name, ready: false, ..CALM },
        &[(FaultKind::ProbePortWrong, "readiness", Standing::Active)],
    );
}

#[test]
fn another_protocol_than_the_port_speaks() {
    let liveness = format!("httpGet: {{path: /, port: 8080}}, {TIMES}");
    let said = "Liveness probe failed: Get \"http://10.0.0.9:8080/\": net/http: HTTP/1.x transport connection broken: malformed HTTP response";
    check(
        &Case { liveness: &liveness, restarts: 2, events: &[("Unhealthy", said, 9, 1), KILLED], ..CALM },
        &[(FaultKind::ProbeProtocolWrong, "liveness", Standing::Active)],
    );
    let grpc = format!("grpc: {{port: 8080}}, {TIMES}");
    let mute = "Liveness probe failed: timeout: failed to connect service \"10.0.0.9:8080\" within 1s: context deadline exceeded";
    check(
        &Case {
            liveness: &grpc,
            readiness: &liveness,
            restarts: 2,
            events: &[("Unhealthy", mute, 9, 1), KILLED],
            ..CALM
        },
        &[(FaultKind::ProbeProtocolWrong, "liveness", Standing::Active)],
    );
}

#[test]
fn too_little_time_and_too_much() {
    let hasty = "tcpSocket: {port: 8080}, initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1";
    let refused = "Liveness probe failed: dial tcp 10.0.0.9:8080: connect: connection refused";
    check(
        &Case { liveness: hasty, restarts: 5, events: &[("Unhealthy", refused, 3, 50), KILLED], ..CALM },
        &[(FaultKind::ProbeTooImpatient, "liveness", Standing::Active)],
    );
    let late = "tcpSocket: {port: 8080}, initialDelaySeconds: 3600";
    check(
        &Case { readiness: late, ready: false, ..CALM },
        &[(FaultKind::ProbeTooLate, "readiness", Standing::Active)],
    );
}

#[test]
fn a_program_that_says_no() {
    let readiness = format!("httpGet: {{path: /ready, port: 8080}}, {TIMES}");
    let said = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    check(
        &Case { readiness: &readiness, ready: false, events: &[("Unhealthy", said, 9, 1)], ..CALM },
        &[(FaultKind::ProbeFailing, "readiness", Standing::Active)],
    );
}

#[test]
fn noise_of_starting_is_no_fault() {
    let liveness = format!("tcpSocket: {{port: 8081}}, {TIMES}");
    let readiness = format!("tcpSocket: {{port: 8080}}, {TIMES}");
    let early = "Readiness probe failed: dial tcp 10.0.0.9:8080: connect: connection refused";
    check(&Case { readiness: &readiness, events: &[("Unhealthy", early, 2, 170)], ..CALM }, &[]);
    // A probe that contradicts the ports and has let the program live is right.
    check(&Case { liveness: &liveness, readiness: &readiness, ..CALM }, &[]);
    let agent = "Startup probe failed: Get \"http://10.0.0.9:15021/healthz/ready\": dial tcp 10.0.0.9:15021: connect: connection refused";
    check(&Case { readiness: &readiness, events: &[("Unhealthy", agent, 2, 170)], ..CALM }, &[]);
    let once = ("Killing", "Container main failed liveness probe, will be restarted", 1, 170);
    let refused = "Liveness probe failed: dial tcp 10.0.0.9:8080: connect: connection refused";
    let patient = format!("tcpSocket: {{port: 8080}}, {TIMES}");
    check(
        &Case { liveness: &patient, restarts: 1, events: &[("Unhealthy", refused, 3, 170), once], ..CALM },
        &[],
    );
}

#[test]
fn a_probe_that_has_had_no_time_is_latent() {
    let liveness = "tcpSocket: {port: 8081}, initialDelaySeconds: 600";
    check(&Case { liveness, ..CALM }, &[(FaultKind::ProbePortWrong, "liveness", Standing::Latent)]);
}

/// The events of a pod whose template nobody captured.
#[test]
fn a_probe_known_only_by_what_the_kubelet_says() {
    let failed = "Liveness probe failed: HTTP probe failed with statuscode: 500";
    let wanted = [(FaultKind::ProbeFailing, "liveness", Standing::Active)];
    check(
        &Case { ready: false, restarts: 6, events: &[("Unhealthy", failed, 18, 1), KILLED], ..CALM },
        &wanted,
    );
    check(&Case { ready: false, restarts: 6, events: &[KILLED], ..CALM }, &wanted);
    // Failures that killed nothing, and a kill long past.
    check(&Case { events: &[("Unhealthy", failed, 2, 1)], ..CALM }, &[]);
    let once = ("Killing", "Container main failed liveness probe, will be restarted", 1, 20);
    check(&Case { restarts: 1, events: &[once], ..CALM }, &[]);
}
