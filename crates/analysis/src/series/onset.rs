//! When a series left its normal level, for good or for a while.
//!
//! The series is cut into levels ([`super::change_points`]); the leading ones that agree are the baseline; runs of
//! levels outside its normal band are episodes. Of the episodes one is chosen, its shape fitted ([`super::ramp`]) and its
//! start placed: at the first abnormal point of a step, at the knee of a ramp, which lies before the first point that
//! looks abnormal by itself.

use midwatch_model::{Direction, Strength, Unit};
use serde::{Deserialize, Serialize};

use super::SeriesView;
use super::change_points::{ChangeOptions, despiked, noise_of, segments};
use super::episodes::{Episode, episodes};
use super::ramp::{RampFit, fit_jump, fit_ramp, fit_step};
use super::robust::{Level, level, quantile_sorted, robust_z, sorted_present};
use super::shift::{Shift, ShiftOptions, normal_band, shift_of_values};

/// Distance from median to 95 % over that from 5 % to median from which an upper tail is long.
const LONG_TAIL: f64 = 1.5;

/// A ramp must leave at most this share of the squared error that a step leaves.
const RAMP_ERROR_SHARE: f64 = 0.9;

/// Noise scales by which a point must fall short of a fitted ramp to prove that the ramp had not begun.
const NORMAL_Z: f64 = 3.0;

/// What counts as an onset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnsetOptions {
    /// What counts as a departure from the baseline.
    pub shift: ShiftOptions,
    /// How levels are told apart.
    pub change: ChangeOptions,
    /// Fewest points of baseline before an onset.
    pub baseline_points_min: usize,
    /// Points a departure must last to be sustained; a shorter one must be twice as strong.
    pub sustained_points: usize,
    /// A rise of at most this many points is a step, not a ramp.
    pub step_points_max: usize,
    /// Robust z that a lone spike must reach.
    pub spike_z_min: f64,
}

impl Default for OnsetOptions {
    fn default() -> OnsetOptions {
        OnsetOptions {
            shift: ShiftOptions::default(),
            change: ChangeOptions::default(),
            baseline_points_min: 4,
            sustained_points: 3,
            step_points_max: 5,
            spike_z_min: 8.0,
        }
    }
}

impl OnsetOptions {
    /// The defaults with what a unit implies, as in [`ShiftOptions::for_unit`].
    pub fn for_unit(unit: Unit) -> OnsetOptions {
        OnsetOptions { shift: ShiftOptions::for_unit(unit), ..OnsetOptions::default() }
    }
}

/// The shape of a departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnsetKind {
    /// At once, or within a few points.
    Step,
    /// Steadily over many points, whether or not it then met a limit.
    Ramp,
    /// One or two points only; not sustained.
    Spike,
}

/// The departure of a series from its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OnsetEstimate {
    /// When it began: first abnormal point of a step, fitted start of a ramp.
    pub at_ns: i64,
    /// The truth lies within this on either side; at least one sampling step.
    pub uncertainty_ns: i64,
    /// Shape.
    pub kind: OnsetKind,
    /// Which way.
    pub direction: Direction,
    /// First point back inside the normal band, when it stayed there to the end or at least half as long as the
    /// departure had lasted.
    pub ended_at_ns: Option<i64>,
    /// Slope of a ramp in units per second.
    pub slope_per_s: Option<f64>,
    /// Points of the departure against those of the baseline.
    pub shift: Shift,
    /// The extreme level reached: ratio to the baseline (or plain difference when the baseline is 0) and robust z.
    pub departure: Strength,
}

/// The points that are there, times in seconds from the first.
struct Points {
    times_ns: Vec<i64>,
    times_s: Vec<f64>,
    values: Vec<f64>,
    step_ns: i64,
}

/// The earliest departure of a series from its baseline that is sustained and comparable to its strongest.
///
/// `baseline_end_hint` promises that the series was normal for most of the time before that instant: departures over by
/// then belong to normal life. Without it the baseline is the leading stretch. `None` when nothing departs: constants,
/// noise, drift inside the normal band, patterns that recur alike three times or more, fewer than six points, no
/// baseline before the departure, or a whole window that is equally abnormal. A lone spike is reported, as one, only
/// when nothing sustained is there. Missing points are left out; a gap at the onset widens the uncertainty.
pub fn onset(
    series: SeriesView<'_>,
    baseline_end_hint: Option<i64>,
    options: &OnsetOptions,
) -> Option<OnsetEstimate> {
    let points = Points::of(series);
    if points.values.len() < options.baseline_points_min + 2 {
        return None;
    }
    let hint = baseline_end_hint
        .map(|end| points.times_ns.partition_point(|at| *at < end))
        .filter(|end| *end >= options.baseline_points_min && *end < points.values.len());
    let levels = segments(&evened(&points.values), &options.change);
    let found = episodes(&points.values, &levels, hint, options)?;
    match choose(&found.episodes, &found.baseline, hint) {
        Some(episode) => describe(&points, &found.baseline, &found.baseline_points, episode, options),
        None => spike(&points, &found.baseline, &found.baseline_points, options),
    }
}

/// The values for cutting into levels: logarithms where a positive series has a long upper tail, as latencies do, so that
/// its tail does not pass for changes; else the values themselves.
fn evened(values: &[f64]) -> Vec<f64> {
    let sorted = sorted_present(values);
    let at = |share| quantile_sorted(&sorted, share).unwrap_or(0.0);
    let (low, middle, high) = (at(0.05), at(0.5), at(0.95));
    let positive = sorted.first().is_some_and(|least| *least > 0.0);
    if !positive || high - middle < LONG_TAIL * (middle - low) {
        return values.to_vec();
    }
    values.iter().map(|value| (value / middle).ln()).collect()
}

impl Points {
    fn of(series: SeriesView<'_>) -> Points {
        let present: Vec<(i64, f64)> = series.present().filter(|(_, value)| value.is_finite()).collect();
        let origin = present.first().map_or(0, |point| point.0);
        let mut steps: Vec<i64> =
            present.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0)).collect();
        steps.sort_unstable();
        Points {
            times_s: present.iter().map(|point| point.0.saturating_sub(origin) as f64 / 1e9).collect(),
            times_ns: present.iter().map(|point| point.0).collect(),
            values: present.iter().map(|point| point.1).collect(),
            step_ns: steps.get(steps.len() / 2).copied().unwrap_or(1).max(1),
        }
    }

    /// Time from the point before `index` to it, at least one sampling step.
    fn step_before(&self, index: usize) -> i64 {
        let before = index.saturating_sub(1);
        self.times_ns[index].saturating_sub(self.times_ns[before]).max(self.step_ns)
    }
}

/// The episode to report: the earliest that is comparable to the strongest, unless it is part of a recurring pattern.
fn choose<'a>(found: &'a [Episode], baseline: &Level, hint: Option<usize>) -> Option<&'a Episode> {
    let height = |episode: &Episode| (episode.extreme - baseline.median).abs();
    let eligible: Vec<&Episode> =
        found.iter().filter(|episode| hint.is_none_or(|hint| episode.end > hint)).collect();
    let strongest = eligible.iter().map(|episode| height(episode)).fold(0.0, f64::max);
    let chosen = eligible.into_iter().find(|episode| {
        let deep = episode.direction == Direction::Down && height(episode) >= 0.5 * baseline.median.abs();
        height(episode) >= 0.3 * strongest || deep || !episode.recovered
    })?;
    let peers = found.iter().filter(|other| {
        other.recovered
            && other.direction == chosen.direction
            && height(other) >= 0.6 * strongest
            && height(other) <= 1.7 * height(chosen)
            && other.points() <= 2 * chosen.points() + 2
            && chosen.points() <= 2 * other.points() + 2
    });
    let recurs =
        peers.count() >= 3 || (hint.is_some() && before_hint_alike(found, chosen, baseline, hint) >= 2);
    (!recurs).then_some(chosen)
}

/// How many episodes over before the hint were as strong and as long as `chosen`.
fn before_hint_alike(found: &[Episode], chosen: &Episode, baseline: &Level, hint: Option<usize>) -> usize {
    let height = |episode: &Episode| (episode.extreme - baseline.median).abs();
    let alike = |other: &&Episode| {
        hint.is_some_and(|hint| other.end <= hint)
            && other.direction == chosen.direction
            && 1.3 * height(other) >= height(chosen)
            && 2 * other.points() + 2 >= chosen.points()
    };
    found.iter().filter(alike).count()
}

/// Places and describes a sustained episode.
fn describe(
    points: &Points,
    baseline: &Level,
    baseline_points: &[usize],
    episode: &Episode,
    options: &OnsetOptions,
) -> Option<OnsetEstimate> {
    // The fit sees enough baseline to know its level, and the way up to the extreme, but not the way back.
    let reach = (3 * episode.points()).max(40);
    let from = episode.quiet_from.max(episode.start.saturating_sub(reach));
    let times = &points.times_s[from..episode.extreme_end];
    let raw = &points.values[from..episode.extreme_end];
    let calm = despiked(raw, noise_of(raw).scale);
    let placed = place(times, &calm, episode.start - from, baseline, episode.direction, options);
    let start = from + placed.first;
    let (at_ns, kind) = match placed.knee_s {
        Some(knee_s) => {
            let early = (points.times_s[start] - knee_s).max(0.0);
            (points.times_ns[start].saturating_sub((early * 1e9) as i64), OnsetKind::Ramp)
        }
        None if episode.points() <= 2 && episode.recovered => (points.times_ns[start], OnsetKind::Spike),
        None => (points.times_ns[start], OnsetKind::Step),
    };
    let mut uncertainty_ns = points.step_before(start);
    let slope = placed.slope_per_s.filter(|slope| slope.abs() > 0.0);
    if kind == OnsetKind::Ramp
        && let Some(slope) = slope
    {
        uncertainty_ns = uncertainty_ns.max((baseline.scale / slope.abs() * 1e9) as i64);
    }
    let before: Vec<f64> =
        baseline_points.iter().filter(|i| **i < start).map(|i| points.values[*i]).collect();
    let shift =
        shift_of_values(&before, &points.values[start.min(episode.end - 1)..episode.end], &options.shift)?;
    let difference = episode.extreme - shift.before;
    Some(OnsetEstimate {
        at_ns,
        uncertainty_ns,
        kind,
        direction: episode.direction,
        ended_at_ns: episode.recovered.then(|| points.times_ns[episode.end]),
        slope_per_s: slope,
        shift,
        departure: strength(episode.extreme, shift.before, difference, baseline.scale),
    })
}

fn strength(extreme: f64, before: f64, difference: f64, scale: f64) -> Strength {
    let effect = if before != 0.0 && extreme * before >= 0.0 { extreme / before } else { difference };
    Strength { effect, z: robust_z(difference, scale) }
}

/// Where a rise begins: first point that belongs to it, and for a ramp its fitted start and slope.
struct Placed {
    first: usize,
    knee_s: Option<f64>,
    slope_per_s: Option<f64>,
}

fn place(
    times_s: &[f64],
    values: &[f64],
    guess: usize,
    baseline: &Level,
    direction: Direction,
    options: &OnsetOptions,
) -> Placed {
    let first = first_abnormal(values, guess, baseline, direction, options);
    let plain = Placed { first, knee_s: None, slope_per_s: None };
    let (Some(ramp), Some(step)) = (fit_ramp(times_s, values), fit_step(times_s, values)) else {
        return plain;
    };
    let with_direction = |slope: f64| (slope > 0.0) == (direction == Direction::Up);
    let rise = ramp.end - ramp.start;
    // Noise alone improves the longer fit a little: its one knee more has to pay (BIC, four times over), and visibly.
    let count = values.len() as f64;
    let gain = count * (step.error / ramp.error.max(f64::MIN_POSITIVE)).ln();
    let clearly_better = gain > 4.0 * count.ln() && ramp.error < RAMP_ERROR_SHARE * step.error;
    let enough_line = values.len() > ramp.start + options.step_points_max;
    if rise <= options.step_points_max || !clearly_better || !enough_line || !with_direction(ramp.slope_per_s)
    {
        return plain;
    }
    if let Some(jump) = fit_jump(times_s, values)
        && jump.error < 0.8 * ramp.error
        && jump.jump.abs() > 0.35 * (ramp.after - ramp.before).abs()
        && with_direction(jump.jump)
    {
        let slope_per_s = with_direction(jump.slope_per_s).then_some(jump.slope_per_s);
        return Placed { first: first.min(jump.at), knee_s: None, slope_per_s };
    }
    let fitted_s = knee_of(times_s, &ramp, baseline, direction).min(times_s[first]);
    let slope_per_s = Some(ramp.slope_per_s);
    let after = |knee_s: f64| times_s.partition_point(|at| *at <= knee_s).min(values.len() - 1);
    let step_s = times_s[first] - times_s[first.saturating_sub(1)];
    let steep = ramp.slope_per_s.abs() * step_s > NORMAL_Z * baseline.scale;
    match last_normal(times_s, values, fitted_s, first, ramp.slope_per_s, baseline) {
        Some(normal) => Placed { first: normal + 1, knee_s: Some(times_s[normal + 1]), slope_per_s },
        // A rise that one sampling step lifts out of the noise began with the first point that shows it, as a step does.
        None if steep => Placed { first, knee_s: Some(times_s[first]), slope_per_s },
        None => Placed { first: after(fitted_s), knee_s: Some(fitted_s), slope_per_s },
    }
}

/// The last point between a fitted knee and the first abnormal point that is as normal as ever although the line demands
/// clearly more: the rise cannot have begun before it. Steps that go on climbing and curves that flatten pull a straight
/// line's knee ahead of their true start; this takes it back.
fn last_normal(
    times_s: &[f64],
    values: &[f64],
    knee_s: f64,
    first: usize,
    slope_per_s: f64,
    baseline: &Level,
) -> Option<usize> {
    let noise = baseline.scale.max(f64::MIN_POSITIVE);
    let from = times_s.partition_point(|at| *at <= knee_s);
    (from..first).rev().find(|index| {
        let demanded = slope_per_s * (times_s[*index] - knee_s);
        let risen = (values[*index] - baseline.median) * slope_per_s.signum();
        demanded.abs() - risen > NORMAL_Z * noise && risen < NORMAL_Z * noise
    })
}

/// The fitted line followed back to the level of the whole baseline, which is better known than the fitted one; kept
/// within a tenth of the rise of the fitted knee.
fn knee_of(times_s: &[f64], ramp: &RampFit, baseline: &Level, direction: Direction) -> f64 {
    let knee_s = times_s[ramp.start];
    let rise_s = times_s[ramp.end] - knee_s;
    let gap = baseline.median - ramp.before;
    let sideways = gap / ramp.slope_per_s;
    let moved = knee_s + sideways.clamp(-0.1 * rise_s, 0.1 * rise_s);
    let plausible = gap == 0.0 || (ramp.slope_per_s > 0.0) == (direction == Direction::Up);
    if plausible && moved.is_finite() { moved.max(times_s[0]) } else { knee_s }
}

/// The first point of the unbroken run of abnormal points around `guess`.
fn first_abnormal(
    values: &[f64],
    guess: usize,
    baseline: &Level,
    direction: Direction,
    options: &OnsetOptions,
) -> usize {
    let margin =
        (options.shift.z_min * baseline.scale).max(0.25 * options.shift.ratio_min * baseline.median.abs());
    let out = |value: f64| match direction {
        Direction::Up => value > (baseline.median + margin).max(baseline.high),
        Direction::Down => value < (baseline.median - margin).min(baseline.low),
    };
    let guess = guess.min(values.len().saturating_sub(1));
    let mut first = guess;
    while first > 1 && out(values[first - 1]) {
        first -= 1;
    }
    if first == guess {
        // The cut may lie a point early when the new level is noisy.
        while first + 1 < values.len() && first < guess + 2 && !out(values[first]) {
            first += 1;
        }
        if !out(values[first]) {
            first = guess;
        }
    }
    first
}

/// The strongest lone spike, when there are at most two alike.
fn spike(
    points: &Points,
    baseline: &Level,
    baseline_points: &[usize],
    options: &OnsetOptions,
) -> Option<OnsetEstimate> {
    let quiet: Vec<f64> = baseline_points.iter().map(|index| points.values[*index]).collect();
    let (low, high) = normal_band(baseline, &options.shift);
    let height = |index: usize| (points.values[index] - baseline.median).abs();
    // A long tail of ordinary values is not a spike: the tail without the very highest is what to stand out from.
    let tail = (baseline.high - baseline.median).max(baseline.median - baseline.low);
    let wild: Vec<usize> = (options.baseline_points_min..points.values.len())
        .filter(|index| {
            let value = points.values[*index];
            let outside = value > high || value < low;
            outside
                && robust_z(value - baseline.median, baseline.scale.max(0.5 * tail)) >= options.spike_z_min
        })
        .collect();
    let strongest =
        *wild.iter().max_by(|one, other| height(**one).total_cmp(&height(**other)).then(other.cmp(one)))?;
    let alike = wild.iter().filter(|index| height(**index) >= 0.3 * height(strongest)).count();
    let twice =
        height(strongest) >= baseline.median.abs() || points.values[strongest] < 0.5 * baseline.median;
    if alike > 2 || !twice {
        return None;
    }
    let value = points.values[strongest];
    let shift = shift_of_values(&quiet, &[value], &options.shift)?;
    Some(OnsetEstimate {
        at_ns: points.times_ns[strongest],
        uncertainty_ns: points.step_before(strongest),
        kind: OnsetKind::Spike,
        direction: if value > baseline.median { Direction::Up } else { Direction::Down },
        ended_at_ns: points.times_ns.get(strongest + 1).copied(),
        slope_per_s: None,
        shift,
        departure: strength(value, shift.before, shift.difference, baseline.scale),
    })
}

/// The level of the points at `indices`.
pub(crate) fn level_at(values: &[f64], indices: &[usize]) -> Option<Level> {
    level(&indices.iter().map(|index| values[*index]).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Noise, at_ns, series};
    use super::*;

    const STEP_S: i64 = 30;

    fn noisy(seed: u64, sigma: f64, shape: impl Fn(usize) -> f64, count: usize) -> Vec<f64> {
        let mut noise = Noise::new(seed);
        (0..count).map(|index| shape(index) + sigma * noise.normal()).collect()
    }

    fn found(values: &[f64]) -> Option<OnsetEstimate> {
        onset(series(STEP_S, values).view(), None, &OnsetOptions::default())
    }

    /// Onset in points from the start of the series.
    fn point_of(at: i64) -> f64 {
        (at - at_ns(STEP_S, 0.0)) as f64 / (STEP_S as f64 * 1e9)
    }

    fn line(index: usize, from: usize, to: usize) -> f64 {
        ((index as f64 - from as f64) / (to - from) as f64).clamp(0.0, 1.0)
    }

    #[test]
    fn table_of_departures() {
        type Shape = Box<dyn Fn(usize) -> f64>;
        type Case = (&'static str, Shape, f64, f64, f64, OnsetKind, Option<usize>);
        let cases: Vec<Case> = vec![
            ("step", Box::new(|i| if i < 80 { 100.0 } else { 180.0 }), 4.0, 80.0, 0.0, OnsetKind::Step, None),
            (
                "fall to 0",
                Box::new(|i| if i < 80 { 100.0 } else { 0.0 }),
                4.0,
                80.0,
                0.0,
                OnsetKind::Step,
                None,
            ),
            (
                "from zero",
                Box::new(|i| if i < 80 { 0.0 } else { 3.0 }),
                0.0,
                80.0,
                0.0,
                OnsetKind::Step,
                None,
            ),
            (
                "short rise",
                Box::new(|i| 10.0 + 90.0 * line(i, 79, 83)),
                1.0,
                80.0,
                1.0,
                OnsetKind::Step,
                None,
            ),
            (
                "pulse",
                Box::new(|i| if (60..80).contains(&i) { 90.0 } else { 30.0 }),
                2.0,
                60.0,
                0.0,
                OnsetKind::Step,
                Some(80),
            ),
            (
                "late step",
                Box::new(|i| if i < 117 { 100.0 } else { 300.0 }),
                4.0,
                117.0,
                0.0,
                OnsetKind::Step,
                None,
            ),
            ("ramp", Box::new(|i| 100.0 + 300.0 * line(i, 60, 119)), 4.0, 60.0, 2.5, OnsetKind::Ramp, None),
            (
                "ramp down",
                Box::new(|i| 100.0 - 90.0 * line(i, 60, 119)),
                2.0,
                60.0,
                3.0,
                OnsetKind::Ramp,
                None,
            ),
            (
                "clipped ramp",
                Box::new(|i| 40.0 + 60.0 * line(i, 40, 80)),
                1.0,
                40.0,
                2.0,
                OnsetKind::Ramp,
                None,
            ),
            (
                "ramp, then well",
                Box::new(|i| if i < 90 { 40.0 + 60.0 * line(i, 40, 80) } else { 40.0 }),
                1.0,
                40.0,
                2.0,
                OnsetKind::Ramp,
                Some(90),
            ),
            // A straight line through these starts too early: their first points say so.
            (
                "step that climbs on",
                Box::new(|i| if i < 60 { 100.0 } else { 150.0 + 250.0 * line(i, 60, 119) }),
                4.0,
                60.0,
                1.0,
                OnsetKind::Ramp,
                None,
            ),
            (
                "rise that flattens",
                Box::new(|i| 100.0 + 300.0 * (1.0 - (-(i.saturating_sub(59) as f64) / 12.0).exp())),
                4.0,
                60.0,
                1.0,
                OnsetKind::Ramp,
                None,
            ),
            ("queue from 0", Box::new(|i| 500.0 * line(i, 50, 119)), 0.0, 50.0, 1.0, OnsetKind::Ramp, None),
            (
                "spike",
                Box::new(|i| if i == 70 { 400.0 } else { 100.0 }),
                4.0,
                70.0,
                0.0,
                OnsetKind::Spike,
                Some(71),
            ),
        ];
        for (name, shape, sigma, at, tolerance, kind, ended) in cases {
            for seed in 0..5 {
                let estimate =
                    found(&noisy(seed, sigma, &shape, 120)).unwrap_or_else(|| panic!("{name}: nothing"));
                let off = (point_of(estimate.at_ns) - at).abs();
                assert!(off <= tolerance && estimate.kind == kind, "{name} {seed}: off {off}: {estimate:?}");
                assert_eq!(
                    estimate.ended_at_ns.map(point_of),
                    ended.map(|end| end as f64),
                    "{name} {seed}: {estimate:?}"
                );
                assert!(estimate.uncertainty_ns >= STEP_S * 1_000_000_000);
            }
        }
    }

    #[test]
    fn table_of_normal_life() {
        type Shape = Box<dyn Fn(usize) -> f64>;
        let cases: Vec<(&str, Shape, f64)> = vec![
            ("constant", Box::new(|_| 7.0), 0.0),
            ("zero", Box::new(|_| 0.0), 0.0),
            ("noise", Box::new(|_| 50.0), 5.0),
            ("loud noise", Box::new(|_| 50.0), 20.0),
            ("slow drift", Box::new(|i| 100.0 + 15.0 * line(i, 0, 119)), 2.0),
            ("small step", Box::new(|i| if i < 60 { 100.0 } else { 110.0 }), 2.0),
            ("recurring pulses", Box::new(|i| if i % 20 >= 16 { 60.0 } else { 10.0 }), 0.5),
            ("many spikes", Box::new(|i| if i % 30 == 16 { 60.0 } else { 10.0 }), 0.5),
        ];
        for (name, shape, sigma) in cases {
            for seed in 0..20 {
                assert_eq!(found(&noisy(seed, sigma, &shape, 120)), None, "{name} {seed}");
            }
        }
    }

    #[test]
    fn long_tails_are_normal_life_and_do_not_hide_a_rise() {
        let tailed = |seed, shape: fn(usize) -> f64| -> Vec<f64> {
            noisy(seed, 0.4, |_| 0.0, 240).iter().enumerate().map(|(i, tail)| shape(i) * tail.exp()).collect()
        };
        let alarms = (0..100).filter(|seed| found(&tailed(*seed, |_| 80.0)).is_some()).count();
        assert!(alarms <= 3, "{alarms} of 100");
        for seed in 0..20 {
            let step = found(&tailed(seed, |i| if i < 120 { 80.0 } else { 240.0 })).unwrap();
            assert!((point_of(step.at_ns) - 120.0).abs() <= 3.0, "{step:?}");
        }
    }

    #[test]
    fn short_series_and_holes() {
        for values in [&[][..], &[1.0], &[1.0, 2.0, 3.0], &[f64::NAN; 20]] {
            assert_eq!(found(values), None);
        }
        let short = found(&[10.0, 10.5, 9.8, 10.1, 10.0, 40.0, 41.0, 39.0]).unwrap();
        assert_eq!(point_of(short.at_ns), 5.0);
        let mut values = noisy(1, 2.0, |i| if i < 60 { 100.0 } else { 200.0 }, 120);
        values[55..62].fill(f64::NAN);
        let gap = found(&values).unwrap();
        assert_eq!(point_of(gap.at_ns), 62.0);
        assert_eq!(gap.uncertainty_ns, 8 * STEP_S * 1_000_000_000);
    }

    #[test]
    fn the_hint_makes_earlier_departures_normal_life() {
        let shape = |i: usize| match i {
            20..=27 => 60.0,
            90.. => 80.0,
            _ => 20.0,
        };
        let values = noisy(3, 1.0, shape, 120);
        assert_eq!(point_of(found(&values).unwrap().at_ns), 20.0);
        let owned = series(STEP_S, &values);
        let hinted = onset(owned.view(), Some(at_ns(STEP_S, 60.0)), &OnsetOptions::default()).unwrap();
        assert_eq!(point_of(hinted.at_ns), 90.0);
    }

    #[test]
    fn falls_from_a_ceiling_need_the_unit() {
        let values = noisy(4, 0.0001, |i| if i < 60 { 0.9995 } else { 0.95 }, 100);
        let owned = series(STEP_S, &values);
        let estimate = onset(owned.view(), None, &OnsetOptions::for_unit(Unit::Ratio)).unwrap();
        assert_eq!((point_of(estimate.at_ns), estimate.direction), (60.0, Direction::Down));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_clear_step_is_placed(seed in 0u64..10_000, at in 8usize..70, power in -10i32..10) {
            let values = noisy(seed, 2.0, |i| if i < at { 50.0 } else { 100.0 }, 80);
            let estimate = found(&values).unwrap();
            prop_assert!((point_of(estimate.at_ns) - at as f64).abs() <= 1.0, "{:?}", estimate);
            let scaled: Vec<f64> = values.iter().map(|value| value * 2f64.powi(power)).collect();
            prop_assert_eq!(found(&scaled).unwrap().at_ns, estimate.at_ns);
            let mut holed = values.clone();
            for index in (0..80usize).filter(|index| index % 7 == 3 && index.abs_diff(at) > 1) {
                holed[index] = f64::NAN;
            }
            prop_assert!((point_of(found(&holed).unwrap().at_ns) - at as f64).abs() <= 1.0);
        }

        #[test]
        fn anything_is_survived(values in prop::collection::vec(prop::num::f64::ANY, 0..60)) {
            if let Some(estimate) = found(&values) {
                prop_assert!(estimate.uncertainty_ns > 0);
            }
        }
    }
}
