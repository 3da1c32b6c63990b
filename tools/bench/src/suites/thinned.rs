//! Golden incidents with a random third of their evidence removed: nobody innocent may be convicted, and the gaps must name
//! what is missing of those involved.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use midwatch_model::VerdictKind;
use serde_json::Value;

use super::incidents::leads_right;
use crate::case::{case_folders, investigate};
use crate::inventory::{Inventory, Loss};
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
    /// What was removed, by sort.
    gone: BTreeMap<&'static str, Named>,
}

/// Of what was removed, how much could be known to be gone, and how much of that the gaps name.
#[derive(Debug, Default, Clone, Copy)]
struct Named {
    gone: u32,
    knowable: u32,
    named: u32,
    /// Named though the rule holds it for unknowable.
    beyond: u32,
}

impl Named {
    fn count(&mut self, loss: &Loss) {
        self.gone += 1;
        self.knowable += u32::from(loss.knowable);
        self.named += u32::from(loss.knowable && loss.named);
        self.beyond += u32::from(!loss.knowable && loss.named);
    }

    fn add(&mut self, other: Named) {
        self.gone += other.gone;
        self.knowable += other.knowable;
        self.named += other.named;
        self.beyond += other.beyond;
    }
}

/// One investigation with a third of the evidence gone.
struct Run {
    margin: Option<f64>,
    leader_right: bool,
    wrong_conviction: bool,
    sentence: String,
    /// What could be known to be gone and no gap names.
    unnamed: Vec<String>,
}

pub(crate) fn measure(arguments: &Arguments, seeds: u32) -> Result<Measured> {
    let top = &arguments.directory;
    let mut table = format!(
        "{:<8} {:>5} {:>6} {:>6} {:>9} {:>6} {:>9} {:>7}\n",
        "case", "runs", "right", "held", "convicted", "gone", "knowable", "named"
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
                "unnamed": run.unnamed,
            });
            let _ = writeln!(json_lines, "{line}");
        }
        let mut gone = Named::default();
        for (sort, named) in &tally.gone {
            gone.add(*named);
            all.gone.entry(sort).or_default().add(*named);
        }
        let Tally { runs, right, wrong_convictions, held_back, .. } = &tally;
        let _ = writeln!(
            table,
            "{name:<8} {runs:>5} {right:>6} {held_back:>6} {wrong_convictions:>9} {:>6} {:>9} {:>7}",
            gone.gone, gone.knowable, gone.named
        );
        all.runs += runs;
        all.right += right;
        all.wrong_convictions += wrong_convictions;
        all.held_back += held_back;
    }
    let mut gone = Named::default();
    let _ = writeln!(
        table,
        "\n{:<12} {:>6} {:>13} {:>9} {:>6} {:>13}",
        "removed", "gone", "not knowable", "knowable", "named", "named anyway"
    );
    for (sort, named) in &all.gone {
        gone.add(*named);
        let Named { gone, knowable, named, beyond } = named;
        let _ = writeln!(
            table,
            "{sort:<12} {gone:>6} {:>13} {knowable:>9} {named:>6} {beyond:>13}",
            gone - knowable
        );
    }
    let score = format!(
        "score: suite=incidents thinned_seeds={seeds} runs={} right={} held_back={} wrong_convictions={} gone={} \
         knowable={} named={}",
        all.runs, all.right, all.held_back, all.wrong_convictions, gone.gone, gone.knowable, gone.named
    );
    Ok(Measured { json_lines, table, score })
}

fn one(folder: &Path, seed: u64, arguments: &Arguments, tally: &mut Tally) -> Result<Run> {
    let answer: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("answer.json"))?)?;
    let whole = folder.join("snapshot");
    let copy = copied(&whole)?;
    thin::apply(copy.path(), seed)?;
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
    let mut unnamed = Vec::new();
    for loss in Inventory::of(&whole)?.losses(&Inventory::of(copy.path())?, &report) {
        if loss.knowable && !loss.named {
            unnamed.push(format!("{} {:?}", loss.sort, loss.gone));
        }
        tally.gone.entry(loss.sort).or_default().count(&loss);
    }
    let commit = Some(guilty.as_str()).filter(|sha| !sha.is_empty());
    let origin = text("origin");
    let right = leads_right(&report, &verdict, Some(origin.as_str()), commit).unwrap_or(false);
    Ok(Run {
        margin: report.verdict.margin,
        leader_right: right,
        wrong_conviction: wrong,
        sentence: report.verdict.sentence,
        unnamed,
    })
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
