//! From theories to the report: verdict, what to do, what speaks for and against, spread, impact, timeline.

mod advice;
mod elsewhere;
mod impact;
mod report;
mod verdict;

pub(crate) use report::{Case, compile};
pub(crate) use verdict::change_text;
