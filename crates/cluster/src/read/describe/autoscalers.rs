//! Autoscalers, as API version `autoscaling/v2` has them.

use serde_json::{Value, json};

use super::super::values::{put, said, whole};
use super::meta::{conditions, count_before};
use super::outline::Node;

/// An autoscaler.
pub(super) fn autoscaler(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.scaleTargetRef", root.get("Reference").and_then(target));
    put(value, "spec.minReplicas", root.get("Min replicas").and_then(whole));
    put(value, "spec.maxReplicas", root.get("Max replicas").and_then(whole));
    for node in root.children().filter(|node| node.key().ends_with(" pods")) {
        // `2 current / 3 desired`
        let count = |word| count_before(node.value(), word);
        put(value, "status.currentReplicas", count("current"));
        put(value, "status.desiredReplicas", count("desired"));
    }
    put(value, "status.conditions", conditions(root));
    let lines = root.find("Metrics").into_iter().flat_map(Node::children);
    let found = lines.filter_map(|node| {
        let (now, target) = node.value().rsplit_once(" / ")?;
        Some(match node.text().strip_prefix("resource ").and_then(|rest| rest.split(' ').next()) {
            Some(resource) => metric(Some(resource), resource, now, target),
            // `"requests_per_second" on pods:`, `"queue_length" (target average value):`
            None => metric(None, node.text().split('"').nth(1).unwrap_or(node.key()), now, target),
        })
    });
    put_metrics(found, value);
}

/// `Deployment/web`, as a reference to what is scaled.
pub(in super::super) fn target(text: &str) -> Option<Value> {
    let (kind, name) = text.split_once('/')?;
    Some(json!({ "apiVersion": "", "kind": kind, "name": name }))
}

/// A metric's target and its present value, which may be unknown.
type Metric = (Value, Option<Value>);

/// Fills metrics and their present values.
pub(in super::super) fn put_metrics(found: impl Iterator<Item = Metric>, value: &mut Value) {
    let (targets, now): (Vec<Value>, Vec<Option<Value>>) = found.unzip();
    put(value, "spec.metrics", Some(targets).filter(|targets| !targets.is_empty()));
    let now: Vec<Value> = now.into_iter().flatten().collect();
    put(value, "status.currentMetrics", Some(now).filter(|now| !now.is_empty()));
}

/// A metric from what is printed of it: `80% (100m)` and `50%`. Of a resource of pods when one is given, else one
/// that pods report under a name.
pub(in super::super) fn metric(resource: Option<&str>, name: &str, now: &str, target: &str) -> Metric {
    let amount = |text: &str| {
        let mut amount = json!({});
        let text = said(text)?;
        match text.split_once('%') {
            Some((percent, _)) => put(&mut amount, "averageUtilization", Some(whole(percent)?)),
            None => put(&mut amount, "averageValue", text.split(' ').next()),
        }
        Some(amount)
    };
    let mut wanted = amount(target).unwrap_or_else(|| json!({}));
    let kind = if target.contains('%') { "Utilization" } else { "AverageValue" };
    put(&mut wanted, "type", Some(kind));
    let of = |field: &str, inner: Value| match resource {
        Some(resource) => json!({ "type": "Resource", "resource": { "name": resource, field: inner } }),
        None => json!({ "type": "Pods", "pods": { "metric": { "name": name }, field: inner } }),
    };
    (of("target", wanted), amount(now).map(|now| of("current", now)))
}

/// The metrics of a cell `TARGETS`: `cpu: 85%/80%, memory: <unknown>/200Mi + 1 more...`. Versions before 1.30 do not
/// name the resource; such metrics are called by their place.
pub(in super::super) fn metrics_of_cell(cell: &str) -> Vec<Metric> {
    let cell = cell.split(" + ").next().unwrap_or("");
    let parts: Vec<&str> = cell.split(',').map(str::trim).filter(|part| part.contains('/')).collect();
    let many = parts.len() > 1;
    let one = |(at, part): (usize, &str)| {
        let (name, amounts) = part.rsplit_once(": ").unwrap_or(("", part));
        let (now, target) = amounts.rsplit_once('/')?;
        let (now, target) = (now.trim(), target.trim_end_matches("(avg)").trim());
        let place = if many { format!("metric {}", at + 1) } else { "metric".to_owned() };
        Some(match name {
            "" if target.contains('%') => metric(Some(&place), &place, now, target),
            "" => metric(None, &place, now, target),
            resource => metric(Some(resource), resource, now, target),
        })
    };
    parts.into_iter().enumerate().filter_map(one).collect()
}

/// What an object of `autoscaling/v1` says in its own way: one target of processor use, and conditions in a note.
pub(in super::super) fn from_first_version(value: &mut Value) {
    let number = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_i64);
    let percent = |number: i64| format!("{number}%");
    if let Some(target) = number(value, "/spec/targetCPUUtilizationPercentage") {
        let now = number(value, "/status/currentCPUUtilizationPercentage");
        let now = now.map_or_else(|| "<unknown>".to_owned(), percent);
        put_metrics(std::iter::once(metric(Some("cpu"), "cpu", &now, &percent(target))), value);
    }
    let note = value.pointer("/metadata/annotations/autoscaling.alpha.kubernetes.io~1conditions");
    let conditions: Option<Vec<Value>> =
        note.and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    if value.pointer("/status/conditions").is_none() {
        put(value, "status.conditions", conditions);
    }
}
