//! Routes in the configuration files of gateways: which path leads to which host.

use serde_json::Value;

use super::address::{is_host, url};
use crate::read::yaml;

/// Largest file that is read for routes.
const FILE_BYTES_MAX: usize = 1 << 20;
/// Routes taken from one file.
const ROUTES_MAX: usize = 2000;

/// One route of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Route {
    /// Its name in the file, if it has one.
    pub id: String,
    /// Path that it takes, if it says one.
    pub path: String,
    /// Host that it leads to, with the default of a placeholder.
    pub host: String,
    /// Variable that replaces the host, when a placeholder names one.
    pub variable: Option<String>,
    /// Port, if given.
    pub port: Option<u16>,
    /// Whether the host is a name in a service registry rather than in the DNS.
    pub by_registry: bool,
    /// Text of the target, to be quoted.
    pub written: String,
}

/// Routes of a file: YAML or JSON with objects that have a path or an id beside a target (Spring Cloud Gateway,
/// Envoy, Ocelot-like files), properties of Spring Cloud Gateway, and `location` blocks of nginx.
pub(super) fn routes(text: &str) -> Vec<Route> {
    if text.len() > FILE_BYTES_MAX {
        return Vec::new();
    }
    let mut found = Vec::new();
    if text.contains("proxy_pass") {
        nginx(text, &mut found);
    } else if text.contains(".routes[") {
        properties(text, &mut found);
    } else if ["uri:", "\"uri\"", "cluster:", "\"cluster\"", "url:", "\"url\""]
        .iter()
        .any(|word| text.contains(word))
    {
        for part in text.split("\n---") {
            if let Ok(value) = yaml(part) {
                tree(&value, 0, &mut found);
            }
        }
    }
    found.truncate(ROUTES_MAX);
    found
}

/// Depth of a file that is followed.
const DEPTH_MAX: usize = 24;

fn tree(value: &Value, depth: usize, found: &mut Vec<Route>) {
    if depth > DEPTH_MAX || found.len() >= ROUTES_MAX {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| tree(item, depth + 1, found)),
        Value::Object(fields) => {
            if let Some(route) = route(value) {
                found.push(route);
            }
            fields.values().for_each(|inner| tree(inner, depth + 1, found));
        }
        _ => {}
    }
}

fn route(value: &Value) -> Option<Route> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let path = path(value).unwrap_or_default();
    let id = ["id", "name"].iter().find_map(|field| text(field)).unwrap_or("").to_owned();
    if path.is_empty() && id.is_empty() {
        return None;
    }
    let target = ["uri", "url", "upstream", "backend", "target"].iter().find_map(|field| text(field));
    // Envoy: `route: {cluster: name}` beside `match: {prefix: /path}`.
    let cluster = value.pointer("/route/cluster").and_then(Value::as_str);
    let mut route = match (target, cluster) {
        (Some(target), _) => leads(target)?,
        (None, Some(cluster)) if !path.is_empty() => Route {
            host: cluster.to_owned(),
            by_registry: true,
            written: cluster.to_owned(),
            ..Route::default()
        },
        _ => return None,
    };
    (route.id, route.path) = (id, path);
    Some(route)
}

/// The path of a route: of its predicates, its match, or a field of its own.
fn path(value: &Value) -> Option<String> {
    for predicate in value.get("predicates").and_then(Value::as_array).into_iter().flatten() {
        if let Some(path) = predicate.as_str().and_then(|text| text.strip_prefix("Path=")) {
            return path.split(',').next().map(str::to_owned);
        }
        if predicate.get("name").and_then(Value::as_str) == Some("Path") {
            let arguments = predicate.get("args")?.as_object()?;
            return arguments.values().find_map(first_text);
        }
    }
    for field in ["prefix", "path"] {
        if let Some(path) = value.pointer(&format!("/match/{field}")).and_then(first_text) {
            return Some(path);
        }
    }
    ["path", "prefix", "paths", "location"]
        .iter()
        .find_map(|field| first_text(value.get(*field)?))
        .filter(|path| path.starts_with('/'))
}

fn first_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.first().and_then(first_text),
        _ => None,
    }
}

/// Where `lb://name`, `http://${VARIABLE:host}:8080` or `http://host/path` leads.
pub(super) fn leads(target: &str) -> Option<Route> {
    let written = target.trim().trim_matches(['"', '\'']).to_owned();
    let (scheme, rest) = written.split_once("://")?;
    let mut variable = None;
    let mut plain = rest.to_owned();
    if let Some((before, after)) = rest.split_once("${")
        && let Some((inside, tail)) = after.split_once('}')
    {
        let (name, default) = inside.split_once(':').unwrap_or((inside, ""));
        variable = Some(name.to_owned());
        plain = format!("{before}{default}{tail}");
    }
    let authority = plain.split(['/', '?', '$']).next().unwrap_or("").to_owned();
    let parsed = url(&format!("{scheme}://{authority}"));
    let (host, port) = match parsed {
        Some(found) => (found.host, found.port),
        None if authority.is_empty() && variable.is_some() => (String::new(), None),
        None => return None,
    };
    let by_registry = scheme == "lb";
    let port = if authority.contains(':') || !by_registry { port } else { None };
    Some(Route { host, variable, port, by_registry, written, ..Route::default() })
}

/// `spring.cloud.gateway.routes[0].uri=lb://name` and its neighbours.
fn properties(text: &str, found: &mut Vec<Route>) {
    let mut by_index: std::collections::BTreeMap<String, (String, String, String)> = Default::default();
    for line in text.lines().take(20_000) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let Some((_, rest)) = name.split_once(".routes[") else { continue };
        let Some((index, field)) = rest.split_once("].") else { continue };
        let entry = by_index.entry(format!("{index:0>8}")).or_default();
        let value = value.trim().to_owned();
        match field.trim() {
            "id" => entry.0 = value,
            "uri" => entry.1 = value,
            _ if field.starts_with("predicates[") && value.starts_with("Path=") => {
                entry.2 = value.trim_start_matches("Path=").split(',').next().unwrap_or("").to_owned();
            }
            _ => {}
        }
    }
    for (id, uri, path) in by_index.into_values() {
        found.extend(leads(&uri).map(|route| Route { id, path, ..route }));
    }
}

/// `location /path { … proxy_pass http://host:port; }`, and the servers of `upstream name { server host:port; }`.
fn nginx(text: &str, found: &mut Vec<Route>) {
    let mut upstreams: std::collections::BTreeMap<String, String> = Default::default();
    let (mut location, mut upstream) = (String::new(), String::new());
    let lines = text.lines().take(20_000).map(|line| line.split('#').next().unwrap_or(""));
    for statement in lines.flat_map(|line| line.split_inclusive(['{', '}', ';'])) {
        let words: Vec<&str> =
            statement.split([' ', '\t', ';', '{', '}']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            ["location", .., path] => path.clone_into(&mut location),
            ["upstream", name] => name.clone_into(&mut upstream),
            ["server", address, ..] if !upstream.is_empty() => {
                upstreams.entry(upstream.clone()).or_insert_with(|| address.to_owned());
            }
            ["proxy_pass", target, ..] => {
                found.extend(leads(target).map(|route| Route { path: location.clone(), ..route }));
            }
            _ => {}
        }
        if statement.ends_with('}') {
            upstream.clear();
        }
    }
    for route in found {
        let Some(address) = upstreams.get(&route.host) else { continue };
        let (host, port) = address.split_once(':').unwrap_or((address, ""));
        if is_host(host) {
            host.clone_into(&mut route.host);
            route.port = port.parse().ok().or(Some(80));
        }
    }
}
