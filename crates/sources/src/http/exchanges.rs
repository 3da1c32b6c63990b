//! Exchanges kept and played back: fixtures of connectors are recorded with the one and tested with the other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{Body, Failure, Method, Reply, Request, Transport};
use crate::{ErrorKind, Mask};

/// A request and what came back, with every configured secret masked. Credentials are not part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was asked.
    pub request: Request,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer that mean something to connectors.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Body; bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// Headers worth keeping: the rest differs from run to run.
const HEADERS_KEPT: &[&str] = &["content-type", "link", "location", "retry-after"];

/// Keeps every exchange that passes through it.
pub struct Recording<T> {
    inner: T,
    mask: Mask,
    kept: Mutex<Vec<Exchange>>,
}

impl<T> Recording<T> {
    /// Records what passes to `inner`.
    pub fn new(inner: T, mask: Mask) -> Recording<T> {
        Recording { inner, mask, kept: Mutex::new(Vec::new()) }
    }

    /// The exchanges so far, in the order in which they ended.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<T: Transport> Transport for Recording<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        async move {
            let reply = self.inner.send(request).await?;
            let headers = reply.headers.iter().filter(|(name, _)| HEADERS_KEPT.contains(&name.as_str()));
            let exchange = Exchange {
                request: request.clone(),
                status: reply.status,
                headers: headers.map(|(name, value)| (name.clone(), self.mask.text(value))).collect(),
                body: self.mask.text(&String::from_utf8_lossy(&reply.body)),
            };
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
            Ok(reply)
        }
        .boxed()
    }
}

/// What tells requests apart when they are played back. The operation is words only.
type Asked = (Method, String, Vec<(String, String)>, Body);

fn asked(request: &Request) -> Asked {
    let mut query = request.query.clone();
    query.sort();
    (request.method, request.path.clone(), query, request.body.clone())
}

/// A system made of recorded exchanges. Equal requests get their answers in turn, the last one from then on.
pub struct Exchanges {
    answers: Mutex<Vec<(Asked, Vec<Exchange>)>>,
}

impl Exchanges {
    /// A system that answers as recorded.
    pub fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Exchanges {
        let mut answers: Vec<(Asked, Vec<Exchange>)> = Vec::new();
        for exchange in exchanges {
            let key = asked(&exchange.request);
            match answers.iter_mut().find(|(known, _)| *known == key) {
                Some((_, of)) => of.push(exchange),
                None => answers.push((key, vec![exchange])),
            }
        }
        Exchanges { answers: Mutex::new(answers) }
    }

    /// The exchanges of a text with one JSON object a line.
    ///
    /// # Errors
    /// When a line is none; the message names it.
    pub fn read(text: &str) -> Result<Exchanges, String> {
        let mut exchanges = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let exchange =
                serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
            exchanges.push(exchange);
        }
        Ok(Exchanges::new(exchanges))
    }
}

impl Transport for Exchanges {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        let key = asked(request);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let found = answers
            .iter_mut()
            .find(|(known, _)| *known == key)
            .map(|(_, of)| if of.len() > 1 { Some(of.remove(0)) } else { of.first().cloned() });
        let reply = match found.flatten() {
            Some(exchange) => Ok(Reply {
                status: exchange.status,
                headers: exchange.headers,
                body: exchange.body.into_bytes(),
            }),
            None => Err(Failure::new(
                ErrorKind::NotRecorded,
                format!("nothing was recorded for {}", request.line()),
            )),
        };
        std::future::ready(reply).boxed()
    }
}
