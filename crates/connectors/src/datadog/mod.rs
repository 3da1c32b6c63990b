//! Datadog: monitor webhooks, with the default payload or one built of its variables.

mod alert;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Level, Spec};

/// Datadog monitors alert payloads. Nothing is configured and nothing is read from the system itself.
pub static SPEC: Spec = Spec {
    id: "datadog",
    title: "Datadog monitors",
    level: Level::Alpha,
    signals: &[Signal::Alerts],
    decode_alert: Some(alert::decode),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
