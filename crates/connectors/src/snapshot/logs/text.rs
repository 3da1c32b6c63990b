//! A line of plain text: its time, its level word, and whether it continues the line before.

use std::borrow::Cow;

use midwatch_analysis::logs::LogLevel;

use super::super::time;
use super::json::LineBuilder;
use super::line::LogLine;

/// The line in `text`: `key=value` pairs when it is made of them, else a leading time, a level word and the rest.
pub(super) fn decode(text: &str) -> LogLine<'_> {
    if let Some(line) = key_values(text) {
        return line;
    }
    let (read, rest) = leading_time(text);
    // A container runtime writes time, stream and `F` or `P` before the program's own line.
    let rest = ["stdout F ", "stderr F ", "stdout P ", "stderr P "]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix).filter(|_| read.is_some()))
        .unwrap_or(rest);
    let own = if rest.starts_with('{') { super::json::decode(rest).ok() } else { key_values(rest) };
    if let Some(mut line) = own.filter(|line| !line.body.is_empty()) {
        line.time_ns = line.time_ns.or(read.map(|read| read.ns));
        return line;
    }
    let (level, body) = leading_level(rest);
    LogLine {
        time_ns: read.map(|read| read.ns),
        level,
        body: Cow::Borrowed(body),
        naive: read.is_some_and(|read| read.naive),
        ..LogLine::default()
    }
}

/// The time at the start, and what follows it.
fn leading_time(text: &str) -> (Option<time::ReadTime>, &str) {
    // `<34>1 ` of a syslog line (RFC 5424).
    let unmarked = text.strip_prefix('<').and_then(|rest| rest.split_once('>')).and_then(|(number, rest)| {
        let is_priority = number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        is_priority.then(|| rest.strip_prefix("1 ").unwrap_or(rest))
    });
    let start = unmarked.unwrap_or(text).trim_start_matches([' ', '[', '(']);
    if let Some(read) = time::leading(start) {
        let rest = start.get(read.length..).unwrap_or_default();
        return (Some(read), rest.trim_start_matches([']', ')', ':', '|', ',', ' ', '\t']));
    }
    let word_end = start.find([' ', '\t', ']']).unwrap_or(start.len());
    let word = start.get(..word_end).unwrap_or_default();
    if word.len() >= 10
        && let Some(ns) = time::epoch_text(word)
    {
        let read = time::ReadTime { ns, naive: false, length: word.len() };
        return (
            Some(read),
            start.get(word_end..).unwrap_or_default().trim_start_matches([']', ':', ' ', '\t']),
        );
    }
    if let Some(read) = access_log_time(text) {
        return (Some(read), text);
    }
    (None, text)
}

/// The bracketed time of a common log format line: `10.0.0.1 - - [18/Jun/2026:15:06:00 +0000] "GET …`.
fn access_log_time(text: &str) -> Option<time::ReadTime> {
    let open = text.get(..160.min(text.len())).unwrap_or(text).find('[')?;
    time::leading(text.get(open + 1..)?)
}

/// The level among the first words, and the text without it when it comes first.
fn leading_level(text: &str) -> (LogLevel, &str) {
    let mut from = 0;
    for index in 0..5 {
        let rest = text.get(from..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let token = rest.get(..end).unwrap_or_default();
        if token.is_empty() {
            break;
        }
        let word = token.trim_matches(['[', ']', '(', ')', ':', '<', '>', '|', '-', ',']);
        let shouted = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let marked = word.len() > 1 && word.len() != token.len();
        let level = if shouted || marked { LogLevel::parse(word) } else { LogLevel::Unknown };
        if level != LogLevel::Unknown {
            let after = rest.get(end..).unwrap_or_default().trim_start_matches([' ', '\t', ':', '|', '-']);
            return (level, if index == 0 && !after.is_empty() { after } else { text });
        }
        from += blank + end;
    }
    (LogLevel::Unknown, text)
}

/// The line when it is made of `key=value` pairs and at least a message or level and a further known key is among
/// them.
fn key_values(text: &str) -> Option<LogLine<'_>> {
    let first = text.get(..text.find('=')?)?;
    let plain_key = |key: &str| {
        !key.is_empty()
            && key.len() <= 64
            && !key.contains(|letter: char| letter.is_whitespace() || "\"{}[]".contains(letter))
    };
    if !plain_key(first) || !(text.contains("msg=") || text.contains("message=")) {
        return None;
    }
    let mut builder = LineBuilder::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        if !plain_key(key) {
            return None;
        }
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let end = after.find(char::is_whitespace).unwrap_or(after.len());
                (Cow::Borrowed(after.get(..end)?), after.get(end..)?)
            }
        };
        builder.take(Cow::Borrowed(key), value);
        rest = next.trim_start();
    }
    Some(builder.finish()).filter(|line| !line.body.is_empty())
}

fn quoted_value(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let mut has_escapes = false;
    for (at, byte) in quoted.bytes().enumerate() {
        match byte {
            b'\\' if !escaped => {
                escaped = true;
                has_escapes = true;
                continue;
            }
            b'"' if !escaped => {
                let value = quoted.get(..at)?;
                let value = if has_escapes {
                    Cow::Owned(value.replace("\\\"", "\"").replace("\\n", "\n").replace("\\\\", "\\"))
                } else {
                    Cow::Borrowed(value)
                };
                return Some((value, quoted.get(at + 1..)?));
            }
            _ => {}
        }
        escaped = false;
    }
    None
}

/// What the lines before say about the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Block {
    /// Nothing.
    #[default]
    None,
    /// A Python traceback is open: its indented lines and the one that ends it belong to it.
    Traceback,
    /// A dump of goroutines is open: everything up to a blank line belongs to it.
    Goroutines,
}

/// Whether `text` continues the record before it, and the block that is open afterwards.
pub(super) fn continues(text: &str, block: Block) -> (bool, Block) {
    let trimmed = text.trim_start();
    let indented = trimmed.len() != text.len();
    if trimmed.starts_with("Traceback (most recent call last)") {
        return (true, Block::Traceback);
    }
    if trimmed.starts_with("goroutine ") && trimmed.trim_end().ends_with("]:") {
        return (true, Block::Goroutines);
    }
    match block {
        Block::Goroutines => {
            return (!trimmed.is_empty(), if trimmed.is_empty() { Block::None } else { block });
        }
        Block::Traceback if indented => return (true, block),
        // The line that ends a traceback: `ValueError: …`.
        Block::Traceback if time::leading(trimmed).is_none() => return (true, Block::None),
        Block::Traceback | Block::None => {}
    }
    let frame =
        ["at ", "Caused by:", "Suppressed:", "During handling of the above", "The above exception was"];
    let more = trimmed.starts_with("... ") && trimmed.contains(" more");
    let framed = frame.iter().any(|start| trimmed.starts_with(start));
    (indented || more || framed || names_exception(trimmed), Block::None)
}

/// Whether a line is the head of a stack trace: `java.lang.IllegalStateException: drained`.
fn names_exception(text: &str) -> bool {
    if text.starts_with("Exception in thread ") {
        return true;
    }
    let name = text.split(':').next().unwrap_or(text).trim_end();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$'));
    is_name
        && ["Exception", "Error", "Throwable"].iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, timed: bool, level: LogLevel, body: &str) {
        let line = decode(text);
        assert_eq!((line.time_ns.is_some(), line.level, &*line.body), (timed, level, body), "{text}");
    }

    #[test]
    fn common_formats() {
        check("2026-06-18 15:06:00,123 ERROR worker - lost it", true, LogLevel::Error, "worker - lost it");
        check(
            "2026-06-18T15:06:00Z [main] WARN c.e.Foo - slow",
            true,
            LogLevel::Warn,
            "[main] WARN c.e.Foo - slow",
        );
        check("[2026-06-18 15:06:00] [error] broken", true, LogLevel::Error, "broken");
        check("2026/06/18 15:06:00 listening", true, LogLevel::Unknown, "listening");
        check("1781795160.123 INFO up", true, LogLevel::Info, "up");
        check("no error here", false, LogLevel::Unknown, "no error here");
        check("2026-06-18T15:06:00Z stdout F hello", true, LogLevel::Unknown, "hello");
        check("<34>1 2026-06-18T15:06:00Z host app - - - hi", true, LogLevel::Unknown, "host app - - - hi");
        check("ts=2026-06-18T15:06:00Z level=warn msg=\"a \\\"b\\\"\" n=1", true, LogLevel::Warn, "a \"b\"");
        check("2026-06-18T15:06:00Z {\"level\":\"error\",\"msg\":\"x\"}", true, LogLevel::Error, "x");
        let access = "10.0.0.1 - - [18/Jun/2026:15:06:00 +0000] \"GET / HTTP/1.1\" 200";
        check(access, true, LogLevel::Unknown, access);
    }

    #[test]
    fn stack_traces_continue() {
        assert!(continues("java.lang.IllegalStateException: drained", Block::None).0);
        assert!(!continues("Error: no", Block::None).0 && !continues("an Error", Block::None).0);
        let mut block = Block::None;
        let lines = ["Traceback (most recent call last):", "  File \"a.py\"", "    x()", "ValueError: no"];
        for line in lines {
            let (continued, next) = continues(line, block);
            assert!(continued, "{line}");
            block = next;
        }
        assert_eq!(block, Block::None);
        assert!(!continues("next line", block).0);
        assert!(continues("\tat com.example.A(A.java:1)", Block::None).0);
        assert!(continues("Caused by: java.io.IOException", Block::None).0);
        let (_, open) = continues("goroutine 1 [running]:", Block::None);
        assert!(continues("main.main()", open).0);
        assert_eq!(continues("", open), (false, Block::None));
    }
}
