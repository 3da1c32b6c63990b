//! Where failures begin: the deepest span that fails while what it calls does not, and who was cancelled rather than
//! broken.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::{Forest, GRPC_KEYS, HTTP_KEYS, Operation, Range, SpanRole};
use super::selftime::rows_by_operation;
use super::statistics::{median, spread};

/// What [`error_origins`] looks at and keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorOptions {
    /// Spans known or assumed to be normal, to tell a slow callee from a short deadline; `None` when there are none.
    pub baseline: Option<Range>,
    /// A callee this many times slower than its baseline median is slow.
    pub slow_ratio_min: f64,
    /// Rows kept as examples of each origin.
    pub exemplars_max: usize,
    /// Bytes of a message that are kept; longer ones are cut at a character.
    pub message_bytes_max: usize,
}

impl Default for ErrorOptions {
    fn default() -> Self {
        ErrorOptions { baseline: None, slow_ratio_min: 1.5, exemplars_max: 5, message_bytes_max: 512 }
    }
}

/// Why a span is taken for an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCause {
    /// It fails while everything below it is well.
    Own,
    /// It calls something that left no span, and that call failed: `peer` may name it.
    UnmeasuredCallee,
    /// It gave up on a callee that takes as long as ever: the deadline is too short.
    DeadlineTooShort,
    /// A caller gave up on it because it has become slow.
    SlowCallee,
    /// It gave up on a callee whose usual duration is unknown: deadline or callee, these spans cannot tell.
    DeadlineUndecided,
    /// It was cancelled and no caller above it says why.
    Cancelled,
}

/// An operation where failing traces begin to fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorOrigin {
    /// Service, as the spans name it.
    pub service: String,
    /// Operation, as the spans name it.
    pub operation: String,
    /// Why it is taken for an origin.
    pub cause: ErrorCause,
    /// The other side of the failing call, when spans or attributes name one.
    pub peer: Option<String>,
    /// Commonest error text, cut at the limit; empty when there is none.
    pub message: String,
    /// Failing traces that begin here.
    pub traces: u64,
    /// `traces` over all failing traces of the range.
    pub share_of_failing_traces: f64,
    /// Traces in which the failure was handled on the way up: the topmost span did not fail.
    pub handled_traces: u64,
    /// Failing traces of the baseline that begin here too; 0 without a baseline.
    pub baseline_traces: u64,
    /// Services above it in those traces, sorted.
    pub callers: Vec<String>,
    /// Services below it that were cancelled or gave up because of it, sorted: victims.
    pub cancelled_callees: Vec<String>,
    /// Median of callee duration now over baseline, for deadlines; `None` when either is missing.
    pub callee_ratio: Option<f64>,
    /// Rows of failing spans, earliest first.
    pub exemplar_rows: Vec<u32>,
    /// Start of the earliest of them.
    pub first_ns: i64,
}

/// Origins of failing traces whose origin span starts in `range` (closed-open, nanoseconds), most traces first.
///
/// Within a trace, the deepest failing spans are taken; when the topmost span failed, only those whose failure reached
/// it. A callee that was cancelled (gRPC code 1, HTTP 499, "context canceled") or that outlived a caller which hit its
/// deadline is a victim: the origin is the caller's waiting span, unless the callee itself has become slower than its
/// baseline. A cancelled callee's duration is a lower bound, so one that is already slow counts as slow.
pub fn error_origins(batch: &SpanBatch, range: Range, options: &ErrorOptions) -> Vec<ErrorOrigin> {
    let forest = Forest::new(batch);
    let usual = options.baseline.map(|baseline| rows_by_operation(&forest, baseline)).unwrap_or_default();
    let mut found = origins_in(&forest, range, &usual, options);
    if let Some(baseline) = options.baseline {
        let earlier = origins_in(&forest, baseline, &usual, options);
        for origin in &mut found {
            origin.baseline_traces = earlier
                .iter()
                .filter(|other| other.service == origin.service && other.operation == origin.operation)
                .map(|other| other.traces)
                .sum();
        }
    }
    found
}

type TraceKey = (crate::intern::Symbol, u32);

#[derive(Default)]
struct Group {
    rows: Vec<u32>,
    traces: FxHashSet<TraceKey>,
    handled: FxHashSet<TraceKey>,
    messages: BTreeMap<String, u64>,
    peers: BTreeMap<String, u64>,
    callers: BTreeSet<String>,
    cancelled: BTreeSet<String>,
    ratios: Vec<f64>,
}

fn origins_in(
    forest: &Forest<'_>,
    range: Range,
    usual: &FxHashMap<Operation, Vec<u32>>,
    options: &ErrorOptions,
) -> Vec<ErrorOrigin> {
    let leaves = failing_leaves(forest);
    let reached_top = traces_failing_at_the_top(forest, &leaves, range);
    let mut failing: FxHashSet<TraceKey> = FxHashSet::default();
    let mut groups: FxHashMap<(Operation, ErrorCause), Group> = FxHashMap::default();
    let medians = usual_durations(forest, usual);
    for leaf in &leaves {
        if !forest.starts_in(leaf.row, range) {
            continue;
        }
        let trace = forest.trace_key(leaf.row);
        failing.insert(trace);
        if !leaf.reaches_top && reached_top.contains(&trace) {
            continue;
        }
        let origin = settle(forest, leaf.row, &medians, options);
        let group = groups.entry((forest.operation(origin.row), origin.cause)).or_default();
        fill(forest, group, leaf, &origin, options);
    }
    let mut origins: Vec<ErrorOrigin> = groups
        .into_iter()
        .map(|((operation, cause), group)| finish(forest, operation, cause, group, failing.len(), options))
        .collect();
    origins.sort_by(|a, b| {
        b.traces
            .cmp(&a.traces)
            .then(a.handled_traces.cmp(&b.handled_traces))
            .then(a.first_ns.cmp(&b.first_ns))
            .then_with(|| (&a.service, &a.operation, a.cause).cmp(&(&b.service, &b.operation, b.cause)))
    });
    origins
}

/// A failing span without a failing child.
struct Leaf {
    row: u32,
    /// Whether every span above it failed too.
    reaches_top: bool,
}

fn failing_leaves(forest: &Forest<'_>) -> Vec<Leaf> {
    let count = forest.parents.len();
    let mut failing_below = vec![false; count];
    let mut reaches_top = vec![false; count];
    for &row in &forest.order {
        let at = row as usize;
        if !forest.failed[at] {
            continue;
        }
        match forest.parents[at] {
            Some(parent) => {
                failing_below[parent as usize] = true;
                reaches_top[at] = reaches_top[parent as usize];
            }
            None => reaches_top[at] = true,
        }
    }
    let leaf = |&row: &u32| forest.failed[row as usize] && !failing_below[row as usize];
    let leaves = forest.order.iter().filter(|row| leaf(row));
    leaves.map(|&row| Leaf { row, reaches_top: reaches_top[row as usize] }).collect()
}

fn traces_failing_at_the_top(forest: &Forest<'_>, leaves: &[Leaf], range: Range) -> FxHashSet<TraceKey> {
    let inside = leaves.iter().filter(|leaf| leaf.reaches_top && forest.starts_in(leaf.row, range));
    inside.map(|leaf| forest.trace_key(leaf.row)).collect()
}

/// Median duration and the spread of its logarithm, per operation of the baseline; from calls that did not fail.
fn usual_durations(
    forest: &Forest<'_>,
    usual: &FxHashMap<Operation, Vec<u32>>,
) -> FxHashMap<Operation, (f64, f64)> {
    let mut medians = FxHashMap::default();
    for (operation, rows) in usual {
        let well = rows.iter().filter(|&&row| !forest.failed[row as usize]);
        let mut values: Vec<f64> = well.map(|&row| forest.durations_ns[row as usize] as f64).collect();
        let logs: Vec<f64> = values.iter().map(|value| (value + 1e3).ln()).collect();
        if let Some(middle) = median(&mut values) {
            medians.insert(*operation, (middle, spread(&logs)));
        }
    }
    medians
}

/// Where a failure is put, and why.
struct Settled {
    row: u32,
    cause: ErrorCause,
    /// Callee that the origin gave up on.
    victim: Option<u32>,
    ratio: Option<f64>,
}

/// Moves a failing leaf to its origin: up from a cancelled callee, down to a callee that has become slow.
fn settle(
    forest: &Forest<'_>,
    leaf: u32,
    medians: &FxHashMap<Operation, (f64, f64)>,
    options: &ErrorOptions,
) -> Settled {
    if is_cancelled(forest, leaf) {
        return match who_gave_up(forest, leaf) {
            Some(waiting) => blame_deadline(forest, waiting, leaf, medians, options),
            None => Settled { row: leaf, cause: ErrorCause::Cancelled, victim: None, ratio: None },
        };
    }
    if is_deadline(forest, leaf) {
        let children = forest.children(leaf);
        let longest = children
            .iter()
            .copied()
            .max_by_key(|&child| (forest.durations_ns[child as usize], std::cmp::Reverse(child)));
        let foreign = longest.filter(|&child| forest.service(child) != forest.service(leaf));
        if let Some(callee) = foreign
            && forest.durations_ns[callee as usize] >= forest.durations_ns[leaf as usize] / 2
        {
            return blame_deadline(forest, leaf, callee, medians, options);
        }
    }
    let waits = forest.roles[leaf as usize] == SpanRole::Client || forest.peer(leaf).is_some();
    let cause = if waits && forest.children(leaf).is_empty() {
        ErrorCause::UnmeasuredCallee
    } else {
        ErrorCause::Own
    };
    Settled { row: leaf, cause, victim: None, ratio: None }
}

/// Nearest failing span above a cancelled one that was not itself cancelled. A walk of at most a thousand spans.
fn who_gave_up(forest: &Forest<'_>, cancelled: u32) -> Option<u32> {
    let mut at = forest.parents[cancelled as usize];
    for _ in 0..1_000 {
        let row = at?;
        if forest.failed[row as usize] && !is_cancelled(forest, row) {
            return Some(row);
        }
        at = forest.parents[row as usize];
    }
    None
}

fn blame_deadline(
    forest: &Forest<'_>,
    waiting: u32,
    callee: u32,
    medians: &FxHashMap<Operation, (f64, f64)>,
    options: &ErrorOptions,
) -> Settled {
    let took = forest.durations_ns[callee as usize].max(1) as f64;
    let known = medians.get(&forest.operation(callee)).map(|&(middle, sd)| (took / middle.max(1.0), sd));
    let (row, cause) = match known {
        // Slow beyond the ratio and beyond what the baseline itself varies by.
        Some((ratio, sd)) if ratio >= options.slow_ratio_min && ratio.ln() >= sd => {
            (callee, ErrorCause::SlowCallee)
        }
        Some(_) => (waiting, ErrorCause::DeadlineTooShort),
        None => (waiting, ErrorCause::DeadlineUndecided),
    };
    Settled { row, cause, victim: Some(callee), ratio: known.map(|(ratio, _)| ratio) }
}

fn fill(forest: &Forest<'_>, group: &mut Group, leaf: &Leaf, origin: &Settled, options: &ErrorOptions) {
    let trace = forest.trace_key(leaf.row);
    group.rows.push(origin.row);
    group.traces.insert(trace);
    if !leaf.reaches_top {
        group.handled.insert(trace);
    }
    if let Some(text) = forest.message(origin.row) {
        let cut = cut(text, options.message_bytes_max).to_owned();
        *group.messages.entry(cut).or_default() += 1;
    }
    group.ratios.extend(origin.ratio);
    match origin.victim {
        Some(victim) if origin.row != victim => {
            group.cancelled.insert(forest.text(forest.service(victim)));
            *group.peers.entry(forest.text(forest.service(victim))).or_default() += 1;
        }
        _ => {
            if let Some(peer) = forest.peer(origin.row) {
                *group.peers.entry(peer.to_owned()).or_default() += 1;
            }
        }
    }
    let mut above = forest.caller(origin.row);
    for _ in 0..32 {
        let Some(row) = above else { break };
        group.callers.insert(forest.text(forest.service(row)));
        above = forest.caller(row);
    }
}

fn finish(
    forest: &Forest<'_>,
    operation: Operation,
    cause: ErrorCause,
    mut group: Group,
    failing: usize,
    options: &ErrorOptions,
) -> ErrorOrigin {
    group.rows.sort_unstable_by_key(|&row| (forest.start_ns(row), row));
    group.rows.dedup();
    let commonest = |counts: BTreeMap<String, u64>| {
        counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))).map(|(text, _)| text)
    };
    let service = forest.text(operation.0);
    group.callers.remove(&service);
    group.cancelled.remove(&service);
    ErrorOrigin {
        operation: forest.text(operation.1),
        cause,
        peer: commonest(group.peers),
        message: commonest(group.messages).unwrap_or_default(),
        traces: group.traces.len() as u64,
        share_of_failing_traces: group.traces.len() as f64 / failing.max(1) as f64,
        handled_traces: group.handled.len() as u64,
        baseline_traces: 0,
        callers: group.callers.into_iter().collect(),
        cancelled_callees: group.cancelled.into_iter().collect(),
        callee_ratio: median(&mut group.ratios),
        first_ns: group.rows.first().map_or(0, |&row| forest.start_ns(row)),
        exemplar_rows: group.rows.into_iter().take(options.exemplars_max).collect(),
        service,
    }
}

fn code(forest: &Forest<'_>, row: u32, keys: &[&str]) -> Option<i64> {
    forest.attribute(row, keys)?.trim().parse().ok()
}

fn says(forest: &Forest<'_>, row: u32, words: &[&str]) -> bool {
    let Some(text) = forest.message(row) else { return false };
    let text = cut(text, 2_048).to_ascii_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// Whether the span ended because its caller went away.
fn is_cancelled(forest: &Forest<'_>, row: u32) -> bool {
    const WORDS: &[&str] = &[
        "context canceled",
        "context cancelled",
        "request canceled",
        "request cancelled",
        "call cancelled",
        "call canceled",
        "cancelled by client",
        "canceled by client",
        "client closed",
        "client disconnected",
        "client cancelled",
        "client canceled",
        "operation was canceled",
        "code = canceled",
        "canceled due to user request",
    ];
    let grpc = code(forest, row, GRPC_KEYS);
    grpc == Some(1)
        || code(forest, row, HTTP_KEYS) == Some(499)
        || (grpc != Some(4) && says(forest, row, WORDS))
        || matches!(
            forest.message(row),
            Some("cancelled" | "canceled" | "CANCELLED" | "Canceled" | "Cancelled")
        )
}

/// Whether the span ended because its own time ran out.
fn is_deadline(forest: &Forest<'_>, row: u32) -> bool {
    const WORDS: &[&str] = &["deadline", "timeout", "timed out", "time out"];
    code(forest, row, GRPC_KEYS) == Some(4)
        || matches!(code(forest, row, HTTP_KEYS), Some(408 | 504))
        || says(forest, row, WORDS)
}

/// The longest prefix of at most `bytes_max` bytes that ends at a character.
fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Span, add_trace, batch, ms, span};
    use super::*;

    const LATE: i64 = 1_000_001;

    /// Runs `before` in the baseline and `after` in the window; returns the first origin.
    #[track_caller]
    fn check(before: &[Span], after: &[Span]) -> ErrorOrigin {
        let mut spans = Vec::new();
        add_trace(&mut spans, "t1", 1, before);
        add_trace(&mut spans, "t2", LATE, after);
        let options = ErrorOptions { baseline: Some((0, ms(1_000_000))), ..ErrorOptions::default() };
        error_origins(&batch(&spans), (ms(1_000_000), ms(2_000_000)), &options).remove(0)
    }

    fn call(client: Span, server: Span) -> Vec<Span> {
        vec![span("a", "serve").at(0, 450), client.under(0), server.under(1)]
    }

    #[test]
    fn the_deepest_failing_span_is_the_origin_and_the_rest_are_callers() {
        let spans = [
            span("a", "serve").at(0, 50).failed("500"),
            span("b", "read").at(1, 40).under(0).failed("upstream"),
            span("c", "load").at(2, 30).under(1).failed("disk"),
            span("d", "log").at(3, 5).under(2),
        ];
        let origin = check(&[], &spans);
        assert_eq!(
            (origin.service.as_str(), origin.cause, origin.message.as_str()),
            ("c", ErrorCause::Own, "disk")
        );
        assert_eq!(origin.callers, ["a", "b"]);
        assert_eq!((origin.share_of_failing_traces, origin.handled_traces), (1.0, 0));
    }

    #[test]
    fn a_handled_failure_yields_to_the_one_that_reached_the_top() {
        let spans = [
            span("a", "serve").at(0, 50).failed("500"),
            span("b", "hint").at(1, 10).under(0),
            span("c", "cache").at(2, 5).under(1).failed("miss"),
            span("d", "load").at(12, 30).under(0).failed("disk"),
        ];
        let mut all = Vec::new();
        add_trace(&mut all, "t", 1, &spans);
        let origins = error_origins(&batch(&all), (0, ms(9_000)), &ErrorOptions::default());
        assert_eq!(origins.iter().map(|o| o.service.as_str()).collect::<Vec<_>>(), ["d"]);
    }

    #[test]
    fn a_cancelled_callee_as_fast_as_ever_is_a_victim_of_the_deadline() {
        let well = call(span("a", "b.read").at(1, 405), span("b", "read").at(2, 400));
        let mut bad = call(
            span("a", "b.read").at(1, 301).failed("DeadlineExceeded"),
            span("b", "read").at(2, 399).failed("context canceled").with("rpc.grpc.status_code", "1"),
        );
        bad[0] = bad[0].clone().failed("503");
        let origin = check(&well, &bad);
        assert_eq!((origin.service.as_str(), origin.operation.as_str()), ("a", "b.read"));
        assert_eq!(origin.cause, ErrorCause::DeadlineTooShort);
        assert_eq!((origin.cancelled_callees, origin.peer), (vec!["b".to_owned()], Some("b".to_owned())));
    }

    #[test]
    fn a_callee_that_became_slow_is_the_origin_though_the_caller_gave_up() {
        let well = call(span("a", "b.read").at(1, 45), span("b", "read").at(2, 40));
        let cancelled = span("b", "read").at(2, 999).failed("context canceled");
        let mut bad = call(span("a", "b.read").at(1, 1000).failed("deadline exceeded"), cancelled);
        let origin = check(&well, &bad);
        assert_eq!((origin.service.as_str(), origin.cause), ("b", ErrorCause::SlowCallee));
        bad[2] = span("b", "read").at(2, 1400).under(1);
        let origin = check(&well, &bad);
        assert_eq!((origin.service.as_str(), origin.cause), ("b", ErrorCause::SlowCallee));
        let origin = check(&[], &bad);
        assert_eq!((origin.service.as_str(), origin.cause), ("a", ErrorCause::DeadlineUndecided));
    }

    #[test]
    fn a_call_that_left_no_span_names_its_peer() {
        let spans = [
            span("a", "serve").at(0, 50).failed("500"),
            span("a", "query").at(1, 40).under(0).failed("connection refused").with("peer.service", "store"),
        ];
        let origin = check(&[], &spans);
        assert_eq!((origin.cause, origin.peer.as_deref()), (ErrorCause::UnmeasuredCallee, Some("store")));
    }

    #[test]
    fn a_cut_message_ends_at_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
