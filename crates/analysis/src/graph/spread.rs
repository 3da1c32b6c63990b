//! How sickness spreads from an origin to its victims.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::causal::{Graph, NodeId};
use super::rank::{Origin, RankOptions, reach, settled};

/// One step of the spread: `to` is sick because `from` is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpreadStep {
    /// The node that explains, nearer to the origin; for an origin between two nodes, its depended-on side.
    pub from: NodeId,
    /// The victim; a node that was not measured may lie on the way.
    pub to: NodeId,
    /// Steps from the origin, from 1.
    pub hops: u32,
    /// Part of the victim's blame that ends at the origin, 0 to 1.
    pub part: f64,
    /// How long after the origin the victim became sick; negative when before, `None` when an onset is unknown.
    pub lag_ns: Option<i64>,
}

/// The spread from `origin`, nearest victims first (then the most explained, then by number); each node once, by the
/// fewest steps. Empty for an origin that is not of the graph or explains nobody. Time: linear.
pub fn spread(graph: &Graph, origin: Origin, options: &RankOptions) -> Vec<SpreadStep> {
    let Some((place, start, onset_ns)) = locate(graph, origin) else { return Vec::new() };
    let (flow, _) = settled(graph, options);
    let part = reach(&flow, place);
    let mut victims: Vec<Vec<(usize, f64)>> = vec![Vec::new(); flow.absorbed.len()];
    for (node, shares) in flow.shares.iter().enumerate() {
        for share in shares.iter().filter(|share| share.part > 0.01) {
            victims[share.to].push((node, part[node]));
        }
    }
    for &(from, to, _) in &flow.moves {
        if from < flow.nodes {
            victims[to].push((from, part[from]));
        } else {
            // A relation that was pooled into a node: its dependents are the node's.
            let moved = victims[from].clone();
            victims[to].extend(moved.into_iter().filter(|&(node, _)| node != to));
        }
    }
    for list in &mut victims {
        list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    }
    let mut hops_of: BTreeMap<usize, u32> = BTreeMap::from([(place, 0), (start, 0)]);
    let mut queue = VecDeque::from([(place, start)]);
    let mut steps: Vec<SpreadStep> = Vec::new();
    while let Some((at, shown)) = queue.pop_front() {
        let hops = hops_of.get(&at).copied().unwrap_or(0) + 1;
        for &(victim, part) in &victims[at] {
            if part < 0.01 || hops_of.contains_key(&victim) {
                continue;
            }
            hops_of.insert(victim, hops);
            queue.push_back((victim, victim));
            let lag_ns =
                graph.node(victim).onset_ns.zip(onset_ns).map(|(own, first)| own.saturating_sub(first));
            let (from, to) = (NodeId(shown as u32), NodeId(victim as u32));
            steps.push(SpreadStep { from, to, hops, part, lag_ns });
        }
    }
    steps.sort_by(|a, b| a.hops.cmp(&b.hops).then(b.part.total_cmp(&a.part)).then(a.to.cmp(&b.to)));
    steps
}

/// Nodes from the origin to `victim`, both included; empty when the spread does not reach it.
pub fn path_to(steps: &[SpreadStep], victim: NodeId) -> Vec<NodeId> {
    let came_from: BTreeMap<NodeId, NodeId> = steps.iter().map(|step| (step.to, step.from)).collect();
    let mut path = vec![victim];
    let mut at = victim;
    while let Some(&from) = came_from.get(&at) {
        path.push(from);
        if path.len() > steps.len() + 1 {
            break;
        }
        at = from;
    }
    path.reverse();
    if path.len() == 1 { Vec::new() } else { path }
}

/// Place in the flow, node to show as the start, onset.
fn locate(graph: &Graph, origin: Origin) -> Option<(usize, usize, Option<i64>)> {
    match origin {
        Origin::Node { node } => {
            graph.anomaly(node).map(|anomaly| (node.index(), node.index(), anomaly.onset_ns))
        }
        Origin::Edge { from, to, kind } => {
            let mut relations = graph.relations().enumerate();
            let (number, (_, _, _, anomaly)) =
                relations.find(|(_, relation)| (relation.0, relation.1, relation.2) == (from, to, kind))?;
            Some((graph.len() + number, to.index(), anomaly.onset_ns))
        }
    }
}
