//! Reasons about secrets, config maps, volumes and commands that keep containers from starting.

mod command;
mod config;
mod init;
mod permission;
mod sandbox;
#[cfg(test)]
mod tests;
mod volumes;

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
        let before = faults.len();
        faults.extend(config::faults(picture, workload));
        faults.extend(volumes::faults(picture, workload));
        faults.extend(sandbox::faults(picture, workload));
        faults.extend(command::faults(picture, workload, &logs));
        faults.extend(permission::faults(picture, workload, &logs));
        if faults.len() == before {
            faults.extend(init::faults(picture, workload, &logs));
        }
        if faults.len() == before {
            faults.extend(config::unexplained(picture, workload));
        }
    }
    faults
}
