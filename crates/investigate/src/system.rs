//! The system as of the window: who calls whom, what runs where, as far as the sources showed it.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{EntityId, EntityKind, Relation, RelationKind};

use crate::board::Board;

/// Topology as of a window. The snapshot's comes from the board; a live one may come from an atlas.
pub trait SystemView: Send + Sync {
    /// What `entity` calls or consumes from.
    fn callees(&self, entity: &EntityId) -> Vec<EntityId>;
    /// What calls `entity` or consumes from it.
    fn callers(&self, entity: &EntityId) -> Vec<EntityId>;
    /// Machines `entity` runs on, and everything else on them.
    fn hosts(&self, entity: &EntityId) -> Vec<EntityId>;
}

/// Tenants of one machine, or machines nobody is known to run on, up to which each is held for a neighbour of each.
const NEIGHBOURS_MAX: usize = 200;

/// What the board knows of the system.
#[derive(Debug, Clone, Default)]
pub struct BoardView {
    callees: BTreeMap<EntityId, BTreeSet<EntityId>>,
    callers: BTreeMap<EntityId, BTreeSet<EntityId>>,
    hosts: BTreeMap<EntityId, BTreeSet<EntityId>>,
}

impl BoardView {
    /// The system as far as `board` shows it.
    pub fn of(board: &Board) -> BoardView {
        let mut view = BoardView::default();
        let mut tenants: BTreeMap<EntityId, BTreeSet<EntityId>> = BTreeMap::new();
        for Relation { from, to, kind, .. } in &board.relations {
            match kind {
                RelationKind::Calls | RelationKind::Consumes | RelationKind::Produces => {
                    view.callees.entry(from.clone()).or_default().insert(to.clone());
                    view.callers.entry(to.clone()).or_default().insert(from.clone());
                }
                RelationKind::RunsOn => {
                    tenants.entry(to.clone()).or_default().insert(from.clone());
                }
                RelationKind::BuiltFrom | RelationKind::OwnedBy => {}
            }
        }
        for (host, tenants) in &tenants {
            // On a crowded machine every other tenant is a neighbour of everyone: only the machine itself says something.
            let neighbours = tenants.len() <= NEIGHBOURS_MAX;
            for tenant in tenants {
                let hosts = view.hosts.entry(tenant.clone()).or_default();
                hosts.insert(host.clone());
                if !neighbours {
                    continue;
                }
                hosts.extend(tenants.iter().filter(|other| *other != tenant).cloned());
            }
        }
        // A machine that nothing is known to run on may be anybody's.
        let orphan_nodes: Vec<EntityId> = board
            .entities
            .iter()
            .filter(|entity| entity.kind == EntityKind::Node && !tenants.contains_key(entity))
            .cloned()
            .collect();
        if !orphan_nodes.is_empty() && orphan_nodes.len() <= NEIGHBOURS_MAX {
            for entity in board.entities.iter().filter(|entity| entity.kind != EntityKind::Node) {
                if !view.hosts.contains_key(entity) {
                    view.hosts.insert(entity.clone(), orphan_nodes.iter().cloned().collect());
                }
            }
        }
        view
    }
}

fn listed(map: &BTreeMap<EntityId, BTreeSet<EntityId>>, entity: &EntityId) -> Vec<EntityId> {
    map.get(entity).map(|set| set.iter().cloned().collect()).unwrap_or_default()
}

impl SystemView for BoardView {
    fn callees(&self, entity: &EntityId) -> Vec<EntityId> {
        listed(&self.callees, entity)
    }

    fn callers(&self, entity: &EntityId) -> Vec<EntityId> {
        listed(&self.callers, entity)
    }

    fn hosts(&self, entity: &EntityId) -> Vec<EntityId> {
        listed(&self.hosts, entity)
    }
}
