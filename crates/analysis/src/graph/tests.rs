//! Table cases of the ranking: a small graph, the expected origins in order.

use midwatch_model::RelationKind::{self, BuiltFrom, Calls, Consumes, Produces, RunsOn};
use proptest::prelude::*;

use super::*;

const MINUTE: i64 = 60_000_000_000;

/// A node sick by `any` since minute `at`, whose own work cannot be told apart.
fn sick(any: f64, at: i64) -> Anomaly {
    Anomaly { any, onset_ns: Some(at * MINUTE), symptoms: vec![Symptom::Latency], ..Anomaly::well() }
}

/// A node sick by `any`, of which `own` is its own.
fn split(any: f64, own: f64, at: i64) -> Anomaly {
    Anomaly { own: Some(own), ..sick(any, at) }
}

fn backlog(any: f64, at: i64) -> Anomaly {
    Anomaly { symptoms: vec![Symptom::Backlog], ..sick(any, at) }
}

fn loaded(mut anomaly: Anomaly, at: i64) -> Anomaly {
    anomaly.load = Some(LoadRise { score: 12.0, onset_ns: Some(at * MINUTE), explains: 0.9 });
    anomaly
}

const PLAIN: EdgeAnomaly =
    EdgeAnomaly { measured: true, score: 0.0, blamed: 0.0, amplified: 0.0, share: None, onset_ns: None };

fn lost(score: f64) -> EdgeAnomaly {
    EdgeAnomaly { score, ..PLAIN }
}

type Related = (u32, u32, RelationKind, EdgeAnomaly);

fn graph(nodes: Vec<Anomaly>, relations: &[Related]) -> Graph {
    let mut graph = Graph::new(nodes);
    for &(from, to, kind, anomaly) in relations {
        assert!(graph.relate(NodeId(from), NodeId(to), kind, anomaly));
    }
    graph
}

fn node(number: u32) -> Origin {
    Origin::Node { node: NodeId(number) }
}

/// Ranks, and checks the first origin.
#[track_caller]
fn check(nodes: Vec<Anomaly>, relations: &[Related], first: Origin) -> RankedOrigin {
    let graph = graph(nodes, relations);
    let mut ranked = rank_origins(&graph, &RankOptions::default());
    assert_eq!(ranked.first().map(|origin| origin.at), Some(first), "{ranked:#?}");
    ranked.remove(0)
}

fn calls(from: u32, to: u32) -> Related {
    (from, to, Calls, PLAIN)
}

#[test]
fn the_deepest_sick_node_outranks_its_callers_even_when_its_signal_is_weaker() {
    let nodes = vec![sick(14.0, 0), sick(9.0, 0), sick(6.0, 0), Anomaly::well()];
    let first = check(nodes, &[calls(0, 1), calls(1, 2), calls(2, 3)], node(2));
    assert_eq!(first.explains, [NodeId(0), NodeId(1)]);
    assert!(first.reasons.contains(&Reason::DependenciesWell { count: 1 }));
    assert!(first.score > 1.0 && first.share > 0.5);
}

#[test]
fn own_evidence_stops_blame_where_the_work_is_sick() {
    // The callee is a little slow as well, but the caller's own time exploded.
    let nodes = vec![split(12.0, 12.0, 0), split(2.5, 2.5, 0)];
    check(nodes, &[calls(0, 1)], node(0));
    let nodes = vec![split(12.0, 0.0, 0), split(8.0, 8.0, 0)];
    check(nodes, &[calls(0, 1)], node(1));
}

#[test]
fn what_began_later_explains_little_but_within_a_step_onsets_tie() {
    let later = check(vec![sick(10.0, 0), sick(10.0, 30)], &[calls(0, 1)], node(0));
    assert!(later.explained_by_dependencies < 0.2);
    check(vec![sick(10.0, 10), sick(10.0, 11)], &[calls(0, 1)], node(1));
    let mut uncertain = sick(10.0, 15);
    uncertain.onset_uncertainty_ns = 5 * MINUTE;
    check(vec![sick(10.0, 10), uncertain], &[calls(0, 1)], node(1));
}

#[test]
fn an_edge_is_the_origin_when_both_ends_are_well_in_themselves() {
    let at = Origin::Edge { from: NodeId(1), to: NodeId(2), kind: Calls };
    let nodes = vec![split(9.0, 0.0, 0), split(9.0, 0.0, 0), Anomaly { own: Some(0.0), ..Anomaly::well() }];
    let first = check(nodes, &[calls(0, 1), (1, 2, Calls, lost(9.0))], at);
    assert_eq!(first.explains, [NodeId(0), NodeId(1)]);
}

#[test]
fn when_all_edges_of_a_node_are_sick_it_is_the_node() {
    let well = || Anomaly { own: Some(0.0), ..Anomaly::well() };
    let nodes = vec![split(9.0, 0.0, 0), split(8.0, 0.0, 0), well(), well()];
    let relations =
        [(0, 2, Calls, lost(9.0)), (1, 2, Calls, lost(9.0)), (0, 3, Calls, PLAIN), (1, 3, Calls, PLAIN)];
    let first = check(nodes, &relations, node(2));
    assert!(first.reasons.contains(&Reason::EdgesShareIt { sick: 2, of: 2 }));
    assert_eq!(first.explains, [NodeId(0), NodeId(1)]);
}

#[test]
fn a_machine_that_the_sick_ones_share_is_the_origin_and_one_they_do_not_is_not() {
    let unknown = Anomaly::default();
    let nodes = vec![
        sick(8.0, 0),
        sick(8.0, 0),
        sick(7.0, 1),
        Anomaly::well(),
        Anomaly::well(),
        Anomaly::well(),
        unknown.clone(),
        unknown,
    ];
    let on = |from: u32, to: u32| (from, to, RunsOn, PLAIN);
    let relations = [on(0, 6), on(1, 6), on(2, 6), on(3, 7), on(4, 7), on(5, 7)];
    let first = check(nodes.clone(), &relations, node(6));
    assert!(first.shared && first.unmeasured);
    assert!(first.reasons.contains(&Reason::SharedBySick { sick: 3, of: 3 }));
    assert_eq!(first.explains, [NodeId(0), NodeId(1), NodeId(2)]);
    // Spread over both machines as well as over the healthy, no machine is.
    let relations = [on(0, 6), on(3, 6), on(1, 7), on(4, 7), on(5, 7)];
    check(nodes, &relations, node(0));
}

#[test]
fn a_library_that_sick_services_share_is_a_candidate() {
    let nodes = vec![
        sick(8.0, 0),
        sick(8.0, 0),
        Anomaly::well(),
        Anomaly::well(),
        Anomaly::well(),
        Anomaly::default(),
    ];
    let from = |at: u32| (at, 5, BuiltFrom, PLAIN);
    assert!(check(nodes, &[from(0), from(1)], node(5)).shared);
}

#[test]
fn an_outside_callee_that_errors_name_is_the_origin_unmeasured() {
    let named = EdgeAnomaly { measured: false, blamed: 9.0, ..PLAIN };
    let nodes = vec![sick(9.0, 0), sick(9.0, 0), Anomaly::default()];
    let first = check(nodes, &[calls(0, 1), (1, 2, Calls, named)], node(2));
    assert!(first.unmeasured && first.reasons.contains(&Reason::NamedByCallers { callers: 1 }));
}

#[test]
fn blame_passes_through_what_nobody_measured() {
    let nodes = vec![sick(9.0, 0), Anomaly::default(), sick(9.0, 0)];
    let first = check(nodes, &[calls(0, 1), calls(1, 2)], node(2));
    assert_eq!(first.explains, [NodeId(0)]);
}

#[test]
fn a_backlog_is_the_victim_of_a_slow_consumer() {
    // 0 produces into 1, 2 consumes from it.
    let nodes = vec![Anomaly::well(), backlog(12.0, 1), sick(7.0, 0)];
    let relations = [(0, 1, Produces, PLAIN), (2, 1, Consumes, PLAIN)];
    let first = check(nodes, &relations, node(2));
    assert!(first.reasons.contains(&Reason::BacklogOfItsQueue { queue: NodeId(1) }));
    assert_eq!(first.explains, [NodeId(1)]);
}

#[test]
fn a_backlog_is_the_victim_of_a_surging_producer() {
    let nodes = vec![loaded(Anomaly::well(), 0), backlog(12.0, 1), Anomaly::well()];
    check(nodes, &[(0, 1, Produces, PLAIN), (2, 1, Consumes, PLAIN)], node(0));
}

#[test]
fn a_broken_queue_is_the_origin_for_those_who_use_it() {
    let nodes = vec![sick(9.0, 0), Anomaly { symptoms: vec![Symptom::Errors], ..sick(9.0, 0) }, sick(9.0, 0)];
    let first = check(nodes, &[(0, 1, Produces, PLAIN), (2, 1, Consumes, PLAIN)], node(1));
    assert_eq!(first.explains, [NodeId(0), NodeId(2)]);
}

#[test]
fn a_load_surge_is_put_where_load_rose_first() {
    let nodes = vec![loaded(sick(3.0, 1), 0), loaded(sick(5.0, 1), 0), loaded(sick(12.0, 2), 0)];
    let first = check(nodes, &[calls(0, 1), calls(1, 2)], node(0));
    assert!(first.reasons.contains(&Reason::LoadSurge));
}

#[test]
fn a_caller_that_multiplies_its_calls_is_blamed_for_the_load() {
    let more = EdgeAnomaly { amplified: 10.0, ..PLAIN };
    let nodes = vec![sick(6.0, 0), loaded(sick(10.0, 0), 0)];
    let first = check(nodes, &[(0, 1, Calls, more)], node(0));
    assert!(first.reasons.contains(&Reason::Amplifies));
}

#[test]
fn load_that_rose_after_the_sickness_explains_nothing() {
    let nodes = vec![loaded(sick(3.0, 20), 20), loaded(sick(12.0, 0), 20)];
    check(nodes, &[calls(0, 1)], node(1));
}

#[test]
fn a_cycle_ends_at_the_node_sick_in_itself() {
    let nodes = vec![split(9.0, 0.0, 0), split(9.0, 8.0, 0), split(9.0, 0.0, 0)];
    let first = check(nodes, &[calls(0, 1), calls(1, 2), calls(2, 0)], node(1));
    assert_eq!(first.explains, [NodeId(0), NodeId(2)]);
}

#[test]
fn nothing_sick_has_no_origin() {
    let healthy = graph(vec![Anomaly::well(), sick(0.5, 0), Anomaly::default()], &[calls(0, 1), calls(1, 2)]);
    assert!(rank_origins(&healthy, &RankOptions::default()).is_empty());
}

#[test]
fn relations_that_cannot_be_are_refused() {
    let mut graph = Graph::new(vec![Anomaly::well(), Anomaly::well()]);
    assert!(!graph.relate(NodeId(0), NodeId(0), Calls, PLAIN));
    assert!(!graph.relate(NodeId(0), NodeId(9), Calls, PLAIN));
    assert!(!graph.relate(NodeId(0), NodeId(1), RelationKind::OwnedBy, PLAIN));
    assert!(
        graph.relate(NodeId(0), NodeId(1), Calls, PLAIN)
            && graph.relate(NodeId(0), NodeId(1), Calls, lost(4.0))
    );
    assert_eq!(graph.relations().map(|relation| relation.3.score).collect::<Vec<_>>(), [4.0]);
}

#[test]
fn the_spread_leads_from_the_origin_outwards() {
    // 0 -> 1 -> 3, 2 -> 3: 3 is the origin.
    let nodes = vec![sick(9.0, 2), sick(9.0, 1), sick(9.0, 1), sick(9.0, 0)];
    let graph = graph(nodes, &[calls(0, 1), calls(1, 3), calls(2, 3)]);
    let options = RankOptions::default();
    let steps = spread(&graph, node(3), &options);
    let short: Vec<_> = steps.iter().map(|step| (step.from.0, step.to.0, step.hops)).collect();
    assert_eq!(short, [(3, 1, 1), (3, 2, 1), (1, 0, 2)]);
    assert_eq!(steps[2].lag_ns, Some(2 * MINUTE));
    assert_eq!(path_to(&steps, NodeId(0)), [NodeId(3), NodeId(1), NodeId(0)]);
    assert!(path_to(&steps, NodeId(3)).is_empty() && spread(&graph, node(77), &options).is_empty());
}

#[test]
fn a_long_chain_and_a_wide_star_are_quick_and_right() {
    let size = 10_000_u32;
    let chain: Vec<Related> = (0..size - 1).map(|at| calls(at, at + 1)).collect();
    let first = check(vec![sick(12.0, 0); size as usize], &chain, node(size - 1));
    assert!(first.explains.contains(&NodeId(size - 2)));
    let star: Vec<Related> = (1..size).map(|at| calls(at, 0)).collect();
    let first = check(vec![sick(9.0, 0); size as usize], &star, node(0));
    assert_eq!(first.explains.len(), size as usize - 1);
}

fn any_anomaly() -> impl Strategy<Value = Anomaly> {
    let score = prop_oneof![0.0..15.0_f64, Just(f64::NAN), Just(f64::INFINITY), Just(-3.0)];
    let onset = proptest::option::of(prop_oneof![-5_i64..5, Just(i64::MAX), Just(i64::MIN)]);
    (any::<bool>(), score.clone(), proptest::option::of(score), onset, any::<bool>(), any::<bool>()).prop_map(
        |(measured, any, own, onset_ns, queue, surge)| Anomaly {
            measured,
            any,
            own,
            onset_ns,
            onset_uncertainty_ns: onset_ns.unwrap_or(0),
            symptoms: if queue { vec![Symptom::Backlog] } else { vec![Symptom::Errors] },
            load: surge.then_some(LoadRise { score: any, onset_ns, explains: any }),
        },
    )
}

fn any_graph() -> impl Strategy<Value = Graph> {
    let score = prop_oneof![0.0..15.0_f64, Just(f64::NAN), Just(f64::INFINITY)];
    let relation = (0_u32..14, 0_u32..14, 0_usize..5, score, any::<bool>());
    let relations = proptest::collection::vec(relation, 0..40);
    (proptest::collection::vec(any_anomaly(), 0..12), relations).prop_map(|(nodes, relations)| {
        let mut graph = Graph::new(nodes);
        for (from, to, kind, score, named) in relations {
            let kind = [Calls, Consumes, Produces, RunsOn, BuiltFrom][kind];
            let blamed = if named { score } else { 0.0 };
            let anomaly =
                EdgeAnomaly { score, blamed, amplified: blamed, share: named.then_some(score), ..PLAIN };
            graph.relate(NodeId(from), NodeId(to), kind, anomaly);
        }
        graph
    })
}

proptest! {
    #[test]
    fn any_graph_is_ranked_strictly_and_no_blame_is_made_up(graph in any_graph()) {
        let options = RankOptions::default();
        let ranked = rank_origins(&graph, &options);
        prop_assert_eq!(&ranked, &rank_origins(&graph, &options));
        prop_assert!(ranked.windows(2).all(|pair| pair[0].score >= pair[1].score && pair[0].at != pair[1].at));
        let total: f64 = ranked.iter().map(|origin| origin.score).sum();
        prop_assert!(total <= 1.1 * graph.len() as f64 + 1e-9);
        for origin in &ranked {
            prop_assert!((0.0..=1.0).contains(&origin.share) && origin.score.is_finite());
            let steps = spread(&graph, origin.at, &options);
            prop_assert!(steps.len() <= graph.len());
            for step in &steps {
                prop_assert!(path_to(&steps, step.to).len() <= graph.len() + 1);
            }
        }
    }

    #[test]
    fn blame_is_neither_lost_nor_made(graph in any_graph()) {
        let (flow, _) = super::rank::settled(&graph, &RankOptions::default());
        let started: f64 = flow.sickness.iter().sum();
        let ended: f64 = flow.absorbed.iter().sum();
        prop_assert!((started - ended).abs() < 1e-6, "{} started, {} ended", started, ended);
        prop_assert!(flow.absorbed.iter().all(|&blame| blame >= -1e-9));
    }
}
