//! Metrics of a snapshot: tables of text, the OpenMetrics text format and Parquet, held as columns.

mod checked_pages;
mod columns;
mod csv;
mod openmetrics;
mod parquet;
mod store;
mod units;

pub(super) use columns::is_time_column;
pub(super) use store::{MetricStore, StoredSeries};
pub(super) use units::of_series as unit_of;

use super::classify::FileKind;
use super::damage::DamageLog;
use super::scan::SnapshotFile;

/// Reads every metric file; `known` are names of entities that other files speak of.
pub(super) fn read(files: &[SnapshotFile], known: &[String], damage: &mut DamageLog) -> MetricStore {
    let mut store = MetricStore::default();
    for (number, file) in files.iter().enumerate() {
        store.start_file(u32::try_from(number).unwrap_or(u32::MAX));
        match file.kind {
            FileKind::MetricsCsv => csv::read(file, known, &mut store, damage),
            FileKind::MetricsText => openmetrics::read(file, &mut store, damage),
            FileKind::MetricsParquet => parquet::read(file, known, &mut store, damage),
            _ => {}
        }
    }
    store
}
