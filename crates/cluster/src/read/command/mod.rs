//! What a command asked for: the shell's line, then the command in it.

mod asked;
mod request;
mod shell;

pub(super) use asked::{Asked, Kubectl, parse};
