//! The single definition of this connector.

use midwatch_model::Signal;
use midwatch_sources::{Channel, Field, FieldKind, Level, Spec};

/// Files in a directory: metrics, logs, traces, changes, documents and the alert of one incident.
pub static SPEC: Spec = Spec {
    id: "snapshot",
    title: "Snapshot directory",
    level: Level::Beta,
    signals: &[
        Signal::Alerts,
        Signal::Metrics,
        Signal::Logs,
        Signal::Traces,
        Signal::Changes,
        Signal::Code,
        Signal::Inventory,
        Signal::Infrastructure,
        Signal::Documents,
    ],
    channel: Channel::Local,
    config: &[Field {
        key: "path",
        help: "directory that holds the incident's files",
        kind: FieldKind::Path,
        required: true,
    }],
    permissions: &["read access to the directory and the files in it"],
    reads: &["list directory", "read file", "git log --no-ext-diff (in a repository inside the directory)"],
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
