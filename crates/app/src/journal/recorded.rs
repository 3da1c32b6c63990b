//! New values against the recorded ones.
//!
//! Entries are matched by kind and step, in their order within both: steps run side by side and may end in another
//! order than they did, which is no difference. Source answers are inputs, run facts are no part of the result:
//! neither is compared.

use std::collections::{BTreeMap, VecDeque};

use midwatch_investigate::Draft;
use midwatch_model::{Entry, EntryKind, StepId};
use serde_json::Value;

use super::compare::{Difference, first_difference, shown};

/// What a draft turned out to be.
#[derive(Debug)]
pub(crate) enum Checked {
    /// Equal to the recorded entry.
    Same,
    /// Different from it, or from nothing at all where the record is finished.
    Differs(Difference),
    /// The record has nothing for it.
    Beyond,
}

/// Number and body of entries of one kind and step.
type Waiting = VecDeque<(u64, Value)>;

/// The comparable entries of a record that have not been met yet.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    waiting: BTreeMap<(EntryKind, Option<StepId>), Waiting>,
}

impl Recorded {
    pub(crate) fn new(entries: &[Entry]) -> Recorded {
        let mut waiting: BTreeMap<_, Waiting> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| compared(entry.kind)) {
            waiting.entry((entry.kind, entry.step)).or_default().push_back((entry.seq, entry.body.clone()));
        }
        Recorded { waiting }
    }

    /// Compares `draft` with the entry that is its counterpart, which counts as met.
    pub(crate) fn check(&mut self, draft: &Draft) -> Checked {
        let Some((seq, body)) = self.waiting.get_mut(&(draft.kind, draft.step)).and_then(VecDeque::pop_front)
        else {
            return Checked::Beyond;
        };
        match first_difference(&body, &draft.body) {
            None => Checked::Same,
            Some((pointer, recorded, new)) => Checked::Differs(Difference {
                seq: Some(seq),
                kind: draft.kind,
                step: draft.step,
                pointer,
                recorded,
                new,
            }),
        }
    }

    /// Entries that never came, as differences, by their number.
    pub(crate) fn never_came(&self) -> Vec<Difference> {
        let mut missing: Vec<Difference> = self
            .waiting
            .iter()
            .flat_map(|((kind, step), entries)| {
                entries.iter().map(|(seq, body)| Difference {
                    seq: Some(*seq),
                    kind: *kind,
                    step: *step,
                    pointer: String::new(),
                    recorded: shown(Some(body)),
                    new: shown(None),
                })
            })
            .collect();
        missing.sort_by_key(|difference| difference.seq);
        missing
    }
}

/// The difference of a value the record has nothing for.
pub(crate) fn unexpected(draft: &Draft) -> Difference {
    Difference {
        seq: None,
        kind: draft.kind,
        step: draft.step,
        pointer: String::new(),
        recorded: shown(None),
        new: shown(Some(&draft.body)),
    }
}

/// Whether entries of this kind are results.
pub(crate) fn compared(kind: EntryKind) -> bool {
    !matches!(kind, EntryKind::SourceAnswer | EntryKind::Run)
}
