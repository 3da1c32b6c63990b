//! Checks of machines and ports: what `systemctl status`, `nc` and `telnet` print.

use super::document::Source;
use super::reading::Reading;
use super::values::said;
use crate::picture::{Connection, Form, NodeService, Outcome, ServiceState};

/// Longest reason of a failed connection, in characters.
const REASON_CHARS_MAX: usize = 200;

/// Reads what `systemctl status` printed. Machine and service are those of the command; where it names none, those
/// that the text itself names (`Service:` and `Node:` lines, or the unit on systemd's first line).
pub(crate) fn read_service(source: Source<'_>, node: &str, service: &str, reading: &mut Reading) {
    let line_of = |key: &str| {
        source.text.lines().take(20).find_map(|line| line.trim().strip_prefix(key)).and_then(said)
    };
    let node = if node.is_empty() { line_of("Node:").unwrap_or("") } else { node };
    let unit =
        if service.is_empty() { line_of("Service:").or_else(|| unit_of(source.text)) } else { Some(service) };
    let Some(unit) = unit else {
        return reading.unread.push(source.unread("the state of a service whose name is not known"));
    };
    let state = service_state(source.text);
    if state == ServiceState::Unknown {
        reading.unread.push(source.unread(format!("the answer does not say whether {unit} runs")));
    }
    reading.node_services.push(NodeService {
        node: node.to_owned(),
        service: unit.trim_end_matches(".service").to_owned(),
        state,
        origin: source.origin(source.text, Form::Live),
    });
}

/// `● kubelet.service - Kubernetes Kubelet`
fn unit_of(text: &str) -> Option<&str> {
    text.lines().take(5).find_map(|line| {
        let mut words = line.split_whitespace();
        let unit = words.find(|word| word.ends_with(".service"))?;
        Some(unit.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
    })
}

/// The word after `Active:`; a unit that is not there does not run either. Source: `systemctl(1)`, unit states.
fn service_state(text: &str) -> ServiceState {
    let active = text.lines().find_map(|line| {
        let line = line.trim();
        line.strip_prefix("Active:").or_else(|| line.strip_prefix("ActiveState="))
    });
    // `systemctl is-active` prints the word alone.
    let alone = text.trim();
    let word = active.map(str::trim).or_else(|| (!alone.contains(char::is_whitespace)).then_some(alone));
    match word.and_then(|text| text.split_whitespace().next()) {
        // `activating (auto-restart)` is a service that ended and is about to be tried again.
        Some("activating") if word.is_some_and(|text| text.contains("auto-restart")) => {
            ServiceState::Inactive
        }
        Some("active" | "reloading" | "activating") => ServiceState::Active,
        Some("inactive" | "failed" | "deactivating" | "dead") => ServiceState::Inactive,
        _ if text.contains("could not be found") || text.contains("Loaded: not-found") => {
            ServiceState::Inactive
        }
        _ => ServiceState::Unknown,
    }
}

/// Reads what `nc` or `telnet` printed. `namespace` is where the command ran, for names that hold no namespace.
pub(crate) fn read_connection(
    source: Source<'_>,
    from: Option<String>,
    namespace: Option<&str>,
    host: &str,
    port: u16,
    reading: &mut Reading,
) {
    let outcome = outcome(source.text);
    let (host, of) = service_of(host);
    reading.connections.push(Connection {
        from,
        host: host.to_owned(),
        namespace: of.or(namespace).map(str::to_owned),
        port,
        outcome,
        origin: source.origin(source.text, Form::Live),
    });
}

/// Service and namespace of a name: `svc`, `svc.ns`, `svc.ns.svc`, `svc.ns.svc.cluster.local`. Addresses and longer
/// names of other domains stay whole.
fn service_of(host: &str) -> (&str, Option<&str>) {
    let host = host.trim_end_matches('.');
    if host.parse::<core::net::IpAddr>().is_ok() {
        return (host, None);
    }
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        [service, namespace] | [service, namespace, "svc", ..] => (service, Some(namespace)),
        _ => (host, None),
    }
}

/// What programs print of a port that answered.
const OPEN: [&str; 5] =
    [" open", "succeeded", "connected to ", "connection succeeded", "escape character is"];

/// What they print of one that did not, or of a name that is none.
const FAILED: [&str; 13] = [
    "refused",
    "timed out",
    "timeout",
    "bad address",
    "not known",
    "no route to host",
    "is unreachable",
    "could not resolve",
    "cannot resolve",
    "host lookup failed",
    "connection failed",
    "name resolution",
    "connection reset",
];

/// How an attempt ended. An answer that breaks off (`punt!`, `Terminated`, nothing) tells nothing: the program may
/// have been stopped before it knew.
fn outcome(text: &str) -> Outcome {
    let mut failed = None;
    for line in text.lines().take(200) {
        let lower = line.to_ascii_lowercase();
        if OPEN.iter().any(|words| lower.contains(words)) && !lower.contains("not open") {
            return Outcome::Open;
        }
        if failed.is_none() && FAILED.iter().any(|words| lower.contains(words)) {
            failed = Some(line.trim().chars().take(REASON_CHARS_MAX).collect());
        }
    }
    failed.map_or(Outcome::Unknown, Outcome::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source { index: 0, command: "check", text }
    }

    fn check_service(text: &str, node: &str, service: &str, expected: (&str, &str, ServiceState)) {
        let mut reading = Reading::default();
        read_service(source(text), node, service, &mut reading);
        let found = &reading.node_services[0];
        assert_eq!((found.node.as_str(), found.service.as_str(), found.state), expected, "{text}");
    }

    #[test]
    fn states_of_services_are_read() {
        let active = "● kubelet.service - Kubelet\n     Loaded: loaded (/x; enabled)\n     Active: active (running) since Sat\n\nNov 29 kubelet[1]: inactive\n";
        check_service(active, "node-1", "kubelet", ("node-1", "kubelet", ServiceState::Active));
        check_service(active, "", "", ("", "kubelet", ServiceState::Active));
        for (text, state) in [
            ("○ x.service\n   Active: inactive (dead) since Fri; 4min ago", ServiceState::Inactive),
            ("× x.service\n   Active: failed (Result: exit-code)", ServiceState::Inactive),
            ("● x.service\n   Active: activating (auto-restart) (Result: exit-code)", ServiceState::Inactive),
            ("● x.service\n   Active: activating (start) since Fri", ServiceState::Active),
            ("Unit x.service could not be found.", ServiceState::Inactive),
            ("inactive\n", ServiceState::Inactive),
            ("ssh: connect to host node-1 port 22: Connection refused", ServiceState::Unknown),
            ("", ServiceState::Unknown),
        ] {
            check_service(text, "node-1", "x.service", ("node-1", "x", state));
        }
        let wrapped = "Service: kube-proxy\nNode: node-2\nStatus: ○ kube-proxy.service - x\n  Active: inactive (dead)\n";
        check_service(wrapped, "", "", ("node-2", "kube-proxy", ServiceState::Inactive));
    }

    #[test]
    fn ends_of_connections_are_read() {
        for (text, expected) in [
            ("web (10.0.0.1:80) open\nConnection Succeeded", Outcome::Open),
            ("Connection to web 80 port [tcp/http] succeeded!", Outcome::Open),
            ("Ncat: Connected to 10.0.0.1:80.", Outcome::Open),
            ("Trying 10.0.0.1...\nConnected to web.\nEscape character is '^]'.", Outcome::Open),
            (
                "nc: web (10.0.0.1:80): Connection refused",
                Outcome::Failed("nc: web (10.0.0.1:80): Connection refused".into()),
            ),
            ("nc: bad address 'web'\n", Outcome::Failed("nc: bad address 'web'".into())),
            ("Connection Failed", Outcome::Failed("Connection Failed".into())),
            (
                "nc: web (10.0.0.1:80): Operation timed out\npunt!",
                Outcome::Failed("nc: web (10.0.0.1:80): Operation timed out".into()),
            ),
            ("punt!\nTerminated", Outcome::Unknown),
            ("", Outcome::Unknown),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
    }

    #[test]
    fn names_of_services_are_taken_apart() {
        for (host, expected) in [
            ("web", ("web", None)),
            ("web.shop", ("web", Some("shop"))),
            ("web.shop.svc.cluster.local", ("web", Some("shop"))),
            ("10.0.0.1", ("10.0.0.1", None)),
            ("db.eu.example.org", ("db.eu.example.org", None)),
        ] {
            assert_eq!(service_of(host), expected, "{host}");
        }
    }
}
