//! Files of records: a JSON array, one JSON object, objects line by line, or a table, handed over one by one.

use std::fmt;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::damage::DamageLog;
use super::read::{Lines, json_text_of, text_of, whole_file};
use super::scan::SnapshotFile;
use super::table::Rows;

/// One record and the line it starts on.
#[derive(Debug)]
pub(super) struct Record {
    /// Line, from 1.
    pub(super) line: u64,
    /// The record.
    pub(super) value: Value,
}

/// Hands over every record of a JSON or JSON-lines file, in file order. What cannot be read is counted as damage; the
/// records before a break are still handed over.
pub(super) fn for_each(
    file: &SnapshotFile,
    damage: &mut DamageLog,
    mut visit: impl FnMut(Record, &mut DamageLog),
) {
    if file.relative.ends_with(".ndjson") || file.relative.ends_with(".jsonl") {
        return for_each_line(file, damage, visit);
    }
    let bytes = match whole_file(&file.path) {
        Ok(bytes) => bytes,
        Err(reason) => return damage.file(&file.relative, &reason),
    };
    let (text, escaped) = json_text_of(&bytes);
    if escaped {
        damage.note(format!("{} holds bytes that are not UTF-8; they were kept as \\xNN", file.relative));
    }
    let mut counter = LineCounter::new(&text);
    let outcome = if text.trim_start().starts_with('[') {
        let mut elements = |raw: &RawValue| deliver(raw, &mut counter, file, damage, &mut visit);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        Elements(&mut elements).deserialize(&mut deserializer)
    } else {
        let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>();
        loop {
            match stream.next() {
                None => break Ok(()),
                Some(Ok(raw)) => deliver(raw, &mut counter, file, damage, &mut visit),
                Some(Err(error)) => break Err(error),
            }
        }
    };
    if let Err(error) = outcome {
        let line = u64::try_from(error.line()).unwrap_or(1).max(1);
        damage.row(
            &file.relative,
            line,
            &format!("the JSON breaks off or is malformed here: {}", short(&error)),
        );
    }
}

fn deliver(
    raw: &RawValue,
    counter: &mut LineCounter<'_>,
    file: &SnapshotFile,
    damage: &mut DamageLog,
    visit: &mut impl FnMut(Record, &mut DamageLog),
) {
    let line = counter.line_of(raw.get());
    match serde_json::from_str(raw.get()) {
        Ok(value) => visit(Record { line, value }, damage),
        Err(error) => damage.row(&file.relative, line, &format!("not readable as JSON: {}", short(&error))),
    }
}

fn for_each_line(file: &SnapshotFile, damage: &mut DamageLog, mut visit: impl FnMut(Record, &mut DamageLog)) {
    let outcome = Lines::open(&file.path).and_then(|mut lines| {
        while let Some(line) = lines.next()? {
            let (text, _) = json_text_of(line.bytes);
            if text.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(&text) {
                Ok(value) => visit(Record { line: line.number, value }, damage),
                Err(_) if line.cut => {
                    damage.row(&file.relative, line.number, "the line is longer than 64 KiB")
                }
                Err(error) => {
                    damage.row(&file.relative, line.number, &format!("not JSON: {}", short(&error)))
                }
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        damage.file(&file.relative, &format!("cannot be read: {error}"));
    }
}

/// What is wrong, without the position, so that alike damage groups.
pub(super) fn short(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Lines of growing offsets into one text, each counted once.
struct LineCounter<'t> {
    text: &'t str,
    offset: usize,
    line: u64,
}

impl<'t> LineCounter<'t> {
    fn new(text: &'t str) -> LineCounter<'t> {
        LineCounter { text, offset: 0, line: 1 }
    }

    /// The line on which `part`, a slice of the text, starts.
    fn line_of(&mut self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self.text.as_bytes().get(self.offset..offset).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        self.offset = self.offset.max(offset);
        self.line
    }
}

struct Elements<'f, F>(&'f mut F);

impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Elements<'_, F> {
    type Value = ();
    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Elements<'_, F> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'de RawValue>()? {
            (self.0)(element);
        }
        Ok(())
    }
}

/// The objects of a record: itself, or, when it only wraps arrays of objects (`{"deploys": [..]}`), those, each with
/// the key it was found under. Values that are no objects are counted as damage.
pub(super) fn objects(
    record: Record,
    marks: &[&str],
    file: &SnapshotFile,
    damage: &mut DamageLog,
) -> Vec<(u64, String, Map<String, Value>)> {
    let line = record.line;
    match record.value {
        Value::Object(object) => {
            let is_record = super::keys::pick(&object, marks).is_some();
            let wraps =
                |value: &Value| value.as_array().is_some_and(|items| items.iter().any(Value::is_object));
            if is_record || !object.values().any(wraps) {
                return vec![(line, String::new(), object)];
            }
            let mut found = Vec::new();
            for (key, value) in object {
                let Value::Array(items) = value else { continue };
                for item in items {
                    if let Value::Object(inner) = item {
                        found.push((line, key.clone(), inner));
                    }
                }
            }
            found
        }
        Value::Array(items) => {
            let nested = items.into_iter().map(|value| Record { line, value });
            nested
                .flat_map(|record| match record.value {
                    Value::Object(object) => Some((line, String::new(), object)),
                    _ => None,
                })
                .collect()
        }
        _ => {
            damage.row(&file.relative, line, "a record that is no JSON object");
            Vec::new()
        }
    }
}

/// Hands over the rows of a table of text as objects whose values are texts; empty cells are left out.
pub(super) fn for_each_row(
    file: &SnapshotFile,
    damage: &mut DamageLog,
    mut visit: impl FnMut(Record, &mut DamageLog),
) {
    let outcome = Rows::open(&file.path).and_then(|(header, mut rows)| {
        if let Some(loss) = rows.header_loss() {
            damage.row(&file.relative, 1, loss);
        }
        while let Some(row) = rows.next()? {
            if row.broken {
                damage.row(
                    &file.relative,
                    row.line,
                    "a row longer than 64 KiB or a quote that is never closed",
                );
                continue;
            }
            let cells = header.iter().enumerate().filter_map(|(column, key)| {
                let cell = row.cell(column).filter(|cell| !cell.is_empty())?;
                Some((key.clone(), Value::String(text_of(cell).0.into_owned())))
            });
            let object: Map<String, Value> = cells.collect();
            if !object.is_empty() {
                let record = Record { line: row.line, value: Value::Object(object) };
                visit(record, damage);
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        damage.file(&file.relative, &format!("cannot be read: {error}"));
    }
}
