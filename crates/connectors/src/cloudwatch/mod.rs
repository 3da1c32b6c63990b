//! Amazon CloudWatch: alarms through SNS, EventBridge or a Lambda function.

mod alert;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::{Level, Spec};

/// Amazon CloudWatch alarms alert payloads. Nothing is configured and nothing is read from the system itself.
pub static SPEC: Spec = Spec {
    id: "cloudwatch",
    title: "Amazon CloudWatch alarms",
    level: Level::Alpha,
    signals: &[Signal::Alerts],
    decode_alert: Some(alert::decode),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
