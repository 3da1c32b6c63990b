//! Cases of what diffs do, in several languages, and what must hold for any diff.

mod behaviours;
mod innocent;
mod properties;
mod ties;

use midwatch_model::FileDiff;

use super::{DiffReading, read_diff};

/// The reading of one fragment.
fn reading(path: &str, text: &str) -> DiffReading {
    read_diff(&[FileDiff { path: path.to_owned(), text: text.to_owned() }])
}
