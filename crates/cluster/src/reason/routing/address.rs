//! Addresses in configuration: hosts and ports in environment variables, arguments and config maps.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Container;

use super::ground::{Edge, Ground};
use crate::kind::ObjectKey;
use crate::reason::settings::{self, Setting};

/// Addresses taken from one workload.
const EDGES_MAX: usize = 200;
/// Longest text that is searched for addresses.
const TEXT_BYTES_MAX: usize = 4096;

/// A host inside the cluster, with a port where one is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// Namespace it is looked for in.
    pub namespace: String,
    /// Name of the service.
    pub host: String,
    /// Port, when the address has one.
    pub port: Option<u16>,
    /// The host as written.
    pub written: String,
}

/// A host as written and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort {
    pub host: String,
    pub port: Option<u16>,
    /// Scheme, when it is a URL.
    pub scheme: Option<String>,
}

/// Everything that workloads are configured with and that looks like an address inside the cluster.
pub(super) fn configured(ground: &Ground<'_>) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for client in 0..ground.workloads.len() {
        let before = edges.len();
        for container in ground.containers(client) {
            of_container(ground, client, container, &mut edges);
        }
        edges.truncate(before + EDGES_MAX);
    }
    edges.sort();
    edges.dedup();
    edges
}

fn of_container(ground: &Ground<'_>, client: usize, container: &Container, edges: &mut Vec<Edge>) {
    let Some(workload) = ground.workloads.get(client) else { return };
    let namespace = workload.key.namespace.as_str();
    let settings = settings(ground, &workload.key, container);
    let ports: BTreeMap<String, u16> = settings
        .iter()
        .filter_map(|setting| {
            let stem = setting.name.to_ascii_uppercase();
            let stem = stem.strip_suffix("_PORT").or_else(|| stem.strip_suffix(".PORT"))?.to_owned();
            Some((stem, setting.value.trim().parse().ok()?))
        })
        .collect();
    for setting in &settings {
        for found in addresses(&setting.name, &setting.value) {
            // Names of a service registry are no names of the DNS.
            if found.scheme.as_deref() == Some("lb") {
                continue;
            }
            let Some(mut target) = target(ground, namespace, &found) else { continue };
            if target.port.is_none()
                && let Some(stem) = host_stem(&setting.name)
            {
                target.port = ports.get(&stem).copied();
            }
            edges.push(Edge {
                client,
                name: setting.name.clone(),
                text: setting.value.chars().take(200).collect(),
                holder: setting.holder.clone(),
                target,
            });
        }
    }
}

/// `DB_HOST` → `DB`.
fn host_stem(name: &str) -> Option<String> {
    let name = name.to_ascii_uppercase();
    ["_HOST", "_HOSTNAME", "_ADDR", "_ADDRESS", "_SERVER", ".HOST"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .map(str::to_owned)
}

/// Variables and arguments of a container.
fn settings(ground: &Ground<'_>, workload: &ObjectKey, container: &Container) -> Vec<Setting> {
    let mut settings = settings::of_container(ground.picture, workload, container);
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    let arguments: Vec<Setting> = words
        .filter_map(|word| {
            let word = settings::expand(word, &settings);
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with('-') => (name.to_owned(), value.to_owned()),
                _ => (String::new(), word),
            };
            (value.len() <= TEXT_BYTES_MAX).then(|| Setting {
                key: name.clone(),
                name,
                value,
                holder: workload.clone(),
            })
        })
        .collect();
    settings.extend(arguments);
    settings
}

/// Words at the end of a setting's name that say its value is a host.
const HOST_WORDS: [&str; 12] = [
    "HOST", "HOSTS", "HOSTNAME", "ADDR", "ADDRS", "ADDRESS", "ENDPOINT", "URL", "URI", "SERVER", "SERVERS",
    "BROKERS",
];

/// Addresses in a text: URLs, `host:port`, lists of them, and a lone host where the setting's name says it is one.
pub(super) fn addresses(name: &str, value: &str) -> Vec<HostPort> {
    let value = value.trim();
    if value.is_empty() || value.len() > TEXT_BYTES_MAX {
        return Vec::new();
    }
    let upper = name.to_ascii_uppercase();
    if upper.contains("IMAGE") || upper.contains("PROXY") {
        return Vec::new();
    }
    let says_host = upper.rsplit(['_', '.', '-']).next().is_some_and(|word| HOST_WORDS.contains(&word));
    let mut found = Vec::new();
    for part in value.split([',', ';', ' ', '\n', '\t', '"', '\'']).filter(|part| !part.is_empty()).take(50) {
        if let Some(url) = url(part) {
            found.push(url);
            continue;
        }
        let (host, port) = match part.rsplit_once(':') {
            Some((host, port)) => {
                let port = port.split('/').next().unwrap_or("");
                match port.parse::<u16>() {
                    Ok(port) if port > 0 => (host, Some(port)),
                    _ => continue,
                }
            }
            None if says_host => (part, None),
            None => continue,
        };
        if is_host(host) {
            found.push(HostPort { host: host.to_owned(), port, scheme: None });
        }
    }
    found
}

/// `scheme://user:word@host:port/path`; of `jdbc:mysql://host` the inner scheme.
pub(super) fn url(text: &str) -> Option<HostPort> {
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (authority, None),
    };
    let scheme = scheme.rsplit(':').next().unwrap_or(scheme);
    let scheme = scheme.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or(scheme);
    let port = port.or(match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    });
    is_host(host).then(|| HostPort { host: host.to_owned(), port, scheme: Some(scheme.to_owned()) })
}

/// Whether a text is a DNS name (RFC 1123) and no IP address.
pub(super) fn is_host(text: &str) -> bool {
    let fine = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253
        && text.trim_end_matches('.').split('.').all(fine)
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The service that a host would be, if it looks like a name inside the cluster: one label, `name.namespace` of a
/// namespace that exists, or `….svc[.zone]`. Names of single pods (`pod-0.service…`) count for their service.
///
/// Source: *DNS for Services and Pods*, Kubernetes documentation.
pub(super) fn target(ground: &Ground<'_>, own: &str, found: &HostPort) -> Option<Target> {
    let written = found.host.trim_end_matches('.');
    let labels: Vec<&str> = written.split('.').collect();
    let make = |host: &str, namespace: &str| {
        Some(Target {
            namespace: namespace.to_owned(),
            host: host.to_owned(),
            port: found.port,
            written: written.to_owned(),
        })
    };
    if let Some(svc) = labels.iter().position(|label| *label == "svc")
        && svc >= 2
    {
        return make(labels.get(svc - 2)?, labels.get(svc - 1)?);
    }
    let exists =
        |name: &str, namespace: &str| ground.picture.services.get(namespace, name).present().is_some();
    match labels[..] {
        ["localhost"] | ["kubernetes", ..] => None,
        [host] => make(host, own),
        [host, namespace] if ground.namespaces.contains(namespace) => make(host, namespace),
        [_pod, host] if exists(host, own) => make(host, own),
        [_pod, host, namespace] if exists(host, namespace) => make(host, namespace),
        _ => None,
    }
}
