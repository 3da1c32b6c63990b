//! The resources it knows.

/// A resource of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resource {
    /// Group; empty for the core group.
    pub(super) group: &'static str,
    /// Version.
    pub(super) version: &'static str,
    /// Name in paths.
    pub(super) plural: &'static str,
    /// Name in objects.
    pub(super) kind: &'static str,
    /// Whether its objects live in namespaces.
    pub(super) is_namespaced: bool,
    /// Whether every cluster has it.
    pub(super) is_built_in: bool,
}

const fn built_in(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Resource {
    Resource { group, version, plural, kind, is_namespaced: true, is_built_in: true }
}

const fn wide(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Resource {
    Resource { is_namespaced: false, ..built_in(group, version, plural, kind) }
}

const fn installed(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
) -> Resource {
    Resource { is_built_in: false, ..built_in(group, version, plural, kind) }
}

/// Every resource, by group as discovery lists them.
pub(super) const RESOURCES: &[Resource] = &[
    built_in("", "v1", "configmaps", "ConfigMap"),
    built_in("", "v1", "endpoints", "Endpoints"),
    built_in("", "v1", "events", "Event"),
    built_in("", "v1", "limitranges", "LimitRange"),
    wide("", "v1", "namespaces", "Namespace"),
    wide("", "v1", "nodes", "Node"),
    built_in("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
    wide("", "v1", "persistentvolumes", "PersistentVolume"),
    built_in("", "v1", "pods", "Pod"),
    built_in("", "v1", "resourcequotas", "ResourceQuota"),
    built_in("", "v1", "secrets", "Secret"),
    built_in("", "v1", "serviceaccounts", "ServiceAccount"),
    built_in("", "v1", "services", "Service"),
    built_in("apps", "v1", "daemonsets", "DaemonSet"),
    built_in("apps", "v1", "deployments", "Deployment"),
    built_in("apps", "v1", "replicasets", "ReplicaSet"),
    built_in("apps", "v1", "statefulsets", "StatefulSet"),
    built_in("batch", "v1", "cronjobs", "CronJob"),
    built_in("batch", "v1", "jobs", "Job"),
    built_in("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    built_in("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    built_in("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    built_in("networking.k8s.io", "v1", "ingresses", "Ingress"),
    built_in("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    built_in("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    wide("scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass"),
    wide("storage.k8s.io", "v1", "storageclasses", "StorageClass"),
    wide(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
    ),
    wide(
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
    ),
    installed("gateway.networking.k8s.io", "v1", "gateways", "Gateway"),
    installed("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"),
    installed("networking.istio.io", "v1", "virtualservices", "VirtualService"),
    installed("cert-manager.io", "v1", "certificates", "Certificate"),
];

impl Resource {
    /// `apps/v1`, `v1`.
    pub(super) fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }
}
