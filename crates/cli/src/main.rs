//! The `midwatch` command.
//!
//! Arguments in, text out: everything an investigation does lives in the crates below. The report goes to standard
//! output; progress, notes and the facts of the run go to standard error, so that pipes carry the report alone.

mod args;
mod commands;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::output::{Ending, say};

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    match commands::run(cli) {
        Ok(ending) => ending.into(),
        // Whoever reads the pipe has seen enough.
        Err(error) if broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            Ending::Error.into()
        }
    }
}

/// Logs to standard error as `MIDWATCH_LOG` says (`warn` when it says nothing).
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_env_var("MIDWATCH_LOG")
        .with_default_directive(tracing::Level::WARN.into())
        .from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
