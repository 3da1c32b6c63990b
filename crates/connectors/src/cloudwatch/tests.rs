use super::{SPEC, alert};
use crate::alerting::testing::{check, check_hostile};

const SNS_BARE: &str = include_str!("fixtures/sns-bare.json");
const SNS_ENVELOPE: &str = include_str!("fixtures/sns-envelope.json");
const SNS_METRIC_MATH: &str = include_str!("fixtures/sns-metric-math.json");
const EVENTBRIDGE: &str = include_str!("fixtures/eventbridge.json");
const LAMBDA_ACTION: &str = include_str!("fixtures/lambda-action.json");

#[test]
fn every_form_decodes() {
    check(
        &SPEC,
        SNS_BARE,
        &[
            "svc-a-5xx | on svc-a | AWS/ApplicationELB/HTTPCode_Target_5XX_Count | 41 > 25 | firing, warning | 2026-03-01T10:01:04.123Z .. - | arn:aws:cloudwatch:eu-west-1:123456789012:alarm:svc-a-5xx | Too many 5xx — Threshold Crossed: 2 out of the last 2 datapoints [41.0 (01/03/26 10:00:00), 33.8 (01/03/26 09:59:00)] were greater than the threshold (25.0) (minimum 2 datapoints for OK -> ALARM transition).",
        ],
    );
    check(
        &SPEC,
        SNS_ENVELOPE,
        &[
            "svc-a-5xx | on svc-a | AWS/ApplicationELB/HTTPCode_Target_5XX_Count | 41 > 25 | firing, warning | 2026-03-01T10:01:04.123Z .. - | arn:aws:cloudwatch:eu-west-1:123456789012:alarm:svc-a-5xx | Too many 5xx — Threshold Crossed: 2 out of the last 2 datapoints [41.0 (01/03/26 10:00:00), 33.8 (01/03/26 09:59:00)] were greater than the threshold (25.0) (minimum 2 datapoints for OK -> ALARM transition).",
        ],
    );
    check(
        &SPEC,
        SNS_METRIC_MATH,
        &[
            "fn-a-error-ratio | on fn-a | AWS/Lambda/Errors | 0.01 > 0.05 | resolved, warning | - .. 2026-03-01T10:21:00Z | arn:aws:cloudwatch:eu-west-1:123456789012:alarm:fn-a-error-ratio | Threshold Crossed: 1 out of the last 1 datapoints [0.01 (01/03/26 10:20:00)] was not greater than the threshold (0.05) (minimum 1 datapoint for ALARM -> OK transition).",
        ],
    );
    check(
        &SPEC,
        EVENTBRIDGE,
        &[
            "cpu | on i-12345678901234567 | AWS/EC2/CPUUtilization | 99.5 > 50 | firing, warning | 2026-03-01T10:04:40.989Z .. - | arn:aws:cloudwatch:eu-west-1:123456789012:alarm:cpu | CPU is high — Threshold Crossed",
        ],
    );
    check(
        &SPEC,
        LAMBDA_ACTION,
        &[
            "db | on db-a | AWS/RDS/DatabaseConnections | - > - | firing, info | 2026-03-01T10:04:40.989Z .. - | arn:aws:cloudwatch:eu-west-1:123456789012:alarm:db | Insufficient Data: 1 datapoint was unknown.",
        ],
    );
}

#[test]
fn hostile_payloads_and_those_of_others_break_nothing() {
    check_hostile(
        alert::decode,
        &[SNS_BARE, SNS_ENVELOPE, SNS_METRIC_MATH, EVENTBRIDGE, LAMBDA_ACTION],
        &[
            include_str!("../alertmanager/fixtures/webhook-v4.json"),
            include_str!("../grafana/fixtures/webhook-values.json"),
            include_str!("../datadog/fixtures/common-template.json"),
            include_str!("../pagerduty/fixtures/events-v2.json"),
            include_str!("../plain/fixtures/object.json"),
            include_str!("fixtures/sns-subscription.json"),
        ],
    );
}
