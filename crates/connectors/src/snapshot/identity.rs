//! What sort of thing a name of a snapshot stands for. Names are kept as they lie; only the kind is decided: as the topology file
//! says, else as the column or label says that held the name (`node`, `host` → node, `pod` → pod, `queue`, `topic` → queue,
//! `database` → database, `deployment`, `workload` → workload), else by what the name and its metrics look like.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{EntityId, EntityKind, Topology};

use super::metrics::StoredSeries;
use crate::naming::guess;

/// Kinds by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    kinds: BTreeMap<String, EntityKind>,
}

impl Identity {
    /// Decides the kind of every name in a topology and in series.
    pub(super) fn of(topology: &Topology, series: &[StoredSeries]) -> Identity {
        let mut kinds = BTreeMap::new();
        let mut metrics: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut stated: BTreeMap<&str, EntityKind> = BTreeMap::new();
        for stored in series {
            let key = &stored.series.key;
            metrics.entry(&key.entity.name).or_default().insert(&key.metric);
            if let Some(kind) = stored.stated_kind {
                stated.entry(&key.entity.name).or_insert(kind);
            }
        }
        for (name, metrics) in &metrics {
            let kind = stated.get(name).copied().unwrap_or_else(|| guess(name, metrics));
            kinds.insert((*name).to_owned(), kind);
        }
        for entity in &topology.entities {
            kinds.insert(entity.name.clone(), entity.kind);
        }
        Identity { kinds }
    }

    /// The entity of a name.
    pub(super) fn entity(&self, name: &str) -> EntityId {
        let kind = self.kinds.get(name).copied().unwrap_or_else(|| guess(name, &BTreeSet::new()));
        EntityId::new(kind, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topology_wins() {
        let topology =
            Topology { entities: vec![EntityId::new(EntityKind::External, "node-7")], relations: Vec::new() };
        assert_eq!(Identity::of(&topology, &[]).entity("node-7").kind, EntityKind::External);
    }
}
