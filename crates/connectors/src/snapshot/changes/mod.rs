//! Changes of a snapshot: deploys, commits, flags, configuration, events, and what a git repository says.

mod commits;
mod events;
mod git;

pub(super) use git::history;

use midwatch_model::{Change, ChangeId, ChangeKind, ContentId, EntityId, Timestamp};

use super::classify::FileKind;
use super::damage::DamageLog;
use super::records::{self, Record};
use super::scan::SnapshotFile;

/// Changes kept of a snapshot; further ones are damage.
const CHANGES_MAX: usize = 100_000;
/// Bytes of all texts of changes together; changes beyond are damage.
const TEXT_BYTES_MAX: usize = 384 * 1024 * 1024;

/// A change before its entity's kind is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawChange {
    /// The change; its entity is a service until the name is looked up.
    pub(super) change: Change,
    /// Number of the file it is from.
    pub(super) file: u32,
}

/// Reads every file of changes and every repository, by time.
pub(super) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> Vec<RawChange> {
    let mut changes: Vec<RawChange> = Vec::new();
    let mut text_bytes = 0_usize;
    for (number, file) in files.iter().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let mut naive = false;
        let mut take = |found: Record, stated: Option<ChangeKind>, damage: &mut DamageLog| {
            let marks = ["timestamp", "time", "at", "date", "sha", "ts", "when"];
            for (line, list, object) in records::objects(found, &marks, file, damage) {
                let kind = stated.or_else(|| events::kind_named(&list));
                match events::decode(&object, kind, file, line) {
                    Err(reason) => damage.row(&file.relative, line, reason),
                    Ok(_) if changes.len() >= CHANGES_MAX => {
                        damage.row(&file.relative, line, "more changes than the limit of 100,000");
                    }
                    Ok(_) if text_bytes >= TEXT_BYTES_MAX => {
                        damage.row(&file.relative, line, "changes with more text than the limit of 384 MiB");
                    }
                    Ok(decoded) => {
                        naive |= decoded.naive;
                        text_bytes += decoded.changes.iter().map(text_bytes_of).sum::<usize>();
                        changes.extend(
                            decoded.changes.into_iter().map(|change| RawChange { change, file: number }),
                        );
                    }
                }
            }
        };
        match file.kind {
            FileKind::Changes(kind) => {
                records::for_each(file, damage, |found, damage| take(found, kind, damage))
            }
            FileKind::ChangesCsv(kind) => {
                records::for_each_row(file, damage, |found, damage| take(found, kind, damage));
            }
            FileKind::Repository => {
                let read = git::read(file, damage);
                changes.extend(read.into_iter().map(|change| RawChange { change, file: number }));
            }
            _ => {}
        }
        if naive {
            damage.note(format!("{}: times name no zone and were read as UTC", file.relative));
        }
    }
    let key = |raw: &RawChange| {
        let change = &raw.change;
        (change.at, change.kind, change.reference.clone(), change.entity.clone(), change.link.clone())
    };
    changes.sort_by_cached_key(key);
    changes
}

/// Bytes of the texts of a change that can be long.
fn text_bytes_of(change: &Change) -> usize {
    let commit = change.commit.as_ref().map_or(0, |commit| {
        let diffs = commit.diff.iter().flatten().map(|diff| diff.path.len() + diff.text.len());
        let files = commit.files.iter().map(String::len);
        commit.sha.len() + commit.author.len() + commit.message.len() + diffs.chain(files).sum::<usize>()
    });
    let entity = change.entity.as_ref().map_or(0, |entity| entity.name.len());
    change.title.len() + change.reference.len() + entity + commit
}

/// A change with its id.
fn new_change(
    kind: ChangeKind,
    at: Timestamp,
    reference: String,
    title: String,
    entity: Option<String>,
) -> Change {
    // One deploy may reach several entities at once: each is a change of its own.
    let id =
        ChangeId::of(&[kind.as_str(), &reference, &at.to_string(), entity.as_deref().unwrap_or_default()]);
    let entity = entity.map(EntityId::service);
    Change { id, kind, at, entity, reference, title, actor: None, commit_sha: None, commit: None, link: None }
}
