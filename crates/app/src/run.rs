//! Running an investigation, with or without a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use midwatch_investigate::{Draft, InvestigateError, Journal, JournalError, Watcher};
use midwatch_model::{Actor, EntryKind, Report, RunFacts};
use midwatch_sources::{AnswerSink, Recorder, Source};

use crate::engine::{Engine, Inputs, block_on, product};
use crate::settings::{Mechanisms, settings};
use crate::{AppError, FileJournal, Opening, read_record};

/// Everything an investigation needs.
#[derive(Clone)]
pub struct Work {
    /// What is asked.
    pub opening: Opening,
    /// Who is asked.
    pub sources: Vec<Arc<dyn Source>>,
    /// How things break.
    pub mechanisms: Mechanisms,
}

/// Where the record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordTo {
    /// There is none.
    Nowhere,
    /// A file; one that holds an unfinished record of the same work is continued.
    File(PathBuf),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The report: equal inputs give equal bytes.
    pub report: Report,
    /// Facts of this run.
    pub run_facts: RunFacts,
    /// Entries that an earlier, interrupted run had journalled; 0 for a run from the start.
    pub entries_resumed: u64,
}

/// Investigates `work`.
///
/// # Errors
/// When there is no report at all, the record cannot be written, or the record in the file is finished or belongs to
/// other work. A source or agent that fails is no error: the report says what is missing.
pub fn run(work: &Work, record: &RecordTo, watcher: &dyn Watcher) -> Result<Outcome, AppError> {
    run_with(product, work, record, watcher)
}

pub(crate) fn run_with(
    engine: Engine,
    work: &Work,
    record: &RecordTo,
    watcher: &dyn Watcher,
) -> Result<Outcome, AppError> {
    match record {
        RecordTo::Nowhere => {
            let started = Instant::now();
            let report = execute(engine, work, &work.sources, &Nowhere, watcher)?;
            let run_facts = facts(work, &report, started);
            Ok(Outcome { report, run_facts, entries_resumed: 0 })
        }
        RecordTo::File(path) => recorded(engine, work, path, watcher),
    }
}

fn recorded(engine: Engine, work: &Work, path: &Path, watcher: &dyn Watcher) -> Result<Outcome, AppError> {
    let started = Instant::now();
    let (journal, known, entries_resumed) = open_record(path, &work.opening)?;
    let journal = Arc::new(journal);
    let sources: Vec<Arc<dyn Source>> = work
        .sources
        .iter()
        .map(|source| {
            let sink: Arc<dyn AnswerSink> = Arc::<FileJournal>::clone(&journal);
            Arc::new(Recorder::new(Arc::clone(source), sink, known.clone())) as Arc<dyn Source>
        })
        .collect();
    let report = execute(engine, work, &sources, journal.as_ref(), watcher).map_err(|error| {
        match (error, journal.difference()) {
            (_, Some(difference)) => AppError::ResumeDiffers { path: path.to_owned(), difference },
            (error, None) => error,
        }
    })?;
    if let Some(difference) = journal.never_came() {
        return Err(AppError::ResumeDiffers { path: path.to_owned(), difference });
    }
    let run_facts = facts(work, &report, started);
    let body = serde_json::to_value(&run_facts)
        .map_err(|error| InvestigateError::from(JournalError::Unserialisable(error.to_string())))?;
    let draft = Draft { actor: Actor::Engine, kind: EntryKind::Run, step: None, body };
    journal.append(draft).map_err(InvestigateError::from)?;
    journal.finish()?;
    Ok(Outcome { report, run_facts, entries_resumed })
}

/// A journal at `path`, the answers it already holds, and how many entries.
type OpenRecord = (FileJournal, BTreeMap<String, serde_json::Value>, u64);

fn open_record(path: &Path, opening: &Opening) -> Result<OpenRecord, AppError> {
    let length = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((FileJournal::create(path, opening)?, BTreeMap::new(), 0));
        }
        Err(error) => return Err(AppError::io(path, "open the record")(error)),
    };
    let record = read_record(path)?;
    if record.complete() {
        return Err(AppError::RecordFinished { path: path.to_owned() });
    }
    // Somebody's own file is never cut or written to.
    if record.entries.is_empty() && length > 0 {
        return Err(AppError::RecordEmpty { path: path.to_owned() });
    }
    let journal = FileJournal::resume(path, &record, opening)?;
    Ok((journal, record.answers(), record.entries.len() as u64))
}

/// The report of `engine`, the request being the journal's first entry.
pub(crate) fn execute(
    engine: Engine,
    work: &Work,
    sources: &[Arc<dyn Source>],
    journal: &dyn Journal,
    watcher: &dyn Watcher,
) -> Result<Report, AppError> {
    let body = serde_json::to_value(&work.opening)
        .map_err(|error| InvestigateError::from(JournalError::Unserialisable(error.to_string())))?;
    journal
        .append(Draft { actor: Actor::Engine, kind: EntryKind::Request, step: None, body })
        .map_err(InvestigateError::from)?;
    let request = work.opening.request();
    let settings = settings(&work.mechanisms, &work.opening.disabled_agents);
    let inputs = Inputs { request: &request, sources, settings: &settings, journal, watcher };
    Ok(block_on(engine(inputs))??)
}

fn facts(work: &Work, report: &Report, started: Instant) -> RunFacts {
    // Each source is asked once what it covers.
    let coverage = u32::try_from(work.sources.len()).unwrap_or(u32::MAX);
    let calls = report.trail.iter().map(|step| step.calls).fold(coverage, u32::saturating_add);
    RunFacts {
        investigation: work.opening.investigation.clone(),
        wall_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        calls,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Keeps nothing.
struct Nowhere;

impl Journal for Nowhere {
    fn append(&self, _draft: Draft) -> Result<(), JournalError> {
        Ok(())
    }
}
