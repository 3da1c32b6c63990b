//! The charts of a report: symptom and cause (or suspect) on one time axis, then each series with its normal range.

use midwatch_model::{Chart, PointSeries, VerdictKind};

use super::page::Page;
use crate::markup::Markup;
use crate::svg::{self, Line, MARKS_MAX, Mark, MarkKind, Plot, TimeScale};
use crate::{chart, outline, text};

/// Charts that are drawn at once; the rest is folded.
const UNFOLDED_MAX: usize = 6;
/// Charts that are drawn at all.
const CHARTS_MAX: usize = 24;
const HEIGHT_PX: f64 = 160.0;
const OVERLAY_HEIGHT_PX: f64 = 220.0;

impl Page<'_> {
    /// Every chart of the report that has points, and words for those that have none.
    pub(super) fn pictures(&self, out: &mut Markup) {
        let charts: Vec<(&Chart, Option<&PointSeries>)> =
            self.report.charts.iter().map(|one| (one, chart::points_of(self.report, one))).collect();
        let time = self.shared_time(&charts);
        if let Some(time) = time {
            self.overlay(out, &charts, time);
        }
        // The onset of a chart takes one of the marks.
        let marks = self.changes.len() + usize::from(charts.iter().any(|(one, _)| one.onset.is_some()));
        if marks > MARKS_MAX && !charts.is_empty() {
            let words = format!(
                "Each chart marks {MARKS_MAX} moments at most, of {} changes the latest; the timeline lists all.",
                text::count(self.changes.len() as u64)
            );
            out.element("p", &[("class", "muted".into())], &words).raw("\n");
        }
        let drawn = charts.get(..CHARTS_MAX).unwrap_or(&charts);
        let (shown, folded) = drawn.split_at(drawn.len().min(UNFOLDED_MAX));
        self.figures(out, shown, time);
        if !folded.is_empty() {
            out.raw("<details class=\"more\"><summary>and ").text(&text::count(folded.len() as u64));
            out.raw(" more</summary>\n");
            self.figures(out, folded, time);
            out.raw("</details>\n");
        }
        super::list::left_out(out, charts.len() - drawn.len());
    }

    /// One axis for all charts, so that they can be read against each other: the window that was looked at, else the
    /// range of the points.
    fn shared_time(&self, charts: &[(&Chart, Option<&PointSeries>)]) -> Option<TimeScale> {
        let times =
            || charts.iter().filter_map(|(_, series)| *series).flat_map(|series| series.at.iter().copied());
        let window = &self.report.window;
        if times().filter(|at| window.contains(*at)).take(2).count() == 2 {
            return Some(TimeScale::window(window));
        }
        TimeScale::of(times())
    }

    fn figures(&self, out: &mut Markup, charts: &[(&Chart, Option<&PointSeries>)], time: Option<TimeScale>) {
        out.raw("<div class=\"figures\">\n");
        for (one, series) in charts {
            let title = text::line(&one.title);
            let words = chart::words(one, *series, &self.day);
            out.raw("<figure><figcaption><strong>").text(&title).raw("</strong>");
            self.chips(out, &self.cited(std::slice::from_ref(&one.evidence)));
            out.raw("</figcaption>");
            if let (Some(series), Some(time)) = (series, time) {
                let lines = vec![line(one, series)];
                let marks = self.marks(one);
                let plot = Plot { title: &title, words: &words, lines, time, marks, height_px: HEIGHT_PX };
                out.push(&svg::plot(&plot));
            }
            out.element("p", &[("class", "muted".into())], &words).raw("</figure>\n");
        }
        out.raw("</div>\n");
    }

    /// The symptom, which stands first among the charts, and the first other one that the leading theory rests on.
    fn overlay(&self, out: &mut Markup, charts: &[(&Chart, Option<&PointSeries>)], time: TimeScale) {
        let Some(leader) = outline::leader(self.report) else { return };
        let Some(((symptom, Some(symptom_series)), others)) = charts.split_first() else { return };
        let rests_on = |one: &Chart| {
            leader.terms.iter().any(|term| {
                let found = one.finding.as_ref().is_some_and(|finding| term.findings.contains(finding));
                found || term.evidence.contains(&one.evidence)
            })
        };
        let cause = others.iter().find(|(one, series)| series.is_some() && rests_on(one));
        let Some((cause, Some(cause_series))) = cause else { return };
        let (first, second) = (text::line(&symptom.title), text::line(&cause.title));
        let title = format!("{first} and {second} on one time axis");
        let words = format!(
            "{first}: {}. {second}: {}.",
            chart::words(symptom, Some(symptom_series), &self.day),
            chart::words(cause, Some(cause_series), &self.day)
        );
        let mut marks = self.marks(cause);
        marks.retain(|mark| mark.kind != MarkKind::Change);
        let lines = vec![line(symptom, symptom_series), line(cause, cause_series)];
        let plot = Plot { title: &title, words: &words, lines, time, marks, height_px: OVERLAY_HEIGHT_PX };
        out.raw("<figure class=\"overlay\"><figcaption><strong>").raw(match self.report.verdict.kind {
            VerdictKind::CauseFound | VerdictKind::CausedOutside => "Symptom and cause on one time axis",
            _ => "Symptom and suspect on one time axis",
        });
        out.raw("</strong> ");
        out.raw("<span class=\"key first\">").text(&first).raw(", left axis</span> ");
        out.raw("<span class=\"key second\">").text(&second).raw(", right axis</span>");
        self.chips(out, &self.cited(&[symptom.evidence.clone(), cause.evidence.clone()]));
        out.raw("</figcaption>").push(&svg::plot(&plot)).raw("</figure>\n");
    }

    /// Changes, and the onset on top.
    fn marks(&self, chart: &Chart) -> Vec<Mark> {
        let mut marks = self.changes.clone();
        if let Some(at) = chart.onset {
            let words = format!("{} left normal", text::line(&chart.title));
            marks.push(Mark { at, kind: MarkKind::Onset, words });
        }
        marks
    }

    /// A series of the evidence list, with what a chart of the report knows about it.
    pub(super) fn evidence_plot(
        &self,
        out: &mut Markup,
        series: &PointSeries,
        known: Option<&Chart>,
        words: &str,
    ) {
        let Some(time) = TimeScale::of(series.at.iter().copied()) else { return };
        let title = text::line(&series.name);
        let (normal, unit) = known.map_or((None, ""), |chart| (chart.normal, chart.unit.as_str()));
        let view = chart::in_order(series);
        let lines = vec![Line { points: view, unit: text::line(unit), normal }];
        let marks = known.map_or_else(|| self.changes.clone(), |chart| self.marks(chart));
        let plot = Plot { title: &title, words, lines, time, marks, height_px: HEIGHT_PX };
        out.push(&svg::plot(&plot));
    }
}

fn line(chart: &Chart, series: &PointSeries) -> Line {
    Line { points: chart::in_order(series), unit: text::line(&chart.unit), normal: chart.normal }
}
