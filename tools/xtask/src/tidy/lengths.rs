//! Past 800 lines it is two files, past 150 two functions.

use super::Problem;
use super::rust_text::{blanked, closing};
use super::walk::TextFile;

/// Lines of a Rust file.
const FILE_LINES_MAX: usize = 800;

/// Lines of a function, from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 150;

/// Rust files and functions that are too long.
pub(crate) fn check(files: &[TextFile]) -> Vec<Problem> {
    files.iter().filter(|file| file.path.ends_with(".rs")).flat_map(check_file).collect()
}

fn check_file(file: &TextFile) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        problems.push(Problem::new(
            &file.path,
            0,
            format!("{lines} lines: past {FILE_LINES_MAX} it is two files"),
        ));
    }
    for (name, line, length) in functions(&file.text) {
        if length > FUNCTION_LINES_MAX {
            problems.push(Problem::new(
                &file.path,
                line,
                format!("{name} has {length} lines: past {FUNCTION_LINES_MAX} it is two functions"),
            ));
        }
    }
    problems
}

/// Name, first line and number of lines of every function with a body.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let text = blanked(text);
    let mut found = Vec::new();
    for (start, _) in text.match_indices("fn ") {
        let before = text[..start].bytes().next_back();
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let rest = &text[start + 3..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = body(&text, start) else { continue };
        if name.is_empty() {
            continue;
        }
        let line_of = |at: usize| text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1;
        let (first, last) = (line_of(start), line_of(closing(&text, open)));
        found.push((name, first, last - first + 1));
    }
    found
}

/// Where the body of the function at `start` opens; `None` when it has none.
fn body(text: &str, start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, byte) in text.as_bytes()[start..].iter().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'{' if depth == 0 => return Some(start + offset),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted() {
        let text =
            "trait T {\n    fn a(&self);\n    fn b(&self, x: [u8; 3]) {\n        // }\n    }\n}\nfn c() {}\n";
        assert_eq!(functions(text), [("b".to_owned(), 3, 3), ("c".to_owned(), 7, 1)]);
    }

    #[test]
    fn what_is_too_long_is_named() {
        let file = |lines: usize| TextFile {
            path: "a.rs".into(),
            text: format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines)),
        };
        assert!(check(&[file(148)]).is_empty());
        assert_eq!(check(&[file(149)])[0].line, 1);
        assert_eq!(check(&[file(800)]).len(), 2);
    }
}
