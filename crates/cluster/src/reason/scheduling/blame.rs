//! Which filter is to blame: the one without which the pod would run somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::machines::World;
use super::message::{Predicate, is_control_plane_taint};
use crate::fault::Certainty;

/// The filter to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blame {
    pub predicate: Predicate,
    pub certainty: Certainty,
    /// Machines that would take the pod without it, or that refuse it for it.
    pub machines: Vec<String>,
    /// Filters that keep it from other machines.
    pub others: Vec<Predicate>,
}

type Failures<'a> = BTreeMap<&'a str, BTreeSet<Predicate>>;

/// Weighs the filters run again against what the scheduler said. `None` when neither shows a filter, or when only
/// nodes that are not well or unbound claims are in the way, which is not the pod's placement.
pub(super) fn blame(
    world: &World<'_>,
    failures: Option<&Failures<'_>>,
    said: &[(u32, Predicate)],
) -> Option<Blame> {
    if !said.is_empty() && said.iter().all(|(_, predicate)| *predicate == Predicate::Claims) {
        return None;
    }
    if failures.is_some_and(|failures| is_unwell(world, failures)) {
        return None;
    }
    let worked_out = failures.and_then(|failures| simulated(world, failures));
    if let Some(mut found) = worked_out {
        let is_said = |predicate: &Predicate| said.iter().any(|(_, said)| said.is_like(predicate));
        if said.is_empty() {
            found.certainty = Certainty::Shown;
            return Some(found);
        }
        if is_said(&found.predicate) {
            return Some(found);
        }
        // The scheduler stops at the first filter that fails: a selector that nothing matches hides behind a taint.
        if found.predicate == Predicate::NodeAffinity {
            found.certainty = Certainty::Shown;
            return Some(found);
        }
    }
    stated(world, said)
}

/// Ordinary machines: those of the control plane count only when they are open to ordinary pods, and machines that
/// are not well are nobody's choice.
fn ordinary<'f, 'a>(
    world: &World<'_>,
    failures: &'f Failures<'a>,
) -> Vec<(&'a str, &'f BTreeSet<Predicate>)> {
    let is_kept_back = |name: &str, failed: &BTreeSet<Predicate>| {
        let is_of_control = world.machines.get(name).is_some_and(|machine| machine.is_control_plane);
        is_of_control
            && failed.iter().any(|predicate| match predicate {
                Predicate::Cordon => true,
                Predicate::Taint(taint) => is_control_plane_taint(taint.split('=').next().unwrap_or("")),
                _ => false,
            })
    };
    let all = failures.iter().map(|(name, failed)| (*name, failed));
    let ordinary: Vec<_> = all.clone().filter(|(name, failed)| !is_kept_back(name, failed)).collect();
    if ordinary.is_empty() { all.collect() } else { ordinary }
}

/// Whether every machine that the pod's selector and affinity leave is not well: the machines are then to blame.
fn is_unwell(world: &World<'_>, failures: &Failures<'_>) -> bool {
    let ordinary = ordinary(world, failures);
    let mut meant =
        ordinary.iter().filter(|(_, failed)| !failed.contains(&Predicate::NodeAffinity)).peekable();
    meant.peek().is_some() && meant.all(|(_, failed)| failed.contains(&Predicate::NotReady))
}

fn simulated(world: &World<'_>, failures: &Failures<'_>) -> Option<Blame> {
    let ordinary = ordinary(world, failures);
    if ordinary.iter().any(|(_, failed)| failed.is_empty()) {
        return None;
    }
    let matching: Vec<_> =
        ordinary.iter().filter(|(_, failed)| !failed.contains(&Predicate::NodeAffinity)).collect();
    if matching.is_empty() {
        let machines = ordinary.iter().map(|(name, _)| (*name).to_owned()).collect();
        let certainty = Certainty::Stated;
        return (!ordinary.is_empty()).then_some(Blame {
            predicate: Predicate::NodeAffinity,
            certainty,
            machines,
            others: Vec::new(),
        });
    }
    let well = matching.iter().filter(|(_, failed)| !failed.contains(&Predicate::NotReady));
    // Predicate → (machines it alone keeps away, machines it takes part in keeping away).
    let mut votes: BTreeMap<&Predicate, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (name, failed) in well {
        for predicate in *failed {
            let vote = votes.entry(predicate).or_default();
            if failed.len() == 1 {
                vote.0.push((*name).to_owned());
            }
            vote.1.push((*name).to_owned());
        }
    }
    let mut ranked: Vec<_> = votes.into_iter().collect();
    ranked.sort_by(|(a, (a_alone, a_part)), (b, (b_alone, b_part))| {
        (b_alone.len(), b_part.len()).cmp(&(a_alone.len(), a_part.len())).then_with(|| a.cmp(b))
    });
    let others: Vec<Predicate> = ranked.iter().skip(1).map(|(predicate, _)| (*predicate).clone()).collect();
    let (predicate, (alone, part)) = ranked.into_iter().next()?;
    let machines = if alone.is_empty() { part } else { alone };
    Some(Blame { predicate: predicate.clone(), certainty: Certainty::Stated, machines, others })
}

/// By the scheduler's own count of nodes, each under the first filter that refused it.
fn stated(world: &World<'_>, said: &[(u32, Predicate)]) -> Option<Blame> {
    let control_cordoned =
        world.machines.values().filter(|machine| machine.is_control_plane && machine.is_cordoned).count();
    let control_cordoned = u32::try_from(control_cordoned).unwrap_or(u32::MAX);
    let mut left: Vec<(u32, Predicate)> = Vec::new();
    for (count, predicate) in said {
        let count = match predicate {
            Predicate::Cordon => count.saturating_sub(control_cordoned),
            Predicate::Taint(taint) if is_control_plane_taint(taint.split('=').next().unwrap_or("")) => 0,
            Predicate::NotReady | Predicate::Claims => 0,
            _ => (*count).max(1),
        };
        if count > 0 {
            left.push((count, predicate.clone()));
        }
    }
    let is_said = |wanted: &Predicate| said.iter().any(|(_, predicate)| predicate == wanted);
    if is_said(&Predicate::NotReady)
        && left.iter().all(|(_, predicate)| *predicate == Predicate::NodeAffinity)
    {
        return None;
    }
    if left.is_empty() {
        // Nothing but machines of the control plane, all of them closed.
        left.extend(
            said.iter()
                .filter(|(_, predicate)| matches!(predicate, Predicate::Cordon | Predicate::Taint(_)))
                .cloned(),
        );
    }
    // Nodes that the selector excludes were never meant; what closes the others is what is in the way.
    if left.iter().any(|(_, predicate)| *predicate != Predicate::NodeAffinity) {
        left.retain(|(_, predicate)| *predicate != Predicate::NodeAffinity);
    }
    left.sort_by(|(a_count, a), (b_count, b)| b_count.cmp(a_count).then_with(|| a.cmp(b)));
    let others = left.iter().skip(1).map(|(_, predicate)| predicate.clone()).collect();
    let (_, predicate) = left.into_iter().next()?;
    let machines = match predicate {
        Predicate::Cordon => {
            let cordoned =
                world.machines.values().filter(|machine| machine.is_cordoned && !machine.is_control_plane);
            cordoned.map(|machine| machine.name.to_owned()).collect()
        }
        _ => Vec::new(),
    };
    Some(Blame { predicate, certainty: Certainty::Stated, machines, others })
}
