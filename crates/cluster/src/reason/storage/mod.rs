//! Reasons about claims that are not bound, and the volumes that would fit them.

mod claims;
mod matcher;
#[cfg(test)]
mod tests;

pub(crate) use claims::faults;
