//! Reads what commands printed into parts of objects, events, logs and checks.

mod age;
mod checks;
mod columns;
mod command;
mod describe;
mod document;
mod errors;
mod events;
#[cfg(test)]
mod hostile;
mod logs;
mod object;
mod reading;
mod table;
mod values;

pub(crate) use age::age_s;
pub(crate) use errors::Trouble;
pub(crate) use object::{read_left, yaml};
pub(crate) use reading::{Left, Partial, Reading};

pub(crate) use document::read_capture;
