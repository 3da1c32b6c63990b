//! Frozen Kubernetes incidents: `benchmark/<system>/<category>/<id>/` with `kubectl` text, logs, alerts and metrics.
//!
//! A case becomes a snapshot directory as a person would have captured it: a terminal session, manifests, the
//! alert, metrics and the call graph. The product investigates it, and its theories are then put into the suite's words.
//! Not read: the expert's tool path, when the case was collected, its id and folder, other cases.

mod convert;
mod files;
mod labels;
mod pairs;
mod predictions;
mod renaming;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use midwatch_model::{Report, Theory, TheoryStatus, VerdictKind};
use serde::Deserialize;

pub(crate) use pairs::measure as measure_pairs;

use self::files::Naming;
use crate::case::{Case, investigate};
use crate::mutate::Mutation;
use crate::table::{Applies, measured};
use crate::{Arguments, Measured};

/// The answer, lower-cased when compared.
#[derive(Debug, Deserialize)]
struct Answer {
    fault_taxonomy: String,
    fault_object: String,
    root_cause: String,
}

/// The two parts of `metadata.json` that are read: the question before, the answer after.
#[derive(Debug, Deserialize)]
struct Metadata {
    query: String,
    result: Answer,
}

/// A prediction holds at most this many causes.
const PREDICTIONS_MAX: usize = 3;

pub(crate) fn measure(arguments: &Arguments) -> Result<Measured> {
    let folders = case_folders(&arguments.directory, arguments.case.as_deref())?;
    if folders.is_empty() {
        bail!(
            "{}: holds no case{}. Give the folder that holds benchmark/<system>/<category>/<id>/metadata.json, or one \
             system's folder",
            arguments.directory.display(),
            arguments.case.as_ref().map(|case| format!(" {case}")).unwrap_or_default()
        );
    }
    let mut cases = Vec::new();
    for (name, folder) in &folders {
        let metadata = metadata(folder)?;
        if arguments.leave_out_kind.as_ref() == Some(&metadata.result.root_cause) {
            continue;
        }
        cases.push(one(name, folder, &metadata, arguments).with_context(|| format!("case {name}"))?);
    }
    measured("cloud-opsbench", &cases, arguments.repeat, Applies { top3: true, ..Applies::default() })
}

/// Folders with a `metadata.json`, by their path below the suite's top: `boutique/startup/12`.
fn case_folders(top: &Path, only: Option<&str>) -> Result<Vec<(String, PathBuf)>> {
    fn below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
        if folder.join("metadata.json").exists() {
            found.push(folder.to_owned());
            return Ok(());
        }
        if depth == 0 {
            return Ok(());
        }
        for entry in
            std::fs::read_dir(folder).with_context(|| format!("{}: could not list it", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                below(&path, depth - 1, found)?;
            }
        }
        Ok(())
    }
    let mut folders = Vec::new();
    below(top, 5, &mut folders)?;
    let mut named: Vec<(String, PathBuf)> = folders
        .into_iter()
        .map(|path| {
            let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
            (parts.get(parts.len().saturating_sub(3)..).unwrap_or(&parts).join("/"), path)
        })
        .filter(|(name, _)| only.is_none_or(|only| only == name))
        .collect();
    named.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
    Ok(named)
}

/// `boutique/startup/9` before `boutique/startup/12`.
fn order(name: &str) -> (&str, u64) {
    let (folder, id) = name.rsplit_once('/').unwrap_or((name, ""));
    (folder, id.parse().unwrap_or(u64::MAX))
}

fn metadata(folder: &Path) -> Result<Metadata> {
    let path = folder.join("metadata.json");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{}: could not read it", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: not a case of this suite", path.display()))
}

fn one(name: &str, folder: &Path, metadata: &Metadata, arguments: &Arguments) -> Result<Case> {
    let snapshot = tempfile::Builder::new().prefix("midwatch-bench-").tempdir()?;
    let naming = if arguments.mutate.contains(&Mutation::Rename) { Naming::Neutral } else { Naming::Kept };
    let renamed =
        files::write(folder, &metadata.query, snapshot.path(), !arguments.without_manifests, naming)?;
    if let Some(kept) = arguments.kept(name)? {
        files::write(folder, &metadata.query, &kept, !arguments.without_manifests, naming)?;
    }
    let told = investigate(snapshot.path(), arguments)?;
    let answer = &metadata.result;
    let expected = renamed
        .apply(&format!("{} {} {}", answer.fault_taxonomy, answer.root_cause, answer.fault_object))
        .to_lowercase();
    let predictions = predictions(&told.report);
    let passed = predictions.first().is_some_and(|first| first.to_lowercase() == expected);
    let among = predictions.iter().take(PREDICTIONS_MAX).any(|one| one.to_lowercase() == expected);
    let verdict = &told.report.verdict;
    let mut parts = name.split('/');
    Ok(Case {
        case: name.to_owned(),
        system: parts.next().unwrap_or("").to_owned(),
        kind: answer.root_cause.clone(),
        passed,
        top3: Some(among),
        verdict: verdict.kind.as_str().to_owned(),
        predicted: predictions.into_iter().take(PREDICTIONS_MAX).collect::<Vec<_>>().join("; "),
        expected,
        probability: verdict.probability.as_ref().map(|probability| probability.middle()),
        margin: verdict.margin,
        leader_right: Some(passed),
        seconds: told.seconds,
        cpu_seconds: told.cpu_seconds,
        agreed: told.agreed,
        abstained: matches!(verdict.kind, VerdictKind::NotProven | VerdictKind::CannotTell),
        ..Case::default()
    })
}

/// What the report's theories say, in the suite's words, the likeliest first and each once. Theories that the suite has
/// no word for keep their place, because a person would read them first.
fn predictions(report: &Report) -> Vec<String> {
    let mut theories: Vec<&Theory> =
        report.theories.iter().filter(|theory| theory.status != TheoryStatus::RuledOut).collect();
    theories.sort_by_key(|theory| theory.status != TheoryStatus::Leading);
    let mut said: Vec<String> = Vec::new();
    for theory in theories {
        let one = predictions::prediction(report, theory)
            .unwrap_or_else(|| format!("- {} {}", theory.mechanism, theory.entity));
        if !said.contains(&one) {
            said.push(one);
        }
    }
    // A second fault that has nothing to do with the first is noticed, not weighed against it.
    for claim in &report.noticed_elsewhere {
        said.extend(
            predictions::of_evidence(report, claim.evidence(), None).filter(|one| !said.contains(one)),
        );
    }
    said
}
