//! What every description begins with: labels, annotations, owner, times; and what several kinds share.

use serde_json::{Map, Value, json};

use super::super::values::{owner, pairs, put, selector, time, whole};
use super::outline::{Node, unindented};

/// `kubectl` shortens annotations at this length, in characters.
const ANNOTATION_CHARS_MAX: usize = 138;

/// Name, namespace, labels, annotations, owner and creation time.
pub(super) fn metadata(root: Node<'_, '_>, value: &mut Value) {
    put(value, "metadata.labels", root.find("Labels").and_then(|list| pairs(list.items())));
    put(value, "metadata.annotations", root.find("Annotations").and_then(annotations));
    put(value, "metadata.ownerReferences", root.get("Controlled By").and_then(owner));
    put(value, "metadata.creationTimestamp", root.get("CreationTimestamp").and_then(time));
    put(
        value,
        "metadata.finalizers",
        root.get("Finalizers").map(|list| {
            list.trim_matches(['[', ']'])
                .split([' ', ','])
                .filter(|name| !name.is_empty())
                .collect::<Vec<_>>()
        }),
    );
}

/// `key: value` on one line each; long ones and those of several lines have their text below the key, two blanks
/// further in. Values that were shortened are left out: a part of a value is not the value.
pub(super) fn annotations(list: Node<'_, '_>) -> Option<Value> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    let column = list.value_column();
    found.push(split_annotation(list.said()?));
    for line in list.below() {
        let indent = line.len() - line.trim_start().len();
        if indent <= column {
            found.push(split_annotation(line.trim()));
        } else if let Some((_, lines)) = found.last_mut() {
            lines.push(unindented(line, column + 2));
        }
    }
    let is_cut = |line: &&str| line.ends_with("...") && line.chars().nth(ANNOTATION_CHARS_MAX - 1).is_some();
    let map: Map<String, Value> = found
        .into_iter()
        .filter(|(key, lines)| !key.is_empty() && !lines.iter().any(is_cut))
        .map(|(key, lines)| (key, Value::from(lines.join("\n"))))
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

/// Key and first line of an annotation. Storage classes print `key=value`.
fn split_annotation(text: &str) -> (String, Vec<&str>) {
    match text.split_once(": ") {
        Some((key, value)) if !key.contains('=') => (key.to_owned(), vec![value.trim()]),
        _ => match text.strip_suffix(':').or_else(|| text.split_once('=').is_none().then_some(text)) {
            Some(key) => (key.to_owned(), Vec::new()),
            None => {
                let (key, value) = text.split_once('=').unwrap_or((text, ""));
                (key.to_owned(), vec![value.trim_end_matches(',')])
            }
        },
    }
}

/// Conditions; fields of the API by the titles of the table.
pub(super) fn conditions(root: Node<'_, '_>) -> Option<Vec<Value>> {
    let titles = [
        ("Type", "type"),
        ("Status", "status"),
        ("Reason", "reason"),
        ("Message", "message"),
        ("LastTransitionTime", "lastTransitionTime"),
        ("LastHeartbeatTime", "lastHeartbeatTime"),
        ("LastProbeTime", "lastProbeTime"),
    ];
    let rows = root.find("Conditions")?.table();
    let conditions: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut condition = json!({});
            for (title, field) in titles {
                let Some(said) = super::outline::cell(row, title) else { continue };
                let value = if field.ends_with("Time") { time(said) } else { Some(Value::from(said)) };
                put(&mut condition, field, value);
            }
            condition
        })
        .filter(|condition| condition.get("type").is_some())
        .collect();
    (!conditions.is_empty()).then_some(conditions)
}

/// The selector of a workload, with both kinds of terms.
pub(super) fn label_selector(root: Node<'_, '_>, key: &str) -> Option<Value> {
    let list: Vec<&str> = root.find(key)?.items().collect();
    selector(&list.join(","))
}

/// The number before a word: `3 desired | 2 updated` and `updated` → 2.
pub(super) fn count_before(text: &str, word: &str) -> Option<i32> {
    text.split(['|', '/']).map(str::trim).find_map(|part| part.strip_suffix(word).and_then(whole))
}

/// Node selectors: `key=value` on one line each.
pub(super) fn node_selector(root: Node<'_, '_>) -> Option<Value> {
    let list = root.find("Node-Selectors").or_else(|| root.find("Node-Selector"))?;
    pairs(list.items())
}

/// Tolerations: `key=value:Effect op=Exists for 300s` on one line each.
pub(super) fn tolerations(root: Node<'_, '_>) -> Option<Vec<Value>> {
    let tolerations: Vec<Value> = root.find("Tolerations")?.items().map(toleration).collect();
    (!tolerations.is_empty()).then_some(tolerations)
}

fn toleration(text: &str) -> Value {
    let mut toleration = json!({});
    let (text, after) = text.split_once(" for ").unwrap_or((text, ""));
    put(&mut toleration, "tolerationSeconds", after.trim().strip_suffix('s').and_then(whole));
    let (text, operator) = match text.strip_suffix("op=Exists") {
        Some(text) => (text.trim_end(), "Exists"),
        None => (text, "Equal"),
    };
    let (text, effect) = match text.rsplit_once(':') {
        Some((text, effect)) => (text, Some(effect)),
        None => (text, None),
    };
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (text, None),
    };
    put(&mut toleration, "key", Some(key).filter(|key| !key.is_empty()));
    put(&mut toleration, "operator", Some(operator));
    put(&mut toleration, "value", value);
    put(&mut toleration, "effect", effect);
    toleration
}

/// Topology spread: `zone:DoNotSchedule when max skew 1 is exceeded for selector app=x` on one line each.
pub(super) fn topology_spread(root: Node<'_, '_>) -> Option<Vec<Value>> {
    let constraints: Vec<Value> = root
        .find("Topology Spread Constraints")?
        .items()
        .filter_map(|text| {
            let (place, rest) = text.split_once(" when max skew ")?;
            let (key, otherwise) = place.rsplit_once(':')?;
            let (skew, rest) = rest.split_once(' ')?;
            let mut constraint =
                json!({ "topologyKey": key, "whenUnsatisfiable": otherwise, "maxSkew": whole(skew)? });
            let matched = rest.split_once("for selector ").and_then(|(_, text)| selector(text));
            put(&mut constraint, "labelSelector", matched);
            Some(constraint)
        })
        .collect();
    (!constraints.is_empty()).then_some(constraints)
}
