//! One case: what was said, what is true, what it cost.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use midwatch_app::{Asked, Progress, RecordTo, Watcher, Work, mechanisms, opening, run, snapshot_sources};
use midwatch_model::{Report, TheoryStatus};
use serde::Serialize;

use crate::Arguments;
use crate::measure::cpu_seconds;

/// One measured case, as it is written with `--json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Case {
    /// Id in the suite.
    pub(crate) case: String,
    /// Part of the suite it belongs to, for the table.
    pub(crate) system: String,
    /// Sort of fault, for the table.
    pub(crate) kind: String,
    /// Whether the prediction is the answer.
    pub(crate) passed: bool,
    /// Whether the answer is among the first three predictions; `null` for suites that do not count that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top3: Option<bool>,
    /// The verdict's word.
    pub(crate) verdict: String,
    /// What was predicted.
    pub(crate) predicted: String,
    /// What is true.
    pub(crate) expected: String,
    /// How sure the product was of its prediction; `null` when it did not say.
    pub(crate) probability: Option<f64>,
    /// How far the leading theory is ahead of the best one with another answer, in natural units: what calibration is
    /// fitted on. `null` when no theory led.
    pub(crate) margin: Option<f64>,
    /// Whether the leading theory gives the true answer, said or not; `null` when none led.
    pub(crate) leader_right: Option<bool>,
    /// Wall-clock seconds from files to report, mean over the repeats.
    pub(crate) seconds: f64,
    /// CPU seconds likewise.
    pub(crate) cpu_seconds: f64,
    /// Whether all repeats gave the same bytes.
    pub(crate) agreed: bool,
    /// Whether an innocent change was blamed that the suite put there to be blamed.
    pub(crate) decoy: bool,
    /// Whether a change was blamed where none is guilty.
    pub(crate) false_conviction: bool,
    /// Whether trouble was reported where all is well.
    pub(crate) false_incident: bool,
    /// Whether the product said it could not tell or prove.
    pub(crate) abstained: bool,
    /// Right and wrong by field, where the answer has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<(String, bool)>,
    /// What trivial rules would have predicted, and whether that is right.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) baselines: Vec<(String, bool)>,
}

/// What the product said of one snapshot, and what that cost.
pub(crate) struct Told {
    pub(crate) report: Report,
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) agreed: bool,
}

/// Investigates the snapshot in `directory` as often as `arguments` ask.
pub(crate) fn investigate(directory: &Path, arguments: &Arguments) -> Result<Told> {
    let mechanisms = mechanisms(None)?;
    let asked = Asked { without: arguments.without_agent.clone(), ..Asked::default() };
    let (started, cpu_started) = (Instant::now(), cpu_seconds());
    let mut first: Option<(Report, Vec<u8>)> = None;
    let mut agreed = true;
    for _ in 0..arguments.repeat {
        let sources = snapshot_sources(directory)?;
        let opening = opening(&sources, &asked)?;
        let work = Work { opening, sources, mechanisms: mechanisms.clone() };
        let report = run(&work, &RecordTo::Nowhere, &Deaf)?.report;
        if arguments.repeat == 1 {
            first = Some((report, Vec::new()));
            break;
        }
        let bytes = serde_json::to_vec(&report)?;
        match &first {
            Some((_, others)) => agreed &= *others == bytes,
            None => first = Some((report, bytes)),
        }
    }
    let repeats = f64::from(arguments.repeat);
    let (report, _) = first.ok_or_else(|| anyhow::anyhow!("no repeat was run"))?;
    let seconds = started.elapsed().as_secs_f64() / repeats;
    let cpu_seconds = (cpu_seconds() - cpu_started) / repeats;
    Ok(Told { report, seconds, cpu_seconds, agreed })
}

/// Whether the leading theory of `report` gives the true answer: the guilty commit, or no change where none is guilty.
/// `None` when no theory led.
pub(crate) fn leader_right(report: &Report, guilty: Option<&str>) -> Option<bool> {
    let leader = report.theories.iter().find(|theory| theory.status == TheoryStatus::Leading)?;
    Some(match (guilty, &leader.change_title) {
        (Some(sha), Some(title)) => sha.get(..8).is_some_and(|short| title.contains(short)),
        (None, title) => title.is_none(),
        (Some(_), None) => false,
    })
}

/// The folders of `parent` that hold `inside`, by name; only the one named by `--case` when that is given.
pub(crate) fn case_folders(
    parent: &Path,
    inside: &str,
    only: Option<&str>,
) -> Result<Vec<(String, std::path::PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.join(inside).exists() && only.is_none_or(|only| only == name) {
            found.push((name.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

struct Deaf;

impl Watcher for Deaf {
    fn saw(&self, _progress: Progress) {}
}
