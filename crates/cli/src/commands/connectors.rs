//! `midwatch connectors`

use std::path::Path;

use anyhow::{Result, bail};
use jiff::Timestamp;
use midwatch_app::{Config, ConfigSought, SourceCheck, check_sources, connectors, find_config, read_config};
use serde_json::json;

use crate::args::{CheckForm, Connectors};
use crate::output::{Columns, Ending, print, say};

pub(crate) fn run(command: &Connectors) -> Result<Ending> {
    match command {
        Connectors::List { form } => list(*form),
        Connectors::Check { names, config, form } => check(names, config.as_deref(), *form),
        Connectors::Docs { id } => docs(id),
    }
}

/// The configuration that was chosen or is found.
pub(crate) fn configuration(chosen: Option<&Path>) -> Result<Config> {
    let environment = |name: &str| std::env::var(name).ok();
    match find_config(chosen, &environment) {
        ConfigSought::Found(path) => Ok(read_config(&path, &environment)?),
        ConfigSought::Nowhere(places) => {
            let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
            bail!(
                "there is no configuration: none of {} is there. Write one (docs/guide/live.md), name one with --config FILE, or \
                 investigate captured files with --snapshot DIR",
                places.join(", ")
            )
        }
    }
}

fn list(form: CheckForm) -> Result<Ending> {
    let signals = |spec: &midwatch_app::Spec| {
        spec.signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>().join(", ")
    };
    match form {
        CheckForm::Json => {
            let rows: Vec<serde_json::Value> = connectors()
                .iter()
                .map(|spec| {
                    json!({
                        "id": spec.id,
                        "title": spec.title,
                        "level": spec.level.as_str(),
                        "live": spec.connect.is_some(),
                        "decodes_alerts": spec.decode_alert.is_some(),
                        "signals": spec.signals.iter().map(|signal| signal.as_str()).collect::<Vec<_>>(),
                        "permissions": spec.permissions,
                        "reads": spec.reads,
                        "config": spec.fields().map(|field| json!({
                            "key": field.key,
                            "help": field.help,
                            "required": field.required,
                        })).collect::<Vec<_>>(),
                    })
                })
                .collect();
            print(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
        }
        CheckForm::Text => {
            let mut rows = Columns::new(&["ID", "LEVEL", "ASKED", "SIGNALS", "TITLE"]);
            for spec in connectors() {
                let asked = if spec.connect.is_some() {
                    "live"
                } else if spec.decode_alert.is_some() {
                    "sends"
                } else {
                    "files"
                };
                rows.push([spec.id, spec.level.as_str(), asked, &signals(spec), spec.title]);
            }
            let mut counts = Vec::new();
            for level in ["stable", "beta", "alpha"] {
                let count = connectors().iter().filter(|spec| spec.level.as_str() == level).count();
                if count > 0 {
                    counts.push(format!("{count} {level}"));
                }
            }
            print(&format!("{}\n{} connectors: {}\n", rows.text(), connectors().len(), counts.join(", ")))?;
        }
    }
    Ok(Ending::Done)
}

fn check(names: &[String], config: Option<&Path>, form: CheckForm) -> Result<Ending> {
    let config = configuration(config)?;
    let checks = check_sources(&config, names, Timestamp::now)?;
    match form {
        CheckForm::Json => {
            let rows: Vec<serde_json::Value> = checks.iter().map(json_of).collect();
            print(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
        }
        CheckForm::Text => {
            say(&format!("configuration: {}", config.path.display()));
            let mut rows = Columns::new(&["SOURCE", "CONNECTOR", "STATE", "TOOK", "DETAIL"]);
            for check in &checks {
                let took = format!("{} ms", check.took.as_millis());
                rows.push([&check.name, check.connector, state(check), &took, &detail(check)]);
            }
            print(&rows.text())?;
        }
    }
    let well = checks.iter().all(SourceCheck::is_well);
    Ok(if well { Ending::Done } else { Ending::Error })
}

fn state(check: &SourceCheck) -> &'static str {
    match (check.probe.reachable, check.probe.missing_permissions.is_empty()) {
        (false, _) => "unreachable",
        (true, false) => "restricted",
        (true, true) => "well",
    }
}

/// A clock further off than this is worth a word: alerts and samples are laid side by side by their times.
const CLOCK_AHEAD_MAX_S: u64 = 5;

fn detail(check: &SourceCheck) -> String {
    let mut detail = check.probe.detail.clone();
    if !check.probe.missing_permissions.is_empty() {
        detail.push_str(&format!("; missing: {}", check.probe.missing_permissions.join(", ")));
    }
    if let Some(ahead) = check.clock_ahead.filter(|ahead| ahead.unsigned_abs().as_secs() > CLOCK_AHEAD_MAX_S)
    {
        let way = if ahead.is_negative() { "behind" } else { "ahead of" };
        detail.push_str(&format!("; its clock is {} s {way} this machine's", ahead.unsigned_abs().as_secs()));
    }
    detail
}

fn json_of(check: &SourceCheck) -> serde_json::Value {
    json!({
        "source": check.name,
        "connector": check.connector,
        "state": state(check),
        "detail": check.probe.detail,
        "missing_permissions": check.probe.missing_permissions,
        "took_ms": u64::try_from(check.took.as_millis()).unwrap_or(u64::MAX),
        "clock_ahead_s": check.clock_ahead.map(|ahead| ahead.as_secs()),
    })
}

fn docs(id: &str) -> Result<Ending> {
    let Some(spec) = connectors().iter().find(|spec| spec.id == id) else {
        let known: Vec<&str> = connectors().iter().map(|spec| spec.id).collect();
        bail!("there is no connector {id:?}. There are: {}", known.join(", "));
    };
    print(&midwatch_app::connector_page(spec))?;
    Ok(Ending::Done)
}
