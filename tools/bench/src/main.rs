//! Measures Midwatch on public incident suites and on its own golden incidents.
//!
//! `cargo run --release -p midwatch-bench -- <suite> DIR` prints a table and, as its last line, the score. Adapters turn
//! a suite's files into ordinary inputs of the product and compare what it says with the answer afterwards: they see
//! no evidence and the product sees no answer.

mod case;
mod inventory;
mod measure;
mod mutate;
mod statistics;
mod suites;
mod table;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};

use crate::mutate::Mutation;

/// Measures Midwatch on incident suites.
#[derive(Debug, Parser)]
#[command(name = "midwatch-bench")]
#[command(
    after_help = "Exit codes: 0 it ran, 1 it could not, 2 usage. The last line on standard output is the score."
)]
pub(crate) struct Arguments {
    /// Which suite
    suite: Suite,
    /// The suite's top folder, unpacked; for cluster-scale, where to write its captures
    directory: PathBuf,
    /// Write one JSON line for each case to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only the case with this id
    #[arg(long, value_name = "ID")]
    case: Option<String>,
    /// Change the input first; may be repeated, applied in the order given
    #[arg(long, value_name = "KIND", value_enum)]
    mutate: Vec<Mutation>,
    /// Run each case this many times and count how many give equal reports
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Investigate each golden incident this many times with a random third of its evidence removed
    #[arg(long, value_name = "SEEDS", value_parser = clap::value_parser!(u32).range(1..=1000))]
    thinned: Option<u32>,
    /// Withhold the files that objects were made from (cloud-opsbench)
    #[arg(long)]
    without_manifests: bool,
    /// Leave out the cases of this root cause, for calibration (cloud-opsbench)
    #[arg(long, value_name = "KIND")]
    leave_out_kind: Option<String>,
    /// Put each case and another one of a different kind, drawn with this seed, into one snapshot: both answers must be
    /// named (cloud-opsbench)
    #[arg(long, value_name = "SEED")]
    combine: Option<u64>,
    /// Also leave each case's snapshot below this folder, to look at (cloud-opsbench, opensre)
    #[arg(long, value_name = "DIR")]
    keep_snapshots: Option<PathBuf>,
    /// Leave an agent out; may be repeated
    #[arg(long, value_name = "NAME")]
    without_agent: Vec<String>,
}

impl Arguments {
    /// The folder in which the snapshot of a case is to be left, made anew; `None` when nobody asked for it.
    pub(crate) fn kept(&self, case: &str) -> Result<Option<PathBuf>> {
        let Some(below) = &self.keep_snapshots else { return Ok(None) };
        let folder = below.join(case);
        if folder.exists() {
            bail!("{}: exists already. Name a folder that holds no snapshot of this case", folder.display());
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("{}: could not make it", folder.display()))?;
        Ok(Some(folder))
    }
}

#[cfg(test)]
impl Arguments {
    /// Every incident in `directory` once, as it lies.
    pub(crate) fn once(directory: &std::path::Path) -> Arguments {
        Arguments {
            suite: Suite::Incidents,
            directory: directory.to_owned(),
            json: None,
            case: None,
            mutate: Vec::new(),
            repeat: 1,
            thinned: None,
            without_manifests: false,
            leave_out_kind: None,
            combine: None,
            keep_snapshots: None,
            without_agent: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// Alerts with logs, metrics, traces, commits and deploys; some with no guilty commit
    Rootcausebench,
    /// Log files with their true templates
    #[value(name = "loghub-2k")]
    Loghub2k,
    /// Frozen Kubernetes incidents
    CloudOpsbench,
    /// Synthetic incidents of managed databases and clusters, some healthy or recovered
    Opensre,
    /// Made clusters of growing size, written below DIR: time, memory, and whether planted faults are found
    ClusterScale,
    /// The project's own golden incidents
    Incidents,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let outcome = match arguments.suite {
        Suite::Rootcausebench => suites::rootcausebench::measure(arguments)?,
        Suite::Incidents => match arguments.thinned {
            Some(seeds) => suites::thinned::measure(arguments, seeds)?,
            None => suites::incidents::measure(arguments)?,
        },
        Suite::CloudOpsbench => match arguments.combine {
            Some(seed) => suites::cloud_opsbench::measure_pairs(arguments, seed)?,
            None => suites::cloud_opsbench::measure(arguments)?,
        },
        Suite::Opensre => suites::opensre::measure(arguments)?,
        Suite::ClusterScale => suites::cluster_scale::measure(arguments)?,
        Suite::Loghub2k => suites::loghub::measure(arguments)?,
    };
    if let Some(path) = &arguments.json {
        std::fs::write(path, &outcome.json_lines)
            .with_context(|| format!("{}: could not write the cases", path.display()))?;
    }
    let mut out = std::io::stdout().lock();
    out.write_all(outcome.table.as_bytes())?;
    writeln!(out, "{}", outcome.score)?;
    Ok(())
}

/// What a suite comes to.
pub(crate) struct Measured {
    /// One line for each case.
    pub(crate) json_lines: String,
    /// For people.
    pub(crate) table: String,
    /// The last line.
    pub(crate) score: String,
}
