//! What many sick nodes share: a machine, a library, a callee nobody measures.

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

use super::causal::{Graph, Symptom};
use super::flow::{Flow, tolerance};
use super::rank::RankOptions;
use crate::spans::statistics::fisher_tail;
use midwatch_model::RelationKind;

/// A node that sick ones share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SharedBy {
    /// Dependents that are sick and not explained otherwise.
    pub(crate) sick: u64,
    /// Dependents that were measured.
    pub(crate) of: u64,
}

/// Moves blame to shared nodes and returns those, by number.
///
/// A candidate was not measured (a measured one that is sick already explains its dependents, one that is well does
/// not) and at least two dependents keep most of their blame. It is as plausible as the one-sided Fisher test against
/// the other nodes says, times the share of its dependents that are sick, times how well their onsets agree. When no
/// node outside exists to compare with, at least three must be sick, and the plausibility is cut to 0.4.
pub(crate) fn move_to_shared(
    graph: &Graph,
    flow: &mut Flow,
    options: &RankOptions,
) -> BTreeMap<usize, SharedBy> {
    let unexplained = |flow: &Flow, node: usize| {
        flow.sickness[node] > 0.3 && flow.kept[node] > 0.5 && graph.node(node).measured
    };
    let measured: u64 = (0..flow.nodes).filter(|&node| graph.node(node).measured).count() as u64;
    let sick: u64 = (0..flow.nodes).filter(|&node| unexplained(flow, node)).count() as u64;
    let mut shared: BTreeMap<usize, SharedBy> = BTreeMap::new();
    let mut best: Vec<Option<(f64, usize)>> = vec![None; flow.nodes];
    for node in 0..flow.nodes {
        if graph.node(node).measured {
            continue;
        }
        let dependents = dependents(graph, node);
        let of = dependents.iter().filter(|&&one| graph.node(one).measured).count() as u64;
        let ill: Vec<usize> = dependents.iter().copied().filter(|&one| unexplained(flow, one)).collect();
        let count = ill.len() as u64;
        if count < 2 {
            continue;
        }
        let outside = measured - of;
        let likely = if outside == 0 {
            if count >= 3 { 0.4 } else { 0.0 }
        } else {
            1.0 - fisher_tail(sick - count, outside, count, of)
        };
        let plausible = likely * (count as f64 / of as f64) * onsets_agree(graph, &ill, options);
        if plausible < 0.3 {
            continue;
        }
        shared.insert(node, SharedBy { sick: count, of });
        for one in ill {
            if best[one].is_none_or(|(known, _)| plausible > known) {
                best[one] = Some((plausible, node));
            }
        }
    }
    let mut chosen: BTreeSet<usize> = BTreeSet::new();
    for (node, best) in best.into_iter().enumerate() {
        let Some((plausible, to)) = best else { continue };
        chosen.insert(to);
        let moved = flow.absorbed[node] * 0.9 * plausible;
        flow.absorbed[node] -= moved;
        flow.absorbed[to] += moved;
        flow.moves.push((node, to, 0.9 * plausible));
    }
    shared.retain(|node, _| chosen.contains(node));
    shared
}

/// Nodes that need `node` directly, by number.
fn dependents(graph: &Graph, node: usize) -> Vec<usize> {
    let edges = graph.inner.edges_directed(NodeIndex::new(node), Direction::Incoming);
    let backlog = graph.node(node).has(Symptom::Backlog);
    let of_queue = |kind| matches!(kind, RelationKind::Consumes | RelationKind::Produces);
    let relevant = edges.filter(|edge| !(backlog && of_queue(edge.weight().kind)));
    let set: BTreeSet<usize> = relevant.map(|edge| edge.source().index()).collect();
    set.into_iter().collect()
}

/// Share of the nodes whose onset lies within the tolerance of their median onset; unknown onsets agree.
fn onsets_agree(graph: &Graph, nodes: &[usize], options: &RankOptions) -> f64 {
    let mut onsets: Vec<(i64, usize)> =
        nodes.iter().filter_map(|&node| graph.node(node).onset_ns.map(|at| (at, node))).collect();
    if onsets.len() < 2 {
        return 1.0;
    }
    onsets.sort_unstable();
    let (middle, of) = onsets[onsets.len() / 2];
    let near = |&&(at, node): &&(i64, usize)| {
        at.saturating_sub(middle).saturating_abs() <= tolerance(graph, node, of, options)
    };
    let agree = onsets.iter().filter(near).count() + nodes.len() - onsets.len();
    agree as f64 / nodes.len() as f64
}
