//! The client that every source of HTTP shares: one wire, and the layers around it.
//!
//! ```text
//! gate → cache → deadline → retry → pace (rate, concurrency, breaker, budget) → recording → wire
//! ```
//!
//! A connector makes [`Request`]s and reads [`Reply`]s; it has no sleep, no retry and no counter of its own. The gate is outermost:
//! what a SPEC does not name is not even looked up in the cache.

mod cache;
mod client;
mod exchanges;
mod failure;
mod gate;
mod message;
mod pace;
mod retry;
#[cfg(test)]
mod tests;
mod transport;
mod wire;

pub use client::{HttpClient, HttpSettings};
pub use exchanges::{Exchange, Exchanges, Recording};
pub use failure::{Explain, Failure};
pub use gate::ReadGate;
pub use message::{Body, Method, Reply, Request, segment};
pub use pace::{Pacing, Usage};
pub use transport::Transport;
pub use wire::{Auth, WireSettings};
