//! The network of a machine: packets that are lost, or that come late.
//!
//! TCP sends again what is not acknowledged in time. Loss makes it do so steadily, in proportion to the traffic, and
//! hits some calls hard while most pass: the tail rises more than the median and the request rate holds. Delay moves
//! every call that crosses the machine, so the median rises and those who wait ask less often; only the first
//! segments after the onset, or of new connections, are sent again before the timer has learnt the new time.
//! Source: RFC 6298 (the retransmission timer adapts to the round trip), and Linux's least timeout of 200 ms.

use super::load::{Load, short};
use super::programs::Culprit;
use crate::context::Measured;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture};
use crate::remedy;

/// Retransmissions a second below which nothing is concluded.
const RETRANSMISSIONS_MIN: f64 = 0.3;
/// Times as many as before.
const RETRANSMISSIONS_RATIO_MIN: f64 = 3.0;
/// Retransmissions a second that delay alone seldom causes once timers have adapted, and those that loss on a busy
/// machine seldom stays below.
const MANY_RETRANSMISSIONS: f64 = 4.0;
const FEW_RETRANSMISSIONS: f64 = 1.5;
/// Part of its former request rate below which a program is asked less.
const FEWER_REQUESTS: f64 = 0.6;
/// A median that rises by several of the least timeouts cannot be explained by some lost packets.
const LONG_MEDIAN_MS: f64 = 1000.0;

/// The fault of the network of the machine that sends most again: loss and delay, the likelier first. Empty when no
/// machine does so, or when nothing is slow.
pub(super) fn network(picture: &Picture, loads: &[Load<'_>], culprits: &[Culprit]) -> Vec<Fault> {
    let Some(node) = noisiest(loads) else { return Vec::new() };
    let slow: Vec<&Load<'_>> =
        loads.iter().filter(|load| load.key.kind != Kind::Node && load.rise().is_some()).collect();
    let fewer: Vec<&Load<'_>> =
        loads.iter().filter(|load| kept(load).is_some_and(|kept| kept < FEWER_REQUESTS)).collect();
    if slow.is_empty() && fewer.is_empty() {
        return Vec::new();
    }
    let delay = delay_votes(node, loads);
    let order = match delay > 0.0 {
        true => [FaultKind::NodeNetworkDelay, FaultKind::NodePacketLoss],
        false => [FaultKind::NodePacketLoss, FaultKind::NodeNetworkDelay],
    };
    let mut explains: Vec<ObjectKey> = slow.iter().chain(fewer.iter()).map(|load| load.key.clone()).collect();
    explains.sort();
    explains.dedup();
    let facts = facts(picture, node, &slow, &fewer);
    let sent_again = node.of(Measured::Retransmissions).map_or(0.0, |found| found.after);
    let independent = culprits.len().max(1);
    order
        .into_iter()
        .enumerate()
        .map(|(place, kind)| {
            let verb = if kind == FaultKind::NodePacketLoss { "loses packets" } else { "delays packets" };
            Fault {
                kind,
                subject: String::new(),
                object: node.key.clone(),
                standing: Standing::Active,
                certainty: if place == 0 { Certainty::Shown } else { Certainty::Suspected },
                summary: format!(
                    "the network of {} {verb}: it sends {} segments a second again, and {} programs are slow, {} of \
                     them without a slow callee",
                    node.name,
                    short(sent_again),
                    slow.len(),
                    independent
                ),
                facts: facts.clone(),
                explains: explains.clone(),
                neighbours: order.iter().copied().filter(|other| *other != kind).collect(),
                remedy: format!(
                    "Look at the network card, cable, switch port and queueing of {0} (ip -s link, ethtool -S, tc -s \
                     qdisc, ping between nodes), and move its pods away meanwhile: {1}",
                    node.name,
                    remedy::command(&[
                        "kubectl",
                        "drain",
                        node.name,
                        "--ignore-daemonsets",
                        "--delete-emptydir-data"
                    ])
                ),
            }
        })
        .collect()
}

/// The machine with the most retransmissions, if there are many more than before. Its peers send again, too, what
/// they send to it, so smaller rises elsewhere are echoes.
fn noisiest<'l, 'a>(loads: &'l [Load<'a>]) -> Option<&'l Load<'a>> {
    let sent_again = |load: &Load<'_>| {
        let found = load.of(Measured::Retransmissions)?;
        let rose =
            found.after >= RETRANSMISSIONS_MIN && found.after >= RETRANSMISSIONS_RATIO_MIN * found.before;
        rose.then_some(found.after)
    };
    let nodes = loads.iter().filter(|load| load.key.kind == Kind::Node);
    nodes
        .filter_map(|load| Some((sent_again(load)?, load)))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, load)| load)
}

/// Part of its former request rate that a program keeps.
fn kept(load: &Load<'_>) -> Option<f64> {
    let found = load.of(Measured::Requests)?;
    (found.before > 0.0).then(|| found.after / found.before)
}

/// Above zero when the signs speak for delay, below when for loss.
fn delay_votes(node: &Load<'_>, loads: &[Load<'_>]) -> f64 {
    let programs: Vec<&Load<'_>> = loads.iter().filter(|load| load.key.kind != Kind::Node).collect();
    let fewer = programs.iter().filter(|load| kept(load).is_some_and(|kept| kept < FEWER_REQUESTS)).count();
    let requests = if 2 * fewer >= programs.len() { 1.0 } else { -1.0 };
    let added = |load: &Load<'_>, measured| load.of(measured).map_or(0.0, |found| found.after - found.before);
    let medians = programs.iter().filter(|load| added(load, Measured::LatencyMedian) >= LONG_MEDIAN_MS);
    let tails = programs.iter().filter(|load| {
        let tail = added(load, Measured::LatencyTail);
        tail > 0.0 && tail >= 3.0 * added(load, Measured::LatencyMedian)
    });
    let shape = match (medians.count(), tails.count()) {
        (medians, tails) if medians > tails => 1.0,
        (medians, tails) if tails > medians => -1.0,
        _ => 0.0,
    };
    let retransmissions = match node.of(Measured::Retransmissions).map_or(0.0, |found| found.after) {
        rate if rate >= MANY_RETRANSMISSIONS => -1.0,
        rate if rate <= FEW_RETRANSMISSIONS => 1.0,
        _ => 0.0,
    };
    requests + shape + retransmissions
}

fn facts(picture: &Picture, node: &Load<'_>, slow: &[&Load<'_>], fewer: &[&Load<'_>]) -> Vec<Fact> {
    let mut facts = node.facts(&[Measured::Retransmissions]);
    for load in slow.iter().take(4) {
        facts.extend(load.facts(&[Measured::LatencyMedian, Measured::LatencyTail]));
    }
    for load in fewer.iter().take(3) {
        facts.extend(load.facts(&[Measured::Requests]));
    }
    let on_it = slow.iter().filter(|load| load.nodes.iter().any(|at| at == node.name)).count();
    if on_it > 0 {
        let statement = format!("{on_it} of the {} slow programs run on {}", slow.len(), node.name);
        facts.push(picture.fact(&node.key, node.name, statement));
    }
    facts
}
