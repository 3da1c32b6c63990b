//! Limits of namespaces, budgets, and network policies.

use serde_json::{Map, Value, json};

use super::super::values::{port, put, selector, whole};
use super::meta::label_selector;
use super::outline::{Node, Row, cell, rows};

/// A quota: a table `Resource  Used  Hard` that begins at the first column.
pub(super) fn quota(root: Node<'_, '_>, value: &mut Value) {
    let header =
        root.children().find(|node| node.text().starts_with("Resource ") && node.text().contains("Hard"));
    let Some(header) = header else { return };
    let lines = root
        .children()
        .map(|node| node.raw())
        .skip_while(|line| !std::ptr::eq(*line, header.raw()))
        .skip(1)
        .take_while(|line| !line.starts_with("Events:"));
    fill_quota(rows(header.raw(), lines), value);
}

fn fill_quota(rows: Vec<Row<'_>>, value: &mut Value) {
    let (mut used, mut hard) = (Map::new(), Map::new());
    for row in rows {
        let Some(resource) = cell(&row, "Resource") else { continue };
        used.extend(cell(&row, "Used").map(|amount| (resource.to_owned(), Value::from(amount))));
        hard.extend(cell(&row, "Hard").map(|amount| (resource.to_owned(), Value::from(amount))));
    }
    put(value, "spec.hard", Some(hard.clone()));
    put(value, "status.hard", Some(hard));
    put(value, "status.used", Some(used));
}

/// Quotas in the description of a namespace, by name. Each begins with its name, its table follows.
pub(super) fn quotas_of_namespace<'a>(root: Node<'a, '_>) -> Vec<(&'a str, Value)> {
    let Some(list) = root.find("Resource Quotas").or_else(|| root.find("Resource quotas")) else {
        return Vec::new();
    };
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for node in list.children() {
        match (node.key(), found.last_mut()) {
            ("Name", _) => found.push((node.value(), Vec::new())),
            (_, Some((_, lines))) => lines.push(node.raw()),
            _ => {}
        }
    }
    found
        .into_iter()
        .map(|(name, lines)| {
            let mut value = json!({});
            let mut lines = lines.into_iter();
            if let Some(header) = lines.next() {
                fill_quota(rows(header, lines), &mut value);
            }
            (name, value)
        })
        .collect()
}

/// Defaults and bounds of a namespace: one row for every type and resource; `-` is nothing.
pub(super) fn limit_range(root: Node<'_, '_>, value: &mut Value) {
    let mut lines = root.children().map(|node| node.raw()).skip_while(|line| !line.starts_with("Type "));
    let Some(header) = lines.next() else { return };
    let rows = rows(header, lines.take_while(|line| !line.starts_with("Events:")));
    let mut limits: Vec<Value> = Vec::new();
    for row in rows {
        let cell = |title| cell(&row, title).filter(|cell| *cell != "-");
        let (Some(kind), Some(resource)) = (cell("Type"), cell("Resource")) else { continue };
        if limits.last().and_then(|last| last.get("type")?.as_str()) != Some(kind) {
            limits.push(json!({ "type": kind }));
        }
        let Some(Value::Object(limit)) = limits.last_mut() else { continue };
        for (title, field) in [
            ("Min", "min"),
            ("Max", "max"),
            ("Default Request", "defaultRequest"),
            ("Default Limit", "default"),
            ("Max Limit/Request Ratio", "maxLimitRequestRatio"),
        ] {
            let Some(amount) = cell(title) else { continue };
            let amounts = limit.entry(field).or_insert_with(|| json!({}));
            if let Some(amounts) = amounts.as_object_mut() {
                amounts.insert(resource.to_owned(), Value::from(amount));
            }
        }
    }
    put(value, "spec.limits", Some(limits));
}

/// A disruption budget.
pub(super) fn budget(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.minAvailable", root.get("Min available").and_then(port));
    put(value, "spec.maxUnavailable", root.get("Max unavailable").and_then(port));
    put(value, "spec.selector", label_selector(root, "Selector"));
    let Some(status) = root.find("Status") else { return };
    for (key, field) in [
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ] {
        put(value, &format!("status.{field}"), status.get(key).and_then(whole));
    }
}

/// A priority class.
pub(super) fn priority_class(root: Node<'_, '_>, value: &mut Value) {
    put(value, "value", root.get("Value").and_then(whole));
    put(value, "globalDefault", root.get("GlobalDefault").map(|word| word == "true"));
    put(value, "preemptionPolicy", root.get("PreemptionPolicy"));
    put(value, "description", root.get("Description"));
}

/// A network policy.
pub(super) fn network_policy(root: Node<'_, '_>, value: &mut Value) {
    let Some(spec) = root.find("Spec") else { return };
    let chosen = spec.find("PodSelector").map(|list| {
        let text = list.value().split(" (").next().unwrap_or("");
        selector(text).unwrap_or_else(|| json!({}))
    });
    put(value, "spec.podSelector", chosen);
    let types: Option<Vec<&str>> =
        spec.get("Policy Types").map(|text| text.split(',').map(str::trim).collect());
    put(value, "spec.policyTypes", types);
    for (key, field, peers) in
        [("Allowing ingress traffic", "ingress", "from"), ("Allowing egress traffic", "egress", "to")]
    {
        put(value, &format!("spec.{field}"), spec.find(key).map(|node| traffic(node, peers)));
    }
}

/// Rules, between lines of dashes: ports, then peers. `<any>` is no restriction; `<none>` is no rule at all.
fn traffic(list: Node<'_, '_>, peers_field: &str) -> Vec<Value> {
    let mut rules: Vec<Value> = Vec::new();
    let mut rule = json!({});
    let mut is_rule = false;
    for node in list.children() {
        if node.text().starts_with("<none>") {
            return Vec::new();
        }
        if node.text().starts_with("---") {
            rules.push(std::mem::replace(&mut rule, json!({})));
            is_rule = false;
            continue;
        }
        is_rule = true;
        let said_any = node.value().starts_with("<any>");
        match node.key() {
            "To Port" if !said_any => {
                let Some((number, protocol)) = node.value().split_once('/') else { continue };
                let mut entry = json!({ "protocol": protocol });
                put(&mut entry, "port", port(number));
                append(&mut rule, "ports", entry);
            }
            "From" | "To" if !said_any => {
                append_peer(&mut rule, peers_field, node);
            }
            _ => {}
        }
    }
    if is_rule {
        rules.push(rule);
    }
    rules
}

fn append_peer(rule: &mut Value, field: &str, node: Node<'_, '_>) {
    let mut peer = json!({});
    for child in node.children() {
        let any = || selector(child.value()).unwrap_or_else(|| json!({}));
        match child.key() {
            "NamespaceSelector" => put(&mut peer, "namespaceSelector", Some(any())),
            "PodSelector" => put(&mut peer, "podSelector", Some(any())),
            "IPBlock" => {
                put(&mut peer, "ipBlock.cidr", child.get("CIDR"));
                let except: Option<Vec<&str>> =
                    child.get("Except").map(|text| text.split(',').map(str::trim).collect());
                put(&mut peer, "ipBlock.except", except);
            }
            _ => {}
        }
    }
    append(rule, field, peer);
}

fn append(value: &mut Value, field: &str, item: Value) {
    if let Some(fields) = value.as_object_mut()
        && let Value::Array(items) = fields.entry(field).or_insert_with(|| json!([]))
    {
        items.push(item);
    }
}
