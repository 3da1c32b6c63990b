//! Axes: where an instant or a value stands, and which ones people like to read.

use jiff::Timestamp;
use midwatch_model::Window;

use crate::text;

/// Labels along time at most, so that they fit on a phone.
const TIME_TICKS_MAX: i128 = 6;
const SECOND_NS: i128 = 1_000_000_000;
const DAY_S: i128 = 86_400;
/// Steps between labels, in seconds.
const STEPS_S: [i128; 22] = [
    1,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    DAY_S,
    2 * DAY_S,
    7 * DAY_S,
    30 * DAY_S,
    365 * DAY_S,
    36_500 * DAY_S,
];

/// A time axis; UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeScale {
    start_ns: i128,
    end_ns: i128,
}

/// A label and where it stands, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) share: f64,
    pub(crate) label: String,
}

impl TimeScale {
    /// The axis from the first to the last of `times`; `None` unless they differ.
    pub(crate) fn of(times: impl IntoIterator<Item = Timestamp>) -> Option<TimeScale> {
        let mut range: Option<(i128, i128)> = None;
        for at in times.into_iter().map(Timestamp::as_nanosecond) {
            range = Some(range.map_or((at, at), |(start, end)| (start.min(at), end.max(at))));
        }
        let (start_ns, end_ns) = range.filter(|(start, end)| start < end)?;
        Some(TimeScale { start_ns, end_ns })
    }

    /// The axis of a window.
    pub(crate) fn window(window: &Window) -> TimeScale {
        TimeScale { start_ns: window.start().as_nanosecond(), end_ns: window.end().as_nanosecond() }
    }

    /// Where an instant stands, 0 at the start and 1 at the end; `None` outside.
    pub(crate) fn share(&self, at: Timestamp) -> Option<f64> {
        let at = at.as_nanosecond();
        (self.start_ns..=self.end_ns).contains(&at).then(|| self.share_ns(at))
    }

    /// Whether an instant lies before the axis begins.
    pub(crate) fn is_before(&self, at: Timestamp) -> bool {
        at.as_nanosecond() < self.start_ns
    }

    fn share_ns(&self, at: i128) -> f64 {
        (at - self.start_ns) as f64 / (self.end_ns - self.start_ns) as f64
    }

    /// Whole minutes, hours or days, at most six; midnight carries the date.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let length_s = (self.end_ns - self.start_ns) / SECOND_NS;
        let fits = |step: &&i128| length_s / **step < TIME_TICKS_MAX;
        let step_s = STEPS_S.iter().find(fits).copied().unwrap_or(36_500 * DAY_S);
        let step_ns = step_s * SECOND_NS;
        let mut at = self.start_ns.div_euclid(step_ns) * step_ns;
        if at < self.start_ns {
            at += step_ns;
        }
        let mut ticks = Vec::new();
        while at <= self.end_ns && ticks.len() <= TIME_TICKS_MAX as usize {
            if let Ok(moment) = Timestamp::from_nanosecond(at) {
                let midnight = at.rem_euclid(DAY_S * SECOND_NS) == 0;
                let form = match step_s {
                    _ if step_s >= 30 * DAY_S => "%b %Y",
                    _ if midnight => "%-d %b",
                    _ if step_s < 60 => "%H:%M:%S",
                    _ => "%H:%M",
                };
                ticks.push(Tick { share: self.share_ns(at), label: moment.strftime(form).to_string() });
            }
            at += step_ns;
        }
        ticks
    }
}

/// A value axis that holds all values and, where it is not far off, the normal range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ValueScale {
    low: f64,
    high: f64,
}

impl ValueScale {
    /// The axis for `values` (finite ones only); starts at zero where that costs less than half the height.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>, normal: Option<(f64, f64)>) -> ValueScale {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().filter(|value| value.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            return ValueScale { low: 0.0, high: 1.0 };
        }
        let positive = low >= 0.0;
        let span = high / 2.0 - low / 2.0;
        if let Some((from, to)) = normal.filter(|(from, to)| from.is_finite() && to.is_finite()) {
            let (from, to) = (from.min(to), from.max(to));
            let reach = 4.0 * span.max(high.abs() / 16.0);
            if from >= low - reach && to <= high + reach {
                low = low.min(from);
                high = high.max(to);
            }
        }
        if positive && (low < 0.0 || low <= high / 2.0) {
            low = 0.0;
        }
        if low == high {
            let pad = if low == 0.0 { 1.0 } else { low.abs() / 4.0 };
            return ValueScale { low: if low == 0.0 { 0.0 } else { low - pad }, high: high + pad };
        }
        ValueScale { low, high }
    }

    /// Where a value stands, 0 at the bottom and 1 at the top; values outside stand at the edge.
    pub(crate) fn share(&self, value: f64) -> f64 {
        // Halves keep the span finite when the values reach the limits of f64.
        let span = self.high / 2.0 - self.low / 2.0;
        let share = (value / 2.0 - self.low / 2.0) / span;
        if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) }
    }

    /// Round values (1, 2 or 5 times a power of ten), three to five of them.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let rough = self.high / 4.0 - self.low / 4.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|one| one * power).find(|step| *step >= rough);
        let mut ticks = Vec::new();
        if let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) {
            let first = (self.low / step).ceil();
            for index in 0..6 {
                let value = (first + f64::from(index)) * step;
                if value <= self.high && (value - step) < value {
                    ticks.push(Tick { share: self.share(value), label: axis_number(value, step) });
                }
            }
        }
        if ticks.len() < 2 {
            let edge = |value| Tick { share: self.share(value), label: text::number(value) };
            ticks = vec![edge(self.low), edge(self.high)];
        }
        ticks
    }
}

/// A short number for an axis: `250`, `0.05`, `1.2k`, `30M`.
fn axis_number(value: f64, step: f64) -> String {
    let size = value.abs().max(step);
    let (divisor, suffix) = match size {
        _ if size >= 1e15 => return text::number(value),
        _ if size >= 1e12 => (1e12, "T"),
        _ if size >= 1e9 => (1e9, "G"),
        _ if size >= 1e6 => (1e6, "M"),
        _ if size >= 1e4 => (1e3, "k"),
        _ if size < 1e-3 => return text::number(value),
        _ => (1.0, ""),
    };
    let decimals = (-(step / divisor).log10().floor()).clamp(0.0, 6.0) as usize;
    let shown = format!("{:.decimals$}", value / divisor);
    let shown = if decimals > 0 { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    match shown {
        "0" | "-0" | "" => "0".into(),
        _ => format!("{shown}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        // 2026-03-04T00:00:00Z
        Timestamp::from_second(1_772_582_400 + second).unwrap()
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn times_are_round_and_midnight_is_named() {
        let ticks = |start, end| TimeScale::of([at(end), at(start)]).unwrap().ticks();
        assert_eq!(
            labels(&ticks(0, 25)),
            ["4 Mar", "00:00:05", "00:00:10", "00:00:15", "00:00:20", "00:00:25"]
        );
        assert_eq!(labels(&ticks(52_200, 55_800)), ["14:30", "14:45", "15:00", "15:15", "15:30"]);
        assert_eq!(labels(&ticks(-7_000, 7_000)), ["23:00", "4 Mar", "01:00"]);
        assert_eq!(labels(&ticks(0, 6 * 86_400)), ["4 Mar", "6 Mar", "8 Mar", "10 Mar"]);
        let all = TimeScale::of([Timestamp::MIN, Timestamp::MAX]).unwrap();
        assert!(all.ticks().len() <= 7);
        assert_eq!(TimeScale::of([at(3), at(3)]), None);
        assert_eq!(TimeScale::of([at(0), at(10)]).unwrap().share(at(11)), None);
    }

    #[test]
    fn values_are_round_and_zero_is_shown_where_it_is_cheap() {
        let ticks = |values: &[f64]| ValueScale::of(values.iter().copied(), None).ticks();
        assert_eq!(labels(&ticks(&[134.0, 346.0])), ["0", "100", "200", "300"]);
        assert_eq!(labels(&ticks(&[0.0002, 0.13])), ["0", "0.05", "0.1"]);
        assert_eq!(labels(&ticks(&[295.0, 305.0])), ["295", "300", "305"]);
        assert_eq!(labels(&ticks(&[0.0, 42_000.0])), ["0", "20k", "40k"]);
        assert_eq!(labels(&ticks(&[-3.0, 3.0])), ["-2", "0", "2"]);
        for odd in [&[f64::MAX, f64::MIN][..], &[f64::NAN], &[], &[1e-300, 0.0], &[5.0], &[0.0], &[f64::MIN]]
        {
            let ticks = ticks(odd);
            assert!((2..=6).contains(&ticks.len()), "{odd:?} {ticks:?}");
            assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.share)), "{odd:?} {ticks:?}");
        }
    }

    #[test]
    fn the_normal_range_counts_unless_it_is_far_off() {
        let near = ValueScale::of([100.0, 110.0], Some((90.0, 120.0)));
        assert_eq!((near.share(90.0), near.share(120.0)), (0.0, 1.0));
        let far = ValueScale::of([0.1, 0.2], Some((0.0, 1e6)));
        assert_eq!(far.share(0.2), 1.0);
    }
}
