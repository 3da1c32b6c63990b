//! Labels, and which of them names the thing an alert is about.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::{cut, non_empty};

/// Most labels kept of one alert; later ones by order of arrival are dropped.
const LABELS_MAX: usize = 128;

/// Label keys that name the thing an alert is about, the most telling first, as [`key`] writes them. What people call
/// a service comes before what runs it, and a workload before the scrape job that found it.
const TARGET_KEYS: &[&str] = &[
    "service",
    "service_name",
    "servicename",
    "app",
    "app_name",
    "application",
    "app_kubernetes_io_name",
    "entity",
    "component",
    "workload",
    "deployment",
    "statefulset",
    "daemonset",
    "cronjob",
    "job_name",
    "job",
    "container",
    "pod",
    "pod_name",
    "queue",
    "topic",
    "database",
    "db",
    "node",
    "instance",
    "host",
    "hostname",
    "target",
];

/// The label key in one spelling: lower case, with `_` for `.`, `-`, `/` and spaces.
pub(crate) fn key(name: &str) -> String {
    name.trim()
        .chars()
        .map(|c| if matches!(c, '.' | '-' | '/' | ' ') { '_' } else { c.to_ascii_lowercase() })
        .collect()
}

/// The value of the most telling label. A value that names a metrics exporter says who measured, not what is sick,
/// and counts only when nothing else is there.
pub(crate) fn target(labels: &BTreeMap<String, String>) -> Option<String> {
    let found = |accept: &dyn Fn(&str) -> bool| {
        TARGET_KEYS.iter().find_map(|wanted| {
            labels
                .iter()
                .find(|(name, value)| key(name) == *wanted && !value.is_empty() && accept(value))
                .map(|(_, value)| value.clone())
        })
    };
    found(&|value| !crate::naming::names_an_exporter(value)).or_else(|| found(&|_| true))
}

/// Adds a label unless its name or value is empty, it is there already, or 128 are.
pub(crate) fn insert(labels: &mut BTreeMap<String, String>, name: &str, value: &str) {
    let (Some(name), Some(value)) = (non_empty(name), non_empty(value)) else { return };
    if labels.len() < LABELS_MAX {
        labels.entry(name).or_insert(value);
    }
}

/// Annotations as they came, bounded like labels.
pub(crate) fn annotations(sent: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::new();
    for (name, value) in sent {
        insert(&mut annotations, name, value);
    }
    annotations
}

/// Adds a tag written `key:value` or `key=value`; a tag without a separator is kept as `key` = `true`.
pub(crate) fn insert_tag(labels: &mut BTreeMap<String, String>, tag: &str) {
    match tag.split_once([':', '=']) {
        Some((name, value)) => insert(labels, name, value),
        None => insert(labels, tag, "true"),
    }
}

/// A JSON text, number or boolean as text; `None` for null, lists and objects.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => non_empty(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
    .map(|text| cut(&text))
}
