//! What several reasoners ask of pods: which of them count now, what their containers say, which services stand on
//! them, what they logged.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::workload::{Workload, controller, owner_of_pod};
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, LogText, Picture, PodState, Record, pod_state};

/// Bytes of one log that are looked at, from its end: what was said last counts most.
const LOG_BYTES_MAX: usize = 4 << 20;

/// A fault that does harm now, with the other fields empty.
pub(crate) fn active(kind: FaultKind, object: &ObjectKey, certainty: Certainty) -> Fault {
    Fault {
        kind,
        subject: String::new(),
        object: object.clone(),
        standing: Standing::Active,
        certainty,
        summary: String::new(),
        facts: Vec::new(),
        explains: Vec::new(),
        neighbours: Vec::new(),
        remedy: String::new(),
    }
}

/// Pods of the workload's present revision that are neither going nor done nor evicted, with their states.
pub(crate) fn current_pods<'a>(workload: &Workload<'a>) -> Vec<(&'a Record<Pod>, PodState)> {
    workload.states().filter(|(pod, state)| !is_over(state) && !is_of_old_revision(workload, pod)).collect()
}

/// Whether a pod is going, done or evicted: it stands there and does nothing.
pub(crate) fn is_over(state: &PodState) -> bool {
    matches!(
        state.word.as_str(),
        "Terminating" | "Completed" | "Succeeded" | "Evicted" | "Preempted" | "NodeShutdown"
    )
}

fn is_of_old_revision(workload: &Workload<'_>, pod: &Record<Pod>) -> bool {
    match controller(&pod.object.metadata) {
        Some((Kind::ReplicaSet, name)) => workload.old.iter().any(|set| set.name == name),
        Some(_) => false,
        None => workload.old.iter().any(|set| {
            pod.key.name.strip_prefix(set.name.as_str()).is_some_and(|rest| rest.starts_with('-'))
        }),
    }
}

/// A container as it is, with whether it is an init container.
pub(crate) struct Status<'a> {
    /// What the kubelet reports.
    pub status: &'a ContainerStatus,
    /// Whether it runs before the others.
    pub is_init: bool,
}

impl<'a> Status<'a> {
    /// Why it waits, with the message.
    pub fn waiting(&self) -> Option<(&'a str, &'a str)> {
        let waiting = self.status.state.as_ref()?.waiting.as_ref()?;
        Some((waiting.reason.as_deref()?, waiting.message.as_deref().unwrap_or("")))
    }

    /// Whether it runs at this moment.
    pub fn is_running(&self) -> bool {
        self.status.state.as_ref().is_some_and(|state| state.running.is_some())
    }

    /// How it ended last: now, or before the present instance.
    pub fn ended(&self) -> Option<&'a ContainerStateTerminated> {
        let now = self.status.state.as_ref().and_then(|state| state.terminated.as_ref());
        now.or_else(|| self.status.last_state.as_ref().and_then(|state| state.terminated.as_ref()))
    }
}

/// Containers of a pod as they are, init containers first.
pub(crate) fn statuses(pod: &Record<Pod>) -> Vec<Status<'_>> {
    let Some(status) = &pod.object.status else { return Vec::new() };
    let init = status.init_container_statuses.iter().flatten().map(|status| Status { status, is_init: true });
    let main = status.container_statuses.iter().flatten().map(|status| Status { status, is_init: false });
    init.chain(main).collect()
}

/// The container of a workload's template (init or not) of that name.
pub(crate) fn container_named<'a>(workload: &Workload<'a>, name: &str) -> Option<&'a Container> {
    let spec = workload.spec()?;
    spec.init_containers.iter().flatten().chain(&spec.containers).find(|container| container.name == name)
}

/// Seconds since a pod was made, when known.
pub(crate) fn age_s(picture: &Picture, pod: &Record<Pod>) -> Option<i64> {
    age_of_s(picture, &pod.object.metadata, &pod.row)
}

/// Seconds since an object was made, by its metadata or its row in tables, when known.
pub(crate) fn age_of_s(
    picture: &Picture,
    metadata: &ObjectMeta,
    row: &BTreeMap<String, String>,
) -> Option<i64> {
    let made = metadata.creation_timestamp.as_ref().map(|time| time.0);
    match (picture.taken_at, made) {
        (Some(now), Some(made)) => Some(now.duration_since(made).as_secs().max(0)),
        _ => crate::read::age_s(row.get("AGE")?),
    }
}

/// Events about a pod with one of the reasons, oldest first.
pub(crate) fn said<'a>(
    picture: &'a Picture,
    pod: &Record<Pod>,
    reasons: &'a [&'a str],
) -> impl Iterator<Item = &'a Event> {
    picture.events_of(&pod.key).filter(move |event| reasons.contains(&event.reason.as_str()))
}

/// Services whose selector takes the workload's pods, by name.
pub(crate) fn services_of(picture: &Picture, workload: &Workload<'_>) -> Vec<ObjectKey> {
    let mut labels = workload.pod_labels();
    for pod in &workload.pods {
        labels.extend(pod.object.metadata.labels.clone().unwrap_or_default());
    }
    picture
        .services
        .in_namespace(&workload.key.namespace)
        .filter(|service| {
            let selector = service.object.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            selector.is_some_and(|selector| {
                !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
            })
        })
        .map(|service| service.key.clone())
        .collect()
}

/// What is broken when a workload is: itself, and its services when nothing of it is ready.
pub(crate) fn broken(picture: &Picture, workload: &Workload<'_>) -> Vec<ObjectKey> {
    let mut keys = vec![workload.key.clone()];
    if workload.ready() == 0 {
        keys.extend(services_of(picture, workload));
    }
    keys
}

/// Logs by the workload that wrote them.
pub(crate) struct Logs<'a> {
    picture: &'a Picture,
    by_workload: BTreeMap<ObjectKey, Vec<&'a LogText>>,
}

/// One line of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The log.
    pub log: &'a LogText,
    /// The line, trimmed.
    pub text: &'a str,
}

impl<'a> Logs<'a> {
    /// Sorts the logs of a picture.
    pub fn of(picture: &'a Picture) -> Logs<'a> {
        let mut by_workload: BTreeMap<ObjectKey, Vec<&LogText>> = BTreeMap::new();
        for log in &picture.logs {
            let pod = (log.object.kind == Kind::Pod)
                .then(|| picture.pods.get(&log.object.namespace, &log.object.name).present())
                .flatten();
            let owner = pod.map_or_else(|| log.object.clone(), |pod| owner_of_pod(picture, pod));
            by_workload.entry(owner).or_default().push(log);
        }
        Logs { picture, by_workload }
    }

    /// Logs of a workload.
    pub fn get(&self, workload: &ObjectKey) -> &[&'a LogText] {
        self.by_workload.get(workload).map_or(&[], Vec::as_slice)
    }

    /// The end of a log's text.
    pub fn text(&self, log: &LogText) -> &'a str {
        let text = self.picture.part(log.origin);
        let start = text.len().saturating_sub(LOG_BYTES_MAX);
        let start = (start..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        text.get(start..).unwrap_or("")
    }

    /// The last line of a workload's logs that holds one of the needles (ASCII case matters), the present instance
    /// before the one that ended.
    pub fn last_line(
        &self,
        workload: &ObjectKey,
        container: Option<&str>,
        needles: &[&str],
    ) -> Option<Line<'a>> {
        let mut logs: Vec<&LogText> = self.get(workload).to_vec();
        logs.retain(|log| match (&log.container, container) {
            (Some(of), Some(wanted)) => of == wanted,
            _ => true,
        });
        logs.sort_by_key(|log| log.previous);
        logs.into_iter().find_map(|log| {
            let text = self.text(log);
            let at = needles
                .iter()
                .filter_map(|needle| memchr::memmem::rfind(text.as_bytes(), needle.as_bytes()))
                .max()?;
            Some(Line { log, text: line_at(text, at) })
        })
    }
}

/// The line of a text that a byte lies in, trimmed.
pub(crate) fn line_at(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |length| at + length);
    text.get(start..end).unwrap_or("").trim()
}

/// The text between the first `open` and the next `close` after it.
pub(crate) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    let (inner, _) = rest.split_once(close)?;
    (!inner.is_empty()).then_some(inner)
}

/// `kubectl describe pod`-like words for a pod's state: `0/1 CrashLoopBackOff, 4 restarts`.
pub(crate) fn state_words(pod: &Record<Pod>) -> String {
    let state = pod_state(pod);
    format!("{}/{} {}, {} restarts", state.ready, state.containers, state.word, state.restarts)
}
