//! Tables of text, long and wide.

use midwatch_analysis::intern::Symbol;

use super::super::damage::DamageLog;
use super::super::read::text_of;
use super::super::scan::SnapshotFile;
use super::super::table::Rows;
use super::super::time;
use super::columns::{Columns, columns_of};
use super::store::{MetricStore, SeriesName};

/// One cell of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing.
    Missing,
    /// Text that may be a number or a time.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// Nanoseconds since the epoch.
    Time(i64),
}

/// Reads one table.
pub(super) fn read(file: &SnapshotFile, known: &[String], store: &mut MetricStore, damage: &mut DamageLog) {
    let opened = Rows::open(&file.path);
    let (header, mut rows) = match opened {
        Ok(opened) => opened,
        Err(error) => return damage.file(&file.relative, &format!("cannot be read: {error}")),
    };
    if header.is_empty() {
        return;
    }
    if let Some(loss) = rows.header_loss() {
        damage.row(&file.relative, 1, loss);
    }
    let Some(columns) = columns_of(&header, known) else {
        return damage.file(&file.relative, "no column holds times (timestamp, time, ts, date)");
    };
    let mut reader = TableReader::new(&header, columns, file, store);
    loop {
        match rows.next() {
            Ok(None) => break,
            Ok(Some(row)) if row.broken => {
                let reason = "a row longer than 64 KiB or a quote that is never closed";
                damage.row(&file.relative, row.line, reason);
            }
            Ok(Some(row)) => {
                let cell = |column: usize| match row.cell(column).map(std::str::from_utf8) {
                    None | Some(Ok("")) => Cell::Missing,
                    Some(Ok(text)) => Cell::Text(text),
                    Some(Err(_)) => Cell::Text("\u{FFFD}"),
                };
                let text = |column: usize| row.cell(column).map(|cell| text_of(cell).0).unwrap_or_default();
                let outcome = reader.row(store, row.line, &cell, &|column| text(column).into_owned());
                if let Err(reason) = outcome {
                    damage.row(&file.relative, row.line, reason);
                }
            }
            Err(error) => {
                damage.file(&file.relative, &format!("cannot be read further: {error}"));
                break;
            }
        }
    }
    reader.finish(damage);
}

/// Puts rows of a table into a store, whatever the table is made of.
pub(super) struct TableReader<'f> {
    columns: Columns,
    file: &'f SnapshotFile,
    label_keys: Vec<Symbol>,
    wide: Vec<(usize, Option<Symbol>, Symbol)>,
    own_entity: Symbol,
    own_metric: Symbol,
    no_unit: Symbol,
    naive_rows: u64,
    missing_values: u64,
    first_missing: u64,
}

impl<'f> TableReader<'f> {
    /// A reader of the table in `file` with these columns.
    pub(super) fn new(
        header: &[String],
        columns: Columns,
        file: &'f SnapshotFile,
        store: &mut MetricStore,
    ) -> TableReader<'f> {
        let title = |column: &usize| header.get(*column).map_or("", String::as_str);
        let label_keys = columns.labels.iter().map(|column| store.symbol(title(column))).collect();
        let wide = columns
            .wide
            .iter()
            .map(|wide| {
                let entity = wide.entity.as_ref().map(|entity| store.symbol(entity));
                (wide.column, entity, store.symbol(&wide.metric))
            })
            .collect();
        let stem = file.stem();
        let own_entity = store.symbol(if stem.eq_ignore_ascii_case("metrics") { "" } else { stem });
        let own_metric = store.symbol(stem);
        let no_unit = store.symbol("");
        TableReader {
            columns,
            file,
            label_keys,
            wide,
            own_entity,
            own_metric,
            no_unit,
            naive_rows: 0,
            missing_values: 0,
            first_missing: 0,
        }
    }

    /// Takes one row; an error says why it is damaged. `text` gives a cell as text whatever it holds.
    pub(super) fn row<'c>(
        &mut self,
        store: &mut MetricStore,
        line: u64,
        cell: &dyn Fn(usize) -> Cell<'c>,
        text: &dyn Fn(usize) -> String,
    ) -> Result<(), &'static str> {
        let (at, naive) = match cell(self.columns.time) {
            Cell::Missing => return Err("a row without a time"),
            Cell::Time(ns) if time::plausible(ns) => (ns, false),
            Cell::Time(_) => return Err(BAD_TIME),
            Cell::Number(epoch) => (time::epoch(epoch).ok_or(BAD_TIME)?, false),
            Cell::Text(written) => {
                let read = time::parse(written).ok_or(BAD_TIME)?;
                (read.ns, read.naive)
            }
        };
        self.naive_rows += u64::from(naive);
        let (entity, kind) = match self.columns.entity {
            Some((column, kind)) => match cell(column) {
                Cell::Missing => (self.own_entity, None),
                Cell::Text(name) if name != "\u{FFFD}" => (store.symbol(name), kind),
                _ => (store.symbol(&text(column)), kind),
            },
            None => (self.own_entity, None),
        };
        let Some(value_column) = self.columns.value else {
            return self.wide_row(store, line, at, (entity, kind), cell);
        };
        let metric = match self.columns.metric.map(|column| (column, cell(column))) {
            None => self.own_metric,
            Some((_, Cell::Text(name))) if name != "\u{FFFD}" => store.symbol(name),
            Some((_, Cell::Missing)) => return Err("a row without a metric name"),
            Some((column, _)) => store.symbol(&text(column)),
        };
        let value = self.value(cell(value_column), line)?;
        let unit = match self.columns.unit.map(cell) {
            Some(Cell::Text(unit)) => store.symbol(unit),
            _ => self.no_unit,
        };
        let mut labels = Vec::new();
        for (column, key) in self.columns.labels.iter().zip(&self.label_keys) {
            match cell(*column) {
                Cell::Missing => {}
                Cell::Text(value) if value != "\u{FFFD}" => labels.push((*key, store.symbol(value))),
                _ => labels.push((*key, store.symbol(&text(*column)))),
            }
        }
        let name = SeriesName { entity, metric, unit, labels: labels.into_boxed_slice() };
        let series = store.series(name, kind, None).ok_or("more series than the limit")?;
        store.push(series, at, value).then_some(()).ok_or("more points than the limit")
    }

    fn wide_row<'c>(
        &mut self,
        store: &mut MetricStore,
        line: u64,
        at: i64,
        (row_entity, kind): (Symbol, Option<midwatch_model::EntityKind>),
        cell: &dyn Fn(usize) -> Cell<'c>,
    ) -> Result<(), &'static str> {
        let mut outcome = Ok(());
        for index in 0..self.wide.len() {
            let Some(&(column, entity, metric)) = self.wide.get(index) else { break };
            let value = match self.value(cell(column), line) {
                Ok(value) => value,
                Err(reason) => {
                    outcome = Err(reason);
                    continue;
                }
            };
            let (entity, kind) = entity.map_or((row_entity, kind), |entity| (entity, None));
            let name = SeriesName { entity, metric, unit: self.no_unit, labels: Box::default() };
            let series = store.series(name, kind, None).ok_or("more series than the limit")?;
            if !store.push(series, at, value) {
                return Err("more points than the limit");
            }
        }
        outcome
    }

    /// A value; missing and infinite ones are NaN.
    fn value(&mut self, cell: Cell<'_>, line: u64) -> Result<f64, &'static str> {
        let value = match cell {
            Cell::Number(value) => value,
            Cell::Text(written) => number(written).ok_or("a value that is no number")?,
            Cell::Missing => f64::NAN,
            Cell::Time(_) => return Err("a value that is a time"),
        };
        if !value.is_finite() {
            self.missing_values += 1;
            if self.first_missing == 0 {
                self.first_missing = line;
            }
        }
        Ok(value)
    }

    /// Says what was assumed.
    pub(super) fn finish(self, damage: &mut DamageLog) {
        let file = &self.file.relative;
        if self.naive_rows > 0 {
            damage.note(format!("{file}: times name no zone and were read as UTC"));
        }
        if self.missing_values > 0 {
            let (count, line) = (self.missing_values, self.first_missing);
            damage.note(format!(
                "{file}: {count} values are missing, NaN or infinite, the first at line {line}"
            ));
        }
    }
}

const BAD_TIME: &str = "a time that cannot be read or lies outside the years 1990 to 2200";

/// A number as tables write it: with a percent sign, thousands in groups, or one of the words for none.
fn number(written: &str) -> Option<f64> {
    if let Ok(value) = written.parse() {
        return Some(value);
    }
    match written.to_ascii_lowercase().as_str() {
        "nan" | "null" | "none" | "n/a" | "na" | "-" | "+inf" | "-inf" | "inf" | "undefined" => {
            Some(f64::NAN)
        }
        "true" => Some(1.0),
        "false" => Some(0.0),
        other => {
            let digits = other.strip_suffix('%').unwrap_or(other).replace([',', '_', ' '], "");
            digits.parse().ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_tables_write_them() {
        assert_eq!(number("1.5"), Some(1.5));
        assert_eq!(number("12%"), Some(12.0));
        assert_eq!(number("1,234"), Some(1234.0));
        assert!(number("n/a").unwrap().is_nan());
        assert_eq!(number("twelve"), None);
    }
}
