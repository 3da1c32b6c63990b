//! Where a series changes level: optimal segmentation with a penalty that knows noise and autocorrelation.
//!
//! PELT (Killick, Fearnhead and Eckley 2012) with a least-squares cost. The values are first rid of lone spikes
//! (Hampel 1974) and measured in units of their own noise, estimated from differences so that the changes sought do
//! not inflate it. The penalty is a multiple of ln n (BIC), scaled by the long-run variance of a first-order
//! autoregression whose coefficient is also estimated from differences (Chakar, Lebarbier, Levy-Leduc and Robin 2017).
//! Series longer than 4,096 points are segmented on bins first and each boundary is then placed to the point.

use serde::{Deserialize, Serialize};

use super::SeriesView;
use super::robust::{granularity, level, median, quantile_sorted, robust_z, sorted_present};

/// Most points the quadratic worst case of the search is allowed to see.
const SEARCH_POINTS_MAX: usize = 4096;
/// A lone point this many noise scales from both its neighbours is a spike.
const SPIKE_Z: f64 = 6.0;

/// What counts as a change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangeOptions {
    /// Penalty of one change, in multiples of ln n.
    pub penalty: f64,
    /// Fewest points of a regime.
    pub points_min: usize,
    /// Robust z between neighbouring regimes below which they are joined again.
    pub z_min: f64,
}

impl Default for ChangeOptions {
    fn default() -> ChangeOptions {
        ChangeOptions { penalty: 4.0, points_min: 2, z_min: 1.25 }
    }
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChangePoint {
    /// Time of the first point of the new regime.
    pub at_ns: i64,
    /// Index of that point in the view given.
    pub index: usize,
    /// Middle of the regime before.
    pub before: f64,
    /// Middle of the regime after.
    pub after: f64,
    /// Difference of the middles in robust scales of the regime before, 0 to 1000.
    pub z: f64,
    /// 0 to 1: gain over gain plus penalty, so 0.5 at the threshold and towards 1 for what no noise does.
    pub confidence: f64,
}

/// A stretch of one level, as indices into the points that are there: `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The changes of level of a series, in time order; empty for flat noise, constants and fewer than four points.
///
/// A ramp comes out as a staircase (see [`super::onset`] for its start), a pulse as two changes, a spike of one point
/// as none. Missing points are left out. About linear time with many changes; at most 8 million steps.
pub fn change_points(series: SeriesView<'_>, options: &ChangeOptions) -> Vec<ChangePoint> {
    let mut indices = Vec::with_capacity(series.len());
    let mut values = Vec::with_capacity(series.len());
    for (index, value) in series.values.iter().enumerate() {
        if value.is_finite() {
            indices.push(index);
            values.push(*value);
        }
    }
    let noise = noise_of(&values);
    let found = segments(&values, options);
    let sums = Sums::of(&despiked(&values, noise.scale), noise.scale);
    let penalty = penalty_of(values.len(), &noise, options);
    found
        .windows(2)
        .filter_map(|pair| {
            let (left, right) = (pair[0], pair[1]);
            let before = level(&values[left.start..left.end])?;
            let after = level(&values[right.start..right.end])?;
            let gain = sums.cost(left.start, right.end)
                - sums.cost(left.start, left.end)
                - sums.cost(right.start, right.end);
            let (from, to) = (before.middle(&after), after.middle(&before));
            let index = *indices.get(right.start)?;
            Some(ChangePoint {
                at_ns: series.times_ns[index],
                index,
                before: from,
                after: to,
                z: robust_z(to - from, before.scale.max(noise.scale)),
                confidence: (gain / (gain + penalty)).clamp(0.0, 1.0),
            })
        })
        .collect()
}

/// The stretches of one level that `values` (none missing) consist of; at least one unless empty.
pub(crate) fn segments(values: &[f64], options: &ChangeOptions) -> Vec<Segment> {
    let count = values.len();
    if count == 0 {
        return Vec::new();
    }
    let whole = Segment { start: 0, end: count };
    let points_min = options.points_min.max(1);
    let noise = noise_of(values);
    if count < 2 * points_min || noise.scale == 0.0 {
        return vec![whole];
    }
    let clean = despiked(values, noise.scale);
    let width = count.div_ceil(SEARCH_POINTS_MAX);
    let mut bounds = if width == 1 {
        let sums = Sums::of(&clean, noise.scale);
        pelt(&sums, penalty_of(count, &noise, options), points_min)
    } else {
        let binned: Vec<f64> =
            clean.chunks(width).map(|bin| bin.iter().sum::<f64>() / bin.len() as f64).collect();
        let bin_noise = noise_of(&binned);
        if bin_noise.scale == 0.0 {
            return vec![whole];
        }
        let sums = Sums::of(&binned, bin_noise.scale);
        let coarse = pelt(&sums, penalty_of(binned.len(), &bin_noise, options), points_min);
        coarse.into_iter().map(|bound| bound * width).collect()
    };
    let sums = Sums::of(&clean, noise.scale);
    place(&mut bounds, &sums, 2 * width, points_min);
    join_alike(&clean, &mut bounds, noise.scale, options.z_min);
    let mut starts = vec![0];
    starts.extend(&bounds);
    let ends = bounds.iter().copied().chain([count]);
    starts.into_iter().zip(ends).map(|(start, end)| Segment { start, end }).collect()
}

/// Noise of a series that may change level: standard deviation of one point, and lag-one autocorrelation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    pub(crate) scale: f64,
    correlation: f64,
}

/// Noise estimated from first and second differences, which a few changes of level hardly touch.
pub(crate) fn noise_of(values: &[f64]) -> Noise {
    let sorted = sorted_present(values);
    let centre = quantile_sorted(&sorted, 0.5).unwrap_or(0.0);
    let moves = |lag: usize| {
        let steps: Vec<f64> =
            values.iter().zip(values.iter().skip(lag)).map(|(old, new)| new - old).collect();
        let middle = median(&steps).unwrap_or(0.0);
        sorted_present(&steps.iter().map(|step| (step - middle).abs()).collect::<Vec<_>>())
    };
    let spread = |moves: &[f64]| {
        let typical = 1.4826 * quantile_sorted(moves, 0.5).unwrap_or(0.0);
        if typical > 0.0 {
            return typical;
        }
        // Mostly equal neighbours: the mean of the inner nine tenths still sees the sparse moves.
        let cap = quantile_sorted(moves, 0.9).unwrap_or(0.0);
        1.2533 * moves.iter().map(|step| step.min(cap)).sum::<f64>() / moves.len().max(1) as f64
    };
    let (one_apart, two_apart) = (moves(1), moves(2));
    let one = spread(&one_apart);
    let count = values.len() as f64;
    let trust = count / (count + 20.0);
    // Upper quartiles estimate a spread with half the variance of medians, and here no outlier can do much harm.
    let upper = |moves: &[f64]| quantile_sorted(moves, 0.75).unwrap_or(0.0);
    let growth = upper(&two_apart) / upper(&one_apart);
    let correlation = if growth.is_finite() { ((growth.powi(2) - 1.0) * trust).clamp(0.0, 0.9) } else { 0.0 };
    // Var(x[i+1] - x[i]) = 2 sigma^2 (1 - rho).
    let from_moves = one / (2.0 * (1.0 - correlation)).sqrt();
    let low = quantile_sorted(&sorted, 0.05).unwrap_or(0.0);
    let high = quantile_sorted(&sorted, 0.95).unwrap_or(0.0);
    let range = sorted.last().copied().unwrap_or(0.0) - sorted.first().copied().unwrap_or(0.0);
    let floor =
        (0.005 * centre.abs()).max(0.5 * granularity(&sorted)).max(1e-3 * (high - low)).max(1e-6 * range);
    // A grid as coarse as the change itself (two values only) must not hide the change.
    Noise { scale: from_moves.max(floor.min(range / 3.0)), correlation }
}

/// The values with lone spikes replaced by the middle of themselves and their neighbours.
pub(crate) fn despiked(values: &[f64], scale: f64) -> Vec<f64> {
    let mut clean = values.to_vec();
    for (place, triple) in clean.iter_mut().skip(1).zip(values.windows(3)) {
        let (left, here, right) = (triple[0], triple[1], triple[2]);
        let middle = left.max(right).min(left.min(right).max(here));
        let height = (here - middle).abs();
        if height > SPIKE_Z * scale && (left - right).abs() < 0.5 * height {
            *place = middle;
        }
    }
    clean
}

fn penalty_of(count: usize, noise: &Noise, options: &ChangeOptions) -> f64 {
    let long_run = (1.0 + noise.correlation) / (1.0 - noise.correlation);
    options.penalty * (count.max(2) as f64).ln() * long_run
}

/// Prefix sums that give the squared-error cost of any stretch at once.
struct Sums {
    values: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn of(values: &[f64], scale: f64) -> Sums {
        let centre = median(values).unwrap_or(0.0);
        let scale = if scale > 0.0 { scale } else { 1.0 };
        let mut sums = Sums { values: vec![0.0], squares: vec![0.0] };
        let (mut value_sum, mut square_sum) = (0.0, 0.0);
        for value in values {
            let z = (value - centre) / scale;
            value_sum += z;
            square_sum += z * z;
            sums.values.push(value_sum);
            sums.squares.push(square_sum);
        }
        sums
    }

    fn cost(&self, start: usize, end: usize) -> f64 {
        if end <= start {
            return 0.0;
        }
        let sum = self.values[end] - self.values[start];
        (self.squares[end] - self.squares[start] - sum * sum / (end - start) as f64).max(0.0)
    }
}

/// Inner boundaries of the segmentation of least cost plus penalty, rising.
fn pelt(sums: &Sums, penalty: f64, points_min: usize) -> Vec<usize> {
    let count = sums.values.len() - 1;
    let mut best = vec![f64::INFINITY; count + 1];
    let mut previous = vec![0usize; count + 1];
    best[0] = -penalty;
    let mut candidates: Vec<usize> = vec![0];
    for end in points_min..=count {
        let mut least = f64::INFINITY;
        for &start in &candidates {
            let total = best[start] + sums.cost(start, end) + penalty;
            if total < least {
                least = total;
                previous[end] = start;
            }
        }
        best[end] = least;
        candidates.retain(|&start| best[start] + sums.cost(start, end) <= least);
        // The next end may only be split where the last regime is long enough.
        let newest = end + 1 - points_min;
        if newest >= points_min {
            candidates.push(newest);
        }
    }
    let mut bounds = Vec::new();
    let mut end = count;
    while end > 0 && previous[end] > 0 {
        end = previous[end];
        bounds.push(end);
    }
    bounds.reverse();
    bounds
}

/// Moves each boundary by up to `reach` points to where its two neighbours fit best.
fn place(bounds: &mut [usize], sums: &Sums, reach: usize, points_min: usize) {
    let count = sums.values.len() - 1;
    for index in 0..bounds.len() {
        let left = if index == 0 { 0 } else { bounds[index - 1] };
        let right = bounds.get(index + 1).copied().unwrap_or(count);
        let from = bounds[index].saturating_sub(reach).max(left + points_min);
        let to = (bounds[index] + reach).min(right.saturating_sub(points_min));
        let mut least = sums.cost(left, bounds[index]) + sums.cost(bounds[index], right);
        for bound in from..=to {
            let cost = sums.cost(left, bound) + sums.cost(bound, right);
            if cost < least {
                least = cost;
                bounds[index] = bound;
            }
        }
    }
}

/// Joins neighbouring stretches whose middles differ by less than `z_min` of their own scales.
fn join_alike(values: &[f64], bounds: &mut Vec<usize>, noise_scale: f64, z_min: f64) {
    let mut kept: Vec<usize> = Vec::with_capacity(bounds.len());
    for index in 0..bounds.len() {
        let left = kept.last().copied().unwrap_or(0);
        let right = bounds.get(index + 1).copied().unwrap_or(values.len());
        let (Some(one), Some(other)) =
            (level(&values[left..bounds[index]]), level(&values[bounds[index]..right]))
        else {
            continue;
        };
        let scale = one.scale.min(other.scale).max(noise_scale);
        if robust_z(other.middle(&one) - one.middle(&other), scale) >= z_min {
            kept.push(bounds[index]);
        }
    }
    *bounds = kept;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{Noise as Lcg, series};
    use super::*;

    fn indices(values: &[f64]) -> Vec<usize> {
        let owned = series(60, values);
        change_points(owned.view(), &ChangeOptions::default()).into_iter().map(|found| found.index).collect()
    }

    fn noisy(seed: u64, sigma: f64, shape: impl Fn(usize) -> f64, count: usize) -> Vec<f64> {
        let mut noise = Lcg::new(seed);
        (0..count).map(|index| shape(index) + sigma * noise.normal()).collect()
    }

    #[test]
    fn table_of_shapes() {
        let step = |at: usize, to: f64| move |index: usize| if index < at { 10.0 } else { to };
        assert_eq!(indices(&noisy(1, 0.5, step(60, 20.0), 120)), [60]);
        assert_eq!(indices(&noisy(2, 0.0, step(60, 20.0), 120)), [60]);
        assert_eq!(indices(&noisy(3, 1.0, step(110, 20.0), 120)), [110]);
        let pulse = |index: usize| if (50..58).contains(&index) { 30.0 } else { 10.0 };
        assert_eq!(indices(&noisy(4, 1.0, pulse, 120)), [50, 58]);
        let spike = |index: usize| if index == 50 { 90.0 } else { 10.0 };
        assert_eq!(indices(&noisy(5, 1.0, spike, 120)), [0usize; 0]);
        let ramp = |index: usize| 10.0 + (index.saturating_sub(60) as f64) * 0.5;
        let stairs = indices(&noisy(6, 1.0, ramp, 120));
        assert!(stairs.len() >= 2 && stairs[0] > 58 && stairs[0] < 80, "{stairs:?}");
        assert_eq!(indices(&[7.0; 50]), [0usize; 0]);
        assert_eq!(indices(&[0.0; 50]), [0usize; 0]);
    }

    #[test]
    fn few_points_change_nothing() {
        for values in [&[][..], &[1.0], &[1.0, 9.0], &[1.0, 9.0, 2.0], &[f64::NAN; 9]] {
            assert_eq!(indices(values), [0usize; 0], "{values:?}");
        }
    }

    #[test]
    fn holes_do_not_move_the_change() {
        let mut values = noisy(8, 0.5, |index| if index < 60 { 10.0 } else { 20.0 }, 120);
        for index in [3, 4, 5, 30, 57, 62, 90, 91, 92, 93] {
            values[index] = f64::NAN;
        }
        assert_eq!(indices(&values), [60]);
    }

    #[test]
    fn white_noise_is_rarely_split() {
        let false_alarms =
            (0..400).filter(|seed| !indices(&noisy(*seed, 1.0, |_| 50.0, 120)).is_empty()).count();
        assert!(false_alarms <= 8, "{false_alarms} of 400");
    }

    #[test]
    fn autocorrelated_noise_is_rarely_split() {
        let alarms = (0..200)
            .filter(|seed| {
                let mut noise = Lcg::new(*seed);
                let mut last = 0.0;
                let values: Vec<f64> = (0..200)
                    .map(|_| {
                        last = 0.7 * last + noise.normal();
                        50.0 + last
                    })
                    .collect();
                !indices(&values).is_empty()
            })
            .count();
        assert!(alarms <= 20, "{alarms} of 200");
    }

    #[test]
    fn long_series_are_placed_to_the_point() {
        let shape = |index: usize| if (12_345..15_000).contains(&index) { 13.0 } else { 10.0 };
        assert_eq!(indices(&noisy(9, 0.5, shape, 20_000)), [12_345, 15_000]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn scaling_keeps_the_changes(seed in 0u64..10_000, at in 10usize..50, power in -6i32..6) {
            let values = noisy(seed, 1.0, |index| if index < at { 20.0 } else { 40.0 }, 60);
            let scaled: Vec<f64> = values.iter().map(|value| value * 2f64.powi(power)).collect();
            let found = indices(&values);
            prop_assert!(found.iter().any(|index| index.abs_diff(at) <= 1), "{:?} {}", found, at);
            prop_assert_eq!(found, indices(&scaled));
        }

        #[test]
        fn anything_is_survived(values in prop::collection::vec(prop::num::f64::ANY, 0..60)) {
            let found = indices(&values);
            prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
