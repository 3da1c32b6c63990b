//! Trying again: what may succeed later is tried twice more, and a system that says when is taken at its word.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Failure, Reply, Request, Transport};

/// Further tries after the first.
const TRIES_MORE: usize = 2;
const FIRST_WAIT: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(2);
/// A system that asks for a longer rest is not asked again in this call: the caller has other things to do.
const REST_MAX: Duration = Duration::from_secs(5);

/// The layer.
pub(super) struct Retried<T> {
    pub(super) inner: T,
}

impl<T: Transport> Transport for Retried<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(WAIT_MAX)
            .with_max_times(TRIES_MORE)
            .with_jitter();
        let tried = || self.inner.send(request);
        tried
            .retry(waits.build())
            .when(|failure: &Failure| failure.kind.retryable())
            .adjust(|failure, wait| match (failure.retry_after, wait) {
                (Some(asked), Some(_)) if asked > REST_MAX => None,
                (Some(asked), Some(wait)) => Some(asked.max(wait)),
                (None, wait) => wait,
                (Some(_), None) => None,
            })
            .boxed()
    }
}

/// Within how long everything must be done, for callers that cannot wait: all tries, waits and queues together. Without a deadline a
/// call ends because each of its tries does, however many others it has to wait for.
pub(super) struct Hurried<T> {
    pub(super) inner: T,
}

impl<T: Transport> Transport for Hurried<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        let Some(within) = request.deadline else { return self.inner.send(request) };
        async move {
            match tokio::time::timeout(within, self.inner.send(request)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let reason = format!("no answer in {} s, all tries together", within.as_secs_f64());
                    Err(Failure::new(crate::ErrorKind::TimedOut, reason))
                }
            }
        }
        .boxed()
    }
}
