//! Why we think so, what was ruled out and what still competes.

use midwatch_model::{Refutation, Report, Term, TestOutcome, Theory, TheoryStatus};

use super::list::{field, left_out};
use super::page::Page;
use crate::markup::Markup;
use crate::outline::{self, Group, Section, Tone};
use crate::svg;
use crate::text;

/// Queries named under one test; more are counted.
const QUERIES_MAX: usize = 2;
/// Theories written in one list; more are counted.
const THEORIES_MAX: usize = 60;

impl Page<'_> {
    /// Terms and tests of the leader, else the suspects; then the charts.
    pub(super) fn why(&self, out: &mut Markup, section: &Section) {
        for group in &section.groups {
            match group.title.as_deref() {
                Some(outline::PICTURES) => {
                    out.element("h3", &[], outline::PICTURES).raw("\n");
                    self.pictures(out);
                }
                Some(outline::SUSPECTS) => {
                    out.element("h3", &[], outline::SUSPECTS).raw("\n");
                    self.competing(out, std::slice::from_ref(group));
                }
                Some(outline::TESTS) => {
                    out.element("h3", &[], outline::TESTS).raw("\n");
                    if let Some(leader) = outline::leader(self.report) {
                        self.tests(out, leader.refutations.iter());
                    }
                }
                Some(headline) => {
                    out.element("h3", &[("class", "headline".into())], headline).raw("\n");
                    if let Some(leader) = outline::leader(self.report) {
                        self.terms(out, leader);
                    }
                }
                None => self.group(out, group),
            }
        }
    }

    /// Every term with its bar, strongest first, and the sum.
    fn terms(&self, out: &mut Markup, theory: &Theory) {
        let mut terms: Vec<&Term> = theory.terms.iter().collect();
        terms.sort_by(|left, right| right.weight.abs().total_cmp(&left.weight.abs()));
        let weight_max = terms.first().map_or(0.0, |term| term.weight.abs());
        out.raw("<ul class=\"terms\">\n");
        for term in terms {
            out.raw(if term.weight < 0.0 { "<li class=\"bad\">" } else { "<li class=\"good\">" });
            out.element("span", &[("class", "lead".into())], &text::weight(term.weight));
            out.push(&svg::weight_bar(term.weight, weight_max));
            out.element("span", &[("class", "label".into())], outline::term_word(term.kind));
            out.raw("<span class=\"what\">").text(&text::line(&term.text));
            self.chips(out, &self.cited(&term.evidence));
            out.raw("</span></li>\n");
        }
        out.raw("<li class=\"sum\">").element(
            "span",
            &[("class", "lead".into())],
            &text::weight(theory.score),
        );
        out.raw("<span></span><span class=\"label\">sum</span><span class=\"what\">score of this theory</span></li>\n");
        out.raw("</ul>\n");
    }

    /// Tests with what would refute the theory, what was seen, and the queries that saw it.
    fn tests<'t>(&self, out: &mut Markup, tests: impl Iterator<Item = &'t Refutation>) {
        out.raw("<ul class=\"tests\">\n");
        for test in tests {
            let (word, class) = match test.outcome {
                TestOutcome::Survived => ("survived", "pill good"),
                TestOutcome::Refuted => ("refuted", "pill bad"),
                TestOutcome::NotRun => ("not decided", "pill"),
            };
            out.raw("<li><div class=\"name\">").element("span", &[("class", class.into())], word).raw(" ");
            out.element("strong", &[], &text::line(&test.test));
            self.chips(out, &self.cited(&test.evidence));
            out.raw("</div>");
            field(out, "would refute it", &text::line(&test.would_refute));
            field(out, "seen", &text::line(&test.seen));
            let queries = queries(self.report, test);
            for query in queries.iter().take(QUERIES_MAX) {
                field(out, "query", query);
            }
            if queries.len() > QUERIES_MAX {
                let more = format!("and {} more, see its evidence", queries.len() - QUERIES_MAX);
                field(out, "queries", &more);
            }
            out.raw("</li>\n");
        }
        out.raw("</ul>\n");
    }

    /// Theories a test refuted, that test first; the others and the terms are folded.
    pub(super) fn ruled_out(&self, out: &mut Markup, section: &Section) {
        let alike = outline::ruled_out_alike(self.report);
        let items: Vec<_> = section.groups.iter().flat_map(|group| &group.items).collect();
        for (item, theories) in items.iter().zip(&alike).take(THEORIES_MAX) {
            let Some(first) = theories.first() else { continue };
            out.raw("<article class=\"theory\">").element("h3", &[], &item.text);
            if first.refutations.iter().any(refuted) {
                self.tests(out, first.refutations.iter().filter(|test| refuted(test)));
            } else {
                out.raw("<p class=\"muted\">No test is on record that refuted it.</p>");
            }
            if theories.len() == 1 {
                self.beside_the_refutation(out, first);
            } else {
                for theory in theories.iter().take(THEORIES_MAX) {
                    out.raw("<details class=\"theory\"><summary>");
                    out.text(&outline::headline(self.report, theory)).raw("</summary>\n");
                    self.beside_the_refutation(out, theory);
                    out.raw("</details>\n");
                }
                left_out(out, theories.len().saturating_sub(THEORIES_MAX));
            }
            out.raw("</article>\n");
        }
        left_out(out, items.len().saturating_sub(THEORIES_MAX));
    }

    /// The tests that did not refute a theory and its terms, folded.
    fn beside_the_refutation(&self, out: &mut Markup, theory: &Theory) {
        let others = theory.refutations.iter().filter(|test| !refuted(test)).count();
        if others > 0 {
            let words = text::counted(others as u64, "other test", "other tests");
            out.raw("<details><summary>").text(&words).raw(" that did not refute it</summary>\n");
            self.tests(out, theory.refutations.iter().filter(|test| !refuted(test)));
            out.raw("</details>");
        }
        self.folded_terms(out, theory);
    }

    /// Theories still possible, likeliest first, each folded to one line.
    pub(super) fn competing(&self, out: &mut Markup, groups: &[Group]) {
        let leader = outline::leader(self.report).map(|theory| &theory.id);
        let possible = self
            .report
            .theories
            .iter()
            .filter(|theory| theory.status != TheoryStatus::RuledOut && Some(&theory.id) != leader);
        let items: Vec<_> = groups.iter().flat_map(|group| &group.items).collect();
        for (item, theory) in items.iter().zip(possible).take(THEORIES_MAX) {
            debug_assert_ne!(item.tone, Tone::Muted);
            out.raw("<details class=\"theory\"><summary>");
            out.element("span", &[("class", "lead".into())], &item.lead).raw(" ");
            out.element("span", &[("class", "what".into())], &item.text);
            if !item.aside.is_empty() {
                out.raw(" ").element("span", &[("class", "muted".into())], &format!("({})", item.aside));
            }
            out.raw("</summary>\n");
            self.terms(out, theory);
            if !theory.refutations.is_empty() {
                self.tests(out, theory.refutations.iter());
            }
            out.raw("</details>\n");
        }
        left_out(out, items.len().saturating_sub(THEORIES_MAX));
    }

    fn folded_terms(&self, out: &mut Markup, theory: &Theory) {
        if theory.terms.is_empty() {
            return;
        }
        let words = text::counted(theory.terms.len() as u64, "term", "terms");
        out.raw("<details><summary>").text(&words).raw(", score ").text(&text::weight(theory.score));
        out.raw("</summary>\n");
        self.terms(out, theory);
        out.raw("</details>");
    }
}

fn refuted(test: &Refutation) -> bool {
    test.outcome == TestOutcome::Refuted
}

/// Queries behind a test, each once, with its source.
fn queries(report: &Report, test: &Refutation) -> Vec<String> {
    let mut queries: Vec<String> = Vec::new();
    for evidence in test.evidence.iter().filter_map(|id| report.evidence.get(id)) {
        let citation = &evidence.citation;
        let query = format!("{}: {}", text::line(&citation.source), text::line(&citation.query));
        if !queries.contains(&query) {
            queries.push(query);
        }
    }
    queries
}
