//! Spans while they are read, and whole traces afterwards: parents are resolved inside a trace, since span ids repeat
//! across traces.

use std::collections::BTreeMap;

use midwatch_analysis::intern::Symbol;
use midwatch_analysis::spans::{SpanBatch, SpanRow, SpanStatus};
use midwatch_model::Window;
use rustc_hash::FxHashMap;

use super::super::damage::DamageLog;
use super::super::read::cut;
use super::super::scan::SnapshotFile;

/// Spans kept of a snapshot; further ones are damage.
const SPANS_MAX: usize = 3_000_000;
/// Distinct texts of all spans: ids, names, messages, attributes. Spans beyond are damage.
const TEXTS_MAX: usize = 16_000_000;
/// Bytes of all distinct texts together.
const ALL_TEXT_BYTES_MAX: usize = 384 * 1024 * 1024;
/// Attributes of all spans together.
const ATTRIBUTES_MAX: usize = 32_000_000;
/// Bytes kept of a name or a message.
const TEXT_BYTES_MAX: usize = 4096;

/// One span as a file states it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RawSpan {
    /// Trace id; `same` is that of the span before.
    pub(super) trace: String,
    /// Span id; empty when the file has none.
    pub(super) span: String,
    /// Id of the parent.
    pub(super) parent: Option<String>,
    /// Name of the entity.
    pub(super) service: String,
    /// Operation.
    pub(super) name: String,
    /// Start.
    pub(super) start_ns: i64,
    /// Whether the start named no zone.
    pub(super) naive: bool,
    /// Duration.
    pub(super) duration_ns: i64,
    /// How it ended.
    pub(super) status: SpanStatus,
    /// Error text.
    pub(super) message: Option<String>,
    /// Everything else.
    pub(super) attributes: Vec<(String, String)>,
}

/// Gathers spans file by file.
#[derive(Default)]
pub(super) struct Collector {
    spans: SpanBatch,
    ids: Vec<Symbol>,
    parents: Vec<Option<Symbol>>,
    places: Vec<(u32, u64)>,
    last_trace: String,
    file: u32,
    naive: bool,
    ends_ns: Option<(i64, i64)>,
}

impl Collector {
    /// Says which file the next spans come from.
    pub(super) fn start_file(&mut self, file: u32) {
        self.file = file;
        self.last_trace.clear();
    }

    /// Adds a span.
    pub(super) fn push(&mut self, mut span: RawSpan, line: u64, file: &SnapshotFile, damage: &mut DamageLog) {
        if self.spans.len() >= SPANS_MAX {
            return damage.row(&file.relative, line, "more spans than the limit of 3,000,000");
        }
        let texts = &self.spans.symbols;
        if texts.len() >= TEXTS_MAX
            || texts.bytes() >= ALL_TEXT_BYTES_MAX
            || self.spans.attributes.len() >= ATTRIBUTES_MAX
        {
            return damage.row(
                &file.relative,
                line,
                "spans with more different texts or attributes than fit",
            );
        }
        if span.trace.eq_ignore_ascii_case("same") {
            if self.last_trace.is_empty() {
                return damage.row(
                    &file.relative,
                    line,
                    "a span of the same trace as the one above, without one above",
                );
            }
            span.trace.clone_from(&self.last_trace);
        } else {
            self.last_trace.clone_from(&span.trace);
        }
        let end_ns = span.start_ns.saturating_add(span.duration_ns);
        let (first, last) = self.ends_ns.unwrap_or((span.start_ns, end_ns));
        self.ends_ns = Some((first.min(span.start_ns), last.max(end_ns)));
        self.naive |= span.naive;
        let row = SpanRow {
            trace: cut(&span.trace, 256),
            parent: None,
            orphan: false,
            service: cut(&span.service, 256),
            name: cut(&span.name, TEXT_BYTES_MAX),
            start_ns: span.start_ns,
            duration_ns: span.duration_ns,
            status: span.status,
            message: span.message.as_deref().map(|message| cut(message, TEXT_BYTES_MAX)),
        };
        let attributes = span.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        self.spans.push(row, attributes);
        let id = self.spans.symbols.intern(cut(&span.span, 256));
        let parent = span.parent.as_deref().map(|parent| self.spans.symbols.intern(cut(parent, 256)));
        self.ids.push(id);
        self.parents.push(parent);
        self.places.push((self.file, line));
    }

    /// Resolves parents and breaks what cannot be: two spans of one id in one trace, and spans that are their own
    /// ancestors.
    pub(super) fn finish(mut self, files: &[SnapshotFile], damage: &mut DamageLog) -> SpanStore {
        if self.naive {
            damage.note("traces: some times name no zone and were read as UTC");
        }
        let name_of =
            |place: &(u32, u64)| files.get(place.0 as usize).map_or("", |file| file.relative.as_str());
        let no_id = self.spans.symbols.find("");
        let mut by_id: FxHashMap<(Symbol, Symbol), u32> = FxHashMap::default();
        for (row, (trace, id)) in self.spans.traces.iter().zip(&self.ids).enumerate() {
            if Some(*id) == no_id {
                continue;
            }
            let number = u32::try_from(row).unwrap_or(u32::MAX);
            if by_id.try_insert_first((*trace, *id), number)
                && let Some(place) = self.places.get(row)
            {
                let reason = "a span id that is taken in its trace; parents are looked up at the first one";
                damage.row(name_of(place), place.1, reason);
            }
        }
        for row in 0..self.spans.len() {
            let (Some(trace), Some(Some(parent))) = (self.spans.traces.get(row), self.parents.get(row))
            else {
                continue;
            };
            let found = by_id.get(&(*trace, *parent)).copied();
            if let Some(slot) = self.spans.parents.get_mut(row) {
                *slot = found;
            }
            if let Some(orphan) = self.spans.orphans.get_mut(row) {
                *orphan = found.is_none();
            }
        }
        for row in break_cycles(&mut self.spans.parents) {
            if let Some(place) = self.places.get(row) {
                damage.row(
                    name_of(place),
                    place.1,
                    "a span that is its own ancestor; its parent was dropped",
                );
            }
        }
        SpanStore::new(self.spans, self.places, self.ends_ns)
    }
}

trait InsertFirst {
    /// Inserts unless the key is taken; returns whether it was.
    fn try_insert_first(&mut self, key: (Symbol, Symbol), row: u32) -> bool;
}

impl InsertFirst for FxHashMap<(Symbol, Symbol), u32> {
    fn try_insert_first(&mut self, key: (Symbol, Symbol), row: u32) -> bool {
        let taken = self.contains_key(&key);
        if !taken {
            self.insert(key, row);
        }
        taken
    }
}

/// Drops one parent of every cycle and returns the rows concerned, in linear time.
fn break_cycles(parents: &mut [Option<u32>]) -> Vec<usize> {
    // 0: not seen; n > 0: seen on walk n.
    let mut walk_of = vec![0_u32; parents.len()];
    let mut broken = Vec::new();
    for start in 0..parents.len() {
        let walk = u32::try_from(start).unwrap_or(u32::MAX).saturating_add(1);
        let mut at = start;
        while let Some(seen) = walk_of.get_mut(at).filter(|seen| **seen == 0) {
            *seen = walk;
            let Some(Some(parent)) = parents.get(at).copied() else { break };
            let parent = parent as usize;
            if walk_of.get(parent) == Some(&walk) {
                if let Some(slot) = parents.get_mut(at) {
                    *slot = None;
                }
                broken.push(at);
                break;
            }
            at = parent;
        }
    }
    broken
}

/// One trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::snapshot) struct TraceSummary {
    /// Start of its earliest span.
    pub(in crate::snapshot) start_ns: i64,
    /// Its rows in the batch, in file order.
    pub(in crate::snapshot) rows: Vec<u32>,
}

/// All spans of a snapshot, trace by trace.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct SpanStore {
    spans: SpanBatch,
    places: Vec<(u32, u64)>,
    traces: Vec<TraceSummary>,
    ends_ns: Option<(i64, i64)>,
}

impl SpanStore {
    fn new(spans: SpanBatch, places: Vec<(u32, u64)>, ends_ns: Option<(i64, i64)>) -> SpanStore {
        let mut by_trace: BTreeMap<Symbol, TraceSummary> = BTreeMap::new();
        for (row, (trace, start)) in spans.traces.iter().zip(&spans.starts_ns).enumerate() {
            let summary =
                by_trace.entry(*trace).or_insert(TraceSummary { start_ns: *start, rows: Vec::new() });
            summary.start_ns = summary.start_ns.min(*start);
            summary.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        let mut traces: Vec<TraceSummary> = by_trace.into_values().collect();
        traces.sort_by_key(|trace| (trace.start_ns, trace.rows.first().copied()));
        SpanStore { spans, places, traces, ends_ns }
    }

    /// First start and last end.
    pub(in crate::snapshot) fn ends_ns(&self) -> Option<(i64, i64)> {
        self.ends_ns
    }

    /// Names of entities that made spans.
    pub(in crate::snapshot) fn services(&self) -> std::collections::BTreeSet<&str> {
        self.spans.services.iter().map(|service| self.spans.symbols.text(*service)).collect()
    }

    /// Traces that start in `window` and hold a span of one of `entities` (none: any), by start.
    pub(in crate::snapshot) fn select(&self, window: &Window, entities: &[String]) -> Vec<&TraceSummary> {
        let wanted: Vec<Symbol> = entities.iter().filter_map(|name| self.spans.symbols.find(name)).collect();
        let holds = |trace: &TraceSummary| {
            entities.is_empty()
                || trace.rows.iter().any(|row| {
                    self.spans.services.get(*row as usize).is_some_and(|service| wanted.contains(service))
                })
        };
        let inside = |trace: &&TraceSummary| (window.start_ns()..window.end_ns()).contains(&trace.start_ns);
        self.traces.iter().filter(inside).filter(|trace| holds(trace)).collect()
    }

    /// The spans of some traces as a batch of their own.
    pub(in crate::snapshot) fn batch(&self, traces: &[&TraceSummary]) -> SpanBatch {
        let mut batch = SpanBatch::default();
        for trace in traces {
            let mut new_rows: FxHashMap<u32, u32> = FxHashMap::default();
            for (place, row) in trace.rows.iter().enumerate() {
                let number = batch.len() + place;
                new_rows.insert(*row, u32::try_from(number).unwrap_or(u32::MAX));
            }
            for row in &trace.rows {
                let Some(span) = self.spans.row(*row as usize) else { continue };
                let parent = span.parent.and_then(|parent| new_rows.get(&parent).copied());
                batch.push(SpanRow { parent, ..span }, self.spans.attributes_of(*row as usize));
            }
        }
        batch
    }

    /// File number and line of the first span of a trace.
    pub(in crate::snapshot) fn place(&self, trace: &TraceSummary) -> Option<(u32, u64)> {
        self.places.get(*trace.rows.first()? as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_broken_once() {
        let mut parents = [Some(1), Some(2), Some(0), Some(2), None, Some(5)];
        assert_eq!(break_cycles(&mut parents), [2, 5]);
        assert_eq!(parents, [Some(1), Some(2), None, Some(2), None, None]);
    }
}
