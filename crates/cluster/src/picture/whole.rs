//! The whole picture, and the things in it that are no objects.

use std::collections::BTreeMap;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod,
    ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::Value;

use super::{Drift, Event, Objects, Origin, Record};
use crate::kind::ObjectKey;
use crate::quantity::Quantity;
use crate::read::Trouble;

/// A document of the capture, kept for quotations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct DocumentText {
    pub command: String,
    pub text: String,
}

/// Whether a service of a machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceState {
    /// It runs.
    Active,
    /// It is stopped, or failed.
    Inactive,
    /// The answer does not tell.
    Unknown,
}

/// A service of a machine (`kubelet`, `containerd`), as its init system sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeService {
    /// The machine.
    pub node: String,
    /// The service, without `.service`.
    pub service: String,
    /// Whether it runs.
    pub state: ServiceState,
    /// Where it was read.
    pub origin: Origin,
}

/// How an attempt to connect ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The port answered.
    Open,
    /// It did not, with what was said.
    Failed(String),
    /// The answer does not tell.
    Unknown,
}

/// An attempt to connect to a service from somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Machine or pod it was made from, when known.
    pub from: Option<String>,
    /// Name that was called.
    pub host: String,
    /// Namespace of the service, when known.
    pub namespace: Option<String>,
    /// Port that was called.
    pub port: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// Where it was read.
    pub origin: Origin,
}

/// Log lines of a pod, a workload or a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogText {
    /// Pod or workload that wrote them.
    pub object: ObjectKey,
    /// Container, when named.
    pub container: Option<String>,
    /// Whether they are of the instance before the last restart.
    pub previous: bool,
    /// The lines.
    pub origin: Origin,
}

/// What a pod, one of its containers, or a machine uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Pod or node.
    pub object: ObjectKey,
    /// Container, when the answer is by container.
    pub container: Option<String>,
    /// Processor time.
    pub cpu: Quantity,
    /// Memory.
    pub memory: Quantity,
    /// Where it was read.
    pub origin: Origin,
}

/// A pod that runs on a machine, with what it asked for, as the machine's description lists it. Pods of namespaces that
/// nobody listed are among them, so the room that is left can be worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePod {
    /// The machine.
    pub node: String,
    /// Namespace of the pod.
    pub namespace: String,
    /// Name of the pod.
    pub name: String,
    /// Processor time it asked for.
    pub cpu_request: Quantity,
    /// Memory it asked for.
    pub memory_request: Quantity,
    /// Most processor time it may use; nothing when it has no limit.
    pub cpu_limit: Quantity,
    /// Most memory it may use; nothing when it has no limit.
    pub memory_limit: Quantity,
    /// The machine's description.
    pub origin: Origin,
}

/// A part of the capture that could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Command or path.
    pub source: String,
    /// What it is and why it was not read.
    pub why: String,
}

/// Everything known about a cluster for one window.
///
/// Objects are the API's own types, filled as far as the capture tells. Absent fields are `None` and empty lists:
/// whether a field was absent or not captured shows in the object's forms, see [`Record`].
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "each field holds the objects of the kind it is named after")]
pub struct Picture {
    pub pods: Objects<Pod>,
    pub deployments: Objects<Deployment>,
    pub replica_sets: Objects<ReplicaSet>,
    pub stateful_sets: Objects<StatefulSet>,
    pub daemon_sets: Objects<DaemonSet>,
    pub jobs: Objects<Job>,
    pub cron_jobs: Objects<CronJob>,
    pub services: Objects<Service>,
    pub endpoints: Objects<Endpoints>,
    pub endpoint_slices: Objects<EndpointSlice>,
    pub ingresses: Objects<Ingress>,
    pub network_policies: Objects<NetworkPolicy>,
    pub config_maps: Objects<ConfigMap>,
    pub secrets: Objects<Secret>,
    pub service_accounts: Objects<ServiceAccount>,
    pub quotas: Objects<ResourceQuota>,
    pub limit_ranges: Objects<LimitRange>,
    pub claims: Objects<PersistentVolumeClaim>,
    pub volumes: Objects<PersistentVolume>,
    pub storage_classes: Objects<StorageClass>,
    pub nodes: Objects<Node>,
    pub namespaces: Objects<Namespace>,
    pub autoscalers: Objects<HorizontalPodAutoscaler>,
    pub disruption_budgets: Objects<PodDisruptionBudget>,
    pub priority_classes: Objects<PriorityClass>,
    pub mutating_webhooks: Objects<MutatingWebhookConfiguration>,
    pub validating_webhooks: Objects<ValidatingWebhookConfiguration>,
    /// Gateways, routes, certificates and everything of unknown kind, as they came. Objects of unknown kinds share
    /// [`crate::Kind::Custom`]: the kind and its group (`scaledobject.keda.sh`) tell those of one name apart.
    pub others: BTreeMap<(ObjectKey, String), Record<Value>>,
    /// Objects that stand in files, as the files say, whether they exist or not.
    pub declared: BTreeMap<ObjectKey, Record<Value>>,
    /// Oldest first as far as times are known; each once, whatever tables repeat it.
    pub events: Vec<Event>,
    pub logs: Vec<LogText>,
    pub node_services: Vec<NodeService>,
    pub connections: Vec<Connection>,
    pub usage: Vec<Usage>,
    /// Pods by the machine they run on, as machines describe themselves: sorted, each once.
    pub node_pods: Vec<NodePod>,
    /// Where files and live objects disagree.
    pub drifts: Vec<Drift>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// When the capture was taken: as given, else the newest time in it.
    pub taken_at: Option<jiff::Timestamp>,
    /// The newest time that an object's state states: the capture is not older.
    pub(crate) latest: Option<jiff::Timestamp>,
    /// What kept answers away, and where it was said.
    pub(crate) troubles: Vec<(Trouble, Origin)>,
    pub(crate) documents: Vec<DocumentText>,
    /// Object → indices in `events`.
    pub(crate) events_by_object: BTreeMap<ObjectKey, Vec<usize>>,
}

impl Picture {
    /// The lines a log holds.
    pub fn log_lines(&self, log: &LogText) -> impl Iterator<Item = &str> {
        self.part(log.origin).lines()
    }

    /// A time that the capture is not older than: when it was taken, else the newest time in it, of events and of the
    /// state of objects.
    pub(crate) fn not_before(&self) -> Option<jiff::Timestamp> {
        self.taken_at.max(self.latest)
    }

    /// Events about one object, oldest first.
    pub fn events_of<'a>(&'a self, key: &ObjectKey) -> impl Iterator<Item = &'a Event> {
        let indices = self.events_by_object.get(key).map_or(&[][..], Vec::as_slice);
        indices.iter().filter_map(|index| self.events.get(*index))
    }
}
