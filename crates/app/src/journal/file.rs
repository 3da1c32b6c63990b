//! A journal in a file: the record. The format is documented in `docs/guide/records.md`.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use midwatch_investigate::{Draft, Journal, JournalError};
use midwatch_model::{Actor, EntryKind};
use midwatch_sources::{AnswerSink, RecordedAnswer};

use super::{Checked, Difference, Recorded, Stamp};
use crate::record::{Record, encode};
use crate::{AppError, Opening};

/// Writes entries to a file, one line each. An entry is handed to the operating system before `append` returns, so a
/// process that is killed loses nothing that was appended; [`FileJournal::finish`] makes it survive a power cut too.
///
/// A journal that continues a record first meets the recorded entries again: they are compared, not written twice.
#[derive(Debug)]
pub struct FileJournal {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    stamp: Stamp,
    blobs: BTreeSet<String>,
    recorded: Recorded,
    difference: Option<Difference>,
    failed: Option<String>,
}

impl FileJournal {
    /// A new record at `path`.
    ///
    /// # Errors
    /// When the file exists or cannot be made.
    pub fn create(path: &Path, opening: &Opening) -> Result<FileJournal, AppError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(AppError::io(path, "create the record"))?;
        Ok(FileJournal::over(path, file, Stamp::new(opening), BTreeSet::new(), Recorded::default()))
    }

    /// Continues `record`, which was read from `path`: a damaged last line is cut off first.
    ///
    /// # Errors
    /// When the file cannot be cut or opened for writing.
    pub fn resume(path: &Path, record: &Record, opening: &Opening) -> Result<FileJournal, AppError> {
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(AppError::io(path, "open the record for writing"))?;
        file.set_len(record.good_bytes).map_err(AppError::io(path, "cut the damaged end off the record"))?;
        let mut stamp = Stamp::new(opening);
        stamp.continue_after(record.entries.len() as u64);
        let recorded = Recorded::new(&record.entries);
        Ok(FileJournal::over(path, file, stamp, record.blobs.clone(), recorded))
    }

    fn over(
        path: &Path,
        file: File,
        stamp: Stamp,
        blobs: BTreeSet<String>,
        recorded: Recorded,
    ) -> FileJournal {
        let inner = Inner { file, stamp, blobs, recorded, difference: None, failed: None };
        FileJournal { path: path.to_owned(), inner: Mutex::new(inner) }
    }

    /// The first value that differs from the record that is being continued.
    pub(crate) fn difference(&self) -> Option<Difference> {
        self.lock().difference.clone()
    }

    /// The first recorded value that a continued run did not come to again.
    pub(crate) fn never_came(&self) -> Option<Difference> {
        self.lock().recorded.never_came().into_iter().next()
    }

    /// Waits until the record is on the disk.
    ///
    /// # Errors
    /// When the system reports that writing failed, now or at an earlier source answer.
    pub fn finish(&self) -> Result<(), AppError> {
        let inner = self.lock();
        if let Some(failed) = &inner.failed {
            return Err(AppError::io(&self.path, "write the record")(std::io::Error::other(failed.clone())));
        }
        inner.file.sync_data().map_err(AppError::io(&self.path, "write the record"))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Inner {
    fn append(&mut self, draft: Draft) -> Result<(), JournalError> {
        if let Some(failed) = &self.failed {
            return Err(JournalError::Io(failed.clone()));
        }
        match self.recorded.check(&draft) {
            Checked::Same => {
                self.stamp.saw(&draft);
                return Ok(());
            }
            Checked::Differs(difference) => {
                let text = difference.to_string();
                self.difference.get_or_insert(difference);
                return Err(JournalError::Differs(text));
            }
            Checked::Beyond => {}
        }
        let lines = encode(self.stamp.entry(draft), &mut self.blobs)
            .map_err(|error| JournalError::Unserialisable(error.to_string()))?;
        // One write for the entry and its blob: a reader never sees an entry before what it refers to.
        self.file.write_all(lines.as_bytes()).map_err(|error| {
            self.failed = Some(error.to_string());
            JournalError::Io(error.to_string())
        })
    }
}

impl Journal for FileJournal {
    fn append(&self, draft: Draft) -> Result<(), JournalError> {
        self.lock().append(draft)
    }
}

impl AnswerSink for FileJournal {
    /// Journals the answer. A failure is kept and ends the run at the next entry.
    fn answered(&self, answer: RecordedAnswer) {
        let mut inner = self.lock();
        let actor = Actor::Source(answer.source.clone());
        let result = serde_json::to_value(answer)
            .map_err(|error| JournalError::Unserialisable(error.to_string()))
            .and_then(|body| inner.append(Draft { actor, kind: EntryKind::SourceAnswer, step: None, body }));
        if let Err(error) = result {
            inner.failed.get_or_insert(error.to_string());
        }
    }
}
