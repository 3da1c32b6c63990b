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
    fn too_little_to_say() {
        assert_eq!(climbing_from_the_start(series(60, &[1.0, 2.0, 3.0]).view()), None);
        assert_eq!(climbing_from_the_start(series(60, &[f64::NAN; 100]).view()), None);
    }
}
