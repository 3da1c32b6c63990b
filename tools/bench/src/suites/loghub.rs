//! `<System>/<System>_2k.log_structured.csv`: `Content` is the message, `EventId` the true group.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use midwatch_analysis::logs::{MinerOptions, TemplateMiner, TemplateRef};

use crate::case::case_folders;
use crate::measure::peak_mib;
use crate::{Arguments, Measured};

/// Lines mined at least when speed is measured.
const SPEED_LINES_MIN: usize = 2_000_000;

struct Labelled {
    system: String,
    lines: Vec<String>,
    truth: Vec<String>,
}

pub(crate) fn measure(arguments: &Arguments) -> Result<Measured> {
    if !arguments.mutate.is_empty() || !arguments.without_agent.is_empty() {
        bail!("loghub-2k knows neither --mutate nor --without-agent: no investigation runs");
    }
    let systems = read_all(&arguments.directory, arguments.case.as_deref())?;
    let (mut json_lines, mut table) = (String::new(), String::new());
    let mut sum = 0.0;
    let mut agreed = true;
    for system in &systems {
        let started = Instant::now();
        let (predicted, templates) = mine(&system.lines);
        let seconds = started.elapsed().as_secs_f64();
        for _ in 1..arguments.repeat {
            agreed &= mine(&system.lines).0 == predicted;
        }
        let accuracy = grouping_accuracy(&predicted, &system.truth);
        sum += accuracy;
        let _ = writeln!(
            table,
            "{:<14} grouping_accuracy={accuracy:.4} templates={templates} true={}",
            system.system,
            groups(&system.truth).len()
        );
        let line = serde_json::json!({
            "case": system.system, "grouping_accuracy": accuracy, "templates": templates, "seconds": seconds,
        });
        json_lines.push_str(&line.to_string());
        json_lines.push('\n');
    }
    let (lines, seconds) = speed(&systems);
    let mut score = format!(
        "score: suite=loghub-2k cases={} grouping_accuracy={:.4} lines_per_second={:.0}",
        systems.len(),
        sum / systems.len().max(1) as f64,
        lines as f64 / seconds
    );
    if arguments.repeat > 1 {
        let _ = write!(score, " agreement={}", if agreed { "1.0000" } else { "0.0000" });
    }
    if let Some(mib) = peak_mib() {
        let _ = write!(score, " peak_mib={mib}");
    }
    Ok(Measured { json_lines, table, score })
}

fn read_all(directory: &Path, only: Option<&str>) -> Result<Vec<Labelled>> {
    let mut systems = Vec::new();
    let listed = case_folders(directory, ".", only)
        .with_context(|| format!("{}: could not list the systems", directory.display()))?;
    for (system, folder) in listed {
        let file = folder.join(format!("{system}_2k.log_structured.csv"));
        if file.is_file() {
            systems.push(read(system, &file).with_context(|| file.display().to_string())?);
        }
    }
    if systems.is_empty() {
        bail!("{}: holds no <System>/<System>_2k.log_structured.csv", directory.display());
    }
    Ok(systems)
}

fn read(system: String, file: &Path) -> Result<Labelled> {
    let mut reader = csv::Reader::from_path(file)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        headers.iter().position(|header| header == name).with_context(|| format!("there is no column {name}"))
    };
    let (content, event) = (column("Content")?, column("EventId")?);
    let mut labelled = Labelled { system, lines: Vec::new(), truth: Vec::new() };
    for record in reader.records() {
        let record = record?;
        labelled.lines.push(record.get(content).unwrap_or("").to_owned());
        labelled.truth.push(record.get(event).unwrap_or("").to_owned());
    }
    Ok(labelled)
}

/// The group of each line, and how many groups there are.
fn mine(lines: &[String]) -> (Vec<TemplateRef>, usize) {
    let mut miner = TemplateMiner::new(MinerOptions::default());
    let seen: Vec<TemplateRef> = lines.iter().map(|line| miner.observe(line)).collect();
    miner.settle();
    let predicted: Vec<TemplateRef> = seen.into_iter().map(|template| miner.resolve(template)).collect();
    let count = predicted.iter().collect::<BTreeSet<_>>().len();
    (predicted, count)
}

fn groups<K: Ord>(labels: &[K]) -> BTreeMap<&K, Vec<usize>> {
    let mut groups: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        groups.entry(label).or_default().push(row);
    }
    groups
}

/// Share of lines whose group holds exactly the lines of the true one (Zhu et al., ICSE-SEIP 2019).
fn grouping_accuracy<K: Ord>(predicted: &[K], truth: &[String]) -> f64 {
    let truth = groups(truth);
    let exact: BTreeSet<&Vec<usize>> = truth.values().collect();
    let right: usize = groups(predicted).values().filter(|rows| exact.contains(rows)).map(Vec::len).sum();
    right as f64 / predicted.len().max(1) as f64
}

/// Lines mined and the seconds that took.
fn speed(systems: &[Labelled]) -> (usize, f64) {
    let per_round: usize = systems.iter().map(|system| system.lines.len()).sum();
    let rounds = SPEED_LINES_MIN / per_round.max(1) + 1;
    let started = Instant::now();
    for system in systems {
        let mut miner = TemplateMiner::new(MinerOptions::default());
        for _ in 0..rounds {
            for line in &system.lines {
                miner.observe(line);
            }
        }
        miner.settle();
    }
    (per_round * rounds, started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_only_when_it_is_exact() {
        let truth: Vec<String> = ["a", "a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(grouping_accuracy(&[1, 1, 2, 3], &truth), 1.0);
        assert_eq!(grouping_accuracy(&[1, 1, 2, 2], &truth), 0.5);
        assert_eq!(grouping_accuracy(&[1, 2, 3, 4], &truth), 0.5);
    }
}
