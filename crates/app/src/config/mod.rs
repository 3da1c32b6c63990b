//! `midwatch.toml`: which systems are read.

mod find;
mod read;
#[cfg(test)]
mod tests;

pub use find::{ConfigSought, find_config};
pub use read::{Config, ConfigMistake, ConfiguredSource, read_config};
