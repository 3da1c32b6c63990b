//! Where entries go: a file, memory, nowhere, or against what was recorded.

mod compare;
mod file;
mod memory;
mod recorded;
mod stamp;

pub use compare::{Difference, first_difference};
pub use file::FileJournal;
pub use memory::MemoryJournal;
pub(crate) use recorded::{Checked, Recorded, unexpected};
pub(crate) use stamp::Stamp;
