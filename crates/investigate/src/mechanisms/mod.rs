//! How things break, as data: `crates/investigate/mechanisms/*.toml`, extended by the user's own files.

mod builtin;
mod check;
mod schema;
mod set;

pub use crate::concepts::ADDED as ADDED_CONCEPTS;
pub use schema::{ChangePart, Mechanism, Origin, Place, Prediction, Remedy, TestName};
pub use set::{MechanismError, MechanismSet};
