//! Usage that reached a limit: one that is known, one that the unit implies, or one seen only as a flat top.

use midwatch_model::Unit;
use serde::{Deserialize, Serialize};

use super::SeriesView;
use super::robust::{level, median, quantile};

/// The limit a usage is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Limit<'a> {
    /// One value for all time, in the unit of the usage.
    Constant(f64),
    /// A series of limits; at each instant the last value known counts, before the first one the first.
    Series(SeriesView<'a>),
    /// What the unit implies: 1 for ratios, 100 for per cents, none for others.
    Unit(Unit),
}

/// What counts as saturated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SaturationOptions {
    /// Share of the limit from which usage is saturated.
    pub share_min: f64,
    /// Consecutive points it must last.
    pub points_min: usize,
    /// Consecutive points a flat top must last when the limit is not known.
    pub plateau_points_min: usize,
}

impl Default for SaturationOptions {
    fn default() -> SaturationOptions {
        SaturationOptions { share_min: 0.95, points_min: 3, plateau_points_min: 5 }
    }
}

/// Usage at its limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Saturation {
    /// First point of the first sustained stretch at the limit.
    pub at_ns: i64,
    /// Median usage while at the limit.
    pub level: f64,
    /// The limit then.
    pub limit: f64,
    /// Share of all points that is at the limit, 0 to 1.
    pub share_of_time: f64,
    /// Whether the limit was implied by the unit or by a flat top rather than stated.
    pub implied: bool,
}

/// When `usage` first stayed at its limit. `None` when it never did, and for limits that are not positive.
pub fn saturation(
    usage: SeriesView<'_>,
    limit: Limit<'_>,
    options: &SaturationOptions,
) -> Option<Saturation> {
    let implied = matches!(limit, Limit::Unit(_));
    let points: Vec<(i64, f64)> = usage.present().collect();
    let limits: Vec<f64> = match limit {
        Limit::Constant(value) => vec![value; points.len()],
        Limit::Unit(Unit::Ratio) => vec![1.0; points.len()],
        Limit::Unit(Unit::Percent) => vec![100.0; points.len()],
        Limit::Unit(_) => return None,
        Limit::Series(series) => limits_at(series, &points)?,
    };
    let full = |index: usize| limits[index] > 0.0 && points[index].1 >= options.share_min * limits[index];
    let (start, end) = first_run(points.len(), options.points_min.max(1), full)?;
    let run: Vec<f64> = points[start..end].iter().map(|point| point.1).collect();
    let count = (0..points.len()).filter(|index| full(*index)).count();
    Some(Saturation {
        at_ns: points[start].0,
        level: median(&run)?,
        limit: limits[start],
        share_of_time: count as f64 / points.len() as f64,
        implied,
    })
}

/// A flat top: the series climbs, then stays pinned at its maximum, as if clipped by a limit nobody stated.
///
/// Pinned means: to the end or for at least `plateau_points_min` points within 1 % of the climb, while the points before
/// were noisier than that or took several points to climb. A series that only jumps from one constant to another is
/// not clipped, nor is a lone maximum.
pub fn plateau(usage: SeriesView<'_>, options: &SaturationOptions) -> Option<Saturation> {
    let points: Vec<(i64, f64)> = usage.present().collect();
    let values: Vec<f64> = points.iter().map(|point| point.1).collect();
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let near = |tolerance: f64| {
        first_run(values.len(), options.plateau_points_min.max(2), |index| values[index] >= top - tolerance)
    };
    let low = quantile(&values, 0.02)?;
    let climb = top - low;
    if climb <= 0.0 || top <= 0.0 {
        return None;
    }
    let (start, end) = near(0.01 * climb)?;
    let before = &values[..start];
    let base = level(before)?;
    let rise = top - base.median;
    if before.len() < 4 || rise < 0.2 * top || rise < 3.0 * base.scale.min(0.2 * top) {
        return None;
    }
    let moves = |side: &[f64]| {
        median(&side.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect::<Vec<_>>()).unwrap_or(0.0)
    };
    let pinned = &values[start..end];
    let quieter = moves(before) > 4.0 * moves(pinned) && moves(before) > 0.002 * rise;
    let between = |value: &&f64| **value > base.median + 0.1 * rise && **value < base.median + 0.95 * rise;
    let climbing = before.iter().rev().take_while(|value| **value > base.median + 0.1 * rise);
    let gradual = climbing.filter(between).count() >= 3;
    let inside = values.iter().filter(|value| **value >= top - 0.01 * climb).count();
    (quieter || gradual).then(|| Saturation {
        at_ns: points[start].0,
        level: median(pinned).unwrap_or(top),
        limit: top,
        share_of_time: inside as f64 / values.len() as f64,
        implied: true,
    })
}

fn limits_at(series: SeriesView<'_>, points: &[(i64, f64)]) -> Option<Vec<f64>> {
    let known: Vec<(i64, f64)> = series.present().collect();
    let first = known.first()?.1;
    let at = |instant: i64| {
        let after = known.partition_point(|limit| limit.0 <= instant);
        after.checked_sub(1).map_or(first, |index| known[index].1)
    };
    Some(points.iter().map(|point| at(point.0)).collect())
}

/// The first run of at least `length` indices that hold, as `[start, end)`.
fn first_run(count: usize, length: usize, holds: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
    let mut start = 0;
    while start < count {
        let end = (start..count).find(|index| !holds(*index)).unwrap_or(count);
        if end - start >= length {
            return Some((start, end));
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Noise, at_ns, series};
    use super::*;

    #[test]
    fn table_of_limits() {
        let rising: Vec<f64> = (0..50).map(|index| (f64::from(index) * 0.04).min(1.0)).collect();
        let owned = series(60, &rising);
        let options = SaturationOptions::default();
        let found = saturation(owned.view(), Limit::Unit(Unit::Ratio), &options).unwrap();
        assert_eq!((found.at_ns, found.implied), (at_ns(60, 24.0), true));
        let stated = saturation(owned.view(), Limit::Constant(0.4), &options).unwrap();
        assert_eq!((stated.at_ns, stated.implied), (at_ns(60, 10.0), false));
        let lowered = series(1200, &[4.0, 4.0, 0.9]);
        let later = saturation(owned.view(), Limit::Series(lowered.view()), &options).unwrap();
        assert_eq!((later.at_ns, later.limit), (at_ns(60, 40.0), 0.9));
        for limit in [Limit::Constant(1.5), Limit::Constant(0.0), Limit::Unit(Unit::Bytes)] {
            assert!(saturation(owned.view(), limit, &options).is_none());
        }
        assert!(saturation(series(60, &[]).view(), Limit::Constant(1.0), &options).is_none());
        assert!(
            saturation(series(60, &[1.0, 0.0, 1.0, 1.0, 0.0]).view(), Limit::Constant(1.0), &options)
                .is_none()
        );
    }

    #[test]
    fn table_of_flat_tops() {
        let mut noise = Noise::new(2);
        let mut noisy = |shape: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..80).map(|index| (shape(index) + noise.normal()).min(50.0)).collect()
        };
        let clipped = noisy(&|i| if i < 40 { 20.0 } else { 60.0 });
        let climbing = noisy(&|i| if i < 40 { 20.0 } else { 20.0 + i as f64 - 40.0 });
        let ramp: Vec<f64> = (0..60).map(|i| 10.0 + f64::from(i - 20).clamp(0.0, 25.0)).collect();
        let jump: Vec<f64> = (0..60).map(|i| if i < 30 { 10.0 } else { 20.0 }).collect();
        for (name, values, expected) in [
            ("clipped", &clipped[..], Some(40.0)),
            ("only noisy", &noisy(&|_| 20.0)[..], None),
            ("ramp to a limit", &ramp[..], Some(45.0)),
            ("jump between constants", &jump[..], None),
            ("constant", &[5.0; 30][..], None),
            ("empty", &[][..], None),
        ] {
            let found = plateau(series(60, values).view(), &SaturationOptions::default());
            assert_eq!(found.map(|found| found.at_ns), expected.map(|at| at_ns(60, at)), "{name}: {found:?}");
        }
        assert!(plateau(series(60, &climbing).view(), &SaturationOptions::default()).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn scaling_usage_and_limit_changes_nothing(values in prop::collection::vec(0.0..2.0f64, 0..60), power in -8i32..8) {
            let factor = 2f64.powi(power);
            let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
            let options = SaturationOptions::default();
            let one = saturation(series(60, &values).view(), Limit::Constant(1.0), &options);
            let other = saturation(series(60, &scaled).view(), Limit::Constant(factor), &options);
            prop_assert_eq!(one.map(|found| found.at_ns), other.map(|found| found.at_ns));
            prop_assert_eq!(one.map(|found| found.share_of_time), other.map(|found| found.share_of_time));
            plateau(series(60, &values).view(), &options);
        }
    }
}
