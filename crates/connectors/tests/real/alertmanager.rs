//! A rule fires in a real Prometheus and reaches a real Alertmanager; both connectors read it there.

use std::time::{Duration, Instant};

use midwatch_connectors::{alertmanager, prometheus};
use midwatch_model::AlertState;
use midwatch_servers::{Alertmanager, Prometheus, PrometheusSetup, installed};

use super::connect;

const RULES: &str = "groups: [{name: a, rules: [{alert: QueueIsDeep, expr: 'vector(7) > 5', \
    labels: {severity: critical, service: svc-a}, annotations: {summary: 'the queue of svc-a is deep'}}]}]\n";

#[tokio::test]
async fn an_alert_that_fires_is_read_from_both() {
    let test = "alertmanager: a firing rule";
    if !installed(test, Prometheus::PROGRAMS) || !installed(test, Alertmanager::PROGRAMS) {
        return;
    }
    let manager = Alertmanager::start().expect("alertmanager starts");
    let quiet = connect(&alertmanager::SPEC, &manager.url(), &[]);
    assert_eq!(quiet.alerts().unwrap().trigger().await.unwrap(), None);
    let probe = quiet.probe().await;
    assert!(probe.reachable && probe.detail.starts_with("version 0."), "{probe:?}");
    assert!(quiet.coverage().await.unwrap().last.is_some());

    let setup = PrometheusSetup {
        rules: RULES.to_owned(),
        alertmanager: manager.url(),
        ..PrometheusSetup::default()
    };
    let server = Prometheus::start(&setup).expect("prometheus starts");
    for (spec, url) in [(&prometheus::SPEC, server.url()), (&alertmanager::SPEC, manager.url())] {
        let started = Instant::now();
        let trigger = loop {
            // A new source each time: one remembers answers for a minute.
            let found = connect(spec, &url, &[]).alerts().unwrap().trigger().await.unwrap();
            if let Some(found) = found {
                break found;
            }
            assert!(started.elapsed() < Duration::from_secs(90), "no alert came to {}", spec.id);
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let alert = &trigger.alerts[0];
        assert_eq!(
            (alert.name.as_str(), alert.target.as_deref()),
            ("QueueIsDeep", Some("svc-a")),
            "{}",
            spec.id
        );
        assert_eq!(alert.summary, "the queue of svc-a is deep");
        assert_eq!((alert.state, alert.threshold), (AlertState::Firing, Some(5.0)), "{}", spec.id);
        assert!(alert.fired_at.is_some());
    }
}
