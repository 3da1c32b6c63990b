//! What a row tells of an object: workloads, pods, services and nodes.

use serde_json::{Value, json};

use super::super::values::{
    addresses, containers, labels, load_balancer, put, said, selector, service_ports, subsets, whole,
};
use super::others;
use crate::kind::Kind;

/// The cells of a row.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    cells: Vec<(&'a str, &'a str)>,
}

impl<'a> Cells<'a> {
    pub fn new(cells: Vec<(&'a str, &'a str)>) -> Cells<'a> {
        Cells { cells }
    }

    /// Title and cell of every column.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.cells.iter().copied()
    }

    /// A cell, unless it is a word for nothing.
    pub fn get(&self, title: &str) -> Option<&'a str> {
        self.cells.iter().find(|(of, _)| *of == title).and_then(|(_, cell)| said(cell))
    }

    /// A cell with a number.
    pub fn number(&self, title: &str) -> Option<i32> {
        whole(self.get(title)?)
    }

    /// A cell with two numbers: `1/2`.
    pub fn pair(&self, title: &str) -> (Option<i32>, Option<i32>) {
        match self.get(title).and_then(|cell| cell.split_once('/')) {
            Some((a, b)) => (whole(a), whole(b)),
            None => (None, None),
        }
    }
}

/// Fills the fields of an object that its row tells.
pub(super) fn fill(kind: Kind, cells: &Cells<'_>, is_default: bool, value: &mut Value) {
    put(value, "metadata.labels", cells.get("LABELS").and_then(labels));
    match kind {
        Kind::Pod => {
            put(value, "spec.nodeName", cells.get("NODE"));
            put(value, "status.podIP", cells.get("IP"));
            put(value, "status.nominatedNodeName", cells.get("NOMINATED NODE"));
        }
        Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet | Kind::DaemonSet => {
            workload(kind, cells, value);
        }
        Kind::Job => job(cells, value),
        Kind::Service => service(cells, value),
        Kind::Endpoints => {
            let list = addresses(cells.get("ENDPOINTS").unwrap_or(""));
            put(value, "subsets", Some(subsets(list.map(|address| ("", "", address)))));
        }
        Kind::Node => node(cells, value),
        _ => others::fill(kind, cells, is_default, value),
    }
}

fn workload(kind: Kind, cells: &Cells<'_>, value: &mut Value) {
    match kind {
        Kind::DaemonSet => {
            put(value, "status.desiredNumberScheduled", cells.number("DESIRED"));
            put(value, "status.currentNumberScheduled", cells.number("CURRENT"));
            put(value, "status.numberReady", cells.number("READY"));
            put(value, "status.updatedNumberScheduled", cells.number("UP-TO-DATE"));
            put(value, "status.numberAvailable", cells.number("AVAILABLE"));
            let on = cells.get("NODE SELECTOR").and_then(labels);
            put(value, "spec.template.spec.nodeSelector", on);
        }
        _ => {
            // `READY 1/2`; replica sets and old versions: `DESIRED`, `CURRENT`, `READY`.
            let (ready, wanted) = cells.pair("READY");
            put(value, "spec.replicas", wanted.or_else(|| cells.number("DESIRED")));
            put(value, "status.replicas", cells.number("CURRENT"));
            put(value, "status.readyReplicas", ready.or_else(|| cells.number("READY")));
            put(value, "status.updatedReplicas", cells.number("UP-TO-DATE"));
            put(value, "status.availableReplicas", cells.number("AVAILABLE"));
        }
    }
    put(value, "spec.selector", cells.get("SELECTOR").and_then(selector));
    let list = containers(cells.get("CONTAINERS"), cells.get("IMAGES"));
    put(value, "spec.template.spec.containers", list);
}

fn job(cells: &Cells<'_>, value: &mut Value) {
    // `0/1`, `0/1 of 3`, or `2` while nobody said how many.
    let (done, wanted) = match cells.get("COMPLETIONS").and_then(|cell| cell.split(' ').next()) {
        Some(cell) => match cell.split_once('/') {
            Some((done, wanted)) => (whole(done), whole(wanted)),
            None => (whole(cell), None),
        },
        None => (None, None),
    };
    put(value, "status.succeeded", done);
    put(value, "spec.completions", wanted);
    if let Some(status @ ("Complete" | "Failed" | "Suspended")) = cells.get("STATUS") {
        put(value, "status.conditions", Some(json!([{ "type": status, "status": "True" }])));
    }
    put(value, "spec.selector", cells.get("SELECTOR").and_then(selector));
    let list = containers(cells.get("CONTAINERS"), cells.get("IMAGES"));
    put(value, "spec.template.spec.containers", list);
}

fn service(cells: &Cells<'_>, value: &mut Value) {
    let kind = cells.get("TYPE");
    put(value, "spec.type", kind);
    put(value, "spec.clusterIP", cells.get("CLUSTER-IP"));
    put(value, "spec.ports", cells.get("PORT(S)").and_then(service_ports));
    put(value, "spec.selector", cells.get("SELECTOR").and_then(labels));
    let outside = cells.get("EXTERNAL-IP").filter(|cell| *cell != "<pending>");
    match (kind, outside) {
        (Some("ExternalName"), name) => put(value, "spec.externalName", name),
        (Some("LoadBalancer"), Some(list)) => {
            put(value, "status.loadBalancer.ingress", Some(load_balancer(list)));
        }
        (_, Some(list)) => put(value, "spec.externalIPs", Some(list.split(',').collect::<Vec<_>>())),
        (_, None) => {}
    }
}

fn node(cells: &Cells<'_>, value: &mut Value) {
    if let Some(status) = cells.get("STATUS") {
        put(value, "spec.unschedulable", Some(status.contains("SchedulingDisabled")));
        // `NotReady` stands for both `False` and `Unknown`; only the description tells which.
        let ready = match status.split(',').next() {
            Some("Ready") => "True",
            Some("NotReady") => "False",
            _ => "Unknown",
        };
        put(value, "status.conditions", Some(json!([{ "type": "Ready", "status": ready }])));
    }
    for (title, field) in [
        ("VERSION", "kubeletVersion"),
        ("OS-IMAGE", "osImage"),
        ("KERNEL-VERSION", "kernelVersion"),
        ("CONTAINER-RUNTIME", "containerRuntimeVersion"),
    ] {
        put(value, &format!("status.nodeInfo.{field}"), cells.get(title));
    }
    let addresses: Vec<Value> = [("INTERNAL-IP", "InternalIP"), ("EXTERNAL-IP", "ExternalIP")]
        .into_iter()
        .filter_map(|(title, kind)| Some(json!({ "type": kind, "address": cells.get(title)? })))
        .collect();
    put(value, "status.addresses", Some(addresses).filter(|addresses| !addresses.is_empty()));
}
