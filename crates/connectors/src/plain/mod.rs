//! Plain JSON: whatever says what, where or when in common words. Last in the list, as it accepts the most.

mod alert;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Level, Spec};

/// Plain JSON alert payloads. Nothing is configured and nothing is read from the system itself.
pub static SPEC: Spec = Spec {
    id: "plain",
    title: "Plain JSON",
    level: Level::Alpha,
    signals: &[Signal::Alerts],
    decode_alert: Some(alert::decode),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
