//! Ingresses and routes of the Gateway API that lead to services or ports that do not exist.

use k8s_openapi::api::networking::v1::{Ingress, IngressBackend};
use serde_json::Value;

use super::ground::Ground;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::Fact;
use crate::remedy;

/// A service that an object outside sends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backend {
    pub service: String,
    /// Namespace, when it is another than the route's.
    pub namespace: Option<String>,
    /// Number or name.
    pub port: Option<String>,
    /// Path it is for; empty for the default.
    pub path: String,
}

/// Services that an ingress sends to.
pub(super) fn backends(ingress: &Ingress) -> Vec<Backend> {
    let Some(spec) = &ingress.spec else { return Vec::new() };
    let mut found: Vec<Backend> = spec.default_backend.iter().filter_map(|one| backend(one, "")).collect();
    for rule in spec.rules.iter().flatten() {
        for path in rule.http.iter().flat_map(|http| http.paths.iter()) {
            found.extend(backend(&path.backend, path.path.as_deref().unwrap_or("/")));
        }
    }
    found
}

fn backend(of: &IngressBackend, path: &str) -> Option<Backend> {
    let service = of.service.as_ref()?;
    let port = service
        .port
        .as_ref()
        .and_then(|port| port.name.clone().or_else(|| port.number.map(|number| number.to_string())));
    Some(Backend { service: service.name.clone(), namespace: None, port, path: path.to_owned() })
}

/// Backends that do not exist.
pub(super) fn faults(ground: &Ground<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for ingress in ground.picture.ingresses.iter() {
        for backend in backends(&ingress.object) {
            faults.extend(missing(ground, &ingress.key, &backend, FaultKind::IngressBackendMissing));
        }
    }
    for ((key, _), record) in &ground.picture.others {
        let found = match key.kind {
            Kind::HttpRoute => http_route(&record.object),
            Kind::VirtualService => virtual_service(&record.object),
            _ => continue,
        };
        for backend in found {
            faults.extend(missing(ground, key, &backend, FaultKind::RouteWrong));
        }
    }
    faults
}

fn text(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn items<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// `spec.rules[].backendRefs[]` of the Gateway API.
fn http_route(route: &Value) -> Vec<Backend> {
    let Some(spec) = route.get("spec") else { return Vec::new() };
    let mut found = Vec::new();
    for rule in items(spec, "rules") {
        let path = items(rule, "matches").find_map(|one| text(one.get("path")?, "value")).unwrap_or_default();
        for target in items(rule, "backendRefs") {
            let of = text(target, "kind");
            if let Some(service) = text(target, "name")
                && matches!(of.as_deref(), None | Some("Service"))
            {
                let (namespace, port) = (text(target, "namespace"), text(target, "port"));
                found.push(Backend { service, namespace, port, path: path.clone() });
            }
        }
    }
    found
}

/// `spec.http[].route[].destination` of a mesh's virtual service.
fn virtual_service(object: &Value) -> Vec<Backend> {
    let Some(spec) = object.get("spec") else { return Vec::new() };
    let mut found = Vec::new();
    for rule in ["http", "tcp", "tls"].iter().flat_map(|field| items(spec, field)) {
        for target in items(rule, "route").filter_map(|route| route.get("destination")) {
            let Some(host) = text(target, "host") else { continue };
            let labels: Vec<&str> = host.split('.').collect();
            let inside = labels.len() == 1 || labels.get(2) == Some(&"svc");
            let Some(service) = labels.first().filter(|_| inside) else { continue };
            found.push(Backend {
                service: (*service).to_owned(),
                namespace: labels.get(1).map(|name| (*name).to_owned()),
                port: target.get("port").and_then(|port| text(port, "number")),
                path: String::new(),
            });
        }
    }
    found
}

fn missing(ground: &Ground<'_>, route: &ObjectKey, backend: &Backend, kind: FaultKind) -> Option<Fault> {
    let namespace = backend.namespace.as_deref().unwrap_or(&route.namespace);
    let services = &ground.picture.services;
    let service = ObjectKey::new(Kind::Service, namespace, &backend.service);
    let why = match services.get(namespace, &backend.service).present() {
        None if services.get(namespace, &backend.service).is_absent() => "does not exist".to_owned(),
        None => return None,
        Some(record) => {
            let ports = record.object.spec.as_ref().and_then(|spec| spec.ports.as_ref())?;
            let wanted = backend.port.as_deref()?;
            let known = |port: &k8s_openapi::api::core::v1::ServicePort| {
                port.port.to_string() == wanted || port.name.as_deref() == Some(wanted)
            };
            // Tables print ports without names.
            let unnamed = ports.iter().any(|port| port.name.is_none()) && wanted.parse::<u16>().is_err();
            if ports.is_empty() || ports.iter().any(known) || unnamed && ports.len() == 1 {
                return None;
            }
            format!("has no port {wanted}")
        }
    };
    let statement = format!("{route} sends {} to {}", shown(&backend.path), backend.service);
    let mut facts: Vec<Fact> = vec![ground.fact(route, &[&backend.service], statement)];
    facts.push(ground.fact(
        &service,
        &["PORT(S)", "Port:"],
        format!("the service {} {why}", backend.service),
    ));
    Some(Fault {
        kind,
        subject: backend.service.clone(),
        object: route.clone(),
        standing: Standing::Active,
        certainty: Certainty::Shown,
        summary: format!(
            "{route} sends {} to the service {}, which {why}",
            shown(&backend.path),
            backend.service
        ),
        facts,
        explains: vec![route.clone(), service],
        neighbours: vec![FaultKind::ServiceMissing],
        remedy: format!("Name an existing service and port: {}", remedy::on("edit", route)),
    })
}

fn shown(path: &str) -> String {
    if path.is_empty() { "calls".to_owned() } else { format!("calls to {path}") }
}
