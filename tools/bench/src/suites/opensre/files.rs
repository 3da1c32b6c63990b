//! A case written as a snapshot directory.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{cluster, database, file_of};

/// Keys of the alert that hold the answer.
const LEAKS: [&str; 4] = ["rds_failure_mode", "k8s_failure_mode", "scenario_id", "failure_mode"];

/// Writes the case in `folder`, completed from `base`, as a snapshot into `target`.
pub(super) fn write(folder: &Path, base: &Path, target: &Path) -> Result<()> {
    let put = |name: &str, text: &str| -> Result<()> {
        let path = target.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text).with_context(|| format!("{}: could not write it", path.display()))
    };
    let read = |name: &str| -> Result<Value> {
        match file_of(folder, base, &format!("{name}.json")) {
            Some(path) => {
                let bytes =
                    std::fs::read(&path).with_context(|| format!("{}: could not read it", path.display()))?;
                serde_json::from_slice(&bytes).with_context(|| format!("{}: not JSON", path.display()))
            }
            None => Ok(Value::Null),
        }
    };
    let mut alert = read("alert")?;
    drop_leaks(&mut alert);
    put("alert.json", &alert.to_string())?;

    let objects = cluster::objects(&read("eks_pods")?, &read("eks_deployments")?, &read("eks_node_health")?);
    let events = cluster::events(&read("eks_events")?);
    if !objects.is_empty() {
        put("kubernetes/objects.json", &cluster::list(objects))?;
        put("kubernetes/events.json", &cluster::list(events))?;
    }
    if let Some((pod, log)) = cluster::pod_log(&read("eks_pod_logs")?) {
        put("kubernetes/pod-log.txt", &format!("$ kubectl logs {pod}\n{log}\n"))?;
    }
    let mut lines = cluster::log_lines(&read("datadog_logs")?);

    let metrics = database::metrics(folder, base)?;
    if !metrics.is_empty() {
        put("metrics.csv", &database::table(&metrics))?;
    }
    let (notices, changes) = database::events(&read("aws_rds_events")?);
    lines.extend(notices);
    if !changes.is_empty() {
        put("changes/events.json", &Value::Array(changes).to_string())?;
    }
    let load = read("aws_performance_insights")?;
    if !load.is_null() {
        put("database/load.json", &load.to_string())?;
    }
    if !lines.is_empty() {
        let text: Vec<String> = lines.iter().map(Value::to_string).collect();
        put("logs.ndjson", &(text.join("\n") + "\n"))?;
    }
    Ok(())
}

fn drop_leaks(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !LEAKS.contains(&key.as_str()));
            fields.values_mut().for_each(drop_leaks);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_leaks),
        _ => {}
    }
}
