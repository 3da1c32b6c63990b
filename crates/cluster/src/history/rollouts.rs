//! Revisions of deployments, told by the replica sets that they left behind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::ReplicaSet;
use serde_json::Value;

use super::difference::{Differences, differences};
use super::{ChangeSort, PastChange};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, Record};

const REVISION: &str = "deployment.kubernetes.io/revision";
const CAUSE: &str = "kubernetes.io/change-cause";
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

struct Revision<'a> {
    number: i64,
    at: Option<Timestamp>,
    record: &'a Record<ReplicaSet>,
}

/// A rollout for each revision whose time is known: when its replica set was made, or, of one that is used again, when
/// it was scaled up.
pub(super) fn of(picture: &Picture) -> Vec<PastChange> {
    let mut by_owner: BTreeMap<ObjectKey, Vec<Revision<'_>>> = BTreeMap::new();
    for record in picture.replica_sets.iter() {
        let metadata = &record.object.metadata;
        let owners = metadata.owner_references.iter().flatten();
        let Some(owner) = owners.into_iter().find(|owner| owner.kind == "Deployment") else { continue };
        let notes = metadata.annotations.as_ref();
        let Some(number) = notes.and_then(|notes| notes.get(REVISION)?.parse().ok()) else { continue };
        let key = ObjectKey::new(Kind::Deployment, &record.key.namespace, &owner.name);
        let at = metadata.creation_timestamp.as_ref().map(|time| time.0);
        by_owner.entry(key).or_default().push(Revision { number, at, record });
    }
    let mut changes = Vec::new();
    for (owner, mut revisions) in by_owner {
        revisions.sort_by_key(|revision| revision.number);
        let mut newest: Option<Timestamp> = None;
        for at in 0..revisions.len() {
            let revision = &revisions[at];
            // Made before an earlier revision: a template that is used again.
            let is_again = revision.at.zip(newest).is_some_and(|(made, newest)| made < newest);
            let when = if is_again { scaled_up(picture, revision.record) } else { revision.at };
            newest = newest.max(revision.at);
            let before = at.checked_sub(1).and_then(|before| revisions.get(before));
            changes.extend(when.map(|when| rollout(picture, &owner, before, revision, when, is_again)));
        }
    }
    changes
}

/// When the deployment controller last said that it scaled a replica set up.
fn scaled_up(picture: &Picture, record: &Record<ReplicaSet>) -> Option<Timestamp> {
    let said = format!("Scaled up replica set {} ", record.key.name);
    let events = picture.events.iter().filter(|event| event.reason == "ScalingReplicaSet");
    events.filter(|event| event.message.starts_with(&said)).filter_map(|event| event.last_at).max()
}

fn rollout(
    picture: &Picture,
    owner: &ObjectKey,
    before: Option<&Revision<'_>>,
    revision: &Revision<'_>,
    at: Timestamp,
    is_again: bool,
) -> PastChange {
    let template = |revision: &Revision<'_>| -> Value {
        serde_json::to_value(&revision.record.object.spec.template).unwrap_or_default()
    };
    let new = template(revision);
    let Differences { told, brought } =
        before.map(|before| differences(&template(before), &new)).unwrap_or_default();
    let note = |revision: &Revision<'_>, name: &str| {
        let template = revision.record.object.spec.template.as_ref();
        let metadata = template.and_then(|template| template.metadata.as_ref());
        metadata.and_then(|metadata| metadata.annotations.as_ref()?.get(name).cloned())
    };
    let restarted = note(revision, RESTARTED).is_some()
        && before.is_none_or(|before| note(before, RESTARTED) != note(revision, RESTARTED));
    let number = revision.number;
    let what = match (before, told.is_empty()) {
        (_, false) => told.join("; "),
        (None, true) => "first rolled out, or earlier revisions are gone".to_owned(),
        (Some(_), true) if restarted => "restarted with the template unchanged".to_owned(),
        (Some(_), true) => "nothing in its template that was captured differs".to_owned(),
    };
    let again = if is_again { ", a template used before" } else { "" };
    let cause = revision.record.object.metadata.annotations.as_ref().and_then(|notes| notes.get(CAUSE));
    let because = cause.map_or_else(String::new, |cause| {
        format!("; noted cause: {}", cause.chars().filter(|c| !c.is_control()).take(120).collect::<String>())
    });
    PastChange {
        at,
        object: owner.clone(),
        sort: ChangeSort::Rollout,
        reference: format!("revision {number}"),
        statement: format!("{owner} was rolled out as revision {number}{again}: {what}{because}"),
        actor: None,
        brought,
        facts: vec![picture.fact(
            &revision.record.key,
            REVISION,
            format!("{} is the replica set of revision {number}", revision.record.key.name),
        )],
    }
}
