//! Copies `incidents/<id>/snapshot/` of every golden incident to where `incidents.rs` embeds it from.
//!
//! Only the snapshot folders are copied: the answers beside them never get near the program, so the product cannot
//! read them. There may be no incident at all.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| io::Error::other("no manifest directory"))?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no output directory"))?;
    let from = Path::new(&manifest).join("../../incidents");
    let to = Path::new(&out).join("incidents");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    fs::create_dir_all(&to)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", from.display());
    if !from.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(&from)? {
        let entry = entry?;
        let snapshot = entry.path().join("snapshot");
        if snapshot.is_dir() {
            copy(&snapshot, &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name() == "answer.json" {
            return Err(io::Error::other(format!(
                "{}: an answer must not lie inside a snapshot",
                entry.path().display()
            )));
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
