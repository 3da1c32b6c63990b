//! Causal graphs and ranking of origins.

mod causal;
mod flow;
mod load;
mod rank;
mod shared;
mod spread;
#[cfg(test)]
mod tests;

pub use causal::{Anomaly, EdgeAnomaly, Graph, LoadRise, NodeId, Symptom};
pub use rank::{Origin, RankOptions, RankedOrigin, Reason, rank_origins};
pub use spread::{SpreadStep, path_to, spread};
