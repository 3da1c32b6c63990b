//! Measures template mining on a folder of labelled log files: grouping accuracy and speed.
//!
//! `cargo run --release -p midwatch-analysis --example loghub -- DIR [--wrong SYSTEM]` reads
//! `DIR/<System>/<System>_2k.log_structured.csv` (columns `Content` and `EventId`). Grouping accuracy is the share of
//! lines whose predicted group holds exactly the lines of the true one. `--wrong` lists the groups that are not.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use midwatch_analysis::logs::{MinerOptions, TemplateMiner, TemplateRef};

struct Labelled {
    system: String,
    lines: Vec<String>,
    truth: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, wrong) = match arguments.as_slice() {
        [folder] => (folder, None),
        [folder, flag, system] if flag == "--wrong" => (folder, Some(system.as_str())),
        _ => return Err("usage: loghub DIR [--wrong SYSTEM]".into()),
    };
    let mut out = std::io::stdout().lock();
    let systems = read_all(Path::new(folder))?;
    let mut sum = 0.0;
    for system in &systems {
        let (predicted, templates) = mine(&system.lines);
        let accuracy = grouping_accuracy(&predicted, &system.truth);
        sum += accuracy;
        if wrong.is_none() {
            writeln!(
                out,
                "{:<14} grouping_accuracy={accuracy:.4} templates={}",
                system.system,
                templates.len()
            )?;
        }
        if wrong.is_some_and(|name| name == system.system) {
            list_wrong(&mut out, system, &predicted, &templates)?;
        }
    }
    let (lines, seconds) = speed(&systems);
    let average = sum / systems.len().max(1) as f64;
    writeln!(out, "grouping_accuracy={average:.4} lines_per_second={:.0}", lines as f64 / seconds)?;
    Ok(())
}

fn read_all(folder: &Path) -> Result<Vec<Labelled>, Box<dyn Error>> {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    let mut systems = Vec::new();
    for folder in folders {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        let file = folder.join(format!("{name}_2k.log_structured.csv"));
        if !file.is_file() {
            continue;
        }
        let mut reader = csv::Reader::from_path(&file)?;
        let headers = reader.headers()?.clone();
        let column = |name: &str| headers.iter().position(|header| header == name);
        let (Some(content), Some(event)) = (column("Content"), column("EventId")) else {
            return Err(format!("{}: no Content or EventId column", file.display()).into());
        };
        let mut system = Labelled { system: name.to_owned(), lines: Vec::new(), truth: Vec::new() };
        for record in reader.records() {
            let record = record?;
            system.lines.push(record.get(content).unwrap_or("").to_owned());
            system.truth.push(record.get(event).unwrap_or("").to_owned());
        }
        systems.push(system);
    }
    Ok(systems)
}

fn mine(lines: &[String]) -> (Vec<TemplateRef>, BTreeMap<TemplateRef, String>) {
    let mut miner = TemplateMiner::new(MinerOptions::default());
    let seen: Vec<TemplateRef> = lines.iter().map(|line| miner.observe(line)).collect();
    miner.settle();
    let predicted: Vec<TemplateRef> = seen.into_iter().map(|template| miner.resolve(template)).collect();
    let templates =
        predicted.iter().map(|&template| (template, miner.template(template).to_owned())).collect();
    (predicted, templates)
}

fn groups<K: Ord>(labels: &[K]) -> BTreeMap<&K, Vec<usize>> {
    let mut groups: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        groups.entry(label).or_default().push(row);
    }
    groups
}

fn grouping_accuracy(predicted: &[TemplateRef], truth: &[String]) -> f64 {
    let truth = groups(truth);
    let exact: std::collections::BTreeSet<&Vec<usize>> = truth.values().collect();
    let right: usize = groups(predicted).values().filter(|rows| exact.contains(rows)).map(Vec::len).sum();
    right as f64 / predicted.len().max(1) as f64
}

fn list_wrong(
    out: &mut impl Write,
    system: &Labelled,
    predicted: &[TemplateRef],
    templates: &BTreeMap<TemplateRef, String>,
) -> std::io::Result<()> {
    let by_prediction = groups(predicted);
    let by_truth = groups(&system.truth);
    for (event, rows) in &by_truth {
        let mut parts: BTreeMap<TemplateRef, usize> = BTreeMap::new();
        for &row in rows {
            *parts.entry(predicted[row]).or_default() += 1;
        }
        let exact = parts.len() == 1
            && parts.keys().all(|template| by_prediction.get(template).is_some_and(|group| group == rows));
        if exact {
            continue;
        }
        writeln!(out, "{event}: {} lines, e.g. {}", rows.len(), system.lines[rows[0]])?;
        for (template, count) in parts.iter().take(8) {
            let whole = by_prediction.get(template).map_or(0, Vec::len);
            writeln!(out, "    {count} of {whole}: {}", templates.get(template).map_or("", String::as_str))?;
        }
    }
    Ok(())
}

/// Lines mined and the seconds that took, over at least two million lines.
fn speed(systems: &[Labelled]) -> (usize, f64) {
    let per_round: usize = systems.iter().map(|system| system.lines.len()).sum();
    let rounds = 2_000_000 / per_round.max(1) + 1;
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
