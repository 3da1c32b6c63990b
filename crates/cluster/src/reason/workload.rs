//! Workloads with the pods they own: what is wanted, what is there, what a template says.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, PodState, Record, pod_state};

/// A workload that people know by name, with everything below it.
#[derive(Debug, Clone)]
pub(crate) struct Workload<'a> {
    /// The topmost owner: a deployment rather than its replica set; a bare pod is its own.
    pub key: ObjectKey,
    /// Replicas wanted, where the kind has a number.
    pub wanted: Option<i32>,
    /// The pod template, or the spec of a bare pod.
    pub template: Option<&'a PodTemplateSpec>,
    /// Pods that belong to it, by name. Pods of old replica sets are among them as long as they exist.
    pub pods: Vec<&'a Record<Pod>>,
    /// The replica set that a deployment's present revision uses; for others the workload itself.
    pub current: ObjectKey,
    /// Replica sets of earlier revisions. Their events are history.
    pub old: Vec<ObjectKey>,
}

impl<'a> Workload<'a> {
    /// The spec its pods are made from: the template's, else that of one of its pods.
    pub fn spec(&self) -> Option<&'a PodSpec> {
        let template = self.template.and_then(|template| template.spec.as_ref());
        template.or_else(|| self.pods.iter().find_map(|pod| pod.object.spec.as_ref()))
    }

    /// Labels its pods carry.
    pub fn pod_labels(&self) -> BTreeMap<String, String> {
        let template = self.template.and_then(|template| template.metadata.as_ref());
        template
            .and_then(|metadata| metadata.labels.clone())
            .or_else(|| self.pods.iter().find_map(|pod| pod.object.metadata.labels.clone()))
            .unwrap_or_default()
    }

    /// Pods with their states.
    pub fn states(&self) -> impl Iterator<Item = (&'a Record<Pod>, PodState)> + '_ {
        self.pods.iter().map(|pod| (*pod, pod_state(pod)))
    }

    /// Pods that are ready.
    pub fn ready(&self) -> usize {
        self.states().filter(|(_, state)| state.is_well()).count()
    }

    /// Whether it has fewer ready pods than it wants. A workload of no known size lacks some when one is not ready.
    pub fn lacks_pods(&self) -> bool {
        match self.wanted {
            Some(wanted) => (self.ready() as i64) < i64::from(wanted),
            None => self.states().any(|(_, state)| !state.is_well()),
        }
    }

    /// The workload and everything below it that events may be about.
    pub fn keys(&self) -> Vec<ObjectKey> {
        let mut keys = vec![self.key.clone()];
        if self.current != self.key {
            keys.push(self.current.clone());
        }
        keys.extend(self.pods.iter().map(|pod| pod.key.clone()));
        keys
    }
}

/// Every workload, by key.
pub(crate) fn workloads(picture: &Picture) -> Vec<Workload<'_>> {
    let mut owned: BTreeMap<ObjectKey, Vec<&Record<Pod>>> = BTreeMap::new();
    for pod in picture.pods.iter() {
        owned.entry(owner_of_pod(picture, pod)).or_default().push(pod);
    }
    let mut all: Vec<Workload<'_>> = Vec::new();
    for record in picture.deployments.iter() {
        let spec = &record.object.spec;
        let (current, old) = replica_sets_of(picture, &record.key);
        all.push(Workload {
            key: record.key.clone(),
            wanted: spec.replicas,
            template: Some(&spec.template),
            pods: owned.remove(&record.key).unwrap_or_default(),
            current: current.unwrap_or_else(|| record.key.clone()),
            old,
        });
    }
    for record in picture.stateful_sets.iter() {
        let spec = &record.object.spec;
        all.push(plain(&record.key, spec.replicas, Some(&spec.template), &mut owned));
    }
    for record in picture.daemon_sets.iter() {
        let wanted = record.object.status.as_ref().map(|status| status.desired_number_scheduled);
        all.push(plain(&record.key, wanted, Some(&record.object.spec.template), &mut owned));
    }
    for record in picture.jobs.iter() {
        let template = record.object.spec.as_ref().map(|spec| &spec.template);
        all.push(plain(&record.key, None, template, &mut owned));
    }
    for record in picture.replica_sets.iter() {
        if controller(&record.object.metadata).is_none()
            && !all
                .iter()
                .any(|workload| workload.current == record.key || workload.old.contains(&record.key))
        {
            let spec = &record.object.spec;
            all.push(plain(&record.key, spec.replicas, spec.template.as_ref(), &mut owned));
        }
    }
    // Owners that the capture only names, and pods without any.
    for (key, pods) in owned {
        all.push(Workload { current: key.clone(), key, wanted: None, template: None, pods, old: Vec::new() });
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

fn plain<'a>(
    key: &ObjectKey,
    wanted: Option<i32>,
    template: Option<&'a PodTemplateSpec>,
    owned: &mut BTreeMap<ObjectKey, Vec<&'a Record<Pod>>>,
) -> Workload<'a> {
    let pods = owned.remove(key).unwrap_or_default();
    Workload { key: key.clone(), wanted, template, pods, current: key.clone(), old: Vec::new() }
}

/// The controller that owns an object, as (kind, name).
pub(crate) fn controller(metadata: &ObjectMeta) -> Option<(Kind, &str)> {
    let owners = metadata.owner_references.as_deref()?;
    let owner = owners.iter().find(|owner| owner.controller == Some(true)).or(owners.first())?;
    Some((Kind::parse(&owner.kind).unwrap_or(Kind::Custom), owner.name.as_str()))
}

/// The topmost known owner of a pod.
pub(crate) fn owner_of_pod(picture: &Picture, pod: &Record<Pod>) -> ObjectKey {
    let namespace = &pod.key.namespace;
    let labels = pod.object.metadata.labels.as_ref();
    match controller(&pod.object.metadata) {
        Some((Kind::ReplicaSet, name)) => {
            let set = ObjectKey::new(Kind::ReplicaSet, namespace, name);
            deployment_of(picture, &set, labels.and_then(|labels| labels.get("pod-template-hash")))
                .unwrap_or(set)
        }
        Some((kind, name)) => ObjectKey::new(kind, namespace, name),
        // Tables do not print owners: then labels decide, as the controllers' selectors do.
        None => by_selector(picture, pod).unwrap_or_else(|| pod.key.clone()),
    }
}

/// The deployment that owns a replica set: by its owner reference, else by its name, which is the deployment's and a
/// hash of the template.
pub(crate) fn deployment_of(picture: &Picture, set: &ObjectKey, hash: Option<&String>) -> Option<ObjectKey> {
    if let Some(record) = picture.replica_sets.get(&set.namespace, &set.name).present()
        && let Some((Kind::Deployment, name)) = controller(&record.object.metadata)
    {
        return Some(ObjectKey::new(Kind::Deployment, &set.namespace, name));
    }
    let name = match hash {
        Some(hash) => set.name.strip_suffix(hash.as_str())?.strip_suffix('-')?,
        None => set.name.rsplit_once('-')?.0,
    };
    let key = ObjectKey::new(Kind::Deployment, &set.namespace, name);
    picture.deployments.get(&key.namespace, &key.name).present().map(|_| key)
}

fn by_selector(picture: &Picture, pod: &Record<Pod>) -> Option<ObjectKey> {
    let labels = pod.object.metadata.labels.as_ref()?;
    let namespace = pod.key.namespace.as_str();
    let deployment = picture.deployments.in_namespace(namespace).find(|record| {
        selects(&record.object.spec.selector, labels) && pod.key.name.starts_with(&record.key.name)
    });
    deployment.map(|record| record.key.clone()).or_else(|| {
        let set = picture.stateful_sets.in_namespace(namespace).find(|record| {
            selects(&record.object.spec.selector, labels) && pod.key.name.starts_with(&record.key.name)
        });
        set.map(|record| record.key.clone())
    })
}

/// The replica set of a deployment's present revision, and the others. The present one has the highest revision
/// annotation; without annotations, the one that wants replicas.
fn replica_sets_of(picture: &Picture, deployment: &ObjectKey) -> (Option<ObjectKey>, Vec<ObjectKey>) {
    let mut sets: Vec<(i64, i32, ObjectKey)> = picture
        .replica_sets
        .in_namespace(&deployment.namespace)
        .filter(|record| {
            let hash =
                record.object.metadata.labels.as_ref().and_then(|labels| labels.get("pod-template-hash"));
            deployment_of(picture, &record.key, hash).as_ref() == Some(deployment)
        })
        .map(|record| {
            let annotations = record.object.metadata.annotations.as_ref();
            let revision = annotations
                .and_then(|notes| notes.get("deployment.kubernetes.io/revision")?.parse().ok())
                .unwrap_or(0);
            let wanted = record.object.spec.replicas.unwrap_or(0);
            (revision, wanted, record.key.clone())
        })
        .collect();
    sets.sort();
    let current = sets.pop().map(|(_, _, key)| key);
    (current, sets.into_iter().map(|(_, _, key)| key).collect())
}

/// Whether a label selector matches labels. An empty selector matches everything.
///
/// Source: `LabelSelector` of the Kubernetes API (`In`, `NotIn`, `Exists`, `DoesNotExist`; all must hold).
pub(crate) fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let exact = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    exact
        && selector.match_expressions.iter().flatten().all(|wanted| {
            let value = labels.get(&wanted.key);
            let among = |value: &String| wanted.values.as_deref().unwrap_or_default().contains(value);
            match wanted.operator.as_str() {
                "In" => value.is_some_and(among),
                "NotIn" => !value.is_some_and(among),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}
