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
    notes_lost: u64,
}

/// Remarks kept; further ones are counted.
const NOTES_MAX: usize = 256;

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
        let note = note.into();
        if self.notes.len() < NOTES_MAX {
            self.notes.insert(note);
        } else if !self.notes.contains(&note) {
            self.notes_lost += 1;
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
        self.notes_lost += other.notes_lost;
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

    /// The remarks, sorted, and how many there was no room for.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.notes.iter().cloned().collect();
        if self.notes_lost > 0 {
            let total = self.notes_lost + NOTES_MAX as u64;
            notes.push(format!("{NOTES_MAX} of {total} remarks kept"));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_without_room_are_counted() {
        let mut log = DamageLog::default();
        for index in 0..300 {
            log.note(format!("remark {index:03}"));
            log.note("remark 000");
        }
        let notes = log.notes();
        assert_eq!(notes.len(), NOTES_MAX + 1);
        assert_eq!(notes.last().map(String::as_str), Some("256 of 300 remarks kept"));
    }
}
