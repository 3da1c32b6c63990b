//! What a server that misbehaves does to a question, on exchanges made by hand. Conformance runs against real servers
//! (`tests/real`).

use std::collections::BTreeMap;
use std::sync::Arc;

use midwatch_model::{EntityId, Window};
use midwatch_sources::http::{
    Body, Exchange, Exchanges, HttpClient, HttpSettings, Method, Request, WireSettings,
};
use midwatch_sources::{Ask, ErrorKind, Fetched, MetricQuery, Metrics, Source};

use super::{PrometheusSource, SPEC, errors};

/// `(path, query part that tells it, status, body)`; the first that fits answers.
fn source(answers: Vec<Exchange>) -> PrometheusSource {
    let wire = WireSettings { url: "http://host".to_owned(), ..WireSettings::default() };
    let settings = HttpSettings { explain: errors::explain, ..HttpSettings::new("src-a", wire) };
    PrometheusSource {
        client: HttpClient::over(&SPEC, settings, Exchanges::new(answers)),
        selector: String::new(),
    }
}

fn exchange(path: &str, query: &[(&str, &str)], status: u16, body: &str) -> Exchange {
    let request = Request {
        operation: String::new(),
        method: Method::Get,
        path: path.to_owned(),
        query: query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        headers: BTreeMap::new(),
        body: Body::None,
        deadline: None,
    };
    Exchange { request, status, headers: BTreeMap::new(), body: body.to_owned() }
}

fn window() -> Window {
    Window::new("2026-03-01T10:00:00Z".parse().unwrap(), "2026-03-01T11:00:00Z".parse().unwrap()).unwrap()
}

const FROM: (&str, &str) = ("start", "1772359200");
const TO: (&str, &str) = ("end", "1772362800");
const MIDDLE: (&str, &str) = ("time", "1772360999.999");
const LAST: (&str, &str) = ("time", "1772362799.999");

/// A server with the gauge `queue_depth` of one service, whose range query is answered with `status` and `body`.
fn one_metric(status: u16, body: &str) -> PrometheusSource {
    let value = |value: &str| {
        format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"__name__":"queue_depth"}},"value":[1,"{value}"]}}]}}}}"#
        )
    };
    let range = [("query", "queue_depth"), ("start", "1772359200"), ("end", "1772362785"), ("step", "15")];
    source(vec![
        exchange(
            "/api/v1/label/__name__/values",
            &[FROM, TO],
            200,
            r#"{"status":"success","data":["queue_depth"]}"#,
        ),
        exchange(
            "/api/v1/metadata",
            &[("limit_per_metric", "1")],
            200,
            r#"{"status":"success","data":{"queue_depth":[{"type":"gauge","help":"","unit":""}]}}"#,
        ),
        exchange(
            "/api/v1/query",
            &[("query", "count by (__name__, job) ({__name__=~\"queue_depth\"})"), MIDDLE],
            200,
            &value("1"),
        ),
        exchange(
            "/api/v1/query",
            &[("query", "count by (__name__, job) ({__name__=~\"queue_depth\"})"), LAST],
            200,
            &value("1"),
        ),
        exchange(
            "/api/v1/query",
            &[("query", "quantile by (job) (0.5, count_over_time(up[1h]))"), LAST],
            200,
            &value("240"),
        ),
        exchange(
            "/api/v1/query",
            &[("query", "quantile by (job) (0.5, count_over_time(up[10m]))"), LAST],
            200,
            &value("40"),
        ),
        exchange("/api/v1/query_range", &range, status, body),
    ])
}

async fn series(
    source: &PrometheusSource,
) -> Result<Fetched<midwatch_analysis::series::SeriesSet>, midwatch_sources::SourceError> {
    source.series(&Ask::new(MetricQuery::default(), window())).await
}

#[tokio::test]
async fn an_answer_is_read_with_its_query_and_link() {
    let body = r#"{"status":"success","warnings":["store eu-1 did not answer"],"extra":1,"data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"queue_depth","service":"svc-a","zone":"z"},"values":[[1772359200,"3"],[1772359215,"NaN"],[1772359230,"+Inf"]]},
        {"metric":{"__name__":"queue_depth","service":"svc-b"},"values":[[1772359200,"NaN"]]},
        {"metric":{"__name__":"queue_depth"},"values":[[1772359200,"1"]]}]}}"#;
    let fetched = series(&one_metric(200, body)).await.unwrap();
    let set = fetched.data().unwrap();
    // What has no number and what names nothing is left out.
    assert_eq!(set.series.len(), 1);
    assert_eq!(set.series[0].key.entity, EntityId::service("svc-a"));
    assert_eq!(set.series[0].key.labels, [("zone".to_owned(), "z".to_owned())].into());
    assert_eq!(
        set.series[0].times_ns,
        [1_772_359_200_000_000_000, 1_772_359_215_000_000_000, 1_772_359_230_000_000_000]
    );
    assert_eq!(set.remarks, ["store eu-1 did not answer"]);
    let link = set.sent["queue_depth"].link.clone().unwrap();
    assert_eq!(
        link,
        "http://host/graph?g0.expr=queue_depth&g0.tab=0&g0.range_input=3600s&g0.end_input=2026-03-01T11%3A00%3A00"
    );
}

#[tokio::test(start_paused = true)]
async fn each_failure_has_its_kind() {
    let table = [
        (401, "", ErrorKind::Unauthenticated),
        (403, "no", ErrorKind::Denied),
        (
            422,
            r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory"}"#,
            ErrorKind::Unsupported,
        ),
        (429, "", ErrorKind::RateLimited),
        (503, r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#, ErrorKind::TimedOut),
        (
            200,
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x"]]}]}}"#,
            ErrorKind::Malformed,
        ),
        (200, r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#, ErrorKind::Malformed),
        (200, r#"{"status":"error","error":"odd"}"#, ErrorKind::Malformed),
        (200, "<html>", ErrorKind::Malformed),
        (200, "", ErrorKind::Malformed),
    ];
    for (status, body, kind) in table {
        let error = series(&one_metric(status, body)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn a_server_without_metrics_answers_with_nothing() {
    let empty = source(vec![
        exchange("/api/v1/label/__name__/values", &[FROM, TO], 200, r#"{"status":"success","data":[]}"#),
        exchange("/api/v1/metadata", &[("limit_per_metric", "1")], 404, ""),
        exchange(
            "/api/v1/query",
            &[("query", "quantile by (job) (0.5, count_over_time(up[1h]))"), LAST],
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#,
        ),
    ]);
    assert!(matches!(series(&empty).await.unwrap(), Fetched::Nothing { .. }));
}

#[tokio::test]
async fn no_alerts_are_no_trigger_and_an_odd_answer_is_an_error() {
    let trigger = |body: &str| {
        let source = Arc::new(source(vec![exchange("/api/v1/alerts", &[], 200, body)]));
        async move { source.alerts().unwrap().trigger().await }
    };
    assert_eq!(trigger(r#"{"status":"success","data":{"alerts":[]}}"#).await.unwrap(), None);
    let pending = r#"{"status":"success","data":{"alerts":[{"labels":{"alertname":"A"},"annotations":{},"state":"pending","activeAt":"2026-03-01T10:00:00Z","value":"1"}]}}"#;
    assert_eq!(trigger(pending).await.unwrap(), None);
    assert_eq!(trigger("{}").await.unwrap_err().kind, ErrorKind::Malformed);
}

#[tokio::test]
async fn a_probe_that_is_refused_names_the_permission() {
    let refused = source(vec![exchange(
        "/api/v1/query",
        &[("query", "count(up) or vector(0)")],
        403,
        "rbac: access denied",
    )]);
    let probe = refused.probe().await;
    assert!(probe.reachable);
    assert_eq!(probe.missing_permissions, ["GET /api/v1/query"]);
    assert!(
        probe.detail.contains("it answered 403: rbac: access denied; it needs: GET below /api/v1/"),
        "{}",
        probe.detail
    );
}
