//! Writes the incident whose every field is hostile: `cargo run -p midwatch-app --example hostile_snapshot DIR`.
//!
//! `crates/app/tests/injection` checks what a report makes of it in every form; `tools/browser` opens its page.

#[allow(dead_code)]
#[path = "../tests/injection/snapshot.rs"]
mod snapshot;

use std::path::Path;
use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    let Some(directory) = std::env::args_os().nth(1) else { return Ok(ExitCode::from(2)) };
    std::fs::create_dir_all(&directory)?;
    snapshot::write(Path::new(&directory))?;
    Ok(ExitCode::SUCCESS)
}
