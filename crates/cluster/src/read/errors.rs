//! What `kubectl` and the API say instead of an answer, and what somebody can do about it.
//!
//! Sources: `kubectl`'s own error handling (`k8s.io/kubectl/pkg/cmd/util/helpers.go`), the reasons of `metav1.Status`,
//! and Go's `net` and `crypto/x509`, whose words it repeats.

use serde_json::Value;

use crate::kind::Kind;

/// Longest part of an error that is repeated, in characters.
const SAID_CHARS_MAX: usize = 300;

/// What keeps an answer away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Trouble {
    /// The object does not exist: an answer rather than a trouble.
    NotFound,
    /// Whoever asked may not see it.
    Forbidden,
    /// The API does not know who asked.
    Unauthorized,
    /// The certificate that the API server shows has run out.
    CertificateExpired,
    /// The certificate that the API server shows is not accepted for another reason.
    CertificateRefused,
    /// Nobody answers at the API's address.
    Unreachable,
    /// The cluster does not have that kind of object.
    NoSuchKind,
    /// Something else.
    Other,
}

/// Words of an error and what they mean, looked for in this order.
const MEANINGS: [(Trouble, &[&str]); 7] = [
    (Trouble::NotFound, &["(NotFound)"]),
    (Trouble::CertificateExpired, &["x509: certificate has expired or is not yet valid"]),
    (Trouble::CertificateRefused, &["x509: ", "tls: failed to verify"]),
    (Trouble::Forbidden, &["(Forbidden)", " is forbidden: "]),
    (Trouble::Unauthorized, &["(Unauthorized)", "must be logged in", "provide credentials"]),
    (Trouble::NoSuchKind, &["doesn't have a resource type", "could not find the requested resource"]),
    (
        Trouble::Unreachable,
        &[
            "was refused",
            "connection refused",
            "Unable to connect to the server",
            "no such host",
            "no route to host",
            "i/o timeout",
            "handshake timeout",
            "deadline exceeded",
            "Client.Timeout",
        ],
    ),
];

/// What an error means.
pub(super) fn trouble(said: &str) -> Trouble {
    let found = MEANINGS.iter().find(|(_, words)| words.iter().any(|word| said.contains(word)));
    found.map_or(Trouble::Other, |(trouble, _)| *trouble)
}

/// Whether a line is an error that `kubectl` printed instead of an answer, or beside one.
pub(super) fn is_error(line: &str) -> bool {
    is_servers(line) || line.starts_with("error: ")
}

/// Whether the line can come from nothing but the way to the API.
pub(super) fn is_servers(line: &str) -> bool {
    ["Error from server", "Unable to connect to the server", "The connection to the server"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Whether a line stands beside an answer and is no part of it: errors, warnings, `kubectl`'s own log (`klog`).
pub(super) fn is_beside(line: &str) -> bool {
    let is_log = || {
        let bytes = line.as_bytes();
        matches!(bytes.first(), Some(b'I' | b'W' | b'E' | b'F'))
            && bytes.get(1..5).is_some_and(|day| day.iter().all(u8::is_ascii_digit))
            && bytes.get(5) == Some(&b' ')
    };
    is_error(line)
        || line.starts_with("No resources found")
        || (line.starts_with("Warning: ") && !line.starts_with("Warning:  "))
        || is_log()
}

/// The part of a text from its first to its last line that is part of an answer; lines beside it are left out at both
/// ends. Empty when there is nothing else.
pub(super) fn body(text: &str) -> &str {
    let is_out = |line: &str| line.trim().is_empty() || is_beside(line);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if !is_out(line) {
            break;
        }
        start += line.len();
    }
    let mut rest = text.get(start..).unwrap_or("");
    while !rest.is_empty() {
        let last = rest.trim_end_matches(['\n', '\r']).rfind('\n').map_or(0, |at| at + 1);
        if !rest.get(last..).is_some_and(is_out) {
            break;
        }
        rest = rest.get(..last).unwrap_or("");
    }
    rest
}

/// Errors that stand before and behind the body, each once.
pub(super) fn errors<'a>(text: &'a str, body: &str) -> Vec<&'a str> {
    let start = (body.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    let (before, after) = match body.is_empty() {
        true => (text, ""),
        false => (text.get(..start).unwrap_or(""), text.get(start + body.len()..).unwrap_or("")),
    };
    let mut found: Vec<&str> = Vec::new();
    for line in before.lines().chain(after.lines()).filter(|line| is_error(line)) {
        if !found.contains(&line) && found.len() < 32 {
            found.push(line);
        }
    }
    found
}

/// Namespace of `No resources found in shop namespace.`
pub(super) fn empty_namespace(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("No resources found in "))?;
    let name = line.strip_prefix("No resources found in ")?.trim_end().strip_suffix(" namespace.")?;
    (!name.is_empty() && !name.contains(' ')).then_some(name)
}

/// The kind that a refusal is about: `secrets is forbidden: …`, `cannot list resource "secrets" in API group ""`.
pub(super) fn refused_kind(said: &str) -> Option<Kind> {
    let (_, rest) = said.split_once("(Forbidden): ").unwrap_or(("", said));
    let word = rest.split_once(" is forbidden: ")?.0;
    Kind::parse(word)
}

/// What was said with what to do next, as one sentence each.
pub(super) fn explained(said: &str) -> String {
    let trouble = trouble(said);
    let said: String = match said.chars().nth(SAID_CHARS_MAX) {
        Some(_) => said.chars().take(SAID_CHARS_MAX).chain(['…']).collect(),
        None => said.trim_end_matches(['.', ' ']).to_owned(),
    };
    let next = match trouble {
        Trouble::NotFound => return said,
        Trouble::Forbidden => rule_missing(&said),
        Trouble::Unauthorized => {
            "the token or client certificate of the kubeconfig is not accepted or has expired: log in again, and see \
             kubectl config view --minify"
                .to_owned()
        }
        Trouble::CertificateExpired => {
            "the API server's certificate has expired, or the clock of the machine that asked is wrong: kubeadm certs \
             check-expiration, then kubeadm certs renew all"
                .to_owned()
        }
        Trouble::CertificateRefused => {
            "the kubeconfig's certificate authority or address is not that of this API server: kubectl config view \
             --minify"
                .to_owned()
        }
        Trouble::Unreachable => {
            "nothing answers at the API server's address: see that it runs (crictl ps | grep kube-apiserver), and that \
             the kubeconfig names its address (kubectl config view --minify)"
                .to_owned()
        }
        Trouble::NoSuchKind => {
            "the cluster does not have that kind: see kubectl api-resources, or install its custom resource definition"
                .to_owned()
        }
        Trouble::Other => return said,
    };
    format!("{said}; what next: {next}")
}

/// The rule that whoever asked lacks, from `User "u" cannot list resource "pods" in API group "" in the namespace "n"`.
fn rule_missing(said: &str) -> String {
    let quoted = |before: &str| said.split_once(before).and_then(|(_, rest)| rest.split('"').next());
    let verb = said.split_once(" cannot ").and_then(|(_, rest)| rest.split(' ').next());
    let (Some(user), Some(verb), Some(resource)) = (quoted("User \""), verb, quoted(" resource \"")) else {
        return "whoever asked lacks a rule: see kubectl auth can-i --list".to_owned();
    };
    let group = quoted(" in API group \"").filter(|group| !group.is_empty());
    let resource = group.map_or_else(|| resource.to_owned(), |group| format!("{resource}.{group}"));
    match quoted(" in the namespace \"") {
        Some(namespace) => format!(
            "the rule is missing: kubectl create role read-{resource} -n {namespace} --verb=get,{verb} \
             --resource={resource}, and a role binding to {user}"
        ),
        None => format!(
            "the rule is missing: kubectl create clusterrole read-{resource} --verb=get,{verb} --resource={resource}, \
             and a cluster role binding to {user}"
        ),
    }
}

/// The API's own form of an error: `{"kind":"Status","status":"Failure","reason":"Forbidden","code":403,…}`, in the
/// words of `kubectl`. `None` for objects that are no failure.
pub(super) fn of_status(value: &Value) -> Option<String> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or("");
    if text("kind") != "Status" || text("status") == "Success" {
        return None;
    }
    let code = value.get("code").and_then(Value::as_u64);
    let reason = match (text("reason"), code) {
        ("", Some(401)) => "Unauthorized".to_owned(),
        ("", Some(403)) => "Forbidden".to_owned(),
        ("", Some(404)) => "NotFound".to_owned(),
        ("", Some(code)) => code.to_string(),
        (reason, _) => reason.to_owned(),
    };
    let message = text("message");
    // The answer to a path that no kind has is `NotFound` too, and names no object.
    if reason == "NotFound" && !message.contains('"') {
        return Some(format!(
            "Error from server: the server could not find the requested resource: {message}"
        ));
    }
    Some(format!("Error from server ({reason}): {message}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_are_understood_and_say_what_next() {
        for (said, meaning, next) in [
            (
                "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time \
                 2026-03-01T00:00:00Z is after 2026-02-01T00:00:00Z",
                Trouble::CertificateExpired,
                "kubeadm certs renew all",
            ),
            (
                "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by \
                 unknown authority",
                Trouble::CertificateRefused,
                "certificate authority",
            ),
            (
                "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
                Trouble::Unreachable,
                "kube-apiserver",
            ),
            (
                "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout",
                Trouble::Unreachable,
                "kubeconfig",
            ),
            (
                "error: You must be logged in to the server (Unauthorized)",
                Trouble::Unauthorized,
                "log in again",
            ),
            (
                "Error from server (Forbidden): secrets is forbidden: User \"ann\" cannot list resource \"secrets\" in API \
                 group \"\" in the namespace \"shop\"",
                Trouble::Forbidden,
                "kubectl create role read-secrets -n shop --verb=get,list --resource=secrets, and a role binding to ann",
            ),
            (
                "Error from server (Forbidden): deployments.apps is forbidden: User \"ann\" cannot list resource \
                 \"deployments\" in API group \"apps\" at the cluster scope",
                Trouble::Forbidden,
                "kubectl create clusterrole read-deployments.apps --verb=get,list --resource=deployments.apps",
            ),
            (
                "error: the server doesn't have a resource type \"certs\"",
                Trouble::NoSuchKind,
                "api-resources",
            ),
        ] {
            assert!(is_error(said), "{said}");
            assert_eq!(trouble(said), meaning, "{said}");
            assert!(explained(said).contains(next), "{}", explained(said));
        }
        assert_eq!(
            refused_kind("Error from server (Forbidden): secrets is forbidden: User \"a\" cannot list"),
            Some(Kind::Secret)
        );
    }

    #[test]
    fn what_stands_beside_an_answer_is_no_part_of_it() {
        let text = "E0301 10:00:00.000000   12 memcache.go:265] couldn't get current server API group list\nNAME   READY\n\
                    a      1/1\nError from server (Forbidden): secrets is forbidden: x\n\n";
        let inner = body(text);
        assert_eq!(inner, "NAME   READY\na      1/1\n");
        assert_eq!(errors(text, inner), ["Error from server (Forbidden): secrets is forbidden: x"]);
        assert_eq!(body("No resources found in shop namespace.\n"), "");
        assert_eq!(empty_namespace("No resources found in shop namespace.\n"), Some("shop"));
        assert_eq!(empty_namespace("No resources found\n"), None);
        assert_eq!(body("error: x"), "");
    }

    #[test]
    fn the_apis_own_errors_are_said_as_kubectl_says_them() {
        let status = |more: Value| {
            let mut whole =
                json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no" });
            whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of_status(&whole)
        };
        assert_eq!(status(json!({ "code": 403 })).as_deref(), Some("Error from server (Forbidden): no"));
        assert_eq!(
            status(json!({ "code": 401, "reason": "Unauthorized" })).as_deref(),
            Some("Error from server (Unauthorized): no")
        );
        assert_eq!(status(json!({ "status": "Success" })), None);
        assert_eq!(of_status(&json!({ "kind": "Pod" })), None);
        assert_eq!(trouble(&status(json!({ "code": 404 })).unwrap()), Trouble::NoSuchKind);
    }
}
