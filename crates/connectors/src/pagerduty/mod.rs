//! PagerDuty: webhooks version 3 and 2, and events as senders give them to the Events API version 2.

mod alert;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Level, Spec};

/// PagerDuty alert payloads. Nothing is configured and nothing is read from the system itself.
pub static SPEC: Spec = Spec {
    id: "pagerduty",
    title: "PagerDuty",
    level: Level::Alpha,
    signals: &[Signal::Alerts],
    decode_alert: Some(alert::decode),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
