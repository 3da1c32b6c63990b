//! Cells and values as `kubectl` prints them, in the shape of the API.

use jiff::fmt::rfc2822;
use serde_json::{Map, Value, json};

use super::age::age_s;

/// What a cell says; `None` when it says that there is nothing.
pub(super) fn said(cell: &str) -> Option<&str> {
    let cell = cell.trim();
    (!matches!(cell, "" | "<none>" | "<unset>" | "<unknown>" | "<nil>" | "<invalid>" | "<not set>" | "N/A"))
        .then_some(cell)
}

/// A number as the API's 32 bit integers hold it.
pub(super) fn whole(cell: &str) -> Option<i32> {
    cell.trim().parse().ok()
}

/// Sets a field, given as its path with dots; fields in between are made. Nothing happens without a value.
pub(super) fn put<T: Into<Value>>(value: &mut Value, path: &str, new: Option<T>) {
    let Some(new) = new else { return };
    let mut at = value;
    for step in path.split('.') {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(fields) = at else { return };
        at = fields.entry(step).or_insert(Value::Null);
    }
    *at = new.into();
}

/// `a=b,c=d` as a map.
pub(super) fn labels(text: &str) -> Option<Value> {
    pairs(said(text)?.split(','))
}

/// `a=b` items as a map; `None` when none is of that form.
pub(super) fn pairs<'a>(items: impl Iterator<Item = &'a str>) -> Option<Value> {
    let map: Map<String, Value> = items
        .filter_map(|item| item.trim().split_once('='))
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

/// A label selector: `app=x,tier in (a,b),!old`.
pub(super) fn selector(text: &str) -> Option<Value> {
    let mut exact = Map::new();
    let mut terms = Vec::new();
    for term in outside_brackets(said(text)?) {
        let term = term.trim();
        if let Some((key, values)) = term.split_once(" in (") {
            terms.push(expression(key, "In", values));
        } else if let Some((key, values)) = term.split_once(" notin (") {
            terms.push(expression(key, "NotIn", values));
        } else if let Some((key, value)) = term.split_once("!=") {
            terms.push(expression(key, "NotIn", value));
        } else if let Some((key, value)) = term.split_once('=') {
            exact.insert(key.to_owned(), Value::from(value.trim_start_matches('=')));
        } else if let Some(key) = term.strip_prefix('!') {
            terms.push(json!({ "key": key, "operator": "DoesNotExist" }));
        } else if !term.is_empty() && !term.contains(' ') {
            terms.push(json!({ "key": term, "operator": "Exists" }));
        }
    }
    let mut selector = Map::new();
    if !exact.is_empty() {
        selector.insert("matchLabels".to_owned(), Value::Object(exact));
    }
    if !terms.is_empty() {
        selector.insert("matchExpressions".to_owned(), Value::Array(terms));
    }
    (!selector.is_empty()).then_some(Value::Object(selector))
}

fn expression(key: &str, operator: &str, values: &str) -> Value {
    let values: Vec<&str> = values.trim_end_matches(')').split(',').map(str::trim).collect();
    json!({ "key": key.trim(), "operator": operator, "values": values })
}

/// Parts between commas that are in no round brackets.
fn outside_brackets(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_u32);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// A time as descriptions print it (RFC 1123 with a numeric zone, or RFC 3339), as the API writes it.
pub(super) fn time(text: &str) -> Option<Value> {
    let text = said(text)?;
    let stamp: jiff::Timestamp = match rfc2822::parse(text) {
        Ok(zoned) => zoned.timestamp(),
        Err(_) => {
            text.parse().or_else(|_| gos_time(text).ok_or(()).and_then(|t| t.parse().map_err(|_| ()))).ok()?
        }
    };
    Some(Value::from(stamp.to_string()))
}

/// `2026-03-16 22:09:13 +0800 CST`, as Go prints times, in RFC 3339.
fn gos_time(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let (day, clock, zone) = (words.next()?, words.next()?, words.next()?);
    Some(format!("{day}T{clock}{}:{}", zone.get(..3)?, zone.get(3..5)?))
}

/// Seconds of a duration (`300s`, `5m`).
pub(super) fn seconds(text: &str) -> Option<i64> {
    age_s(text)
}

/// Access modes: `RWO,ROX` or `[ReadWriteOnce]`.
pub(super) fn access_modes(text: &str) -> Option<Value> {
    let modes: Vec<&str> = said(text)?
        .trim_matches(['[', ']'])
        .split([',', ' '])
        .filter(|mode| !mode.is_empty())
        .map(|mode| match mode {
            "RWO" => "ReadWriteOnce",
            "ROX" => "ReadOnlyMany",
            "RWX" => "ReadWriteMany",
            "RWOP" => "ReadWriteOncePod",
            other => other,
        })
        .collect();
    (!modes.is_empty()).then(|| Value::from(modes))
}

/// A port that may be a number or a name.
pub(super) fn port(text: &str) -> Option<Value> {
    let text = said(text)?;
    Some(whole(text).map_or_else(|| Value::from(text), Value::from))
}

/// Names and images of containers, from their columns.
pub(super) fn containers(names: Option<&str>, images: Option<&str>) -> Option<Value> {
    let images: Vec<&str> = images.unwrap_or("").split(',').collect();
    let containers: Vec<Value> = names?
        .split(',')
        .enumerate()
        .map(|(at, name)| match images.get(at).copied().and_then(said) {
            Some(image) => json!({ "name": name.trim(), "image": image }),
            None => json!({ "name": name.trim() }),
        })
        .collect();
    Some(Value::Array(containers))
}

/// `Kind/name`, as a reference to the object's controller.
pub(super) fn owner(text: &str) -> Option<Value> {
    let (kind, name) = said(text)?.split_once('/')?;
    Some(json!([{ "apiVersion": "", "kind": kind, "name": name.trim(), "uid": "", "controller": true }]))
}

/// Addresses `ip:port`, as the subsets of an endpoints object: one for every set of addresses. Ports may have a name
/// and a protocol.
pub(super) fn subsets<'a>(addresses: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> Value {
    let mut by_port: std::collections::BTreeMap<(&str, i32, &str), Vec<&str>> =
        std::collections::BTreeMap::new();
    for (name, protocol, address) in addresses {
        let Some((ip, port)) = address.trim().rsplit_once(':') else { continue };
        let Some(port) = whole(port) else { continue };
        by_port.entry((name, port, protocol)).or_default().push(ip.trim_matches(['[', ']']));
    }
    let mut by_addresses: std::collections::BTreeMap<Vec<&str>, Vec<Value>> =
        std::collections::BTreeMap::new();
    for ((name, port, protocol), ips) in by_port {
        let mut entry = json!({ "port": port });
        put(&mut entry, "name", said(name));
        put(&mut entry, "protocol", said(protocol));
        by_addresses.entry(ips).or_default().push(entry);
    }
    let subsets = by_addresses.into_iter().map(|(ips, ports)| {
        let addresses: Vec<Value> = ips.into_iter().map(|ip| json!({ "ip": ip })).collect();
        json!({ "addresses": addresses, "ports": ports })
    });
    Value::Array(subsets.collect())
}

/// The addresses of `a:1,b:1 + 3 more...`.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let text = said(text).unwrap_or("");
    let text = text.split(" + ").next().unwrap_or("");
    text.split(',').map(str::trim).filter(|address| !address.is_empty())
}

/// Addresses or names of a load balancer: `10.0.0.1,lb.example.org`; newer versions add ` (VIP)`.
pub(super) fn load_balancer(list: &str) -> Vec<Value> {
    list.split(',')
        .filter_map(|one| said(one.split(" (").next().unwrap_or("")))
        .map(|one| match one.parse::<core::net::IpAddr>() {
            Ok(_) => json!({ "ip": one }),
            Err(_) => json!({ "hostname": one }),
        })
        .collect()
}

/// Ports of a service as its table prints them: `80:30080/TCP,443/TCP`.
pub(super) fn service_ports(text: &str) -> Option<Value> {
    let ports: Vec<Value> = said(text)?
        .split(',')
        .filter_map(|one| {
            let (numbers, protocol) = one.trim().split_once('/')?;
            let (port, node_port) = match numbers.split_once(':') {
                Some((port, node_port)) => (port, whole(node_port)),
                None => (numbers, None),
            };
            let mut entry = json!({ "port": whole(port)?, "protocol": protocol });
            put(&mut entry, "nodePort", node_port);
            Some(entry)
        })
        .collect();
    (!ports.is_empty()).then_some(Value::Array(ports))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_of_both_kinds_are_read() {
        assert_eq!(
            selector("app=web,tier in (a,b),zone notin (c),!old,seen,env!=dev"),
            Some(json!({
                "matchLabels": { "app": "web" },
                "matchExpressions": [
                    { "key": "tier", "operator": "In", "values": ["a", "b"] },
                    { "key": "zone", "operator": "NotIn", "values": ["c"] },
                    { "key": "old", "operator": "DoesNotExist" },
                    { "key": "seen", "operator": "Exists" },
                    { "key": "env", "operator": "NotIn", "values": ["dev"] },
                ],
            }))
        );
        assert_eq!(selector("<none>"), None);
        assert_eq!(labels("a=b,c="), Some(json!({ "a": "b", "c": "" })));
    }

    #[test]
    fn times_are_read_in_the_forms_descriptions_use() {
        let expected = Some(json!("2025-11-14T14:33:21Z"));
        assert_eq!(time("Fri, 14 Nov 2025 22:33:21 +0800"), expected);
        assert_eq!(time("2025-11-14T14:33:21Z"), expected);
        assert_eq!(time("2025-11-14 22:33:21 +0800 CST"), expected);
        assert_eq!(time("<unset>"), None);
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn addresses_become_subsets() {
        let text = "10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 3 more...";
        assert_eq!(
            subsets(addresses(text).map(|address| ("", "", address))),
            json!([
                { "addresses": [{ "ip": "10.0.0.1" }], "ports": [{ "port": 443 }] },
                { "addresses": [{ "ip": "10.0.0.1" }, { "ip": "10.0.0.2" }], "ports": [{ "port": 80 }] },
            ])
        );
        assert_eq!(subsets(addresses("<none>").map(|address| ("", "", address))), json!([]));
    }

    #[test]
    fn ports_of_services_are_read() {
        assert_eq!(
            service_ports("80:30080/TCP,443/UDP,bad"),
            Some(json!([
                { "port": 80, "protocol": "TCP", "nodePort": 30080 },
                { "port": 443, "protocol": "UDP" },
            ]))
        );
    }
}
