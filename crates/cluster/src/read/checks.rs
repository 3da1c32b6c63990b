//! Checks of machines and ports.

use super::document::Source;
use super::reading::Reading;

/// Reads what `systemctl status` printed.
pub(crate) fn read_service(_source: Source<'_>, _node: &str, _service: &str, _reading: &mut Reading) {}

/// Reads what `nc` printed.
pub(crate) fn read_connection(
    _source: Source<'_>,
    _from: Option<String>,
    _host: &str,
    _port: u16,
    _reading: &mut Reading,
) {
}
