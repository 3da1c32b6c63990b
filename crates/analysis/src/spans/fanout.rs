//! Requests that make many more calls than they should: N+1.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::{Forest, Operation, Range};
use super::statistics::{median, quantile};

/// Where [`fan_outs`] draws its lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FanOutOptions {
    /// Against a baseline: least ratio of calls per parent.
    pub ratio_min: f64,
    /// Against a baseline: fewest calls per parent that were added.
    pub added_min: f64,
    /// Without one: fewest alike children, one after another, under one parent.
    pub alike_min: f64,
}

impl Default for FanOutOptions {
    fn default() -> Self {
        FanOutOptions { ratio_min: 2.0, added_min: 3.0, alike_min: 8.0 }
    }
}

/// One operation that is called many times under one parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FanOut {
    /// Service of the parent.
    pub parent_service: String,
    /// Operation of the parent.
    pub parent_operation: String,
    /// Service of the repeated child; the parent's own for statements and client calls.
    pub child_service: String,
    /// Operation that is repeated.
    pub child_operation: String,
    /// Median calls under one parent in the baseline, among parents that make any; `None` when the parent operation was
    /// not seen there, `Some(0.0)` when it made no such call.
    pub calls_median_baseline: Option<f64>,
    /// The same in the window.
    pub calls_median_window: f64,
    /// Most calls under one parent in the window.
    pub calls_max_window: u64,
    /// Parents in the window that make the call.
    pub parents: u64,
    /// Whether the calls follow each other rather than run side by side.
    pub serial: bool,
    /// Median share of the parent's duration that the calls take together, at most 1.
    pub time_share: f64,
    /// Start of the first parent in the window beyond the line.
    pub first_bad_ns: i64,
}

/// Fan-outs of the window, the largest growth first.
///
/// One is reported when its median calls per parent grew by ratio and number against the baseline, or, without a
/// baseline of that parent, when many near-identical children follow one another under one parent. Children of the
/// same service (statements, client spans) count like others. Calls that failed and were repeated are retries, not
/// fan-outs, and are not counted.
pub fn fan_outs(batch: &SpanBatch, baseline: Range, window: Range, options: &FanOutOptions) -> Vec<FanOut> {
    let forest = Forest::new(batch);
    let (before, after) = (sheaves(&forest, baseline), sheaves(&forest, window));
    let parents_before: FxHashMap<Operation, u64> =
        forest.rows_in(baseline).fold(FxHashMap::default(), |mut counts, row| {
            *counts.entry(forest.operation(row)).or_default() += 1;
            counts
        });
    let mut found: Vec<FanOut> = Vec::new();
    for ((parent, child), sheaf) in &after {
        let mut calls: Vec<f64> = sheaf.iter().map(|one| one.calls as f64).collect();
        let calls_window = median(&mut calls).unwrap_or(0.0);
        let calls_before = parents_before.get(parent).map(|_| {
            let earlier = before.get(&(*parent, *child)).map_or(&[][..], Vec::as_slice);
            median(&mut earlier.iter().map(|one| one.calls as f64).collect::<Vec<f64>>()).unwrap_or(0.0)
        });
        let serial = sheaf.iter().filter(|one| one.serial).count() * 2 > sheaf.len();
        let line = match calls_before {
            Some(earlier) => (earlier.max(1.0) * options.ratio_min).max(earlier + options.added_min),
            None if serial => options.alike_min,
            None => f64::INFINITY,
        };
        let alike = calls_before.is_some() || sheaf.iter().filter(|one| one.alike).count() * 2 > sheaf.len();
        let beyond: Vec<&Sheaf> = sheaf.iter().filter(|one| one.calls as f64 >= line).collect();
        // A few large requests among many small ones are the rule of N+1: the median need not move.
        if beyond.is_empty() || !alike || (calls_window < line && beyond.len() * 5 < sheaf.len()) {
            continue;
        }
        let mut shares: Vec<f64> = sheaf.iter().map(|one| one.time_share).collect();
        found.push(FanOut {
            parent_service: forest.text(parent.0),
            parent_operation: forest.text(parent.1),
            child_service: forest.text(child.0),
            child_operation: forest.text(child.1),
            calls_median_baseline: calls_before,
            calls_median_window: calls_window,
            calls_max_window: sheaf.iter().map(|one| one.calls).max().unwrap_or(0),
            parents: sheaf.len() as u64,
            serial,
            time_share: median(&mut shares).unwrap_or(0.0),
            first_bad_ns: beyond.iter().map(|one| one.start_ns).min().unwrap_or(0),
        });
    }
    found.sort_by(|a, b| {
        let growth = |f: &FanOut| f.calls_median_window / f.calls_median_baseline.unwrap_or(1.0).max(1.0);
        let names = |f: &FanOut| {
            [&f.parent_service, &f.parent_operation, &f.child_service, &f.child_operation].map(String::clone)
        };
        growth(b).total_cmp(&growth(a)).then_with(|| names(a).cmp(&names(b)))
    });
    found
}

/// Calls of one operation under one parent span.
struct Sheaf {
    calls: u64,
    serial: bool,
    /// Whether the calls take about equally long.
    alike: bool,
    time_share: f64,
    start_ns: i64,
}

fn sheaves(forest: &Forest<'_>, range: Range) -> FxHashMap<(Operation, Operation), Vec<Sheaf>> {
    let mut found: FxHashMap<(Operation, Operation), Vec<Sheaf>> = FxHashMap::default();
    for row in forest.rows_in(range) {
        let mut kinds: BTreeMap<Operation, Vec<u32>> = BTreeMap::new();
        for &child in forest.children(row) {
            if !forest.failed[child as usize] {
                kinds.entry(forest.operation(child)).or_default().push(child);
            }
        }
        for (kind, children) in kinds {
            let sheaf = sheaf(forest, row, &children);
            found.entry((forest.operation(row), kind)).or_default().push(sheaf);
        }
    }
    found
}

fn sheaf(forest: &Forest<'_>, parent: u32, children: &[u32]) -> Sheaf {
    let whole = forest.durations_ns[parent as usize] as f64;
    let mut durations: Vec<f64> =
        children.iter().map(|&child| forest.durations_ns[child as usize] as f64).collect();
    let sum: f64 = durations.iter().sum();
    let low = quantile(&mut durations, 0.1).unwrap_or(0.0);
    let high = quantile(&mut durations, 0.9).unwrap_or(0.0);
    let serial = if forest.placed_coarsely(parent as usize) {
        // Starts do not tell; side by side, the calls would leave most of the parent's time unexplained.
        sum <= 1.1 * whole && sum >= 0.4 * whole
    } else {
        follow_each_other(forest, children)
    };
    Sheaf {
        calls: children.len() as u64,
        serial: serial && children.len() > 1,
        alike: high <= 10.0 * low.max(forest.duration_step_ns as f64),
        time_share: if whole > 0.0 { (sum / whole).min(1.0) } else { 0.0 },
        start_ns: forest.start_ns(parent),
    }
}

/// Whether at least four in five of the spans begin after the one before has ended.
fn follow_each_other(forest: &Forest<'_>, rows: &[u32]) -> bool {
    let mut spans: Vec<(i64, i64)> =
        rows.iter().map(|&row| (forest.start_ns(row), forest.end_ns(row))).collect();
    spans.sort_unstable();
    let in_turn =
        spans.windows(2).filter(|pair| pair[1].0 >= pair[0].1.saturating_sub(forest.start_step_ns)).count();
    in_turn * 5 >= (spans.len() - 1) * 4
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Span, add_trace, batch, ms, span};
    use super::*;

    const BEFORE: Range = (0, 1_000_000_000_000);
    const AFTER: Range = (1_000_000_000_000, i64::MAX);

    /// A parent with `calls` children, `step_ms` apart, each taking 10 ms.
    fn request(calls: i64, step_ms: i64) -> Vec<Span> {
        let mut spans = vec![span("a", "serve").at(0, 20 + calls * step_ms)];
        spans.extend((0..calls).map(|number| span("a", "SELECT item").at(1 + number * step_ms, 10).under(0)));
        spans
    }

    /// `(baseline, window, serial)` of the fan-outs found.
    #[track_caller]
    fn check(before: &[Vec<Span>], after: &[Vec<Span>], expected: &[(Option<f64>, f64, bool)]) {
        let mut spans = Vec::new();
        for (from, all) in [(1, before), (1_000_001, after)] {
            for (number, trace) in all.iter().enumerate() {
                add_trace(&mut spans, &format!("{from}-{number}"), from + 9000 * number as i64, trace);
            }
        }
        let found = fan_outs(&batch(&spans), BEFORE, AFTER, &FanOutOptions::default());
        let short: Vec<_> =
            found.iter().map(|f| (f.calls_median_baseline, f.calls_median_window, f.serial)).collect();
        assert_eq!(short, expected);
        assert!(found.iter().all(|f| f.first_bad_ns >= ms(1_000_001) && f.time_share > 0.5));
    }

    #[test]
    fn growth_against_the_baseline_is_found() {
        check(
            &[request(1, 11), request(1, 11)],
            &[request(40, 11), request(44, 11)],
            &[(Some(1.0), 42.0, true)],
        );
        check(&[request(0, 11)], &[request(12, 11)], &[(Some(0.0), 12.0, true)]);
    }

    #[test]
    fn as_many_as_before_is_none() {
        check(&[request(20, 11)], &[request(21, 11)], &[]);
        check(&[request(1, 11)], &[request(2, 11)], &[]);
    }

    #[test]
    fn without_a_baseline_many_alike_in_turn_are_found_but_not_side_by_side() {
        check(&[], &[request(9, 11)], &[(None, 9.0, true)]);
        check(&[], &[request(7, 11)], &[]);
        check(&[], &[request(30, 1)], &[]);
    }
}
