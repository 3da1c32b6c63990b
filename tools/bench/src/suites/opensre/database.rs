//! What a cloud says of a managed database, as tables.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// One metric of the cloud's answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Metric {
    entity: String,
    name: String,
    unit: String,
    points: Vec<(String, f64)>,
}

/// The case's metrics; those of the base only when the case has none of its own.
pub(super) fn metrics(folder: &Path, base: &Path) -> Result<Vec<Metric>> {
    for at in [folder, base] {
        let found = metrics_in(at)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Metrics of one folder: one file with all results, or one file each.
fn metrics_in(folder: &Path) -> Result<Vec<Metric>> {
    let mut files = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("{}: could not list it", folder.display()))?
    {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if name.starts_with("aws_cloudwatch_metrics") && name.ends_with(".json") {
            files.push(path);
        }
    }
    files.sort();
    let mut metrics = BTreeMap::new();
    for path in files {
        let bytes = std::fs::read(&path).with_context(|| format!("{}: could not read it", path.display()))?;
        let file: Value =
            serde_json::from_slice(&bytes).with_context(|| format!("{}: not JSON", path.display()))?;
        let results = file.get("metric_data_results").and_then(Value::as_array);
        for result in results.into_iter().flatten().chain(file.get("metric_name").map(|_| &file)) {
            if let Some(metric) = metric(result) {
                metrics.insert((metric.entity.clone(), metric.name.clone()), metric);
            }
        }
    }
    Ok(metrics.into_values().collect())
}

fn metric(result: &Value) -> Option<Metric> {
    let entity = result.get("dimensions")?.as_array()?.iter().find_map(|one| one.get("Value")?.as_str())?;
    let times = result.get("timestamps")?.as_array()?;
    let values = result.get("values")?.as_array()?;
    let points = times
        .iter()
        .zip(values)
        .filter_map(|(time, value)| Some((time.as_str()?.to_owned(), value.as_f64()?)))
        .collect();
    Some(Metric {
        entity: entity.to_owned(),
        name: result.get("metric_name")?.as_str()?.to_owned(),
        unit: result.get("unit").and_then(Value::as_str).unwrap_or("").to_owned(),
        points,
    })
}

/// Metrics as a long table.
pub(super) fn table(metrics: &[Metric]) -> String {
    let mut out = String::from("time,database,metric,unit,value\n");
    for metric in metrics {
        for (time, value) in &metric.points {
            let _ = writeln!(out, "{time},{},{},{},{value}", metric.entity, metric.name, metric.unit);
        }
    }
    out
}

/// Event categories of the cloud that say something was changed by somebody; all others are notices.
const CHANGES: [&str; 4] = ["configuration change", "maintenance", "creation", "deletion"];

/// Notices as log lines, and changes as events.
pub(super) fn events(file: &Value) -> (Vec<Value>, Vec<Value>) {
    let (mut notices, mut changes) = (Vec::new(), Vec::new());
    for event in file.get("events").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or("");
        let categories: Vec<&str> = event
            .get("event_categories")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if categories.iter().any(|category| CHANGES.contains(category)) {
            changes.push(json!({
                "time": text("date"), "entity": text("source_identifier"), "title": text("message"),
                "kind": categories.first(),
            }));
        } else {
            let failure = categories.contains(&"failure");
            notices.push(json!({
                "timestamp": text("date"), "service": text("source_identifier"),
                "level": if failure { "error" } else { "info" }, "message": text("message"),
            }));
        }
    }
    (notices, changes)
}
