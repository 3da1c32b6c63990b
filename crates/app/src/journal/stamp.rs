//! Number and time of entries, made from their contents so that the same input gives the same bytes.

use midwatch_investigate::Draft;
use midwatch_model::{ENTRY_VERSION, Entry, EntryKind, InvestigationId, Timestamp};

use crate::Opening;

/// Turns drafts into entries.
///
/// `at` is the time that counts as now: that of the request or its trigger, else when the first alert fired, else the
/// epoch (1970-01-01T00:00:00Z) until the incident entry says which `now` was settled on. It is never the wall clock.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    investigation: InvestigationId,
    at: Timestamp,
    next_seq: u64,
}

impl Stamp {
    pub(crate) fn new(opening: &Opening) -> Stamp {
        let fired = opening.trigger.alerts.iter().filter_map(|alert| alert.fired_at).min();
        Stamp {
            investigation: opening.investigation.clone(),
            at: opening.now.or(opening.trigger.now).or(fired).unwrap_or(Timestamp::UNIX_EPOCH),
            next_seq: 1,
        }
    }

    /// Continues after an entry numbered `seq`.
    pub(crate) fn continue_after(&mut self, seq: u64) {
        self.next_seq = seq + 1;
    }

    /// Takes note of the time an incident entry settles.
    pub(crate) fn saw(&mut self, draft: &Draft) {
        if draft.kind == EntryKind::Incident
            && let Some(now) = draft.body.get("now").and_then(|now| now.as_str()?.parse().ok())
        {
            self.at = now;
        }
    }

    /// The entry for `draft`.
    pub(crate) fn entry(&mut self, draft: Draft) -> Entry {
        self.saw(&draft);
        let seq = self.next_seq;
        self.next_seq += 1;
        Entry {
            v: ENTRY_VERSION,
            seq,
            investigation: self.investigation.clone(),
            at: self.at,
            actor: draft.actor,
            kind: draft.kind,
            step: draft.step,
            body: draft.body,
        }
    }
}
