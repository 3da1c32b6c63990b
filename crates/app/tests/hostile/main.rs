//! Whole investigations of damaged and hostile snapshots: there is a report that says what is missing or an error that
//! says what next, never a panic, and the same damage gives the same bytes.

// Helpers of tests count as tests, which clippy does not see in a folder like this.
#![allow(clippy::unwrap_used)]

mod agents;
mod contents;
mod incident;
mod odd_files;
mod random;
mod sizes;
mod texts;
mod whole_files;
