//! What reads hostile text inside an investigation: times, units, diffs, log lines, stack traces, records, mechanisms.

use std::path::Path;

use anyhow::Result;
use midwatch_analysis::diff::{WeightedWord, ties};
use midwatch_analysis::diff::{frame_touches, parse_quantity, path_class, read_diff, split_unified};
use midwatch_analysis::logs::{
    CounterOptions, LogLevel, LogRow, PatternCounter, concepts_of, headline, parse_exception, peers_named,
    telling_words,
};
use midwatch_app::read_record;
use midwatch_cluster::{Capture, Context, Picture, counts, diagnose};
use midwatch_connectors::snapshot::parts;
use midwatch_investigate::mechanisms::MechanismSet;

use super::{Decoder, bytes_of, folder, seeds};
use crate::reading::{Gathered, Reading, of};

/// Name of a decoder that takes text, and how it reads.
type Named = (&'static str, fn(&str) -> Reading);

/// One decoder for each sort of text.
pub(super) fn all(scratch: &Path) -> Result<Vec<Decoder>> {
    let plain: [Named; 6] = [
        ("timestamps", timestamp),
        ("units", unit),
        ("diffs", diff),
        ("log-templates", log_templates),
        ("exceptions", exception),
        ("mechanisms", mechanisms),
    ];
    let mut decoders = Vec::new();
    for (name, decode) in plain {
        decoders.push(Decoder {
            name: name.to_owned(),
            seeds: bytes_of(seeds(&folder("tools/fuzz/corpus").join(name))?),
            decode: Box::new(move |bytes| decode(&String::from_utf8_lossy(bytes))),
        });
    }
    let path = scratch.join("records.jsonl");
    decoders.push(Decoder {
        name: "records".to_owned(),
        seeds: bytes_of(seeds(&folder("tools/fuzz/corpus/records"))?),
        decode: Box::new(move |bytes| record(&path, bytes)),
    });
    // Captures and lists of the API, with trouble and without.
    let mut captures = seeds(&folder("crates/cluster/tests/healthy"))?;
    captures.extend(seeds(&folder("crates/cluster/tests/sick"))?);
    for (name, file, is_text) in
        [("cluster-text", "session.txt", true), ("cluster-objects", "objects.json", false)]
    {
        let of_kind = captures.iter().filter(|(name, _)| name.ends_with(".txt") == is_text);
        let bytes =
            of_kind.map(|(_, bytes)| bytes.get(..SEED_BYTES_MAX.min(bytes.len())).unwrap_or(bytes).to_vec());
        decoders.push(Decoder {
            name: name.to_owned(),
            seeds: bytes.collect(),
            decode: Box::new(move |bytes| cluster(file, &String::from_utf8_lossy(bytes))),
        });
    }
    Ok(decoders)
}

/// Bytes of a capture that are a seed; half an object is one too.
const SEED_BYTES_MAX: usize = 6_000;

/// A capture pictured and diagnosed.
fn cluster(file: &str, text: &str) -> Reading {
    let picture = Picture::read(Capture::from_transcript(file, text), None);
    let diagnosis = diagnose(&picture, &Context::default());
    let counts = counts(&picture);
    let mut gathered = Gathered::default();
    let read = !counts.is_empty();
    gathered.take(&(&diagnosis.faults, &counts, &picture.unread), read);
    gathered.finish()
}

fn timestamp(text: &str) -> Reading {
    let mut gathered = Gathered::default();
    let (whole, leading) = (parts::instant(text), parts::leading_instant(text));
    gathered.take(&(whole, leading), whole.is_some() || leading.is_some());
    gathered.finish()
}

fn unit(text: &str) -> Reading {
    let (metric, stated) = text.split_once('\n').unwrap_or(("", text));
    let read = parts::unit(metric, stated);
    let amount = parse_quantity(stated);
    let mut gathered = Gathered::default();
    gathered.take(&(read, &amount), read.0 != midwatch_model::Unit::Unknown || amount.is_some());
    gathered.finish()
}

fn diff(text: &str) -> Reading {
    let reading = read_diff(&split_unified(text));
    let words: Vec<WeightedWord> =
        telling_words(text).into_iter().take(50).map(|word| WeightedWord { word, weight: 0.5 }).collect();
    let tied = ties(&reading, &words, &[]);
    let touched = frame_touches(&reading, "charge.go", Some(12), "charge");
    let classes: Vec<_> = reading.paths.iter().map(|path| path_class(path)).collect();
    let mut gathered = Gathered::default();
    let read = !reading.behaviours.is_empty() || !reading.touched.is_empty() || !reading.paths.is_empty();
    gathered.take(&(reading, tied, touched, classes), read);
    gathered.finish()
}

fn log_templates(text: &str) -> Reading {
    let mut counter = PatternCounter::new(CounterOptions::default());
    let mut gathered = Gathered::default();
    for (number, line) in text.lines().enumerate() {
        let number = i64::try_from(number).unwrap_or_default();
        let row = LogRow {
            time_ns: Some(number * 1_000_000_000),
            entity: "svc-a",
            level: LogLevel::parse(line.split(' ').next().unwrap_or_default()),
            body: line,
        };
        counter.observe(row, std::iter::empty(), || None);
        gathered.take(&(headline(line), concepts_of(line), telling_words(line)), false);
        gathered.take(&peers_named(line, &["svc-a", "svc-b"]), false);
    }
    let patterns = counter.into_patterns();
    let mined = patterns.lines > patterns.overflow_lines;
    gathered.take(&patterns, mined);
    gathered.finish()
}

fn exception(text: &str) -> Reading {
    of(&parse_exception(text))
}

fn mechanisms(text: &str) -> Reading {
    let mut gathered = Gathered::default();
    let read = MechanismSet::read("own.toml", text);
    let some = read.as_ref().is_ok_and(|set| !set.is_empty());
    gathered.take(&read, some);
    gathered.finish()
}

fn record(path: &Path, bytes: &[u8]) -> Reading {
    let mut gathered = Gathered::default();
    let read = std::fs::write(path, bytes).map_err(|error| error.to_string()).and_then(|()| {
        let record = read_record(path).map_err(|error| error.to_string())?;
        Ok((record.opening(), record.answers(), record.sources(), record))
    });
    let some = read.as_ref().is_ok_and(|(.., record)| !record.entries.is_empty());
    // The path differs from run to run, its name does not.
    let shown = format!("{read:?}").replace(&path.display().to_string(), "FILE");
    gathered.take(&shown, some);
    gathered.finish()
}
