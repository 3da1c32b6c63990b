//! Alertmanager: webhook payloads, its API's alert lists, and Prometheus's own.

mod alert;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Level, Spec};

/// Alertmanager alert payloads. Nothing is configured and nothing is read from the system itself.
pub static SPEC: Spec = Spec {
    id: "alertmanager",
    title: "Alertmanager",
    level: Level::Alpha,
    signals: &[Signal::Alerts],
    decode_alert: Some(alert::decode),
    ..Spec::EMPTY
};
