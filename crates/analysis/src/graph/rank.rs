//! Ranked origins: where the sickness began, with the reasons.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::RelationKind;
use petgraph::Direction;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use super::causal::{Graph, NodeId, Symptom, node_id};
use super::flow::{Flow, flow, saturate, timing, tolerance};
use super::load::{FromAbove, move_to_load};
use super::shared::{SharedBy, move_to_shared};

/// How [`rank_origins`] weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankOptions {
    /// Score at which a node counts as sick; below half of it, it is well.
    pub sick_min: f64,
    /// Score that is two thirds of the way to certainty (`1 - exp(-score / scale)`).
    pub scale: f64,
    /// Resolution of the onsets: those within one step (and their own uncertainty) are simultaneous.
    pub step_ns: i64,
    /// Most origins returned.
    pub origins_max: usize,
}

impl Default for RankOptions {
    fn default() -> Self {
        RankOptions { sick_min: 2.0, scale: 4.0, step_ns: 60_000_000_000, origins_max: 20 }
    }
}

/// Where sickness can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Origin {
    /// At an entity.
    Node {
        /// Which.
        node: NodeId,
    },
    /// Between two entities, both well.
    Edge {
        /// The dependent side.
        from: NodeId,
        /// The side it depends on.
        to: NodeId,
        /// How they relate.
        kind: RelationKind,
    },
}

/// Why an origin ranks where it does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reason {
    /// It is sick in itself.
    OwnSick {
        /// The own score.
        score: f64,
    },
    /// It is measured to be well in itself, though it is sick as a whole.
    OwnWell,
    /// It has dependencies and all are well.
    DependenciesWell {
        /// How many.
        count: u32,
    },
    /// Its dependencies or relations explain part of its sickness.
    DependenciesSick {
        /// Which part, 0 to 1.
        explained: f64,
    },
    /// It explains others that are sick.
    Explains {
        /// How many.
        count: u32,
    },
    /// It became sick before all that it explains, beyond the resolution.
    Earlier {
        /// By how much.
        lead_ns: i64,
    },
    /// It became sick after something that it explains, beyond the resolution.
    Later {
        /// By how much.
        lag_ns: i64,
    },
    /// Sick entities share it.
    SharedBySick {
        /// Sick dependents without another explanation.
        sick: u32,
        /// Measured dependents.
        of: u32,
    },
    /// Errors of its callers name it, and nothing of it was measured.
    NamedByCallers {
        /// Callers that name it.
        callers: u32,
    },
    /// Time or calls are lost between two ends.
    LostBetween {
        /// Score of the relation.
        score: f64,
    },
    /// Most of the relations of this node lose time or calls.
    EdgesShareIt {
        /// Sick relations.
        sick: u32,
        /// Measured relations.
        of: u32,
    },
    /// Messages wait in a queue that it consumes.
    BacklogOfItsQueue {
        /// The queue.
        queue: NodeId,
    },
    /// Load rose here first.
    LoadSurge,
    /// It makes more calls for each request, which overloads what it calls.
    Amplifies,
}

/// An origin with its score and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedOrigin {
    /// Where.
    pub at: Origin,
    /// Blame that ended here: its own sickness and that of all it explains, each between 0 and 1.
    pub score: f64,
    /// Score over the sum of all scores.
    pub share: f64,
    /// Sickness of its own, between 0 and 1.
    pub own: f64,
    /// Part of its sickness that its dependencies explain, 0 to 1.
    pub explained_by_dependencies: f64,
    /// Sick nodes of which it explains at least a fifth, by number.
    pub explains: Vec<NodeId>,
    /// How long before the first of those it became sick; negative when after. `None` when an onset is unknown.
    pub onset_lead_ns: Option<i64>,
    /// Whether it is a candidate because sick ones share it.
    pub shared: bool,
    /// Whether nothing of it was measured.
    pub unmeasured: bool,
    /// Why, strongest kind first.
    pub reasons: Vec<Reason>,
}

/// Origins by blame, highest first; strictly ordered (score, then onset, then own sickness, then place in the graph).
/// Empty when nothing is sick.
///
/// Blame moves down the graph (see the module `flow` for the method and what it draws on): a node keeps its excess less
/// what its sick dependencies explain, so the deepest sick node whose dependencies are well outranks its callers. A
/// dependency that became sick later, beyond resolution and uncertainty, explains little. Then blame moves to what many
/// unexplained sick nodes share, to a node most of whose relations lose time, and up to where load rose first. Nodes
/// that were not measured are passed through, or blamed when errors name them. Time: linear in nodes and relations,
/// times `origins_max`.
pub fn rank_origins(graph: &Graph, options: &RankOptions) -> Vec<RankedOrigin> {
    let (flow, notes) = settled(graph, options);
    let mut candidates: Vec<(usize, f64)> = (0..flow.absorbed.len())
        .map(|place| (place, flow.absorbed[place] * trust(graph, &flow, &notes, place, options)))
        .filter(|&(_, score)| score > 1e-6)
        .collect();
    candidates.sort_by(|a, b| compare(graph, *a, *b));
    let keep = candidates.len().min(options.origins_max.saturating_mul(2).max(8));
    let all: f64 = candidates.iter().map(|candidate| candidate.1).sum();
    let mut ranked: Vec<(usize, RankedOrigin)> = candidates[..keep]
        .iter()
        .map(|&(place, score)| (place, describe(graph, &flow, &notes, place, score, options)))
        .collect();
    ranked.sort_by(|a, b| compare(graph, (a.0, a.1.score), (b.0, b.1.score)));
    ranked.truncate(options.origins_max);
    ranked
        .into_iter()
        .map(|(_, mut origin)| {
            origin.share = (origin.score / all.max(1e-12)).min(1.0);
            origin
        })
        .collect()
}

/// What the later moves found.
#[derive(Default)]
pub(crate) struct Notes {
    shared: BTreeMap<usize, SharedBy>,
    /// Nodes that blame of overloaded ones came to, and why.
    above: BTreeSet<(usize, FromAbove)>,
    /// Sick relations and measured relations of nodes that most of them share.
    pooled: BTreeMap<usize, (u32, u32)>,
}

impl Notes {
    /// Why load put blame on a node.
    fn of_load(&self, node: usize) -> impl Iterator<Item = FromAbove> + '_ {
        self.above.range((node, FromAbove::Surge)..=(node, FromAbove::Amplifier)).map(|one| one.1)
    }
}

/// The flow with all moves made.
pub(crate) fn settled(graph: &Graph, options: &RankOptions) -> (Flow, Notes) {
    let mut flow = flow(graph, options);
    let pooled = pool_edges(graph, &mut flow, options);
    let shared = move_to_shared(graph, &mut flow, options);
    let above = move_to_load(graph, &mut flow, options);
    (flow, Notes { shared, above, pooled })
}

/// Moves the blame of sick call relations to an end that most of them share. One sick relation stays a relation.
fn pool_edges(graph: &Graph, flow: &mut Flow, options: &RankOptions) -> BTreeMap<usize, (u32, u32)> {
    let mut counts: Vec<(u32, u32)> = vec![(0, 0); flow.nodes];
    let is_sick = |edge: EdgeIndex| saturate(graph.inner[edge].anomaly.score, options) > 0.3;
    for edge in graph.inner.edge_references() {
        if edge.weight().anomaly.measured || edge.weight().anomaly.score > 0.0 {
            for end in [edge.source().index(), edge.target().index()] {
                counts[end].0 += u32::from(is_sick(edge.id()));
                counts[end].1 += 1;
            }
        }
    }
    let shares_it = |node: usize| counts[node].0 >= 2 && counts[node].0 * 10 >= counts[node].1 * 6;
    let mut pooled = BTreeMap::new();
    for edge in graph.inner.edge_references() {
        let ends = [edge.source().index(), edge.target().index()];
        let by_count = |&node: &usize| (counts[node].0, std::cmp::Reverse((counts[node].1, node)));
        let Some(node) = ends.into_iter().filter(|&node| shares_it(node)).max_by_key(by_count) else {
            continue;
        };
        let place = flow.nodes + edge.id().index();
        if !is_sick(edge.id()) || flow.absorbed[place] <= 0.0 {
            continue;
        }
        flow.absorbed[node] += flow.absorbed[place];
        flow.absorbed[place] = 0.0;
        flow.moves.push((place, node, 1.0));
        pooled.insert(node, counts[node]);
    }
    pooled
}

/// How far the blame at a place is believed: less for a node that is measured to be well in itself, or that became sick
/// after a sick node that needs it.
fn trust(graph: &Graph, flow: &Flow, notes: &Notes, place: usize, options: &RankOptions) -> f64 {
    if place >= flow.nodes {
        return 1.0;
    }
    let blamed_otherwise = notes.of_load(place).next().is_some() || notes.pooled.contains_key(&place);
    let itself = match graph.node(place).own {
        Some(own) if !blamed_otherwise => 0.35 + 0.65 * saturate(own, options),
        _ => 1.0,
    };
    itself * (1.0 - 0.3 * lateness(graph, flow, place, options))
}

/// How clearly a node became sick after one that needs it and is sick beyond doubt, 0 to 1.
fn lateness(graph: &Graph, flow: &Flow, node: usize, options: &RankOptions) -> f64 {
    let onset = graph.node(node).onset_ns;
    let incoming = graph.inner.edges_directed(NodeIndex::new(node), Direction::Incoming);
    let sick = incoming.map(|edge| edge.source().index()).filter(|&above| flow.sickness[above] > 0.5);
    sick.map(|above| {
        let within = tolerance(graph, above, node, options);
        1.0 - timing(onset, graph.node(above).onset_ns, within, options.step_ns)
    })
    .fold(0.0, f64::max)
}

/// Highest score first; then the earlier onset, the sicker in itself, the lower place.
fn compare(graph: &Graph, a: (usize, f64), b: (usize, f64)) -> Ordering {
    let onset = |place: usize| {
        let node = (place < graph.len()).then(|| graph.node(place).onset_ns);
        node.flatten().unwrap_or(i64::MAX)
    };
    let own = |place: usize| if place < graph.len() { graph.node(place).own.unwrap_or(0.0) } else { 0.0 };
    (b.1.total_cmp(&a.1))
        .then_with(|| onset(a.0).cmp(&onset(b.0)))
        .then_with(|| own(b.0).total_cmp(&own(a.0)))
        .then_with(|| a.0.cmp(&b.0))
}

/// Part of each node's blame that ends at `place`.
pub(crate) fn reach(flow: &Flow, place: usize) -> Vec<f64> {
    let mut ends_here = vec![0.0; flow.absorbed.len()];
    ends_here[place] = 1.0;
    for &(from, to, part) in &flow.moves {
        if to == place {
            ends_here[from] += part;
        } else if from == place {
            ends_here[place] -= part;
        }
    }
    let mut reach = vec![0.0; flow.nodes];
    for &node in flow.order.iter().rev() {
        let deeper = |to: usize| if to < flow.nodes { reach[to] } else { ends_here[to] };
        let passed: f64 = flow.shares[node].iter().map(|share| share.part * deeper(share.to)).sum();
        reach[node] = flow.kept[node] * ends_here[node].clamp(0.0, 1.0) + passed;
    }
    reach
}

fn describe(
    graph: &Graph,
    flow: &Flow,
    notes: &Notes,
    place: usize,
    score: f64,
    options: &RankOptions,
) -> RankedOrigin {
    let reach = reach(flow, place);
    let explains: Vec<NodeId> = (0..flow.nodes)
        .filter(|&node| node != place && flow.sickness[node] > 0.0 && reach[node] >= 0.2)
        .map(|node| NodeId(node as u32))
        .collect();
    let (at, onset) = origin_at(graph, flow, place);
    let first = explains.iter().filter_map(|node| graph.node(node.index()).onset_ns).min();
    let onset_lead_ns = onset.zip(first).map(|(own, first)| first.saturating_sub(own));
    let is_node = place < flow.nodes;
    let anomaly = is_node.then(|| graph.node(place));
    let mut reasons = if is_node {
        reasons_of_node(graph, flow, notes, place, options)
    } else {
        vec![Reason::LostBetween { score: graph.inner[EdgeIndex::new(place - flow.nodes)].anomaly.score }]
    };
    if !explains.is_empty() {
        reasons.push(Reason::Explains { count: explains.len() as u32 });
    }
    let uncertain =
        anomaly.map_or(0, |a| a.onset_uncertainty_ns.max(0)).saturating_add(options.step_ns.max(0));
    let mut score = score;
    match onset_lead_ns {
        Some(lead_ns) if lead_ns > uncertain => {
            reasons.push(Reason::Earlier { lead_ns });
            score *= 1.1;
        }
        Some(lead_ns) if lead_ns < uncertain.saturating_neg() => {
            reasons.push(Reason::Later { lag_ns: lead_ns.saturating_neg() });
            score *= 0.85;
        }
        _ => {}
    }
    RankedOrigin {
        at,
        score,
        share: 0.0,
        own: match anomaly {
            Some(anomaly) => {
                anomaly.own.map_or(flow.sickness[place] * flow.kept[place], |own| saturate(own, options))
            }
            None => saturate(graph.inner[EdgeIndex::new(place - flow.nodes)].anomaly.score, options),
        },
        explained_by_dependencies: if is_node { flow.explained[place] } else { 0.0 },
        explains,
        onset_lead_ns,
        shared: notes.shared.contains_key(&place),
        unmeasured: anomaly.is_some_and(|anomaly| !anomaly.measured),
        reasons,
    }
}

fn origin_at(graph: &Graph, flow: &Flow, place: usize) -> (Origin, Option<i64>) {
    if place < flow.nodes {
        return (Origin::Node { node: NodeId(place as u32) }, graph.node(place).onset_ns);
    }
    let edge = EdgeIndex::new(place - flow.nodes);
    let relation = &graph.inner[edge];
    let ends = graph.inner.edge_endpoints(edge).unwrap_or_default();
    let at = Origin::Edge { from: node_id(ends.0), to: node_id(ends.1), kind: relation.kind };
    (at, relation.anomaly.onset_ns)
}

fn reasons_of_node(
    graph: &Graph,
    flow: &Flow,
    notes: &Notes,
    node: usize,
    options: &RankOptions,
) -> Vec<Reason> {
    let anomaly = graph.node(node);
    let mut reasons = Vec::new();
    match anomaly.own {
        Some(score) if saturate(score, options) > 0.0 => reasons.push(Reason::OwnSick { score }),
        Some(_) if flow.sickness[node] > 0.0 => reasons.push(Reason::OwnWell),
        _ => {}
    }
    if let Some(one) = notes.shared.get(&node) {
        reasons.push(Reason::SharedBySick { sick: one.sick as u32, of: one.of as u32 });
    }
    if let Some(&(sick, of)) = notes.pooled.get(&node) {
        reasons.push(Reason::EdgesShareIt { sick, of });
    }
    for why in notes.of_load(node) {
        reasons.push(if why == FromAbove::Surge { Reason::LoadSurge } else { Reason::Amplifies });
    }
    let incoming = graph.inner.edges_directed(NodeIndex::new(node), Direction::Incoming);
    let callers =
        incoming.filter(|edge| saturate(edge.weight().anomaly.blamed, options) > 0.0).count() as u32;
    if callers > 0 && !anomaly.measured {
        reasons.push(Reason::NamedByCallers { callers });
    }
    let outgoing: Vec<_> = graph.inner.edges_directed(NodeIndex::new(node), Direction::Outgoing).collect();
    for edge in outgoing.iter().rev().filter(|edge| edge.weight().kind == RelationKind::Consumes) {
        if graph.inner[edge.target()].has(Symptom::Backlog) {
            reasons.push(Reason::BacklogOfItsQueue { queue: node_id(edge.target()) });
        }
    }
    let measured = outgoing.iter().filter(|edge| graph.inner[edge.target()].measured).count() as u32;
    if flow.explained[node] > 0.05 {
        reasons.push(Reason::DependenciesSick { explained: flow.explained[node] });
    } else if measured > 0 {
        reasons.push(Reason::DependenciesWell { count: measured });
    }
    reasons
}
