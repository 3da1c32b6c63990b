//! What was changed in a cluster, as far as the cluster itself remembers: revisions, edits, scalings, machines.
//!
//! Sources: the deployment controller keeps one replica set for each revision (`deployment.kubernetes.io/revision`);
//! the API server notes who last wrote which object when (`managedFields`, *Server-Side Apply*); events tell of what an
//! autoscaler and the node controllers did. Components of the cluster that only write status change nothing.

mod difference;
mod edits;
mod happenings;
mod rollouts;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::fault::Fault;
use crate::kind::ObjectKey;
use crate::picture::{Fact, Picture};

/// Bytes of a value from which it is telling: a number or `true` stands in any line.
const BROUGHT_BYTES_MIN: usize = 5;

/// What sort of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeSort {
    /// A workload got another pod template.
    Rollout,
    /// An object was written by somebody.
    Edit,
    /// The number of replicas was changed by an autoscaler.
    Scaling,
    /// A machine came, went, restarted or was closed.
    Machine,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChange {
    /// When.
    pub at: Timestamp,
    /// What was changed.
    pub object: ObjectKey,
    /// What sort.
    pub sort: ChangeSort,
    /// What people call it: `revision 5`, `to 7 replicas`.
    pub reference: String,
    /// What changed, in a sentence without its full stop.
    pub statement: String,
    /// Who did it, as the cluster names it: a program's name, mostly.
    pub actor: Option<String>,
    /// Values that it brought, as far as they are known and may be shown.
    pub brought: Vec<String>,
    /// What says so.
    pub facts: Vec<Fact>,
}

/// The latest rollout of the object at which a fault sits, when that brought a value which the fault names.
pub fn brought_by<'a>(fault: &Fault, changes: &'a [PastChange]) -> Option<&'a PastChange> {
    let of_object =
        |change: &&PastChange| change.sort == ChangeSort::Rollout && change.object == fault.object;
    let latest = changes.iter().filter(of_object).max_by_key(|change| change.at)?;
    let names = |value: &String| {
        value.len() >= BROUGHT_BYTES_MIN
            && (fault.summary.contains(value.as_str())
                || fault.facts.iter().any(|fact| fact.quote.contains(value.as_str())))
    };
    latest.brought.iter().any(names).then_some(latest)
}

/// Every change that the captured objects and events tell of and that has a time, oldest first.
pub fn history(picture: &Picture) -> Vec<PastChange> {
    let mut changes = rollouts::of(picture);
    changes.extend(edits::of(picture, &changes));
    changes.extend(happenings::of(picture));
    changes.sort_by(|a, b| {
        (a.at, a.sort, &a.object, &a.reference).cmp(&(b.at, b.sort, &b.object, &b.reference))
    });
    changes
        .dedup_by(|a, b| (a.at, a.sort, &a.object, &a.reference) == (b.at, b.sort, &b.object, &b.reference));
    changes
}
