//! Every decoder that reads what others wrote, each with its corpus.

mod alerts;
mod files;
mod parquet;
mod texts;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::reading::Reading;

/// Something that reads bytes. It may keep a file for those that take a path.
pub(crate) type Decode = Box<dyn Fn(&[u8]) -> Reading>;

/// One decoder.
pub(crate) struct Decoder {
    /// Its name, as reports and `--decoder` have it.
    pub(crate) name: String,
    /// Inputs that it takes as they lie.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// The decoder.
    pub(crate) decode: Decode,
}

/// All decoders by name. `scratch` is a folder in which a decoder of files may keep one.
///
/// # Errors
/// When the corpus cannot be read.
pub(crate) fn all(scratch: &Path) -> Result<Vec<Decoder>> {
    let mut decoders = alerts::all()?;
    decoders.extend(files::all(scratch)?);
    decoders.extend(texts::all(scratch)?);
    decoders.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(decoders)
}

/// A folder of the repository.
fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// Names and bytes of the files in a folder, by name; at least one.
fn seeds(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let shown = || folder.display().to_string();
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(shown)? {
        let entry = entry?;
        if entry.path().is_file() {
            seeds.push((entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?));
        }
    }
    seeds.sort();
    anyhow::ensure!(!seeds.is_empty(), "{} holds no seeds", shown());
    Ok(seeds)
}

fn bytes_of(seeds: Vec<(String, Vec<u8>)>) -> Vec<Vec<u8>> {
    seeds.into_iter().map(|(_, bytes)| bytes).collect()
}
