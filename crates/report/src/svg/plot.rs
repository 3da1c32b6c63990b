//! One or two series over time with normal range, onset and changes.

use jiff::Timestamp;
use midwatch_model::TimelineKind;

use super::line::{Points, path, stretches};
use super::scale::{TimeScale, ValueScale};
use crate::markup::{Markup, Value};
use crate::text;

/// Room above the drawing area for the names of marks: a row for changes, one below it for onsets.
const TOP: f64 = 28.0;
/// Room below for times.
const BOTTOM: f64 = 22.0;
/// Marks that are drawn in one chart; the timeline lists the others.
pub(crate) const MARKS_MAX: usize = 40;

/// What a vertical mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MarkKind {
    /// The series left normal.
    Onset,
    /// A change that belongs to the leading theory.
    LeadingChange,
    /// Another change.
    Change,
}

/// A vertical mark.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// When.
    pub(crate) at: Timestamp,
    /// What it stands for.
    pub(crate) kind: MarkKind,
    /// What a reader is told on pointing at it; a single visible line.
    pub(crate) words: String,
}

/// A series to draw.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Samples in time order.
    pub(crate) points: Points,
    /// Unit of the values; a single visible line.
    pub(crate) unit: String,
    /// Normal range.
    pub(crate) normal: Option<(f64, f64)>,
}

/// A chart of one series, or of two that share the time axis and have a value axis each.
#[derive(Debug, Clone)]
pub(crate) struct Plot<'a> {
    /// What it shows.
    pub(crate) title: &'a str,
    /// What it says in words.
    pub(crate) words: &'a str,
    /// The first has its axis on the left, the second on the right; further ones are not drawn.
    pub(crate) lines: Vec<Line>,
    /// The time axis.
    pub(crate) time: TimeScale,
    /// Vertical marks.
    pub(crate) marks: Vec<Mark>,
    /// Height of the whole.
    pub(crate) height_px: f64,
}

/// Marks of the changes among a report's moments, earliest first, those of the leading theory last (on top).
pub(crate) fn change_marks(report: &midwatch_model::Report) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for event in report.timeline.iter().filter(|event| event.kind == TimelineKind::Change) {
        let kind = if event.leading { MarkKind::LeadingChange } else { MarkKind::Change };
        marks.push(Mark { at: event.at, kind, words: text::line(event.claim.text()) });
    }
    marks.sort_by_key(|mark| (std::cmp::Reverse(mark.kind), mark.at));
    marks
}

/// The chart as an `svg` element of full width.
pub(crate) fn plot(plot: &Plot<'_>) -> Markup {
    let mut out = Markup::default();
    let area = plot.height_px - TOP - BOTTOM;
    let two = plot.lines.len() > 1;
    out.open(
        "svg",
        &[
            ("class", if two { "plot two" } else { "plot" }.into()),
            ("height", plot.height_px.into()),
            ("role", "img".into()),
        ],
    );
    out.element("title", &[], plot.title);
    out.element("desc", &[], plot.words);
    let scales: Vec<ValueScale> = plot
        .lines
        .iter()
        .map(|line| ValueScale::of(line.points.iter().filter_map(|(_, value)| *value), line.normal))
        .collect();
    for (index, (line, scale)) in plot.lines.iter().zip(&scales).take(2).enumerate() {
        value_axis(&mut out, line, scale, index == 1, area);
    }
    if let (Some(line), Some(scale), false) = (plot.lines.first(), scales.first(), two) {
        band(&mut out, line, scale, area);
    }
    time_axis(&mut out, &plot.time, TOP + area);
    let drawn = plot.marks.len().saturating_sub(MARKS_MAX);
    for mark in plot.marks.iter().skip(drawn) {
        draw_mark(&mut out, mark, &plot.time, area);
    }
    for (index, (line, scale)) in plot.lines.iter().zip(&scales).take(2).enumerate() {
        out.open(
            "svg",
            &[
                ("y", TOP.into()),
                ("width", "100%".into()),
                ("height", area.into()),
                ("viewBox", Value::Numbered("0 0 1000 ", area as usize)),
                ("preserveAspectRatio", "none".into()),
            ],
        );
        let data = path(&stretches(&line.points, &plot.time), scale, area);
        let class = if index == 0 { "series first" } else { "series second" };
        out.empty("path", &[("class", class.into()), ("d", Value::Path(data))]);
        out.close("svg");
    }
    out.close("svg");
    out
}

fn value_axis(out: &mut Markup, line: &Line, scale: &ValueScale, right: bool, area: f64) {
    let y_of = |share: f64| TOP + area * (1.0 - share);
    let (x, dx, anchor, class) = match right {
        true => (Value::Share(1.0), 6.0, "start", "value second"),
        false => (Value::Share(0.0), -6.0, "end", "value first"),
    };
    let label = |y: f64| {
        [
            ("class", class.into()),
            ("x", x.clone()),
            ("dx", dx.into()),
            ("y", y.into()),
            ("text-anchor", anchor.into()),
        ]
    };
    for tick in scale.ticks() {
        let y = y_of(tick.share);
        if !right {
            out.empty(
                "line",
                &[
                    ("class", "grid".into()),
                    ("x1", 0.0.into()),
                    ("x2", "100%".into()),
                    ("y1", y.into()),
                    ("y2", y.into()),
                ],
            );
        }
        out.element("text", &label(y + 3.5), &tick.label);
    }
    if !line.unit.is_empty() {
        let unit = text::line_at_most(&line.unit, 12);
        out.element("text", &label(TOP - 7.0), &unit);
    }
}

fn band(out: &mut Markup, line: &Line, scale: &ValueScale, area: f64) {
    let Some((from, to)) = line.normal.filter(|(from, to)| from.is_finite() && to.is_finite()) else {
        return;
    };
    let (bottom, top) = (scale.share(from.min(to)), scale.share(from.max(to)));
    out.open(
        "rect",
        &[
            ("class", "normal".into()),
            ("width", "100%".into()),
            ("y", (TOP + area * (1.0 - top)).into()),
            ("height", (area * (top - bottom)).max(1.0).into()),
        ],
    );
    let words = format!("normal range {}–{} {}", text::number(from), text::number(to), line.unit);
    out.element("title", &[], words.trim_end()).close("rect");
}

/// Labels of an axis whose line stands at `y`.
pub(super) fn time_axis(out: &mut Markup, time: &TimeScale, y: f64) {
    out.empty(
        "line",
        &[
            ("class", "axis".into()),
            ("x1", 0.0.into()),
            ("x2", "100%".into()),
            ("y1", y.into()),
            ("y2", y.into()),
        ],
    );
    for tick in time.ticks() {
        let x = Value::Share(tick.share);
        out.empty(
            "line",
            &[
                ("class", "axis".into()),
                ("x1", x.clone()),
                ("x2", x.clone()),
                ("y1", y.into()),
                ("y2", (y + 4.0).into()),
            ],
        );
        out.element(
            "text",
            &[("class", "time".into()), ("x", x), ("y", (y + 17.0).into()), ("text-anchor", "middle".into())],
            &tick.label,
        );
    }
}

fn draw_mark(out: &mut Markup, mark: &Mark, time: &TimeScale, area: f64) {
    let Some(share) = time.share(mark.at) else { return };
    let (class, word, word_y) = match mark.kind {
        MarkKind::Onset => ("mark onset", "onset", TOP - 4.0),
        MarkKind::LeadingChange => ("mark leading", "change", TOP - 16.0),
        MarkKind::Change => ("mark change", "", TOP),
    };
    let x = Value::Share(share);
    out.open("g", &[("class", class.into())]);
    out.element("title", &[], &mark.words);
    out.empty(
        "line",
        &[
            ("x1", x.clone()),
            ("x2", x.clone()),
            ("y1", (word_y - 7.0).min(TOP).into()),
            ("y2", (TOP + area).into()),
        ],
    );
    if mark.kind != MarkKind::Onset {
        out.open("svg", &[("class", "point".into()), ("x", x.clone()), ("y", (TOP + area).into())]);
        out.raw("<path d=\"M0 0L3 5L-3 5z\"/>").close("svg");
    }
    if !word.is_empty() {
        // On the side with more room, so that it fits a phone.
        let (dx, anchor) = if share < 0.5 { (4.0, "start") } else { (-4.0, "end") };
        out.element(
            "text",
            &[("x", x), ("dx", dx.into()), ("y", word_y.into()), ("text-anchor", anchor.into())],
            &format!("{word} {}", text::clock(mark.at)),
        );
    }
    out.close("g");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        // 2026-03-04T14:00:00Z
        Timestamp::from_second(1_772_632_800 + 60 * minute).unwrap()
    }

    fn line(values: &[Option<f64>]) -> Line {
        let points = values.iter().enumerate().map(|(minute, value)| (at(minute as i64), *value));
        Line { points: points.collect(), unit: "ms".into(), normal: Some((90.0, 110.0)) }
    }

    fn small() -> Plot<'static> {
        let mark = |minute, kind, words: &str| Mark { at: at(minute), kind, words: words.into() };
        Plot {
            title: "latency of svc-a",
            words: "normal 90–110 ms, left normal at 14:05:00",
            lines: vec![line(&[
                Some(100.0),
                Some(104.0),
                None,
                Some(98.0),
                Some(101.0),
                Some(400.0),
                Some(420.0),
            ])],
            time: TimeScale::of([at(0), at(6)]).unwrap(),
            marks: vec![
                mark(1, MarkKind::Change, "deploy of svc-b"),
                mark(4, MarkKind::LeadingChange, "deploy of svc-a"),
                mark(5, MarkKind::Onset, "latency left normal"),
                mark(60, MarkKind::Change, "later than the axis"),
            ],
            height_px: 150.0,
        }
    }

    #[test]
    fn a_gap_a_band_an_onset_and_changes_are_drawn() {
        let drawn = plot(&small()).finish();
        insta::assert_snapshot!("plot", drawn.replace('>', ">\n"));
        // Two stretches: before the sample that is missing and after it.
        let path = drawn.split_once("series first\" d=\"").unwrap().1.split_once('"').unwrap().0;
        assert_eq!(path.matches('M').count(), 2, "{path}");
        assert!(!drawn.contains("later than the axis"));
    }

    #[test]
    fn two_series_have_an_axis_each_and_no_band() {
        let mut both = small();
        both.lines.push(line(&[Some(1.0), Some(2.0), None, None, None, Some(90.0), Some(95.0)]));
        let drawn = plot(&both).finish();
        let count = |what: &str| drawn.matches(what).count();
        assert_eq!((count("series first"), count("series second"), count("class=\"normal\"")), (1, 1, 0));
        assert!(count("value second") > 2);
    }

    #[test]
    fn only_so_many_marks_are_drawn_the_onset_among_them() {
        let mut many = small();
        let change = many.marks[0].clone();
        let onset = many.marks[2].clone();
        many.marks = vec![change; 500];
        many.marks.push(onset);
        let drawn = plot(&many).finish();
        assert_eq!((drawn.matches("class=\"mark ").count(), drawn.matches("mark onset").count()), (40, 1));
    }
}
