//! Secrets and config maps that a pod refers to and that are not there.
//!
//! The kubelet reports a missing reference of an environment as `CreateContainerConfigError` and one of a volume as
//! `FailedMount`. Whether the object is missing now is looked up: a reference that was applied a moment before its
//! object is a race that the kubelet settles by itself.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};

use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture, PodState, Record, Seen};
use crate::reason::symptoms::{active, between, broken, current_pods, said, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// A reference to a secret or a config map, or to one key of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    kind: Kind,
    name: String,
    key: Option<String>,
}

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut named: BTreeSet<Reference> = BTreeSet::new();
    for (pod, state) in current_pods(workload) {
        if state.is_well() {
            continue;
        }
        for (reference, fact) in stated(picture, pod) {
            let presence = presence(picture, &workload.key.namespace, &reference);
            if presence != Some(true) && named.insert(reference.clone()) {
                faults.push(fault(picture, workload, pod, &reference, Some(fact)));
            }
        }
        if faults.is_empty()
            && may_lack_references(&state)
            && let Some(spec) = workload.spec()
        {
            for reference in references(spec) {
                if presence(picture, &workload.key.namespace, &reference) == Some(false)
                    && named.insert(reference.clone())
                {
                    faults.push(fault(picture, workload, pod, &reference, None));
                }
            }
        }
        if faults.is_empty() {
            faults.extend(refused(picture, workload, pod));
        }
    }
    if faults.is_empty()
        && workload.ready() > 0
        && let Some(spec) = workload.spec()
        && let Some((pod, _)) = current_pods(workload).first()
    {
        faults.extend(latent(picture, workload, pod, spec));
    }
    faults
}

/// References of a running workload that are gone: its next pod will not start.
fn latent(picture: &Picture, workload: &Workload<'_>, pod: &Record<Pod>, spec: &PodSpec) -> Vec<Fault> {
    let namespace = &workload.key.namespace;
    let gone =
        references(spec).into_iter().filter(|wanted| presence(picture, namespace, wanted) == Some(false));
    gone.map(|reference| {
        let mut fault = fault(picture, workload, pod, &reference, None);
        fault.standing = Standing::Latent;
        fault.explains.clear();
        fault.summary.push_str("; pods that run do not need it, the next one to start does");
        fault
    })
    .collect()
}

/// States in which a container may wait for a reference although no message says so.
fn may_lack_references(state: &PodState) -> bool {
    let word = state.word.as_str();
    ["CreateContainerConfigError", "ContainerCreating", "PodInitializing"].contains(&word)
        || word.starts_with("Init:")
}

/// What the kubelet says is missing for a pod, from its containers' status and its events.
fn stated(picture: &Picture, pod: &Record<Pod>) -> Vec<(Reference, Fact)> {
    let mut found: Vec<(Reference, Fact)> = Vec::new();
    let mut add = |reference: Reference, fact: Fact| {
        if !found.iter().any(|(known, _)| *known == reference) {
            found.push((reference, fact));
        }
    };
    let mut starts_containers = false;
    for status in statuses(pod) {
        starts_containers |= status.is_running() || status.ended().is_some();
        if let Some((reason, message)) = status.waiting()
            && let Some(reference) = parse(message)
        {
            let statement = format!("{} waits: {reason}: {message}", pod.key.name);
            add(reference, picture.fact(&pod.key, reason, statement));
        }
    }
    // Events outlive what they speak of; those of a pod whose containers have run are history.
    if starts_containers {
        return found;
    }
    for event in said(picture, pod, &["FailedMount", "Failed"]) {
        if let Some(reference) = parse(&event.message) {
            let statement = format!("the kubelet says of {}: {}", pod.key.name, short(&event.message));
            add(reference, picture.fact_at(event.origin, tail(&event.message), statement));
        }
    }
    found
}

fn short(message: &str) -> String {
    message.chars().take(160).collect()
}

/// The end of a message, to find its line again.
fn tail(message: &str) -> &str {
    let start = message.char_indices().rev().nth(40).map_or(0, |(at, _)| at);
    message.get(start..).unwrap_or(message)
}

/// The kubelet's words for a missing reference.
///
/// Source: `pkg/kubelet/kubelet_pods.go` (`couldn't find key …`), the API's `NotFound` errors, and
/// `pkg/volume/{secret,configmap}` (`references non-existent … key`).
fn parse(message: &str) -> Option<Reference> {
    for (kind, found, keyed, volume) in [
        (Kind::Secret, "secret \"", " in Secret ", "references non-existent secret key: "),
        (Kind::ConfigMap, "configmap \"", " in ConfigMap ", "references non-existent config key: "),
    ] {
        if let Some((before, after)) = message.split_once(keyed)
            && let Some((_, key)) = before.rsplit_once("find key ")
        {
            let name = after.split([' ', ',']).next().unwrap_or("");
            let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
            return Some(Reference { kind, name: name.to_owned(), key: Some(key.to_owned()) });
        }
        if let Some((_, key)) = message.split_once(volume) {
            let name = between(message, "volume \"", "\"").unwrap_or("");
            return Some(Reference { kind, name: name.to_owned(), key: Some(key.trim().to_owned()) });
        }
        if message.contains("not found")
            && let Some(name) = between(message, found, "\"")
        {
            return Some(Reference { kind, name: name.to_owned(), key: None });
        }
    }
    None
}

/// Whether the object, with the key, is there: `None` when nobody knows.
fn presence(picture: &Picture, namespace: &str, reference: &Reference) -> Option<bool> {
    let key = reference.key.as_deref();
    let (is_absent, keys) = match reference.kind {
        Kind::Secret => {
            let seen = picture.secrets.get(namespace, &reference.name);
            let absent = seen.is_absent();
            let keys = match seen {
                Seen::Present(record) => {
                    let data = record.object.data.iter().flatten().map(|(key, _)| key);
                    let more = record.object.string_data.iter().flatten().map(|(key, _)| key);
                    Some(data.chain(more).map(String::as_str).collect::<Vec<&str>>())
                }
                _ => None,
            };
            (absent, keys)
        }
        _ => {
            let seen = picture.config_maps.get(namespace, &reference.name);
            let absent = seen.is_absent();
            let keys = match seen {
                Seen::Present(record) => {
                    let data = record.object.data.iter().flatten().map(|(key, _)| key);
                    let more = record.object.binary_data.iter().flatten().map(|(key, _)| key);
                    Some(data.chain(more).map(String::as_str).collect::<Vec<&str>>())
                }
                _ => None,
            };
            (absent, keys)
        }
    };
    match (is_absent, keys, key) {
        (true, ..) => Some(false),
        (false, None, _) => None,
        (false, Some(_), None) => Some(true),
        // A table prints how many keys there are, not which.
        (false, Some(keys), Some(_)) if keys.is_empty() => None,
        (false, Some(keys), Some(key)) => Some(keys.contains(&key)),
    }
}

/// Every reference of a pod spec that must be there.
fn references(spec: &PodSpec) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    let mut add = |kind: Kind, name: &str, key: Option<&str>, optional: Option<bool>| {
        if optional != Some(true) && !name.is_empty() {
            found.insert(Reference { kind, name: name.to_owned(), key: key.map(str::to_owned) });
        }
    };
    for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
        references_of(container, &mut add);
    }
    for volume in spec.volumes.iter().flatten() {
        if let Some(secret) = &volume.secret {
            add(Kind::Secret, secret.secret_name.as_deref().unwrap_or(""), None, secret.optional);
        }
        if let Some(map) = &volume.config_map {
            add(Kind::ConfigMap, &map.name, None, map.optional);
        }
        for source in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
            if let Some(secret) = &source.secret {
                add(Kind::Secret, &secret.name, None, secret.optional);
            }
            // The cluster's own certificate is put into every namespace by a controller and seldom listed by people.
            if let Some(map) = source.config_map.as_ref().filter(|map| map.name != "kube-root-ca.crt") {
                add(Kind::ConfigMap, &map.name, None, map.optional);
            }
        }
    }
    found
}

fn references_of(container: &Container, add: &mut impl FnMut(Kind, &str, Option<&str>, Option<bool>)) {
    for variable in container.env.iter().flatten() {
        let Some(source) = &variable.value_from else { continue };
        if let Some(secret) = &source.secret_key_ref {
            add(Kind::Secret, &secret.name, Some(&secret.key), secret.optional);
        }
        if let Some(map) = &source.config_map_key_ref {
            add(Kind::ConfigMap, &map.name, Some(&map.key), map.optional);
        }
    }
    for source in container.env_from.iter().flatten() {
        if let Some(secret) = &source.secret_ref {
            add(Kind::Secret, &secret.name, None, secret.optional);
        }
        if let Some(map) = &source.config_map_ref {
            add(Kind::ConfigMap, &map.name, None, map.optional);
        }
    }
}

/// The command that makes a secret or config map; what it should hold is the operator's to say.
fn create(object: &ObjectKey, key: Option<&str>) -> String {
    let literal = format!("--from-literal={}=<VALUE>", key.unwrap_or("<KEY>"));
    match object.kind {
        Kind::Secret => remedy::kubectl(object, &["create", "secret", "generic", &object.name, &literal]),
        _ => remedy::kubectl(object, &["create", "configmap", &object.name, &literal]),
    }
}

fn fault(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    reference: &Reference,
    stated: Option<Fact>,
) -> Fault {
    let kind =
        if reference.kind == Kind::Secret { FaultKind::SecretMissing } else { FaultKind::ConfigMapMissing };
    let certainty = if stated.is_some() { Certainty::Stated } else { Certainty::Shown };
    let mut fault = active(kind, &workload.key, certainty);
    let namespace = &workload.key.namespace;
    let object = ObjectKey::new(reference.kind, namespace, &reference.name);
    let (what, exists) = match &reference.key {
        Some(key)
            if presence(picture, namespace, &Reference { key: None, ..reference.clone() }) == Some(true) =>
        {
            (format!("the key {key} of {object}"), true)
        }
        Some(key) => (format!("{object} (its key {key})"), false),
        None => (object.to_string(), false),
    };
    fault.subject = reference
        .key
        .as_ref()
        .map_or_else(|| reference.name.clone(), |key| format!("{}/{key}", reference.name));
    fault.facts.extend(stated);
    let needle = reference.key.as_deref().filter(|_| exists).unwrap_or(&reference.name);
    fault.facts.push(picture.fact(&workload.key, needle, format!("{} refers to {what}", workload.key)));
    if presence(picture, namespace, reference) == Some(false) {
        let source = match exists {
            true => picture.fact(
                &object,
                &reference.name,
                format!("{object} has no key {needle}, as far as it was captured"),
            ),
            false => Fact {
                statement: format!("{object} does not exist: the listing of its namespace does not hold it"),
                source: format!("kubectl get {}s -n {namespace}", remedy::kind(object.kind)),
                quote: String::new(),
            },
        };
        fault.facts.push(source);
    }
    fault.summary = format!("{} cannot start: {what} does not exist", workload.key);
    fault.explains = broken(picture, workload);
    fault.remedy = match exists {
        true => format!(
            "add {what}, {}, or correct the reference in {} (pod {})",
            remedy::on("edit", &object),
            workload.key,
            pod.key.name
        ),
        false => format!(
            "correct the name in {}, or make it with the <KEY> and <VALUE> it should hold: {}",
            workload.key,
            create(&object, reference.key.as_deref())
        ),
    };
    fault
}

/// States in which a container cannot be started, whatever the reason is.
const UNSTARTED: [&str; 7] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "ContainerCannotRun",
    "StartError",
    "PreStartHookError",
    "PostStartHookError",
];

/// A container that cannot be started, where the capture does not hold why: the state itself is the symptom.
pub(super) fn unexplained(picture: &Picture, workload: &Workload<'_>) -> Option<Fault> {
    let (pod, word) = current_pods(workload).into_iter().filter(|(_, state)| !state.is_well()).find_map(
        |(pod, state)| {
            let word = state.word.strip_prefix("Init:").unwrap_or(&state.word).to_owned();
            // A message says why, and others have judged it: what it misses may be there by now.
            let is_told = statuses(pod)
                .iter()
                .any(|status| status.waiting().is_some_and(|(_, message)| !message.is_empty()));
            (UNSTARTED.contains(&word.as_str()) && !is_told).then_some((pod, word))
        },
    )?;
    let mut fault = active(FaultKind::ContainerConfigRefused, &workload.key, Certainty::Suspected);
    fault.summary = format!("{} cannot start: {word}, and why is not in the capture", workload.key);
    fault.facts.push(picture.fact(&pod.key, &word, format!("{} is {word}", pod.key.name)));
    fault.explains = broken(picture, workload);
    fault.neighbours = match word.as_str() {
        "CreateContainerConfigError" => vec![FaultKind::SecretMissing, FaultKind::ConfigMapMissing],
        _ => vec![FaultKind::CommandNotFound, FaultKind::VolumeMountFailed],
    };
    fault.remedy =
        format!("see what the kubelet says: kubectl describe pod {} -n {}", pod.key.name, pod.key.namespace);
    fault.subject = word;
    Some(fault)
}

/// Settings of the container that the kubelet refuses for another reason.
fn refused(picture: &Picture, workload: &Workload<'_>, pod: &Record<Pod>) -> Option<Fault> {
    let statuses = statuses(pod);
    let (name, message) = statuses.iter().find_map(|status| match status.waiting()? {
        ("CreateContainerConfigError", message) if parse(message).is_none() && !message.is_empty() => {
            Some((status.status.name.as_str(), message))
        }
        _ => None,
    })?;
    let mut fault = active(FaultKind::ContainerConfigRefused, &workload.key, Certainty::Stated);
    fault.subject = name.to_owned();
    fault.summary = format!("{} cannot start container {name}: {}", workload.key, short(message));
    fault.facts.push(picture.fact(
        &pod.key,
        tail(message),
        format!("{} waits: {}", pod.key.name, short(message)),
    ));
    fault.explains = broken(picture, workload);
    fault.remedy = match message.contains("runAsNonRoot") {
        true => format!(
            "set runAsUser of {} to the image's unprivileged user, or drop runAsNonRoot: {}",
            workload.key,
            remedy::on("edit", &workload.key)
        ),
        false => format!(
            "correct the settings of container {name} in {}: {}",
            workload.key,
            remedy::on("edit", &workload.key)
        ),
    };
    Some(fault)
}

#[cfg(test)]
mod tests {
    use crate::capture::Capture;
    use crate::context::Context;
    use crate::fault::{FaultKind, Standing};
    use crate::picture::Picture;

    const SPEC: &str = "spec: {containers: [{name: main, envFrom: [{secretRef: {name: db-a}}], env: [{name: MODE, \
        valueFrom: {configMapKeyRef: {name: settings, key: mode}}}, {name: X, valueFrom: {secretKeyRef: {name: opt, \
        key: k, optional: true}}}]}]}";

    fn pod(status: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop, uid: u}}\n{SPEC}\nstatus: {status}\n"
        )
    }

    fn waiting(reason: &str, message: &str) -> String {
        pod(&format!(
            "{{phase: Pending, containerStatuses: [{{name: main, ready: false, restartCount: 0, state: {{waiting: \
             {{reason: {reason}, message: '{message}'}}}}}}]}}"
        ))
    }

    fn object(kind: &str, name: &str, key: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop, uid: u}}\ndata: {{{key}: YQ==}}\n"
        )
    }

    fn check(texts: &[(&str, String)], wanted: &[(FaultKind, &str, Standing)]) {
        let mut capture = Capture::default();
        for (command, text) in texts {
            capture.push(*command, text.as_str());
        }
        let picture = Picture::read(capture, None);
        let faults = super::super::faults(&picture, &Context::default());
        let found: Vec<_> =
            faults.iter().map(|fault| (fault.kind, fault.subject.as_str(), fault.standing)).collect();
        assert_eq!(found, wanted, "{faults:#?}");
    }

    const PODS: &str = "kubectl get pods -n shop -o yaml";
    const SECRETS: &str = "kubectl get secrets -n shop -o yaml";
    const MAPS: &str = "kubectl get configmaps -n shop -o yaml";

    #[test]
    fn what_the_kubelet_misses_is_named() {
        let message = "secret \"db-a\" not found";
        let waits = waiting("CreateContainerConfigError", message);
        check(&[(PODS, waits.clone())], &[(FaultKind::SecretMissing, "db-a", Standing::Active)]);
        check(
            &[(PODS, waits.clone()), (SECRETS, object("Secret", "other", "k"))],
            &[(FaultKind::SecretMissing, "db-a", Standing::Active)],
        );
        // It has been made since: the kubelet will try again.
        check(&[(PODS, waits), (SECRETS, object("Secret", "db-a", "k"))], &[]);
        let key = waiting("CreateContainerConfigError", "couldn''t find key mode in ConfigMap shop/settings");
        check(
            &[(PODS, key), (MAPS, object("ConfigMap", "settings", "colour"))],
            &[(FaultKind::ConfigMapMissing, "settings/mode", Standing::Active)],
        );
    }

    #[test]
    fn a_volume_s_reference_is_read_from_the_event() {
        let waits = waiting("ContainerCreating", "");
        let event = "apiVersion: v1\nkind: Event\nmetadata: {name: e, namespace: shop}\ntype: Warning\nreason: FailedMount\n\
             message: 'MountVolume.SetUp failed for volume \"cfg\" : configmap \"settings\" not found'\n\
             involvedObject: {kind: Pod, name: web, namespace: shop}\n";
        check(
            &[(PODS, waits.clone()), ("kubectl get events -n shop -o yaml", event.to_owned())],
            &[(FaultKind::ConfigMapMissing, "settings", Standing::Active)],
        );
        // Without any word of the kubelet, what is listed decides.
        check(
            &[
                (PODS, waits),
                (SECRETS, object("Secret", "other", "k")),
                (MAPS, object("ConfigMap", "settings", "mode")),
            ],
            &[(FaultKind::SecretMissing, "db-a", Standing::Active)],
        );
    }

    #[test]
    fn pods_that_run_only_warn_of_what_is_gone() {
        let runs = pod(
            "{phase: Running, containerStatuses: [{name: main, ready: true, restartCount: 0, state: {running: {}}}]}",
        );
        check(&[(PODS, runs.clone())], &[]);
        check(
            &[(PODS, runs), (SECRETS, object("Secret", "other", "k"))],
            &[(FaultKind::SecretMissing, "db-a", Standing::Latent)],
        );
    }

    #[test]
    fn other_settings_that_are_refused() {
        let root =
            waiting("CreateContainerConfigError", "container has runAsNonRoot and image will run as root");
        check(&[(PODS, root)], &[(FaultKind::ContainerConfigRefused, "main", Standing::Active)]);
    }
}
