//! How long the diagnosis of a large cluster takes, and what it needs: a made cluster of growing size, with three faults
//! planted, as the API's lists and as a terminal session.

mod json;
mod made;
mod measure;
mod text;

pub(crate) use measure::measure;
