//! The rules of this repository that a program can check. Each is one file with its own test on made-up input; the
//! whole is run on the repository by the test below.

mod layers;
mod leftovers;
mod lengths;
mod rows;
mod rust_text;
mod vendors;
mod walk;

use std::fmt;
use std::path::Path;

use anyhow::Result;

/// Something to put right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// File, relative to the repository.
    pub(crate) file: String,
    /// Line, from 1; 0 for the whole file.
    pub(crate) line: usize,
    /// What is wrong and what would be right.
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(file: impl Into<String>, line: usize, message: impl Into<String>) -> Problem {
        Problem { file: file.into(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// Everything to put right in the repository at `root`, sorted.
///
/// # Errors
/// When a file or the package list cannot be read.
pub(crate) fn problems(root: &Path) -> Result<Vec<Problem>> {
    let files = walk::files(root)?;
    let mut problems = layers::check(root)?;
    problems.extend(layers::check_pure(&files));
    problems.extend(vendors::check(root, &files)?);
    problems.extend(lengths::check(&files));
    problems.extend(leftovers::check(&files));
    problems.extend(rows::check(root)?);
    problems.sort();
    problems.dedup();
    Ok(problems)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let problems = super::problems(&crate::root()).unwrap();
        let listed: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(problems.is_empty(), "\n{}", listed.join("\n"));
    }
}
