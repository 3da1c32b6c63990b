//! Lines with hanging indents that never exceed the width, measured in terminal columns.

use crate::text::{self, NO_BREAK_SPACE, columns};
use crate::theme::{RESET, Role};

/// A piece of text in one role.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) role: Role,
}

/// Text in one role.
pub(crate) fn span(text: impl Into<String>, role: Role) -> Span {
    Span { text: text.into(), role }
}

/// Collects wrapped lines.
pub(crate) struct Pen {
    out: String,
    width: usize,
    colour: bool,
    unicode: bool,
}

/// The line being filled.
struct Line {
    spans: Vec<Span>,
    used: usize,
    /// Whether a word stands behind the prefix.
    has_words: bool,
}

impl Pen {
    /// A pen for lines of at most `width` columns (at least 40 are used).
    pub(crate) fn new(width: u16, colour: bool, unicode: bool) -> Pen {
        Pen { out: String::new(), width: usize::from(width.max(40)), colour, unicode }
    }

    /// Columns a line may take.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Whether characters beyond ASCII may be printed.
    pub(crate) fn unicode(&self) -> bool {
        self.unicode
    }

    /// Everything written.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Columns `text` takes once it is printed.
    pub(crate) fn columns(&self, text: &str) -> usize {
        if self.unicode { columns(text) } else { columns(&text::ascii(text)) }
    }

    /// `body` word by word behind `first`; further lines start with `rest`. Words are separated by one space; a word
    /// that does not fit is broken, an address that does not fit stands whole on its own line.
    pub(crate) fn paragraph(&mut self, first: Vec<Span>, rest: &[Span], body: &[Span]) {
        let mut line = self.start(first);
        for span in body {
            let shown = self.shown(&span.text);
            for word in shown.split(' ').filter(|word| !word.is_empty()) {
                self.word(&mut line, rest, word, span.role);
            }
        }
        self.end(line);
    }

    /// `row` with its spaces kept, broken at the width, every line behind `prefix` and further ones two columns in.
    pub(crate) fn verbatim(&mut self, prefix: &[Span], row: &str, role: Role) {
        let shown = self.shown(row);
        let mut left = shown.trim_end();
        loop {
            let mut line = self.start(prefix.to_vec());
            if left.len() < shown.trim_end().len() {
                line.spans.push(span("  ", role));
                line.used += 2;
            }
            let room = self.width.saturating_sub(line.used).max(1);
            let mut end = fitting(left, room);
            if end < left.len()
                && let Some(space) = left[..end].rfind(' ').filter(|space| *space > end / 2)
            {
                end = space + 1;
            }
            let (head, tail) = left.split_at(end);
            line.spans.push(span(head.trim_end(), role));
            self.end(line);
            left = tail;
            if left.is_empty() {
                return;
            }
        }
    }

    /// `text` behind `prefix`, never broken however long it is.
    pub(crate) fn unbroken(&mut self, prefix: &[Span], text: &str, role: Role) {
        let mut line = self.start(prefix.to_vec());
        line.spans.push(span(self.shown(text), role));
        self.end(line);
    }

    /// A line that is drawn already: its characters are printed as they are.
    pub(crate) fn bars(&mut self, spans: Vec<Span>) {
        self.end(Line { spans, used: 0, has_words: true });
    }

    fn shown(&self, text: &str) -> String {
        if self.unicode { text.to_owned() } else { text::ascii(text) }
    }

    fn start(&self, prefix: Vec<Span>) -> Line {
        let spans: Vec<Span> = prefix.into_iter().map(|one| span(self.shown(&one.text), one.role)).collect();
        let used = spans.iter().map(|one| columns(&one.text)).sum();
        Line { spans, used, has_words: false }
    }

    fn word(&mut self, line: &mut Line, rest: &[Span], word: &str, role: Role) {
        let gap = usize::from(line.has_words);
        let size = columns(word);
        if line.used + gap + size <= self.width {
            return line.push(word, size, role);
        }
        let restarted = self.start(rest.to_vec());
        let room = self.width.saturating_sub(restarted.used).max(1);
        let blank_so_far = !line.has_words && line.spans.iter().all(|one| one.text.trim().is_empty());
        if line.has_words || (size <= room && !blank_so_far) {
            let full = std::mem::replace(line, restarted);
            self.end(full);
        }
        if size <= room {
            return line.push(word, size, role);
        }
        if is_address(word) {
            if !blank_so_far && !line.has_words && line.spans.iter().any(|one| !one.text.trim().is_empty()) {
                let full = std::mem::replace(line, self.start(rest.to_vec()));
                self.end(full);
            }
            // Full for good: the next word starts a new line.
            return line.push(word, size, role);
        }
        let mut left = word;
        while !left.is_empty() {
            let room = self.width.saturating_sub(line.used + usize::from(line.has_words)).max(1);
            let (head, tail) = left.split_at(fitting(left, room));
            line.push(head, columns(head), role);
            left = tail;
            if !left.is_empty() {
                let full = std::mem::replace(line, self.start(rest.to_vec()));
                self.end(full);
            }
        }
    }

    fn end(&mut self, line: Line) {
        let mut spans = line.spans;
        // No space before the line's end.
        while let Some(last) = spans.last_mut() {
            let trimmed = last.text.trim_end_matches([' ', NO_BREAK_SPACE]).len();
            last.text.truncate(trimmed);
            if !last.text.is_empty() {
                break;
            }
            spans.pop();
        }
        for one in spans {
            let text = one.text.replace(NO_BREAK_SPACE, " ");
            match one.role.code().filter(|_| self.colour && !text.trim().is_empty()) {
                Some(code) => {
                    self.out.push_str(code);
                    self.out.push_str(&text);
                    self.out.push_str(RESET);
                }
                None => self.out.push_str(&text),
            }
        }
        self.out.push('\n');
    }
}

impl Line {
    fn push(&mut self, word: &str, size: usize, role: Role) {
        let gap = if self.has_words { " " } else { "" };
        match self.spans.last_mut().filter(|last| self.has_words && last.role == role) {
            Some(last) => {
                last.text.push_str(gap);
                last.text.push_str(word);
            }
            None => {
                if !gap.is_empty() {
                    self.spans.push(span(gap, Role::Plain));
                }
                self.spans.push(span(word, role));
            }
        }
        self.used += gap.len() + size;
        self.has_words = true;
    }
}

/// Whether a word is an address as a whole: `scheme://…`, perhaps in brackets or quotes.
pub(crate) fn is_address(word: &str) -> bool {
    let opened = word.trim_start_matches(['(', '<', '[', '"', '\'']);
    opened.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|ch| ch.is_ascii_alphanumeric() || "+-.".contains(ch))
    })
}

/// Length in bytes of the longest start of `text` that takes at most `room` columns; at least one character.
fn fitting(text: &str, room: usize) -> usize {
    let mut end = 0;
    for (index, ch) in text.char_indices() {
        let next = index + ch.len_utf8();
        if end > 0 && columns(&text[..next]) > room {
            break;
        }
        end = next;
    }
    end
}
