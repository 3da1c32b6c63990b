//! Hostile text in every field of a snapshot, followed into every form of the report.

// Helpers of tests count as tests, which clippy does not see in a folder like this.
#![allow(clippy::unwrap_used, clippy::panic)]

mod fields;
mod forms;
mod snapshot;

use std::collections::{BTreeMap, BTreeSet};

use midwatch_app::{
    Asked, Progress, RecordTo, Watcher, Work, check_snapshot, mechanisms, opening, run, snapshot_sources,
};
use midwatch_model::{Report, VerdictKind};
use midwatch_report::{Detail, TerminalOptions, html, json, markdown, summary_line, terminal, text};

struct Deaf;

impl Watcher for Deaf {
    fn saw(&self, _progress: Progress) {}
}

struct Seen {
    report: Report,
    /// Every field by its mark.
    marks: BTreeMap<String, &'static str>,
    /// Every form by its name.
    forms: BTreeMap<&'static str, String>,
}

fn look() -> Seen {
    let directory = tempfile::tempdir().unwrap();
    let marks = snapshot::write(directory.path()).unwrap().all();
    check_snapshot(directory.path()).unwrap();
    let sources = snapshot_sources(directory.path()).unwrap();
    let opening = opening(&sources, &Asked::default()).unwrap();
    let work = Work { opening, sources, mechanisms: mechanisms(None).unwrap() };
    let report = run(&work, &RecordTo::Nowhere, &Deaf).unwrap().report;
    let options = |width, unicode| TerminalOptions { width, colour: unicode, unicode, detail: Detail::Full };
    let forms = BTreeMap::from([
        ("terminal", terminal(&report, &options(100, true))),
        ("narrow terminal without Unicode", terminal(&report, &options(40, false))),
        ("Markdown", markdown(&report)),
        ("page", html(&report, None)),
        ("JSON", json(&report)),
    ]);
    Seen { report, marks, forms }
}

#[test]
fn the_incident_is_diagnosed_all_the_same() {
    let report = look().report;
    assert_eq!(report.verdict.kind, VerdictKind::CauseFound);
    assert!(report.spread.origin.as_ref().is_some_and(|origin| origin.name.starts_with("svc-mid")));
    assert!(report.verdict.sentence.contains("clients.svc-back.timeout"), "{}", report.verdict.sentence);
}

#[test]
fn no_field_breaks_out_of_any_form() {
    let Seen { report, forms, .. } = look();
    forms::assert_terminal(&report, &forms["terminal"]);
    forms::assert_terminal(&report, &forms["narrow terminal without Unicode"]);
    assert!(forms["narrow terminal without Unicode"].is_ascii());
    forms::assert_markdown(&report, &forms["Markdown"]);
    forms::assert_page(&forms["page"]);
    forms::assert_json(&report, &forms["JSON"]);
    assert!(!summary_line(&report).chars().any(text::is_hidden));
}

#[test]
fn every_field_is_shown_somewhere_or_known_never_to_be() {
    let Seen { marks, forms, .. } = look();
    let shown = |mark: &str| forms.values().any(|form| form.contains(mark));
    let hidden: BTreeSet<&str> =
        marks.iter().filter(|(mark, _)| !shown(mark)).map(|(_, field)| *field).collect();
    let known: BTreeSet<&str> = fields::NEVER_SHOWN.iter().map(|(field, _)| *field).collect();
    assert_eq!(hidden, known, "fields that are not shown, and the table of those that never are");
    assert!(marks.len() > 90, "{} fields", marks.len());
    // The check above is worth something only if much is shown in every form.
    let everywhere = marks.keys().filter(|mark| forms.values().all(|form| form.contains(mark.as_str())));
    assert!(everywhere.count() >= 40);
}
