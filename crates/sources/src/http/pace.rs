//! How hard a system may be asked: calls a second, calls at a time, calls in all, and less of each when it suffers.
//!
//! Calls at a time follow additive increase and multiplicative decrease (Chiu and Jain, 1989): an answer that is slow or an
//! error of the retryable kinds halves them, a good one adds a part of one. After five such errors in a row the breaker opens: for ten
//! seconds nothing is sent, and of the calls that were left half are gone. Then one call is tried.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Failure, Reply, Request, Transport};
use crate::ErrorKind;

/// Bounds of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// Calls in a second.
    pub calls_per_second: u32,
    /// Calls at a time.
    pub concurrency_max: u32,
    /// Calls in the client's life: one investigation.
    pub calls_max: u32,
    /// An answer that takes longer is slow.
    pub slow: Duration,
}

impl Pacing {
    /// What most systems bear: twenty calls a second, eight at a time, two thousand an investigation.
    pub const USUAL: Pacing =
        Pacing { calls_per_second: 20, concurrency_max: 8, calls_max: 2_000, slow: Duration::from_secs(5) };
}

impl Default for Pacing {
    fn default() -> Pacing {
        Pacing::USUAL
    }
}

/// What a client has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Calls sent, tries again included.
    pub calls: u64,
    /// Of them, those that ended in an error.
    pub failed: u64,
    /// Answers that came from the cache, without a call.
    pub cached: u64,
    /// Bytes of answers.
    pub bytes: u64,
    /// How often the breaker opened.
    pub breaks: u64,
}

const FAILURES_TO_OPEN: u32 = 5;
const COOL_DOWN: Duration = Duration::from_secs(10);

struct State {
    allowance: f64,
    in_flight: u32,
    calls_left: u32,
    failures_in_row: u32,
    closed_until: Option<Instant>,
    usage: Usage,
}

/// The pace of one source.
pub(super) struct Pace {
    pacing: Pacing,
    rate: DefaultDirectRateLimiter,
    state: Mutex<State>,
    freed: Notify,
}

impl Pace {
    pub(super) fn new(pacing: Pacing) -> Pace {
        let at_least_one = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(pacing.calls_per_second));
        let state = State {
            allowance: f64::from(pacing.concurrency_max.max(1)),
            in_flight: 0,
            calls_left: pacing.calls_max,
            failures_in_row: 0,
            closed_until: None,
            usage: Usage::default(),
        };
        Pace { pacing, rate: RateLimiter::direct(quota), state: Mutex::new(state), freed: Notify::new() }
    }

    pub(super) fn usage(&self) -> Usage {
        self.state().usage
    }

    pub(super) fn served_from_cache(&self) {
        self.state().usage.cached += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a call may be sent.
    async fn admit(&self) -> Result<Admitted<'_>, Failure> {
        let admitted = loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // From here on a call that ends is noticed, also before the wait begins.
            freed.as_mut().enable();
            if let Some(admitted) = self.try_admit()? {
                break admitted;
            }
            freed.await;
        };
        self.rate.until_ready().await;
        self.state().usage.calls += 1;
        Ok(admitted)
    }

    fn try_admit(&self) -> Result<Option<Admitted<'_>>, Failure> {
        let mut state = self.state();
        if let Some(until) = state.closed_until {
            let rest = until.saturating_duration_since(Instant::now());
            if !rest.is_zero() {
                let reason = format!(
                    "it failed {FAILURES_TO_OPEN} times in a row and is left alone for another {:.0} s",
                    rest.as_secs_f64().ceil()
                );
                return Err(Failure {
                    retry_after: Some(rest),
                    ..Failure::new(ErrorKind::Unavailable, reason)
                });
            }
            state.closed_until = None;
            state.allowance = 1.0;
            // One more failure closes it again.
            state.failures_in_row = FAILURES_TO_OPEN - 1;
        }
        if state.calls_left == 0 {
            let reason = format!(
                "its budget of {} calls is spent{}",
                self.pacing.calls_max,
                if state.usage.breaks > 0 { ", of which each time it failed in a row took half" } else { "" }
            );
            return Err(Failure::new(ErrorKind::Cancelled, reason));
        }
        if f64::from(state.in_flight) + 1.0 > state.allowance {
            return Ok(None);
        }
        state.in_flight += 1;
        state.calls_left -= 1;
        Ok(Some(Admitted { pace: self }))
    }

    /// Learns from how a call went.
    fn learn(&self, took: Duration, outcome: &Result<Reply, Failure>) {
        let mut state = self.state();
        if let Ok(reply) = outcome {
            state.usage.bytes = state.usage.bytes.saturating_add(reply.body.len() as u64);
        } else {
            state.usage.failed += 1;
        }
        let distress = matches!(outcome, Err(failure) if failure.is_distress());
        if distress || took > self.pacing.slow {
            state.allowance = (state.allowance / 2.0).max(1.0);
        } else {
            let most = f64::from(self.pacing.concurrency_max.max(1));
            state.allowance = (state.allowance + 1.0 / state.allowance).min(most);
        }
        if !distress {
            state.failures_in_row = 0;
            return;
        }
        state.failures_in_row += 1;
        if state.failures_in_row >= FAILURES_TO_OPEN {
            state.closed_until = Some(Instant::now() + COOL_DOWN);
            state.failures_in_row = 0;
            state.calls_left /= 2;
            state.usage.breaks += 1;
        }
    }
}

/// A call that may be sent; dropping it makes room for the next, also when the call was cancelled.
struct Admitted<'a> {
    pace: &'a Pace,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        drop(state);
        self.pace.freed.notify_waiters();
    }
}

/// The pace as a layer.
pub(super) struct Paced<T> {
    pub(super) pace: std::sync::Arc<Pace>,
    pub(super) inner: T,
}

impl<T: Transport> Transport for Paced<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        async move {
            let admitted = self.pace.admit().await?;
            let started = Instant::now();
            let outcome = self.inner.send(request).await;
            self.pace.learn(started.elapsed(), &outcome);
            drop(admitted);
            outcome
        }
        .boxed()
    }
}
