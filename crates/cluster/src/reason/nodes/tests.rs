//! Machines and components that are down, and the noise of machines that are not.

use super::faults;
use crate::capture::Capture;
use crate::context::Context;
use crate::fault::Fault;
use crate::picture::{NodeService, Picture, ServiceState};

fn node(name: &str, labels: &str, ready: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, uid: n-{name}, labels: {{rack: a1{labels}}}}}\n\
         status: {{conditions: [{{type: Ready, {ready}}}{more}]}}\n---\n"
    )
}

const READY: &str = "status: 'True', reason: KubeletReady";

fn pod(namespace: &str, name: &str, node: &str, status: &str) -> String {
    let place = if node.is_empty() { String::new() } else { format!("nodeName: {node}, ") };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, uid: p-{name}}}\n\
         spec: {{{place}containers: [{{name: app}}]}}\nstatus: {{{status}}}\n---\n"
    )
}

const RUNS: &str =
    "phase: Running, containerStatuses: [{name: app, image: a, imageID: b, ready: true, restartCount: 0}]";
const CREATING: &str = "phase: Pending, containerStatuses: [{name: app, image: a, imageID: b, ready: false, \
                        restartCount: 0, state: {waiting: {reason: ContainerCreating}}}]";

fn event(kind: &str, name: &str, reason: &str, message: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Event\nmetadata: {{name: e-{name}-{reason}, namespace: shop}}\ntype: Warning\nreason: {reason}\n\
         involvedObject: {{kind: {kind}, namespace: shop, name: {name}}}\ncount: 3\nmessage: '{message}'\n---\n"
    )
}

fn picture(parts: &[String], services: &[(&str, &str, ServiceState)]) -> Picture {
    let mut capture = Capture::default();
    capture.push("kubectl get all -o yaml", parts.concat());
    let mut picture = Picture::read(capture, None);
    let origin = picture.nodes.iter().next().map(|node| node.origins[0]);
    for (node, service, state) in services {
        picture.node_services.push(NodeService {
            node: (*node).to_owned(),
            service: (*service).to_owned(),
            state: *state,
            origin: origin.unwrap(),
        });
    }
    picture
}

fn check(parts: &[String], services: &[(&str, &str, ServiceState)], expected: &[&str]) -> Vec<Fault> {
    let found = faults(&picture(parts, services), &Context::default());
    let words: Vec<String> = found
        .iter()
        .map(|fault| {
            assert!(!fault.facts.is_empty());
            format!("{:?} {} {}", fault.standing, fault.kind, fault.object)
        })
        .collect();
    assert_eq!(words, expected);
    found
}

use ServiceState::{Active, Inactive};

#[test]
fn a_node_that_is_not_ready_says_or_shows_why() {
    let silent = "status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status.";
    let runtime = "status: 'False', reason: KubeletNotReady, message: container runtime is down";
    let found = check(
        &[node("w1", "", silent, ""), pod("shop", "web", "w1", CREATING)],
        &[],
        &["Active kubelet_down Node w1"],
    );
    assert_eq!(found[0].explains.len(), 1);
    check(&[node("w1", "", runtime, "")], &[], &["Active container_runtime_down Node w1"]);
    let down = [("w1", "kubelet", Active), ("w1", "containerd", Inactive)];
    check(&[node("w1", "", runtime, "")], &down, &["Active container_runtime_down Node w1"]);
    let down = [("w1", "kubelet", Inactive), ("w1", "containerd", Active)];
    check(&[node("w1", "", silent, "")], &down, &["Active kubelet_down Node w1"]);
    // The machine is cut off: its kubelet runs.
    check(&[node("w1", "", silent, "")], &[("w1", "kubelet", Active)], &["Active node_not_ready Node w1"]);
    let network =
        "status: 'False', message: 'container runtime network not ready: cni plugin not initialized'";
    check(&[node("w1", "", network, "")], &[], &["Active network_plugin_broken Node w1"]);
}

#[test]
fn noise_of_machines_that_are_well() {
    let mut parts = vec![node("w1", "", READY, ", {type: DiskPressure, status: 'False'}")];
    parts.push(event("Node", "w1", "Rebooted", "Node w1 has been rebooted"));
    parts.push(event("Node", "w1", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem"));
    parts.push(event(
        "Node",
        "w1",
        "ContainerGCFailed",
        "dial unix /run/containerd/containerd.sock: no such file",
    ));
    check(&parts, &[("w1", "kubelet", Active), ("w1", "containerd", Active)], &[]);
    check(&parts, &[("w1", "docker", Inactive), ("w1", "containerd", Active)], &[]);
    let was = "apiVersion: v1\nkind: Event\nmetadata: {name: e9}\ntype: Normal\nreason: NodeNotReady\n\
               involvedObject: {kind: Node, name: w1}\nmessage: 'Node w1 status is now: NodeNotReady'\n---\n";
    parts.push(was.to_owned());
    check(&parts, &[], &["Recovered node_not_ready Node w1"]);
    let full = node("w1", "", READY, ", {type: DiskPressure, status: 'True', message: low disk}");
    check(&[full], &[], &["Active node_pressure Node w1"]);
}

#[test]
fn the_service_proxy_counts_where_others_run_it() {
    let nodes = [node("w1", "", READY, ""), node("w2", "", READY, "")];
    let one = [("w1", "kube-proxy", Inactive), ("w2", "kube-proxy", Active)];
    check(&nodes, &one, &["Active kube_proxy_down Node w1"]);
    let none = [("w1", "kube-proxy", Inactive), ("w2", "kube-proxy", Inactive)];
    check(&nodes, &none, &[]);
    let as_pod = [nodes[0].clone(), nodes[1].clone(), pod("kube-system", "kube-proxy-x1", "w1", RUNS)];
    check(&as_pod, &one, &[]);
}

#[test]
fn the_scheduler_is_missed_by_pods_that_wait() {
    let control = ", node-role.kubernetes.io/control-plane: ''";
    let waiting = pod("shop", "web", "", "phase: Pending");
    let parts = [node("m1", control, READY, ""), waiting.clone()];
    let found = check(&parts, &[("m1", "kube-scheduler", Inactive)], &["Active scheduler_down Node m1"]);
    assert_eq!(found[0].explains.len(), 1);
    check(&parts, &[("m1", "kube-scheduler", Active)], &[]);
    let failing = pod("kube-system", "kube-scheduler-m1", "m1", CREATING);
    check(&[parts[0].clone(), failing, waiting], &[], &["Active scheduler_down Node m1"]);
    check(&parts, &[], &[]);
}

#[test]
fn networks_that_cannot_be_set_up_and_dns() {
    let said = event(
        "Pod",
        "web",
        "FailedCreatePodSandBox",
        "plugin type=\"x\" failed (add): no IP addresses available in range",
    );
    let parts = [node("w1", "", READY, ""), pod("shop", "web", "w1", CREATING), said.clone()];
    check(&parts, &[], &["Active network_plugin_broken Node w1"]);
    check(&[node("w1", "", READY, ""), pod("shop", "web", "w1", RUNS), said], &[], &[]);
    let dns = |status: &str| pod("kube-system", "coredns-1-a", "w1", status);
    check(
        &[node("w1", "", READY, ""), dns(CREATING)],
        &[],
        &["Active cluster_dns_down Pod kube-system/coredns-1-a"],
    );
    check(&[node("w1", "", READY, ""), dns(RUNS)], &[], &[]);
}
