//! A report as sections, items and chips: what terminal, Markdown and every other face draw from.

mod build;
mod evidence;
mod spread;
mod story;
mod theories;
mod types;

pub use build::outline;
pub(crate) use build::{capitalised, day, leader, sure};
pub(crate) use evidence::{cuts, points};
pub(crate) use theories::{PICTURES, SUSPECTS, TESTS, headline, is_of_theories, ruled_out_alike, term_word};
pub use types::{Chip, Group, Item, Note, Outline, Section, SectionKind, Tone};
pub(crate) use types::{THEORIES_MAX, VERDICT_CHIPS_MAX};
