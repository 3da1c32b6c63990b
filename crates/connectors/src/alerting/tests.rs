use std::collections::BTreeMap;

use midwatch_model::Alert;
use proptest::prelude::*;
use serde_json::json;

use super::expression::Comparison;
use super::*;

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_most_telling_label_names_the_target() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: &[(Pairs, Option<&str>)] = &[
        (&[("service", "svc-a"), ("pod", "svc-a-1")], Some("svc-a")),
        (&[("service.name", "svc-a"), ("job", "svc-b")], Some("svc-a")),
        (&[("app.kubernetes.io/name", "svc-a"), ("instance", "10.0.0.1:80")], Some("svc-a")),
        (&[("job", "kube-state-metrics"), ("deployment", "svc-a")], Some("svc-a")),
        (&[("service", "x-node-exporter"), ("instance", "10.0.0.1:9100")], Some("10.0.0.1:9100")),
        (&[("job", "node-exporter")], Some("node-exporter")),
        (&[("Host", "vm-1")], Some("vm-1")),
        (&[("service", ""), ("host", "vm-1")], Some("vm-1")),
        (&[("team", "blue")], None),
    ];
    for (given, expected) in cases {
        assert_eq!(target(&labels(given)).as_deref(), *expected, "{given:?}");
    }
}

#[test]
fn instants_in_every_common_spelling() {
    for value in [
        json!("2026-03-01T10:00:00Z"),
        json!("2026-03-01T11:00:00+01:00"),
        json!("2026-03-01T10:00:00.000+0000"),
        json!("2026-03-01 10:00:00"),
        json!("2026-03-01 10:00:00 UTC"),
        json!(1772359200),
        json!("1772359200000"),
        json!(1772359200000000_i64),
        json!(1772359200000000000_i64),
    ] {
        let at = instant(&value).unwrap_or_else(|| panic!("{value}"));
        assert_eq!(at.to_string(), "2026-03-01T10:00:00Z", "{value}");
    }
    for value in [json!("0001-01-01T00:00:00Z"), json!("soon"), json!(12), json!(null), json!([])] {
        assert_eq!(instant(&value), None, "{value}");
    }
}

#[test]
fn numbers_with_comparisons_and_units() {
    let cases = [
        ("0.05", Some(0.05)),
        ("> 0.05", Some(0.05)),
        (">= 5%", Some(5.0)),
        ("250 ms", Some(250.0)),
        ("1.5e3", Some(1500.0)),
        ("-2e-1", Some(-0.2)),
        ("5 eggs", Some(5.0)),
        ("1e999", None),
        ("five", None),
        ("5 of the last 6 checks", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(leading_number(text), expected, "{text}");
    }
}

#[test]
fn expressions_give_metric_and_threshold() {
    let cases = [
        ("sum by (service) (rate(a_total{code=~\"5..\"}[5m])) > 0.05", Some("a_total"), Some(0.05)),
        (
            "sum(rate(a_total[5m])) by (x) / sum(rate(b_total[5m])) by (x) >= 1e-2",
            Some("a_total"),
            Some(0.01),
        ),
        ("avg(last_5m):avg:a.b.c{service:svc-a} by {host} > 90", Some("a.b.c"), Some(90.0)),
        ("job:a:rate5m > bool 3", Some("job:a:rate5m"), None),
        ("up == 0", Some("up"), Some(0.0)),
        ("a.b over host:vm-1 was > 0 at least once", Some("a.b"), None),
        ("absent(a_total)", Some("a_total"), None),
        ("1 > 2", None, Some(2.0)),
        ("", None, None),
    ];
    for (text, metric, threshold) in cases {
        let expected = Comparison { metric: metric.map(str::to_owned), threshold };
        assert_eq!(comparison(text), expected, "{text}");
    }
}

#[test]
fn url_queries_are_decoded() {
    assert_eq!(percent_decoded("a%5B5m%5D+%3E+0.05"), "a[5m] > 0.05");
    assert_eq!(percent_decoded("100%"), "100%");
    assert_eq!(percent_decoded("%zz%ff"), "%zz\u{fffd}");
}

#[test]
fn what_is_cut_is_said() {
    let long = "é".repeat(3_000);
    let kept = cut(&long);
    assert!(kept.ends_with("[cut: 1904 more bytes]"), "{}", &kept[kept.len() - 40..]);
    let many = vec![Alert { summary: "x".into(), ..Alert::default() }; 1_003];
    let trigger = trigger("plain", many).unwrap();
    assert_eq!(trigger.alerts.len(), 1_000);
    assert_eq!(trigger.alerts[0].summary, "(3 more alerts of this payload were not read) x");
    assert_eq!(super::trigger("plain", Vec::new()), None);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = (comparison(&text), leading_number(&text), percent_decoded(&text), cut(&text));
        let _ = (severity(&text), state(&text), instant(&json!(text)), key(&text));
    }

    #[test]
    fn no_payload_panics_any_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = crate::decode_alert(&bytes);
    }

    #[test]
    fn an_expression_gives_back_its_threshold(threshold in -1e6_f64..1e6) {
        let text = format!("max(a_total{{b=\"c > 7\"}}) > {threshold}");
        prop_assert_eq!(comparison(&text).threshold, Some(threshold));
    }
}
