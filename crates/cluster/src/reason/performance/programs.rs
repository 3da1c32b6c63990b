//! Slow programs: who is slow of itself.
//!
//! A call takes as long as its own work and the calls it waits for. A program whose added time is found again in what
//! it calls is a victim; the deepest one that nothing explains is the cause. Source: call-graph attribution as in
//! Chen et al., *CauseInfer* (INFOCOM 2014), and Lin et al., *MicroScope* (ICSOC 2018), reduced to one comparison.

use std::collections::BTreeSet;

use super::graph::Calls;
use super::load::{Load, Rise, short};
use crate::context::Measured;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::Picture;
use crate::remedy;

/// A callee explains its caller from this share of the caller's added time on: a caller may call ten times in a row.
const SHARE_MIN: f64 = 0.1;
/// Of several programs that nothing explains, those with less than this share of the most added time are ripples.
const RIPPLE_SHARE: f64 = 0.1;

/// A program that is slow and waits for nobody slow.
#[derive(Debug)]
pub(super) struct Culprit {
    /// Index in the loads.
    pub at: usize,
    /// How much slower it is; `None` when only its callers show it.
    pub rise: Option<Rise>,
    /// Slow programs that wait for it, as indices.
    pub victims: Vec<usize>,
}

/// Programs that are slow of themselves, the one that adds most first.
pub(super) fn culprits(loads: &[Load<'_>], calls: &Calls) -> Vec<Culprit> {
    let rises: Vec<Option<Rise>> =
        loads.iter().map(|load| if load.key.kind == Kind::Node { None } else { load.rise() }).collect();
    let below: Vec<BTreeSet<&str>> = loads.iter().map(|load| calls.below(load.name)).collect();
    let waits = |caller: usize, callee: usize| {
        let found = below.get(caller).zip(loads.get(callee));
        caller != callee && found.is_some_and(|(below, load)| below.contains(load.name))
    };
    let rise = |at: usize| rises.get(at).copied().flatten();
    let explained = |at: usize| {
        let Some(own) = rise(at) else { return true };
        loads.iter().enumerate().any(|(other, load)| {
            if !waits(at, other) {
                return false;
            }
            let Some(theirs) = rise(other) else { return load.is_overloaded() };
            // Where two call each other, the one that changed more in its own terms is the cause.
            let upstream = waits(other, at) && theirs.ratio <= own.ratio;
            theirs.added_ms >= SHARE_MIN * own.added_ms && !upstream
        })
    };
    let slow: Vec<usize> = (0..loads.len()).filter(|at| rise(*at).is_some()).collect();
    let mut culprits: Vec<Culprit> = Vec::new();
    for (at, load) in loads.iter().enumerate().filter(|(_, load)| load.key.kind != Kind::Node) {
        let victims: Vec<usize> = slow.iter().copied().filter(|other| waits(*other, at)).collect();
        let seen_by_callers = load.is_overloaded() && !victims.is_empty();
        if load.is_overloaded() && rise(at).is_some() || seen_by_callers || !explained(at) {
            culprits.push(Culprit { at, rise: rise(at), victims });
        }
    }
    let added = |culprit: &Culprit| culprit.rise.map_or(0.0, |rise| rise.added_ms);
    culprits.sort_by(|a, b| added(b).total_cmp(&added(a)).then(a.at.cmp(&b.at)));
    let most = culprits.first().map_or(0.0, added);
    culprits.retain(|culprit| {
        let overloaded = loads.get(culprit.at).is_some_and(Load::is_overloaded);
        overloaded || added(culprit) >= RIPPLE_SHARE * most
    });
    culprits
}

/// Faults of programs. When the network of a machine is at fault, slowness on the network is its consequence and only
/// programs that want more processor than they get are faults of their own.
pub(super) fn faults(
    picture: &Picture,
    loads: &[Load<'_>],
    calls: &Calls,
    culprits: &[Culprit],
    network_at_fault: bool,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, culprit) in culprits.iter().enumerate() {
        let Some(load) = loads.get(culprit.at) else { continue };
        let victims: Vec<&Load<'_>> = culprit.victims.iter().filter_map(|at| loads.get(*at)).collect();
        if load.is_overloaded() {
            faults.push(overload(load, &victims));
        } else if !network_at_fault {
            faults.push(delay(load, culprit, &victims, place == 0));
            faults.extend(neighbour(picture, loads, calls, load));
        }
    }
    faults
}

fn explains(load: &Load<'_>, victims: &[&Load<'_>]) -> Vec<ObjectKey> {
    let mut keys: Vec<ObjectKey> = victims.iter().map(|victim| victim.key.clone()).collect();
    keys.push(load.key.clone());
    keys.sort();
    keys.dedup();
    keys
}

fn names(victims: &[&Load<'_>]) -> String {
    let shown: Vec<&str> = victims.iter().take(4).map(|victim| victim.name).collect();
    match victims.len() {
        0 => String::new(),
        count if count > 4 => format!(", and {} and {} others wait for it", shown.join(", "), count - 4),
        1 => format!(", and {} waits for it", shown.join("")),
        _ => format!(", and {} wait for it", shown.join(", ")),
    }
}

fn slower(load: &Load<'_>) -> String {
    let found = [Measured::LatencyTail, Measured::LatencyMedian]
        .iter()
        .filter_map(|measured| load.of(*measured))
        .max_by(|a, b| (a.after - a.before).total_cmp(&(b.after - b.before)));
    match found {
        Some(found) => {
            format!("its calls take {} ms instead of {} ms", short(found.after), short(found.before))
        }
        None => "those who call it wait".to_owned(),
    }
}

fn overload(load: &Load<'_>, victims: &[&Load<'_>]) -> Fault {
    let used = load.of(Measured::Cpu).map_or_else(String::new, |cpu| {
        format!("uses {} cores instead of {}", short(cpu.after), short(cpu.before))
    });
    let limit = load.cores_max.map_or_else(String::new, |max| format!(" of {} allowed", short(max)));
    let mut facts =
        load.facts(&[Measured::CpuThrottled, Measured::Cpu, Measured::LatencyTail, Measured::LatencyMedian]);
    for victim in victims.iter().take(3) {
        facts.extend(victim.facts(&[Measured::LatencyTail, Measured::LatencyMedian]).into_iter().take(1));
    }
    Fault {
        kind: FaultKind::CpuOverload,
        subject: "cpu".to_owned(),
        object: load.key.clone(),
        standing: Standing::Active,
        certainty: Certainty::Shown,
        summary: format!(
            "{} {used}{limit} and is held back at its limit: {}{}",
            load.name,
            slower(load),
            names(victims)
        ),
        facts,
        explains: explains(load, victims),
        neighbours: vec![FaultKind::NetworkDelay, FaultKind::NoisyNeighbour],
        remedy: remedy_for_processor(&load.key),
    }
}

fn remedy_for_processor(key: &ObjectKey) -> String {
    format!(
        "Find what the program computes (profile it, look for a change of load), and raise its limit if the load is \
         wanted, to the <CPU> that it needs: {}, or add replicas",
        remedy::resources(key, "", "--limits=cpu=<CPU>")
    )
}

fn delay(load: &Load<'_>, culprit: &Culprit, victims: &[&Load<'_>], is_first: bool) -> Fault {
    let mut facts = load.facts(&[
        Measured::LatencyMedian,
        Measured::LatencyTail,
        Measured::Packets,
        Measured::Requests,
        Measured::Success,
    ]);
    for victim in victims.iter().take(3) {
        facts.extend(victim.facts(&[Measured::LatencyTail, Measured::LatencyMedian]).into_iter().take(1));
    }
    let strong = culprit.rise.is_some_and(|rise| rise.ratio >= 2.0 && rise.added_ms >= 20.0);
    let certainty = if is_first && strong { Certainty::Shown } else { Certainty::Suspected };
    Fault {
        kind: FaultKind::NetworkDelay,
        subject: String::new(),
        object: load.key.clone(),
        standing: Standing::Active,
        certainty,
        summary: format!(
            "calls to {} are delayed without more work for its processor: {}{}",
            load.name,
            slower(load),
            names(victims)
        ),
        facts,
        explains: explains(load, victims),
        neighbours: vec![FaultKind::CpuOverload, FaultKind::NodeNetworkDelay],
        remedy: format!(
            "Measure the time from another pod to {} and look for shaping or faults on its network (tc qdisc show \
             dev eth0 in its network namespace, the sidecar, the node); move its pods to another node to compare: {}",
            load.name,
            remedy::kubectl(&load.key, &["get", "pods", "-o", "wide"])
        ),
    }
}

/// Another program on the same machine that took far more processor at the same time.
fn neighbour(picture: &Picture, loads: &[Load<'_>], calls: &Calls, slow: &Load<'_>) -> Option<Fault> {
    let related = |name: &str| calls.below(name).contains(slow.name) || calls.below(slow.name).contains(name);
    let loud = loads.iter().find(|load| {
        let shares = load.nodes.iter().any(|node| slow.nodes.contains(node));
        let cpu = load.of(Measured::Cpu);
        let rose = cpu.is_some_and(|cpu| cpu.after >= 2.0 * cpu.before && cpu.after - cpu.before >= 0.5);
        load.key.kind != Kind::Node && load.key != slow.key && shares && rose && !related(load.name)
    })?;
    let node = loud.nodes.iter().find(|node| slow.nodes.contains(node))?;
    let mut facts = loud.facts(&[Measured::Cpu]);
    facts.extend(slow.facts(&[Measured::CpuThrottled, Measured::LatencyTail, Measured::LatencyMedian]));
    facts.push(picture.fact(
        &ObjectKey::new(Kind::Node, "", node.as_str()),
        node,
        format!("{} and {} run on {node}", loud.name, slow.name),
    ));
    Some(Fault {
        kind: FaultKind::NoisyNeighbour,
        subject: "cpu".to_owned(),
        object: loud.key.clone(),
        standing: Standing::Active,
        certainty: Certainty::Suspected,
        summary: format!("{} takes processor time on {node}, where {} became slow", loud.name, slow.name),
        facts,
        explains: vec![slow.key.clone()],
        neighbours: vec![FaultKind::CpuOverload, FaultKind::NetworkDelay],
        remedy: format!(
            "Give {} a processor limit, the <CPU> it may use, or keep the two apart with anti-affinity: {}",
            loud.name,
            remedy::resources(&loud.key, "", "--limits=cpu=<CPU>")
        ),
    })
}
