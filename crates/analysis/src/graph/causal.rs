//! Entities, what depends on what, and how sick each is.

use std::collections::BTreeMap;

use midwatch_model::RelationKind;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

/// Place of an entity in the caller's list of entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// In what way an entity is sick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symptom {
    /// It takes longer.
    Latency,
    /// It fails more.
    Errors,
    /// It uses more of a resource or has reached its limit.
    Resource,
    /// It restarts or is not there.
    Crash,
    /// Messages wait in it: age or depth of a queue.
    Backlog,
    /// It does less than it should.
    Absence,
    /// Its logs say new things.
    Log,
}

/// A rise of the load that an entity is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LoadRise {
    /// How strong, in the unit of [`Anomaly::any`].
    pub score: f64,
    /// When it began.
    pub onset_ns: Option<i64>,
    /// How much of the entity's symptoms follow the load, 0 to 1: dose for response. 0.5 when nobody has looked.
    pub explains: f64,
}

/// How sick one entity is. Scores are robust z or comparable log-likelihoods: 0 is well, 3 notable, 10 glaring.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Whether anything of it was measured. A node that was not measured is not well, it is unknown.
    pub measured: bool,
    /// Strongest sign of any sort.
    pub any: f64,
    /// Strongest sign that it is sick in itself (self-time, own errors, own resources); `None` when the signals cannot
    /// tell its own work from its dependencies'.
    pub own: Option<f64>,
    /// When it became sick.
    pub onset_ns: Option<i64>,
    /// How far the onset may be off, from sampling and clocks.
    pub onset_uncertainty_ns: i64,
    /// In what ways it is sick, sorted.
    pub symptoms: Vec<Symptom>,
    /// Rise of the load it is given, if its load rose.
    pub load: Option<LoadRise>,
}

impl Anomaly {
    /// A measured entity that is well.
    pub fn well() -> Anomaly {
        Anomaly { measured: true, ..Anomaly::default() }
    }

    /// The larger of both scores; never negative, never NaN.
    pub(crate) fn sickness(&self) -> f64 {
        finite(self.any).max(finite(self.own.unwrap_or(0.0)))
    }

    pub(crate) fn has(&self, symptom: Symptom) -> bool {
        self.symptoms.contains(&symptom)
    }
}

/// What is wrong with a relation itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct EdgeAnomaly {
    /// Whether both sides of it were measured.
    pub measured: bool,
    /// Time or calls lost between both ends, in the unit of [`Anomaly::any`].
    pub score: f64,
    /// How strongly errors of `from` name `to`.
    pub blamed: f64,
    /// How strongly `from` makes more calls to `to` for each request of its own: fan-out or retries.
    pub amplified: f64,
    /// Share of `from`'s excess that passes this relation, when traces tell it; `None` counts as all.
    pub share: Option<f64>,
    /// When the relation became sick.
    pub onset_ns: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) kind: RelationKind,
    pub(crate) anomaly: EdgeAnomaly,
}

/// Entities with their anomalies and the relations among them. Directions are those of the relations: a caller points
/// at its callee, a consumer and a producer at their queue, a workload at its node, a service at what it is built
/// from. Cycles are allowed.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub(crate) inner: DiGraph<Anomaly, Relation>,
    known: BTreeMap<(NodeId, NodeId, RelationKind), EdgeIndex>,
}

impl Graph {
    /// A graph of `nodes` without relations; the n-th anomaly is of `NodeId(n)`.
    pub fn new(nodes: Vec<Anomaly>) -> Graph {
        let mut inner = DiGraph::with_capacity(nodes.len(), nodes.len());
        for node in nodes {
            inner.add_node(node);
        }
        Graph { inner, known: BTreeMap::new() }
    }

    /// Adds a relation. One that is there already keeps the stronger of each score. `false`, and nothing is done, when an
    /// end is unknown, both ends are the same, or the relation says nothing about causes (ownership).
    pub fn relate(&mut self, from: NodeId, to: NodeId, kind: RelationKind, anomaly: EdgeAnomaly) -> bool {
        let count = self.inner.node_count();
        if from == to || from.index() >= count || to.index() >= count || kind == RelationKind::OwnedBy {
            return false;
        }
        match self.known.get(&(from, to, kind)).and_then(|&edge| self.inner.edge_weight_mut(edge)) {
            Some(relation) => merge(&mut relation.anomaly, anomaly),
            None => {
                let ends = (NodeIndex::new(from.index()), NodeIndex::new(to.index()));
                let edge = self.inner.add_edge(ends.0, ends.1, Relation { kind, anomaly });
                self.known.insert((from, to, kind), edge);
            }
        }
        true
    }

    /// How many entities.
    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inner.node_count() == 0
    }

    /// Anomaly of a node, if it is one of the graph.
    pub fn anomaly(&self, node: NodeId) -> Option<&Anomaly> {
        self.inner.node_weight(NodeIndex::new(node.index()))
    }

    /// Relations in the order they were added: from, to, kind, anomaly.
    pub fn relations(&self) -> impl Iterator<Item = (NodeId, NodeId, RelationKind, &EdgeAnomaly)> + '_ {
        self.inner.edge_references().map(|edge| {
            (node_id(edge.source()), node_id(edge.target()), edge.weight().kind, &edge.weight().anomaly)
        })
    }

    pub(crate) fn node(&self, index: usize) -> &Anomaly {
        &self.inner[NodeIndex::new(index)]
    }
}

pub(crate) fn node_id(index: NodeIndex) -> NodeId {
    NodeId(index.index() as u32)
}

/// A score as used: not negative, NaN as 0, infinity as a large number.
pub(crate) fn finite(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score.clamp(0.0, 1e6) }
}

fn merge(known: &mut EdgeAnomaly, other: EdgeAnomaly) {
    known.measured |= other.measured;
    known.score = known.score.max(other.score);
    known.blamed = known.blamed.max(other.blamed);
    known.amplified = known.amplified.max(other.amplified);
    known.share = match (known.share, other.share) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
    known.onset_ns = match (known.onset_ns, other.onset_ns) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
}
