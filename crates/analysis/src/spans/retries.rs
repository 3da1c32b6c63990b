//! Calls that are made again because they failed.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::{Forest, Operation, Range};

/// Where [`retries`] draws its lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryOptions {
    /// Least calls per parent, over those of the baseline, of a storm.
    pub storm_ratio_min: f64,
    /// Least share of parents that retry, of a storm.
    pub storm_share_min: f64,
}

impl Default for RetryOptions {
    fn default() -> Self {
        RetryOptions { storm_ratio_min: 2.0, storm_share_min: 0.2 }
    }
}

/// A call that is repeated under one parent after it failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryChange {
    /// Service that repeats.
    pub service: String,
    /// Operation under which it repeats.
    pub operation: String,
    /// Service of the repeated span; the repeating service's own for client spans.
    pub callee_service: String,
    /// Repeated operation.
    pub callee_operation: String,
    /// Parents in the window that make the call.
    pub parents: u64,
    /// Those that made it again after a failure.
    pub parents_with_retries: u64,
    /// Those whose last attempt failed too.
    pub parents_exhausted: u64,
    /// Most attempts under one parent.
    pub attempts_max: u64,
    /// Calls per parent in the window.
    pub attempts_mean: f64,
    /// Calls per parent in the baseline; `None` when the call was not seen there.
    pub attempts_mean_baseline: Option<f64>,
    /// Share of parents with retries in the baseline.
    pub retry_share_baseline: Option<f64>,
    /// Whether the retries multiply the load on the callee.
    pub storm: bool,
    /// Start of the first parent that retried.
    pub first_ns: i64,
}

/// Repeated calls of the window, storms first, then by parents that retried.
///
/// An attempt is a retry when an earlier span of the same operation under the same parent had failed and ended (or,
/// for hedged calls, had begun) before it. Repetition without failure is a fan-out.
pub fn retries(
    batch: &SpanBatch,
    baseline: Range,
    window: Range,
    options: &RetryOptions,
) -> Vec<RetryChange> {
    let forest = Forest::new(batch);
    let (before, after) = (tallies(&forest, baseline), tallies(&forest, window));
    let mut found: Vec<RetryChange> = Vec::new();
    for (key @ (parent, callee), now) in &after {
        if now.retried == 0 {
            continue;
        }
        let earlier = before.get(key);
        let attempts_mean = now.calls as f64 / now.parents as f64;
        let attempts_mean_baseline = earlier.map(|tally| tally.calls as f64 / tally.parents as f64);
        let share = now.retried as f64 / now.parents as f64;
        found.push(RetryChange {
            service: forest.text(parent.0),
            operation: forest.text(parent.1),
            callee_service: forest.text(callee.0),
            callee_operation: forest.text(callee.1),
            parents: now.parents,
            parents_with_retries: now.retried,
            parents_exhausted: now.exhausted,
            attempts_max: now.attempts_max,
            attempts_mean,
            attempts_mean_baseline,
            retry_share_baseline: earlier.map(|tally| tally.retried as f64 / tally.parents as f64),
            storm: share >= options.storm_share_min
                && attempts_mean >= options.storm_ratio_min * attempts_mean_baseline.unwrap_or(1.0),
            first_ns: now.first_ns,
        });
    }
    found.sort_by(|a, b| {
        let names = |r: &RetryChange| {
            [&r.service, &r.operation, &r.callee_service, &r.callee_operation].map(String::clone)
        };
        b.storm
            .cmp(&a.storm)
            .then(b.parents_with_retries.cmp(&a.parents_with_retries))
            .then_with(|| names(a).cmp(&names(b)))
    });
    found
}

#[derive(Default)]
struct Tally {
    parents: u64,
    calls: u64,
    retried: u64,
    exhausted: u64,
    attempts_max: u64,
    first_ns: i64,
}

fn tallies(forest: &Forest<'_>, range: Range) -> FxHashMap<(Operation, Operation), Tally> {
    let mut tallies: FxHashMap<(Operation, Operation), Tally> = FxHashMap::default();
    for row in forest.rows_in(range) {
        let mut kinds: BTreeMap<Operation, Vec<u32>> = BTreeMap::new();
        for &child in forest.children(row) {
            kinds.entry(forest.operation(child)).or_default().push(child);
        }
        for (kind, mut attempts) in kinds {
            attempts.sort_unstable_by_key(|&child| (forest.start_ns(child), child));
            let tally = tallies
                .entry((forest.operation(row), kind))
                .or_insert_with(|| Tally { first_ns: i64::MAX, ..Tally::default() });
            tally.parents += 1;
            tally.calls += attempts.len() as u64;
            let again = attempts.iter().skip_while(|&&child| !forest.failed[child as usize]).count();
            if again < 2 {
                continue;
            }
            tally.retried += 1;
            tally.attempts_max = tally.attempts_max.max(again as u64);
            tally.first_ns = tally.first_ns.min(forest.start_ns(row));
            let last_failed = attempts.last().is_some_and(|&child| forest.failed[child as usize]);
            tally.exhausted += u64::from(last_failed);
        }
    }
    tallies
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Span, add_trace, batch, ms, span};
    use super::*;

    /// A parent whose attempts fail or not.
    fn request(fails: &[bool]) -> Vec<Span> {
        let mut spans = vec![span("a", "serve").at(0, 500)];
        for (number, &fails) in fails.iter().enumerate() {
            let attempt = span("b", "read").at(1 + 20 * number as i64, 10).under(0);
            spans.push(if fails { attempt.failed("unavailable") } else { attempt });
        }
        spans
    }

    fn check(before: &[&[bool]], after: &[&[bool]]) -> Vec<RetryChange> {
        let mut spans = Vec::new();
        for (from, all) in [(1, before), (1_000_001, after)] {
            for (number, fails) in all.iter().enumerate() {
                add_trace(
                    &mut spans,
                    &format!("{from}-{number}"),
                    from + 9000 * number as i64,
                    &request(fails),
                );
            }
        }
        let middle = ms(1_000_000);
        retries(&batch(&spans), (0, middle), (middle, i64::MAX), &RetryOptions::default())
    }

    #[test]
    fn an_attempt_after_a_failure_is_a_retry_and_many_are_a_storm() {
        let found = check(&[&[false], &[false]], &[&[true, true, true], &[true, true, false], &[false]]);
        assert_eq!(found.len(), 1);
        let one = &found[0];
        assert_eq!((one.parents, one.parents_with_retries, one.parents_exhausted), (3, 2, 1));
        assert_eq!((one.attempts_max, one.attempts_mean_baseline), (3, Some(1.0)));
        assert!(one.storm && one.first_ns == ms(1_000_001));
    }

    #[test]
    fn repetition_without_failure_is_none_and_one_retry_in_ten_no_storm() {
        assert!(check(&[], &[&[false, false, false]]).is_empty());
        let mut after: Vec<&[bool]> = vec![&[false]; 9];
        after.push(&[true, false]);
        let found = check(&[&[false]], &after);
        assert!(found.len() == 1 && !found[0].storm);
    }
}
