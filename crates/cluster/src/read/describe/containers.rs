//! Containers of a pod or of a pod template: what was asked for, and what became of them.

use serde_json::{Map, Value, json};

use super::super::values::{port, put, said, time, whole};
use super::outline::Node;

/// Containers below `Containers:`, as (spec, status). Templates have no status.
pub(super) fn containers(list: Node<'_, '_>) -> (Vec<Value>, Vec<Value>) {
    let mut specs = Vec::new();
    let mut statuses = Vec::new();
    for container in list.children() {
        let name = container.key();
        specs.push(spec(name, container));
        if container.find("State").is_some() {
            statuses.push(status(name, container));
        }
    }
    (specs, statuses)
}

fn spec(name: &str, container: Node<'_, '_>) -> Value {
    let mut spec = json!({ "name": name });
    put(&mut spec, "image", container.get("Image"));
    put(&mut spec, "ports", ports(container));
    for (field, key) in [("command", "Command"), ("args", "Args")] {
        let words: Option<Vec<&str>> = container.find(key).map(|words| words.items().collect());
        put(&mut spec, field, words);
    }
    for (field, key) in [("limits", "Limits"), ("requests", "Requests")] {
        let amounts = container.find(key).map(amounts);
        put(&mut spec, &format!("resources.{field}"), amounts);
    }
    for (field, key) in
        [("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup")]
    {
        put(&mut spec, field, container.get(key).and_then(probe));
    }
    let values: Option<Vec<Value>> =
        container.find("Environment").map(|list| list.children().map(variable).collect());
    put(&mut spec, "env", values.filter(|values| !values.is_empty()));
    let sources: Option<Vec<Value>> = container
        .find("Environment Variables from")
        .map(|list| list.children().filter_map(env_from).collect());
    put(&mut spec, "envFrom", sources);
    let mounts: Option<Vec<Value>> =
        container.find("Mounts").map(|list| list.children().filter_map(|node| mount(node.text())).collect());
    put(&mut spec, "volumeMounts", mounts.filter(|mounts| !mounts.is_empty()));
    spec
}

/// Resource → amount.
pub(super) fn amounts(list: Node<'_, '_>) -> Value {
    let amounts = list.children().filter_map(|node| Some((node.key().to_owned(), Value::from(node.said()?))));
    Value::Object(amounts.collect::<Map<String, Value>>())
}

/// `80/TCP, 443/TCP (https)` with the host's ports in the same order.
fn ports(container: Node<'_, '_>) -> Option<Value> {
    let list = |one: &str, many: &str| container.get(one).or_else(|| container.get(many));
    let host: Vec<&str> = list("Host Port", "Host Ports").unwrap_or("").split(',').map(str::trim).collect();
    let ports: Vec<Value> = list("Port", "Ports")?
        .split(',')
        .enumerate()
        .filter_map(|(at, one)| {
            let (number, rest) = one.trim().split_once('/')?;
            let (protocol, name) = rest.split_once(" (").unwrap_or((rest, ""));
            let mut entry = json!({ "containerPort": whole(number)?, "protocol": protocol.trim() });
            put(&mut entry, "name", said(name.trim_end_matches(')')));
            let on_host = host.get(at).and_then(|port| whole(port.split_once('/')?.0));
            put(&mut entry, "hostPort", on_host.filter(|port| *port != 0));
            Some(entry)
        })
        .collect();
    (!ports.is_empty()).then_some(Value::Array(ports))
}

/// A probe, as `DescribeProbe` of `kubectl` prints it.
pub(super) fn probe(text: &str) -> Option<Value> {
    let (action, attributes) =
        text.rfind(" delay=").and_then(|at| Some((text.get(..at)?, text.get(at..)?)))?;
    let mut probe = json!({});
    for attribute in attributes.split_whitespace() {
        let Some((key, value)) = attribute.split_once('=') else { continue };
        let field = match key {
            "delay" => "initialDelaySeconds",
            "timeout" => "timeoutSeconds",
            "period" => "periodSeconds",
            "#success" => "successThreshold",
            "#failure" => "failureThreshold",
            _ => continue,
        };
        put(
            &mut probe,
            field,
            whole(value.trim_end_matches('s')).filter(|number| key != "delay" || *number != 0),
        );
    }
    let (kind, target) = action.trim().split_once(' ').unwrap_or((action.trim(), ""));
    let target = target.trim();
    match kind {
        "http-get" => put(&mut probe, "httpGet", http_get(target)),
        "tcp-socket" => {
            let (host, number) = target.rsplit_once(':').unwrap_or(("", target));
            put(&mut probe, "tcpSocket.port", port(number));
            put(&mut probe, "tcpSocket.host", said(host));
        }
        "grpc" => {
            let (address, service) = target.split_once(' ').unwrap_or((target, ""));
            put(&mut probe, "grpc.port", address.rsplit_once(':').and_then(|(_, number)| whole(number)));
            put(&mut probe, "grpc.service", said(service));
        }
        "exec" => {
            let words: Vec<&str> =
                target.trim_start_matches('[').trim_end_matches(']').split_whitespace().collect();
            put(&mut probe, "exec.command", Some(words));
        }
        _ => {}
    }
    Some(probe)
}

/// `http://host:port/path`
fn http_get(target: &str) -> Option<Value> {
    let (scheme, rest) = target.split_once("://")?;
    let (address, path) = match rest.find('/') {
        Some(at) => (rest.get(..at)?, rest.get(at..)?),
        None => (rest, ""),
    };
    let (host, number) = address.rsplit_once(':').unwrap_or((address, ""));
    let mut action = json!({ "scheme": scheme.to_ascii_uppercase() });
    put(&mut action, "port", port(number));
    put(&mut action, "path", said(path));
    put(&mut action, "host", said(host.trim_matches(['[', ']'])));
    Some(action)
}

/// An environment variable: its value, or where that comes from.
fn variable(node: Node<'_, '_>) -> Value {
    let mut variable = json!({ "name": node.key() });
    let text = node.value();
    if let Some((key, kind, object, optional)) = reference(text) {
        let field = if kind == "secret" { "secretKeyRef" } else { "configMapKeyRef" };
        let mut source = json!({ "key": key, "name": object });
        put(&mut source, "optional", optional.then_some(true));
        put(&mut variable, &format!("valueFrom.{field}"), Some(source));
    } else if let Some((version, path)) = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        .and_then(|(_, inner)| inner.split_once(':'))
        .filter(|(version, _)| *version == "v1")
    {
        let source = json!({ "apiVersion": version, "fieldPath": path });
        put(&mut variable, "valueFrom.fieldRef", Some(source));
    } else if let Some(resource) = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
        .map(|(_, inner)| inner)
        .filter(|inner| inner.starts_with("limits.") || inner.starts_with("requests."))
    {
        put(&mut variable, "valueFrom.resourceFieldRef.resource", Some(resource));
    } else if !text.is_empty() || node.children().next().is_some() {
        put(&mut variable, "value", Some(node.whole_value()));
    }
    variable
}

/// `<set to the key 'k' in secret 's'>  Optional: false`, or `… of config map 's'`.
fn reference(text: &str) -> Option<(&str, &str, &str, bool)> {
    let rest = text.strip_prefix("<set to the key '")?;
    let (key, rest) = rest.split_once('\'')?;
    let (kind, rest) = match rest.trim_start().strip_prefix("in secret '") {
        Some(rest) => ("secret", rest),
        None => ("config map", rest.trim_start().strip_prefix("of config map '")?),
    };
    let (object, rest) = rest.split_once('\'')?;
    Some((key, kind, object, rest.contains("Optional: true")))
}

/// `NAME  Secret with prefix 'P_'  Optional: false`
fn env_from(node: Node<'_, '_>) -> Option<Value> {
    let text = node.text();
    let (name, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let field = if rest.starts_with("Secret") { "secretRef" } else { "configMapRef" };
    let mut source = json!({});
    put(&mut source, &format!("{field}.name"), Some(name));
    put(&mut source, &format!("{field}.optional"), rest.contains("Optional: true").then_some(true));
    put(
        &mut source,
        "prefix",
        rest.split_once("prefix '").and_then(|(_, rest)| Some(rest.split_once('\'')?.0)),
    );
    Some(source)
}

/// `/path from volume (ro,path="sub")`
fn mount(text: &str) -> Option<Value> {
    let (path, rest) = text.rsplit_once(" from ")?;
    let (name, flags) = rest.split_once(" (").unwrap_or((rest, ""));
    let flags = flags.trim_end_matches(')');
    let mut mount = json!({ "mountPath": path, "name": name });
    put(&mut mount, "readOnly", flags.split(',').any(|flag| flag == "ro").then_some(true));
    let below = flags.split_once("path=\"").and_then(|(_, rest)| Some(rest.split_once('"')?.0));
    put(&mut mount, "subPath", below);
    Some(mount)
}

fn status(name: &str, container: Node<'_, '_>) -> Value {
    let mut status = json!({ "name": name });
    put(&mut status, "image", container.get("Image"));
    put(&mut status, "imageID", container.get("Image ID"));
    put(&mut status, "containerID", container.get("Container ID"));
    put(&mut status, "ready", Some(container.get("Ready") == Some("True")));
    put(&mut status, "restartCount", container.get("Restart Count").and_then(whole));
    put(&mut status, "state", container.find("State").and_then(state));
    put(&mut status, "lastState", container.find("Last State").and_then(state));
    status
}

/// `Running`, `Waiting` or `Terminated` with what stands below.
fn state(node: Node<'_, '_>) -> Option<Value> {
    let mut inner = json!({});
    put(&mut inner, "reason", node.get("Reason"));
    put(&mut inner, "message", node.find("Message").map(|message| message.whole_value()));
    match node.value() {
        "Running" => {
            put(&mut inner, "startedAt", node.get("Started").and_then(time));
            Some(json!({ "running": inner }))
        }
        "Terminated" => {
            put(&mut inner, "exitCode", node.get("Exit Code").and_then(whole));
            put(&mut inner, "signal", node.get("Signal").and_then(whole));
            put(&mut inner, "startedAt", node.get("Started").and_then(time));
            put(&mut inner, "finishedAt", node.get("Finished").and_then(time));
            Some(json!({ "terminated": inner }))
        }
        "Waiting" => Some(json!({ "waiting": inner })),
        _ => None,
    }
}
