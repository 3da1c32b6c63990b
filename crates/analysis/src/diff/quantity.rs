//! Numbers with their units, as code, configuration and telemetry write them.

use serde::Serialize;

use super::lex::TokenKind;
use super::statement::Statement;
use super::vocabulary::split_words;

/// What a number counts, in one base unit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Plain number.
    None,
    /// Time, in milliseconds.
    Milliseconds,
    /// Sizes, in bytes.
    Bytes,
    /// Processor cores.
    Cores,
    /// Shares, in percent.
    Percent,
}

/// A number in its base unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantity {
    /// The number, in the base unit.
    pub value: f64,
    /// The base unit.
    pub unit: Unit,
    /// The number as it is written.
    pub text: String,
}

impl Quantity {
    /// Whether two quantities say the same amount; a plain number never equals one with a unit.
    pub fn same_amount(&self, other: &Quantity) -> bool {
        self.unit == other.unit
            && (self.value - other.value).abs() <= 1e-9 * self.value.abs().max(other.value.abs()).max(1e-9)
    }
}

/// A number of a statement, where it stands and what it is called.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) quantity: Quantity,
    /// Names to its left inside the statement, nearest first, then those of the statements around it.
    pub(super) names: Vec<String>,
}

const TIME_UNITS: &[(&str, f64)] = &[
    ("ns", 1e-6),
    ("us", 1e-3),
    ("µs", 1e-3),
    ("ms", 1.0),
    ("msec", 1.0),
    ("millis", 1.0),
    ("milliseconds", 1.0),
    ("millisecond", 1.0),
    ("s", 1e3),
    ("sec", 1e3),
    ("secs", 1e3),
    ("second", 1e3),
    ("seconds", 1e3),
    ("m", 6e4),
    ("min", 6e4),
    ("mins", 6e4),
    ("minute", 6e4),
    ("minutes", 6e4),
    ("h", 3.6e6),
    ("hr", 3.6e6),
    ("hour", 3.6e6),
    ("hours", 3.6e6),
    ("d", 8.64e7),
    ("day", 8.64e7),
    ("days", 8.64e7),
    ("w", 6.048e8),
    ("week", 6.048e8),
    ("weeks", 6.048e8),
    ("nanos", 1e-6),
    ("nanoseconds", 1e-6),
    ("nanosecond", 1e-6),
    ("micros", 1e-3),
    ("microseconds", 1e-3),
    ("microsecond", 1e-3),
];

const SIZE_UNITS: &[(&str, f64)] = &[
    ("b", 1.0),
    ("bytes", 1.0),
    ("k", 1e3),
    ("kb", 1e3),
    ("ki", 1024.0),
    ("kib", 1024.0),
    ("mb", 1e6),
    ("mi", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("g", 1e9),
    ("gb", 1e9),
    ("gi", 1_073_741_824.0),
    ("gib", 1_073_741_824.0),
    ("tb", 1e12),
    ("ti", 1_099_511_627_776.0),
    ("tib", 1_099_511_627_776.0),
    ("megabytes", 1_048_576.0),
    ("gigabytes", 1_073_741_824.0),
    ("kilobytes", 1024.0),
];

/// The amount a written number says: `300ms`, `5s`, `64MiB`, `1.5 GB`, `250m` (minutes), `10%`, `50_000`, `1m30s`.
///
/// `None` when the text is not a number with at most a known unit behind it. Texts beyond 40 bytes are refused.
pub fn parse_quantity(text: &str) -> Option<Quantity> {
    let text = text.trim();
    if text.is_empty() || text.len() > 40 {
        return None;
    }
    let (value, rest) = leading_number(text)?;
    let rest = rest.trim();
    let (value, unit) = if rest.is_empty() {
        (value, Unit::None)
    } else if rest == "%" {
        (value, Unit::Percent)
    } else {
        with_unit(value, rest)?
    };
    value.is_finite().then(|| Quantity { value, unit, text: text.to_owned() })
}

fn with_unit(value: f64, suffix: &str) -> Option<(f64, Unit)> {
    if matches!(
        suffix,
        "f" | "F"
            | "L"
            | "l"
            | "u"
            | "U"
            | "UL"
            | "ul"
            | "n"
            | "i64"
            | "u64"
            | "f64"
            | "i32"
            | "u32"
            | "usize"
            | "f32"
    ) {
        return Some((value, Unit::None));
    }
    if suffix == "M" || suffix == "G" {
        return Some((value * if suffix == "M" { 1e6 } else { 1e9 }, Unit::Bytes));
    }
    let lower = suffix.to_ascii_lowercase();
    if let Some(scale) = scale_of(TIME_UNITS, &lower) {
        return Some((value * scale, Unit::Milliseconds));
    }
    if let Some(scale) = scale_of(SIZE_UNITS, &lower) {
        return Some((value * scale, Unit::Bytes));
    }
    // 1m30s, 2h15m
    let split = lower.find(|c: char| c.is_ascii_digit())?;
    let head = scale_of(TIME_UNITS, lower.get(..split)?)?;
    let tail = parse_quantity(lower.get(split..)?)?;
    (tail.unit == Unit::Milliseconds).then_some((value * head + tail.value, Unit::Milliseconds))
}

fn scale_of(table: &[(&str, f64)], name: &str) -> Option<f64> {
    table.iter().find(|(unit, _)| *unit == name).map(|(_, scale)| *scale)
}

/// The number a text begins with, and the rest.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let negative = text.starts_with('-');
    let body = text.strip_prefix('-').unwrap_or(text);
    if let Some(hex) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        let digits: String = hex.chars().filter(|c| *c != '_').collect();
        return u64::from_str_radix(&digits, 16).ok().map(|value| (value as f64, ""));
    }
    let mut end = 0;
    let bytes = body.as_bytes();
    while end < bytes.len() {
        let next_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        let sign_exponent = matches!(bytes.get(end + 1), Some(b'-' | b'+'))
            && bytes.get(end + 2).is_some_and(u8::is_ascii_digit);
        match bytes[end] {
            b'0'..=b'9' => end += 1,
            b'.' | b'_' if next_digit => end += 1,
            b'e' | b'E' if end > 0 && next_digit => end += 1,
            b'e' | b'E' if end > 0 && sign_exponent => end += 2,
            _ => break,
        }
    }
    let digits: String = body.get(..end)?.chars().filter(|c| *c != '_').collect();
    let value: f64 = digits.parse().ok()?;
    Some((if negative { -value } else { value }, body.get(end..)?))
}

/// Every amount in a statement: products of constants are folded, unit constructors and constants are read.
pub(super) fn quantities(statement: &Statement, around: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let count = statement.tokens.len();
    let mut at = 0;
    while at < count && found.len() < 64 {
        let token = &statement.tokens[at];
        let text = statement.token(at);
        match token.kind {
            TokenKind::Number => {
                let (quantity, end) = product(statement, at);
                if let Some(quantity) = quantity {
                    found.push(finish(statement, quantity, (at, end), around));
                }
                at = end.max(at + 1);
                continue;
            }
            TokenKind::Text => {
                if let Some(quantity) = parse_quantity(text) {
                    found.push(finish(statement, quantity, (at, at + 1), around));
                }
            }
            TokenKind::Word => {
                // `time.Second` alone, or first in a product.
                if let Some(scale) = unit_constant(statement, at) {
                    let (quantity, end) =
                        if statement.token(at + 1) == "*" && statement.is(at + 2, TokenKind::Number) {
                            let (number, end) = product(statement, at + 2);
                            (number.map_or(scale, |number| number.value * scale), end)
                        } else {
                            (scale, at + 1)
                        };
                    let start = if at >= 2 { at - 2 } else { at };
                    let text = text_of(statement, start, end);
                    found.push(finish(
                        statement,
                        Quantity { value: quantity, unit: Unit::Milliseconds, text },
                        (start, end),
                        around,
                    ));
                    at = end;
                    continue;
                }
            }
            TokenKind::Operator => {}
        }
        at += 1;
    }
    found
}

fn text_of(statement: &Statement, start: usize, end: usize) -> String {
    let (Some(first), Some(last)) =
        (statement.tokens.get(start), statement.tokens.get(end.saturating_sub(1)))
    else {
        return String::new();
    };
    let last_end = last.start() + last.of(&statement.text).len();
    statement.text.get(first.start()..last_end).unwrap_or("").chars().take(40).collect()
}

/// `time.Second` and its like: a constant that is a duration, after a dot.
fn unit_constant(statement: &Statement, at: usize) -> Option<f64> {
    let qualified =
        at >= 2 && statement.token(at - 1) == "." && matches!(statement.token(at - 2), "time" | "Duration");
    if !qualified || statement.token(at + 1) == "(" {
        return None;
    }
    scale_of(TIME_UNITS, &statement.token(at).to_ascii_lowercase())
}

/// The product that starts at the number `at`, and one past its last token.
fn product(statement: &Statement, at: usize) -> (Option<Quantity>, usize) {
    let Some(mut quantity) = parse_quantity(statement.token(at)) else { return (None, at + 1) };
    let mut end = at + 1;
    loop {
        let operator = statement.token(end);
        if operator == "*" && statement.is(end + 1, TokenKind::Number) {
            if let Some(factor) = parse_quantity(statement.token(end + 1)) {
                quantity.value *= factor.value;
            }
            end += 2;
        } else if operator == "<<" && statement.is(end + 1, TokenKind::Number) {
            let shift = parse_quantity(statement.token(end + 1)).map_or(0.0, |shift| shift.value);
            quantity.value *= 2.0_f64.powf(shift.clamp(0.0, 62.0));
            end += 2;
        } else if operator == "*" {
            match unit_constant(statement, end + 3) {
                Some(scale) => {
                    quantity.value *= scale;
                    quantity.unit = Unit::Milliseconds;
                    end += 4;
                }
                None => break,
            }
        } else {
            break;
        }
    }
    // Ruby's `5.seconds`, Kotlin's `5.seconds`, Java's `5, TimeUnit.SECONDS`, and SQL's or YAML's `5 MB`.
    let trailing = match statement.token(end) {
        "." => Some((statement.token(end + 1), end + 2)),
        "," if statement.token(end + 1) == "TimeUnit" => Some((statement.token(end + 3), end + 4)),
        word if statement.is(end, TokenKind::Word) => Some((word, end + 1)),
        _ => None,
    };
    let trailing = trailing.filter(|(word, _)| quantity.unit == Unit::None && word.len() > 1);
    if let Some((word, past)) = trailing {
        let lower = word.to_ascii_lowercase();
        let time = scale_of(TIME_UNITS, &lower).map(|scale| (scale, Unit::Milliseconds));
        if let Some((scale, unit)) = time.or(scale_of(SIZE_UNITS, &lower).map(|scale| (scale, Unit::Bytes))) {
            quantity.value *= scale;
            quantity.unit = unit;
            end = past;
        }
    }
    // A minus sign that is no subtraction.
    let before = at.checked_sub(1).map_or("", |before| statement.token(before));
    let unary = at < 2
        || !(statement.is(at - 2, TokenKind::Word)
            || statement.is(at - 2, TokenKind::Number)
            || matches!(statement.token(at - 2), ")" | "]"));
    if before == "-" && unary {
        quantity.value = -quantity.value;
    }
    quantity.text = text_of(statement, at, end);
    (Some(quantity), end)
}

/// Puts the unit that the nearest name tells on a plain number, and collects the names.
fn finish(statement: &Statement, mut quantity: Quantity, tokens: (usize, usize), around: &[String]) -> Found {
    let mut names = Vec::new();
    let mut at = tokens.0;
    let mut closed = 0;
    while at > 0 && names.len() < 8 {
        at -= 1;
        match statement.token(at) {
            ")" | "]" => closed += 1,
            "(" | "[" if closed > 0 => closed -= 1,
            // Names inside a closed bracket belong to another argument.
            _ if closed > 0 => {}
            word if statement.is(at, TokenKind::Operator) || word.len() > 60 || word.contains(' ') => {}
            _ if statement.is(at, TokenKind::Number) => {}
            word => names.push(word.to_owned()),
        }
    }
    // Names to the right count where the number comes first: `5 > maxRetries`, `, SIZE)`.
    if names.is_empty() {
        names.extend(
            (tokens.1..statement.tokens.len())
                .filter(|at| statement.is(*at, TokenKind::Word))
                .take(3)
                .map(|at| statement.token(at).to_owned()),
        );
    }
    names.extend(around.iter().cloned());
    names.truncate(14);
    if quantity.unit == Unit::None || is_milli_cpu(&quantity) {
        let name = |at: usize| names.get(at).map_or("", String::as_str);
        unit_from_names(&mut quantity, name(0), name(1));
    }
    Found { quantity, names }
}

fn is_milli_cpu(quantity: &Quantity) -> bool {
    quantity.unit == Unit::Milliseconds && quantity.text.ends_with('m')
}

fn unit_from_names(quantity: &mut Quantity, nearest: &str, next: &str) {
    let words = split_words(nearest);
    let is_cpu = words.iter().any(|word| word == "cpu" || word == "millicores");
    if is_milli_cpu(quantity) {
        if is_cpu {
            *quantity = Quantity {
                value: quantity.value / 6e4 / 1e3,
                unit: Unit::Cores,
                text: quantity.text.clone(),
            };
        }
        return;
    }
    if is_cpu {
        quantity.unit = Unit::Cores;
        return;
    }
    let Some(last) = words.last() else { return };
    let constructor = ["of", "from", "as", "in"].contains(&words.first().map_or("", String::as_str));
    let plausible = words.len() > 1
        || constructor
        || ["seconds", "minutes", "hours", "days", "milliseconds"].contains(&last.as_str())
        || ["Duration", "TimeSpan", "timedelta"].contains(&next);
    if !plausible || last.len() < 2 {
        return;
    }
    if let Some(scale) = scale_of(TIME_UNITS, last) {
        quantity.value *= scale;
        quantity.unit = Unit::Milliseconds;
    } else if let Some(scale) =
        scale_of(SIZE_UNITS, last).filter(|_| last.len() > 2 || matches!(last.as_str(), "kb" | "mb" | "gb"))
    {
        quantity.value *= scale;
        quantity.unit = Unit::Bytes;
    } else if last == "percent" || last == "pct" {
        quantity.unit = Unit::Percent;
    }
}

#[cfg(test)]
mod tests {
    use super::super::path_class::Syntax;
    use super::*;

    #[test]
    fn written_numbers_have_units() {
        for (text, value, unit) in [
            ("300ms", 300.0, Unit::Milliseconds),
            ("5s", 5000.0, Unit::Milliseconds),
            ("1m30s", 90_000.0, Unit::Milliseconds),
            ("64MiB", 67_108_864.0, Unit::Bytes),
            ("512Mi", 536_870_912.0, Unit::Bytes),
            ("1.5 GB", 1.5e9, Unit::Bytes),
            ("99.5%", 99.5, Unit::Percent),
            ("50_000", 50_000.0, Unit::None),
            ("0x10", 16.0, Unit::None),
            ("1e3", 1000.0, Unit::None),
        ] {
            let got = parse_quantity(text).unwrap();
            assert!((got.value - value).abs() < 1e-6 && got.unit == unit, "{text}: {got:?}");
        }
        assert!(parse_quantity("v1.2.3").is_none());
        assert!(parse_quantity("10.0.0.1").is_none());
        assert!(parse_quantity("").is_none());
    }

    #[test]
    fn code_folds_to_amounts() {
        for (text, value, unit) in [
            ("timeout := 5 * time.Second", 5000.0, Unit::Milliseconds),
            ("timeout := time.Second * 5", 5000.0, Unit::Milliseconds),
            ("x := time.Minute", 60_000.0, Unit::Milliseconds),
            ("client.timeout(Duration.ofMillis(300))", 300.0, Unit::Milliseconds),
            ("let t = Duration::from_secs(5);", 5000.0, Unit::Milliseconds),
            ("t = timedelta(seconds=5)", 5000.0, Unit::Milliseconds),
            ("t = TimeSpan.FromMinutes(2)", 120_000.0, Unit::Milliseconds),
            ("expires_in: 5.minutes", 300_000.0, Unit::Milliseconds),
            ("c.readTimeout(10, TimeUnit.SECONDS)", 10_000.0, Unit::Milliseconds),
            ("timeout_ms: 300", 300.0, Unit::Milliseconds),
            ("timeout: \"2s\"", 2000.0, Unit::Milliseconds),
            ("buf := 64 * 1024", 65_536.0, Unit::None),
            ("size := 1 << 20", 1_048_576.0, Unit::None),
            ("cpu: 250m", 0.25, Unit::Cores),
            ("cpu: \"500m\"", 0.5, Unit::Cores),
            ("memory: 512Mi", 536_870_912.0, Unit::Bytes),
            ("maxOpen = 50", 50.0, Unit::None),
        ] {
            let statement = Statement::of_text(text, Syntax::Slash);
            let got = quantities(&statement, &[]);
            assert_eq!(got.len(), 1, "{text}: {got:?}");
            assert!(
                (got[0].quantity.value - value).abs() < 1e-6 && got[0].quantity.unit == unit,
                "{text}: {got:?}"
            );
        }
    }
}
