use super::{SPEC, alert};
use crate::alerting::testing::{check, check_hostile};

const DEFAULT_PAYLOAD: &str = include_str!("fixtures/default-payload.json");
const COMMON_TEMPLATE: &str = include_str!("fixtures/common-template.json");
const RECOVERED: &str = include_str!("fixtures/recovered.json");

#[test]
fn every_form_decodes() {
    check(
        &SPEC,
        DEFAULT_PAYLOAD,
        &[
            "Error ratio is high | on svc-a | - | - > - | firing, critical | 2026-03-01T10:00:00Z .. - | 5485379890863845239 | Errors of svc-a are high.",
        ],
    );
    check(
        &SPEC,
        COMMON_TEMPLATE,
        &[
            "Queue of svc-a is long | on svc-a | queue.depth | - > 500 | firing, warning | 2026-03-01T10:00:00Z .. - | 7190468431279154212 | Workers cannot keep up",
        ],
    );
    check(
        &SPEC,
        RECOVERED,
        &[
            "Disk of vm-1 is full | on vm-1 | disk.in_use | - > 0.9 | resolved, warning | - .. 2026-03-01T10:00:00Z | 7190468431279154213 | disk.in_use over host:vm-1 was > 0.9 at least once during the last 1m",
        ],
    );
}

#[test]
fn hostile_payloads_and_those_of_others_break_nothing() {
    check_hostile(
        alert::decode,
        &[DEFAULT_PAYLOAD, COMMON_TEMPLATE, RECOVERED],
        &[
            include_str!("../alertmanager/fixtures/webhook-v4.json"),
            include_str!("../grafana/fixtures/webhook-values.json"),
            include_str!("../pagerduty/fixtures/events-v2.json"),
            include_str!("../cloudwatch/fixtures/sns-envelope.json"),
            include_str!("../plain/fixtures/object.json"),
        ],
    );
}
