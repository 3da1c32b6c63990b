//! How it spread, impact, timeline and trail.

use super::list::{ITEMS_MAX, left_out, tone};
use super::page::Page;
use crate::markup::Markup;
use crate::outline::{Group, Item, Note, Section};
use crate::svg::{self, TimelineView};
use crate::text;

/// Items of the tree that are shown at once below the graph.
const TREE_UNFOLDED_MAX: usize = 24;
/// Characters of a picture's description.
const DESCRIPTION_CHARS_MAX: usize = 600;

impl Page<'_> {
    /// The graph, then the same as an indented list.
    pub(super) fn spread(&self, out: &mut Markup, section: &Section) {
        let items: Vec<&Item> = section.groups.iter().flat_map(|group| &group.items).collect();
        if let Some(graph) = svg::graph(&self.report.spread, &described(&items), &self.day) {
            out.raw(
                "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Graph of how it spread\">",
            );
            out.push(&graph.picture).raw("</div>\n");
            if graph.left_out > 0 {
                let left_out = text::count(graph.left_out as u64);
                let words = format!("… and {left_out} more that are not drawn; the list below has them");
                out.element("p", &[("class", "muted".into())], &words).raw("\n");
            }
        }
        let (shown, folded) = items.split_at(items.len().min(TREE_UNFOLDED_MAX));
        self.tree(out, shown);
        if !folded.is_empty() {
            out.raw("<details class=\"more\"><summary>and ").text(&text::count(folded.len() as u64));
            out.raw(" more</summary>\n");
            self.tree(out, folded.get(..ITEMS_MAX).unwrap_or(folded));
            left_out(out, folded.len().saturating_sub(ITEMS_MAX));
            out.raw("</details>\n");
        }
    }

    fn tree(&self, out: &mut Markup, items: &[&Item]) {
        const LEVELS: [&str; 9] = ["l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8"];
        out.raw("<ul class=\"items tree\">\n");
        for item in items {
            let level = LEVELS.get(item.branch.len()).copied().unwrap_or("l8");
            out.open("li", &[("class", level.into())]);
            self.item(out, item);
            out.raw("</li>\n");
        }
        out.raw("</ul>\n");
    }

    /// Facts in pairs, then sentences.
    pub(super) fn impact(&self, out: &mut Markup, section: &Section) {
        for group in &section.groups {
            let (facts, claims): (Vec<&Item>, Vec<&Item>) =
                group.items.iter().partition(|item| !item.label.is_empty());
            if !facts.is_empty() {
                out.raw("<dl class=\"facts\">\n");
                for item in facts {
                    out.raw("<div>").element("dt", &[], &item.label);
                    out.element("dd", &[("class", tone(item.tone).into())], &item.text).raw("</div>\n");
                }
                out.raw("</dl>\n");
            }
            let claims: Vec<Item> = claims.into_iter().cloned().collect();
            if !claims.is_empty() {
                self.items(out, &claims);
            }
        }
    }

    /// One axis for all moments, then the moments by day.
    pub(super) fn timeline(&self, out: &mut Markup, section: &Section) {
        let items: Vec<&Item> = section.groups.iter().flat_map(|group| &group.items).collect();
        let impact = &self.report.impact;
        let view = TimelineView {
            window: &self.report.window,
            bad: impact.onset.map(|onset| (onset.at, impact.ended_at)),
            events: &self.report.timeline,
            words: &described(&items),
        };
        out.push(&svg::timeline(&view)).raw("\n");
        let most = svg::fullest_lane(&self.report.timeline);
        if most > svg::LANE_MARKS_MAX {
            let words = format!(
                "A lane shows {} moments at most, of {} the latest; the list below holds all.",
                svg::LANE_MARKS_MAX,
                text::count(most as u64)
            );
            out.element("p", &[("class", "muted".into())], &words).raw("\n");
        }
        for group in &section.groups {
            if let Some(title) = &group.title {
                out.element("h3", &[], title).raw("\n");
            }
            if group.items.iter().all(|item| item.lead.is_empty()) {
                out.raw("<p class=\"muted legend\">");
                for item in &group.items {
                    out.text(&item.text);
                }
                out.raw("</p>\n");
                continue;
            }
            self.moments(out, group);
        }
    }

    fn moments(&self, out: &mut Markup, group: &Group) {
        out.raw("<ol class=\"moments\">\n");
        for item in group.items.iter().take(ITEMS_MAX) {
            out.raw(if item.marked { "<li class=\"leading\">" } else { "<li>" });
            out.element("span", &[("class", "mark".into())], if item.marked { "▸" } else { "" });
            out.element("span", &[("class", "lead".into())], &item.lead);
            out.element("span", &[("class", "label".into())], &item.label);
            out.raw("<span class=\"what\">").text(&item.text);
            self.chips(out, &item.chips);
            out.raw("</span></li>\n");
        }
        out.raw("</ol>\n");
        left_out(out, group.items.len().saturating_sub(ITEMS_MAX));
    }

    /// The windows, then every step by round: what was cut stands open, queries are folded.
    pub(super) fn trail(&self, out: &mut Markup, section: &Section) {
        for group in &section.groups {
            if group.title.is_none() {
                self.group(out, group);
                continue;
            }
            if let Some(title) = &group.title {
                out.element("h3", &[], title).raw("\n");
            }
            out.raw("<ul class=\"items steps\">\n");
            for item in group.items.iter().take(ITEMS_MAX) {
                out.open("li", &[("class", tone(item.tone).into())]);
                let (queries, notes): (Vec<Note>, Vec<Note>) =
                    item.notes.iter().cloned().partition(|note| matches!(note, Note::Query(_)));
                self.item(out, &Item { notes, ..item.clone() });
                if !queries.is_empty() {
                    out.raw("<details><summary>");
                    out.text(&text::counted(queries.len() as u64, "query", "queries")).raw("</summary>");
                    self.notes(out, queries.get(..ITEMS_MAX).unwrap_or(&queries));
                    left_out(out, queries.len().saturating_sub(ITEMS_MAX));
                    out.raw("</details>");
                }
                out.raw("</li>\n");
            }
            out.raw("</ul>\n");
            left_out(out, group.items.len().saturating_sub(ITEMS_MAX));
        }
    }
}

/// A picture's items in one line; the list below it has the rest.
fn described(items: &[&Item]) -> String {
    let mut words = String::new();
    for item in items {
        if words.chars().count() > DESCRIPTION_CHARS_MAX {
            words.push_str("; more in the list below");
            break;
        }
        if !words.is_empty() {
            words.push_str("; ");
        }
        for part in [&item.lead, &item.label].into_iter().filter(|part| !part.is_empty()) {
            words.push_str(part);
            words.push(' ');
        }
        words.push_str(&item.text);
    }
    words
}
