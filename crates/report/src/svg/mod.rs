//! Charts as SVG: self-contained elements without ids, styles or scripts.
//!
//! A face that shows them brings the style sheet (`html/page.css` holds one); positions along time are per cent of the
//! width, so that a chart fits any column without scaling its text. Each is `role="img"` with a title and a description.

mod bar;
mod graph;
mod line;
mod plot;
mod scale;
mod timeline;

pub(crate) use bar::{likelihood_bar, weight_bar};
pub(crate) use graph::graph;
pub(crate) use plot::{Line, MARKS_MAX, Mark, MarkKind, Plot, change_marks, plot};
pub(crate) use scale::TimeScale;
pub(crate) use timeline::{MARKS_MAX as LANE_MARKS_MAX, TimelineView, fullest_lane, timeline};
