//! `datasets/rootcausebench/<name>/environment/data/` is a snapshot as it lies; the answer is in
//! `tests/ground_truth.json`, read after the product has spoken.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use midwatch_model::VerdictKind;
use serde::Deserialize;

use super::baselines::baselines;
use crate::case::{Case, case_folders, investigate, leader_right};
use crate::mutate::{Mutation, mutated};
use crate::table::{Applies, measured};
use crate::{Arguments, Measured};

/// What counts as no commit.
const NONE: &str = "none";

/// The answer; other fields are notes for people.
#[derive(Debug, Clone, Deserialize)]
struct Truth {
    root_cause_commit: String,
    #[serde(default)]
    remediation: String,
    #[serde(default)]
    decoy_deploy_commits: Vec<String>,
}

pub(crate) fn measure(arguments: &Arguments) -> Result<Measured> {
    let top = top(&arguments.directory);
    let folders = case_folders(&top, "environment/data", arguments.case.as_deref())
        .with_context(|| format!("{}: could not list the cases", top.display()))?;
    if folders.is_empty() {
        bail!(
            "{}: holds no case{}. Give the folder that holds datasets/rootcausebench/<name>/environment/data",
            top.display(),
            arguments.case.as_ref().map(|case| format!(" named {case}")).unwrap_or_default()
        );
    }
    let cases: Vec<Case> = folders
        .iter()
        .map(|(name, folder)| one(name, folder, arguments).with_context(|| format!("case {name}")))
        .collect::<Result<_>>()?;
    let applies = Applies { top3: false, decoys: true, false_convictions: true, false_incidents: false };
    measured("rootcausebench", &cases, arguments.repeat, applies)
}

/// The folder of the cases: below `directory`, or `directory` itself.
fn top(directory: &Path) -> PathBuf {
    ["datasets/rootcausebench", "rootcausebench", "."]
        .into_iter()
        .map(|below| directory.join(below))
        .find(|candidate| candidate.is_dir() && has_cases(candidate))
        .unwrap_or_else(|| directory.to_owned())
}

fn has_cases(directory: &Path) -> bool {
    case_folders(directory, "environment/data", None).is_ok_and(|folders| !folders.is_empty())
}

fn one(name: &str, folder: &Path, arguments: &Arguments) -> Result<Case> {
    let truth_path = folder.join("tests/ground_truth.json");
    let truth = std::fs::read_to_string(&truth_path)
        .with_context(|| format!("{}: could not read the answer", truth_path.display()))?;
    let mut truth: Truth = serde_json::from_str(&truth)
        .with_context(|| format!("{}: not an answer of this suite", truth_path.display()))?;
    let data = mutated(&folder.join("environment/data"), &arguments.mutate, &truth.root_cause_commit)?;
    if arguments.mutate.contains(&Mutation::WithoutCulprit) {
        truth.root_cause_commit = NONE.to_owned();
    }
    let told = investigate(data.path(), arguments)?;
    let verdict = &told.report.verdict;
    let predicted = verdict.commit.clone().unwrap_or_else(|| NONE.to_owned());
    let convicted = predicted != NONE;
    Ok(Case {
        case: name.to_owned(),
        system: if truth.root_cause_commit == NONE { "no commit" } else { "commit" }.to_owned(),
        kind: truth.remediation.clone(),
        passed: predicted == truth.root_cause_commit,
        top3: None,
        verdict: verdict.kind.as_str().to_owned(),
        probability: verdict.probability.as_ref().map(|probability| probability.middle()),
        margin: verdict.margin,
        leader_right: leader_right(
            &told.report,
            Some(truth.root_cause_commit.as_str()).filter(|sha| *sha != NONE),
        ),
        seconds: told.seconds,
        cpu_seconds: told.cpu_seconds,
        agreed: told.agreed,
        decoy: truth.decoy_deploy_commits.contains(&predicted),
        false_conviction: convicted && truth.root_cause_commit == NONE,
        false_incident: false,
        abstained: matches!(verdict.kind, VerdictKind::NotProven | VerdictKind::CannotTell),
        baselines: baselines(data.path())?
            .into_iter()
            .map(|(rule, commit)| {
                (rule.to_owned(), commit.as_deref().unwrap_or(NONE) == truth.root_cause_commit)
            })
            .collect(),
        predicted,
        expected: truth.root_cause_commit,
        fields: Vec::new(),
    })
}
