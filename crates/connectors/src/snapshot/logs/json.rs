//! A line that is a JSON object, read without copying what can be borrowed.

use std::borrow::Cow;
use std::fmt;

use midwatch_analysis::logs::LogLevel;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::super::keys::{FIELD_BYTES_MAX, FIELDS_MAX};
use super::super::read::cut;
use super::super::time;
use super::line::{LogLine, Role, level_of, role_of};

const DEPTH_MAX: usize = 6;

/// The line in `text`; an error says why it is no JSON object.
pub(super) fn decode(text: &str) -> Result<LogLine<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut object = LineBuilder::default();
    deserializer.deserialize_map(Entries { object: &mut object, prefix: "", depth: 0 })?;
    deserializer.end()?;
    Ok(object.finish())
}

/// Gathers the keys and values of one line, whatever it is written in.
#[derive(Default)]
pub(super) struct LineBuilder<'a> {
    time: Slot<'a>,
    entity: Slot<'a>,
    level: Slot<'a>,
    body: Slot<'a>,
    fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Precedence, key and value of what was found so far.
type Slot<'a> = Option<(u8, Cow<'a, str>, Cow<'a, str>)>;

impl<'a> LineBuilder<'a> {
    /// Takes one key with its value; of two keys with one role the lesser becomes a field.
    pub(super) fn take(&mut self, key: Cow<'a, str>, value: Cow<'a, str>) {
        if value.is_empty() {
            return;
        }
        let (slot, rank) = match role_of(&key) {
            Role::Time(rank) => (&mut self.time, rank),
            Role::Entity(rank) => (&mut self.entity, rank),
            Role::Level(rank) => (&mut self.level, rank),
            Role::Body(rank) => (&mut self.body, rank),
            Role::Field => return self.field(key, value),
        };
        match slot {
            Some((held, ..)) if *held <= rank => self.field(key, value),
            _ => {
                if let Some((_, key, value)) = slot.replace((rank, key, value)) {
                    self.field(key, value);
                }
            }
        }
    }

    fn field(&mut self, key: Cow<'a, str>, value: Cow<'a, str>) {
        if self.fields.len() < FIELDS_MAX {
            self.fields.push((shortened(key, 256), shortened(value, FIELD_BYTES_MAX)));
        }
    }

    /// The line.
    pub(super) fn finish(self) -> LogLine<'a> {
        let read = self.time.as_ref().and_then(|(_, _, text)| time::parse(text));
        let level = self.level.map_or(LogLevel::Unknown, |(rank, _, word)| level_of(&word, rank == 4));
        LogLine {
            number: 0,
            time_ns: read.map(|read| read.ns),
            entity: self.entity.map(|(_, _, text)| text).unwrap_or_default(),
            level,
            body: self.body.map(|(_, _, text)| text).unwrap_or_default(),
            fields: self.fields,
            naive: read.is_some_and(|read| read.naive),
            bad_time: self.time.is_some() && read.is_none(),
        }
    }
}

fn shortened(text: Cow<'_, str>, bytes_max: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, bytes_max)),
        Cow::Owned(text) if text.len() > bytes_max => Cow::Owned(cut(&text, bytes_max).to_owned()),
        owned => owned,
    }
}

struct Entries<'o, 'a, 'p> {
    object: &'o mut LineBuilder<'a>,
    prefix: &'p str,
    depth: usize,
}

impl<'a> Visitor<'a> for Entries<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<Key<'a>>()? {
            let raw: &'a RawValue = entries.next_value()?;
            let key = match self.prefix {
                "" => key.0,
                prefix => Cow::Owned(format!("{prefix}.{}", key.0)),
            };
            value(self.object, key, raw.get(), self.depth);
        }
        Ok(())
    }
}

/// Takes one raw value: a text without its quotes, a number or a flag as written, an object entry by entry.
fn value<'a>(object: &mut LineBuilder<'a>, key: Cow<'a, str>, raw: &'a str, depth: usize) {
    match raw.as_bytes().first() {
        Some(b'"') => {
            let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
            let text = if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
                Cow::Borrowed(inner)
            } else {
                Cow::Owned(serde_json::from_str(raw).unwrap_or_default())
            };
            object.take(key, text);
        }
        Some(b'{') if depth < DEPTH_MAX => {
            let mut deserializer = serde_json::Deserializer::from_str(raw);
            // The outer pass has checked the syntax already.
            let _ = deserializer.deserialize_map(Entries { object, prefix: &key, depth: depth + 1 });
        }
        Some(b'n') | None => {}
        _ => object.take(key, Cow::Borrowed(raw)),
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_free_keys() {
        let text = r#"{"ts":1781795160.5,"lvl":"warn","service.name":"svc-a","event":"took \"long\"","http":{"route":"/x","n":3},"ok":true,"none":null}"#;
        let line = decode(text).unwrap();
        assert_eq!(line.time_ns, Some(1_781_795_160_500_000_000));
        assert_eq!((&*line.entity, line.level, &*line.body), ("svc-a", LogLevel::Warn, "took \"long\""));
        let fields: Vec<(&str, &str)> = line.fields.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(fields, [("http.route", "/x"), ("http.n", "3"), ("ok", "true")]);
    }

    #[test]
    fn the_better_key_wins_and_the_other_stays_a_field() {
        let line = decode(r#"{"pod":"p-1","service":"svc-a","message":"m","msg":"n"}"#).unwrap();
        assert_eq!((&*line.entity, &*line.body), ("svc-a", "n"));
        assert!(decode("[1]").is_err() && decode("{\"a\":").is_err() && decode("{} x").is_err());
    }
}
