//! The history of a git repository, through the `git` program with fixed arguments that only read.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use midwatch_model::{Change, Commit, Timestamp};

use super::super::damage::DamageLog;
use super::super::read::text_of;
use super::super::scan::SnapshotFile;
use super::commits;

/// Commits read, the newest ones.
const COMMITS_MAX: usize = 500;
/// Bytes of output read; the rest is left out and said so.
const OUTPUT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Settings that a hostile repository could use to start programs or to reach the network.
const SETTINGS: [&str; 10] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "diff.external=",
    "log.showSignature=false",
    "gpg.program=false",
    "protocol.allow=never",
    "submodule.recurse=false",
    "core.quotePath=false",
];

/// The newest commits of the repository, with their diffs.
pub(super) fn read(file: &SnapshotFile, damage: &mut DamageLog) -> Vec<Change> {
    match log(file) {
        Err(reason) => {
            damage.file(&file.relative, &reason);
            Vec::new()
        }
        Ok((output, cut_short)) => {
            if cut_short {
                damage.note(format!("{}: only the first 64 MiB of the history were read", file.relative));
            }
            let mut changes = history(&output, file);
            if cut_short {
                changes.pop();
            }
            if changes.len() >= COMMITS_MAX {
                damage.note(format!("{}: only the newest {COMMITS_MAX} commits were read", file.relative));
            }
            changes
        }
    }
}

/// The commits in what `git log` printed; entries that break the format are left out.
pub(in crate::snapshot) fn history(output: &[u8], file: &SnapshotFile) -> Vec<Change> {
    let (text, _) = text_of(output);
    text.split('\u{1}').skip(1).filter_map(|entry| change_of(entry, file)).collect()
}

/// Entries of a repository's own folder that are looked at before it is read.
const ENTRIES_MAX: usize = 200_000;

/// Why the repository at `path` must not be read: its history lies outside the snapshot, or reading it would wait for
/// ever. `None` when all of it is plain files and folders.
fn refused(path: &Path) -> Option<String> {
    let own = path.join(".git");
    let elsewhere = "the repository's history lies elsewhere; put a clone of its own into the snapshot";
    if !own.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
        || own.join("commondir").symlink_metadata().is_ok()
        || own.join("objects/info/alternates").symlink_metadata().is_ok()
    {
        return Some(elsewhere.to_owned());
    }
    let mut folders = vec![own];
    let mut entries = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            entries += 1;
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_symlink() {
                return Some(elsewhere.to_owned());
            } else if !kind.is_file() {
                return Some("the repository holds a pipe, a socket or a device and was not read".to_owned());
            }
        }
        if entries > ENTRIES_MAX {
            return Some(format!("the repository holds more than {ENTRIES_MAX} files; `git gc` packs them"));
        }
    }
    None
}

fn log(file: &SnapshotFile) -> Result<(Vec<u8>, bool), String> {
    if let Some(reason) = refused(&file.path) {
        return Err(reason);
    }
    let mut command = Command::new("git");
    command.arg("--no-pager").arg("--literal-pathspecs").arg("-C").arg(&file.path);
    for setting in SETTINGS {
        command.arg("-c").arg(setting);
    }
    command
        .args(["log", "--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-mailmap"])
        .args([
            "--ignore-submodules=all",
            "--find-renames",
            "--patch",
            "--diff-merges=off",
            "--encoding=UTF-8",
        ])
        .arg(format!("--max-count={COMMITS_MAX}"))
        .arg("--format=%x01%H%x02%an%x02%cI%x02%B%x02")
        .args(["--end-of-options", "HEAD"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_CEILING_DIRECTORIES", file.path.parent().unwrap_or(&file.path))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("git could not be started: {error}"))?;
    let mut output = Vec::new();
    let read = match child.stdout.take() {
        Some(stdout) => stdout.take(OUTPUT_BYTES_MAX).read_to_end(&mut output),
        None => Ok(0),
    };
    let cut_short = output.len() as u64 >= OUTPUT_BYTES_MAX;
    if cut_short || read.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| format!("git could not be waited for: {error}"))?;
    read.map_err(|error| format!("the history cannot be read: {error}"))?;
    if status.success() || cut_short {
        Ok((output, cut_short))
    } else {
        Err("git could not read the history (an empty repository, or one owned by another user)".to_owned())
    }
}

/// One commit: hash, author, time, message and diff.
fn change_of(entry: &str, file: &SnapshotFile) -> Option<Change> {
    let mut parts = entry.splitn(5, '\u{2}');
    let (sha, author, at, message, diff) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let at: Timestamp = at.trim().parse().ok()?;
    let diffs = commits::split(diff.trim_start_matches('\n'), &[]);
    let diffs: Vec<_> =
        diffs.into_iter().filter(|diff| !diff.path.is_empty() || !diff.text.trim().is_empty()).collect();
    let files = diffs.iter().map(|diff| diff.path.clone()).filter(|path| !path.is_empty()).collect();
    let commit = Commit {
        sha: sha.to_owned(),
        author: author.to_owned(),
        message: message.trim().to_owned(),
        files,
        diff: Some(diffs),
    };
    let mut change = commits::change(at, commit);
    change.link = Some(format!("{}@{sha}", file.relative));
    Some(change)
}
