//! A directory of files as a source: the incident as it lies on disk.
//!
//! The layout is documented in `docs/guide/snapshots.md`.

mod spec;

pub use spec::SPEC;
