//! Why we think so, what was ruled out and what still competes.

use midwatch_model::{Refutation, Term, TermKind, TestOutcome, Theory, TheoryStatus, VerdictKind};

use super::build::{Builder, section};
use super::types::{Group, Item, Note, Section, SectionKind, Tone};
use crate::{chart, text};

/// Sub-heading of the leader's tests.
pub(crate) const TESTS: &str = "Tests that could have refuted it";
/// Sub-heading of the theories that stand where no theory leads.
pub(crate) const SUSPECTS: &str = "Suspects";
/// Sub-heading of the charts.
pub(crate) const PICTURES: &str = "In pictures";

impl<'a> Builder<'a> {
    /// Terms, their sum, tests and charts of the leading theory.
    pub(super) fn why(&mut self) -> Section {
        let mut groups = Vec::new();
        match self.leader {
            Some(leader) => {
                groups.push(self.terms(leader));
                let mut items = Vec::with_capacity(leader.refutations.len());
                for test in &leader.refutations {
                    items.push(self.test(test));
                }
                groups.push(Group { title: Some(TESTS.into()), items });
            }
            None => {
                groups.push(self.without_leader());
                groups.push(Group { title: Some(SUSPECTS.into()), items: self.possible() });
            }
        }
        groups.push(self.charts());
        Section { kind: SectionKind::Why, title: "Why we think so".into(), groups }
    }

    fn terms(&mut self, leader: &'a Theory) -> Group {
        let mut title = self.headline(leader);
        if self.report.verdict.probability.as_ref() != Some(&leader.probability) {
            title.push_str(&format!(" · {}", text::sureness(&leader.probability)));
        }
        let mut terms: Vec<&'a Term> = leader.terms.iter().collect();
        terms.sort_by(|left, right| right.weight.abs().total_cmp(&left.weight.abs()));
        let mut items = Vec::with_capacity(terms.len() + 1);
        for term in terms {
            items.push(self.term(term));
        }
        items.push(Item {
            lead: text::weight(leader.score),
            label: "sum".into(),
            text: "score of this theory".into(),
            tone: Tone::Strong,
            ..Item::default()
        });
        Group { title: Some(title), items }
    }

    fn term(&mut self, term: &'a Term) -> Item {
        Item {
            lead: text::weight(term.weight),
            label: term_word(term.kind).into(),
            text: term_text(term),
            tone: if term.weight < 0.0 { Tone::Bad } else { Tone::Good },
            chips: self.cite(&term.evidence),
            ..Item::default()
        }
    }

    fn test(&mut self, test: &'a Refutation) -> Item {
        let (label, tone) = match test.outcome {
            TestOutcome::Survived => ("survived", Tone::Good),
            TestOutcome::Refuted => ("refuted", Tone::Bad),
            TestOutcome::NotRun => ("not run", Tone::Muted),
        };
        let chips = self.cite(&test.evidence);
        Item { label: label.into(), text: test_text(test), tone, chips, ..Item::default() }
    }

    fn without_leader(&self) -> Group {
        let possible = self.report.theories.iter().any(|theory| theory.status != TheoryStatus::RuledOut);
        let sentence = match self.report.verdict.kind {
            VerdictKind::HealthyOrRecovered => "Nothing needs a theory: see what was checked and found fine.",
            VerdictKind::CannotTell => "No theory could be tested far enough: see the gaps.",
            _ if possible => "No theory is far enough ahead: the suspects follow, likeliest first.",
            _ => "No theory is left.",
        };
        Group { title: None, items: vec![Item { tone: Tone::Muted, ..Item::text(sentence) }] }
    }

    fn charts(&mut self) -> Group {
        let mut items = Vec::with_capacity(self.report.charts.len());
        for one in &self.report.charts {
            let chips = self.cite(std::slice::from_ref(&one.evidence));
            let series = chart::points_of(self.report, one);
            let notes = series.map(|series| chart::view(one, series)).map(Note::Chart);
            let words = chart::words(one, series, &self.day);
            let title = text::line(&one.title);
            items.push(Item {
                text: format!("{title}: {words}"),
                chips,
                notes: notes.into_iter().collect(),
                ..Item::default()
            });
        }
        Group { title: Some(PICTURES.into()), items }
    }

    /// Refuted theories, each with the test that refuted it.
    pub(super) fn ruled_out(&mut self) -> Section {
        let report = self.report;
        let mut items = Vec::new();
        for theory in report.theories.iter().filter(|theory| theory.status == TheoryStatus::RuledOut) {
            let mut notes = Vec::new();
            let refuted = theory.refutations.iter().filter(|test| test.outcome == TestOutcome::Refuted);
            for test in refuted.clone() {
                notes.push(Note::Text { text: test_text(test), chips: self.cite(&test.evidence) });
            }
            let others = theory.refutations.len() - refuted.count();
            if notes.is_empty() {
                notes.push(Note::text("No test is on record that refuted it."));
            }
            if others > 0 {
                let tests = text::counted(others as u64, "other test", "other tests");
                notes.push(Note::text(format!("{tests} did not refute it or did not run, see -o json.")));
            }
            items.push(Item { tone: Tone::Muted, notes, ..Item::text(self.headline(theory)) });
        }
        section(SectionKind::RuledOut, "Ruled out", items)
    }

    /// Theories that compete with the leader; without a leader they stand under why.
    pub(super) fn competing(&mut self) -> Section {
        let items = if self.leader.is_some() { self.possible() } else { Vec::new() };
        section(SectionKind::Competing, "Competing theories", items)
    }

    /// Theories that are still possible, likeliest first as the report orders them.
    fn possible(&mut self) -> Vec<Item> {
        let report = self.report;
        let leader = self.leader.map(|theory| &theory.id);
        let mut items = Vec::new();
        for theory in &report.theories {
            if theory.status == TheoryStatus::RuledOut || Some(&theory.id) == leader {
                continue;
            }
            let mut terms: Vec<&'a Term> = theory.terms.iter().collect();
            terms.sort_by(|left, right| right.weight.abs().total_cmp(&left.weight.abs()));
            let mut notes = Vec::with_capacity(terms.len());
            for term in terms {
                let text =
                    format!("{} {}: {}", text::weight(term.weight), term_word(term.kind), term_text(term));
                notes.push(Note::Text { text, chips: self.cite(&term.evidence) });
            }
            items.push(Item {
                lead: text::likelihood(&theory.probability),
                text: format!("{} (score {})", self.headline(theory), text::weight(theory.score)),
                notes,
                ..Item::default()
            });
        }
        items
    }

    /// Mechanism, place and what is said to have set it off.
    fn headline(&self, theory: &Theory) -> String {
        let mut headline =
            format!("{} at {}", text::line(&theory.title), text::line(&theory.entity.to_string()));
        if let Some(change) = &theory.change {
            let told = self.report.timeline.iter().find(|event| event.change.as_ref() == Some(change));
            match told {
                Some(event) => {
                    headline.push_str(&format!(", set off by: {}", text::line(event.claim.text())))
                }
                None => {
                    let words = theory.change_title.clone().unwrap_or_else(|| change.to_string());
                    headline.push_str(&format!(", set off by: {}", text::line(&words)));
                }
            }
        }
        if theory.outside {
            headline.push_str(" (from outside)");
        }
        headline
    }
}

/// The sentence of a term with its group.
pub(crate) fn term_text(term: &Term) -> String {
    match &term.group {
        Some(group) => format!("{} (group {})", text::line(&term.text), text::line(group)),
        None => text::line(&term.text),
    }
}

fn test_text(test: &Refutation) -> String {
    let Refutation { test: name, would_refute, seen, .. } = test;
    format!(
        "{} · would refute it: {} · seen: {}",
        text::line(name),
        text::line(would_refute),
        text::line(seen)
    )
}

/// The word for a kind of term.
pub(crate) fn term_word(kind: TermKind) -> &'static str {
    match kind {
        TermKind::Prior => "prior",
        TermKind::Support => "support",
        TermKind::Contradiction => "against",
        TermKind::Position => "position",
        TermKind::Timing => "timing",
        TermKind::Reach => "reach",
        TermKind::Behaviour => "behaviour",
        TermKind::Tie => "tie",
        TermKind::Test => "test",
        TermKind::Missing => "missing",
    }
}
