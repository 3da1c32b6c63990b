//! Reasons about the walk from a client to the pod that answers.

use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// All faults of this subject.
pub(crate) fn faults(_picture: &Picture, _context: &Context) -> Vec<Fault> {
    Vec::new()
}
