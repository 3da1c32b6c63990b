//! Two cases in one snapshot: both answers must be named.
//!
//! The second case's objects get other names, and its times are moved so that both happened together. What the two
//! clusters said is put side by side: one terminal session, all manifests, metrics and calls.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::files::{self, Naming};
use super::{Metadata, case_folders, metadata, predictions};
use crate::case::investigate;
use crate::{Arguments, Measured};

/// A case of the suite.
struct Listed {
    name: String,
    folder: PathBuf,
    metadata: Metadata,
}

pub(crate) fn measure(arguments: &Arguments, seed: u64) -> Result<Measured> {
    if !arguments.mutate.is_empty() || arguments.leave_out_kind.is_some() {
        bail!("--combine goes with neither --mutate nor --leave-out-kind");
    }
    let mut cases = Vec::new();
    for (name, folder) in case_folders(&arguments.directory, None)? {
        let metadata = metadata(&folder)?;
        cases.push(Listed { name, folder, metadata });
    }
    let (mut json_lines, mut table) = (String::new(), String::new());
    let (mut pairs, mut both, mut in_three, mut in_five) = (0_u32, 0_u32, 0_u32, 0_u32);
    for (at, first) in cases.iter().enumerate() {
        if arguments.case.as_ref().is_some_and(|only| *only != first.name) {
            continue;
        }
        let Some(second) = other(&cases, at, seed) else { bail!("{}: needs cases of two kinds", first.name) };
        let places = pair(first, second, arguments)
            .with_context(|| format!("cases {} and {}", first.name, second.name))?;
        let last = places[0].and_then(|one| Some(one.max(places[1]?)));
        pairs += 1;
        both += u32::from(last.is_some());
        in_three += u32::from(last.is_some_and(|last| last < 3));
        in_five += u32::from(last.is_some_and(|last| last < 5));
        let place =
            |place: Option<usize>| place.map_or_else(|| "-".to_owned(), |place| (place + 1).to_string());
        let _ = writeln!(
            table,
            "{:<24} {:>3}  {:<40} + {:<24} {:>3}  {}",
            first.name,
            place(places[0]),
            first.metadata.result.root_cause,
            second.name,
            place(places[1]),
            second.metadata.result.root_cause
        );
        json_lines
            .push_str(&json!({ "case": first.name, "with": second.name, "places": places }).to_string());
        json_lines.push('\n');
    }
    if pairs == 0 {
        bail!("{}: holds no such case", arguments.directory.display());
    }
    let share = |count: u32| f64::from(count) / f64::from(pairs);
    let score = format!(
        "score: suite=cloud-opsbench combine={seed} cases={pairs} both={:.4} both_in_first_3={:.4} both_in_first_5={:.4}",
        share(both),
        share(in_three),
        share(in_five)
    );
    Ok(Measured { json_lines, table, score })
}

/// Another case with another root cause, drawn by the seed.
fn other(cases: &[Listed], at: usize, seed: u64) -> Option<&Listed> {
    let cause = &cases.get(at)?.metadata.result.root_cause;
    let others: Vec<&Listed> =
        cases.iter().filter(|case| case.metadata.result.root_cause != *cause).collect();
    let drawn = mixed(seed ^ mixed(at as u64)) % (others.len().max(1) as u64);
    others.get(usize::try_from(drawn).ok()?).copied()
}

/// Numbers without a pattern (splitmix64, Steele et al. 2014).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// At which place the report names each of the two answers, from 0.
fn pair(first: &Listed, second: &Listed, arguments: &Arguments) -> Result<[Option<usize>; 2]> {
    let folder = || tempfile::Builder::new().prefix("midwatch-bench-").tempdir();
    let (snapshot, beside) = (folder()?, folder()?);
    let with_manifests = !arguments.without_manifests;
    files::write(&first.folder, &first.metadata.query, snapshot.path(), with_manifests, Naming::Kept)?;
    let renamed =
        files::write(&second.folder, &second.metadata.query, beside.path(), with_manifests, Naming::Second)?;
    unite(snapshot.path(), beside.path())?;
    let said = predictions(&investigate(snapshot.path(), arguments)?.report);
    let place = |case: &Listed, text: &str| {
        let answer = &case.metadata.result;
        let expected = format!("{} {} {text}", answer.fault_taxonomy, answer.root_cause).to_lowercase();
        said.iter().position(|one| one.to_lowercase() == expected)
    };
    Ok([
        place(first, &first.metadata.result.fault_object),
        place(second, &renamed.apply(&second.metadata.result.fault_object)),
    ])
}

/// Adds the second snapshot to the first.
fn unite(first: &Path, second: &Path) -> Result<()> {
    let session = "kubernetes/session.txt";
    let both = one_session(&read(&first.join(session))?, &read(&second.join(session))?);
    fs::write(first.join(session), both)?;
    for entry in fs::read_dir(second.join("kubernetes"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("").to_owned();
        if name.starts_with("manifest-") {
            fs::copy(&path, first.join("kubernetes").join(format!("second-{name}")))?;
        }
    }
    let (mut topology, other) = (value(&first.join("topology.json"))?, value(&second.join("topology.json"))?);
    if let (Some(kept), Some(more)) = (
        topology.get_mut("relations").and_then(Value::as_array_mut),
        other.get("relations").and_then(Value::as_array),
    ) {
        kept.extend(more.iter().cloned());
    }
    fs::write(first.join("topology.json"), topology.to_string())?;
    let (mut alert, other) = (value(&first.join("alert.json"))?, value(&second.join("alert.json"))?);
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let fired = [text(&alert, "fired_at"), text(&other, "fired_at")];
    if let Some(fields) = alert.as_object_mut() {
        let description = format!(
            "{}\n{}",
            text(&Value::Object(fields.clone()), "description"),
            text(&other, "description")
        );
        fields.insert("description".to_owned(), json!(description));
        if fired[0].is_empty() {
            fields.insert("fired_at".to_owned(), json!(fired[1]));
        }
    }
    fs::write(first.join("alert.json"), alert.to_string())?;
    metrics(&first.join("metrics.csv"), &second.join("metrics.csv"))
}

/// Both sessions, one after the other. Services of machines that both have were asked for twice: one that was down in
/// either is down.
fn one_session(first: &str, second: &str) -> String {
    let mut documents: Vec<(&str, &str)> = parts(first);
    for (command, text) in parts(second) {
        let asked = command.contains(" systemctl status ");
        match documents.iter_mut().find(|(known, _)| asked && *known == command) {
            Some(known) if !text.contains("Active: active") => known.1 = text,
            Some(_) => {}
            None => documents.push((command, text)),
        }
    }
    documents.into_iter().flat_map(|(command, text)| [command, text]).collect()
}

/// Lines with a prompt, each with what follows it.
fn parts(session: &str) -> Vec<(&str, &str)> {
    let mut starts: Vec<usize> = session.match_indices("\n$ ").map(|(at, _)| at + 1).collect();
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([session.len()]);
    let parts = starts.iter().zip(ends).filter_map(|(start, end)| session.get(*start..end));
    parts.map(|part| part.split_at(part.find('\n').map_or(part.len(), |at| at + 1))).collect()
}

/// Adds the second table's rows, moved so that both tables end together.
fn metrics(first: &Path, second: &Path) -> Result<()> {
    let (Ok(added), kept) = (fs::read_to_string(second), fs::read_to_string(first).unwrap_or_default())
    else {
        return Ok(());
    };
    let shift = match (end(&kept), end(&added)) {
        (Some(kept), Some(added)) => kept.duration_since(added),
        _ => SignedDuration::ZERO,
    };
    let mut out = if kept.is_empty() { "time,entity,metric,value\n".to_owned() } else { kept };
    for line in added.lines().skip(1) {
        if let Some((time, rest)) = line.split_once(',')
            && let Some(at) = time_of(time)
        {
            let _ = writeln!(out, "{},{rest}", at.checked_add(shift)?);
        }
    }
    fs::write(first, out).with_context(|| format!("{}: could not write it", first.display()))
}

/// The last time of a table.
fn end(table: &str) -> Option<Timestamp> {
    table.lines().skip(1).filter_map(|line| time_of(line.split(',').next()?)).max()
}

/// Times of the suite say no zone.
fn time_of(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}Z").parse()).ok()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{}: could not read it", path.display()))
}

fn value(path: &Path) -> Result<Value> {
    serde_json::from_str(&read(path)?).with_context(|| format!("{}: not JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_is_down_in_either_session_is_down() {
        let first = "$ kubectl get pods -n a\nNAME\n$ ssh m systemctl status x\nActive: active (running)\n";
        let second = "$ kubectl get pods -n b\nNAME\n$ ssh m systemctl status x\nActive: inactive (dead)\n";
        let expected = "$ kubectl get pods -n a\nNAME\n$ ssh m systemctl status x\nActive: inactive (dead)\n\
                        $ kubectl get pods -n b\nNAME\n";
        assert_eq!(one_session(first, second), expected);
        let kept = "$ ssh m systemctl status x\nActive: inactive (dead)\n$ kubectl get pods -n b\nNAME\n";
        assert_eq!(
            one_session(
                "$ ssh m systemctl status x\nActive: inactive (dead)\n",
                &second.replace("inactive", "active")
            ),
            kept
        );
    }
}
