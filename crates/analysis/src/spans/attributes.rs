//! Attributes whose values changed: a shorter deadline, a longer wait in a queue, one zone, one version.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::batch::SpanBatch;
use super::compare::{CompareOptions, compare};
use super::forest::{Forest, Range};
use super::statistics::{fisher_tail, log_odds, median, moderated_z};
use crate::intern::Symbol;

/// Where [`attribute_changes`] draws its lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttributeOptions {
    /// Least log-odds (natural) of a value, shrunk by half a case a cell.
    pub log_odds_min: f64,
    /// Largest chance (Fisher exact) of a value, where both sides have at least `calls_min` spans.
    pub chance_max: f64,
    /// Fewer spans than this on a side cannot reach the chance; they are reported on the effect alone.
    pub calls_min: u64,
    /// Least ratio of a number's medians, either way.
    pub ratio_min: f64,
    /// Least |z| of a number.
    pub z_min: f64,
    /// Most distinct values of a key and operation that are followed; keys with more are skipped.
    pub values_max: usize,
    /// Most changes returned.
    pub changes_max: usize,
}

impl Default for AttributeOptions {
    fn default() -> Self {
        AttributeOptions {
            log_odds_min: 1.5,
            chance_max: 0.01,
            calls_min: 4,
            ratio_min: 1.5,
            z_min: 1.5,
            values_max: 2_000,
            changes_max: 200,
        }
    }
}

/// Which spans were held against which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    /// The window against the baseline.
    BaselineWindow,
    /// Failed or slow spans of the window against its others.
    GoodBad,
}

/// What changed about an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AttributeShift {
    /// A number moved.
    Number {
        /// Median on the first side.
        before: f64,
        /// Median on the second side.
        after: f64,
        /// Smallest and largest on the second side.
        after_range: (f64, f64),
        /// Moderated z of the logarithm, signed.
        z: f64,
    },
    /// A value is over-represented on the second side.
    Value {
        /// The value.
        value: String,
        /// Commonest value on the first side, if the key was there.
        before: Option<String>,
        /// Share of the first side's spans with this value.
        before_share: f64,
        /// Share of the second side's.
        after_share: f64,
        /// Shrunk log-odds ratio.
        log_odds: f64,
        /// Chance by Fisher's exact test, one-sided.
        chance: f64,
    },
}

/// An attribute of an operation that differs between two sets of its spans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttributeChange {
    /// Service, as the spans name it.
    pub service: String,
    /// Operation, as the spans name it.
    pub operation: String,
    /// Attribute.
    pub key: String,
    /// Which spans were held against which.
    pub contrast: Contrast,
    /// What changed.
    pub shift: AttributeShift,
    /// Spans of the operation on the first side, and how many carry the key.
    pub support_before: (u64, u64),
    /// Spans of the operation on the second side, and how many carry the key (for a value: how many carry it).
    pub support_after: (u64, u64),
    /// Start of the first span on the second side with the new value, or beyond the midpoint of the move.
    pub first_ns: i64,
}

/// Attribute changes of every operation, strongest first: numbers by |z|, values by log-odds, at most `changes_max`.
///
/// Two contrasts are drawn for each operation: window against baseline, and failed or slow spans against the others of
/// the window. Numbers are compared by medians on a log scale with a shrunk spread; values by Fisher's exact test
/// (1922) and a log-odds ratio with half a case added to each cell (Haldane 1956). Identities are skipped: keys that
/// name one, and texts that are nearly unique.
pub fn attribute_changes(
    batch: &SpanBatch,
    baseline: Range,
    window: Range,
    options: &AttributeOptions,
) -> Vec<AttributeChange> {
    let forest = Forest::new(batch);
    let operations = sides(&forest, baseline, window);
    let columns = columns(&forest, &operations, options);
    let mut changes: Vec<AttributeChange> = Vec::new();
    for ((operation, key), column) in &columns {
        for contrast in [Contrast::BaselineWindow, Contrast::GoodBad] {
            let calls = operations.calls(*operation, contrast);
            if calls.0 == 0 || calls.1 == 0 {
                continue;
            }
            let place = Place { forest: &forest, operation: *operation, key: *key, contrast, calls };
            changes.extend(compare_column(&place, column, options));
        }
    }
    changes.sort_by(|a, b| {
        let names = |c: &AttributeChange| (c.service.clone(), c.operation.clone(), c.key.clone(), c.contrast);
        weight(b).total_cmp(&weight(a)).then_with(|| names(a).cmp(&names(b)))
    });
    changes.truncate(options.changes_max);
    changes
}

fn weight(change: &AttributeChange) -> f64 {
    match &change.shift {
        AttributeShift::Number { z, .. } => z.abs(),
        AttributeShift::Value { log_odds, .. } => *log_odds,
    }
}

type Op = (Symbol, Symbol);

/// Which side of each contrast a row is on: `false` the first, `true` the second.
#[derive(Clone, Copy, Default)]
struct Side {
    in_window: Option<bool>,
    bad: Option<bool>,
}

impl Side {
    fn of(self, contrast: Contrast) -> Option<bool> {
        match contrast {
            Contrast::BaselineWindow => self.in_window,
            Contrast::GoodBad => self.bad,
        }
    }
}

struct Operations {
    sides: Vec<Side>,
    counts: FxHashMap<Op, [(u64, u64); 2]>,
}

impl Operations {
    fn calls(&self, operation: Op, contrast: Contrast) -> (u64, u64) {
        self.counts.get(&operation).map_or((0, 0), |counts| counts[contrast as usize])
    }
}

fn sides(forest: &Forest<'_>, baseline: Range, window: Range) -> Operations {
    let slow_beyond = slow_lines(forest, baseline, window);
    let mut sides = vec![Side::default(); forest.parents.len()];
    let mut counts: FxHashMap<Op, [(u64, u64); 2]> = FxHashMap::default();
    for &row in &forest.order {
        let (at, operation) = (row as usize, forest.operation(row));
        let now = forest.starts_in(row, window);
        if !now && !forest.starts_in(row, baseline) {
            continue;
        }
        let slow = slow_beyond.get(&operation).is_some_and(|&line| forest.durations_ns[at] as f64 > line);
        let bad = now.then_some(forest.failed[at] || slow);
        sides[at] = Side { in_window: Some(now), bad };
        let count = counts.entry(operation).or_default();
        for contrast in [Contrast::BaselineWindow, Contrast::GoodBad] {
            match sides[at].of(contrast) {
                Some(false) => count[contrast as usize].0 += 1,
                Some(true) => count[contrast as usize].1 += 1,
                None => {}
            }
        }
    }
    Operations { sides, counts }
}

/// For operations that became slow, the duration in nanoseconds beyond which a call is slow.
fn slow_lines(forest: &Forest<'_>, baseline: Range, window: Range) -> FxHashMap<Op, f64> {
    let changes = compare(forest, baseline, window, &CompareOptions::default());
    let mut lines = FxHashMap::default();
    for change in changes.iter().filter(|change| change.slow_total || change.slow_self) {
        let find = |text: &str| forest.batch.symbols.find(text);
        if let (Some(service), Some(name)) = (find(&change.service), find(&change.operation))
            && let Some(before) = change.baseline
        {
            lines.insert((service, name), before.duration_ms_p95.max(1.5 * before.duration_ms_p50) * 1e6);
        }
    }
    lines
}

/// Rows and values of one key of one operation.
#[derive(Default)]
struct Column {
    cells: Vec<(Symbol, Side, i64)>,
    values: BTreeMap<Symbol, u64>,
    numeric: u64,
}

fn columns(
    forest: &Forest<'_>,
    operations: &Operations,
    options: &AttributeOptions,
) -> BTreeMap<(Op, Symbol), Column> {
    let mut columns: BTreeMap<(Op, Symbol), Column> = BTreeMap::new();
    let mut skip: FxHashMap<Symbol, bool> = FxHashMap::default();
    for &(row, key, value) in &forest.batch.attributes {
        let Some(&side) = operations.sides.get(row as usize) else { continue };
        let text = || forest.batch.symbols.text(key);
        if side.in_window.is_none() || *skip.entry(key).or_insert_with(|| names_an_identity(text())) {
            continue;
        }
        let column = columns.entry((forest.operation(row), key)).or_default();
        column.cells.push((value, side, forest.start_ns(row)));
        column.numeric += u64::from(number(forest.batch.symbols.text(value)).is_some());
        if column.values.len() < options.values_max || column.values.contains_key(&value) {
            *column.values.entry(value).or_default() += 1;
        }
    }
    columns
}

struct Place<'f, 'a> {
    forest: &'f Forest<'a>,
    operation: Op,
    key: Symbol,
    contrast: Contrast,
    /// Spans of the operation on either side.
    calls: (u64, u64),
}

fn compare_column(
    place: &Place<'_, '_>,
    column: &Column,
    options: &AttributeOptions,
) -> Option<AttributeChange> {
    let (all, distinct) = (column.cells.len(), column.values.len());
    let numbers = column.numeric as usize == all && !is_a_code(place.forest.batch.symbols.text(place.key));
    if numbers {
        return compare_numbers(place, column, options);
    }
    if distinct >= options.values_max || (all >= 6 && distinct * 5 > all * 4) {
        return None;
    }
    compare_values(place, column, options)
}

fn compare_numbers(
    place: &Place<'_, '_>,
    column: &Column,
    options: &AttributeOptions,
) -> Option<AttributeChange> {
    let symbols = &place.forest.batch.symbols;
    let side = |wanted: bool| {
        let cells = column.cells.iter().filter(|(_, side, _)| side.of(place.contrast) == Some(wanted));
        cells
            .filter_map(|&(value, _, at)| number(symbols.text(value)).map(|n| (n, at)))
            .collect::<Vec<(f64, i64)>>()
    };
    let (first, second) = (side(false), side(true));
    let values = |cells: &[(f64, i64)]| cells.iter().map(|cell| cell.0).collect::<Vec<f64>>();
    let (before, after) = (median(&mut values(&first))?, median(&mut values(&second))?);
    let smallest = [before.abs(), after.abs()].into_iter().filter(|&v| v > 0.0).fold(f64::INFINITY, f64::min);
    if !smallest.is_finite() {
        return None;
    }
    // Signed logarithm: linear around nothing, a twentieth of the smaller level, and logarithmic beyond it.
    let unit = smallest * 0.05;
    let ln = |cells: &[(f64, i64)]| cells.iter().map(|c| (c.0 / unit).asinh()).collect::<Vec<f64>>();
    let z = moderated_z(&ln(&first), &ln(&second));
    let moved = ((after / unit).asinh() - (before / unit).asinh()).abs();
    if z.abs() < options.z_min || moved < options.ratio_min.ln() {
        return None;
    }
    let midpoint = before + (after - before) / 2.0;
    let beyond = |value: f64| if after > before { value >= midpoint } else { value <= midpoint };
    let low = second.iter().map(|cell| cell.0).fold(f64::INFINITY, f64::min);
    let high = second.iter().map(|cell| cell.0).fold(f64::NEG_INFINITY, f64::max);
    Some(AttributeChange {
        service: place.forest.text(place.operation.0),
        operation: place.forest.text(place.operation.1),
        key: place.forest.text(place.key),
        contrast: place.contrast,
        shift: AttributeShift::Number { before, after, after_range: (low, high), z },
        support_before: (place.calls.0, first.len() as u64),
        support_after: (place.calls.1, second.len() as u64),
        first_ns: second.iter().filter(|cell| beyond(cell.0)).map(|cell| cell.1).min()?,
    })
}

/// The value that is most over-represented on the second side.
fn compare_values(
    place: &Place<'_, '_>,
    column: &Column,
    options: &AttributeOptions,
) -> Option<AttributeChange> {
    let mut counts: BTreeMap<Symbol, (u64, u64)> = BTreeMap::new();
    let mut first_seen: FxHashMap<Symbol, i64> = FxHashMap::default();
    for &(value, side, at) in &column.cells {
        let count = counts.entry(value).or_default();
        match side.of(place.contrast) {
            Some(false) => count.0 += 1,
            Some(true) => {
                count.1 += 1;
                let seen = first_seen.entry(value).or_insert(at);
                *seen = (*seen).min(at);
            }
            None => {}
        }
    }
    // A key that says things twice in one span must not count beyond the spans.
    let calls = (
        place.calls.0.max(counts.values().map(|c| c.0).max().unwrap_or(0)),
        place.calls.1.max(counts.values().map(|c| c.1).max().unwrap_or(0)),
    );
    let text = |value: Symbol| place.forest.batch.symbols.text(value);
    let commonest = counts
        .iter()
        .filter(|(_, c)| c.0 > 0)
        .max_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| text(*b.0).cmp(text(*a.0))));
    let keyed_before: u64 = counts.values().map(|c| c.0).sum();
    let few = calls.0 < options.calls_min || calls.1 < options.calls_min;
    let best = counts
        .iter()
        .filter(|(_, count)| count.1 > 0)
        .map(|(&value, &count)| {
            let odds = log_odds(count.0, calls.0, count.1, calls.1);
            (value, count, odds, fisher_tail(count.0, calls.0, count.1, calls.1))
        })
        .filter(|&(_, count, odds, chance)| {
            odds >= options.log_odds_min && if few { count.0 == 0 } else { chance <= options.chance_max }
        })
        .max_by(|a, b| a.2.total_cmp(&b.2).then_with(|| text(b.0).cmp(text(a.0))))?;
    let (value, count, log_odds, chance) = best;
    Some(AttributeChange {
        service: place.forest.text(place.operation.0),
        operation: place.forest.text(place.operation.1),
        key: place.forest.text(place.key),
        contrast: place.contrast,
        shift: AttributeShift::Value {
            value: text(value).to_owned(),
            before: commonest.map(|(value, _)| text(*value).to_owned()),
            before_share: count.0 as f64 / calls.0 as f64,
            after_share: count.1 as f64 / calls.1 as f64,
            log_odds,
            chance,
        },
        support_before: (calls.0, keyed_before),
        support_after: (calls.1, count.1),
        first_ns: first_seen.get(&value).copied()?,
    })
}

/// A finite number, with or without a unit of time or size behind it.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.len() > 32 || !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    const UNITS: &[(&str, f64)] = &[
        ("ns", 1e-6),
        ("us", 1e-3),
        ("µs", 1e-3),
        ("ms", 1.0),
        ("s", 1e3),
        ("m", 60e3),
        ("KB", 1e3),
        ("KiB", 1024.0),
        ("MB", 1e6),
        ("MiB", 1_048_576.0),
        ("%", 1.0),
    ];
    let (digits, factor) = UNITS
        .iter()
        .filter_map(|&(unit, factor)| text.strip_suffix(unit).map(|digits| (digits.trim_end(), factor)))
        .find(|(digits, _)| digits.ends_with(|c: char| c.is_ascii_digit()))
        .unwrap_or((text, 1.0));
    digits.parse::<f64>().ok().map(|value| value * factor).filter(|value| value.is_finite())
}

/// Last word of a key: `db.connection_id` and `userId` give `id`.
fn last_word(key: &str) -> String {
    let cut =
        key.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(key, |at| key.get(at + 1..).unwrap_or(key));
    let hump =
        cut.char_indices().rev().find(|(at, c)| *at > 0 && c.is_ascii_uppercase()).map_or(0, |(at, _)| at);
    let word = if cut.chars().all(|c| !c.is_ascii_lowercase()) { cut } else { &cut[hump..] };
    word.to_ascii_lowercase()
}

fn names_an_identity(key: &str) -> bool {
    const WORDS: &[&str] = &[
        "id",
        "ids",
        "uuid",
        "guid",
        "timestamp",
        "time",
        "date",
        "pid",
        "tid",
        "port",
        "token",
        "hash",
        "sha",
        "nonce",
        "seq",
        "sequence",
        "offset",
        "lineno",
        "key",
        "cursor",
        "etag",
        "ip",
        "at",
        "ref",
    ];
    WORDS.contains(&last_word(key).as_str()) || key.starts_with("thread.") || key.contains("trace")
}

/// Numbers that are names: a status of 500 is not "two and a half times 200".
fn is_a_code(key: &str) -> bool {
    matches!(
        last_word(key).as_str(),
        "code" | "status" | "kind" | "version" | "flags" | "shard" | "partition" | "level"
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Span, batch, ms, span};
    use super::*;

    const BEFORE: Range = (0, 1_000_000_000_000);
    const AFTER: Range = (1_000_000_000_000, i64::MAX);

    fn changes(before: &[Span], after: &[Span]) -> Vec<AttributeChange> {
        let at = |from: i64, spans: &[Span]| {
            spans
                .iter()
                .enumerate()
                .map(|(n, s)| s.clone().at(from + 7 * n as i64, 10))
                .collect::<Vec<Span>>()
        };
        let all: Vec<Span> = [at(1, before), at(1_000_001, after)].concat();
        attribute_changes(&batch(&all), BEFORE, AFTER, &AttributeOptions::default())
    }

    fn one(key: &str, value: &str) -> Span {
        span("a", "serve").with(key, value)
    }

    #[test]
    fn a_shorter_deadline_is_seen_from_one_span_a_side() {
        let found = changes(&[one("deadline_ms", "5000")], &[one("deadline_ms", "300")]);
        assert_eq!(found.len(), 1);
        assert!(
            matches!(found[0].shift, AttributeShift::Number { before: 5000.0, after: 300.0, z, .. } if z < -3.0)
        );
        assert_eq!(found[0].first_ns, ms(1_000_001));
        let found = changes(&[one("wait", "3ms"), one("wait", "4ms")], &[one("wait", "4.38s")]);
        assert!(matches!(found[0].shift, AttributeShift::Number { before: 3.5, after: 4380.0, .. }));
    }

    #[test]
    fn steady_numbers_and_identities_are_left_out() {
        assert!(changes(&[one("rows", "100")], &[one("rows", "104")]).is_empty());
        assert!(changes(&[one("user.id", "17")], &[one("user.id", "99999")]).is_empty());
        assert!(changes(&[one("orderId", "x")], &[one("orderId", "y")]).is_empty());
        let texts =
            |from: usize| (0..20).map(|n| one("query", &format!("q{}", from + n))).collect::<Vec<Span>>();
        assert!(changes(&texts(0), &texts(100)).is_empty());
    }

    #[test]
    fn a_value_that_failing_spans_share_is_found() {
        let mut after: Vec<Span> = (0..12).map(|_| one("zone", "z1")).collect();
        after.extend((0..8).map(|_| one("zone", "z2").failed("boom")));
        let before: Vec<Span> = (0..20).map(|n| one("zone", if n % 3 == 0 { "z2" } else { "z1" })).collect();
        let found = changes(&before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].contrast, Contrast::GoodBad);
        match &found[0].shift {
            AttributeShift::Value { value, before, after_share, chance, .. } => {
                assert_eq!((value.as_str(), before.as_deref(), *after_share), ("z2", Some("z1"), 1.0));
                assert!(*chance < 1e-4);
            }
            AttributeShift::Number { .. } => panic!("a zone is not a number"),
        }
    }

    #[test]
    fn codes_are_names() {
        let found =
            changes(&vec![one("http.status_code", "200"); 6], &vec![one("http.status_code", "500"); 6]);
        assert!(matches!(&found[0].shift, AttributeShift::Value { value, .. } if value == "500"));
    }

    #[test]
    fn numbers_and_words_of_keys_are_read() {
        assert_eq!(
            [number("5s"), number("300 ms"), number("x1"), number("1e999")],
            [Some(5000.0), Some(300.0), None, None]
        );
        assert_eq!(
            [last_word("db.connection_id"), last_word("userId"), last_word("é.ID")],
            ["id", "id", "id"]
        );
    }
}
