//! A random third of the evidence is gone: what was recorded of an entity in a file, single changes, whole documents.
//!
//! Streams are drawn by a hash of seed, file and entity, so that a seed removes the same on every machine. The alert
//! stays: without it nobody asks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

/// One in this many streams is removed.
const ONE_IN: u64 = 3;

/// Keys and columns that name whose a row is, first match wins.
const OWNER: &[&str] = &[
    "service.name",
    "service_name",
    "service",
    "entity",
    "pod",
    "node",
    "database",
    "component",
    "instance",
    "app",
    "host",
    "serviceName",
    "resource.service.name",
    "name",
];

/// Something that was removed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Removed {
    /// File, as a path inside the snapshot.
    pub(crate) file: String,
    /// Whose; empty for a whole file or a single change.
    pub(crate) owner: String,
}

/// Removes a third of the streams below `directory`, drawn by `seed`; says which.
pub(crate) fn apply(directory: &Path, seed: u64) -> Result<Vec<Removed>> {
    let mut removed = BTreeSet::new();
    let mut files = Vec::new();
    list(directory, &mut files)?;
    for path in files {
        let file = path.strip_prefix(directory)?.to_string_lossy().replace('\\', "/");
        if file.starts_with("alert") {
            continue;
        }
        let name = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let draw = |owner: &str| drawn(seed, &file, owner);
        let gone = match name {
            "csv" => thin_lines(&path, &draw, csv_owners)?,
            "ndjson" | "jsonl" => thin_lines(&path, &draw, json_owners)?,
            "json" if file.starts_with("topology") => whole(&path, &draw)?,
            "json" => thin_json(&path, &draw)?,
            _ => whole(&path, &draw)?,
        };
        removed.extend(gone.into_iter().map(|owner| Removed { file: file.clone(), owner }));
    }
    Ok(removed.into_iter().collect())
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Whether a stream is removed: FNV-1a over seed, file and owner, finished by the mixer of SplitMix64.
fn drawn(seed: u64, file: &str, owner: &str) -> bool {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in seed.to_le_bytes().iter().chain(file.as_bytes()).chain(&[0]).chain(owner.as_bytes()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (hash ^ (hash >> 31)).is_multiple_of(ONE_IN)
}

fn whole(path: &Path, draw: &dyn Fn(&str) -> bool) -> Result<Vec<String>> {
    if !draw("") {
        return Ok(Vec::new());
    }
    fs::remove_file(path)?;
    Ok(vec![String::new()])
}

/// Drops the lines of drawn owners. `owners` gives each line's owner; `None` keeps it, as a header.
fn thin_lines(
    path: &Path,
    draw: &dyn Fn(&str) -> bool,
    owners: fn(&[&str]) -> Vec<Option<String>>,
) -> Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines: Vec<&str> = text.lines().collect();
    let owners = owners(&lines);
    let mut gone = BTreeSet::new();
    let mut kept = String::new();
    for (line, owner) in lines.iter().zip(owners) {
        match owner {
            Some(owner) if draw(&owner) => {
                gone.insert(owner);
            }
            _ => {
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    fs::write(path, kept)?;
    Ok(gone.into_iter().collect())
}

fn csv_owners(lines: &[&str]) -> Vec<Option<String>> {
    let Some(header) = lines.first() else { return Vec::new() };
    let columns: Vec<&str> = header.split(',').collect();
    let column = OWNER.iter().find_map(|name| columns.iter().position(|column| column == name));
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let cell = line.split(',').nth(column?)?;
            (index > 0).then(|| cell.to_owned())
        })
        .collect()
}

fn json_owners(lines: &[&str]) -> Vec<Option<String>> {
    lines.iter().map(|line| owner_of(&serde_json::from_str(line).ok()?)).collect()
}

fn owner_of(value: &Value) -> Option<String> {
    OWNER.iter().find_map(|key| value.get(key)?.as_str()).map(str::to_owned)
}

/// Spans go by service, everything else (changes) one by one.
fn thin_json(path: &Path, draw: &dyn Fn(&str) -> bool) -> Result<Vec<String>> {
    let text = fs::read_to_string(path)?;
    let Ok(mut value) = serde_json::from_str::<Value>(&text) else { return whole(path, draw) };
    let Some(rows) = value.as_array_mut() else { return whole(path, draw) };
    let mut gone = BTreeSet::new();
    rows.retain(|row| {
        let span = row.get("span_id").or_else(|| row.get("spanId")).is_some();
        let owner = if span { owner_of(row).unwrap_or_default() } else { String::new() };
        let key = if span { owner.clone() } else { row.to_string() };
        let drop = draw(&key);
        if drop {
            gone.insert(owner);
        }
        !drop
    });
    fs::write(path, serde_json::to_string(&value)?)?;
    Ok(gone.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incident() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let rows: String = (0..30).map(|i| format!("2026-01-01T00:00:00Z,svc-{i},1\n")).collect();
        fs::write(directory.path().join("metrics.csv"), format!("timestamp,service,latency_ms\n{rows}"))
            .unwrap();
        fs::write(directory.path().join("alert.json"), "{}").unwrap();
        directory
    }

    #[test]
    fn about_a_third_goes_and_a_seed_always_takes_the_same() {
        let (one, two) = (incident(), incident());
        let gone = apply(one.path(), 7).unwrap();
        assert!((4..=16).contains(&gone.len()), "{}", gone.len());
        assert_eq!(gone, apply(two.path(), 7).unwrap());
        assert_ne!(gone, apply(incident().path(), 8).unwrap());
        let left = fs::read_to_string(one.path().join("metrics.csv")).unwrap();
        assert!(left.starts_with("timestamp,") && left.lines().count() == 31 - gone.len());
        assert!(one.path().join("alert.json").exists());
    }
}
