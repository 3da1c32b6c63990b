//! The report on a terminal: headings at the left edge, everything else indented, nothing wider than asked.

use std::collections::BTreeSet;

use midwatch_model::{Report, VerdictKind};

use crate::chart::ChartView;
use crate::outline::{
    Group, Item, Note, Outline, Section, SectionKind, THEORIES_MAX, Tone, VERDICT_CHIPS_MAX, is_of_theories,
    outline,
};
use crate::text::counted;
use crate::theme::Role;
use crate::wrap::{Pen, Span, is_address, span};

/// How much is shown. Whatever is left out is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// What to read on the stairs: verdict, actions, the strongest reasons, gaps.
    Brief,
    /// All sections, long lists shortened.
    #[default]
    Normal,
    /// Everything the outline holds.
    Full,
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Columns; less than 40 is treated as 40.
    pub width: u16,
    /// Whether ANSI colours may be used.
    pub colour: bool,
    /// Whether characters beyond ASCII may be printed; without it the output is pure ASCII.
    pub unicode: bool,
    /// How much is shown.
    pub detail: Detail,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        TerminalOptions { width: 80, colour: false, unicode: true, detail: Detail::Normal }
    }
}

/// How many of each are shown.
struct Limits {
    items_max: usize,
    notes_max: usize,
    chips_max: usize,
    /// Chips behind the verdict's sentence.
    verdict_chips_max: usize,
    /// Theories of one list.
    theories_max: usize,
    rows_max: usize,
    queries: bool,
}

impl Limits {
    fn of(detail: Detail) -> Limits {
        match detail {
            Detail::Brief => Limits {
                items_max: 4,
                notes_max: 2,
                chips_max: 4,
                verdict_chips_max: VERDICT_CHIPS_MAX,
                theories_max: 2,
                rows_max: 0,
                queries: false,
            },
            Detail::Normal => Limits {
                items_max: 14,
                notes_max: 3,
                chips_max: 6,
                verdict_chips_max: VERDICT_CHIPS_MAX,
                theories_max: THEORIES_MAX,
                rows_max: 3,
                queries: false,
            },
            Detail::Full => {
                let all = usize::MAX;
                Limits {
                    items_max: all,
                    notes_max: all,
                    chips_max: all,
                    verdict_chips_max: all,
                    theories_max: all,
                    rows_max: all,
                    queries: true,
                }
            }
        }
    }
}

/// Second column: narrower terminals write it in front of the sentence instead.
const LABEL_COLUMN_FROM_WIDTH: usize = 72;
const LABEL_COLUMNS_MAX: usize = 16;
/// Narrower terminals do not indent what stands under a sub-heading.
const SUBHEADING_INDENT_FROM_WIDTH: usize = 60;
/// Levels of a tree that are indented on a narrow terminal.
const NARROW_LEVELS_MAX: usize = 4;

/// The report for a terminal, ending in a line break.
///
/// No line is wider than `options.width` except commands and addresses that cannot be broken; those stand on a line of
/// their own. Text from outside never starts at the left edge, so it cannot pass for a heading.
pub fn terminal(report: &Report, options: &TerminalOptions) -> String {
    let outline = outline(report);
    let mut page = Page {
        pen: Pen::new(options.width, options.colour, options.unicode),
        limits: Limits::of(options.detail),
        shown: BTreeSet::new(),
    };
    let mut skipped = 0_u64;
    for section in &outline.sections {
        if options.detail == Detail::Brief && !in_brief(section.kind, outline.verdict) {
            skipped += 1;
            continue;
        }
        page.section(section, &outline);
    }
    if skipped > 0 {
        let sections = counted(skipped, "section", "sections");
        page.pen.blank();
        page.left_out(&[], &format!("{sections} not shown here, see -o json"));
    }
    page.pen.finish()
}

fn in_brief(kind: SectionKind, verdict: VerdictKind) -> bool {
    use SectionKind::{Against, DoNow, Fine, Gaps, Verdict, Why};
    // That all is well rests on what was found fine.
    let fine = kind == Fine && verdict == VerdictKind::HealthyOrRecovered;
    fine || matches!(kind, Verdict | DoNow | Why | Against | Gaps)
}

/// The items that are shown, the sum below them when there is one, and those left out of a long list.
fn kept(items: &[Item], items_max: usize) -> (Vec<&Item>, Option<&Item>, &[Item]) {
    let (listed, sum) = match items.split_last() {
        Some((last, before)) if last.label == "sum" => (before, Some(last)),
        _ => (items, None),
    };
    let (kept, hidden) = listed.split_at(listed.len().min(items_max));
    (kept.iter().collect(), sum, hidden)
}

struct Page {
    pen: Pen,
    limits: Limits,
    /// Chips that were printed: those the evidence list must explain.
    shown: BTreeSet<usize>,
}

/// Widths of the columns in front of the sentences of one group.
struct Columns {
    indent: usize,
    mark: bool,
    lead: usize,
    label: usize,
    /// Whether a sentence without columns gets a dash, so that its end is seen.
    bullets: bool,
}

impl Page {
    fn section(&mut self, section: &Section, outline: &Outline) {
        let role = match section.kind {
            SectionKind::Verdict => Role::of_verdict(outline.verdict),
            _ => Role::Heading,
        };
        if section.kind != SectionKind::Verdict {
            self.pen.blank();
        }
        self.pen.paragraph(Vec::new(), &[span("  ", Role::Plain)], &[span(&section.title, role)]);
        if section.kind == SectionKind::Verdict {
            self.pen.blank();
        }
        for group in &section.groups {
            match section.kind {
                SectionKind::Evidence => self.evidence(group, outline.uncited),
                _ => self.group(section.kind, group),
            }
        }
    }

    fn group(&mut self, kind: SectionKind, group: &Group) {
        let indent = [span("  ", Role::Plain)];
        let under_title = group.title.is_some() && self.pen.width() >= SUBHEADING_INDENT_FROM_WIDTH;
        if let Some(title) = &group.title {
            self.pen.paragraph(indent.to_vec(), &indent, &[span(title, Role::Subheading)]);
        }
        let theories = is_of_theories(kind, group);
        let items_max = if theories { self.limits.theories_max } else { self.limits.items_max };
        let (kept, sum, hidden) = kept(&group.items, items_max);
        let columns = Columns {
            indent: if under_title { 4 } else { 2 },
            bullets: !matches!(kind, SectionKind::Verdict | SectionKind::Spread),
            ..self.columns(&kept.iter().copied().chain(sum).collect::<Vec<_>>())
        };
        for item in &kept {
            self.item(kind, item, &columns);
        }
        if !hidden.is_empty() {
            let more = crate::text::count(hidden.len() as u64);
            let weights = hidden.iter().filter_map(|item| item.lead.parse::<f64>().ok());
            let together = match sum {
                Some(_) => format!(", together {}", crate::text::weight(weights.sum())),
                None => String::new(),
            };
            let indent = [span(" ".repeat(columns.indent), Role::Plain)];
            self.left_out(&indent, &format!("and {more} more{together}, see -o json"));
        }
        if let Some(sum) = sum {
            self.item(kind, sum, &columns);
        }
    }

    fn columns(&self, items: &[&Item]) -> Columns {
        let lead = items.iter().map(|item| self.pen.columns(&item.lead)).max().unwrap_or(0);
        let wide = self.pen.width() >= LABEL_COLUMN_FROM_WIDTH;
        let labels = items.iter().map(|item| self.pen.columns(&item.label));
        let label = labels.filter(|size| wide && *size <= LABEL_COLUMNS_MAX).max().unwrap_or(0);
        Columns { indent: 2, mark: items.iter().any(|item| item.marked), lead, label, bullets: false }
    }

    fn evidence(&mut self, group: &Group, uncited: usize) {
        let shown: Vec<&Item> = group
            .items
            .iter()
            .filter(|item| item.anchor.is_some_and(|number| self.shown.contains(&number)))
            .collect();
        let columns = self.columns(&shown);
        for item in &shown {
            self.item(SectionKind::Evidence, item, &columns);
        }
        let more = group.items.len() - shown.len() + uncited;
        if more > 0 {
            let indent = [span("  ", Role::Plain)];
            self.left_out(&indent, &format!("and {more} more that nothing above cites, see -o json"));
        }
    }

    fn item(&mut self, kind: SectionKind, item: &Item, columns: &Columns) {
        let mut indent = columns.indent;
        let mut first = vec![span(" ".repeat(indent), Role::Plain)];
        let remark = item.tone == Tone::Muted && item.notes.is_empty();
        if columns.bullets && columns.lead + columns.label == 0 && !remark {
            first.push(span("- ", Role::Muted));
            indent += 2;
        }
        if columns.mark {
            first.push(span(if item.marked { "▸ " } else { "  " }, Role::Mark));
            indent += 2;
        }
        if columns.lead > 0 {
            let pad = columns.lead - self.pen.columns(&item.lead);
            let role = if item.anchor.is_some() { Role::Chip } else { Role::of_lead(item.tone) };
            first.push(span(" ".repeat(pad), Role::Plain));
            first.push(span(&item.lead, role));
            first.push(span("  ", Role::Plain));
            indent += columns.lead + 2;
        }
        let mut body = Vec::new();
        let in_column = self.pen.columns(&item.label) <= columns.label;
        if columns.label > 0 {
            let label = if in_column { item.label.as_str() } else { "" };
            let pad = columns.label - self.pen.columns(label) + 2;
            first.push(span(label, Role::Label));
            first.push(span(" ".repeat(pad), Role::Plain));
            indent += columns.label + 2;
        }
        if !in_column && !item.label.is_empty() {
            body.push(span(format!("{}:", item.label), Role::Label));
        }
        let mut rest = vec![span(" ".repeat(indent), Role::Plain)];
        self.branches(item, &mut first, &mut rest);
        body.push(span(&item.text, Role::of_text(item.tone)));
        if !item.aside.is_empty() {
            body.push(span(format!("({})", item.aside), Role::Muted));
        }
        if kind == SectionKind::Verdict {
            self.chips_at_most(self.limits.verdict_chips_max, "", &item.chips, &mut body);
        } else {
            self.chips(&item.chips, &mut body);
        }
        let queries = item.notes.iter().filter(|note| matches!(note, Note::Query(_))).count() as u64;
        if queries > 0 && !self.limits.queries {
            body.push(span(format!("({})", counted(queries, "query", "queries")), Role::Muted));
        }
        self.pen.paragraph(first, &rest, &body);
        self.notes(item, &rest);
    }

    fn branches(&self, item: &Item, first: &mut Vec<Span>, rest: &mut Vec<Span>) {
        let wide = self.pen.width() >= LABEL_COLUMN_FROM_WIDTH;
        let levels_max = if wide { usize::MAX } else { NARROW_LEVELS_MAX };
        let hidden = item.branch.len().saturating_sub(levels_max);
        let levels: Vec<bool> = item.branch.iter().skip(hidden).copied().collect();
        let Some((own, above)) = levels.split_last() else { return };
        let [bar, gap, fork, last] = if self.pen.unicode() {
            ["│  ", "   ", "├─ ", "└─ "]
        } else {
            ["|  ", "   ", "|- ", "`- "]
        };
        for more in above {
            let text = if *more { bar } else { gap };
            first.push(span(text, Role::Muted));
            rest.push(span(text, Role::Muted));
        }
        first.push(span(if *own { fork } else { last }, Role::Muted));
        rest.push(span(if *own { bar } else { gap }, Role::Muted));
    }

    fn chips(&mut self, numbers: &[usize], body: &mut Vec<Span>) {
        self.chips_at_most(self.limits.chips_max, ", see -o json", numbers, body);
    }

    fn chips_at_most(&mut self, chips_max: usize, whereto: &str, numbers: &[usize], body: &mut Vec<Span>) {
        for number in numbers.iter().take(chips_max) {
            self.shown.insert(*number);
            body.push(span(format!("[e{number}]"), Role::Chip));
        }
        let more = numbers.len().saturating_sub(chips_max);
        if more > 0 {
            body.push(span(format!("and {more} more{whereto}"), Role::Muted));
        }
    }

    fn notes(&mut self, item: &Item, indent: &[Span]) {
        let mut texts = 0_usize;
        for note in &item.notes {
            match note {
                Note::Text { text, chips } => {
                    texts += 1;
                    if texts <= self.limits.notes_max {
                        let mut body = vec![span(text, Role::Plain)];
                        self.chips(chips, &mut body);
                        let mut hanging = indent.to_vec();
                        hanging.push(span("  ", Role::Plain));
                        self.pen.paragraph(indent.to_vec(), &hanging, &body);
                    }
                }
                Note::Field { name, text } => self.field(indent, name, text, Role::Muted),
                Note::Query(text) if self.limits.queries => self.field(indent, "query", text, Role::Muted),
                // Counted behind the sentence.
                Note::Query(_) => {}
                Note::Command(lines) => self.command(indent, lines),
                Note::Link(text) => self.link(indent, text),
                Note::Quote { rows, more, noun } => self.quote(indent, rows, *more, noun),
                Note::Chart(chart) => self.chart(indent, chart),
            }
        }
        let more = texts.saturating_sub(self.limits.notes_max);
        if more > 0 {
            self.left_out(indent, &format!("and {more} more, see -o json"));
        }
    }

    fn field(&mut self, indent: &[Span], name: &str, text: &str, role: Role) {
        let name = format!("{name:<8}");
        let mut first = indent.to_vec();
        first.push(span(&name, Role::Label));
        let mut rest = indent.to_vec();
        rest.push(span(" ".repeat(if self.pen.width() < 60 { 2 } else { name.len() }), Role::Plain));
        self.pen.paragraph(first, &rest, &[span(text, role)]);
    }

    /// An address that does not fit behind its name stands alone, so that it can be clicked and copied.
    fn link(&mut self, indent: &[Span], text: &str) {
        let used: usize = indent.iter().map(|one| self.pen.columns(&one.text)).sum();
        match used + 8 + self.pen.columns(text) > self.pen.width() && is_address(text) && !text.contains(' ')
        {
            true => self.pen.unbroken(indent, text, Role::Link),
            false => self.field(indent, "open", text, Role::Link),
        }
    }

    fn command(&mut self, indent: &[Span], lines: &[String]) {
        for (index, line) in lines.iter().enumerate() {
            let mut prefix = indent.to_vec();
            prefix.push(span(if index == 0 { "$ " } else { "> " }, Role::Muted));
            self.pen.unbroken(&prefix, line, Role::Command);
        }
    }

    fn quote(&mut self, indent: &[Span], rows: &[String], more: u64, noun: &str) {
        let mut prefix = indent.to_vec();
        prefix.push(span(if self.pen.unicode() { "│ " } else { "| " }, Role::Muted));
        let shown = rows.len().min(self.limits.rows_max);
        for row in rows.iter().take(shown) {
            self.pen.verbatim(&prefix, row, Role::Quote);
        }
        let more = more + (rows.len() - shown) as u64;
        if more > 0 {
            let word = if shown == 0 { "" } else { "and " };
            let further = if shown == 0 { "" } else { "more " };
            let count = crate::text::count(more);
            self.left_out(&prefix, &format!("{word}{count} {further}{noun}, see -o json"));
        }
    }

    fn chart(&mut self, indent: &[Span], chart: &ChartView) {
        let used: usize = indent.iter().map(|one| self.pen.columns(&one.text)).sum();
        let row = chart.sparkline(self.pen.width().saturating_sub(used), self.pen.unicode());
        let mut line = indent.to_vec();
        line.push(span(row.before, Role::Plain));
        line.extend(row.mark.map(|mark| span(mark, Role::Mark)));
        line.push(span(row.after, Role::Bad));
        self.pen.bars(line);
    }

    fn left_out(&mut self, indent: &[Span], words: &str) {
        // What follows on the next line stands further in: only headings stand at the left edge.
        let mut rest = indent.to_vec();
        rest.push(span("  ", Role::Plain));
        self.pen.paragraph(indent.to_vec(), &rest, &[span(format!("… {words}"), Role::Muted)]);
    }
}
