//! Words worth matching between telemetry and diffs.

use std::collections::BTreeSet;

use super::mask::cut;

const TEXT_BYTES_MAX: usize = 16_384;
const WORDS_MAX: usize = 256;
const WORD_BYTES_MAX: usize = 96;
const WORD_BYTES_MIN: usize = 3;

/// Words that every log and every diff holds.
const COMMON: [&str; 180] = [
    "a",
    "about",
    "above",
    "abort",
    "accept",
    "access",
    "action",
    "add",
    "added",
    "after",
    "again",
    "all",
    "already",
    "also",
    "an",
    "and",
    "any",
    "are",
    "args",
    "array",
    "as",
    "at",
    "attempt",
    "available",
    "bad",
    "be",
    "because",
    "been",
    "before",
    "being",
    "bool",
    "by",
    "bytes",
    "call",
    "called",
    "can",
    "cannot",
    "case",
    "class",
    "client",
    "close",
    "closed",
    "code",
    "com",
    "complete",
    "completed",
    "const",
    "could",
    "count",
    "data",
    "debug",
    "def",
    "default",
    "did",
    "do",
    "does",
    "done",
    "during",
    "else",
    "end",
    "error",
    "errors",
    "event",
    "exception",
    "expected",
    "fail",
    "failed",
    "failing",
    "failure",
    "false",
    "fatal",
    "field",
    "file",
    "finish",
    "finished",
    "float",
    "fn",
    "for",
    "found",
    "from",
    "func",
    "function",
    "get",
    "given",
    "got",
    "had",
    "handle",
    "has",
    "have",
    "host",
    "http",
    "https",
    "id",
    "if",
    "import",
    "in",
    "info",
    "input",
    "int",
    "internal",
    "into",
    "invalid",
    "io",
    "is",
    "it",
    "item",
    "its",
    "java",
    "json",
    "key",
    "last",
    "let",
    "level",
    "line",
    "list",
    "log",
    "logger",
    "main",
    "max",
    "message",
    "method",
    "min",
    "missing",
    "module",
    "more",
    "msg",
    "name",
    "new",
    "next",
    "nil",
    "no",
    "none",
    "not",
    "now",
    "null",
    "number",
    "object",
    "of",
    "ok",
    "on",
    "one",
    "only",
    "open",
    "or",
    "org",
    "other",
    "out",
    "output",
    "over",
    "path",
    "process",
    "public",
    "received",
    "request",
    "response",
    "result",
    "return",
    "returned",
    "run",
    "running",
    "self",
    "send",
    "sent",
    "server",
    "service",
    "set",
    "size",
    "start",
    "started",
    "state",
    "static",
    "status",
    "stop",
    "str",
    "string",
    "success",
    "test",
    "than",
    "that",
    "the",
];
const MORE_COMMON: [&str; 48] = [
    "second", "seconds", "sec", "minute", "minutes", "millis", "hour", "hours", "then", "there", "this",
    "thread", "time", "to", "too", "trace", "true", "try", "trying", "type", "unable", "unknown", "until",
    "up", "use", "used", "user", "using", "val", "value", "values", "var", "version", "void", "waiting",
    "warn", "warning", "was", "were", "when", "while", "will", "with", "within", "without", "would", "you",
    "your",
];

/// Units of durations and sizes with the spelling they are brought to.
const UNITS: [(&str, &str); 34] = [
    ("ns", "ns"),
    ("us", "us"),
    ("µs", "us"),
    ("ms", "ms"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
    ("millisecond", "ms"),
    ("s", "s"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("m", "m"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("h", "h"),
    ("hr", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("b", "b"),
    ("bytes", "b"),
    ("kb", "kb"),
    ("kib", "kib"),
    ("ki", "kib"),
    ("mb", "mb"),
    ("mib", "mib"),
    ("mi", "mib"),
    ("gb", "gb"),
    ("gib", "gib"),
    ("gi", "gib"),
    ("%", "%"),
];

/// The words of `text` worth matching: identifiers (`readResult`, `order_items`, `pay.charge.limit`), quoted names,
/// file names, exception classes, HTTP-like codes with their digits left out, and numbers with units (`300 ms` as
/// `300ms`). Lower case; compound identifiers are there whole and in parts. Stop words and the everyday words of logs
/// and code are left out, and so are bare numbers, ids and words of fewer than three or more than 96 bytes.
///
/// Sorted, each once, at most 256 (the first ones of the text). Reads the first 16 KiB.
pub fn telling_words(text: &str) -> Vec<String> {
    let mut words = Words::default();
    let text = cut(text, TEXT_BYTES_MAX);
    let mut rest = text;
    while let Some(start) = rest.find(is_word_character) {
        rest = &rest[start..];
        let end = rest.find(|c| !is_word_character(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.take(word.trim_matches(|c| matches!(c, '.' | '-' | '/' | '_' | '$')), after);
        if words.seen.len() >= WORDS_MAX {
            break;
        }
        rest = after;
    }
    words.seen.into_iter().collect()
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$' | '%')
}

#[derive(Default)]
struct Words {
    seen: BTreeSet<String>,
}

impl Words {
    fn take(&mut self, word: &str, after: &str) {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            self.quantity(word, after);
            return;
        }
        if word.len() > WORD_BYTES_MAX || looks_like_id(word) {
            return;
        }
        self.add(word);
        for segment in word.split(['/', '.', '-', '$', '%']) {
            if segment.len() < word.len() {
                self.add(segment);
            }
            for part in camel_parts(segment) {
                if part.len() < segment.len() {
                    self.add(part);
                }
            }
        }
    }

    fn add(&mut self, word: &str) {
        let lower = word.trim_matches('_').to_lowercase();
        let letters = lower.chars().filter(|c| c.is_alphabetic()).count();
        let common = COMMON.contains(&lower.as_str()) || MORE_COMMON.contains(&lower.as_str());
        if letters < WORD_BYTES_MIN || common || self.seen.len() >= WORDS_MAX {
            return;
        }
        self.seen.insert(lower);
    }

    /// `300ms`, `5 seconds`, `1.5GB`, `80%`.
    fn quantity(&mut self, word: &str, after: &str) {
        let digits = word.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, unit) = word.split_at(digits);
        let spaced = after.strip_prefix(' ').unwrap_or("");
        let next_end = spaced.find(|c: char| !c.is_alphabetic()).unwrap_or(spaced.len());
        let unit = if unit.is_empty() { &spaced[..next_end] } else { unit };
        let unit = unit.to_lowercase();
        let number = number.trim_end_matches('.');
        if let Some((_, unit)) = UNITS.iter().find(|(spelling, _)| *spelling == unit)
            && number.len() <= 12
            && number.matches('.').count() <= 1
        {
            self.seen.insert(format!("{number}{unit}"));
        }
    }
}

/// Parts of a snake_case or camelCase word.
fn camel_parts(word: &str) -> Vec<&str> {
    let bytes = word.as_bytes();
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, character) in word.char_indices().skip(1) {
        let before = bytes[at - 1];
        let next_small = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let hump = character.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next_small));
        if hump || character == '_' || before == b'_' {
            parts.push(&word[start..at]);
            start = at;
        }
    }
    parts.push(&word[start..]);
    parts.retain(|part| *part != "_" && !part.is_empty());
    parts
}

/// Hex of eight or more digits, or a word with more digits than letters: an id, not a name.
fn looks_like_id(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex =
        word.len() >= 8 && digits > 0 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    hex || digits * 2 > word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let mut expected: Vec<&str> = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(telling_words(text), expected, "{text}");
    }

    #[test]
    fn identifiers_come_whole_and_in_parts() {
        check(
            "failed in readResult of order_items",
            &["readresult", "read", "order_items", "order", "items"],
        );
        check("HTTPServerError at pay/charge.go:118", &["httpservererror", "pay/charge.go", "pay", "charge"]);
        check(
            "relation \"ledger_rows\" does not exist",
            &["relation", "ledger_rows", "ledger", "rows", "exist"],
        );
        check("pool.maxIdle exceeded", &["pool.maxidle", "pool", "maxidle", "idle", "exceeded"]);
    }

    #[test]
    fn quantities_are_brought_to_one_spelling() {
        check("deadline 300 ms", &["deadline", "300ms"]);
        check("deadline 300ms, 5 seconds, 1.5GB, 80% of 12", &["deadline", "300ms", "5s", "1.5gb", "80%"]);
    }

    #[test]
    fn ids_numbers_and_everyday_words_are_left_out() {
        check("the request failed with error 500 for user 8f14e45fceea167a id=12345", &[]);
        check("order a1b2c3d4-aaaa-bbbb", &["order"]);
    }

    #[test]
    fn many_words_are_bounded() {
        let text: String = (0..5_000).map(|n| format!("wordx{}y ", "abcdefghij".repeat(n % 7 + 1))).collect();
        assert!(telling_words(&text).len() <= WORDS_MAX);
        let text: String = (0..26_u8)
            .flat_map(|a| {
                (0..26_u8).map(move |b| format!("{}{}zzq ", char::from(b'a' + a), char::from(b'a' + b)))
            })
            .collect();
        assert_eq!(telling_words(&text).len(), WORDS_MAX);
        assert!(telling_words("é_É ÀàÀ \u{1F600}x").len() <= 3);
    }
}
