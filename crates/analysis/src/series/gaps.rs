//! How a series is sampled, and two series on one grid.

use serde::{Deserialize, Serialize};

use super::SeriesView;

/// Gaps reported at most; the rest is counted only.
const GAPS_LISTED_MAX: usize = 100;
/// Grid cells made at most.
const GRID_POINTS_MAX: usize = 100_000;

/// How a series is sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Median distance of points that are there.
    pub step_ns: i64,
    /// Points that are there.
    pub points: usize,
    /// Points that the step and the span would make.
    pub points_expected: usize,
    /// The first hundred gaps, in time order.
    pub gaps: Vec<Gap>,
    /// All gaps.
    pub gaps_total: usize,
}

/// A stretch without points, longer than 1.9 sampling steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Last point before.
    pub after_ns: i64,
    /// First point behind.
    pub until_ns: i64,
}

/// Two series on one grid: as many times as values on either side, NaN where a side has no point in a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// Start of each cell, rising.
    pub times_ns: Vec<i64>,
    /// Mean of the first series in each cell.
    pub left: Vec<f64>,
    /// Mean of the second.
    pub right: Vec<f64>,
}

impl Aligned {
    /// The cells in which both sides have a value: times, left, right.
    pub fn complete(&self) -> impl Iterator<Item = (i64, f64, f64)> + '_ {
        let pairs = self.left.iter().zip(&self.right);
        let rows = self.times_ns.iter().zip(pairs).map(|(at, (left, right))| (*at, *left, *right));
        rows.filter(|(_, left, right)| left.is_finite() && right.is_finite())
    }
}

/// Step, gaps and expected points of a series. `None` with fewer than two points.
pub fn sampling(series: SeriesView<'_>) -> Option<Sampling> {
    let times: Vec<i64> = series.present().map(|(at, _)| at).collect();
    let step_ns = step_of(&times)?;
    let span = times.last()?.saturating_sub(*times.first()?);
    let is_gap = |pair: &&[i64]| pair[1].saturating_sub(pair[0]) as f64 > 1.9 * step_ns as f64;
    let gaps = times.windows(2).filter(is_gap).map(|pair| Gap { after_ns: pair[0], until_ns: pair[1] });
    Some(Sampling {
        step_ns,
        points: times.len(),
        points_expected: (span as f64 / step_ns as f64).round() as usize + 1,
        gaps: gaps.clone().take(GAPS_LISTED_MAX).collect(),
        gaps_total: gaps.count(),
    })
}

/// Share of the expected points that is there, 0 to 1.
pub fn coverage(sampling: &Sampling) -> f64 {
    (sampling.points as f64 / sampling.points_expected.max(1) as f64).min(1.0)
}

/// Means of a series in cells of `step_ns` from `start_ns` to before `end_ns`; NaN for a cell without points.
/// Empty unless the range and the step are positive; the step grows so that at most 100,000 cells are made.
pub fn resample(series: SeriesView<'_>, start_ns: i64, end_ns: i64, step_ns: i64) -> (Vec<i64>, Vec<f64>) {
    let span = end_ns.saturating_sub(start_ns);
    if span <= 0 || step_ns <= 0 {
        return (Vec::new(), Vec::new());
    }
    let step_ns = step_ns.max(span / GRID_POINTS_MAX as i64 + 1);
    let cells = (span / step_ns + i64::from(span % step_ns != 0)) as usize;
    let (mut sums, mut counts) = (vec![0.0; cells], vec![0u32; cells]);
    for (at, value) in series.between(start_ns, end_ns).present().filter(|(_, value)| value.is_finite()) {
        let cell = ((at.saturating_sub(start_ns) / step_ns) as usize).min(cells - 1);
        sums[cell] += value;
        counts[cell] += 1;
    }
    let times = (0..cells).map(|cell| start_ns.saturating_add(cell as i64 * step_ns)).collect();
    let means = sums.iter().zip(&counts);
    (times, means.map(|(sum, count)| if *count > 0 { sum / f64::from(*count) } else { f64::NAN }).collect())
}

/// Two series on the coarser of their grids, over the time both cover. Empty when they do not overlap or either has
/// fewer than two points.
pub fn align(left: SeriesView<'_>, right: SeriesView<'_>) -> Aligned {
    aligned(left, right).unwrap_or(Aligned { times_ns: Vec::new(), left: Vec::new(), right: Vec::new() })
}

fn aligned(left: SeriesView<'_>, right: SeriesView<'_>) -> Option<Aligned> {
    let (one, other) = (sampling(left)?, sampling(right)?);
    let step_ns = one.step_ns.max(other.step_ns);
    let start = (*left.times_ns.first()?).max(*right.times_ns.first()?);
    let end = (*left.times_ns.last()?).min(*right.times_ns.last()?).saturating_add(1);
    // Half a step earlier, so that points of slightly shifted clocks share a cell.
    let start = start.saturating_sub(step_ns / 2);
    let (times_ns, left) = resample(left, start, end, step_ns);
    let (_, right) = resample(right, start, end, step_ns);
    Some(Aligned { times_ns, left, right })
}

fn step_of(times: &[i64]) -> Option<i64> {
    let mut steps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).map(|step| (*step).max(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{START_NS, series};
    use super::*;

    #[test]
    fn gaps_are_listed() {
        let mut values = vec![1.0; 20];
        values[5..9].fill(f64::NAN);
        let found = sampling(series(60, &values).view()).unwrap();
        assert_eq!((found.step_ns, found.points, found.points_expected), (60_000_000_000, 16, 20));
        let gap = Gap { after_ns: START_NS + 240_000_000_000, until_ns: START_NS + 540_000_000_000 };
        assert_eq!(found.gaps, [gap]);
        assert!((coverage(&found) - 0.8).abs() < 1e-12);
        assert!(sampling(series(60, &[1.0]).view()).is_none());
    }

    #[test]
    fn different_steps_meet_on_the_coarser_grid() {
        let fine = series(15, &(0..80).map(f64::from).collect::<Vec<_>>());
        let coarse = series(60, &(0..20).map(|index| f64::from(index) * 4.0).collect::<Vec<_>>());
        let both = align(fine.view(), coarse.view());
        let rows: Vec<_> = both.complete().collect();
        assert!(rows.len() >= 19, "{rows:?}");
        assert!(rows.iter().all(|(_, one, other)| (one - other).abs() <= 2.0), "{rows:?}");
        assert_eq!(align(fine.view(), series(60, &[]).view()).complete().count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn means_stay_inside_the_values(values in prop::collection::vec(-1e3..1e3f64, 2..80), step in 1i64..600) {
            let owned = series(60, &values);
            let end = owned.times_ns[values.len() - 1] + 1;
            let (times, means) = resample(owned.view(), START_NS, end, step * 1_000_000_000);
            prop_assert_eq!(times.len(), means.len());
            let low = values.iter().copied().fold(f64::INFINITY, f64::min) - 1e-9;
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 1e-9;
            prop_assert!(means.iter().filter(|mean| mean.is_finite()).all(|mean| (low..=high).contains(mean)));
        }
    }
}
