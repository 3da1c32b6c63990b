//! Answers: the part of the data a question asks for, within its limits, with its citation.

use std::collections::BTreeSet;

use midwatch_analysis::logs::{LogBatch, LogPatterns};
use midwatch_analysis::series::{Series, SeriesSet};
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{Change, Citation, Signal, Topology, Window};
use midwatch_sources::{
    Ask, ChangeQuery, Document, DocumentQuery, Fetched, InventoryQuery, LogQuery, MetricQuery, Printout,
    PrintoutQuery, SampleQuery, SpanQuery, Total,
};

use super::classify::FileKind;
use super::data::SnapshotData;
use super::documents::score;
use super::logs::{self, LogPasses, Pass, Wanted, is_log};
use super::scan::NAME;
use super::source::fetched;
use super::traces::TraceSummary;

/// Exemplars and rows when a question names no number.
const EXEMPLARS: u32 = 4;
const SAMPLE_ROWS: u32 = 100;
/// Exemplars of a pattern at most, whatever is asked for.
const EXEMPLARS_MAX: u32 = 32;

fn citation(signal: Signal, query: String, window: Option<Window>, link: Option<String>) -> Citation {
    Citation { source: NAME.to_owned(), signal, query, window, link }
}

/// `a, b and 3 more`, or `all` of nothing.
fn names<'n>(names: impl IntoIterator<Item = &'n str>, all: &str) -> String {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().take(4).copied().collect();
    match (shown.len(), names.len() - shown.len()) {
        (0, _) => all.to_owned(),
        (_, 0) => shown.join(", "),
        (_, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn files_of(data: &SnapshotData, wanted: impl Fn(FileKind) -> bool) -> String {
    names(data.files.iter().filter(|file| wanted(file.kind)).map(|file| file.relative.as_str()), "no file")
}

/// Series with at least one value in the window, cut to it.
pub(super) fn series(data: &SnapshotData, ask: &Ask<MetricQuery>) -> Fetched<SeriesSet> {
    let query = &ask.query;
    let wanted = |series: &Series| {
        let entity = &series.key.entity;
        let by_entity = query.entities.is_empty()
            || query.entities.iter().any(|wanted| wanted.name == entity.name && wanted.scope == entity.scope);
        by_entity && (query.metrics.is_empty() || query.metrics.contains(&series.key.metric))
    };
    let mut found = Vec::new();
    let mut files = BTreeSet::new();
    let (mut total, mut kept) = (0, 0);
    let mut full = false;
    for (series, file) in data.metrics().series.iter().filter(|(series, _)| wanted(series)) {
        let view = series.within(&ask.window);
        if view.present().next().is_none() {
            continue;
        }
        total += view.len();
        let room = ask.limits.points_max.saturating_sub(kept);
        // Whole series while they fit; of the first that does not, the latest points.
        let skipped = view.len().saturating_sub(room);
        if full || skipped >= view.len() {
            full = true;
            continue;
        }
        full = skipped > 0;
        files.insert(*file);
        kept += view.len() - skipped;
        found.push(Series {
            key: series.key.clone(),
            times_ns: view.times_ns.iter().skip(skipped).copied().collect(),
            values: view.values.iter().skip(skipped).copied().collect(),
        });
    }
    let entities = names(query.entities.iter().map(|entity| entity.name.as_str()), "all entities");
    let metrics = names(query.metrics.iter().map(String::as_str), "all metrics");
    let is_metric =
        |kind| matches!(kind, FileKind::MetricsCsv | FileKind::MetricsText | FileKind::MetricsParquet);
    let from = match files.is_empty() {
        true => files_of(data, is_metric),
        false => names(files.iter().map(|file| data.file_name(*file)), "no file"),
    };
    let link = files.first().map(|file| data.file_name(*file).to_owned());
    let cited = citation(Signal::Metrics, format!("{from}: {metrics} of {entities}"), Some(ask.window), link);
    let truncated = (kept < total).then_some(Total { kept: kept as u64, total: total as u64 });
    fetched((!found.is_empty()).then_some(SeriesSet::new(found)), cited, truncated)
}

/// Patterns of the window, with what the snapshot states about them.
pub(super) fn patterns(data: &SnapshotData, passes: &LogPasses, ask: &Ask<LogQuery>) -> Fetched<LogPatterns> {
    let query = &ask.query;
    let pass = Pass {
        bin_s: if query.bin_s == 0 { 60 } else { query.bin_s },
        exemplars: if query.exemplars == 0 { EXEMPLARS } else { query.exemplars.min(EXEMPLARS_MAX) },
        only_ns: None,
    };
    let window_ns = (ask.window.start_ns(), ask.window.end_ns());
    let mut found = passes.within(&data.files, pass, window_ns);
    if passes.facts(&data.files).0.overlap(window_ns) {
        logs::attach(&data.context().stated, &mut found);
    }
    if !query.entities.is_empty() {
        found.patterns.retain(|pattern| query.entities.contains(&pattern.entity));
        found.lines = found.patterns.iter().map(|pattern| pattern.total).sum();
        let overflow =
            found.patterns.iter().filter(|pattern| pattern.template == midwatch_analysis::logs::OVERFLOW);
        found.overflow_lines = overflow.map(|pattern| pattern.total).sum();
    }
    let total = found.patterns.len();
    if total > ask.limits.rows_max {
        let weight = |place: &usize| {
            found.patterns.get(*place).map_or(0, |pattern| {
                pattern.total.max(pattern.stated.map_or(0, |stated| stated.count.max(stated.baseline)))
            })
        };
        let mut places: Vec<usize> = (0..total).collect();
        places.sort_by_key(|place| (std::cmp::Reverse(weight(place)), *place));
        places.truncate(ask.limits.rows_max);
        let kept: BTreeSet<usize> = places.into_iter().collect();
        let mut place = 0;
        found.patterns.retain(|_| {
            place += 1;
            kept.contains(&(place - 1))
        });
    }
    let who = names(query.entities.iter().map(String::as_str), "all entities");
    let from = files_of(data, |kind| is_log(kind) || kind == FileKind::LogPatterns);
    let link = found.patterns.iter().find_map(|pattern| pattern.exemplars.first()?.link.clone());
    let cited = citation(Signal::Logs, format!("{from}: patterns of {who}"), Some(ask.window), link);
    let kept = found.patterns.len();
    let truncated = (kept < total).then_some(Total { kept: kept as u64, total: total as u64 });
    fetched((kept > 0).then_some(found), cited, truncated)
}

/// Lines for reading.
pub(super) fn log_sample(
    data: &SnapshotData,
    passes: &LogPasses,
    ask: &Ask<SampleQuery>,
) -> Fetched<LogBatch> {
    let query = &ask.query;
    let rows = if query.rows == 0 { SAMPLE_ROWS } else { query.rows };
    let window_ns = (ask.window.start_ns(), ask.window.end_ns());
    let wanted = Wanted {
        untimed: passes.facts(&data.files).0.overlap(window_ns),
        entities: &query.entities,
        contains: query.contains.as_deref(),
        window_ns,
        rows_max: (rows as usize).min(ask.limits.rows_max),
    };
    let sample = logs::sample(&data.files, wanted);
    let who = names(query.entities.iter().map(String::as_str), "all entities");
    let holding = query.contains.as_ref().map(|text| format!(" that hold {text:?}")).unwrap_or_default();
    let query = format!("{}: lines of {who}{holding}", files_of(data, is_log));
    let cited = citation(Signal::Logs, query, Some(ask.window), sample.first);
    let kept = sample.batch.len() as u64;
    let truncated = (kept < sample.total).then_some(Total { kept, total: sample.total });
    fetched((sample.total > 0).then_some(sample.batch), cited, truncated)
}

/// Whole traces that start in the window; an even sample of them when they hold more spans than the limit.
pub(super) fn spans(data: &SnapshotData, ask: &Ask<SpanQuery>) -> Fetched<SpanBatch> {
    let store = data.spans();
    let matching = store.select(&ask.window, &ask.query.entities);
    let total: usize = matching.iter().map(|trace| trace.rows.len()).sum();
    let limit = ask.limits.rows_max;
    let chosen = thinned(&matching, total, limit);
    let place = chosen.first().and_then(|trace| store.place(trace));
    let link = place.map(|(file, line)| format!("{}:{line}", data.file_name(file)));
    let batch = match (chosen.is_empty(), matching.first()) {
        // Not one trace fits: the start of the first one.
        (true, Some(first)) if limit > 0 => {
            let cut =
                TraceSummary { rows: first.rows.iter().copied().take(limit).collect(), ..(*first).clone() };
            store.batch(&[&cut])
        }
        _ => store.batch(&chosen),
    };
    let who = names(ask.query.entities.iter().map(String::as_str), "all entities");
    let from = files_of(data, |kind| matches!(kind, FileKind::Traces | FileKind::TracesCsv));
    let cited = citation(Signal::Traces, format!("{from}: traces through {who}"), Some(ask.window), link);
    let truncated = (batch.len() < total).then_some(Total { kept: batch.len() as u64, total: total as u64 });
    fetched((total > 0).then_some(batch), cited, truncated)
}

/// Traces evenly spread over `traces` that together hold at most `limit` spans.
fn thinned<'t>(traces: &[&'t TraceSummary], total: usize, limit: usize) -> Vec<&'t TraceSummary> {
    if total <= limit {
        return traces.to_vec();
    }
    let mut chosen = Vec::new();
    let (mut seen, mut kept) = (0, 0);
    for trace in traces {
        seen += trace.rows.len();
        // The share kept so far never passes the share of the limit in all.
        let due = (seen as u128 * limit as u128 / total.max(1) as u128) as usize;
        if kept + trace.rows.len() <= due {
            kept += trace.rows.len();
            chosen.push(*trace);
        }
    }
    chosen
}

/// Changes of the window, by time; the latest ones when there are more than the limit.
pub(super) fn changes(data: &SnapshotData, ask: &Ask<ChangeQuery>) -> Fetched<Vec<Change>> {
    let mut found: Vec<(Change, u32)> =
        data.changes().into_iter().filter(|(change, _)| ask.window.contains(change.at)).collect();
    let total = found.len();
    found.drain(..total.saturating_sub(ask.limits.rows_max));
    let files: BTreeSet<u32> = found.iter().map(|(_, file)| *file).collect();
    let is_change =
        |kind| matches!(kind, FileKind::Changes(_) | FileKind::ChangesCsv(_) | FileKind::Repository);
    let from = match files.is_empty() {
        true => files_of(data, is_change),
        false => names(files.iter().map(|file| data.file_name(*file)), "no file"),
    };
    let changes: Vec<Change> = found
        .into_iter()
        .map(|(mut change, _)| {
            if let Some(commit) = change.commit.as_mut().filter(|_| !ask.query.with_diffs) {
                commit.diff = None;
            }
            change
        })
        .collect();
    let link = changes.first().and_then(|change| change.link.clone());
    let with = if ask.query.with_diffs { " with diffs" } else { "" };
    let cited = citation(Signal::Changes, format!("{from}: changes{with}"), Some(ask.window), link);
    let kept = changes.len();
    let truncated = (kept < total).then_some(Total { kept: kept as u64, total: total as u64 });
    fetched((total > 0).then_some(changes), cited, truncated)
}

/// Entities and relations that the snapshot states.
pub(super) fn topology(data: &SnapshotData, ask: &Ask<InventoryQuery>) -> Fetched<Topology> {
    let stated = &data.context().topology;
    let from = files_of(data, |kind| matches!(kind, FileKind::Topology | FileKind::TopologyCsv));
    let link = data.files.iter().find(|file| matches!(file.kind, FileKind::Topology | FileKind::TopologyCsv));
    let link = link.map(|file| file.relative.clone());
    let cited =
        citation(Signal::Inventory, format!("{from}: entities and relations"), Some(ask.window), link);
    let total = stated.entities.len() + stated.relations.len();
    let entities: Vec<_> = stated.entities.iter().take(ask.limits.rows_max).cloned().collect();
    let room = ask.limits.rows_max.saturating_sub(entities.len());
    let relations: Vec<_> = stated.relations.iter().take(room).cloned().collect();
    let kept = entities.len() + relations.len();
    let truncated = (kept < total).then_some(Total { kept: kept as u64, total: total as u64 });
    fetched((total > 0).then_some(Topology { entities, relations }), cited, truncated)
}

/// Documents that hold some of the words, those with most words first.
pub(super) fn documents(data: &SnapshotData, ask: &Ask<DocumentQuery>) -> Fetched<Vec<Document>> {
    let words = &ask.query.words;
    let mut found: Vec<(usize, &Document)> = data
        .context()
        .documents
        .iter()
        .map(|document| (score(document, words), document))
        .filter(|(score, _)| words.is_empty() || *score > 0)
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.reference.cmp(&b.1.reference)));
    let total = found.len();
    let kept: Vec<Document> =
        found.into_iter().take(ask.limits.rows_max).map(|(_, document)| document.clone()).collect();
    let about = names(words.iter().map(String::as_str), "anything");
    let from = files_of(data, |kind| kind == FileKind::Document);
    let link = kept.first().map(|document| document.reference.clone());
    let cited =
        citation(Signal::Documents, format!("{from}: documents about {about}"), Some(ask.window), link);
    let truncated = (kept.len() < total).then_some(Total { kept: kept.len() as u64, total: total as u64 });
    fetched((total > 0).then_some(kept), cited, truncated)
}

/// What a cluster's tools printed.
pub(super) fn printouts(data: &SnapshotData, ask: &Ask<PrintoutQuery>) -> Fetched<Vec<Printout>> {
    let all = &data.context().printouts;
    let kept: Vec<Printout> = all.iter().take(ask.limits.rows_max).cloned().collect();
    let from = files_of(data, |kind| kind == FileKind::Cluster);
    let cited = citation(
        Signal::Infrastructure,
        format!("{from}: what the cluster's tools printed"),
        Some(ask.window),
        None,
    );
    let truncated =
        (kept.len() < all.len()).then_some(Total { kept: kept.len() as u64, total: all.len() as u64 });
    fetched((!all.is_empty()).then_some(kept), cited, truncated)
}
