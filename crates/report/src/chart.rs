//! Small charts from the points a report keeps: one row of bars with a mark where the series left normal.

use jiff::Timestamp;
use midwatch_model::{Answer, Chart, PointSeries, Report};

use crate::text;

/// Columns a chart is drawn with at most.
pub(crate) const COLUMNS_MAX: usize = 60;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_BARS: [char; 8] = ['_', '.', '-', '~', '=', '+', '*', '#'];

/// Points ready to be drawn at any width.
#[derive(Debug, Clone, PartialEq)]
pub struct ChartView {
    /// Samples in time order; missing and non-finite values are `None`.
    pub points: Vec<(Timestamp, Option<f64>)>,
    /// Normal range, when one is known.
    pub normal: Option<(f64, f64)>,
    /// When the series left normal.
    pub onset: Option<Timestamp>,
}

/// A chart drawn as one row of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sparkline {
    /// Bars before the onset, or all of them.
    pub before: String,
    /// The mark, when the onset lies inside the points.
    pub mark: Option<char>,
    /// Bars from the onset on.
    pub after: String,
}

/// The series a chart names, when its evidence holds it.
pub(crate) fn points_of<'a>(report: &'a Report, chart: &Chart) -> Option<&'a PointSeries> {
    match &report.evidence.get(&chart.evidence)?.answer {
        Answer::Points { series } => series.iter().find(|one| one.name == chart.series),
        _ => None,
    }
}

/// The chart's points in time order.
pub(crate) fn view(chart: &Chart, series: &PointSeries) -> ChartView {
    ChartView { points: in_order(series), normal: chart.normal, onset: chart.onset }
}

/// Samples in time order; missing and non-finite values are `None`.
pub(crate) fn in_order(series: &PointSeries) -> Vec<(Timestamp, Option<f64>)> {
    let values = series.values.iter().map(|value| value.filter(|value| value.is_finite()));
    let mut points: Vec<(Timestamp, Option<f64>)> = series.at.iter().copied().zip(values).collect();
    points.sort_by_key(|(at, _)| *at);
    points
}

/// What the chart says in words: normal range, lowest, highest, when it left normal.
pub(crate) fn words(chart: &Chart, series: Option<&PointSeries>, day: &str) -> String {
    let unit = text::line(&chart.unit);
    let with_unit = |value: String| match unit.as_str() {
        "" => value,
        _ => format!("{value}{}{unit}", text::NO_BREAK_SPACE),
    };
    let mut parts = Vec::new();
    if let Some((low, high)) = chart.normal {
        parts.push(format!("normal {}", with_unit(format!("{}–{}", text::number(low), text::number(high)))));
    }
    if let Some(at) = chart.onset {
        parts.push(format!("left normal at {}", text::moment(at, day)));
    }
    let known: Vec<f64> = series
        .iter()
        .flat_map(|one| &one.values)
        .flatten()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    if known.is_empty() {
        parts.push("its points are not in this report".into());
    } else {
        let lowest = known.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        parts.push(format!("lowest {}", with_unit(text::number(lowest))));
        parts.push(format!("highest {}", with_unit(text::number(highest))));
    }
    parts.join(", ")
}

impl ChartView {
    /// One row of at most `columns_max` bars (at least 8, at most 60) and the onset mark.
    ///
    /// Samples that share a column are shown by the one furthest from the middle of the series, so that a short spike
    /// is not averaged away. A column without samples is blank.
    pub fn sparkline(&self, columns_max: usize, unicode: bool) -> Sparkline {
        let bars = if unicode { BARS } else { ASCII_BARS };
        let columns = columns_max.saturating_sub(1).clamp(8, COLUMNS_MAX).min(self.points.len().max(1));
        let known: Vec<f64> = self.points.iter().filter_map(|(_, value)| *value).collect();
        let lowest = known.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let middle = median(&known);
        let mut cells: Vec<Option<f64>> = vec![None; columns];
        for (at, value) in &self.points {
            let (Some(value), Some(cell)) = (*value, cells.get_mut(self.column_of(*at, columns))) else {
                continue;
            };
            if cell.is_none_or(|held| (value - middle).abs() > (held - middle).abs()) {
                *cell = Some(value);
            }
        }
        let drawn: Vec<char> = cells
            .iter()
            .map(|cell| match cell {
                Some(value) => {
                    // Halves keep the span finite when the values reach the limits of f64.
                    let span = highest / 2.0 - lowest / 2.0;
                    let share = if span > 0.0 { (value / 2.0 - lowest / 2.0) / span } else { 0.0 };
                    bars[((share * 7.0).round() as usize).min(7)]
                }
                None => ' ',
            })
            .collect();
        let inside = self.onset.filter(|onset| {
            let (first, last) = (self.points.first(), self.points.last());
            first.is_some_and(|(at, _)| at <= onset) && last.is_some_and(|(at, _)| at >= onset)
        });
        let split = inside.map_or(columns, |onset| self.column_of(onset, columns));
        let mark = inside.map(|_| if unicode { '┃' } else { '|' });
        let (before, after) = drawn.split_at(split.min(drawn.len()));
        Sparkline { before: before.iter().collect(), mark, after: after.iter().collect() }
    }

    fn column_of(&self, at: Timestamp, columns: usize) -> usize {
        let (Some((first, _)), Some((last, _))) = (self.points.first(), self.points.last()) else { return 0 };
        let span = last.as_nanosecond() - first.as_nanosecond();
        if span <= 0 {
            return 0;
        }
        let share = (at.as_nanosecond() - first.as_nanosecond()) as f64 / span as f64;
        ((share * columns as f64) as usize).min(columns - 1)
    }
}

impl Sparkline {
    /// The row with its mark as plain text.
    pub fn plain(&self) -> String {
        self.before.chars().chain(self.mark).chain(self.after.chars()).collect()
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
