//! Lines as entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use midwatch_model::{Entry, EntryKind, UpcastError, content_hash};
use midwatch_sources::RecordedAnswer;
use serde_json::Value;

use super::write::reference;
use crate::{AppError, Opening};

/// A record as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Entries in order, bodies resolved, raised to the current version.
    pub entries: Vec<Entry>,
    /// A last line that was cut or damaged; what came before is whole.
    pub damage: Option<RecordDamage>,
    /// Bytes up to the end of the last whole line.
    pub good_bytes: u64,
    /// Hashes of the bodies that are there.
    pub(crate) blobs: BTreeSet<String>,
}

/// A last line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDamage {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Record {
    /// What was asked for; `None` in a record without any entry.
    pub fn opening(&self) -> Option<Opening> {
        let entry = self.entries.first().filter(|entry| entry.kind == EntryKind::Request)?;
        serde_json::from_value(entry.body.clone()).ok()
    }

    /// Whether the investigation ended with a report.
    pub fn finished(&self) -> bool {
        self.entries.iter().any(|entry| entry.kind == EntryKind::Report)
    }

    /// Whether nothing is left to append.
    pub fn complete(&self) -> bool {
        self.entries.iter().any(|entry| entry.kind == EntryKind::Run)
    }

    /// What the sources answered, by key.
    pub fn answers(&self) -> BTreeMap<String, Value> {
        self.recorded_answers().map(|answer| (answer.key, answer.answer)).collect()
    }

    /// Names of the sources that answered, in the order the request lists them or they first answered.
    pub fn sources(&self) -> Vec<String> {
        let mut names = self.opening().map(|opening| opening.sources).unwrap_or_default();
        for answer in self.recorded_answers() {
            if !names.contains(&answer.source) {
                names.push(answer.source);
            }
        }
        names
    }

    fn recorded_answers(&self) -> impl Iterator<Item = RecordedAnswer> {
        self.entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::SourceAnswer)
            .filter_map(|entry| serde_json::from_value(entry.body.clone()).ok())
    }
}

/// The record in the file at `path`.
///
/// A last line that is cut or damaged is tolerated and said in [`Record::damage`]: it is what a crash leaves behind.
///
/// # Errors
/// When the file cannot be read, a line before the last is damaged, entries are missing, or a newer version wrote it.
pub fn read_record(path: &Path) -> Result<Record, AppError> {
    let file = File::open(path).map_err(AppError::io(path, "open the record"))?;
    let mut reader = BufReader::new(file);
    let mut record = Record::default();
    let mut bodies: BTreeMap<String, Value> = BTreeMap::new();
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes).map_err(AppError::io(path, "read the record"))?;
        if length == 0 {
            return Ok(record);
        }
        number += 1;
        let whole = bytes.last() == Some(&b'\n');
        match read_line(&bytes, whole, &mut record, &mut bodies) {
            Ok(()) => record.good_bytes += length as u64,
            Err(Bad::Newer(cause)) => {
                return Err(AppError::Upcast { path: path.to_owned(), line: number, cause });
            }
            Err(Bad::Damaged(reason)) => {
                let last = reader.fill_buf().map_err(AppError::io(path, "read the record"))?.is_empty();
                if !last {
                    let next = match number - 1 {
                        0 => "Is this a record of midwatch?".to_owned(),
                        whole => format!("`head -n {whole} {}` keeps what comes before", path.display()),
                    };
                    let reason = format!("{reason}, and the file goes on after it. {next}");
                    return Err(AppError::Record { path: path.to_owned(), line: number, reason });
                }
                record.damage = Some(RecordDamage { line: number, reason });
                return Ok(record);
            }
        }
    }
}

enum Bad {
    Newer(UpcastError),
    Damaged(String),
}

/// Takes one line into `record`.
fn read_line(
    bytes: &[u8],
    whole: bool,
    record: &mut Record,
    bodies: &mut BTreeMap<String, Value>,
) -> Result<(), Bad> {
    if !whole {
        return Err(Bad::Damaged(format!("the line is cut after {} bytes", bytes.len())));
    }
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Bad::Damaged(format!("the line is not JSON ({error})")))?;
    if let Some(hash) = value.get("blob").and_then(Value::as_str) {
        let data = value.get("data").cloned().unwrap_or_default();
        if content_hash(&[data.to_string()]) != hash {
            return Err(Bad::Damaged(format!("the body {hash} does not match its hash")));
        }
        record.blobs.insert(hash.to_owned());
        bodies.insert(hash.to_owned(), data);
        return Ok(());
    }
    let mut entry = Entry::upcast(value).map_err(|error| match error {
        newer @ UpcastError::Newer { .. } => Bad::Newer(newer),
        UpcastError::Malformed(reason) => Bad::Damaged(format!("the line is no journal entry ({reason})")),
    })?;
    let expected = record.entries.len() as u64 + 1;
    if entry.seq != expected {
        return Err(Bad::Damaged(format!(
            "entry {expected} is expected and entry {} is here: lines are missing or doubled",
            entry.seq
        )));
    }
    if let Some(hash) = reference(&entry.body) {
        let Some(body) = bodies.get(hash) else {
            return Err(Bad::Damaged(format!("the body {hash} of entry {expected} is missing")));
        };
        entry.body = body.clone();
    }
    record.entries.push(entry);
    Ok(())
}
