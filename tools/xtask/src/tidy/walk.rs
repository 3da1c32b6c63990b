//! The files that are checked.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// One text file.
#[derive(Debug, Clone)]
pub(crate) struct TextFile {
    /// Path relative to the repository, with forward slashes.
    pub(crate) path: String,
    /// Content.
    pub(crate) text: String,
}

/// Folders that hold no source of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "snapshots", "fixtures"];

/// Endings of files that are read.
const READ: &[&str] = &["rs", "toml", "md"];

/// Source and document files of the repository, by path.
pub(crate) fn files(root: &Path) -> Result<Vec<TextFile>> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(directory: &Path, prefix: &str, files: &mut Vec<TextFile>) -> Result<()> {
    let listing = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in listing {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        if entry.file_type()?.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&entry.path(), &path, files)?;
            }
        } else if name.rsplit_once('.').is_some_and(|(_, ending)| READ.contains(&ending)) {
            let text = fs::read_to_string(entry.path()).with_context(|| path.clone())?;
            files.push(TextFile { path, text });
        }
    }
    Ok(())
}
