//! OpenTelemetry JSON and Jaeger JSON, turned into flat spans.

use serde_json::{Map, Value};

use super::super::keys::pick_text;
use super::super::logs::attributes_of;

fn list<'v>(value: &'v Value, keys: &[&str]) -> &'v [Value] {
    keys.iter().find_map(|key| value.get(key)?.as_array()).map_or(&[], Vec::as_slice)
}

/// Hands over the spans of `resourceSpans`.
pub(super) fn open_telemetry(resources: &[Value], mut visit: impl FnMut(Map<String, Value>)) {
    for resource in resources {
        let attributes = attributes_of(resource.pointer("/resource/attributes"));
        let service = pick_text(&attributes, &["servicename", "k8sdeploymentname", "k8spodname", "hostname"]);
        for scope in list(resource, &["scopeSpans", "instrumentationLibrarySpans"]) {
            for span in list(scope, &["spans"]) {
                let Value::Object(span) = span else { continue };
                let mut flat = span.clone();
                let mut own = attributes_of(flat.remove("attributes").as_ref());
                for key in ["k8s.pod.name", "k8s.node.name", "host.name", "service.version"] {
                    if let Some(value) = attributes.get(key) {
                        own.entry(key).or_insert_with(|| value.clone());
                    }
                }
                if let Some(exception) = exception_of(list(&Value::Object(span.clone()), &["events"])) {
                    own.extend(exception);
                }
                let service = service.clone().unwrap_or_default();
                flat.insert("service".to_owned(), Value::String(service));
                flat.insert("attributes".to_owned(), Value::Object(own));
                for key in ["events", "links", "kind", "flags", "traceState"] {
                    if let Some(Value::Array(_)) = flat.get(key) {
                        flat.remove(key);
                    }
                }
                if let Some(Value::Object(status)) = flat.remove("status") {
                    if let Some(code) = status.get("code") {
                        flat.insert("status_code".to_owned(), code.clone());
                    }
                    if let Some(message) = status.get("message") {
                        flat.insert("status_message".to_owned(), message.clone());
                    }
                }
                visit(flat);
            }
        }
    }
}

/// The attributes of the first event that is an exception.
fn exception_of(events: &[Value]) -> Option<Map<String, Value>> {
    let event = events.iter().find(|event| event.get("name").and_then(Value::as_str) == Some("exception"))?;
    let attributes = attributes_of(event.get("attributes"));
    Some(attributes.into_iter().filter(|(key, _)| key != "exception.stacktrace").collect())
}

/// Hands over the spans of Jaeger traces.
pub(super) fn jaeger(traces: &[Value], mut visit: impl FnMut(Map<String, Value>)) {
    for trace in traces {
        for span in list(trace, &["spans"]) {
            let Value::Object(span) = span else { continue };
            let mut flat = span.clone();
            let process =
                span.get("processID").and_then(Value::as_str).and_then(|id| trace.get("processes")?.get(id));
            let process = process.or_else(|| span.get("process"));
            if let Some(service) = process.and_then(|process| process.get("serviceName")) {
                flat.insert("service".to_owned(), service.clone());
            }
            for key in ["processID", "process", "references", "logs", "warnings", "flags"] {
                flat.remove(key);
            }
            if !flat.contains_key("parentSpanID")
                && let Some(parent) = parent_of(list(&Value::Object(span.clone()), &["references"]))
            {
                flat.insert("parent_id".to_owned(), parent);
            }
            if let Some(duration) = flat.remove("duration") {
                flat.insert("duration_us".to_owned(), duration);
            }
            let tags = attributes_of(flat.remove("tags").as_ref());
            flat.insert("attributes".to_owned(), Value::Object(tags));
            visit(flat);
        }
    }
}

fn parent_of(references: &[Value]) -> Option<Value> {
    let kind = |reference: &Value| reference.get("refType").and_then(Value::as_str).unwrap_or("").to_owned();
    let child_of = references.iter().find(|reference| kind(reference) == "CHILD_OF");
    child_of.or_else(|| references.first())?.get("spanID").cloned()
}
