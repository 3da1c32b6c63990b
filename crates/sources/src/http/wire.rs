//! The wire itself: the one place that knows the HTTP library.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use url::Url;

use super::{Body, Failure, Method, Reply, Request, Transport};
use crate::{ErrorKind, Secret};

/// Who is asking.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Nobody in particular.
    #[default]
    None,
    /// `Authorization: Bearer …`.
    Bearer(Secret),
    /// `Authorization: Basic …`.
    Basic {
        /// Name.
        username: String,
        /// Password.
        password: Secret,
    },
    /// A header of the system's own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: Secret,
    },
}

/// Where the system is, and how it is reached.
#[derive(Debug, Clone, Default)]
pub struct WireSettings {
    /// Base address; a path below which everything lies is kept.
    pub url: String,
    /// Who is asking.
    pub auth: Auth,
    /// Headers for every request: a tenant, say.
    pub headers: BTreeMap<String, String>,
    /// Certificates of authorities to trust besides the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Own certificate and key, in one PEM file.
    pub client_certificate_file: Option<PathBuf>,
    /// How long one try may take; `None` for ten seconds.
    pub timeout: Option<Duration>,
    /// Bytes of an answer that are read; `None` for 64 MiB. A longer answer is an error, not half an answer.
    pub bytes_max: Option<usize>,
}

const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A connection pool to one system.
pub(super) struct Wire {
    client: reqwest::Client,
    base: Url,
    auth: Auth,
    headers: BTreeMap<String, String>,
    timeout: Duration,
    bytes_max: usize,
}

impl Wire {
    /// A wire as `settings` have it; nothing is sent yet. The reason is for people when they are wrong.
    pub(super) fn new(settings: WireSettings) -> Result<Wire, String> {
        static PROVIDER: Once = Once::new();
        // The library panics without one. That another part of the program installed its own first is as good.
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let base = address(&settings.url)?;
        // Redirects are told, not followed: they would lead past the read gate, or to another host with the credentials.
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("midwatch/", env!("CARGO_PKG_VERSION")));
        // What runs on this machine is never asked through a proxy.
        if matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        if let Some(path) = &settings.ca_file {
            let read = std::fs::read(path).map_err(|error| format!("ca_file {}: {error}", path.display()))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&read)
                .map_err(|error| format!("ca_file {}: {}", path.display(), told(error)))?;
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(path) = &settings.client_certificate_file {
            let shown = path.display();
            let read =
                std::fs::read(path).map_err(|error| format!("client_certificate_file {shown}: {error}"))?;
            let identity = reqwest::Identity::from_pem(&read)
                .map_err(|error| format!("client_certificate_file {shown}: {}", told(error)))?;
            builder = builder.identity(identity);
        }
        let client = builder.build().map_err(told)?;
        Ok(Wire {
            client,
            base,
            auth: settings.auth,
            headers: settings.headers,
            timeout: settings.timeout.unwrap_or(TIMEOUT),
            bytes_max: settings.bytes_max.unwrap_or(BYTES_MAX),
        })
    }

    /// The base address without credentials.
    pub(super) fn shown(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    fn url(&self, request: &Request) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        let path = format!("{}{}", self.base.path().trim_end_matches('/'), request.path);
        url.set_path(&path);
        // `set_path` walks `..`; the gate has refused such a path before, and this makes sure.
        if url.path() != path {
            let reason = format!("the path {} is none that can be sent", request.path);
            return Err(Failure::new(ErrorKind::NotARead, reason));
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }

    async fn ask(&self, request: &Request) -> Result<Reply, Failure> {
        let url = self.url(request)?;
        let mut sent = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        for (name, value) in self.headers.iter().chain(&request.headers) {
            sent = sent.header(name, value);
        }
        sent = match &self.auth {
            Auth::None => sent,
            Auth::Bearer(token) => sent.bearer_auth(token.expose()),
            Auth::Basic { username, password } => sent.basic_auth(username, Some(password.expose())),
            Auth::Header { name, value } => sent.header(name, value.expose()),
        };
        sent = match &request.body {
            Body::None => sent,
            Body::Form(fields) => {
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                form.extend_pairs(fields);
                sent.header("content-type", "application/x-www-form-urlencoded").body(form.finish())
            }
            Body::Json(text) => sent.header("content-type", "application/json").body(text.clone()),
        };
        let mut response = sent.timeout(self.timeout).send().await.map_err(|error| self.failure(error))?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(error))? {
            if body.len().saturating_add(chunk.len()) > self.bytes_max {
                let reason = format!(
                    "the answer is longer than {} MiB; ask for less, or a shorter window",
                    self.bytes_max / (1024 * 1024)
                );
                return Err(Failure { answered: true, ..Failure::new(ErrorKind::Unsupported, reason) });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status: response.status().as_u16(), headers, body })
    }

    fn failure(&self, error: reqwest::Error) -> Failure {
        if error.is_timeout() {
            let seconds = self.timeout.as_secs_f64();
            let reason = if error.is_connect() {
                "no connection in time".to_owned()
            } else {
                format!("no answer in {seconds} s")
            };
            return Failure::new(ErrorKind::TimedOut, reason);
        }
        if error.is_builder() {
            return Failure::new(ErrorKind::Config, told(error));
        }
        let what = if error.is_connect() { "no connection" } else { "the connection broke" };
        Failure::new(ErrorKind::Unavailable, format!("{what}: {}", told(error)))
    }
}

impl Transport for Wire {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        self.ask(request).boxed()
    }
}

/// The address. One that carries credentials is refused: they would be shown wherever the address is.
fn address(written: &str) -> Result<Url, String> {
    let base = Url::parse(written).map_err(|error| format!("the address is none: {error}"))?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        return Err("the address must begin with http:// or https://".to_owned());
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err("the address holds credentials; give them as username and password".to_owned());
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err("the address must have no ? and no #".to_owned());
    }
    Ok(base)
}

/// An error of the library and all its causes in one line, without the address.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = inner.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_hold_no_credentials() {
        let wire = |url: &str| Wire::new(WireSettings { url: url.to_owned(), ..WireSettings::default() });
        assert_eq!(wire("http://host:9090/prom/").unwrap().shown(), "http://host:9090/prom");
        let refused = wire("http://me:hunter22@host:9090/").err().unwrap_or_default();
        assert!(refused.contains("username and password") && !refused.contains("hunter22"), "{refused}");
        for wrong in ["host:9090", "ftp://host", "http://", "http://host/?a=b", "http://host/#x", ""] {
            assert!(wire(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn paths_go_below_the_base_and_queries_are_encoded() {
        let settings = WireSettings { url: "http://host/prom".to_owned(), ..WireSettings::default() };
        let wire = Wire::new(settings).unwrap();
        let request = Request::get("query", "/api/v1/query").with("query", "a{b=\"c d\"}&x");
        assert_eq!(
            wire.url(&request).unwrap().as_str(),
            "http://host/prom/api/v1/query?query=a%7Bb%3D%22c+d%22%7D%26x"
        );
        assert_eq!(wire.url(&Request::get("walk", "/../x")).unwrap_err().kind, ErrorKind::NotARead);
    }
}
