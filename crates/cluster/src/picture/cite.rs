//! Facts: statements that carry the line they rest on.

use std::borrow::Cow;

use super::{Origin, Picture};
use crate::kind::{Kind, ObjectKey};

/// Longest quotation, in characters.
const QUOTE_CHARS_MAX: usize = 400;

/// A statement with its source and the line it was read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// What is the case, in a few words: `the readiness probe asks port 8081`.
    pub statement: String,
    /// Command, path or request whose answer says so.
    pub source: String,
    /// The line that says so, cut at 400 characters, with `…` where something was left out; empty for what was worked
    /// out, such as an absence.
    pub quote: String,
}

impl Fact {
    /// Whether no single line says it: it follows from fields, from several lines, or from what is not there.
    pub fn is_worked_out(&self) -> bool {
        self.quote.is_empty()
    }
}

/// A needle that no text holds.
const NOWHERE: &str = "\u{0}";

impl Picture {
    /// A fact about an object, quoting the first line of its texts that holds `needle` (ASCII case matters). When no
    /// line does, the fact is worked out and quotes nothing.
    pub fn fact(&self, key: &ObjectKey, needle: &str, statement: impl Into<String>) -> Fact {
        let statement = statement.into();
        let origins = self.origins(key);
        for origin in &origins {
            if let Some(line) = self.part(*origin).lines().find(|line| line.contains(needle)) {
                let quote = if key.kind == Kind::Secret { without_value(line) } else { cut(line, needle) };
                return Fact { statement, source: self.source(*origin).to_owned(), quote };
            }
        }
        let source =
            origins.first().map_or_else(|| key.to_string(), |origin| self.source(*origin).to_owned());
        Fact { quote: String::new(), statement, source }
    }

    /// As [`Picture::fact`], with the first of several needles that some text of the object holds: the forms in which
    /// tables, descriptions, YAML and JSON write one thing.
    pub(crate) fn fact_of_any(
        &self,
        key: &ObjectKey,
        needles: &[&str],
        statement: impl Into<String>,
    ) -> Fact {
        let statement = statement.into();
        let facts = needles.iter().map(|needle| self.fact(key, needle, statement.as_str()));
        let quoted = facts.into_iter().find(|fact| !fact.is_worked_out());
        quoted.unwrap_or_else(|| self.fact(key, NOWHERE, statement))
    }

    /// A fact that an event, a log line or a check states: the first line of its own text that holds `needle`.
    pub fn fact_at(&self, origin: Origin, needle: &str, statement: impl Into<String>) -> Fact {
        let line = self.part(origin).lines().find(|line| line.contains(needle)).unwrap_or("");
        Fact { statement: statement.into(), source: self.source(origin).to_owned(), quote: cut(line, needle) }
    }

    /// The text an origin points at.
    pub(crate) fn part(&self, origin: Origin) -> &str {
        let Some(document) = self.documents.get(origin.document as usize) else { return "" };
        document.text.get(origin.start as usize..origin.end as usize).unwrap_or("")
    }

    /// The command an origin belongs to.
    pub fn source(&self, origin: Origin) -> &str {
        self.documents.get(origin.document as usize).map_or("", |document| document.command.as_str())
    }
}

/// A line of a secret: its key, never its value.
fn without_value(line: &str) -> String {
    let key = line.trim().split_once(": ").map_or("", |(key, _)| key);
    let key: String = key.chars().take(QUOTE_CHARS_MAX / 4).collect();
    format!("{key}: …")
}

/// The text with passwords of URLs (`scheme://user:password@host`) left out.
pub(crate) fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    let mut from = 0;
    while let Some(at) = out.get(from..).and_then(|rest| rest.find("://")).map(|at| from + at + 3) {
        let authority = out.get(at..).unwrap_or("").split(['/', ' ', '"', '\'', '?']).next().unwrap_or("");
        let login = authority.rfind('@').and_then(|end| Some((authority.get(..end)?.find(':')?, end)));
        from = at;
        if let Some((colon, end)) = login {
            out.to_mut().replace_range(at + colon + 1..at + end, "…");
        }
    }
    out
}

/// One line, trimmed and without passwords; of a long one the part around the needle.
fn cut(line: &str, needle: &str) -> String {
    let line = without_passwords(line.trim());
    let line = line.as_ref();
    if line.chars().nth(QUOTE_CHARS_MAX).is_none() {
        return line.to_owned();
    }
    let at = line.find(needle).unwrap_or(0);
    let before = line.get(..at).unwrap_or("").chars().count().saturating_sub(QUOTE_CHARS_MAX / 4);
    let part: String = line.chars().skip(before).take(QUOTE_CHARS_MAX).collect();
    let (open, close) = (if before > 0 { "…" } else { "" }, "…");
    format!("{open}{part}{close}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_quoted() {
        for (text, shown) in [
            ("URL=postgres://u:secret@db:5432/x", "URL=postgres://u:…@db:5432/x"),
            ("a http://x:80/y b amqp://g:p@q c", "a http://x:80/y b amqp://g:…@q c"),
            ("redis://:pw@cache", "redis://:…@cache"),
            ("mail a:b@c", "mail a:b@c"),
            ("http://", "http://"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
        assert_eq!(without_value("  PASSWORD: aHVudGVyMg=="), "PASSWORD: …");
        assert_eq!(without_value("{\"stringData\":{\"a\":\"b\"}}"), ": …");
    }
}
