//! A cluster that was captured, checked.

use std::path::Path;

use midwatch_cluster::{Capture, Certainty, Context, Diagnosis, Fault, Picture, Standing};
use midwatch_connectors::snapshot;
use midwatch_model::{
    CLUSTER_CHECK_SCHEMA, ClusterCheck, ClusterCount, ClusterFact, ClusterProblem, ProblemCertainty,
    ProblemStanding, SignedDuration, Timestamp, Window,
};
use midwatch_sources::{Ask, PrintoutQuery, Source};

use crate::AppError;
use crate::engine::block_on;

/// Where a capture comes from.
#[derive(Debug, Clone, Copy)]
pub enum ClusterInput<'a> {
    /// A file with what `kubectl` printed, or a snapshot directory.
    Path(&'a Path),
    /// Text that was piped in.
    Text(&'a str),
}

/// Files larger than this are refused.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Reads `inputs` as one capture and says what is wrong in that cluster.
///
/// # Errors
/// When an input cannot be opened, or when nothing in all of them could be read as a cluster's.
pub fn check_cluster(inputs: &[ClusterInput<'_>]) -> Result<ClusterCheck, AppError> {
    let mut capture = Capture::default();
    for input in inputs {
        match input {
            ClusterInput::Text(text) => {
                capture.documents.extend(Capture::from_transcript("standard input", text).documents);
            }
            ClusterInput::Path(path) if path.is_dir() => {
                capture.documents.extend(of_snapshot(path)?.documents)
            }
            ClusterInput::Path(path) => {
                let text = text_of(path)?;
                capture
                    .documents
                    .extend(Capture::from_transcript(&path.display().to_string(), &text).documents);
            }
        }
    }
    let picture = Picture::read(capture, None);
    let diagnosis = midwatch_cluster::diagnose(&picture, &Context::default());
    Ok(check_of(&picture, &diagnosis))
}

fn text_of(path: &Path) -> Result<String, AppError> {
    let failed = |cause: std::io::Error| AppError::Io { path: path.to_owned(), operation: "read it", cause };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(failed(std::io::Error::other("it is larger than 1 GiB; split it by namespace")));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    Ok(String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes)).into_owned())
}

/// What a snapshot holds of a cluster.
fn of_snapshot(directory: &Path) -> Result<Capture, AppError> {
    let source = snapshot::open(directory)?;
    let mut capture = Capture::default();
    let Some(infrastructure) = source.infrastructure() else { return Ok(capture) };
    // A capture is of one instant and no window cuts it; any will do.
    let Some(window) = Window::ending(Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1)) else {
        return Ok(capture);
    };
    let ask = Ask::new(PrintoutQuery::default(), window);
    let fetched = block_on(infrastructure.printouts(&ask))??;
    for printout in fetched.data().into_iter().flatten() {
        capture.push(printout.command.as_str(), printout.text.as_str());
    }
    Ok(capture)
}

/// A diagnosis as a report.
fn check_of(picture: &Picture, diagnosis: &Diagnosis) -> ClusterCheck {
    let count = |count: midwatch_cluster::Count| ClusterCount {
        what: count.what.to_owned(),
        all: count.all as u64,
        well: count.well as u64,
    };
    ClusterCheck {
        schema: CLUSTER_CHECK_SCHEMA,
        problems: diagnosis.faults.iter().map(problem).collect(),
        counts: midwatch_cluster::counts(picture).into_iter().map(count).collect(),
        unread: picture.unread.iter().map(|unread| format!("{}: {}", unread.source, unread.why)).collect(),
        missing: midwatch_cluster::missing(picture),
    }
}

fn problem(fault: &Fault) -> ClusterProblem {
    ClusterProblem {
        kind: fault.kind.as_str().to_owned(),
        subject: fault.subject.clone(),
        stage: fault.kind.stage().as_str().to_owned(),
        object: fault.object.to_string(),
        standing: match fault.standing {
            Standing::Active => ProblemStanding::Active,
            Standing::Latent => ProblemStanding::Latent,
            Standing::Recovered => ProblemStanding::Recovered,
        },
        certainty: match fault.certainty {
            Certainty::Stated => ProblemCertainty::Stated,
            Certainty::Shown => ProblemCertainty::Shown,
            Certainty::Suspected => ProblemCertainty::Suspected,
        },
        summary: fault.summary.clone(),
        facts: fault
            .facts
            .iter()
            .map(|fact| ClusterFact {
                statement: fact.statement.clone(),
                source: fact.source.clone(),
                quote: fact.quote.clone(),
            })
            .collect(),
        explains: fault.explains.iter().map(ToString::to_string).collect(),
        could_also_be: fault.neighbours.iter().map(|kind| kind.as_str().to_owned()).collect(),
        remedy: fault.remedy.clone(),
    }
}
