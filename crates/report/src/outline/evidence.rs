//! The list of chips: where each came from and the first rows of it.

use midwatch_model::{Answer, Evidence, LogLine, PointSeries};

use super::build::{Builder, section};
use super::types::{Item, Note, Section, SectionKind, Tone};
use crate::text::{self, QUOTE_CHARS_MAX};

/// Rows of one piece of evidence that an outline holds; more are counted.
pub(super) const ROWS_MAX: usize = 20;
/// Cells of one row that are shown; more are counted.
const CELLS_MAX: usize = 12;

impl Builder<'_> {
    /// Every chip in order, with source, query, window, link and the first rows.
    pub(super) fn evidence(&mut self) -> Section {
        let mut items = Vec::with_capacity(self.chips.len());
        for (index, id) in self.chips.iter().enumerate() {
            let number = index + 1;
            let mut item = match self.report.evidence.get(*id) {
                Some(evidence) => described(evidence, &self.day),
                None => Item {
                    tone: Tone::Bad,
                    ..Item::text(format!("{} is cited and not in this report", text::line(&id.to_string())))
                },
            };
            item.lead = format!("[e{number}]");
            item.anchor = Some(number);
            items.push(item);
        }
        section(SectionKind::Evidence, "Evidence", items)
    }
}

fn described(evidence: &Evidence, day: &str) -> Item {
    let citation = &evidence.citation;
    let mut place = format!("{} · {}", text::line(&citation.source), citation.signal.as_str());
    if let Some(window) = &citation.window {
        place.push_str(&format!(" · {}", text::window(window, day)));
    }
    let mut notes = vec![
        Note::Field { name: "source", text: place },
        Note::Field { name: "query", text: text::line(&citation.query) },
    ];
    if let Some(link) = &citation.link {
        notes.push(Note::Link(text::line(link)));
    }
    notes.push(answer(&evidence.answer, day));
    notes.extend(cuts(evidence).into_iter().map(|text| Note::Field { name: "cut", text }));
    Item { notes, ..Item::text(text::line(&evidence.title)) }
}

/// What the report does not hold of an answer: rows beyond those kept, and what the source or the agent cut.
pub(crate) fn cuts(evidence: &Evidence) -> Vec<String> {
    let (kept, total, noun) = match &evidence.answer {
        Answer::Logs { lines, total } => (lines.len() as u64, *total, "lines"),
        Answer::Rows { rows, total, .. } => (rows.len() as u64, *total, "rows"),
        _ => (0, 0, ""),
    };
    let kept =
        (total > kept).then(|| format!("{} of {} {noun} were kept", text::count(kept), text::count(total)));
    kept.into_iter().chain(evidence.truncated.as_deref().map(text::line)).collect()
}

fn answer(answer: &Answer, day: &str) -> Note {
    match answer {
        Answer::Nothing => Note::text("Nothing matched."),
        Answer::Refused { message } => Note::text(format!("Refused: {}", text::line(message))),
        Answer::Points { series } => quote(series.iter().map(|one| points(one, day)), series.len(), "series"),
        Answer::Logs { lines, .. } => quote(lines.iter().map(|line| log(line, day)), lines.len(), "lines"),
        Answer::Rows { columns, rows, .. } => {
            let header = std::iter::once(cells(columns)).filter(|header| !header.is_empty());
            let all = rows.len() + usize::from(!columns.is_empty());
            quote(header.chain(rows.iter().map(|row| cells(row))), all, "rows")
        }
        Answer::Text { text: body } => {
            let (rows, more) = text::lines(body, ROWS_MAX, QUOTE_CHARS_MAX);
            Note::Quote { rows, more: more as u64, noun: "lines" }
        }
    }
}

fn quote(rows: impl Iterator<Item = String>, all: usize, noun: &'static str) -> Note {
    let rows: Vec<String> = rows.take(ROWS_MAX).collect();
    let more = all.saturating_sub(rows.len()) as u64;
    Note::Quote { rows, more, noun }
}

/// A series in one line: how many points, from when to when, lowest and highest.
pub(crate) fn points(series: &PointSeries, day: &str) -> String {
    let name = text::line_at_most(series.name.trim(), QUOTE_CHARS_MAX);
    let known: Vec<f64> = series.values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    let (Some(first), Some(last)) = (series.at.first(), series.at.last()) else {
        return format!("{name}: no points");
    };
    let lowest = known.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = match known.is_empty() {
        true => "all missing".to_owned(),
        false => format!("lowest {}, highest {}", text::number(lowest), text::number(highest)),
    };
    let amount = text::counted(series.at.len() as u64, "point", "points");
    format!("{name}: {amount}, {}, {range}", text::span(*first, *last, day))
}

fn log(line: &LogLine, day: &str) -> String {
    let mut row = match line.at {
        Some(at) => format!("{}  ", text::moment(at, day)),
        None => String::new(),
    };
    row.push_str(&text::line_at_most(line.text.trim(), QUOTE_CHARS_MAX));
    for (name, value) in line.fields.iter().take(CELLS_MAX) {
        let (name, value) = (text::line_at_most(name, 80), text::line_at_most(value, 80));
        row.push_str(&format!("  {name}={value}"));
    }
    if line.fields.len() > CELLS_MAX {
        row.push_str(&format!("  and {} more fields", text::count((line.fields.len() - CELLS_MAX) as u64)));
    }
    row
}

fn cells(cells: &[String]) -> String {
    let mut shown: Vec<String> =
        cells.iter().take(CELLS_MAX).map(|cell| text::line_at_most(cell.trim(), 80)).collect();
    if cells.len() > CELLS_MAX {
        shown.push(format!("and {} more cells", text::count((cells.len() - CELLS_MAX) as u64)));
    }
    shown.join(" | ")
}
