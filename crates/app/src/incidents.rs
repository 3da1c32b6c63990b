//! The incidents built into the program: what `midwatch demo` investigates.
//!
//! Only their snapshots are embedded (see `build.rs`): the answers stay in the repository, where tests read them.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use midwatch_connectors::decode_alert;
use tempfile::TempDir;

use crate::AppError;

static INCIDENTS: Dir<'static> = include_dir!("$OUT_DIR/incidents");

/// Ids of the built-in incidents, sorted. They are opaque: a name would give the answer away.
pub fn ids() -> Vec<&'static str> {
    let mut ids: Vec<&str> =
        INCIDENTS.dirs().filter_map(|directory| directory.path().file_name()?.to_str()).collect();
    ids.sort_unstable();
    ids
}

/// A built-in incident as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number, from 1.
    pub number: usize,
    /// Its id.
    pub id: &'static str,
    /// What its alert says is wrong; `None` when it comes without an alert that can be read.
    pub title: Option<String>,
}

/// The built-in incidents in the order of their numbers.
pub fn listed() -> Vec<Listed> {
    let ids = ids().into_iter().enumerate();
    ids.map(|(index, id)| Listed { number: index + 1, id, title: title(id) }).collect()
}

/// The first alert in the top folder of a built-in incident, in its own words.
fn title(id: &str) -> Option<String> {
    let mut files: Vec<_> = INCIDENTS.get_dir(id)?.files().collect();
    files.sort_unstable_by_key(|file| file.path());
    let is_alert =
        |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("alert"));
    let mut triggers = files
        .into_iter()
        .filter(|file| is_alert(file.path()))
        .filter_map(|file| decode_alert(file.contents()));
    let alert = triggers.next()?.alerts.into_iter().next()?;
    Some(if alert.summary.is_empty() { alert.name } else { alert.summary })
}

/// A built-in incident on disk, removed when dropped.
#[derive(Debug)]
pub struct Unpacked {
    /// Its id.
    pub id: &'static str,
    /// Its number, from 1.
    pub number: usize,
    directory: TempDir,
}

impl Unpacked {
    /// The snapshot directory.
    pub fn snapshot(&self) -> PathBuf {
        self.directory.path().join(self.id)
    }
}

/// Unpacks the incident that `wanted` names by id or by number from 1; the first when `None`.
///
/// # Errors
/// When there is no such incident, or the temporary directory cannot be written.
pub fn unpack(wanted: Option<&str>) -> Result<Unpacked, AppError> {
    let ids = ids();
    let wanted = wanted.unwrap_or("1");
    let index = match ids.iter().position(|id| *id == wanted) {
        Some(index) => Some(index),
        None => wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1)),
    };
    let Some((index, id)) = index.and_then(|index| Some((index, *ids.get(index)?))) else {
        let known = match ids.len() {
            0 => "This build holds none".to_owned(),
            count => format!("Choose a number from 1 to {count}, or one of {}", ids.join(", ")),
        };
        return Err(AppError::UnknownIncident { wanted: wanted.to_owned(), known });
    };
    let directory = tempfile::Builder::new()
        .prefix("midwatch-")
        .tempdir()
        .map_err(AppError::io(std::env::temp_dir(), "make a temporary directory"))?;
    if let Some(incident) = INCIDENTS.get_dir(id) {
        write(incident, directory.path())?;
    }
    Ok(Unpacked { id, number: index + 1, directory })
}

/// Writes `from` below `root`; paths inside an embedded directory count from the embedded root.
fn write(from: &Dir<'_>, root: &Path) -> Result<(), AppError> {
    let target = root.join(from.path());
    std::fs::create_dir_all(&target).map_err(AppError::io(&target, "unpack the incident"))?;
    for entry in from.entries() {
        match entry {
            DirEntry::Dir(directory) => write(directory, root)?,
            DirEntry::File(file) => {
                let target = root.join(file.path());
                std::fs::write(&target, file.contents())
                    .map_err(AppError::io(&target, "unpack the incident"))?;
            }
        }
    }
    Ok(())
}
