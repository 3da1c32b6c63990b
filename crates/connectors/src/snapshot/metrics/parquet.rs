//! Parquet tables, long and wide, through the record reader.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};

use super::super::damage::DamageLog;
use super::super::scan::SnapshotFile;
use super::checked_pages::CheckedRows;
use super::columns::columns_of;
use super::csv::{Cell, TableReader};
use super::store::MetricStore;

/// Bytes of a Parquet file that is read; larger ones are refused.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Rows of a file: more than there can be points. A few bytes can claim any number, each as good as a run of equal values.
const ROWS_MAX: i64 = 30_000_000;

/// Reads one file. The decoder of the format is not ours: should it panic on a broken file, the file counts as damaged.
pub(super) fn read(file: &SnapshotFile, known: &[String], store: &mut MetricStore, damage: &mut DamageLog) {
    if file.bytes > FILE_BYTES_MAX {
        return damage.file(&file.relative, "is larger than 1 GiB, the limit for Parquet");
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| read_rows(file, known, store, damage)));
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(reason)) => damage.file(&file.relative, &reason),
        Err(_) => damage.file(&file.relative, "not readable as Parquet: the file breaks the format"),
    }
}

fn read_rows(
    file: &SnapshotFile,
    known: &[String],
    store: &mut MetricStore,
    damage: &mut DamageLog,
) -> Result<(), String> {
    let broken = |error: parquet::errors::ParquetError| format!("not readable as Parquet: {error}");
    let opened = File::open(&file.path).map_err(|error| format!("cannot be opened: {error}"))?;
    let reader = SerializedFileReader::new(opened).map_err(broken)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let fields = schema.root_schema().get_fields();
    let header: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let Some(columns) = columns_of(&header, known) else {
        return Err("no column holds times (timestamp, time, ts, date)".to_owned());
    };
    let groups = reader.metadata().row_groups();
    let claimed = groups.iter().map(|group| group.num_rows()).fold(0i64, i64::saturating_add);
    if claimed > ROWS_MAX || groups.iter().any(|group| group.num_rows() < 0) {
        return Err(format!("claims {claimed} rows; up to {ROWS_MAX} are read"));
    }
    let mut table = TableReader::new(&header, columns, file, store);
    let mut line = 0;
    for index in 0..groups.len() {
        let group = CheckedRows { inner: reader.get_row_group(index).map_err(broken)? };
        for row in RowIter::from_row_group(None, &group).map_err(broken)? {
            let row = row.map_err(broken)?;
            line += 1;
            let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
            let cell = |column: usize| fields.get(column).map_or(Cell::Missing, |field| cell_of(field));
            let text = |column: usize| text_of(&row, column);
            if let Err(reason) = table.row(store, line, &cell, &text) {
                damage.row(&file.relative, line, reason);
            }
        }
    }
    table.finish(damage);
    Ok(())
}

fn cell_of(field: &Field) -> Cell<'_> {
    match field {
        Field::Str(text) => Cell::Text(text),
        Field::Bytes(bytes) => bytes.as_utf8().map_or(Cell::Text("\u{FFFD}"), Cell::Text),
        Field::Bool(flag) => Cell::Number(f64::from(u8::from(*flag))),
        Field::Byte(number) => Cell::Number(f64::from(*number)),
        Field::Short(number) => Cell::Number(f64::from(*number)),
        Field::Int(number) => Cell::Number(f64::from(*number)),
        Field::Long(number) => Cell::Number(*number as f64),
        Field::UByte(number) => Cell::Number(f64::from(*number)),
        Field::UShort(number) => Cell::Number(f64::from(*number)),
        Field::UInt(number) => Cell::Number(f64::from(*number)),
        Field::ULong(number) => Cell::Number(*number as f64),
        Field::Float(number) => Cell::Number(f64::from(*number)),
        Field::Double(number) => Cell::Number(*number),
        Field::Date(days) => Cell::Time(i64::from(*days).saturating_mul(86_400_000_000_000)),
        Field::TimestampMillis(millis) => Cell::Time(millis.saturating_mul(1_000_000)),
        Field::TimestampMicros(micros) => Cell::Time(micros.saturating_mul(1_000)),
        _ => Cell::Missing,
    }
}

fn text_of(row: &Row, column: usize) -> String {
    match row.get_column_iter().nth(column) {
        Some((_, Field::Str(text))) => text.clone(),
        Some((_, Field::Null)) | None => String::new(),
        Some((_, other)) => other.to_string(),
    }
}
