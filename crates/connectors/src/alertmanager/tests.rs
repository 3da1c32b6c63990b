use super::{SPEC, alert};
use crate::alerting::testing::{check, check_hostile};

const WEBHOOK_V4: &str = include_str!("fixtures/webhook-v4.json");
const API_V2_ALERTS: &str = include_str!("fixtures/api-v2-alerts.json");
const PROMETHEUS_ALERTS: &str = include_str!("fixtures/prometheus-alerts.json");

#[test]
fn every_form_decodes() {
    check(
        &SPEC,
        WEBHOOK_V4,
        &[
            "HighErrorRatio | on svc-a | http_requests_total | 0.12 > 0.05 | firing, critical | 2026-03-01T10:02:30.5Z .. - | a1b2c3d4e5f60718 | Requests fail",
            "HighErrorRatio | on svc-b | - | - > - | resolved, warning | 2026-03-01T09:40:00Z .. 2026-03-01T10:01:00Z | 18f7e6d5c4b3a291 | ",
        ],
    );
    check(
        &SPEC,
        API_V2_ALERTS,
        &[
            "PodRestarts | on svc-a | - | - > - | firing, critical | 2026-03-01T10:05:00Z .. - | 0f1e2d3c4b5a6978 | Pod shop/svc-a-7d9f restarts",
        ],
    );
    check(
        &SPEC,
        PROMETHEUS_ALERTS,
        &[
            "QueueDepth | on mail | - | 1500 > 1000 | firing, info | 2026-03-01T10:00:00.123456789Z .. - | - | Mail waits",
        ],
    );
}

#[test]
fn hostile_payloads_and_those_of_others_break_nothing() {
    check_hostile(
        alert::decode,
        &[WEBHOOK_V4, API_V2_ALERTS, PROMETHEUS_ALERTS],
        &[
            include_str!("../grafana/fixtures/webhook-values.json"),
            include_str!("../datadog/fixtures/common-template.json"),
            include_str!("../pagerduty/fixtures/events-v2.json"),
            include_str!("../cloudwatch/fixtures/sns-envelope.json"),
            include_str!("../plain/fixtures/object.json"),
        ],
    );
}
