//! Changes, onsets, alerts and recovery on one time axis, one lane each.

use jiff::Timestamp;
use midwatch_model::{TimelineEvent, TimelineKind, Window};

use super::plot::time_axis;
use super::scale::TimeScale;
use crate::markup::{Markup, Value};
use crate::text;

const LANE_PX: f64 = 26.0;
/// Room above the lanes for the words about what lies outside the axis.
const TOP: f64 = 16.0;
/// Marks that are drawn; the list below the picture holds all.
pub(crate) const MARKS_MAX: usize = 200;

/// What the picture is drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimelineView<'a> {
    /// The axis; moments outside are counted at its ends.
    pub(crate) window: &'a Window,
    /// Since when it was bad, and until when, if it ended.
    pub(crate) bad: Option<(Timestamp, Option<Timestamp>)>,
    /// The moments, in any order.
    pub(crate) events: &'a [TimelineEvent],
    /// The picture in words.
    pub(crate) words: &'a str,
}

/// How many moments the fullest lane holds.
pub(crate) fn fullest_lane(events: &[TimelineEvent]) -> usize {
    let kinds = [TimelineKind::Change, TimelineKind::Onset, TimelineKind::Alert, TimelineKind::Recovery];
    let held = kinds.iter().map(|kind| events.iter().filter(|event| event.kind == *kind).count());
    held.max().unwrap_or(0)
}

/// The lanes as an `svg` element of full width; lanes without moments are left out.
pub(crate) fn timeline(view: &TimelineView<'_>) -> Markup {
    let lanes: Vec<(TimelineKind, &'static str)> = [
        (TimelineKind::Change, "changes"),
        (TimelineKind::Onset, "onsets"),
        (TimelineKind::Alert, "alerts"),
        (TimelineKind::Recovery, "recovery"),
    ]
    .into_iter()
    .filter(|(kind, _)| view.events.iter().any(|event| event.kind == *kind))
    .collect();
    let time = TimeScale::window(view.window);
    let bottom = TOP + LANE_PX * lanes.len() as f64;
    let mut out = Markup::default();
    out.open(
        "svg",
        &[("class", "timeline".into()), ("height", (bottom + 24.0).into()), ("role", "img".into())],
    );
    out.element("title", &[], "Timeline").element("desc", &[], view.words);
    draw_bad(&mut out, view, &time, bottom);
    time_axis(&mut out, &time, bottom);
    for (index, (kind, name)) in lanes.iter().enumerate() {
        let y = TOP + LANE_PX * (index as f64 + 0.5);
        out.element(
            "text",
            &[
                ("class", "lane".into()),
                ("dx", (-8.0).into()),
                ("y", (y + 4.0).into()),
                ("text-anchor", "end".into()),
            ],
            name,
        );
        out.empty(
            "line",
            &[("class", "grid".into()), ("x2", "100%".into()), ("y1", y.into()), ("y2", y.into())],
        );
        draw_lane(&mut out, view.events, *kind, &time, y);
    }
    draw_outside(&mut out, view.events, &time);
    out.close("svg");
    out
}

/// The stretch in which it was bad.
fn draw_bad(out: &mut Markup, view: &TimelineView<'_>, time: &TimeScale, bottom: f64) {
    let Some((since, until)) = view.bad else { return };
    let end = until.and_then(|at| time.share(at)).unwrap_or(1.0);
    let start = time.share(since).unwrap_or(if time.is_before(since) { 0.0 } else { 1.0 });
    if end > start {
        out.empty(
            "rect",
            &[
                ("class", "bad".into()),
                ("x", Value::Share(start)),
                ("width", Value::Share(end - start)),
                ("y", TOP.into()),
                ("height", (bottom - TOP).into()),
            ],
        );
    }
}

fn draw_lane(out: &mut Markup, events: &[TimelineEvent], kind: TimelineKind, time: &TimeScale, y: f64) {
    let mut lane: Vec<&TimelineEvent> = events.iter().filter(|event| event.kind == kind).collect();
    // What belongs to the leading theory is drawn last, on top.
    lane.sort_by_key(|event| (event.leading, event.at));
    let skipped = lane.len().saturating_sub(MARKS_MAX);
    for event in lane.into_iter().skip(skipped) {
        let Some(share) = time.share(event.at) else { continue };
        let class = if event.leading { "point leading" } else { "point" };
        out.open("svg", &[("class", class.into()), ("x", Value::Share(share)), ("y", y.into())]);
        out.element("title", &[], &format!("{} {}", text::clock(event.at), text::line(event.claim.text())));
        out.raw(match kind {
            TimelineKind::Change => "<path d=\"M0 -7L7 0L0 7L-7 0z\"/>",
            TimelineKind::Onset => "<circle r=\"5.5\"/>",
            TimelineKind::Alert => "<path d=\"M0 -7L7 6L-7 6z\"/>",
            TimelineKind::Recovery => "<rect x=\"-5\" y=\"-5\" width=\"10\" height=\"10\"/>",
        });
        out.close("svg");
    }
}

fn draw_outside(out: &mut Markup, events: &[TimelineEvent], time: &TimeScale) {
    let outside = events.iter().filter(|event| time.share(event.at).is_none());
    let (before, after): (Vec<_>, Vec<_>) = outside.partition(|event| time.is_before(event.at));
    for (count, x, anchor, words) in
        [(before.len(), 0.0, "start", "‹ earlier: "), (after.len(), 1.0, "end", "› later: ")]
    {
        if count > 0 {
            out.element(
                "text",
                &[
                    ("class", "lane".into()),
                    ("x", Value::Share(x)),
                    ("y", 10.0.into()),
                    ("text-anchor", anchor.into()),
                ],
                &format!("{words}{}", text::count(count as u64)),
            );
        }
    }
}
