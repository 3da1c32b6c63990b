//! A JSON object, or a list of them, that says what is wrong in common words; Opsgenie's webhook is one of them.

use std::collections::BTreeMap;

use midwatch_model::{Alert, AlertState, Trigger};
use serde_json::{Map, Value};

use crate::alerting;

// Keys by meaning, the most telling first, as `alerting::key` writes them with camel case split.
const NAME: &[&str] = &[
    "alertname",
    "alert_name",
    "monitor",
    "monitor_name",
    "rule",
    "rule_name",
    "check",
    "check_name",
    "alert",
];
const TITLE: &[&str] = &["title", "name", "subject", "problem_title"];
const SUMMARY: &[&str] = &["summary", "message", "description", "text", "body", "details", "reason"];
const TARGET: &[&str] = &[
    "service",
    "service_name",
    "entity",
    "target",
    "component",
    "app",
    "application",
    "workload",
    "deployment",
    "resource",
    "job",
    "pod",
    "queue",
    "database",
    "node",
    "instance",
    "host",
    "hostname",
];
const METRIC: &[&str] = &["metric", "metric_name", "measure", "signal"];
const THRESHOLD: &[&str] = &["threshold", "limit", "threshold_value"];
const OBSERVED: &[&str] = &["observed", "value", "current", "current_value", "observed_value", "actual"];
const CONDITION: &[&str] = &["condition", "expression", "expr", "query"];
const FIRED: &[&str] = &[
    "fired_at",
    "started_at",
    "starts_at",
    "triggered_at",
    "start_time",
    "created_at",
    "opened_at",
    "active_at",
    "timestamp",
    "time",
    "date",
    "at",
];
const RESOLVED: &[&str] = &["resolved_at", "ended_at", "ends_at", "end_time", "closed_at"];
const STATE: &[&str] = &["status", "state", "action", "event"];
const SEVERITY: &[&str] = &["severity", "priority", "level", "urgency"];
const FINGERPRINT: &[&str] =
    &["fingerprint", "dedup_key", "dedupe_key", "alias", "alert_id", "incident_key", "external_id", "id"];
const LINK: &[&str] = &["link", "url", "html_url", "generator_url", "source_url"];
const LABELS: &[&str] = &["labels", "tags", "dimensions", "common_labels", "attributes"];
const ANNOTATIONS: &[&str] = &["annotations", "common_annotations"];
const NESTED: &[&str] = &["annotations", "details", "common_annotations"];

/// Parts of one alert, by key; an inner object's fields come before those around it.
type Fields<'a> = BTreeMap<String, &'a Value>;

/// The trigger of plain JSON that names a problem (a name, title, summary or metric) and at least one thing about it
/// (where, when, how bad, which value); `None` for anything else. Every element of a list must be such an object.
pub(super) fn decode(payload: &[u8]) -> Option<Trigger> {
    let value = alerting::parse::<Value>(payload)?;
    let around = value.as_object().map(fields).unwrap_or_default();
    let items: Vec<&Value> = match &value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(object) => {
            match ["alerts", "incidents", "events"].iter().find_map(|name| object.get(*name)) {
                Some(Value::Array(items)) => items.iter().collect(),
                _ => vec![
                    ["alert", "incident"]
                        .iter()
                        .find_map(|n| object.get(*n))
                        .filter(|v| v.is_object())
                        .unwrap_or(&value),
                ],
            }
        }
        _ => return None,
    };
    let alerts =
        items.into_iter().map(|item| to_alert(item.as_object()?, &around)).collect::<Option<Vec<_>>>()?;
    alerting::trigger("plain", alerts)
}

fn fields(object: &Map<String, Value>) -> Fields<'_> {
    let mut fields = Fields::new();
    for (name, value) in object {
        if !value.is_null() {
            fields.entry(snake(name)).or_insert(value);
        }
    }
    fields
}

/// The key in one spelling: `startsAt`, `StartsAt` and `starts-at` are `starts_at`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous_is_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_is_lower {
            out.push('_');
        }
        previous_is_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c);
    }
    alerting::key(&out)
}

fn to_alert(object: &Map<String, Value>, around: &Fields<'_>) -> Option<Alert> {
    let mut all = fields(object);
    let nested = |name: &&String| NESTED.contains(&snake(name).as_str());
    for (_, inner) in object.iter().filter(|(name, _)| nested(name)) {
        for (name, value) in inner.as_object().map(fields).unwrap_or_default() {
            all.entry(name).or_insert(value);
        }
    }
    let labels = pairs(object, LABELS);
    let own_target = text(&all, TARGET);
    for name in STATE.iter().chain(SEVERITY).chain(FIRED) {
        if let Some(value) = around.get(*name) {
            all.entry((*name).to_owned()).or_insert(value);
        }
    }

    let title = text(&all, TITLE);
    let summary = text(&all, SUMMARY);
    let compared = text(&all, CONDITION).map(|text| alerting::comparison(&text)).unwrap_or_default();
    let threshold_text = text(&all, THRESHOLD).map(|text| alerting::comparison(&text)).unwrap_or_default();
    let label = |name: &str| labels.get(name).cloned();
    let metric = text(&all, METRIC).or_else(|| label("metric")).or(compared.metric);
    let named = text(&all, NAME).or_else(|| label("alertname")).or_else(|| title.clone());
    let target = own_target.or_else(|| alerting::target(&labels));
    let threshold = number(&all, THRESHOLD).or(threshold_text.threshold).or(compared.threshold);
    let observed = number(&all, OBSERVED);
    let said_state = text(&all, STATE).and_then(|word| alerting::state(&word));
    let resolved_at = instant(&all, RESOLVED);
    let severity =
        text(&all, SEVERITY).or_else(|| label("severity")).and_then(|word| alerting::severity(&word));
    let fired_at = instant(&all, FIRED);

    // A sentence with a time is any message; with a place or a severity it is somebody's alert.
    let placed = target.is_some() || severity.is_some();
    let measured = threshold.is_some() || observed.is_some() || fired_at.is_some() || said_state.is_some();
    let name = match named.or_else(|| summary.clone().filter(|_| placed)).or_else(|| metric.clone()) {
        Some(name) if placed || measured => name,
        _ => return None,
    };
    let ended = said_state.is_none() && resolved_at.is_some();
    let state = said_state.unwrap_or(if ended { AlertState::Resolved } else { AlertState::Firing });
    Some(Alert {
        name,
        summary: summary.or(title).unwrap_or_default(),
        target,
        metric,
        threshold,
        observed,
        state,
        severity: severity.unwrap_or_default(),
        fired_at,
        resolved_at: resolved_at.filter(|_| state == AlertState::Resolved),
        fingerprint: text(&all, FINGERPRINT),
        labels,
        annotations: annotations(object, &all),
        link: text(&all, LINK),
    })
}

/// What is sent as annotations, and the sentences beside the one that became the summary.
fn annotations(object: &Map<String, Value>, all: &Fields<'_>) -> BTreeMap<String, String> {
    let mut annotations = pairs(object, ANNOTATIONS);
    let sentences = SUMMARY.iter().filter_map(|name| Some((*name, alerting::scalar_text(all.get(*name)?)?)));
    for (name, sentence) in sentences.skip(1) {
        alerting::insert(&mut annotations, name, &sentence);
    }
    annotations
}

/// The texts below keys called one of `names`.
fn pairs(object: &Map<String, Value>, names: &[&str]) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (_, value) in object.iter().filter(|(name, _)| names.contains(&snake(name).as_str())) {
        match value {
            Value::Object(pairs) => {
                for (name, value) in pairs {
                    if let Some(text) = alerting::scalar_text(value) {
                        alerting::insert(&mut labels, name, &text);
                    }
                }
            }
            Value::Array(tags) => {
                tags.iter().filter_map(Value::as_str).for_each(|tag| alerting::insert_tag(&mut labels, tag));
            }
            Value::String(tags) => tags.split(',').for_each(|tag| alerting::insert_tag(&mut labels, tag)),
            _ => {}
        }
    }
    labels
}

fn text(fields: &Fields<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| fields.get(*name).and_then(|value| alerting::scalar_text(value)))
}

fn number(fields: &Fields<'_>, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|name| fields.get(*name).and_then(|value| alerting::number(value)))
}

fn instant(fields: &Fields<'_>, names: &[&str]) -> Option<jiff::Timestamp> {
    names.iter().find_map(|name| fields.get(*name).and_then(|value| alerting::instant(value)))
}
