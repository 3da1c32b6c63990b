//! A Kubernetes API that holds what it is given: lists with pages, refusals, expired tokens, logs, and enough of discovery for
//! `kubectl`. It reads only; it does not watch, and it does not print tables.

mod answer;
mod resources;
mod server;

pub use server::{Behaviour, Failure, KubernetesServer, LogKey};
