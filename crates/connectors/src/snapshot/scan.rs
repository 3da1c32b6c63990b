//! Finding a snapshot's files: a bounded walk that never leaves the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use midwatch_sources::{ErrorKind, SourceError};

use super::classify::{FileKind, classify};
use super::damage::DamageLog;

/// Name of the source in errors and citations.
pub(super) const NAME: &str = "snapshot";
/// Folders below the snapshot's own that are looked into.
const DEPTH_MAX: usize = 4;
/// Files looked at; further ones are left out and said so.
const FILES_MAX: usize = 4096;

/// A file of the snapshot and what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SnapshotFile {
    /// Where it is on this machine.
    pub(super) path: PathBuf,
    /// Where it is in the snapshot, with `/` between folders: the name in citations.
    pub(super) relative: String,
    /// What it holds.
    pub(super) kind: FileKind,
    /// Its size.
    pub(super) bytes: u64,
}

impl SnapshotFile {
    /// File name without its folders and without anything after the first dot.
    pub(super) fn stem(&self) -> &str {
        let name = self.relative.rsplit('/').next().unwrap_or(&self.relative);
        name.split('.').next().unwrap_or(name)
    }
}

/// The files of a snapshot, sorted by relative path, and the remarks of the walk.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Recognised files.
    pub(super) files: Vec<SnapshotFile>,
    /// Remarks, and files that could not be opened.
    pub(super) damage: DamageLog,
    /// Names of files that were seen and are of no known kind.
    pub(super) unknown: Vec<String>,
}

/// Walks `root`.
///
/// # Errors
/// `NotFound` when there is no such directory, `Denied` when it may not be read, `Config` when it is no directory or
/// holds nothing a snapshot is made of; the message says what was looked for, what was found and where to read on.
pub(super) fn scan(root: &Path) -> Result<Scan, SourceError> {
    let failed = |kind, context: String| SourceError::new(kind, NAME, "open the snapshot", context);
    let shown = root.display();
    let canonical = root.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed(
            ErrorKind::NotFound,
            format!("there is no directory {shown}; the layout is described in docs/guide/snapshots.md"),
        ),
        std::io::ErrorKind::PermissionDenied => {
            failed(ErrorKind::Denied, format!("{shown} may not be read: {error}"))
        }
        _ => failed(ErrorKind::Config, format!("{shown} cannot be used: {error}")),
    })?;
    if !canonical.is_dir() {
        let context = format!(
            "{shown} is a file; a snapshot is a directory with the incident's files, see docs/guide/snapshots.md"
        );
        return Err(failed(ErrorKind::Config, context));
    }
    let mut walk = Walk { root: canonical.clone(), ..Walk::default() };
    walk.directory(&canonical, "", 0)
        .map_err(|error| failed(ErrorKind::Denied, format!("{shown} cannot be listed: {error}")))?;
    walk.follow_links();
    let mut scan = walk.scan;
    scan.files.sort_by(|a, b| a.relative.cmp(&b.relative));
    scan.unknown.sort();
    if scan.files.iter().all(|file| file.kind == FileKind::Document) {
        return Err(failed(ErrorKind::Config, no_incident(root, &scan)));
    }
    if !scan.unknown.is_empty() {
        let note = format!("files of no known kind were left out: {}", listed(&scan.unknown));
        scan.damage.note(note);
    }
    Ok(scan)
}

fn no_incident(root: &Path, scan: &Scan) -> String {
    let documents = scan.files.iter().map(|file| file.relative.clone());
    let mut found: Vec<String> = documents.chain(scan.unknown.iter().cloned()).collect();
    found.sort();
    let found = if found.is_empty() { "no files at all".to_owned() } else { listed(&found) };
    format!(
        "{} holds no incident: looked {DEPTH_MAX} levels deep for an alert (alert*.json), metrics (*.csv, *.om, *.prom, \
         *.parquet), logs (*.ndjson, *.jsonl, *.log), traces (traces*.json) or changes (deploys*.json, \
         commits*.json, flags*.json, a git repository); found {found}. The layout is described in \
         docs/guide/snapshots.md",
        root.display()
    )
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
    match names.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[derive(Default)]
struct Walk {
    root: PathBuf,
    scan: Scan,
    links: Vec<(PathBuf, String)>,
    seen: BTreeSet<PathBuf>,
    over_limit: bool,
}

impl Walk {
    fn directory(&mut self, directory: &Path, prefix: &str, depth: usize) -> std::io::Result<()> {
        // The first by name, whatever order the file system lists them in.
        let mut entries: BTreeMap<String, (PathBuf, std::fs::FileType)> = BTreeMap::new();
        let mut left_out = 0_usize;
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.insert(name, (entry.path(), entry.file_type()?));
            if entries.len() > FILES_MAX * 4 {
                entries.pop_last();
                left_out += 1;
            }
        }
        if left_out > 0 {
            let place = if prefix.is_empty() { "the directory" } else { prefix };
            self.scan.damage.note(format!(
                "{left_out} entries of {place} beyond the first {} were left out",
                FILES_MAX * 4
            ));
        }
        for (name, (path, kind)) in entries {
            let relative = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if kind.is_symlink() {
                self.links.push((path, relative));
            } else if name == ".git" {
                self.repository(directory, prefix);
            } else if name.starts_with('.') {
            } else if kind.is_file() {
                self.file(path, relative);
            } else if kind.is_dir() {
                self.sub_directory(&path, &relative, depth);
            } else {
                // Opening a pipe that nobody writes to would never end.
                self.scan
                    .damage
                    .note(format!("{relative} is a pipe, a socket or a device and was not opened"));
            }
        }
        Ok(())
    }

    fn sub_directory(&mut self, path: &Path, relative: &str, depth: usize) {
        if depth >= DEPTH_MAX {
            self.scan
                .damage
                .note(format!("folders deeper than {DEPTH_MAX} levels were left out, such as {relative}"));
            return;
        }
        // A repository is history, not telemetry: its files are not taken for logs or metrics.
        if path.join(".git").symlink_metadata().is_ok() {
            self.repository(path, relative);
        } else if let Err(error) = self.directory(path, relative, depth + 1) {
            self.scan.damage.file(relative, &format!("the folder cannot be listed: {error}"));
        }
    }

    fn repository(&mut self, path: &Path, relative: &str) {
        let relative = if relative.is_empty() { "." } else { relative }.to_owned();
        let kind = FileKind::Repository;
        self.scan.files.push(SnapshotFile { path: path.to_owned(), relative, kind, bytes: 0 });
    }

    fn file(&mut self, path: PathBuf, relative: String) {
        if self.seen.len() >= FILES_MAX {
            if !self.over_limit {
                self.scan.damage.note(format!("only the first {FILES_MAX} files were looked at"));
            }
            self.over_limit = true;
            return;
        }
        self.seen.insert(path.clone());
        let bytes = path.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        if bytes == 0 {
            self.scan.damage.note(format!("{relative} is empty"));
        }
        match classify(&path, &relative) {
            Ok(Some(kind)) => self.scan.files.push(SnapshotFile { path, relative, kind, bytes }),
            Ok(None) => self.scan.unknown.push(relative),
            Err(error) => self.scan.damage.file(&relative, &format!("cannot be opened: {error}")),
        }
    }

    /// Links to files inside the snapshot that were not met already are read; all others are left alone.
    fn follow_links(&mut self) {
        for (path, relative) in std::mem::take(&mut self.links) {
            let note = match path.canonicalize() {
                Ok(target) if !target.starts_with(&self.root) => "leads out of the snapshot",
                Ok(target) if target.is_dir() => "leads to a folder",
                Ok(target) if !target.is_file() => "leads to a pipe, a socket or a device",
                Ok(target) => {
                    if !self.seen.contains(&target) && !relative.starts_with('.') {
                        self.file(target, relative);
                    }
                    continue;
                }
                Err(_) => "leads nowhere",
            };
            self.scan.damage.note(format!("the link {relative} {note} and was not followed"));
        }
    }
}
