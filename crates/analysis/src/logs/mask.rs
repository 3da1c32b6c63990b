//! One pass over a message that keeps its words and blanks its values.
//!
//! Not a parser: it never says what a value was, only that something there varies by nature (numbers, addresses,
//! ids, times, sizes). Words that vary without looking like values are found later, by counting them
//! ([`super::miner`]). The scanner is written by hand: it looks at every byte a bounded number of times, whatever
//! the text, and allocates nothing beyond the buffer it is given.

/// What stands for a value inside masked text; rendered as `<*>` in templates. Control characters of a message
/// count as white space, so a message cannot contain it.
pub(super) const HOLE: char = '\u{1}';
const HOLE_BYTE: u8 = 1;

/// Words after a number that make it a quantity of time; number and unit become one value, as in `12ms`.
const TIME_UNITS: [&str; 13] =
    ["ns", "us", "ms", "s", "sec", "secs", "min", "mins", "hr", "hrs", "millis", "usec", "msec"];

const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// How much of a message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskLimits {
    /// Bytes of the message that are read; the rest is left out.
    pub line_bytes_max: usize,
    /// Words and separators that are read; the rest is left out.
    pub tokens_max: usize,
}

/// The line of a message that tells it apart: its first line with text. A Python traceback says at its end what
/// happened, so its last line is taken.
pub fn headline(body: &str) -> &str {
    let body = body.trim();
    match body.split_once('\n') {
        None => body,
        Some((first, rest)) if first.starts_with("Traceback (") => {
            let last = rest.rsplit('\n').next().unwrap_or(rest).trim();
            if last.is_empty() { first.trim_end() } else { last }
        }
        Some((first, _)) => first.trim_end(),
    }
}

/// The longest prefix of `text` of at most `bytes_max` bytes that ends between characters.
pub fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

/// Whether `byte` stands between words and is a token of its own.
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'<'
            | b'>'
            | b'"'
            | b'\''
            | b'`'
            | b'='
            | b','
            | b';'
            | b':'
            | b'|'
    )
}

/// Whether `byte` separates words and is dropped.
pub(super) fn is_space(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

/// Writes the masked form of `body` into `out` (cleared first): values blanked, white space collapsed, adjacent
/// equal values (lists) folded into one.
pub(super) fn mask_into(body: &str, limits: MaskLimits, out: &mut String) {
    out.clear();
    let text = cut(headline(body), limits.line_bytes_max);
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut tokens = 0;
    // Start of the last word written, for folding lists.
    let mut last_word: Option<usize> = None;
    let mut spaced = false;
    while at < bytes.len() && tokens < limits.tokens_max {
        let byte = bytes[at];
        if is_space(byte) {
            spaced = true;
            at += 1;
            continue;
        }
        tokens += 1;
        if spaced && !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
        let joined = !spaced;
        spaced = false;
        if byte == b'('
            && let Some(end) = size_again_end(bytes, at, out)
        {
            at = end;
            continue;
        }
        if matches!(byte, b'<' | b'>') && !joined && is_bound(bytes, at) {
            at += 1;
            spaced = true;
            trim_space(out);
            continue;
        }
        if is_separator(byte) {
            out.push(char::from(byte));
            at += 1;
            if !joined && is_empty_pair(byte, bytes.get(at)) {
                out.push(HOLE);
            }
            continue;
        }
        if let Some(end) = colon_hex_end(bytes, at) {
            push_hole(out, joined);
            at = end;
        } else {
            let end = word_end(bytes, at);
            let word = text.get(at..end).unwrap_or("");
            at = end;
            if !joined && TIME_UNITS.contains(&word) && ends_with_hole(out) {
                trim_space(out);
                continue;
            }
            if is_date_word(word.as_bytes(), &bytes[end..]) {
                push_hole(out, joined);
            } else {
                push_word(word, joined, out);
            }
        }
        if fold_list(out, last_word) {
            continue;
        }
        last_word = Some(word_start(out.as_bytes()));
    }
}

fn word_end(bytes: &[u8], from: usize) -> usize {
    let mut end = from;
    while end < bytes.len() && !is_space(bytes[end]) && !is_separator(bytes[end]) {
        end += 1;
    }
    end
}

fn word_start(out: &[u8]) -> usize {
    let mut start = out.len();
    while start > 0 && !is_space_or_separator(out[start - 1]) {
        start -= 1;
    }
    start
}

fn is_space_or_separator(byte: u8) -> bool {
    byte == b' ' || is_separator(byte)
}

/// Whether brackets or quotes that stand alone hold nothing: a value that is empty this time.
fn is_empty_pair(open: u8, next: Option<&u8>) -> bool {
    matches!(
        (open, next),
        (b'(', Some(b')')) | (b'[', Some(b']')) | (b'"', Some(b'"')) | (b'\'', Some(b'\''))
    )
}

/// Whether `word` is a weekday or month in front of the rest of a date (`Tue Mar 3`, `Mar 3`).
fn is_date_word(word: &[u8], rest: &[u8]) -> bool {
    if word.len() != 3 || !word[0].is_ascii_uppercase() {
        return false;
    }
    let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    let next_is_number = rest.first().is_some_and(u8::is_ascii_digit);
    let is_month = |word: &[u8]| MONTHS.iter().any(|month| month.as_slice() == word);
    if is_month(word) {
        return next_is_number;
    }
    WEEKDAYS.iter().any(|day| day.as_slice() == word)
        && (next_is_number || rest.get(..3).is_some_and(is_month))
}

fn trim_space(out: &mut String) {
    if out.ends_with(' ') {
        out.pop();
    }
}

fn ends_with_hole(out: &str) -> bool {
    out.trim_end_matches(' ').ends_with(HOLE)
}

/// Whether the sign at `at` is a bound on the number after it (`<1 sec`), not a bracket (`<34>`).
fn is_bound(bytes: &[u8], at: usize) -> bool {
    let mut end = at + 1;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    end > at + 1 && bytes.get(end) == Some(&b' ')
}

/// End of a size told a second time for people: the `(2.0 KB)` of `2048 bytes (2.0 KB)`.
fn size_again_end(bytes: &[u8], at: usize, out: &str) -> Option<usize> {
    if !out.trim_end().ends_with("bytes") {
        return None;
    }
    let inside = bytes.get(at + 1..bytes.len().min(at + 24))?;
    let close = inside.iter().position(|&byte| byte == b')')?;
    let inside = &inside[..close];
    let digits =
        inside.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
    let unit = inside[digits..].trim_ascii();
    let is_size =
        digits > 0 && unit.len() <= 3 && unit.last().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'b'));
    is_size.then_some(at + close + 2)
}

/// End of a MAC or IPv6 address that starts at `at`: groups of hex digits joined by at least two colons.
fn colon_hex_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    let (mut colons, mut group, mut digits) = (0, 0, false);
    while let Some(&byte) = bytes.get(end) {
        if byte == b':' {
            colons += 1;
            group = 0;
        } else if byte.is_ascii_hexdigit() {
            group += 1;
            digits |= byte.is_ascii_digit();
            if group > 4 {
                return None;
            }
        } else {
            break;
        }
        end += 1;
        if end - at > 48 {
            return None;
        }
    }
    let ends_word = bytes.get(end).is_none_or(|&byte| !byte.is_ascii_alphanumeric() && byte != b'_');
    let whole = bytes.get(end.wrapping_sub(1)).is_some_and(|&byte| byte != b':');
    (colons >= 2 && digits && ends_word && whole).then_some(end)
}

/// Writes a hole; two holes joined by one mark (`1.2`, `10:30`, `3-4`, `1,000`) become one.
fn push_hole(out: &mut String, joined: bool) {
    let bytes = out.as_bytes();
    let length = bytes.len();
    if joined && length >= 2 && bytes[length - 2] == HOLE_BYTE {
        if matches!(bytes[length - 1], b'.' | b':' | b'-' | b'/' | b'_' | b',' | b'+' | b'@' | b'x') {
            out.truncate(length - 1);
            return;
        }
    } else if length >= 1 && bytes[length - 1] == HOLE_BYTE {
        return;
    }
    out.push(HOLE);
}

/// Masks one word: parts between marks are looked at one by one.
fn push_word(word: &str, joined: bool, out: &mut String) {
    let bytes = word.as_bytes();
    let has_digit = bytes.iter().any(u8::is_ascii_digit);
    if bytes.len() > 128 || is_blob(bytes) || (has_digit && is_dashed_hex(bytes)) {
        push_hole(out, joined);
        return;
    }
    if !has_digit {
        out.push_str(word);
        return;
    }
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if !byte.is_ascii_alphanumeric() && byte < 0x80 {
            let signed = matches!(byte, b'-' | b'+')
                && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
                && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            if !signed {
                out.push(char::from(byte));
            }
            at += 1;
            continue;
        }
        let mut end = at;
        while end < bytes.len() && (bytes[end].is_ascii_alphanumeric() || bytes[end] >= 0x80) {
            end += 1;
        }
        push_part(word.get(at..end).unwrap_or(""), joined || at > 0, out);
        at = end;
    }
}

/// Masks one run of letters and digits.
fn push_part(part: &str, joined: bool, out: &mut String) {
    let bytes = part.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        out.push_str(part);
        return;
    }
    if bytes[0].is_ascii_digit() || (bytes.len() >= 6 && bytes.iter().all(u8::is_ascii_hexdigit)) {
        push_hole(out, joined);
        return;
    }
    let runs = bytes.windows(2).filter(|pair| !pair[0].is_ascii_digit() && pair[1].is_ascii_digit()).count();
    if runs >= 3 || (bytes.len() >= 16 && digits >= 4 && runs >= 2) {
        push_hole(out, joined);
        return;
    }
    // A name with a number in it: single digits inside names (`ssh2`, `utf8`) are part of the name.
    let mut at = 0;
    while at < bytes.len() {
        let number = bytes[at].is_ascii_digit();
        let mut end = at;
        while end < bytes.len() && bytes[end].is_ascii_digit() == number {
            end += 1;
        }
        if number && end - at >= 2 {
            push_hole(out, true);
        } else {
            out.push_str(part.get(at..end).unwrap_or(""));
        }
        at = end;
    }
}

/// Hex digits in groups joined by dashes, at least sixteen of them: a UUID and its like.
fn is_dashed_hex(bytes: &[u8]) -> bool {
    let hex = bytes.iter().filter(|byte| byte.is_ascii_hexdigit()).count();
    hex >= 16 && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-')
}

/// At least 24 base64 letters that change between small, capital and digit too often for a name.
fn is_blob(bytes: &[u8]) -> bool {
    if bytes.len() < 24 || bytes.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"+/-_".contains(byte)) {
        return false;
    }
    let class = |byte: u8| match byte {
        b'0'..=b'9' => 0,
        b'A'..=b'Z' => 1,
        b'a'..=b'z' => 2,
        _ => 3,
    };
    let changes = bytes.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    changes * 5 >= bytes.len() * 2
}

/// Folds the last word into the one before it when both are the same masked value and only white
/// space or a comma stands between.
fn fold_list(out: &mut String, last_word: Option<usize>) -> bool {
    let Some(last) = last_word else { return false };
    let bytes = out.as_bytes();
    let start = word_start(bytes);
    if start <= last || !bytes[start..].contains(&HOLE_BYTE) {
        return false;
    }
    let word = &bytes[start..];
    let Some(before) = bytes.get(last..start) else { return false };
    let Some(gap) = before.strip_prefix(word) else { return false };
    if !gap.is_empty() && gap.iter().all(|byte| matches!(byte, b' ' | b',')) {
        let end = last + word.len();
        out.truncate(end);
        return true;
    }
    false
}
