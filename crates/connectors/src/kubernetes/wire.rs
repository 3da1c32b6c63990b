//! The way to the API: the client library for configuration and authentication, and what every answer goes through first.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::Client;
use kube::client::{AuthError, Body as WireBody};
use midwatch_sources::ErrorKind;
use midwatch_sources::http::{Failure, Method, Reply, Request, Transport};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::kubeconfig::{self, Access};
use super::trim::{self, Keep};

/// Bytes of one answer that are read.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Time for one try, unless configured.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The client library's connections, made when the first request is sent: that may run a credential plugin.
pub(super) struct Wire {
    access: Access,
    client: OnceCell<Client>,
    timeout: Duration,
    bytes_max: usize,
}

impl Wire {
    /// A wire to the cluster of `access`; nothing is sent yet.
    pub(super) fn new(access: Access, timeout: Option<Duration>) -> Wire {
        Wire { access, client: OnceCell::new(), timeout: timeout.unwrap_or(TIMEOUT), bytes_max: BYTES_MAX }
    }

    #[cfg(test)]
    pub(super) fn of_bytes(access: Access, bytes_max: usize) -> Wire {
        Wire { bytes_max, ..Wire::new(access, None) }
    }

    async fn client(&self) -> Result<&Client, Failure> {
        let make = || async {
            let config = kubeconfig::config(&self.access)
                .await
                .map_err(|reason| Failure::new(ErrorKind::Config, format!("the kubeconfig: {reason}")))?;
            let plugin = config.auth_info.exec.as_ref().and_then(|exec| exec.command.clone());
            // A credential plugin is a program that is waited for.
            let made = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
            match made {
                Ok(made) => made.map_err(|error| failure(&error, plugin.as_deref())),
                Err(error) => Err(Failure::new(ErrorKind::Config, format!("the client: {error}"))),
            }
        };
        self.client.get_or_try_init(make).await
    }

    async fn ask(&self, request: &Request) -> Result<Reply, Failure> {
        if request.method != Method::Get {
            return Err(Failure::new(ErrorKind::NotARead, "only GET is sent to this system"));
        }
        let mut uri = request.path.clone();
        if !request.query.is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(&request.query);
            uri = format!("{uri}?{}", query.finish());
        }
        let made = http::Request::get(uri)
            .header(http::header::ACCEPT, "application/json")
            .body(WireBody::empty())
            .map_err(|error| Failure::new(ErrorKind::Unsupported, format!("no such request: {error}")))?;
        let response = self.client().await?.send(made).await.map_err(|error| failure(&error, None))?;
        let status = response.status().as_u16();
        let headers: BTreeMap<String, String> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let body = match Limited::new(response.into_body(), self.bytes_max).collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) if error.is::<LengthLimitError>() => {
                let reason = format!("the answer is longer than {} MiB", self.bytes_max / (1024 * 1024));
                return Err(Failure { answered: true, ..Failure::new(ErrorKind::Unsupported, reason) });
            }
            Err(error) => {
                return Err(Failure::new(
                    ErrorKind::Unavailable,
                    format!("the connection broke: {}", told(&*error)),
                ));
            }
        };
        Ok(Reply { status, headers, body })
    }
}

impl Transport for Wire {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        async move {
            match tokio::time::timeout(self.timeout, self.ask(request)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let reason = format!("no answer in {} s", self.timeout.as_secs_f64());
                    Err(Failure::new(ErrorKind::TimedOut, reason))
                }
            }
        }
        .boxed()
    }
}

/// What an error of the client library means. `plugin` is the program that gives credentials, if there is one.
fn failure(error: &kube::Error, plugin: Option<&str>) -> Failure {
    if let kube::Error::Auth(error) = error {
        let plugin = plugin.map_or_else(String::new, |plugin| format!("the plugin {plugin}: "));
        let reason = format!("no credentials: {plugin}{}", refused(error));
        return Failure::new(ErrorKind::Unauthenticated, reason);
    }
    let reason = told(error);
    match error {
        kube::Error::RustlsTls(_)
        | kube::Error::InferConfig(_)
        | kube::Error::InferKubeconfig(_)
        | kube::Error::ProxyProtocolDisabled { .. }
        | kube::Error::ProxyProtocolUnsupported { .. } => Failure::new(ErrorKind::Config, reason),
        _ if reason.contains("invalid peer certificate") => Failure::new(
            ErrorKind::Config,
            format!("{reason}; the certificate authority of the kubeconfig is not that of this server"),
        ),
        _ => Failure::new(ErrorKind::Unavailable, format!("no connection: {reason}")),
    }
}

/// Why there are no credentials, without what a plugin printed: that may be one.
fn refused(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { out, .. } => {
            format!("it ended with {}; run it by hand to see why", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::ParseTokenKey(_) => {
            "what it printed cannot be read as credentials; run it by hand to see why".to_owned()
        }
        AuthError::AuthExec(_) => "it gave no credentials; run it by hand to see why".to_owned(),
        error => told(error),
    }
}

/// An error and its causes in one line.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = inner.source();
    }
    told.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(500).collect()
}

/// What every answer goes through before the other layers see it: what must not leave is dropped, and the API's word that a list is
/// refused, not served or expired is handed over as the answer it is.
pub(super) struct Trimmed<T> {
    pub(super) keep: Keep,
    pub(super) inner: T,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    kind: String,
}

impl<T: Transport> Transport for Trimmed<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        async move {
            let reply = self.inner.send(request).await?;
            if is_log(&request.path) {
                return Ok(reply);
            }
            let is_answer = reply.status < 300 || {
                let named: Option<Named> = serde_json::from_slice(&reply.body).ok();
                matches!(reply.status, 403 | 404 | 410) && named.is_some_and(|named| named.kind == "Status")
            };
            if !is_answer {
                return Ok(reply);
            }
            match trim::answer(&request.path, &reply.body, self.keep) {
                Ok(body) => Ok(Reply { status: 200, body, ..reply }),
                Err(reason) => {
                    let reason = format!("the answer cannot be read: {reason}");
                    Err(Failure { answered: true, ..Failure::new(ErrorKind::Malformed, reason) })
                }
            }
        }
        .boxed()
    }
}

/// Whether a path is that of a container's log, which is text.
fn is_log(path: &str) -> bool {
    path.ends_with("/log")
}
