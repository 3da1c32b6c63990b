//! Traces of a snapshot: flat spans, OpenTelemetry JSON and Jaeger JSON, held as columns.

mod collect;
mod flat;
mod nested;

pub(super) use collect::{SpanStore, TraceSummary};

use serde_json::Value;

use super::classify::FileKind;
use super::damage::DamageLog;
use super::records::{self, Record};
use super::scan::SnapshotFile;

/// Keys that show that an object is a span and does not merely wrap spans.
const MARKS: [&str; 6] = ["spanid", "traceid", "starttimeunixnano", "durationms", "resourcespans", "id"];

/// Reads every trace file.
pub(super) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> SpanStore {
    let mut collector = collect::Collector::default();
    for (number, file) in files.iter().enumerate() {
        collector.start_file(u32::try_from(number).unwrap_or(u32::MAX));
        match file.kind {
            FileKind::Traces => records::for_each(file, damage, |found, damage| {
                record(found, file, &mut collector, damage);
            }),
            FileKind::TracesCsv => records::for_each_row(file, damage, |found, damage| {
                record(found, file, &mut collector, damage);
            }),
            _ => {}
        }
    }
    collector.finish(files, damage)
}

fn record(found: Record, file: &SnapshotFile, collector: &mut collect::Collector, damage: &mut DamageLog) {
    let line = found.line;
    if let Some(resources) = found.value.get("resourceSpans").and_then(Value::as_array) {
        nested::open_telemetry(resources, |span| flat::take(span, line, file, collector, damage));
    } else if let Some(traces) = jaeger_traces(&found.value) {
        nested::jaeger(traces, |span| flat::take(span, line, file, collector, damage));
    } else {
        for (line, _, object) in records::objects(found, &MARKS, file, damage) {
            flat::take(object, line, file, collector, damage);
        }
    }
}

/// The traces of a Jaeger answer (`{"data": [{"spans": …, "processes": …}]}`), or a single such trace.
fn jaeger_traces(value: &Value) -> Option<&[Value]> {
    if value.get("spans").is_some() && value.get("processes").is_some() {
        return Some(std::slice::from_ref(value));
    }
    let data = value.get("data")?.as_array()?;
    data.iter().any(|trace| trace.get("spans").is_some()).then_some(data)
}
