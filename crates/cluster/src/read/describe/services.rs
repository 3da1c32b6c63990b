//! How traffic reaches pods: services, endpoints, ingresses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::values::{addresses, load_balancer, pairs, port, put, said, subsets, whole};
use super::outline::{Node, Row, cell, rows};

/// A service.
pub(super) fn service(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.type", root.get("Type"));
    put(
        value,
        "spec.selector",
        root.find("Selector").and_then(|list| pairs(list.items().flat_map(|l| l.split(',')))),
    );
    put(value, "spec.clusterIP", root.get("IP"));
    put(value, "spec.externalName", root.get("External Name"));
    put(value, "spec.sessionAffinity", root.get("Session Affinity"));
    put(value, "spec.externalTrafficPolicy", root.get("External Traffic Policy"));
    put(value, "spec.internalTrafficPolicy", root.get("Internal Traffic Policy"));
    put(value, "spec.ipFamilyPolicy", root.get("IP Family Policy"));
    let external: Option<Vec<&str>> = root.get("External IPs").map(|list| list.split(',').collect());
    put(value, "spec.externalIPs", external);
    let outside = root.get("LoadBalancer Ingress").map(load_balancer);
    put(value, "status.loadBalancer.ingress", outside);
    let ports = ports(root);
    put(value, "spec.ports", Some(ports).filter(|ports| !ports.is_empty()));
}

/// Lines `Port`, `TargetPort`, `NodePort`, `Endpoints`, again for every port.
fn ports(root: Node<'_, '_>) -> Vec<Value> {
    let mut ports: Vec<Value> = Vec::new();
    for node in root.children() {
        let value = node.value();
        match (node.key(), ports.last_mut()) {
            ("Port", _) => ports.extend(first_line(value)),
            ("TargetPort", Some(last)) => {
                put(last, "targetPort", value.rsplit_once('/').and_then(|(target, _)| port(target)));
            }
            ("NodePort", Some(last)) => {
                put(last, "nodePort", first_line(value).and_then(|entry| entry.get("port").cloned()));
            }
            _ => {}
        }
    }
    ports
}

/// `http  80/TCP` or `<unset>  80/TCP`.
fn first_line(text: &str) -> Option<Value> {
    let (name, number) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    let (number, protocol) = number.split_once('/')?;
    let mut entry = json!({ "port": whole(number)?, "protocol": protocol });
    put(&mut entry, "name", said(name));
    Some(entry)
}

/// What a service's description says of its endpoints, as an endpoints object. The controller of endpoints makes one
/// for every service with a selector. At most three addresses of a port are printed.
pub(super) fn endpoints_of_service(root: Node<'_, '_>) -> Option<Value> {
    root.get("Selector").filter(|_| root.get("Type") != Some("ExternalName"))?;
    root.find("Endpoints")?;
    let mut found: Vec<(&str, &str, &str)> = Vec::new();
    let (mut name, mut protocol) = ("", "");
    for node in root.children() {
        let value = node.value();
        match node.key() {
            "Port" => {
                let (before, number) = value.rsplit_once(char::is_whitespace).unwrap_or(("", value));
                name = before.trim();
                protocol = number.split_once('/').map_or("", |(_, protocol)| protocol);
            }
            "Endpoints" => found.extend(addresses(value).map(|address| (name, protocol, address))),
            _ => {}
        }
    }
    Some(subsets(found.into_iter()))
}

/// An endpoints object: `Subsets:` with addresses and a table of ports, again for every subset.
pub(super) fn endpoints(root: Node<'_, '_>, value: &mut Value) {
    let mut subsets: Vec<Value> = Vec::new();
    for node in root.find("Subsets").into_iter().flat_map(Node::children) {
        let ips = || {
            let ips = said(node.value()).unwrap_or("").split(',').filter_map(said);
            Some(ips.map(|ip| json!({ "ip": ip })).collect::<Vec<Value>>()).filter(|ips| !ips.is_empty())
        };
        match (node.key(), subsets.last_mut()) {
            ("Addresses", _) => {
                let mut subset = json!({});
                put(&mut subset, "addresses", ips());
                subsets.push(subset);
            }
            ("NotReadyAddresses", Some(last)) => put(last, "notReadyAddresses", ips()),
            ("Ports", Some(last)) => put(last, "ports", table_of_ports(node)),
            _ => {}
        }
    }
    put(value, "subsets", Some(subsets));
}

/// A table with the columns Name, Port, Protocol.
fn table_of_ports(node: Node<'_, '_>) -> Option<Vec<Value>> {
    let of = |row: &Row<'_>| {
        let mut entry = json!({ "port": cell(row, "Port").and_then(whole)? });
        put(&mut entry, "name", cell(row, "Name"));
        put(&mut entry, "protocol", cell(row, "Protocol"));
        Some(entry)
    };
    let ports: Vec<Value> = node.table().iter().filter_map(of).collect();
    (!ports.is_empty()).then_some(ports)
}

/// A slice of endpoints.
pub(super) fn endpoint_slice(root: Node<'_, '_>, value: &mut Value) {
    put(value, "addressType", root.get("AddressType"));
    put(value, "ports", root.find("Ports").and_then(table_of_ports));
    let mut endpoints: Vec<Value> = Vec::new();
    for node in root.find("Endpoints").into_iter().flat_map(Node::children) {
        let Some(first) = node.text().strip_prefix("- Addresses:") else { continue };
        let ips: Vec<&str> = first.split(',').filter_map(said).collect();
        let mut endpoint = json!({ "addresses": ips });
        let ready = node.find("Conditions").and_then(|node| node.get("Ready"));
        put(&mut endpoint, "conditions.ready", ready.map(|word| word == "true"));
        put(&mut endpoint, "nodeName", node.get("NodeName"));
        put(&mut endpoint, "zone", node.get("Zone"));
        put(&mut endpoint, "hostname", node.get("Hostname"));
        if let Some((kind, name)) = node.get("TargetRef").and_then(|text| text.split_once('/')) {
            put(&mut endpoint, "targetRef", Some(json!({ "kind": kind, "name": name })));
        }
        endpoints.push(endpoint);
    }
    put(value, "endpoints", Some(endpoints));
}

/// An ingress.
pub(super) fn ingress(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.ingressClassName", root.get("Ingress Class"));
    put(value, "status.loadBalancer.ingress", root.get("Address").map(load_balancer));
    put(value, "spec.defaultBackend", root.get("Default backend").and_then(backend));
    let secrets: Vec<Value> = root
        .find("TLS")
        .into_iter()
        .flat_map(Node::children)
        .filter_map(|node| {
            let (secret, hosts) = node.text().split_once(" terminates ")?;
            let hosts: Vec<&str> = hosts.split(',').filter_map(said).collect();
            Some(json!({ "secretName": secret.trim(), "hosts": hosts }))
        })
        .collect();
    put(value, "spec.tls", Some(secrets).filter(|secrets| !secrets.is_empty()));
    let Some(list) = root.find("Rules") else { return };
    // Hosts stand on lines of their own; their paths follow, further in.
    let mut lines = list.below();
    let Some(header) = lines.next() else { return };
    let mut order: Vec<&str> = Vec::new();
    let mut paths: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for row in rows(header, lines) {
        if let Some((_, host)) = row.iter().find(|(title, host)| *title == "Host" && !host.is_empty()) {
            order.push(host);
        }
        let Some(host) = order.last() else { continue };
        let Some(backend) = cell(&row, "Backends").and_then(backend) else { continue };
        let mut path = json!({ "backend": backend });
        put(&mut path, "path", cell(&row, "Path"));
        paths.entry(host).or_default().push(path);
    }
    let rules: Vec<Value> = order
        .into_iter()
        .map(|host| {
            let mut rule = json!({ "http": { "paths": paths.remove(host).unwrap_or_default() } });
            put(&mut rule, "host", said(host).filter(|host| *host != "*"));
            rule
        })
        .collect();
    put(value, "spec.rules", Some(rules).filter(|rules| !rules.is_empty()));
}

/// `web:80 (10.0.0.1:80)`
fn backend(text: &str) -> Option<Value> {
    let target = said(text.split(" (").next()?).filter(|target| !target.starts_with('<'))?;
    let (name, number) = target.rsplit_once(':')?;
    let field = if whole(number).is_some() { "number" } else { "name" };
    let number = port(number)?;
    Some(json!({ "service": { "name": name, "port": { field: number } } }))
}
