//! A description as an outline: lines, and by their indentation what stands below which.

use super::super::columns::Columns;

/// How far ahead the end of a message of several lines is searched.
const MESSAGE_LINES_MAX: usize = 200;

#[derive(Debug)]
struct Line<'a> {
    indent: usize,
    /// The line without blanks around it.
    text: &'a str,
    /// The whole line.
    raw: &'a str,
    /// Index after the last line below it.
    end: usize,
}

/// The lines of one description.
#[derive(Debug)]
pub(super) struct Outline<'a> {
    lines: Vec<Line<'a>>,
}

impl<'a> Outline<'a> {
    /// Reads the indentation. Blank lines are left out. Lines of a message that was printed with its line breaks stand
    /// below the message wherever they begin.
    pub fn of(text: &'a str) -> Outline<'a> {
        let raws: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let mut lines: Vec<Line<'a>> = Vec::with_capacity(raws.len());
        let mut open: Vec<usize> = Vec::new();
        let mut message_ends = 0;
        for (at, raw) in raws.iter().enumerate() {
            let text = raw.trim();
            let mut indent = raw.len() - raw.trim_start().len();
            if at < message_ends {
                indent = open.last().and_then(|at| lines.get(*at)).map_or(indent, |line| line.indent + 1);
            }
            while let Some(top) =
                open.last().copied().filter(|top| lines.get(*top).is_some_and(|l| l.indent >= indent))
            {
                open.pop();
                if let Some(line) = lines.get_mut(top) {
                    line.end = at;
                }
            }
            lines.push(Line { indent, text, raw, end: at + 1 });
            if at >= message_ends {
                open.push(at);
                message_ends = end_of_message(&raws, at, indent);
            }
        }
        for at in open {
            if let Some(line) = lines.get_mut(at) {
                line.end = raws.len();
            }
        }
        Outline { lines }
    }

    /// Everything, as the node above the first level.
    pub fn root(&self) -> Node<'a, '_> {
        Node { outline: self, line: None, start: 0, end: self.lines.len() }
    }
}

/// A container's last words may have any form; the exit code follows them at the message's own indentation.
fn end_of_message(raws: &[&str], at: usize, indent: usize) -> usize {
    let is_at = |raw: &&str, key: &str| raw.get(indent..).is_some_and(|rest| rest.starts_with(key));
    if indent < 4 || !raws.get(at).is_some_and(|raw| is_at(raw, "Message:")) {
        return at;
    }
    let after = raws.iter().skip(at + 1).take(MESSAGE_LINES_MAX);
    after
        .clone()
        .position(|raw| {
            is_at(raw, "Exit Code:") && raw.get(..indent).is_some_and(|gap| gap.trim().is_empty())
        })
        .map_or(at, |more| at + 1 + more)
}

/// A line with what stands below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a, 'o> {
    outline: &'o Outline<'a>,
    line: Option<usize>,
    start: usize,
    end: usize,
}

impl<'a, 'o> Node<'a, 'o> {
    fn own(&self) -> Option<&'o Line<'a>> {
        self.outline.lines.get(self.line?)
    }

    /// The line, trimmed.
    pub fn text(&self) -> &'a str {
        self.own().map_or("", |line| line.text)
    }

    /// The whole line.
    pub fn raw(&self) -> &'a str {
        self.own().map_or("", |line| line.raw)
    }

    /// What stands before the first colon that ends a word; all of it when there is none.
    pub fn key(&self) -> &'a str {
        split(self.text()).0
    }

    /// What stands after that colon.
    pub fn value(&self) -> &'a str {
        split(self.text()).1
    }

    /// The value, unless it is a word for nothing.
    pub fn said(&self) -> Option<&'a str> {
        super::super::values::said(self.value())
    }

    /// Lines one level below.
    pub fn children(self) -> impl Iterator<Item = Node<'a, 'o>> + use<'a, 'o> {
        let mut at = self.start;
        std::iter::from_fn(move || {
            let line = self.outline.lines.get(at).filter(|_| at < self.end)?;
            let node = Node { outline: self.outline, line: Some(at), start: at + 1, end: line.end };
            at = line.end.max(at + 1);
            Some(node)
        })
    }

    /// All lines below, in order, each with its own indentation.
    pub fn below(self) -> impl Iterator<Item = &'a str> + use<'a, 'o> {
        self.outline.lines.get(self.start..self.end).unwrap_or_default().iter().map(|line| line.raw)
    }

    /// The first line one level below with that key.
    pub fn find(&self, key: &str) -> Option<Node<'a, 'o>> {
        self.children().find(|child| child.key() == key)
    }

    /// The value of that line, unless it is a word for nothing.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.find(key)?.said()
    }

    /// The value of that line as it stands, empty when there is none.
    pub fn value_of(&self, key: &str) -> &'a str {
        self.find(key).map_or("", |node| node.value())
    }

    /// Items of a list whose first stands behind the key and whose others stand below it, each on its line.
    pub fn items(&self) -> impl Iterator<Item = &'a str> + use<'a, 'o> {
        self.said().into_iter().chain(self.children().map(|child| child.text()))
    }

    /// The value with the lines below it, as it was before it was indented.
    pub fn whole_value(&self) -> String {
        let mut whole = self.value().to_owned();
        let column = self.value_column();
        for line in self.below() {
            whole.push('\n');
            whole.push_str(unindented(line, column));
        }
        whole
    }

    /// The byte at which the value begins.
    pub fn value_column(&self) -> usize {
        let (raw, value) = (self.raw(), self.value());
        match value.is_empty() {
            true => raw.len(),
            false => (value.as_ptr() as usize).saturating_sub(raw.as_ptr() as usize),
        }
    }

    /// The rows of the table below, as (title, cell). A line of dashes below the header is left out, and so are rows
    /// that do not fit.
    pub fn table(self) -> Vec<Row<'a>> {
        let mut lines = self.children().map(|child| child.raw());
        let Some(header) = lines.next() else { return Vec::new() };
        rows(header, lines)
    }
}

/// A row: (title, cell).
pub(super) type Row<'a> = Vec<(&'a str, &'a str)>;

/// The rows below a header.
pub(super) fn rows<'a>(header: &'a str, lines: impl Iterator<Item = &'a str>) -> Vec<Row<'a>> {
    let columns = Columns::of(header);
    lines
        .filter(|line| !line.trim_start().starts_with("---"))
        .filter_map(|line| Some(columns.titles().zip(columns.cut(line)?).collect()))
        .collect()
}

/// A cell of a row, unless it is a word for nothing.
pub(super) fn cell<'a>(row: &Row<'a>, title: &str) -> Option<&'a str> {
    let (_, cell) = row.iter().find(|(of, _)| *of == title)?;
    super::super::values::said(cell)
}

/// A line without its first so many blanks.
pub(super) fn unindented(line: &str, column: usize) -> &str {
    let gap = line.len() - line.trim_start().len();
    line.get(gap.min(column)..).unwrap_or("").trim_end()
}

/// Key and value of a line.
fn split(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let at =
        memchr::memchr_iter(b':', bytes).find(|at| matches!(bytes.get(at + 1), None | Some(b' ' | b'\t')));
    match at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((key, value)) => (key, value.trim()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_makes_the_outline() {
        let outline = Outline::of(
            "Labels:  a=b\n         c=d\nContainers:\n  web:\n    Image:  x:1\n    Ready:  True\n",
        );
        let root = outline.root();
        assert_eq!(root.children().map(|node| node.key()).collect::<Vec<_>>(), ["Labels", "Containers"]);
        assert_eq!(root.find("Labels").unwrap().items().collect::<Vec<_>>(), ["a=b", "c=d"]);
        let web = root.find("Containers").unwrap().find("web").unwrap();
        assert_eq!(web.get("Image"), Some("x:1"));
    }

    #[test]
    fn last_words_of_a_container_do_not_break_the_outline() {
        let text = "Containers:\n  web:\n    Last State:  Terminated\n      Message:   panic\n\nmain()\n  at: x\n      \
                    Exit Code: 2\n    Ready:       False\n";
        let outline = Outline::of(text);
        let web = outline.root().find("Containers").unwrap().find("web").unwrap();
        assert_eq!(web.get("Ready"), Some("False"));
        let last = web.find("Last State").unwrap();
        assert_eq!(last.get("Exit Code"), Some("2"));
        assert_eq!(last.find("Message").unwrap().whole_value(), "panic\nmain()\nat: x");
    }
}
