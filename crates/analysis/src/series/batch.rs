//! Columnar series.

use std::collections::BTreeMap;

use midwatch_model::{EntityId, Unit, Window};
use serde::{Deserialize, Serialize};

/// What a series is called and about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The thing measured.
    pub entity: EntityId,
    /// Metric name as the source has it.
    pub metric: String,
    /// Further labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Unit of the values, from the source or its metadata.
    pub unit: Unit,
    /// Whether values only grow but for resets; `None` when the source does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<bool>,
}

/// One series: times rise strictly, a missing value is NaN in memory and `null` when stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name and subject.
    pub key: SeriesKey,
    /// Nanoseconds since the epoch, rising strictly.
    pub times_ns: Vec<i64>,
    /// Values, as many as times.
    #[serde(with = "nan_as_null")]
    pub values: Vec<f64>,
}

/// A borrowed stretch of a series.
#[derive(Debug, Clone, Copy)]
pub struct SeriesView<'a> {
    /// Nanoseconds since the epoch, rising strictly.
    pub times_ns: &'a [i64],
    /// Values, as many as times; NaN is missing.
    pub values: &'a [f64],
}

impl Series {
    /// A series from points in any order. Of two points of one instant the later given wins; infinities are missing.
    pub fn from_points(key: SeriesKey, mut points: Vec<(i64, f64)>) -> Series {
        points.sort_by_key(|&(at, _)| at);
        let mut times_ns: Vec<i64> = Vec::with_capacity(points.len());
        let mut values: Vec<f64> = Vec::with_capacity(points.len());
        for (at, value) in points {
            let value = if value.is_finite() { value } else { f64::NAN };
            if times_ns.last() == Some(&at)
                && let Some(last) = values.last_mut()
            {
                *last = value;
            } else {
                times_ns.push(at);
                values.push(value);
            }
        }
        Series { key, times_ns, values }
    }

    /// All of it, borrowed.
    pub fn view(&self) -> SeriesView<'_> {
        SeriesView { times_ns: &self.times_ns, values: &self.values }
    }

    /// The part inside `window`, borrowed.
    pub fn within(&self, window: &Window) -> SeriesView<'_> {
        self.view().between(window.start_ns(), window.end_ns())
    }
}

impl<'a> SeriesView<'a> {
    /// The part with `start_ns <= time < end_ns`.
    pub fn between(&self, start_ns: i64, end_ns: i64) -> SeriesView<'a> {
        let from = self.times_ns.partition_point(|&at| at < start_ns);
        let to = self.times_ns.partition_point(|&at| at < end_ns).max(from);
        SeriesView { times_ns: &self.times_ns[from..to], values: &self.values[from..to] }
    }

    /// How many points, missing ones included.
    pub fn len(&self) -> usize {
        self.times_ns.len()
    }

    /// Whether there are no points at all.
    pub fn is_empty(&self) -> bool {
        self.times_ns.is_empty()
    }

    /// Points that are there, in time order.
    pub fn present(&self) -> impl Iterator<Item = (i64, f64)> + 'a {
        self.times_ns.iter().copied().zip(self.values.iter().copied()).filter(|(_, value)| !value.is_nan())
    }
}

/// A query that was sent for series, exactly enough to send it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentQuery {
    /// In the source's own language.
    pub query: String,
    /// Where a person can open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Many series, sorted by key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesSet {
    /// The series, sorted by key.
    pub series: Vec<Series>,
    /// The query that each metric came from, by metric name, where the source has a language of queries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent: BTreeMap<String, SentQuery>,
    /// What was left out or could not be read although the rest was, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl SeriesSet {
    /// A set of series that came from no query.
    pub fn new(mut series: Vec<Series>) -> SeriesSet {
        series.sort_by(|a, b| a.key.cmp(&b.key));
        SeriesSet { series, ..SeriesSet::default() }
    }
}

mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| value.is_finite().then_some(*value)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}
