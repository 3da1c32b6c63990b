//! What every layer is: something that sends a request.

use futures_util::future::BoxFuture;

use super::{Failure, Reply, Request};

/// Sends requests. The wire is one, and each layer is one around another. Dropping the future cancels the call.
pub trait Transport: Send + Sync {
    /// The reply to `request`, or why there is none.
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>>;
}
