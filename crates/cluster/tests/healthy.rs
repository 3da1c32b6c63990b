//! Healthy clusters with the standing noise of real ones: nothing in them may be called broken. Each has a twin, the
//! same capture with one real fault edited in, which must be found: so neither silence nor suspicion passes.

#![allow(clippy::expect_used)] // Helpers of tests, outside test functions.

mod honest;

use midwatch_cluster::{Capture, Context, Diagnosis, Fault, FaultKind, Picture, Standing, diagnose};

/// A capture and what is in it that looks bad and is not.
struct Healthy {
    file: &'static str,
    text: &'static str,
}

macro_rules! healthy {
    ($($file:literal),* $(,)?) => {
        [$(Healthy { file: $file, text: include_str!(concat!("healthy/", $file)) }),*]
    };
}

/// Written by hand in the formats of Kubernetes 1.20 to 1.34.
const PICTURES: [Healthy; 15] = healthy!(
    "tables-only.txt",
    "startup-race.txt",
    "node-noise.txt",
    "old-restarts.txt",
    "finished-jobs.txt",
    "finished-rollout.txt",
    "mesh-sidecars.txt",
    "service-sorts.txt",
    "storage.txt",
    "quotas-and-policies.txt",
    "api-lists.json",
    "noisy-logs.txt",
    "pulls-and-evictions.txt",
    "system.yaml",
    "gateways.txt",
);

/// A change to a capture.
enum Edit {
    /// The first place that holds the one text gets the other.
    Replace(&'static str, &'static str),
    /// Lines that hold the text go.
    Drop(&'static str),
}

use Edit::{Drop, Replace};

fn diagnosis(file: &str, text: &str) -> (Picture, Diagnosis) {
    let capture = if file.ends_with(".txt") {
        Capture::from_transcript(file, text)
    } else {
        let mut capture = Capture::default();
        capture.push(file, text);
        capture
    };
    let texts: Vec<String> = capture.documents.iter().map(|document| document.text.clone()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let picture = Picture::read(capture, None);
    let found = diagnose(&picture, &Context::default());
    assert_eq!(honest::wrongs(&picture, &texts, &found.faults), Vec::<String>::new(), "{file}");
    (picture, found)
}

fn told(fault: &Fault) -> String {
    let mut text = format!(
        "{:?} {:?} {} [{}] {}: {}\n",
        fault.standing, fault.certainty, fault.kind, fault.subject, fault.object, fault.summary
    );
    for fact in &fault.facts {
        text.push_str(&format!("      {} | {} | {}\n", fact.statement, fact.source, fact.quote));
    }
    text
}

#[test]
fn nothing_is_broken_in_healthy_clusters() {
    let mut wrong = String::new();
    for healthy in &PICTURES {
        let (picture, found) = diagnosis(healthy.file, healthy.text);
        for unread in &picture.unread {
            wrong.push_str(&format!("{}: not read: {}: {}\n", healthy.file, unread.source, unread.why));
        }
        for fault in found.faults.iter().filter(|fault| fault.standing == Standing::Active) {
            wrong.push_str(&format!("{}: {}", healthy.file, told(fault)));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn healthy_captures_are_seen_whole() {
    for healthy in &PICTURES {
        let (picture, _) = diagnosis(healthy.file, healthy.text);
        let well = midwatch_cluster::counts(&picture);
        let pods = well.iter().find(|count| count.what == "pods").map_or(0, |count| count.all);
        assert!(pods > 0, "{}: no pod was read", healthy.file);
        let workloads = well.iter().find(|count| count.what == "workloads");
        if let Some(workloads) = workloads {
            assert_eq!(workloads.well, workloads.all, "{}: workloads that lack pods", healthy.file);
        }
    }
}

/// The capture with the edits must show one of the kinds, harmful now, of the object; and the fault must come first.
fn check(file: &str, edits: &[Edit], kinds: &[FaultKind], object: &str) {
    let healthy = PICTURES.iter().find(|healthy| healthy.file == file).expect("a picture of that name");
    let mut text = healthy.text.to_owned();
    for edit in edits {
        text = match edit {
            Replace(from, to) => {
                assert!(text.contains(from), "{file}: nothing to replace: {from}");
                text.replacen(from, to, 1)
            }
            Drop(needle) => {
                assert!(text.contains(needle), "{file}: nothing to drop: {needle}");
                text.split_inclusive('\n').filter(|line| !line.contains(needle)).collect()
            }
        };
    }
    let (_, found) = diagnosis(file, &text);
    let first = found.faults.first();
    let right = first.is_some_and(|fault| {
        fault.standing == Standing::Active
            && kinds.contains(&fault.kind)
            && fault.object.to_string() == object
            && !fault.facts.is_empty()
    });
    let all: String = found.faults.iter().map(told).collect();
    assert!(right, "{file}: expected {kinds:?} of {object}; found\n{all}");
}

#[test]
fn twin_of_tables_only() {
    check(
        "tables-only.txt",
        &[
            Drop("  pod/web-7d4b9c8f6c-nn7wd  "),
            Replace(
                "web-7d4b9c8f6c-nn7wd    1/1     Running   0             3h11m   10.244.2.28   node-3",
                "web-7d4b9c8f6c-nn7wd    0/1     Pending   0             3h11m   <none>        <none>",
            ),
            Replace("web    2/2     2            2 ", "web    1/2     2            1 "),
            Replace("web-7d4b9c8f6c    2         2         2 ", "web-7d4b9c8f6c    2         2         1 "),
            Replace(",10.244.2.28:8080,10.244.1.31:8443 + 1 more...", ",10.244.1.31:8443"),
            Replace(
                "51m         Normal    Killing             pod/web-6c5f7b8d9-7g2kd    Stopping container web",
                "4m          Warning   FailedScheduling    pod/web-7d4b9c8f6c-nn7wd   0/3 nodes are available: 1 node(s) \
                 had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu. preemption: 0/3 \
                 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for \
                 incoming pod.",
            ),
        ],
        &[FaultKind::InsufficientResource],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_startup_race() {
    check(
        "startup-race.txt",
        &[
            Drop("web-runner   1"),
            Drop("web-runner-token"),
            Drop("web-6f5c7b9d84-7lq2z    1/1"),
            Drop("web-6f5c7b9d84-tk8vn    1/1"),
            Drop("Created pod: web-6f5c7b9d84"),
            Replace("41m (x3 over 41m)", "2m9s (x15 over 41m)"),
            Replace(
                "2 desired | 2 updated | 2 total | 2 available | 0 unavailable",
                "2 desired | 0 updated | 0 total | 0 available | 2 unavailable",
            ),
            Replace("web-6f5c7b9d84 (2/2 replicas created)", "web-6f5c7b9d84 (0/2 replicas created)"),
            Replace("2 current / 2 desired", "0 current / 2 desired"),
            Replace("2 Running / 0 Waiting", "0 Running / 0 Waiting"),
            Replace("describe pod web-6f5c7b9d84-7lq2z -n shop", "describe pod job-2k8zx -n other"),
            Replace(
                "Name:             web-6f5c7b9d84-7lq2z\nNamespace:        shop",
                "Name:             job-2k8zx\nNamespace:        other",
            ),
            Replace("10.244.1.7:8080,10.244.2.9:8080", "<none>"),
        ],
        &[FaultKind::ServiceAccountMissing],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_node_noise() {
    check(
        "node-noise.txt",
        &[
            Replace(
                "node-4   Ready                      <none>",
                "node-4   NotReady                   <none>",
            ),
            Drop("ContainerGCFailed"),
            Replace(
                "Ready               True    Thu, 06 Mar 2025 10:02:14 +0000  Wed, 05 Mar 2025 06:31:40 +0000  \
                 KubeletReady                kubelet is posting ready status. AppArmor enabled",
                "Ready               Unknown Thu, 06 Mar 2025 09:54:14 +0000  Thu, 06 Mar 2025 09:55:00 +0000  \
                 NodeStatusUnknown           Kubelet stopped posting node status.",
            ),
            Replace("Node node-4 status is now: NodeReady", "Node node-4 status is now: NodeNotReady"),
        ],
        &[FaultKind::NodeNotReady, FaultKind::KubeletDown],
        "Node node-4",
    );
}

#[test]
fn twin_of_old_restarts() {
    check(
        "old-restarts.txt",
        &[
            Replace("7lq2z   1/1     Running   5 (3d ago) ", "7lq2z   0/1     OOMKilled 5 (34s ago)"),
            Replace(
                "State:          Running\n      Started:      Sun, 02 Mar 2025 23:51:13 +0000",
                "State:          Waiting\n      Reason:       CrashLoopBackOff",
            ),
            Replace("Ready:          True", "Ready:          False"),
            Replace("Ready            True ", "Ready            False "),
            Replace("ContainersReady  True ", "ContainersReady  False "),
            Replace(
                "deployment.apps/web   2/2     2            2",
                "deployment.apps/web   1/2     2            1",
            ),
        ],
        &[FaultKind::OutOfMemory],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_finished_rollout() {
    check(
        "finished-rollout.txt",
        &[
            Replace("web   3/3     3            3  ", "web   0/3     3            0  "),
            Replace("9jvzq   1/1     Running       0 ", "9jvzq   0/1     Running       0 "),
            Replace("bwt5k   1/1     Running       0 ", "bwt5k   0/1     Running       0 "),
            Replace("lq8dg   1/1     Running       0 ", "lq8dg   0/1     Running       0 "),
            Replace("3 available | 0 unavailable", "0 available | 3 unavailable"),
            Replace("http-get http://:8080/ready", "http-get http://:8081/ready"),
            Replace("http-get http://:8080/ready", "http-get http://:8081/ready"),
            Replace(
                "5m52s       Warning   Unhealthy   pod/web-5c7b9d6f48-9jvzq   Readiness probe failed: Get \
                 \"http://10.244.1.51:8080/ready\": dial tcp 10.244.1.51:8080",
                "2s          Warning   Unhealthy   pod/web-5c7b9d6f48-9jvzq   Readiness probe failed: Get \
                 \"http://10.244.1.51:8081/ready\": dial tcp 10.244.1.51:8081",
            ),
            Replace("10.244.1.51:8080,10.244.1.52:8080,10.244.2.48:8080", "<none>"),
        ],
        &[FaultKind::ProbePortWrong],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_service_sorts() {
    check(
        "service-sorts.txt",
        &[
            Replace("9d    app=web\n", "9d    app=webb\n"),
            Replace("10.244.1.21:8080,10.244.2.21:8080,10.244.1.21:9102 + 1 more...", "<none>"),
            Replace("Selector:                 app=web", "Selector:                 app=webb"),
            Replace(
                "Endpoints:                10.244.1.21:8080,10.244.2.21:8080",
                "Endpoints:                <none>",
            ),
            Replace(
                "Endpoints:                10.244.1.21:9102,10.244.2.21:9102",
                "Endpoints:                <none>",
            ),
            Replace(
                "Connection to web.shop (10.96.5.120) 80 port [tcp/http] succeeded!",
                "nc: connect to web.shop (10.96.5.120) port 80 (tcp) failed: Connection refused",
            ),
        ],
        &[FaultKind::ServiceSelectorMismatch],
        "Service shop/web",
    );
}

#[test]
fn twin_of_storage() {
    check(
        "storage.txt",
        &[
            Drop("pvc-6f1d0f0a"),
            Replace(
                "StorageClass:  standard\nStatus:        Bound",
                "StorageClass:  fast\nStatus:        Pending",
            ),
            Replace(
                "scratch       Pending ",
                "data-db-a-0   Pending                      fast           <unset>                 44d\nscratch       Pending ",
            ),
            Replace("Capacity:      10Gi\nAccess Modes:  RWO\n", "Capacity:      \nAccess Modes:  \n"),
            Replace(
                "Used By:       db-a-0\nEvents:        <none>",
                "Used By:       db-a-0\nEvents:\n  Type     Reason              Age                 From                         \
                 Message\n  ----     ------              ----                ----                         -------\n  \
                 Warning  ProvisioningFailed  12s (x26 over 41m)  persistentvolume-controller  \
                 storageclass.storage.k8s.io \"fast\" not found",
            ),
            Replace("pod/db-a-0   1/1     Running   0 ", "pod/db-a-0   0/1     Pending   0 "),
            Replace("statefulset.apps/db-a   1/1", "statefulset.apps/db-a   0/1"),
            Replace("Node:             node-2/10.0.0.12", "Node:             <none>"),
            Replace("Status:           Running", "Status:           Pending"),
            Replace("State:          Running\n      Started:      Mon, 03 Mar 2025 09:14:25 +0000\n", ""),
            Replace("Ready:          True", "Ready:          False"),
            Replace("Ready            True", "Ready            False"),
            Replace("ContainersReady  True", "ContainersReady  False"),
            Replace("PodScheduled     True", "PodScheduled     False"),
            Drop("Successfully assigned"),
            Drop("Started container db"),
        ],
        &[FaultKind::ClaimStorageClass],
        "StatefulSet shop/db-a",
    );
}

#[test]
fn twin_of_quotas_and_policies() {
    check(
        "quotas-and-policies.txt",
        &[
            Drop("web-7d4b9c8f6c-nn7wd"),
            Replace("pods             4      4", "pods             3      3"),
            Replace("pods: 4/4", "pods: 3/3"),
            Replace("web-7d4b9c8f6c (2/2 replicas created)", "web-7d4b9c8f6c (1/2 replicas created)"),
            Replace("2 current / 2 desired", "1 current / 2 desired"),
            Replace(
                "Events:           <none>\n$ kubectl get svc,ep,sts",
                "Events:\n  Type     Reason        Age                  From                   Message\n  ----     ------        \
                 ----                 ----                   -------\n  Warning  FailedCreate  90s (x17 over 22m)   \
                 replicaset-controller  Error creating: pods \"web-7d4b9c8f6c-x2v4j\" is forbidden: exceeded quota: \
                 compute, requested: pods=1, used: pods=3, limited: pods=3\n$ kubectl get svc,ep,sts",
            ),
        ],
        &[FaultKind::QuotaExceeded],
        "ResourceQuota shop/compute",
    );
}

#[test]
fn second_twin_of_quotas_and_policies() {
    check(
        "quotas-and-policies.txt",
        &[
            Replace("    From:\n      PodSelector: app=web\n", "    From:\n      PodSelector: app=mobile\n"),
            Replace(
                "$ kubectl describe networkpolicies -n shop\n",
                "$ kubectl logs deployment/web -n shop\n2025-03-03T10:00:00Z ERROR GET cart:8080/items: dial tcp \
                 10.96.201.7:8080: i/o timeout\n$ kubectl describe networkpolicies -n shop\n",
            ),
        ],
        &[FaultKind::NetworkPolicyDenies],
        "NetworkPolicy shop/cart",
    );
}

#[test]
fn twin_of_api_lists() {
    check(
        "api-lists.json",
        &[
            Replace(
                "\"kind\": \"Secret\",\n   \"metadata\": {\n    \"name\": \"db-a\"",
                "\"kind\": \"Secret\",\n   \"metadata\": {\n    \"name\": \"db-b\"",
            ),
            Replace(
                "\"readyReplicas\": 2,\n    \"availableReplicas\": 2,",
                "\"readyReplicas\": 1,\n    \"availableReplicas\": 1,",
            ),
            Replace(
                "\"ready\": true,\n      \"started\": true,",
                "\"ready\": false,\n      \"started\": false,",
            ),
            Replace(
                "\"running\": {\n        \"startedAt\": \"2025-05-02T08:00:05Z\"\n       }",
                "\"waiting\": {\n        \"reason\": \"CreateContainerConfigError\",\n        \"message\": \"secret \\\"db-a\\\" not found\"\n       }",
            ),
        ],
        &[FaultKind::SecretMissing],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_noisy_logs() {
    check(
        "noisy-logs.txt",
        &[
            Replace(
                "m2x8k   1/1     Running   2 (2d3h ago)   2d3h",
                "m2x8k   0/1     CrashLoopBackOff   9 (62s ago)   2d3h",
            ),
            Replace("2d3h\nworker-5", "2d3h\nworker-5"),
            Replace(
                "deployment.apps/worker   1/1     1            1",
                "deployment.apps/worker   0/1     1            0",
            ),
            Replace(
                "FATAL giving up: dial tcp: lookup queue on 10.96.0.10:53: no such host",
                "FATAL giving up: Access denied for user 'app'@'10.244.2.61' (using password: YES)",
            ),
        ],
        &[FaultKind::CredentialsRefused, FaultKind::CrashLoop],
        "Deployment shop/worker",
    );
}

#[test]
fn twin_of_pulls_and_evictions() {
    check(
        "pulls-and-evictions.txt",
        &[
            Replace("s7m4x     1/1     Running       ", "s7m4x     0/1     ErrImagePull  "),
            Drop("Successfully pulled image"),
            Drop("Created container web"),
            Drop("Started container web"),
            Replace(
                "State:          Running\n      Started:      Mon, 03 Mar 2025 09:14:25 +0000\n",
                "State:          Waiting\n      Reason:       ErrImagePull\n",
            ),
            Replace("Ready:          True", "Ready:          False"),
            Replace(
                "deployment.apps/web      2/2     2            2",
                "deployment.apps/web      1/2     2            1",
            ),
        ],
        &[FaultKind::RegistryUnreachable],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_mesh_sidecars() {
    check(
        "mesh-sidecars.txt",
        &[
            Replace(
                "web-66d8f94bb7-pd9lx   2/2     Running   0 ",
                "web-66d8f94bb7-pd9lx   1/2     Running   0 ",
            ),
            Replace("http-get http://:8080/ready", "http-get http://:8888/ready"),
            Replace("\"path\":\"/ready\",\"port\":8080", "\"path\":\"/ready\",\"port\":8888"),
            Replace(
                "Ready:          True\n    Restart Count:  0\n    Limits:\n      cpu:     500m",
                "Ready:          False\n    Restart Count:  0\n    Limits:\n      cpu:     500m",
            ),
            Replace("47m (x2 over 48m)", "3s (x560 over 48m)"),
            Replace("web    1/1     1            1 ", "web    0/1     1            0 "),
            Replace("10.244.2.21:8080   48m", "<none>             48m"),
        ],
        &[FaultKind::ProbePortWrong],
        "Deployment shop/web",
    );
}

#[test]
fn twin_of_system() {
    let down = "ready: false\n      started: false\n";
    check(
        "system.yaml",
        &[
            Replace("    readyReplicas: 2\n    availableReplicas: 2\n", "    unavailableReplicas: 2\n"),
            Replace("    readyReplicas: 2\n    availableReplicas: 2\n", ""),
            Replace("ready: true\n      started: true\n", down),
            Replace("ready: true\n      started: true\n", down),
            Replace("- type: Ready\n      status: \"True\"", "- type: Ready\n      status: \"False\""),
            Replace("- type: Ready\n      status: \"True\"", "- type: Ready\n      status: \"False\""),
            Replace("      ready: true\n      serving: true", "      ready: false\n      serving: false"),
            Replace("      ready: true\n      serving: true", "      ready: false\n      serving: false"),
        ],
        &[FaultKind::ClusterDnsDown],
        "Deployment kube-system/coredns",
    );
}

#[test]
fn twin_of_gateways() {
    check(
        "gateways.txt",
        &[Replace(
            "status: \"True\"\n      lastTransitionTime: \"2025-05-02T08:00:10Z\"\n      reason: Ready\n      message: \
             Certificate is up to date and has not expired",
            "status: \"False\"\n      lastTransitionTime: \"2025-05-02T08:00:10Z\"\n      reason: Expired\n      message: \
             Certificate expired on Thu, 01 May 2025 00:00:00 UTC",
        )],
        &[FaultKind::CertificateExpired],
        "Certificate shop/api-tls",
    );
}
