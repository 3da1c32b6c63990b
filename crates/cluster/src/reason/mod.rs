//! From the picture to what is wrong in it. Each file reasons about one stage; each function gives the faults it can
//! show and nothing else. Weighing them against each other is done in `diagnose`.

mod admission;
mod databases;
mod images;
mod nodes;
mod performance;
mod probes;
mod restarts;
pub(crate) mod rollouts;
mod routing;
mod scheduling;
mod settings;
mod startup;
mod storage;
pub(crate) mod symptoms;
pub(crate) mod workload;

use crate::context::Context;
use crate::fault::Fault;
use crate::picture::Picture;

/// A reasoner: all faults of its subject that the picture shows.
pub(crate) type Reasoner = fn(&Picture, &Context) -> Vec<Fault>;

/// Every reasoner, in the order in which equals are listed.
pub(crate) const ALL: &[(&str, Reasoner)] = &[
    ("nodes", nodes::faults),
    ("admission", admission::faults),
    ("scheduling", scheduling::faults),
    ("storage", storage::faults),
    ("images", images::faults),
    ("startup", startup::faults),
    ("probes", probes::faults),
    ("restarts", restarts::faults),
    ("rollouts", rollouts::faults),
    ("databases", databases::faults),
    ("routing", routing::faults),
    ("performance", performance::faults),
];
