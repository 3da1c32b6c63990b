//! From what Midwatch calls a fault to what the suite calls it. Read after the verdict, by the scorer only.

use midwatch_cluster::{FaultKind, Kind, ObjectKey};

use FaultKind as F;

/// Our kind and subject (empty: any) → the suite's category and root cause. The first row that fits counts.
const LABELS: &[(FaultKind, &str, &str, &str)] = &[
    (F::ServiceAccountMissing, "", "Admission_Fault", "missing_service_account"),
    (F::QuotaExceeded, "cpu", "Admission_Fault", "namespace_cpu_quota_exceeded"),
    (F::QuotaExceeded, "memory", "Admission_Fault", "namespace_memory_quota_exceeded"),
    (F::QuotaExceeded, "pods", "Admission_Fault", "namespace_pod_quota_exceeded"),
    (F::QuotaExceeded, "services", "Admission_Fault", "namespace_service_quota_exceeded"),
    (F::QuotaExceeded, "storage", "Admission_Fault", "namespace_storage_quota_exceeded"),
    (F::QuotaExceeded, "persistentvolumeclaims", "Admission_Fault", "namespace_storage_quota_exceeded"),
    (F::ContainerRuntimeDown, "", "Infrastructure_Fault", "containerd_unavailable"),
    (F::KubeProxyDown, "", "Infrastructure_Fault", "kube_proxy_unavailable"),
    (F::SchedulerDown, "", "Infrastructure_Fault", "kube_scheduler_unavailable"),
    (F::KubeletDown, "", "Infrastructure_Fault", "kubelet_unavailable"),
    (F::NodeNetworkDelay, "", "Infrastructure_Fault", "node_network_delay"),
    (F::NodePacketLoss, "", "Infrastructure_Fault", "node_network_packet_loss"),
    (F::CpuOverload, "", "Performance_Fault", "pod_cpu_overload"),
    (F::NetworkDelay, "", "Performance_Fault", "pod_network_delay"),
    (F::ProbePortWrong, "liveness", "Runtime_Fault", "liveness_probe_incorrect_port"),
    (F::ProbeProtocolWrong, "liveness", "Runtime_Fault", "liveness_probe_incorrect_protocol"),
    (F::ProbeTooImpatient, "liveness", "Runtime_Fault", "liveness_probe_incorrect_timing"),
    (F::ProbePortWrong, "readiness", "Runtime_Fault", "readiness_probe_incorrect_port"),
    (F::ProbeProtocolWrong, "readiness", "Runtime_Fault", "readiness_probe_incorrect_protocol"),
    (F::ProbeTooImpatient, "readiness", "Runtime_Fault", "readiness_probe_incorrect_timing"),
    (F::ProbeTooLate, "readiness", "Runtime_Fault", "readiness_probe_incorrect_timing"),
    (F::ProbeTooLate, "liveness", "Runtime_Fault", "liveness_probe_incorrect_timing"),
    (F::OutOfMemory, "", "Runtime_Fault", "oom_killed"),
    (F::ZeroReplicas, "", "Runtime_Fault", "deployment_zero_replicas"),
    (F::DatabaseReadOnly, "", "Runtime_Fault", "db_read_only"),
    (F::ConnectionsExhausted, "", "Runtime_Fault", "db_connection_exhaustion"),
    (F::CredentialsRefused, "", "Runtime_Fault", "mysql_invalid_credentials"),
    (F::ClientPortWrong, "database", "Runtime_Fault", "mysql_invalid_port"),
    (F::SidecarPortConflict, "", "Runtime_Fault", "service_sidecar_port_conflict"),
    (F::InsufficientResource, "cpu", "Scheduling_Fault", "cpu_capacity_mismatch"),
    (F::InsufficientResource, "memory", "Scheduling_Fault", "memory_capacity_mismatch"),
    (F::NodeSelectorMismatch, "", "Scheduling_Fault", "node_selector_mismatch"),
    (F::NodeAffinityMismatch, "", "Scheduling_Fault", "node_affinity_mismatch"),
    (F::NodeCordoned, "", "Scheduling_Fault", "node_cordon_mismatch"),
    (F::TaintNotTolerated, "", "Scheduling_Fault", "taint_toleration_mismatch"),
    (F::PodAntiAffinity, "", "Scheduling_Fault", "pod_anti_affinity_conflict"),
    (F::ClaimCapacity, "", "Scheduling_Fault", "pvc_capacity_mismatch"),
    (F::ClaimAccessMode, "", "Scheduling_Fault", "pvc_access_mode_mismatch"),
    (F::ClaimStorageClass, "", "Scheduling_Fault", "pvc_storage_class_mismatch"),
    (F::ClaimSelector, "", "Scheduling_Fault", "pvc_selector_mismatch"),
    (F::VolumeTaken, "", "Scheduling_Fault", "pv_binding_occupied"),
    (F::ClientAddressWrong, "", "Service_Routing_Fault", "service_env_var_address_mismatch"),
    (F::ClientPortWrong, "", "Service_Routing_Fault", "service_env_var_address_mismatch"),
    (F::ServicePortMismatch, "", "Service_Routing_Fault", "service_port_mapping_mismatch"),
    (F::ServiceProtocolMismatch, "", "Service_Routing_Fault", "service_protocol_mismatch"),
    (F::ServiceSelectorMismatch, "", "Service_Routing_Fault", "service_selector_mismatch"),
    (F::PodDnsBroken, "", "Service_Routing_Fault", "service_dns_resolution_failure"),
    (F::RouteWrong, "", "Service_Routing_Fault", "gateway_misroute"),
    (F::RegistryUnreachable, "", "Startup_Fault", "image_registry_dns_failure"),
    (F::ImageNotFound, "", "Startup_Fault", "incorrect_image_reference"),
    (F::ImagePullDenied, "", "Startup_Fault", "missing_image_pull_secret"),
    (F::SecretMissing, "", "Startup_Fault", "missing_secret_binding"),
    (F::VolumePermissionDenied, "", "Startup_Fault", "volume_mount_permission_denied"),
];

/// Category and root cause of a fault, in the suite's words.
pub fn label(kind: FaultKind, subject: &str) -> Option<(&'static str, &'static str)> {
    let fits = |of: &FaultKind, wanted: &str| *of == kind && (wanted.is_empty() || subject.contains(wanted));
    LABELS.iter().find(|(of, wanted, ..)| fits(of, wanted)).map(|(.., category, cause)| (*category, *cause))
}

/// The object in the suite's words: `node/NAME`, `namespace/NAME` for quotas, else `app/NAME`.
pub fn object(key: &ObjectKey) -> String {
    match key.kind {
        Kind::Node => format!("node/{}", key.name),
        Kind::ResourceQuota | Kind::LimitRange => format!("namespace/{}", key.namespace),
        Kind::Namespace => format!("namespace/{}", key.name),
        _ => format!("app/{}", key.name),
    }
}
