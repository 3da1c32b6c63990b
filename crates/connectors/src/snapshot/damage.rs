//! Counting what could not be read: grouped by file and reason, with the first line of each group.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::Damage;

/// Reasons kept for one file; further ones share the last group.
const REASONS_PER_FILE_MAX: usize = 16;

/// Damage and remarks gathered while files are read.
#[derive(Debug, Clone, Default)]
pub(super) struct DamageLog {
    groups: BTreeMap<(String, String), (Option<u64>, u64)>,
    notes: BTreeSet<String>,
}

impl DamageLog {
    /// Counts one lost row of `file`.
    pub(super) fn row(&mut self, file: &str, line: u64, reason: &str) {
        self.add(file, Some(line), 1, reason);
    }

    /// Counts a whole file that was lost, or its rest.
    pub(super) fn file(&mut self, file: &str, reason: &str) {
        self.add(file, None, 1, reason);
    }

    /// Counts `rows` lost rows of `file`, the first at `line`.
    pub(super) fn add(&mut self, file: &str, line: Option<u64>, rows: u64, reason: &str) {
        let key = (file.to_owned(), reason.to_owned());
        let reasons = || self.groups.keys().filter(|(of, _)| of == file).count();
        let key = if !self.groups.contains_key(&key) && reasons() >= REASONS_PER_FILE_MAX {
            (file.to_owned(), "further kinds of damage".to_owned())
        } else {
            key
        };
        let group = self.groups.entry(key).or_insert((line, 0));
        group.0 = match (group.0, line) {
            (Some(known), Some(new)) => Some(known.min(new)),
            (known, new) => known.or(new),
        };
        group.1 = group.1.saturating_add(rows);
    }

    /// Keeps a remark; the same remark counts once.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < 256 {
            self.notes.insert(note.into());
        }
    }

    /// Takes over everything `other` holds.
    pub(super) fn merge(&mut self, other: &DamageLog) {
        for ((file, reason), (line, rows)) in &other.groups {
            self.add(file, *line, *rows, reason);
        }
        for note in &other.notes {
            self.note(note.as_str());
        }
    }

    /// The groups, sorted by file and reason.
    pub(super) fn damage(&self) -> Vec<Damage> {
        let group = |((file, reason), (line, rows)): (&(String, String), &(Option<u64>, u64))| Damage {
            file: file.clone(),
            line: *line,
            rows: *rows,
            reason: reason.clone(),
        };
        let mut damage: Vec<Damage> = self.groups.iter().map(group).collect();
        damage.sort();
        damage
    }

    /// The remarks, sorted.
    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.iter().cloned().collect()
    }
}
