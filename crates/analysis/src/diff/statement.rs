//! The two sides of a hunk as statements: lines joined while a bracket or a multi-line string is open.

use std::cell::OnceCell;

use super::facts::Call;
use super::lex::{Token, TokenKind, lex};
use super::parse::{Hunk, LINE_BYTES_MAX, Mark};
use super::path_class::Syntax;

/// Lines joined into one statement at most.
const JOINED_LINES_MAX: usize = 60;
/// Bytes joined into one statement at most.
const JOINED_BYTES_MAX: usize = 8_000;
/// Statements on the path from the outermost line to a statement at most.
const DEPTH_MAX: usize = 24;

/// A statement of one side.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    /// Joined lines, comments still in.
    pub(super) text: String,
    pub(super) tokens: Vec<Token>,
    /// What equal statements have in common, whatever their layout.
    pub(super) key: String,
    /// Whether a line of it was added or removed.
    pub(super) changed: bool,
    pub(super) indent: usize,
    /// Index of the statement around it, on the same side of the same hunk.
    pub(super) parent: Option<usize>,
    /// Inside a loop that the hunk shows.
    pub(super) in_loop: bool,
    /// Number of the change block: context between two changes begins a new one.
    pub(super) block: usize,
    pub(super) file: usize,
    pub(super) hunk: usize,
    pub(super) line: u32,
    pub(super) syntax: Option<Syntax>,
    /// Its calls and the parts of its words, taken when first asked for.
    pub(super) calls: OnceCell<Vec<Call>>,
    parts: OnceCell<Vec<String>>,
}

impl Statement {
    /// Text of the token `at`; empty beyond the end.
    pub(super) fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.of(&self.text))
    }

    /// Whether the token `at` is of that kind.
    pub(super) fn is(&self, at: usize, kind: TokenKind) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == kind)
    }

    /// Words of the statement in order.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter(|token| token.kind == TokenKind::Word).map(|token| token.of(&self.text))
    }

    /// Lower-case parts of all its words, in order.
    pub(super) fn parts(&self) -> &[String] {
        self.parts.get_or_init(|| self.words().flat_map(super::vocabulary::split_words).collect())
    }

    /// Contents of its string literals in order.
    pub(super) fn strings(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter(|token| token.kind == TokenKind::Text).map(|token| token.of(&self.text))
    }

    /// Whether a word stands in it exactly.
    pub(super) fn has(&self, word: &str) -> bool {
        self.tokens.iter().any(|token| token.kind != TokenKind::Text && token.of(&self.text) == word)
    }

    /// Its first token that is no closing brace.
    pub(super) fn first(&self) -> &str {
        (0..self.tokens.len()).map(|at| self.token(at)).find(|text| *text != "}").unwrap_or("")
    }

    /// One line for people, cut at 160 bytes.
    pub(super) fn shown(&self) -> String {
        let joined = self.text.split_whitespace().collect::<Vec<&str>>().join(" ");
        if joined.len() <= 160 { joined } else { format!("{}…", super::parse::cut(&joined, 157)) }
    }

    /// A statement that stands alone.
    pub(super) fn of_text(text: &str, syntax: Syntax) -> Statement {
        let mut statement =
            Statement { text: text.to_owned(), changed: true, syntax: Some(syntax), ..Statement::default() };
        statement.tokens = lex(&statement.text, syntax, false).tokens;
        statement.key = key_of(&statement);
        statement
    }
}

/// Tokens joined, without separators whose presence is a matter of layout.
fn key_of(statement: &Statement) -> String {
    let mut key = String::with_capacity(statement.text.len());
    let count = statement.tokens.len();
    for at in 0..count {
        let text = statement.token(at);
        let operator = statement.is(at, TokenKind::Operator);
        let next = statement.token(at + 1);
        if operator && (text == ";" || (text == "," && (at + 1 == count || matches!(next, ")" | "]" | "}"))))
        {
            continue;
        }
        if statement.is(at, TokenKind::Text) {
            key.push('"');
        }
        key.push_str(text);
        key.push('\u{1}');
    }
    key
}

/// The statements of one side of a file, all hunks in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Side {
    pub(super) statements: Vec<Statement>,
}

/// Both sides of a hunk are built line by line.
struct Builder<'s> {
    side: &'s mut Side,
    syntax: Syntax,
    joins: bool,
    pending: String,
    pending_lines: usize,
    pending_changed: bool,
    pending_line: u32,
    depth: i32,
    quote: Option<&'static str>,
    in_comment: bool,
    stack: Vec<(usize, usize, bool)>,
    file: usize,
    hunk: usize,
}

impl Builder<'_> {
    fn is_open(&self) -> bool {
        self.pending_lines > 0
    }

    fn line(&mut self, text: &str, changed: bool, line: u32, block: usize) {
        if self.is_open() {
            self.pending.push('\n');
            self.pending.push_str(text);
            self.pending_lines += 1;
            self.pending_changed |= changed;
            if let Some(quote) = self.quote {
                if text.contains(quote) {
                    self.quote = None;
                    let tail = text.rsplit(quote).next().unwrap_or("");
                    self.depth += lex(tail, self.syntax, false).depth;
                }
            } else {
                let lexed = lex(text, self.syntax, false);
                self.depth += lexed.depth;
                self.quote = lexed.open_quote;
            }
        } else {
            let lexed = lex(text, self.syntax, self.in_comment);
            if lexed.tokens.is_empty() {
                self.in_comment = lexed.open_comment;
                return;
            }
            // Program text behind a comment that ends here is kept from its first token on.
            let start = if self.in_comment { lexed.tokens.first().map_or(0, Token::start) } else { 0 };
            self.in_comment = lexed.open_comment;
            self.pending = text.get(start..).unwrap_or("").to_owned();
            self.pending_lines = 1;
            self.pending_changed = changed;
            self.pending_line = line;
            self.depth = if self.joins { lexed.depth } else { 0 };
            self.quote = lexed.open_quote;
        }
        let full = self.pending_lines >= JOINED_LINES_MAX || self.pending.len() >= JOINED_BYTES_MAX;
        if (self.depth <= 0 && self.quote.is_none()) || full {
            self.flush(block);
        }
    }

    fn flush(&mut self, block: usize) {
        if !self.is_open() {
            return;
        }
        let text = std::mem::take(&mut self.pending);
        self.pending_lines = 0;
        self.quote = None;
        self.depth = 0;
        let mut statement =
            Statement::of_text(super::parse::cut(&text, JOINED_BYTES_MAX + LINE_BYTES_MAX), self.syntax);
        if statement.tokens.is_empty() {
            return;
        }
        let listed = usize::from(self.syntax == Syntax::Yaml && statement.token(0) == "-") * 2;
        let indent = text
            .bytes()
            .take_while(u8::is_ascii_whitespace)
            .map(|byte| if byte == b'\t' { 4 } else { 1 })
            .sum::<usize>();
        let closes = matches!(statement.token(0), "}" | ")" | "]" | "end");
        // A closing brace is a sibling of what it closes; `} else {` likewise.
        while self.stack.last().is_some_and(|(at, ..)| *at >= indent) {
            self.stack.pop();
        }
        let top = self.stack.last().copied();
        statement.indent = indent;
        statement.changed = self.pending_changed;
        statement.parent = top.map(|(_, index, _)| index);
        statement.in_loop = top.is_some_and(|(.., in_loop)| in_loop);
        statement.block = block;
        statement.file = self.file;
        statement.hunk = self.hunk;
        statement.line = self.pending_line;
        if !closes && self.stack.len() < DEPTH_MAX {
            let loops = statement.in_loop || super::facts::is_loop_head(&statement);
            self.stack.push((indent, self.side.statements.len(), loops));
            if listed > 0 {
                self.stack.push((indent + listed - 1, self.side.statements.len(), loops));
            }
        }
        self.side.statements.push(statement);
    }
}

/// The old and the new side of a file.
pub(super) fn sides(hunks: &[Hunk<'_>], file: usize, syntax: Syntax) -> (Side, Side) {
    let (mut old, mut new) = (Side::default(), Side::default());
    let mut block = 0;
    for (hunk_index, hunk) in hunks.iter().enumerate() {
        block += 1;
        let joins = !matches!(syntax, Syntax::Yaml | Syntax::Markup);
        fn builder(side: &mut Side, syntax: Syntax, joins: bool, file: usize, hunk: usize) -> Builder<'_> {
            Builder {
                side,
                syntax,
                joins,
                file,
                hunk,
                pending: String::new(),
                pending_lines: 0,
                pending_changed: false,
                pending_line: 0,
                depth: 0,
                quote: None,
                in_comment: false,
                stack: Vec::new(),
            }
        }
        let mut before = builder(&mut old, syntax, joins, file, hunk_index);
        let mut after = builder(&mut new, syntax, joins, file, hunk_index);
        let mut last = Mark::Context;
        for line in &hunk.lines {
            if line.mark == Mark::Context && last != Mark::Context && !line.text.trim().is_empty() {
                block += 1;
            }
            last = line.mark;
            match line.mark {
                Mark::Removed => {
                    after.pending_changed |= after.is_open();
                    before.line(line.text, true, line.old_line, block);
                }
                Mark::Added => {
                    before.pending_changed |= before.is_open();
                    after.line(line.text, true, line.new_line, block);
                }
                Mark::Context => {
                    before.line(line.text, false, line.old_line, block);
                    after.line(line.text, false, line.new_line, block);
                }
            }
        }
        before.flush(block);
        after.flush(block);
    }
    (old, new)
}
