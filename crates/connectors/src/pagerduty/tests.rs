use super::{SPEC, alert};
use crate::alerting::testing::{check, check_hostile};

const WEBHOOK_V3: &str = include_str!("fixtures/webhook-v3.json");
const WEBHOOK_V3_RESOLVED: &str = include_str!("fixtures/webhook-v3-resolved.json");
const WEBHOOK_V2: &str = include_str!("fixtures/webhook-v2.json");
const EVENTS_V2: &str = include_str!("fixtures/events-v2.json");

#[test]
fn every_form_decodes() {
    check(
        &SPEC,
        WEBHOOK_V3,
        &[
            "Requests of svc-a fail | on svc-a | - | - > - | firing, critical | 2026-03-01T10:00:00Z .. - | PGR0VU2 | Requests of svc-a fail",
        ],
    );
    check(
        &SPEC,
        WEBHOOK_V3_RESOLVED,
        &[
            "Requests of svc-a fail | on svc-a | - | - > - | resolved, info | 2026-03-01T10:00:00Z .. 2026-03-01T10:40:00Z | PGR0VU2 | Requests of svc-a fail",
        ],
    );
    check(
        &SPEC,
        WEBHOOK_V2,
        &[
            "Disk is full | on vm-1 | disk.used | 97.5 > 90 | firing, critical | 2026-03-01T10:00:00Z .. - | PRORDTY | Disk is full",
        ],
    );
    check(
        &SPEC,
        EVENTS_V2,
        &[
            "latency | on svc-a | latency_p99 | 3 > 2 | firing, warning | 2026-03-01T10:00:00Z .. - | srv01/latency | Latency of svc-a is 3 s",
        ],
    );
}

#[test]
fn hostile_payloads_and_those_of_others_break_nothing() {
    check_hostile(
        alert::decode,
        &[WEBHOOK_V3, WEBHOOK_V3_RESOLVED, WEBHOOK_V2, EVENTS_V2],
        &[
            include_str!("../alertmanager/fixtures/webhook-v4.json"),
            include_str!("../grafana/fixtures/webhook-values.json"),
            include_str!("../datadog/fixtures/common-template.json"),
            include_str!("../cloudwatch/fixtures/sns-envelope.json"),
            include_str!("../plain/fixtures/object.json"),
            include_str!("fixtures/webhook-v3-note.json"),
        ],
    );
}
