//! How much data an answer holds and when.

use std::collections::BTreeMap;

use midwatch_analysis::logs::{LogBatch, LogPatterns};
use midwatch_analysis::series::SeriesSet;
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{Change, Topology};

use crate::{Document, Printout};

/// An answer's data as the checks see it.
pub(super) trait Measured {
    /// What the limits count: points, rows, patterns, spans.
    fn size(&self) -> usize;
    /// Instants in nanoseconds with how much lies there; empty for data without times.
    fn times(&self) -> Vec<(i64, u64)>;
    /// How long before the window an instant may lie: a bin is known by its start.
    fn slack_ns(&self) -> i64 {
        0
    }
}

impl Measured for SeriesSet {
    fn size(&self) -> usize {
        self.series.iter().map(|series| series.times_ns.len()).sum()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        self.series.iter().flat_map(|series| series.times_ns.iter().map(|at| (*at, 1))).collect()
    }
}

impl Measured for LogPatterns {
    fn size(&self) -> usize {
        self.patterns.len()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        self.patterns.iter().flat_map(|pattern| pattern.bins.iter().copied()).collect()
    }
    fn slack_ns(&self) -> i64 {
        self.bin_ns.saturating_sub(1).max(0)
    }
}

impl Measured for LogBatch {
    fn size(&self) -> usize {
        self.len()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        self.times_ns.iter().flatten().map(|at| (*at, 1)).collect()
    }
}

impl Measured for SpanBatch {
    fn size(&self) -> usize {
        self.len()
    }
    /// The start of each trace with its spans: traces are whole.
    fn times(&self) -> Vec<(i64, u64)> {
        let mut traces: BTreeMap<_, (i64, u64)> = BTreeMap::new();
        for (trace, start) in self.traces.iter().zip(&self.starts_ns) {
            let held = traces.entry(*trace).or_insert((*start, 0));
            *held = (held.0.min(*start), held.1 + 1);
        }
        traces.into_values().collect()
    }
}

impl Measured for Vec<Change> {
    fn size(&self) -> usize {
        self.len()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        let ns = |change: &Change| i64::try_from(change.at.as_nanosecond()).unwrap_or(i64::MAX);
        self.iter().map(|change| (ns(change), 1)).collect()
    }
}

impl Measured for Topology {
    fn size(&self) -> usize {
        self.entities.len() + self.relations.len()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        Vec::new()
    }
}

impl Measured for Vec<Document> {
    fn size(&self) -> usize {
        self.len()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        Vec::new()
    }
}

impl Measured for Vec<Printout> {
    fn size(&self) -> usize {
        self.len()
    }
    fn times(&self) -> Vec<(i64, u64)> {
        Vec::new()
    }
}
