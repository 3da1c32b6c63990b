//! A journal in memory.

use std::sync::Mutex;

use midwatch_investigate::{Draft, Journal, JournalError};
use midwatch_model::Entry;

use super::Stamp;
use crate::Opening;

/// Keeps entries in memory.
#[derive(Debug)]
pub struct MemoryJournal {
    inner: Mutex<(Stamp, Vec<Entry>)>,
}

impl MemoryJournal {
    /// An empty journal of the investigation that `opening` asks for.
    pub fn new(opening: &Opening) -> MemoryJournal {
        MemoryJournal { inner: Mutex::new((Stamp::new(opening), Vec::new())) }
    }

    /// What was appended so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).1.clone()
    }
}

impl Journal for MemoryJournal {
    fn append(&self, draft: Draft) -> Result<(), JournalError> {
        let mut inner = self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let entry = inner.0.entry(draft);
        inner.1.push(entry);
        Ok(())
    }
}
