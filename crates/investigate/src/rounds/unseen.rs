//! After round two: what was looked for and not there. An entity without a signal that its peers have is not well, it is
//! unknown; the report says so, in one line for those that lack the same.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{EntityId, EntityKind, Gap, Signal};

use crate::agents;
use crate::board::Board;
use crate::stages::{Localisation, Orientation};

/// Suspects that count as involved, most blamed first.
const SUSPECTS_INVOLVED: usize = 5;

/// Names in one line; more are counted.
pub(super) const NAMES_MAX: usize = 12;

/// Signals that are looked for, with the agent that would read them.
const SIGNALS: [(Signal, &str); 3] =
    [(Signal::Metrics, "metrics"), (Signal::Logs, "logs"), (Signal::Traces, "traces")];

/// Notes a gap for signals that an entity lacks and its peers have. Of those involved (suspects, victims, the symptom's
/// entity and their neighbours) it is enough that anybody has the signal; of others more than half of their kind must.
pub(crate) fn note_unseen(orientation: &Orientation, localisation: &Localisation, board: &mut Board) {
    let involved = involved(orientation, localisation, board);
    let mut lacking: BTreeMap<Vec<Signal>, Vec<&EntityId>> = BTreeMap::new();
    let known = known(orientation, board);
    let peers = Peers::of(&known, board);
    for entity in &known {
        let lacks: Vec<Signal> = SIGNALS
            .iter()
            .map(|(signal, _)| *signal)
            .filter(|signal| !board.seen.contains(&(*signal, (*entity).clone())))
            .filter(|signal| {
                (involved.contains(entity) && usual(entity.kind, *signal) && peers.anybody_has(*signal))
                    || peers.have(entity, *signal)
            })
            .collect();
        if !lacks.is_empty() {
            lacking.entry(lacks).or_default().push(entity);
        }
    }
    let mut gaps = Vec::new();
    for (signals, mut entities) in lacking {
        entities.sort_by_key(|entity| (!involved.contains(*entity), *entity));
        let what: Vec<&str> = signals.iter().map(|signal| signal.as_str()).collect();
        let what = listed(&what, NAMES_MAX);
        let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
        let names = listed(&names, NAMES_MAX);
        let Some(first) = signals.first() else { continue };
        let settles = SIGNALS
            .iter()
            .find(|(signal, _)| signal == first)
            .map_or("", |(_, agent)| agents::settles(agent));
        gaps.push(Gap {
            signal: *first,
            missing: format!("{what} of {names} were not there, though others have some"),
            grant: format!("collect {what} of {names} too, or give the file that holds them"),
            settles: settles.to_owned(),
        });
    }
    for gap in gaps.into_iter().chain(parentless(board)) {
        board.add_gap(gap);
    }
}

/// `a`, `a and b`, `a, b and c`, `a, b and 4 more`.
pub(super) fn listed(names: &[&str], names_max: usize) -> String {
    if names.len() > names_max {
        return format!("{} and {} more", names[..names_max].join(", "), names.len() - names_max);
    }
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// Suspects, victims and the symptom's entity, with their neighbours: what was not seen of these may be where it started.
fn involved(orientation: &Orientation, localisation: &Localisation, board: &Board) -> BTreeSet<EntityId> {
    let mut centre: BTreeSet<&EntityId> =
        localisation.origins.iter().take(SUSPECTS_INVOLVED).map(|origin| &origin.entity).collect();
    centre.extend(&localisation.sick);
    centre.extend(&orientation.symptom_entity);
    let mut involved = centre.clone();
    for relation in &board.relations {
        if centre.contains(&relation.from) || centre.contains(&relation.to) {
            involved.extend([&relation.from, &relation.to]);
        }
    }
    involved.into_iter().cloned().collect()
}

/// Everything that anything seen names.
fn known(orientation: &Orientation, board: &Board) -> BTreeSet<EntityId> {
    let ends = board.relations.iter().flat_map(|relation| [&relation.from, &relation.to]);
    let alerted = orientation.incident.target.iter().chain(&orientation.symptom_entity);
    let seen = board.seen.iter().map(|(_, entity)| entity);
    board.entities.iter().chain(ends).chain(alerted).chain(seen).cloned().collect()
}

/// How many of each kind there are, and how many of them have each signal.
struct Peers {
    all: BTreeMap<EntityKind, usize>,
    having: BTreeMap<(Signal, EntityKind), usize>,
}

impl Peers {
    fn of(known: &BTreeSet<EntityId>, board: &Board) -> Peers {
        let mut peers = Peers { all: BTreeMap::new(), having: BTreeMap::new() };
        for entity in known {
            *peers.all.entry(entity.kind).or_insert(0) += 1;
        }
        for (signal, entity) in &board.seen {
            *peers.having.entry((*signal, entity.kind)).or_insert(0) += 1;
        }
        peers
    }

    fn anybody_has(&self, signal: Signal) -> bool {
        self.having.keys().any(|(seen, _)| *seen == signal)
    }

    /// Whether more than half of the others of its kind have a signal that `entity`, one of those known, has not.
    fn have(&self, entity: &EntityId, signal: Signal) -> bool {
        let others = self.all.get(&entity.kind).map_or(0, |all| all.saturating_sub(1));
        2 * self.having.get(&(signal, entity.kind)).copied().unwrap_or(0) > others
    }
}

/// Whether entities of a kind usually have a signal of their own.
fn usual(kind: EntityKind, signal: Signal) -> bool {
    match kind {
        EntityKind::Service | EntityKind::Workload | EntityKind::Pod => {
            // Pods' logs and spans usually carry the service's name.
            signal == Signal::Metrics || kind != EntityKind::Pod
        }
        EntityKind::Database | EntityKind::Queue | EntityKind::Node => signal == Signal::Metrics,
        _ => false,
    }
}

/// Share of a service's spans, and number of them, from which parents that are missing are said.
const PARENTLESS_SHARE_MIN: f64 = 0.2;
const PARENTLESS_MIN: u64 = 5;

/// The gap for spans that name a parent which nobody sent.
fn parentless(board: &Board) -> Option<Gap> {
    let many: Vec<String> = board
        .parentless
        .iter()
        .filter(|found| {
            found.orphans >= PARENTLESS_MIN
                && found.orphans as f64 >= PARENTLESS_SHARE_MIN * found.spans as f64
        })
        .map(|found| format!("{} ({} of {})", found.entity.name, found.orphans, found.spans))
        .collect();
    if many.is_empty() {
        return None;
    }
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    Some(Gap {
        signal: Signal::Traces,
        missing: format!("spans of {} name parents that were not captured", listed(&names, NAMES_MAX)),
        grant: "collect the spans of what calls them too".to_owned(),
        settles: agents::settles("traces").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_and_many_are_counted() {
        assert_eq!(listed(&["a"], 3), "a");
        assert_eq!(listed(&["a", "b"], 3), "a and b");
        assert_eq!(listed(&["a", "b", "c"], 3), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d", "e"], 3), "a, b, c and 2 more");
    }
}
