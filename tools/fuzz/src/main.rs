//! Hands hostile inputs to every decoder: `make fuzz`.
//!
//! Inputs are seeds of a corpus with a few edits, made by proptest from a number, so that a case is the same everywhere and
//! a failing one can be made smaller. For each: no panic, the same reading twice, and no more out than a multiple of what
//! went in. Time and memory are reported, not judged.

mod campaign;
mod decoders;
mod edits;
mod generate;
mod reading;
mod worker;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::campaign::Campaign;
use crate::decoders::Decoder;

/// Hands hostile inputs to every decoder.
#[derive(Debug, Parser)]
#[command(name = "midwatch-fuzz")]
#[command(after_help = "Exit codes: 0 all was borne, 1 something was not or could not be tried, 2 usage.")]
struct Arguments {
    /// Inputs for each decoder
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    inputs: u64,
    /// Which inputs: the same number gives the same ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Decoders at a time [default: as many as there are cores]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Only decoders whose name starts with this
    #[arg(long, value_name = "NAME")]
    decoder: Option<String>,
    /// Read this file instead of making inputs up, and say what comes of it
    #[arg(long, value_name = "FILE", requires = "decoder")]
    input: Option<PathBuf>,
    /// Where failing inputs are written
    #[arg(long, value_name = "DIR", default_value = "target/fuzz-findings")]
    findings: PathBuf,
    /// Try one decoder in this process and print what came of it
    #[arg(long, hide = true)]
    worker: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    std::fs::create_dir_all(&arguments.findings).with_context(|| arguments.findings.display().to_string())?;
    let scratch = scratch()?;
    let wanted = |decoder: &Decoder| match &arguments.decoder {
        Some(name) if arguments.worker || arguments.input.is_some() => decoder.name == *name,
        Some(name) => decoder.name.starts_with(name.as_str()),
        None => true,
    };
    let mut decoders = decoders::all(scratch.path())?;
    let names: Vec<String> = decoders.iter().map(|decoder| decoder.name.clone()).collect();
    decoders.retain(wanted);
    let Some(first) = decoders.first() else {
        bail!("there is no such decoder; there are {}", names.join(", "));
    };
    let mut out = std::io::stdout().lock();
    if let Some(input) = &arguments.input {
        return read_one(first, input, &mut out);
    }
    if arguments.worker {
        worker::keep_panics();
        let outcome = worker::run(first, arguments.seed, arguments.inputs, &arguments.findings)?;
        serde_json::to_writer(&mut out, &outcome)?;
        return Ok(true);
    }
    let campaign = Campaign {
        inputs: arguments.inputs,
        seed: arguments.seed,
        jobs: arguments.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        findings: &arguments.findings,
    };
    campaign::run(campaign, &decoders, &mut out)
}

/// Reads one file; a panic is shown as it is.
fn read_one(decoder: &Decoder, path: &Path, out: &mut dyn Write) -> Result<bool> {
    let input = std::fs::read(path).with_context(|| path.display().to_string())?;
    let checked = worker::check(decoder, &input);
    writeln!(out, "{}: {} bytes: {checked:?}", decoder.name, input.len())?;
    Ok(checked.is_ok())
}

/// A folder in memory where there is one: decoders of files are given theirs a million times.
fn scratch() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    let builder = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("midwatch-fuzz-");
        builder
    };
    Ok(builder().tempdir_in(memory).or_else(|_| builder().tempdir())?)
}
