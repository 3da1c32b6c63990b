use super::{SPEC, alert};
use crate::alerting::testing::{check, check_hostile};

const WEBHOOK_VALUES: &str = include_str!("fixtures/webhook-values.json");
const WEBHOOK_VALUE_STRING: &str = include_str!("fixtures/webhook-value-string.json");
const LEGACY: &str = include_str!("fixtures/legacy.json");

#[test]
fn every_form_decodes() {
    check(
        &SPEC,
        WEBHOOK_VALUES,
        &[
            "Slow checkout | on svc-a | - | 3.25 > 2 | firing, critical | 2026-03-01T10:15:30.157076Z .. - | c6eadffa33fcdf37 | (2 more alerts were left out by the sender) p99 of svc-a is over 2 s",
            "Orders arrive | on - | - | - > - | firing, warning | 2026-03-01T10:20:00Z .. - | bc97ff14869b13e3 | ",
        ],
    );
    check(
        &SPEC,
        WEBHOOK_VALUE_STRING,
        &[
            "Memory | on 10.0.0.7:9100 | node_memory_used_bytes | 14151.331895396988 > - | resolved, warning | 2026-03-01T09:51:03Z .. 2026-03-01T10:11:03Z | d3e1a4d9b0f7c255 | Memory of 10.0.0.7",
        ],
    );
    check(
        &SPEC,
        LEGACY,
        &["CPU alert | on vm-1 | cpu_percent | 97.5 > - | firing, warning | - .. - | 17 | CPU is high"],
    );
}

#[test]
fn hostile_payloads_and_those_of_others_break_nothing() {
    check_hostile(
        alert::decode,
        &[WEBHOOK_VALUES, WEBHOOK_VALUE_STRING, LEGACY],
        &[
            include_str!("../alertmanager/fixtures/webhook-v4.json"),
            include_str!("../datadog/fixtures/common-template.json"),
            include_str!("../pagerduty/fixtures/events-v2.json"),
            include_str!("../cloudwatch/fixtures/sns-envelope.json"),
            include_str!("../plain/fixtures/object.json"),
        ],
    );
}
