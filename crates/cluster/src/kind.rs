//! Kinds of objects, and the name of one object.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of Kubernetes object. Kinds that reasoning does not use are [`Kind::Custom`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant is the kind of that name in the Kubernetes API reference")]
pub enum Kind {
    Pod,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Service,
    Endpoints,
    EndpointSlice,
    Ingress,
    NetworkPolicy,
    ConfigMap,
    Secret,
    ServiceAccount,
    ResourceQuota,
    LimitRange,
    PersistentVolumeClaim,
    PersistentVolume,
    StorageClass,
    Node,
    Namespace,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    PriorityClass,
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
    RoleBinding,
    Event,
    Gateway,
    HttpRoute,
    VirtualService,
    Certificate,
    Custom,
}

/// Kind, name in YAML, and the words `kubectl` takes for it (singular, plural and short names).
const NAMES: [(Kind, &str, &[&str]); 33] = [
    (Kind::Pod, "Pod", &["pod", "pods", "po"]),
    (Kind::Deployment, "Deployment", &["deployment", "deployments", "deploy"]),
    (Kind::ReplicaSet, "ReplicaSet", &["replicaset", "replicasets", "rs"]),
    (Kind::StatefulSet, "StatefulSet", &["statefulset", "statefulsets", "sts"]),
    (Kind::DaemonSet, "DaemonSet", &["daemonset", "daemonsets", "ds"]),
    (Kind::Job, "Job", &["job", "jobs"]),
    (Kind::CronJob, "CronJob", &["cronjob", "cronjobs", "cj"]),
    (Kind::Service, "Service", &["service", "services", "svc"]),
    (Kind::Endpoints, "Endpoints", &["endpoints", "endpoint", "ep"]),
    (Kind::EndpointSlice, "EndpointSlice", &["endpointslice", "endpointslices"]),
    (Kind::Ingress, "Ingress", &["ingress", "ingresses", "ing"]),
    (Kind::NetworkPolicy, "NetworkPolicy", &["networkpolicy", "networkpolicies", "netpol"]),
    (Kind::ConfigMap, "ConfigMap", &["configmap", "configmaps", "cm"]),
    (Kind::Secret, "Secret", &["secret", "secrets"]),
    (Kind::ServiceAccount, "ServiceAccount", &["serviceaccount", "serviceaccounts", "sa"]),
    (Kind::ResourceQuota, "ResourceQuota", &["resourcequota", "resourcequotas", "quota"]),
    (Kind::LimitRange, "LimitRange", &["limitrange", "limitranges", "limits"]),
    (
        Kind::PersistentVolumeClaim,
        "PersistentVolumeClaim",
        &["persistentvolumeclaim", "persistentvolumeclaims", "pvc"],
    ),
    (Kind::PersistentVolume, "PersistentVolume", &["persistentvolume", "persistentvolumes", "pv"]),
    (Kind::StorageClass, "StorageClass", &["storageclass", "storageclasses", "sc"]),
    (Kind::Node, "Node", &["node", "nodes", "no"]),
    (Kind::Namespace, "Namespace", &["namespace", "namespaces", "ns"]),
    (
        Kind::HorizontalPodAutoscaler,
        "HorizontalPodAutoscaler",
        &["horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"],
    ),
    (
        Kind::PodDisruptionBudget,
        "PodDisruptionBudget",
        &["poddisruptionbudget", "poddisruptionbudgets", "pdb"],
    ),
    (Kind::PriorityClass, "PriorityClass", &["priorityclass", "priorityclasses", "pc"]),
    (
        Kind::MutatingWebhookConfiguration,
        "MutatingWebhookConfiguration",
        &["mutatingwebhookconfiguration", "mutatingwebhookconfigurations"],
    ),
    (
        Kind::ValidatingWebhookConfiguration,
        "ValidatingWebhookConfiguration",
        &["validatingwebhookconfiguration", "validatingwebhookconfigurations"],
    ),
    (Kind::RoleBinding, "RoleBinding", &["rolebinding", "rolebindings"]),
    (Kind::Event, "Event", &["event", "events", "ev"]),
    (Kind::Gateway, "Gateway", &["gateway", "gateways", "gtw"]),
    (Kind::HttpRoute, "HTTPRoute", &["httproute", "httproutes"]),
    (Kind::VirtualService, "VirtualService", &["virtualservice", "virtualservices", "vs"]),
    (Kind::Certificate, "Certificate", &["certificate", "certificates", "cert", "certs"]),
];

impl Kind {
    /// The kind of a word as `kubectl` takes it (`po`, `pods`, `deployments.apps`) or as YAML says it (`Pod`).
    /// `None` for words that name no kind of the list; the caller decides whether that is [`Kind::Custom`].
    pub fn parse(word: &str) -> Option<Kind> {
        let word = word.split_once('.').map_or(word, |(kind, _group)| kind).to_ascii_lowercase();
        NAMES.iter().find(|(_, _, words)| words.contains(&word.as_str())).map(|(kind, ..)| *kind)
    }

    /// The name in YAML: `Pod`.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(kind, ..)| *kind == self).map_or("Object", |(_, name, _)| name)
    }

    /// Whether its objects live outside namespaces.
    pub fn is_cluster_scoped(self) -> bool {
        matches!(
            self,
            Kind::Node
                | Kind::Namespace
                | Kind::PersistentVolume
                | Kind::StorageClass
                | Kind::PriorityClass
                | Kind::MutatingWebhookConfiguration
                | Kind::ValidatingWebhookConfiguration
        )
    }

    /// Whether it makes pods, directly or through another object.
    pub fn is_workload(self) -> bool {
        matches!(
            self,
            Kind::Deployment
                | Kind::ReplicaSet
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::Job
                | Kind::CronJob
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One object: kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKey {
    /// What it is.
    pub kind: Kind,
    /// Where it is; empty for objects outside namespaces.
    pub namespace: String,
    /// Its name there.
    pub name: String,
}

impl ObjectKey {
    /// A key; the namespace is dropped for kinds that have none.
    pub fn new(kind: Kind, namespace: impl Into<String>, name: impl Into<String>) -> ObjectKey {
        let namespace = if kind.is_cluster_scoped() { String::new() } else { namespace.into() };
        ObjectKey { kind, namespace, name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    /// `Deployment shop/cart`, `Node worker-1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_names_one_kind_and_reads_back() {
        for (kind, name, words) in NAMES {
            assert_eq!(Kind::parse(name), Some(kind), "{name}");
            for word in words {
                assert_eq!(Kind::parse(word), Some(kind), "{word}");
            }
        }
        assert_eq!(Kind::parse("deployments.apps"), Some(Kind::Deployment));
        assert_eq!(Kind::parse("teapots"), None);
    }
}
