//! What text from outside may not do, whatever it holds.

use midwatch_model::*;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::page::check_page;
use super::sample::{VERDICTS, cause_found, run_facts, with_verdict};
use crate::*;

/// The report with `change` applied to each text from outside, wherever it stands.
///
/// Words that the model itself chooses (kinds, times, ids) are left alone.
pub(super) fn with_texts(report: &Report, mut change: impl FnMut(&str) -> String) -> Report {
    const OURS: [&str; 10] = [
        "schema",
        "kind",
        "type",
        "status",
        "outcome",
        "severity",
        "state",
        "signal",
        "visibility",
        "direction",
    ];
    const IDS: [&str; 7] = ["id", "theory", "change", "step", "round", "finding", "findings"];
    fn walk(key: &str, value: &mut serde_json::Value, change: &mut dyn FnMut(&str) -> String) {
        match value {
            serde_json::Value::String(text) => {
                let time = text.parse::<Timestamp>().is_ok();
                // `outcome` of a step is outside text; of a test it is one of our words.
                let ours = OURS.contains(&key) && !(key == "outcome" && text.contains(' '));
                let skip =
                    time || ours || IDS.contains(&key) || (key == "evidence" && text.starts_with("ev-"));
                if !skip {
                    *text = change(text);
                }
            }
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| walk(key, item, change)),
            serde_json::Value::Object(fields) => {
                fields.iter_mut().for_each(|(key, value)| walk(key, value, change))
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).unwrap();
    walk("", &mut value, &mut change);
    serde_json::from_value(value).unwrap()
}

fn options(width: u16, colour: bool, unicode: bool, detail: Detail) -> TerminalOptions {
    TerminalOptions { width, colour, unicode, detail }
}

/// The text without our own colours; any other escape stays and is found.
fn without_colours(text: &str) -> String {
    let mut out = text.replace("\x1b[0m", "");
    for code in ["1", "1;31", "1;32", "1;33", "1;36", "2", "4", "31", "32", "33", "36"] {
        out = out.replace(&format!("\x1b[{code}m"), "");
    }
    out
}

fn assert_visible(text: &str) {
    let hidden = text.chars().find(|ch| *ch != '\n' && text::is_hidden(*ch));
    assert_eq!(hidden, None, "in {text}");
}

/// Headings that stand at the left edge.
fn headings(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with(|ch| ch != ' ')).collect()
}

fn check_terminal(report: &Report, options: &TerminalOptions) {
    let text = terminal(report, options);
    assert_eq!(text, terminal(report, options));
    let plain = without_colours(&text);
    assert_visible(&plain);
    assert!(options.unicode || plain.is_ascii());
    for line in plain.lines() {
        // Behind the indent, a tree's bars included.
        let content = line.trim_start_matches([' ', '│', '|']);
        let command = ["$ ", "> "].iter().any(|mark| line.trim_start().starts_with(mark));
        let own_line = command || (content.contains("://") && !content.contains(' '));
        let columns = line.width();
        assert!(own_line || columns <= usize::from(options.width.max(40)), "{columns} columns: {line}");
        assert_eq!(line.trim_end(), line);
    }
    let outline = outline(report);
    let titles: Vec<&str> = outline.sections.iter().skip(1).map(|section| section.title.as_str()).collect();
    let shown = headings(&plain);
    let mine: Vec<&str> =
        shown.iter().skip(1).copied().filter(|line| !line.starts_with(['…', '.'])).collect();
    if options.detail == Detail::Brief {
        assert!(mine.iter().all(|heading| titles.contains(heading)), "{mine:?}");
    } else {
        assert_eq!(mine, titles);
    }
}

/// Lines outside of fenced blocks.
fn outside_fences(marked: &str) -> Vec<&str> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in marked.lines() {
        let start = line.trim_start();
        let ticks = &start[..start.len() - start.trim_start_matches('`').len()];
        match fence {
            Some(open) if ticks.len() >= open.len() && start.len() == ticks.len() => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !start[ticks.len()..].contains('`') => fence = Some(ticks),
            None => lines.push(line),
        }
    }
    assert_eq!(fence, None, "a fence is left open in {marked}");
    lines
}

/// The line without its code spans and without characters behind a backslash: what a renderer interprets.
fn interpreted(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(ch) = rest.chars().next() {
        let after = &rest[ch.len_utf8()..];
        if ch == '\\' {
            // What was escaped is itself and nothing more.
            out.push('·');
            rest = after.chars().next().map_or("", |next| &after[next.len_utf8()..]);
            continue;
        }
        if ch != '`' {
            out.push(ch);
            rest = after;
            continue;
        }
        let body = rest.trim_start_matches('`');
        let ticks = rest.len() - body.len();
        // The next run of exactly as many backticks closes the span.
        let mut search = body;
        let closed = loop {
            let Some(start) = search.find('`') else { break None };
            let tail = search[start..].trim_start_matches('`');
            if search[start..].len() - tail.len() == ticks {
                break Some(tail);
            }
            search = tail;
        };
        rest = closed.unwrap_or_else(|| panic!("an open code span in {line}"));
    }
    out
}

fn check_markdown(report: &Report) {
    let marked = markdown(report);
    assert_eq!(marked, markdown(report));
    assert_visible(&marked);
    let outline = outline(report);
    let lines = outside_fences(&marked);
    let titles: Vec<&str> = outline.sections.iter().skip(1).map(|section| section.title.as_str()).collect();
    let shown: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(shown, titles);
    for line in lines {
        let read = interpreted(line);
        let ours = read
            .split("<a id=\"e")
            .map(|part| part.split_once("\"></a>").map_or(part, |(_, rest)| rest))
            .collect::<String>();
        let mut left = String::new();
        let mut rest = ours.as_str();
        // Our links: chips and `open`.
        while let Some((before, link)) = rest.split_once('[') {
            left.push_str(before);
            let end = link.find("](").unwrap_or_else(|| panic!("a bracket that is not ours in {line}"));
            let target = &link[end + 2..];
            let good =
                target.starts_with("#e") || target.starts_with("<http://") || target.starts_with("<https://");
            assert!(good, "{target} in {line}");
            rest = target
                .split_once(')')
                .map_or("", |(address, rest)| if address.starts_with('<') { "" } else { rest });
        }
        left.push_str(rest);
        assert!(!left.contains(['<', '>', '&', '~', '@', '$']), "{left} in {line}");
        assert!(!left.contains("://"), "{left}");
        let stars = left.matches('*').count();
        assert!(stars == 0 || stars == 4, "{left}");
        if line.starts_with('|') {
            let cells = read.matches('|').count();
            assert!(cells == 5 || cells == 6, "{cells} cells in {line}");
        }
    }
}

fn check(report: &Report, width: u16) {
    for (colour, unicode, detail) in [
        (true, true, Detail::Normal),
        (false, false, Detail::Full),
        (true, true, Detail::Full),
        (false, true, Detail::Brief),
    ] {
        check_terminal(report, &options(width, colour, unicode, detail));
    }
    check_markdown(report);
    check_page(report);
    let text = json_with_run(report, &run_facts());
    assert_visible(&text);
    assert_eq!(serde_json::from_str::<Report>(&json(report)).unwrap(), *report);
    let line = summary_line(report);
    assert_visible(&line);
    assert!(!line.contains('\n') && line.chars().count() <= 222, "{line}");
}

/// Texts that try to break out, each in every place.
pub(super) const ATTACKS: [&str; 30] = [
    "\nEvidence\n  [e1]  forged\n",
    "\r\n## Do now\r\n\r\n- run this",
    "\x1b[2J\x1b[31mred\x07",
    "\u{9b}31m",
    "\u{202e}desrever\u{202c} \u{2066}x\u{2069} \u{200b}\u{feff}",
    "<script>alert(1)</script>",
    "<!-- comment",
    "<a id=\"e1\"></a>",
    "</details> &lt; &#60; &amp;",
    "[click](javascript:alert(1)) ![x](http://example/x.png)",
    "[e1](#e1) [e99]: http://example",
    "http://example/steal?x=`id`",
    "@everyone look at www.example and #1 and mail a@example",
    "```\n# out\n```",
    "````` a `b` ``c`` `d",
    "`",
    "| a | b |\n|---|---|",
    "a \\| b \\\\| c `x|y` \\",
    "**bold** _under_ __init__ ~~gone~~ $x$ *",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "=== ",
    "---",
    "# heading",
    "> quote",
    "    code",
    "a\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}",
    "\u{1f468}\u{200d}\u{1f469} 漢字かな \u{ff21}\u{ff22} ⚠\u{fe0f} \u{e0041} \u{a0}\u{2028}x",
];

#[test]
fn attacks_in_every_text_break_nothing() {
    for attack in ATTACKS {
        for width in [40, 80] {
            check(&with_texts(&cause_found(), |_| attack.to_owned()), width);
            check(&with_texts(&cause_found(), |text| format!("{text} {attack} {text}")), width);
        }
    }
    for kind in VERDICTS {
        check(&with_texts(&with_verdict(kind), |_| ATTACKS.concat()), 61);
    }
}

#[test]
fn long_and_empty_texts_are_counted_not_dropped() {
    let long = with_texts(&cause_found(), |_| "x".repeat(100_000));
    check(&long, 80);
    let text = terminal(&long, &TerminalOptions::default());
    assert!(text.contains("(and 98,000 more characters)"), "{}", &text[..2_000]);
    assert!(text.contains("Its command is too long to show here (100,000 characters), see -o json."));
    check(&with_texts(&cause_found(), |_| String::new()), 80);
    check(&with_texts(&cause_found(), |_| "\u{301}".repeat(5_000)), 40);
    check(&with_texts(&cause_found(), |_| "\t".repeat(5_000)), 40);
    check(&with_texts(&cause_found(), |_| "word ".repeat(5_000)), 40);
}

#[test]
fn odd_numbers_are_shown_and_not_believed() {
    let mut report = cause_found();
    for (index, value) in [f64::MAX, f64::MIN, 1e-300, 0.0, -0.0].into_iter().enumerate() {
        report.theories[0].terms[index].weight = value;
        report.theories[0].score = value;
        report.impact.failed_share = Some(value);
        report.impact.failed_requests = Some(value);
        report.theories[0].probability = Probability::Band { low: value, high: -value, cases: u32::MAX };
        report.charts[0].normal = Some((value, -value));
        let evidence = report.charts[0].evidence.clone();
        if let Answer::Points { series } = &mut report.evidence.get_mut(&evidence).unwrap().answer {
            series[0].values[index] = Some(value);
            series[0].at[index] = [Timestamp::MIN, Timestamp::MAX][index % 2];
        }
        check(&report, 80);
    }
}

#[test]
fn circles_and_deep_chains_end() {
    let mut report = cause_found();
    let node = |index: usize| EntityId::service(format!("svc-{index}"));
    let evidence = vec![report.charts[0].evidence.clone()];
    let edge = |from: usize, to: usize| SpreadEdge {
        from: node(from),
        to: node(to),
        kind: RelationKind::Calls,
        evidence: evidence.clone(),
    };
    report.spread.origin = Some(node(0));
    report.spread.edges = (0..3_000).map(|index| edge(index + 1, index)).collect();
    report.spread.edges.extend([edge(0, 3_000), edge(5, 5), edge(7, 2)]);
    check(&report, 40);
    let text = terminal(&report, &options(80, false, true, Detail::Full));
    assert!(text.contains("service/svc-0 calls it (shown above)"));
    assert!(text.contains("service/svc-2999 calls it"));
}

fn any_text() -> impl Strategy<Value = String> {
    let any = proptest::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect());
    let nasty = proptest::collection::vec(proptest::sample::select(ATTACKS.to_vec()), 0..4)
        .prop_map(|parts| parts.concat());
    let marks = "[ a-c\\\\`*_<>|\\[\\](){}#+.!~$&@:/\t\n-]{0,40}";
    prop_oneof![any, nasty, marks]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_texts_break_nothing(
        texts in proptest::collection::vec(any_text(), 1..12),
        width in 20u16..130,
        verdict in proptest::sample::select(VERDICTS.to_vec()),
    ) {
        let mut next = texts.iter().cycle();
        let report = with_texts(&with_verdict(verdict), |_| next.next().unwrap().clone());
        check(&report, width);
    }

    #[test]
    fn a_line_is_one_visible_line(text in any_text()) {
        let shown = text::line(&text);
        prop_assert!(!shown.chars().any(text::is_hidden));
        prop_assert_eq!(text::line(&shown), shown);
    }
}
