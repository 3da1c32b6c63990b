//! Datadog's monitor webhooks. The payload is the user's own template over `$VARIABLES`, so keys are matched by the
//! variable they are named after, in any spelling: `alert_transition`, `ALERT_TRANSITION`, `alertTransition`.

use std::collections::BTreeMap;

use midwatch_model::{Alert, AlertState, Trigger};
use serde_json::Value;

use crate::alerting;

/// Keys that only a template over Datadog's variables has. Two of them, or the default payload's shape, are the mark.
const OWN_KEYS: &[&str] = &[
    "alert_transition",
    "alert_cycle_key",
    "alert_metric",
    "alert_query",
    "alert_scope",
    "alert_status",
    "alert_type",
    "alert_id",
    "alert_title",
    "alert_priority",
    "aggreg_key",
    "event_msg",
    "event_title",
    "event_type",
    "last_updated",
    "org_id",
    "org_name",
    "text_only_msg",
];

/// The trigger of a Datadog monitor's payload; `None` for any other.
pub(super) fn decode(payload: &[u8]) -> Option<Trigger> {
    let object = alerting::parse::<serde_json::Map<String, Value>>(payload)?;
    let fields: BTreeMap<String, &Value> = object
        .iter()
        .filter(|(_, value)| !is_unfilled(value))
        .map(|(name, value)| (variable(name), value))
        .collect();
    let own = OWN_KEYS.iter().filter(|name| fields.contains_key(**name)).count();
    let default_shape =
        fields.get("org").is_some_and(|org| org.get("id").is_some() && org.get("name").is_some())
            && fields.contains_key("event_type")
            && fields.contains_key("last_updated");
    // A title or a transition says that something happened; two variables alone could be anybody's.
    let says_what =
        ["title", "event_title", "alert_title", "alert_transition"].iter().any(|n| fields.contains_key(*n));
    if !(says_what && (default_shape || own >= 3 || (own >= 2 && fields.contains_key("alert_transition")))) {
        return None;
    }
    alerting::trigger("datadog", vec![to_alert(&fields)])
}

/// Whether Datadog had nothing to put in: the value is empty or the variable's own name.
fn is_unfilled(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => {
            text.trim().is_empty()
                || text.strip_prefix('$').is_some_and(|name| {
                    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                })
        }
        _ => false,
    }
}

/// The key as the variable is called, in lower case: `alertTransition` and `ALERT-TRANSITION` are `alert_transition`.
fn variable(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous_is_lower = false;
    for c in name.trim().trim_start_matches('$').chars() {
        if c.is_ascii_uppercase() && previous_is_lower {
            out.push('_');
        }
        previous_is_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if matches!(c, '-' | '.' | ' ') { '_' } else { c.to_ascii_lowercase() });
    }
    out
}

fn to_alert(fields: &BTreeMap<String, &Value>) -> Alert {
    let text = |names: &[&str]| {
        names.iter().find_map(|name| fields.get(*name).and_then(|v| alerting::scalar_text(v)))
    };
    let number =
        |names: &[&str]| names.iter().find_map(|name| fields.get(*name).and_then(|v| alerting::number(v)));
    let instant =
        |names: &[&str]| names.iter().find_map(|name| fields.get(*name).and_then(|v| alerting::instant(v)));

    let title = Title::of(&text(&["alert_title", "title", "event_title"]).unwrap_or_default());
    let transition = text(&["alert_transition", "transition"]).or(title.transition);
    let state = transition.as_deref().and_then(alerting::state).unwrap_or_default();
    let labels = labels(fields, &title.scope);
    let compared = ["alert_query", "query", "alert_status"]
        .iter()
        .filter_map(|name| text(&[name]))
        .map(|text| alerting::comparison(&before_window(&text)))
        .find(|compared| compared.threshold.is_some())
        .unwrap_or_default();
    let happened = instant(&["date", "timestamp", "last_updated"]);
    Alert {
        name: title.name,
        summary: text(&["text_only_msg", "event_msg", "body", "message", "alert_status"])
            .map(|text| alerting::cut(text.trim_matches(['%', '\n', ' '])))
            .unwrap_or_default(),
        target: alerting::target(&labels).or_else(|| text(&["hostname", "host", "service"])),
        metric: text(&["alert_metric", "metric"]).or(compared.metric),
        threshold: number(&["threshold", "alert_threshold"]).or(compared.threshold),
        observed: number(&["value", "alert_value", "current_value"]),
        state,
        severity: severity(
            transition.as_deref(),
            text(&["alert_priority", "priority"]),
            text(&["alert_type"]),
        )
        .or_else(|| text(&["severity"]).and_then(|word| alerting::severity(&word)))
        .or(title.priority)
        .unwrap_or_default(),
        fired_at: happened.filter(|_| state == AlertState::Firing),
        resolved_at: happened.filter(|_| state == AlertState::Resolved),
        fingerprint: text(&["alert_cycle_key", "aggreg_key", "alert_id", "monitor_id", "id"]),
        labels,
        annotations: BTreeMap::new(),
        link: text(&["link", "event_link", "url", "alert_url"]),
    }
}

/// How bad: the monitor's priority if it is P1 to P5 (`normal` and `low` only say how loud the event is), else the
/// kind of event, where a warning transition is milder than an alert.
fn severity(
    transition: Option<&str>,
    priority: Option<String>,
    alert_type: Option<String>,
) -> Option<midwatch_model::Severity> {
    let priority = priority.filter(|word| word.len() == 2 && word.starts_with(['P', 'p']));
    if let Some(found) = priority.and_then(|word| alerting::severity(&word)) {
        return Some(found);
    }
    let warns = transition.is_some_and(|word| word.to_ascii_lowercase().contains("warn"));
    match alert_type.as_deref() {
        Some("error") if !warns => Some(midwatch_model::Severity::Critical),
        Some("error" | "warning") => Some(midwatch_model::Severity::Warning),
        _ => None,
    }
}

/// Tags, then the scope of the alert, then the scope in the title; the first that names a key wins.
fn labels(fields: &BTreeMap<String, &Value>, title_scope: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for name in ["alert_scope", "scope", "tags", "alert_tags"] {
        match fields.get(name) {
            Some(Value::String(text)) => add_tags(&mut labels, text),
            Some(Value::Array(tags)) => {
                tags.iter().filter_map(Value::as_str).for_each(|tag| alerting::insert_tag(&mut labels, tag));
            }
            _ => {}
        }
    }
    add_tags(&mut labels, title_scope);
    for name in ["service", "hostname", "host", "env"] {
        if let Some(value) = fields.get(name).and_then(|value| alerting::scalar_text(value)) {
            alerting::insert(&mut labels, name, &value);
        }
    }
    labels
}

fn add_tags(labels: &mut BTreeMap<String, String>, text: &str) {
    text.split(',')
        .map(str::trim)
        .filter(|tag| !tag.is_empty())
        .for_each(|tag| alerting::insert_tag(labels, tag));
}

/// `a.b over host:x was > 5 at least once during the last 1m` without what follows the number.
fn before_window(text: &str) -> String {
    let end = [" at least once", " on average", " at all times", " in total", " during the last"]
        .iter()
        .filter_map(|words| text.find(words))
        .min();
    end.and_then(|end| text.get(..end)).unwrap_or(text).to_owned()
}

/// A title such as `[P1] [Triggered on {service:svc-a}] Errors are high`.
struct Title {
    name: String,
    transition: Option<String>,
    scope: String,
    priority: Option<midwatch_model::Severity>,
}

impl Title {
    fn of(text: &str) -> Title {
        let mut title = Title { name: String::new(), transition: None, scope: String::new(), priority: None };
        let mut rest = text.trim();
        while let Some((mark, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            let (word, scope) = mark.split_once(" on ").unwrap_or((mark, ""));
            if alerting::state(word).is_some() || word.eq_ignore_ascii_case("warn") {
                title.transition = Some(word.to_owned());
                title.scope = scope.trim().trim_matches(['{', '}']).to_owned();
            } else if word.len() == 2 && alerting::severity(word).is_some() {
                title.priority = alerting::severity(word);
            } else if !word.eq_ignore_ascii_case("test") {
                break;
            }
            rest = after.trim_start();
        }
        title.name = alerting::cut(if rest.is_empty() { text } else { rest });
        title
    }
}
