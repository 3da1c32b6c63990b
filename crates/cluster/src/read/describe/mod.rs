//! Descriptions of `kubectl describe`: an outline by indentation, and for every kind the way back to the API's shape.
//!
//! The texts are those of `kubectl`'s own describers (`k8s.io/kubectl/pkg/describe`), versions 1.20 to 1.34.

mod autoscalers;
mod certificates;
mod containers;
mod data;
mod events;
mod meta;
mod nodes;
mod outline;
mod pods;
mod policies;
mod sections;
mod services;
mod storage;
#[cfg(test)]
mod tests;
mod volumes;
mod workloads;

pub(super) use autoscalers::{from_first_version, metrics_of_cell, put_metrics, target};
pub(super) use sections::{is_description, named, read};
