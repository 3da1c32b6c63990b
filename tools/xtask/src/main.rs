//! Checks and generators for this repository.
//!
//! `cargo run -p xtask -- tidy` checks what prose cannot hold: layering, vendor words, lengths, rows of documents. It
//! also runs as a test. `cargo run -p xtask -- calibrate` rebuilds the fitted numbers from named inputs.

mod calibrate;
mod tidy;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Checks and generators for this repository.
#[derive(Debug, Parser)]
#[command(name = "xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check layering, vendor words, lengths and document rows
    Tidy,
    /// Fit margin to probability and write crates/investigate/calibration.toml
    Calibrate {
        /// Cases with a known answer: NAME=FILE, the FILE written by midwatch-bench --json; may be repeated
        #[arg(long = "input", value_name = "NAME=FILE", required = true)]
        inputs: Vec<String>,
        /// Print the numbers instead of writing them
        #[arg(long)]
        print: bool,
        /// Instead, fit each suite's confidence on the other suites and print how well it fits
        #[arg(long, conflicts_with = "print")]
        leave_one_suite_out: bool,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    let root = root();
    let mut out = std::io::stdout().lock();
    match command {
        Command::Tidy => {
            let problems = tidy::problems(&root)?;
            for problem in &problems {
                writeln!(out, "{problem}")?;
            }
            writeln!(out, "tidy: {} problems", problems.len())?;
            Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Calibrate { inputs, leave_one_suite_out: true, .. } => {
            write!(out, "{}", calibrate::left_out(inputs)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Calibrate { inputs, print, .. } => {
            let text = calibrate::calibrate(inputs)?;
            if *print {
                write!(out, "{text}")?;
            } else {
                let path = root.join("crates/investigate/calibration.toml");
                std::fs::write(&path, &text)?;
                writeln!(out, "{}: written", path.display())?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The repository: two folders above this crate.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}
