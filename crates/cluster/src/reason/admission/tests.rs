//! Each refusal found, and each look-alike left alone.

use super::faults;
use crate::capture::Capture;
use crate::context::Context;
use crate::fault::{Certainty, Fault};
use crate::picture::Picture;

/// One deployment `web` of namespace `shop` whose replica set has made none of its one pod.
const LACKING: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: d1}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: web:1, resources: {requests: {cpu: 500m, memory: 64Mi}}}
status: {replicas: 0}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  {name: web-1, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
spec: {replicas: 1, selector: {matchLabels: {app: web}}}
status: {replicas: 0}
";

const MADE: &str = "
apiVersion: v1
kind: Pod
metadata:
  {name: web-1-a, namespace: shop, uid: p1, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}]}
spec: {containers: [{name: app, image: web:1}]}
status: {phase: Running, containerStatuses: [{name: app, image: web:1, imageID: x, ready: true, restartCount: 0}]}
";

fn event(message: &str) -> String {
    let quoted = serde_json::Value::String(message.to_owned());
    format!(
        "apiVersion: v1\nkind: Event\nmetadata: {{name: e1, namespace: shop}}\ntype: Warning\nreason: FailedCreate\n\
         involvedObject: {{kind: ReplicaSet, namespace: shop, name: web-1}}\ncount: 9\nmessage: {quoted}\n"
    )
}

fn diagnose(documents: &[&str]) -> Vec<Fault> {
    let mut capture = Capture::default();
    for (index, text) in documents.iter().enumerate() {
        capture.push(format!("kubectl get all -n shop -o yaml > {index}.yaml"), *text);
    }
    faults(&Picture::read(capture, None), &Context::default())
}

/// What is found, as `kind subject object`.
fn check(documents: &[&str], expected: &[&str]) {
    let found: Vec<String> = diagnose(documents)
        .iter()
        .map(|fault| {
            assert!(!fault.facts.is_empty() && !fault.remedy.is_empty(), "{fault:?}");
            format!("{} {} {}", fault.kind, fault.subject, fault.object)
        })
        .collect();
    assert_eq!(found, expected);
}

fn quota(resource: &str, used: &str, hard: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: small, namespace: shop, uid: q1}}\n\
         status: {{hard: {{{resource}: '{hard}'}}, used: {{{resource}: '{used}'}}}}\n"
    )
}

fn account(name: &str) -> String {
    format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: shop, uid: a1}}\n")
}

const NO_ACCOUNT: &str = "Error creating: pods \"web-1-\" is forbidden: error looking up service account shop/web: \
                          serviceaccount \"web\" not found";

#[test]
fn a_missing_account_is_found_unless_it_exists_by_now_or_the_pod_was_made() {
    check(&[LACKING, &event(NO_ACCOUNT)], &["service_account_missing web Deployment shop/web"]);
    check(&[LACKING, &event(NO_ACCOUNT), &account("web")], &[]);
    check(&[LACKING, MADE, &event(NO_ACCOUNT)], &[]);
}

#[test]
fn a_quota_that_refuses_pods_is_found_unless_it_was_raised() {
    let said = event(
        "Error creating: pods \"web-1-x\" is forbidden: exceeded quota: small, requested: requests.cpu=500m, \
         used: requests.cpu=10, limited: requests.cpu=1",
    );
    let expected = ["quota_exceeded requests.cpu ResourceQuota shop/small"];
    check(&[LACKING, &said], &expected);
    check(&[LACKING, &said, &quota("requests.cpu", "10", "1")], &expected);
    check(&[LACKING, &said, &quota("requests.cpu", "1", "20")], &[]);
    let found = diagnose(&[LACKING, &said, &quota("requests.cpu", "10", "1")]);
    assert!(found[0].summary.contains("10 of 1 requests.cpu used and each pod asks for 500m"), "{found:?}");
    assert_eq!(found[0].certainty, Certainty::Stated);
}

#[test]
fn a_full_quota_without_events_is_worked_out() {
    check(
        &[LACKING, &quota("requests.memory", "3000Mi", "3Gi")],
        &[], // 3000Mi and 64Mi are 3064Mi, less than 3072Mi
    );
    check(
        &[LACKING, &quota("requests.memory", "3040Mi", "3Gi")],
        &["quota_exceeded requests.memory ResourceQuota shop/small"],
    );
    check(&[LACKING, MADE, &quota("requests.memory", "3040Mi", "3Gi")], &[]);
}

#[test]
fn other_refusals_name_who_has_to_change() {
    let refused = |text: &str| event(&format!("Error creating: pods \"web-1-\" is forbidden: {text}"));
    check(
        &[LACKING, &refused("violates PodSecurity \"restricted:latest\": runAsNonRoot != true")],
        &["pod_security_refused restricted:latest Deployment shop/web"],
    );
    check(
        &[LACKING, &refused("maximum memory usage per Container is 1Gi, but limit is 2Gi")],
        &["limit_range_refused memory Deployment shop/web"],
    );
    check(
        &[LACKING, &refused("no PriorityClass with name urgent was found")],
        &["priority_class_missing urgent Deployment shop/web"],
    );
    check(
        &[LACKING, &refused("failed quota: small: must specify limits.cpu for: app")],
        &["quota_exceeded limits.cpu ResourceQuota shop/small"],
    );
    let configuration = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\n\
        metadata: {name: guard, uid: w1}\nwebhooks: [{name: check.hooks.io, admissionReviewVersions: [v1], \
        sideEffects: None, clientConfig: {}}]\n";
    check(
        &[
            LACKING,
            configuration,
            &refused("admission webhook \"check.hooks.io\" denied the request: no owner"),
        ],
        &["webhook_refusing denied ValidatingWebhookConfiguration guard"],
    );
    check(
        &[
            LACKING,
            configuration,
            &event(
                "Error creating: Internal error occurred: failed calling webhook \"check.hooks.io\": Post \
                 \"https://hook.guard.svc:443/v\": no endpoints available for service \"hook\"",
            ),
        ],
        &["webhook_refusing unanswered Service guard/hook"],
    );
}

/// Files do not have a uid.
const DECLARED: &str = "
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}
";

#[test]
fn declared_objects_that_a_full_quota_kept_out() {
    let none = "{\"kind\": \"ServiceList\", \"apiVersion\": \"v1\", \"items\": []}";
    let check_listed = |quota: &str, expected: &[&str]| {
        let mut capture = Capture::default();
        capture.push("kubectl get services -n shop -o json", none);
        capture.push(
            "kubectl get persistentvolumeclaims -n shop -o json",
            none.replace("Service", "PersistentVolumeClaim"),
        );
        capture.push("manifests/shop.yaml", DECLARED);
        capture.push("kubectl get resourcequota -n shop -o yaml", quota);
        let found = faults(&Picture::read(capture, None), &Context::default());
        let found: Vec<String> =
            found.iter().map(|fault| format!("{} {} {}", fault.kind, fault.subject, fault.object)).collect();
        assert_eq!(found, expected);
    };
    check_listed(&quota("services", "3", "3"), &["quota_exceeded services ResourceQuota shop/small"]);
    check_listed(&quota("services", "2", "3"), &[]);
    check_listed(
        &quota("requests.storage", "0", "1Gi"),
        &["quota_exceeded requests.storage ResourceQuota shop/small"],
    );
    check_listed(&quota("requests.storage", "0", "10Gi"), &[]);
}

#[test]
fn a_called_workload_without_a_service_is_enough_a_dangling_name_is_not() {
    let workload = |name: &str, address: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop, uid: u{name}}}\n\
             spec:\n  replicas: 0\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n\
             \x20   spec: {{containers: [{{name: app, env: [{{name: PEER, value: '{address}'}}]}}]}}\n"
        )
    };
    let services = "{\"kind\": \"ServiceList\", \"apiVersion\": \"v1\", \"items\": []}";
    let run = |workloads: &[String]| {
        let mut capture = Capture::default();
        capture.push("kubectl get services -n shop -o json", services);
        capture.push("kubectl get resourcequota -n shop -o yaml", quota("services", "3", "3"));
        for text in workloads {
            capture.push("kubectl get deployments -n shop -o yaml", text.as_str());
        }
        faults(&Picture::read(capture, None), &Context::default()).len()
    };
    assert_eq!(run(&[workload("svc-a", "svc-b:80"), workload("svc-b", "")]), 1);
    assert_eq!(run(&[workload("svc-a", "svc-c:80"), workload("svc-b", "")]), 0);
}
