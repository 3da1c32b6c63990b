//! What a row tells of an object: storage, limits, routing, autoscalers.

use serde_json::{Map, Value, json};

use super::super::describe::{metrics_of_cell, put_metrics, target};
use super::super::values::{access_modes, labels, load_balancer, port, put, said, selector, whole};
use super::fill::Cells;
use crate::kind::Kind;

/// Fills the fields of an object that its row tells.
pub(super) fn fill(kind: Kind, cells: &Cells<'_>, is_default: bool, value: &mut Value) {
    match kind {
        Kind::CronJob => cron_job(cells, value),
        Kind::EndpointSlice => endpoint_slice(cells, value),
        Kind::Ingress => ingress(cells, value),
        Kind::NetworkPolicy => {
            let chosen = cells.get("POD-SELECTOR").and_then(selector).unwrap_or_else(|| json!({}));
            put(value, "spec.podSelector", Some(chosen));
        }
        Kind::Secret => put(value, "type", cells.get("TYPE")),
        Kind::ResourceQuota => quota(cells, value),
        Kind::PersistentVolumeClaim => claim(cells, value),
        Kind::PersistentVolume => volume(cells, value),
        Kind::StorageClass => class(cells, is_default, value),
        Kind::Namespace => put(value, "status.phase", cells.get("STATUS")),
        Kind::HorizontalPodAutoscaler => autoscaler(cells, value),
        Kind::Certificate => certificate(cells, value),
        Kind::PodDisruptionBudget => {
            put(value, "spec.minAvailable", cells.get("MIN AVAILABLE").and_then(port));
            put(value, "spec.maxUnavailable", cells.get("MAX UNAVAILABLE").and_then(port));
            put(value, "status.disruptionsAllowed", cells.number("ALLOWED DISRUPTIONS"));
        }
        Kind::PriorityClass => {
            put(value, "value", cells.number("VALUE"));
            put(value, "globalDefault", cells.get("GLOBAL-DEFAULT").map(|word| word == "true"));
            put(value, "preemptionPolicy", cells.get("PREEMPTIONPOLICY"));
        }
        _ => {}
    }
}

fn cron_job(cells: &Cells<'_>, value: &mut Value) {
    put(value, "spec.schedule", cells.get("SCHEDULE"));
    put(value, "spec.timeZone", cells.get("TIMEZONE"));
    put(value, "spec.suspend", cells.get("SUSPEND").map(|word| word.eq_ignore_ascii_case("true")));
}

fn endpoint_slice(cells: &Cells<'_>, value: &mut Value) {
    let list = |title: &str| {
        let text = cells.get(title).unwrap_or("").split(" + ").next().unwrap_or("");
        text.split(',').filter_map(said).collect::<Vec<_>>()
    };
    put(value, "addressType", cells.get("ADDRESSTYPE"));
    let ports: Vec<Value> =
        list("PORTS").into_iter().filter_map(whole).map(|port| json!({ "port": port })).collect();
    put(value, "ports", Some(ports).filter(|ports| !ports.is_empty()));
    let endpoints: Vec<Value> =
        list("ENDPOINTS").into_iter().map(|ip| json!({ "addresses": [ip] })).collect();
    put(value, "endpoints", Some(endpoints));
}

fn ingress(cells: &Cells<'_>, value: &mut Value) {
    put(value, "spec.ingressClassName", cells.get("CLASS"));
    put(value, "status.loadBalancer.ingress", cells.get("ADDRESS").map(load_balancer));
    let hosts: Vec<Value> = cells
        .get("HOSTS")
        .unwrap_or("")
        .split(" + ")
        .next()
        .unwrap_or("")
        .split(',')
        .filter_map(said)
        .filter(|host| *host != "*")
        .map(|host| json!({ "host": host }))
        .collect();
    put(value, "spec.rules", Some(hosts).filter(|hosts| !hosts.is_empty()));
}

/// `requests.cpu: 10/1, pods: 3/10`, and limits in a column of their own.
fn quota(cells: &Cells<'_>, value: &mut Value) {
    let (mut used, mut hard) = (Map::new(), Map::new());
    let both = cells.get("REQUEST").into_iter().chain(cells.get("LIMIT"));
    for one in both.flat_map(|cell| cell.split(", ")) {
        let Some((resource, amounts)) = one.rsplit_once(": ") else { continue };
        let Some((now, most)) = amounts.split_once('/') else { continue };
        used.insert(resource.trim().to_owned(), Value::from(now.trim()));
        hard.insert(resource.trim().to_owned(), Value::from(most.trim()));
    }
    if !hard.is_empty() {
        put(value, "spec.hard", Some(hard.clone()));
        put(value, "status.hard", Some(hard));
        put(value, "status.used", Some(used));
    }
}

/// Capacity and access modes are those of the volume, and empty as long as there is none.
fn claim(cells: &Cells<'_>, value: &mut Value) {
    put(value, "status.phase", cells.get("STATUS"));
    put(value, "spec.volumeName", cells.get("VOLUME"));
    put(value, "status.capacity.storage", cells.get("CAPACITY").filter(|amount| *amount != "0"));
    put(value, "status.accessModes", cells.get("ACCESS MODES").and_then(access_modes));
    put(value, "spec.storageClassName", cells.get("STORAGECLASS"));
    put(value, "spec.volumeMode", cells.get("VOLUMEMODE"));
}

fn volume(cells: &Cells<'_>, value: &mut Value) {
    put(value, "spec.capacity.storage", cells.get("CAPACITY"));
    put(value, "spec.accessModes", cells.get("ACCESS MODES").and_then(access_modes));
    put(value, "spec.persistentVolumeReclaimPolicy", cells.get("RECLAIM POLICY"));
    put(value, "status.phase", cells.get("STATUS"));
    let claim = cells.get("CLAIM").and_then(|cell| cell.split_once('/')).map(
        |(namespace, name)| json!({ "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name }),
    );
    put(value, "spec.claimRef", claim);
    put(value, "spec.storageClassName", cells.get("STORAGECLASS"));
    put(value, "status.reason", cells.get("REASON"));
    put(value, "spec.volumeMode", cells.get("VOLUMEMODE"));
}

fn class(cells: &Cells<'_>, is_default: bool, value: &mut Value) {
    put(value, "provisioner", cells.get("PROVISIONER"));
    put(value, "reclaimPolicy", cells.get("RECLAIMPOLICY"));
    put(value, "volumeBindingMode", cells.get("VOLUMEBINDINGMODE"));
    put(value, "allowVolumeExpansion", cells.get("ALLOWVOLUMEEXPANSION").map(|word| word == "true"));
    if is_default {
        let note = labels("storageclass.kubernetes.io/is-default-class=true");
        put(value, "metadata.annotations", note);
    }
}

fn autoscaler(cells: &Cells<'_>, value: &mut Value) {
    put(value, "spec.scaleTargetRef", cells.get("REFERENCE").and_then(target));
    put(value, "spec.minReplicas", cells.number("MINPODS"));
    put(value, "spec.maxReplicas", cells.number("MAXPODS"));
    put(value, "status.currentReplicas", cells.number("REPLICAS"));
    put_metrics(metrics_of_cell(cells.get("TARGETS").unwrap_or("")).into_iter(), value);
}

/// A certificate of cert-manager. Wide tables print what its controller says.
fn certificate(cells: &Cells<'_>, value: &mut Value) {
    put(value, "spec.secretName", cells.get("SECRET"));
    put(value, "spec.issuerRef.name", cells.get("ISSUER"));
    if let Some(ready) = cells.get("READY") {
        let mut condition = json!({ "type": "Ready", "status": ready });
        put(&mut condition, "message", cells.get("STATUS"));
        put(value, "status.conditions", Some(vec![condition]));
    }
}
