//! Prometheus and what speaks its HTTP API: VictoriaMetrics, Thanos, Mimir.

mod alerts;
mod batch;
mod choose;
mod client;
mod errors;
mod metrics;
mod plan;
mod promql;
mod sampling;
mod source;
mod subjects;
#[cfg(test)]
mod tests;

use midwatch_model::Signal;
use midwatch_sources::http::Pacing;
use midwatch_sources::{Channel, Field, FieldKind, Level, Spec};

pub use source::PrometheusSource;

/// Metrics and firing alerts of Prometheus, VictoriaMetrics, Thanos and Mimir.
pub static SPEC: Spec = Spec {
    id: "prometheus",
    title: "Prometheus, VictoriaMetrics, Thanos, Mimir",
    level: Level::Beta,
    signals: &[Signal::Metrics, Signal::Alerts],
    channel: Channel::Http,
    config: &[
        Field::optional("tenant", FieldKind::Text, "tenant, sent as X-Scope-OrgID (Mimir)"),
        Field::optional(
            "selector",
            FieldKind::Text,
            "matchers every query is narrowed by, such as env=\"prod\",cluster=\"eu-1\"",
        ),
    ],
    permissions: &["GET below /api/v1/"],
    reads: &[
        "GET /api/v1/query",
        "POST /api/v1/query",
        "GET /api/v1/query_range",
        "POST /api/v1/query_range",
        "GET /api/v1/series",
        "POST /api/v1/series",
        "GET /api/v1/labels",
        "GET /api/v1/label/{name}/values",
        "GET /api/v1/metadata",
        "GET /api/v1/rules",
        "GET /api/v1/alerts",
        "GET /api/v1/status/buildinfo",
    ],
    pacing: Pacing { calls_per_second: 40, ..Pacing::USUAL },
    connect: Some(source::connect),
    page: include_str!("README.md"),
    ..Spec::EMPTY
};
