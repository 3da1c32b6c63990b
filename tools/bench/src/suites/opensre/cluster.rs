//! The suite's summaries of a cluster as objects of its API.

use serde_json::{Map, Value, json};

fn items<'a>(file: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    file.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Pods, deployments and nodes.
pub(super) fn objects(pods: &Value, deployments: &Value, nodes: &Value) -> Vec<Value> {
    let pods = items(pods, "pods").map(pod);
    let deployments = items(deployments, "deployments").map(deployment);
    pods.chain(deployments).chain(items(nodes, "nodes").map(node)).collect()
}

/// Objects as one answer of the API.
pub(super) fn list(items: Vec<Value>) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()
}

fn pod(summary: &Value) -> Value {
    let containers: Vec<&Value> = items(summary, "containers").collect();
    let statuses: Vec<Value> = containers.iter().map(|container| container_status(container)).collect();
    let specs: Vec<Value> = containers
        .iter()
        .map(|container| {
            let mut spec = Map::new();
            for key in ["name", "image", "resources"] {
                if let Some(value) = container.get(key) {
                    spec.insert(key.to_owned(), value.clone());
                }
            }
            Value::Object(spec)
        })
        .collect();
    let mut metadata = json!({ "name": text(summary, "name"), "namespace": text(summary, "namespace") });
    if let Some(deleted) = summary.get("deletion_timestamp") {
        set(&mut metadata, "deletionTimestamp", deleted.clone());
    }
    let mut status = json!({ "phase": text(summary, "phase"), "containerStatuses": statuses });
    for (from, to) in [
        ("start_time", "startTime"),
        ("conditions", "conditions"),
        ("reason", "reason"),
        ("message", "message"),
    ] {
        if let Some(value) = summary.get(from) {
            set(&mut status, to, value.clone());
        }
    }
    let mut spec = json!({ "containers": specs });
    if !text(summary, "node_name").is_empty() {
        set(&mut spec, "nodeName", json!(text(summary, "node_name")));
    }
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status })
}

fn container_status(container: &Value) -> Value {
    let state = container.get("state").unwrap_or(&Value::Null);
    let mut status = json!({
        "name": text(container, "name"),
        "ready": container.get("ready").cloned().unwrap_or(json!(false)),
        "restartCount": container.get("restart_count").cloned().unwrap_or(json!(0)),
        "image": text(container, "image"),
        "imageID": "",
        "state": state_of(state),
    });
    let last = container.get("last_state").filter(|last| last.is_object());
    match last {
        Some(last) => set(&mut status, "lastState", state_of(last)),
        // A running container's exit code is that of the run before.
        None if state.get("running") == Some(&json!(true)) => {
            if let Some(code) = state.get("exit_code") {
                set(
                    &mut status,
                    "lastState",
                    json!({ "terminated": { "exitCode": code, "reason": reason_of(code) } }),
                );
            }
        }
        None => {}
    }
    status
}

/// The reason that the kubelet writes for an exit code when nothing else is known.
fn reason_of(code: &Value) -> &'static str {
    if code.as_i64() == Some(0) { "Completed" } else { "Error" }
}

fn state_of(state: &Value) -> Value {
    let is = |key: &str| matches!(state.get(key), Some(Value::Bool(true) | Value::Object(_)));
    let mut fields = Map::new();
    for (from, to) in [
        ("reason", "reason"),
        ("message", "message"),
        ("exit_code", "exitCode"),
        ("started_at", "startedAt"),
        ("finished_at", "finishedAt"),
    ] {
        let inner = ["running", "waiting", "terminated"].iter().find_map(|kind| state.get(kind)?.get(from));
        if let Some(value) = inner.or_else(|| state.get(from)) {
            fields.insert(to.to_owned(), value.clone());
        }
    }
    let kind = ["waiting", "terminated", "running"].into_iter().find(|kind| is(kind));
    let Some(kind) = kind else { return json!({}) };
    let kept: &[&str] = match kind {
        "waiting" => &["reason", "message"],
        "running" => &["startedAt"],
        _ => &["reason", "message", "exitCode", "startedAt", "finishedAt"],
    };
    fields.retain(|key, _| kept.contains(&key.as_str()));
    json!({ kind: fields })
}

fn deployment(summary: &Value) -> Value {
    let count = |key: &str| summary.get(key).cloned().unwrap_or(json!(0));
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": text(summary, "name"), "namespace": text(summary, "namespace") },
        "spec": { "replicas": count("desired"), "selector": {}, "template": {} },
        "status": {
            "replicas": count("desired"),
            "readyReplicas": count("ready"),
            "availableReplicas": count("available"),
            "unavailableReplicas": count("unavailable"),
        },
    })
}

fn node(summary: &Value) -> Value {
    let condition = |kind: &str, key: &str| json!({ "type": kind, "status": text(summary, key) });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": { "name": text(summary, "name"), "labels": { "node.kubernetes.io/instance-type": text(summary, "instance_type") } },
        "spec": {},
        "status": {
            "conditions": [
                condition("MemoryPressure", "memory_pressure"),
                condition("DiskPressure", "disk_pressure"),
                condition("PIDPressure", "pid_pressure"),
                condition("Ready", "ready"),
            ],
            "capacity": { "cpu": text(summary, "capacity_cpu"), "memory": text(summary, "capacity_memory") },
            "allocatable": { "cpu": text(summary, "allocatable_cpu"), "memory": text(summary, "allocatable_memory") },
            "addresses": [{ "type": "InternalIP", "address": text(summary, "internal_ip") }],
        },
    })
}

/// Warnings as events.
pub(super) fn events(file: &Value) -> Vec<Value> {
    items(file, "warning_events")
        .chain(items(file, "events"))
        .enumerate()
        .map(|(number, event)| {
            let (kind, name) = text(event, "involved_object").split_once('/').unwrap_or(("", ""));
            let namespace = text(event, "namespace");
            json!({
                "apiVersion": "v1", "kind": "Event",
                "metadata": { "name": format!("event-{number}"), "namespace": namespace },
                "involvedObject": { "kind": kind, "name": name, "namespace": namespace },
                "reason": text(event, "reason"), "message": text(event, "message"), "type": text(event, "type"),
                "count": event.get("count").cloned().unwrap_or(json!(1)),
                "firstTimestamp": event.get("first_time"), "lastTimestamp": event.get("last_time"),
            })
        })
        .collect()
}

/// The pod whose log was fetched, as arguments of the command that prints it, and the log.
pub(super) fn pod_log(file: &Value) -> Option<(String, &str)> {
    let (pod, namespace, log) = (text(file, "pod_name"), text(file, "namespace"), text(file, "logs"));
    (!pod.is_empty() && !log.is_empty()).then(|| (format!("{pod} -n {namespace}"), log))
}

/// Log lines as they lie, one object each.
pub(super) fn log_lines(file: &Value) -> Vec<Value> {
    items(file, "logs")
        .map(|line| {
            json!({
                "timestamp": line.get("timestamp"), "service": line.get("service"), "level": line.get("status"),
                "message": line.get("message"), "host": line.get("host"),
            })
        })
        .collect()
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}
