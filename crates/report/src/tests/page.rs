//! The page, read as a browser's tokenizer reads it: what it holds, and what text from outside may not become.

use std::collections::BTreeSet;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};
use midwatch_model::*;

use super::hostile::{ATTACKS, with_texts};
use super::sample::{VERDICTS, at, cause_found, id, run_facts, with_verdict};
use crate::*;

const STYLE: &str = include_str!("../html/page.css");
const SCRIPT: &str = include_str!("../html/page.js");

/// Elements the page is made of; `a`, `button` and `summary` are the only ones that do anything.
const ELEMENTS: &str = "html head meta title style script body a header nav main section footer div span p h1 h2 h3 ul \
    ol li dl dt dd strong code pre article details summary figure figcaption table thead tbody tr th td button svg g \
    desc rect line path circle text";
/// Attributes that hold words of ours, numbers or nothing.
const ATTRIBUTES: &str = "lang charset content http-equiv name class id href rel target role tabindex hidden type scope \
    aria-label aria-labelledby aria-hidden aria-pressed width height x y x1 x2 y1 y2 dx rx r d viewBox \
    preserveAspectRatio text-anchor";

/// What a browser would make of a page.
#[derive(Debug, Default)]
struct Read {
    /// Text that is shown, one piece per line.
    text: String,
    /// Addresses of links.
    links: Vec<String>,
    ids: Vec<String>,
    /// Names of headings in order.
    headings: Vec<String>,
    scripts: String,
    styles: String,
    policy: String,
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Reads a page and fails on anything that is not ours: unknown elements and attributes, comments, parse errors, tags
/// that are left open.
fn read(page: &str) -> Read {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut open: Vec<String> = Vec::new();
    let mut read = Read::default();
    for (index, token) in Tokenizer::new_with_emitter(page, emitter).enumerate() {
        match token.unwrap() {
            Token::Doctype(doctype) => assert_eq!((index, text_of(&doctype.name)), (0, "html".into())),
            Token::StartTag(tag) => {
                let name = text_of(&tag.name);
                assert!(ELEMENTS.split_whitespace().any(|ours| ours == name), "<{name}>");
                for (key, value) in &tag.attributes {
                    attribute(&mut read, &name, &text_of(key), &text_of(&value.value));
                }
                if name.starts_with('h') && name.len() == 2 {
                    read.headings.push(name.clone());
                }
                if !tag.self_closing && name != "meta" {
                    open.push(name);
                }
            }
            Token::EndTag(tag) => assert_eq!(open.pop(), Some(text_of(&tag.name))),
            Token::String(text) => match open.last().map(String::as_str) {
                Some("script") => read.scripts.push_str(&text_of(&text)),
                Some("style") => read.styles.push_str(&text_of(&text)),
                _ => {
                    read.text.push_str(&text_of(&text));
                    read.text.push('\u{1}');
                }
            },
            Token::Comment(comment) => panic!("comment {comment:?}"),
            Token::Error(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(open, Vec::<String>::new());
    read
}

fn attribute(read: &mut Read, element: &str, key: &str, value: &str) {
    let known = ATTRIBUTES.split_whitespace().any(|ours| ours.eq_ignore_ascii_case(key));
    assert!(known, "{key}={value:?} on <{element}>");
    match key {
        "href" => read.links.push(value.to_owned()),
        "id" => read.ids.push(value.to_owned()),
        "content" if value.contains("default-src") => value.clone_into(&mut read.policy),
        "content" | "aria-label" => {}
        _ => {
            let plain = |ch: char| ch.is_ascii_alphanumeric() || " .-#%/_".contains(ch);
            assert!(value.chars().all(plain), "{key}={value:?} on <{element}>");
        }
    }
}

/// Fails unless the page of `report` is ours alone, whatever texts the report holds.
pub(super) fn check_page(report: &Report) {
    let page = html(report, Some(&run_facts()));
    assert_eq!(page, html(report, Some(&run_facts())));
    let read = read(&page);
    assert_eq!((read.scripts.as_str(), read.styles.as_str()), (SCRIPT, STYLE));
    assert!(read.policy.starts_with("default-src 'none'; style-src 'sha256-"), "{}", read.policy);
    assert!(!read.policy.contains("unsafe"));
    let hidden = read.text.chars().find(|ch| !matches!(ch, '\n' | '\u{1}') && text::is_hidden(*ch));
    assert_eq!(hidden, None);
    let ids: BTreeSet<&str> = read.ids.iter().map(String::as_str).collect();
    assert_eq!(ids.len(), read.ids.len(), "an id stands twice");
    for link in &read.links {
        let good = match link.strip_prefix('#') {
            Some(anchor) => ids.contains(anchor),
            None => {
                let web = link.starts_with("http://") || link.starts_with("https://");
                web && !link.contains(['"', '<', '>', ' ', '\\', '\u{7f}']) && link.is_ascii()
            }
        };
        assert!(good, "{link}");
    }
    assert_eq!(read.headings.iter().filter(|name| *name == "h1").count(), 1);
    let mut level = 0;
    for heading in &read.headings {
        let next: u32 = heading[1..].parse().unwrap();
        assert!(next <= level + 1, "h{level} is followed by {heading}");
        level = next;
    }
    // The verdict is a text from outside too: it stands there, word for word.
    assert!(read.text.contains(&text::line(&report.verdict.sentence)));
}

/// The words of a page, one line per block.
fn words(page: &str) -> String {
    let text = read(page).text.replace('\u{1}', " ");
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The page without style sheet, script and policy, which have tests of their own.
fn without_fixed_parts(page: &str) -> String {
    let policy = read(page).policy.replace('\'', "&#39;");
    page.replace(STYLE, "…").replace(SCRIPT, "…").replace(&policy, "…")
}

#[test]
fn a_page_for_each_verdict_is_well_formed() {
    for kind in VERDICTS {
        check_page(&with_verdict(kind));
    }
    insta::assert_snapshot!(
        "page_cannot_tell",
        without_fixed_parts(&html(&with_verdict(VerdictKind::CannotTell), None))
    );
    insta::assert_snapshot!("page_words", words(&html(&cause_found(), None)));
}

#[test]
fn attacks_in_every_text_stay_text() {
    for attack in ATTACKS {
        let report = with_texts(&cause_found(), |text| format!("{text} {attack}"));
        check_page(&report);
        let shown = read(&html(&report, None)).text;
        // Each text that the outline shows is there, with the attack as it was written.
        let outline = outline(&report);
        let items =
            outline.sections.iter().flat_map(|section| &section.groups).flat_map(|group| &group.items);
        // A test's parts stand in separate places.
        let whole = |item: &&Item| item.notes.is_empty() && !item.text.contains(" · would refute it: ");
        let sentences: Vec<&str> = items.filter(whole).map(|item| item.text.as_str()).collect();
        assert!(sentences.len() > 20);
        for sentence in sentences {
            assert!(shown.contains(sentence), "{sentence}");
        }
    }
}

#[test]
fn the_page_says_what_the_other_faces_say() {
    for kind in VERDICTS {
        let report = with_verdict(kind);
        let outline = outline(&report);
        let read = read(&html(&report, None));
        for section in &outline.sections {
            for item in section.groups.iter().flat_map(|group| &group.items) {
                // A chart's title and its words stand in separate places, and evidence has a panel of its own.
                let apart = item.notes.iter().any(|note| matches!(note, Note::Chart(_)));
                if !apart && !matches!(section.kind, SectionKind::Why | SectionKind::Evidence) {
                    assert!(read.text.contains(&item.text), "{}", item.text);
                }
            }
        }
        let panels: Vec<String> = (1..=report.evidence.len()).map(|number| format!("e{number}")).collect();
        let shown: Vec<&String> = read.ids.iter().filter(|id| panels.contains(id)).collect();
        assert_eq!(shown, panels.iter().collect::<Vec<_>>());
        for chip in &outline.chips {
            assert!(read.links.contains(&format!("#e{}", chip.number)), "{kind:?} {chip:?}");
        }
    }
}

#[test]
fn facts_of_the_run_stand_there_only_when_asked() {
    let report = cause_found();
    let (plain, with_run) = (html(&report, None), html(&report, Some(&run_facts())));
    assert!(!plain.contains("inv-1") && with_run.contains("investigation inv-1: 12 calls in 3.4 s"));
    let (left, right) = with_run.split_once("<p class=\"run\">").unwrap();
    assert_eq!(format!("{left}{}", right.split_once("</p>\n").unwrap().1), plain);
}

#[test]
fn every_test_of_a_theory_is_told_with_its_query() {
    let read = read(&html(&cause_found(), None)).text;
    for words in [
        "no session waits for a lock",
        "no lock waits at all",
        "metrics-main: lock_waits{database=\"db-a\"}",
        // Another test of the theory that was ruled out.
        "the processor is idle",
        "metrics-main: cpu{database=\"db-a\"}",
        "latency stays high after a rollback",
    ] {
        assert!(read.contains(words), "{words}");
    }
}

#[test]
fn what_is_cut_is_said() {
    let mut report = cause_found();
    let long: String = (0..900).map(|line| format!("line {line}\n")).collect();
    report.evidence.get_mut(&id("diff")).unwrap().answer = Answer::Text { text: long };
    let logs: Vec<LogLine> = (0..900)
        .map(|line| LogLine { at: None, text: format!("message {line}"), fields: Default::default() })
        .collect();
    report.evidence.get_mut(&id("slow-logs")).unwrap().answer = Answer::Logs { lines: logs, total: 9_000 };
    report.evidence.get_mut(&id("deploys")).unwrap().answer = Answer::Rows {
        columns: vec!["version".into()],
        rows: (0..900).map(|row| (0..50).map(|cell| format!("{row}.{cell}")).collect()).collect(),
        total: 900,
    };
    let fine = report.checked_and_fine[0].clone();
    report.checked_and_fine = vec![fine; 600];
    check_page(&report);
    let read = read(&html(&report, None)).text;
    for words in [
        "… and 600 more lines, see -o json",
        "… and 600 more, see -o json",
        "900 of 9,000 lines were kept",
        "the source returns at most 5 lines of a sample",
        "and 10 more cells",
        "… and 86 more, see -o json",
    ] {
        assert!(read.contains(words), "{words}");
    }
    assert!(read.contains("line 299\n") || read.contains("line 299"), "the last line that is kept");
    assert!(!read.contains("line 300") && !read.contains("message 300"));
}

#[test]
fn only_web_addresses_are_links() {
    let mut report = cause_found();
    let targets =
        ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil.example", "file:///x"];
    for (evidence, target) in report.evidence.values_mut().zip(targets.iter().cycle()) {
        evidence.citation.link = Some((*target).to_owned());
    }
    let links = read(&html(&report, None)).links;
    assert!(links.iter().all(|link| link.starts_with('#')), "{links:?}");
    let read = read(&html(&cause_found(), None));
    let web: Vec<&String> = read.links.iter().filter(|link| !link.starts_with('#')).collect();
    assert_eq!(
        web,
        ["https://metrics.example/explore?query=p99(latency_ms)&from=1772632800&to=1772636400&panel=svc-b"]
    );
}

#[test]
fn symptom_and_cause_share_one_axis_where_both_have_points() {
    let mut report = cause_found();
    let overlay = "Symptom and cause on one time axis";
    assert!(html(&report, None).contains(overlay));
    report.charts[1].series = "another".into();
    assert!(!html(&report, None).contains(overlay), "the cause has no points");
    // Moments outside the window are counted at the ends of the axis.
    report.timeline[0].at = at(-30, 0, 0);
    assert!(read(&html(&report, None)).text.contains("‹ earlier: 1"));
}

#[test]
fn marks_without_room_and_files_that_were_not_read_are_said() {
    let mut report = cause_found();
    report.damage[0] = Damage { file: "metrics.csv".into(), line: None, rows: 1, reason: "no times".into() };
    let before = read(&html(&report, None)).text;
    assert!(before.contains("metrics.csv: the file, or the rest of it, was not read: no times"));
    assert!(!before.contains("at most, of"), "everything has room");
    let one = report.timeline.iter().find(|event| event.kind == TimelineKind::Change).unwrap().clone();
    report.timeline.extend(
        (0..250).map(|minute| TimelineEvent { at: at(10 + minute / 60, minute % 60, 0), ..one.clone() }),
    );
    let after = read(&html(&report, None)).text;
    assert!(after.contains("Each chart marks 40 moments at most, of 25"), "{after}");
    assert!(after.contains("A lane shows 200 moments at most, of 25"));
}
