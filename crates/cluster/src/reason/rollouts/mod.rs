//! Reasons about replicas, rollouts, jobs and autoscalers.

mod budgets;
mod jobs;
mod load;
mod progress;
mod scaling;
mod zero;

#[cfg(test)]
mod tests;

pub(crate) use scaling::can_see;

use super::workload::workloads;
use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let mut faults = zero::faults(picture, context, &workloads);
    faults.extend(workloads.iter().filter_map(|workload| progress::faults(picture, workload)));
    faults.extend(jobs::faults(picture));
    faults.extend(scaling::faults(picture, &workloads));
    faults.extend(budgets::budgets(picture));
    faults
}
