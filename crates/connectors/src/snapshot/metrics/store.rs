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
/// Bytes of the names of all series, labels included; series beyond are counted as damage.
const NAME_BYTES_MAX: usize = 256 * 1024 * 1024;
/// What stands for a text that no longer fits; no series bears it.
const TOO_MUCH: &str = "\u{FFFD}too much text";

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
pub(in crate::snapshot) struct MetricStore {
    symbols: Interner,
    index: FxHashMap<SeriesName, u32>,
    series: Vec<RawSeries>,
    points: usize,
    name_bytes: usize,
    name_bytes_max: usize,
    file: u32,
}

impl Default for MetricStore {
    fn default() -> MetricStore {
        MetricStore::with_room(NAME_BYTES_MAX)
    }
}

impl MetricStore {
    /// An empty store for names of so many bytes.
    fn with_room(name_bytes_max: usize) -> MetricStore {
        MetricStore {
            symbols: Interner::default(),
            index: FxHashMap::default(),
            series: Vec::new(),
            points: 0,
            name_bytes: 0,
            name_bytes_max,
            file: 0,
        }
    }

    /// Says which file the next points come from.
    pub(super) fn start_file(&mut self, file: u32) {
        self.file = file;
    }

    /// The number of a text; that of [`TOO_MUCH`] when there is no more room for new ones.
    pub(super) fn symbol(&mut self, text: &str) -> Symbol {
        if self.symbols.bytes() < self.name_bytes_max {
            return self.symbols.intern(text);
        }
        self.symbols.find(text).unwrap_or_else(|| self.symbols.intern(TOO_MUCH))
    }

    /// Bytes of all texts of `name`; `None` when one of them did not fit.
    fn bytes_of(&self, name: &SeriesName) -> Option<usize> {
        let labels = name.labels.iter().flat_map(|(key, value)| [*key, *value]);
        let mut texts = [name.entity, name.metric, name.unit].into_iter().chain(labels);
        texts.try_fold(0, |sum: usize, symbol| match self.symbols.text(symbol) {
            TOO_MUCH => None,
            text => Some(sum.saturating_add(text.len())),
        })
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
        self.name_bytes =
            self.name_bytes.checked_add(self.bytes_of(&name)?).filter(|sum| *sum < self.name_bytes_max)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_end_are_refused_and_known_series_go_on() {
        let mut store = MetricStore::with_room(10_000);
        let mut taken = Vec::new();
        for number in 0..100 {
            let entity = store.symbol(&format!("{number}{}", "x".repeat(500)));
            let (metric, unit) = (store.symbol("load"), store.symbol(""));
            let name = SeriesName { entity, metric, unit, labels: Box::default() };
            taken.push(store.series(name.clone(), None, None).is_some());
            if let Some(number) = store.series(name, None, None) {
                assert!(store.push(number, 1, 2.0));
            }
        }
        let kept = taken.iter().filter(|taken| **taken).count();
        assert_eq!((kept, taken.iter().position(|taken| !taken)), (19, Some(19)));
        assert!(store.symbols.bytes() < 11_000);
        let finished = store.finish();
        assert!(finished.len() == 19 && finished.iter().all(|stored| stored.series.values == [2.0]));
    }

    #[test]
    fn a_long_label_counts_for_every_series_that_bears_it() {
        let mut store = MetricStore::with_room(10_000);
        let label = (store.symbol("note"), store.symbol(&"x".repeat(3_000)));
        let mut kept = 0;
        for number in 0..10 {
            let (entity, metric) = (store.symbol(&number.to_string()), store.symbol("load"));
            let name = SeriesName { entity, metric, unit: store.symbol(""), labels: Box::new([label]) };
            kept += usize::from(store.series(name, None, None).is_some());
        }
        assert_eq!(kept, 3);
    }
}
