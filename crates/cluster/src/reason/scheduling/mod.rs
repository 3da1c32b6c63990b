//! Reasons about pods that find no machine: the scheduler's filters, run again on the captured cluster, against what
//! the scheduler itself said.

mod affinity;
mod blame;
mod fault;
mod filters;
mod machines;
mod message;
mod requests;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use waiting::{faults, is_waiting, refusal_of};
