//! Clocks that differ between services, as calls across them show.
//!
//! A callee works while its caller waits, so that a call of which the callee's span begins before, or ends after, the
//! caller's tells of two clocks. The bounds are those of P. Mills' clock filter (RFC 5905, section 10) with the caller as
//! client: the offset lies between the differences of the two ends, and the middle is the estimate.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::forest::Forest;

/// How far the clock of a service is off against most others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// Whose clock.
    pub service: String,
    /// Nanoseconds it is ahead of the others; negative when behind.
    pub offset_ns: i64,
    /// Calls that it was estimated from.
    pub pairs: u64,
    /// Median distance of the single estimates from the offset, in nanoseconds.
    pub mad_ns: i64,
}

/// When an offset counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockOptions {
    /// Least offset in nanoseconds: what is below harms nobody.
    pub offset_ns_min: i64,
    /// Least number of calls between two services.
    pub pairs_min: usize,
    /// Least share of them that cannot be true at equal clocks.
    pub share_min: f64,
    /// Largest median distance of the single estimates, as a share of the offset: work that merely waits in between
    /// varies, a clock does not.
    pub spread_max: f64,
}

impl Default for ClockOptions {
    fn default() -> Self {
        ClockOptions { offset_ns_min: 2_000_000_000, pairs_min: 5, share_min: 0.8, spread_max: 0.1 }
    }
}

/// Calls looked at between two services.
const PAIRS_MAX: usize = 2000;

/// Services whose clock is off against the largest group of services that agree, sorted by service. Work handed over by
/// messages is left out, because it may wait. Of two services that differ and nobody else, the callee is taken to be off.
pub fn clock_offsets(batch: &SpanBatch, options: &ClockOptions) -> Vec<ClockOffset> {
    let edges = edges(batch, options);
    let mut found = Vec::new();
    let mut left: BTreeSet<&str> = edges.keys().flat_map(|(from, to)| [from.as_str(), to.as_str()]).collect();
    let called: BTreeSet<&str> = edges.keys().map(|(_, to)| to.as_str()).collect();
    while let Some(root) = left.iter().find(|name| !called.contains(**name)).or_else(|| left.first()).copied()
    {
        let reached = reach(root, &edges);
        let reference = reference(&reached, options.offset_ns_min);
        for (service, place) in reached {
            left.remove(service);
            let offset_ns = place.offset_ns.saturating_sub(reference);
            if offset_ns.saturating_abs() < options.offset_ns_min {
                continue;
            }
            // The one it was reached from may be the one that is off; then the calls between them tell of both.
            found.push(ClockOffset {
                service: service.to_owned(),
                offset_ns,
                pairs: place.pairs.max(pairs_of(service, &edges)),
                mad_ns: place.mad_ns,
            });
        }
    }
    found.sort_by(|a, b| a.service.cmp(&b.service));
    found
}

/// A log line that names the trace it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracedLine<'a> {
    /// Who wrote it.
    pub service: &'a str,
    /// The trace it names.
    pub trace: &'a str,
    /// When, in nanoseconds since the epoch.
    pub time_ns: i64,
}

/// Services whose lines lie outside their own spans of the same traces, by about the same time each: how far the clock of
/// the lines is ahead of that of the spans. Sorted by service.
pub fn line_offsets(lines: &[TracedLine<'_>], batch: &SpanBatch, options: &ClockOptions) -> Vec<ClockOffset> {
    let mut own: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for span in (0..batch.len()).filter_map(|row| batch.row(row)) {
        let end_ns = span.start_ns.saturating_add(span.duration_ns);
        let (first, last) = own.entry((span.service, span.trace)).or_insert((span.start_ns, end_ns));
        (*first, *last) = ((*first).min(span.start_ns), (*last).max(end_ns));
    }
    let mut bounds: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
    for line in lines {
        if let Some((first, last)) = own.get(&(line.service, line.trace)) {
            let (least, most) = (line.time_ns.saturating_sub(*last), line.time_ns.saturating_sub(*first));
            bounds.entry(line.service).or_default().push((least, most));
        }
    }
    let enough = bounds.into_iter().filter(|(_, bounds)| bounds.len() >= options.pairs_min);
    let told = enough.map(|(service, bounds)| (service, edge(&bounds, options)));
    told.filter(|(_, edge)| edge.offset_ns.saturating_abs() >= options.offset_ns_min)
        .map(|(service, edge)| ClockOffset {
            service: service.to_owned(),
            offset_ns: edge.offset_ns,
            pairs: edge.pairs,
            mad_ns: edge.mad_ns,
        })
        .collect()
}

/// What the calls from one service to another say of their clocks.
#[derive(Debug, Clone, Copy)]
struct Edge {
    /// The callee's clock less the caller's; 0 when they may agree.
    offset_ns: i64,
    mad_ns: i64,
    pairs: u64,
}

fn edges(batch: &SpanBatch, options: &ClockOptions) -> BTreeMap<(String, String), Edge> {
    let forest = Forest::new(batch);
    let mut calls: BTreeMap<(&str, &str), Vec<(i64, i64)>> = BTreeMap::new();
    for &row in &forest.order {
        let Some(parent) = forest.parents[row as usize] else { continue };
        let (from, to) = (forest.service(parent), forest.service(row));
        let longer = forest.durations_ns[row as usize] > forest.durations_ns[parent as usize];
        if from == to || longer || is_message(batch, row) || is_message(batch, parent) {
            continue;
        }
        let names = (batch.symbols.text(from), batch.symbols.text(to));
        let of_pair = calls.entry(names).or_default();
        if of_pair.len() < PAIRS_MAX {
            let least = forest.end_ns(row).saturating_sub(forest.end_ns(parent));
            let most = forest.start_ns(row).saturating_sub(forest.start_ns(parent));
            of_pair.push((least, most));
        }
    }
    let enough = calls.into_iter().filter(|(_, bounds)| bounds.len() >= options.pairs_min);
    enough.map(|((from, to), bounds)| ((from.to_owned(), to.to_owned()), edge(&bounds, options))).collect()
}

fn is_message(batch: &SpanBatch, row: u32) -> bool {
    batch.attributes_of(row as usize).any(|(key, value)| {
        key.starts_with("messaging.")
            || (key.ends_with("kind")
                && matches!(
                    value.to_ascii_lowercase().trim_start_matches("span_kind_"),
                    "producer" | "consumer" | "4" | "5"
                ))
    })
}

fn edge(bounds: &[(i64, i64)], options: &ClockOptions) -> Edge {
    let pairs = bounds.len() as u64;
    let outside = bounds.iter().filter(|(least, most)| *least > 0 || *most < 0).count();
    let agree = Edge { offset_ns: 0, mad_ns: 0, pairs };
    if (outside as f64) < options.share_min * bounds.len() as f64 {
        return agree;
    }
    let mut middles: Vec<i64> = bounds.iter().map(|(least, most)| least / 2 + most / 2).collect();
    let offset_ns = middle(&mut middles);
    let mut distances: Vec<i64> =
        middles.iter().map(|at| at.saturating_sub(offset_ns).saturating_abs()).collect();
    let mad_ns = middle(&mut distances);
    if mad_ns as f64 > options.spread_max * offset_ns.saturating_abs() as f64 {
        return agree;
    }
    Edge { offset_ns, mad_ns, pairs }
}

/// The lower median; 0 of nothing.
fn middle(values: &mut [i64]) -> i64 {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// Where a service stands against the one the walk began at.
#[derive(Debug, Clone, Copy)]
struct Place {
    offset_ns: i64,
    mad_ns: i64,
    pairs: u64,
}

/// Every service that calls connect with `root`, by the connections with the most calls first (Prim's algorithm).
fn reach<'e>(root: &'e str, edges: &'e BTreeMap<(String, String), Edge>) -> BTreeMap<&'e str, Place> {
    let mut touching: BTreeMap<&str, Vec<(&str, i64, &Edge)>> = BTreeMap::new();
    for ((from, to), edge) in edges {
        touching.entry(from).or_default().push((to, edge.offset_ns, edge));
        touching.entry(to).or_default().push((from, edge.offset_ns.saturating_neg(), edge));
    }
    let mut reached = BTreeMap::from([(root, Place { offset_ns: 0, mad_ns: 0, pairs: 0 })]);
    let mut open = std::collections::BinaryHeap::new();
    let widen = |name: &'e str, at: i64, open: &mut std::collections::BinaryHeap<_>| {
        for (other, offset, edge) in touching.get(name).into_iter().flatten() {
            open.push((edge.pairs, std::cmp::Reverse(*other), at.saturating_add(*offset), edge.mad_ns));
        }
    };
    widen(root, 0, &mut open);
    while let Some((pairs, std::cmp::Reverse(name), offset_ns, mad_ns)) = open.pop() {
        if reached.contains_key(name) {
            continue;
        }
        reached.insert(name, Place { offset_ns, mad_ns, pairs });
        widen(name, offset_ns, &mut open);
    }
    reached
}

/// The offset that most services share; of equally many the one nearest to where the walk began.
fn reference(reached: &BTreeMap<&str, Place>, apart_ns: i64) -> i64 {
    let mut sorted: Vec<i64> = reached.values().map(|place| place.offset_ns).collect();
    sorted.sort_unstable();
    let near = |at: i64| {
        let first = sorted.partition_point(|other| at.saturating_sub(*other) >= apart_ns);
        sorted.partition_point(|other| other.saturating_sub(at) < apart_ns) - first
    };
    let best = reached.values().map(|place| place.offset_ns);
    best.max_by_key(|at| (near(*at), std::cmp::Reverse(at.saturating_abs()), *at)).unwrap_or(0)
}

fn pairs_of(service: &str, edges: &BTreeMap<(String, String), Edge>) -> u64 {
    let own =
        edges.iter().filter(|((from, to), edge)| (from == service || to == service) && edge.offset_ns != 0);
    own.map(|(_, edge)| edge.pairs).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Span, add_trace, batch, span};
    use super::*;

    /// Traces `svc-a → svc-b → svc-c`, and `svc-a → svc-d`, with each service's clock off by so many milliseconds.
    fn traces(count: i64, ahead_ms: [i64; 4]) -> SpanBatch {
        let [a, b, c, d] = ahead_ms;
        let mut all = Vec::new();
        for number in 0..count {
            let spans = [
                span("svc-a", "get").at(a, 400),
                span("svc-b", "read").at(10 + b, 200 + number % 7).under(0),
                span("svc-c", "find").at(20 + c, 100).under(1),
                span("svc-d", "count").at(250 + d, 50).under(0),
            ];
            add_trace(&mut all, &format!("t{number}"), 10_000 * number, &spans);
        }
        batch(&all)
    }

    fn told(batch: &SpanBatch) -> Vec<(String, i64, u64)> {
        let offsets = clock_offsets(batch, &ClockOptions::default());
        let seconds = |ns: i64| (ns + 500_000_000).div_euclid(1_000_000_000);
        offsets.into_iter().map(|at| (at.service, seconds(at.offset_ns), at.pairs)).collect()
    }

    #[test]
    fn equal_clocks_are_not_spoken_of() {
        assert_eq!(told(&traces(20, [0; 4])), []);
        assert_eq!(told(&traces(20, [0, 40, 0, 0])), [], "40 ms harm nobody");
    }

    #[test]
    fn the_service_that_differs_from_most_is_the_one_that_is_off() {
        assert_eq!(told(&traces(20, [0, 41_000, 0, 0])), [("svc-b".to_owned(), 41, 40)]);
        assert_eq!(told(&traces(20, [0, 0, 0, -90_000])), [("svc-d".to_owned(), -90, 20)]);
        assert_eq!(
            told(&traces(20, [30_000, 0, 0, 0])),
            [("svc-a".to_owned(), 30, 40)],
            "also the one at the entry"
        );
    }

    #[test]
    fn few_calls_and_calls_that_wait_say_nothing() {
        assert_eq!(told(&traces(4, [0, 41_000, 0, 0])), []);
        let mut waiting: Vec<Span> = Vec::new();
        for number in 0..20 {
            let behind = 3_000 + 2_500 * (number % 5);
            let spans = [span("svc-a", "send").at(0, 60), span("svc-b", "work").at(behind, 50).under(0)];
            add_trace(&mut waiting, &format!("t{number}"), 100_000 * number, &spans);
        }
        assert_eq!(told(&batch(&waiting)), [], "what waits varies");
        let queued: Vec<Span> =
            waiting.iter().map(|span| span.clone().at(0, 60).with("messaging.system", "queue")).collect();
        assert_eq!(told(&batch(&queued)), []);
    }

    #[test]
    fn lines_are_held_against_the_spans_of_their_own_traces() {
        let spans = traces(10, [0; 4]);
        let names: Vec<String> = (0..10).map(|number| format!("t{number}")).collect();
        let lines = |off_s: i64| -> Vec<TracedLine<'_>> {
            let at = |number: usize| (10 * number as i64 + off_s) * 1_000_000_000 + 60_000_000;
            let line = |(number, trace)| TracedLine { service: "svc-b", trace, time_ns: at(number) };
            names.iter().map(String::as_str).enumerate().map(line).collect()
        };
        let found = |off_s| line_offsets(&lines(off_s), &spans, &ClockOptions::default());
        assert_eq!(found(0), []);
        let ahead = found(30);
        assert_eq!((ahead.len(), ahead[0].service.as_str(), ahead[0].pairs), (1, "svc-b", 10));
        assert!((ahead[0].offset_ns - 30_000_000_000).abs() < 200_000_000, "{ahead:?}");
        assert_eq!(line_offsets(&lines(30)[..4], &spans, &ClockOptions::default()), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_shift_of_all_clocks_changes_nothing_and_one_of_a_single_clock_is_found(
            shift in -200_000i64..200_000, single in 3_000i64..200_000, which in 0usize..4, behind in any::<bool>(),
        ) {
            prop_assert_eq!(told(&traces(12, [shift; 4])), []);
            let mut ahead = [shift; 4];
            let off = if behind { -single } else { single };
            ahead[which] += off;
            let found = clock_offsets(&traces(12, ahead), &ClockOptions::default());
            let name = ["svc-a", "svc-b", "svc-c", "svc-d"][which];
            prop_assert_eq!(found.len(), 1, "{:?}", found);
            prop_assert_eq!(found[0].service.as_str(), name);
            prop_assert!((found[0].offset_ns / 1_000_000 - off).abs() <= 200, "{:?} for {}", found, off);
        }
    }
}
