//! Nothing is left for later.

use super::Problem;
use super::walk::TextFile;

/// Marks of unfinished work, in two halves so that this file does not hold them.
const MARKS: &[(&str, &str)] =
    &[("to", "do!("), ("unimple", "mented!("), ("TO", "DO"), ("FIX", "ME"), ("XX", "X:")];

/// Lines with a mark of unfinished work.
pub(crate) fn check(files: &[TextFile]) -> Vec<Problem> {
    let marks: Vec<String> = MARKS.iter().map(|(start, end)| format!("{start}{end}")).collect();
    let mut problems = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(*mark)) {
                let message = format!("{mark} is left: finish it, or write the limit down in docs/gaps.md");
                problems.push(Problem::new(&file.path, index + 1, message));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found() {
        let text = format!("fn a() {{\n    {}{})\n}}", "to", "do!(");
        let found = check(&[TextFile { path: "a.rs".into(), text }]);
        assert_eq!(found.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2]);
    }
}
