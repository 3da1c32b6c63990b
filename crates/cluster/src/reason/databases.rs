//! Reasons about databases that refuse their clients.

use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// All faults of this subject.
pub(crate) fn faults(_picture: &Picture, _context: &Context) -> Vec<Fault> {
    Vec::new()
}
