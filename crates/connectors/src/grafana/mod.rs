//! Grafana: unified alerting webhooks and the legacy ones before version 9.

mod alert;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Level, Spec};

/// Grafana Alerting alert payloads. Nothing is configured and nothing is read from the system itself.
pub static SPEC: Spec = Spec {
    id: "grafana",
    title: "Grafana Alerting",
    level: Level::Alpha,
    signals: &[Signal::Alerts],
    decode_alert: Some(alert::decode),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
