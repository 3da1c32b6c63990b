//! One object from several texts: nearer to the API wins, files only fill what nothing else prints.

use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::quantity::Quantity;

/// Adds to `kept` what `other` has and `kept` lacks. Lists of named things (containers, ports, volumes, conditions)
/// are merged by name; other lists are taken whole from whoever has them first.
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
            for item in other {
                let Some(name) = name_of(&item).map(str::to_owned) else { return };
                if let Some(same) = kept.iter_mut().find(|kept| name_of(kept) == Some(name.as_str())) {
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

/// Fields that `kubectl describe` and tables never print, by kind, as paths in which `*` stands for every item.
const UNPRINTED: [(Kind, &[&str]); 6] = [
    (Kind::Deployment, TEMPLATE),
    (Kind::StatefulSet, TEMPLATE),
    (Kind::DaemonSet, TEMPLATE),
    (Kind::ReplicaSet, TEMPLATE),
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
    "spec.template.spec.containers.*.securityContext",
    "spec.template.spec.containers.*.imagePullPolicy",
];

/// Fills what the live texts never print from a file.
pub(super) fn fill(kind: Kind, live: &mut Value, file: &Value) {
    let paths = UNPRINTED.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, paths)| paths);
    for path in paths {
        let steps: Vec<&str> = path.split('.').collect();
        fill_path(live, file, &steps);
    }
}

fn fill_path(live: &mut Value, file: &Value, steps: &[&str]) {
    let Some((step, rest)) = steps.split_first() else {
        merge(live, file.clone());
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
    let Some(inner) = file.get(*step) else { return };
    if live.is_null() {
        *live = Value::Object(Map::new());
    }
    if let Some(fields) = live.as_object_mut() {
        fill_path(fields.entry((*step).to_owned()).or_insert(Value::Null), inner, rest);
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
