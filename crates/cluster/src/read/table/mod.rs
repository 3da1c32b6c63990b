//! Tables of `kubectl get` and `kubectl top`.

mod events;
mod fill;
mod kinds;
mod others;
mod tables;
#[cfg(test)]
mod tests;
mod top;

pub(super) use tables::{is_header, read};
pub(super) use top::read_top;
