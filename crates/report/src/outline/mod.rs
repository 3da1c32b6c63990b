//! A report as sections, items and chips: what terminal, Markdown and every other face draw from.

mod build;
mod evidence;
mod spread;
mod story;
mod theories;
mod types;

pub(crate) use build::capitalised;
pub use build::outline;
pub use types::{Chip, Group, Item, Note, Outline, Section, SectionKind, Tone};
