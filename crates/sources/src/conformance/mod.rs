//! The kit every connector passes, whatever its transport.
//!
//! A connector's `tests.rs` builds its source over a fixture and calls [`run`]; a [`Case`] says which stretch of time
//! of the fixture holds data and which holds none. The answer is a list of violations, empty when the source conforms.

mod answers;
mod case;
mod checks;
mod measured;
#[cfg(test)]
mod tests;

pub use case::{Case, Check, Violation};
pub use checks::run;
