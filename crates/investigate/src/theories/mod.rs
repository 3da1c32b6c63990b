//! Theories: made from mechanisms and findings, scored term by term, tested against themselves, calibrated.

mod attribution;
mod build;
mod matching;
mod probability;
mod refute;
#[cfg(test)]
mod refute_tests;
#[cfg(test)]
mod tests;

pub use attribution::{Candidate, Reach, candidates};
pub(crate) use attribution::{commit_by_prefix, duration_text};
pub use build::{SUSPECTS_MAX, Scene, build};
pub use probability::{MARGIN, conviction, settle};
pub use refute::refute;
