//! Neutral names for every service and node, and other times: what an engine may not depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp, civil};
use regex::{Captures, Regex};
use serde_json::Value;

/// How far times are shifted: an odd number of days and hours, so that neither weekday nor hour of day stays.
const SHIFT: SignedDuration = SignedDuration::from_hours(37 * 24 + 5);

/// JSON keys and CSV columns that hold the name of a service or node.
const NAME_KEYS: &[&str] =
    &["service", "service_name", "service.name", "node", "host", "pod", "peer", "target"];

/// JSON keys of numbers that are times since the epoch.
const TIME_KEYS: &[&str] = &["timestamp", "time", "ts", "at", "start", "end", "start_time", "end_time"];

pub(super) fn apply(directory: &Path) -> Result<()> {
    let mut files = Vec::new();
    list(directory, &mut files)?;
    files.sort();
    let mut names = BTreeSet::new();
    for file in &files {
        collect(file, &mut names)?;
    }
    let renaming = Renaming::new(&names)?;
    for file in &files {
        let text = read(file)?;
        let changed = match kind(file) {
            Kind::Json => {
                let mut value: Value =
                    serde_json::from_str(&text).with_context(|| file.display().to_string())?;
                renaming.json(&mut value);
                serde_json::to_string_pretty(&value)?
            }
            Kind::Lines => {
                let mut out = String::new();
                for line in text.lines() {
                    match serde_json::from_str::<Value>(line) {
                        Ok(mut value) => {
                            renaming.json(&mut value);
                            out.push_str(&value.to_string());
                        }
                        Err(_) => out.push_str(&renaming.text(line)),
                    }
                    out.push('\n');
                }
                out
            }
            Kind::Other => renaming.text(&text),
        };
        fs::write(file, changed)?;
    }
    Ok(())
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

enum Kind {
    Json,
    Lines,
    Other,
}

fn kind(file: &Path) -> Kind {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Kind::Json,
        Some("ndjson" | "jsonl") => Kind::Lines,
        _ => Kind::Other,
    }
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{}: could not be read", file.display()))
}

/// Names that stand under a name key in `file`.
fn collect(file: &Path, names: &mut BTreeSet<String>) -> Result<()> {
    match kind(file) {
        Kind::Json => {
            let value: Value =
                serde_json::from_str(&read(file)?).with_context(|| file.display().to_string())?;
            collect_json(&value, names);
        }
        Kind::Lines => {
            for line in read(file)?.lines() {
                if let Ok(value) = serde_json::from_str(line) {
                    collect_json(&value, names);
                }
            }
        }
        Kind::Other if file.extension().is_some_and(|extension| extension == "csv") => {
            let mut reader = csv::Reader::from_path(file)?;
            let headers = reader.headers()?.clone();
            let columns: Vec<usize> = (0..headers.len())
                .filter(|&index| NAME_KEYS.contains(&headers.get(index).unwrap_or("")))
                .collect();
            for record in reader.records() {
                let record = record?;
                names.extend(columns.iter().filter_map(|&column| name(record.get(column)?)));
            }
        }
        Kind::Other => {}
    }
    Ok(())
}

fn collect_json(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if NAME_KEYS.contains(&key.as_str()) => names.extend(name(text)),
                    value => collect_json(value, names),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_json(value, names)),
        _ => {}
    }
}

/// `text` when it can be a name: one word of at least three characters with a letter in it.
fn name(text: &str) -> Option<String> {
    let word = text.len() >= 3
        && text.len() <= 80
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    word.then(|| text.to_owned())
}

struct Renaming {
    names: BTreeMap<String, String>,
    words: Regex,
    times: Regex,
    versions: Regex,
}

impl Renaming {
    fn new(names: &BTreeSet<String>) -> Result<Renaming> {
        let renamed: BTreeMap<String, String> = names
            .iter()
            .enumerate()
            .map(|(index, name)| (name.clone(), format!("unit-{}{}", letter(index / 26), letter(index))))
            .collect();
        // Longest first: a name may begin with another one.
        let mut longest: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
        longest.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let any = if longest.is_empty() { "\\z\\A".to_owned() } else { longest.join("|") };
        Ok(Renaming {
            names: renamed,
            words: Regex::new(&format!("({any})"))?,
            times: Regex::new(
                r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?",
            )?,
            versions: Regex::new(r"(\d{4})\.(\d{2})\.(\d{2})-(\d{2})(\d{2})\b")?,
        })
    }

    /// `text` with whole-token names and times replaced.
    fn text(&self, text: &str) -> String {
        let named = self.words.replace_all(text, |found: &Captures<'_>| {
            let (Some(whole), Some(new)) = (found.get(0), self.names.get(&found[0])) else {
                return found[0].to_owned();
            };
            let before = text[..whole.start()].bytes().next_back();
            let after = text[whole.end()..].bytes().next();
            if before.is_some_and(inside_before) || after.is_some_and(inside_after) {
                found[0].to_owned()
            } else {
                new.clone()
            }
        });
        let timed = self.times.replace_all(&named, |found: &Captures<'_>| shifted(&found[0]));
        self.versions.replace_all(&timed, |found: &Captures<'_>| version(found)).into_owned()
    }

    fn json(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.json(value)),
            Value::Object(object) => {
                for (key, value) in object.iter_mut() {
                    match value.as_i64() {
                        Some(number) if TIME_KEYS.contains(&key.as_str()) => *value = epoch(number).into(),
                        _ => self.json(value),
                    }
                }
            }
            _ => {}
        }
    }
}

fn letter(index: usize) -> char {
    char::from(b'a' + u8::try_from(index % 26).unwrap_or(0))
}

/// Bytes that make the token longer on the left.
fn inside_before(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-".contains(&byte)
}

/// Bytes that make it longer on the right. A hyphen does not: `svc-7d9f` is an instance of `svc`.
fn inside_after(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// `text` later by [`SHIFT`], in the form it had; unchanged when it is no time.
fn shifted(text: &str) -> String {
    let digits =
        text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let civil_end = 19 + if digits > 0 { digits + 1 } else { 0 };
    let (local, zone) = text.split_at_checked(civil_end).unwrap_or((text, ""));
    let separator = local.get(10..11).unwrap_or("T");
    let Ok(at) = local.replacen(' ', "T", 1).parse::<civil::DateTime>() else { return text.to_owned() };
    let Ok(later) = at.checked_add(SHIFT) else { return text.to_owned() };
    format!("{later:.digits$}").replacen('T', separator, 1) + zone
}

/// A version named by date and minute, later by [`SHIFT`].
fn version(found: &Captures<'_>) -> String {
    let number = |index: usize| found[index].parse::<i16>().unwrap_or(-1);
    let small = |index: usize| i8::try_from(number(index)).unwrap_or(-1);
    let at = civil::DateTime::new(number(1), small(2), small(3), small(4), small(5), 0, 0);
    match at.and_then(|at| at.checked_add(SHIFT)) {
        Ok(later) => format!(
            "{:04}.{:02}.{:02}-{:02}{:02}",
            later.year(),
            later.month(),
            later.day(),
            later.hour(),
            later.minute()
        ),
        Err(_) => found[0].to_owned(),
    }
}

/// Seconds, milliseconds, microseconds or nanoseconds since the epoch, later by [`SHIFT`]; other numbers stay.
fn epoch(number: i64) -> i64 {
    let per_second = match number {
        1_000_000_000..10_000_000_000 => 1,
        1_000_000_000_000..10_000_000_000_000 => 1_000,
        1_000_000_000_000_000..10_000_000_000_000_000 => 1_000_000,
        1_000_000_000_000_000_000.. => 1_000_000_000,
        _ => return number,
    };
    let later = SHIFT.as_secs().checked_mul(per_second).and_then(|shift| number.checked_add(shift));
    later.filter(|later| Timestamp::from_second(later / per_second).is_ok()).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renaming(names: &[&str]) -> Renaming {
        Renaming::new(&names.iter().map(|name| (*name).to_owned()).collect()).unwrap()
    }

    #[test]
    fn names_are_replaced_as_whole_tokens_only() {
        let renaming = renaming(&["svc", "svc-a", "worker"]);
        for (text, expected) in [
            ("svc-a calls worker.", "unit-ab calls unit-ac."),
            ("svc-a-7d9f and svc-1", "unit-ab-7d9f and unit-aa-1"),
            ("workers, my-worker, worker_id, Worker", "workers, my-worker, worker_id, Worker"),
            ("\"worker\":svc", "\"unit-ac\":unit-aa"),
        ] {
            assert_eq!(renaming.text(text), expected);
        }
    }

    #[test]
    fn times_keep_their_form() {
        let renaming = renaming(&[]);
        for (text, expected) in [
            ("at 2026-06-18T14:00:00Z", "at 2026-07-25T19:00:00Z"),
            ("2026-06-18 14:00:00.120 x", "2026-07-25 19:00:00.120 x"),
            ("2026-06-18T14:00:00+02:00", "2026-07-25T19:00:00+02:00"),
            ("v2026.06.18-1459", "v2026.07.25-1959"),
            ("2026-99-18T14:00:00Z and 1.2.3", "2026-99-18T14:00:00Z and 1.2.3"),
        ] {
            assert_eq!(renaming.text(text), expected);
        }
        assert_eq!(epoch(1_700_000_000) - 1_700_000_000, SHIFT.as_secs());
        assert_eq!(epoch(1_700_000_000_000) - 1_700_000_000_000, SHIFT.as_secs() * 1000);
        assert_eq!(epoch(5), 5);
    }

    #[test]
    fn a_whole_snapshot_is_renamed_alike_everywhere() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("alert.json", r#"{"service": "svc-a", "fired_at": "2026-01-01T10:00:00Z"}"#);
        write("logs.ndjson", "{\"service\": \"svc-b\", \"msg\": \"svc-a is slow\"}\nnot json svc-a\n");
        write("metrics.csv", "timestamp,service,metric,value\n2026-01-01T10:00:00Z,db-main,rps,1\n");
        apply(directory.path()).unwrap();
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        assert!(
            read("alert.json").contains("\"unit-ab\"") && read("alert.json").contains("2026-02-07T15:00:00Z")
        );
        assert_eq!(
            read("logs.ndjson"),
            "{\"msg\":\"unit-ab is slow\",\"service\":\"unit-ac\"}\nnot json unit-ab\n"
        );
        assert!(read("metrics.csv").ends_with("2026-02-07T15:00:00Z,unit-aa,rps,1\n"));
    }
}
