//! Requests and the wire's own shapes: one function an endpoint.
//!
//! The HTTP API version 1, as Prometheus documents it and VictoriaMetrics, Thanos and Mimir serve it too.

use std::collections::BTreeMap;
use std::time::Duration;

use midwatch_model::Window;
use midwatch_sources::SourceError;
use midwatch_sources::http::{Body, HttpClient, Request, segment};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What every answer is wrapped in.
#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    data: Option<T>,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

/// Data, and what the server has to say of it: a part of a federation did not answer, say.
#[derive(Debug)]
pub(super) struct Answered<T> {
    pub(super) data: T,
    pub(super) warnings: Vec<String>,
}

/// A series of a range or instant query.
#[derive(Debug, Deserialize)]
pub(super) struct WireSeries {
    pub(super) metric: BTreeMap<String, String>,
    /// Range query: seconds and value.
    #[serde(default)]
    pub(super) values: Vec<(f64, String)>,
    /// Instant query: seconds and value.
    #[serde(default)]
    pub(super) value: Option<(f64, String)>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum WireResult {
    Matrix(Vec<WireSeries>),
    Vector(Vec<WireSeries>),
    Scalar((f64, String)),
    String(serde::de::IgnoredAny),
}

/// Type, help and unit of a metric family.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WireMetadata {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) unit: String,
}

/// `/api/v1/rules`.
#[derive(Debug, Deserialize)]
pub(super) struct WireRules {
    #[serde(default)]
    pub(super) groups: Vec<WireGroup>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireGroup {
    #[serde(default)]
    pub(super) rules: Vec<WireRule>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRule {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) query: String,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
}

/// `/api/v1/status/buildinfo`.
#[derive(Debug, Deserialize)]
pub(super) struct WireBuild {
    #[serde(default)]
    pub(super) version: String,
}

async fn ask<T: DeserializeOwned>(client: &HttpClient, request: Request) -> Result<Answered<T>, SourceError> {
    let envelope: Envelope<T> = client.json(&request).await?;
    if envelope.status != "success" {
        return Err(client.malformed(
            &request.operation,
            &format!("its status is {:?}: {}", envelope.status, envelope.error),
        ));
    }
    match envelope.data {
        Some(data) => Ok(Answered { data, warnings: envelope.warnings }),
        None => Err(client.malformed(&request.operation, "it has no `data`")),
    }
}

/// Bytes of parameters up to which they go into the address; longer ones are a form, which no proxy cuts.
const ADDRESS_BYTES_MAX: usize = 1_500;

/// A request that may have many or long parameters.
fn long(
    operation: &str,
    path: &str,
    parameters: Vec<(String, String)>,
    deadline: Option<Duration>,
) -> Request {
    let bytes: usize = parameters.iter().map(|(key, value)| key.len() + value.len()).sum();
    let request = if bytes > ADDRESS_BYTES_MAX {
        Request::post(operation, path, Body::Form(parameters))
    } else {
        Request { query: parameters, ..Request::get(operation, path) }
    };
    request.within(deadline)
}

fn parameter(key: &str, value: impl Into<String>) -> (String, String) {
    (key.to_owned(), value.into())
}

/// Seconds with a fraction, as the API takes times.
pub(super) fn seconds(ns: i64) -> String {
    let (whole, rest) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
    if rest == 0 { whole.to_string() } else { format!("{whole}.{:03}", rest / 1_000_000) }
}

/// The series of `query` at an instant; a scalar is a series without labels.
pub(super) async fn query(
    client: &HttpClient,
    query: &str,
    at_ns: Option<i64>,
    deadline: Option<Duration>,
) -> Result<Answered<Vec<WireSeries>>, SourceError> {
    let mut parameters = vec![parameter("query", query)];
    parameters.extend(at_ns.map(|at| parameter("time", seconds(at))));
    let request = long("evaluate a query", "/api/v1/query", parameters, deadline);
    let answered: Answered<WireResult> = ask(client, request).await?;
    let data = match answered.data {
        WireResult::Vector(series) | WireResult::Matrix(series) => series,
        WireResult::Scalar(value) => {
            vec![WireSeries { metric: BTreeMap::new(), values: Vec::new(), value: Some(value) }]
        }
        WireResult::String(_) => Vec::new(),
    };
    Ok(Answered { data, warnings: answered.warnings })
}

/// The series of `query` from `from_ns` to `to_ns`, both included, every `step_ns`.
pub(super) async fn query_range(
    client: &HttpClient,
    query: &str,
    (from_ns, to_ns, step_ns): (i64, i64, i64),
    deadline: Option<Duration>,
) -> Result<Answered<Vec<WireSeries>>, SourceError> {
    let parameters = vec![
        parameter("query", query),
        parameter("start", seconds(from_ns)),
        parameter("end", seconds(to_ns)),
        parameter("step", seconds(step_ns)),
    ];
    let request = long("evaluate a query over time", "/api/v1/query_range", parameters, deadline);
    let answered: Answered<WireResult> = ask(client, request).await?;
    match answered.data {
        WireResult::Matrix(data) => Ok(Answered { data, warnings: answered.warnings }),
        _ => Err(client.malformed("evaluate a query over time", "its result is no matrix")),
    }
}

/// Names of the metrics that have samples in the window and match one of `selectors` (all when there are none).
pub(super) async fn metric_names(
    client: &HttpClient,
    selectors: &[String],
    window: &Window,
    deadline: Option<Duration>,
) -> Result<Answered<Vec<String>>, SourceError> {
    let path = format!("/api/v1/label/{}/values", segment("__name__"));
    let mut request = between(Request::get("list the metrics", path), window).within(deadline);
    for selector in selectors {
        request = request.with("match[]", selector);
    }
    ask(client, request).await
}

/// Label sets of the series that match one of `selectors` in the window.
pub(super) async fn series(
    client: &HttpClient,
    selectors: &[String],
    window: &Window,
    deadline: Option<Duration>,
) -> Result<Answered<Vec<BTreeMap<String, String>>>, SourceError> {
    let mut parameters =
        vec![parameter("start", seconds(window.start_ns())), parameter("end", seconds(window.end_ns()))];
    parameters.extend(selectors.iter().map(|selector| parameter("match[]", selector)));
    ask(client, long("list the series", "/api/v1/series", parameters, deadline)).await
}

/// Names of the labels of the series that match one of `selectors` in the window.
pub(super) async fn label_names(
    client: &HttpClient,
    selectors: &[String],
    window: &Window,
    deadline: Option<Duration>,
) -> Result<Answered<Vec<String>>, SourceError> {
    let mut request = between(Request::get("list the labels", "/api/v1/labels"), window).within(deadline);
    for selector in selectors {
        request = request.with("match[]", selector);
    }
    ask(client, request).await
}

fn between(request: Request, window: &Window) -> Request {
    request.with("start", seconds(window.start_ns())).with("end", seconds(window.end_ns()))
}

/// Types and units by metric family.
pub(super) async fn metadata(
    client: &HttpClient,
) -> Result<BTreeMap<String, Vec<WireMetadata>>, SourceError> {
    let request = Request::get("read the metrics' types", "/api/v1/metadata").with("limit_per_metric", "1");
    Ok(ask(client, request).await?.data)
}

/// Alerting rules.
pub(super) async fn rules(client: &HttpClient) -> Result<WireRules, SourceError> {
    Ok(ask(client, Request::get("read the alerting rules", "/api/v1/rules").with("type", "alert"))
        .await?
        .data)
}

/// Active alerts, as they came: the decoder of alerts reads them.
pub(super) async fn alerts(client: &HttpClient) -> Result<Vec<u8>, SourceError> {
    Ok(client.send(&Request::get("read the alerts", "/api/v1/alerts")).await?.body)
}

/// Version of the server.
pub(super) async fn build(client: &HttpClient) -> Result<WireBuild, SourceError> {
    let request = Request::get("read the version", "/api/v1/status/buildinfo");
    Ok(ask(client, request).await?.data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_seconds() {
        assert_eq!(seconds(1_700_000_000_000_000_000), "1700000000");
        assert_eq!(seconds(1_700_000_000_250_000_000), "1700000000.250");
        assert_eq!(seconds(-500_000_000), "-1.500");
    }
}
