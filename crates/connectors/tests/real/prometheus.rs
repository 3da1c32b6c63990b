//! The Prometheus connector against a Prometheus whose history is known.

use std::fmt::Write as _;

use midwatch_analysis::series::SeriesSet;
use midwatch_connectors::prometheus::SPEC;
use midwatch_model::{EntityId, EntityKind, Signal, Timestamp, Window};
use midwatch_servers::{Prometheus, PrometheusSetup, installed};
use midwatch_sources::conformance::{self, Case};
use midwatch_sources::{Ask, MetricQuery, Source};

use super::connect;

/// When the history begins: 2026-03-01T10:00:00Z.
const START_S: i64 = 1_772_359_200;
/// Samples come every fifteen seconds for one hour.
const SAMPLES: i64 = 240;

/// Two services in two environments, one of them on three instances with a histogram; a metric that says nothing.
fn history() -> String {
    let mut text = String::from(
        "# TYPE http_requests counter\n# TYPE latency_seconds histogram\n# UNIT latency_seconds seconds\n\
         # TYPE queue_depth gauge\n# TYPE foo gauge\n# TYPE up gauge\n",
    );
    let sample = |text: &mut String, name: &str, value: f64, index: i64| {
        let _ = writeln!(text, "{name} {value} {}", START_S + 15 * index);
    };
    let all = 0..SAMPLES;
    let families: [(&str, &dyn Fn(i64) -> f64); 12] = [
        ("http_requests_total{job=\"svc-a\",env=\"prod\",instance=\"a1\",code=\"200\"}", &|at| {
            30.0 * at as f64
        }),
        ("http_requests_total{job=\"svc-a\",env=\"prod\",instance=\"a2\",code=\"200\"}", &|at| {
            15.0 * at as f64
        }),
        ("http_requests_total{job=\"svc-a\",env=\"prod\",instance=\"a2\",code=\"500\"}", &|at| {
            3.0 * at as f64
        }),
        ("http_requests_total{job=\"svc-a\",env=\"staging\",instance=\"s1\",code=\"200\"}", &|at| at as f64),
        ("latency_seconds_bucket{job=\"svc-b\",env=\"prod\",le=\"0.1\"}", &|at| 9.0 * at as f64),
        ("latency_seconds_bucket{job=\"svc-b\",env=\"prod\",le=\"1\"}", &|at| 10.0 * at as f64),
        ("latency_seconds_bucket{job=\"svc-b\",env=\"prod\",le=\"+Inf\"}", &|at| 10.0 * at as f64),
        ("latency_seconds_count{job=\"svc-b\",env=\"prod\"}", &|at| 10.0 * at as f64),
        ("latency_seconds_sum{job=\"svc-b\",env=\"prod\"}", &|at| at as f64),
        ("queue_depth{queue=\"orders\",env=\"prod\"}", &|at| (at % 7) as f64),
        ("foo{job=\"svc-b\"}", &|_| 1.0),
        ("up{job=\"svc-a\",instance=\"a1\",env=\"prod\"}", &|_| 1.0),
    ];
    let order = ["http_requests_total", "latency_seconds", "queue_depth", "foo", "up"];
    for family in order {
        for (name, value) in families.iter().filter(|(name, _)| name.starts_with(family)) {
            for index in all.clone() {
                sample(&mut text, name, value(index), index);
            }
        }
    }
    text
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn hour() -> Window {
    Window::new(at(START_S), at(START_S + 3_600)).unwrap()
}

fn started(test: &str) -> Option<Prometheus> {
    if !installed(test, Prometheus::PROGRAMS) {
        return None;
    }
    let setup = PrometheusSetup { history: history(), ..PrometheusSetup::default() };
    Some(Prometheus::start(&setup).expect("prometheus starts"))
}

async fn series(source: &dyn Source, entities: Vec<EntityId>) -> SeriesSet {
    let query = MetricQuery { entities, metrics: Vec::new() };
    let fetched = source.metrics().unwrap().series(&Ask::new(query, hour())).await.unwrap();
    fetched.data().cloned().unwrap_or_default()
}

fn shown(set: &SeriesSet) -> Vec<String> {
    set.series
        .iter()
        .map(|series| {
            let key = &series.key;
            let labels: Vec<String> =
                key.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {} {}", key.entity, key.metric, labels.join(","))
        })
        .collect()
}

#[tokio::test]
async fn it_conforms() {
    let Some(server) = started("prometheus: conformance") else { return };
    let empty = Window::new(at(START_S - 7_200), at(START_S - 3_600)).unwrap();
    // Firing alerts need a rule, so their signal is tested apart.
    let case = Case::new(hour(), empty, &[Signal::Metrics]);
    let violations = conformance::run(&SPEC, connect(&SPEC, &server.url(), &[]), &case).await;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[tokio::test]
async fn series_are_those_of_the_history_with_environments_kept_apart() {
    let Some(server) = started("prometheus: series") else { return };
    let set = series(&*connect(&SPEC, &server.url(), &[]), Vec::new()).await;
    assert_eq!(
        shown(&set),
        [
            "service/svc-b latency_seconds env=prod,quantile=0.99",
            "service/svc-b latency_seconds_count env=prod",
            "service/prod/svc-a http_requests_total code=200,env=prod,instance=a1",
            "service/prod/svc-a http_requests_total code=200,env=prod,instance=a2",
            "service/prod/svc-a http_requests_total code=500,env=prod,instance=a2",
            "service/prod/svc-a up env=prod,instance=a1",
            "service/staging/svc-a http_requests_total code=200,env=staging,instance=s1",
            "queue/orders queue_depth env=prod",
        ]
    );
    let middle = |metric: &str| {
        let series = set.series.iter().find(|series| series.key.metric == metric).unwrap();
        series.values[series.values.len() / 2]
    };
    assert!((middle("http_requests_total") - 2.0).abs() < 1e-9);
    // Nine in ten within 0.1 s, the tenth within 1 s: the 99th percentile is nine tenths of the way from one to the other.
    assert!((middle("latency_seconds") - 0.91).abs() < 1e-9);
    assert!((middle("latency_seconds_count") - 10.0 / 15.0).abs() < 1e-9);
    assert_eq!(set.remarks, Vec::<String>::new());
    assert_eq!(set.sent["http_requests_total"].query, "rate(http_requests_total[60s])");
}

#[tokio::test]
async fn a_question_about_a_service_gets_its_series_and_no_others() {
    let Some(server) = started("prometheus: one service") else { return };
    let source = connect(&SPEC, &server.url(), &[("selector", "{env=\"prod\"}")]);
    let set =
        series(&*source, vec![EntityId::service("svc-a"), EntityId::new(EntityKind::Pod, "svc-a")]).await;
    assert_eq!(
        shown(&set),
        [
            "service/svc-a http_requests_total code=200,env=prod,instance=a1",
            "service/svc-a http_requests_total code=200,env=prod,instance=a2",
            "service/svc-a http_requests_total code=500,env=prod,instance=a2",
            "service/svc-a up env=prod,instance=a1",
        ]
    );
    assert_eq!(set.sent["up"].query, "up{job=\"svc-a\",env=\"prod\"}");
    assert!(series(&*source, vec![EntityId::service("svc-z")]).await.series.is_empty());
}

#[tokio::test]
async fn a_probe_tells_the_version_and_whether_anything_matches() {
    let Some(server) = started("prometheus: probe") else { return };
    let probe = connect(&SPEC, &server.url(), &[("selector", "env=\"other\"")]).probe().await;
    assert!(probe.reachable && probe.missing_permissions.is_empty(), "{probe:?}");
    assert!(probe.detail.starts_with("version 2.") || probe.detail.starts_with("version 3."), "{probe:?}");
    assert!(probe.detail.ends_with("no series `up` matches {env=\"other\"}"), "{probe:?}");
}
