//! Impact, timeline, gaps, damage and trail.

use midwatch_model::{Impact, TimelineEvent, TimelineKind, TrailStep};

use super::build::{Builder, capitalised, section};
use super::types::{Group, Item, Note, Section, SectionKind, Tone};
use crate::text;

/// Operations named in one line; more are counted.
const OPERATIONS_MAX: usize = 12;

impl<'a> Builder<'a> {
    /// What users felt, since when, and whether it lasts.
    pub(super) fn impact(&mut self) -> Section {
        let impact = &self.report.impact;
        let mut items = Vec::new();
        if let Some(onset) = &impact.onset {
            items.push(Item::labelled("since", text::onset(onset, &self.day)));
        }
        if let Some(at) = impact.ended_at {
            items.push(Item::labelled("until", text::moment(at, &self.day)));
        } else if impact.ongoing {
            let lasts = Item::labelled("until", "still on at the end of what was seen");
            items.push(Item { tone: Tone::Bad, ..lasts });
        } else if *impact != Impact::default() {
            items.push(Item::labelled("until", "not known"));
        }
        if let Some(share) = impact.failed_share {
            let words = format!("{} of requests since the onset, where users enter", text::per_cent(share));
            items.push(Item::labelled("failed", words));
        }
        if let Some(requests) = impact.failed_requests {
            items.push(Item::labelled("failed", format!("about {} requests in all", text::number(requests))));
        }
        if !impact.operations.is_empty() {
            let shown: Vec<String> =
                impact.operations.iter().take(OPERATIONS_MAX).map(|name| text::line(name)).collect();
            let mut words = shown.join(", ");
            let more = impact.operations.len() - shown.len();
            if more > 0 {
                words.push_str(&format!(" and {} more, see -o json", text::count(more as u64)));
            }
            items.push(Item::labelled("worst", words));
        }
        let mut claims = Vec::with_capacity(impact.claims.len());
        for claim in &impact.claims {
            claims.push(self.claim(claim));
        }
        let groups = vec![Group { title: None, items }, Group { title: None, items: claims }];
        Section { kind: SectionKind::Impact, title: "Impact".into(), groups }
    }

    /// Moments by day, earliest first; those of the leading theory are marked.
    pub(super) fn timeline(&mut self) -> Section {
        let mut events: Vec<&'a TimelineEvent> = self.report.timeline.iter().collect();
        events.sort_by_key(|event| event.at);
        let mut groups: Vec<Group> = Vec::new();
        for event in events {
            let day = format!("{} UTC", text::date(event.at));
            let item = self.event(event);
            match groups.last_mut() {
                Some(group) if group.title.as_ref() == Some(&day) => group.items.push(item),
                _ => groups.push(Group { title: Some(day), items: vec![item] }),
            }
        }
        if self.report.timeline.iter().any(|event| event.leading) {
            let legend = Item { tone: Tone::Muted, ..Item::text("▸ belongs to the leading theory") };
            groups.push(Group { title: None, items: vec![legend] });
        }
        Section { kind: SectionKind::Timeline, title: "Timeline".into(), groups }
    }

    fn event(&mut self, event: &'a TimelineEvent) -> Item {
        let label = match event.kind {
            TimelineKind::Change => "change",
            TimelineKind::Onset => "onset",
            TimelineKind::Alert => "alert",
            TimelineKind::Recovery => "recovery",
        };
        let said = text::line(event.claim.text());
        // The place is added only where the sentence does not name it already.
        let words = match &event.entity {
            Some(entity) if !said.contains(&entity.name) => {
                format!("{}: {said}", text::line(&entity.to_string()))
            }
            _ => said,
        };
        Item {
            lead: text::clock(event.at),
            label: label.into(),
            text: words,
            marked: event.leading,
            chips: self.cite(event.claim.evidence()),
            ..Item::default()
        }
    }

    /// What was not looked at, what would provide it, and what it would settle.
    pub(super) fn gaps(&mut self) -> Section {
        let items = self.report.gaps.iter().map(|gap| Item {
            notes: vec![
                Note::Field { name: "grant", text: text::line(&gap.grant) },
                Note::Field { name: "settles", text: text::line(&gap.settles) },
            ],
            ..Item::labelled(gap.signal.as_str(), text::line(&gap.missing))
        });
        section(SectionKind::Gaps, "Gaps", items.collect())
    }

    /// Input that could not be read, and what the sources say of the rest.
    pub(super) fn damage(&mut self) -> Section {
        let items = self.report.damage.iter().map(|damage| {
            let place = match damage.line {
                Some(line) => format!("{}:{line}", text::line(&damage.file)),
                None => text::line(&damage.file),
            };
            let reason = text::line(&damage.reason);
            if damage.line.is_none() && damage.rows <= 1 {
                return Item::text(format!("{place}: the file, or the rest of it, was not read: {reason}"));
            }
            let rows = text::counted(damage.rows, "row", "rows");
            Item::text(format!("{place}: {rows} lost: {reason}"))
        });
        let damaged = Group { title: None, items: items.collect() };
        let noted = self
            .report
            .notes
            .iter()
            .map(|note| Item::labelled(text::line(&note.source), text::line(&note.text)));
        let title = if damaged.items.is_empty() { "Notes on the input" } else { "Damaged input" };
        let notes_title = (!damaged.items.is_empty()).then(|| "Notes on the input".to_owned());
        let noted = Group { title: notes_title, items: noted.collect() };
        Section { kind: SectionKind::Damage, title: title.into(), groups: vec![damaged, noted] }
    }

    /// The windows that were looked at and every step, by round.
    pub(super) fn trail(&mut self) -> Section {
        let report = self.report;
        let mut looked = vec![Item::labelled(
            "window",
            format!("{} · {}", text::window(&report.window, &self.day), text::line(&report.window_reason)),
        )];
        if let Some(baseline) = &report.baseline {
            looked.push(Item::labelled(
                "normal",
                format!("{} is taken for normal", text::window(baseline, &self.day)),
            ));
        }
        looked.extend(report.cuts.iter().map(|cut| Item::labelled("cut", text::line(cut))));
        let mut groups = vec![Group { title: None, items: looked }];
        let mut round = None;
        for step in &report.trail {
            let item = trail_item(step);
            match groups.last_mut() {
                Some(group) if round == Some(step.round) => group.items.push(item),
                _ => groups.push(Group { title: Some(capitalised(step.round.as_str())), items: vec![item] }),
            }
            round = Some(step.round);
        }
        Section { kind: SectionKind::Trail, title: "Trail".into(), groups }
    }
}

fn trail_item(step: &TrailStep) -> Item {
    let mut notes: Vec<Note> = Vec::with_capacity(step.queries.len() + step.truncated.len());
    for cut in &step.truncated {
        notes.push(Note::Field { name: "cut", text: text::line(cut) });
    }
    for query in &step.queries {
        notes.push(Note::Query(text::line(query)));
    }
    let outcome = text::line(&step.outcome);
    let failed = if step.failed { "failed: " } else { "" };
    Item {
        lead: step.step.to_string(),
        tone: if step.failed { Tone::Bad } else { Tone::Plain },
        notes,
        ..Item::labelled(
            text::line(&step.agent),
            format!("{} → {failed}{outcome}", text::line(&step.question)),
        )
    }
}
