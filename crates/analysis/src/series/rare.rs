//! When events that hardly ever happen began to happen often: restarts, kills, fail-overs.
//!
//! Their rate is zero at nearly every point, so levels and medians see nothing. The scan statistic of Kulldorff (1997)
//! does: of all stretches between two events, the one whose rate is least likely to be that of the rest.

use midwatch_model::{Direction, Strength};

use super::SeriesView;
use super::onset::{OnsetEstimate, OnsetKind};
use super::robust::{Z_MAX, normal_two_sided_p};
use super::shift::Shift;

/// Share of points that may see events for these to be rare.
const EVENT_POINTS_SHARE_MAX: f64 = 0.34;
/// Fewest events of a surge.
const EVENTS_MIN: f64 = 3.0;
/// A surge is at least this much more frequent than the rest.
const RATIO_MIN: f64 = 3.0;
/// Log likelihood ratio that a surge must reach, beyond twice ln of the points with events: so many pairs are tried.
const GAIN_MIN: f64 = 3.5;
/// Points with events that a stretch may begin at; of more, evenly chosen ones.
const BOUNDS_MAX: usize = 300;

/// The stretch in which events surged, of a rate per second as [`super::rate_per_second`] gives it.
///
/// The onset is the point that first counts an event of the stretch. `None` when more than a third of the points count
/// events, when the whole series is one stretch, for fewer than six points, or when chance explains it. Missing points
/// are left out. O(n + 300 k) for k points with events.
pub fn surge_of_rare_events(rate: SeriesView<'_>) -> Option<OnsetEstimate> {
    let events = Events::of(rate)?;
    let busy: Vec<usize> = (0..events.counts.len()).filter(|index| events.counts[*index] > 0.0).collect();
    if busy.len() as f64 > EVENT_POINTS_SHARE_MAX * events.counts.len() as f64 {
        return None;
    }
    let stride = busy.len().div_ceil(BOUNDS_MAX).max(1);
    let mut best: Option<(f64, usize, usize)> = None;
    for first in busy.iter().step_by(stride) {
        for last in busy.iter().filter(|last| *last > first) {
            let gain = events.gain(*first, *last);
            if best.is_none_or(|(most, _, _)| gain > most) {
                best = Some((gain, *first, *last));
            }
        }
    }
    let (gain, first, last) = best?;
    events.estimate(gain, first, last)
}

/// Events at each point, with running sums of events and of seconds.
struct Events {
    times_ns: Vec<i64>,
    counts: Vec<f64>,
    events_until: Vec<f64>,
    seconds_until: Vec<f64>,
    step_ns: i64,
}

impl Events {
    fn of(rate: SeriesView<'_>) -> Option<Events> {
        let points: Vec<(i64, f64)> =
            rate.present().filter(|(_, value)| value.is_finite() && *value >= 0.0).collect();
        if points.len() < 6 {
            return None;
        }
        let mut steps: Vec<i64> =
            points.windows(2).map(|pair| pair[1].0.saturating_sub(pair[0].0).max(1)).collect();
        let lengths = steps.clone();
        steps.sort_unstable();
        let step_ns = steps[steps.len() / 2];
        let mut found = Events {
            times_ns: points.iter().map(|point| point.0).collect(),
            counts: Vec::with_capacity(points.len()),
            events_until: vec![0.0],
            seconds_until: vec![0.0],
            step_ns,
        };
        let (mut events, mut seconds) = (0.0, 0.0);
        for (index, (_, value)) in points.iter().enumerate() {
            let length_ns = index.checked_sub(1).map_or(step_ns, |before| lengths[before]);
            let length_s = length_ns as f64 / 1e9;
            found.counts.push((value * length_s).round());
            events += (value * length_s).round();
            seconds += length_s;
            found.events_until.push(events);
            found.seconds_until.push(seconds);
        }
        Some(found)
    }

    /// Events and seconds of the points `first..=last`, and of the rest.
    fn split(&self, first: usize, last: usize) -> [(f64, f64); 2] {
        let part = |sums: &[f64]| sums[last + 1] - sums[first];
        let inside = (part(&self.events_until), part(&self.seconds_until));
        let whole = (self.events_until[self.counts.len()], self.seconds_until[self.counts.len()]);
        [inside, (whole.0 - inside.0, whole.1 - inside.1)]
    }

    /// Log likelihood ratio of two Poisson rates over one; 0 when the stretch is no surge.
    fn gain(&self, first: usize, last: usize) -> f64 {
        let [(events, seconds), (rest_events, rest_seconds)] = self.split(first, last);
        let frequent = rest_seconds > 0.0
            && events >= EVENTS_MIN
            && events * rest_seconds > RATIO_MIN * rest_events * seconds;
        if !frequent {
            return 0.0;
        }
        let term = |events: f64, seconds: f64| {
            if events > 0.0 { events * (events / seconds).ln() } else { 0.0 }
        };
        term(events, seconds) + term(rest_events, rest_seconds)
            - term(events + rest_events, seconds + rest_seconds)
    }

    fn estimate(&self, gain: f64, first: usize, last: usize) -> Option<OnsetEstimate> {
        let count = self.counts.len();
        let busy = self.counts.iter().filter(|events| **events > 0.0).count();
        if first == 0 || gain < GAIN_MIN + 2.0 * (busy as f64).ln() {
            return None;
        }
        let [(events, seconds), (rest_events, rest_seconds)] = self.split(first, last);
        let (before, after) = (rest_events / rest_seconds, events / seconds);
        // Over, when a silence follows that the surge's own rate would hardly leave: one chance in a hundred.
        let silence_s = self.seconds_until[count] - self.seconds_until[last + 1];
        let over = last + 1 < count && after * silence_s > 100f64.ln();
        let z = (2.0 * gain).sqrt().min(Z_MAX);
        let ratio = (before > 0.0).then(|| after / before);
        Some(OnsetEstimate {
            at_ns: self.times_ns[first],
            uncertainty_ns: self.step_ns,
            kind: OnsetKind::Step,
            direction: Direction::Up,
            ended_at_ns: over.then(|| self.times_ns[last + 1]),
            slope_per_s: None,
            shift: Shift {
                before,
                after,
                difference: after - before,
                ratio,
                z,
                p_value: normal_two_sided_p(z),
                outside_share: (first..=last).filter(|index| self.counts[*index] > 0.0).count() as f64
                    / (last + 1 - first) as f64,
                direction: Some(Direction::Up),
                normal_low: 0.0,
                normal_high: before,
                baseline_points: count - (last + 1 - first),
                window_points: last + 1 - first,
                baseline_short: false,
                significant: true,
            },
            departure: Strength { effect: ratio.unwrap_or(after - before), z },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rate_per_second;
    use super::super::testing::{at_ns, series};
    use super::*;

    fn found(events_at: &[usize], count: usize) -> Option<OnsetEstimate> {
        let mut total = 0.0;
        let totals: Vec<f64> = (0..count)
            .map(|index| {
                total += events_at.iter().filter(|at| **at == index).count() as f64;
                total
            })
            .collect();
        let counter = series(60, &totals);
        let (times, values) = rate_per_second(counter.view());
        surge_of_rare_events(SeriesView { times_ns: &times, values: &values })
    }

    fn point_of(at: i64) -> i64 {
        (at - at_ns(60, 0.0)) / 60_000_000_000
    }

    #[test]
    fn table_of_events() {
        let surge: Vec<usize> = (90..120).step_by(4).collect();
        let with_one_before: Vec<usize> = [10].into_iter().chain(surge.clone()).collect();
        let pulse: Vec<usize> = (60..75).step_by(3).collect();
        let even: Vec<usize> = (5..120).step_by(10).collect();
        for (name, events, onset, ended) in [
            ("surge", &surge[..], Some(90), None),
            ("one before", &with_one_before[..], Some(90), None),
            ("pulse", &pulse[..], Some(60), Some(73)),
            ("even", &even[..], None, None),
            ("two only", &[50, 52][..], None, None),
            ("none", &[][..], None, None),
        ] {
            let estimate = found(events, 120);
            assert_eq!(estimate.map(|found| point_of(found.at_ns)), onset, "{name}: {estimate:?}");
            let end = estimate.and_then(|found| found.ended_at_ns).map(point_of);
            assert_eq!(end, ended, "{name}: {estimate:?}");
        }
    }

    #[test]
    fn frequent_events_are_left_to_levels() {
        let often: Vec<usize> = (60..120).collect();
        assert_eq!(found(&often, 120), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn anything_is_survived(values in prop::collection::vec(prop::num::f64::ANY, 0..60)) {
            if let Some(estimate) = surge_of_rare_events(series(60, &values).view()) {
                prop_assert!(estimate.departure.z.is_finite());
            }
        }

        #[test]
        fn time_of_a_surge_moves_with_it(shift in 1usize..60) {
            let events: Vec<usize> = (40..60).step_by(3).map(|at| at + shift).collect();
            let estimate = found(&events, 130).unwrap();
            prop_assert_eq!(point_of(estimate.at_ns), (40 + shift) as i64);
        }
    }
}
