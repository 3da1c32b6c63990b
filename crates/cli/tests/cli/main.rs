//! The command as people meet it: help, errors, exit codes.

// Helpers of tests count as tests, which clippy does not see in a folder like this.
#![allow(clippy::unwrap_used)]

mod helps;
mod investigations;
mod refusals;
mod support;
