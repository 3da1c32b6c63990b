//! Load that comes from above: a surge at the entry, or a caller that multiplies it.

use std::collections::BTreeSet;

use midwatch_model::RelationKind;
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::causal::{Graph, finite};
use super::flow::{Flow, saturate, timing, tolerance};
use super::rank::RankOptions;

/// Why blame moved up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FromAbove {
    /// Its load rose, and nobody's above it did.
    Surge,
    /// Its own load did not rise, but it makes more calls for each request.
    Amplifier,
}

/// Moves blame of overloaded nodes up to where the load rose first. Returns the nodes it came to, with why, by number.
///
/// Only as much moves as the load rise is strong, began no later than the sickness, and explains it.
pub(crate) fn move_to_load(
    graph: &Graph,
    flow: &mut Flow,
    options: &RankOptions,
) -> BTreeSet<(usize, FromAbove)> {
    let mut found: BTreeSet<(usize, FromAbove)> = BTreeSet::new();
    let mut left = vec![1.0_f64; flow.nodes];
    for &(from, _, part) in flow.moves.iter().filter(|one| one.0 < flow.nodes) {
        left[from] -= part;
    }
    let above: Vec<Option<(usize, FromAbove)>> =
        (0..flow.nodes).map(|node| next_above(graph, node, options)).collect();
    for (node, left) in left.into_iter().enumerate() {
        let anomaly = graph.node(node);
        let Some(load) = anomaly.load else { continue };
        let strength = saturate(load.score, options)
            * finite(load.explains).min(1.0)
            * timing(load.onset_ns, anomaly.onset_ns, tolerance(graph, node, node, options), options.step_ns);
        if strength <= 0.0 || flow.absorbed[node] <= 0.0 {
            continue;
        }
        let (at, why) = top_above(graph, &above, node);
        if at != node {
            // What earlier moves took away is gone already.
            let moved = flow.absorbed[node] * strength;
            flow.absorbed[node] -= moved;
            flow.absorbed[at] += moved;
            flow.moves.push((node, at, strength * left.max(0.0)));
        }
        found.insert((at, why));
    }
    found
}

/// Steps up that are followed; a chain of calls is far shorter.
const HOPS_MAX: usize = 64;

/// The end of the walk up from `node`. A walk that comes back to itself ends where the load of the circle rose first.
fn top_above(graph: &Graph, above: &[Option<(usize, FromAbove)>], node: usize) -> (usize, FromAbove) {
    let mut walked = vec![node];
    let (mut at, mut why) = (node, FromAbove::Surge);
    while let Some((next, reason)) = above[at] {
        if let Some(again) = walked.iter().position(|&seen| seen == next) {
            let onset =
                |&&of: &&usize| (graph.node(of).load.and_then(|load| load.onset_ns).unwrap_or(i64::MAX), of);
            return (walked[again..].iter().min_by_key(onset).copied().unwrap_or(at), FromAbove::Surge);
        }
        (at, why) = (next, reason);
        walked.push(at);
        if reason == FromAbove::Amplifier || walked.len() > HOPS_MAX {
            break;
        }
    }
    (at, why)
}

/// The caller or producer whose load rose most and not later; else one that multiplies its calls while its own load did
/// not rise; else none.
fn next_above(graph: &Graph, node: usize, options: &RankOptions) -> Option<(usize, FromAbove)> {
    let load = graph.node(node).load?;
    let edges = graph.inner.edges_directed(NodeIndex::new(node), Direction::Incoming);
    let mut surge: Option<(f64, usize)> = None;
    let mut amplifier: Option<(f64, usize)> = None;
    for edge in
        edges.filter(|edge| matches!(edge.weight().kind, RelationKind::Calls | RelationKind::Produces))
    {
        let caller = edge.source().index();
        let stronger = |known: Option<(f64, usize)>, score: f64| {
            known.is_none_or(|(best, of)| score > best || (score == best && caller < of))
        };
        match graph.node(caller).load {
            Some(above) => {
                let late = timing(
                    above.onset_ns,
                    load.onset_ns,
                    tolerance(graph, caller, node, options),
                    options.step_ns,
                );
                let score = saturate(above.score, options);
                if late >= 1.0 && score > 0.0 && stronger(surge, score) {
                    surge = Some((score, caller));
                }
            }
            None => {
                let score = saturate(edge.weight().anomaly.amplified, options);
                if score > 0.0 && stronger(amplifier, score) {
                    amplifier = Some((score, caller));
                }
            }
        }
    }
    surge
        .map(|(_, caller)| (caller, FromAbove::Surge))
        .or_else(|| amplifier.map(|(_, caller)| (caller, FromAbove::Amplifier)))
}
