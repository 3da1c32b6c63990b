//! Reasons about images that cannot be pulled.
//!
//! The kubelet says that it cannot pull (waiting reasons `ErrImagePull`, `ImagePullBackOff`, `InvalidImageName`,
//! `ErrImageNeverPull`); the container runtime's error inside the message says why. Registries answer alike for an
//! image that does not exist and one that is private (OCI distribution specification, codes `DENIED`,
//! `UNAUTHORIZED`, `NAME_UNKNOWN`), so for that answer the images that the cluster does pull decide.

use std::collections::BTreeSet;

use super::symptoms::{active, between, broken, container_named, current_pods, said, state_words, statuses};
use super::workload::{Workload, workloads};
use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture, PodState, Record};
use crate::remedy;

/// Waiting reasons that are about an image.
const WAITING: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// All faults of this subject.
pub(crate) fn faults(picture: &Picture, _context: &Context) -> Vec<Fault> {
    let workloads = workloads(picture);
    let stuck: Vec<(&Workload<'_>, Stuck<'_>)> =
        workloads.iter().filter_map(|workload| Some((workload, stuck(picture, workload)?))).collect();
    if stuck.is_empty() {
        return Vec::new();
    }
    let pulled = pulled(&workloads);
    stuck.into_iter().map(|(workload, stuck)| fault(picture, workload, &stuck, &pulled)).collect()
}

/// A container that waits for its image.
struct Stuck<'a> {
    pod: &'a Record<k8s_openapi::api::core::v1::Pod>,
    reason: String,
    image: String,
    /// The runtime's error, empty when nobody printed it.
    error: String,
    fact: Fact,
}

fn stuck<'a>(picture: &'a Picture, workload: &Workload<'a>) -> Option<Stuck<'a>> {
    current_pods(workload).into_iter().filter(|(_, state)| !state.is_well()).find_map(|(pod, state)| {
        let statuses = statuses(pod);
        let waiting = statuses.iter().find_map(|status| {
            let (reason, message) = status.waiting()?;
            WAITING.contains(&reason).then_some((status.status.name.as_str(), reason, message))
        });
        let word = state.word.strip_prefix("Init:").unwrap_or(&state.word);
        let (name, reason, message) = match waiting {
            Some(found) => found,
            None if WAITING.contains(&word) => ("", word, ""),
            None => return None,
        };
        let image = between(message, "image \"", "\"")
            .map(str::to_owned)
            .or_else(|| container_named(workload, name)?.image.clone())
            .unwrap_or_default();
        let (error, image, fact) = error_of(picture, pod, &state, reason, message, image);
        Some(Stuck { pod, reason: reason.to_owned(), image, error, fact })
    })
}

/// The error text, the image it is about, and the fact that states it: the newest event that explains, else the
/// status's own message.
fn error_of(
    picture: &Picture,
    pod: &Record<k8s_openapi::api::core::v1::Pod>,
    state: &PodState,
    reason: &str,
    message: &str,
    image: String,
) -> (String, String, Fact) {
    let events: Vec<_> = said(picture, pod, &["Failed", "InspectFailed", "ErrImageNeverPull"])
        .filter(|event| {
            let about = event.message.contains("image");
            let short = event.message.starts_with("Error: ");
            about && !short && (image.is_empty() || event.message.contains(image.as_str()))
        })
        .collect();
    if let Some(event) = events.last() {
        let named = between(&event.message, "image \"", "\"").map_or(image, str::to_owned);
        let fact = picture.fact_at(
            event.origin,
            start_of(&event.message),
            format!("the kubelet cannot pull {named} for {}", pod.key.name),
        );
        return (event.message.clone(), named, fact);
    }
    let statement = format!("{} is {} and waits: {reason}", pod.key.name, state.word);
    (message.to_owned(), image, picture.fact(&pod.key, reason, statement))
}

/// Enough of a message to find its line again.
fn start_of(message: &str) -> &str {
    message.char_indices().nth(60).map_or(message, |(at, _)| message.get(..at).unwrap_or(message))
}

/// Images that containers of the cluster run.
fn pulled(workloads: &[Workload<'_>]) -> BTreeSet<String> {
    let pods = workloads.iter().flat_map(|workload| workload.pods.iter());
    let statuses = pods.flat_map(|pod| statuses(pod));
    let ran = statuses.filter(|status| status.is_running() || status.ended().is_some());
    ran.map(|status| status.status.image.clone()).filter(|image| !image.is_empty()).collect()
}

/// Registry host and repository of a reference, without tag and digest.
///
/// Source: the reference grammar of the distribution project: the part before the first slash is a host when it has
/// a dot or a colon or is `localhost`; otherwise the host is Docker Hub, and one word stands for `library/word`.
fn parts(image: &str) -> (String, String) {
    let image = image.split('@').next().unwrap_or("");
    let (host, path) = match image.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path.to_owned()),
        _ if image.contains('/') => ("docker.io", image.to_owned()),
        _ => ("docker.io", format!("library/{image}")),
    };
    let last = path.rfind('/').unwrap_or(0);
    let end = path.get(last..).and_then(|name| name.find(':')).map_or(path.len(), |at| last + at);
    (host.to_owned(), path.get(..end).unwrap_or("").to_owned())
}

/// What a pull error means: kind, subject, whether another kind fits as well.
struct Verdict {
    kind: FaultKind,
    subject: &'static str,
    certainty: Certainty,
    neighbours: Vec<FaultKind>,
}

/// Words of errors and what they mean, looked for in this order, in lower case. Go's `net` and `crypto/tls`,
/// containerd, CRI-O, Docker and the registries' own codes print them.
const WORDS: &[(FaultKind, &str, &[&str])] = &[
    (
        FaultKind::ImageNotFound,
        "invalid",
        &["invalid reference format", "couldn't parse image", "invalidimagename"],
    ),
    (FaultKind::ImageNotFound, "never pulled", &["errimageneverpull", "pull policy of never"]),
    (
        FaultKind::RegistryUnreachable,
        "dns",
        &["no such host", "server misbehaving", "temporary failure in name"],
    ),
    (FaultKind::RegistryUnreachable, "rate limit", &["toomanyrequests", "too many requests", "rate limit"]),
    (
        FaultKind::RegistryUnreachable,
        "tls",
        &["x509:", "tls: ", "http response to https client", "certificate signed by unknown", "ssl"],
    ),
    (
        FaultKind::RegistryUnreachable,
        "refused",
        &["connection refused", "connection reset", "no route to host", "network is unreachable"],
    ),
    (
        FaultKind::RegistryUnreachable,
        "server error",
        &["500 internal", "502 bad gateway", "503 service", "504 gateway", "registryunavailable"],
    ),
    (
        FaultKind::RegistryUnreachable,
        "timeout",
        &["i/o timeout", "tls handshake timeout", "deadline exceeded", "client.timeout", "timed out"],
    ),
    (
        FaultKind::ImagePullDenied,
        "",
        &[
            "failed to authorize",
            "authorization failed",
            "insufficient_scope",
            "unauthorized",
            "401",
            "403",
            "forbidden",
            "denied",
            "no basic auth credentials",
            "authentication required",
        ],
    ),
    (
        FaultKind::ImageNotFound,
        "",
        &[
            "not found",
            "manifest unknown",
            "manifest_unknown",
            "name_unknown",
            "name unknown",
            "does not exist",
            "no match for platform",
        ],
    ),
];

fn verdict(stuck: &Stuck<'_>, pulled: &BTreeSet<String>, has_missing_secret: bool) -> Verdict {
    let text = format!("{} {}", stuck.reason, stuck.error).to_lowercase();
    // The reference itself may hold any word (`denied`, `401`): it is no part of the error.
    let image = stuck.image.to_lowercase();
    let path = parts(&image).1;
    let mut text = if image.is_empty() { text } else { text.replace(image.as_str(), "") };
    if !path.is_empty() {
        text = text.replace(path.as_str(), "").replace(&path.replace('/', "%2f"), "");
    }
    let found = WORDS.iter().find(|(_, _, words)| words.iter().any(|word| text.contains(word)));
    let Some((kind, subject, _)) = found else {
        return Verdict {
            kind: FaultKind::ImageNotFound,
            subject: "",
            certainty: Certainty::Suspected,
            neighbours: vec![FaultKind::ImagePullDenied, FaultKind::RegistryUnreachable],
        };
    };
    let mut verdict = Verdict { kind: *kind, subject, certainty: Certainty::Stated, neighbours: Vec::new() };
    match kind {
        FaultKind::ImagePullDenied => {
            verdict.neighbours = vec![FaultKind::ImageNotFound];
            if hides_existence(&text) && !has_missing_secret && is_rather_absent(&image, pulled) {
                verdict.kind = FaultKind::ImageNotFound;
                verdict.certainty = Certainty::Shown;
                verdict.neighbours = vec![FaultKind::ImagePullDenied];
            }
        }
        FaultKind::RegistryUnreachable if *subject == "dns" => {
            verdict.neighbours = vec![FaultKind::ImageNotFound, FaultKind::ClusterDnsDown];
        }
        FaultKind::ImageNotFound if *subject != "invalid" => {
            verdict.neighbours = vec![FaultKind::ImagePullDenied]
        }
        _ => {}
    }
    verdict
}

/// Answers that registries give for private and for absent repositories alike.
fn hides_existence(text: &str) -> bool {
    ["does not exist or may require", "anonymous token", "requested access to the resource is denied"]
        .iter()
        .any(|words| text.contains(words))
}

/// Whether the repository is likelier absent than private: an official image is never private, and where its
/// siblings in the same place are pulled, one that is refused does not exist.
fn is_rather_absent(image: &str, pulled: &BTreeSet<String>) -> bool {
    let (host, path) = parts(image);
    if host == "docker.io" && path.starts_with("library/") {
        return true;
    }
    let Some((place, _)) = path.rsplit_once('/') else { return false };
    let mut has_sibling = false;
    for other in pulled {
        let (other_host, other_path) = parts(other);
        if (&other_host, &other_path) == (&host, &path) {
            return false;
        }
        has_sibling |= other_host == host && other_path.rsplit_once('/').is_some_and(|(of, _)| of == place);
    }
    has_sibling
}

fn fault(picture: &Picture, workload: &Workload<'_>, stuck: &Stuck<'_>, pulled: &BTreeSet<String>) -> Fault {
    let missing = missing_secrets(picture, workload);
    let verdict = verdict(stuck, pulled, !missing.is_empty());
    let (host, _) = parts(&stuck.image);
    let mut fault = active(verdict.kind, &workload.key, verdict.certainty);
    fault.subject = verdict.subject.to_owned();
    fault.neighbours = verdict.neighbours;
    fault.facts.push(stuck.fact.clone());
    if !stuck.image.is_empty() {
        fault.facts.push(picture.fact(
            &workload.key,
            &stuck.image,
            format!("{} asks for the image {}", workload.key, stuck.image),
        ));
    }
    fault.facts.push(picture.fact(
        &stuck.pod.key,
        &stuck.reason,
        format!("{} is {}", stuck.pod.key.name, state_words(stuck.pod)),
    ));
    fault.explains = broken(picture, workload);
    let serves = pulled.iter().any(|other| parts(other).0 == host);
    let secret = missing.first().map(|secret| secret.name.as_str());
    let (summary, remedy) = words(&fault, workload, &stuck.image, (&host, serves), secret);
    fault.summary = summary;
    fault.remedy = remedy;
    if fault.kind == FaultKind::ImagePullDenied
        && let Some(secret) = missing.first()
    {
        fault.subject.clone_from(&secret.name);
        fault.summary = format!("{}; its pull secret {} does not exist", fault.summary, secret.name);
        fault.facts.push(picture.fact(
            &workload.key,
            &secret.name,
            format!("the pull secret {} does not exist in {}", secret.name, secret.namespace),
        ));
    }
    fault
}

/// Summary and remedy. `serves` says whether the host has served other images, `secret` is a pull secret that does not
/// exist.
fn words(
    fault: &Fault,
    workload: &Workload<'_>,
    image: &str,
    (host, serves): (&str, bool),
    secret: Option<&str>,
) -> (String, String) {
    let key = &workload.key;
    match (fault.kind, fault.subject.as_str()) {
        (FaultKind::RegistryUnreachable, how) => {
            let others = match serves {
                true => "other images came from there",
                false => "no other image in the cluster comes from there",
            };
            (
                format!("{key} cannot pull {image}: the registry {host} cannot be reached ({how}); {others}"),
                format!(
                    "check the registry host in the image of {key}, {}, and that nodes can resolve and reach {host}",
                    remedy::on("edit", key)
                ),
            )
        }
        (FaultKind::ImagePullDenied, _) => (
            format!("{key} cannot pull {image}: the registry {host} refuses the request"),
            credentials(key, host, secret),
        ),
        (_, "invalid") => (
            format!("{key} names the image {image:?}, which is no valid reference"),
            format!("correct the image of {key}: {}", remedy::on("edit", key)),
        ),
        (_, "never pulled") => (
            format!("{key} may not pull {image} (imagePullPolicy Never) and the node does not have it"),
            format!(
                "set imagePullPolicy of {key} to IfNotPresent, {}, or load the image onto the node",
                remedy::on("edit", key)
            ),
        ),
        _ if fault.certainty == Certainty::Suspected => {
            let what = if image.is_empty() { "its image" } else { image };
            (
                format!("{key} cannot pull {what}, and why is not in the capture"),
                format!(
                    "see what the kubelet says of its pods (events with the reason Failed): {}",
                    remedy::kubectl(key, &["describe", "pods"])
                ),
            )
        }
        _ => (
            format!("{key} cannot pull {image}: it does not exist in the registry {host}"),
            correct_image(key),
        ),
    }
}

/// How credentials for a registry are made: under the name of the pull secret that is missing, else under a new one.
fn credentials(key: &ObjectKey, host: &str, secret: Option<&str>) -> String {
    let server = format!("--docker-server={host}");
    let name = secret.unwrap_or("<SECRET>");
    let make = remedy::kubectl(
        key,
        &[
            "create",
            "secret",
            "docker-registry",
            name,
            &server,
            "--docker-username=<USER>",
            "--docker-password=<PASSWORD>",
        ],
    );
    match secret {
        Some(_) => format!("make the pull secret with the <USER> and <PASSWORD> that {host} takes: {make}"),
        None => format!(
            "see that the pull secret of {key} holds a login that {host} takes, or make one and name it in its \
             imagePullSecrets (<SECRET> is its name, <USER> and <PASSWORD> the login): {make}"
        ),
    }
}

fn correct_image(key: &ObjectKey) -> String {
    match key.kind {
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => format!(
            "correct the image of {key}, {}, or go back: {}",
            remedy::on("edit", key),
            remedy::kubectl(key, &["rollout", "undo", &remedy::target(key)])
        ),
        _ => format!("correct the image of {key}: {}", remedy::on("edit", key)),
    }
}

/// Pull secrets of the pods, or of their service account, that are known not to exist.
fn missing_secrets(picture: &Picture, workload: &Workload<'_>) -> Vec<ObjectKey> {
    let Some(spec) = workload.spec() else { return Vec::new() };
    let namespace = &workload.key.namespace;
    let account = spec.service_account_name.as_deref().filter(|name| !name.is_empty()).unwrap_or("default");
    let account = picture.service_accounts.get(namespace, account).present();
    let of_account = account.and_then(|account| account.object.image_pull_secrets.as_ref());
    let named = spec.image_pull_secrets.iter().flatten().chain(of_account.into_iter().flatten());
    let absent = named.filter(|secret| picture.secrets.get(namespace, &secret.name).is_absent());
    absent.map(|secret| ObjectKey::new(Kind::Secret, namespace, &secret.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;

    fn pod(name: &str, image: &str, waiting: &str, message: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, uid: u}}\n\
             spec: {{containers: [{{name: main, image: \"{image}\"}}], imagePullSecrets: [{{name: pull-a}}]}}\n\
             status:\n  phase: Pending\n  containerStatuses:\n  - name: main\n    ready: false\n    restartCount: 0\n    \
             image: \"{image}\"\n    state: {{waiting: {{reason: {waiting}, message: '{message}'}}}}\n"
        )
    }

    fn running(name: &str, image: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, uid: u}}\n\
             status:\n  phase: Running\n  containerStatuses:\n  - name: main\n    ready: true\n    restartCount: 0\n    \
             image: \"{image}\"\n    state: {{running: {{}}}}\n"
        )
    }

    fn found(text: &str, secrets: Option<&str>) -> Vec<(FaultKind, String)> {
        let mut capture = Capture::default();
        capture.push("kubectl get pods -n shop -o yaml", text);
        if let Some(secrets) = secrets {
            capture.push("kubectl get secrets -n shop -o yaml", secrets);
        }
        let picture = Picture::read(capture, None);
        faults(&picture, &Context::default()).into_iter().map(|fault| (fault.kind, fault.subject)).collect()
    }

    fn check(image: &str, error: &str, kind: FaultKind, subject: &str) {
        let text = pod("web", image, "ErrImagePull", error);
        assert_eq!(found(&text, None), [(kind, subject.to_owned())], "{error}");
    }

    #[test]
    fn the_error_of_the_pull_says_which_it_is() {
        use FaultKind::{ImageNotFound, ImagePullDenied, RegistryUnreachable};
        check(
            "r.example/a/b:1",
            "failed to resolve reference \"r.example/a/b:1\": r.example/a/b:1: not found",
            ImageNotFound,
            "",
        );
        check(
            "r.example/a/b:1",
            "manifest for r.example/a/b:1 not found: manifest unknown",
            ImageNotFound,
            "",
        );
        check(
            "r.example/a/b:1",
            "failed to authorize: failed to fetch oauth token: 403 Forbidden",
            ImagePullDenied,
            "",
        );
        check(
            "r.example/a/b:1",
            "Get \"https://r.example/v2/\": no basic auth credentials",
            ImagePullDenied,
            "",
        );
        check("r.example/a/b:1", "dial tcp: lookup r.example: no such host", RegistryUnreachable, "dns");
        check("r.example/a/b:1", "dial tcp 10.0.0.1:443: i/o timeout", RegistryUnreachable, "timeout");
        check(
            "r.example/a/b:1",
            "dial tcp 10.0.0.1:443: connect: connection refused",
            RegistryUnreachable,
            "refused",
        );
        check("r.example/a/b:1", "x509: certificate signed by unknown authority", RegistryUnreachable, "tls");
        check(
            "r.example/a/b:1",
            "toomanyrequests: You have reached your pull rate limit",
            RegistryUnreachable,
            "rate limit",
        );
        check("r.example/a/denied-401:1", "r.example/a/denied-401:1: not found", ImageNotFound, "");
    }

    #[test]
    fn a_name_that_is_no_reference_and_an_image_that_is_never_pulled() {
        let invalid = pod(
            "web",
            "A//b",
            "InvalidImageName",
            "couldn''t parse image name \"A//b\": invalid reference format",
        );
        assert_eq!(found(&invalid, None), [(FaultKind::ImageNotFound, "invalid".to_owned())]);
        let never = pod(
            "web",
            "a:1",
            "ErrImageNeverPull",
            "Container image \"a:1\" is not present with pull policy of Never",
        );
        assert_eq!(found(&never, None), [(FaultKind::ImageNotFound, "never pulled".to_owned())]);
    }

    #[test]
    fn an_answer_that_hides_existence_is_settled_by_what_the_cluster_pulls() {
        let error = "pull access denied, repository does not exist or may require authorization";
        let private = pod("web", "acme/app:1", "ErrImagePull", error);
        assert_eq!(found(&private, None), [(FaultKind::ImagePullDenied, String::new())]);
        let official = pod("web", "ngimx:1", "ErrImagePull", error);
        assert_eq!(found(&official, None), [(FaultKind::ImageNotFound, String::new())]);
        let sibling = format!("{private}{}", running("api", "acme/api:1"));
        assert_eq!(found(&sibling, None), [(FaultKind::ImageNotFound, String::new())]);
        let same = format!("{sibling}{}", running("old", "docker.io/acme/app:0"));
        assert_eq!(found(&same, None), [(FaultKind::ImagePullDenied, String::new())]);
    }

    #[test]
    fn a_pull_secret_that_does_not_exist_is_named() {
        let text = pod("web", "r.example/a/b:1", "ImagePullBackOff", "401 Unauthorized");
        let none = "apiVersion: v1\nkind: List\nitems: []\n";
        assert_eq!(found(&text, Some(none)), [(FaultKind::ImagePullDenied, "pull-a".to_owned())]);
    }

    #[test]
    fn running_pods_and_other_waits_are_no_fault() {
        assert_eq!(found(&running("api", "acme/api:1"), None), []);
        assert_eq!(found(&pod("web", "a:1", "ContainerCreating", ""), None), []);
    }
}
