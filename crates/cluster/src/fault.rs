//! What can be wrong in a cluster, and one thing that is.

use std::fmt;

use crate::kind::ObjectKey;
use crate::picture::Fact;

/// How far the life of a workload gets before it breaks. Earlier stages come first: what breaks there hides all that
/// would come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Machines and the cluster's own components.
    Infrastructure,
    /// Objects are refused before they exist.
    Admission,
    /// Pods find no machine.
    Scheduling,
    /// Containers do not start.
    Startup,
    /// Containers start and do not stay well.
    Runtime,
    /// Everything runs and calls do not arrive where they should.
    Routing,
    /// Calls arrive and are slow.
    Performance,
}

impl Stage {
    /// The word used in text and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Infrastructure => "infrastructure",
            Stage::Admission => "admission",
            Stage::Scheduling => "scheduling",
            Stage::Startup => "startup",
            Stage::Runtime => "runtime",
            Stage::Routing => "routing",
            Stage::Performance => "performance",
        }
    }
}

macro_rules! fault_kinds {
    ($($variant:ident, $stage:ident, $word:literal, $title:literal;)*) => {
        /// A way in which a cluster, or something in it, can be broken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind {
            $(#[doc = $title] $variant,)*
        }

        impl FaultKind {
            /// Every kind, by stage.
            pub const ALL: &[FaultKind] = &[$(FaultKind::$variant,)*];

            /// The word used in JSON, mechanisms and documents.
            pub fn as_str(self) -> &'static str {
                match self { $(FaultKind::$variant => $word,)* }
            }

            /// A few words for people.
            pub fn title(self) -> &'static str {
                match self { $(FaultKind::$variant => $title,)* }
            }

            /// Where in the life of a workload it bites.
            pub fn stage(self) -> Stage {
                match self { $(FaultKind::$variant => Stage::$stage,)* }
            }
        }
    };
}

impl FaultKind {
    /// Whether it only says how something fails, so that there is always a why behind it: what it needs next is a look,
    /// not a change.
    pub fn is_symptom(self) -> bool {
        matches!(
            self,
            FaultKind::CrashLoop
                | FaultKind::RolloutStuck
                | FaultKind::ProbeFailing
                | FaultKind::InitContainerFailing
                | FaultKind::JobFailed
        )
    }
}

fault_kinds! {
    KubeletDown, Infrastructure, "kubelet_down", "the node's agent (kubelet) is not running";
    ContainerRuntimeDown, Infrastructure, "container_runtime_down", "the node's container runtime is not running";
    KubeProxyDown, Infrastructure, "kube_proxy_down", "the node's service proxy (kube-proxy) is not running";
    SchedulerDown, Infrastructure, "scheduler_down", "the scheduler is not running";
    ControllerManagerDown, Infrastructure, "controller_manager_down", "the controller manager is not running";
    ApiServerUnhealthy, Infrastructure, "api_server_unhealthy", "the API server or its store is not well";
    NodeNotReady, Infrastructure, "node_not_ready", "a node is not ready";
    NodePressure, Infrastructure, "node_pressure", "a node is short of disk, memory or process ids";
    NodeNetworkDelay, Infrastructure, "node_network_delay", "the network of a node delays packets";
    NodePacketLoss, Infrastructure, "node_packet_loss", "the network of a node loses packets";
    ClusterDnsDown, Infrastructure, "cluster_dns_down", "the cluster's DNS does not answer";
    NetworkPluginBroken, Infrastructure, "network_plugin_broken", "the pod network cannot be set up";
    ServiceAccountMissing, Admission, "service_account_missing", "a service account does not exist";
    QuotaExceeded, Admission, "quota_exceeded", "a namespace's quota is used up";
    LimitRangeRefused, Admission, "limit_range_refused", "a limit range refuses the pod";
    PodSecurityRefused, Admission, "pod_security_refused", "pod security standards refuse the pod";
    WebhookRefusing, Admission, "webhook_refusing", "an admission webhook refuses or does not answer";
    PriorityClassMissing, Admission, "priority_class_missing", "a priority class does not exist";
    InsufficientResource, Scheduling, "insufficient_resource", "no node has enough free of a resource";
    NodeSelectorMismatch, Scheduling, "node_selector_mismatch", "no node has the labels the node selector wants";
    NodeAffinityMismatch, Scheduling, "node_affinity_mismatch", "no node has the labels the node affinity wants";
    NodeCordoned, Scheduling, "node_cordoned", "the node it could run on is cordoned";
    TaintNotTolerated, Scheduling, "taint_not_tolerated", "the node it could run on has a taint it does not tolerate";
    PodAntiAffinity, Scheduling, "pod_anti_affinity", "its anti-affinity leaves no node";
    PodAffinity, Scheduling, "pod_affinity", "no node runs the pods it wants to be near";
    TopologySpread, Scheduling, "topology_spread", "its topology spread leaves no node";
    HostPortTaken, Scheduling, "host_port_taken", "the host port it wants is taken on every node";
    ClaimMissing, Scheduling, "claim_missing", "a volume claim does not exist";
    ClaimCapacity, Scheduling, "claim_capacity", "no volume is large enough for the claim";
    ClaimAccessMode, Scheduling, "claim_access_mode", "no volume offers the access mode of the claim";
    ClaimStorageClass, Scheduling, "claim_storage_class", "no volume or provisioner is of the claim's storage class";
    ClaimSelector, Scheduling, "claim_selector", "no volume has the labels the claim wants";
    VolumeTaken, Scheduling, "volume_taken", "the volume that fits is bound to another claim";
    VolumeNodeAffinity, Scheduling, "volume_node_affinity", "the volume can only be used on other nodes";
    ProvisioningFailed, Scheduling, "provisioning_failed", "the storage provisioner fails";
    PriorityPreempted, Scheduling, "priority_preempted", "pods of higher priority took its place";
    ImageNotFound, Startup, "image_not_found", "the image or its tag does not exist";
    ImagePullDenied, Startup, "image_pull_denied", "the registry refuses to hand over the image";
    RegistryUnreachable, Startup, "registry_unreachable", "the image registry cannot be reached";
    SecretMissing, Startup, "secret_missing", "a secret, or a key of it, does not exist";
    ConfigMapMissing, Startup, "config_map_missing", "a config map, or a key of it, does not exist";
    VolumeMountFailed, Startup, "volume_mount_failed", "a volume cannot be attached or mounted";
    VolumePermissionDenied, Startup, "volume_permission_denied", "the program may not read or write its volume";
    CommandNotFound, Startup, "command_not_found", "the container's command cannot be started";
    SettingMissing, Startup, "setting_missing", "the program ends because a setting it needs is missing";
    ContainerConfigRefused, Startup, "container_config_refused", "the kubelet refuses the container's settings";
    SandboxFailed, Startup, "sandbox_failed", "the pod's sandbox cannot be made";
    InitContainerFailing, Startup, "init_container_failing", "an init container does not finish";
    OutOfMemory, Runtime, "out_of_memory", "the memory limit is too low for the program";
    NodeOutOfMemory, Runtime, "node_out_of_memory", "the node ran out of memory and killed the program";
    Evicted, Runtime, "evicted", "the node evicted the pod";
    CrashLoop, Runtime, "crash_loop", "the program ends again and again";
    ProbePortWrong, Runtime, "probe_port_wrong", "a probe asks a port nobody listens on";
    ProbeProtocolWrong, Runtime, "probe_protocol_wrong", "a probe speaks another protocol than the port";
    ProbeTooImpatient, Runtime, "probe_too_impatient", "a probe gives the program too little time";
    ProbeTooLate, Runtime, "probe_too_late", "a probe first asks long after the program could answer";
    ProbeFailing, Runtime, "probe_failing", "a probe fails";
    SidecarPortConflict, Runtime, "sidecar_port_conflict", "a sidecar and the program want the same port";
    ZeroReplicas, Runtime, "zero_replicas", "the workload is scaled to zero";
    RolloutStuck, Runtime, "rollout_stuck", "a rollout does not finish";
    RolloutPaused, Runtime, "rollout_paused", "a rollout is paused half-way";
    JobFailed, Runtime, "job_failed", "a job failed";
    CronJobStopped, Runtime, "cron_job_stopped", "a cron job is suspended or misses its times";
    AutoscalerAtMaximum, Runtime, "autoscaler_at_maximum", "the autoscaler may not add more replicas";
    AutoscalerBlind, Runtime, "autoscaler_blind", "the autoscaler cannot read its metric";
    DrainBlocked, Runtime, "drain_blocked", "a disruption budget lets no pod be moved";
    DatabaseReadOnly, Runtime, "database_read_only", "the database accepts no writes";
    ConnectionsExhausted, Runtime, "connections_exhausted", "the database accepts no more connections";
    CredentialsRefused, Runtime, "credentials_refused", "the database refuses the program's credentials";
    ServiceSelectorMismatch, Routing, "service_selector_mismatch", "the service selects no pod";
    ServicePortMismatch, Routing, "service_port_mismatch", "the service sends to a port the pods do not have";
    ServiceProtocolMismatch, Routing, "service_protocol_mismatch", "the service forwards another protocol than the pods speak";
    ServiceMissing, Routing, "service_missing", "a service that is called does not exist";
    ClientAddressWrong, Routing, "client_address_wrong", "the client is configured with an address nobody serves";
    ClientPortWrong, Routing, "client_port_wrong", "the client is configured with a port the service does not offer";
    PodDnsBroken, Routing, "pod_dns_broken", "the pod asks a DNS server that does not know the cluster";
    RouteWrong, Routing, "route_wrong", "a gateway's route leads to the wrong place";
    IngressBackendMissing, Routing, "ingress_backend_missing", "an ingress names a service or port that does not exist";
    NetworkPolicyDenies, Routing, "network_policy_denies", "a network policy forbids the call";
    CertificateExpired, Routing, "certificate_expired", "a certificate has expired or was not issued";
    CpuOverload, Performance, "cpu_overload", "the program wants more processor than it gets";
    NetworkDelay, Performance, "network_delay", "calls to the program are delayed on the network";
    NoisyNeighbour, Performance, "noisy_neighbour", "another program on the node takes its share";
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a fault does harm at the time of the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It is doing harm now.
    Active,
    /// It is there and nothing shows that it does harm.
    Latent,
    /// It did harm and no longer does.
    Recovered,
}

/// How well a fault is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// One indirect sign.
    Suspected,
    /// Fields contradict each other and the symptom is the one that this gives.
    Shown,
    /// A component of the cluster says so itself about what is broken now, or exact arithmetic does.
    Stated,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What sort of thing.
    pub kind: FaultKind,
    /// What exactly, where the kind leaves that open: `requests.cpu` of a quota, `memory` of a node, `liveness` of a
    /// probe, `137` of a crash, `disk` of a pressure. Empty when there is nothing to add.
    pub subject: String,
    /// The object that owns the field to change: a deployment rather than its pods, a quota, a node, a service.
    pub object: ObjectKey,
    /// Whether it does harm now.
    pub standing: Standing,
    /// How well it is shown.
    pub certainty: Certainty,
    /// One sentence for people, without a full stop, naming objects and values.
    pub summary: String,
    /// What shows it, strongest first; at least one.
    pub facts: Vec<Fact>,
    /// What is broken because of it: workloads that lack ready pods, services that cannot be reached, clients that
    /// fail. Sorted.
    pub explains: Vec<ObjectKey>,
    /// Kinds that the same evidence leaves possible, likeliest first.
    pub neighbours: Vec<FaultKind>,
    /// What to do, as an imperative sentence without a full stop; a command where one exists.
    pub remedy: String,
}
