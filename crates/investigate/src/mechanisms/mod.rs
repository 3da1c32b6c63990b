//! How things break, as data.

mod set;

pub use set::{Mechanism, MechanismError, MechanismSet};
