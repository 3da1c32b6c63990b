//! Tokens of program text in any language: words, numbers, strings and operators, comments taken off.
//!
//! A heuristic lexer without grammars. It never fails; what it does not know is an operator.

use super::path_class::Syntax;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Identifier or keyword.
    Word,
    /// Number, with its unit if it is glued on (`300ms`, `64MiB`, `50_000`).
    Number,
    /// Content of a string literal, without quotes.
    Text,
    /// Operator or bracket.
    Operator,
}

/// A token as a range of its statement's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    start: u32,
    end: u32,
}

impl Token {
    /// The token's text inside the text it was lexed from.
    pub(super) fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Byte offset of its first character (of its content, for a string).
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }
}

/// What one lexed text holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<Token>,
    /// Round and square brackets opened minus closed.
    pub(super) depth: i32,
    /// A multi-line string was opened and not closed: its quote.
    pub(super) open_quote: Option<&'static str>,
    /// A block comment was opened and not closed.
    pub(super) open_comment: bool,
}

/// Tokens kept of one text at most.
const TOKENS_MAX: usize = 1_200;

/// Tokens of `text`. `in_comment` says that a block comment is open at its start.
pub(super) fn lex(text: &str, syntax: Syntax, in_comment: bool) -> Lexed {
    let bytes = text.as_bytes();
    let mut out = Lexed::default();
    let mut at = 0;
    if in_comment {
        match comment_end(text, syntax, 0) {
            Some(end) => at = end,
            None => return Lexed { open_comment: true, ..out },
        }
    }
    while at < bytes.len() && out.tokens.len() < TOKENS_MAX {
        let byte = bytes[at];
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if let Some(opener) = block_comment_at(bytes, at, syntax) {
            match comment_end(text, syntax, at + opener) {
                Some(end) => {
                    at = end;
                    continue;
                }
                None => {
                    out.open_comment = true;
                    break;
                }
            }
        }
        if line_comment_at(bytes, at, syntax) {
            at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |skip| at + skip);
            continue;
        }
        at = match byte {
            b'"' | b'\'' | b'`' => lex_string(text, at, syntax, &mut out),
            b'0'..=b'9' => lex_number(bytes, at, &mut out),
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) && !after_word(bytes, at) => {
                lex_number(bytes, at, &mut out)
            }
            _ if is_word_start(byte) => lex_word(bytes, at, &mut out),
            _ => lex_operator(bytes, at, &mut out),
        };
    }
    out
}

fn push(out: &mut Lexed, kind: TokenKind, start: usize, end: usize) {
    out.tokens.push(Token { kind, start: start as u32, end: end as u32 });
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || byte == b'@' || byte >= 0x80
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn after_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (is_word(bytes[at - 1]) || bytes[at - 1] == b')' || bytes[at - 1] == b']')
}

/// Length of the opener when a block comment starts here.
fn block_comment_at(bytes: &[u8], at: usize, syntax: Syntax) -> Option<usize> {
    let rest = &bytes[at..];
    match syntax {
        Syntax::Slash | Syntax::SlashHash | Syntax::Sql | Syntax::Unknown if rest.starts_with(b"/*") => {
            Some(2)
        }
        Syntax::Markup if rest.starts_with(b"<!--") => Some(4),
        Syntax::Python
            if (rest.starts_with(b"\"\"\"") || rest.starts_with(b"'''")) && at_line_start(bytes, at) =>
        {
            Some(3)
        }
        _ => None,
    }
}

fn comment_end(text: &str, syntax: Syntax, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    match syntax {
        Syntax::Markup => rest.find("-->").map(|end| from + end + 3),
        Syntax::Python => {
            let double = rest.find("\"\"\"");
            let single = rest.find("'''");
            match (double, single) {
                (Some(a), Some(b)) => Some(from + a.min(b) + 3),
                (a, b) => a.or(b).map(|end| from + end + 3),
            }
        }
        _ => rest.find("*/").map(|end| from + end + 2),
    }
}

fn at_line_start(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|byte| **byte != b'\n').all(u8::is_ascii_whitespace)
}

fn line_comment_at(bytes: &[u8], at: usize, syntax: Syntax) -> bool {
    let rest = &bytes[at..];
    // The middle of a block comment whose start the hunk does not show.
    let star = rest.first() == Some(&b'*')
        && (rest.len() == 1 || rest[1] == b' ' || rest[1] == b'/' || rest[1] == b'\n')
        && at_line_start(bytes, at);
    let spaced = at == 0 || bytes[at - 1].is_ascii_whitespace();
    match syntax {
        Syntax::Slash => rest.starts_with(b"//") || star,
        Syntax::SlashHash => {
            rest.starts_with(b"//") || (rest[0] == b'#' && rest.get(1) != Some(&b'[')) || star
        }
        Syntax::Python | Syntax::Hash | Syntax::Yaml => {
            rest[0] == b'#' && (spaced || syntax == Syntax::Python)
                || (rest[0] == b';' && syntax == Syntax::Hash && at_line_start(bytes, at))
        }
        Syntax::Sql => rest.starts_with(b"--") || star,
        Syntax::Unknown => {
            (rest.starts_with(b"//") || rest[0] == b'#') && (spaced || at_line_start(bytes, at))
        }
        Syntax::Markup | Syntax::Json => false,
    }
}

fn lex_string(text: &str, at: usize, syntax: Syntax, out: &mut Lexed) -> usize {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    for quote in ["\"\"\"", "'''"] {
        if rest.starts_with(quote.as_bytes()) && syntax != Syntax::Hash {
            return lex_raw(text, at, quote, out);
        }
    }
    if rest[0] == b'`' {
        return lex_raw(text, at, "`", out);
    }
    let quote = rest[0];
    // An apostrophe in prose, or a lifetime, opens nothing.
    if quote == b'\''
        && (syntax == Syntax::Markup || (at > 0 && is_word(bytes[at - 1]) && bytes[at - 1] > b'9'))
    {
        let prefix = bytes[at - usize::from(at > 0)];
        if syntax == Syntax::Markup || !matches!(prefix, b'r' | b'b' | b'f' | b'u' | b'L') {
            return at + 1;
        }
    }
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote && bytes[end] != b'\n' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let mut end = end.min(bytes.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    if bytes.get(end) != Some(&quote) {
        // Unclosed: a quote standing alone.
        push(out, TokenKind::Operator, at, at + 1);
        return at + 1;
    }
    push(out, TokenKind::Text, at + 1, end);
    end + 1
}

/// A string that may span lines. When it does not close, it is told only if it plausibly opens one here.
fn lex_raw(text: &str, at: usize, quote: &'static str, out: &mut Lexed) -> usize {
    let from = at + quote.len();
    if let Some(length) = text.get(from..).and_then(|rest| rest.find(quote)) {
        push(out, TokenKind::Text, from, from + length);
        return from + length + quote.len();
    }
    let before = text.get(..at).unwrap_or("").trim_end();
    let opens = before.ends_with(['=', '(', ',', ':', '+', '[', '{'])
        || before.ends_with("return")
        || (quote.len() == 3 && before.ends_with(['f', 'r', 'b', 'u']));
    let after = text.get(from..).unwrap_or("").trim_start();
    let continues = after.is_empty()
        || after.starts_with(|c: char| c.is_alphanumeric() || c == '{' || c == '<' || c == '%');
    if opens && continues {
        out.open_quote = Some(quote);
    }
    push(out, TokenKind::Operator, at, from);
    from
}

fn lex_number(bytes: &[u8], at: usize, out: &mut Lexed) -> usize {
    let mut end = at;
    while end < bytes.len() {
        let byte = bytes[end];
        let dot = byte == b'.' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        let exponent = matches!(byte, b'+' | b'-')
            && matches!(bytes[end - usize::from(end > at)], b'e' | b'E')
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
            && !bytes[at..end].starts_with(b"0x");
        if byte.is_ascii_alphanumeric() || byte == b'_' || dot || exponent {
            end += 1;
        } else {
            break;
        }
    }
    if bytes.get(end) == Some(&b'%') {
        end += 1;
    }
    push(out, TokenKind::Number, at, end.max(at + 1));
    end.max(at + 1)
}

fn lex_word(bytes: &[u8], at: usize, out: &mut Lexed) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && is_word(bytes[end]) {
        end += 1;
    }
    // Ruby's `empty?` and `save!`, Rust's `info!`; never `!=`.
    if matches!(bytes.get(end), Some(b'?' | b'!'))
        && matches!(bytes.get(end + 1), Some(b'(' | b' ' | b')' | b'\n') | None)
        && bytes.get(end + 2) != Some(&b'=')
    {
        end += 1;
    }
    push(out, TokenKind::Word, at, end);
    end
}

fn lex_operator(bytes: &[u8], at: usize, out: &mut Lexed) -> usize {
    const LONG: [&[u8]; 28] = [
        b"===", b"!==", b"<=>", b"...", b"<<=", b">>=", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"->",
        b"=>", b"::", b":=", b"<-", b"++", b"--", b"+=", b"-=", b"*=", b"/=", b"??", b"?.", b"<<", b">>",
        b"..",
    ];
    let rest = &bytes[at..];
    let length = LONG.iter().find(|long| rest.starts_with(long)).map_or(1, |long| long.len());
    match rest[0] {
        b'(' | b'[' => out.depth += 1,
        b')' | b']' => out.depth -= 1,
        _ => {}
    }
    push(out, TokenKind::Operator, at, at + length);
    at + length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, syntax: Syntax) -> Vec<String> {
        lex(text, syntax, false).tokens.iter().map(|token| token.of(text).to_owned()).collect()
    }

    #[test]
    fn comments_are_taken_off_by_file_kind() {
        assert_eq!(words("a := 1 // why", Syntax::Slash), ["a", ":=", "1"]);
        assert_eq!(words("a = 1 # why", Syntax::Python), ["a", "=", "1"]);
        assert_eq!(words("url: http://x # why", Syntax::Yaml), ["url", ":", "http", ":", "/", "/", "x"]);
        assert_eq!(words("SELECT 1 -- why", Syntax::Sql), ["SELECT", "1"]);
        assert_eq!(words(" * doc line", Syntax::Slash), Vec::<String>::new());
        assert_eq!(words("*p = 3", Syntax::Slash), ["*", "p", "=", "3"]);
        assert!(lex("x /* open", Syntax::Slash, false).open_comment);
    }

    #[test]
    fn numbers_keep_glued_units() {
        assert_eq!(words("5*time.Second", Syntax::Slash), ["5", "*", "time", ".", "Second"]);
        assert_eq!(
            words("t=300ms x=1e-3 y=50_000 z=99.5%", Syntax::Slash),
            ["t", "=", "300ms", "x", "=", "1e-3", "y", "=", "50_000", "z", "=", "99.5%"]
        );
    }

    #[test]
    fn strings_lose_their_quotes_and_prose_apostrophes_open_nothing() {
        assert_eq!(words("f(\"a\\\"b\", 'c')", Syntax::Slash), ["f", "(", "a\\\"b", ",", "c", ")"]);
        assert_eq!(lex("q := `SELECT", Syntax::Slash, false).open_quote, Some("`"));
        assert_eq!(lex("`, id)", Syntax::Slash, false).open_quote, None);
    }
}
