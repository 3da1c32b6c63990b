//! Builds the outline: sections in the order people read them, chips numbered on the way.

use std::collections::BTreeMap;

use midwatch_model::{
    Claim, EvidenceId, Probability, Recommendation, Report, Severity, TestOutcome, Theory, TheoryStatus,
    VerdictKind,
};

use super::types::{Chip, Group, Item, Note, Outline, Section, SectionKind, Tone};
use crate::text;

/// Commands longer than this are named instead of shown: a cut command must not be run.
const COMMAND_CHARS_MAX: usize = 2_000;

/// The report as sections, items and chips; equal reports give equal outlines.
///
/// Evidence is numbered e1, e2 … in order of first mention over the whole outline, so a face that leaves items out
/// still shows the same numbers as one that shows everything.
pub fn outline(report: &Report) -> Outline {
    let mut builder = Builder::new(report);
    let mut sections = vec![
        builder.verdict(),
        builder.do_now(),
        builder.why(),
        builder.against(),
        builder.ruled_out(),
        builder.competing(),
        builder.fine(),
        builder.elsewhere(),
        builder.documents(),
        builder.spread(),
        builder.impact(),
        builder.timeline(),
        builder.gaps(),
        builder.damage(),
        builder.trail(),
    ];
    sections.push(builder.evidence());
    for section in &mut sections {
        section.groups.retain(|group| !group.items.is_empty());
    }
    sections.retain(|section| !section.groups.is_empty());
    let uncited = report.evidence.keys().filter(|id| !builder.numbers.contains_key(id)).count();
    let chips = builder
        .chips
        .iter()
        .enumerate()
        .map(|(index, id)| Chip { number: index + 1, evidence: (*id).clone() })
        .collect();
    Outline { verdict: report.verdict.kind, sections, chips, uncited }
}

/// Walks the report once and hands out chip numbers.
pub(super) struct Builder<'a> {
    pub(super) report: &'a Report,
    /// The leading theory, when there is one.
    pub(super) leader: Option<&'a Theory>,
    /// The day that is printed once; other times show their own date only when it differs.
    pub(super) day: String,
    pub(super) chips: Vec<&'a EvidenceId>,
    numbers: BTreeMap<&'a EvidenceId, usize>,
}

impl<'a> Builder<'a> {
    fn new(report: &'a Report) -> Builder<'a> {
        let (leader, day) = (leader(report), day(report));
        Builder { report, leader, day, chips: Vec::new(), numbers: BTreeMap::new() }
    }

    /// Numbers of the chips for `ids`, each once, in the order given.
    pub(super) fn cite(&mut self, ids: &'a [EvidenceId]) -> Vec<usize> {
        let mut cited = Vec::with_capacity(ids.len());
        let mut seen = std::collections::BTreeSet::new();
        for id in ids {
            let next = self.chips.len() + 1;
            let number = *self.numbers.entry(id).or_insert(next);
            if number == next {
                self.chips.push(id);
            }
            if seen.insert(number) {
                cited.push(number);
            }
        }
        cited
    }

    /// A claim as an item.
    pub(super) fn claim(&mut self, claim: &'a Claim) -> Item {
        Item { text: text::line(claim.text()), chips: self.cite(claim.evidence()), ..Item::default() }
    }

    fn verdict(&mut self) -> Section {
        let verdict = &self.report.verdict;
        let mut title = capitalised(verdict.kind.title());
        if let Some(probability) = sure(self.report) {
            title.push_str(" · ");
            title.push_str(&text::sureness(probability));
        }
        let sentence = text::line(&verdict.sentence);
        let mut notes = Vec::new();
        if let Some(commit) = verdict.commit.as_deref().map(text::line)
            && !sentence.contains(&commit)
        {
            notes.push(Note::text(format!("The convicted commit is {commit}.")));
        }
        let chips = self.cite(&verdict.evidence);
        let conclusion = Item { text: sentence, tone: Tone::Strong, chips, notes, ..Item::default() };
        let asked = self.asked();
        section(SectionKind::Verdict, &title, vec![conclusion, asked])
    }

    fn asked(&mut self) -> Item {
        let incident = &self.report.incident;
        let mut parts = vec![format!("Asked: {}", text::line(&incident.title))];
        // Only an alert says how bad it is.
        if !incident.alerts.is_empty() {
            let severity = match incident.severity {
                Severity::Info => "info",
                Severity::Warning => "warning",
                Severity::Critical => "critical",
            };
            parts.push(severity.to_owned());
        }
        if let Some(target) = &incident.target {
            parts.push(text::line(&target.to_string()));
        }
        if let Some(at) = incident.fired_at {
            parts.push(format!("fired {}", text::moment(at, &self.day)));
        }
        if let Some(at) = incident.resolved_at {
            parts.push(format!("resolved {}", text::moment(at, &self.day)));
        }
        parts.push(format!("{} UTC", self.day));
        let chips = self.cite(&incident.evidence);
        Item { text: parts.join(" · "), tone: Tone::Muted, chips, ..Item::default() }
    }

    fn do_now(&mut self) -> Section {
        let recommendations = &self.report.recommendations;
        let mut items: Vec<Item> = Vec::with_capacity(recommendations.len());
        for (index, recommendation) in recommendations.iter().enumerate() {
            items.push(self.recommendation(index + 1, recommendation));
        }
        if items.is_empty() {
            items.push(Item { tone: Tone::Muted, ..Item::text("Nothing is recommended.") });
        }
        section(SectionKind::DoNow, "Do now", items)
    }

    fn recommendation(&mut self, number: usize, recommendation: &'a Recommendation) -> Item {
        let undo = if recommendation.reversible { "" } else { " (cannot be undone)" };
        let why = &recommendation.why;
        let mut notes = vec![Note::Text { text: text::line(why.text()), chips: self.cite(why.evidence()) }];
        if let Some(command) =
            recommendation.command.as_deref().map(str::trim).filter(|text| !text.is_empty())
        {
            let chars = command.chars().count();
            notes.push(if chars > COMMAND_CHARS_MAX {
                let chars = text::count(chars as u64);
                Note::text(format!("Its command is too long to show here ({chars} characters), see -o json."))
            } else {
                Note::Command(command.lines().map(|one| text::line_at_most(one, COMMAND_CHARS_MAX)).collect())
            });
        }
        Item {
            lead: format!("{number}."),
            text: format!("{}{undo}", text::line(&recommendation.title)),
            tone: Tone::Strong,
            notes,
            ..Item::default()
        }
    }

    fn against(&mut self) -> Section {
        let mut items = Vec::with_capacity(self.report.against.len());
        for claim in &self.report.against {
            items.push(Item { tone: Tone::Bad, ..self.claim(claim) });
        }
        if items.is_empty() && self.leader.is_some() {
            items.push(Item { tone: Tone::Muted, ..Item::text("No finding speaks against it.") });
        }
        let tests = self.leader.map_or(&[][..], |leader| &leader.refutations);
        for test in tests.iter().filter(|test| test.outcome == TestOutcome::NotRun) {
            let words = format!("Not decided: {}: {}", text::line(&test.test), text::line(&test.seen));
            let chips = self.cite(&test.evidence);
            items.push(Item { tone: Tone::Muted, chips, ..Item::text(words) });
        }
        section(SectionKind::Against, "What speaks against it", items)
    }

    fn fine(&mut self) -> Section {
        let mut items = Vec::with_capacity(self.report.checked_and_fine.len());
        for claim in &self.report.checked_and_fine {
            items.push(self.claim(claim));
        }
        section(SectionKind::Fine, "Checked and fine", items)
    }

    fn elsewhere(&mut self) -> Section {
        let mut items = Vec::with_capacity(self.report.noticed_elsewhere.len());
        for claim in &self.report.noticed_elsewhere {
            items.push(Item { tone: Tone::Bad, ..self.claim(claim) });
        }
        section(SectionKind::Elsewhere, "Noticed elsewhere", items)
    }

    fn documents(&mut self) -> Section {
        let mut items = Vec::with_capacity(self.report.documents.len());
        for claim in &self.report.documents {
            items.push(self.claim(claim));
        }
        section(SectionKind::Documents, "Documents that name what is involved", items)
    }
}

/// The theory the verdict rests on, when there is one.
pub(crate) fn leader(report: &Report) -> Option<&Theory> {
    let named = report.verdict.theory.as_ref();
    let mut theories = report.theories.iter();
    theories
        .find(|theory| Some(&theory.id) == named && theory.status != TheoryStatus::RuledOut)
        .or_else(|| report.theories.iter().find(|theory| theory.status == TheoryStatus::Leading))
}

/// Mechanism of the theory that stands for everything without a name.
const UNNAMED: &str = "unknown";

/// How sure we are, where the verdict names a cause: a percentage beside any other verdict would be read as one.
pub(crate) fn sure(report: &Report) -> Option<&Probability> {
    let named = match report.verdict.kind {
        VerdictKind::CauseFound | VerdictKind::CausedOutside => true,
        VerdictKind::Located => leader(report).is_some_and(|theory| theory.mechanism != UNNAMED),
        VerdictKind::HealthyOrRecovered | VerdictKind::NotProven | VerdictKind::CannotTell => false,
    };
    report.verdict.probability.as_ref().filter(|_| named)
}

/// The day that is printed once.
pub(crate) fn day(report: &Report) -> String {
    text::date(report.incident.fired_at.unwrap_or(report.incident.now))
}

/// A section of one group.
pub(super) fn section(kind: SectionKind, title: &str, items: Vec<Item>) -> Section {
    Section { kind, title: title.to_owned(), groups: vec![Group { title: None, items }] }
}

/// The text with its first letter in upper case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
