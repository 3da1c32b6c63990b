//! Grafana's unified alerting webhook (versions 8 to 12) and the legacy one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use midwatch_model::{Alert, AlertState, Trigger};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::alerting;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook<'a> {
    #[serde(borrow, default)]
    org_id: Option<&'a RawValue>,
    #[serde(borrow)]
    alerts: Vec<WireAlert<'a>>,
    #[serde(default)]
    truncated_alerts: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAlert<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    starts_at: Value,
    #[serde(default)]
    ends_at: Value,
    #[serde(default)]
    values: Option<BTreeMap<String, Option<f64>>>,
    #[serde(borrow, default)]
    value_string: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fingerprint: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "silenceURL")]
    silence_url: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "panelURL")]
    panel_url: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "dashboardURL")]
    dashboard_url: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "generatorURL")]
    generator_url: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Legacy<'a> {
    #[serde(borrow)]
    rule_name: Cow<'a, str>,
    rule_id: i64,
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(borrow, default)]
    rule_url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    eval_matches: Option<Vec<EvalMatch<'a>>>,
}

#[derive(Deserialize)]
struct EvalMatch<'a> {
    #[serde(default)]
    value: Value,
    #[serde(borrow, default)]
    metric: Option<Cow<'a, str>>,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
}

/// The trigger of a Grafana payload, unified or legacy; `None` for any other.
pub(super) fn decode(payload: &[u8]) -> Option<Trigger> {
    if let Some(webhook) = alerting::parse::<Webhook<'_>>(payload) {
        let ours = webhook.org_id.is_some() || webhook.alerts.iter().any(|alert| alert.silence_url.is_some());
        let mut alerts: Vec<Alert> = webhook.alerts.iter().filter(|_| ours).map(to_alert).collect();
        if let (true, Some(first)) = (webhook.truncated_alerts > 0, alerts.first_mut()) {
            let count = webhook.truncated_alerts;
            first.summary = alerting::cut(&format!(
                "({count} more alerts were left out by the sender) {}",
                first.summary
            ));
        }
        return alerting::trigger("grafana", alerts);
    }
    let legacy = alerting::parse::<Legacy<'_>>(payload)?;
    alerting::trigger("grafana", vec![legacy_alert(&legacy)])
}

fn to_alert(wire: &WireAlert<'_>) -> Alert {
    let state = alerting::state(&wire.status).unwrap_or_default();
    let mut labels = BTreeMap::new();
    for (name, value) in &wire.labels {
        alerting::insert(&mut labels, name, value);
    }
    let noted = |names: &[&str]| names.iter().find_map(|name| wire.annotations.get(*name));
    let noted_number = |names: &[&str]| noted(names).and_then(|text| alerting::leading_number(text));
    let samples = wire.value_string.as_deref().map(samples).unwrap_or_default();
    let first = samples.iter().find(|sample| !sample.metric.is_empty()).or(samples.first());
    // Grafana renames the alert when its query fails or answers nothing; the rule's own name is in `rulename`.
    let name = ["rulename", "alertname"].iter().find_map(|name| wire.labels.get(*name)).map(String::as_str);
    Alert {
        name: alerting::cut(name.unwrap_or("Grafana alert")),
        summary: noted(&["summary", "description", "message"])
            .map(|text| alerting::cut(text))
            .unwrap_or_default(),
        target: alerting::target(&labels),
        metric: noted(&["metric"])
            .or(wire.labels.get("metric"))
            .or(wire.labels.get("__name__"))
            .map(|metric| alerting::cut(metric))
            .or_else(|| first.and_then(|sample| alerting::non_empty(sample.metric))),
        threshold: noted_number(&["threshold"])
            .or_else(|| wire.labels.get("threshold").and_then(|text| alerting::leading_number(text))),
        observed: noted_number(&["value", "current_value", "current", "observed"])
            .or_else(|| wire.values.as_ref().and_then(first_value))
            .or_else(|| first.and_then(|sample| sample.value)),
        state,
        severity: ["severity", "priority", "level"]
            .iter()
            .find_map(|name| wire.labels.get(*name))
            .and_then(|word| alerting::severity(word))
            .unwrap_or_default(),
        fired_at: alerting::instant(&wire.starts_at),
        resolved_at: alerting::instant(&wire.ends_at).filter(|_| state == AlertState::Resolved),
        fingerprint: wire.fingerprint.as_deref().and_then(alerting::non_empty),
        labels,
        annotations: alerting::annotations(&wire.annotations),
        link: [&wire.panel_url, &wire.dashboard_url, &wire.generator_url]
            .into_iter()
            .find_map(|link| link.as_deref().and_then(alerting::non_empty)),
    }
}

/// The first value by query letter: queries and reductions come before the condition, whose value is only 0 or 1.
fn first_value(values: &BTreeMap<String, Option<f64>>) -> Option<f64> {
    values.values().flatten().copied().find(|value| value.is_finite())
}

struct Sample<'a> {
    metric: &'a str,
    value: Option<f64>,
}

/// The parts of `[ var='B0' metric='a' labels={b=c} value=7.5 ], [ … ]`, at most 64 of them.
fn samples(text: &str) -> Vec<Sample<'_>> {
    text.split("], [")
        .take(64)
        .map(|part| {
            let metric = part.split_once("metric='").and_then(|(_, rest)| rest.split_once('\''));
            let value = part.rsplit_once("value=").map(|(_, rest)| rest.trim_end_matches([']', ' ']));
            Sample {
                metric: metric.map_or("", |(metric, _)| metric),
                value: value.and_then(alerting::leading_number),
            }
        })
        .collect()
}

fn legacy_alert(wire: &Legacy<'_>) -> Alert {
    let mut labels = BTreeMap::new();
    for (name, value) in &wire.tags {
        alerting::insert(&mut labels, name, value);
    }
    let first = wire.eval_matches.as_deref().unwrap_or_default().first();
    for (name, value) in first.and_then(|found| found.tags.as_ref()).into_iter().flatten() {
        alerting::insert(&mut labels, name, value);
    }
    Alert {
        name: alerting::cut(&wire.rule_name),
        summary: wire.message.as_deref().map(alerting::cut).unwrap_or_default(),
        target: alerting::target(&labels),
        metric: first.and_then(|found| found.metric.as_deref()).and_then(alerting::non_empty),
        threshold: None,
        observed: first.and_then(|found| alerting::number(&found.value)),
        state: alerting::state(&wire.state).unwrap_or_default(),
        severity: labels.get("severity").and_then(|word| alerting::severity(word)).unwrap_or_default(),
        fired_at: None,
        resolved_at: None,
        fingerprint: Some(wire.rule_id.to_string()),
        labels,
        annotations: BTreeMap::new(),
        link: wire.rule_url.as_deref().and_then(alerting::non_empty),
    }
}
