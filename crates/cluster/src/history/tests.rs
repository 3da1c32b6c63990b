//! What a cluster remembers of its changes, and what is none.

use super::{ChangeSort, brought_by, history};
use crate::capture::Capture;
use crate::fault::{Certainty, FaultKind};
use crate::kind::{Kind, ObjectKey};
use crate::picture::Picture;
use crate::reason::symptoms::active;

fn replica_set(name: &str, revision: u32, made: &str, image: &str, more: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: {name}, namespace: shop, uid: r, creationTimestamp: '{made}', \
         annotations: {{deployment.kubernetes.io/revision: '{revision}'}}, ownerReferences: [{{apiVersion: apps/v1, kind: \
         Deployment, name: web, uid: d}}]}}\nspec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: \
         {{labels: {{app: web, pod-template-hash: {name}}}}}, spec: {{containers: [{{name: main, image: '{image}'{more}}}]}}}}}}\n"
    )
}

fn event(kind: &str, name: &str, reason: &str, message: &str, at: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Event\nmetadata: {{name: e-{reason}, namespace: shop}}\ntype: Normal\nreason: {reason}\n\
         message: '{message}'\ncount: 1\nfirstTimestamp: '{at}'\nlastTimestamp: '{at}'\ninvolvedObject: {{kind: {kind}, name: \
         {name}, namespace: shop}}\n"
    )
}

#[track_caller]
fn check(text: &str, expected: &[(&str, ChangeSort, &str)]) {
    let mut capture = Capture::default();
    capture.push("kubectl get all,events -n shop -o yaml", text);
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, []);
    let changes = history(&picture);
    let told: Vec<_> =
        changes.iter().map(|change| (change.at.to_string(), change.sort, change.statement.clone())).collect();
    let told: Vec<_> = told.iter().map(|(at, sort, said)| (at.as_str(), *sort, said.as_str())).collect();
    assert_eq!(told, expected);
    assert!(changes.iter().all(|change| !change.facts.is_empty()));
}

#[test]
fn revisions_say_what_differs() {
    let first = replica_set("web-1", 1, "2026-01-01T08:00:00Z", "a:1", "");
    let second = replica_set(
        "web-2",
        2,
        "2026-01-01T09:00:00Z",
        "a:2",
        ", env: [{name: LEVEL, value: debug}, {name: API_TOKEN, value: abc}]",
    );
    check(
        &format!("{first}{second}"),
        &[
            (
                "2026-01-01T08:00:00Z",
                ChangeSort::Rollout,
                "Deployment shop/web was rolled out as revision 1: first rolled out, or earlier revisions are gone",
            ),
            (
                "2026-01-01T09:00:00Z",
                ChangeSort::Rollout,
                "Deployment shop/web was rolled out as revision 2: spec.containers[main].env[API_TOKEN].value: nothing → (not \
                 shown); spec.containers[main].env[LEVEL].value: nothing → debug; spec.containers[main].image: a:1 → a:2",
            ),
        ],
    );
}

#[test]
fn a_template_used_again_counts_from_its_scaling() {
    let old = replica_set("web-1", 3, "2026-01-01T08:00:00Z", "a:1", "");
    let new = replica_set("web-2", 2, "2026-01-01T09:00:00Z", "a:2", "");
    let back = event(
        "Deployment",
        "web",
        "ScalingReplicaSet",
        "Scaled up replica set web-1 to 1 from 0",
        "2026-01-01T10:00:00Z",
    );
    check(
        &format!("{old}{new}{back}"),
        &[
            (
                "2026-01-01T09:00:00Z",
                ChangeSort::Rollout,
                "Deployment shop/web was rolled out as revision 2: first rolled out, or earlier revisions are gone",
            ),
            (
                "2026-01-01T10:00:00Z",
                ChangeSort::Rollout,
                "Deployment shop/web was rolled out as revision 3, a template used before: spec.containers[main].image: a:2 → a:1",
            ),
        ],
    );
}

#[test]
fn edits_are_those_of_people_and_their_tools() {
    let config = |writes: &str| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: shop, uid: c, creationTimestamp: \
             '2026-01-01T08:00:00Z', managedFields: [{writes}]}}\ndata: {{a: b}}\n"
        )
    };
    let made = "{manager: helm, operation: Update, apiVersion: v1, time: '2026-01-01T08:00:00Z'}";
    let edited = "{manager: kubectl-edit, operation: Update, apiVersion: v1, time: '2026-01-01T09:30:00Z', fieldsType: FieldsV1, \
                  fieldsV1: {'f:data': {'f:a': {}}}}";
    let kept =
        "{manager: kube-controller-manager, operation: Update, apiVersion: v1, time: '2026-01-01T09:40:00Z'}";
    check(&config(made), &[]);
    check(
        &config(&format!("{made}, {edited}, {kept}")),
        &[(
            "2026-01-01T09:30:00Z",
            ChangeSort::Edit,
            "ConfigMap shop/settings was written by kubectl-edit; what it said before is not kept",
        )],
    );
}

#[test]
fn controllers_tell_of_scalings_and_machines() {
    let scaled = event(
        "HorizontalPodAutoscaler",
        "web",
        "SuccessfulRescale",
        "New size: 7; reason: cpu resource utilization above target",
        "2026-01-01T09:00:00Z",
    );
    let closed = event(
        "Node",
        "n1",
        "NodeNotSchedulable",
        "Node n1 status is now: NodeNotSchedulable",
        "2026-01-01T09:10:00Z",
    );
    let sick =
        event("Node", "n1", "NodeNotReady", "Node n1 status is now: NodeNotReady", "2026-01-01T09:20:00Z");
    check(
        &format!("{scaled}{closed}{sick}"),
        &[
            (
                "2026-01-01T09:00:00Z",
                ChangeSort::Scaling,
                "HorizontalPodAutoscaler shop/web: New size: 7; reason: cpu resource utilization above target",
            ),
            (
                "2026-01-01T09:10:00Z",
                ChangeSort::Machine,
                "Node n1: Node n1 status is now: NodeNotSchedulable",
            ),
        ],
    );
}

#[test]
fn a_fault_is_brought_by_the_latest_rollout_that_brought_what_it_names() {
    let first = replica_set("web-1", 1, "2026-01-01T08:00:00Z", "a:1.0.0", "");
    let check = |image: &str, fault: &str, expected: Option<&str>| {
        let mut capture = Capture::default();
        let second = replica_set("web-2", 2, "2026-01-01T09:00:00Z", image, "");
        capture.push("kubectl get rs -n shop -o yaml", format!("{first}{second}"));
        let changes = history(&Picture::read(capture, None));
        let key = ObjectKey::new(Kind::Deployment, "shop", "web");
        let mut found = active(FaultKind::ImageNotFound, &key, Certainty::Stated);
        fault.clone_into(&mut found.summary);
        let brought = brought_by(&found, &changes).map(|change| change.reference.as_str());
        assert_eq!(brought, expected, "{image} {fault}");
    };
    check("a:2.0.0", "web cannot pull a:2.0.0", Some("revision 2"));
    check("a:2.0.0", "web cannot pull a:1.0.0", None);
    check("a:2", "web cannot pull a:2", None);
}
