//! How blame flows: who explains how much of whose sickness.
//!
//! Every sick node starts with blame of its own sickness. It keeps what its dependencies do not explain and passes the
//! rest to them, callers first, so each unit of blame ends where nothing deeper explains it. This is the traversal of
//! CauseInfer (Chen et al., INFOCOM 2014) made gradual, instead of the random walks of MonitorRank (Kim et al.,
//! SIGMETRICS 2013) and MicroRCA (Wu et al., NOMS 2020): a walk's scores depend on restarts and on node degrees, and a
//! yes-or-no traversal loses the trail at one weak signal. Here each share can be shown, and time is linear.

use midwatch_model::RelationKind;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::causal::{Graph, Symptom, finite};
use super::rank::RankOptions;

/// Blame that passes from a node to what explains it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    /// Node, or `nodes + e` for relation number `e`.
    pub(crate) to: usize,
    /// Part of the passing node's blame.
    pub(crate) part: f64,
}

/// Outcome of the flow. Relations are places too: number `nodes + e`.
pub(crate) struct Flow {
    /// Nodes of the graph.
    pub(crate) nodes: usize,
    /// Blame each node starts with: its sickness between 0 and 1.
    pub(crate) sickness: Vec<f64>,
    /// What dependencies and relations explain of it, 0 to 1.
    pub(crate) explained: Vec<f64>,
    /// Part of a node's blame that it keeps.
    pub(crate) kept: Vec<f64>,
    /// Where the rest goes.
    pub(crate) shares: Vec<Vec<Share>>,
    /// Blame that ended at each place.
    pub(crate) absorbed: Vec<f64>,
    /// Nodes, each before all it passes blame to.
    pub(crate) order: Vec<usize>,
    /// Blame moved afterwards: from, to, part of what `from` kept.
    pub(crate) moves: Vec<(usize, usize, f64)>,
}

/// One thing that another needs.
struct Need {
    on: usize,
    edge: usize,
    /// Blame follows the load rather than the sickness of `on`.
    by_load: bool,
}

/// Sickness between 0 and 1: nothing below half the line, then `1 - exp(-score / scale)`.
pub(crate) fn saturate(score: f64, options: &RankOptions) -> f64 {
    let score = finite(score);
    let half = options.sick_min / 2.0;
    let ramp = if half > 0.0 { ((score - half) / half).clamp(0.0, 1.0) } else { 1.0 };
    ramp * (1.0 - (-score / options.scale.max(1e-6)).exp())
}

/// How plausible it is that something which began at `cause` explains what began at `effect`: 1 within the tolerance,
/// falling to a tenth for a cause that came later.
pub(crate) fn timing(cause: Option<i64>, effect: Option<i64>, tolerance_ns: i64, step_ns: i64) -> f64 {
    let (Some(cause), Some(effect)) = (cause, effect) else { return 1.0 };
    let late = cause.saturating_sub(effect).saturating_sub(tolerance_ns);
    if late <= 0 { 1.0 } else { (-(late as f64) / (3.0 * step_ns.max(1) as f64)).exp().max(0.1) }
}

/// Tolerance between the onsets of two nodes.
pub(crate) fn tolerance(graph: &Graph, a: usize, b: usize, options: &RankOptions) -> i64 {
    let of = |node: usize| graph.node(node).onset_uncertainty_ns.max(0);
    of(a).saturating_add(of(b)).saturating_add(options.step_ns.max(0))
}

pub(crate) fn flow(graph: &Graph, options: &RankOptions) -> Flow {
    let nodes = graph.len();
    let needs = needs(graph);
    let priority = |node: usize| priority(graph, node, options);
    let mut order: Vec<usize> = Vec::with_capacity(nodes);
    for mut members in components(&needs) {
        members.sort_by_cached_key(|&member| priority(member));
        order.extend(members);
    }
    // Components come dependencies first; within one, the likelier origin comes first.
    let mut place = vec![0_usize; nodes];
    for (at, &node) in order.iter().enumerate() {
        place[node] = at;
    }
    let mut flow = Flow {
        nodes,
        sickness: vec![0.0; nodes],
        explained: vec![0.0; nodes],
        kept: vec![1.0; nodes],
        shares: vec![Vec::new(); nodes],
        absorbed: vec![0.0; nodes + graph.inner.edge_count()],
        order: Vec::new(),
        moves: Vec::new(),
    };
    let mut seems: Vec<(f64, Option<i64>)> = vec![(0.0, None); nodes];
    for &node in &order {
        let inside = needs[node].iter().filter(|need| place[need.on] < place[node]);
        settle(graph, &mut flow, &mut seems, node, inside, options);
    }
    order.reverse();
    let mut blame = flow.sickness.clone();
    for &node in &order {
        flow.absorbed[node] += blame[node] * flow.kept[node];
        for share in &flow.shares[node] {
            let passed = blame[node] * share.part;
            match blame.get_mut(share.to) {
                Some(deeper) => *deeper += passed,
                None => flow.absorbed[share.to] += passed,
            }
        }
    }
    flow.order = order;
    flow
}

/// What one node keeps and passes on, once its dependencies are settled.
fn settle<'n>(
    graph: &Graph,
    flow: &mut Flow,
    seems: &mut [(f64, Option<i64>)],
    node: usize,
    needs: impl Iterator<Item = &'n Need>,
    options: &RankOptions,
) {
    let anomaly = graph.node(node);
    let own_sickness = saturate(anomaly.sickness(), options);
    let mut explanations: Vec<Share> = Vec::new();
    let mut blamed_by_nobody = 1.0_f64;
    let mut deepest: (f64, Option<i64>) = (0.0, None);
    for need in needs {
        let relation = &graph.inner[petgraph::graph::EdgeIndex::new(need.edge)];
        let edge = &relation.anomaly;
        let callee = graph.node(need.on);
        let share = edge.share.map_or(1.0, |share| finite(share).min(1.0));
        let within = tolerance(graph, node, need.on, options);
        let (seen, onset) = match (need.by_load, callee.load) {
            (true, Some(load)) => (saturate(load.score, options), load.onset_ns),
            _ => seems[need.on],
        };
        let by_node = seen * timing(onset, anomaly.onset_ns, within, options.step_ns) * share;
        let named = saturate(edge.blamed, options);
        let by_name = if callee.measured { 0.0 } else { named };
        let callee_well = callee.measured && seen == 0.0;
        let lost = saturate(edge.score, options).max(if callee_well { 0.7 * named } else { 0.0 });
        let by_edge = lost * timing(edge.onset_ns, anomaly.onset_ns, within, options.step_ns);
        let by_node = by_node.max(by_name);
        for (to, part) in [(need.on, by_node), (flow.nodes + need.edge, by_edge)] {
            if part > 0.0 {
                explanations.push(Share { to, part });
                blamed_by_nobody *= 1.0 - part.min(0.98);
            }
        }
        if by_node.max(by_edge) > deepest.0 {
            deepest = (by_node.max(by_edge), onset.or(edge.onset_ns));
        }
    }
    let explained = 1.0 - blamed_by_nobody;
    let kept = if explanations.is_empty() {
        1.0
    } else if !anomaly.measured {
        0.1
    } else if let Some(own) = anomaly.own {
        let own = saturate(own, options) + 0.05;
        own / (own + explained)
    } else {
        (1.0 - explained).max(0.05)
    };
    // One deep cause says more than several mild ones: shares go by the square.
    let total: f64 = explanations.iter().map(|share| share.part * share.part).sum();
    for share in &mut explanations {
        share.part = (1.0 - kept) * share.part * share.part / total;
    }
    flow.sickness[node] = own_sickness;
    flow.explained[node] = explained;
    flow.kept[node] = kept;
    flow.shares[node] = explanations;
    // A node that nobody measured passes on what lies behind it.
    seems[node] = if anomaly.measured || own_sickness > 0.0 {
        (own_sickness, anomaly.onset_ns)
    } else {
        (0.9 * deepest.0, deepest.1)
    };
}

/// What each node needs. A queue with a backlog needs its consumers (they are slow) and, when load rose, its producers;
/// a queue that is sick otherwise is needed by both.
fn needs(graph: &Graph) -> Vec<Vec<Need>> {
    let mut needs: Vec<Vec<Need>> = (0..graph.len()).map(|_| Vec::new()).collect();
    for edge in graph.inner.edge_references() {
        let (from, to) = (edge.source().index(), edge.target().index());
        let number = edge.id().index();
        let queue = graph.node(to);
        let backlog = queue.has(Symptom::Backlog);
        let otherwise_sick = queue.symptoms.iter().any(|&symptom| symptom != Symptom::Backlog);
        let is_queue = matches!(edge.weight().kind, RelationKind::Consumes | RelationKind::Produces);
        if !is_queue || !backlog || otherwise_sick {
            needs[from].push(Need { on: to, edge: number, by_load: false });
        }
        if backlog && edge.weight().kind == RelationKind::Consumes {
            needs[to].push(Need { on: from, edge: number, by_load: false });
        }
        if backlog && edge.weight().kind == RelationKind::Produces && graph.node(from).load.is_some() {
            needs[to].push(Need { on: from, edge: number, by_load: true });
        }
    }
    for list in &mut needs {
        list.sort_by_key(|need| (need.on, need.edge));
    }
    needs
}

/// Strongly connected components of the needs, dependencies first.
fn components(needs: &[Vec<Need>]) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(needs.len(), needs.len());
    for _ in needs {
        graph.add_node(());
    }
    for (from, list) in needs.iter().enumerate() {
        for need in list {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(need.on), ());
        }
    }
    tarjan_scc(&graph)
        .into_iter()
        .map(|component| component.into_iter().map(NodeIndex::index).collect())
        .collect()
}

/// Order inside a cycle, likelier origins first: own sickness in tenths, then onset in steps, then sickness, then number.
fn priority(graph: &Graph, node: usize, options: &RankOptions) -> (i64, i64, i64, usize) {
    let anomaly = graph.node(node);
    let tenths = |score: f64| (10.0 * saturate(score, options)).round() as i64;
    let own = anomaly.own.map_or_else(|| tenths(anomaly.any) / 2, tenths);
    let onset = anomaly.onset_ns.map_or(i64::MAX, |ns| ns.div_euclid(options.step_ns.max(1)));
    (-own, onset, -(1e3 * anomaly.sickness()) as i64, node)
}
