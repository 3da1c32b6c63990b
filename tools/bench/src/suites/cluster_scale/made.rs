//! A large cluster, made up: workloads, pods and what was said about them, the same for every run.

use midwatch_cluster::{FaultKind, Kind, ObjectKey};

/// Pods of one workload.
const REPLICAS: usize = 5;
/// Pods of one machine.
const PODS_ON_NODE: usize = 20;
/// Namespaces at most.
const NAMESPACES_MAX: usize = 40;
/// When the capture is taken, in seconds since 1970: 2025-06-01T12:00:00Z.
const NOW_S: i64 = 1_748_779_200;

/// What is wrong with a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// Its newest image does not exist.
    ImageMissing,
    /// Its service selects no pod.
    SelectorWrong,
    /// It wants a label that no machine has.
    NodeLabelMissing,
}

/// One event about a pod or its replica set.
#[derive(Debug, Clone)]
pub struct Said {
    pub warning: bool,
    pub about_set: bool,
    pub reason: &'static str,
    pub message: String,
    pub from: &'static str,
    pub count: u32,
    pub first_s_ago: i64,
    pub last_s_ago: i64,
}

/// A deployment with all that belongs to it.
#[derive(Debug, Clone)]
pub struct App {
    pub namespace: String,
    pub name: String,
    /// Its number in the cluster.
    pub at: usize,
    pub planted: Option<Planted>,
}

/// One pod.
#[derive(Debug, Clone)]
pub struct Pod<'a> {
    pub app: &'a App,
    pub name: String,
    /// `None` while no machine was found.
    pub node: Option<String>,
    pub ip: Option<String>,
    /// Seconds since it was made.
    pub age_s: i64,
    pub restarts: u32,
    /// Whether it runs and is ready.
    pub ready: bool,
}

/// The cluster.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: usize,
    pub namespaces: usize,
    pub apps: Vec<App>,
}

impl Cluster {
    /// A cluster of about so many pods: five to a workload, twenty to a machine, ten events to a pod, and three faults.
    pub fn of(pods: usize) -> Cluster {
        let count = (pods / REPLICAS).max(8);
        let namespaces = (count / 25).clamp(1, NAMESPACES_MAX);
        let apps = (0..count)
            .map(|at| App {
                namespace: format!("team-{:02}", at % namespaces),
                name: format!("svc-{}", letters(at)),
                at,
                planted: [
                    (count / 4, Planted::ImageMissing),
                    (count / 2, Planted::SelectorWrong),
                    (count / 4 * 3, Planted::NodeLabelMissing),
                ]
                .iter()
                .find(|(of, _)| *of == at)
                .map(|(_, planted)| *planted),
            })
            .collect();
        Cluster { nodes: (count * REPLICAS).div_ceil(PODS_ON_NODE), namespaces, apps }
    }

    /// What must be found: kinds and the objects to change.
    pub fn expected(&self) -> Vec<(FaultKind, ObjectKey)> {
        let of = |app: &App| {
            let (kind, object) = match app.planted? {
                Planted::ImageMissing => (FaultKind::ImageNotFound, Kind::Deployment),
                Planted::SelectorWrong => (FaultKind::ServiceSelectorMismatch, Kind::Service),
                Planted::NodeLabelMissing => (FaultKind::NodeSelectorMismatch, Kind::Deployment),
            };
            Some((kind, ObjectKey::new(object, &app.namespace, &app.name)))
        };
        self.apps.iter().filter_map(of).collect()
    }

    /// Every pod, workload by workload.
    pub fn pods(&self) -> impl Iterator<Item = Pod<'_>> {
        self.apps.iter().flat_map(|app| (0..REPLICAS).map(|of| self.pod(app, of)))
    }

    /// The pods of a workload.
    pub fn pods_of<'a>(&self, app: &'a App) -> Vec<Pod<'a>> {
        (0..REPLICAS).map(|of| self.pod(app, of)).collect()
    }

    fn pod<'a>(&self, app: &'a App, of: usize) -> Pod<'a> {
        let number = app.at * REPLICAS + of;
        let homeless = app.planted == Some(Planted::NodeLabelMissing);
        let unpulled = app.planted == Some(Planted::ImageMissing);
        let old = 86_400 + i64::try_from(number * 977 % 2_000_000).unwrap_or(0);
        Pod {
            app,
            name: format!("{}-{}", app.set(), suffix(number)),
            node: (!homeless).then(|| node_name(number % self.nodes)),
            ip: (!homeless).then(|| address(number)),
            age_s: if homeless || unpulled { 1800 } else { old },
            restarts: if number % 41 == 3 { 2 } else { 0 },
            ready: !homeless && !unpulled,
        }
    }
}

impl App {
    pub fn replicas() -> usize {
        REPLICAS
    }

    /// The name of the present replica set.
    pub fn set(&self) -> String {
        format!("{}-{}", self.name, self.hash())
    }

    pub fn hash(&self) -> String {
        format!("6{:05x}f4", mixed(self.at) & 0xf_ffff)
    }

    /// The replica set before.
    pub fn old_hash(&self) -> String {
        format!("5{:05x}c8", mixed(self.at + 7_000_000) & 0xf_ffff)
    }

    pub fn image(&self) -> String {
        format!("registry.example.com/{}:1.{}.0", self.name, self.at % 40)
    }

    /// The service's selector takes the label `app` with this value.
    pub fn selected(&self) -> String {
        match self.planted {
            Some(Planted::SelectorWrong) => format!("{}-v2", self.name),
            _ => self.name.clone(),
        }
    }

    /// How many of its pods are ready.
    pub fn ready(&self) -> usize {
        match self.planted {
            Some(Planted::ImageMissing | Planted::NodeLabelMissing) => 0,
            _ => REPLICAS,
        }
    }
}

impl Pod<'_> {
    /// What was said about it: ten events for a pod that started.
    pub fn said(&self) -> Vec<Said> {
        let mut said = Vec::new();
        let mut tell = |warning, reason, from, count, ages: (i64, i64), message: String| {
            let about_set = reason == "SuccessfulCreate";
            let (first_s_ago, last_s_ago) = ages;
            said.push(Said { warning, about_set, reason, message, from, count, first_s_ago, last_s_ago });
        };
        let age = self.age_s.min(3300);
        let once = (age, age);
        let set = "replicaset-controller";
        tell(false, "SuccessfulCreate", set, 1, once, format!("Created pod: {}", self.name));
        let Some(node) = &self.node else {
            let message = "0/9 nodes are available: 9 node(s) didn't match Pod's node affinity/selector. preemption: \
                           0/9 nodes are available: 9 Preemption is not helpful for scheduling.";
            tell(true, "FailedScheduling", "default-scheduler", 7, (age, 60), message.to_owned());
            return said;
        };
        let assigned = format!("Successfully assigned {}/{} to {node}", self.app.namespace, self.name);
        tell(false, "Scheduled", "default-scheduler", 1, once, assigned);
        let image = self.app.image();
        tell(
            false,
            "Pulling",
            "kubelet",
            if self.ready { 1 } else { 4 },
            (age, age),
            format!("Pulling image \"{image}\""),
        );
        if !self.ready {
            let message = format!(
                "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to pull and unpack image \
                 \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
            );
            tell(true, "Failed", "kubelet", 4, (age, 200), message);
            tell(true, "Failed", "kubelet", 4, (age, 200), "Error: ErrImagePull".to_owned());
            tell(false, "BackOff", "kubelet", 12, (age, 12), format!("Back-off pulling image \"{image}\""));
            tell(true, "Failed", "kubelet", 12, (age, 12), "Error: ImagePullBackOff".to_owned());
            return said;
        }
        let took = format!(
            "Successfully pulled image \"{image}\" in 1.{:03}s (1.9s including waiting)",
            self.age_s % 1000
        );
        tell(false, "Pulled", "kubelet", 1, once, took);
        tell(false, "Created", "kubelet", 1, once, "Created container server".to_owned());
        tell(false, "Started", "kubelet", 1, once, "Started container server".to_owned());
        let agent = "Container image \"registry.example.com/agent:2.1.0\" already present on machine";
        tell(false, "Pulled", "kubelet", 1, once, agent.to_owned());
        tell(false, "Created", "kubelet", 1, once, "Created container agent".to_owned());
        tell(false, "Started", "kubelet", 1, once, "Started container agent".to_owned());
        let asked = self.ip.as_deref().unwrap_or("10.0.0.1");
        let refused = format!(
            "Readiness probe failed: Get \"http://{asked}:8080/ready\": dial tcp {asked}:8080: connect: connection refused"
        );
        tell(true, "Unhealthy", "kubelet", 2, (age, age - 5), refused);
        said
    }
}

/// The name of a machine.
pub fn node_name(at: usize) -> String {
    format!("node-{at:04}")
}

/// The address of a machine.
pub fn node_address(at: usize) -> String {
    format!("192.168.{}.{}", at / 200, 10 + at % 200)
}

fn address(number: usize) -> String {
    format!("10.{}.{}.{}", 100 + number / 60_000, number / 240 % 250, 10 + number % 240)
}

/// A time so many seconds before the capture, in the API's form.
pub fn time(s_ago: i64) -> String {
    jiff::Timestamp::from_second(NOW_S - s_ago).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// The same in the form of descriptions.
pub fn long_time(s_ago: i64) -> String {
    let at = jiff::Timestamp::from_second(NOW_S - s_ago).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// An age as `kubectl` prints it (`HumanDuration` of apimachinery, its larger steps).
pub fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => format!("{}m{}s", seconds / 60, seconds % 60),
        600..10_800 => format!("{}m", seconds / 60),
        10_800..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// `aaaa`, `aaab` …
fn letters(mut at: usize) -> String {
    let mut text = String::new();
    for _ in 0..4 {
        text.insert(0, char::from(b'a' + u8::try_from(at % 26).unwrap_or(0)));
        at /= 26;
    }
    text
}

/// Five letters and digits as the API server draws them (`rand.String` of apimachinery), different for every number.
fn suffix(mut number: usize) -> String {
    let alphabet = b"bcdfghjklmnpqrstvwxz2456789";
    number = number.wrapping_mul(5_000_011) % (27 * 27 * 27 * 27 * 27);
    let mut text = String::new();
    for _ in 0..5 {
        text.push(char::from(*alphabet.get(number % 27).unwrap_or(&b'x')));
        number /= 27;
    }
    text
}

/// Numbers without a pattern (splitmix64's last step).
fn mixed(at: usize) -> u64 {
    let mut z = (at as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
