//! Alertmanager webhook version 4, the alert list of its API version 2, and Prometheus's `/api/v1/alerts`.

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
    version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    alerts: Vec<WireAlert<'a>>,
    #[serde(default)]
    truncated_alerts: u64,
    // Grafana sends the same envelope with fields of its own.
    #[serde(borrow, default)]
    org_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct PrometheusList<'a> {
    #[serde(borrow)]
    data: PrometheusAlerts<'a>,
}

#[derive(Deserialize)]
struct PrometheusAlerts<'a> {
    #[serde(borrow)]
    alerts: Vec<WireAlert<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAlert<'a> {
    #[serde(borrow, default)]
    status: Option<Status<'a>>,
    #[serde(borrow, default)]
    state: Option<Cow<'a, str>>,
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(alias = "activeAt")]
    starts_at: Value,
    #[serde(default)]
    ends_at: Value,
    #[serde(default)]
    value: Value,
    #[serde(borrow, default, rename = "generatorURL")]
    generator_url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fingerprint: Option<Cow<'a, str>>,
    // Marks of Grafana's alerts.
    #[serde(borrow, default, rename = "silenceURL")]
    silence_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Status<'a> {
    Word(#[serde(borrow)] Cow<'a, str>),
    Object {
        #[serde(borrow)]
        state: Cow<'a, str>,
    },
}

/// The trigger of an Alertmanager or Prometheus payload; `None` for any other. Pending alerts of Prometheus are no
/// alerts yet and are left out.
pub(super) fn decode(payload: &[u8]) -> Option<Trigger> {
    let (wire, truncated) = wire_alerts(payload)?;
    if wire.iter().any(|alert| alert.silence_url.is_some() || !alert.labels.contains_key("alertname")) {
        return None;
    }
    let mut alerts: Vec<Alert> = wire.iter().filter_map(to_alert).collect();
    if let (true, Some(first)) = (truncated > 0, alerts.first_mut()) {
        first.summary = alerting::cut(&format!(
            "({truncated} more alerts were left out by the sender) {}",
            first.summary
        ));
    }
    alerting::trigger("alertmanager", alerts)
}

fn wire_alerts(payload: &[u8]) -> Option<(Vec<WireAlert<'_>>, u64)> {
    if let Some(webhook) = alerting::parse::<Webhook<'_>>(payload) {
        let ours =
            webhook.org_id.is_none() && webhook.version.as_deref().is_none_or(|version| version == "4");
        return ours.then_some((webhook.alerts, webhook.truncated_alerts));
    }
    if let Some(list) = alerting::parse::<Vec<WireAlert<'_>>>(payload) {
        return Some((list, 0));
    }
    alerting::parse::<PrometheusList<'_>>(payload).map(|list| (list.data.alerts, 0))
}

fn to_alert(wire: &WireAlert<'_>) -> Option<Alert> {
    let status = match &wire.status {
        Some(Status::Word(word) | Status::Object { state: word }) => word.as_ref(),
        None => wire.state.as_deref().unwrap_or("firing"),
    };
    if status == "pending" {
        return None;
    }
    let state = if status == "resolved" { AlertState::Resolved } else { AlertState::Firing };
    let mut labels = BTreeMap::new();
    for (name, value) in &wire.labels {
        alerting::insert(&mut labels, name, value);
    }
    let noted = |names: &[&str]| names.iter().find_map(|name| wire.annotations.get(*name));
    let noted_number = |names: &[&str]| noted(names).and_then(|text| alerting::leading_number(text));
    let rule = wire.generator_url.as_deref().and_then(expression_of).unwrap_or_default();
    let compared = alerting::comparison(&rule);
    Some(Alert {
        name: wire.labels.get("alertname").map(|name| alerting::cut(name))?,
        summary: noted(&["summary", "description", "message", "title"])
            .map(|s| alerting::cut(s))
            .unwrap_or_default(),
        target: alerting::target(&labels),
        metric: noted(&["metric"])
            .or(wire.labels.get("metric"))
            .map(|m| alerting::cut(m))
            .or(compared.metric),
        threshold: noted_number(&["threshold"])
            .or_else(|| wire.labels.get("threshold").and_then(|text| alerting::leading_number(text)))
            .or(compared.threshold),
        observed: alerting::number(&wire.value)
            .or_else(|| noted_number(&["value", "current_value", "current", "observed"])),
        state,
        severity: ["severity", "priority", "level"]
            .iter()
            .find_map(|name| wire.labels.get(*name))
            .and_then(|word| alerting::severity(word))
            .unwrap_or_default(),
        fired_at: alerting::instant(&wire.starts_at),
        // While it fires, `endsAt` is unset or the time at which silence would count as the end.
        resolved_at: alerting::instant(&wire.ends_at).filter(|_| state == AlertState::Resolved),
        fingerprint: wire.fingerprint.as_deref().and_then(alerting::non_empty),
        labels,
        annotations: alerting::annotations(&wire.annotations),
        link: wire.generator_url.as_deref().and_then(alerting::non_empty),
    })
}

/// The rule's expression out of the link back to Prometheus (`…/graph?g0.expr=…`).
fn expression_of(link: &str) -> Option<String> {
    let (_, query) = link.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("g0.expr=")).map(alerting::percent_decoded)
}
