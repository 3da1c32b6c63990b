//! Items of the outline as lists: what every section falls back to.

use super::page::{Page, chip_address};
use crate::markup::{Markup, WebAddress};
use crate::outline::{Group, Item, Note, Section, Tone};
use crate::text;

/// Items of one list that are shown at once; the rest is folded.
const UNFOLDED_MAX: usize = 14;
/// Items of one list that are written at all; the rest is counted.
pub(super) const ITEMS_MAX: usize = 500;
/// Chips behind one sentence; more are counted.
const CHIPS_MAX: usize = 24;

impl Page<'_> {
    /// Every group of a section as a list.
    pub(super) fn groups(&self, out: &mut Markup, section: &Section) {
        for group in &section.groups {
            self.group(out, group);
        }
    }

    /// A group with its title.
    pub(super) fn group(&self, out: &mut Markup, group: &Group) {
        if let Some(title) = &group.title {
            out.element("h3", &[], title).raw("\n");
        }
        self.items(out, &group.items);
    }

    /// A list whose tail is folded and whose excess is counted.
    pub(super) fn items(&self, out: &mut Markup, items: &[Item]) {
        let (shown, folded) =
            if items.len() > UNFOLDED_MAX + 3 { items.split_at(UNFOLDED_MAX) } else { (items, &[][..]) };
        self.list(out, shown);
        if folded.is_empty() {
            return;
        }
        out.raw("<details class=\"more\"><summary>and ").text(&text::count(folded.len() as u64));
        out.raw(" more</summary>\n");
        self.list(out, folded.get(..ITEMS_MAX).unwrap_or(folded));
        left_out(out, folded.len().saturating_sub(ITEMS_MAX));
        out.raw("</details>\n");
    }

    fn list(&self, out: &mut Markup, items: &[Item]) {
        out.raw("<ul class=\"items\">\n");
        for item in items {
            out.open("li", &[("class", tone(item.tone).into())]);
            self.item(out, item);
            out.raw("</li>\n");
        }
        out.raw("</ul>\n");
    }

    /// Lead, label, sentence, chips and notes of one item.
    pub(super) fn item(&self, out: &mut Markup, item: &Item) {
        if !item.lead.is_empty() {
            out.element("span", &[("class", "lead".into())], &item.lead).raw(" ");
        }
        if !item.label.is_empty() {
            out.element("span", &[("class", "label".into())], &item.label).raw(" ");
        }
        out.element("span", &[("class", "what".into())], &item.text);
        self.chips(out, &item.chips);
        self.notes(out, &item.notes);
    }

    /// What hangs on an item.
    pub(super) fn notes(&self, out: &mut Markup, notes: &[Note]) {
        for note in notes {
            match note {
                Note::Text { text, chips } => {
                    out.raw("<div class=\"note\">").text(text);
                    self.chips(out, chips);
                    out.raw("</div>");
                }
                Note::Field { name, text } => field(out, name, text),
                Note::Query(query) => field(out, "query", query),
                Note::Command(lines) => command(out, lines),
                Note::Link(target) => link(out, target),
                Note::Quote { rows, more, noun } => {
                    out.element("pre", &[("tabindex", "0".into())], &rows.join("\n"));
                    if *more > 0 {
                        let more = format!("… and {} more {noun}", text::count(*more));
                        out.element("div", &[("class", "note".into())], &more);
                    }
                }
                // Charts are drawn where the series is at hand.
                Note::Chart(_) => {}
            }
        }
    }

    /// Actions in order, each with its reason and its command.
    pub(super) fn actions(&self, out: &mut Markup, section: &Section) {
        out.raw("<ol class=\"actions\">\n");
        for item in section.groups.iter().flat_map(|group| &group.items) {
            out.open("li", &[("class", tone(item.tone).into())]);
            out.element("span", &[("class", "lead".into())], item.lead.trim_end_matches('.'));
            out.raw("<div>");
            out.element("span", &[("class", "what".into())], &item.text);
            self.notes(out, &item.notes);
            out.raw("</div></li>\n");
        }
        out.raw("</ol>\n");
    }

    /// Links to evidence by number.
    pub(super) fn chips(&self, out: &mut Markup, numbers: &[usize]) {
        self.chips_at_most(out, numbers, CHIPS_MAX);
    }

    /// The first `chips_max` links; more are counted.
    pub(super) fn chips_at_most(&self, out: &mut Markup, numbers: &[usize], chips_max: usize) {
        if numbers.is_empty() {
            return;
        }
        out.raw(" <span class=\"chips\">");
        for number in numbers.iter().take(chips_max) {
            out.open("a", &[("class", "chip".into()), ("href", chip_address(*number))]);
            out.text(&format!("e{number}")).raw("</a> ");
        }
        if numbers.len() > chips_max {
            out.text(&format!("and {} more", numbers.len() - chips_max));
        }
        out.raw("</span>");
    }
}

/// Class of a tone.
pub(super) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Strong => "strong",
        Tone::Good => "good",
        Tone::Bad => "bad",
        Tone::Muted => "muted",
    }
}

/// A named detail; queries stand in code.
pub(super) fn field(out: &mut Markup, name: &'static str, value: &str) {
    out.raw("<div class=\"field\"><span class=\"name\">").raw(name).raw("</span> ");
    out.element(if name == "query" { "code" } else { "span" }, &[], value).raw("</div>");
}

/// Says how many were left out, if any.
pub(super) fn left_out(out: &mut Markup, count: usize) {
    if count > 0 {
        let words = format!("… and {} more, see -o json", text::count(count as u64));
        out.element("p", &[("class", "muted".into())], &words).raw("\n");
    }
}

fn command(out: &mut Markup, lines: &[String]) {
    out.raw("<div class=\"command\"><pre tabindex=\"0\"><code>").text(&lines.join("\n")).raw("</code></pre>");
    out.raw("<button type=\"button\" class=\"copy\" hidden>Copy</button></div>");
}

/// An address one can follow, or a place one can look up.
pub(super) fn link(out: &mut Markup, target: &str) {
    out.raw("<div class=\"field\"><span class=\"name\">open</span> ");
    match WebAddress::parse(target) {
        Some(address) => {
            out.open(
                "a",
                &[
                    ("href", crate::markup::Value::Address(address)),
                    ("rel", "noopener noreferrer nofollow".into()),
                    ("target", "_blank".into()),
                ],
            );
            out.text(target).raw("</a>");
        }
        None => {
            out.element("code", &[], target);
        }
    }
    out.raw("</div>");
}
