//! What a rule's expression says: the metric it watches and the value it fires at.

use super::read::leading_number;

/// Longest expression read, in bytes.
const EXPRESSION_BYTES_MAX: usize = 16_384;

/// Words of query languages that look like a metric name and are none.
const KEYWORDS: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "offset",
    "bool",
    "and",
    "or",
    "unless",
    "avg",
    "sum",
    "min",
    "max",
    "count",
    "over",
    "was",
    "for",
    "last",
    "is",
    "rate",
    "p50",
    "p95",
    "p99",
];

/// The two sides of a comparison.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Comparison {
    /// First metric name in the expression.
    pub metric: Option<String>,
    /// Number on the right of the last comparison, when the expression ends with it.
    pub threshold: Option<f64>,
}

/// What `sum(rate(a_total[5m])) by (b) > 0.05` or `avg(last_5m):avg:a.b{c:d} > 5` compares. The metric is the first
/// name that is neither a function, a keyword, nor inside `by (…)`; the threshold must be the last thing in the text.
pub(crate) fn comparison(expression: &str) -> Comparison {
    if expression.len() > EXPRESSION_BYTES_MAX {
        return Comparison::default();
    }
    let threshold = expression
        .rfind(['>', '<', '='])
        .and_then(|index| expression.get(index + 1..))
        .and_then(leading_number);
    Comparison { metric: metric_name(expression), threshold }
}

fn metric_name(expression: &str) -> Option<String> {
    let mut rest = expression;
    loop {
        let start = rest.find(|c: char| !c.is_whitespace())?;
        rest = rest.get(start..)?;
        let first = rest.chars().next()?;
        if !(first.is_ascii_alphabetic() || first == '_') {
            rest = after_token(rest, first)?;
            continue;
        }
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (mut word, after) = rest.split_at_checked(end)?;
        // `avg:a.b` and `a:b:rate5m` both hold colons; only the first part can be an aggregation.
        while let Some((_, tail)) = word.split_once(':').filter(|(head, _)| KEYWORDS.contains(head)) {
            word = tail;
        }
        let after_trimmed = after.trim_start();
        let groups = matches!(word, "by" | "without" | "on" | "ignoring" | "group_left" | "group_right");
        if groups && after_trimmed.starts_with('(') {
            rest = after_trimmed.split_once(')').map_or("", |(_, tail)| tail);
            continue;
        }
        if !after_trimmed.starts_with('(')
            && !KEYWORDS.contains(&word)
            && word.len() > 1
            && !word.ends_with(':')
        {
            return Some(word.to_owned());
        }
        rest = after;
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')
}

/// The text after one token that is not a name: a quoted string, a bracket group, a number, or one character.
fn after_token(rest: &str, first: char) -> Option<&str> {
    let tail = rest.get(first.len_utf8()..)?;
    match first {
        '"' | '\'' => Some(tail.split_once(first).map_or("", |(_, after)| after)),
        '{' => Some(tail.split_once('}').map_or("", |(_, after)| after)),
        '[' => Some(tail.split_once(']').map_or("", |(_, after)| after)),
        '0'..='9' => Some(tail.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.')),
        // `avg(last_5m):avg:…` has its evaluation window before the first colon.
        '(' if tail.starts_with("last_") => Some(tail.split_once(')').map_or("", |(_, after)| after)),
        _ => Some(tail),
    }
}

/// The text with `%41` and `+` decoded as in a URL's query; bytes that are no UTF-8 become `U+FFFD`.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let hex = |byte: &u8| (*byte as char).to_digit(16);
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                let value = hex(high).unwrap_or(0) * 16 + hex(low).unwrap_or(0);
                bytes.push(u8::try_from(value).unwrap_or(b'?'));
                rest = after;
            }
            (b'+', _) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
