//! Tables of `kubectl get` and `kubectl top`.

use super::command::Kubectl;
use super::document::Source;
use super::reading::Reading;

/// Whether a line is the header of a table.
pub(crate) fn is_header(line: &str) -> bool {
    line.starts_with("NAME") || line.starts_with("LAST SEEN")
}

/// Reads the tables of `kubectl get`.
pub(crate) fn read(_source: Source<'_>, _asked: &Kubectl, _reading: &mut Reading) {}

/// Reads the table of `kubectl top`.
pub(crate) fn read_top(_source: Source<'_>, _asked: &Kubectl, _reading: &mut Reading) {}
