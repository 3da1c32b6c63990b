//! Why we think so, what was ruled out and what still competes.

use midwatch_model::{Refutation, Report, Term, TermKind, TestOutcome, Theory, TheoryStatus, VerdictKind};

use super::build::{Builder, section, sure};
use super::types::{Group, Item, Note, Section, SectionKind, Tone};
use crate::{chart, text};

/// Sub-heading of the leader's tests.
pub(crate) const TESTS: &str = "Tests that could have refuted it";
/// Sub-heading of the theories that stand where no theory leads.
pub(crate) const SUSPECTS: &str = "Suspects";
/// Different theories named in one line; more are counted.
const NAMES_MAX: usize = 6;
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
        let mut title = headline(self.report, leader);
        if sure(self.report).is_some_and(|verdict| *verdict != leader.probability) {
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
            text: text::line(&term.text),
            tone: if term.weight < 0.0 { Tone::Bad } else { Tone::Good },
            chips: self.cite(&term.evidence),
            ..Item::default()
        }
    }

    fn test(&mut self, test: &'a Refutation) -> Item {
        let (label, tone) = match test.outcome {
            TestOutcome::Survived => ("survived", Tone::Good),
            TestOutcome::Refuted => ("refuted", Tone::Bad),
            TestOutcome::NotRun => ("not decided", Tone::Muted),
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
        for alike in ruled_out_alike(report) {
            if let [first, _, ..] = alike[..] {
                items.push(self.ruled_out_together(first, &alike));
                continue;
            }
            let Some(theory) = alike.first().copied() else { continue };
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
                notes
                    .push(Note::text(format!("{tests} did not refute it or stayed undecided, see -o json.")));
            }
            items.push(Item { tone: Tone::Muted, notes, ..Item::text(headline(self.report, theory)) });
        }
        section(SectionKind::RuledOut, "Ruled out", items)
    }

    /// Theories that fell to the same test for the same reason, in one line.
    fn ruled_out_together(&mut self, first: &'a Theory, alike: &[&'a Theory]) -> Item {
        let reasons: Vec<String> = refuted(first).map(|test| text::line(&test.seen)).collect();
        let chips: Vec<_> = alike.iter().flat_map(|theory| refuted(theory)).collect();
        let mut numbers = Vec::new();
        for test in chips {
            for number in self.cite(&test.evidence) {
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
        let words = names(alike);
        let amount = text::count(alike.len() as u64);
        Item {
            tone: Tone::Muted,
            chips: numbers,
            notes: vec![Note::text(words)],
            ..Item::text(format!("{amount} theories ruled out because {}", reasons.join("; ")))
        }
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
                let (weight, words) = (text::weight(term.weight), text::line(&term.text));
                let text = format!("{weight} {}: {words}", term_word(term.kind));
                notes.push(Note::Text { text, chips: self.cite(&term.evidence) });
            }
            items.push(Item {
                lead: format!("score {}", text::weight(theory.score)),
                text: headline(self.report, theory),
                aside: self.aside(theory),
                notes,
                ..Item::default()
            });
        }
        items
    }

    /// How a theory stands to the leader; empty where no cause is named.
    fn aside(&self, theory: &Theory) -> String {
        let Some((leader, _)) = self.leader.zip(sure(self.report)) else { return String::new() };
        match (&theory.change, &leader.change) {
            // Nothing is left to share between theories with one answer.
            (Some(change), Some(leading)) if change == leading => {
                "blames the same change as the leading theory".to_owned()
            }
            (None, None) if theory.outside && leader.outside => {
                "from outside too, as the leading theory".to_owned()
            }
            _ => format!("shares what is left: {}", text::likelihood(&theory.probability)),
        }
    }
}

/// Mechanism, place and what is said to have set it off.
pub(crate) fn headline(report: &Report, theory: &Theory) -> String {
    let mut headline = format!("{} at {}", text::line(&theory.title), text::line(&theory.entity.to_string()));
    if let Some(change) = &theory.change {
        let told = report.timeline.iter().find(|event| event.change.as_ref() == Some(change));
        let words = match told {
            Some(event) => event.claim.text().to_owned(),
            None => theory.change_title.clone().unwrap_or_else(|| change.to_string()),
        };
        headline.push_str(&format!(", set off by: {}", text::line(&words)));
    }
    if theory.outside {
        headline.push_str(" (from outside)");
    }
    headline
}

/// Whether a group lists theories that are still possible.
pub(crate) fn is_of_theories(kind: SectionKind, group: &Group) -> bool {
    kind == SectionKind::Competing || group.title.as_deref() == Some(SUSPECTS)
}

/// Tests that refuted a theory.
fn refuted(theory: &Theory) -> impl Iterator<Item = &Refutation> {
    theory.refutations.iter().filter(|test| test.outcome == TestOutcome::Refuted)
}

/// Ruled-out theories in the report's order; neighbours that the same tests refuted in the same words stand together.
pub(crate) fn ruled_out_alike(report: &Report) -> Vec<Vec<&Theory>> {
    let reason = |theory: &Theory| -> Vec<(String, String)> {
        refuted(theory).map(|test| (test.test.clone(), test.seen.clone())).collect()
    };
    let mut groups: Vec<Vec<&Theory>> = Vec::new();
    for theory in report.theories.iter().filter(|theory| theory.status == TheoryStatus::RuledOut) {
        match groups.last_mut() {
            Some(group) if group.first().is_some_and(|first| told_alike(reason(first), reason(theory))) => {
                group.push(theory);
            }
            _ => groups.push(vec![theory]),
        }
    }
    groups
}

/// What the theories say, each once with how often it is said.
fn names(theories: &[&Theory]) -> String {
    let mut said: Vec<(String, usize)> = Vec::new();
    for theory in theories {
        let mut name = text::line(&theory.title);
        if !name.contains(&theory.entity.name) {
            name.push_str(&format!(" at {}", text::line(&theory.entity.to_string())));
        }
        match said.iter_mut().find(|(known, _)| *known == name) {
            Some((_, times)) => *times += 1,
            None => said.push((name, 1)),
        }
    }
    let more = said.len().saturating_sub(NAMES_MAX);
    let shown = said.iter().take(NAMES_MAX).map(|(name, times)| match times {
        1 => name.clone(),
        _ => format!("{name} ({times} theories)"),
    });
    let mut words = shown.collect::<Vec<_>>().join("; ");
    words.push_str("; ");
    if more > 0 {
        words.push_str(&format!("and {} more, ", text::count(more as u64)));
    }
    words.push_str("full list in -o json");
    words
}

/// Whether two lists of reasons are one and the same, and there is one at all.
fn told_alike(left: Vec<(String, String)>, right: Vec<(String, String)>) -> bool {
    !left.is_empty() && left == right
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
        TermKind::Prior => "base rate",
        TermKind::Support => "support",
        TermKind::Contradiction => "against",
        TermKind::Position => "place",
        TermKind::Timing => "timing",
        TermKind::Reach => "how it got there",
        TermKind::Behaviour => "what it does",
        TermKind::Tie => "shared words",
        TermKind::Test => "test",
        TermKind::Missing => "not seen",
    }
}
