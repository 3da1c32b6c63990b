//! Who last wrote which object when, as the API server notes it.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{ChangeSort, PastChange};
use crate::kind::ObjectKey;
use crate::picture::{Objects, Picture, Record};

/// Writers that only keep up what others asked for.
const COMPONENTS: [&str; 9] = [
    "kube-",
    "kubelet",
    "cloud-controller-manager",
    "cluster-autoscaler",
    "horizontal-pod-autoscaler",
    "before-first-apply",
    "coredns",
    "node-problem-detector",
    "endpoint",
];

/// Time between an edit of a workload and the revision that comes of it, at most.
const SAME: SignedDuration = SignedDuration::from_secs(60);

/// One edit for each object: the latest write by somebody that is no component of the cluster. Writes that made the
/// object, and those that a rollout of it tells already, are left out.
pub(super) fn of(picture: &Picture, rollouts: &[PastChange]) -> Vec<PastChange> {
    let mut found = Found { picture, rollouts, changes: Vec::new() };
    found.all(&picture.deployments, |object| &object.metadata);
    found.all(&picture.stateful_sets, |object| &object.metadata);
    found.all(&picture.daemon_sets, |object| &object.metadata);
    found.all(&picture.cron_jobs, |object| &object.metadata);
    found.all(&picture.services, |object| &object.metadata);
    found.all(&picture.ingresses, |object| &object.metadata);
    found.all(&picture.network_policies, |object| &object.metadata);
    found.all(&picture.config_maps, |object| &object.metadata);
    found.all(&picture.secrets, |object| &object.metadata);
    found.all(&picture.quotas, |object| &object.metadata);
    found.all(&picture.limit_ranges, |object| &object.metadata);
    found.all(&picture.claims, |object| &object.metadata);
    found.all(&picture.storage_classes, |object| &object.metadata);
    found.all(&picture.autoscalers, |object| &object.metadata);
    found.all(&picture.disruption_budgets, |object| &object.metadata);
    found.all(&picture.mutating_webhooks, |object| &object.metadata);
    found.all(&picture.validating_webhooks, |object| &object.metadata);
    found.changes
}

struct Found<'a> {
    picture: &'a Picture,
    rollouts: &'a [PastChange],
    changes: Vec<PastChange>,
}

impl Found<'_> {
    fn all<T>(&mut self, objects: &Objects<T>, metadata: impl Fn(&T) -> &ObjectMeta) {
        for record in objects.iter() {
            self.one(record, metadata(&record.object));
        }
    }

    fn one<T>(&mut self, record: &Record<T>, metadata: &ObjectMeta) {
        let Some((at, actor)) = latest(metadata) else { return };
        let made = metadata.creation_timestamp.as_ref().map(|time| time.0);
        if made.is_some_and(|made| at.duration_since(made).abs() < SignedDuration::from_secs(2)) {
            return;
        }
        if self.is_told(&record.key, at) {
            return;
        }
        let fact = self.picture.fact(&record.key, &actor, format!("{actor} wrote it last at {at}"));
        self.changes.push(PastChange {
            at,
            object: record.key.clone(),
            sort: ChangeSort::Edit,
            reference: record.key.name.clone(),
            statement: format!("{} was written by {actor}; what it said before is not kept", record.key),
            actor: Some(actor),
            brought: Vec::new(),
            facts: vec![fact],
        });
    }

    fn is_told(&self, key: &ObjectKey, at: Timestamp) -> bool {
        self.rollouts
            .iter()
            .any(|rollout| rollout.object == *key && rollout.at.duration_since(at).abs() <= SAME)
    }
}

/// The latest write of anything but status by somebody, with the name of the program.
fn latest(metadata: &ObjectMeta) -> Option<(Timestamp, String)> {
    let writes = metadata.managed_fields.iter().flatten().filter_map(|entry| {
        let is_status = entry.subresource.as_deref().is_some_and(|part| part == "status");
        let manager = entry.manager.as_deref().unwrap_or("somebody");
        let is_component = COMPONENTS.iter().any(|known| manager.starts_with(known));
        (!is_status && !is_component).then_some((entry.time.as_ref()?.0, manager))
    });
    let (at, manager) = writes.max()?;
    Some((at, manager.chars().filter(|c| !c.is_control()).take(60).collect()))
}
