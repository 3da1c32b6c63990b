//! Requests and replies, free of any HTTP library's types.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a request is made. There is no other: sources read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Ask for a resource.
    Get,
    /// A query too long for an address, where the system takes it so.
    Post,
}

impl Method {
    /// As it is written on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// Fields of a form, in order.
    Form(Vec<(String, String)>),
    /// A JSON text.
    Json(String),
}

/// One call to a system, before the base address and the credentials are added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is being done, as a verb phrase for errors: `read the rules`.
    pub operation: String,
    /// How.
    pub method: Method,
    /// Path below the base address, beginning with `/`; segments already encoded.
    pub path: String,
    /// Query parameters in order, not encoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// Further headers; credentials are none of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What it carries.
    #[serde(default)]
    pub body: Body,
    /// How long all tries, waits and queues together may take; `None` for as long as the tries take.
    #[serde(skip)]
    pub deadline: Option<Duration>,
}

impl Request {
    /// A `GET` of `path`.
    pub fn get(operation: impl Into<String>, path: impl Into<String>) -> Request {
        Request {
            operation: operation.into(),
            method: Method::Get,
            path: path.into(),
            query: Vec::new(),
            headers: BTreeMap::new(),
            body: Body::None,
            deadline: None,
        }
    }

    /// A `POST` of `body` to `path`.
    pub fn post(operation: impl Into<String>, path: impl Into<String>, body: Body) -> Request {
        Request { method: Method::Post, body, ..Request::get(operation, path) }
    }

    /// The same with a query parameter more.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Request {
        self.query.push((key.to_owned(), value.into()));
        self
    }

    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// The same with another deadline.
    #[must_use]
    pub fn within(mut self, deadline: Option<Duration>) -> Request {
        self.deadline = deadline;
        self
    }

    /// `GET /path?key=value`, as people read it; the query is not encoded.
    pub fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method.as_str(), self.path, query.join("&"))
    }
}

/// An answer. Connectors see those with a status below 300 only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case; of several of one name the last.
    pub headers: BTreeMap<String, String>,
    /// Bytes of the body, unpacked.
    pub body: Vec<u8>,
}

impl Reply {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// `text` as one segment of a path: everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`, and `.` and `..` too, so
/// that a name from outside cannot walk to another path.
pub fn segment(text: &str) -> String {
    if text == "." || text == ".." {
        return text.replace('.', "%2E");
    }
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_walk() {
        assert_eq!(segment("../a b/ü"), "..%2Fa%20b%2F%C3%BC");
        assert_eq!((segment(".."), segment(".")), ("%2E%2E".to_owned(), "%2E".to_owned()));
        assert_eq!(segment("svc-a_1.2~x"), "svc-a_1.2~x");
    }

    #[test]
    fn a_request_reads_as_a_line() {
        let request = Request::get("query", "/api/v1/query").with("query", "up == 0").with("time", "5");
        assert_eq!(request.line(), "GET /api/v1/query?query=up == 0&time=5");
    }
}
