//! Calls between services: the call graph, edges that lose time, calls that stopped.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::{Forest, Operation, Range, SpanRole};
use super::selftime::ms;
use super::statistics::{median, moderated_z};
use crate::intern::Symbol;

/// Calls from one service to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallEdge {
    /// Calling service.
    pub from: String,
    /// Called service, or the peer that the caller names.
    pub to: String,
    /// Whether the called side left spans; `false` when only the caller tells of it.
    pub measured: bool,
    /// Calls seen.
    pub calls: u64,
    /// Calls that failed, on either side.
    pub errors: u64,
    /// Median duration in milliseconds, as the caller sees it where it left a span for the call.
    pub duration_ms_p50: f64,
}

/// Calls between services whose spans start in `range`, sorted by from and to. Consecutive spans of one service are
/// one; a client span without a child counts as a call to the peer its attributes name, if they do.
pub fn call_edges(batch: &SpanBatch, range: Range) -> Vec<CallEdge> {
    let forest = Forest::new(batch);
    let mut edges: BTreeMap<(String, String, bool), Calls> = BTreeMap::new();
    for row in forest.rows_in(range) {
        let Some((from, to, measured, seen_by)) = call_at(&forest, row) else { continue };
        let entry = edges.entry((from, to, measured)).or_default();
        entry.0 += 1;
        entry.1 += u64::from(forest.failed[row as usize] || forest.failed[seen_by as usize]);
        entry.2.push(ms(forest.durations_ns[seen_by as usize]));
    }
    edges
        .into_iter()
        .map(|((from, to, measured), (calls, errors, mut durations))| CallEdge {
            from,
            to,
            measured,
            calls,
            errors,
            duration_ms_p50: median(&mut durations).unwrap_or(0.0),
        })
        .collect()
}

/// Calls, failed calls and durations in milliseconds.
type Calls = (u64, u64, Vec<f64>);

/// The call that a row ends, if it does: from, to, whether the callee left a span, and the caller's view of it.
fn call_at(forest: &Forest<'_>, row: u32) -> Option<(String, String, bool, u32)> {
    let service = forest.service(row);
    if let Some(parent) = forest.parents[row as usize]
        && forest.service(parent) != service
    {
        let seen_by = if forest.roles[parent as usize] == SpanRole::Client { parent } else { row };
        return Some((forest.text(forest.service(parent)), forest.text(service), true, seen_by));
    }
    if !forest.children(row).is_empty() {
        return None;
    }
    let peer = forest.peer(row)?;
    let own = forest.batch.symbols.text(service);
    (peer != own).then(|| (own.to_owned(), peer.to_owned(), false, row))
}

/// Where [`slow_edges`] and [`missing_calls`] draw their lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeOptions {
    /// Least `z` of a slower edge.
    pub z_min: f64,
    /// Least ratio of medians of a slower edge.
    pub ratio_min: f64,
    /// Least gap in milliseconds that was added.
    pub added_ms_min: f64,
    /// Largest chance at which an absence is still reported.
    pub chance_max: f64,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        EdgeOptions { z_min: 2.0, ratio_min: 1.5, added_ms_min: 1.0, chance_max: 0.3 }
    }
}

/// Time lost between a caller and its callee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeChange {
    /// Calling service.
    pub from: String,
    /// Called service.
    pub to: String,
    /// Calls in the window that both sides measured.
    pub calls: u64,
    /// Likewise in the baseline.
    pub baseline_calls: u64,
    /// Median of client duration less callee duration in the baseline; `None` without a call there.
    pub gap_ms_baseline: Option<f64>,
    /// The same in the window: network, queue, connection set-up, proxy.
    pub gap_ms_window: f64,
    /// Median of the callee's own span in the baseline.
    pub callee_ms_baseline: Option<f64>,
    /// The same in the window.
    pub callee_ms_window: f64,
    /// Median gap now over before; against half the callee's time without a baseline.
    pub ratio: f64,
    /// Moderated z of the gap on a log scale; 0 without a baseline.
    pub z: f64,
    /// Whether the edge loses more time than before.
    pub slow_edge: bool,
    /// Whether the callee itself takes longer than before.
    pub slow_callee: bool,
    /// Start of the first call in the window with a gap beyond the line; `None` unless the edge is slow.
    pub first_bad_ns: Option<i64>,
}

/// Edges that both sides measured, the slowest first (slow edges, z, names).
///
/// The gap is the client span less what the callee's spans cover of it, so it needs spans of both sides; callers that
/// leave none for their calls cannot be measured this way and have no row here. Where starts are coarse the gap is the
/// difference of durations. Medians are compared on a log scale with a shrunk spread. Without a baseline an edge is
/// slow when the gap is most of the call.
pub fn slow_edges(
    batch: &SpanBatch,
    baseline: Range,
    window: Range,
    options: &EdgeOptions,
) -> Vec<EdgeChange> {
    let forest = Forest::new(batch);
    let (before, after) = (gaps(&forest, baseline), gaps(&forest, window));
    let mut changes: Vec<EdgeChange> = after
        .iter()
        .map(|(edge, rows)| {
            edge_change(&forest, *edge, before.get(edge).map_or(&[], Vec::as_slice), rows, options)
        })
        .collect();
    changes.sort_by(|a, b| {
        (b.slow_edge.cmp(&a.slow_edge))
            .then(b.z.total_cmp(&a.z))
            .then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to)))
    });
    changes
}

/// One measured call: gap and callee time in nanoseconds, start.
type Gap = (f64, f64, i64);

fn gaps(forest: &Forest<'_>, range: Range) -> FxHashMap<(Symbol, Symbol), Vec<Gap>> {
    let mut gaps: FxHashMap<(Symbol, Symbol), Vec<Gap>> = FxHashMap::default();
    for row in forest.rows_in(range) {
        if forest.roles[row as usize] != SpanRole::Client {
            continue;
        }
        let from = forest.service(row);
        let Some(&callee) = forest.children(row).iter().find(|&&child| forest.service(child) != from) else {
            continue;
        };
        let callee_ns = forest.durations_ns[callee as usize] as f64;
        let gap = (forest.self_ns[row as usize] as f64, callee_ns, forest.start_ns(row));
        gaps.entry((from, forest.service(callee))).or_default().push(gap);
    }
    gaps
}

fn edge_change(
    forest: &Forest<'_>,
    edge: (Symbol, Symbol),
    before: &[Gap],
    after: &[Gap],
    options: &EdgeOptions,
) -> EdgeChange {
    let middle = |gaps: &[Gap], of: fn(&Gap) -> f64| median(&mut gaps.iter().map(of).collect::<Vec<f64>>());
    let (gap_after, callee_after) =
        (middle(after, |g| g.0).unwrap_or(0.0), middle(after, |g| g.1).unwrap_or(0.0));
    let (gap_before, callee_before) = (middle(before, |g| g.0), middle(before, |g| g.1));
    // Gaps near nothing make large ratios of noise: a twentieth of the call is the floor.
    let floor = (forest.duration_step_ns as f64).max(0.05 * callee_before.unwrap_or(callee_after)).max(5e4);
    let ln = |gaps: &[Gap], of: fn(&Gap) -> f64, floor: f64| {
        gaps.iter().map(|g| (of(g) + floor).ln()).collect::<Vec<f64>>()
    };
    let z = moderated_z(&ln(before, |g| g.0, floor), &ln(after, |g| g.0, floor));
    let z_callee = moderated_z(&ln(before, |g| g.1, 1e3), &ln(after, |g| g.1, 1e3));
    let reference = gap_before.unwrap_or(0.5 * callee_after);
    let ratio = (gap_after + floor) / (reference + floor);
    let added = gap_after - reference;
    let enough = ratio >= options.ratio_min && ms(added.max(0.0) as i64) >= options.added_ms_min;
    let slow_edge = enough && (before.is_empty() || z >= options.z_min);
    let slow_callee = z_callee >= options.z_min
        && callee_before.is_some_and(|earlier| callee_after >= options.ratio_min * earlier.max(1.0));
    let line = options.ratio_min * (reference + floor) - floor;
    let first_bad = after.iter().filter(|gap| gap.0 >= line).map(|gap| gap.2).min();
    EdgeChange {
        from: forest.text(edge.0),
        to: forest.text(edge.1),
        calls: after.len() as u64,
        baseline_calls: before.len() as u64,
        gap_ms_baseline: gap_before.map(|ns| ns / 1e6),
        gap_ms_window: gap_after / 1e6,
        callee_ms_baseline: callee_before.map(|ns| ns / 1e6),
        callee_ms_window: callee_after / 1e6,
        ratio,
        z,
        slow_edge,
        slow_callee,
        first_bad_ns: first_bad.filter(|_| slow_edge),
    }
}

/// A call that requests of one kind used to make and no longer do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MissingCall {
    /// Service of the topmost span of those requests.
    pub root_service: String,
    /// Operation of the topmost span.
    pub root_operation: String,
    /// Service that no longer calls.
    pub from: String,
    /// Service that is no longer called.
    pub to: String,
    /// Operation that is no longer called.
    pub operation: String,
    /// Baseline requests, and how many of them made the call.
    pub baseline: (u64, u64),
    /// Window requests, and how many of them made the call.
    pub window: (u64, u64),
    /// Chance of so few at the baseline's shrunk rate: with one request on each side it is 0.25 at best.
    pub chance: f64,
    /// Share of the window's requests in which the caller itself was reached: when it is low, look above.
    pub caller_reached_share: f64,
}

/// Calls that stopped, the least likely by chance first. Compared within requests that begin with the same operation;
/// kinds of request seen on one side only are left out, for their calls may simply not have been asked for.
pub fn missing_calls(
    batch: &SpanBatch,
    baseline: Range,
    window: Range,
    options: &EdgeOptions,
) -> Vec<MissingCall> {
    let forest = Forest::new(batch);
    let (before, after) = (requests(&forest, baseline), requests(&forest, window));
    let mut missing = Vec::new();
    for (root, earlier) in &before {
        let Some(now) = after.get(root) else { continue };
        for (&(from, callee), &made) in &earlier.calls {
            let made_now = now.calls.get(&(from, callee)).copied().unwrap_or(0);
            if made_now * earlier.requests >= made * now.requests {
                continue;
            }
            let rate = (made as f64 + 0.5) / (earlier.requests as f64 + 1.0);
            let absent = now.requests - made_now;
            let chance = super::statistics::binomial_tail(absent, now.requests, 1.0 - rate);
            if chance > options.chance_max {
                continue;
            }
            let reached = now.services.get(&from).copied().unwrap_or(0);
            missing.push(MissingCall {
                root_service: forest.text(root.0),
                root_operation: forest.text(root.1),
                from: forest.text(from),
                to: forest.text(callee.0),
                operation: forest.text(callee.1),
                baseline: (earlier.requests, made),
                window: (now.requests, made_now),
                chance,
                caller_reached_share: reached as f64 / now.requests.max(1) as f64,
            });
        }
    }
    missing.sort_by(|a, b| {
        let names = |m: &MissingCall| {
            (
                m.root_service.clone(),
                m.root_operation.clone(),
                m.from.clone(),
                m.to.clone(),
                m.operation.clone(),
            )
        };
        a.chance.total_cmp(&b.chance).then_with(|| names(a).cmp(&names(b)))
    });
    missing
}

/// Requests that begin with one operation.
#[derive(Default)]
struct Requests {
    requests: u64,
    /// How many of them made each call at least once.
    calls: FxHashMap<(Symbol, Operation), u64>,
    /// How many of them reached each service.
    services: FxHashMap<Symbol, u64>,
}

/// Requests whose topmost span starts in `range` and did not lose its parent.
fn requests(forest: &Forest<'_>, range: Range) -> FxHashMap<Operation, Requests> {
    let mut found: FxHashMap<Operation, Requests> = FxHashMap::default();
    let mut calls_seen: FxHashSet<(u32, Symbol, Operation)> = FxHashSet::default();
    let mut services_seen: FxHashSet<(u32, Symbol)> = FxHashSet::default();
    for &row in &forest.order {
        let root = forest.roots[row as usize];
        let orphan = forest.batch.orphans.get(root as usize).copied().unwrap_or(false);
        if orphan || !forest.starts_in(root, range) {
            continue;
        }
        let entry = found.entry(forest.operation(root)).or_default();
        entry.requests += u64::from(root == row);
        if services_seen.insert((root, forest.service(row))) {
            *entry.services.entry(forest.service(row)).or_default() += 1;
        }
        if let Some(parent) = forest.parents[row as usize]
            && forest.service(parent) != forest.service(row)
        {
            let call = (forest.service(parent), forest.operation(row));
            if calls_seen.insert((root, call.0, call.1)) {
                *entry.calls.entry(call).or_default() += 1;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Span, add_trace, batch, ms as at, span};
    use super::*;

    const BEFORE: Range = (0, 1_000_000_000_000);
    const AFTER: Range = (1_000_000_000_000, i64::MAX);

    /// A client span in `a` of `client_ms` around a server span in `b` of `server_ms`.
    fn call(client_ms: i64, server_ms: i64) -> Vec<Span> {
        vec![
            span("a", "serve").at(0, client_ms + 20),
            span("a", "b.read").at(1, client_ms).under(0),
            span("b", "read").at(1 + (client_ms - server_ms) / 2, server_ms).under(1),
        ]
    }

    fn traces(before: &[Vec<Span>], after: &[Vec<Span>]) -> SpanBatch {
        let mut spans = Vec::new();
        for (from, all) in [(1, before), (1_000_001, after)] {
            for (number, trace) in all.iter().enumerate() {
                add_trace(&mut spans, &format!("{from}-{number}"), from + 1000 * number as i64, trace);
            }
        }
        batch(&spans)
    }

    #[test]
    fn time_lost_on_the_way_is_the_edges_and_time_in_the_callee_is_not() {
        let options = EdgeOptions::default();
        let slow_way = traces(&[call(50, 45), call(52, 46)], &[call(350, 46), call(348, 45)]);
        let edge = slow_edges(&slow_way, BEFORE, AFTER, &options).remove(0);
        assert!(edge.slow_edge && !edge.slow_callee);
        assert_eq!(edge.first_bad_ns, Some(at(1_000_002)));
        let slow_callee = traces(&[call(50, 45), call(52, 46)], &[call(350, 345), call(348, 342)]);
        let edge = slow_edges(&slow_callee, BEFORE, AFTER, &options).remove(0);
        assert!(!edge.slow_edge && edge.slow_callee && edge.first_bad_ns.is_none());
    }

    #[test]
    fn the_call_graph_counts_calls_and_names_silent_peers() {
        let mut trace = call(50, 45);
        trace.push(span("b", "query").at(5, 20).under(2).with("db.name", "orders").failed("gone"));
        let edges = call_edges(&traces(&[trace.clone(), trace], &[]), BEFORE);
        let short: Vec<_> =
            edges.iter().map(|e| (e.from.as_str(), e.to.as_str(), e.measured, e.calls, e.errors)).collect();
        assert_eq!(short, [("a", "b", true, 2, 0), ("b", "orders", false, 2, 2)]);
        assert_eq!(edges[0].duration_ms_p50, 50.0);
    }

    #[test]
    fn a_call_that_stopped_is_missed_only_as_surely_as_the_sample_allows() {
        let with = vec![span("a", "serve").at(0, 20), span("b", "check").at(1, 5).under(0)];
        let without = vec![span("a", "serve").at(0, 20)];
        let few = traces(std::slice::from_ref(&with), std::slice::from_ref(&without));
        let missing = missing_calls(&few, BEFORE, AFTER, &EdgeOptions::default());
        assert_eq!((missing.len(), missing[0].chance), (1, 0.25));
        let many = traces(&vec![with.clone(); 10], &vec![without; 10]);
        let missing = missing_calls(&many, BEFORE, AFTER, &EdgeOptions::default());
        assert!(missing[0].chance < 1e-9 && missing[0].caller_reached_share == 1.0);
        assert!(
            missing_calls(&traces(&vec![with.clone(); 5], &[with]), BEFORE, AFTER, &EdgeOptions::default())
                .is_empty()
        );
    }
}
