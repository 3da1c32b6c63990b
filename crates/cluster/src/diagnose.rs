//! Weighs what the reasoners found: one fault has many symptoms, and the first broken link is the one to mend.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::fault::{Certainty, Fault, Standing};
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

/// Greedy cover: each place goes to the fault that weighs most over what is still unexplained.
fn rank(mut left: Vec<Fault>) -> Vec<Fault> {
    let mut ranked: Vec<Fault> = Vec::new();
    let mut explained: BTreeSet<ObjectKey> = BTreeSet::new();
    while !left.is_empty() {
        let best = left
            .iter()
            .enumerate()
            .max_by(|(a_at, a), (b_at, b)| {
                weight(a, &explained).total_cmp(&weight(b, &explained)).then_with(|| b_at.cmp(a_at))
            })
            .map_or(0, |(at, _)| at);
        let fault = left.remove(best);
        explained.extend(fault.explains.iter().cloned());
        let same = |kept: &Fault| (kept.kind, &kept.object) == (fault.kind, &fault.object);
        if !ranked.iter().any(same) {
            ranked.push(fault);
        }
    }
    ranked
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
