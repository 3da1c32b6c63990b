//! Each filter blamed for what it keeps away, and pods that nothing keeps.

use super::faults;
use crate::capture::Capture;
use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// A node; `extra` goes into its spec.
fn node(name: &str, labels: &str, extra: &str, cpu: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, uid: n-{name}, labels: {{kubernetes.io/hostname: {name}{labels}}}}}\n\
         spec: {{{extra}}}\nstatus: {{allocatable: {{cpu: '{cpu}', memory: 8Gi, pods: '110'}}}}\n---\n"
    )
}

/// A pod of deployment `web`; without a node it waits.
fn pod(name: &str, node: &str, spec: &str) -> String {
    let (place, phase) = match node {
        "" => (String::new(), "Pending"),
        node => (format!("nodeName: {node}, "), "Running"),
    };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, uid: p-{name}, labels: {{app: web}}, ownerReferences: \
         [{{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s1, controller: true}}]}}\n\
         spec: {{{place}{spec}}}\nstatus: {{phase: {phase}}}\n---\n"
    )
}

fn event(pod: &str, message: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Event\nmetadata: {{name: e-{pod}, namespace: shop}}\ntype: Warning\nreason: FailedScheduling\n\
         involvedObject: {{kind: Pod, namespace: shop, name: {pod}}}\ncount: 3\nmessage: \"{message}\"\n---\n"
    )
}

fn diagnose(parts: &[String]) -> Vec<Fault> {
    let mut capture = Capture::default();
    capture.push("kubectl get all -o yaml", parts.concat());
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, []);
    faults(&picture, &Context::default())
}

fn check(parts: &[String], expected: &[&str]) {
    let found: Vec<String> = diagnose(parts)
        .iter()
        .map(|fault| {
            assert!(!fault.facts.is_empty() && !fault.remedy.is_empty(), "{fault:?}");
            format!("{} {} {}", fault.kind, fault.subject, fault.object)
        })
        .collect();
    assert_eq!(found, expected);
}

const CONTROL: &str = ", node-role.kubernetes.io/control-plane: ''";
const CLOSED: &str =
    "unschedulable: true, taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]";
const SMALL: &str = "containers: [{name: app, resources: {requests: {cpu: 100m}}}]";

fn cluster() -> Vec<String> {
    vec![node("m1", CONTROL, CLOSED, "4"), node("w1", "", "", "4"), node("w2", "", "", "4")]
}

#[test]
fn a_selector_that_no_node_matches_and_one_that_points_at_a_closed_node() {
    let selecting = |label: &str| pod("web-0", "", &format!("{SMALL}, nodeSelector: {label}"));
    let mut parts = cluster();
    parts.push(selecting("{disk: ssd}"));
    parts.push(event("web-0", "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector."));
    check(&parts, &["node_selector_mismatch disk=ssd StatefulSet shop/web"]);

    // The label exists, on the machine of the control plane only: ordinary pods are not meant to go there.
    parts[0] = node("m1", &format!("{CONTROL}, disk: ssd"), CLOSED, "4");
    check(&parts, &["node_selector_mismatch disk=ssd StatefulSet shop/web"]);

    let pinned = "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) were unschedulable.";
    let cordoned = vec![
        node("m1", CONTROL, CLOSED, "4"),
        node("w1", ", disk: ssd", "unschedulable: true", "4"),
        node("w2", "", "", "4"),
        selecting("{disk: ssd}"),
        event("web-0", pinned),
    ];
    check(&cordoned, &["node_cordoned  StatefulSet shop/web"]);
    let tainted = vec![
        node("m1", CONTROL, CLOSED, "4"),
        node("w1", ", disk: ssd", "taints: [{key: team, value: data, effect: NoSchedule}]", "4"),
        node("w2", "", "", "4"),
        selecting("{disk: ssd}"),
        event(
            "web-0",
            "0/3 nodes are available: 1 node(s) had untolerated taint {team: data}, 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.",
        ),
    ];
    check(&tainted, &["taint_not_tolerated team=data StatefulSet shop/web"]);
    // Without the event the filters alone say the same.
    check(&tainted[..4], &["taint_not_tolerated team=data StatefulSet shop/web"]);
}

#[test]
fn affinity_is_told_from_a_selector() {
    let requiring = |operator: &str, values: &str| {
        pod(
            "web-0",
            "",
            &format!(
                "{SMALL}, affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: \
             [{{matchExpressions: [{{key: zone, operator: {operator}{values}}}]}}]}}}}}}"
            ),
        )
    };
    let mut parts = cluster();
    parts.push(requiring("In", ", values: [a, b]"));
    check(&parts, &["node_affinity_mismatch zone In [a, b] StatefulSet shop/web"]);
    parts[3] = requiring("Exists", "");
    check(&parts, &["node_affinity_mismatch zone Exists StatefulSet shop/web"]);
    parts[3] = requiring("NotIn", ", values: [a]");
    check(&parts, &[]);
    parts[1] = node("w1", ", zone: '7'", "", "4");
    parts[3] = requiring("Gt", ", values: ['5']");
    check(&parts, &[]);
    parts[3] = requiring("Lt", ", values: ['5']");
    check(&parts, &["node_affinity_mismatch zone Lt [5] StatefulSet shop/web"]);
    // Only the event, and a pod that is known whole without a selector: then it is affinity.
    let event =
        event("web-0", "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.");
    check(&[pod("web-0", "", SMALL), event], &["node_affinity_mismatch  StatefulSet shop/web"]);
}

#[test]
fn resources_are_counted_with_what_runs() {
    let asking =
        |cpu: &str| format!("containers: [{{name: app, resources: {{requests: {{cpu: '{cpu}'}}}}}}]");
    let mut parts = cluster();
    parts.extend([
        pod("web-0", "w1", &asking("3")),
        pod("web-1", "w2", &asking("3")),
        pod("web-2", "", &asking("2")),
    ]);
    check(&parts, &["insufficient_resource cpu StatefulSet shop/web"]);
    assert!(diagnose(&parts)[0].summary.contains("no node it may run on has enough cpu left"));
    parts[5] = pod("web-2", "", &asking("40"));
    assert!(diagnose(&parts)[0].summary.contains("more than any node has (4 at most)"));
    parts[5] = pod("web-2", "", &asking("1"));
    check(&parts, &[]);
}

#[test]
fn anti_affinity_holds_in_both_directions() {
    let apart = format!(
        "{SMALL}, affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
         [{{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: web}}}}}}]}}}}"
    );
    let mut parts = cluster();
    parts.extend([pod("web-0", "w1", SMALL), pod("web-1", "w2", SMALL), pod("web-2", "", &apart)]);
    check(&parts, &["pod_anti_affinity  StatefulSet shop/web"]);
    parts[3] = pod("web-0", "w1", &apart);
    parts[4] = pod("web-1", "w2", &apart);
    parts[5] = pod("web-2", "", SMALL);
    check(&parts, &["pod_anti_affinity  StatefulSet shop/web"]);
    parts.remove(4);
    check(&parts, &[]);
}

#[test]
fn spread_affinity_and_host_ports() {
    let mut parts = cluster();
    let near = format!(
        "{SMALL}, affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: \
         [{{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {{app: cache}}}}}}]}}}}"
    );
    parts.push(pod("web-0", "", &near));
    check(&parts, &["pod_affinity  StatefulSet shop/web"]);
    let spread = format!(
        "{SMALL}, topologySpreadConstraints: [{{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, \
         labelSelector: {{matchLabels: {{app: web}}}}}}]"
    );
    let zoned = |full: &str| {
        vec![
            node("w1", ", zone: a", "", "4"),
            node("w2", ", zone: b", full, "4"),
            pod("web-0", "w1", SMALL),
            pod("web-1", "", &spread),
        ]
    };
    check(&zoned(""), &[]);
    check(
        &zoned("taints: [{key: team, effect: NoSchedule}]"),
        &["taint_not_tolerated team StatefulSet shop/web"],
    );
    let port = "containers: [{name: app, ports: [{containerPort: 80, hostPort: 80}]}]";
    let mut parts = cluster();
    parts.extend([pod("web-0", "w1", port), pod("web-1", "w2", port), pod("web-2", "", port)]);
    check(&parts, &["host_port_taken  StatefulSet shop/web"]);
}

#[test]
fn pods_that_wait_for_other_reasons_are_left_to_others() {
    let claims = event("web-0", "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.");
    let mut parts = cluster();
    parts.extend([pod("web-0", "", SMALL), claims]);
    check(&parts, &[]);
    let unwell = "taints: [{key: node.kubernetes.io/not-ready, effect: NoSchedule}]";
    let message =
        "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.";
    check(
        &[
            node("w1", "", unwell, "4"),
            node("w2", "", unwell, "4"),
            pod("web-0", "", SMALL),
            event("web-0", message),
        ],
        &[],
    );
    let pinned = pod("web-0", "", &format!("{SMALL}, nodeSelector: {{kubernetes.io/hostname: w1}}"));
    let message = "0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, \
                   1 node(s) didn't match Pod's node affinity/selector.";
    let nodes = [node("w1", "", unwell, "4"), node("w2", "", "", "4")].concat();
    check(&[nodes, pinned.clone(), event("web-0", message)], &[]);
    check(&[pinned, event("web-0", message)], &[]);
    let gated = format!("{SMALL}, schedulingGates: [{{name: later}}], nodeSelector: {{disk: none}}");
    check(&[node("w1", "", "", "4"), pod("web-0", "", &gated)], &[]);
    let mut parts = cluster();
    parts.extend([pod("web-0", "", SMALL), event("web-0", "skip schedule deleting pod: shop/web-0")]);
    check(&parts, &[]);
}
