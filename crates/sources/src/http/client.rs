//! The layers put together, and errors made into sentences.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::cache::Cached;
use super::failure::{self, Explain};
use super::gate::{Gated, ReadGate};
use super::pace::{Pace, Paced, Pacing, Usage};
use super::retry::{Hurried, Retried};
use super::wire::{Auth, Wire, WireSettings};
use super::{Failure, Reply, Request, Transport};
use crate::{ErrorKind, Mask, SourceError, Spec};

/// How a source is asked.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Name of the source, as configured.
    pub name: String,
    /// Where and as whom.
    pub wire: WireSettings,
    /// How hard.
    pub pacing: Pacing,
    /// What its errors mean.
    pub explain: Explain,
}

impl HttpSettings {
    /// The usual settings for the system at `wire`.
    pub fn new(name: impl Into<String>, wire: WireSettings) -> HttpSettings {
        HttpSettings { name: name.into(), wire, pacing: Pacing::default(), explain: |_, _| None }
    }
}

/// A client for one source. Clones share connections, pace and cache.
#[derive(Clone)]
pub struct HttpClient {
    name: String,
    at: String,
    permissions: &'static [&'static str],
    connector: &'static str,
    mask: Mask,
    pace: Arc<Pace>,
    stack: Arc<dyn Transport>,
}

impl HttpClient {
    /// A client that may do what `spec` declares, at the system of `settings`. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address or a certificate file cannot be used.
    pub fn connect(spec: &'static Spec, settings: HttpSettings) -> Result<HttpClient, SourceError> {
        let HttpSettings { name, wire, pacing, explain } = settings;
        let mask = Mask::new(secrets(&wire.auth));
        let wire = Wire::new(wire).map_err(|reason| {
            SourceError::new(ErrorKind::Config, &name, "use its configuration", mask.text(&reason))
        })?;
        let at = wire.shown();
        Ok(HttpClient::assemble(spec, Parts { name, at, mask, pacing, explain }, wire))
    }

    /// The same over another transport in place of the wire: recorded exchanges, or a recorder of them.
    pub fn over(
        spec: &'static Spec,
        settings: HttpSettings,
        transport: impl Transport + 'static,
    ) -> HttpClient {
        let HttpSettings { name, wire, pacing, explain } = settings;
        let mask = Mask::new(secrets(&wire.auth));
        HttpClient::assemble(spec, Parts { name, at: wire.url, mask, pacing, explain }, transport)
    }

    fn assemble(spec: &'static Spec, parts: Parts, transport: impl Transport + 'static) -> HttpClient {
        let Parts { name, at, mask, pacing, explain } = parts;
        let pace = Arc::new(Pace::new(pacing));
        let explained = Explained { explain, mask: mask.clone(), inner: transport };
        let paced = Paced { pace: Arc::clone(&pace), inner: explained };
        let hurried = Hurried { inner: Retried { inner: paced } };
        let cached = Cached::new(Arc::clone(&pace), hurried);
        let stack = Arc::new(Gated { gate: ReadGate::of(spec), inner: cached });
        HttpClient { name, at, permissions: spec.permissions, connector: spec.id, mask, pace, stack }
    }

    /// Name of the source.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the system is, without credentials.
    pub fn address(&self) -> &str {
        &self.at
    }

    /// What this client has done so far.
    pub fn usage(&self) -> Usage {
        self.pace.usage()
    }

    /// The reply to `request`.
    ///
    /// # Errors
    /// When there is none; the context says what, where and what next.
    pub async fn send(&self, request: &Request) -> Result<Reply, SourceError> {
        let outcome = self.stack.send(request).await;
        tracing::debug!(source = %self.name, request = %self.mask.text(&request.line()), ok = outcome.is_ok(), "asked");
        outcome.map_err(|failure| self.error(&request.operation, failure))
    }

    /// The reply to `request`, read as JSON.
    ///
    /// # Errors
    /// When there is none, or it is not what was expected; the context names the place.
    pub async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T, SourceError> {
        let reply = self.send(request).await?;
        serde_json::from_slice(&reply.body)
            .map_err(|error| self.malformed(&request.operation, &error.to_string()))
    }

    /// The error for an answer that could be had and not be read.
    pub fn malformed(&self, operation: &str, reason: &str) -> SourceError {
        let reason = format!("the answer cannot be read: {reason}");
        self.error(operation, Failure { answered: true, ..Failure::new(ErrorKind::Malformed, reason) })
    }

    fn error(&self, operation: &str, failure: Failure) -> SourceError {
        let advice = match failure.kind {
            ErrorKind::Unauthenticated => {
                format!(
                    "; check the credentials of the source {} (docs/connectors/{}.md)",
                    self.name, self.connector
                )
            }
            ErrorKind::Denied if !self.permissions.is_empty() => {
                format!("; it needs: {}", self.permissions.join(", "))
            }
            ErrorKind::NotFound => format!("; check the address {}", self.at),
            ErrorKind::Unavailable if !failure.answered => {
                "; check that it runs and can be reached from here".to_owned()
            }
            _ => String::new(),
        };
        let context = format!("{}: {}{advice}", self.at, failure.reason);
        SourceError::new(failure.kind, &self.name, operation, self.mask.text(&context))
    }
}

struct Parts {
    name: String,
    at: String,
    mask: Mask,
    pacing: Pacing,
    explain: Explain,
}

fn secrets(auth: &Auth) -> Vec<crate::Secret> {
    match auth {
        Auth::None => Vec::new(),
        Auth::Bearer(secret) | Auth::Basic { password: secret, .. } | Auth::Header { value: secret, .. } => {
            vec![secret.clone()]
        }
    }
}

/// Makes failures of the replies that are errors.
struct Explained<T> {
    explain: Explain,
    mask: Mask,
    inner: T,
}

impl<T: Transport> Transport for Explained<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        async move {
            let reply = self.inner.send(request).await?;
            match reply.status {
                0..=299 => Ok(reply),
                300..=399 => {
                    let to = reply.header("location").unwrap_or("an address it does not name");
                    let reason = format!(
                        "it answered {} and leads to {to}, which is not followed; configure the address it leads to",
                        reply.status
                    );
                    Err(Failure { answered: true, ..Failure::new(ErrorKind::Config, reason) })
                }
                status => {
                    let retry_after = reply.header("retry-after").and_then(rest_asked);
                    // Masked before anything is cut out of it: half a secret is one, too.
                    let body = self.mask.text(&String::from_utf8_lossy(&reply.body));
                    Err(failure::of_status(status, body.as_bytes(), self.explain, retry_after))
                }
            }
        }
        .boxed()
    }
}

/// `Retry-After` in seconds, the form that services send; a date is not read, so the usual wait applies.
fn rest_asked(value: &str) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds.clamp(0.0, 86_400.0)).ok()
}
