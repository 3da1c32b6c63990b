//! Just enough of Rust's syntax to count braces: comments, strings and characters are blanked, lines stay where they
//! are. It is no parser; what it gets wrong, the compiler does not accept either.

/// `text` with the content of comments, strings and character literals replaced by blanks.
pub(crate) fn blanked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => comment_end(bytes, at),
            b'"' => string_end(bytes, at),
            b'r' if !inside_word(bytes, at) => raw_string_end(bytes, at).unwrap_or(at),
            b'\'' => character_end(bytes, at).unwrap_or(at),
            _ => at,
        };
        if end <= at {
            out.push(bytes[at]);
            at += 1;
            continue;
        }
        out.extend(bytes[at..end].iter().map(|&byte| if byte == b'\n' { b'\n' } else { b' ' }));
        at = end;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `text` blanked, and without its `#[cfg(test)]` modules.
pub(crate) fn without_tests(text: &str) -> String {
    let mut text = blanked(text);
    let mut from = 0;
    while let Some(start) = text[from..].find("#[cfg(test)]").map(|found| found + from) {
        let Some(open) = text[start..].find(['{', ';']).map(|found| found + start) else { break };
        let end = if text.as_bytes()[open] == b'{' { closing(&text, open) } else { open };
        let blank: String = text[start..=end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        let length = blank.len();
        text.replace_range(start..=end, &blank);
        from = start + length;
    }
    text
}

/// Where the brace at `open` closes in blanked text; the last byte when it does not.
pub(crate) fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in text.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return open + offset;
                }
            }
            _ => {}
        }
    }
    text.len().saturating_sub(1)
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |found| at + found)
}

fn comment_end(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut here = at;
    while here + 1 < bytes.len() {
        match &bytes[here..here + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                here += 1;
                continue;
            }
        }
        here += 2;
        if depth == 0 {
            return here;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut here = at + 1;
    while here < bytes.len() {
        match bytes[here] {
            b'\\' => here += 2,
            b'"' => return here + 1,
            _ => here += 1,
        }
    }
    bytes.len()
}

fn inside_word(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    // `br"…"` begins with the `b`.
    before.is_some_and(|&byte| byte != b'b' && (byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at + 1..].iter().take_while(|&&byte| byte == b'#').count();
    if bytes.get(at + 1 + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = at + 2 + hashes;
    let found = bytes[body..].windows(close.len()).position(|window| window == close);
    Some(found.map_or(bytes.len(), |found| body + found + close.len()))
}

/// The end of a character literal; `None` for a lifetime.
fn character_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at + 1) == Some(&b'\\') {
        let close = bytes.get(at + 3..)?.iter().position(|&byte| byte == b'\'')?;
        return Some(at + 3 + close + 1);
    }
    // A character is at most four bytes long.
    let close = bytes.get(at + 2..)?.iter().take(4).position(|&byte| byte == b'\'')?;
    let content = &bytes[at + 1..at + 2 + close];
    (std::str::from_utf8(content).is_ok_and(|text| text.chars().count() == 1)).then_some(at + 2 + close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let text = "let a = \"{ // }\"; // {\nlet b = '{'; let c = r#\"}\"#; /* { /* } */ */ fn f<'a>(x: &'a u8) {}\n\
                    let d = '\\''; let e = b\"{\\\"\"; let f = '\u{e9}';";
        let left = blanked(text);
        assert_eq!(left.matches(['{', '}']).count(), 2, "{left}");
        assert_eq!(left.lines().count(), text.lines().count());
        assert!(left.contains("fn f<'a>(x: &'a u8) {}"));
    }

    #[test]
    fn test_modules_are_left_out() {
        let left =
            without_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { if true {} }\n}\nfn c() {}\n");
        assert!(left.contains("fn a()") && left.contains("fn c()") && !left.contains("fn b()"));
        assert_eq!(left.lines().count(), 6);
        assert!(without_tests("#[cfg(test)]\nmod tests;\nfn c() {}").contains("fn c()"));
    }
}
