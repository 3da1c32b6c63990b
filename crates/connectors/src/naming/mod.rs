//! From labels and names to things in production: the rules that every connector of metrics shares.

mod kinds;
mod subject;

pub(crate) use kinds::guess;
pub(crate) use subject::{SUBJECT_LABELS, names_an_exporter, subject};
