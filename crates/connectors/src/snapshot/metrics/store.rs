//! Series while they are read: points by series, in bounded number.

use std::collections::BTreeMap;

use midwatch_analysis::intern::{Interner, Symbol};
use midwatch_analysis::series::{Series, SeriesKey};
use midwatch_model::{EntityId, EntityKind, Unit};
use rustc_hash::FxHashMap;

/// Points kept over all series of a snapshot; further ones are counted as damage.
const POINTS_MAX: usize = 30_000_000;
/// Series kept; further ones are counted as damage.
const SERIES_MAX: usize = 200_000;

/// What identifies a series while reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SeriesName {
    /// Entity.
    pub(super) entity: Symbol,
    /// Metric.
    pub(super) metric: Symbol,
    /// Stated unit; empty when none is.
    pub(super) unit: Symbol,
    /// Further labels, sorted by key as they come.
    pub(super) labels: Box<[(Symbol, Symbol)]>,
}

struct RawSeries {
    name: SeriesName,
    kind: Option<EntityKind>,
    counter: Option<bool>,
    file: u32,
    points: Vec<(i64, f64)>,
}

/// A finished series and the number of the file it was first seen in.
#[derive(Debug, Clone)]
pub(in crate::snapshot) struct StoredSeries {
    /// The series; the kind of its entity is what the file's own column says, else a service.
    pub(in crate::snapshot) series: Series,
    /// Kind that the file's own column says.
    pub(in crate::snapshot) stated_kind: Option<EntityKind>,
    /// Number of the file among the snapshot's files.
    pub(in crate::snapshot) file: u32,
}

/// All series of a snapshot while its files are read.
#[derive(Default)]
pub(in crate::snapshot) struct MetricStore {
    symbols: Interner,
    index: FxHashMap<SeriesName, u32>,
    series: Vec<RawSeries>,
    points: usize,
    file: u32,
}

impl MetricStore {
    /// Says which file the next points come from.
    pub(super) fn start_file(&mut self, file: u32) {
        self.file = file;
    }

    /// The number of a text.
    pub(super) fn symbol(&mut self, text: &str) -> Symbol {
        self.symbols.intern(text)
    }

    /// The series called `name`, new or known; `None` when there are too many.
    pub(super) fn series(
        &mut self,
        name: SeriesName,
        kind: Option<EntityKind>,
        counter: Option<bool>,
    ) -> Option<u32> {
        if let Some(&known) = self.index.get(&name) {
            return Some(known);
        }
        if self.series.len() >= SERIES_MAX {
            return None;
        }
        let number = u32::try_from(self.series.len()).ok()?;
        self.index.insert(name.clone(), number);
        self.series.push(RawSeries { name, kind, counter, file: self.file, points: Vec::new() });
        Some(number)
    }

    /// Adds a point; `false` when there are too many. A value that is not finite is a missing one.
    pub(super) fn push(&mut self, series: u32, at_ns: i64, value: f64) -> bool {
        if self.points >= POINTS_MAX {
            return false;
        }
        if let Some(series) = self.series.get_mut(series as usize) {
            series.points.push((at_ns, if value.is_finite() { value } else { f64::NAN }));
            self.points += 1;
        }
        true
    }

    /// Every series with its points in time order, sorted by key.
    pub(in crate::snapshot) fn finish(self) -> Vec<StoredSeries> {
        let symbols = self.symbols;
        let mut finished: Vec<StoredSeries> = self
            .series
            .into_iter()
            .map(|raw| {
                let metric = symbols.text(raw.name.metric);
                let (unit, factor) = super::units::of_series(metric, symbols.text(raw.name.unit));
                let labels: BTreeMap<String, String> = raw
                    .name
                    .labels
                    .iter()
                    .map(|&(key, value)| (symbols.text(key).to_owned(), symbols.text(value).to_owned()))
                    .collect();
                let entity =
                    EntityId::new(raw.kind.unwrap_or(EntityKind::Service), symbols.text(raw.name.entity));
                let key = SeriesKey { entity, metric: metric.to_owned(), labels, unit, counter: raw.counter };
                let mut points = raw.points;
                if unit != Unit::Unknown && factor != 1.0 {
                    points.iter_mut().for_each(|(_, value)| *value *= factor);
                }
                let series = Series::from_points(key, points);
                StoredSeries { series, stated_kind: raw.kind, file: raw.file }
            })
            .collect();
        finished.sort_by(|a, b| a.series.key.cmp(&b.series.key));
        finished
    }
}
