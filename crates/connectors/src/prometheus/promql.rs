//! Writing queries: selectors that no label value can break out of, and the expressions for each kind of metric.

use std::fmt::Write as _;

/// A label that must have a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Equals {
    pub(super) label: String,
    pub(super) value: String,
}

/// `{__name__="metric",label="value",…}`; a plain name is written before the braces, as people do.
pub(super) fn selector(metric: &str, equals: &[Equals], more: &str) -> String {
    let plain = !metric.is_empty()
        && metric.bytes().enumerate().all(|(at, byte)| {
            byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || (at > 0 && byte.is_ascii_digit())
        });
    let mut parts: Vec<String> = Vec::new();
    if !plain && !metric.is_empty() {
        parts.push(format!("__name__={}", quoted(metric)));
    }
    parts.extend(equals.iter().map(|Equals { label, value }| format!("{label}={}", quoted(value))));
    if !more.is_empty() {
        parts.push(more.to_owned());
    }
    let name = if plain { metric } else { "" };
    if parts.is_empty() && plain { name.to_owned() } else { format!("{name}{{{}}}", parts.join(",")) }
}

/// A selector of all metrics with one of these names.
pub(super) fn any_of(metrics: &[String], more: &str) -> String {
    let escaped: Vec<String> = metrics.iter().map(|metric| regex_escaped(metric)).collect();
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    format!("{{__name__=~{}{more}}}", quoted(&escaped.join("|")))
}

/// A string literal of the language.
pub(super) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for letter in text.chars() {
        match letter {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(written, "\\u{:04x}", u32::from(control));
            }
            other => written.push(other),
        }
    }
    written.push('"');
    written
}

/// `text` so that a regular expression matches just it.
fn regex_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// A duration of the language.
pub(super) fn duration(seconds: i64) -> String {
    format!("{seconds}s")
}

/// How series of one metric are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregation {
    Sum,
    Mean,
    Max,
    Min,
}

/// What stands around the selectors of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Values as they are, or put together.
    Value(Aggregation),
    /// Rate of a counter per second.
    Rate,
    /// A quantile of classic buckets, in hundredths.
    BucketQuantile(u8),
    /// A quantile of a native histogram, in hundredths.
    NativeQuantile(u8),
}

/// The query for `form` over the union of `selectors`, grouped by `labels`; `None` for each series by itself.
pub(super) fn expression(form: Form, selectors: &[String], labels: Option<&[&str]>, over_s: i64) -> String {
    let over = duration(over_s);
    let union = |one: &dyn Fn(&str) -> String| {
        let parts: Vec<String> = selectors.iter().map(|selector| one(selector)).collect();
        parts.join(" or ")
    };
    let rates = || union(&|selector| format!("rate({selector}[{over}])"));
    let grouped = |function: &str, more: &[&str], inner: &str| {
        let mut by: Vec<&str> = more.to_vec();
        by.extend(labels.unwrap_or_default());
        format!("{function} by ({}) ({inner})", by.join(", "))
    };
    match form {
        Form::Value(aggregation) => {
            let values = union(&|selector| selector.to_owned());
            let function = match aggregation {
                Aggregation::Sum => "sum",
                Aggregation::Mean => "avg",
                Aggregation::Max => "max",
                Aggregation::Min => "min",
            };
            if labels.is_some() { grouped(function, &[], &values) } else { values }
        }
        Form::Rate if labels.is_some() => grouped("sum", &[], &rates()),
        Form::Rate => rates(),
        Form::BucketQuantile(hundredths) => {
            format!("histogram_quantile({}, {})", share(hundredths), grouped("sum", &["le"], &rates()))
        }
        Form::NativeQuantile(hundredths) => {
            format!("histogram_quantile({}, {})", share(hundredths), grouped("sum", &[], &rates()))
        }
    }
}

/// The mean of what `sums` adds up, by how often it is counted.
pub(super) fn mean(sums: &str, counts: &str) -> String {
    format!("({sums}) / ({counts} > 0)")
}

/// A quantile as a share: `0.99`.
pub(super) fn share(hundredths: u8) -> String {
    format!("0.{hundredths:02}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(label: &str, value: &str) -> Equals {
        Equals { label: label.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn selectors_are_written_as_people_do_and_values_cannot_break_out() {
        assert_eq!(selector("up", &[], ""), "up");
        assert_eq!(
            selector("up", &[equals("job", "svc-a")], "env=\"prod\""),
            "up{job=\"svc-a\",env=\"prod\"}"
        );
        assert_eq!(selector("http.requests", &[], ""), "{__name__=\"http.requests\"}");
        assert_eq!(
            selector("up", &[equals("job", "a\"} or vector(1) #\\\n")], ""),
            "up{job=\"a\\\"} or vector(1) #\\\\\\n\"}"
        );
        assert_eq!(any_of(&["a".to_owned(), "b.c".to_owned()], ""), "{__name__=~\"a|b\\\\.c\"}");
    }

    #[test]
    fn every_form_is_a_query_of_the_language() {
        let selectors = ["a_total{job=\"x\"}".to_owned(), "a_total{app=\"x\"}".to_owned()];
        let by: &[&str] = &["job", "app"];
        let table = [
            (
                Form::Rate,
                Some(by),
                "sum by (job, app) (rate(a_total{job=\"x\"}[60s]) or rate(a_total{app=\"x\"}[60s]))",
            ),
            (Form::Rate, None, "rate(a_total{job=\"x\"}[60s]) or rate(a_total{app=\"x\"}[60s])"),
            (
                Form::Value(Aggregation::Max),
                Some(by),
                "max by (job, app) (a_total{job=\"x\"} or a_total{app=\"x\"})",
            ),
            (Form::Value(Aggregation::Sum), None, "a_total{job=\"x\"} or a_total{app=\"x\"}"),
            (
                Form::BucketQuantile(99),
                Some(by),
                "histogram_quantile(0.99, sum by (le, job, app) (rate(a_total{job=\"x\"}[60s]) or rate(a_total{app=\"x\"}[60s])))",
            ),
            (
                Form::NativeQuantile(50),
                Some(by),
                "histogram_quantile(0.5, sum by (job, app) (rate(a_total{job=\"x\"}[60s]) or rate(a_total{app=\"x\"}[60s])))",
            ),
        ];
        for (form, labels, query) in table {
            let written = expression(form, &selectors, labels, 60);
            assert_eq!(written, query);
            assert!(promql_parser::parser::parse(&written).is_ok(), "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_value_holds_the_query_keeps_its_shape(value in ".{0,40}") {
            let written = selector("up", &[equals("job", &value)], "");
            let parsed = promql_parser::parser::parse(&written);
            let matches = matches!(&parsed, Ok(promql_parser::parser::Expr::VectorSelector(selector))
                if selector.matchers.matchers.len() == 1 && selector.matchers.matchers[0].value == value);
            proptest::prop_assert!(matches, "{written}: {parsed:?}");
        }
    }
}
