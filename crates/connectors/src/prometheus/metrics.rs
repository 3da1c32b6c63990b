//! Series for the questions of agents: chosen, counted, compiled, asked side by side and read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use midwatch_analysis::series::{SentQuery, Series, SeriesKey, SeriesSet};
use midwatch_model::{Citation, EntityId, EntityKind, Measure, Scope, Signal, Unit, Window};
use midwatch_sources::{Answering, Ask, Fetched, MetricQuery, Metrics, SourceError, Total};

use super::PrometheusSource;
use super::choose::{Choice, Chosen, Shape, choose};
use super::client::{self, WireSeries};
use super::promql::{Equals, Form, any_of, expression, selector, share};
use crate::naming::{self, SUBJECT_LABELS};

/// Families asked for in one answer.
const FAMILIES_MAX: usize = 150;
/// Series of a metric that are asked for one by one; of more, sums by [`LABELS_KEPT`] are asked for.
const SINGLE_MAX: u64 = 60;
/// Series of a metric that a query may touch; a metric with more is left out, and said.
const TOUCHED_MAX: u64 = 50_000;
/// Points of one series at most, and of all together, about: the step is the finest that keeps to both. Onsets are only as exact as
/// the step.
const POINTS_MAX: i64 = 5_000;
const POINTS_TOGETHER: i64 = 600_000;
/// Steps of queries, in seconds: the first that gives no more points than wanted is taken.
const STEPS_S: &[i64] = &[5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400];
/// Time between samples when nothing tells it.
const INTERVAL_S: i64 = 60;
/// Metrics that tell the time between samples where nothing is scraped.
const RAREST: usize = 5;
/// Names in one selector.
const NAMES_AT_ONCE: usize = 60;

/// Labels that sums keep, besides those that name the subject: outcomes, places, and what tells resources apart.
const LABELS_KEPT: &[&str] = &[
    "cluster",
    "namespace",
    "environment",
    "env",
    "code",
    "status",
    "status_code",
    "http_status_code",
    "grpc_code",
    "response_code",
    "outcome",
    "result",
    "error",
    "reason",
    "state",
    "mode",
    "type",
    "kind",
    "quantile",
    "device",
    "mountpoint",
    "pool",
    "datname",
    "database",
    "consumergroup",
    "phase",
    "condition",
];
/// Labels that name a subject and are too many to keep in sums of requests.
const INSTANCES: &[&str] = &["pod", "instance", "container"];

/// A query and how its answer is read.
struct Planned {
    metric: String,
    labels: Vec<(String, String)>,
    unit: Unit,
    query: String,
}

/// Which series of a metric: all when empty, else the union.
type Selected = BTreeMap<String, BTreeSet<Equals>>;

impl Metrics for PrometheusSource {
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet> {
        answer(self, ask).boxed()
    }
}

async fn answer(
    source: &PrometheusSource,
    ask: &Ask<MetricQuery>,
) -> Result<Fetched<SeriesSet>, SourceError> {
    let window = ask.window;
    let mut remarks = Vec::new();
    let (names, selected) = names(source, ask, &mut remarks).await?;
    let metadata = client::metadata(&source.client).await.unwrap_or_else(|error| {
        remarks.push(format!("types are told by names alone: {error}"));
        BTreeMap::new()
    });
    let Choice { chosen, eligible } = choose(&names, &metadata, &ask.query.metrics, FAMILIES_MAX);
    if eligible > chosen.len() {
        remarks.push(format!("{} of {eligible} metrics asked for, symptoms first", chosen.len()));
    }
    let counts = counts(source, &chosen, &window, ask.deadline, &mut remarks).await;
    let interval_s = interval(source, &counts, &window, ask.deadline).await;
    // Of a metric with many series, sums come back: about as many as it may have to be asked for one by one.
    let expected = counts.values().map(|count| (*count).min(SINGLE_MAX)).sum();
    let step_s = step(&window, interval_s, expected);
    let mut planned = Vec::new();
    for family in &chosen {
        let touched = counts.get(&counted_name(family)).copied();
        if touched.is_some_and(|touched| touched > TOUCHED_MAX) {
            let touched = touched.unwrap_or_default();
            remarks.push(format!(
                "{} left out: a query would touch {touched} series, more than {TOUCHED_MAX}",
                family.family
            ));
            continue;
        }
        let over_s = (3 * interval_s).max(step_s);
        let single = touched.is_some_and(|touched| touched <= SINGLE_MAX);
        planned.extend(plan(family, &selectors_of(family, &selected, &source.selector), single, over_s));
    }
    let first_ns = window.start_ns().div_euclid(step_s * NS) * step_s * NS;
    let first_ns = if first_ns < window.start_ns() { first_ns + step_s * NS } else { first_ns };
    let last_ns = (window.end_ns() - 1).div_euclid(step_s * NS) * step_s * NS;
    let cited = |queries: &[String]| cite(source, window, queries);
    if planned.is_empty() || last_ns < first_ns {
        return Ok(Fetched::Nothing { searched: cited(&[]) });
    }
    let range = (first_ns, last_ns, step_s * NS);
    let asked = planned
        .iter()
        .map(|planned| client::query_range(&source.client, &planned.query, range, ask.deadline));
    let answers = join_all(asked).await;
    let mut set = SeriesSet::default();
    let mut failed: Vec<(&str, SourceError)> = Vec::new();
    for (planned, answered) in planned.iter().zip(answers) {
        match answered {
            Ok(answered) => {
                remarks.extend(
                    answered.warnings.iter().map(|warning| format!("{}: {warning}", source.client.name())),
                );
                set.sent.insert(planned.metric.clone(), sent(source, &planned.query, &window));
                set.series.extend(answered.data.into_iter().filter_map(|wire| read(planned, wire)));
            }
            Err(error) => failed.push((&planned.metric, error)),
        }
    }
    if failed.len() == planned.len()
        && let Some((_, error)) = failed.pop()
    {
        return Err(error);
    }
    if let Some((first, error)) = failed.first() {
        remarks.push(format!("{} of {} queries failed, {first} first: {error}", failed.len(), planned.len()));
    }
    scope(&mut set.series, &ask.query.entities);
    set.series.sort_by(|a, b| a.key.cmp(&b.key));
    set.series.dedup_by(|a, b| a.key == b.key);
    remarks.sort();
    remarks.dedup();
    set.remarks = remarks;
    let truncated = cut(&mut set, ask.limits.points_max);
    let queries: Vec<String> = planned.iter().map(|planned| planned.query.clone()).collect();
    if set.series.is_empty() {
        return Ok(Fetched::Nothing { searched: cited(&queries) });
    }
    Ok(Fetched::Found { data: set, citation: cited(&queries), truncated })
}

const NS: i64 = 1_000_000_000;

/// Names of metrics, and for questions about entities which series of each are theirs.
async fn names(
    source: &PrometheusSource,
    ask: &Ask<MetricQuery>,
    remarks: &mut Vec<String>,
) -> Result<(Vec<String>, Selected), SourceError> {
    if ask.query.entities.is_empty() {
        let all: Vec<String> =
            if source.selector.is_empty() { Vec::new() } else { vec![format!("{{{}}}", source.selector)] };
        let answered = client::metric_names(&source.client, &all, &ask.window, ask.deadline).await?;
        remarks.extend(answered.warnings);
        return Ok((answered.data, Selected::new()));
    }
    let wanted: BTreeSet<&str> = ask.query.entities.iter().map(|entity| entity.name.as_str()).collect();
    let selectors: Vec<String> = wanted
        .iter()
        .flat_map(|name| {
            SUBJECT_LABELS.iter().map(|(label, _)| {
                let equals = Equals { label: (*label).to_owned(), value: (*name).to_owned() };
                selector("", &[equals], &source.selector)
            })
        })
        .collect();
    let answered = client::series(&source.client, &selectors, &ask.window, ask.deadline).await?;
    remarks.extend(answered.warnings);
    let mut selected = Selected::new();
    for labels in &answered.data {
        let Some(metric) = labels.get("__name__") else { continue };
        let Some((label, _)) = naming::subject(|key| labels.get(key).map(String::as_str)) else { continue };
        let Some(value) = labels.get(label).filter(|value| wanted.contains(value.as_str())) else { continue };
        let equals = Equals { label: label.to_owned(), value: value.clone() };
        selected.entry(metric.clone()).or_default().insert(equals);
    }
    Ok((selected.keys().cloned().collect(), selected))
}

/// The name under which a family's series are counted.
fn counted_name(family: &Chosen) -> String {
    match family.shape {
        Shape::Histogram => format!("{}_bucket", family.family),
        _ => family.family.clone(),
    }
}

/// How many series each family has at the window's end.
async fn counts(
    source: &PrometheusSource,
    chosen: &[Chosen],
    window: &Window,
    deadline: Option<Duration>,
    remarks: &mut Vec<String>,
) -> BTreeMap<String, u64> {
    let names: Vec<String> = chosen.iter().map(counted_name).collect();
    let queries: Vec<String> = names
        .chunks(NAMES_AT_ONCE)
        .map(|names| format!("count by (__name__) ({})", any_of(names, &source.selector)))
        .collect();
    let at = Some(window.end_ns() - 1);
    let asked = queries.iter().map(|query| client::query(&source.client, query, at, deadline));
    let mut counts = BTreeMap::new();
    for answered in join_all(asked).await {
        match answered {
            Ok(answered) => {
                for series in answered.data {
                    let count = series.value.and_then(|(_, value)| value.parse::<f64>().ok());
                    if let (Some(name), Some(count)) = (series.metric.get("__name__"), count) {
                        counts.insert(name.clone(), count as u64);
                    }
                }
            }
            Err(error) => {
                remarks.push(format!("series could not be counted before they were asked for: {error}"))
            }
        }
    }
    counts
}

/// Seconds between samples: of `up` where targets are scraped, else of the chosen metrics that have the fewest series.
async fn interval(
    source: &PrometheusSource,
    counts: &BTreeMap<String, u64>,
    window: &Window,
    deadline: Option<Duration>,
) -> i64 {
    let mut rarest: Vec<(u64, &String)> = counts.iter().map(|(name, count)| (*count, name)).collect();
    rarest.sort();
    let rarest: Vec<String> = rarest.into_iter().take(RAREST).map(|(_, name)| name.clone()).collect();
    let mut candidates = vec![selector("up", &[], &source.selector)];
    if !rarest.is_empty() {
        candidates.push(any_of(&rarest, &source.selector));
    }
    for candidate in candidates {
        let samples = async |over: &str| {
            let query = format!("quantile(0.5, count_over_time({candidate}[{over}]))");
            let answered =
                client::query(&source.client, &query, Some(window.end_ns() - 1), deadline).await.ok()?;
            answered.data.first()?.value.as_ref()?.1.parse::<f64>().ok().filter(|samples| *samples >= 1.0)
        };
        if let Some(in_an_hour) = samples("1h").await {
            let in_ten_minutes = samples("10m").await.unwrap_or(1.0);
            return interval_of(in_an_hour, in_ten_minutes);
        }
    }
    INTERVAL_S
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

/// Step for a window over so many series, no finer than samples come.
fn step(window: &Window, interval_s: i64, series: u64) -> i64 {
    let length_s = (window.end_ns() - window.start_ns()) / NS;
    let series = i64::try_from(series.max(1)).unwrap_or(i64::MAX);
    let wanted = (length_s / POINTS_MAX).max(length_s.saturating_mul(series) / POINTS_TOGETHER);
    let coarse = STEPS_S.iter().copied().find(|step| *step >= wanted).unwrap_or(14_400);
    coarse.max(interval_s)
}

/// The selectors of a family's series, by the suffix they are asked for with.
fn selectors_of<'a>(
    family: &'a Chosen,
    selected: &'a Selected,
    more: &'a str,
) -> impl Fn(&str) -> Vec<String> + 'a {
    move |suffix| {
        let metric = format!("{}{suffix}", family.family);
        match selected.get(&metric) {
            Some(of) => {
                of.iter().map(|equals| selector(&metric, std::slice::from_ref(equals), more)).collect()
            }
            None => vec![selector(&metric, &[], more)],
        }
    }
}

/// The queries of a family.
fn plan(family: &Chosen, selectors: &dyn Fn(&str) -> Vec<String>, single: bool, over_s: i64) -> Vec<Planned> {
    let requests = matches!(family.shape, Shape::Histogram | Shape::NativeHistogram | Shape::Counter)
        && Measure::Cpu != family.measure
        && Measure::Memory != family.measure;
    let kept: Vec<&str> = SUBJECT_LABELS
        .iter()
        .map(|(label, _)| *label)
        .filter(|label| !requests || !INSTANCES.contains(label) || *label == "instance")
        .chain(LABELS_KEPT.iter().copied())
        .collect();
    let by = |single: bool| (!single).then_some(kept.as_slice());
    let one = |metric: &str, labels: Vec<(String, String)>, unit: Unit, query: String| Planned {
        metric: metric.to_owned(),
        labels,
        unit,
        query,
    };
    let quantile = |hundredths: u8, form: Form, suffix: &str| {
        let labels = vec![("quantile".to_owned(), share(hundredths))];
        let query = expression(form, &selectors(suffix), by(false), over_s);
        one(&family.family, labels, unit(&family.unit), query)
    };
    match family.shape {
        Shape::Counter => {
            // Seconds of processor time in a second are cores.
            let unit = match family.measure {
                Measure::Cpu => Unit::Cores,
                _ => Unit::PerSecond,
            };
            vec![one(
                &family.family,
                Vec::new(),
                unit,
                expression(Form::Rate, &selectors(""), by(single), over_s),
            )]
        }
        Shape::Gauge(aggregation) => {
            let query = expression(Form::Value(aggregation), &selectors(""), by(single), over_s);
            vec![one(&family.family, Vec::new(), unit(&family.unit), query)]
        }
        Shape::Histogram => {
            let count = format!("{}_count", family.family);
            let rate = expression(Form::Rate, &selectors("_count"), by(single), over_s);
            vec![
                quantile(99, Form::BucketQuantile(99), "_bucket"),
                one(&count, Vec::new(), Unit::PerSecond, rate),
            ]
        }
        Shape::NativeHistogram => vec![quantile(99, Form::NativeQuantile(99), "")],
    }
}

fn unit(stated: &str) -> Unit {
    match stated {
        "seconds" => Unit::Seconds,
        "bytes" => Unit::Bytes,
        "ratio" => Unit::Ratio,
        "percent" => Unit::Percent,
        _ => Unit::Unknown,
    }
}

/// A wire series as ours; `None` for one that names no subject and none of whose values is a number.
fn read(planned: &Planned, wire: WireSeries) -> Option<Series> {
    let mut labels = wire.metric;
    labels.remove("__name__");
    labels.extend(planned.labels.iter().cloned());
    let (label, kind) = naming::subject(|key| labels.get(key).map(String::as_str))?;
    let name = labels.remove(label)?;
    let kind = kind.unwrap_or_else(|| naming::guess(&name, &[planned.metric.as_str()].into_iter().collect()));
    let points: Vec<(i64, f64)> = wire
        .values
        .iter()
        .filter_map(|(at, value)| {
            let value: f64 = value.parse().ok()?;
            Some(((at * 1_000.0).round() as i64 * 1_000_000, value))
        })
        .collect();
    let series = Series::from_points(
        SeriesKey {
            entity: EntityId::new(kind, name),
            metric: planned.metric.clone(),
            labels,
            unit: planned.unit,
            counter: Some(false),
        },
        points,
    );
    series.values.iter().any(|value| value.is_finite()).then_some(series)
}

/// Keeps things of one name apart that live in different places. A place that was asked for is kept; else a name is given its
/// place only when it occurs in several.
fn scope(series: &mut [Series], asked: &[EntityId]) {
    let place = |series: &Series| {
        let label = |names: &[&str]| names.iter().find_map(|name| series.key.labels.get(*name).cloned());
        Scope {
            org: None,
            environment: label(&["environment", "env"]),
            cluster: label(&["cluster"]),
            namespace: label(&["namespace"]),
        }
    };
    let mut places: BTreeMap<(EntityKind, String), BTreeSet<Scope>> = BTreeMap::new();
    for one in series.iter() {
        let key = (one.key.entity.kind, one.key.entity.name.clone());
        places.entry(key).or_default().insert(place(one));
    }
    for one in series.iter_mut() {
        let at = place(one);
        let key = (one.key.entity.kind, one.key.entity.name.clone());
        let several = places.get(&key).is_some_and(|places| places.len() > 1);
        let was_asked = asked.iter().any(|entity| entity.name == key.1 && entity.scope == at);
        if several || was_asked {
            one.key.entity.scope = at;
        }
    }
}

/// Cuts a set to so many points: whole series while they fit.
fn cut(set: &mut SeriesSet, points_max: usize) -> Option<Total> {
    let total: usize = set.series.iter().map(|series| series.times_ns.len()).sum();
    let mut kept = 0;
    set.series.retain_mut(|series| {
        let room = points_max.saturating_sub(kept);
        let skipped = series.times_ns.len().saturating_sub(room);
        if skipped >= series.times_ns.len() {
            return false;
        }
        series.times_ns.drain(..skipped);
        series.values.drain(..skipped);
        kept += series.times_ns.len();
        true
    });
    (kept < total).then_some(Total { kept: kept as u64, total: total as u64 })
}

fn sent(source: &PrometheusSource, query: &str, window: &Window) -> SentQuery {
    SentQuery { query: query.to_owned(), link: Some(source.link(query, window)) }
}

fn cite(source: &PrometheusSource, window: Window, queries: &[String]) -> Citation {
    let query = match queries {
        [] => "no metric to ask for".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} and {} further queries", rest.len()),
    };
    Citation {
        source: source.client.name().to_owned(),
        signal: Signal::Metrics,
        query,
        window: Some(window),
        link: queries.first().map(|query| source.link(query, &window)),
    }
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
        ];
        for (length, interval, series, expected) in table {
            assert_eq!(step(&hours(length), interval, series), expected, "{length} h of {series} series");
        }
    }
}
