//! Synthetic incidents of databases and clusters: `tests/synthetic/{eks,rds_postgres}/NNN-name/`.
//!
//! A case's files fall back one by one to those of `000-healthy`. They become a snapshot directory: the alert as it
//! lies, less the fields that give the answer away; objects of a cluster as its API prints them; metrics and events
//! of a managed database as tables. The product investigates it, and what leads is then put into the suite's words.
//! Not read: the scenario's description, the model's answer, the tool path, the folder's name.

mod categories;
mod cluster;
mod database;
mod files;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use midwatch_app::mechanisms;
use midwatch_model::{Report, VerdictKind};
use serde::Deserialize;

use self::categories::{HEALTHY, predicted};
use crate::case::{Case, case_folders, investigate};
use crate::table::{Applies, measured};
use crate::{Arguments, Measured};

/// What is read of `answer.yml`, after the product has spoken.
#[derive(Debug, Deserialize)]
struct Answer {
    root_cause_category: String,
    #[serde(default)]
    required_keywords: Vec<String>,
    #[serde(default)]
    forbidden_keywords: Vec<String>,
}

/// The two halves of the suite.
const SYSTEMS: [&str; 2] = ["eks", "rds_postgres"];

pub(crate) fn measure(arguments: &Arguments) -> Result<Measured> {
    let top = ["tests/synthetic", "synthetic", "."]
        .into_iter()
        .map(|below| arguments.directory.join(below))
        .find(|top| SYSTEMS.iter().any(|system| top.join(system).is_dir()))
        .unwrap_or_else(|| arguments.directory.clone());
    let mut cases = Vec::new();
    for system in SYSTEMS {
        let parent = top.join(system);
        if !parent.is_dir() {
            continue;
        }
        let folders = case_folders(&parent, "answer.yml", None)
            .with_context(|| format!("{}: could not list the cases", parent.display()))?;
        for (name, folder) in folders {
            let name = format!("{system}/{name}");
            if arguments.case.as_ref().is_some_and(|only| *only != name) {
                continue;
            }
            cases.push(
                one(&name, system, &parent, &folder, arguments).with_context(|| format!("case {name}"))?,
            );
        }
    }
    if cases.is_empty() {
        bail!(
            "{}: holds no case{}. Give the folder that holds tests/synthetic/eks/<name>/answer.yml",
            arguments.directory.display(),
            arguments.case.as_ref().map(|case| format!(" {case}")).unwrap_or_default()
        );
    }
    let applies = Applies { false_incidents: true, ..Applies::default() };
    measured("opensre", &cases, arguments.repeat, applies)
}

fn one(name: &str, system: &str, parent: &Path, folder: &Path, arguments: &Arguments) -> Result<Case> {
    let snapshot = tempfile::Builder::new().prefix("midwatch-bench-").tempdir()?;
    let base = parent.join("000-healthy");
    files::write(folder, &base, snapshot.path())?;
    if let Some(kept) = arguments.kept(name)? {
        files::write(folder, &base, &kept)?;
    }
    let told = investigate(snapshot.path(), arguments)?;
    let answer = answer(&folder.join("answer.yml"))?;
    let report = &told.report;
    let predicted = predicted(report, &mechanisms(None)?);
    let passed = predicted == answer.root_cause_category;
    let healthy = answer.root_cause_category == HEALTHY;
    let verdict = &report.verdict;
    let said = sentences(report)?;
    let words = |words: &[String]| words.iter().filter(|word| said.contains(&word.to_lowercase())).count();
    Ok(Case {
        case: name.to_owned(),
        system: system.to_owned(),
        kind: answer.root_cause_category.clone(),
        passed,
        verdict: verdict.kind.as_str().to_owned(),
        predicted: predicted.to_owned(),
        expected: answer.root_cause_category.clone(),
        probability: verdict.probability.as_ref().map(|probability| probability.middle()),
        margin: verdict.margin,
        leader_right: Some(passed),
        seconds: told.seconds,
        cpu_seconds: told.cpu_seconds,
        agreed: told.agreed,
        abstained: matches!(verdict.kind, VerdictKind::NotProven | VerdictKind::CannotTell),
        false_incident: healthy && predicted != HEALTHY,
        fields: vec![
            (
                "all required words".to_owned(),
                words(&answer.required_keywords) == answer.required_keywords.len(),
            ),
            ("no forbidden word".to_owned(), words(&answer.forbidden_keywords) == 0),
        ],
        ..Case::default()
    })
}

fn answer(path: &Path) -> Result<Answer> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{}: could not read it", path.display()))?;
    serde_saphyr::from_str(&text)
        .map_err(|error| anyhow::anyhow!("{}: not an answer of this suite: {error}", path.display()))
}

/// What the report says of its verdict and of its theories, lower-cased.
fn sentences(report: &Report) -> Result<String> {
    let verdict = serde_json::to_string(&report.verdict)?;
    Ok((verdict + &serde_json::to_string(&report.theories)?).to_lowercase())
}

/// The file called `name` of a case: its own, or that of the healthy base.
fn file_of(folder: &Path, base: &Path, name: &str) -> Option<PathBuf> {
    [folder, base].into_iter().map(|at| at.join(name)).find(|path| path.is_file())
}
