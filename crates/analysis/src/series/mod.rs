//! Time series: columns of times and values, and what can be said of them.

mod batch;
mod change_points;
mod episodes;
mod onset;
mod ramp;
mod robust;
mod shift;
#[cfg(test)]
mod testing;

pub use batch::{Series, SeriesKey, SeriesSet, SeriesView};
pub use change_points::{ChangeOptions, ChangePoint, change_points};
pub use onset::{OnsetEstimate, OnsetKind, OnsetOptions, onset};
pub use ramp::{JumpFit, RampFit, fit_jump, fit_ramp, fit_step};
pub use robust::{
    Level, Z_MAX, granularity, level, mad, median, normal_two_sided_p, quantile, quantile_sorted, robust_z,
    sorted_present,
};
pub use shift::{
    Shift, ShiftOptions, baseline_shift, direction_of, mann_whitney_p, normal_band, shift_of_values,
};
