//! Whether what is seen now is seen at this hour on other days too, and which period a series has by itself.

use serde::{Deserialize, Serialize};

use super::SeriesView;
use super::gaps::{resample, sampling};
use super::robust::{level, median};
use super::shift::{ShiftOptions, shift_of_values};

/// Earlier periods looked at, at most.
const DAYS_MAX: i64 = 60;
/// Cells of the grid that autocorrelations are taken on.
const CELLS_MAX: i64 = 1024;

/// What counts as the same as on earlier days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeasonalOptions {
    /// The window may differ by this share of an earlier day's median and still be like it.
    pub tolerance: f64,
    /// Share of the earlier days that must be like the window.
    pub days_share_min: f64,
    /// Share of a day's points that must be there for the day to count.
    pub coverage_min: f64,
    /// What counts as a departure from the time just before the window.
    pub shift: ShiftOptions,
}

impl Default for SeasonalOptions {
    fn default() -> SeasonalOptions {
        SeasonalOptions {
            tolerance: 0.25,
            days_share_min: 0.6,
            coverage_min: 0.5,
            shift: ShiftOptions::default(),
        }
    }
}

/// A window against the same hours of earlier days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seasonal {
    /// Median over the earlier days of their medians at the same hours.
    pub expected_median: f64,
    /// Median of the window.
    pub observed_median: f64,
    /// Earlier days with enough points.
    pub days: usize,
    /// Of these, the days on which the same hours lay where the window lies.
    pub days_alike: usize,
    /// Whether the window departs from the equally long time just before it; `None` when that has too few points.
    pub departs: Option<bool>,
    /// Whether a departure is explained: it is there, and enough earlier days had it at the same hours.
    pub explained: bool,
}

/// The window `[window_start_ns, window_end_ns)` against the same hours `period_s` seconds earlier, twice that, and so on.
///
/// The seasonal-naive expectation (Hyndman and Athanasopoulos, section 5.2) with medians. `None` when the window holds
/// no point, when no earlier period has enough points, or when window or period is not positive or the window is longer
/// than the period. Sixty periods at most.
pub fn seasonal_expectation(
    series: SeriesView<'_>,
    window_start_ns: i64,
    window_end_ns: i64,
    period_s: i64,
    options: &SeasonalOptions,
) -> Option<Seasonal> {
    let length = window_end_ns.checked_sub(window_start_ns).filter(|length| *length > 0)?;
    let period_ns = period_s.checked_mul(1_000_000_000).filter(|period| *period >= length)?;
    let window = series.between(window_start_ns, window_end_ns);
    let here = level(window.values)?;
    let needed = (options.coverage_min * here.points as f64).max(1.0);
    let first_ns = *series.times_ns.first()?;
    let mut medians: Vec<f64> = Vec::new();
    let mut days_alike = 0;
    for day in 1..=DAYS_MAX {
        let Some(start) = day.checked_mul(period_ns).and_then(|back| window_start_ns.checked_sub(back))
        else {
            break;
        };
        if start.saturating_add(length) <= first_ns {
            break;
        }
        let Some(earlier) = level(series.between(start, start.saturating_add(length)).values) else {
            continue;
        };
        if (earlier.points as f64) < needed {
            continue;
        }
        let margin = (options.tolerance * earlier.median.abs()).max(earlier.scale);
        days_alike += usize::from((here.median - earlier.median).abs() <= margin);
        medians.push(earlier.median);
    }
    let expected_median = median(&medians)?;
    let before = series.between(window_start_ns.saturating_sub(length), window_start_ns);
    let departs = shift_of_values(before.values, window.values, &options.shift)
        .filter(|shift| shift.baseline_points >= 3)
        .map(|shift| shift.significant);
    let alike = days_alike as f64 >= options.days_share_min * medians.len() as f64;
    Some(Seasonal {
        expected_median,
        observed_median: here.median,
        days: medians.len(),
        days_alike,
        departs,
        explained: alike && departs != Some(false),
    })
}

/// A period found in a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Period {
    /// Its length.
    pub period_ns: i64,
    /// Autocorrelation at that lag, 0 to 1.
    pub strength: f64,
}

/// The dominant period of a series, from the autocorrelation of at most 1,024 means (Box and Jenkins 1970; the peak must be
/// a hill of the function, as in Vlachos, Yu and Castelli 2005). `None` unless two periods fit and the
/// autocorrelation there reaches `strength_min`. A trend is taken off first.
pub fn dominant_period(series: SeriesView<'_>, strength_min: f64) -> Option<Period> {
    let step_ns = sampling(series)?.step_ns;
    let (first, last) = (*series.times_ns.first()?, *series.times_ns.last()?);
    let span = last.saturating_sub(first).saturating_add(step_ns);
    let cell_ns = step_ns.max(span / CELLS_MAX + 1);
    let (_, mut cells) = resample(series, first, first.saturating_add(span), cell_ns);
    detrend(&mut cells);
    let half = cells.len() / 2;
    let correlation: Vec<f64> = (0..=half).map(|lag| autocorrelation(&cells, lag)).collect();
    // Only beyond the first dip below zero: near lags are alike in any smooth series.
    let dip = correlation.iter().position(|value| *value < 0.0)?;
    let mut best: Option<(usize, f64)> = None;
    for lag in dip.max(2)..half {
        let here = correlation[lag];
        let hill = here >= correlation[lag - 1] && here >= correlation[lag + 1];
        // A multiple of the period is as good as the period: later hills must be clearly higher.
        if hill && here >= strength_min && best.is_none_or(|(_, strength)| here > strength + 0.1) {
            best = Some((lag, here));
        }
    }
    best.map(|(lag, strength)| Period { period_ns: lag as i64 * cell_ns, strength: strength.min(1.0) })
}

/// Takes off the straight line through the medians of the first and the last third; missing cells stay missing.
fn detrend(cells: &mut [f64]) {
    let third = cells.len() / 3;
    let (Some(start), Some(end)) = (median(&cells[..third]), median(&cells[cells.len() - third..])) else {
        return;
    };
    let slope = (end - start) / (cells.len() - third).max(1) as f64;
    for (index, cell) in cells.iter_mut().enumerate() {
        *cell -= start + slope * (index as f64 - third as f64 / 2.0);
    }
    let present: Vec<f64> = cells.iter().copied().filter(|cell| cell.is_finite()).collect();
    let mean = present.iter().sum::<f64>() / present.len().max(1) as f64;
    cells.iter_mut().for_each(|cell| *cell -= mean);
}

/// Correlation of cells `lag` apart, over the pairs that are there; 0 with fewer than eight or without variation.
fn autocorrelation(cells: &[f64], lag: usize) -> f64 {
    let (mut cross, mut one, mut other, mut pairs) = (0.0, 0.0, 0.0, 0usize);
    for (left, right) in cells.iter().zip(cells.iter().skip(lag)) {
        if left.is_finite() && right.is_finite() {
            cross += left * right;
            one += left * left;
            other += right * right;
            pairs += 1;
        }
    }
    let spread = (one * other).sqrt();
    if pairs >= 8 && spread > 0.0 { cross / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Series;
    use super::super::testing::{Noise, at_ns, series};
    use super::*;

    const DAY_S: i64 = 86_400;
    const STEP_S: i64 = 600;
    const DAY_POINTS: usize = 144;

    /// Days of ten-minute points; the hour from point 60 of each day has `nightly`, of the last day `today`.
    fn days(count: usize, nightly: f64, today: f64) -> Series {
        let mut noise = Noise::new(5);
        let values: Vec<f64> = (0..count * DAY_POINTS)
            .map(|index| {
                let (day, point) = (index / DAY_POINTS, index % DAY_POINTS);
                let shape = match point {
                    60..66 => {
                        if day + 1 == count {
                            today
                        } else {
                            nightly
                        }
                    }
                    _ => 10.0,
                };
                shape + 0.3 * noise.normal()
            })
            .collect();
        series(STEP_S, &values)
    }

    fn last_hour(owned: &Series, count: usize) -> Option<Seasonal> {
        let start = ((count - 1) * DAY_POINTS + 60) as f64;
        let (from, to) = (at_ns(STEP_S, start), at_ns(STEP_S, start + 6.0));
        seasonal_expectation(owned.view(), from, to, DAY_S, &SeasonalOptions::default())
    }

    #[test]
    fn nightly_work_is_explained_and_a_fault_is_not() {
        let nightly = last_hour(&days(4, 30.0, 30.0), 4).unwrap();
        assert!(nightly.explained && nightly.days == 3 && nightly.days_alike == 3, "{nightly:?}");
        let fault = last_hour(&days(4, 10.0, 30.0), 4).unwrap();
        assert!(!fault.explained && fault.departs == Some(true), "{fault:?}");
        let worse = last_hour(&days(4, 30.0, 90.0), 4).unwrap();
        assert!(!worse.explained, "{worse:?}");
        let quiet = last_hour(&days(4, 10.0, 10.0), 4).unwrap();
        assert!(!quiet.explained && quiet.departs == Some(false), "{quiet:?}");
        assert!(last_hour(&days(1, 30.0, 30.0), 1).is_none());
    }

    #[test]
    fn impossible_windows_are_none() {
        let owned = days(2, 30.0, 30.0);
        let (from, to) = (at_ns(STEP_S, 200.0), at_ns(STEP_S, 210.0));
        for (start, end, period) in [(to, from, DAY_S), (from, to, 0), (from, to, -5), (from, to, i64::MAX)] {
            let found = seasonal_expectation(owned.view(), start, end, period, &SeasonalOptions::default());
            assert!(found.is_none());
        }
    }

    #[test]
    fn periods_are_found() {
        let mut noise = Noise::new(3);
        let wave: Vec<f64> = (0..600)
            .map(|i| (f64::from(i) * std::f64::consts::TAU / 60.0).sin() + 0.2 * noise.normal())
            .collect();
        let found = dominant_period(series(60, &wave).view(), 0.4).unwrap();
        assert!((found.period_ns / 60_000_000_000 - 60).abs() <= 2, "{found:?}");
        let daily = dominant_period(days(5, 90.0, 90.0).view(), 0.4).unwrap();
        assert!((daily.period_ns / 1_000_000_000 - DAY_S).abs() <= 2 * STEP_S, "{daily:?}");
        let random: Vec<f64> = (0..600).map(|_| noise.normal()).collect();
        let trend: Vec<f64> = (0..600).map(f64::from).collect();
        for values in [&random[..], &trend[..], &[1.0; 50], &[], &[1.0, 2.0]] {
            assert_eq!(dominant_period(series(60, values).view(), 0.4), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn adding_and_scaling_keep_the_period(add in -1e3..1e3f64, power in -5i32..5) {
            let shape = |index: usize| f64::from(u8::from(index % 24 >= 18));
            let values: Vec<f64> = (0..240).map(shape).collect();
            let moved: Vec<f64> = values.iter().map(|value| value * 2f64.powi(power) + add).collect();
            let one = dominant_period(series(60, &values).view(), 0.4).unwrap();
            prop_assert_eq!(one.period_ns, 24 * 60_000_000_000);
            let other = dominant_period(series(60, &moved).view(), 0.4).unwrap();
            prop_assert_eq!(one.period_ns, other.period_ns);
        }
    }
}
