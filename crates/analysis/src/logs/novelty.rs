//! Which patterns are new, surged or vanished between a baseline and a window.
//!
//! Two counts over two stretches of time are compared as Poisson rates by conditioning on their sum (Przyborowski and
//! Wilenski, *Homogeneity of results in testing samples from Poisson series*, Biometrika 1940), as a signed root of
//! the log-likelihood ratio. Log lines come in bursts, so the ratio is divided by the baseline's dispersion, as
//! quasi-Poisson regression does (McCullagh and Nelder, *Generalized Linear Models*, 1989, ch. 6). The onset is the
//! split of the timeline that makes two constant rates most likely (Hinkley, Biometrika 1970).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LogLevel, LogPattern, LogPatterns, OVERFLOW, concepts_of};

/// Concepts of lines that announce an event and are no trouble by themselves.
const BANNERS: [&str; 8] =
    ["startup", "shutdown", "deploy_banner", "flag_banner", "migration", "scheduled", "batch_job", "scaling"];
const Z_MAX: f64 = 1_000.0;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoveltyOptions {
    /// Least z of a surge or a disappearance.
    pub z_min: f64,
    /// Least ratio of a surge; a disappearance needs its inverse.
    pub ratio_min: f64,
    /// Least share of the baseline that must be covered by lines of any kind before a pattern is called new.
    pub coverage_min: f64,
}

impl Default for NoveltyOptions {
    fn default() -> Self {
        NoveltyOptions { z_min: 3.0, ratio_min: 2.0, coverage_min: 0.02 }
    }
}

/// How a pattern of the window compares with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The baseline never held it. One line is enough; `z` says how much that means.
    New,
    /// Much more frequent.
    Surged,
    /// Much rarer or gone, while its entity keeps logging.
    Vanished,
    /// As before, or too few lines to tell.
    Steady,
    /// Its entity logs nothing at all in the window: a gap in logging, not a message that stopped.
    Silent,
    /// The baseline holds no lines to compare with.
    Unjudged,
}

/// One pattern's comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatternChange {
    /// Place in [`LogPatterns::patterns`].
    pub pattern: usize,
    /// What became of it.
    pub kind: ChangeKind,
    /// Lines in the baseline, of all levels when `level_changed`.
    pub baseline_count: u64,
    /// Lines in the window, of all levels when `level_changed`.
    pub window_count: u64,
    /// Lines the window would hold at the baseline's rate.
    pub expected: f64,
    /// `(window_count + 1/2) / (expected + 1/2)`.
    pub ratio: f64,
    /// Signed root of the log-likelihood ratio; negative when there are fewer lines; within ±1000.
    pub z: f64,
    /// Start of the first bin of the new regime (for `Vanished` and `Silent`: of the silence).
    pub onset_ns: Option<i64>,
    /// End of the last bin of the new regime, when it ended inside the window.
    pub ended_ns: Option<i64>,
    /// The same text was in the baseline at another level, so all its levels are compared together.
    pub level_changed: bool,
    /// The text announces a start, stop, deploy, flag, migration or schedule and is not an error.
    pub banner: bool,
}

/// A stretch without any line of an entity that was logging before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggingGap {
    /// The entity; empty for all of them together.
    pub entity: String,
    /// End of the last bin with lines.
    pub start_ns: i64,
    /// Start of the next bin with lines, else the end of the window.
    pub end_ns: i64,
}

/// Compares every pattern, in their order. `baseline` and `window` are closed-open in nanoseconds; a bin belongs to
/// the stretch its start lies in. Only the part of the baseline from the first line seen onward counts as observed, so
/// short baselines weigh little. Counts stated by the source (equal lengths) replace counted ones.
pub fn compare_patterns(
    patterns: &LogPatterns,
    baseline: (i64, i64),
    window: (i64, i64),
    options: &NoveltyOptions,
) -> Vec<PatternChange> {
    let seen = seen_by_entity(patterns);
    let first_ns = patterns.patterns.iter().filter_map(|pattern| pattern.bins.first()).map(|bin| bin.0).min();
    let observed = (first_ns.unwrap_or(baseline.1).clamp(baseline.0, baseline.1.max(baseline.0)), baseline.1);
    let covered = seconds(observed) >= options.coverage_min * seconds(baseline) && seconds(observed) > 0.0;
    let context = Context { patterns, baseline: observed, window, covered, seen, options };
    let levels = levels_together(&patterns.patterns);
    patterns
        .patterns
        .iter()
        .enumerate()
        .map(|(at, pattern)| compare(&context, at, pattern, &levels))
        .collect()
}

struct Context<'p> {
    patterns: &'p LogPatterns,
    baseline: (i64, i64),
    window: (i64, i64),
    covered: bool,
    seen: BTreeMap<&'p str, BTreeMap<i64, u64>>,
    options: &'p NoveltyOptions,
}

type Levels<'p> = BTreeMap<(&'p str, &'p str), Vec<usize>>;

fn levels_together(patterns: &[LogPattern]) -> Levels<'_> {
    let mut levels: Levels<'_> = BTreeMap::new();
    for (at, pattern) in patterns.iter().enumerate() {
        levels.entry((&pattern.entity, &pattern.template)).or_default().push(at);
    }
    levels
}

fn seen_by_entity(patterns: &LogPatterns) -> BTreeMap<&str, BTreeMap<i64, u64>> {
    let mut seen: BTreeMap<&str, BTreeMap<i64, u64>> = BTreeMap::new();
    for pattern in &patterns.patterns {
        let bins = seen.entry(&pattern.entity).or_default();
        for &(at, count) in &pattern.bins {
            *bins.entry(at).or_default() += count;
        }
    }
    seen
}

fn seconds(stretch: (i64, i64)) -> f64 {
    (stretch.1 as f64 - stretch.0 as f64).max(0.0) / 1e9
}

fn compare(context: &Context<'_>, at: usize, pattern: &LogPattern, levels: &Levels<'_>) -> PatternChange {
    let Context { baseline, window, options, .. } = *context;
    let mut bins: BTreeMap<i64, u64> = pattern.bins.iter().copied().collect();
    let mut baseline_count = between(&bins, baseline);
    let mut level_changed = false;
    if pattern.stated.is_none() && baseline_count == 0 {
        let others = levels.get(&(pattern.entity.as_str(), pattern.template.as_str()));
        for other in others.into_iter().flatten().filter(|&&other| other != at) {
            let other_bins = context.patterns.patterns.get(*other).map(|other| other.bins.as_slice());
            for &(start, count) in other_bins.unwrap_or_default() {
                *bins.entry(start).or_default() += count;
            }
        }
        baseline_count = between(&bins, baseline);
        level_changed = baseline_count > 0;
        if !level_changed {
            bins = pattern.bins.iter().copied().collect();
        }
    }
    let mut window_count = between(&bins, window);
    let (mut baseline_s, mut window_s) = (seconds(baseline), seconds(window));
    let mut judged = context.covered;
    if let Some(stated) = pattern.stated {
        (baseline_count, window_count) = (stated.baseline, stated.count);
        (baseline_s, window_s) = (1.0, 1.0);
        judged = true;
    }
    let expected = if baseline_s > 0.0 { baseline_count as f64 * window_s / baseline_s } else { 0.0 };
    let ratio = (window_count as f64 + 0.5) / (expected + 0.5);
    let dispersion =
        if pattern.stated.is_some() { 1.0 } else { dispersion(&bins, baseline, context.patterns.bin_ns) };
    let z = rate_z((baseline_count, baseline_s), (window_count, window_s), dispersion);
    let silent = context.seen.get(pattern.entity.as_str()).is_some_and(|seen| {
        pattern.stated.is_none() && between(seen, baseline) > 0 && between(seen, window) == 0
    });
    let kind = if pattern.template == OVERFLOW {
        ChangeKind::Steady
    } else if !judged {
        ChangeKind::Unjudged
    } else if silent {
        ChangeKind::Silent
    } else if baseline_count == 0 && window_count > 0 {
        ChangeKind::New
    } else if z >= options.z_min && ratio >= options.ratio_min {
        ChangeKind::Surged
    } else if z <= -options.z_min && ratio <= 1.0 / options.ratio_min {
        ChangeKind::Vanished
    } else {
        ChangeKind::Steady
    };
    let (onset_ns, ended_ns) = regime(kind, &bins, (baseline.0, window), context.patterns.bin_ns);
    let banner = pattern.level <= LogLevel::Warn && is_banner(&pattern.template);
    PatternChange {
        pattern: at,
        kind,
        baseline_count,
        window_count,
        expected,
        ratio,
        z,
        onset_ns,
        ended_ns,
        level_changed,
        banner,
    }
}

fn is_banner(template: &str) -> bool {
    let concepts = concepts_of(template);
    !concepts.is_empty() && concepts.iter().all(|concept| BANNERS.contains(concept))
}

fn between(bins: &BTreeMap<i64, u64>, stretch: (i64, i64)) -> u64 {
    if stretch.0 >= stretch.1 {
        return 0;
    }
    bins.range(stretch.0..stretch.1).map(|(_, count)| count).sum()
}

/// Variance of the counts of a stretch's bins over their mean, at least 1; 1 with fewer than four bins.
fn dispersion(bins: &BTreeMap<i64, u64>, stretch: (i64, i64), bin_ns: i64) -> f64 {
    let cells = (seconds(stretch) * 1e9 / bin_ns.max(1) as f64).round();
    if cells < 4.0 || stretch.0 >= stretch.1 {
        return 1.0;
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for (_, &count) in bins.range(stretch.0..stretch.1) {
        sum += count as f64;
        squares += (count as f64) * (count as f64);
    }
    let mean = sum / cells;
    if mean <= 0.0 {
        return 1.0;
    }
    ((squares - cells * mean * mean) / (cells - 1.0) / mean).max(1.0)
}

/// Signed root of the log-likelihood ratio of two rates against one, `(count, seconds)` each.
fn rate_z(before: (u64, f64), after: (u64, f64), dispersion: f64) -> f64 {
    let total_s = before.1 + after.1;
    let total = (before.0 + after.0) as f64;
    if before.1 <= 0.0 || after.1 <= 0.0 || total <= 0.0 {
        return 0.0;
    }
    let part = |(count, seconds): (u64, f64)| {
        let count = count as f64;
        if count > 0.0 { count * (count * total_s / (total * seconds)).ln() } else { 0.0 }
    };
    let likelihood = 2.0 * (part(before) + part(after));
    let z = (likelihood.max(0.0) / dispersion.max(1.0)).sqrt().min(Z_MAX);
    if after.0 as f64 / after.1 >= before.0 as f64 / before.1 { z } else { -z }
}

/// Onset and end of the regime that a change names.
fn regime(
    kind: ChangeKind,
    bins: &BTreeMap<i64, u64>,
    (from, window): (i64, (i64, i64)),
    bin_ns: i64,
) -> (Option<i64>, Option<i64>) {
    let whole = (from.min(window.0), window.1);
    if whole.0 >= whole.1 {
        return (None, None);
    }
    let onset = match kind {
        ChangeKind::New => bins.range(whole.0..whole.1).next().map(|(&at, _)| at),
        ChangeKind::Surged => split(bins, whole, bin_ns, true).map(|(at, _)| at),
        ChangeKind::Vanished => return (split(bins, whole, bin_ns, false).map(|(at, _)| at), None),
        ChangeKind::Silent => {
            return (
                bins.range(whole.0..whole.1).next_back().map(|(&at, _)| at.saturating_add(bin_ns)),
                None,
            );
        }
        ChangeKind::Steady | ChangeKind::Unjudged => return (None, None),
    };
    let ended = onset.and_then(|onset| {
        let (at, z) = split(bins, (onset, window.1), bin_ns, false)?;
        let before = between(bins, (onset, at)) as f64 / seconds((onset, at)).max(1e-9);
        let after = between(bins, (at, window.1)) as f64 / seconds((at, window.1)).max(1e-9);
        (z >= 3.0 && after < before / 4.0).then_some(at)
    });
    (onset, ended)
}

/// The bin edge that splits a stretch into two rates most likely, rising or falling, with the z of the difference.
fn split(bins: &BTreeMap<i64, u64>, stretch: (i64, i64), bin_ns: i64, rising: bool) -> Option<(i64, f64)> {
    if stretch.0 >= stretch.1 {
        return None;
    }
    let total: u64 = bins.range(stretch.0..stretch.1).map(|(_, count)| count).sum();
    let mut before = 0;
    let mut best: Option<(i64, f64)> = None;
    for (&at, &count) in bins.range(stretch.0..stretch.1) {
        let (edge, left) = if rising { (at, before) } else { (at.saturating_add(bin_ns), before + count) };
        before += count;
        if edge <= stretch.0 || edge >= stretch.1 {
            continue;
        }
        let z = rate_z((left, seconds((stretch.0, edge))), (total - left, seconds((edge, stretch.1))), 1.0);
        let z = if rising { z } else { -z };
        if z > 0.0 && best.is_none_or(|(_, best)| z > best) {
            best = Some((edge, z));
        }
    }
    if best.is_none() && rising && total > 0 {
        return Some((stretch.0, 0.0));
    }
    best
}

/// Stretches inside `window` without any line of an entity that logged at least once in every ten bins before it (or,
/// under the empty name, of any entity): at least five bins long and five times the mean distance of its bins with
/// lines. Sorted by entity and time.
pub fn logging_gaps(patterns: &LogPatterns, baseline: (i64, i64), window: (i64, i64)) -> Vec<LoggingGap> {
    let mut seen = seen_by_entity(patterns);
    let mut all: BTreeMap<i64, u64> = BTreeMap::new();
    for bins in seen.values() {
        for (&at, &count) in bins {
            *all.entry(at).or_default() += count;
        }
    }
    seen.insert("", all);
    let bin_ns = patterns.bin_ns.max(1);
    let mut gaps = Vec::new();
    for (entity, bins) in seen {
        if baseline.0 >= baseline.1 || window.0 >= window.1 {
            continue;
        }
        let busy = bins.range(baseline.0..baseline.1).count() as f64;
        let cells = (seconds(baseline) * 1e9 / bin_ns as f64).max(1.0);
        if busy < 3.0 || busy < cells / 10.0 {
            continue;
        }
        let least_ns = (5.0 * bin_ns as f64).max(5.0 * bin_ns as f64 * cells / busy);
        let mut last =
            bins.range(..window.0).next_back().map_or(window.0, |(&at, _)| at.saturating_add(bin_ns));
        last = last.max(window.0);
        let next_after = bins.range(window.0..window.1).map(|(&at, _)| at).chain(std::iter::once(window.1));
        for next in next_after {
            if next as f64 - last as f64 >= least_ns {
                gaps.push(LoggingGap { entity: entity.to_owned(), start_ns: last, end_ns: next });
            }
            last = next.saturating_add(bin_ns);
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::StatedCounts;

    const MINUTE_NS: i64 = 60_000_000_000;

    fn pattern(template: &str, level: LogLevel, minutes: &[(i64, u64)]) -> LogPattern {
        LogPattern {
            id: template.to_owned(),
            template: template.to_owned(),
            entity: "svc-a".to_owned(),
            level,
            total: minutes.iter().map(|bin| bin.1).sum(),
            bins: minutes.iter().map(|&(minute, count)| (minute * MINUTE_NS, count)).collect(),
            stated: None,
            exemplars: Vec::new(),
        }
    }

    fn batch(patterns: Vec<LogPattern>) -> LogPatterns {
        LogPatterns { bin_ns: MINUTE_NS, patterns, lines: 0, overflow_lines: 0 }
    }

    fn every_minute(from: i64, to: i64, count: u64) -> Vec<(i64, u64)> {
        (from..to).map(|minute| (minute, count)).collect()
    }

    fn compared(patterns: Vec<LogPattern>) -> Vec<PatternChange> {
        let (baseline, window) = ((0, 60 * MINUTE_NS), (60 * MINUTE_NS, 120 * MINUTE_NS));
        compare_patterns(&batch(patterns), baseline, window, &NoveltyOptions::default())
    }

    #[test]
    fn new_surged_vanished_and_steady_are_told_apart() {
        let mut surge = every_minute(0, 75, 2);
        surge.extend(every_minute(75, 90, 20));
        surge.extend(every_minute(90, 120, 2));
        let changes = compared(vec![
            pattern("request served", LogLevel::Info, &every_minute(0, 120, 30)),
            pattern("charge refused", LogLevel::Error, &every_minute(70, 100, 5)),
            pattern("slow answer", LogLevel::Warn, &surge),
            pattern("heartbeat sent", LogLevel::Info, &every_minute(0, 64, 1)),
            pattern("odd thing", LogLevel::Warn, &[(10, 1)]),
            pattern("once only", LogLevel::Error, &[(80, 1)]),
        ]);
        let minute = |at: Option<i64>| at.map(|at| at / MINUTE_NS);
        let seen: Vec<_> = changes.iter().map(|c| (c.kind, minute(c.onset_ns), minute(c.ended_ns))).collect();
        assert_eq!(
            seen,
            [
                (ChangeKind::Steady, None, None),
                (ChangeKind::New, Some(70), Some(100)),
                (ChangeKind::Surged, Some(75), Some(90)),
                (ChangeKind::Vanished, Some(64), None),
                (ChangeKind::Steady, None, None),
                (ChangeKind::New, Some(80), None),
            ]
        );
        assert!(changes[1].z > 10.0 && changes[5].z < 2.0 && changes[5].z > 0.0);
        assert_eq!((changes[1].baseline_count, changes[1].window_count, changes[1].expected), (0, 150, 0.0));
    }

    #[test]
    fn bursts_of_the_baseline_widen_what_is_normal() {
        let bursts: Vec<(i64, u64)> =
            (0..120).step_by(20).map(|minute| (minute, 40)).chain([(119, 90)]).collect();
        let changes = compared(vec![pattern("batch of rows", LogLevel::Info, &bursts)]);
        assert_eq!(changes[0].kind, ChangeKind::Steady);
    }

    #[test]
    fn stated_counts_are_believed() {
        let mut stated = pattern("write failed", LogLevel::Error, &[(90, 1)]);
        stated.stated = Some(StatedCounts { count: 900, baseline: 3 });
        let changes = compared(vec![stated]);
        assert_eq!(
            (changes[0].kind, changes[0].baseline_count, changes[0].window_count),
            (ChangeKind::Surged, 3, 900)
        );
        assert!(changes[0].z > 20.0);
    }

    #[test]
    fn an_entity_that_stops_logging_is_silent_and_a_gap() {
        let patterns = batch(vec![pattern("request served", LogLevel::Info, &every_minute(0, 60, 30))]);
        let (baseline, window) = ((0, 60 * MINUTE_NS), (60 * MINUTE_NS, 120 * MINUTE_NS));
        let changes = compare_patterns(&patterns, baseline, window, &NoveltyOptions::default());
        assert_eq!((changes[0].kind, changes[0].onset_ns), (ChangeKind::Silent, Some(60 * MINUTE_NS)));
        let gap =
            |entity: &str| LoggingGap { entity: entity.to_owned(), start_ns: window.0, end_ns: window.1 };
        assert_eq!(logging_gaps(&patterns, baseline, window), [gap(""), gap("svc-a")]);
    }

    #[test]
    fn without_a_baseline_nothing_is_new() {
        let changes = compared(vec![pattern("charge refused", LogLevel::Error, &every_minute(70, 100, 5))]);
        assert_eq!((changes[0].kind, changes[0].z), (ChangeKind::Unjudged, 0.0));
        let changes = compared(vec![
            pattern("charge refused", LogLevel::Error, &every_minute(70, 100, 5)),
            pattern("request served", LogLevel::Info, &every_minute(55, 120, 5)),
        ]);
        assert_eq!(changes[0].kind, ChangeKind::New);
        assert!(changes[0].z < 10.0, "five minutes of baseline weigh little: {}", changes[0].z);
    }

    #[test]
    fn a_message_that_only_changed_its_level_is_not_new() {
        let changes = compared(vec![
            pattern("answer was late", LogLevel::Warn, &every_minute(0, 60, 4)),
            pattern("answer was late", LogLevel::Error, &every_minute(60, 120, 4)),
        ]);
        assert_eq!((changes[1].kind, changes[1].level_changed), (ChangeKind::Steady, true));
    }

    #[test]
    fn banners_are_marked_and_errors_are_not() {
        let changes = compared(vec![
            pattern("server started on port <*>", LogLevel::Info, &[(61, 1)]),
            pattern("started with errors: connection refused", LogLevel::Info, &[(61, 1)]),
            pattern("deploy failed", LogLevel::Error, &[(61, 1)]),
            pattern("request served", LogLevel::Info, &every_minute(0, 120, 5)),
        ]);
        let banners: Vec<bool> = changes.iter().map(|change| change.banner).collect();
        assert_eq!(banners, [true, false, false, false]);
    }
}
