//! Where time is spent: self-time per span and figures per operation.
//!
//! Self-time is a span's duration less the union of its children's intervals, clipped to the span: the "exclusive
//! time" of call-graph profilers (Graham, Kessler and McKusick, gprof, 1982), for spans as in Canopy (Kaldor et al.,
//! SOSP 2017). Children that outlive their parent count only up to its end.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::{Forest, Operation, Range, SpanRole};
use super::statistics::{median, quantile};

/// Figures of one operation over some spans.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct OperationStats {
    /// Spans seen.
    pub calls: u64,
    /// Spans that failed.
    pub errors: u64,
    /// `errors / calls`.
    pub error_share: f64,
    /// Median duration in milliseconds.
    pub duration_ms_p50: f64,
    /// 95th percentile of the duration in milliseconds; the largest for few calls.
    pub duration_ms_p95: f64,
    /// Median time in the span itself, in milliseconds.
    pub self_ms_p50: f64,
    /// 95th percentile of the time in the span itself, in milliseconds.
    pub self_ms_p95: f64,
    /// Median share of the whole trace's time (its topmost span) that the span itself takes, 0 to 1.
    pub self_share: f64,
}

/// An operation with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationSummary {
    /// Service, as the spans name it.
    pub service: String,
    /// Operation, as the spans name it.
    pub operation: String,
    /// Whether it works or waits for somebody else.
    pub role: SpanRole,
    /// Its figures.
    pub stats: OperationStats,
}

/// Time each span spends in itself, in nanoseconds, one for each row (rows that repeat another span get 0).
///
/// A child of another service that starts before its parent has a clock of its own and is centred in the parent.
/// Where starts are coarser than a sixteenth of the parent's duration, children are taken as one after another.
/// Cycles of parents are cut. Time: n log n.
pub fn self_times(batch: &SpanBatch) -> Vec<i64> {
    Forest::new(batch).self_ns
}

/// Figures of every operation whose spans start in `range` (closed-open, nanoseconds), sorted by service and
/// operation. Empty when no span starts there.
pub fn operation_stats(batch: &SpanBatch, range: Range) -> Vec<OperationSummary> {
    let forest = Forest::new(batch);
    let mut summaries: Vec<OperationSummary> = rows_by_operation(&forest, range)
        .into_iter()
        .map(|(operation, rows)| OperationSummary {
            service: forest.text(operation.0),
            operation: forest.text(operation.1),
            role: role_of(&forest, &rows),
            stats: stats_of(&forest, &rows),
        })
        .collect();
    summaries.sort_by(|a, b| (&a.service, &a.operation).cmp(&(&b.service, &b.operation)));
    summaries
}

/// Rows of each operation in `range`.
pub(crate) fn rows_by_operation(forest: &Forest<'_>, range: Range) -> FxHashMap<Operation, Vec<u32>> {
    let mut rows: FxHashMap<Operation, Vec<u32>> = FxHashMap::default();
    for row in forest.rows_in(range) {
        rows.entry(forest.operation(row)).or_default().push(row);
    }
    rows
}

/// The role of most of the rows.
pub(crate) fn role_of(forest: &Forest<'_>, rows: &[u32]) -> SpanRole {
    let clients = rows.iter().filter(|&&row| forest.roles[row as usize] == SpanRole::Client).count();
    if clients * 2 > rows.len() { SpanRole::Client } else { SpanRole::Work }
}

/// Figures of some rows; zeros for none.
pub(crate) fn stats_of(forest: &Forest<'_>, rows: &[u32]) -> OperationStats {
    let calls = rows.len() as u64;
    let errors = rows.iter().filter(|&&row| forest.failed[row as usize]).count() as u64;
    let mut durations: Vec<f64> = rows.iter().map(|&row| ms(forest.durations_ns[row as usize])).collect();
    let mut selfs: Vec<f64> = rows.iter().map(|&row| ms(forest.self_ns[row as usize])).collect();
    let mut shares: Vec<f64> = rows.iter().map(|&row| self_share(forest, row)).collect();
    OperationStats {
        calls,
        errors,
        error_share: if calls == 0 { 0.0 } else { errors as f64 / calls as f64 },
        duration_ms_p50: median(&mut durations).unwrap_or(0.0),
        duration_ms_p95: quantile(&mut durations, 0.95).unwrap_or(0.0),
        self_ms_p50: median(&mut selfs).unwrap_or(0.0),
        self_ms_p95: quantile(&mut selfs, 0.95).unwrap_or(0.0),
        self_share: median(&mut shares).unwrap_or(0.0),
    }
}

fn self_share(forest: &Forest<'_>, row: u32) -> f64 {
    let whole = forest.durations_ns[forest.roots[row as usize] as usize];
    if whole == 0 { 0.0 } else { (forest.self_ns[row as usize] as f64 / whole as f64).min(1.0) }
}

/// Nanoseconds as milliseconds.
pub(crate) fn ms(ns: i64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::testing::{batch, ms as at, span};
    use super::*;

    /// Self-times in milliseconds.
    #[track_caller]
    fn check(spans: &[super::super::testing::Span], expected: &[i64]) {
        let got: Vec<i64> = self_times(&batch(spans)).iter().map(|ns| ns / 1_000_000).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn children_are_taken_off_once() {
        check(
            &[
                span("a", "root").at(1, 100),
                span("b", "x").at(11, 30).under(0),
                span("c", "y").at(21, 30).under(0),
                span("d", "late").at(91, 50).under(0),
            ],
            &[50, 30, 30, 50],
        );
    }

    #[test]
    fn a_skewed_child_is_centred_and_a_later_one_is_not_waited_for() {
        check(&[span("a", "r").at(1001, 100), span("b", "x").at(1, 60).under(0)], &[40, 60]);
        check(&[span("a", "r").at(1, 100), span("b", "x").at(501, 60).under(0)], &[100, 60]);
    }

    #[test]
    fn coarse_starts_count_children_one_after_another() {
        check(
            &[
                span("a", "r").at(1000, 400),
                span("b", "x").at(1000, 110).under(0),
                span("b", "x").at(1000, 95).under(0),
            ],
            &[195, 110, 95],
        );
    }

    #[test]
    fn cycles_strangers_and_one_span_are_survived() {
        check(&[span("a", "r").at(1, 10).under(1), span("b", "x").at(1, 4).under(0)], &[6, 4]);
        check(&[span("a", "r").at(1, 10).under(0)], &[10]);
        check(&[span("a", "r").at(1, 10).under(77)], &[10]);
        check(&[], &[]);
    }

    #[test]
    fn figures_are_per_operation_and_per_range() {
        let spans =
            [span("a", "r").at(1, 10), span("a", "r").at(2, 30).failed("boom"), span("a", "r").at(5000, 99)];
        let summary = operation_stats(&batch(&spans), (0, at(1000)));
        assert_eq!(summary.len(), 1);
        let stats = summary[0].stats;
        assert_eq!((stats.calls, stats.errors, stats.duration_ms_p50), (2, 1, 20.0));
        assert_eq!(stats.self_share, 1.0);
    }
}
