//! Tables with a header: where columns begin, and what stands in a row.
//!
//! `kubectl` prints tables with Go's `text/tabwriter`: cells begin at the same column, counted in characters, in every
//! row of a table, and two or more blanks lie between them. Cells may be empty and may hold single blanks, so rows are
//! cut where the header's titles begin.

/// More columns than any table of `kubectl` has.
const COLUMNS_MAX: usize = 64;

/// The columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns<'a> {
    /// Title and the character at which it begins.
    titles: Vec<(&'a str, usize)>,
}

impl<'a> Columns<'a> {
    /// The columns of a header.
    pub fn of(header: &'a str) -> Columns<'a> {
        let mut titles: Vec<(&'a str, usize)> = Vec::new();
        for part in fields(header, COLUMNS_MAX) {
            let byte = part.as_ptr() as usize - header.as_ptr() as usize;
            let before = header.get(..byte).unwrap_or("");
            titles.push((part, if header.is_ascii() { byte } else { before.chars().count() }));
        }
        Columns { titles }
    }

    /// Columns whose places nobody knows: rows are then split at runs of blanks.
    pub fn named(titles: &[&'a str]) -> Columns<'a> {
        Columns { titles: titles.iter().map(|title| (*title, 0)).collect() }
    }

    /// Titles, in order.
    pub fn titles(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.titles.iter().map(|(title, _)| *title)
    }

    /// Whether there is a column of that title.
    pub fn has(&self, title: &str) -> bool {
        self.titles.iter().any(|(of, _)| *of == title)
    }

    /// The cells of a row, one for every title, trimmed. `None` when the row does not fit the header.
    pub fn cut<'r>(&self, row: &'r str) -> Option<Vec<&'r str>> {
        self.at_offsets(row).or_else(|| {
            let cells = fields(row, self.titles.len());
            (cells.len() == self.titles.len()).then_some(cells)
        })
    }

    fn at_offsets<'r>(&self, row: &'r str) -> Option<Vec<&'r str>> {
        let is_ascii = row.is_ascii();
        let mut chars = row.char_indices();
        let mut passed = 0;
        let mut byte_of = |offset: usize| {
            if is_ascii {
                return offset.min(row.len());
            }
            match offset.checked_sub(passed).and_then(|more| chars.nth(more)) {
                Some((at, _)) => {
                    passed = offset + 1;
                    at
                }
                None => row.len(),
            }
        };
        let mut starts = vec![0];
        for (_, offset) in self.titles.iter().skip(1) {
            let start = byte_of(*offset);
            let before = row.get(..start)?;
            if *offset == 0 || (start < row.len() && !before.ends_with(' ')) {
                return None;
            }
            starts.push(start);
        }
        let ends = starts.iter().skip(1).copied().chain([row.len()]);
        starts.iter().zip(ends).map(|(start, end)| row.get(*start..end).map(str::trim)).collect()
    }
}

/// The parts of a line between runs of two or more blanks (or tabs), at most so many; the last takes the rest.
pub(super) fn fields(line: &str, fields_max: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let end = if parts.len() + 1 >= fields_max { None } else { gap(rest) };
        let Some(end) = end else {
            parts.push(rest);
            break;
        };
        let (part, after) = rest.split_at(end);
        parts.push(part.trim_end());
        rest = after.trim_start();
    }
    parts
}

/// Where the first run of two blanks, or a tab, begins.
fn gap(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().zip(bytes.iter().skip(1)).position(|(a, b)| *a == b'\t' || (*a == b' ' && *b == b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, row: &str, expected: Option<&[&str]>) {
        assert_eq!(Columns::of(header).cut(row).as_deref(), expected, "{row}");
    }

    #[test]
    fn rows_are_cut_where_titles_begin() {
        let header = "NAME   CLAIM   ACCESS MODES   AGE";
        check(header, "pv-a           RWO            5d", Some(&["pv-a", "", "RWO", "5d"]));
        check(
            header,
            "pv-a   x/y     RWO,ROX        5d (1m ago)",
            Some(&["pv-a", "x/y", "RWO,ROX", "5d (1m ago)"]),
        );
        check(header, "pv-a", Some(&["pv-a", "", "", ""]));
    }

    #[test]
    fn offsets_count_characters() {
        check("NAME   AGE   NOTE", "äöü    5d    größe", Some(&["äöü", "5d", "größe"]));
        check("NAME   AGE   NOTE", "名名   5d    x", Some(&["名名", "5d", "x"]));
    }

    #[test]
    fn shifted_rows_are_split_at_blanks_or_refused() {
        let header = "NAME   READY   AGE";
        check(header, "a-longer-name   1/1   5d", Some(&["a-longer-name", "1/1", "5d"]));
        check(header, "a-longer-name   1/1", None);
        assert_eq!(Columns::named(&["A", "B"]).cut("x   y  z"), Some(vec!["x", "y  z"]));
    }
}
