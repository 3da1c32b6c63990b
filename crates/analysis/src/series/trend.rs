//! Whether a series was already under way when it comes into view, so that no normal stretch of it is to be seen.

use super::SeriesView;
use super::dose::theil_sen;
use super::robust::{level, median};

/// Share of the series, from its start, that is looked at.
const HEAD_SHARE: f64 = 0.34;
/// Fewest points of that part.
const POINTS_MIN: usize = 8;
/// Rise over that part in units of the scatter about its line.
const SCATTERS_MIN: f64 = 6.0;
/// Rise over that part as a share of its middle.
const RISE_SHARE_MIN: f64 = 0.08;
/// Blocks of that part whose medians must each lie above the one before.
const BLOCKS: usize = 4;

/// Rise per second of the leading third of a series, when that third climbs (or sinks) steadily from its first point on:
/// the beginning lies before what is seen. `None` when it is level, too short (fewer than eight points) or wanders.
///
/// Theil-Sen slope (Sen 1968) against the scatter about its line; the medians of four blocks must all rise, which a
/// wave or a step does not do.
pub fn climbing_from_the_start(series: SeriesView<'_>) -> Option<f64> {
    let all: Vec<(i64, f64)> = series.present().filter(|(_, value)| value.is_finite()).collect();
    let count = (all.len() as f64 * HEAD_SHARE) as usize;
    steady_climb(&all[..count]).map(|climb| climb.slope_per_s)
}

/// A steady rise from the first to the last point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Climb {
    /// Rise per second; negative when it sinks.
    pub slope_per_s: f64,
    /// Median of the first quarter.
    pub from: f64,
    /// Median of the last quarter.
    pub to: f64,
}

/// The rise of a series that climbs (or sinks) steadily from the first point to the last, judged as
/// [`climbing_from_the_start`] judges its leading third: what has no onset inside the window is not normal for that.
pub fn climbing_throughout(series: SeriesView<'_>) -> Option<Climb> {
    let all: Vec<(i64, f64)> = series.present().filter(|(_, value)| value.is_finite()).collect();
    steady_climb(&all)
}

fn steady_climb(points: &[(i64, f64)]) -> Option<Climb> {
    let count = points.len();
    if count < POINTS_MIN {
        return None;
    }
    let origin_ns = points[0].0;
    let head: Vec<(f64, f64)> =
        points.iter().map(|(at_ns, value)| (at_ns.saturating_sub(origin_ns) as f64 / 1e9, *value)).collect();
    let slope_per_s = theil_sen(&head)?;
    let residuals: Vec<f64> = head.iter().map(|(at_s, value)| value - slope_per_s * at_s).collect();
    let rise = slope_per_s * (head[count - 1].0 - head[0].0);
    let middle = median(&head.iter().map(|point| point.1).collect::<Vec<_>>())?;
    let scatter = level(&residuals)?.scale;
    let blocks: Vec<f64> = head
        .chunks(count.div_ceil(BLOCKS))
        .filter_map(|block| median(&block.iter().map(|point| point.1).collect::<Vec<_>>()))
        .collect();
    let steady = blocks.windows(2).all(|pair| (pair[1] - pair[0]) * slope_per_s > 0.0);
    let clear = rise.abs() > SCATTERS_MIN * scatter && rise.abs() > RISE_SHARE_MIN * middle.abs();
    let climb = Climb { slope_per_s, from: *blocks.first()?, to: *blocks.last()? };
    (steady && clear).then_some(climb)
}

/// A level that a series left so early that nothing before can be called its normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// First point from which it stays beyond half of the way.
    pub at_ns: i64,
    /// Points before that one.
    pub points_before: usize,
    /// Median of its first points.
    pub from: f64,
    /// Median of its last third.
    pub to: f64,
}

/// Fewest points to say that a series moved.
const MOVED_POINTS_MIN: usize = 8;
/// First points whose median is where it came from; fewer of a short series.
const MOVED_FIRST_POINTS: usize = 3;
/// Way in units of the noise between neighbouring points, and as a share of the greater of the two levels.
const MOVED_NOISE_MIN: f64 = 8.0;
const MOVED_SHARE_MIN: f64 = 0.25;
/// Share of the points from the crossing on that must lie beyond half of the way.
const MOVED_BEYOND_MIN: f64 = 0.9;

/// How a series without a normal stretch in view got from its first level to its last one: a step within its first
/// points, or a climb from the first point on. It says that it moved, not that this is out of the ordinary: that takes
/// a baseline, or somebody who knows. `None` for fewer than eight points, for levels and for what wanders or returns.
pub fn moved_from_the_start(series: SeriesView<'_>) -> Option<Moved> {
    let points: Vec<(i64, f64)> = series.present().filter(|(_, value)| value.is_finite()).collect();
    if points.len() < MOVED_POINTS_MIN {
        return None;
    }
    let values: Vec<f64> = points.iter().map(|point| point.1).collect();
    let to = median(&values[values.len() - values.len() / 3..])?;
    // The first point alone when the second has left it already: how many there are is not known.
    let near = |value: f64| (value - values[0]).abs() < 0.2 * (to - values[0]).abs();
    let first = values.iter().take(MOVED_FIRST_POINTS).take_while(|value| near(**value)).count().max(1);
    let from = median(&values[..first])?;
    let way = to - from;
    let steps: Vec<f64> =
        values[values.len() / 2..].windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let noise = median(&steps)?;
    if way.abs() <= MOVED_NOISE_MIN * noise || way.abs() < MOVED_SHARE_MIN * from.abs().max(to.abs()) {
        return None;
    }
    let beyond = |value: f64| (value - from) / way > 0.5;
    let crossing = values.iter().position(|value| beyond(*value))?;
    let after = &values[crossing..];
    let stays = after.iter().filter(|value| beyond(**value)).count() as f64;
    (stays >= MOVED_BEYOND_MIN * after.len() as f64 && after.len() >= values.len() / 3).then(|| Moved {
        at_ns: points[crossing].0,
        points_before: crossing,
        from,
        to,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Noise, series};
    use super::*;

    #[test]
    fn a_climb_that_slows_down_is_one_and_a_level_is_none() {
        let slowing: Vec<f64> =
            (0..100).map(|i| 70.0 + 20.0 * (1.0 - (-(f64::from(i)) / 60.0).exp())).collect();
        let climb = climbing_throughout(series(60, &slowing).view()).unwrap();
        assert!(climb.slope_per_s > 0.0 && climb.from < 75.0 && climb.to > 84.0, "{climb:?}");
        let level: Vec<f64> = (0..100).map(|i| 70.0 + f64::from(i % 3)).collect();
        assert_eq!(climbing_throughout(series(60, &level).view()), None);
        let step: Vec<f64> = (0..100).map(|i| if i < 50 { 70.0 } else { 90.0 }).collect();
        assert_eq!(climbing_throughout(series(60, &step).view()), None);
    }

    #[test]
    fn table_of_beginnings() {
        type Shape = fn(usize) -> f64;
        let cases: [(&str, Shape, bool); 6] = [
            ("climbs throughout", |i| 400.0 + 4.0 * i as f64, true),
            ("climbs, then saws", |i| if i < 80 { 600.0 + 5.0 * i as f64 } else { 700.0 }, true),
            ("level, then climbs", |i| 400.0 + 4.0 * i.saturating_sub(50) as f64, false),
            ("level", |_| 400.0, false),
            ("step", |i| if i < 20 { 400.0 } else { 600.0 }, false),
            ("hardly climbs", |i| 400.0 + 0.1 * i as f64, false),
        ];
        for (name, shape, expected) in cases {
            for seed in 0..10 {
                let mut noise = Noise::new(seed);
                let values: Vec<f64> = (0..120).map(|index| shape(index) + 2.0 * noise.normal()).collect();
                let slope = climbing_from_the_start(series(60, &values).view());
                assert_eq!(slope.is_some(), expected, "{name} {seed}: {slope:?}");
            }
        }
    }

    #[test]
    fn table_of_early_moves() {
        let check = |name: &str, values: &[f64], expected: Option<(usize, f64, f64)>| {
            let moved = moved_from_the_start(series(60, values).view());
            let told = moved.map(|moved| (moved.points_before, moved.from.round(), moved.to.round()));
            assert_eq!(told, expected, "{name}");
        };
        let mut step = vec![18.0];
        step.extend((0..19).map(|i| 94.0 + f64::from(i % 3)));
        check("one point before", &step, Some((1, 18.0, 95.0)));
        let climb: Vec<f64> = (0..20).map(|i| 1200.0 * (1.0 - (-f64::from(i) / 6.0).exp())).collect();
        check("climbs from the first point on", &climb, Some((5, 92.0, 1123.0)));
        let level: Vec<f64> = (0..20).map(|i| 94.0 + f64::from(i % 3)).collect();
        check("level", &level, None);
        let returns: Vec<f64> = (0..20).map(|i| if (2..6).contains(&i) { 94.0 } else { 18.0 }).collect();
        check("returns", &returns, None);
        let wanders: Vec<f64> = (0..20).map(|i| 50.0 + 40.0 * (f64::from(i) * 1.7).sin()).collect();
        check("wanders", &wanders, None);
        check("short", &step[..7], None);
        check("hardly moves", &[100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0, 107.0, 108.0], None);
        check("from nothing", &[0.0, 0.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0], Some((2, 0.0, 5.0)));
    }

    #[test]
    fn too_little_to_say() {
        assert_eq!(climbing_from_the_start(series(60, &[1.0, 2.0, 3.0]).view()), None);
        assert_eq!(climbing_from_the_start(series(60, &[f64::NAN; 100]).view()), None);
    }
}
