//! How often samples come, and how finely they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use midwatch_model::Window;

use super::PrometheusSource;
use super::client;
use super::metrics::{Counted, NS};
use super::promql::selector;

/// Points of one series at most, and of all together, about: the step is the finest that keeps to both. Onsets are only as exact
/// as the step.
const POINTS_MAX: i64 = 5_000;
const POINTS_TOGETHER: i64 = 600_000;
/// Steps of queries, in seconds: the first that keeps to the bounds is taken; beyond the last, its multiples.
const STEPS_S: &[i64] = &[5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400];
const STEP_LAST_S: i64 = 14_400;
/// Time between samples when nothing tells it.
const INTERVAL_S: i64 = 60;
/// Metrics that tell the time between samples where nothing is scraped.
const RAREST: usize = 3;

/// Seconds between samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Intervals {
    /// Of most targets.
    pub(super) usual_s: i64,
    /// By job, where targets are scraped.
    by_job: BTreeMap<String, i64>,
}

impl Intervals {
    /// Of what these jobs tell of: the longest, else the usual.
    pub(super) fn of(&self, jobs: Option<&BTreeSet<String>>) -> i64 {
        let known = jobs.into_iter().flatten().filter_map(|job| self.by_job.get(job));
        known.max().copied().unwrap_or(self.usual_s)
    }
}

/// Intervals at the window's end: of each job by `up`, and where nothing is scraped of the metrics that have the fewest series.
pub(super) async fn intervals(
    source: &PrometheusSource,
    counts: &BTreeMap<String, Counted>,
    window: &Window,
    deadline: Option<Duration>,
) -> Intervals {
    let up = selector("up", &[], &source.selector);
    let by_job = by_job(source, &up, window, deadline).await;
    if !by_job.is_empty() {
        let mut all: Vec<i64> = by_job.values().copied().collect();
        all.sort_unstable();
        let usual_s = all.get(all.len() / 2).copied().unwrap_or(INTERVAL_S);
        let named = by_job.into_iter().filter_map(|(job, interval)| Some((job?, interval))).collect();
        return Intervals { usual_s, by_job: named };
    }
    let mut rarest: Vec<(u64, &String)> =
        counts.iter().map(|(name, counted)| (counted.series, name)).collect();
    rarest.sort();
    let mut longest = None;
    for (_, name) in rarest.into_iter().take(RAREST) {
        let one = selector(name, &[], &source.selector);
        longest = longest.max(self::by_job(source, &one, window, deadline).await.into_values().max());
    }
    Intervals { usual_s: longest.unwrap_or(INTERVAL_S), by_job: BTreeMap::new() }
}

/// The interval of each job's series of `metric`; `None` is the job of what names none.
async fn by_job(
    source: &PrometheusSource,
    metric: &str,
    window: &Window,
    deadline: Option<Duration>,
) -> BTreeMap<Option<String>, i64> {
    let samples = async |over: &str| -> BTreeMap<Option<String>, f64> {
        let query = format!("quantile by (job) (0.5, count_over_time({metric}[{over}]))");
        let at = window.end_ns().saturating_sub(1);
        let answered = client::query(&source.client, &query, Some(at), deadline).await;
        let series = answered.map(|answered| answered.data).unwrap_or_default();
        let counted = series.into_iter().filter_map(|mut series| {
            let samples = series.value?.1.parse::<f64>().ok().filter(|samples| *samples >= 1.0)?;
            Some((series.metric.remove("job"), samples))
        });
        counted.collect()
    };
    let hour = samples("1h").await;
    if hour.is_empty() {
        return BTreeMap::new();
    }
    let minutes = samples("10m").await;
    let interval = |job: &Option<String>, in_an_hour: f64| {
        interval_of(in_an_hour, minutes.get(job).copied().unwrap_or(1.0))
    };
    hour.into_iter().map(|(job, samples)| (job.clone(), interval(&job, samples))).collect()
}

/// Seconds between samples of which so many lie in an hour and in its last ten minutes. A young server has no whole hour, and
/// samples that come rarely are hardly counted in ten minutes, so the shorter of both answers holds; a range holds one sample more
/// than it holds intervals, or as many.
fn interval_of(in_an_hour: f64, in_ten_minutes: f64) -> i64 {
    let by_hour = 3_600.0 / (in_an_hour - 0.5);
    let by_minutes = if in_ten_minutes > 1.0 { 600.0 / (in_ten_minutes - 1.0) } else { f64::INFINITY };
    let exact = by_hour.min(by_minutes);
    // Nearest usual interval, so that a missed scrape does not change the step.
    let off = |step: &&i64| ((**step as f64 / exact).ln().abs() * 1e6) as i64;
    STEPS_S.iter().min_by_key(off).copied().unwrap_or(INTERVAL_S)
}

/// Step in seconds for a window over so many series, no finer than samples come.
pub(super) fn step(window: &Window, interval_s: i64, series: u64) -> i64 {
    let length_s = window.end_ns().saturating_sub(window.start_ns()) / NS;
    let series = i64::try_from(series.max(1)).unwrap_or(i64::MAX);
    let wanted = (length_s / POINTS_MAX).max(length_s.saturating_mul(series) / POINTS_TOGETHER);
    let beyond = wanted.div_euclid(STEP_LAST_S).saturating_add(1).saturating_mul(STEP_LAST_S);
    let coarse = STEPS_S.iter().copied().find(|step| *step >= wanted).unwrap_or(beyond);
    coarse.max(interval_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_told_from_counts_of_samples() {
        let table = [
            (241.0, 41.0, 15),
            (240.0, 40.0, 15),
            (61.0, 11.0, 60),
            (60.0, 10.0, 60),
            (13.0, 3.0, 300),
            (12.0, 2.0, 300),
            (7.0, 2.0, 600),
            (6.0, 1.0, 600),
            // Ten minutes old.
            (41.0, 41.0, 15),
            (1.0, 1.0, 7_200),
        ];
        for (in_an_hour, in_ten_minutes, interval) in table {
            assert_eq!(interval_of(in_an_hour, in_ten_minutes), interval, "{in_an_hour} {in_ten_minutes}");
        }
    }

    #[test]
    fn the_step_is_as_fine_as_samples_and_bounds_allow() {
        let hours = |hours: i64| {
            let end = midwatch_model::Timestamp::from_second(hours * 3_600).unwrap();
            Window::new(midwatch_model::Timestamp::UNIX_EPOCH, end).unwrap()
        };
        let table = [
            (1, 15, 50, 15),
            (1, 60, 50, 60),
            (6, 15, 50, 15),
            (24, 15, 50, 30),
            (168, 15, 50, 120),
            (168, 15, 2_000, 3_600),
            (1, 15, 5_000, 30),
            (10 * 8_760, 15, 50, 72_000),
        ];
        for (length, interval, series, expected) in table {
            assert_eq!(step(&hours(length), interval, series), expected, "{length} h of {series} series");
        }
    }
}
