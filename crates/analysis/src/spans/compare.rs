//! Which operations became slow or began to fail, told from few calls.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::{Forest, Operation, Range, SpanRole};
use super::selftime::{OperationStats, role_of, rows_by_operation, stats_of};
use super::statistics::{binomial_tail, median, moderated_z, quantile, spread};

/// Where [`compare_operations`] draws its lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompareOptions {
    /// Least `z` of a slower operation.
    pub z_min: f64,
    /// Least ratio of medians (or of 95th percentiles, when only some calls are slow).
    pub ratio_min: f64,
    /// Largest chance at which a rise of errors still counts.
    pub chance_max: f64,
    /// Least part of the trace's time that an operation without a baseline must take by itself to be called slow.
    pub self_share_min: f64,
}

impl Default for CompareOptions {
    fn default() -> Self {
        CompareOptions { z_min: 2.0, ratio_min: 1.5, chance_max: 0.05, self_share_min: 0.5 }
    }
}

/// What an operation was held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// Its own calls in the baseline.
    Baseline,
    /// Other operations of the same window, for want of a baseline: weaker, it cannot tell slow from always slow.
    OtherOperations,
}

/// How an operation changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationChange {
    /// Service, as the spans name it.
    pub service: String,
    /// Operation, as the spans name it.
    pub operation: String,
    /// Whether it works or waits for somebody else. Slow self-time of a client is time on the way, not in the service.
    pub role: SpanRole,
    /// Whom it waits for, when most of its calls leave no span of the called side and name the same peer. What it spends
    /// in itself is then the peer's time and the way there.
    pub peer: Option<String>,
    /// Figures in the baseline; `None` when it has no call there.
    pub baseline: Option<OperationStats>,
    /// Figures in the window.
    pub window: OperationStats,
    /// What the flags rest on.
    pub reference: Reference,
    /// Whether it spends more time in itself, enough to matter for its duration.
    pub slow_self: bool,
    /// Whether it takes longer as a whole.
    pub slow_total: bool,
    /// Whether more of its calls fail.
    pub errors_rose: bool,
    /// Median duration now over before; against other operations, over their median.
    pub ratio: f64,
    /// Median self-time now over before, likewise.
    pub self_ratio: f64,
    /// Moderated z of the duration (log scale, shrunk: one call against one with a fourfold step is 2.8).
    pub z_total: f64,
    /// Moderated z of the self-time.
    pub z_self: f64,
    /// Chance of so many errors at the baseline's shrunk error rate.
    pub errors_chance: f64,
    /// Start of the first call in the window that failed or was slow beyond the baseline's range; `None` when no flag
    /// is set.
    pub first_bad_ns: Option<i64>,
}

/// Changes of every operation with calls in `window`, the most changed first (flags, then z, then names).
///
/// Ranges are closed-open nanoseconds and select spans by start. With a baseline, durations and self-times are
/// compared by a moderated z on logarithms (Smyth 2004), which shrinks the spread of few calls towards a prior, and
/// an operation of which only some calls are slow is found by the share beyond the baseline's fence. Errors are
/// compared by the binomial tail at a shrunk baseline rate. Without a baseline an operation is slow only when it takes
/// most of the trace by itself and far more than the other operations do; `reference` says so.
pub fn compare_operations(
    batch: &SpanBatch,
    baseline: Range,
    window: Range,
    options: &CompareOptions,
) -> Vec<OperationChange> {
    let forest = Forest::new(batch);
    compare(&forest, baseline, window, options)
}

pub(crate) fn compare(
    forest: &Forest<'_>,
    baseline: Range,
    window: Range,
    options: &CompareOptions,
) -> Vec<OperationChange> {
    let before = rows_by_operation(forest, baseline);
    let after = rows_by_operation(forest, window);
    let others = typical_self_ms(forest, &after);
    let mut changes: Vec<OperationChange> = after
        .iter()
        .map(|(operation, rows)| match before.get(operation) {
            Some(earlier) => against_baseline(forest, *operation, earlier, rows, options),
            None => against_others(forest, *operation, rows, others, options),
        })
        .collect();
    changes.sort_by(|a, b| {
        let weight = |c: &OperationChange| {
            let flags = u8::from(c.slow_self) + u8::from(c.slow_total) + u8::from(c.errors_rose);
            (flags, c.z_self.max(c.z_total))
        };
        let ((flags_a, z_a), (flags_b, z_b)) = (weight(a), weight(b));
        flags_b
            .cmp(&flags_a)
            .then(z_b.total_cmp(&z_a))
            .then_with(|| (&a.service, &a.operation).cmp(&(&b.service, &b.operation)))
    });
    changes
}

/// The peer that most of `rows` name without having a child span.
fn peer_of(forest: &Forest<'_>, rows: &[u32]) -> Option<String> {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for &row in rows.iter().filter(|&&row| forest.children(row).is_empty()) {
        if let Some(peer) = forest.peer(row) {
            *named.entry(peer).or_default() += 1;
        }
    }
    let (peer, calls) = named.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))?;
    (2 * calls > rows.len()).then(|| peer.to_owned())
}

/// How one set of times compares with another.
struct Shift {
    ratio: f64,
    z: f64,
    slow: bool,
    /// Above this a time is unlike the baseline.
    fence: f64,
    /// What was added, in the unit of the values, by median or by 95th percentile.
    added: f64,
}

fn against_baseline(
    forest: &Forest<'_>,
    operation: Operation,
    earlier: &[u32],
    rows: &[u32],
    options: &CompareOptions,
) -> OperationChange {
    let (before, after) = (stats_of(forest, earlier), stats_of(forest, rows));
    let of = |rows: &[u32], times: &[i64]| {
        rows.iter().map(|&row| times[row as usize] as f64).collect::<Vec<f64>>()
    };
    let floor = (forest.duration_step_ns as f64).max(before.duration_ms_p50 * 1e4).max(1e3);
    let total = shift(&of(earlier, &forest.durations_ns), &of(rows, &forest.durations_ns), floor, options);
    let own = shift(&of(earlier, &forest.self_ns), &of(rows, &forest.self_ns), floor, options);
    let step = forest.duration_step_ns as f64;
    let matters =
        own.added > step && own.added > 0.05e6 * before.duration_ms_p50 && own.added > 0.2 * total.added;
    let slow_total = total.slow && total.added > step;
    let slow_self = own.slow && matters;
    let rate = (before.errors as f64 + 0.05) / (before.calls as f64 + 1.0);
    let errors_chance = binomial_tail(after.errors, after.calls, rate);
    let rise = after.error_share - before.error_share;
    let errors_rose = errors_chance <= options.chance_max
        && rise >= 0.005
        && after.error_share >= before.error_share * options.ratio_min;
    let bad = |row: u32| {
        let at = row as usize;
        (errors_rose && forest.failed[at])
            || (slow_total && forest.durations_ns[at] as f64 > total.fence)
            || (slow_self && forest.self_ns[at] as f64 > own.fence)
    };
    OperationChange {
        service: forest.text(operation.0),
        operation: forest.text(operation.1),
        role: role_of(forest, rows),
        peer: peer_of(forest, rows),
        baseline: Some(before),
        window: after,
        reference: Reference::Baseline,
        slow_self,
        slow_total,
        errors_rose,
        ratio: total.ratio,
        self_ratio: own.ratio,
        z_total: total.z,
        z_self: own.z,
        errors_chance,
        first_bad_ns: rows.iter().filter(|&&row| bad(row)).map(|&row| forest.start_ns(row)).min(),
    }
}

/// Compares two samples of times; `floor` is added to each so that times near nothing do not make large ratios.
fn shift(before: &[f64], after: &[f64], floor: f64, options: &CompareOptions) -> Shift {
    let ln = |values: &[f64]| values.iter().map(|value| (value + floor).ln()).collect::<Vec<f64>>();
    let (ln_before, ln_after) = (ln(before), ln(after));
    let middle = |values: &[f64]| median(&mut values.to_vec()).unwrap_or(0.0);
    let ratio = (middle(&ln_after) - middle(&ln_before)).exp();
    let z = moderated_z(&ln_before, &ln_after);
    let fence_ln = middle(&ln_before) + (2.5 * spread(&ln_before)).max(options.ratio_min.ln());
    let beyond = |values: &[f64]| values.iter().filter(|&&value| value > fence_ln).count() as u64;
    let (hits, calls) = (beyond(&ln_after), after.len() as u64);
    let rate = (beyond(&ln_before) as f64 + 0.1) / (before.len() as f64 + 2.0);
    let some_are_slow = hits >= 3 && hits * 10 >= calls && binomial_tail(hits, calls, rate) < 1e-3;
    let tail = |values: &[f64]| quantile(&mut values.to_vec(), 0.95).unwrap_or(0.0);
    let added_at_tail = if some_are_slow { tail(after) - tail(before) } else { 0.0 };
    let all_are_slow = z >= options.z_min && ratio >= options.ratio_min;
    let some_are_slow = some_are_slow && tail(after) + floor >= options.ratio_min * (tail(before) + floor);
    Shift {
        ratio,
        z,
        slow: all_are_slow || some_are_slow,
        fence: if some_are_slow || before.len() >= 3 {
            fence_ln.exp() - floor
        } else {
            (middle(&ln_before) + options.ratio_min.ln()).exp() - floor
        },
        added: (middle(after) - middle(before)).max(added_at_tail),
    }
}

/// Logarithms of the median self-time (in ns) of every working operation of the window.
fn typical_self_ms(forest: &Forest<'_>, after: &FxHashMap<Operation, Vec<u32>>) -> Typical {
    let of = |times: &[i64]| {
        let mut logs: Vec<f64> = after
            .values()
            .map(|rows| {
                let mut values: Vec<f64> = rows.iter().map(|&row| times[row as usize] as f64).collect();
                (median(&mut values).unwrap_or(0.0) + 1e3).ln()
            })
            .collect();
        (median(&mut logs).unwrap_or(0.0), spread(&logs).max(1.0))
    };
    Typical { total: of(&forest.durations_ns), own: of(&forest.self_ns), operations: after.len() }
}

/// Medians and spreads of logarithms over operations.
#[derive(Clone, Copy)]
struct Typical {
    total: (f64, f64),
    own: (f64, f64),
    operations: usize,
}

fn against_others(
    forest: &Forest<'_>,
    operation: Operation,
    rows: &[u32],
    others: Typical,
    options: &CompareOptions,
) -> OperationChange {
    let stats = stats_of(forest, rows);
    let held = |ms_p50: f64, (middle, sd): (f64, f64)| {
        let log = (ms_p50 * 1e6 + 1e3).ln();
        ((log - middle).exp(), (log - middle) / sd)
    };
    let (ratio, z_total) = held(stats.duration_ms_p50, others.total);
    let (self_ratio, z_self) = held(stats.self_ms_p50, others.own);
    let slow_self = others.operations >= 3
        && stats.self_share >= options.self_share_min
        && z_self >= 1.0
        && self_ratio >= 2.0 * options.ratio_min;
    let errors_chance = binomial_tail(stats.errors, stats.calls, 0.05);
    let errors_rose = errors_chance <= options.chance_max;
    let bad = |row: u32| slow_self || (errors_rose && forest.failed[row as usize]);
    OperationChange {
        service: forest.text(operation.0),
        operation: forest.text(operation.1),
        role: role_of(forest, rows),
        peer: peer_of(forest, rows),
        baseline: None,
        window: stats,
        reference: Reference::OtherOperations,
        slow_self,
        slow_total: false,
        errors_rose,
        ratio,
        self_ratio,
        z_total,
        z_self,
        errors_chance,
        first_bad_ns: rows.iter().filter(|&&row| bad(row)).map(|&row| forest.start_ns(row)).min(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Span, add_trace, batch, ms, span};
    use super::*;

    fn find<'a>(changes: &'a [OperationChange], service: &str) -> &'a OperationChange {
        changes.iter().find(|change| change.service == service).unwrap()
    }

    /// Caller `a` over callee `b`: durations in the baseline and in the window.
    fn check(before: &[(i64, i64)], after: &[(i64, i64)]) -> Vec<OperationChange> {
        let mut spans: Vec<Span> = Vec::new();
        for (from_ms, pairs) in [(1, before), (100_001, after)] {
            for (number, &(caller_ms, callee_ms)) in pairs.iter().enumerate() {
                let start = from_ms + 10_000 * number as i64;
                let trace =
                    [span("a", "serve").at(0, caller_ms), span("b", "read").at(1, callee_ms).under(0)];
                add_trace(&mut spans, &format!("t{from_ms}-{number}"), start, &trace);
            }
        }
        let options = CompareOptions::default();
        compare_operations(&batch(&spans), (0, ms(100_000)), (ms(100_000), ms(900_000)), &options)
    }

    #[test]
    fn a_slow_callee_makes_its_caller_slow_but_not_in_itself() {
        let changes = check(&[(100, 60), (105, 62)], &[(440, 400), (430, 395)]);
        let (caller, callee) = (find(&changes, "a"), find(&changes, "b"));
        assert!(caller.slow_total && !caller.slow_self);
        assert!(callee.slow_total && callee.slow_self);
        assert_eq!(callee.first_bad_ns, Some(ms(100_002)));
        assert_eq!(changes[0].service, "b");
    }

    #[test]
    fn the_same_again_is_no_change() {
        let changes = check(&[(100, 60), (90, 50)], &[(110, 66), (95, 52)]);
        assert!(
            changes
                .iter()
                .all(|c| !c.slow_self && !c.slow_total && !c.errors_rose && c.first_bad_ns.is_none())
        );
    }

    #[test]
    fn some_slow_calls_are_enough_when_there_are_many() {
        let before = vec![(100, 60); 20];
        let mut after = vec![(100, 60); 14];
        after.extend([(900, 860); 6]);
        let changes = check(&before, &after);
        let callee = find(&changes, "b");
        assert!(callee.slow_self && callee.ratio < 1.1);
        assert_eq!(callee.first_bad_ns, Some(ms(100_001 + 140_000 + 1)));
    }

    #[test]
    fn errors_rise_above_the_baseline_rate() {
        let mut spans = Vec::new();
        for number in 0..10 {
            add_trace(&mut spans, &format!("b{number}"), 1 + number * 7, &[span("a", "serve").at(0, 10)]);
            let bad = span("a", "serve").at(0, 10).failed("boom");
            let one = if number % 2 == 0 { bad } else { span("a", "serve").at(0, 10) };
            add_trace(&mut spans, &format!("w{number}"), 100_001 + number * 7, &[one]);
        }
        let options = CompareOptions::default();
        let changes =
            compare_operations(&batch(&spans), (0, ms(100_000)), (ms(100_000), ms(900_000)), &options);
        assert!(changes[0].errors_rose && !changes[0].slow_total);
        assert_eq!(changes[0].first_bad_ns, Some(ms(100_001)));
    }

    #[test]
    fn without_a_baseline_only_the_one_that_takes_most_is_called_slow() {
        let trace = [
            span("a", "serve").at(0, 1000),
            span("b", "read").at(1, 950).under(0),
            span("c", "load").at(2, 10).under(1),
            span("d", "check").at(13, 20).under(1),
        ];
        let mut spans = Vec::new();
        add_trace(&mut spans, "t", 1, &trace);
        let changes = compare_operations(&batch(&spans), (-10, -5), (0, ms(900)), &CompareOptions::default());
        let slow: Vec<&str> = changes.iter().filter(|c| c.slow_self).map(|c| c.service.as_str()).collect();
        assert_eq!(slow, ["b"]);
        assert!(changes.iter().all(|c| c.baseline.is_none() && c.reference == Reference::OtherOperations));
    }
}
