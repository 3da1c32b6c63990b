//! A directory of files as the sources of an investigation.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use midwatch_connectors::snapshot;
use midwatch_model::{Change, ChangeKind, Signal, SignedDuration, Timestamp, Trigger, Window};
use midwatch_sources::{
    Ask, ChangeQuery, Coverage, DocumentQuery, Fetched, InventoryQuery, LogQuery, MetricQuery, PrintoutQuery,
    Source, SourceError, SpanQuery, Total,
};

use crate::AppError;
use crate::engine::block_on;

/// The sources a snapshot directory stands for.
///
/// # Errors
/// When the directory cannot be read. Damaged files are no error: the sources say what was lost.
pub fn snapshot_sources(directory: &Path) -> Result<Vec<Arc<dyn Source>>, AppError> {
    let source: Arc<dyn Source> = Arc::new(snapshot::open(directory)?);
    Ok(vec![source])
}

/// How much of one signal there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalCount {
    /// The signal.
    pub signal: Signal,
    /// Counts in words, such as `12 series, 4,310 points`; why not, when it could not be read.
    pub content: String,
}

/// What was read from a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotCheck {
    /// Signals, range, damage and notes.
    pub coverage: Coverage,
    /// The alert; `None` when the snapshot holds none.
    pub trigger: Option<Trigger>,
    /// Counts for each signal that is there.
    pub signals: Vec<SignalCount>,
}

/// Reads everything the snapshot in `directory` holds, over its whole range.
///
/// # Errors
/// When the directory cannot be read.
pub fn check_snapshot(directory: &Path) -> Result<SnapshotCheck, AppError> {
    let source = snapshot::open(directory)?;
    Ok(block_on(check(&source))??)
}

async fn check(source: &dyn Source) -> Result<SnapshotCheck, SourceError> {
    let coverage = source.coverage().await?;
    let trigger = match source.alerts() {
        Some(alerts) => alerts.trigger().await?,
        None => None,
    };
    let mut signals = Vec::new();
    // Nothing can be asked about a range that does not exist.
    let Some(window) = whole(&coverage) else { return Ok(SnapshotCheck { coverage, trigger, signals }) };
    for &signal in &coverage.signals {
        let content = match count(source, signal, window).await {
            Ok(Some(content)) => content,
            Ok(None) => continue,
            Err(error) => error.to_string(),
        };
        signals.push(SignalCount { signal, content });
    }
    Ok(SnapshotCheck { coverage, trigger, signals })
}

/// From the first to the last sample; `None` when nothing has a time.
fn whole(coverage: &Coverage) -> Option<Window> {
    // The window is closed-open, so its end lies just after the last sample.
    let after = coverage.last?.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
    Window::new(coverage.first?, after)
}

/// Counts of `signal`; `None` for a signal that is read through another one.
async fn count(source: &dyn Source, signal: Signal, window: Window) -> Result<Option<String>, SourceError> {
    let text = match signal {
        Signal::Metrics => match source.metrics() {
            Some(metrics) => {
                words(&metrics.series(&Ask::new(MetricQuery::default(), window)).await?, |set| {
                    let points: usize = set.series.iter().map(|series| series.values.len()).sum();
                    format!("{} series, {}", set.series.len(), counted(points, "point", "points"))
                })
            }
            None => return Ok(None),
        },
        Signal::Logs => match source.logs() {
            Some(logs) => words(&logs.patterns(&Ask::new(LogQuery::default(), window)).await?, |patterns| {
                let distinct = counted(patterns.patterns.len(), "pattern", "patterns");
                format!("{} in {distinct}", counted(patterns.lines, "line", "lines"))
            }),
            None => return Ok(None),
        },
        Signal::Traces => match source.traces() {
            Some(traces) => words(&traces.spans(&Ask::new(SpanQuery::default(), window)).await?, |spans| {
                counted(spans.len(), "span", "spans")
            }),
            None => return Ok(None),
        },
        Signal::Changes => match source.changes() {
            Some(changes) => {
                let ask = Ask::new(ChangeQuery { with_diffs: true }, window);
                words(&changes.changes(&ask).await?, |changes| by_kind(changes))
            }
            None => return Ok(None),
        },
        Signal::Inventory => match source.inventory() {
            Some(inventory) => {
                words(&inventory.topology(&Ask::new(InventoryQuery {}, window)).await?, |topology| {
                    let relations = counted(topology.relations.len(), "relation", "relations");
                    format!("{}, {relations}", counted(topology.entities.len(), "entity", "entities"))
                })
            }
            None => return Ok(None),
        },
        Signal::Infrastructure => match source.infrastructure() {
            Some(infrastructure) => {
                let ask = Ask::new(PrintoutQuery::default(), window);
                words(&infrastructure.printouts(&ask).await?, |printouts| {
                    counted(printouts.len(), "printout", "printouts")
                })
            }
            None => return Ok(None),
        },
        Signal::Documents => match source.documents() {
            Some(documents) => {
                words(&documents.documents(&Ask::new(DocumentQuery::default(), window)).await?, |documents| {
                    counted(documents.len(), "document", "documents")
                })
            }
            None => return Ok(None),
        },
        // Code is read through the changes, alerts through the trigger.
        Signal::Code | Signal::Alerts => return Ok(None),
    };
    Ok(Some(text))
}

fn words<T>(fetched: &Fetched<T>, describe: impl FnOnce(&T) -> String) -> String {
    let Some(data) = fetched.data() else { return "nothing".to_owned() };
    match fetched.truncated() {
        Some(Total { kept, total }) => format!("{} (cut: {kept} of {total})", describe(data)),
        None => describe(data),
    }
}

/// Changes counted by kind, in the order of [`ChangeKind`].
fn by_kind(changes: &[Change]) -> String {
    let mut counts: BTreeMap<ChangeKind, usize> = BTreeMap::new();
    for change in changes {
        *counts.entry(change.kind).or_default() += 1;
    }
    let parts: Vec<String> =
        counts.into_iter().map(|(kind, count)| format!("{count} {}", plural(kind.as_str(), count))).collect();
    let diffs =
        changes.iter().filter(|change| change.commit.as_ref().is_some_and(|c| c.diff.is_some())).count();
    format!("{}; {diffs} with a diff", parts.join(", "))
}

fn counted<N: Copy + std::fmt::Display + PartialEq + From<u8>>(
    count: N,
    singular: &str,
    plural: &str,
) -> String {
    format!("{count} {}", if count == N::from(1) { singular } else { plural })
}

fn plural(word: &str, count: usize) -> String {
    if count == 1 || word == "infra" { word.to_owned() } else { format!("{word}s") }
}
