//! What controllers did, as their events tell.

use super::{ChangeSort, PastChange};
use crate::kind::Kind;
use crate::picture::{Event, Picture};

/// Reasons of events about machines that say that one came, went, restarted or was closed.
///
/// Source: the node life-cycle and cloud node controllers, `kubectl cordon`, the kubelet and the cluster autoscaler.
const MACHINES: [&str; 8] = [
    "RegisteredNode",
    "RemovingNode",
    "DeletingNode",
    "NodeNotSchedulable",
    "NodeSchedulable",
    "Rebooted",
    "ScaleDown",
    "DeletingAllPods",
];

pub(super) fn of(picture: &Picture) -> Vec<PastChange> {
    picture.events.iter().filter_map(|event| happening(picture, event)).collect()
}

fn happening(picture: &Picture, event: &Event) -> Option<PastChange> {
    let at = event.last_at.or(event.first_at).or_else(|| {
        let ago = event.last_s_ago.or(event.first_s_ago)?;
        picture.taken_at?.checked_sub(jiff::SignedDuration::from_secs(ago)).ok()
    })?;
    let reason = event.reason.as_str();
    let sort = match event.object.kind {
        Kind::HorizontalPodAutoscaler if reason == "SuccessfulRescale" => ChangeSort::Scaling,
        Kind::Node if MACHINES.contains(&reason) => ChangeSort::Machine,
        Kind::Pod if reason == "TriggeredScaleUp" => ChangeSort::Machine,
        _ => return None,
    };
    let message: String = event.message.chars().filter(|c| !c.is_control()).take(200).collect();
    let needle: String = event.message.chars().take(60).collect();
    let reference = match sort {
        ChangeSort::Scaling => message.split(';').next().unwrap_or(reason).to_owned(),
        _ => format!("{reason} {}", event.object.name),
    };
    Some(PastChange {
        at,
        object: event.object.clone(),
        sort,
        reference,
        statement: format!("{}: {message}", event.object),
        actor: (!event.from.is_empty()).then(|| event.from.clone()),
        brought: Vec::new(),
        facts: vec![picture.fact_at(event.origin, &needle, reason.to_owned())],
    })
}
