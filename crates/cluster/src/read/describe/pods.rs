//! Pods, and the templates that others make pods from.

use serde_json::{Value, json};

use super::super::values::{pairs, put, said, time, whole};
use super::containers::containers;
use super::meta::{annotations, conditions, node_selector, tolerations, topology_spread};
use super::outline::Node;
use super::volumes::volumes;

/// A pod.
pub(super) fn pod(root: Node<'_, '_>, value: &mut Value) {
    let mut spec = pod_spec(root);
    let mut status = json!({});
    if let Some(node) = root.get("Node") {
        let (name, address) = node.split_once('/').unwrap_or((node, ""));
        put(&mut spec, "nodeName", said(name));
        put(&mut status, "hostIP", said(address));
    }
    put(&mut spec, "priority", root.get("Priority").and_then(whole));
    put(&mut spec, "runtimeClassName", root.get("Runtime Class Name"));
    let phase = root.get("Status").filter(|phase| !phase.starts_with("Terminating"));
    put(&mut status, "phase", phase);
    put(&mut status, "reason", root.get("Reason"));
    put(&mut status, "message", root.get("Message"));
    put(&mut status, "podIP", root.get("IP"));
    put(&mut status, "startTime", root.get("Start Time").and_then(time));
    put(&mut status, "qosClass", root.get("QoS Class"));
    put(&mut status, "nominatedNodeName", root.get("NominatedNodeName"));
    put(&mut status, "conditions", conditions(root));
    for (key, field) in [("Init Containers", "initContainerStatuses"), ("Containers", "containerStatuses")] {
        let statuses = root.find(key).map(|list| containers(list).1);
        put(&mut status, field, statuses.filter(|statuses| !statuses.is_empty()));
    }
    put(value, "spec", Some(spec));
    put(value, "status", Some(status));
}

/// The template below `Pod Template:`.
pub(super) fn template(root: Node<'_, '_>) -> Option<Value> {
    let node = root.find("Pod Template")?;
    let mut template = json!({});
    put(&mut template, "metadata.labels", node.find("Labels").and_then(|list| pairs(list.items())));
    put(&mut template, "metadata.annotations", node.find("Annotations").and_then(annotations));
    let mut spec = pod_spec(node);
    // `<none>` is an answer, too: what is known to be empty is not filled from files.
    if spec.get("nodeSelector").is_none() && node.find("Node-Selectors").is_some() {
        put(&mut spec, "nodeSelector", Some(json!({})));
    }
    if spec.get("tolerations").is_none() && node.find("Tolerations").is_some() {
        put(&mut spec, "tolerations", Some(json!([])));
    }
    put(&mut template, "spec", Some(spec));
    Some(template)
}

fn pod_spec(node: Node<'_, '_>) -> Value {
    let mut spec = json!({});
    for (key, field) in [("Init Containers", "initContainers"), ("Containers", "containers")] {
        let specs = node.find(key).map(|list| containers(list).0);
        put(&mut spec, field, specs.filter(|specs| !specs.is_empty()));
    }
    put(&mut spec, "volumes", node.find("Volumes").and_then(volumes));
    put(&mut spec, "serviceAccountName", node.get("Service Account"));
    put(&mut spec, "priorityClassName", node.get("Priority Class Name"));
    put(&mut spec, "nodeSelector", node_selector(node));
    put(&mut spec, "tolerations", tolerations(node));
    put(&mut spec, "topologySpreadConstraints", topology_spread(node));
    spec
}
