//! Equal questions within a minute are answered from memory: agents of one round often ask the same.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::pace::Pace;
use super::{Failure, Reply, Request, Transport};

/// How long an answer holds.
const FRESH: Duration = Duration::from_secs(60);
/// Bytes of answers kept; the oldest go first.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// An answer larger than this is not kept.
const ENTRY_BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(Default)]
struct Kept {
    replies: BTreeMap<String, (Instant, Arc<Reply>)>,
    /// Keys by age; a key that was renewed occurs again, and its earlier mention means nothing.
    order: VecDeque<(Instant, String)>,
    bytes: usize,
}

/// The layer.
pub(super) struct Cached<T> {
    kept: Mutex<Kept>,
    pace: Arc<Pace>,
    inner: T,
}

impl<T> Cached<T> {
    pub(super) fn new(pace: Arc<Pace>, inner: T) -> Cached<T> {
        Cached { kept: Mutex::new(Kept::default()), pace, inner }
    }

    fn fresh(&self, key: &str) -> Option<Reply> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, reply) = kept.replies.get(key)?;
        (at.elapsed() < FRESH).then(|| Reply::clone(reply))
    }

    fn keep(&self, key: String, reply: &Reply) {
        if reply.body.len() > ENTRY_BYTES_MAX {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((_, old)) = kept.replies.insert(key.clone(), (now, Arc::new(reply.clone()))) {
            kept.bytes = kept.bytes.saturating_sub(old.body.len());
        }
        kept.bytes = kept.bytes.saturating_add(reply.body.len());
        kept.order.push_back((now, key));
        while kept.bytes > BYTES_MAX {
            let Some((at, oldest)) = kept.order.pop_front() else { break };
            if kept.replies.get(&oldest).is_some_and(|(kept_at, _)| *kept_at == at)
                && let Some((_, gone)) = kept.replies.remove(&oldest)
            {
                kept.bytes = kept.bytes.saturating_sub(gone.body.len());
            }
        }
    }
}

impl<T: Transport> Transport for Cached<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        async move {
            let key = key(request);
            if let Some(reply) = self.fresh(&key) {
                self.pace.served_from_cache();
                return Ok(reply);
            }
            let reply = self.inner.send(request).await?;
            self.keep(key, &reply);
            Ok(reply)
        }
        .boxed()
    }
}

/// Everything of a request that its answer may depend on.
fn key(request: &Request) -> String {
    let body = serde_json::to_string(&request.body).unwrap_or_default();
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    let query: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{}\u{1}{name}{value}", name.len())).collect();
    [request.method.as_str(), &request.path, &query.join("\u{2}"), &headers.join("\u{2}"), &body]
        .join("\u{3}")
}
