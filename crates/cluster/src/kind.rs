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

/// Kind, name in YAML, API groups that have it under that name (empty for the core group), and the words `kubectl` takes
/// for it (singular, plural and short names).
type Naming = (Kind, &'static str, &'static [&'static str], &'static [&'static str]);

const NAMES: [Naming; 33] = [
    (Kind::Pod, "Pod", &[""], &["pod", "pods", "po"]),
    (Kind::Deployment, "Deployment", &["apps", "extensions"], &["deployment", "deployments", "deploy"]),
    (Kind::ReplicaSet, "ReplicaSet", &["apps", "extensions"], &["replicaset", "replicasets", "rs"]),
    (Kind::StatefulSet, "StatefulSet", &["apps"], &["statefulset", "statefulsets", "sts"]),
    (Kind::DaemonSet, "DaemonSet", &["apps", "extensions"], &["daemonset", "daemonsets", "ds"]),
    (Kind::Job, "Job", &["batch"], &["job", "jobs"]),
    (Kind::CronJob, "CronJob", &["batch"], &["cronjob", "cronjobs", "cj"]),
    (Kind::Service, "Service", &[""], &["service", "services", "svc"]),
    (Kind::Endpoints, "Endpoints", &[""], &["endpoints", "endpoint", "ep"]),
    (Kind::EndpointSlice, "EndpointSlice", &["discovery.k8s.io"], &["endpointslice", "endpointslices"]),
    (Kind::Ingress, "Ingress", &["networking.k8s.io", "extensions"], &["ingress", "ingresses", "ing"]),
    (
        Kind::NetworkPolicy,
        "NetworkPolicy",
        &["networking.k8s.io", "extensions"],
        &["networkpolicy", "networkpolicies", "netpol"],
    ),
    (Kind::ConfigMap, "ConfigMap", &[""], &["configmap", "configmaps", "cm"]),
    (Kind::Secret, "Secret", &[""], &["secret", "secrets"]),
    (Kind::ServiceAccount, "ServiceAccount", &[""], &["serviceaccount", "serviceaccounts", "sa"]),
    (Kind::ResourceQuota, "ResourceQuota", &[""], &["resourcequota", "resourcequotas", "quota"]),
    (Kind::LimitRange, "LimitRange", &[""], &["limitrange", "limitranges", "limits"]),
    (
        Kind::PersistentVolumeClaim,
        "PersistentVolumeClaim",
        &[""],
        &["persistentvolumeclaim", "persistentvolumeclaims", "pvc"],
    ),
    (Kind::PersistentVolume, "PersistentVolume", &[""], &["persistentvolume", "persistentvolumes", "pv"]),
    (Kind::StorageClass, "StorageClass", &["storage.k8s.io"], &["storageclass", "storageclasses", "sc"]),
    (Kind::Node, "Node", &[""], &["node", "nodes", "no"]),
    (Kind::Namespace, "Namespace", &[""], &["namespace", "namespaces", "ns"]),
    (
        Kind::HorizontalPodAutoscaler,
        "HorizontalPodAutoscaler",
        &["autoscaling"],
        &["horizontalpodautoscaler", "horizontalpodautoscalers", "hpa"],
    ),
    (
        Kind::PodDisruptionBudget,
        "PodDisruptionBudget",
        &["policy"],
        &["poddisruptionbudget", "poddisruptionbudgets", "pdb"],
    ),
    (
        Kind::PriorityClass,
        "PriorityClass",
        &["scheduling.k8s.io"],
        &["priorityclass", "priorityclasses", "pc"],
    ),
    (
        Kind::MutatingWebhookConfiguration,
        "MutatingWebhookConfiguration",
        &["admissionregistration.k8s.io"],
        &["mutatingwebhookconfiguration", "mutatingwebhookconfigurations"],
    ),
    (
        Kind::ValidatingWebhookConfiguration,
        "ValidatingWebhookConfiguration",
        &["admissionregistration.k8s.io"],
        &["validatingwebhookconfiguration", "validatingwebhookconfigurations"],
    ),
    (Kind::RoleBinding, "RoleBinding", &["rbac.authorization.k8s.io"], &["rolebinding", "rolebindings"]),
    (Kind::Event, "Event", &["", "events.k8s.io"], &["event", "events", "ev"]),
    (Kind::Gateway, "Gateway", &["gateway.networking.k8s.io"], &["gateway", "gateways", "gtw"]),
    (Kind::HttpRoute, "HTTPRoute", &["gateway.networking.k8s.io"], &["httproute", "httproutes"]),
    (
        Kind::VirtualService,
        "VirtualService",
        &["networking.istio.io"],
        &["virtualservice", "virtualservices", "vs"],
    ),
    (
        Kind::Certificate,
        "Certificate",
        &["cert-manager.io", "certmanager.k8s.io"],
        &["certificate", "certificates", "cert", "certs"],
    ),
];

impl Kind {
    /// The kind of a word as `kubectl` takes it (`po`, `pods`, `deployments.apps`, `deployments.v1.apps`) or as YAML
    /// says it (`Pod`). `None` for words that name no kind of the list, and for kinds of other groups that only share
    /// the name (`services.serving.knative.dev`); the caller decides whether that is [`Kind::Custom`].
    pub fn parse(word: &str) -> Option<Kind> {
        let (name, group) = match word.split_once('.') {
            Some((name, rest)) => (name, Some(without_version(rest))),
            None => (word, None),
        };
        let name = name.to_ascii_lowercase();
        let found = NAMES.iter().find(|(.., words)| words.contains(&name.as_str()))?;
        group.is_none_or(|group| found.2.contains(&group)).then_some(found.0)
    }

    /// The kind of an object that says `apiVersion` and `kind`. A kind of another group that shares its name with one
    /// of the list (Knative's `Service`, Istio's `Gateway`) is [`Kind::Custom`]. Without a version the name decides.
    pub fn of(api_version: &str, kind: &str) -> Kind {
        let Some(found) = Kind::parse(kind) else { return Kind::Custom };
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let groups =
            NAMES.iter().find(|(kind, ..)| *kind == found).map_or(&[][..], |(_, _, groups, _)| *groups);
        if api_version.is_empty() || groups.contains(&group) { found } else { Kind::Custom }
    }

    /// The name in YAML: `Pod`.
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(kind, ..)| *kind == self).map_or("Object", |(_, name, ..)| name)
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

/// The group of `group` or `version.group`, as `kubectl` takes them behind a resource.
fn without_version(rest: &str) -> &str {
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    match rest.split_once('.') {
        Some((version, group)) if is_version(version) => group,
        None if is_version(rest) => "",
        _ => rest,
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
        for (kind, name, groups, words) in NAMES {
            assert_eq!(Kind::parse(name), Some(kind), "{name}");
            for word in words {
                assert_eq!(Kind::parse(word), Some(kind), "{word}");
            }
            for group in groups {
                let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1beta1") };
                assert_eq!(Kind::of(&version, name), kind, "{version} {name}");
            }
            assert_eq!(Kind::of("", name), kind, "{name}");
            assert_eq!(Kind::of("teapots.example.org/v1", name), Kind::Custom, "{name}");
        }
        assert_eq!(Kind::parse("teapots"), None);
    }

    #[test]
    fn the_group_tells_kinds_of_one_name_apart() {
        for (word, kind) in [
            ("deployments.apps", Some(Kind::Deployment)),
            ("deployments.v1.apps", Some(Kind::Deployment)),
            ("services.v1.", Some(Kind::Service)),
            ("ingresses.extensions", Some(Kind::Ingress)),
            ("events.events.k8s.io", Some(Kind::Event)),
            ("certificates.cert-manager.io", Some(Kind::Certificate)),
            ("services.serving.knative.dev", None),
            ("ksvc", None),
            ("networkpolicies.crd.projectcalico.org", None),
            ("gateways.networking.istio.io", None),
            ("jobs.v1alpha1.batch.volcano.sh", None),
            ("nodes.management.cattle.io", None),
        ] {
            assert_eq!(Kind::parse(word), kind, "{word}");
        }
        for (version, name, kind) in [
            ("v1", "Service", Kind::Service),
            ("serving.knative.dev/v1", "Service", Kind::Custom),
            ("networking.istio.io/v1", "Gateway", Kind::Custom),
            ("gateway.networking.k8s.io/v1", "Gateway", Kind::Gateway),
            ("networking.internal.knative.dev/v1alpha1", "Certificate", Kind::Custom),
            ("projectcalico.org/v3", "NetworkPolicy", Kind::Custom),
            ("cluster.x-k8s.io/v1beta1", "Cluster", Kind::Custom),
        ] {
            assert_eq!(Kind::of(version, name), kind, "{version} {name}");
        }
    }
}
