//! The read gate: what a SPEC does not name as a read is not sent.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Failure, Method, Reply, Request, Transport};
use crate::{ErrorKind, Spec};

/// Passes the operations of a SPEC's `reads` and refuses all others.
///
/// An operation is written `GET /api/v1/label/{name}/values`: a method, and a path in which `{…}` stands for exactly one
/// segment. Lines of `reads` that begin with no method belong to other transports.
#[derive(Debug, Clone)]
pub struct ReadGate {
    allowed: Vec<(Method, Vec<Part>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Exactly(String),
    Any,
}

impl ReadGate {
    /// The gate of `spec`.
    pub fn of(spec: &Spec) -> ReadGate {
        ReadGate::new(spec.reads)
    }

    /// The gate of these operations.
    pub fn new(reads: &[&str]) -> ReadGate {
        let allowed = reads
            .iter()
            .filter_map(|line| {
                let (method, path) = line.split_once(' ')?;
                let method = match method {
                    "GET" => Method::Get,
                    "POST" => Method::Post,
                    _ => return None,
                };
                let parts = path.split('/').map(|part| {
                    if part.starts_with('{') && part.ends_with('}') {
                        Part::Any
                    } else {
                        Part::Exactly(part.to_owned())
                    }
                });
                Some((method, parts.collect()))
            })
            .collect();
        ReadGate { allowed }
    }

    /// Whether `method` of `path` is one of the operations.
    pub fn passes(&self, method: Method, path: &str) -> bool {
        // What a server may read as a step up, or as the beginning of something else, never stands for a name.
        let odd = |segment: &str| {
            let lower = segment.to_ascii_lowercase();
            segment.is_empty() || [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."].contains(&lower.as_str())
        };
        if path.contains(['?', '#', '\\']) {
            return false;
        }
        self.allowed.iter().any(|(allowed, parts)| {
            let segments: Vec<&str> = path.split('/').collect();
            *allowed == method
                && segments.len() == parts.len()
                && segments.iter().zip(parts).all(|(segment, part)| match part {
                    Part::Exactly(wanted) => wanted == segment,
                    Part::Any => !odd(segment),
                })
        })
    }
}

/// The gate as the outermost layer.
pub(super) struct Gated<T> {
    pub(super) gate: ReadGate,
    pub(super) inner: T,
}

impl<T: Transport> Transport for Gated<T> {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        if self.gate.passes(request.method, &request.path) {
            return self.inner.send(request);
        }
        let reason = format!(
            "{} {} is not among the reads its connector declares, so it was not sent",
            request.method.as_str(),
            request.path
        );
        std::future::ready(Err(Failure::new(ErrorKind::NotARead, reason))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_declared_operations_pass() {
        let gate = ReadGate::new(&[
            "GET /api/v1/query",
            "POST /api/v1/query",
            "GET /api/v1/label/{name}/values",
            "read file",
        ]);
        let table = [
            (Method::Get, "/api/v1/query", true),
            (Method::Post, "/api/v1/query", true),
            (Method::Get, "/api/v1/label/__name__/values", true),
            (Method::Post, "/api/v1/label/job/values", false),
            (Method::Get, "/api/v1/label/a/b/values", false),
            (Method::Get, "/api/v1/label//values", false),
            (Method::Get, "/api/v1/label/../values", false),
            (Method::Get, "/api/v1/label/%2E%2e/values", false),
            (Method::Get, "/api/v1/query/", false),
            (Method::Get, "/api/v1/query?x=/-/quit", false),
            (Method::Get, "/api/v1/admin/tsdb/delete_series", false),
            (Method::Post, "/-/quit", false),
        ];
        for (method, path, passes) in table {
            assert_eq!(gate.passes(method, path), passes, "{} {path}", method.as_str());
        }
    }
}
