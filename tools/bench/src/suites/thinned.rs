//! Golden incidents with a random third of their evidence removed: nobody innocent may be convicted, and the gaps must name
//! what is missing of those involved.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use midwatch_model::{Report, VerdictKind};
use serde_json::Value;

use super::incidents::leads_right;
use crate::case::{case_folders, investigate};
use crate::mutate::{copied, thin};
use crate::{Arguments, Measured};

/// What one incident came to over all seeds.
#[derive(Debug, Default)]
struct Tally {
    runs: u32,
    /// The verdict's word is the answer's, and no commit but the guilty one is named.
    right: u32,
    /// A commit or a cause that is not the answer was called the cause.
    wrong_convictions: u32,
    /// Not proven, located, cannot tell.
    held_back: u32,
    /// Runs in which something was removed of what is involved.
    missed: u32,
    /// Those of them in which no gap, note or damage named it.
    unnamed: u32,
}

/// One investigation with a third of the evidence gone.
struct Run {
    margin: Option<f64>,
    leader_right: bool,
    wrong_conviction: bool,
    sentence: String,
}

pub(crate) fn measure(arguments: &Arguments, seeds: u32) -> Result<Measured> {
    let top = &arguments.directory;
    let mut table = format!(
        "{:<8} {:>5} {:>6} {:>6} {:>9} {:>8}\n",
        "case", "runs", "right", "held", "convicted", "unnamed"
    );
    let mut json_lines = String::new();
    let mut all = Tally::default();
    for (name, folder) in case_folders(top, "answer.json", arguments.case.as_deref())? {
        let mut tally = Tally::default();
        for seed in 1..=u64::from(seeds) {
            let run = one(&folder, seed, arguments, &mut tally);
            let run = run.with_context(|| format!("incident {name}, seed {seed}"))?;
            let line = serde_json::json!({
                "case": name, "seed": seed, "margin": run.margin, "leader_right": run.leader_right,
                "passed": run.leader_right, "wrong_conviction": run.wrong_conviction, "sentence": run.sentence,
            });
            let _ = writeln!(json_lines, "{line}");
        }
        let Tally { runs, right, wrong_convictions, held_back, missed, unnamed } = &tally;
        let _ = writeln!(
            table,
            "{name:<8} {runs:>5} {right:>6} {held_back:>6} {wrong_convictions:>9} {:>8}",
            format!("{unnamed}/{missed}")
        );
        all.runs += runs;
        all.right += right;
        all.wrong_convictions += wrong_convictions;
        all.held_back += held_back;
        all.missed += missed;
        all.unnamed += unnamed;
    }
    let score = format!(
        "score: suite=incidents thinned_seeds={seeds} runs={} right={} held_back={} wrong_convictions={} unnamed={}/{}",
        all.runs, all.right, all.held_back, all.wrong_convictions, all.unnamed, all.missed
    );
    Ok(Measured { json_lines, table, score })
}

fn one(folder: &Path, seed: u64, arguments: &Arguments, tally: &mut Tally) -> Result<Run> {
    let answer: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("answer.json"))?)?;
    let copy = copied(&folder.join("snapshot"))?;
    let removed = thin::apply(copy.path(), seed)?;
    let report = investigate(copy.path(), arguments)?.report;
    let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (verdict, guilty) = (text("verdict"), text("commit"));
    let blamed = report.verdict.commit.clone().unwrap_or_default();
    let kind = report.verdict.kind;
    let sure = matches!(kind, VerdictKind::CauseFound | VerdictKind::CausedOutside);
    tally.runs += 1;
    let wrong = (!blamed.is_empty() && blamed != guilty) || (sure && kind.as_str() != verdict);
    if wrong {
        tally.wrong_convictions += 1;
    } else if kind.as_str() == verdict {
        tally.right += 1;
    } else {
        tally.held_back += 1;
    }
    let mut involved = vec![text("origin")];
    let victims = answer.get("victims").and_then(Value::as_array).into_iter().flatten();
    involved.extend(victims.filter_map(Value::as_str).map(str::to_owned));
    // Only streams of which nothing is left can be missed; another file may hold the same signal of the same entity.
    let streams: Vec<&str> = removed
        .iter()
        .filter(|gone| involved.contains(&gone.owner) && gone.file.starts_with("logs"))
        .map(|gone| gone.owner.as_str())
        .collect();
    if !streams.is_empty() && kind != VerdictKind::HealthyOrRecovered {
        tally.missed += 1;
        if !streams.iter().all(|owner| names(&report, owner)) {
            tally.unnamed += 1;
        }
    }
    let commit = Some(guilty.as_str()).filter(|sha| !sha.is_empty());
    let origin = text("origin");
    let right = leads_right(&report, &verdict, Some(origin.as_str()), commit).unwrap_or(false);
    Ok(Run {
        margin: report.verdict.margin,
        leader_right: right,
        wrong_conviction: wrong,
        sentence: report.verdict.sentence,
    })
}

/// Whether a gap names an entity, or the signal is missing as a whole.
fn names(report: &Report, owner: &str) -> bool {
    report.gaps.iter().any(|gap| gap.missing.contains(owner) || gap.missing.contains("no logs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty seeds are `make golden`; these few are for every run of the tests.
    #[test]
    fn with_a_third_of_the_evidence_gone_nobody_innocent_is_convicted() {
        let incidents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../incidents");
        let folders = case_folders(&incidents, "answer.json", None).unwrap();
        let measured = measure(&Arguments::once(&incidents), 3).unwrap();
        assert!(measured.score.contains(" wrong_convictions=0 "), "{}{}", measured.table, measured.score);
        assert_eq!(measured.json_lines.lines().count(), 3 * folders.len(), "{}", measured.table);
    }
}
