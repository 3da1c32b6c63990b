//! The snapshot as a [`Source`].

use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::logs::{LogBatch, LogPatterns};
use midwatch_analysis::series::SeriesSet;
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{Change, Signal, Timestamp, Topology, Trigger};
use midwatch_sources::{
    Alerts, Answering, Ask, ChangeQuery, Changes, Coverage, Document, DocumentQuery, Documents, Fetched,
    Infrastructure, Inventory, InventoryQuery, LogQuery, Logs, MetricQuery, Metrics, Printout, PrintoutQuery,
    Probe, SampleQuery, Source, SourceError, SpanQuery, Traces,
};

use super::answer;
use super::classify::{FileKind, classify};
use super::data::SnapshotData;
use super::logs::{LogPasses, is_log};
use super::scan::{NAME, Scan, SnapshotFile, scan};

/// One incident's files.
pub struct SnapshotSource {
    pub(super) data: SnapshotData,
    pub(super) passes: LogPasses,
    shown_path: String,
}

/// The snapshot in `directory`: its files are found and told apart now and read when first asked for.
///
/// # Errors
/// `NotFound` when there is no such directory, `Denied` when it may not be read, `Config` when it is no directory or
/// holds nothing a snapshot is made of. The message says what was looked for and what was found.
pub fn open(directory: &Path) -> Result<SnapshotSource, SourceError> {
    let scan = scan(directory)?;
    let shown_path = directory.display().to_string();
    Ok(SnapshotSource { data: SnapshotData::new(scan), passes: LogPasses::default(), shown_path })
}

/// The file at `path` as a snapshot of its own, called `relative` in it, which says what it holds as far as names do.
/// `None` when it is nothing that a snapshot is made of.
///
/// # Errors
/// When the file cannot be read.
pub fn open_file(path: &Path, relative: &str) -> std::io::Result<Option<SnapshotSource>> {
    let bytes = path.metadata()?.len();
    let Some(kind) = classify(path, relative)? else { return Ok(None) };
    let file = SnapshotFile { path: path.to_owned(), relative: relative.to_owned(), kind, bytes };
    let scan = Scan { files: vec![file], ..Scan::default() };
    let shown_path = path.display().to_string();
    Ok(Some(SnapshotSource { data: SnapshotData::new(scan), passes: LogPasses::default(), shown_path }))
}

impl SnapshotSource {
    fn has(&self, wanted: impl Fn(FileKind) -> bool) -> bool {
        self.data.files.iter().any(|file| wanted(file.kind))
    }

    fn has_metrics(&self) -> bool {
        self.has(|kind| {
            matches!(kind, FileKind::MetricsCsv | FileKind::MetricsText | FileKind::MetricsParquet)
        })
    }

    fn has_logs(&self) -> bool {
        self.has(|kind| is_log(kind) || kind == FileKind::LogPatterns)
    }

    fn has_traces(&self) -> bool {
        self.has(|kind| matches!(kind, FileKind::Traces | FileKind::TracesCsv))
    }

    fn has_changes(&self) -> bool {
        self.has(|kind| matches!(kind, FileKind::Changes(_) | FileKind::ChangesCsv(_) | FileKind::Repository))
    }

    fn has_topology(&self) -> bool {
        self.has(|kind| matches!(kind, FileKind::Topology | FileKind::TopologyCsv))
    }

    fn coverage_now(&self) -> Coverage {
        let (changed, diffs) = self.data.changes_facts();
        let signals: Vec<Signal> = Signal::ALL
            .into_iter()
            .filter(|signal| match signal {
                Signal::Alerts => self.has(|kind| kind == FileKind::Alert),
                Signal::Metrics => self.has_metrics(),
                Signal::Logs => self.has_logs(),
                Signal::Traces => self.has_traces(),
                Signal::Changes => self.has_changes(),
                Signal::Code => diffs,
                Signal::Inventory => self.has_topology(),
                Signal::Infrastructure => self.has(|kind| kind == FileKind::Cluster),
                Signal::Documents => self.has(|kind| kind == FileKind::Document),
            })
            .collect();
        let mut damage = self.data.damage();
        let (facts, log_damage) = self.passes.facts(&self.data.files);
        damage.merge(log_damage);
        let ends =
            [self.data.metrics().ends_ns, facts.first_ns.zip(facts.last_ns), self.data.spans().ends_ns()];
        let mut ends: Vec<(i64, i64)> = ends.into_iter().flatten().collect();
        if ends.is_empty() {
            ends.extend(changed);
        }
        if ends.is_empty() {
            ends.extend(super::cluster::ends_ns(&self.data.context().printouts));
        }
        let at = |ns: i64| Timestamp::from_nanosecond(i128::from(ns)).ok();
        Coverage {
            signals,
            first: ends.iter().map(|(first, _)| *first).min().and_then(at),
            last: ends.iter().map(|(_, last)| *last).max().and_then(at),
            damage: damage.damage(),
            notes: damage.notes(),
        }
    }
}

impl Source for SnapshotSource {
    fn name(&self) -> &str {
        NAME
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        async move { Ok(self.coverage_now()) }.boxed()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        let unreadable = self.data.files.iter().find(|file| file.path.metadata().is_err());
        let probe = Probe {
            reachable: unreadable.is_none(),
            missing_permissions: unreadable
                .map(|file| format!("read access to {}", file.relative))
                .into_iter()
                .collect(),
            detail: format!("{} files of {}", self.data.files.len(), self.shown_path),
        };
        std::future::ready(probe).boxed()
    }
    fn metrics(&self) -> Option<&dyn Metrics> {
        self.has_metrics().then_some(self as &dyn Metrics)
    }
    fn logs(&self) -> Option<&dyn Logs> {
        self.has_logs().then_some(self as &dyn Logs)
    }
    fn traces(&self) -> Option<&dyn Traces> {
        self.has_traces().then_some(self as &dyn Traces)
    }
    fn changes(&self) -> Option<&dyn Changes> {
        self.has_changes().then_some(self as &dyn Changes)
    }
    fn inventory(&self) -> Option<&dyn Inventory> {
        self.has_topology().then_some(self as &dyn Inventory)
    }
    fn infrastructure(&self) -> Option<&dyn Infrastructure> {
        self.has(|kind| kind == FileKind::Cluster).then_some(self as &dyn Infrastructure)
    }
    fn documents(&self) -> Option<&dyn Documents> {
        self.has(|kind| kind == FileKind::Document).then_some(self as &dyn Documents)
    }
    fn alerts(&self) -> Option<&dyn Alerts> {
        self.has(|kind| kind == FileKind::Alert).then_some(self as &dyn Alerts)
    }
}

impl Metrics for SnapshotSource {
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet> {
        async move { Ok(answer::series(&self.data, ask)) }.boxed()
    }
}

impl Logs for SnapshotSource {
    fn patterns<'a>(&'a self, ask: &'a Ask<LogQuery>) -> Answering<'a, LogPatterns> {
        async move { Ok(answer::patterns(&self.data, &self.passes, ask)) }.boxed()
    }
    fn sample<'a>(&'a self, ask: &'a Ask<SampleQuery>) -> Answering<'a, LogBatch> {
        async move { Ok(answer::log_sample(&self.data, &self.passes, ask)) }.boxed()
    }
}

impl Traces for SnapshotSource {
    fn spans<'a>(&'a self, ask: &'a Ask<SpanQuery>) -> Answering<'a, SpanBatch> {
        async move { Ok(answer::spans(&self.data, ask)) }.boxed()
    }
}

impl Changes for SnapshotSource {
    fn changes<'a>(&'a self, ask: &'a Ask<ChangeQuery>) -> Answering<'a, Vec<Change>> {
        async move { Ok(answer::changes(&self.data, ask)) }.boxed()
    }
}

impl Inventory for SnapshotSource {
    fn topology<'a>(&'a self, ask: &'a Ask<InventoryQuery>) -> Answering<'a, Topology> {
        async move { Ok(answer::topology(&self.data, ask)) }.boxed()
    }
}

impl Infrastructure for SnapshotSource {
    fn printouts<'a>(&'a self, ask: &'a Ask<PrintoutQuery>) -> Answering<'a, Vec<Printout>> {
        async move { Ok(answer::printouts(&self.data, ask)) }.boxed()
    }
}

impl Documents for SnapshotSource {
    fn documents<'a>(&'a self, ask: &'a Ask<DocumentQuery>) -> Answering<'a, Vec<Document>> {
        async move { Ok(answer::documents(&self.data, ask)) }.boxed()
    }
}

impl Alerts for SnapshotSource {
    fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>> {
        async move { Ok(self.data.context().trigger.clone()) }.boxed()
    }
}

/// An answer that may be empty.
pub(super) fn fetched<T>(
    found: Option<T>,
    citation: midwatch_model::Citation,
    truncated: Option<midwatch_sources::Total>,
) -> Fetched<T> {
    match found {
        Some(data) => Fetched::Found { data, citation, truncated },
        None => Fetched::Nothing { searched: citation },
    }
}
