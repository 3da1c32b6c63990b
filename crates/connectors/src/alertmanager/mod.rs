//! Alertmanager: the alerts that fire in it, its webhook payloads, and the alert lists of Prometheus.

mod alert;
mod source;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Channel, Field, FieldKind, Level, Spec};

/// Alerts of Alertmanager, asked for or sent.
pub static SPEC: Spec = Spec {
    id: "alertmanager",
    title: "Alertmanager",
    level: Level::Beta,
    signals: &[Signal::Alerts],
    channel: Channel::Http,
    config: &[Field::optional("tenant", FieldKind::Text, "tenant, sent as X-Scope-OrgID (Mimir)")],
    permissions: &["GET /api/v2/alerts", "GET /api/v2/status"],
    reads: &["GET /api/v2/alerts", "GET /api/v2/status"],
    connect: Some(source::connect),
    decode_alert: Some(alert::decode),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
