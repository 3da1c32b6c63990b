//! After round two: what was looked for and not there. A suspect without a signal that others have is not well, it is
//! unknown; the report says so.

use std::collections::BTreeSet;

use midwatch_model::{EntityId, EntityKind, Gap, Signal};

use crate::agents;
use crate::board::Board;
use crate::stages::{Localisation, Orientation};

/// Suspects whose missing signals are named, most blamed first.
const SUSPECTS_NAMED: usize = 5;

/// Notes a gap for each signal that some entities have and suspects, victims or the symptom's entity have not.
pub(crate) fn note_unseen(orientation: &Orientation, localisation: &Localisation, board: &mut Board) {
    let mut centre: BTreeSet<&EntityId> =
        localisation.origins.iter().take(SUSPECTS_NAMED).map(|origin| &origin.entity).collect();
    centre.extend(&localisation.sick);
    centre.extend(&orientation.symptom_entity);
    // And their neighbours: what was not seen of them may be where it started.
    let mut involved = centre.clone();
    for relation in &board.relations {
        if centre.contains(&relation.from) || centre.contains(&relation.to) {
            involved.extend([&relation.from, &relation.to]);
        }
    }
    let mut gaps = Vec::new();
    for (signal, agent) in [(Signal::Metrics, "metrics"), (Signal::Logs, "logs"), (Signal::Traces, "traces")]
    {
        if !board.seen.iter().any(|(seen, _)| *seen == signal) {
            // Nobody has it: the agent has said so.
            continue;
        }
        let unseen: Vec<&str> = involved
            .iter()
            .filter(|entity| has(entity.kind, signal))
            .filter(|entity| !board.seen.contains(&(signal, (**entity).clone())))
            .map(|entity| entity.name.as_str())
            .collect();
        if !unseen.is_empty() {
            gaps.push(Gap {
                signal,
                missing: format!(
                    "{} of {} were not there, though others have some",
                    signal.as_str(),
                    unseen.join(", ")
                ),
                grant: format!(
                    "collect {} of {} too, or give the file that holds them",
                    signal.as_str(),
                    unseen.join(", ")
                ),
                settles: agents::settles(agent).to_owned(),
            });
        }
    }
    for gap in gaps {
        board.add_gap(gap);
    }
}

/// Whether entities of a kind usually have a signal of their own.
fn has(kind: EntityKind, signal: Signal) -> bool {
    match kind {
        EntityKind::Service | EntityKind::Workload | EntityKind::Pod => {
            // Pods' logs and spans usually carry the service's name.
            signal == Signal::Metrics || kind != EntityKind::Pod
        }
        EntityKind::Database | EntityKind::Queue | EntityKind::Node => signal == Signal::Metrics,
        _ => false,
    }
}
