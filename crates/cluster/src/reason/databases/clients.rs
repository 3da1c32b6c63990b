//! Who is configured to talk to which database.

use std::collections::BTreeMap;
use std::fmt;

use crate::kind::ObjectKey;
use crate::picture::Picture;
use crate::reason::settings::{self, Setting};
use crate::reason::workload::Workload;

/// A client's setting that leads to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub client: ObjectKey,
    pub service: ObjectKey,
    /// The workload behind the service.
    pub server: ObjectKey,
    /// The port that the client calls, when its settings say.
    pub port: Option<i32>,
    /// The object and name of the setting that holds the port, else the host.
    pub setting: (ObjectKey, String),
    /// To compare clients; it is never printed.
    pub password: Option<Password>,
}

/// A password. It can be compared and not read: printing it tells nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Schemes of addresses of databases, as drivers take them.
const SCHEMES: [&str; 12] = [
    "mysql",
    "mariadb",
    "postgres",
    "postgresql",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "sqlserver",
    "oracle",
    "cockroachdb",
    "clickhouse",
];

/// Registered ports of databases (IANA): MySQL, PostgreSQL, MongoDB, Redis, SQL Server, Oracle, Cassandra.
const PORTS: [i32; 7] = [3306, 5432, 27017, 6379, 1433, 1521, 9042];

/// Longest value looked at, in bytes.
const VALUE_MAX: usize = 4096;

/// Every link of every workload to a database, by client.
pub(super) fn links(picture: &Picture, workloads: &[Workload<'_>]) -> Vec<Link> {
    let servers = servers(picture, workloads);
    let mut found: Vec<Link> = Vec::new();
    for workload in workloads {
        let Some(spec) = workload.spec() else { continue };
        let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
        for container in &spec.containers {
            let found = settings::of_container(picture, &workload.key, container);
            let known = found.into_iter().filter(|setting| !setting.value.is_empty());
            settings.extend(known.map(|setting| (setting.name.clone(), setting)));
        }
        for (name, setting) in &settings {
            if let Some(link) = link(picture, workload, name, setting, &settings, &servers)
                && link.server != workload.key
                && !found
                    .iter()
                    .rev()
                    .take_while(|known| known.client == link.client)
                    .any(|known| known.service == link.service && known.port == link.port)
            {
                found.push(link);
            }
        }
    }
    found
}

/// Index of a workload, with labels that one of its pods carries.
type Labelled<'a> = (usize, &'a BTreeMap<String, String>);

/// Service → workload whose pods it takes.
fn servers(picture: &Picture, workloads: &[Workload<'_>]) -> BTreeMap<ObjectKey, ObjectKey> {
    let mut by_label: BTreeMap<(&str, &str, &str), Vec<Labelled<'_>>> = BTreeMap::new();
    for (at, workload) in workloads.iter().enumerate() {
        let template = workload.template.and_then(|template| template.metadata.as_ref()?.labels.as_ref());
        let pods = workload.pods.iter().filter_map(|pod| pod.object.metadata.labels.as_ref());
        for labels in pods.chain(template) {
            for (key, value) in labels {
                let of = by_label
                    .entry((workload.key.namespace.as_str(), key.as_str(), value.as_str()))
                    .or_default();
                of.push((at, labels));
            }
        }
    }
    let mut found = BTreeMap::new();
    for service in picture.services.iter() {
        let Some(selector) = service.object.spec.as_ref().and_then(|spec| spec.selector.as_ref()) else {
            continue;
        };
        let lists = selector.iter().map(|(key, value)| {
            by_label
                .get(&(service.key.namespace.as_str(), key.as_str(), value.as_str()))
                .map_or(&[][..], Vec::as_slice)
        });
        let Some(fewest) = lists.min_by_key(|list| list.len()) else { continue };
        let taken = fewest
            .iter()
            .find(|(_, labels)| selector.iter().all(|(key, value)| labels.get(key) == Some(value)));
        if let Some(workload) = taken.and_then(|(at, _)| workloads.get(*at)) {
            found.insert(service.key.clone(), workload.key.clone());
        }
    }
    found
}

fn link(
    picture: &Picture,
    workload: &Workload<'_>,
    name: &str,
    setting: &Setting,
    settings: &BTreeMap<String, Setting>,
    servers: &BTreeMap<ObjectKey, ObjectKey>,
) -> Option<Link> {
    let value = setting.value.trim();
    if value.is_empty() || value.len() > VALUE_MAX {
        return None;
    }
    let (scheme, host, port) = address(value)?;
    let service = service_of(picture, &workload.key.namespace, host)?;
    let server = servers.get(&service)?.clone();
    let sibling = |words: &[&str]| sibling(name, words, settings);
    let port_setting = if port.is_none() { sibling(&["PORT"]) } else { None };
    let port = port.or_else(|| port_setting.and_then(|setting| setting.value.trim().parse().ok()));
    let password = sibling(&["PASSWORD", "PASS", "PWD"]).map(|setting| Password(setting.value.clone()));
    let user = sibling(&["USER", "USERNAME", "LOGIN"]);
    let offered = offered(picture, &service);
    let is_database = scheme.is_some_and(|scheme| SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()))
        || (user.is_some() && password.is_some())
        || offered.iter().any(|port| PORTS.contains(port));
    let at = port_setting.unwrap_or(setting);
    is_database.then(|| Link {
        client: workload.key.clone(),
        service,
        server,
        port,
        setting: (at.holder.clone(), at.key.clone()),
        password,
    })
}

/// Ports that a service offers.
pub(super) fn offered(picture: &Picture, service: &ObjectKey) -> Vec<i32> {
    let record = picture.services.get(&service.namespace, &service.name).present();
    let ports = record.and_then(|record| record.object.spec.as_ref()?.ports.as_ref());
    ports.into_iter().flatten().map(|port| port.port).collect()
}

/// Scheme, host and port of `scheme://user:pass@host:port/…`, `jdbc:scheme://host:port/…`, `host:port` or `host`.
fn address(value: &str) -> Option<(Option<&str>, &str, Option<i32>)> {
    let value = value.strip_prefix("jdbc:").unwrap_or(value);
    let (scheme, rest) = value.split_once("://").map_or((None, value), |(scheme, rest)| (Some(scheme), rest));
    let end = rest.find(['/', '?', ',', ';']).unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    let is_name =
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    is_name.then_some((scheme, host, port))
}

/// The service that a name leads to: `svc`, `svc.namespace`, `svc.namespace.svc…`, `pod.svc.namespace…`.
fn service_of(picture: &Picture, namespace: &str, host: &str) -> Option<ObjectKey> {
    let mut words = host.split('.');
    let first = words.next()?;
    let second = words.next();
    let third = words.next();
    let candidates = [
        Some((second.unwrap_or(namespace), first)),
        second.map(|service| (third.unwrap_or(namespace), service)),
    ];
    candidates.into_iter().flatten().find_map(|(namespace, name)| {
        picture.services.get(namespace, name).present().map(|record| record.key.clone())
    })
}

/// The setting whose name is this one's with its last word replaced: `A_DB_HOST` → `A_DB_PORT`.
fn sibling<'a>(name: &str, words: &[&str], settings: &'a BTreeMap<String, Setting>) -> Option<&'a Setting> {
    let stem = name.rfind(['_', '.', '-']).and_then(|at| name.get(..=at)).unwrap_or("");
    words.iter().find_map(|word| {
        settings
            .get(&format!("{stem}{word}"))
            .or_else(|| settings.get(&format!("{stem}{}", word.to_ascii_lowercase())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_compared_and_never_printed() {
        let password = |text: &str| Password(text.to_owned());
        assert!(password("a") == password("a") && password("a") != password("b"));
        assert!(!format!("{:?}", password("hunter2")).contains("hunter2"));
    }
}
