//! Lines that lie in one JSON document or in a table: plain objects and OpenTelemetry `resourceLogs`.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::super::classify::FileKind;
use super::super::damage::DamageLog;
use super::super::keys::{flatten, pick_text};
use super::super::records;
use super::super::scan::SnapshotFile;
use super::json::LineBuilder;
use super::line::LogLine;

/// Keys that show that an object is a line and does not merely wrap lines.
const MARKS: [&str; 10] =
    ["timestamp", "time", "ts", "timeunixnano", "msg", "message", "body", "log", "event", "resourcelogs"];

/// Hands over the lines of a document or a table.
pub(super) fn for_each(
    file: &SnapshotFile,
    damage: &mut DamageLog,
    visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>),
) {
    let mut record = |record: records::Record, damage: &mut DamageLog| {
        for (line, _, object) in records::objects(record, &MARKS, file, damage) {
            match object.get("resourceLogs").and_then(Value::as_array) {
                Some(resources) => resource_logs(resources, line, file, visit),
                None => visit(file, &line_of(&Value::Object(object), line)),
            }
        }
    };
    match file.kind {
        FileKind::LogCsv => records::for_each_row(file, damage, &mut record),
        _ => records::for_each(file, damage, &mut record),
    }
}

fn line_of(value: &Value, number: u64) -> LogLine<'static> {
    let mut fields = Vec::new();
    flatten("", value, &mut fields);
    let mut builder = LineBuilder::default();
    for (key, value) in fields {
        builder.take(Cow::Owned(key), Cow::Owned(value));
    }
    LogLine { number, ..builder.finish() }
}

fn resource_logs(
    resources: &[Value],
    number: u64,
    file: &SnapshotFile,
    visit: &mut dyn FnMut(&SnapshotFile, &LogLine<'_>),
) {
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    for resource in resources {
        let attributes = attributes_of(resource.pointer("/resource/attributes"));
        let service = pick_text(&attributes, &["servicename", "k8sdeploymentname", "k8spodname"]);
        for scope in list(resource, "scopeLogs") {
            for record in list(&scope, "logRecords") {
                let Value::Object(mut object) = record else { continue };
                if let Some(body) = object.get("body").map(any_value) {
                    object.insert("body".to_owned(), body);
                }
                let own = attributes_of(object.remove("attributes").as_ref());
                object.extend(own);
                if let Some(service) = &service {
                    object.insert("service".to_owned(), Value::String(service.clone()));
                }
                visit(file, &line_of(&Value::Object(object), number));
            }
        }
    }
}

/// Attributes of the OpenTelemetry JSON encoding (`[{key, value: {stringValue}}]`) or a plain object.
pub(in crate::snapshot) fn attributes_of(value: Option<&Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object.clone(),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| Some((item.get("key")?.as_str()?.to_owned(), any_value(item.get("value")?))))
            .collect(),
        _ => Map::new(),
    }
}

/// The value inside `{stringValue: …}` and its siblings; any other value is itself.
fn any_value(value: &Value) -> Value {
    let names = ["stringValue", "intValue", "doubleValue", "boolValue"];
    let inner = names.iter().find_map(|name| value.get(name));
    inner.or_else(|| value.get("value")).unwrap_or(value).clone()
}
