//! Totals that only grow, and the rate they grow at.

use serde::{Deserialize, Serialize};

use super::gaps::sampling;
use super::{Series, SeriesView};

/// What makes a series look like a counter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CounterSigns {
    /// Steps between points that are there.
    pub steps: usize,
    /// Steps that grow.
    pub rises: usize,
    /// Steps that fall to less than half: restarts of the process that counts.
    pub resets: usize,
    /// Steps that fall by less: a counter has none.
    pub falls: usize,
    /// Whether this is a counter.
    pub counter: bool,
}

/// Whether a series is a counter, judged by its values alone. `None` below four points.
///
/// A counter never falls but for resets, which are rare (at most one step in ten) and go to less than half; and it grows
/// often enough or far enough to be a total: a flat total that starts to grow is one, a gauge that moved up once is not
/// unless it never came back and began at zero.
pub fn counter_signs(series: SeriesView<'_>) -> Option<CounterSigns> {
    let values: Vec<f64> = series.present().map(|(_, value)| value).collect();
    if values.len() < 4 {
        return None;
    }
    let (mut rises, mut resets, mut falls) = (0, 0, 0);
    for pair in values.windows(2) {
        let (old, new) = (pair[0], pair[1]);
        if new > old {
            rises += 1;
        } else if new < old && new >= 0.0 && new < 0.5 * old {
            resets += 1;
        } else if new < old {
            falls += 1;
        }
    }
    let steps = values.len() - 1;
    let negative = values.iter().any(|value| *value < 0.0);
    let rare_resets = resets == 0 || (resets * 10 <= steps && resets * 3 <= rises);
    let grows = rises * 2 >= steps || (rises >= 3 && resets == 0 && values[0] == 0.0);
    let counter = !negative && falls == 0 && rare_resets && grows;
    Some(CounterSigns { steps, rises, resets, falls, counter })
}

/// Whether a series is to be read as a counter: its source says so, or its name says total and its values agree.
///
/// Values alone never decide: a queue or a leak that only climbs looks the same (see [`counter_signs`] for what the
/// values say).
pub fn is_counter(series: &Series) -> bool {
    if let Some(known) = series.key.counter {
        return known;
    }
    let name = series.key.metric.to_ascii_lowercase();
    let named = name.ends_with("_total") || name.ends_with("_sum") || name.ends_with(".total");
    named
        && counter_signs(series.view())
            .is_some_and(|signs| signs.falls == 0 && signs.resets * 10 <= signs.steps && signs.rises > 0)
}

/// Growth per second of a counter, at the later point of each pair.
///
/// After a reset the new value is the growth since the restart, as the usual query languages reckon. Across a gap of more
/// than five sampling steps nothing is claimed (NaN at the later point). One point fewer than the series has; empty
/// below two.
pub fn rate_per_second(series: SeriesView<'_>) -> (Vec<i64>, Vec<f64>) {
    let points: Vec<(i64, f64)> = series.present().filter(|(_, value)| value.is_finite()).collect();
    let step_ns = sampling(series).map_or(1, |found| found.step_ns);
    let mut times = Vec::with_capacity(points.len());
    let mut rates = Vec::with_capacity(points.len());
    for pair in points.windows(2) {
        let ((from_ns, old), (to_ns, new)) = (pair[0], pair[1]);
        let elapsed_ns = to_ns.saturating_sub(from_ns);
        let growth = if new >= old { new - old } else { new };
        let far = elapsed_ns as f64 > 5.0 * step_ns as f64;
        times.push(to_ns);
        rates.push(if far || growth < 0.0 { f64::NAN } else { growth / (elapsed_ns as f64 / 1e9) });
    }
    (times, rates)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::series;
    use super::*;

    fn counter(values: &[f64]) -> bool {
        counter_signs(series(60, values).view()).is_some_and(|signs| signs.counter)
    }

    #[test]
    fn table_of_counters() {
        let total: Vec<f64> = (0..40).map(|index| f64::from(index * index)).collect();
        let restarted: Vec<f64> = (0..40).map(|index| f64::from(index % 23) * 7.0).collect();
        let flat_then: Vec<f64> = (0..40).map(|index| f64::from((index - 30).max(0))).collect();
        for (name, values, expected) in [
            ("total", &total[..], true),
            ("restarted", &restarted[..], true),
            ("flat from 0, then growing", &flat_then[..], true),
            ("constant", &[5.0; 20][..], false),
            ("gauge", &[5.0, 6.0, 5.5, 7.0, 6.0, 5.0][..], false),
            ("moved once", &[5.0, 5.0, 5.0, 9.0, 9.0, 9.0][..], false),
            ("below zero", &[-5.0, -4.0, -3.0, -2.0][..], false),
            ("short", &[1.0, 2.0, 3.0][..], false),
            ("empty", &[][..], false),
        ] {
            assert_eq!(counter(values), expected, "{name}");
        }
    }

    #[test]
    fn names_and_sources_decide_first() {
        let mut owned = series(60, &(0..20).map(f64::from).collect::<Vec<_>>());
        assert!(!is_counter(&owned));
        owned.key.metric = "jobs_total".to_owned();
        assert!(is_counter(&owned));
        owned.key.counter = Some(false);
        assert!(!is_counter(&owned));
    }

    #[test]
    fn rates_survive_resets_and_gaps() {
        let (_, rates) = rate_per_second(series(10, &[100.0, 200.0, 30.0, 130.0]).view());
        assert_eq!(rates, [10.0, 3.0, 10.0]);
        let mut values: Vec<f64> = (0..30).map(|index| f64::from(index) * 10.0).collect();
        values[10..20].fill(f64::NAN);
        let (times, rates) = rate_per_second(series(10, &values).view());
        assert_eq!((times.len(), rates.iter().filter(|rate| rate.is_nan()).count()), (19, 1));
        assert!(rate_per_second(series(10, &[1.0]).view()).0.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rates_are_never_negative(growth in prop::collection::vec(0.0..1e6f64, 2..60), cut in 1usize..60) {
            let mut sum = 0.0;
            let values: Vec<f64> = growth.iter().enumerate().map(|(index, step)| {
                sum = if index == cut { *step } else { sum + step };
                sum
            }).collect();
            let (_, rates) = rate_per_second(series(15, &values).view());
            prop_assert!(rates.iter().all(|rate| *rate >= 0.0));
        }
    }
}
