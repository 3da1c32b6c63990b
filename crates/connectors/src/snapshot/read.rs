//! Reading files with bounds: lines that are cut, files that are refused when they are too large, bytes that are
//! no text.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a line that are kept; the rest of it is skipped.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a file that is read as a whole (JSON documents, Parquet); larger ones are refused.
pub(super) const WHOLE_FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

const BUFFER_BYTES: usize = 1024 * 1024;
/// Of a small file: still longer than any line that is kept.
const BUFFER_BYTES_MIN: usize = 2 * LINE_BYTES_MAX;

/// One line of a file, without its line break.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Number, from 1.
    pub(super) number: u64,
    /// Its bytes, at most [`LINE_BYTES_MAX`].
    pub(super) bytes: &'a [u8],
    /// Whether more of it was skipped.
    pub(super) cut: bool,
}

/// The lines of a reader, in one buffer that never grows: a line of a gigabyte costs no memory.
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    number: u64,
    skipping: bool,
    finished: bool,
}

impl Lines<File> {
    /// The lines of the file at `path`.
    pub(super) fn open(path: &Path) -> std::io::Result<Lines<File>> {
        let file = File::open(path)?;
        let length = file.metadata().map_or(u64::MAX, |metadata| metadata.len());
        let room = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1);
        Ok(Lines::new(file, room.clamp(BUFFER_BYTES_MIN, BUFFER_BYTES)))
    }
}

impl<R: Read> Lines<R> {
    /// The lines of `reader`, with a buffer longer than [`LINE_BYTES_MAX`]. A byte order mark at the start is dropped.
    fn new(reader: R, buffer_bytes: usize) -> Lines<R> {
        let buffer = vec![0; buffer_bytes];
        Lines { reader, buffer, start: 0, end: 0, number: 0, skipping: false, finished: false }
    }

    /// The next line, `None` at the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Line<'_>>> {
        if self.skipping {
            self.skip_rest_of_line()?;
        }
        let mut searched = self.start;
        loop {
            let unread = self.buffer.get(searched..self.end).unwrap_or_default();
            if let Some(offset) = memchr(unread) {
                let line_end = searched + offset;
                return Ok(Some(self.take(line_end, line_end + 1)));
            }
            searched = self.end;
            if self.end - self.start > LINE_BYTES_MAX {
                let line_end = self.start + LINE_BYTES_MAX;
                self.skipping = true;
                return Ok(Some(self.take(line_end, line_end)));
            }
            if self.finished {
                if self.start == self.end {
                    return Ok(None);
                }
                return Ok(Some(self.take(self.end, self.end)));
            }
            searched -= self.start;
            self.fill()?;
        }
    }

    fn take(&mut self, line_end: usize, next_start: usize) -> Line<'_> {
        let from = self.start;
        self.start = next_start;
        self.number += 1;
        let mut bytes = self.buffer.get(from..line_end).unwrap_or_default();
        let mut cut = self.skipping;
        if bytes.len() > LINE_BYTES_MAX {
            bytes = bytes.get(..LINE_BYTES_MAX).unwrap_or_default();
            cut = true;
        }
        if self.number == 1 {
            bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        }
        if let Some((b'\r', rest)) = bytes.split_last() {
            bytes = rest;
        }
        Line { number: self.number, bytes, cut }
    }

    /// Moves what is unread to the front and reads more behind it.
    fn fill(&mut self) -> std::io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = loop {
            match self.reader.read(free) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        self.finished = read == 0;
        Ok(())
    }

    fn skip_rest_of_line(&mut self) -> std::io::Result<()> {
        self.skipping = false;
        loop {
            let unread = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(offset) = memchr(unread) {
                self.start += offset + 1;
                return Ok(());
            }
            self.start = self.end;
            if self.finished {
                return Ok(());
            }
            self.fill()?;
        }
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

/// The text in `bytes`; bytes that are not UTF-8 are kept as `\xNN`. The second value says whether there were any.
pub(super) fn text_of(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    escaped(bytes, "\\x")
}

/// As [`text_of`] for bytes that are JSON: inside a string the backslash is written twice, so that it is read as one.
pub(super) fn json_text_of(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    escaped(bytes, "\\\\x")
}

fn escaped<'b>(bytes: &'b [u8], mark: &str) -> (Cow<'b, str>, bool) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), false);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "{mark}{byte:02X}");
        }
    }
    (Cow::Owned(text), true)
}

/// All bytes of a file, or why they were not read.
pub(super) fn whole_file(path: &Path) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut bytes = Vec::new();
    file.take(WHOLE_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > WHOLE_FILE_BYTES_MAX {
        return Err(format!(
            "is larger than {} MiB, the limit for files that are read as a whole",
            WHOLE_FILE_BYTES_MAX >> 20
        ));
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// The first bytes of a file, at most `bytes_max`.
pub(super) fn head_of(path: &Path, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut head)?;
    Ok(head)
}

/// `text` cut to at most `bytes_max` bytes at a character's edge.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while end > 0 && !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(bytes: &[u8]) -> Vec<(u64, usize, bool)> {
        let small = lines_with(bytes, BUFFER_BYTES_MIN);
        assert_eq!(lines_with(bytes, BUFFER_BYTES), small);
        small
    }

    fn lines_with(bytes: &[u8], buffer_bytes: usize) -> Vec<(u64, usize, bool)> {
        let mut lines = Lines::new(bytes, buffer_bytes);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            seen.push((line.number, line.bytes.len(), line.cut));
        }
        seen
    }

    #[test]
    fn lines_end_where_they_should() {
        assert_eq!(lines_of(b"\xEF\xBB\xBFab\r\n\nc"), [(1, 2, false), (2, 0, false), (3, 1, false)]);
        assert_eq!(lines_of(b""), []);
        assert_eq!(lines_of(b"\n"), [(1, 0, false)]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        for length in [LINE_BYTES_MAX, LINE_BYTES_MAX + 1, BUFFER_BYTES, 3 * BUFFER_BYTES + 7] {
            let mut bytes = vec![b'x'; length];
            bytes.extend_from_slice(b"\nnext\n");
            let cut = length > LINE_BYTES_MAX;
            assert_eq!(lines_of(&bytes), [(1, length.min(LINE_BYTES_MAX), cut), (2, 4, false)], "{length}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(text_of(b"a\xFFb"), (Cow::Owned("a\\xFFb".to_owned()), true));
        assert!(!text_of("grüße".as_bytes()).1);
        assert_eq!(cut("grüße", 3), "gr");
    }
}
