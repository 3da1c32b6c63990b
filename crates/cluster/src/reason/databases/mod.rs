//! Reasons about databases that refuse their clients.
//!
//! Which workload is a database follows from relations alone: a client's settings (environment, config maps, secrets)
//! name a host, that is a service, and its selector leads to the workload. Whether one of many clients is refused or
//! all of them tells whose setting is wrong.

mod clients;
mod complaints;
mod verdict;

#[cfg(test)]
mod tests;

use super::symptoms::Logs;
use super::workload::workloads;
use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let logs = Logs::of(picture);
    let links = clients::links(picture, &workloads);
    let complaints = complaints::complaints(&workloads, &logs);
    let mut faults = verdict::wrong_ports(picture, &workloads, &links, &logs);
    faults.extend(verdict::refusals(picture, &workloads, &links, &complaints));
    faults
}
