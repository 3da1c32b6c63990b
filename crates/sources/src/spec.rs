//! The single definition of a connector: form, docs row, permissions and lists derive from it.

use midwatch_model::{Signal, Trigger};

/// How far a connector has been proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Passes conformance on fixtures.
    Alpha,
    /// Run against the real system.
    Beta,
    /// Used by a golden incident.
    Stable,
}

/// What a configuration field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// An address.
    Url,
    /// A secret: from the environment or a file, never printed.
    Secret,
    /// A path on this machine.
    Path,
    /// Any text.
    Text,
}

/// One configuration field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Key in the configuration.
    pub key: &'static str,
    /// What it is, for people.
    pub help: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it must be given.
    pub required: bool,
}

/// Turns an alert payload of one system into a trigger; `None` for a payload that is not its own.
pub type DecodeAlert = fn(&[u8]) -> Option<Trigger>;

/// The single definition of a connector.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Name in the configuration: lower case, stable.
    pub id: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// How far it has been proven.
    pub level: Level,
    /// Signals it can serve; an instance may lack some.
    pub signals: &'static [Signal],
    /// Configuration fields.
    pub config: &'static [Field],
    /// Least permissions, in the system's own words.
    pub permissions: &'static [&'static str],
    /// Every operation it performs, all of them reads.
    pub reads: &'static [&'static str],
    /// Reads this system's alert payloads, if it sends any.
    pub decode_alert: Option<DecodeAlert>,
}
