//! PagerDuty webhooks version 3 and 2, and the events senders give to its Events API version 2.

use std::borrow::Cow;
use std::collections::BTreeMap;

use midwatch_model::{Alert, AlertState, Severity, Trigger};
use serde::Deserialize;
use serde_json::Value;

use crate::alerting;

#[derive(Deserialize)]
struct WebhookV3<'a> {
    #[serde(borrow)]
    event: EventV3<'a>,
}

#[derive(Deserialize)]
struct EventV3<'a> {
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    occurred_at: Value,
    #[serde(borrow)]
    data: Incident<'a>,
}

#[derive(Deserialize)]
struct WebhookV2<'a> {
    #[serde(borrow)]
    messages: Vec<MessageV2<'a>>,
}

#[derive(Deserialize)]
struct MessageV2<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(default)]
    created_on: Value,
    #[serde(borrow)]
    incident: Incident<'a>,
}

#[derive(Deserialize)]
struct Incident<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    html_url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    urgency: Option<Cow<'a, str>>,
    #[serde(default)]
    created_at: Value,
    #[serde(default)]
    resolved_at: Value,
    #[serde(borrow, default)]
    service: Option<Reference<'a>>,
    #[serde(borrow, default)]
    priority: Option<Reference<'a>>,
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

impl Reference<'_> {
    fn text(&self) -> Option<&str> {
        self.summary.as_deref().or(self.name.as_deref())
    }
}

#[derive(Deserialize)]
struct EventsApi<'a> {
    #[serde(borrow)]
    event_action: Cow<'a, str>,
    #[serde(borrow, default)]
    dedup_key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    client_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: EventPayload<'a>,
}

#[derive(Deserialize)]
struct EventPayload<'a> {
    #[serde(borrow)]
    summary: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(default)]
    timestamp: Value,
    #[serde(borrow, default)]
    component: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    class: Option<Cow<'a, str>>,
    #[serde(default)]
    custom_details: Value,
}

/// The trigger of a PagerDuty payload; `None` for any other, and for events that are not about an incident itself
/// (notes, responders, test pings).
pub(super) fn decode(payload: &[u8]) -> Option<Trigger> {
    let alerts = if let Some(webhook) = alerting::parse::<WebhookV3<'_>>(payload) {
        let event = webhook.event;
        let ours =
            event.event_type.starts_with("incident.") && event.data.kind.as_deref() == Some("incident");
        if !ours {
            return None;
        }
        vec![incident_alert(&event.data, event.event_type.ends_with(".resolved"), &event.occurred_at)]
    } else if let Some(webhook) = alerting::parse::<WebhookV2<'_>>(payload) {
        if webhook.messages.iter().any(|message| !message.event.starts_with("incident.")) {
            return None;
        }
        let resolves = |message: &MessageV2<'_>| message.event == "incident.resolve";
        webhook.messages.iter().map(|m| incident_alert(&m.incident, resolves(m), &m.created_on)).collect()
    } else {
        vec![event_alert(&alerting::parse::<EventsApi<'_>>(payload)?)?]
    };
    alerting::trigger("pagerduty", alerts)
}

fn incident_alert(incident: &Incident<'_>, resolves: bool, happened: &Value) -> Alert {
    let resolved = resolves || incident.status.as_deref() == Some("resolved");
    let title = [&incident.title, &incident.summary, &incident.description]
        .into_iter()
        .find_map(|text| text.as_deref().and_then(alerting::non_empty));
    let details = Details::of(incident.body.get("details").unwrap_or(&Value::Null));
    let mut labels = details.labels;
    if let Some(service) = incident.service.as_ref().and_then(Reference::text) {
        alerting::insert(&mut labels, "pagerduty_service", service);
    }
    let urgency = incident.urgency.as_deref();
    Alert {
        name: title.clone().unwrap_or_else(|| alerting::cut(&incident.id)),
        summary: details.text.or(title).unwrap_or_default(),
        // What the monitor said about itself is nearer than the name of the on-call service.
        target: alerting::target(&labels).or_else(|| labels.get("pagerduty_service").cloned()),
        metric: details.metric,
        threshold: details.threshold,
        observed: details.observed,
        state: if resolved { AlertState::Resolved } else { AlertState::Firing },
        severity: incident
            .priority
            .as_ref()
            .and_then(Reference::text)
            .and_then(alerting::severity)
            .or_else(|| urgency.and_then(alerting::severity))
            .unwrap_or_default(),
        fired_at: alerting::instant(&incident.created_at),
        resolved_at: alerting::instant(&incident.resolved_at)
            .or_else(|| alerting::instant(happened))
            .filter(|_| resolved),
        fingerprint: alerting::non_empty(&incident.id),
        labels,
        annotations: BTreeMap::new(),
        link: incident.html_url.as_deref().and_then(alerting::non_empty),
    }
}

fn event_alert(event: &EventsApi<'_>) -> Option<Alert> {
    let resolved = match event.event_action.as_ref() {
        "trigger" | "acknowledge" => false,
        "resolve" => true,
        _ => return None,
    };
    let payload = &event.payload;
    let details = Details::of(&payload.custom_details);
    let mut labels = details.labels;
    let target = alerting::target(&labels);
    for (name, value) in
        [("component", &payload.component), ("group", &payload.group), ("class", &payload.class)]
    {
        if let Some(value) = value.as_deref() {
            alerting::insert(&mut labels, name, value);
        }
    }
    alerting::insert(&mut labels, "source", &payload.source);
    let component = payload.component.as_deref().and_then(alerting::non_empty);
    let happened = alerting::instant(&payload.timestamp);
    Some(Alert {
        name: alerting::cut(payload.class.as_deref().unwrap_or(&payload.summary)),
        summary: alerting::cut(&payload.summary),
        target: target.or(component).or_else(|| alerting::non_empty(&payload.source)),
        metric: details.metric,
        threshold: details.threshold,
        observed: details.observed,
        state: if resolved { AlertState::Resolved } else { AlertState::Firing },
        severity: match payload.severity.as_ref() {
            "warning" => Severity::Warning,
            "info" => Severity::Info,
            _ => Severity::Critical,
        },
        fired_at: happened.filter(|_| !resolved),
        resolved_at: happened.filter(|_| resolved),
        fingerprint: event.dedup_key.as_deref().and_then(alerting::non_empty),
        labels,
        annotations: BTreeMap::new(),
        link: event.client_url.as_deref().and_then(alerting::non_empty),
    })
}

/// What a sender's free-form details say, one level deep.
#[derive(Default)]
struct Details {
    labels: BTreeMap<String, String>,
    text: Option<String>,
    metric: Option<String>,
    threshold: Option<f64>,
    observed: Option<f64>,
}

impl Details {
    fn of(value: &Value) -> Details {
        let mut details = Details { text: alerting::scalar_text(value), ..Details::default() };
        for (name, value) in value.as_object().into_iter().flatten() {
            let Some(text) = alerting::scalar_text(value) else { continue };
            alerting::insert(&mut details.labels, name, &text);
            match alerting::key(name).as_str() {
                "metric" | "metric_name" => details.metric = Some(text),
                "threshold" => details.threshold = alerting::number(value),
                "value" | "current_value" | "current" | "observed" => {
                    details.observed = alerting::number(value)
                }
                "description" | "message" => details.text = Some(text),
                _ => {}
            }
        }
        details
    }
}
