//! The kit every connector passes.
