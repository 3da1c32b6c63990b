//! Columnar spans.

use serde::{Deserialize, Serialize};

use crate::intern::{Interner, Symbol};

/// How a span ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanStatus {
    /// The source does not say.
    #[default]
    Unset,
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
}

/// Many spans, one column a field. `parent` is a row of the same batch, resolved by the decoder, so ids that repeat
/// across traces do no harm here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SpanBatch {
    /// Distinct texts of all columns.
    pub symbols: Interner,
    /// Trace id.
    pub traces: Vec<Symbol>,
    /// Row of the parent span; `None` for roots and for parents that were not captured.
    pub parents: Vec<Option<u32>>,
    /// Whether the span names a parent that was not captured.
    pub orphans: Vec<bool>,
    /// Name of the entity that made the span.
    pub services: Vec<Symbol>,
    /// Operation.
    pub names: Vec<Symbol>,
    /// Start in nanoseconds since the epoch.
    pub starts_ns: Vec<i64>,
    /// Duration in nanoseconds, never negative.
    pub durations_ns: Vec<i64>,
    /// How it ended.
    pub statuses: Vec<SpanStatus>,
    /// Error text; `None` when there is none.
    pub messages: Vec<Option<Symbol>>,
    /// Further attributes: `(row, key, value)`, sorted by row.
    pub attributes: Vec<(u32, Symbol, Symbol)>,
}

/// One span of a batch.
#[derive(Debug, Clone, Copy)]
pub struct SpanRow<'a> {
    /// Trace id.
    pub trace: &'a str,
    /// Row of the parent span.
    pub parent: Option<u32>,
    /// Whether its parent was not captured.
    pub orphan: bool,
    /// Name of the entity.
    pub service: &'a str,
    /// Operation.
    pub name: &'a str,
    /// Start in nanoseconds since the epoch.
    pub start_ns: i64,
    /// Duration in nanoseconds.
    pub duration_ns: i64,
    /// How it ended.
    pub status: SpanStatus,
    /// Error text.
    pub message: Option<&'a str>,
}

impl SpanBatch {
    /// How many spans.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds a span with its attributes; returns its row.
    pub fn push<'f>(
        &mut self,
        row: SpanRow<'_>,
        attributes: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> u32 {
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let trace = self.symbols.intern(row.trace);
        let service = self.symbols.intern(row.service);
        let name = self.symbols.intern(row.name);
        let message = row.message.map(|text| self.symbols.intern(text));
        self.traces.push(trace);
        self.parents.push(row.parent);
        self.orphans.push(row.orphan);
        self.services.push(service);
        self.names.push(name);
        self.starts_ns.push(row.start_ns);
        self.durations_ns.push(row.duration_ns.max(0));
        self.statuses.push(row.status);
        self.messages.push(message);
        for (key, value) in attributes {
            let (key, value) = (self.symbols.intern(key), self.symbols.intern(value));
            self.attributes.push((number, key, value));
        }
        number
    }

    /// Span number `row`, if there is one.
    pub fn row(&self, row: usize) -> Option<SpanRow<'_>> {
        Some(SpanRow {
            trace: self.symbols.text(*self.traces.get(row)?),
            parent: *self.parents.get(row)?,
            orphan: *self.orphans.get(row)?,
            service: self.symbols.text(*self.services.get(row)?),
            name: self.symbols.text(*self.names.get(row)?),
            start_ns: *self.starts_ns.get(row)?,
            duration_ns: *self.durations_ns.get(row)?,
            status: *self.statuses.get(row)?,
            message: (*self.messages.get(row)?).map(|symbol| self.symbols.text(symbol)),
        })
    }

    /// Attributes of span `row`, in the order they were given.
    pub fn attributes_of(&self, row: usize) -> impl Iterator<Item = (&str, &str)> {
        let wanted = u32::try_from(row).unwrap_or(u32::MAX);
        let from = self.attributes.partition_point(|&(at, _, _)| at < wanted);
        self.attributes[from..]
            .iter()
            .take_while(move |&&(at, _, _)| at == wanted)
            .map(|&(_, key, value)| (self.symbols.text(key), self.symbols.text(value)))
    }
}
