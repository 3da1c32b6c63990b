//! Weighs what the reasoners found: one fault has many symptoms, and the first broken link is the one to mend.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};

use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::ObjectKey;
use crate::picture::Picture;
use crate::reason;

/// What is wrong in a cluster, the likeliest cause first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnosis {
    /// Faults, ranked: those that do harm now first, among them those that explain most that nothing before them
    /// explains, best shown first.
    pub faults: Vec<Fault>,
}

/// Says what is wrong.
pub fn diagnose(picture: &Picture, context: &Context) -> Diagnosis {
    let mut faults: Vec<Fault> =
        reason::ALL.iter().flat_map(|(_, reasoner)| reasoner(picture, context)).collect();
    for fault in &mut faults {
        fault.explains.sort();
        fault.explains.dedup();
    }
    Diagnosis { faults: rank(faults) }
}

/// A fault that waits for its place, with the weight it had when it was last weighed.
struct Waiting {
    weight: f64,
    /// Its place in the reasoners' order, which decides between equals.
    at: usize,
    fault: Fault,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.weight.total_cmp(&other.weight).then_with(|| other.at.cmp(&self.at))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

/// Greedy cover: each place goes to the fault that weighs most over what is still unexplained. Weights only fall as
/// more is explained, so one that still weighs as much as when it was last weighed is the heaviest (Minoux 1978); few
/// are weighed again, and a cluster in which thousands of things are broken takes no longer for it.
fn rank(faults: Vec<Fault>) -> Vec<Fault> {
    let mut ranked: Vec<Fault> = Vec::new();
    let mut explained: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut seen: BTreeSet<(FaultKind, ObjectKey)> = BTreeSet::new();
    let mut left: BinaryHeap<Waiting> = faults
        .into_iter()
        .enumerate()
        .map(|(at, fault)| Waiting { weight: weight(&fault, &explained), at, fault })
        .collect();
    while let Some(mut top) = left.pop() {
        let now = weight(&top.fault, &explained);
        if now < top.weight {
            top.weight = now;
            left.push(top);
            continue;
        }
        if is_known_symptom(&top.fault, &explained) {
            continue;
        }
        explained.extend(top.fault.explains.iter().cloned());
        if seen.insert((top.fault.kind, top.fault.object.clone())) {
            ranked.push(top.fault);
        }
    }
    ranked
}

/// A symptom of what is already explained: that a program ends, is unready or that its rollout waits says nothing more
/// once a cause is known.
fn is_known_symptom(fault: &Fault, explained: &BTreeSet<ObjectKey>) -> bool {
    let is_symptom = matches!(
        fault.kind,
        FaultKind::CrashLoop
            | FaultKind::RolloutStuck
            | FaultKind::ProbeFailing
            | FaultKind::InitContainerFailing
    );
    is_symptom
        && fault.standing == Standing::Active
        && fault.certainty == Certainty::Suspected
        && explained.contains(&fault.object)
}

fn weight(fault: &Fault, explained: &BTreeSet<ObjectKey>) -> f64 {
    let standing = match fault.standing {
        Standing::Active => 0.0,
        Standing::Latent => -6.0,
        Standing::Recovered => -8.0,
    };
    let certainty = match fault.certainty {
        Certainty::Stated => 4.0,
        Certainty::Shown => 3.0,
        Certainty::Suspected => 1.0,
    };
    let fresh = fault.explains.iter().filter(|key| !explained.contains(*key)).count();
    // Earlier stages hide later ones, so between equals the earlier is the cause.
    let stage = -0.05 * f64::from(fault.kind.stage() as u8);
    let none_left = if fresh == 0 && !fault.explains.is_empty() { -3.0 } else { 0.0 };
    standing + certainty + 0.8 * (1.0 + fresh as f64).ln() + stage + none_left
}
