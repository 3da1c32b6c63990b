//! What clients of databases, and the servers themselves, say when they are refused.

use std::collections::BTreeMap;

use crate::kind::ObjectKey;
use crate::picture::LogText;
use crate::reason::symptoms::{Logs, line_at};
use crate::reason::workload::Workload;

/// Why a database refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Refusal {
    ReadOnly,
    Exhausted,
    Credentials,
}

/// Words of servers and drivers: MySQL and MariaDB (errors 1040, 1045, 1290, 1836), PostgreSQL (SQLSTATE 25006, 53300,
/// 28P01, 28000), Redis, MongoDB (codes 18, 10107).
pub(super) const WORDS: &[(Refusal, &[&str])] = &[
    (
        Refusal::ReadOnly,
        &[
            "--read-only option",
            "--super-read-only",
            "in a read-only transaction",
            "READONLY You can't write against",
            "Running in read-only mode",
            "SQL Error: 1290",
            "ERROR 1290",
            "not master and slaveOk=false",
            "NotWritablePrimary",
        ],
    ),
    (
        Refusal::Exhausted,
        &[
            "Too many connections",
            "too many clients already",
            "remaining connection slots are reserved",
            "max number of clients reached",
            "too many connections for",
            "connection pool limit",
        ],
    ),
    (
        Refusal::Credentials,
        &[
            "Access denied for user",
            "password authentication failed",
            "no pg_hba.conf entry",
            "WRONGPASS",
            "NOAUTH Authentication required",
            "Authentication failed.",
            "28P01",
        ],
    ),
];

/// A complaint of one workload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complaint<'a> {
    pub refusal: Refusal,
    pub log: &'a LogText,
    /// The last line that says so.
    pub line: &'a str,
    /// Lines that say so, up to a cap.
    pub count: usize,
    /// Whether the log goes on for long without another complaint.
    pub is_over: bool,
}

/// Occurrences of one wording that are counted in one log.
const COUNT_MAX: usize = 100;

/// Seconds of silence about it after which a complaint is over.
const SILENCE_S: i64 = 600;

/// Complaints by workload.
pub(super) fn complaints<'a>(
    workloads: &[Workload<'_>],
    logs: &Logs<'a>,
) -> BTreeMap<ObjectKey, Vec<Complaint<'a>>> {
    let mut found: BTreeMap<ObjectKey, Vec<Complaint<'a>>> = BTreeMap::new();
    for workload in workloads {
        for log in logs.get(&workload.key) {
            for (refusal, words) in WORDS {
                if let Some(complaint) = complaint(logs, log, *refusal, words) {
                    found.entry(workload.key.clone()).or_default().push(complaint);
                }
            }
        }
    }
    found
}

fn complaint<'a>(
    logs: &Logs<'a>,
    log: &'a LogText,
    refusal: Refusal,
    words: &[&str],
) -> Option<Complaint<'a>> {
    let text = logs.text(log);
    let bytes = text.as_bytes();
    let last = words.iter().filter_map(|word| memchr::memmem::rfind(bytes, word.as_bytes())).max()?;
    let count = words
        .iter()
        .map(|word| memchr::memmem::find_iter(bytes, word.as_bytes()).take(COUNT_MAX).count())
        .sum();
    let line = line_at(text, last);
    let end = text.trim_end().lines().next_back().and_then(time_of);
    let is_over = match (time_of(line), end) {
        (Some(said), Some(end)) => end.duration_since(said).as_secs() > SILENCE_S,
        _ => false,
    };
    Some(Complaint { refusal, log, line, count, is_over })
}

/// The time a line begins with, as `kubectl logs --timestamps` prints it.
fn time_of(line: &str) -> Option<jiff::Timestamp> {
    line.split_whitespace().next()?.parse().ok()
}
