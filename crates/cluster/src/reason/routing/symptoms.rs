//! What programs say when a name does not resolve or a port does not answer.

use super::ground::Ground;
use crate::picture::{Fact, LogText};

/// Texts of resolvers: Go's net package, glibc, musl, the JVM, Node.js, Python, curl, BusyBox, .NET.
const NAME_FAILURES: [&str; 17] = [
    "no such host",
    "UnknownHostException",
    "Name or service not known",
    "nodename nor servname provided",
    "Name does not resolve",
    "Temporary failure in name resolution",
    "Could not resolve host",
    "could not resolve host",
    "could not translate host name",
    "getaddrinfo",
    "ENOTFOUND",
    "EAI_AGAIN",
    "NXDOMAIN",
    "bad address",
    "server misbehaving",
    "Name resolution fail",
    "DNS resolution failed",
];

/// Texts of sockets: connect(2) as C libraries, Go, the JVM, Node.js and gRPC print its errors.
const CONNECT_FAILURES: [&str; 12] = [
    "onnection refused",
    "ECONNREFUSED",
    "onnection timed out",
    "connect timed out",
    "i/o timeout",
    "ETIMEDOUT",
    "No route to host",
    "no route to host",
    "deadline exceeded",
    "DEADLINE_EXCEEDED",
    "failed to connect to all addresses",
    "onnectTimeoutException",
];

/// Bytes of one log that are searched, from its end.
const SEARCHED_BYTES_MAX: usize = 4 << 20;

/// What went wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Symptom {
    /// It does not resolve.
    Name,
    /// It does not answer.
    Connect,
}

/// The last line in the current logs of a workload that says this of a host, as a fact.
pub(super) fn said(ground: &Ground<'_>, workload: usize, host: &str, symptom: Symptom) -> Option<Fact> {
    ground.logs(workload).find_map(|log| last_line(ground, log, host, symptom))
}

/// As [`said`], in the logs of earlier instances too.
pub(super) fn said_ever(ground: &Ground<'_>, workload: usize, host: &str, symptom: Symptom) -> Option<Fact> {
    ground.all_logs(workload).find_map(|log| last_line(ground, log, host, symptom))
}

fn last_line(ground: &Ground<'_>, log: &LogText, host: &str, symptom: Symptom) -> Option<Fact> {
    let line = lines(ground, log).filter(|line| fails(line, symptom) && names(line, host)).last()?;
    let statement = match symptom {
        Symptom::Name => format!("{} cannot resolve {host}", log.object.name),
        Symptom::Connect => format!("{} cannot connect to {host}", log.object.name),
    };
    Some(Fact {
        statement,
        source: ground.picture.source(log.origin).to_owned(),
        quote: around(line.trim(), host),
    })
}

/// The lines of a log, of a long one the last.
pub(super) fn lines<'l>(ground: &'l Ground<'_>, log: &LogText) -> impl Iterator<Item = &'l str> {
    let text = ground.picture.part(log.origin);
    let mut start = text.len().saturating_sub(SEARCHED_BYTES_MAX);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.get(start..).unwrap_or("").lines()
}

/// Whether a line says so.
pub(super) fn fails(line: &str, symptom: Symptom) -> bool {
    let texts = match symptom {
        Symptom::Name => &NAME_FAILURES[..],
        Symptom::Connect => &CONNECT_FAILURES[..],
    };
    texts.iter().any(|text| memchr::memmem::find(line.as_bytes(), text.as_bytes()).is_some())
}

/// Whether a line names a host as a whole, not as a part of a longer name. `host.ns.svc` is the host.
pub(super) fn names(line: &str, host: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    memchr::memmem::find_iter(line.as_bytes(), host.as_bytes()).any(|at| {
        let before = at.checked_sub(1).and_then(|before| line.as_bytes().get(before));
        !is_part(before) && before != Some(&b'.') && !is_part(line.as_bytes().get(at + host.len()))
    })
}

/// At most 400 characters of a line, around a word.
pub(super) fn around(line: &str, word: &str) -> String {
    if line.chars().nth(400).is_none() {
        return line.to_owned();
    }
    let at = line.find(word).unwrap_or(0);
    let before = line.get(..at).unwrap_or("").chars().count().saturating_sub(150);
    let part: String = line.chars().skip(before).take(398).collect();
    format!("…{part}…")
}
