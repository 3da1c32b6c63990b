//! Pages of a Parquet file whose claims are held against what they lie in, before a decoder makes room for what they claim.

use parquet::basic::Type;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::RowGroupReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type as SchemaType;

/// A row group, none of whose pages claims more values than the group has rows.
pub(super) struct CheckedRows<'a> {
    pub(super) inner: Box<dyn RowGroupReader + 'a>,
}

impl RowGroupReader for CheckedRows<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.inner.metadata()
    }

    fn num_columns(&self) -> usize {
        self.inner.num_columns()
    }

    fn get_column_page_reader(&self, index: usize) -> Result<Box<dyn PageReader>> {
        let rows = u64::try_from(self.metadata().num_rows()).unwrap_or(0);
        let column = self.metadata().schema_descr().column(index);
        // A list in a cell has more values than rows; a cell of such a column is missing to us in any case.
        let values = if column.max_rep_level() > 0 { rows.saturating_mul(VALUES_A_ROW_MAX) } else { rows };
        let is_flag = column.physical_type() == Type::BOOLEAN;
        Ok(Box::new(CheckedPages { inner: self.inner.get_column_page_reader(index)?, values, is_flag }))
    }

    fn get_column_bloom_filter(&self, index: usize) -> Option<&Sbbf> {
        self.inner.get_column_bloom_filter(index)
    }

    fn get_row_iter(&self, projection: Option<SchemaType>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

/// Values that a row of a nested column may hold on average.
const VALUES_A_ROW_MAX: u64 = 64;

struct CheckedPages {
    inner: Box<dyn PageReader>,
    values: u64,
    is_flag: bool,
}

impl CheckedPages {
    fn checked(&self, page: Page) -> Result<Page> {
        let claimed = u64::from(page.num_values());
        let room = match &page {
            // Each entry of a dictionary takes a byte at least, a flag a bit.
            Page::DictionaryPage { .. } => {
                let bytes = page.buffer().len() as u64;
                if self.is_flag { bytes.saturating_mul(8) } else { bytes }
            }
            _ => self.values,
        };
        if claimed <= room {
            return Ok(page);
        }
        Err(ParquetError::General(format!("a page claims {claimed} values where at most {room} can be")))
    }
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        match self.inner.get_next_page()? {
            Some(page) => self.checked(page).map(Some),
            None => Ok(None),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.inner.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.inner.at_record_boundary()
    }
}

impl Iterator for CheckedPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}
