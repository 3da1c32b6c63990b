//! A case's files as an ordinary capture: commands with what they printed, measurements, who calls whom.
//!
//! Nothing is judged here. Tool outputs that repeat `kubectl` text get the command they stand for; the answer, the
//! experts' tool path and the times of collection are not read.

use std::collections::BTreeSet;

use midwatch_cluster::{Capture, Context, Measured, Measurement};
use serde_json::{Map, Value};

/// Files of one case.
pub struct Files {
    /// `raw_data/k8s_states.json`.
    pub states: Value,
    /// `raw_data/logs.json`, absent from some cases.
    pub logs: Value,
    /// `raw_data/alert.json`.
    pub alerts: Value,
    /// `tool_cache.json`.
    pub tools: Value,
}

/// The capture of a case. Without manifests, the files that objects were made from are left out.
pub fn capture(files: &Files, with_manifests: bool) -> Capture {
    let mut capture = Capture::default();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (command, text) in fields(&files.states) {
        if let Some(text) = text.as_str()
            && seen.insert(command.clone())
        {
            capture.push(command.as_str(), text);
        }
    }
    for (call, answer) in fields(&files.tools) {
        let (tool, arguments) = call.split_once(':').unwrap_or((call, ""));
        let arguments: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
        let argument = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        let text = answer.as_str().unwrap_or("");
        match tool {
            "GetResources" | "DescribeResource" => {
                let command = kubectl(tool, &arguments);
                if answer.is_string() && seen.insert(command.clone()) {
                    capture.push(command, text);
                }
            }
            "GetAppYAML" if with_manifests => {
                capture.push(format!("manifests/{}.yaml", argument("app_name")), text)
            }
            "CheckServiceConnectivity" => {
                let port = arguments.get("port").and_then(Value::as_u64).unwrap_or(0);
                connections(&mut capture, &argument("service_name"), &argument("namespace"), port, text);
            }
            "CheckNodeServiceStatus" => {
                let command =
                    format!("ssh {} systemctl status {}", argument("node_name"), argument("service_name"));
                capture.push(command, text);
            }
            "GetErrorLogs" => {
                error_logs(&mut capture, files, &argument("service_name"), &argument("namespace"), answer)
            }
            _ => {}
        }
    }
    for (name, lines) in fields(&files.logs) {
        if let Some(lines) = log_text(lines) {
            capture.push(logs_command(files, name, ""), lines);
        }
    }
    capture
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE).iter()
}

/// The command that a tool call stands for.
fn kubectl(tool: &str, arguments: &Value) -> String {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or("");
    let flag = |name: &str| arguments.get(name).and_then(Value::as_bool).unwrap_or(false);
    let verb = if tool == "DescribeResource" { "describe" } else { "get" };
    let mut command = format!("kubectl {verb} {}", text("resource_type"));
    for (before, value) in
        [(" ", text("name")), (" -n ", text("namespace")), (" -l ", text("label_selector"))]
    {
        if !value.is_empty() {
            command.push_str(before);
            command.push_str(value);
        }
    }
    for (name, written) in
        [("output_wide", " -o wide"), ("show_labels", " --show-labels"), ("output_yaml", " -o yaml")]
    {
        if flag(name) {
            command.push_str(written);
        }
    }
    // Tables of events come cut to their last lines, under a call that does not say so.
    if text("resource_type") == "events" {
        command.push_str(" | tail");
    }
    command
}

/// One document for each machine that the service was called from.
fn connections(capture: &mut Capture, service: &str, namespace: &str, port: u64, text: &str) {
    let marker = "deployed on ";
    if !text.contains(marker) {
        return capture.push(format!("nc -vz {service}.{namespace} {port}"), text);
    }
    for part in text.split(marker).skip(1) {
        let (node, said) = part.split_once(':').unwrap_or((part, ""));
        let said = said.split("Debug Pod test results").next().unwrap_or("").trim();
        capture
            .push(format!("kubectl debug node/{} -- nc -vz {service}.{namespace} {port}", node.trim()), said);
    }
}

/// `svc`, `svc.previous`, `svc.istio-proxy` → the command that prints those lines.
fn logs_command(files: &Files, name: &str, namespace: &str) -> String {
    let (base, part) = ["previous", "istio-proxy"]
        .iter()
        .find_map(|part| Some((name.strip_suffix(part)?.strip_suffix('.')?, *part)))
        .unwrap_or((name, ""));
    let is_kind = |kind: &str| {
        fields(&files.states)
            .any(|(command, _)| command.starts_with(&format!("kubectl describe {kind} {base} ")))
    };
    let kind = if is_kind("statefulsets") && !is_kind("deployments") { "statefulset" } else { "deployment" };
    let namespace = match namespace {
        "" => namespace_of(files, base),
        given => given.to_owned(),
    };
    let flags = match part {
        "previous" => " --previous",
        "istio-proxy" => " -c istio-proxy",
        _ => "",
    };
    format!("kubectl logs {kind}/{base} -n {namespace}{flags}")
}

/// The namespace whose listing of pods shows one of the workload; else the first that was listed.
fn namespace_of(files: &Files, workload: &str) -> String {
    let pod = format!("{workload}-");
    let listings = fields(&files.states).filter_map(|(command, text)| {
        let namespace = command.strip_prefix("kubectl get pods -n ")?.split_whitespace().next()?;
        let shows = text.as_str().is_some_and(|text| text.lines().any(|line| line.starts_with(&pod)));
        Some((!shows, namespace.to_owned()))
    });
    listings
        .min_by_key(|(is_other, _)| *is_other)
        .map_or_else(|| "default".to_owned(), |(_, namespace)| namespace)
}

fn log_text(lines: &Value) -> Option<String> {
    let text = match lines {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// Samples of error lines, where the whole log was not kept.
fn error_logs(capture: &mut Capture, files: &Files, service: &str, namespace: &str, answer: &Value) {
    let kept = |name: &str| files.logs.get(name).is_some();
    if let Some(patterns) = answer.get("patterns").and_then(Value::as_array) {
        let samples: Vec<&str> =
            patterns.iter().filter_map(|pattern| pattern.get("sample")?.as_str()).collect();
        if !samples.is_empty() && !kept(service) {
            capture.push(logs_command(files, service, namespace), samples.join("\n"));
        }
        return;
    }
    for (part, lines) in fields(answer) {
        let name = match part.as_str() {
            "previous" | "istio-proxy" => format!("{service}.{part}"),
            _ => service.to_owned(),
        };
        if !kept(&name)
            && let Some(text) = log_text(lines)
        {
            capture.push(logs_command(files, &name, namespace), text);
        }
    }
}

/// Measurements that alerts state, and the calls that the dependency tool draws.
pub fn context(files: &Files) -> Context {
    let mut context = Context::default();
    for alert in files.alerts.get("alerts").and_then(Value::as_array).into_iter().flatten() {
        let name = alert.get("name").and_then(Value::as_str).unwrap_or("");
        for evidence in
            alert.get("evidence").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        {
            context.measurements.extend(stated(name, evidence));
        }
    }
    let mut calls: BTreeSet<(String, String)> = BTreeSet::new();
    for (call, answer) in fields(&files.tools).filter(|(call, _)| call.starts_with("GetServiceDependencies"))
    {
        let _ = call;
        tree(answer.as_str().unwrap_or(""), &mut calls);
    }
    context.calls = calls.into_iter().collect();
    context
}

/// `KIND [detail] | label: Normal=2.96ms -> Current=59.89ms (+1920.7%) | …` and `… | Val: 0.122s (Throttled)`.
fn stated(name: &str, evidence: &str) -> Vec<Measurement> {
    let mut parts = evidence.split('|');
    let head = parts.next().unwrap_or("");
    let mut found = Vec::new();
    for part in parts {
        let Some(measured) = measured(head, part) else { continue };
        let value = |label: &str| number(part.split_once(label)?.1);
        let (before, after) =
            match (value("Normal="), value("Current=").or_else(|| value("Cur=")), value("Val:")) {
                (Some(before), Some(after), _) => (before, after),
                (_, _, Some(after)) => (0.0, after),
                _ => continue,
            };
        found.push(Measurement {
            name: name.to_owned(),
            measured,
            before,
            after,
            quote: evidence.to_owned(),
            source: format!("alert on {name}"),
        });
    }
    found
}

fn measured(head: &str, part: &str) -> Option<Measured> {
    let text = format!("{head} {part}").to_ascii_lowercase();
    Some(match () {
        () if text.contains("p50latency") => Measured::LatencyMedian,
        () if text.contains("p90latency") || text.contains("p95latency") || text.contains("p99latency") => {
            Measured::LatencyTail
        }
        () if text.contains("cpu_cfs") || text.contains("throttl") => Measured::CpuThrottled,
        () if text.contains("retrans") => Measured::Retransmissions,
        () if text.contains("pps") => Measured::Packets,
        () if text.contains("throughput") || text.contains("rps") => Measured::Requests,
        () if text.contains("success") => Measured::Success,
        () if text.contains("cpu") => Measured::Cpu,
        () if text.contains("mem") => Measured::Memory,
        () => return None,
    })
}

/// The number that a text begins with.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// Direct callees drawn below a service, and callers listed above.
fn tree(text: &str, calls: &mut BTreeSet<(String, String)>) {
    let mut path: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') || line.trim().is_empty() || line.trim_start().starts_with('(') {
            continue;
        }
        let name = line.trim_start_matches([' ', '│', '├', '└', '─', '|', '`', '-', '+']);
        let depth = line.chars().count() - name.chars().count();
        let name = name.split_whitespace().next().unwrap_or("").to_owned();
        path.retain(|(above, _)| *above < depth);
        if let Some((_, caller)) = path.last() {
            calls.insert((caller.clone(), name.clone()));
        }
        path.push((depth, name));
    }
}
