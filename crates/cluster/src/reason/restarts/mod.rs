//! Reasons about programs that end, are killed or are evicted.

mod ends;
mod evicted;
mod ports;
mod words;

#[cfg(test)]
mod tests;

use super::symptoms::Logs;
use super::workload::workloads;
use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let logs = Logs::of(picture);
    let mut faults = Vec::new();
    for workload in &workloads(picture) {
        match ports::faults(picture, workload, &logs) {
            Some(conflict) => faults.push(conflict),
            None => faults.extend(ends::faults(picture, workload, &logs)),
        }
        faults.extend(evicted::faults(picture, workload));
    }
    faults.extend(ends::node_out_of_memory(picture));
    faults
}
