//! A series as path data: thinned so that every peak stays, and broken where samples are missing.

use jiff::Timestamp;

use super::scale::{TimeScale, ValueScale};
use crate::markup::Path;

/// Columns a line is thinned to; each keeps its first, lowest, highest and last sample.
const COLUMNS: f64 = 240.0;
/// Width of the drawing area in the path's own units: the `viewBox` of a plot.
const WIDTH: f64 = 1_000.0;
/// A pause longer than this many usual steps is a gap.
const GAP_STEPS: i128 = 3;

/// Samples in time order; a missing or non-finite value is `None`.
pub(crate) type Points = Vec<(Timestamp, Option<f64>)>;

/// Unbroken stretches of the series, thinned: each sample as (share of time, value).
pub(super) fn stretches(points: &[(Timestamp, Option<f64>)], time: &TimeScale) -> Vec<Vec<(f64, f64)>> {
    let pause = usual_step_ns(points).map(|step| step.saturating_mul(GAP_STEPS));
    let mut all: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut last: Option<i128> = None;
    for (at, value) in points {
        let known = value.filter(|value| value.is_finite()).zip(time.share(*at));
        let Some((value, share)) = known else {
            last = None;
            continue;
        };
        let at = at.as_nanosecond();
        let broken = last.is_none_or(|last| pause.is_some_and(|pause| at - last > pause));
        match all.last_mut() {
            Some(stretch) if !broken => stretch.push((share, value)),
            _ => all.push(vec![(share, value)]),
        }
        last = Some(at);
    }
    all.iter().map(|stretch| thinned(stretch)).collect()
}

/// The median distance between neighbouring samples.
fn usual_step_ns(points: &[(Timestamp, Option<f64>)]) -> Option<i128> {
    let mut steps: Vec<i128> =
        points.windows(2).map(|pair| pair[1].0.as_nanosecond() - pair[0].0.as_nanosecond()).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied().filter(|step| *step > 0)
}

/// At most four samples per column: first, lowest, highest, last, in their order.
fn thinned(stretch: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if stretch.len() as f64 <= 2.0 * COLUMNS {
        return stretch.to_vec();
    }
    let column = |share: f64| (share * COLUMNS) as i64;
    let mut kept = Vec::new();
    for same in stretch.chunk_by(|left, right| column(left.0) == column(right.0)) {
        let mut lowest = 0;
        let mut highest = 0;
        for (index, sample) in same.iter().enumerate() {
            if sample.1 < same[lowest].1 {
                lowest = index;
            }
            if sample.1 > same[highest].1 {
                highest = index;
            }
        }
        let mut picked = vec![0, lowest, highest, same.len() - 1];
        picked.sort_unstable();
        picked.dedup();
        kept.extend(picked.into_iter().map(|index| same[index]));
    }
    kept
}

/// The stretches as one path, [`WIDTH`] wide and `height` high; a lone sample becomes a dot.
pub(super) fn path(stretches: &[Vec<(f64, f64)>], scale: &ValueScale, height: f64) -> Path {
    let mut path = Path::default();
    for stretch in stretches {
        for (index, (share, value)) in stretch.iter().enumerate() {
            let (x, y) = (share * WIDTH, height * (1.0 - scale.share(*value)));
            if index == 0 {
                path.move_to(x, y);
            }
            if index > 0 || stretch.len() == 1 {
                path.line_to(x, y);
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_short_spike_survives_thinning() {
        let points: Points =
            (0..10_000).map(|second| (at(second), Some(if second == 4_321 { 9.0 } else { 1.0 }))).collect();
        let time = TimeScale::of(points.iter().map(|(at, _)| *at)).unwrap();
        let drawn = stretches(&points, &time);
        assert_eq!(drawn.len(), 1);
        assert!(drawn[0].len() < 1_000, "{}", drawn[0].len());
        assert!(drawn[0].iter().any(|(_, value)| *value == 9.0));
        assert_eq!((drawn[0][0].0, drawn[0].last().unwrap().0), (0.0, 1.0));
    }

    #[test]
    fn missing_samples_and_long_pauses_break_the_line() {
        let mut points: Points = (0..10).map(|second| (at(second), Some(1.0))).collect();
        points[4].1 = None;
        points[6].1 = Some(f64::NAN);
        points.extend((100..103).map(|second| (at(second), Some(2.0))));
        let time = TimeScale::of([at(0), at(102)]).unwrap();
        let lengths: Vec<usize> = stretches(&points, &time).iter().map(Vec::len).collect();
        assert_eq!(lengths, [4, 1, 3, 3]);
    }
}
