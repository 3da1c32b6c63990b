//! Lines for reading: an even sample of those that match, in bounded memory.

use midwatch_analysis::logs::{LogBatch, LogRow};

use super::super::damage::DamageLog;
use super::super::scan::SnapshotFile;
use super::line::LogLine;
use super::pass::for_each;

/// Which lines.
#[derive(Debug, Clone, Copy)]
pub(in crate::snapshot) struct Wanted<'q> {
    /// Names of those that write them; empty means all.
    pub(in crate::snapshot) entities: &'q [String],
    /// Text that the message or a field must hold.
    pub(in crate::snapshot) contains: Option<&'q str>,
    /// Whether lines without a time are wanted.
    pub(in crate::snapshot) untimed: bool,
    /// Start and end in nanoseconds.
    pub(in crate::snapshot) window_ns: (i64, i64),
    /// Lines handed over at most.
    pub(in crate::snapshot) rows_max: usize,
}

impl Wanted<'_> {
    fn matches(&self, line: &LogLine<'_>) -> bool {
        let in_time =
            line.time_ns.map_or(self.untimed, |at| (self.window_ns.0..self.window_ns.1).contains(&at));
        let by_one = self.entities.is_empty() || self.entities.iter().any(|entity| *entity == line.entity);
        let holds = |text: &str| {
            line.body.contains(text) || line.fields.iter().any(|(_, value)| value.contains(text))
        };
        in_time && by_one && self.contains.is_none_or(holds)
    }
}

/// A sample and what it was drawn from.
#[derive(Debug, Default)]
pub(in crate::snapshot) struct Sample {
    /// The lines by time, those without one last.
    pub(in crate::snapshot) batch: LogBatch,
    /// Lines that matched.
    pub(in crate::snapshot) total: u64,
    /// File and line of the first one.
    pub(in crate::snapshot) first: Option<String>,
}

struct Kept {
    line: LogLine<'static>,
    place: String,
}

/// Draws every n-th match, where n doubles whenever twice the wanted number is held: even and deterministic.
pub(in crate::snapshot) fn sample(files: &[SnapshotFile], wanted: Wanted<'_>) -> Sample {
    let mut kept: Vec<Kept> = Vec::new();
    let mut stride: u64 = 1;
    let mut total: u64 = 0;
    for_each(files, &mut DamageLog::default(), &mut |file, line| {
        if !wanted.matches(line) {
            return;
        }
        if total.is_multiple_of(stride) && wanted.rows_max > 0 {
            kept.push(Kept { line: owned(line), place: format!("{}:{}", file.relative, line.number) });
            if kept.len() >= wanted.rows_max.saturating_mul(2) {
                let mut place = 0;
                kept.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                stride *= 2;
            }
        }
        total += 1;
    });
    let held = kept.len();
    if held > wanted.rows_max {
        let mut place = 0;
        kept.retain(|_| {
            place += 1;
            // Keeps `rows_max` of `held` places, evenly spread.
            place * wanted.rows_max / held != (place - 1) * wanted.rows_max / held
        });
    }
    kept.sort_by_key(|kept| (kept.line.time_ns.is_none(), kept.line.time_ns));
    let mut sample =
        Sample { total, first: kept.first().map(|kept| kept.place.clone()), ..Sample::default() };
    for Kept { line, .. } in &kept {
        let row = LogRow { time_ns: line.time_ns, entity: &line.entity, level: line.level, body: &line.body };
        sample.batch.push(row, line.fields.iter().map(|(key, value)| (&**key, &**value)));
    }
    sample
}

fn owned(line: &LogLine<'_>) -> LogLine<'static> {
    LogLine {
        number: line.number,
        time_ns: line.time_ns,
        level: line.level,
        naive: line.naive,
        bad_time: line.bad_time,
        entity: line.entity.clone().into_owned().into(),
        body: line.body.clone().into_owned().into(),
        fields: line
            .fields
            .iter()
            .map(|(key, value)| (key.clone().into_owned().into(), value.clone().into_owned().into()))
            .collect(),
    }
}
