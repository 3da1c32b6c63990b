//! One object from several texts: nearer to the API wins, files only fill what nothing else prints.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::quantity::Quantity;

/// Adds to `kept` what `other` has and `kept` lacks. Of lists of named things (containers, ports, volumes, conditions)
/// those that `kept` has get the fields that `other` adds, by name; things that only `other` has are not added, since
/// `kept` is nearer to the API. A list that `kept` has empty stays empty, and lists of things without names stay as
/// `kept` has them.
pub(super) fn merge(kept: &mut Value, other: Value) {
    match (kept, other) {
        (kept @ Value::Null, other) => *kept = other,
        (Value::Object(kept), Value::Object(other)) => {
            for (key, value) in other {
                merge(kept.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(kept), Value::Array(other)) => {
            if kept.is_empty() {
                return;
            }
            let places: BTreeMap<String, usize> = kept
                .iter()
                .enumerate()
                .rev()
                .filter_map(|(at, item)| Some((name_of(item)?.to_owned(), at)))
                .collect();
            for item in other {
                let Some(name) = name_of(&item) else { return };
                if let Some(same) = places.get(name).and_then(|at| kept.get_mut(*at)) {
                    merge(same, item);
                }
            }
        }
        _ => {}
    }
}

/// What tells two items of a list apart.
fn name_of(item: &Value) -> Option<&str> {
    let item = item.as_object()?;
    ["name", "type", "key"].iter().find_map(|field| item.get(*field)?.as_str())
}

/// Fields that `kubectl describe` and tables do not print, or not in all versions, by kind, as paths in which `*`
/// stands for every item.
const UNPRINTED: [(Kind, &[&str]); 7] = [
    (Kind::Deployment, &["spec.paused", "spec.progressDeadlineSeconds"]),
    (Kind::StatefulSet, &["spec.serviceName", "spec.podManagementPolicy"]),
    (Kind::DaemonSet, &["spec.updateStrategy"]),
    (Kind::Job, &["spec.podFailurePolicy"]),
    (Kind::Service, &["spec.publishNotReadyAddresses"]),
    (
        Kind::PersistentVolumeClaim,
        &["spec.resources", "spec.accessModes", "spec.selector", "spec.storageClassName"],
    ),
    (Kind::Secret, &["stringData", "data"]),
];

const TEMPLATE: &[&str] = &[
    "spec.template.spec.affinity",
    "spec.template.spec.nodeSelector",
    "spec.template.spec.tolerations",
    "spec.template.spec.imagePullSecrets",
    "spec.template.spec.dnsPolicy",
    "spec.template.spec.dnsConfig",
    "spec.template.spec.securityContext",
    "spec.template.spec.topologySpreadConstraints",
    "spec.template.spec.hostAliases",
    "spec.template.spec.hostNetwork",
    "spec.template.spec.hostname",
    "spec.template.spec.priorityClassName",
    "spec.template.spec.restartPolicy",
    "spec.template.spec.schedulerName",
    "spec.template.spec.serviceAccountName",
    "spec.template.spec.automountServiceAccountToken",
    "spec.template.spec.subdomain",
    "spec.template.spec.terminationGracePeriodSeconds",
    "spec.template.spec.volumes.*.configMap.items",
    "spec.template.spec.volumes.*.secret.items",
    "spec.template.spec.containers.*.imagePullPolicy",
    "spec.template.spec.containers.*.lifecycle",
    "spec.template.spec.containers.*.livenessProbe.httpGet.httpHeaders",
    "spec.template.spec.containers.*.readinessProbe.httpGet.httpHeaders",
    "spec.template.spec.containers.*.startupProbe.httpGet.httpHeaders",
    "spec.template.spec.containers.*.securityContext",
    "spec.template.spec.containers.*.workingDir",
    "spec.template.spec.initContainers.*.imagePullPolicy",
    "spec.template.spec.initContainers.*.restartPolicy",
    "spec.template.spec.initContainers.*.securityContext",
];

/// Fills what the live texts do not print from a file. What they do print stays, also where it says that there is
/// nothing.
pub(super) fn fill(kind: Kind, live: &mut Value, file: &Value) {
    let paths = UNPRINTED.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, paths)| paths);
    let template = if kind.is_workload() { TEMPLATE } else { &[] };
    if let Some(fields) = live.as_object_mut()
        && kind == Kind::PersistentVolumeClaim
    {
        // A claim that waits may print nothing of its spec.
        fields.entry("spec").or_insert_with(|| Value::Object(Map::new()));
    }
    for path in paths.iter().chain(template) {
        let steps: Vec<&str> = path.split('.').collect();
        fill_path(live, file, &steps);
    }
    match kind {
        Kind::Secret => fill_values(live, file),
        _ if kind.is_workload() => fill_port_names(live, file),
        _ => {}
    }
}

/// Descriptions of secrets print the keys only; those stand there with empty values.
fn fill_values(live: &mut Value, file: &Value) {
    let Some(values) = file.get("data").and_then(Value::as_object) else { return };
    for (key, value) in live.get_mut("data").and_then(Value::as_object_mut).into_iter().flatten() {
        if value == ""
            && let Some(known) = values.get(key)
        {
            value.clone_from(known);
        }
    }
}

/// Older versions print the ports of containers without their names: the same port in the file has the same name.
fn fill_port_names(live: &mut Value, file: &Value) {
    let path = "/spec/template/spec/containers";
    let (Some(live), Some(file)) = (live.pointer_mut(path), file.pointer(path).and_then(Value::as_array))
    else {
        return;
    };
    for container in live.as_array_mut().into_iter().flatten() {
        let Some(same) =
            file.iter().find(|item| name_of(item).is_some() && name_of(item) == name_of(container))
        else {
            continue;
        };
        let Some(named) = same.get("ports").and_then(Value::as_array) else { continue };
        for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let protocol =
                |port: &Value| port.get("protocol").and_then(Value::as_str).unwrap_or("TCP").to_owned();
            let same = named.iter().find(|one| {
                one.get("containerPort") == port.get("containerPort") && protocol(one) == protocol(port)
            });
            if let (Some(name), Some(fields)) = (same.and_then(|same| same.get("name")), port.as_object_mut())
            {
                fields.entry("name").or_insert_with(|| name.clone());
            }
        }
    }
}

/// Removes the marks of what a live text says is empty, once nothing is filled any more.
pub(super) fn tidy(value: &mut Value) {
    if let Some(spec) = value.pointer_mut("/spec/template/spec").and_then(Value::as_object_mut) {
        let is_empty =
            |value: &Value| value == &Value::Array(Vec::new()) || value == &Value::Object(Map::new());
        for field in ["nodeSelector", "tolerations"] {
            if spec.get(field).is_some_and(is_empty) {
                spec.remove(field);
            }
        }
    }
}

fn fill_path(live: &mut Value, file: &Value, steps: &[&str]) {
    let Some((step, rest)) = steps.split_first() else {
        if live.is_null() {
            live.clone_from(file);
        }
        return;
    };
    if *step == "*" {
        let (Some(live), Some(file)) = (live.as_array_mut(), file.as_array()) else { return };
        for item in file {
            if let Some(same) =
                live.iter_mut().find(|kept| name_of(kept).is_some() && name_of(kept) == name_of(item))
            {
                fill_path(same, item, rest);
            }
        }
        return;
    }
    // Only the last step is made where it is missing: a file does not bring back a probe that the cluster lacks.
    let (Some(inner), Some(fields)) = (file.get(*step), live.as_object_mut()) else { return };
    match fields.get_mut(*step) {
        Some(there) => fill_path(there, inner, rest),
        None if rest.is_empty() => {
            fields.insert((*step).to_owned(), inner.clone());
        }
        None => {}
    }
}

/// Leaves that both have and that differ, as (path, live, file). Status and bookkeeping are not compared.
pub(super) fn differences(live: &Value, file: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for part in ["spec", "data", "stringData"] {
        if let (Some(live), Some(file)) = (live.get(part), file.get(part)) {
            compare(part, live, file, &mut found);
        }
    }
    found
}

/// Differences kept of one object.
const DIFFERENCES_MAX: usize = 50;

fn compare(path: &str, live: &Value, file: &Value, found: &mut Vec<(String, String, String)>) {
    if found.len() >= DIFFERENCES_MAX {
        return;
    }
    match (live, file) {
        (Value::Object(live), Value::Object(file)) => {
            for (key, value) in file {
                if let Some(there) = live.get(key) {
                    compare(&format!("{path}.{key}"), there, value, found);
                }
            }
        }
        (Value::Array(live), Value::Array(file)) => {
            for item in file {
                let Some(name) = name_of(item) else { return };
                if let Some(same) = live.iter().find(|there| name_of(there) == Some(name)) {
                    compare(&format!("{path}[{name}]"), same, item, found);
                }
            }
        }
        (Value::Object(_) | Value::Array(_) | Value::Null, _)
        | (_, Value::Object(_) | Value::Array(_) | Value::Null) => {}
        _ => {
            let (live, file) = (leaf(live), leaf(file));
            // Secrets' descriptions do not print values, and descriptions drop line breaks at the end.
            if live.is_empty() && path.starts_with("data.") {
                return;
            }
            let (live, file) = (live.trim_end().to_owned(), file.trim_end().to_owned());
            let same = live == file
                || matches!((Quantity::parse(&live), Quantity::parse(&file)), (Some(live), Some(file)) if live == file);
            if !same {
                found.push((path.to_owned(), live, file));
            }
        }
    }
}

/// A leaf as text.
fn leaf(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_fill_what_descriptions_do_not_print_and_nothing_else() {
        let container = |more: Value| json!({ "spec": { "template": { "spec": more } } });
        let mut live = container(json!({
            "nodeSelector": {},
            "containers": [{ "name": "web", "ports": [{ "containerPort": 80, "protocol": "TCP" }] }],
        }));
        let file = container(json!({
            "nodeSelector": { "disk": "ssd" },
            "affinity": { "nodeAffinity": {} },
            "containers": [{
                "name": "web",
                "ports": [{ "name": "http", "containerPort": 80 }],
                "livenessProbe": { "httpGet": { "port": 1, "httpHeaders": [] } },
            }],
        }));
        fill(Kind::Deployment, &mut live, &file);
        tidy(&mut live);
        let expected = container(json!({
            "affinity": { "nodeAffinity": {} },
            "containers": [{ "name": "web", "ports": [{ "name": "http", "containerPort": 80, "protocol": "TCP" }] }],
        }));
        assert_eq!(live, expected);
    }

    #[test]
    fn files_fill_the_values_of_secrets_and_the_wishes_of_claims() {
        let mut live = json!({ "data": { "user": "", "host": "ZGI=" } });
        fill(
            Kind::Secret,
            &mut live,
            &json!({ "data": { "user": "YQ==", "host": "eA==", "other": "eA==" } }),
        );
        assert_eq!(live, json!({ "data": { "user": "YQ==", "host": "ZGI=" } }));
        let mut live = json!({ "status": { "phase": "Pending" } });
        fill(
            Kind::PersistentVolumeClaim,
            &mut live,
            &json!({ "spec": { "accessModes": ["ReadWriteMany"] } }),
        );
        assert_eq!(live["spec"], json!({ "accessModes": ["ReadWriteMany"] }));
    }

    #[test]
    fn only_real_differences_count() {
        let live = json!({ "spec": { "replicas": 0, "cpu": "1000m" }, "data": { "a": "x", "secret": "" } });
        let file = json!({ "spec": { "replicas": 1, "cpu": "1" }, "data": { "a": "x\n", "secret": "YQ==" } });
        assert_eq!(differences(&live, &file), [("spec.replicas".to_owned(), "0".to_owned(), "1".to_owned())]);
    }
}
