//! Patterns of a window and of entities, out of one pass over all lines for each width of bin.

use std::sync::{Arc, Mutex, OnceLock};

use midwatch_analysis::logs::{CounterOptions, LogPattern, LogPatterns, LogRow, OVERFLOW, PatternCounter};

use super::super::damage::DamageLog;
use super::super::scan::SnapshotFile;
use super::line::LogLine;
use super::pass::{LogFacts, for_each};

/// Passes kept for later questions.
const PASSES_MAX: usize = 4;
const SECOND_NS: i64 = 1_000_000_000;

/// How a pass counts: width of a bin in seconds, lines kept of a pattern, and the part of time when it is not all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::snapshot) struct Pass {
    /// Width of a bin in seconds.
    pub(in crate::snapshot) bin_s: u32,
    /// Lines kept of a pattern.
    pub(in crate::snapshot) exemplars: u32,
    /// Start and end in nanoseconds; `None` for all lines.
    pub(in crate::snapshot) only_ns: Option<(i64, i64)>,
}

impl Pass {
    /// The usual pass over all lines.
    pub(in crate::snapshot) const USUAL: Pass = Pass { bin_s: 60, exemplars: 4, only_ns: None };
}

/// The passes made so far.
#[derive(Default)]
pub(in crate::snapshot) struct LogPasses {
    facts: OnceLock<(LogFacts, DamageLog)>,
    known: Mutex<Vec<(Pass, Arc<LogPatterns>)>>,
}

impl LogPasses {
    /// What the usual pass tells beside patterns, and its damage.
    pub(in crate::snapshot) fn facts(&self, files: &[SnapshotFile]) -> &(LogFacts, DamageLog) {
        self.facts.get_or_init(|| {
            let (patterns, facts, damage) = run(files, Pass::USUAL);
            self.remember(Pass::USUAL, Arc::new(patterns));
            (facts, damage)
        })
    }

    /// All patterns of `window_ns`, whoever writes them. Edges that fall on edges of bins, or outside of all lines,
    /// are cut out of the pass over all lines, so that templates stay the same from question to question; other edges
    /// take a pass of their own.
    pub(in crate::snapshot) fn within(
        &self,
        files: &[SnapshotFile],
        pass: Pass,
        window_ns: (i64, i64),
    ) -> LogPatterns {
        let (facts, _) = self.facts(files);
        let ends = facts.first_ns.zip(facts.last_ns);
        let overlaps = facts.overlap(window_ns);
        let all = self.pass(files, pass);
        let on_edge = |at: i64| all.bin_ns > 0 && at.rem_euclid(all.bin_ns) == 0;
        let exact = ends.is_none_or(|(first, last)| {
            (window_ns.0 <= first || on_edge(window_ns.0)) && (window_ns.1 > last || on_edge(window_ns.1))
        });
        if exact || !overlaps {
            return filtered(&all, window_ns, overlaps);
        }
        LogPatterns::clone(&self.pass(files, Pass { only_ns: Some(window_ns), ..pass }))
    }

    fn pass(&self, files: &[SnapshotFile], pass: Pass) -> Arc<LogPatterns> {
        let known = || {
            let known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            known.iter().find(|(of, _)| *of == pass).map(|(_, patterns)| Arc::clone(patterns))
        };
        if let Some(patterns) = known() {
            return patterns;
        }
        let patterns = Arc::new(run(files, pass).0);
        self.remember(pass, Arc::clone(&patterns));
        patterns
    }

    fn remember(&self, pass: Pass, patterns: Arc<LogPatterns>) {
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if known.len() >= PASSES_MAX {
            known.remove(0);
        }
        known.push((pass, patterns));
    }
}

fn run(files: &[SnapshotFile], pass: Pass) -> (LogPatterns, LogFacts, DamageLog) {
    let options = CounterOptions {
        bin_ns: i64::from(pass.bin_s.max(1)) * SECOND_NS,
        exemplars_max: (pass.exemplars.max(1) - 1) as usize,
        ..CounterOptions::default()
    };
    let mut counter = PatternCounter::new(options);
    let mut facts = LogFacts::default();
    let mut damage = DamageLog::default();
    for_each(files, &mut damage, &mut |file, line: &LogLine<'_>| {
        facts.observe(line);
        let inside = match (pass.only_ns, line.time_ns) {
            (Some((start, end)), Some(at)) => (start..end).contains(&at),
            _ => true,
        };
        if inside {
            let row =
                LogRow { time_ns: line.time_ns, entity: &line.entity, level: line.level, body: &line.body };
            let fields = line.fields.iter().map(|(key, value)| (&**key, &**value));
            counter.observe(row, fields, || Some(format!("{}:{}", file.relative, line.number)));
        }
    });
    facts.remark(&mut damage);
    (counter.into_patterns(), facts, damage)
}

/// The part of `all` in bins that start in the window, and the lines without a time when `untimed`. Exemplars outside
/// of the window are left out, so a pattern may have none.
fn filtered(all: &LogPatterns, window_ns: (i64, i64), untimed: bool) -> LogPatterns {
    let inside = |at: i64| (window_ns.0..window_ns.1).contains(&at);
    // A bin holds the lines after its start: the window's own start may lie inside the first one.
    let from = window_ns.0.div_euclid(all.bin_ns.max(1)).saturating_mul(all.bin_ns);
    let mut kept = LogPatterns { bin_ns: all.bin_ns, ..LogPatterns::default() };
    for pattern in &all.patterns {
        let timed: u64 = pattern.bins.iter().map(|(_, count)| count).sum();
        let bins: Vec<(i64, u64)> =
            pattern.bins.iter().copied().filter(|(at, _)| (from..window_ns.1).contains(at)).collect();
        let without_time = if untimed { pattern.total.saturating_sub(timed) } else { 0 };
        let total = bins.iter().map(|(_, count)| count).sum::<u64>() + without_time;
        if total == 0 {
            continue;
        }
        let exemplars = pattern.exemplars.iter().filter(|line| line.time_ns.map_or(untimed, inside));
        let pattern = LogPattern { bins, total, exemplars: exemplars.cloned().collect(), ..pattern.clone() };
        kept.lines += total;
        if pattern.template == OVERFLOW {
            kept.overflow_lines += total;
        }
        kept.patterns.push(pattern);
    }
    kept
}
