//! Order statistics that a few wild points cannot move: median, quantiles, scale, and the level of a stretch.
//!
//! Missing points (NaN) are left out everywhere. The median has a breakdown point of one half; the scale is the
//! largest of several estimators, so that a baseline which is constant, nearly constant or mostly zero still has a
//! width (Rousseeuw and Croux 1993; Iglewicz and Hoaglin 1993 for the mean deviation when the MAD is zero).

use serde::{Deserialize, Serialize};

/// Robust z is never reported above this.
pub const Z_MAX: f64 = 1000.0;

/// Makes the median absolute deviation estimate the standard deviation of a normal sample.
const MAD_TO_SIGMA: f64 = 1.4826;
/// Makes the mean absolute deviation estimate the standard deviation of a normal sample.
const MEAN_DEVIATION_TO_SIGMA: f64 = 1.2533;
/// Distance of the quartiles of a normal sample, in standard deviations.
const IQR_IN_SIGMAS: f64 = 1.349;
/// Distance from 10 % to 90 % of a normal sample, in standard deviations.
const DECILES_IN_SIGMAS: f64 = 2.563;
/// A level is never trusted closer than this share of itself.
const RELATIVE_FLOOR: f64 = 0.01;

/// Where a stretch of values lies and how wide it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// How many values are there, missing ones left out.
    pub points: usize,
    /// Their median.
    pub median: f64,
    /// Their mean, the upper and lower twentieth pulled in to their quantiles.
    pub mean: f64,
    /// Standard deviation as a robust estimate with a floor; 0 only when all values are 0.
    pub scale: f64,
    /// 2 % quantile.
    pub low: f64,
    /// 98 % quantile.
    pub high: f64,
    /// Whether more than half of the values equal the median, as in a constant or mostly-zero series.
    pub tied: bool,
}

impl Level {
    /// The middle to compare with `other`: medians, or means where a median is blind because one side is mostly ties.
    pub fn middle(&self, other: &Level) -> f64 {
        if self.tied || other.tied { self.mean } else { self.median }
    }
}

/// The values that are there, rising.
pub fn sorted_present(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The `share` quantile (0 to 1) of rising values, linear between neighbours (type 7 of Hyndman and Fan 1996).
/// `None` when there are none.
pub fn quantile_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = position - below as f64;
    // Rounding must not carry the mixture outside its two neighbours.
    let mixed = sorted[below] * (1.0 - part) + sorted[above] * part;
    Some(mixed.max(sorted[below]).min(sorted[above]))
}

/// The `share` quantile of values in any order. `None` when none is there.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    quantile_sorted(&sorted_present(values), share)
}

/// The median. `None` when no value is there.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Median absolute deviation about the median, not scaled. `None` when no value is there.
pub fn mad(values: &[f64]) -> Option<f64> {
    let centre = median(values)?;
    median(&values.iter().map(|value| (value - centre).abs()).collect::<Vec<_>>())
}

/// The step of a series that moves on a coarse grid (whole counts, rounded values), 0 when it does not.
pub fn granularity(sorted: &[f64]) -> f64 {
    let mut smallest = f64::INFINITY;
    let mut distinct = usize::from(!sorted.is_empty());
    for pair in sorted.windows(2) {
        let gap = pair[1] - pair[0];
        if gap > 0.0 {
            distinct += 1;
            smallest = smallest.min(gap);
        }
    }
    let coarse = distinct > 1 && distinct * 2 <= sorted.len();
    if coarse { smallest } else { 0.0 }
}

/// The level of a stretch. `None` when no value is there.
///
/// The scale is the largest of 1.4826 MAD, IQR / 1.349, the deciles' distance / 2.563, the mean deviation of the
/// inner nine tenths when the MAD is zero, 1 % of the median, and half the grid the values move on.
pub fn level(values: &[f64]) -> Option<Level> {
    let sorted = sorted_present(values);
    let at = |share| quantile_sorted(&sorted, share);
    let centre = at(0.5)?;
    let (inner_low, inner_high) = (at(0.05)?, at(0.95)?);
    let mut deviations: Vec<f64> = sorted.iter().map(|value| (value - centre).abs()).collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let deviation = quantile_sorted(&deviations, 0.5)?;
    let count = sorted.len() as f64;
    let mean = sorted.iter().map(|value| value.max(inner_low).min(inner_high) / count).sum::<f64>();
    let mut scale = (MAD_TO_SIGMA * deviation)
        .max((at(0.75)? - at(0.25)?) / IQR_IN_SIGMAS)
        .max((at(0.9)? - at(0.1)?) / DECILES_IN_SIGMAS)
        .max(RELATIVE_FLOOR * centre.abs())
        .max(0.5 * granularity(&sorted));
    if deviation == 0.0 {
        let cap = quantile_sorted(&deviations, 0.95)?;
        let inner = deviations.iter().map(|value| value.min(cap) / count).sum::<f64>();
        scale = scale.max(MEAN_DEVIATION_TO_SIGMA * inner);
    }
    Some(Level {
        points: sorted.len(),
        median: centre,
        mean,
        scale,
        low: at(0.02)?,
        high: at(0.98)?,
        tied: deviation == 0.0,
    })
}

/// How many scales a difference is: never negative, never above [`Z_MAX`], 0 for no difference at all.
pub fn robust_z(difference: f64, scale: f64) -> f64 {
    if difference == 0.0 || !difference.is_finite() {
        return 0.0;
    }
    let z = difference.abs() / scale;
    if z.is_finite() { z.min(Z_MAX) } else { Z_MAX }
}

/// Probability that a standard normal lies further from 0 than `z` (Abramowitz and Stegun 7.1.26; error below 2e-7).
pub fn normal_two_sided_p(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let polynomial = t
        * (0.254_829_592
            + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (polynomial * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn medians_and_quantiles() {
        let cases: [(&[f64], Option<f64>); 6] = [
            (&[], None),
            (&[f64::NAN], None),
            (&[4.0], Some(4.0)),
            (&[4.0, 2.0], Some(3.0)),
            (&[9.0, f64::NAN, 1.0, 2.0], Some(2.0)),
            (&[1.0, 1.0, 1.0, 100.0], Some(1.0)),
        ];
        for (values, expected) in cases {
            assert_eq!(median(values), expected, "{values:?}");
        }
        assert_eq!(quantile(&[0.0, 10.0], 0.25), Some(2.5));
        assert_eq!(mad(&[1.0, 1.0, 2.0, 2.0, 4.0, 6.0, 9.0]), Some(1.0));
    }

    #[test]
    fn a_constant_level_still_has_a_width() {
        assert_eq!(level(&[50.0; 9]).map(|found| found.scale), Some(0.5));
        assert_eq!(level(&[0.0; 9]).map(|found| found.scale), Some(0.0));
        let counts = level(&[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        assert!(counts.scale >= 0.5 && counts.tied, "{counts:?}");
    }

    #[test]
    fn rounding_keeps_quantiles_inside_the_values() {
        for count in 2..60 {
            let values = vec![3.0; count];
            for step in 0..=100 {
                assert_eq!(quantile(&values, f64::from(step) / 100.0), Some(3.0));
            }
            assert!(level(&values).is_some());
        }
    }

    #[test]
    fn z_is_capped_and_p_known() {
        assert_eq!(robust_z(0.0, 0.0), 0.0);
        assert_eq!(robust_z(1.0, 0.0), Z_MAX);
        assert_eq!(robust_z(-6.0, 2.0), 3.0);
        for (z, expected) in [(0.0, 1.0), (1.96, 0.05), (2.5758, 0.01), (40.0, 0.0)] {
            assert!((normal_two_sided_p(z) - expected).abs() < 1e-5, "{z}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn scale_follows_the_values(values in prop::collection::vec(-1e6..1e6f64, 1..80), factor in 0.001..1000.0f64) {
            let before = level(&values).unwrap();
            let after = level(&values.iter().map(|value| value * factor).collect::<Vec<_>>()).unwrap();
            prop_assert!((after.median - before.median * factor).abs() <= 1e-6 * (1.0 + after.median.abs()));
            prop_assert!((after.scale - before.scale * factor).abs() <= 1e-6 * (1.0 + after.scale.abs()));
        }

        #[test]
        fn missing_points_change_nothing(values in prop::collection::vec(-1e3..1e3f64, 0..40)) {
            let with_holes: Vec<f64> = values.iter().flat_map(|value| [*value, f64::NAN]).collect();
            prop_assert_eq!(level(&values), level(&with_holes));
        }
    }
}
