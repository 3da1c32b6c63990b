//! The frame of the page: head, navigation, sections in order, footer.

use std::collections::BTreeMap;

use midwatch_model::{Evidence, EvidenceId, Report, RunFacts, VerdictKind};

use super::csp::policy;
use crate::markup::{Markup, Value};
use crate::outline::{self, Outline, Section, SectionKind, VERDICT_CHIPS_MAX};
use crate::svg::{self, Mark};
use crate::{run_footer, summary_line, text};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The report as one HTML page that works offline, without scripts too, on screens from 360 px and on paper.
///
/// Words, order and chip numbers are those of [`crate::outline()`]; evidence that nothing cites follows with the next
/// numbers. Every text from outside is escaped and made visible; only `http` and `https` addresses of citations become
/// links; a Content-Security-Policy allows the page's own style and script and nothing else. Equal reports give equal
/// bytes; facts of the run stand in the footer only when `run` is given.
pub fn html(report: &Report, run: Option<&RunFacts>) -> String {
    let page = Page::new(report);
    let mut out = Markup::default();
    out.raw("<!doctype html>\n<html lang=\"en\">\n");
    page.head(&mut out);
    out.raw("<body>\n<a class=\"skip\" href=\"#verdict\">To the verdict</a>\n");
    page.bar(&mut out);
    out.raw("<div class=\"frame\">\n");
    page.navigation(&mut out);
    out.raw("<main>\n");
    for section in &page.outline.sections {
        page.section(&mut out, section);
    }
    out.raw("</main>\n</div>\n");
    page.footer(&mut out, run);
    out.raw("<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    out.finish()
}

/// What every part of the page draws from.
pub(super) struct Page<'a> {
    pub(super) report: &'a Report,
    pub(super) outline: Outline,
    /// Number of each piece of evidence, cited or not.
    pub(super) numbers: BTreeMap<EvidenceId, usize>,
    /// The day that is printed once.
    pub(super) day: String,
    /// Changes to mark in charts.
    pub(super) changes: Vec<Mark>,
}

impl<'a> Page<'a> {
    fn new(report: &'a Report) -> Page<'a> {
        let outline = outline::outline(report);
        let mut numbers: BTreeMap<EvidenceId, usize> =
            outline.chips.iter().map(|chip| (chip.evidence.clone(), chip.number)).collect();
        for id in report.evidence.keys() {
            let next = numbers.len() + 1;
            numbers.entry(id.clone()).or_insert(next);
        }
        Page { report, outline, numbers, day: outline::day(report), changes: svg::change_marks(report) }
    }

    /// Every piece of evidence with its number, in that order; `None` for one that is cited and missing.
    pub(super) fn numbered(&self) -> Vec<(usize, &EvidenceId, Option<&'a Evidence>)> {
        let mut all: Vec<_> =
            self.numbers.iter().map(|(id, number)| (*number, id, self.report.evidence.get(id))).collect();
        all.sort_by_key(|(number, ..)| *number);
        all
    }

    /// Numbers of the chips for `ids`, each once.
    pub(super) fn cited(&self, ids: &[EvidenceId]) -> Vec<usize> {
        let mut numbers: Vec<usize> = Vec::with_capacity(ids.len());
        for number in ids.iter().filter_map(|id| self.numbers.get(id)) {
            if !numbers.contains(number) {
                numbers.push(*number);
            }
        }
        numbers
    }

    fn head(&self, out: &mut Markup) {
        out.raw("<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"");
        out.text(&policy(STYLE, SCRIPT)).raw("\">\n");
        out.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.raw("<meta name=\"color-scheme\" content=\"dark light\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
        out.element("title", &[], &format!("{} · Midwatch", summary_line(self.report)));
        out.raw("\n<style>").raw(STYLE).raw("</style>\n</head>\n");
    }

    /// The line at the top: what was asked, and buttons that only scripts can serve.
    fn bar(&self, out: &mut Markup) {
        out.raw("<header class=\"bar\"><span class=\"brand\">Midwatch</span>");
        out.element("span", &[("class", "asked".into())], &text::line(&self.report.incident.title));
        out.raw("<span class=\"tools\" hidden>");
        out.raw("<button type=\"button\" id=\"unfold\" aria-pressed=\"false\">Open all</button>");
        out.raw("<button type=\"button\" id=\"theme\">Theme</button>");
        out.raw("<button type=\"button\" id=\"keys\" aria-label=\"Keys\">?</button></span></header>\n");
    }

    fn navigation(&self, out: &mut Markup) {
        out.raw("<nav aria-label=\"Parts of the report\"><ol>");
        for section in &self.outline.sections {
            let (anchor, _) = anchors(section.kind);
            let title = if section.kind == SectionKind::Verdict { "Verdict" } else { &section.title };
            out.raw("<li><a href=\"#").raw(anchor).raw("\">").text(title).raw("</a></li>");
        }
        out.raw("</ol></nav>\n");
    }

    fn section(&self, out: &mut Markup, section: &Section) {
        if section.kind == SectionKind::Verdict {
            return self.verdict(out, section);
        }
        let (anchor, heading) = anchors(section.kind);
        out.raw("<section id=\"").raw(anchor).raw("\" aria-labelledby=\"").raw(heading).raw("\">\n<h2 id=\"");
        out.raw(heading).raw("\" tabindex=\"-1\">").text(&section.title).raw("</h2>\n");
        match section.kind {
            SectionKind::DoNow => self.actions(out, section),
            SectionKind::Why => self.why(out, section),
            SectionKind::RuledOut => self.ruled_out(out, section),
            SectionKind::Competing => self.competing(out, &section.groups),
            SectionKind::Spread => self.spread(out, section),
            SectionKind::Impact => self.impact(out, section),
            SectionKind::Timeline => self.timeline(out, section),
            SectionKind::Trail => self.trail(out, section),
            SectionKind::Evidence => self.evidence(out),
            _ => self.groups(out, section),
        }
        out.raw("</section>\n");
    }

    /// The sentence, how sure we are, and whether it is over.
    fn verdict(&self, out: &mut Markup, section: &Section) {
        let tone = match self.report.verdict.kind {
            VerdictKind::CauseFound | VerdictKind::Located | VerdictKind::CausedOutside => "found",
            VerdictKind::HealthyOrRecovered => "good",
            VerdictKind::NotProven | VerdictKind::CannotTell => "open",
        };
        let (anchor, heading) = anchors(section.kind);
        out.raw("<section id=\"")
            .raw(anchor)
            .raw("\" class=\"verdict ")
            .raw(tone)
            .raw("\" aria-labelledby=\"");
        out.raw(heading).raw("\">\n<p class=\"eyebrow\"><span class=\"pill kind\">");
        out.text(&outline::capitalised(self.report.verdict.kind.title())).raw("</span>");
        let impact = &self.report.impact;
        let state = match impact.ended_at {
            Some(at) => Some(format!("ended {}", text::moment(at, &self.day))),
            None if impact.ongoing => Some("still on".to_owned()),
            None => None,
        };
        if let Some(state) = state {
            out.element(
                "span",
                &[("class", if impact.ongoing { "pill bad" } else { "pill" }.into())],
                &state,
            );
        }
        out.raw("</p>\n");
        let mut items = section.groups.iter().flat_map(|group| &group.items);
        if let Some(sentence) = items.next() {
            out.raw("<h1 id=\"").raw(heading).raw("\" tabindex=\"-1\">").text(&sentence.text).raw("</h1>\n");
            out.raw("<div class=\"grounds\">");
            self.chips_at_most(out, &sentence.chips, VERDICT_CHIPS_MAX);
            self.notes(out, &sentence.notes);
            out.raw("</div>\n");
        }
        if let Some(probability) = outline::sure(self.report) {
            out.raw("<div class=\"sure\"><strong>").text(&text::sureness(probability)).raw("</strong>");
            out.push(&svg::likelihood_bar(probability)).raw("</div>\n");
        }
        for item in items {
            out.raw("<div class=\"muted\">").text(&item.text);
            self.chips(out, &item.chips);
            out.raw("</div>\n");
        }
        out.raw("</section>\n");
    }

    fn footer(&self, out: &mut Markup, run: Option<&RunFacts>) {
        out.raw("<footer><p>Written by Midwatch from what its sources answered. Times are UTC. ");
        out.raw("The same report for programs: <code>-o json</code> (")
            .text(&text::line(&self.report.schema));
        out.raw(").</p>\n");
        if let Some(run) = run {
            out.element("p", &[("class", "run".into())], &run_footer(run)).raw("\n");
        }
        out.raw("</footer>\n");
    }
}

/// Fixed anchors of a section and of its heading.
fn anchors(kind: SectionKind) -> (&'static str, &'static str) {
    match kind {
        SectionKind::Verdict => ("verdict", "h-verdict"),
        SectionKind::DoNow => ("do-now", "h-do-now"),
        SectionKind::Why => ("why", "h-why"),
        SectionKind::Against => ("against", "h-against"),
        SectionKind::RuledOut => ("ruled-out", "h-ruled-out"),
        SectionKind::Competing => ("competing", "h-competing"),
        SectionKind::Fine => ("fine", "h-fine"),
        SectionKind::Elsewhere => ("elsewhere", "h-elsewhere"),
        SectionKind::Documents => ("documents", "h-documents"),
        SectionKind::Spread => ("spread", "h-spread"),
        SectionKind::Impact => ("impact", "h-impact"),
        SectionKind::Timeline => ("timeline", "h-timeline"),
        SectionKind::Gaps => ("gaps", "h-gaps"),
        SectionKind::Damage => ("damage", "h-damage"),
        SectionKind::Trail => ("trail", "h-trail"),
        SectionKind::Evidence => ("evidence", "h-evidence"),
    }
}

/// `Value` of a chip's address.
pub(super) fn chip_address(number: usize) -> Value {
    Value::Numbered("#e", number)
}
