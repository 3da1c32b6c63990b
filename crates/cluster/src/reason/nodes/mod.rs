//! Reasons about machines and about the cluster's own components.

mod components;
mod inventory;
mod machines;
mod network;
mod scheduler;
#[cfg(test)]
mod tests;

pub(crate) use inventory::faults;
