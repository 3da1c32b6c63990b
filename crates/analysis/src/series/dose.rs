//! Whether a symptom follows load: more requests, more of it.

use serde::{Deserialize, Serialize};

use super::SeriesView;
use super::gaps::align;
use super::robust::{level, median, normal_two_sided_p};

/// Pairs a slope is taken from at most: points are thinned evenly beyond.
const SLOPE_POINTS_MAX: usize = 300;
/// Fewest common points that allow a statement.
const POINTS_MIN: usize = 5;

/// What counts as following load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseOptions {
    /// Load has risen or fallen when its ratio is further from 1 than this.
    pub load_change_min: f64,
    /// Rank correlation from which the symptom is said to follow load.
    pub rho_min: f64,
    /// The symptom per unit of load may differ by this share and still be called the same.
    pub per_load_tolerance: f64,
    /// How far, as a share of its value, the symptom may lie from what the baseline's line predicts for the load.
    pub prediction_tolerance: f64,
}

impl Default for DoseOptions {
    fn default() -> DoseOptions {
        DoseOptions {
            load_change_min: 0.2,
            rho_min: 0.5,
            per_load_tolerance: 0.25,
            prediction_tolerance: 0.3,
        }
    }
}

/// How a symptom answered to load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DoseResponse {
    /// Median load in the window over that of the baseline; `None` when the baseline had none.
    pub load_ratio: Option<f64>,
    /// Whether load rose by more than the options allow.
    pub load_rose: bool,
    /// Whether load fell by more than the options allow.
    pub load_fell: bool,
    /// Whether load hardly varied, so that nothing can be said of how the symptom answers to it.
    pub load_constant: bool,
    /// Symptom per unit of load, Theil-Sen slope over baseline and window; `None` when load is constant.
    pub slope: Option<f64>,
    /// The same slope within the baseline alone.
    pub slope_baseline: Option<f64>,
    /// Spearman's rank correlation of symptom and load over baseline and window.
    pub rho: Option<f64>,
    /// Two-sided p-value of `rho`, normal approximation.
    pub rho_p_value: Option<f64>,
    /// Whether the symptom rises with load.
    pub follows_load: bool,
    /// Median symptom per unit of load in the baseline.
    pub per_load_before: Option<f64>,
    /// Median symptom per unit of load in the window.
    pub per_load_after: Option<f64>,
    /// Whether a change of load accounts for the symptom: load changed, the symptom went the same way, and either the
    /// symptom per unit of load stayed, or the line of the baseline predicts it.
    pub explained_by_load: bool,
    /// Common points used.
    pub points: usize,
}

/// How `symptom` answers to `load`, over the points common to both before and from `window_start_ns` on.
///
/// Theil-Sen slopes (Theil 1950; Sen 1968) and Spearman's rank correlation (1904). `None` with fewer than five common
/// points on either side. A symptom that rises at constant load is never explained by it.
pub fn dose_response(
    symptom: SeriesView<'_>,
    load: SeriesView<'_>,
    window_start_ns: i64,
    options: &DoseOptions,
) -> Option<DoseResponse> {
    let both = align(load, symptom);
    let rows: Vec<(i64, f64, f64)> = both.complete().collect();
    let split = rows.partition_point(|row| row.0 < window_start_ns);
    if split < POINTS_MIN || rows.len() - split < POINTS_MIN {
        return None;
    }
    let pairs: Vec<(f64, f64)> = rows.iter().map(|row| (row.1, row.2)).collect();
    let (before, after) = pairs.split_at(split);
    let loads = |side: &[(f64, f64)]| side.iter().map(|pair| pair.0).collect::<Vec<_>>();
    let symptoms = |side: &[(f64, f64)]| side.iter().map(|pair| pair.1).collect::<Vec<_>>();
    let (load_before, load_after) = (median(&loads(before))?, median(&loads(after))?);
    let (symptom_before, symptom_after) = (median(&symptoms(before))?, median(&symptoms(after))?);
    let load_ratio = (load_before > 0.0).then(|| load_after / load_before);
    let change = load_ratio.map_or(if load_after > 0.0 { 1.0 } else { 0.0 }, |ratio| ratio - 1.0);
    let (load_rose, load_fell) = (change > options.load_change_min, change < -options.load_change_min);
    let overall = level(&loads(&pairs))?;
    let load_constant = overall.high - overall.low <= 0.05 * overall.median.abs();
    let slope = (!load_constant).then(|| theil_sen(&pairs)).flatten();
    let slope_baseline = (!load_constant).then(|| theil_sen(before)).flatten();
    let rho = (!load_constant).then(|| spearman(&pairs)).flatten();
    let follows_load =
        rho.is_some_and(|rho| rho >= options.rho_min) && slope.is_some_and(|slope| slope > 0.0);
    let per_load = |side: &[(f64, f64)]| {
        median(&side.iter().filter(|pair| pair.0 > 0.0).map(|pair| pair.1 / pair.0).collect::<Vec<_>>())
    };
    let (per_load_before, per_load_after) = (per_load(before), per_load(after));
    let same_per_load = per_load_before
        .zip(per_load_after)
        .is_some_and(|(old, new)| old > 0.0 && (new / old - 1.0).abs() <= options.per_load_tolerance);
    let predicted = slope_baseline
        .filter(|slope| *slope > 0.0 && spearman(before).is_some_and(|rho| rho >= options.rho_min))
        .map(|slope| symptom_before + slope * (load_after - load_before))
        .is_some_and(|line| {
            (symptom_after - line).abs() <= options.prediction_tolerance * symptom_after.abs()
        });
    let went_along = if load_rose { symptom_after > symptom_before } else { symptom_after < symptom_before };
    Some(DoseResponse {
        load_ratio,
        load_rose,
        load_fell,
        load_constant,
        slope,
        slope_baseline,
        rho,
        rho_p_value: rho.map(|rho| normal_two_sided_p(rho * ((pairs.len() - 1) as f64).sqrt())),
        follows_load,
        per_load_before,
        per_load_after,
        explained_by_load: (load_rose || load_fell) && went_along && (same_per_load || predicted),
        points: pairs.len(),
    })
}

/// Median slope over all pairs of points `(x, y)`; `None` when no two differ in x. Beyond 300 points, of an even
/// selection of them.
pub fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    let thinning = points.len().div_ceil(SLOPE_POINTS_MAX).max(1);
    let chosen: Vec<(f64, f64)> = points.iter().copied().step_by(thinning).collect();
    let mut slopes = Vec::with_capacity(chosen.len() * chosen.len() / 2);
    for (index, one) in chosen.iter().enumerate() {
        for other in &chosen[index + 1..] {
            let run = other.0 - one.0;
            if run != 0.0 {
                slopes.push((other.1 - one.1) / run);
            }
        }
    }
    median(&slopes)
}

/// Rank correlation of `(x, y)` points, -1 to 1, ties at their mean rank; `None` below three points or when a side is
/// constant.
pub fn spearman(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 3 {
        return None;
    }
    let one = ranks(points.iter().map(|point| point.0));
    let other = ranks(points.iter().map(|point| point.1));
    let middle = (points.len() as f64 + 1.0) / 2.0;
    let (mut cross, mut spread_one, mut spread_other) = (0.0, 0.0, 0.0);
    for (left, right) in one.iter().zip(&other) {
        cross += (left - middle) * (right - middle);
        spread_one += (left - middle).powi(2);
        spread_other += (right - middle).powi(2);
    }
    let spread = (spread_one * spread_other).sqrt();
    (spread > 0.0).then(|| (cross / spread).clamp(-1.0, 1.0))
}

fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = values.enumerate().collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut ranks = vec![0.0; order.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && order[end].1 == order[start].1 {
            end += 1;
        }
        for entry in &order[start..end] {
            ranks[entry.0] = (start + end + 1) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Noise, at_ns, series};
    use super::*;

    fn response(load: impl Fn(usize) -> f64, symptom: impl Fn(usize, f64) -> f64) -> Option<DoseResponse> {
        let mut noise = Noise::new(7);
        let loads: Vec<f64> = (0..100).map(|index| load(index) * (1.0 + 0.05 * noise.normal())).collect();
        let symptoms: Vec<f64> = loads
            .iter()
            .enumerate()
            .map(|(index, load)| symptom(index, *load) * (1.0 + 0.03 * noise.normal()))
            .collect();
        let (load, symptom) = (series(60, &loads), series(60, &symptoms));
        dose_response(symptom.view(), load.view(), at_ns(60, 60.0), &DoseOptions::default())
    }

    #[test]
    fn a_rate_of_errors_that_grows_with_load_is_explained() {
        let found = response(|i| if i < 60 { 100.0 } else { 300.0 }, |_, load| 0.01 * load).unwrap();
        assert!(found.explained_by_load && found.load_rose && found.follows_load, "{found:?}");
        let fall = response(|i| if i < 60 { 300.0 } else { 100.0 }, |_, load| 0.01 * load).unwrap();
        assert!(fall.explained_by_load && fall.load_fell, "{fall:?}");
    }

    #[test]
    fn a_fault_at_steady_load_is_not() {
        let fault = |i: usize, load: f64| if i < 60 { 0.01 * load } else { 0.2 * load };
        let found = response(|_| 100.0, fault).unwrap();
        assert!(!found.explained_by_load && !found.load_rose, "{found:?}");
        let with_load = response(|i| if i < 60 { 100.0 } else { 150.0 }, fault).unwrap();
        assert!(!with_load.explained_by_load && with_load.load_rose, "{with_load:?}");
    }

    #[test]
    fn a_line_with_an_offset_is_predicted() {
        let wave = |i: usize| if i < 60 { 100.0 + 40.0 * (i as f64 / 5.0).sin() } else { 220.0 };
        let found = response(wave, |_, load| 50.0 + 0.5 * load).unwrap();
        assert!(found.explained_by_load, "{found:?}");
    }

    #[test]
    fn constant_load_and_few_points_say_so() {
        let load = series(60, &[10.0; 40]);
        let symptom = series(60, &(0..40).map(f64::from).collect::<Vec<_>>());
        let ask = |split| dose_response(symptom.view(), load.view(), split, &DoseOptions::default());
        let found = ask(at_ns(60, 20.0)).unwrap();
        assert!(found.load_constant && found.rho.is_none() && !found.explained_by_load);
        assert!(ask(at_ns(60, 3.0)).is_none() && ask(at_ns(60, 38.0)).is_none());
    }

    #[test]
    fn slopes_and_ranks_of_known_points() {
        let line: Vec<(f64, f64)> = (0..20).map(|i| (f64::from(i), 3.0 * f64::from(i) + 1.0)).collect();
        assert_eq!((theil_sen(&line), spearman(&line)), (Some(3.0), Some(1.0)));
        assert_eq!(theil_sen(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(spearman(&[(1.0, 2.0), (2.0, 2.0), (3.0, 2.0)]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn ranks_ignore_monotone_maps(points in prop::collection::vec((0.1..1e3f64, 0.1..1e3f64), 3..40)) {
            let mapped: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x * 8.0, y.ln())).collect();
            let (one, other) = (spearman(&points), spearman(&mapped));
            prop_assert!(one.zip(other).is_none_or(|(one, other)| (one - other).abs() < 1e-9));
        }
    }
}
