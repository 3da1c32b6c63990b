//! The midwatch command.
fn main() {}
