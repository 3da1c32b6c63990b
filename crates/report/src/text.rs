//! Text from outside made harmless, and numbers and times in the words people read.
//!
//! Nothing here knows about sections or colours; escaping for Markdown lives beside the Markdown renderer.

use jiff::Timestamp;
use midwatch_model::{Onset, Probability, Window};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Characters of one outside text that are shown; more are counted.
pub const LINE_CHARS_MAX: usize = 2_000;
/// Characters of one quoted row that are shown; more are counted.
pub const QUOTE_CHARS_MAX: usize = 320;
/// Marks without a width that may follow one another before further ones are escaped.
const ZERO_WIDTH_RUN_MAX: usize = 3;
/// Stays unbroken by wrapping and is printed as a plain space.
pub(crate) const NO_BREAK_SPACE: char = '\u{a0}';

/// One visible line of outside text: control characters, ANSI escapes, line breaks, bidi overrides and other
/// invisible characters are written out (`\n`, `\u{1b}`), and what exceeds [`LINE_CHARS_MAX`] is counted.
pub fn line(raw: &str) -> String {
    line_at_most(raw.trim(), LINE_CHARS_MAX)
}

/// Like [`line()`] with its own limit, and with leading spaces kept: for quoted rows.
pub fn line_at_most(raw: &str, chars_max: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(chars_max * 4));
    let mut zero_width_run = 0;
    let mut rest = raw.chars();
    for ch in rest.by_ref().take(chars_max) {
        let zero_width = ch.width().unwrap_or(0) == 0;
        zero_width_run = if zero_width { zero_width_run + 1 } else { 0 };
        match ch {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_hidden(ch) || zero_width_run > ZERO_WIDTH_RUN_MAX => push_escaped(&mut out, ch),
            _ => out.push(ch),
        }
    }
    let cut = rest.count();
    if cut > 0 {
        out.push_str(&format!("… (and {} more characters)", count(cut as u64)));
    }
    out
}

/// The lines of an outside text, each made visible by [`line_at_most`]; tabs become four spaces.
/// At most `lines_max` are returned, with the number of those left out.
pub fn lines(raw: &str, lines_max: usize, chars_max: usize) -> (Vec<String>, usize) {
    let mut rest = raw.lines();
    let kept = rest
        .by_ref()
        .take(lines_max)
        .map(|one| {
            // Cut before tabs grow, so that a line of tabs stays bounded.
            let over = one.char_indices().nth(chars_max).map_or(one.len(), |(index, _)| index);
            let (head, tail) = one.split_at(over);
            let mut shown = line_at_most(&head.replace('\t', "    "), chars_max * 4);
            if !tail.is_empty() {
                shown.push_str(&format!("… (and {} more characters)", count(tail.chars().count() as u64)));
            }
            shown
        })
        .collect();
    (kept, rest.count())
}

/// Whether a character cannot be seen or would change how its neighbours are shown.
pub fn is_hidden(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn push_escaped(out: &mut String, ch: char) {
    out.push_str(&format!("\\u{{{:x}}}", u32::from(ch)));
}

/// The same text in ASCII: our own marks get their plain form, any other character is written out as `\u{e9}`.
pub(crate) fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for ch in text.chars() {
        match ch {
            _ if ch.is_ascii() => out.push(ch),
            NO_BREAK_SPACE => out.push(ch),
            '–' | '−' => out.push('-'),
            '—' => out.push_str("--"),
            '·' => out.push('|'),
            '→' => out.push_str("->"),
            '…' => out.push_str("..."),
            '±' => out.push_str("+/-"),
            '×' => out.push('x'),
            '▸' => out.push('>'),
            _ => push_escaped(&mut out, ch),
        }
    }
    out
}

/// Columns a text takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A whole number with thousands separated: `12,300`.
pub fn count(value: u64) -> String {
    group_thousands(&value.to_string())
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(value: u64, singular: &str, plural: &str) -> String {
    format!("{}{NO_BREAK_SPACE}{}", count(value), if value == 1 { singular } else { plural })
}

fn group_thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A measured value with about three significant digits: `1,840`, `12.5`, `0.0031`, `0.0000012`, `2.50e12`; `?` when
/// not finite. Sizes from 1e-6 to 1e9 are written out.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "?".into();
    }
    if size != 0.0 && !(1e-6..1e9).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ if size >= 0.01 => 3,
        _ if size >= 0.001 => 5,
        _ if size >= 0.0001 => 6,
        _ if size >= 0.00001 => 7,
        _ => 8,
    };
    let plain = format!("{size:.decimals$}");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = group_thousands(whole);
    let body = if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") };
    if value < 0.0 && body != "0" { format!("-{body}") } else { body }
}

/// A summand with its sign and two decimals, so that a reader can add the column up: `+3.21`, `-0.50`.
pub fn weight(value: f64) -> String {
    match value {
        _ if !value.is_finite() => "?".into(),
        _ if value.abs() >= 1e6 => format!("{value:+.1e}"),
        _ if value > -0.005 && value < 0.0 => "+0.00".into(),
        _ => format!("{value:+.2}").replace("+-", "-"),
    }
}

/// A share in per cent: `94 %`, `<1 %`, `>99 %`; `?` when not a number. Values outside 0..1 are clamped.
pub fn per_cent(share: f64) -> String {
    format!("{}{NO_BREAK_SPACE}%", per_cent_digits(share))
}

fn per_cent_digits(share: f64) -> String {
    match share.clamp(0.0, 1.0) * 100.0 {
        value if value.is_nan() => "?".into(),
        value if value < 1.0 => "<1".into(),
        value if value > 99.0 => ">99".into(),
        value => format!("{value:.0}"),
    }
}

/// How likely, without the cases: `94 %` or the band `70–90 %`.
pub fn likelihood(probability: &Probability) -> String {
    match probability {
        Probability::Point { value, .. } => per_cent(*value),
        Probability::Band { low, high, .. } => {
            let (low, high) = (per_cent_digits(low.min(*high)), per_cent_digits(high.max(*low)));
            if low == high {
                format!("{low}{NO_BREAK_SPACE}%")
            } else {
                format!("{low}–{high}{NO_BREAK_SPACE}%")
            }
        }
    }
}

/// How sure we are and on how many test cases that was fitted: `70–90 % sure (fitted on 12 test cases)`.
pub fn sureness(probability: &Probability) -> String {
    let (Probability::Point { cases, .. } | Probability::Band { cases, .. }) = probability;
    let cases = match cases {
        0 => "not fitted yet".to_owned(),
        _ => format!("fitted on {}", counted(u64::from(*cases), "test case", "test cases")),
    };
    format!("{}{NO_BREAK_SPACE}sure ({cases})", likelihood(probability))
}

/// `14:52:10`, UTC.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `2026-03-04`, UTC.
pub fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `14:52:10` on the day the reader is told once, else `2026-03-03 14:52:10`.
pub(crate) fn moment(at: Timestamp, day: &str) -> String {
    let at_date = date(at);
    if at_date == day { clock(at) } else { format!("{at_date}{NO_BREAK_SPACE}{}", clock(at)) }
}

/// `14:52:10 ± 30 s`, with the date only when it differs from `day`.
pub(crate) fn onset(onset: &Onset, day: &str) -> String {
    let at = moment(onset.at, day);
    match onset.uncertainty_s {
        0 => at,
        seconds if seconds < 120 => {
            format!("{at}{NO_BREAK_SPACE}±{NO_BREAK_SPACE}{seconds}{NO_BREAK_SPACE}s")
        }
        seconds => {
            format!(
                "{at}{NO_BREAK_SPACE}±{NO_BREAK_SPACE}{}{NO_BREAK_SPACE}min",
                count(u64::from(seconds.div_ceil(60)))
            )
        }
    }
}

/// The range of a window as [`span()`] writes it.
pub(crate) fn window(window: &Window, day: &str) -> String {
    span(window.start(), window.end(), day)
}

/// `14:00:00–15:00:00`, with the date when it is not `day`; both dates when the range ends on another day.
pub(crate) fn span(start: Timestamp, end: Timestamp, day: &str) -> String {
    if date(start) == date(end) {
        return format!("{}–{}", moment(start, day), clock(end));
    }
    // No date is ever `""`, so both are written.
    format!("{} – {}", moment(start, ""), moment(end, ""))
}
