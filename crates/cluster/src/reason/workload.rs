//! Workloads with the pods they own: what is wanted, what is there, what a template says.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, PodState, Record, pod_state};

/// Characters that the API server adds to a `generateName`.
const SUFFIX_BYTES: usize = 5;

/// A workload that people know by name, with everything below it.
#[derive(Debug, Clone)]
pub(crate) struct Workload<'a> {
    /// The topmost owner: a deployment rather than its replica set; a bare pod is its own.
    pub key: ObjectKey,
    /// Replicas wanted, where the kind has a number.
    pub wanted: Option<i32>,
    /// Replicas that are ready as its own status says; counts where its pods are not in the capture.
    pub told_ready: Option<i32>,
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

    /// Pods that are ready; where none of its pods is in the capture, what its status says.
    pub fn ready(&self) -> usize {
        if self.pods.is_empty() {
            return self.told_ready.and_then(|ready| usize::try_from(ready).ok()).unwrap_or(0);
        }
        self.states().filter(|(_, state)| state.is_well()).count()
    }

    /// Whether it has fewer ready pods than it wants. A workload of no known size lacks some when one is not ready.
    pub fn lacks_pods(&self) -> bool {
        match self.wanted {
            Some(wanted) => (self.ready() as i64) < i64::from(wanted),
            // One that is being deleted is replaced, if anybody wants it.
            None => {
                self.states().any(|(_, state)| !(state.is_well() || (state.is_leaving() && state.is_ready())))
            }
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
    let mut sets = replica_sets(picture);
    let owned_sets: BTreeSet<ObjectKey> = sets.values().flatten().map(|(.., set)| set.clone()).collect();
    let mut all: Vec<Workload<'_>> = Vec::new();
    for record in picture.deployments.iter() {
        let spec = &record.object.spec;
        let (current, old) = by_revision(sets.remove(&record.key).unwrap_or_default());
        all.push(Workload {
            key: record.key.clone(),
            wanted: spec.replicas,
            told_ready: record.object.status.as_ref().and_then(|status| status.ready_replicas),
            template: Some(&spec.template),
            pods: owned.remove(&record.key).unwrap_or_default(),
            current: current.unwrap_or_else(|| record.key.clone()),
            old,
        });
    }
    for record in picture.stateful_sets.iter() {
        let spec = &record.object.spec;
        let ready = record.object.status.as_ref().and_then(|status| status.ready_replicas);
        all.push(plain(&record.key, (spec.replicas, ready), Some(&spec.template), &mut owned));
    }
    for record in picture.daemon_sets.iter() {
        let status = record.object.status.as_ref();
        let wanted = status.map(|status| status.desired_number_scheduled);
        let ready = status.map(|status| status.number_ready);
        all.push(plain(&record.key, (wanted, ready), Some(&record.object.spec.template), &mut owned));
    }
    for record in picture.jobs.iter() {
        let template = record.object.spec.as_ref().map(|spec| &spec.template);
        all.push(plain(&record.key, (None, None), template, &mut owned));
    }
    for record in picture.replica_sets.iter() {
        if controller(&record.object.metadata).is_none() && !owned_sets.contains(&record.key) {
            let spec = &record.object.spec;
            let ready = record.object.status.as_ref().and_then(|status| status.ready_replicas);
            all.push(plain(&record.key, (spec.replicas, ready), spec.template.as_ref(), &mut owned));
        }
    }
    // Owners that the capture only names, and pods without any.
    for (key, pods) in owned {
        let current = key.clone();
        all.push(Workload {
            key,
            wanted: None,
            told_ready: None,
            template: None,
            pods,
            current,
            old: Vec::new(),
        });
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    all
}

/// A workload without replica sets, with the replicas that are wanted and ready.
fn plain<'a>(
    key: &ObjectKey,
    (wanted, told_ready): (Option<i32>, Option<i32>),
    template: Option<&'a PodTemplateSpec>,
    owned: &mut BTreeMap<ObjectKey, Vec<&'a Record<Pod>>>,
) -> Workload<'a> {
    let pods = owned.remove(key).unwrap_or_default();
    Workload { key: key.clone(), wanted, told_ready, template, pods, current: key.clone(), old: Vec::new() }
}

/// The controller that owns an object, as (kind, name).
pub(crate) fn controller(metadata: &ObjectMeta) -> Option<(Kind, &str)> {
    let owners = metadata.owner_references.as_deref()?;
    let owner = owners.iter().find(|owner| owner.controller == Some(true)).or(owners.first())?;
    Some((Kind::of(&owner.api_version, &owner.kind), owner.name.as_str()))
}

/// The topmost known owner of a pod.
pub fn owner_of_pod(picture: &Picture, pod: &Record<Pod>) -> ObjectKey {
    let namespace = &pod.key.namespace;
    let labels = pod.object.metadata.labels.as_ref();
    match controller(&pod.object.metadata) {
        Some((Kind::ReplicaSet, name)) => {
            let set = ObjectKey::new(Kind::ReplicaSet, namespace, name);
            deployment_of(picture, &set, labels.and_then(|labels| labels.get("pod-template-hash")))
                .or_else(|| guessed_owner(pod).map(|(owner, _)| owner))
                .unwrap_or(set)
        }
        // A pod that the kubelet runs from a file of its machine has the machine as its owner.
        Some((Kind::Node, _)) => pod.key.clone(),
        Some((kind, name)) => ObjectKey::new(kind, namespace, name),
        // Tables do not print owners: then labels decide, as the controllers' selectors do.
        None => {
            let known = by_selector(picture, pod).or_else(|| by_name(picture, pod));
            known.or_else(|| guessed_owner(pod).map(|(owner, _)| owner)).unwrap_or_else(|| pod.key.clone())
        }
    }
}

/// The deployment that a pod seems to belong to when no owner of it was captured, and what that rests on. It groups pods
/// and proves nothing.
///
/// Source: the deployment controller labels pods `pod-template-hash` and names replica sets after the deployment and
/// that hash; the API server adds five characters to a replica set's name for a pod's.
pub(crate) fn guessed_owner(pod: &Record<Pod>) -> Option<(ObjectKey, &'static str)> {
    let metadata = &pod.object.metadata;
    let owner = controller(metadata);
    if owner.as_ref().is_some_and(|(kind, _)| *kind != Kind::ReplicaSet) {
        return None;
    }
    let (set, suffix) = pod.key.name.rsplit_once('-')?;
    let (name, hash) = set.rsplit_once('-')?;
    let (is_so, how) = match (&metadata.labels, &owner) {
        (Some(labels), _) => (
            labels.get("pod-template-hash").is_some_and(|label| label == hash),
            "its label pod-template-hash and its name",
        ),
        (None, Some((_, set_name))) => (*set_name == set && is_hash(hash), "the name of its replica set"),
        (None, None) => (is_hash(hash), "the shape of its name"),
    };
    let is_made = suffix.len() == SUFFIX_BYTES && suffix.bytes().all(is_word_byte);
    (is_so && is_made && !name.is_empty())
        .then(|| (ObjectKey::new(Kind::Deployment, &pod.key.namespace, name), how))
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether a part of a name looks like the hash of a pod template: letters and digits, both, and no word.
fn is_hash(part: &str) -> bool {
    (6..=10).contains(&part.len())
        && part.bytes().all(is_word_byte)
        && part.bytes().any(|byte| byte.is_ascii_digit())
        && part.bytes().any(|byte| byte.is_ascii_lowercase())
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
        pod.key.name.starts_with(&record.key.name) && selects(&record.object.spec.selector, labels)
    });
    deployment.map(|record| record.key.clone()).or_else(|| {
        let set = picture.stateful_sets.in_namespace(namespace).find(|record| {
            pod.key.name.starts_with(&record.key.name) && selects(&record.object.spec.selector, labels)
        });
        set.map(|record| record.key.clone())
    })
}

/// A row of a plain table knows neither owner nor labels. What is left is how controllers name their pods: the name of
/// the replica set, daemon set or job and five characters (`generateName`), the name of the stateful set and a number.
fn by_name(picture: &Picture, pod: &Record<Pod>) -> Option<ObjectKey> {
    if pod.object.metadata.labels.is_some() {
        return None;
    }
    let namespace = pod.key.namespace.as_str();
    let (name, last) = pod.key.name.rsplit_once('-')?;
    if !last.is_empty()
        && last.bytes().all(|byte| byte.is_ascii_digit())
        && is_stateful(picture, namespace, name)
    {
        return Some(ObjectKey::new(Kind::StatefulSet, namespace, name));
    }
    if last.len() != SUFFIX_BYTES {
        return None;
    }
    let set = ObjectKey::new(Kind::ReplicaSet, namespace, name);
    if let Some(deployment) = deployment_of(picture, &set, None) {
        return Some(deployment);
    }
    if picture.replica_sets.get(namespace, name).present().is_some() {
        return Some(set);
    }
    if picture.daemon_sets.get(namespace, name).present().is_some() {
        return Some(ObjectKey::new(Kind::DaemonSet, namespace, name));
    }
    // Pods of indexed jobs have their index before the five characters.
    let plain = name.rsplit_once('-').filter(|(_, index)| index.bytes().all(|byte| byte.is_ascii_digit()));
    [Some(name), plain.map(|(job, _)| job)]
        .into_iter()
        .flatten()
        .find(|job| picture.jobs.get(namespace, job).present().is_some())
        .map(|job| ObjectKey::new(Kind::Job, namespace, job))
}

fn is_stateful(picture: &Picture, namespace: &str, name: &str) -> bool {
    picture.stateful_sets.get(namespace, name).present().is_some()
}

/// Replica sets by the deployment that owns them, as (revision, replicas wanted, key).
fn replica_sets(picture: &Picture) -> BTreeMap<ObjectKey, Vec<(i64, i32, ObjectKey)>> {
    let mut sets: BTreeMap<ObjectKey, Vec<(i64, i32, ObjectKey)>> = BTreeMap::new();
    for record in picture.replica_sets.iter() {
        let hash = record.object.metadata.labels.as_ref().and_then(|labels| labels.get("pod-template-hash"));
        let Some(deployment) = deployment_of(picture, &record.key, hash) else { continue };
        if picture.deployments.get(&deployment.namespace, &deployment.name).present().is_none() {
            continue;
        }
        let annotations = record.object.metadata.annotations.as_ref();
        let revision = annotations
            .and_then(|notes| notes.get("deployment.kubernetes.io/revision")?.parse().ok())
            .unwrap_or(0);
        let wanted = record.object.spec.replicas.unwrap_or(0);
        sets.entry(deployment).or_default().push((revision, wanted, record.key.clone()));
    }
    sets
}

/// The replica set of a deployment's present revision, and the others. The present one has the highest revision
/// annotation; without annotations, the one that wants replicas.
fn by_revision(mut sets: Vec<(i64, i32, ObjectKey)>) -> (Option<ObjectKey>, Vec<ObjectKey>) {
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
