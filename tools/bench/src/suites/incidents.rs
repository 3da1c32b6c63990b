//! The project's golden incidents: `<id>/snapshot/` is the input, `<id>/answer.json` what is true, field by field.

use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use midwatch_model::{EntityId, Report, TheoryStatus, VerdictKind};
use serde::Deserialize;

use crate::case::{Case, case_folders, investigate, leader_right};
use crate::mutate::{Mutation, mutated};
use crate::table::{Applies, measured};
use crate::{Arguments, Measured};

/// What counts as no commit.
const NONE: &str = "none";

/// Distance of times that is right when the answer gives no sampling step, in seconds.
const STEP_S_DEFAULT: i64 = 60;

/// Distance of the failed share that is right when the answer gives none.
const SHARE_TOLERANCE_DEFAULT: f64 = 0.05;

/// The answer. A field that is left out is not scored; `null` says that there is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    verdict: String,
    #[serde(default, deserialize_with = "given")]
    origin: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    commit: Option<Option<String>>,
    #[serde(default)]
    innocent_commits: Vec<String>,
    #[serde(default, deserialize_with = "given")]
    onset: Option<Option<Timestamp>>,
    #[serde(default)]
    sample_step_s: Option<i64>,
    #[serde(default)]
    victims: Option<Vec<String>>,
    /// What else is sick and has nothing to do with it; none when the answer does not say.
    #[serde(default)]
    elsewhere: Vec<String>,
    #[serde(default, deserialize_with = "given")]
    failed_share: Option<Option<f64>>,
    #[serde(default)]
    failed_share_tolerance: Option<f64>,
    #[serde(default)]
    ongoing: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    ended_at: Option<Option<Timestamp>>,
    /// For people who read the answer.
    #[serde(default, rename = "notes")]
    _notes: serde_json::Value,
}

/// Keeps a field that is `null` apart from one that is absent.
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

pub(crate) fn measure(arguments: &Arguments) -> Result<Measured> {
    let top = &arguments.directory;
    let folders = case_folders(top, "answer.json", arguments.case.as_deref())
        .with_context(|| format!("{}: could not list the incidents", top.display()))?;
    if folders.is_empty() {
        bail!("{}: holds no <id>/answer.json. Give the project's incidents folder", top.display());
    }
    if arguments.mutate.contains(&Mutation::Rename) {
        bail!("the answers of incidents hold names, so they cannot be renamed");
    }
    let cases: Vec<Case> = folders
        .iter()
        .map(|(name, folder)| one(name, folder, arguments).with_context(|| format!("incident {name}")))
        .collect::<Result<_>>()?;
    let applies = Applies { top3: false, decoys: true, false_convictions: true, false_incidents: true };
    measured("incidents", &cases, arguments.repeat, applies)
}

fn one(name: &str, folder: &Path, arguments: &Arguments) -> Result<Case> {
    let path = folder.join("answer.json");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{}: could not be read", path.display()))?;
    let mut answer: Answer =
        serde_json::from_str(&text).with_context(|| format!("{}: not an answer", path.display()))?;
    let culprit = answer.commit.clone().flatten();
    let data = mutated(&folder.join("snapshot"), &arguments.mutate, culprit.as_deref().unwrap_or(NONE))?;
    if arguments.mutate.contains(&Mutation::WithoutCulprit) && culprit.is_some() {
        // Only one thing is still known: nobody is left to blame.
        answer = serde_json::from_value(serde_json::json!({ "verdict": "", "commit": null }))?;
    }
    let told = investigate(data.path(), arguments)?;
    let fields = compare(&answer, &told.report);
    let verdict = &told.report.verdict;
    let predicted = verdict.commit.clone().unwrap_or_else(|| NONE.to_owned());
    let expected = answer.commit.clone().flatten().unwrap_or_else(|| NONE.to_owned());
    let healthy = VerdictKind::HealthyOrRecovered.as_str();
    Ok(Case {
        case: name.to_owned(),
        system: "incidents".to_owned(),
        kind: if answer.verdict.is_empty() { "without culprit".to_owned() } else { answer.verdict.clone() },
        passed: fields.iter().all(|(_, right)| *right),
        top3: None,
        verdict: verdict.kind.as_str().to_owned(),
        probability: verdict.probability.as_ref().map(|probability| probability.middle()),
        margin: verdict.margin,
        leader_right: leads_right(
            &told.report,
            &answer.verdict,
            answer.origin.clone().flatten().as_deref(),
            answer.commit.clone().flatten().as_deref(),
        ),
        seconds: told.seconds,
        cpu_seconds: told.cpu_seconds,
        agreed: told.agreed,
        decoy: answer.innocent_commits.contains(&predicted),
        false_conviction: predicted != NONE && matches!(&answer.commit, Some(None)),
        false_incident: answer.verdict == healthy
            && !matches!(verdict.kind, VerdictKind::HealthyOrRecovered | VerdictKind::CannotTell),
        abstained: matches!(verdict.kind, VerdictKind::NotProven | VerdictKind::CannotTell),
        predicted,
        expected,
        fields,
        baselines: Vec::new(),
    })
}

/// Whether the leader gives the true answer: the guilty commit; a change at the origin where what is guilty is no commit;
/// no change where none is.
pub(super) fn leads_right(
    report: &Report,
    verdict: &str,
    origin: Option<&str>,
    commit: Option<&str>,
) -> Option<bool> {
    if commit.is_some() || verdict != VerdictKind::CauseFound.as_str() {
        return leader_right(report, commit);
    }
    let leader = report.theories.iter().find(|theory| theory.status == TheoryStatus::Leading)?;
    let at = leader.fault_at.as_ref().unwrap_or(&leader.entity);
    Some(leader.change.is_some() && origin.is_some_and(|origin| named(at, origin)))
}

/// Every field the answer gives, and whether the report agrees.
fn compare(answer: &Answer, report: &Report) -> Vec<(String, bool)> {
    let step_s = answer.sample_step_s.unwrap_or(STEP_S_DEFAULT);
    let near = |said: Option<Timestamp>, truth: Option<Timestamp>| match (said, truth) {
        (Some(said), Some(truth)) => said.duration_since(truth).as_secs_f64().abs() <= step_s as f64,
        (None, None) => true,
        _ => false,
    };
    let impact = &report.impact;
    let mut fields = Vec::new();
    let mut field = |name: &str, right: bool| fields.push((name.to_owned(), right));
    if !answer.verdict.is_empty() {
        field("verdict", report.verdict.kind.as_str() == answer.verdict);
    }
    if let Some(origin) = &answer.origin {
        field(
            "origin",
            match (&report.spread.origin, origin) {
                (Some(said), Some(truth)) => named(said, truth),
                (said, truth) => said.is_none() && truth.is_none(),
            },
        );
    }
    if let Some(commit) = &answer.commit {
        field("commit", report.verdict.commit == *commit);
    }
    if !answer.innocent_commits.is_empty() {
        let blamed = report.verdict.commit.as_ref();
        field("innocent_commits", blamed.is_none_or(|commit| !answer.innocent_commits.contains(commit)));
    }
    if let Some(onset) = answer.onset {
        field("onset", near(impact.onset.map(|onset| onset.at), onset));
    }
    let noticed = &report.noticed_elsewhere;
    let known = |name: &String| noticed.iter().any(|claim| claim.text().starts_with(&format!("{name} ")));
    field("elsewhere", noticed.len() == answer.elsewhere.len() && answer.elsewhere.iter().all(known));
    if let Some(victims) = &answer.victims {
        let said = &report.spread.victims;
        let all_named = victims.iter().all(|victim| said.iter().any(|said| named(&said.entity, victim)));
        field("victims", said.len() == victims.len() && all_named);
    }
    if let Some(share) = answer.failed_share {
        let tolerance = answer.failed_share_tolerance.unwrap_or(SHARE_TOLERANCE_DEFAULT);
        field(
            "failed_share",
            match (impact.failed_share, share) {
                (Some(said), Some(truth)) => (said - truth).abs() <= tolerance,
                (said, truth) => said.is_none() && truth.is_none(),
            },
        );
    }
    if let Some(ongoing) = answer.ongoing {
        field("ongoing", impact.ongoing == ongoing);
    }
    if let Some(ended_at) = answer.ended_at {
        field("ended_at", near(impact.ended_at, ended_at));
    }
    fields
}

/// Whether `name` is the entity's, with its kind (`database/orders`) or without.
fn named(entity: &EntityId, name: &str) -> bool {
    entity.name == name
        || entity.to_string() == name
        || format!("{}/{}", entity.kind.as_str(), entity.name) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_null_and_unknown_fields_are_told_apart() {
        let read = |text: &str| serde_json::from_str::<Answer>(text);
        assert_eq!(read(r#"{"verdict": "located"}"#).unwrap().commit, None);
        assert_eq!(read(r#"{"verdict": "located", "commit": null}"#).unwrap().commit, Some(None));
        assert!(read(r#"{"verdict": "located", "comit": null}"#).is_err());
    }

    /// The golden incidents of this repository, every field of every answer.
    #[test]
    fn every_golden_incident_is_answered() {
        let incidents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../incidents");
        let folders = case_folders(&incidents, "answer.json", None).unwrap();
        assert!(!folders.is_empty(), "no incidents in {}", incidents.display());
        for (name, folder) in folders {
            let case = one(&name, &folder, &Arguments::once(&incidents)).unwrap();
            let wrong: Vec<&str> =
                case.fields.iter().filter(|(_, right)| !right).map(|(field, _)| field.as_str()).collect();
            assert!(case.passed, "incident {name}: wrong in {} ({})", wrong.join(", "), case.verdict);
        }
    }

    #[test]
    fn entities_are_met_by_name_with_or_without_kind() {
        let service = EntityId::service("svc-a");
        assert!(named(&service, "svc-a") && named(&service, "service/svc-a"));
        assert!(!named(&service, "database/svc-a") && !named(&service, "svc"));
    }
}
