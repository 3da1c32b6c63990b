//! Small Parquet tables, written here: nobody can edit a binary file of the corpus.

use std::sync::Arc;

use anyhow::{Context, Result};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

const LONG: &str = "message m { required int64 time (TIMESTAMP(MILLIS,true)); required binary service (UTF8); \
    required binary metric (UTF8); required double value; }";
const WIDE: &str = "message m { required int64 ts; required double a; required double b; }";

/// A long and a wide table, with and without a dictionary.
pub(super) fn tables() -> Result<Vec<Vec<u8>>> {
    let times = [1_767_960_000_000, 1_767_960_060_000, 1_767_960_120_000];
    let mut tables = Vec::new();
    for dictionary in [true, false] {
        tables.push(table(LONG, dictionary, &times, &["svc-a", "latency"], &[[0.5, f64::NAN, 2.0]])?);
        tables.push(table(WIDE, dictionary, &times, &[], &[[1.0, 2.0, 3.0], [4.0, -5.0, 6.0]])?);
    }
    Ok(tables)
}

fn table(
    schema: &str,
    dictionary: bool,
    times: &[i64],
    texts: &[&str],
    numbers: &[[f64; 3]],
) -> Result<Vec<u8>> {
    const NO_COLUMN: &str = "the schema has fewer columns";
    let schema = Arc::new(parse_message_type(schema)?);
    let properties = WriterProperties::builder().set_dictionary_enabled(dictionary).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    let mut column = rows.next_column()?.context(NO_COLUMN)?;
    column.typed::<Int64Type>().write_batch(times, None, None)?;
    column.close()?;
    for text in texts {
        let mut column = rows.next_column()?.context(NO_COLUMN)?;
        column.typed::<ByteArrayType>().write_batch(
            &vec![ByteArray::from(*text); times.len()],
            None,
            None,
        )?;
        column.close()?;
    }
    for values in numbers {
        let mut column = rows.next_column()?.context(NO_COLUMN)?;
        column.typed::<DoubleType>().write_batch(values, None, None)?;
        column.close()?;
    }
    rows.close()?;
    Ok(writer.into_inner()?)
}
