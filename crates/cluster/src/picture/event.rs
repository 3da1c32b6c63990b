//! Events: what the cluster's own components said.

use jiff::Timestamp;

use super::Origin;
use crate::kind::ObjectKey;

/// Normal or warning, as the API says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For information.
    Normal,
    /// Something may be wrong.
    Warning,
}

/// One event, with its repetitions counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Normal or warning.
    pub severity: Severity,
    /// Machine-readable reason: `FailedScheduling`.
    pub reason: String,
    /// What was said, on one line.
    pub message: String,
    /// What it is about.
    pub object: ObjectKey,
    /// Who said it: `kubelet`, `default-scheduler`; empty when unknown.
    pub from: String,
    /// How often it was said; at least 1.
    pub count: u32,
    /// Seconds from the first time to the capture.
    pub first_s_ago: Option<i64>,
    /// Seconds from the last time to the capture.
    pub last_s_ago: Option<i64>,
    /// First time, where the capture holds absolute times.
    pub first_at: Option<Timestamp>,
    /// Last time, where the capture holds absolute times.
    pub last_at: Option<Timestamp>,
    /// Where it was read.
    pub origin: Origin,
}

/// Makes events one list: each once, times relative to the capture, oldest first.
///
/// `taken_at` is the time of the capture as given; `settled` receives it, or the newest time of any event.
pub(crate) fn settle(
    events: Vec<Event>,
    taken_at: Option<Timestamp>,
    settled: &mut Option<Timestamp>,
) -> Vec<Event> {
    let newest = events.iter().filter_map(|event| event.last_at.or(event.first_at)).max();
    *settled = taken_at.or(newest);
    let mut events = events;
    if let Some(now) = *settled {
        for event in &mut events {
            let ago = |at: Option<Timestamp>| at.map(|at| now.duration_since(at).as_secs().max(0));
            event.first_s_ago = event.first_s_ago.or_else(|| ago(event.first_at));
            event.last_s_ago = event.last_s_ago.or_else(|| ago(event.last_at));
        }
    }
    // The same event stands in `get events`, in `describe` of its object and in repeated captures; ages differ by the
    // seconds between the commands, so only what was said and about what makes it the same.
    events.sort_by(|a, b| {
        (&a.object, &a.reason, &a.message)
            .cmp(&(&b.object, &b.reason, &b.message))
            .then(b.count.cmp(&a.count))
    });
    events.dedup_by(|later, kept| {
        let same =
            (&later.object, &later.reason, &later.message) == (&kept.object, &kept.reason, &kept.message);
        if same {
            kept.first_s_ago = kept.first_s_ago.max(later.first_s_ago);
            kept.last_s_ago = match (kept.last_s_ago, later.last_s_ago) {
                (Some(kept), Some(later)) => Some(kept.min(later)),
                (kept, later) => kept.or(later),
            };
            if kept.from.is_empty() {
                kept.from = std::mem::take(&mut later.from);
            }
        }
        same
    });
    events.sort_by(|a, b| {
        let age = |event: &Event| event.first_s_ago.or(event.last_s_ago).unwrap_or(i64::MAX);
        age(b)
            .cmp(&age(a))
            .then_with(|| (&a.object, &a.reason, &a.message).cmp(&(&b.object, &b.reason, &b.message)))
    });
    events
}
