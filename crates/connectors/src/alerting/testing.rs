//! Checks that every alert decoder passes.

use midwatch_model::{AlertState, Severity, Trigger};
use midwatch_sources::{DecodeAlert, Spec};
use proptest::prelude::any;
use proptest::test_runner::TestRunner;

/// One alert in one line: every field that decides an investigation, in a fixed order.
pub(crate) fn lines(trigger: &Trigger) -> Vec<String> {
    trigger
        .alerts
        .iter()
        .map(|alert| {
            let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
            let text = |value: &Option<String>| value.clone().unwrap_or("-".to_owned());
            let time =
                |value: Option<jiff::Timestamp>| value.map_or("-".to_owned(), |value| value.to_string());
            format!(
                "{} | on {} | {} | {} > {} | {}, {} | {} .. {} | {} | {}",
                alert.name,
                text(&alert.target),
                text(&alert.metric),
                number(alert.observed),
                number(alert.threshold),
                match alert.state {
                    AlertState::Firing => "firing",
                    AlertState::Resolved => "resolved",
                },
                match alert.severity {
                    Severity::Info => "info",
                    Severity::Warning => "warning",
                    Severity::Critical => "critical",
                },
                time(alert.fired_at),
                time(alert.resolved_at),
                text(&alert.fingerprint),
                alert.summary,
            )
        })
        .collect()
}

/// Asserts that a fixture decodes into exactly these lines and that its format is the connector's own name.
pub(crate) fn check(spec: &Spec, fixture: &str, expected: &[&str]) {
    let decode = spec.decode_alert.expect("an alert connector decodes");
    let trigger = decode(fixture.as_bytes()).unwrap_or_else(|| panic!("{} refused: {fixture}", spec.id));
    assert_eq!(lines(&trigger), expected, "{fixture}");
    assert_eq!(trigger.format.as_deref(), Some(spec.id));
    assert_eq!(trigger.now, None, "a decoder does not know what counts as now");
    let routed = crate::decode_alert(fixture.as_bytes()).expect("the list finds a decoder");
    assert_eq!(routed, trigger, "another connector's decoder took the payload of {}", spec.id);
}

/// What no system sends.
const NONSENSE: &[&str] = &["{}", "[]", "[{}]", "null", "[1, 2]", "", "not json"];

/// Asserts that damaged forms of `own` fixtures, payloads of `others`, nonsense and arbitrary bytes are refused or read
/// without a panic.
pub(crate) fn check_hostile(decode: DecodeAlert, own: &[&str], others: &[&str]) {
    for fixture in own {
        check_damaged(decode, fixture);
    }
    for other in others.iter().chain(NONSENSE) {
        assert_eq!(decode(other.as_bytes()), None, "{other}");
    }
    let bytes = proptest::collection::vec(any::<u8>(), 0..512);
    let ran = TestRunner::default().run(&bytes, |bytes| {
        let _ = decode(&bytes);
        Ok(())
    });
    assert_eq!(ran, Ok(()), "arbitrary bytes");
}

/// Asserts that no proper prefix of a fixture decodes, and nothing panics on a flipped byte.
fn check_damaged(decode: DecodeAlert, fixture: &str) {
    let bytes = fixture.trim_end().as_bytes();
    for end in 0..bytes.len() {
        assert_eq!(decode(&bytes[..end]), None, "a payload cut at byte {end} of {} decoded", bytes.len());
    }
    for index in 0..bytes.len() {
        let mut flipped = bytes.to_vec();
        flipped[index] ^= 0x15;
        let _ = decode(&flipped);
    }
}
