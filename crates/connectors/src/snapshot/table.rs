//! Tables of text (RFC 4180 and its relatives) in bounded memory: a quote that is never closed costs one row.

use std::fs::File;
use std::path::Path;

use super::read::{LINE_BYTES_MAX, Lines, text_of};

/// Columns of a table that are read; further ones are left out.
const COLUMNS_MAX: usize = 16_384;

/// The rows of a table below its header.
pub(super) struct Rows {
    lines: Lines<File>,
    delimiter: u8,
    text: Vec<u8>,
    ends: Vec<usize>,
    header_cut: bool,
}

/// One row.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// Line it starts on, from 1.
    pub(super) line: u64,
    /// Whether it was too long, so that its cells cannot be trusted.
    pub(super) broken: bool,
    text: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    /// The cell of a column, from 0, without surrounding blanks.
    pub(super) fn cell(&self, column: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(column)?;
        let start = if column == 0 { 0 } else { *self.ends.get(column - 1)? };
        Some(self.text.get(start..end)?.trim_ascii())
    }

    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

impl Rows {
    /// Opens a table and reads its header. The delimiter is the most frequent of `,`, `;`, tab and `|` in it. An empty
    /// file has an empty header.
    pub(super) fn open(path: &Path) -> std::io::Result<(Vec<String>, Rows)> {
        let mut rows = Rows {
            lines: Lines::open(path)?,
            delimiter: b',',
            text: Vec::new(),
            ends: Vec::new(),
            header_cut: false,
        };
        let header = match rows.lines.next()? {
            None => Vec::new(),
            Some(line) => {
                rows.delimiter = delimiter_of(line.bytes);
                rows.text.clear();
                rows.ends.clear();
                split(line.bytes, rows.delimiter, false, &mut rows.text, &mut rows.ends);
                rows.header_cut = line.cut || rows.ends.len() >= COLUMNS_MAX;
                // The name that was cut in its middle is no name.
                if !line.cut {
                    rows.ends.push(rows.text.len());
                }
                let header = Row { line: 1, broken: false, text: &rows.text, ends: &rows.ends };
                (0..header.len().min(COLUMNS_MAX))
                    .filter_map(|column| Some(text_of(header.cell(column)?).0.into_owned()))
                    .collect()
            }
        };
        Ok((header, rows))
    }

    /// What the header held beyond the limits, in words; `None` when it was read as a whole.
    pub(super) fn header_loss(&self) -> Option<&'static str> {
        self.header_cut
            .then_some("a header longer than 64 KiB or 16,384 columns; further columns were left out")
    }

    /// The next row that is not blank.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Row<'_>>> {
        self.text.clear();
        self.ends.clear();
        let mut first_line = 0;
        let mut quoted = false;
        let mut broken = false;
        loop {
            let Some(line) = self.lines.next()? else {
                if first_line == 0 {
                    return Ok(None);
                }
                broken = true;
                break;
            };
            if first_line == 0 {
                if line.bytes.trim_ascii().is_empty() {
                    continue;
                }
                first_line = line.number;
            } else {
                self.text.push(b'\n');
            }
            broken |= line.cut;
            quoted = split(line.bytes, self.delimiter, quoted, &mut self.text, &mut self.ends);
            broken |= self.text.len() > LINE_BYTES_MAX;
            if !quoted || broken {
                break;
            }
        }
        self.ends.push(self.text.len());
        Ok(Some(Row { line: first_line, broken, text: &self.text, ends: &self.ends }))
    }
}

fn delimiter_of(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    let mut best = b',';
    for candidate in [b';', b'\t', b'|'] {
        if count(candidate) > count(best) {
            best = candidate;
        }
    }
    best
}

/// Appends the cells of `line` to `text` and the ends of all but the last to `ends`; returns whether a quote is open.
fn split(line: &[u8], delimiter: u8, mut quoted: bool, text: &mut Vec<u8>, ends: &mut Vec<usize>) -> bool {
    let end_cell = |text: &Vec<u8>, ends: &mut Vec<usize>| {
        if ends.len() < COLUMNS_MAX {
            ends.push(text.len());
        }
    };
    if !quoted && memchr::memchr(b'"', line).is_none() {
        let mut from = 0;
        for at in memchr::memchr_iter(delimiter, line) {
            text.extend_from_slice(line.get(from..at).unwrap_or_default());
            end_cell(text, ends);
            from = at + 1;
        }
        text.extend_from_slice(line.get(from..).unwrap_or_default());
        return false;
    }
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                text.push(b'"');
            }
            b'"' => quoted = !quoted,
            byte if byte == delimiter && !quoted => end_cell(text, ends),
            byte => text.push(byte),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    type ReadRow = (u64, bool, Vec<String>);

    fn read(text: &str) -> (Vec<String>, Vec<ReadRow>) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let (header, mut rows) = Rows::open(&path).unwrap();
        let mut seen = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let cells = (0..row.len()).map(|at| String::from_utf8_lossy(row.cell(at).unwrap()).into_owned());
            seen.push((row.line, row.broken, cells.collect()));
        }
        (header, seen)
    }

    #[test]
    fn cells_and_quotes() {
        let (header, rows) = read("\u{FEFF}a,b\n1,\"x, \"\"y\"\"\"\n\n2,\"two\nlines\"\n3\n");
        assert_eq!(header, ["a", "b"]);
        let expected: [(u64, bool, &[&str]); 3] =
            [(2, false, &["1", "x, \"y\""]), (4, false, &["2", "two\nlines"]), (6, false, &["3"])];
        for (row, (line, broken, cells)) in rows.iter().zip(expected) {
            assert_eq!((row.0, row.1), (line, broken));
            assert_eq!(row.2, cells);
        }
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn a_header_that_is_too_long_is_read_as_far_as_it_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.csv");
        for (name, names) in [("column_of_some_length", 9_000), ("c", 20_000)] {
            std::fs::write(&path, format!("time{}\n1,2\n", format!(",{name}").repeat(names))).unwrap();
            let (header, mut rows) = Rows::open(&path).unwrap();
            assert!(rows.header_loss().is_some());
            assert!(header.len() > 2_000 && header.iter().skip(1).all(|column| column == name));
            assert_eq!(rows.next().unwrap().map(|row| row.broken), Some(false));
        }
        std::fs::write(&path, "time,c\n").unwrap();
        assert_eq!(Rows::open(&path).unwrap().1.header_loss(), None);
    }

    #[test]
    fn other_delimiters_and_open_quotes() {
        assert_eq!(read("a;b,c;d\n1;2;3\n").0, ["a", "b,c", "d"]);
        assert!(read("a,b\n1,\"never closed\n2,3\n").1.iter().any(|(_, broken, _)| *broken));
        assert_eq!(read(""), (Vec::new(), Vec::new()));
    }
}
