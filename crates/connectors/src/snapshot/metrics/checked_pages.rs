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
        let values = if column.max_rep_level() > 0 { rows.max(NESTED_VALUES_MAX) } else { rows };
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

/// Values that a page of a nested column may hold, whatever the rows.
const NESTED_VALUES_MAX: u64 = 30_000_000;

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

#[cfg(test)]
mod tests {
    use parquet::basic::Encoding;

    use super::*;

    /// A column of one page.
    struct One(Option<Page>);

    impl PageReader for One {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.take())
        }
        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }
        fn skip_next_page(&mut self) -> Result<()> {
            Ok(())
        }
    }

    impl Iterator for One {
        type Item = Result<Page>;
        fn next(&mut self) -> Option<Result<Page>> {
            self.get_next_page().transpose()
        }
    }

    fn data(values: u32) -> Page {
        Page::DataPage {
            buf: vec![0u8; 16].into(),
            num_values: values,
            encoding: Encoding::DELTA_LENGTH_BYTE_ARRAY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        }
    }

    fn dictionary(values: u32) -> Page {
        Page::DictionaryPage {
            buf: vec![0u8; 16].into(),
            num_values: values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        }
    }

    #[test]
    fn a_page_that_claims_more_than_there_can_be_is_refused() {
        let passes = |page: Page, is_flag: bool| {
            let mut pages = CheckedPages { inner: Box::new(One(Some(page))), values: 100, is_flag };
            pages.get_next_page().is_ok()
        };
        let table = [
            (data(100), false, true),
            (data(101), false, false),
            (data(u32::MAX), false, false),
            (dictionary(16), false, true),
            (dictionary(17), false, false),
            (dictionary(128), true, true),
            (dictionary(129), true, false),
        ];
        for (page, is_flag, expected) in table {
            let shown = format!("{} of {}", page.num_values(), page.page_type());
            assert_eq!(passes(page, is_flag), expected, "{shown}");
        }
    }
}
