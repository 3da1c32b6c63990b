//! Time series: columns of times and values, and what can be said of them.

mod batch;
mod change_points;
mod counter;
mod dose;
mod episodes;
mod gaps;
mod measure;
mod measure_rules;
#[cfg(test)]
mod measure_tests;
mod onset;
mod ramp;
mod rare;
mod robust;
mod saturation;
mod seasonal;
mod shift;
#[cfg(test)]
mod testing;
mod trend;

pub use batch::{SentQuery, Series, SeriesKey, SeriesSet, SeriesView};
pub use change_points::{ChangeOptions, ChangePoint, change_points};
pub use counter::{CounterSigns, counter_signs, is_counter, rate_per_second};
pub use dose::{DoseOptions, DoseResponse, dose_response, spearman, theil_sen};
pub use gaps::{Aligned, Gap, Sampling, align, coverage, resample, sampling};
pub use measure::{MetricMeaning, Stat, classify, words_of};
pub use onset::{OnsetEstimate, OnsetKind, OnsetOptions, onset};
pub use ramp::{JumpFit, RampFit, fit_jump, fit_ramp, fit_step};
pub use rare::surge_of_rare_events;
pub use robust::{
    Level, Z_MAX, granularity, level, mad, median, normal_two_sided_p, quantile, quantile_sorted, robust_z,
    sorted_present,
};
pub use saturation::{Limit, Saturation, SaturationOptions, plateau, saturation};
pub use seasonal::{Period, Seasonal, SeasonalOptions, dominant_period, seasonal_expectation};
pub use shift::{
    Shift, ShiftOptions, baseline_shift, departure_of, direction_of, mann_whitney_p, normal_band,
    shift_of_values,
};
pub use trend::{Climb, Moved, climbing_from_the_start, climbing_throughout, moved_from_the_start};
