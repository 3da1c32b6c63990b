//! Runs of levels outside the normal band, and the baseline they depart from.

use midwatch_model::Direction;

use super::change_points::Segment;
use super::onset::{OnsetOptions, level_at};
use super::robust::{Level, level, robust_z};
use super::shift::departure_of;

/// A stretch outside the normal band, as indices into the points that are there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Episode {
    /// First point, as the segmentation places it.
    pub(crate) start: usize,
    /// First point after it.
    pub(crate) end: usize,
    /// First point of the normal stretch before it.
    pub(crate) quiet_from: usize,
    /// Which way.
    pub(crate) direction: Direction,
    /// Middle of its most extreme level.
    pub(crate) extreme: f64,
    /// First point after that level.
    pub(crate) extreme_end: usize,
    /// Whether a sustained normal stretch follows.
    pub(crate) recovered: bool,
}

impl Episode {
    pub(crate) fn points(&self) -> usize {
        self.end - self.start
    }
}

/// A baseline and what departs from it.
pub(crate) struct Episodes {
    pub(crate) baseline: Level,
    /// Indices of the points of the baseline, rising.
    pub(crate) baseline_points: Vec<usize>,
    /// In time order.
    pub(crate) episodes: Vec<Episode>,
}

/// The baseline of a series cut into `levels`, and its sustained departures. `None` without a baseline.
pub(crate) fn episodes(
    values: &[f64],
    levels: &[Segment],
    hint: Option<usize>,
    options: &OnsetOptions,
) -> Option<Episodes> {
    let mut normal = seed(levels, hint, options);
    let mut baseline = level_at(values, &normal)?;
    let first_normal = normal.first().copied()?;
    // Neighbouring levels inside the band widen what is known of the baseline; stop at the first long departure.
    let after = normal.last().map_or(0, |last| last + 1);
    let mut departed = false;
    for segment in levels.iter().filter(|segment| segment.start >= after) {
        if side(values, segment, &baseline, options).is_some() {
            departed |= segment.end - segment.start >= normal.len().div_ceil(4).max(5);
        } else if !departed || hint.is_some_and(|hint| segment.end <= hint) {
            normal.extend(segment.start..segment.end);
            baseline = level_at(values, &normal)?;
        }
    }
    let sides: Vec<Option<Direction>> =
        levels.iter().map(|segment| side(values, segment, &baseline, options)).collect();
    let mut found: Vec<Episode> = Vec::new();
    let mut index = 0;
    let mut quiet_from = first_normal;
    while index < levels.len() {
        let Some(direction) = sides[index].filter(|_| levels[index].start >= first_normal) else {
            index += 1;
            continue;
        };
        let last = last_of(levels, &sides, index, direction);
        let next = levels[last].end;
        if let Some(episode) = episode(values, &levels[index..=last], quiet_from, direction, &baseline) {
            let lasting = episode.points() >= options.sustained_points;
            let z = robust_z(episode.extreme - baseline.median, baseline.scale);
            if lasting || z >= 2.0 * options.shift.z_min {
                let recovered = sides.get(last + 1).is_some_and(Option::is_none);
                found.push(Episode { recovered, ..episode });
            }
        }
        quiet_from = next;
        index = last + 1;
    }
    Some(Episodes { baseline, baseline_points: normal, episodes: found })
}

/// Points to start the baseline from: the leading levels that hold enough points or, with a hint, the level that holds
/// most points before it.
fn seed(levels: &[Segment], hint: Option<usize>, options: &OnsetOptions) -> Vec<usize> {
    let until = |segment: &Segment| hint.map_or(segment.end, |hint| segment.end.min(hint));
    if hint.is_some() {
        let mut longest: Option<&Segment> = None;
        for segment in levels.iter().filter(|segment| until(segment) > segment.start) {
            let points = |one: &Segment| until(one) - one.start;
            if longest.is_none_or(|best| points(segment) > points(best)) {
                longest = Some(segment);
            }
        }
        if let Some(segment) = longest {
            return (segment.start..until(segment)).collect();
        }
    }
    let mut end = 0;
    for segment in levels {
        end = segment.end;
        if end >= options.baseline_points_min {
            break;
        }
    }
    (0..end).collect()
}

/// On which side of the normal band a level lies, if outside.
fn side(values: &[f64], segment: &Segment, baseline: &Level, options: &OnsetOptions) -> Option<Direction> {
    let here = level(&values[segment.start..segment.end])?;
    departure_of(&here, baseline, &options.shift)
}

/// The last level of the episode that begins at `first`: short normal stretches inside it are bridged.
fn last_of(levels: &[Segment], sides: &[Option<Direction>], first: usize, direction: Direction) -> usize {
    let mut last = first;
    let mut index = first + 1;
    while index < levels.len() {
        if sides[index] == Some(direction) {
            last = index;
        } else if sides[index].is_some() {
            break;
        } else {
            let quiet = levels[index].end - levels[last].end;
            let lasted = levels[last].end - levels[first].start;
            if quiet >= 3.max(lasted / 2) {
                break;
            }
        }
        index += 1;
    }
    last
}

fn episode(
    values: &[f64],
    levels: &[Segment],
    quiet_from: usize,
    direction: Direction,
    baseline: &Level,
) -> Option<Episode> {
    let (start, end) = (levels.first()?.start, levels.last()?.end);
    let mut extreme: Option<(f64, usize)> = None;
    for segment in levels {
        let middle = level(&values[segment.start..segment.end])?.middle(baseline);
        let further = extreme.is_none_or(|(best, _)| match direction {
            Direction::Up => middle > best,
            Direction::Down => middle < best,
        });
        if further {
            extreme = Some((middle, segment.end));
        }
    }
    let (extreme, extreme_end) = extreme?;
    (start > quiet_from).then_some(Episode {
        start,
        end,
        quiet_from,
        direction,
        extreme,
        extreme_end,
        recovered: false,
    })
}
