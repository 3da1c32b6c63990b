//! The same incident with something changed that must not matter, or that must matter in one way.
//!
//! Mutations work on a copy in a temporary directory. They are told the culprit, which the product never is.

mod fill_diffs;
mod rename;
pub(crate) mod thin;
mod without_culprit;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::Value;
use tempfile::TempDir;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mutation {
    /// The guilty commit and the deploys that have it as head were never there: nobody may be convicted
    WithoutCulprit,
    /// Every service and node gets a neutral name and all times are shifted: answers must stay
    Rename,
    /// Every commit without a diff gets a harmless one of its own files: answers must stay
    FillDiffs,
}

/// A snapshot as it lies, or a changed copy that is removed when dropped.
pub(crate) enum Data {
    AsItLies(std::path::PathBuf),
    Copy(TempDir),
}

impl Data {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Data::AsItLies(path) => path,
            Data::Copy(directory) => directory.path(),
        }
    }
}

/// The snapshot in `directory` after `mutations`, in their order.
pub(crate) fn mutated(directory: &Path, mutations: &[Mutation], culprit: &str) -> Result<Data> {
    if mutations.is_empty() {
        return Ok(Data::AsItLies(directory.to_owned()));
    }
    let copy = copied(directory)?;
    for mutation in mutations {
        match mutation {
            Mutation::WithoutCulprit => without_culprit::apply(copy.path(), culprit)?,
            Mutation::Rename => rename::apply(copy.path())?,
            Mutation::FillDiffs => fill_diffs::apply(copy.path())?,
        }
    }
    Ok(Data::Copy(copy))
}

/// A copy of `directory` that is removed when dropped.
pub(crate) fn copied(directory: &Path) -> Result<TempDir> {
    let copy = tempfile::Builder::new().prefix("midwatch-bench-").tempdir()?;
    copy_all(directory, copy.path())?;
    Ok(copy)
}

fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}: could not be listed", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Changes the JSON file `name` below `directory`, if it is there.
fn edit_json(directory: &Path, name: &str, edit: impl FnOnce(&mut Value)) -> Result<()> {
    let path = directory.join(name);
    if !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("{}: could not be read", path.display()))?;
    let mut value: Value =
        serde_json::from_str(&text).with_context(|| format!("{}: not JSON", path.display()))?;
    edit(&mut value);
    fs::write(&path, serde_json::to_string_pretty(&value)?)?;
    Ok(())
}
