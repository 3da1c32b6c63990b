//! Re-executing a record: every stage again, from the recorded source answers, offline.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use midwatch_investigate::{Draft, InvestigateError, Journal, JournalError, Watcher};
use midwatch_model::{EntryKind, Report, Verdict};
use midwatch_sources::{AnswerSink, RecordedAnswer, Recorder, Replayer, Source};

use crate::engine::{Engine, product};
use crate::journal::{Checked, Recorded, unexpected};
use crate::run::execute;
use crate::settings::Mechanisms;
use crate::{AppError, Difference, Record, Work, read_record};

/// Unanswered questions that are listed; more are counted.
const UNANSWERED_MAX: usize = 20;

/// What a replay showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Entries that were re-executed and compared.
    pub entries_compared: u64,
    /// Where new values differ: at most one when the replay stops at the first.
    pub differences: Vec<Difference>,
    /// Questions the record holds no answer to, in the order they were asked.
    pub unanswered: Vec<String>,
    /// The recorded verdict; `None` in an unfinished record.
    pub recorded_verdict: Option<Verdict>,
    /// The new report; `None` when the replay stopped before it.
    pub report: Option<Report>,
    /// What else is worth knowing, in sentences: a damaged end, an unfinished record.
    pub notes: Vec<String>,
}

impl Replayed {
    /// Whether everything that was recorded came out again.
    pub fn equal(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether the record was made with other settings: mechanisms, fitted numbers or engine version.
    pub fn settings_differ(&self) -> bool {
        self.differences.iter().any(|difference| difference.kind == EntryKind::Settings)
    }
}

/// Re-executes the record at `path` and stops at the first value that differs.
///
/// # Errors
/// When the record cannot be read or the engine cannot run at all.
pub fn replay(path: &Path, mechanisms: &Mechanisms, watcher: &dyn Watcher) -> Result<Replayed, AppError> {
    replay_with(product, path, mechanisms, watcher, true)
}

/// Re-executes the record at `path` to the end with today's engine and mechanisms, and lists what differs.
///
/// # Errors
/// As [`replay`].
pub fn replay_fresh(
    path: &Path,
    mechanisms: &Mechanisms,
    watcher: &dyn Watcher,
) -> Result<Replayed, AppError> {
    replay_with(product, path, mechanisms, watcher, false)
}

pub(crate) fn replay_with(
    engine: Engine,
    path: &Path,
    mechanisms: &Mechanisms,
    watcher: &dyn Watcher,
    stop_at_first: bool,
) -> Result<Replayed, AppError> {
    let record = read_record(path)?;
    let opening = record.opening().ok_or_else(|| AppError::RecordEmpty { path: path.to_owned() })?;
    let journal = Arc::new(Comparing::new(&record, stop_at_first));
    let sources = sources(&record, &journal);
    let work = Work { opening, sources: Vec::new(), mechanisms: Arc::clone(mechanisms) };
    let report = match execute(engine, &work, &sources, journal.as_ref(), watcher) {
        Ok(report) => Some(report),
        Err(AppError::Investigate(InvestigateError::Journal(JournalError::Differs(_)))) => None,
        Err(error) => return Err(error),
    };
    let mut state = journal.lock();
    if report.is_some() {
        let missing = state.recorded.never_came();
        state.differences.extend(missing.into_iter().take(if stop_at_first { 1 } else { usize::MAX }));
    }
    Ok(Replayed {
        entries_compared: state.compared,
        differences: std::mem::take(&mut state.differences),
        unanswered: state.unanswered(),
        recorded_verdict: recorded_verdict(&record),
        report,
        notes: notes(&record, path),
    })
}

/// Every source of the record, answering from it. Questions it cannot answer reach `journal`.
fn sources(record: &Record, journal: &Arc<Comparing>) -> Vec<Arc<dyn Source>> {
    let answers = record.answers();
    record
        .sources()
        .into_iter()
        .map(|name| {
            let replayer: Arc<dyn Source> = Arc::new(Replayer::new(name, answers.clone()));
            let sink: Arc<dyn AnswerSink> = Arc::<Comparing>::clone(journal);
            Arc::new(Recorder::new(replayer, sink, Default::default())) as Arc<dyn Source>
        })
        .collect()
}

fn recorded_verdict(record: &Record) -> Option<Verdict> {
    let entry = record.entries.iter().rev().find(|entry| entry.kind == EntryKind::Report)?;
    serde_json::from_value(entry.body.get("verdict")?.clone()).ok()
}

fn notes(record: &Record, path: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(damage) = &record.damage {
        notes.push(format!("line {} of {} was left out: {}", damage.line, path.display(), damage.reason));
    }
    if !record.finished() {
        notes.push(format!(
            "the record is unfinished: it ends after entry {} without a report. `midwatch investigate --resume {}` finishes \
             it, with --snapshot DIR if it was begun with one",
            record.entries.len(),
            path.display()
        ));
    }
    notes
}

/// A journal that compares instead of keeping.
struct Comparing {
    inner: Mutex<State>,
    stop_at_first: bool,
    finished: bool,
}

struct State {
    recorded: Recorded,
    differences: Vec<Difference>,
    asked_in_vain: Vec<String>,
    compared: u64,
}

impl State {
    fn unanswered(&self) -> Vec<String> {
        let mut listed: Vec<String> = self.asked_in_vain.iter().take(UNANSWERED_MAX).cloned().collect();
        if self.asked_in_vain.len() > listed.len() {
            listed.push(format!("and {} more", self.asked_in_vain.len() - listed.len()));
        }
        listed
    }
}

impl Comparing {
    fn new(record: &Record, stop_at_first: bool) -> Comparing {
        let state = State {
            recorded: Recorded::new(&record.entries),
            differences: Vec::new(),
            asked_in_vain: Vec::new(),
            compared: 0,
        };
        Comparing { inner: Mutex::new(state), stop_at_first, finished: record.finished() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Journal for Comparing {
    fn append(&self, draft: Draft) -> Result<(), JournalError> {
        let mut state = self.lock();
        let difference = match state.recorded.check(&draft) {
            Checked::Same => {
                state.compared += 1;
                return Ok(());
            }
            Checked::Differs(difference) => {
                state.compared += 1;
                difference
            }
            // Past the end of an unfinished record there is nothing left to compare with.
            Checked::Beyond if !self.finished => {
                return if self.stop_at_first {
                    Err(JournalError::Differs("the record ends here".to_owned()))
                } else {
                    Ok(())
                };
            }
            Checked::Beyond => unexpected(&draft),
        };
        let text = difference.to_string();
        state.differences.push(difference);
        if self.stop_at_first { Err(JournalError::Differs(text)) } else { Ok(()) }
    }
}

impl AnswerSink for Comparing {
    fn answered(&self, answer: RecordedAnswer) {
        let kind = answer.answer.pointer("/error/kind").and_then(|kind| kind.as_str());
        if kind == Some("not_recorded") {
            let ask = if answer.ask.is_null() { String::new() } else { format!(" {}", answer.ask) };
            self.lock().asked_in_vain.push(format!("{}: {}{ask}", answer.source, answer.operation));
        }
    }
}
