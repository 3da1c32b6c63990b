//! What is behind each chip: where it came from and every row that was kept.

use midwatch_model::{Answer, Chart, Evidence, EvidenceId, LogLine, PointSeries, Signal};

use super::list::{field, left_out, link};
use super::page::Page;
use crate::markup::{Markup, Value};
use crate::outline;
use crate::text::{self, QUOTE_CHARS_MAX};

/// Rows or lines of one piece of evidence that are written; more are counted.
const ROWS_MAX: usize = 300;
/// Cells of one row that are written; more are counted.
const CELLS_MAX: usize = 40;
/// Characters of one cell.
const CELL_CHARS_MAX: usize = 160;
/// Series of one piece of evidence that are drawn; more are named.
const SERIES_MAX: usize = 8;

impl Page<'_> {
    /// Every chip in order, folded to its title; then what is held and not cited.
    pub(super) fn evidence(&self, out: &mut Markup) {
        let cited = self.outline.chips.len();
        for (number, id, evidence) in self.numbered() {
            if number == cited + 1 {
                out.raw("<h3>Held, and cited by no sentence above</h3>\n");
            }
            match evidence {
                Some(evidence) => self.panel(out, number, evidence),
                None => missing(out, number, id),
            }
        }
    }

    fn panel(&self, out: &mut Markup, number: usize, evidence: &Evidence) {
        let citation = &evidence.citation;
        out.raw("<details class=\"panel\"><summary><span class=\"lead\">");
        out.text(&format!("e{number}"))
            .raw("</span> <span class=\"what\">")
            .text(&text::line(&evidence.title));
        out.raw("</span> <span class=\"from\">").text(&text::line(&citation.source)).raw(" · ");
        out.raw(citation.signal.as_str()).raw("</span></summary>\n");
        out.open("div", &[("class", "body".into()), ("id", Value::Numbered("e", number))]);
        let mut place = format!("{} · {}", text::line(&citation.source), citation.signal.as_str());
        if let Some(window) = &citation.window {
            place.push_str(&format!(" · {}", text::window(window, &self.day)));
        }
        field(out, "source", &place);
        field(out, "query", &text::line(&citation.query));
        if let Some(target) = &citation.link {
            link(out, &text::line(target));
        }
        self.answer(out, evidence);
        for cut in outline::cuts(evidence) {
            field(out, "cut", &cut);
        }
        out.raw("</div></details>\n");
    }

    fn answer(&self, out: &mut Markup, evidence: &Evidence) {
        match &evidence.answer {
            Answer::Nothing => {
                out.raw("<p class=\"empty\">Nothing matched.</p>");
            }
            Answer::Refused { message } => {
                out.raw("<p class=\"empty bad\">Refused: ").text(&text::line(message)).raw("</p>");
            }
            Answer::Points { series } => self.points(out, &evidence.id, series),
            Answer::Logs { lines, .. } => self.logs(out, lines),
            Answer::Rows { columns, rows, .. } => table(out, columns, rows),
            Answer::Text { text: body } => prose(out, body, evidence.citation.signal),
        }
    }

    fn points(&self, out: &mut Markup, id: &EvidenceId, all: &[PointSeries]) {
        for series in all.iter().take(SERIES_MAX) {
            let words = outline::points(series, &self.day);
            let known = |chart: &&Chart| chart.evidence == *id && chart.series == series.name;
            let known = self.report.charts.iter().find(known);
            self.evidence_plot(out, series, known, &words);
            out.element("p", &[("class", "muted".into())], &words).raw("\n");
        }
        let further = all.get(SERIES_MAX..).unwrap_or_default();
        if further.is_empty() {
            return;
        }
        out.raw("<ul class=\"items\">\n");
        for series in further.iter().take(ROWS_MAX) {
            out.element("li", &[], &outline::points(series, &self.day)).raw("\n");
        }
        out.raw("</ul>\n");
        left_out(out, further.len().saturating_sub(ROWS_MAX));
    }

    fn logs(&self, out: &mut Markup, lines: &[LogLine]) {
        out.raw("<ol class=\"log\" tabindex=\"0\">\n");
        for line in lines.iter().take(ROWS_MAX) {
            out.raw("<li>");
            if let Some(at) = line.at {
                out.element("span", &[("class", "lead".into())], &text::moment(at, &self.day)).raw(" ");
            }
            out.element("code", &[], &text::line_at_most(line.text.trim(), text::LINE_CHARS_MAX));
            for (name, value) in line.fields.iter().take(CELLS_MAX) {
                out.raw(" <span class=\"tag\">").text(&text::line_at_most(name, CELL_CHARS_MAX)).raw("=");
                out.text(&text::line_at_most(value, CELL_CHARS_MAX)).raw("</span>");
            }
            if line.fields.len() > CELLS_MAX {
                let more = format!(" and {} more fields", line.fields.len() - CELLS_MAX);
                out.element("span", &[("class", "muted".into())], &more);
            }
            out.raw("</li>\n");
        }
        out.raw("</ol>\n");
        left_out(out, lines.len().saturating_sub(ROWS_MAX));
    }
}

fn missing(out: &mut Markup, number: usize, id: &EvidenceId) {
    out.open("div", &[("class", "panel bad".into()), ("id", Value::Numbered("e", number))]);
    out.element("span", &[("class", "lead".into())], &format!("e{number}"));
    out.text(&format!(" {} is cited and not in this report", text::line(&id.to_string()))).raw("</div>\n");
}

fn table(out: &mut Markup, columns: &[String], rows: &[Vec<String>]) {
    out.raw("<div class=\"scroll\" tabindex=\"0\"><table>\n");
    if !columns.is_empty() {
        out.raw("<thead><tr>");
        for column in columns.iter().take(CELLS_MAX) {
            out.element("th", &[("scope", "col".into())], &cell(column));
        }
        out.raw("</tr></thead>\n");
    }
    out.raw("<tbody>\n");
    for row in rows.iter().take(ROWS_MAX) {
        out.raw("<tr>");
        for one in row.iter().take(CELLS_MAX) {
            out.element("td", &[], &cell(one));
        }
        if row.len() > CELLS_MAX {
            out.element("td", &[], &format!("and {} more cells", row.len() - CELLS_MAX));
        }
        out.raw("</tr>\n");
    }
    out.raw("</tbody></table></div>\n");
    left_out(out, rows.len().saturating_sub(ROWS_MAX));
}

fn cell(raw: &str) -> String {
    text::line_at_most(raw.trim(), CELL_CHARS_MAX)
}

/// Text line by line; lines of a diff carry its colours.
fn prose(out: &mut Markup, body: &str, signal: Signal) {
    let (lines, more) = text::lines(body, ROWS_MAX, QUOTE_CHARS_MAX);
    let diff = signal == Signal::Code || lines.iter().any(|line| line.starts_with("@@ "));
    out.raw("<pre tabindex=\"0\">");
    for line in &lines {
        let class = match line.chars().next() {
            Some('+') if diff => "added",
            Some('-') if diff => "removed",
            Some('@') if diff => "hunk",
            _ => "",
        };
        if class.is_empty() {
            out.text(line);
        } else {
            out.element("span", &[("class", class.into())], line);
        }
        out.raw("\n");
    }
    out.raw("</pre>\n");
    if more > 0 {
        let words = format!("… and {} more lines, see -o json", text::count(more as u64));
        out.element("p", &[("class", "muted".into())], &words);
    }
}
