//! Descriptions of `kubectl describe`.

use super::command::Kubectl;
use super::document::Source;
use super::reading::Reading;

/// Reads the descriptions of one or several objects.
pub(crate) fn read(_source: Source<'_>, _asked: &Kubectl, _reading: &mut Reading) {}
