//! Time series: columns of times and values, and what can be said of them.

mod batch;

pub use batch::{Series, SeriesKey, SeriesSet, SeriesView};
