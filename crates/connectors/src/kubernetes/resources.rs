//! What is listed: one table, from which requests, the read gate, permissions and the tests of the roles in
//! `deploy/kubernetes/` derive.

/// Whether every cluster has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// Part of Kubernetes.
    Always,
    /// Served where somebody installed it; that it is not served is no gap.
    IfInstalled,
}

/// Where objects of a resource live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// In namespaces.
    Namespaced,
    /// Outside of them.
    Cluster,
}

/// A resource under one version of its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// API group; empty for the core group.
    pub(super) group: &'static str,
    /// Path of the group and version: `/apis/apps/v1`.
    pub(super) base: &'static str,
}

/// A resource that is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Resource {
    /// Name in paths and rules: `pods`.
    pub(super) plural: &'static str,
    /// Where its objects live.
    pub(super) scope: Scope,
    /// Whether every cluster has it.
    pub(super) presence: Presence,
    /// Versions to try, best first; the next one when the cluster does not serve the one before.
    pub(super) versions: &'static [Version],
}

impl Resource {
    /// The path of the list: of one namespace, or of everything.
    pub(super) fn path(&self, version: Version, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", version.base, self.plural),
            None => format!("{}/{}", version.base, self.plural),
        }
    }

    /// The rule that listing needs, as a role's YAML writes it.
    pub(super) fn rule(&self, version: Version) -> String {
        rule(version.group, self.plural, "list")
    }
}

/// `apiGroups: ["apps"], resources: ["deployments"], verbs: ["list"]`
pub(super) fn rule(group: &str, resource: &str, verb: &str) -> String {
    format!("apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [\"{verb}\"]")
}

/// Path of a container's log, as the read gate knows it.
macro_rules! log_path {
    () => {
        "GET /api/v1/namespaces/{namespace}/pods/{pod}/log"
    };
}

macro_rules! resources {
    (
        namespaced: { $( $plural:literal $presence:ident [ $( ($group:literal, $base:literal) ),+ ]; )* }
        cluster: { $( $wide:literal $wide_presence:ident [ $( ($wide_group:literal, $wide_base:literal) ),+ ]; )* }
    ) => {
        /// Every resource, what others are judged by first.
        pub(super) static RESOURCES: &[Resource] = &[
            $( Resource {
                plural: $wide,
                scope: Scope::Cluster,
                presence: Presence::$wide_presence,
                versions: &[ $( Version { group: $wide_group, base: $wide_base } ),+ ],
            }, )*
            $( Resource {
                plural: $plural,
                scope: Scope::Namespaced,
                presence: Presence::$presence,
                versions: &[ $( Version { group: $group, base: $base } ),+ ],
            }, )*
        ];

        /// Every operation: the version, the lists, and the logs of containers.
        pub(super) const READS: &[&str] = &[
            "GET /version",
            log_path!(),
            $( $( concat!("GET ", $wide_base, "/", $wide), )+ )*
            $( $(
                concat!("GET ", $base, "/", $plural),
                concat!("GET ", $base, "/namespaces/{namespace}/", $plural),
            )+ )*
        ];
    };
}

resources! {
    namespaced: {
        "pods" Always [("", "/api/v1")];
        "deployments" Always [("apps", "/apis/apps/v1")];
        "replicasets" Always [("apps", "/apis/apps/v1")];
        "statefulsets" Always [("apps", "/apis/apps/v1")];
        "daemonsets" Always [("apps", "/apis/apps/v1")];
        "jobs" Always [("batch", "/apis/batch/v1")];
        "cronjobs" Always [("batch", "/apis/batch/v1")];
        "services" Always [("", "/api/v1")];
        "endpoints" Always [("", "/api/v1")];
        "endpointslices" Always [("discovery.k8s.io", "/apis/discovery.k8s.io/v1")];
        "ingresses" Always [("networking.k8s.io", "/apis/networking.k8s.io/v1")];
        "networkpolicies" Always [("networking.k8s.io", "/apis/networking.k8s.io/v1")];
        "configmaps" Always [("", "/api/v1")];
        "secrets" Always [("", "/api/v1")];
        "serviceaccounts" Always [("", "/api/v1")];
        "resourcequotas" Always [("", "/api/v1")];
        "limitranges" Always [("", "/api/v1")];
        "persistentvolumeclaims" Always [("", "/api/v1")];
        "horizontalpodautoscalers" Always [
            ("autoscaling", "/apis/autoscaling/v2"),
            ("autoscaling", "/apis/autoscaling/v1")
        ];
        "poddisruptionbudgets" Always [("policy", "/apis/policy/v1")];
        "events" Always [("", "/api/v1")];
        "gateways" IfInstalled [
            ("gateway.networking.k8s.io", "/apis/gateway.networking.k8s.io/v1"),
            ("gateway.networking.k8s.io", "/apis/gateway.networking.k8s.io/v1beta1")
        ];
        "httproutes" IfInstalled [
            ("gateway.networking.k8s.io", "/apis/gateway.networking.k8s.io/v1"),
            ("gateway.networking.k8s.io", "/apis/gateway.networking.k8s.io/v1beta1")
        ];
        "virtualservices" IfInstalled [
            ("networking.istio.io", "/apis/networking.istio.io/v1"),
            ("networking.istio.io", "/apis/networking.istio.io/v1beta1")
        ];
        "certificates" IfInstalled [("cert-manager.io", "/apis/cert-manager.io/v1")];
    }
    cluster: {
        "nodes" Always [("", "/api/v1")];
        "namespaces" Always [("", "/api/v1")];
        "persistentvolumes" Always [("", "/api/v1")];
        "storageclasses" Always [("storage.k8s.io", "/apis/storage.k8s.io/v1")];
        "priorityclasses" Always [("scheduling.k8s.io", "/apis/scheduling.k8s.io/v1")];
        "mutatingwebhookconfigurations" Always [
            ("admissionregistration.k8s.io", "/apis/admissionregistration.k8s.io/v1")
        ];
        "validatingwebhookconfigurations" Always [
            ("admissionregistration.k8s.io", "/apis/admissionregistration.k8s.io/v1")
        ];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_passes_the_gate_and_is_understood_by_the_cluster_reader() {
        let gate = midwatch_sources::http::ReadGate::new(READS);
        let passes = |path: &str| gate.passes(midwatch_sources::http::Method::Get, path);
        for resource in RESOURCES {
            for version in resource.versions {
                assert!(passes(&resource.path(*version, None)), "{}", resource.plural);
                let in_one = passes(&resource.path(*version, Some("shop")));
                assert_eq!(in_one, resource.scope == Scope::Namespaced, "{}", resource.plural);
                // Every one of them is a kind that the reasoning knows.
                let word = format!("{}.{}", resource.plural, version.group);
                let word = if version.group.is_empty() { resource.plural } else { &word };
                let kind = midwatch_cluster::Kind::parse(word);
                assert!(kind.is_some_and(|kind| kind != midwatch_cluster::Kind::Custom), "{word}");
                let is_wide = kind.is_some_and(midwatch_cluster::Kind::is_cluster_scoped);
                assert_eq!(is_wide, resource.scope == Scope::Cluster, "{word}");
            }
        }
        for refused in [
            "/api/v1/namespaces/shop/pods/a/exec",
            "/api/v1/namespaces/shop/pods/a",
            "/api/v1/namespaces/shop/secrets/a",
            "/api/v1/namespaces/shop/services/a/proxy",
            "/api/v1/nodes/a/proxy/logs",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        ] {
            assert!(!passes(refused), "{refused}");
        }
    }

    #[test]
    fn a_rule_reads_as_in_a_role() {
        let pods = RESOURCES.iter().find(|resource| resource.plural == "pods").unwrap();
        assert_eq!(pods.rule(pods.versions[0]), r#"apiGroups: [""], resources: ["pods"], verbs: ["list"]"#);
    }
}
