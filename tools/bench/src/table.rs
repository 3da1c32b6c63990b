//! The table for people and the line for programs.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::Measured;
use crate::case::Case;
use crate::measure::peak_mib;
use crate::statistics::{BINS, brier, reliability, wilson};

/// Which counts a suite knows; the others are left out of the score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Applies {
    pub(crate) top3: bool,
    pub(crate) decoys: bool,
    pub(crate) false_convictions: bool,
    pub(crate) false_incidents: bool,
}

/// Table, JSON lines and score of `cases`.
pub(crate) fn measured(
    suite: &str,
    cases: &[Case],
    repeat: u32,
    applies: Applies,
) -> anyhow::Result<Measured> {
    let mut json_lines = String::new();
    for case in cases {
        json_lines.push_str(&serde_json::to_string(case)?);
        json_lines.push('\n');
    }
    let mut table = String::new();
    each(&mut table, cases);
    groups(&mut table, cases);
    baselines(&mut table, cases);
    calibration(&mut table, cases);
    if repeat > 1 {
        let agreed = cases.iter().filter(|case| case.agreed).count();
        let _ = writeln!(table, "\nequal reports over {repeat} runs: {}", share(agreed, cases.len()));
    }
    let cpu = mean(cases.iter().map(|case| case.cpu_seconds));
    let wall = mean(cases.iter().map(|case| case.seconds));
    let _ = writeln!(table, "\nseconds a case: {wall:.4} wall, {cpu:.4} cpu");
    Ok(Measured { json_lines, table, score: score(suite, cases, repeat, applies) })
}

fn each(out: &mut String, cases: &[Case]) {
    let columns = cases.iter().map(|case| case.case.len()).max().unwrap_or(4).max(4);
    let _ =
        writeln!(out, "{:columns$}       verdict               predicted     expected      p     ms", "case");
    for case in cases {
        let mut marks = String::new();
        for (set, mark) in [
            (case.decoy, " DECOY"),
            (case.false_conviction, " FALSE-CONVICTION"),
            (case.false_incident, " FALSE-INCIDENT"),
            (!case.agreed, " UNSTABLE"),
        ] {
            if set {
                marks.push_str(mark);
            }
        }
        let wrong: Vec<&str> =
            case.fields.iter().filter(|(_, right)| !right).map(|(field, _)| field.as_str()).collect();
        if !wrong.is_empty() {
            let _ = write!(marks, " wrong: {}", wrong.join(", "));
        }
        let _ = writeln!(
            out,
            "{:columns$}  {}  {:20}  {:12}  {:12}  {}  {:>5.1}{marks}",
            case.case,
            if case.passed { "ok " } else { "BAD" },
            case.verdict,
            cut(&case.predicted),
            cut(&case.expected),
            case.probability.map_or_else(|| "  - ".to_owned(), |p| format!("{p:.2}")),
            case.seconds * 1000.0
        );
    }
}

fn groups(out: &mut String, cases: &[Case]) {
    let mut groups: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for case in cases {
        for key in [(case.system.as_str(), case.kind.as_str()), ("all", "")] {
            let group = groups.entry(key).or_default();
            group.0 += usize::from(case.passed);
            group.1 += 1;
        }
    }
    let _ = writeln!(out, "\nsystem / kind, right of all, 95 % interval");
    for ((system, kind), (right, total)) in groups {
        let name = if kind.is_empty() { system.to_owned() } else { format!("{system} / {kind}") };
        let _ = writeln!(out, "  {name:32} {}", share(right, total));
    }
    let mut fields: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (field, right) in cases.iter().flat_map(|case| &case.fields) {
        let entry = fields.entry(field).or_default();
        entry.0 += usize::from(*right);
        entry.1 += 1;
    }
    if !fields.is_empty() {
        let _ = writeln!(out, "\nfield, right of all");
        for (field, (right, total)) in fields {
            let _ = writeln!(out, "  {field:32} {}", share(right, total));
        }
    }
}

fn baselines(out: &mut String, cases: &[Case]) {
    let mut rules: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (rule, right) in cases.iter().flat_map(|case| &case.baselines) {
        let entry = rules.entry(rule).or_default();
        entry.0 += usize::from(*right);
        entry.1 += 1;
    }
    if rules.is_empty() {
        return;
    }
    let _ = writeln!(out, "\ntrivial rules beside it");
    for (rule, (right, total)) in rules {
        let _ = writeln!(out, "  {rule:32} {}", share(right, total));
    }
}

fn calibration(out: &mut String, cases: &[Case]) {
    let pairs: Vec<(f64, bool)> =
        cases.iter().filter_map(|case| Some((case.probability?, case.passed))).collect();
    let Some(score) = brier(&pairs) else { return };
    let _ = writeln!(out, "\ncalibration over {} cases: Brier {score:.4}", pairs.len());
    for (index, bin) in reliability(&pairs).into_iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let width = 1.0 / BINS as f64;
        let _ = writeln!(
            out,
            "  said {:.1} to {:.1}: mean {:.2}, right {}",
            index as f64 * width,
            (index + 1) as f64 * width,
            bin.sum / bin.count as f64,
            share(bin.right, bin.count)
        );
    }
}

fn score(suite: &str, cases: &[Case], repeat: u32, applies: Applies) -> String {
    let count = |of: fn(&Case) -> bool| cases.iter().filter(|case| of(case)).count();
    let mut line = format!("score: suite={suite} cases={} passed={}", cases.len(), count(|case| case.passed));
    if applies.top3 {
        let _ = write!(line, " top3={}", count(|case| case.top3 == Some(true)));
    }
    if applies.decoys {
        let _ = write!(line, " decoys={}", count(|case| case.decoy));
    }
    if applies.false_convictions {
        let _ = write!(line, " false_convictions={}", count(|case| case.false_conviction));
    }
    if applies.false_incidents {
        let _ = write!(line, " false_incidents={}", count(|case| case.false_incident));
    }
    let _ = write!(line, " abstained={}", count(|case| case.abstained));
    if repeat > 1 {
        let _ =
            write!(line, " agreement={:.4}", count(|case| case.agreed) as f64 / cases.len().max(1) as f64);
    }
    let _ = write!(line, " seconds_per_case={:.4}", mean(cases.iter().map(|case| case.seconds)));
    if let Some(mib) = peak_mib() {
        let _ = write!(line, " peak_mib={mib}");
    }
    line
}

/// `9 of 12 (75 %, 47 to 91)`.
pub(crate) fn share(right: usize, total: usize) -> String {
    let (low, high) = wilson(right, total);
    let percent = 100.0 * right as f64 / total.max(1) as f64;
    format!("{right} of {total} ({percent:.0} %, {:.0} to {:.0})", low * 100.0, high * 100.0)
}

fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1);
    values.sum::<f64>() / count as f64
}

fn cut(text: &str) -> String {
    text.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, passed: bool) -> Case {
        Case {
            case: id.into(),
            system: "shop".into(),
            kind: "commit".into(),
            passed,
            agreed: true,
            ..Case::default()
        }
    }

    #[test]
    fn the_score_holds_what_applies() {
        let mut wrong = case("b", false);
        (wrong.decoy, wrong.abstained) = (true, false);
        let cases = [case("a", true), wrong];
        let applies = Applies { decoys: true, ..Applies::default() };
        let measured = measured("demo", &cases, 2, applies).unwrap();
        assert!(
            measured.score.starts_with(
                "score: suite=demo cases=2 passed=1 decoys=1 abstained=0 agreement=1.0000 seconds_per_case=0.0000"
            ),
            "{}",
            measured.score
        );
        assert!(!measured.score.contains("false_incidents"));
        assert!(measured.table.contains("DECOY") && measured.table.contains("1 of 2 (50 %"));
        assert_eq!(measured.json_lines.lines().count(), 2);
    }
}
