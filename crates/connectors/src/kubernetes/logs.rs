//! Whose last words are worth asking for: containers that crash, or run and are not ready.

use std::cmp::Reverse;

use serde::Deserialize;

use super::client::LogOf;

/// Containers whose logs are asked for.
pub(super) const CONTAINERS_MAX: usize = 20;

#[derive(Deserialize)]
struct WirePods {
    #[serde(default)]
    items: Vec<WirePod>,
}

#[derive(Deserialize)]
struct WirePod {
    metadata: WireMetadata,
    #[serde(default)]
    status: WirePodStatus,
}

#[derive(Deserialize)]
struct WireMetadata {
    name: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePodStatus {
    #[serde(default)]
    phase: String,
    #[serde(default)]
    init_container_statuses: Vec<WireContainer>,
    #[serde(default)]
    container_statuses: Vec<WireContainer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireContainer {
    name: String,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    restart_count: u32,
    #[serde(default)]
    state: WireState,
    #[serde(default)]
    last_state: WireState,
}

#[derive(Default, Deserialize)]
struct WireState {
    waiting: Option<WireWaiting>,
    running: Option<serde::de::IgnoredAny>,
    terminated: Option<WireTerminated>,
}

#[derive(Deserialize)]
struct WireWaiting {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTerminated {
    #[serde(default)]
    exit_code: i64,
}

/// How much a container is worth asking; smaller is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// It ends again and again.
    Crashes,
    /// It has ended in an error.
    Failed,
    /// It runs and is not ready.
    NotReady,
    /// It is ready now and ended in an error before.
    Recovered,
}

/// A container that is worth asking, in the order in which they are asked.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    worth: Worth,
    restarts: Reverse<u32>,
    namespace: String,
    pod: String,
    container: String,
    /// Instances that wrote something: the one before (`true`), the present one (`false`).
    instances: Vec<bool>,
}

/// The logs to ask for, of the pods in these lists: the worst containers first, of each first the instance that ended, then the one
/// that runs. Also how many containers there were to choose from.
pub(super) fn choose<'l>(lists: impl IntoIterator<Item = &'l str>) -> (Vec<LogOf>, usize) {
    let mut found: Vec<Candidate> = Vec::new();
    for list in lists {
        // A list that was read to here is JSON; a pod of an unknown shape has no log that can be chosen.
        let Ok(pods) = serde_json::from_str::<WirePods>(list) else { continue };
        for pod in pods.items {
            let status = pod.status;
            let is_over = status.phase == "Succeeded";
            for container in status.init_container_statuses.iter().chain(&status.container_statuses) {
                let Some((worth, instances)) = worth(container).filter(|_| !is_over) else { continue };
                found.push(Candidate {
                    worth,
                    restarts: Reverse(container.restart_count),
                    namespace: pod.metadata.namespace.clone(),
                    pod: pod.metadata.name.clone(),
                    container: container.name.clone(),
                    instances,
                });
            }
        }
    }
    found.sort();
    let total = found.len();
    let chosen = found.into_iter().take(CONTAINERS_MAX).flat_map(|candidate| {
        let Candidate { namespace, pod, container, instances, .. } = candidate;
        instances.into_iter().map(move |previous| LogOf {
            namespace: namespace.clone(),
            pod: pod.clone(),
            container: container.clone(),
            previous,
        })
    });
    (chosen.collect(), total)
}

/// The log of some container that has begun, of a list of pods: to try whether logs may be read.
pub(super) fn any(list: &str) -> Option<LogOf> {
    let pods = serde_json::from_str::<WirePods>(list).ok()?;
    pods.items.iter().find_map(|pod| {
        let container = pod.status.container_statuses.first()?;
        Some(LogOf {
            namespace: pod.metadata.namespace.clone(),
            pod: pod.metadata.name.clone(),
            container: container.name.clone(),
            previous: false,
        })
    })
}

/// What a container is worth, and which of its instances wrote something: the one before (`true`), the present one (`false`).
fn worth(container: &WireContainer) -> Option<(Worth, Vec<bool>)> {
    let ended_badly = |state: &WireState| state.terminated.as_ref().is_some_and(|end| end.exit_code != 0);
    let has_ended_before = container.last_state.terminated.is_some();
    let state = &container.state;
    if state.waiting.as_ref().is_some_and(|waiting| waiting.reason == "CrashLoopBackOff") {
        return Some((Worth::Crashes, vec![true]));
    }
    if ended_badly(state) {
        // The log of an instance that has ended is the present one until it is started again.
        return Some((Worth::Failed, vec![false]));
    }
    if state.running.is_some() && !container.ready {
        let instances = if has_ended_before { vec![true, false] } else { vec![false] };
        return Some((Worth::NotReady, instances));
    }
    let has_recovered = container.ready && container.restart_count > 0 && ended_badly(&container.last_state);
    has_recovered.then(|| (Worth::Recovered, vec![true]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, phase: &str, container: Value) -> Value {
        json!({
            "metadata": { "name": name, "namespace": "shop" },
            "status": { "phase": phase, "containerStatuses": [container] }
        })
    }

    fn chosen(pods: &[Value]) -> (Vec<(String, bool)>, usize) {
        let (logs, total) = choose([json!({ "items": pods }).to_string().as_str()]);
        (logs.into_iter().map(|log| (log.pod, log.previous)).collect(), total)
    }

    #[test]
    fn those_that_crash_come_first_and_healthy_ones_not_at_all() {
        let end = json!({ "terminated": { "exitCode": 1 } });
        let (logs, total) = chosen(&[
            pod("well", "Running", json!({ "name": "m", "ready": true, "state": { "running": {} } })),
            pod("slow", "Running", json!({ "name": "m", "ready": false, "state": { "running": {} } })),
            pod("done", "Succeeded", json!({ "name": "m", "state": { "terminated": { "exitCode": 0 } } })),
            pod("failed", "Failed", json!({ "name": "m", "state": end })),
            pod(
                "waits",
                "Pending",
                json!({ "name": "m", "state": { "waiting": { "reason": "ContainerCreating" } } }),
            ),
            pod(
                "restarted",
                "Running",
                json!({ "name": "m", "ready": false, "restartCount": 2, "state": { "running": {} }, "lastState": end }),
            ),
            pod(
                "was",
                "Running",
                json!({ "name": "m", "ready": true, "restartCount": 1, "state": { "running": {} }, "lastState": end }),
            ),
            pod(
                "crash",
                "Running",
                json!({ "name": "m", "restartCount": 7, "state": { "waiting": { "reason": "CrashLoopBackOff" } },
                    "lastState": end }),
            ),
        ]);
        let logs: Vec<(&str, bool)> = logs.iter().map(|(pod, previous)| (pod.as_str(), *previous)).collect();
        assert_eq!(
            logs,
            [
                ("crash", true),
                ("failed", false),
                ("restarted", true),
                ("restarted", false),
                ("slow", false),
                ("was", true)
            ]
        );
        assert_eq!(total, 5);
    }

    #[test]
    fn no_more_than_a_bounded_number_is_asked() {
        let pods: Vec<Value> = (0..50)
            .map(|number| {
                pod(&format!("p{number:02}"), "Running", json!({ "name": "m", "state": { "running": {} } }))
            })
            .collect();
        let (logs, total) = chosen(&pods);
        assert_eq!((logs.len(), total), (CONTAINERS_MAX, 50));
        assert_eq!(choose(["{}", "[", "{\"items\": 3}"]), (Vec::new(), 0));
    }
}
