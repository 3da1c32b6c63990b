//! Whether a window lies elsewhere than its baseline, and by how much.

use midwatch_model::{Direction, Unit};
use serde::{Deserialize, Serialize};

use super::SeriesView;
use super::robust::{Level, level, normal_two_sided_p, robust_z};

/// Points from which the middle of a stretch is known better than a single point.
const SURE_POINTS: usize = 10;
/// Share of the baseline that such a middle must move by.
const SURE_MOVE_SHARE: f64 = 0.75;
/// Scales of the baseline that such a middle must move by.
const SURE_MOVE_SCALES: f64 = 1.2;

/// What counts as a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShiftOptions {
    /// Robust z that a shift must reach.
    pub z_min: f64,
    /// Share of the baseline's median that a shift must reach.
    pub ratio_min: f64,
    /// Plain difference that a shift must reach, in the unit of the series.
    pub difference_min: f64,
    /// Mann-Whitney p-value that a shift must stay below, where both sides have enough points to reach it.
    pub p_max: f64,
    /// With fewer baseline points than this the answer says that the baseline was short.
    pub baseline_points_min: usize,
    /// Largest value there can be (1 for a ratio, 100 for per cent). A fall from near the ceiling is judged by the
    /// growth of what is missing: from 0.999 to 0.98 the failures are twenty-fold.
    pub ceiling: Option<f64>,
}

impl Default for ShiftOptions {
    fn default() -> ShiftOptions {
        ShiftOptions {
            z_min: 3.0,
            ratio_min: 0.2,
            difference_min: 0.0,
            p_max: 0.01,
            baseline_points_min: 8,
            ceiling: None,
        }
    }
}

impl ShiftOptions {
    /// The defaults with what a unit implies: the ceiling of ratios and per cents, and that a change of less than
    /// five hundredths of a per cent point is none.
    pub fn for_unit(unit: Unit) -> ShiftOptions {
        let ceiling = match unit {
            Unit::Ratio => Some(1.0),
            Unit::Percent => Some(100.0),
            _ => None,
        };
        let difference_min = ceiling.unwrap_or(0.0) * 0.0005;
        ShiftOptions { ceiling, difference_min, ..ShiftOptions::default() }
    }
}

/// How a window differs from its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Middle of the baseline: its median, or its mean where more than half of a side is one value.
    pub before: f64,
    /// Middle of the window, likewise.
    pub after: f64,
    /// `after - before`.
    pub difference: f64,
    /// `after / before`; `None` when the baseline is 0 or the sides differ in sign.
    pub ratio: Option<f64>,
    /// Difference in robust scales of the baseline, 0 to 1000.
    pub z: f64,
    /// Two-sided Mann-Whitney U test that both are alike.
    pub p_value: f64,
    /// Share of the window's points outside the normal band.
    pub outside_share: f64,
    /// Which way; `None` when the middles are equal.
    pub direction: Option<Direction>,
    /// Lower edge of the normal band.
    pub normal_low: f64,
    /// Upper edge of the normal band.
    pub normal_high: f64,
    /// Points in the baseline.
    pub baseline_points: usize,
    /// Points in the window.
    pub window_points: usize,
    /// Whether the baseline had fewer points than asked for; the rest is then a weak statement.
    pub baseline_short: bool,
    /// Whether the shift passes every threshold of the options.
    pub significant: bool,
}

/// How `window` differs from `baseline`. `None` when either holds no point.
///
/// Medians and a robust scale of the baseline, with the rank test of Mann and Whitney (1947) in its normal
/// approximation with tie and continuity correction (Lehmann 1975, section 1.4). O(n log n).
pub fn baseline_shift(
    baseline: SeriesView<'_>,
    window: SeriesView<'_>,
    options: &ShiftOptions,
) -> Option<Shift> {
    shift_of_values(baseline.values, window.values, options)
}

/// [`baseline_shift`] for values without times.
pub fn shift_of_values(baseline: &[f64], window: &[f64], options: &ShiftOptions) -> Option<Shift> {
    let old = level(baseline)?;
    let new = level(window)?;
    let (before, after) = (old.middle(&new), new.middle(&old));
    let difference = after - before;
    let (normal_low, normal_high) = normal_band(&old, options);
    let outside =
        window.iter().filter(|value| value.is_finite() && (**value < normal_low || **value > normal_high));
    let z = robust_z(difference, old.scale);
    let p_value = mann_whitney_p(baseline, window);
    let provable = smallest_p(old.points, new.points) <= options.p_max;
    Some(Shift {
        before,
        after,
        difference,
        ratio: (before * after >= 0.0 && before != 0.0).then(|| after / before),
        z,
        p_value,
        outside_share: outside.count() as f64 / new.points as f64,
        direction: direction_of(difference),
        normal_low,
        normal_high,
        baseline_points: old.points,
        window_points: new.points,
        baseline_short: old.points < options.baseline_points_min,
        significant: departure_of(&new, &old, options).is_some() && (p_value <= options.p_max || !provable),
    })
}

/// Which way a difference points; `None` for 0 and NaN.
pub fn direction_of(difference: f64) -> Option<Direction> {
    if difference > 0.0 {
        Some(Direction::Up)
    } else if difference < 0.0 {
        Some(Direction::Down)
    } else {
        None
    }
}

/// The band that values of an undisturbed series keep to: low and high.
///
/// As wide on either side as the largest of `z_min` scales, `ratio_min` of the median and `difference_min`, and
/// never narrower than 2 % to 98 % of the baseline itself.
pub fn normal_band(baseline: &Level, options: &ShiftOptions) -> (f64, f64) {
    let centre = if baseline.tied { baseline.mean } else { baseline.median };
    let noise = options.z_min * baseline.scale;
    let relative = options.ratio_min * centre.abs();
    let up = noise.max(relative).max(options.difference_min);
    let relative_down = match options.ceiling {
        Some(ceiling) if centre > ceiling / 2.0 => relative.min((ceiling - centre).max(0.005 * ceiling)),
        _ => relative,
    };
    let down = noise.max(relative_down).max(options.difference_min);
    ((centre - down).min(baseline.low), (centre + up).max(baseline.high))
}

/// Which way a stretch departs from the baseline; `None` when its middle is normal.
///
/// The middle of a stretch departs when it is outside [`normal_band`]. That band is made for single points; the middle of
/// ten points or more is known much better, so in a noisy series it also departs when it moved by three quarters of the
/// baseline's middle and by 1.2 scales.
pub fn departure_of(stretch: &Level, baseline: &Level, options: &ShiftOptions) -> Option<Direction> {
    let (low, high) = normal_band(baseline, options);
    let (here, before) = (stretch.middle(baseline), baseline.middle(stretch));
    let moved = here - before;
    let clear =
        (SURE_MOVE_SHARE * before.abs()).max(SURE_MOVE_SCALES * baseline.scale).max(options.difference_min);
    let well_known = stretch.points >= SURE_POINTS && baseline.points >= SURE_POINTS;
    let outside = here > high || here < low || (well_known && before != 0.0 && moved.abs() > clear);
    direction_of(moved).filter(|_| outside)
}

/// Two-sided p-value that both samples come from one distribution (Mann and Whitney 1947), by the normal
/// approximation with tie and continuity correction. 1 when either is empty or all values are equal.
pub fn mann_whitney_p(one: &[f64], other: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = Vec::with_capacity(one.len() + other.len());
    all.extend(one.iter().filter(|value| value.is_finite()).map(|value| (*value, true)));
    let ones = all.len() as f64;
    all.extend(other.iter().filter(|value| value.is_finite()).map(|value| (*value, false)));
    let others = all.len() as f64 - ones;
    if ones == 0.0 || others == 0.0 {
        return 1.0;
    }
    all.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let (mut rank_sum, mut ties, mut start) = (0.0, 0.0, 0);
    while start < all.len() {
        let end = start + all[start..].partition_point(|entry| entry.0 <= all[start].0);
        let end = end.max(start + 1);
        let group = (end - start) as f64;
        let rank = (start + end + 1) as f64 / 2.0;
        rank_sum += rank * all[start..end].iter().filter(|entry| entry.1).count() as f64;
        ties += group * group * group - group;
        start = end;
    }
    let total = ones + others;
    let u = rank_sum - ones * (ones + 1.0) / 2.0;
    let variance = ones * others / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let distance = ((u - ones * others / 2.0).abs() - 0.5).max(0.0);
    normal_two_sided_p(distance / variance.sqrt())
}

/// The p-value of complete separation: what samples of these sizes can prove at best.
fn smallest_p(ones: usize, others: usize) -> f64 {
    let (ones, others) = (ones as f64, others as f64);
    let variance = ones * others * (ones + others + 1.0) / 12.0;
    normal_two_sided_p(((ones * others / 2.0 - 0.5) / variance.sqrt()).max(0.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shift(before: &[f64], after: &[f64]) -> Option<Shift> {
        shift_of_values(before, after, &ShiftOptions::default())
    }

    #[test]
    fn table_of_shifts() {
        let noisy = [10.0, 11.0, 9.0, 10.5, 9.5, 10.2, 9.8, 10.1, 9.9, 10.0];
        type Case<'a> = (&'a str, &'a [f64], &'a [f64], Option<Direction>, bool);
        let cases: [Case<'_>; 8] = [
            ("doubled", &noisy, &[20.0, 21.0, 19.0, 20.0, 20.5], Some(Direction::Up), true),
            ("halved", &noisy, &[5.0, 5.1, 4.9, 5.0], Some(Direction::Down), true),
            ("a tenth more", &noisy, &[11.0, 11.1, 10.9, 11.0], Some(Direction::Up), false),
            ("constant, then more", &[5.0; 10], &[8.0; 5], Some(Direction::Up), true),
            ("zero, then some", &[0.0; 10], &[0.3, 0.2, 0.3], Some(Direction::Up), true),
            ("constant", &[5.0; 10], &[5.0; 5], None, false),
            ("one point of baseline", &[5.0], &[50.0], Some(Direction::Up), true),
            (
                "within its own spread",
                &[0.0, 9.0, 1.0, 8.0, 5.0, 4.0],
                &[9.0, 8.5],
                Some(Direction::Up),
                false,
            ),
        ];
        for (name, before, after, direction, significant) in cases {
            let found = shift(before, after).unwrap();
            assert_eq!((found.direction, found.significant), (direction, significant), "{name}: {found:?}");
        }
        assert!(shift(&[], &[1.0]).is_none() && shift(&[1.0], &[f64::NAN]).is_none());
        assert!(shift(&[5.0; 3], &[9.0; 3]).unwrap().baseline_short);
    }

    #[test]
    fn a_fall_from_the_ceiling_counts() {
        let before = [0.999, 0.9992, 0.9991, 0.9989, 0.999, 0.9991, 0.9992, 0.999, 0.9989];
        let options = ShiftOptions { z_min: 1.0, ..ShiftOptions::for_unit(Unit::Ratio) };
        let found = shift_of_values(&before, &[0.95, 0.951, 0.949, 0.95], &options).unwrap();
        assert!(found.significant, "{found:?}");
    }

    #[test]
    fn rank_test_matches_a_worked_example() {
        // U = 0 of 5 x 5: normal approximation with continuity correction gives z = 12 / sqrt(22.9167).
        let p = mann_whitney_p(&[1.0, 2.0, 3.0, 4.0, 5.0], &[6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((p - 0.012_19).abs() < 2e-4, "{p}");
        assert_eq!(mann_whitney_p(&[1.0; 4], &[1.0; 9]), 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn scaling_keeps_the_verdict(
            before in prop::collection::vec(1.0..100.0f64, 4..40),
            after in prop::collection::vec(1.0..300.0f64, 2..40),
            power in -8i32..8,
        ) {
            let factor = 2f64.powi(power);
            let scale = |values: &[f64]| values.iter().map(|value| value * factor).collect::<Vec<_>>();
            let plain = shift(&before, &after).unwrap();
            let scaled = shift(&scale(&before), &scale(&after)).unwrap();
            prop_assert_eq!(plain.significant, scaled.significant);
            prop_assert!((plain.z - scaled.z).abs() < 1e-6);
            prop_assert_eq!(plain.p_value, scaled.p_value);
        }

        #[test]
        fn sides_are_symmetric(
            one in prop::collection::vec(0u8..9, 1..30),
            other in prop::collection::vec(0u8..9, 1..30),
        ) {
            let one: Vec<f64> = one.into_iter().map(f64::from).collect();
            let other: Vec<f64> = other.into_iter().map(f64::from).collect();
            let p = mann_whitney_p(&one, &other);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!((p - mann_whitney_p(&other, &one)).abs() < 1e-12);
        }
    }
}
