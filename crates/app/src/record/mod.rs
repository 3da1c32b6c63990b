//! The record: an investigation's journal as a file.

mod read;
mod write;

pub use read::{Record, RecordDamage, read_record};
pub(crate) use write::encode;
