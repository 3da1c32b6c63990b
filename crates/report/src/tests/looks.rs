//! What people see, as snapshots, and that every face says the same.

use std::collections::BTreeSet;

use super::sample::{VERDICTS, at, cause_found, id, run_facts, window, with_verdict};
use crate::*;
use midwatch_model::*;

fn drawn(report: &Report, width: u16, colour: bool, unicode: bool, detail: Detail) -> String {
    terminal(report, &TerminalOptions { width, colour, unicode, detail })
}

#[test]
fn a_full_report_at_three_widths() {
    let report = cause_found();
    for width in [40, 80, 120] {
        let text = drawn(&report, width, false, true, Detail::Normal);
        insta::assert_snapshot!(format!("terminal_{width}"), text);
    }
}

#[test]
fn colour_ascii_brief_and_full() {
    let report = cause_found();
    insta::assert_snapshot!(
        "terminal_80_colour",
        drawn(&report, 80, true, true, Detail::Normal).replace('\x1b', "ESC")
    );
    insta::assert_snapshot!("terminal_80_ascii", drawn(&report, 80, false, false, Detail::Normal));
    insta::assert_snapshot!("terminal_80_brief", drawn(&report, 80, false, true, Detail::Brief));
    insta::assert_snapshot!("terminal_80_full", drawn(&report, 80, false, true, Detail::Full));
    assert!(drawn(&report, 80, false, false, Detail::Full).is_ascii());
}

#[test]
fn the_other_verdicts() {
    for kind in VERDICTS.into_iter().skip(1) {
        let report = with_verdict(kind);
        let text = drawn(&report, 80, false, true, Detail::Brief);
        insta::assert_snapshot!(format!("verdict_{}", kind.as_str()), text);
    }
    insta::assert_snapshot!(
        "terminal_80_not_proven",
        drawn(&with_verdict(VerdictKind::NotProven), 80, false, true, Detail::Normal)
    );
    insta::assert_snapshot!(
        "terminal_80_cannot_tell",
        drawn(&with_verdict(VerdictKind::CannotTell), 80, false, true, Detail::Normal)
    );
}

#[test]
fn markdown_of_a_full_report() {
    insta::assert_snapshot!("markdown", markdown(&cause_found()));
}

#[test]
fn one_line_faces() {
    let lines: Vec<String> = VERDICTS.into_iter().map(|kind| summary_line(&with_verdict(kind))).collect();
    insta::assert_snapshot!("summary_lines", lines.join("\n"));
    assert_eq!(run_footer(&run_facts()), "investigation inv-1: 12 calls in 3.4 s, midwatch 0.1.0");
    let mut long = cause_found();
    long.verdict.sentence = "word ".repeat(100);
    let line = summary_line(&long);
    assert!(line.chars().count() <= 220, "{line}");
    assert!(line.ends_with("word… 70–90 % sure."), "{line}");
}

/// The chip numbers in the order they are written.
fn chips(text: &str) -> Vec<usize> {
    let numbers = text.split("[e").skip(1).filter_map(|rest| rest.split_once(']')?.0.parse().ok());
    numbers.collect()
}

#[test]
fn terminal_and_markdown_cite_alike() {
    for kind in VERDICTS {
        let report = with_verdict(kind);
        let outline = outline(&report);
        let plain = drawn(&report, 120, false, true, Detail::Full);
        let marked = markdown(&report);
        let (above_plain, list) = plain.split_once("\nEvidence\n").unwrap();
        let (above_marked, _) = marked.split_once("\n## Evidence\n").unwrap();
        assert_eq!(chips(above_plain), chips(above_marked), "{kind:?}");
        // First mentions count up from 1, and the list explains each.
        let mut seen = BTreeSet::new();
        let firsts: Vec<usize> =
            chips(above_plain).into_iter().filter(|number| seen.insert(*number)).collect();
        assert_eq!(firsts, (1..=outline.chips.len()).collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(chips(list), firsts, "{kind:?}");
        let titles: Vec<&str> =
            outline.sections.iter().skip(1).map(|section| section.title.as_str()).collect();
        let headings: Vec<&str> = marked.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let shown: Vec<&str> =
            plain.lines().skip(1).filter(|line| line.starts_with(|ch| ch != ' ')).collect();
        assert_eq!(headings, titles);
        assert_eq!(shown, titles);
    }
}

#[test]
fn every_chip_that_is_shown_is_explained_below() {
    for detail in [Detail::Normal, Detail::Full] {
        let text = drawn(&cause_found(), 80, false, true, detail);
        let (above, list) = text.split_once("\nEvidence\n").unwrap();
        let listed: BTreeSet<usize> = chips(list).into_iter().collect();
        assert_eq!(chips(above).into_iter().collect::<BTreeSet<_>>(), listed);
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let mut report = cause_found();
    let fine = report.checked_and_fine[0].clone();
    report.checked_and_fine = vec![fine; 30];
    let all: Vec<EvidenceId> = report.evidence.keys().cloned().collect();
    report.against = vec![Claim::from_evidence("all of it", &all).unwrap()];
    let text = drawn(&report, 80, false, true, Detail::Normal);
    assert!(text.contains("… and 16 more, see -o json"), "{text}");
    assert!(text.contains(&format!("and {} more, see -o json", all.len() - 6)), "{text}");
    assert!(!drawn(&report, 80, false, true, Detail::Full).contains("16 more"));
}

#[test]
fn a_cited_id_that_is_missing_is_said() {
    let mut report = cause_found();
    report.evidence.remove(&id("diff"));
    let text = drawn(&report, 80, false, true, Detail::Normal);
    assert!(text.contains(&format!("{} is cited and not in this report", id("diff"))), "{text}");
}

#[test]
fn the_sum_is_the_sum_of_what_is_shown() {
    let report = cause_found();
    let outline = outline(&report);
    let why = outline.sections.iter().find(|section| section.kind == SectionKind::Why).unwrap();
    let leads: Vec<f64> = why.groups[0].items.iter().map(|item| item.lead.parse().unwrap()).collect();
    let (sum, terms) = leads.split_last().unwrap();
    assert!((terms.iter().sum::<f64>() - sum).abs() < 0.01 * leads.len() as f64);
}

#[test]
fn a_chart_keeps_a_short_spike_and_marks_the_onset() {
    let times: Vec<Timestamp> = (0..600).map(|second| at(14, 0, second)).collect();
    let points =
        times.iter().enumerate().map(|(index, at)| (*at, Some(if index == 301 { 9.0 } else { 1.0 })));
    let view = ChartView { points: points.collect(), normal: None, onset: Some(at(14, 5, 0)) };
    let row = view.sparkline(21, true);
    assert_eq!(row.plain(), format!("{}┃█{}", "▁".repeat(10), "▁".repeat(9)));
    assert_eq!(view.sparkline(21, false).plain(), format!("{}|#{}", "_".repeat(10), "_".repeat(9)));
    let outside = ChartView { onset: Some(at(20, 0, 0)), ..view };
    assert_eq!(outside.sparkline(21, true).mark, None);
    assert_eq!(ChartView { points: Vec::new(), normal: None, onset: None }.sparkline(21, true).plain(), " ");
}

#[test]
fn numbers_as_people_read_them() {
    let shown = [0.0, -0.0, 1.0, 12.345, 1_839.6, 0.0031, 1e-7, -42.0, 2.5e12, f64::NAN].map(text::number);
    assert_eq!(shown, ["0", "0", "1", "12.3", "1,840", "0.0031", "1.00e-7", "-42", "2.50e12", "?"]);
    let small = [5e-4, -5.04e-4, 2.34e-5, 1.2e-6, 1e-6].map(text::number);
    assert_eq!(small, ["0.0005", "-0.000504", "0.0000234", "0.0000012", "0.000001"]);
    assert_eq!([3.214, -0.5, -0.001, f64::INFINITY].map(text::weight), ["+3.21", "-0.50", "+0.00", "?"]);
    let share = |value| text::per_cent(value).replace('\u{a0}', " ");
    assert_eq!([0.94, 0.999, 0.0, 2.0, f64::NAN].map(share), ["94 %", ">99 %", "<1 %", ">99 %", "? %"]);
    let band = Probability::Band { low: 0.7, high: 0.9, cases: 12 };
    assert_eq!(text::sureness(&band).replace('\u{a0}', " "), "70–90 % sure (fitted on 12 test cases)");
    let point = Probability::Point { value: 0.94, cases: 1 };
    assert_eq!(text::sureness(&point).replace('\u{a0}', " "), "94 % sure (fitted on 1 test case)");
    let unfitted = Probability::Band { low: 0.7, high: 0.9, cases: 0 };
    assert_eq!(text::sureness(&unfitted).replace('\u{a0}', " "), "70–90 % sure (not fitted yet)");
}

#[test]
fn a_range_over_midnight_has_both_dates() {
    let span = |start, end| text::span(start, end, "2026-03-04").replace('\u{a0}', " ");
    assert_eq!(span(at(14, 0, 0), at(15, 0, 0)), "14:00:00–15:00:00");
    assert_eq!(span(at(-2, 0, 0), at(-1, 0, 0)), "2026-03-03 22:00:00–23:00:00");
    assert_eq!(span(at(-2, 0, 0), at(15, 0, 0)), "2026-03-03 22:00:00 – 2026-03-04 15:00:00");
}

#[test]
fn only_a_verdict_that_names_a_cause_has_a_percentage() {
    let shows = |report: &Report| {
        let page = html(report, None);
        let text = drawn(report, 120, false, true, Detail::Full) + &markdown(report) + &summary_line(report);
        assert_eq!(text.contains("% sure"), page.contains("class=\"sure\""));
        text.replace('\u{a0}', " ").contains("% sure")
    };
    let mut sure = Vec::new();
    for kind in VERDICTS {
        let mut report = with_verdict(kind);
        report.verdict.probability = Some(Probability::Band { low: 0.6, high: 0.8, cases: 0 });
        sure.push(shows(&report));
        if kind == VerdictKind::Located {
            report.theories[0].mechanism = "n_plus_one".into();
            assert!(shows(&report), "a mechanism is named");
        }
    }
    assert_eq!(sure, [true, false, true, false, false, false]);
}

#[test]
fn only_an_alert_says_how_bad_it_is() {
    let mut report = cause_found();
    assert!(markdown(&report).contains("is high · critical · service"));
    report.incident.alerts.clear();
    assert!(markdown(&report).contains("is high · service"));
}

#[test]
fn the_verdict_line_carries_three_chips() {
    let mut report = cause_found();
    report.verdict.evidence = ["calls", "deploys", "diff", "latency", "db"].map(id).to_vec();
    let brief = drawn(&report, 160, false, true, Detail::Brief);
    assert!(brief.contains("[e1] [e2] [e3] and 2 more\n"), "{brief}");
    assert!(markdown(&report).contains("[e3](#e3) and 2 more\n"));
    assert!(drawn(&report, 160, false, true, Detail::Full).contains("[e3] [e4] [e5]\n"));
}

#[test]
fn theories_that_fell_to_one_reason_share_a_line() {
    let mut report = cause_found();
    let ruled_out = report.theories.pop().unwrap();
    let fallen = |index: usize, seen: &str| {
        let mut theory = ruled_out.clone();
        theory.id = TheoryId::of(&["fallen", &index.to_string()]);
        theory.title = format!("fault {}", if index < 16 { index / 2 * 2 } else { index });
        theory.refutations[0].seen = seen.into();
        theory
    };
    report.theories.extend((0..16).map(|index| fallen(index, "latency follows load")));
    report.theories.extend([fallen(16, "no lock waits at all"), fallen(17, "latency follows load")]);
    let text = drawn(&report, 200, false, true, Detail::Normal);
    let (_, section) = text.split_once("\nRuled out\n").unwrap();
    let (section, _) = section.split_once("\nCompeting").unwrap();
    assert_eq!(section.matches("theories ruled out because").count(), 1, "{section}");
    assert!(section.contains("16 theories ruled out because latency follows load ["), "{section}");
    assert_eq!(section.matches("fault 10 at").count(), 1, "{section}");
    assert!(section.contains("and 2 more, full list in -o json"), "{section}");
    assert!(section.contains("fault 16 at") && section.contains("fault 17 at"), "{section}");
    let page = html(&report, None);
    assert!(
        [0, 2, 10, 14].iter().all(|index| page.matches(&format!("<summary>fault {index} at")).count() == 2)
    );
}

#[test]
fn at_most_four_theories_compete_where_nothing_folds() {
    let mut report = cause_found();
    let competitor = report.theories[1].clone();
    let rival = |index: usize| Theory { title: format!("rival {index}"), ..competitor.clone() };
    report.theories = [report.theories[0].clone()].into_iter().chain((0..7).map(rival)).collect();
    let text = drawn(&report, 100, false, true, Detail::Normal);
    for face in [&text, &markdown(&report)] {
        assert!(face.contains("rival 3 at") && !face.contains("rival 4 at"), "{face}");
        assert!(face.contains("… and 3 more, see -o json"), "{face}");
    }
    assert!(text.contains("score +1.10  rival 0"), "{text}");
    assert!(text.replace('\u{a0}', " ").contains("(shares what is left: 8 %)"), "{text}");
    assert!(drawn(&report, 100, false, true, Detail::Full).contains("rival 6 at"));
    assert!(html(&report, None).contains("rival 6 at"));
    // A theory with the leader's answer takes nothing from what is left.
    report.theories[1].change = report.theories[0].change.clone();
    let same = markdown(&report);
    assert_eq!(same.matches("(blames the same change as the leading theory)").count(), 1, "{same}");
    assert_eq!(same.matches("shares what is left").count(), 3, "{same}");
    // Without a leader they are suspects: two are enough on the stairs.
    report.verdict = with_verdict(VerdictKind::NotProven).verdict;
    report.theories.remove(0);
    let brief = drawn(&report, 100, false, true, Detail::Brief);
    assert!(brief.contains("rival 1 at") && !brief.contains("rival 2 at"), "{brief}");
    assert!(!brief.contains("shares what is left"), "{brief}");
}

#[test]
fn json_reads_back_and_keeps_runs_apart() {
    let report = cause_found();
    let text = json(&report);
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    assert!(text.starts_with("{\n  \"schema\": \"midwatch.report/v1\",\n"));
    let with_run: serde_json::Value = serde_json::from_str(&json_with_run(&report, &run_facts())).unwrap();
    let mut without = with_run.clone();
    let run = without.as_object_mut().unwrap().remove("run").unwrap();
    assert_eq!(serde_json::from_value::<RunFacts>(run).unwrap(), run_facts());
    assert_eq!(without, serde_json::from_str::<serde_json::Value>(&text).unwrap());
    assert!(!text.contains("wall_ms"));
    assert_eq!(report.window, window(at(14, 0, 0), at(15, 0, 0)));
}
