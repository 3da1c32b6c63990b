//! Logs of a snapshot, streamed: no pass over them holds more than patterns, samples and one line.

mod document;
mod json;
mod line;
mod pass;
mod patterns;
mod sample;
mod stated;
mod text;

pub(super) use document::attributes_of;
pub(super) use pass::is_log;
pub(super) use patterns::{LogPasses, Pass};
pub(super) use sample::{Wanted, sample};
pub(super) use stated::{StatedPattern, attach, read as read_stated};
