//! The single definition of a connector: form, docs row, permissions and lists derive from it.

use std::sync::Arc;

use midwatch_model::{Signal, Trigger};

use crate::http::Pacing;
use crate::{Configured, Source, SourceError};

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

impl Level {
    /// The word used in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Alpha => "alpha",
            Level::Beta => "beta",
            Level::Stable => "stable",
        }
    }
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
    /// A whole number, not negative.
    Number,
    /// Yes or no.
    Flag,
    /// Several texts.
    Texts,
}

impl FieldKind {
    /// What a value of this kind is called in an error.
    pub fn describe(self) -> &'static str {
        match self {
            FieldKind::Url => "an address such as \"http://host:9090\"",
            FieldKind::Secret => "a text such as \"${TOKEN}\"",
            FieldKind::Path => "a path",
            FieldKind::Text => "a text",
            FieldKind::Number => "a whole number",
            FieldKind::Flag => "true or false",
            FieldKind::Texts => "a list of texts",
        }
    }
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

impl Field {
    /// A field that must be given.
    pub const fn required(key: &'static str, kind: FieldKind, help: &'static str) -> Field {
        Field { key, help, kind, required: true }
    }

    /// A field that may be left out.
    pub const fn optional(key: &'static str, kind: FieldKind, help: &'static str) -> Field {
        Field { key, help, kind, required: false }
    }
}

/// How a connector reaches its system, and so which further fields its sources have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// It does not: the system sends to us.
    None,
    /// Files and programs on this machine.
    Local,
    /// HTTP, with the shared client.
    Http,
    /// HTTP with the shared client's layers, over a library of the system's own that finds address and credentials.
    Library,
    /// A database connection.
    Sql,
}

impl Channel {
    /// The fields that every source of this channel has.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Channel::None | Channel::Local | Channel::Sql => &[],
            Channel::Http => HTTP_FIELDS,
            Channel::Library => LAYER_FIELDS,
        }
    }
}

const HTTP_FIELDS: &[Field] = &[
    Field::required("url", FieldKind::Url, "base address"),
    Field::optional("token", FieldKind::Secret, "bearer token; the usual way"),
    Field::optional("username", FieldKind::Text, "name, with password, in place of a token"),
    Field::optional("password", FieldKind::Secret, "password, with username"),
    Field::optional(
        "ca_file",
        FieldKind::Path,
        "certificates of authorities to trust besides the system's, PEM",
    ),
    Field::optional("client_certificate_file", FieldKind::Path, "own certificate and key in one PEM file"),
    TIMEOUT,
    CALLS_PER_SECOND,
];

const LAYER_FIELDS: &[Field] = &[TIMEOUT, CALLS_PER_SECOND];

const TIMEOUT: Field =
    Field::optional("timeout_s", FieldKind::Number, "how long one try may take, in seconds [10]");
const CALLS_PER_SECOND: Field = Field::optional(
    "calls_per_second",
    FieldKind::Number,
    "how often it may be asked [what the connector declares]",
);

/// Makes a source of its configuration. Nothing is sent yet.
pub type Connect = fn(&Configured) -> Result<Arc<dyn Source>, SourceError>;

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
    /// How it reaches its system.
    pub channel: Channel,
    /// Configuration fields, besides those of its channel.
    pub config: &'static [Field],
    /// Least permissions, in the system's own words.
    pub permissions: &'static [&'static str],
    /// Every operation it performs, all of them reads.
    pub reads: &'static [&'static str],
    /// How hard it may be asked.
    pub pacing: Pacing,
    /// Its page in Markdown: set-up, permissions, limits, known gaps.
    pub page: &'static str,
    /// Makes a source; `None` for a system that is not read.
    pub connect: Option<Connect>,
    /// Reads this system's alert payloads, if it sends any.
    pub decode_alert: Option<DecodeAlert>,
}

impl Spec {
    /// A spec that declares nothing yet, to be filled in.
    pub const EMPTY: Spec = Spec {
        id: "",
        title: "",
        level: Level::Alpha,
        signals: &[],
        channel: Channel::None,
        config: &[],
        permissions: &[],
        reads: &[],
        pacing: Pacing::USUAL,
        page: "",
        connect: None,
        decode_alert: None,
    };

    /// Every configuration field: those of its channel, then its own.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.channel.fields().iter().chain(self.config)
    }
}
