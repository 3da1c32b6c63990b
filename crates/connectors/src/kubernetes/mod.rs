//! Kubernetes: the objects, events and last log lines of a live cluster, as its API answers them.

mod client;
mod errors;
mod infrastructure;
mod kubeconfig;
mod logs;
mod resources;
mod source;
#[cfg(test)]
mod tests;
mod trim;
mod wire;

use std::time::Duration;

use midwatch_model::Signal;
use midwatch_sources::http::Pacing;
use midwatch_sources::{Channel, Field, FieldKind, Level, Spec};

pub use source::KubernetesSource;

/// The state of a live Kubernetes cluster.
pub static SPEC: Spec = Spec {
    id: "kubernetes",
    title: "Kubernetes",
    level: Level::Alpha,
    signals: &[Signal::Infrastructure],
    channel: Channel::Library,
    config: &[
        Field::optional(
            "kubeconfig",
            FieldKind::Path,
            "file with cluster and credentials [$KUBECONFIG, ~/.kube/config, else the service account of the pod]",
        ),
        Field::optional("context", FieldKind::Text, "context of that file [its current one]"),
        Field::optional(
            "namespaces",
            FieldKind::Texts,
            "namespaces to look at, where the permissions are for these only [all]",
        ),
        Field::optional(
            "config_map_values",
            FieldKind::Flag,
            "hand over the values of config maps too, not only their keys [false]",
        ),
    ],
    permissions: &["list and get as in deploy/kubernetes/clusterrole.yaml or role.yaml"],
    reads: resources::READS,
    pacing: Pacing {
        calls_per_second: 40,
        concurrency_max: 8,
        calls_max: 2_000,
        slow: Duration::from_secs(5),
    },
    page: include_str!("README.md"),
    connect: Some(source::connect),
    ..Spec::EMPTY
};
