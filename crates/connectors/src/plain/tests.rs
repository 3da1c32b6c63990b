use midwatch_model::Alert;

use super::{SPEC, alert};
use crate::alerting::testing::{check, check_hostile};

const OBJECT: &str = include_str!("fixtures/object.json");
const TOLERANT: &str = include_str!("fixtures/tolerant.json");
const WRAPPED: &str = include_str!("fixtures/wrapped.json");
const OPSGENIE: &str = include_str!("fixtures/opsgenie.json");
const OPSGENIE_CLOSE: &str = include_str!("fixtures/opsgenie-close.json");

#[test]
fn every_form_decodes() {
    check(
        &SPEC,
        OBJECT,
        &[
            "svc-a error ratio | on svc-a | error_ratio | 0.12 > 0.05 | firing, critical | 2026-03-01T10:00:00Z .. - | - | 12% of requests fail",
        ],
    );
    check(
        &SPEC,
        TOLERANT,
        &[
            "Latency is high | on svc-a | - | 3.1 > 2 | firing, warning | 2026-03-01T10:00:00Z .. - | - | Latency is high",
            "Backlog | on mail | queue_depth | - > 1000 | resolved, info | 2026-03-01T09:00:00Z .. 2026-03-01T09:30:00Z | - | Mail waited",
        ],
    );
    check(
        &SPEC,
        WRAPPED,
        &[
            "Errors | on vm-1 | - | - > - | firing, critical | 2026-03-01T10:00:00Z .. - | - | Errors",
            "Errors | on vm-2 | - | - > - | firing, info | 2026-03-01T10:00:10Z .. - | - | Errors",
        ],
    );
    check(
        &SPEC,
        OPSGENIE,
        &[
            "Requests of svc-a fail | on svc-a | error_ratio | 0.2 > - | firing, critical | 2026-03-01T10:00:00.104Z .. - | svc-a/errors | Requests of svc-a fail",
        ],
    );
    check(
        &SPEC,
        OPSGENIE_CLOSE,
        &[
            "Requests of svc-a fail | on svc-a | - | - > - | resolved, warning | 2026-03-01T10:00:00.104Z .. - | svc-a/errors | Requests of svc-a fail",
        ],
    );
}

#[test]
fn hostile_payloads_and_those_of_others_break_nothing() {
    check_hostile(
        alert::decode,
        &[OBJECT, TOLERANT, WRAPPED, OPSGENIE, OPSGENIE_CLOSE],
        &[
            include_str!("../cloudwatch/fixtures/sns-subscription.json"),
            include_str!("../pagerduty/fixtures/webhook-v3-note.json"),
        ],
    );
}

#[test]
fn a_trigger_holds_labels_and_nothing_else_than_was_said() {
    let trigger = alert::decode(TOLERANT.as_bytes()).unwrap();
    let mut alerts = trigger.alerts.clone();
    alerts.truncate(1);
    let expected = Alert {
        name: "Latency is high".into(),
        summary: "Latency is high".into(),
        target: Some("svc-a".into()),
        threshold: Some(2.0),
        observed: Some(3.1),
        fired_at: Some("2026-03-01T10:00:00Z".parse().unwrap()),
        labels: [("region".to_owned(), "eu".to_owned()), ("shard".to_owned(), "3".to_owned())].into(),
        ..Alert::default()
    };
    assert_eq!(alerts, [expected]);
}

#[test]
fn sentences_beside_the_summary_are_kept() {
    let sent = br#"{"summary": "orders fail", "description": "svc-a answers 404", "text": "orders fail", "severity": "high"}"#;
    let alert = alert::decode(sent).unwrap().alerts.remove(0);
    let kept = [("description", "svc-a answers 404"), ("text", "orders fail")];
    assert_eq!(alert.summary, "orders fail");
    assert_eq!(alert.annotations, kept.map(|(name, said)| (name.to_owned(), said.to_owned())).into());
}

#[test]
fn a_sentence_alone_is_no_alert() {
    for (text, accepted) in [
        (r#"{"message": "hello", "timestamp": "2026-03-01T10:00:00Z"}"#, false),
        (r#"{"message": "hello", "severity": "critical"}"#, true),
        (r#"{"name": "x"}"#, false),
        (r#"{"name": "x", "host": "vm-1"}"#, true),
        (r#"{"host": "vm-1", "value": 3}"#, false),
        (r#"{"alerts": [{"name": "x", "host": "vm-1"}, 7]}"#, false),
        (r#"{"alerts": []}"#, false),
    ] {
        assert_eq!(alert::decode(text.as_bytes()).is_some(), accepted, "{text}");
    }
}
