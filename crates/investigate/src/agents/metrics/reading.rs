//! What each series says.

use super::series_name;
use std::borrow::Cow;
use std::collections::BTreeMap;

use midwatch_analysis::series::{
    Climb, DoseOptions, Limit, MetricMeaning, Moved, OnsetEstimate, OnsetKind, OnsetOptions, Saturation,
    SaturationOptions, Seasonal, SeasonalOptions, SentQuery, Series, SeriesView, classify,
    climbing_from_the_start, climbing_throughout, dose_response, is_counter, level, moved_from_the_start,
    onset, plateau, rate_per_second, saturation, seasonal_expectation, surge_of_rare_events,
};
use midwatch_model::{
    Answer, Chart, Citation, Direction, EntityId, Evidence, FindingKind, Measure, PointSeries, Question,
    Unit, Window,
};

use super::super::{CLIMBING, Draft, at, eighth, number, onset_at};
use crate::board::{Eighths, FailedShare, StepAnswer};
use crate::concepts::{CANCELLED, FILLING, NO_BASELINE, SLIGHT, WORSE};
use crate::desk::evidence;

/// Points of a series kept as evidence; more are thinned evenly and said.
const POINTS_KEPT_MAX: usize = 240;

/// Normal series noted for each step; more only count.
const STEADY_MAX: usize = 150;

/// Points of a share of failures that are kept to average over.
const SHARE_POINTS_MAX: usize = 4000;

/// What can meet a limit. A latency or an error ratio with a flat top has none.
const CAN_SATURATE: &[Measure] = &[
    Measure::Cpu,
    Measure::Memory,
    Measure::Disk,
    Measure::DiskIo,
    Measure::Network,
    Measure::Connections,
    Measure::Threads,
    Measure::FileDescriptors,
    Measure::QueueDepth,
    Measure::CapacityUsed,
];

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// How much of the end of the window is held against the same hours of earlier days when nothing departed.
const LATEST_NS: i64 = 3_600_000_000_000;

/// A series of the window, with its earlier days when there are any.
pub(super) struct StoredSeries<'s> {
    pub(super) series: &'s Series,
    pub(super) earlier: Option<&'s Series>,
}

/// A series as it is read: rates for counters, with what it measures.
struct Subject<'s> {
    series: &'s Series,
    meaning: MetricMeaning,
    times_ns: Cow<'s, [i64]>,
    values: Cow<'s, [f64]>,
    rate: bool,
}

impl Subject<'_> {
    fn view(&self) -> SeriesView<'_> {
        SeriesView { times_ns: &self.times_ns, values: &self.values }
    }

    fn name(&self) -> String {
        series_name(&self.series.key)
    }

    fn entity(&self) -> &EntityId {
        &self.series.key.entity
    }

    fn unit(&self) -> &'static str {
        if self.rate {
            return "/s";
        }
        if self.meaning.to_unit != 1.0 {
            // The name says the unit, and the values are shown as the source has them.
            return "";
        }
        match self.meaning.unit {
            Unit::Seconds => "s",
            Unit::Bytes => "B",
            Unit::Percent => "%",
            Unit::PerSecond => "/s",
            Unit::PerMinute => "/min",
            Unit::Cores => "cores",
            Unit::Ratio | Unit::Count | Unit::Unknown => "",
        }
    }
}

/// Turns series into findings, evidence, shares and charts.
pub(super) struct Reader<'a> {
    pub(super) question: &'a Question,
    pub(super) citation: &'a Citation,
    /// The query that each metric came from, where there is one.
    pub(super) sent: &'a BTreeMap<String, SentQuery>,
    pub(super) result: &'a mut StepAnswer,
    /// Requests that each entity served.
    pub(super) served: BTreeMap<EntityId, Served>,
}

/// Requests per second of an entity by time, over all series of one metric.
#[derive(Debug, Default)]
pub(super) struct Served {
    metric: String,
    per_second: BTreeMap<i64, f64>,
}

/// The load of each entity: of its load metrics the one that counts most, summed over its labels.
fn served(subjects: &[Subject<'_>]) -> BTreeMap<EntityId, Served> {
    let mut by_metric: BTreeMap<(&EntityId, &str), BTreeMap<i64, f64>> = BTreeMap::new();
    for subject in subjects.iter().filter(|subject| subject.meaning.measure == Measure::Load) {
        let per_second = if subject.meaning.unit == Unit::PerMinute { 1.0 / 60.0 } else { 1.0 };
        let sums = by_metric.entry((subject.entity(), &subject.series.key.metric)).or_default();
        for (time, value) in subject.view().present() {
            *sums.entry(time).or_insert(0.0) += value * per_second;
        }
    }
    let mut served: BTreeMap<EntityId, Served> = BTreeMap::new();
    for ((entity, metric), per_second) in by_metric {
        let total = |sums: &BTreeMap<i64, f64>| sums.values().sum::<f64>();
        let known = served.entry(entity.clone()).or_default();
        if known.metric.is_empty() || total(&per_second) > total(&known.per_second) {
            *known = Served { metric: metric.to_owned(), per_second };
        }
    }
    served
}

/// Requests of each entity over the eighths of the window, where its load is counted by time.
fn requests(
    subjects: &[Subject<'_>],
    served: &BTreeMap<EntityId, Served>,
    window: &Window,
) -> Vec<(EntityId, Eighths)> {
    let timed = |metric: &str| {
        subjects.iter().any(|subject| {
            let unit = matches!(subject.meaning.unit, Unit::PerSecond | Unit::PerMinute);
            subject.series.key.metric == metric && (subject.rate || unit)
        })
    };
    let mut counted = Vec::new();
    for (entity, served) in served.iter().filter(|(_, served)| timed(&served.metric)) {
        let mut eighths = Eighths::default();
        let mut points = [0.0_f64; 8];
        for (time, per_second) in &served.per_second {
            if let Some(eighth) = eighth(*time, window) {
                eighths[eighth] += per_second;
                points[eighth] += 1.0;
            }
        }
        let seconds = window.duration().as_secs_f64() / 8.0;
        for (sum, points) in eighths.iter_mut().zip(points) {
            *sum *= if points > 0.0 { seconds / points } else { 0.0 };
        }
        counted.push((entity.clone(), eighths));
    }
    counted
}

/// Cores that others on a machine can feel: a twentieth of one.
const CORES_FELT_MIN: f64 = 0.05;

/// What of its limit something must have reached for a climb towards it to be worth a word.
const NEARLY_FULL: f64 = 0.8;

/// The climb of a disk, or of what else has a size, that is nearly full at the end of the window.
fn filling(subject: &Subject<'_>) -> Option<Climb> {
    let full = match subject.meaning.unit {
        Unit::Percent => 100.0,
        Unit::Ratio => 1.0,
        _ => return None,
    };
    if !matches!(subject.meaning.measure, Measure::Disk | Measure::CapacityUsed) {
        return None;
    }
    let climb = climbing_throughout(subject.view())?;
    (climb.slope_per_s > 0.0 && (NEARLY_FULL * full..=full).contains(&climb.to)).then_some(climb)
}

impl Reader<'_> {
    pub(super) fn read(&mut self, stored: &[StoredSeries<'_>]) {
        let subjects: Vec<Subject<'_>> = stored.iter().map(|stored| subject(stored.series)).collect();
        self.served = served(&subjects);
        self.result.requests.extend(requests(&subjects, &self.served, &self.question.window));
        let mut loads: BTreeMap<&EntityId, &Subject<'_>> = BTreeMap::new();
        for subject in subjects.iter().filter(|subject| subject.meaning.measure == Measure::Load) {
            loads.entry(subject.entity()).or_insert(subject);
        }
        let mut steady = 0;
        for (subject, stored) in subjects.iter().zip(stored) {
            match departure(subject) {
                Some(found) => self.departed(subject, stored, &found, loads.get(subject.entity()).copied()),
                None => {
                    if let Some(unjudged) = unjudged(subject, stored, &self.question.window) {
                        self.unjudged(subject, &unjudged);
                        continue;
                    }
                    steady += 1;
                    if steady <= STEADY_MAX {
                        self.steady(subject, stored);
                    }
                }
            }
        }
        if steady > STEADY_MAX {
            self.result.truncated.push(format!("{STEADY_MAX} of {steady} normal series noted"));
        }
    }

    fn cite(&mut self, subject: &Subject<'_>) -> Evidence {
        let points: Vec<(i64, f64)> =
            subject.times_ns.iter().copied().zip(subject.values.iter().copied()).collect();
        let kept = thinned(&points);
        let truncated = (kept.len() < points.len()).then(|| {
            format!("{} of {} points kept, among them every high and low", kept.len(), points.len())
        });
        let series = PointSeries {
            name: subject.name(),
            at: kept.iter().map(|(time, _)| at(*time)).collect(),
            values: kept.iter().map(|(_, value)| value.is_finite().then_some(*value)).collect(),
        };
        let what = if subject.rate { "rate of " } else { "" };
        let citation = match self.sent.get(&subject.series.key.metric) {
            // One query brings many series; a comment of its language says which is meant.
            Some(sent) => Citation {
                query: format!("{} # {} of {}", sent.query, subject.name(), subject.entity()),
                link: sent.link.clone().or_else(|| self.citation.link.clone()),
                ..self.citation.clone()
            },
            None => Citation {
                query: format!(
                    "{}: {what}{} of {}",
                    self.citation.query,
                    subject.name(),
                    subject.entity().name
                ),
                ..self.citation.clone()
            },
        };
        let title = format!("{what}{} of {}", subject.name(), subject.entity().name);
        let evidence = evidence(title, citation, Answer::Points { series: vec![series] }, truncated);
        self.result.evidence.push(evidence.clone());
        evidence
    }

    fn steady(&mut self, subject: &Subject<'_>, stored: &StoredSeries<'_>) {
        let Some(normal) = level(&subject.values) else { return };
        let cited = self.cite(subject);
        let end = self.question.window.end_ns();
        let seasonal = seasonal(subject, stored, (end.saturating_sub(LATEST_NS), end));
        let mut draft =
            Draft::new(FindingKind::MetricSteady, subject.entity().clone(), subject.name(), cited.id);
        let fills = CAN_SATURATE.contains(&subject.meaning.measure);
        if fills && climbing_from_the_start(subject.view()).is_some_and(|slope_per_s| slope_per_s > 0.0) {
            draft.concepts.push(CLIMBING.to_owned());
        }
        let filling = filling(subject).filter(|_| seasonal.is_none());
        if filling.is_some() {
            draft.concepts.push(FILLING.to_owned());
        }
        draft.measure = Some(subject.meaning.measure);
        draft.summary = match (seasonal, filling) {
            (Some(seasonal), _) => {
                draft.kind = FindingKind::MetricSeasonal;
                draft.z = 1.0;
                seasonal_text(subject, &seasonal)
            }
            (None, Some(climb)) => format!(
                "{} {} climbs all the time that was looked at, from {} to {}{}",
                subject.entity().name,
                subject.name(),
                number(climb.from),
                number(climb.to),
                spaced(subject.unit()),
            ),
            (None, None) => format!(
                "{} {} stayed normal around {}{}",
                subject.entity().name,
                subject.name(),
                number(normal.median),
                spaced(subject.unit()),
            ),
        };
        self.result.findings.push(draft.finish());
    }

    /// A series that nobody saw normal: noted, and neither normal nor out of the ordinary by itself.
    fn unjudged(&mut self, subject: &Subject<'_>, unjudged: &Unjudged) {
        let cited = self.cite(subject);
        let name = format!("{} {}", subject.entity().name, subject.name());
        let mut draft =
            Draft::new(FindingKind::MetricShift, subject.entity().clone(), subject.name(), cited.id.clone());
        draft.measure = Some(subject.meaning.measure);
        draft.concepts = vec![NO_BASELINE.to_owned()];
        draft.z = UNJUDGED_Z;
        match unjudged {
            Unjudged::Moved(moved) => {
                let up = moved.to > moved.from;
                draft.direction = Some(if up { Direction::Up } else { Direction::Down });
                draft.effect = if moved.from == 0.0 { moved.to } else { moved.to / moved.from };
                let start = subject.times_ns.first().copied().unwrap_or(moved.at_ns);
                let uncertainty = moved.at_ns.saturating_sub(start);
                draft.onset = Some(onset_at(moved.at_ns, uncertainty));
                draft.summary = format!(
                    "{name} {} from {} to {}{} by {}, too early in what was seen to know what is normal",
                    if up { "rose" } else { "fell" },
                    number(moved.from),
                    number(moved.to),
                    spaced(subject.unit()),
                    clock(moved.at_ns),
                );
            }
            Unjudged::Full(level) => {
                draft.kind = FindingKind::MetricSaturated;
                draft.direction = Some(Direction::Up);
                draft.effect = *level;
                draft.summary = format!(
                    "{name} stands at its limit, around {}{}, for all that was seen of it",
                    number(*level),
                    spaced(subject.unit()),
                );
            }
        }
        let limit = match unjudged {
            Unjudged::Moved(_) => full(subject).filter(|full| full.share_of_time > 0.5),
            Unjudged::Full(_) => None,
        };
        if let Some(limit) = limit {
            let mut full = Draft::new(
                FindingKind::MetricSaturated,
                subject.entity().clone(),
                subject.name(),
                cited.id.clone(),
            );
            full.measure = draft.measure;
            full.direction = Some(Direction::Up);
            full.onset = Some(onset_at(limit.at_ns, 0));
            full.concepts.clone_from(&draft.concepts);
            full.z = UNJUDGED_Z;
            full.effect = limit.level;
            full.summary = format!(
                "{name} stands near its limit of {}{} since {}",
                number(limit.limit),
                spaced(subject.unit()),
                clock(limit.at_ns)
            );
            self.result.findings.push(full.finish());
        }
        self.result.findings.push(draft.finish());
    }

    fn departed(
        &mut self,
        subject: &Subject<'_>,
        stored: &StoredSeries<'_>,
        found: &OnsetEstimate,
        load: Option<&Subject<'_>>,
    ) {
        let cited = self.cite(subject);
        let worse = match subject.meaning.worse {
            Some(worse) => worse == found.direction,
            None => false,
        };
        let normal = (found.shift.normal_low, found.shift.normal_high);
        let mut draft = self.draft(subject, found, &cited);
        let until = found.ended_at_ns.unwrap_or(self.question.window.end_ns());
        if let Some(same) = seasonal(subject, stored, (found.at_ns, until)) {
            draft.kind = FindingKind::MetricSeasonal;
            draft.summary = seasonal_text(subject, &same);
            let finding = draft.finish();
            self.chart(subject, &cited, normal, found, &finding);
            self.result.findings.push(finding);
            return;
        }
        if worse {
            draft.concepts.push(WORSE.to_owned());
        } else if let Some(same) = self.latest_as_ever(subject, stored) {
            // What left its level for the better once does not hide that its latest hours are those of every day.
            draft.kind = FindingKind::MetricSeasonal;
            draft.summary = seasonal_text(subject, &same);
        }
        if cores_moved(subject, found).is_some_and(|cores| cores < CORES_FELT_MIN) {
            draft.concepts.push(SLIGHT.to_owned());
        }
        if subject.meaning.measure == Measure::Errors
            && subject.series.key.metric.to_lowercase().contains("cancel")
        {
            draft.concepts.push(CANCELLED.to_owned());
        }
        let finding = draft.finish();
        self.chart(subject, &cited, normal, found, &finding);
        self.result.findings.push(finding);
        if worse {
            self.saturated(subject, found, &cited);
            if let Some(load) = load.filter(|load| !std::ptr::eq(*load, subject)) {
                self.follows_load(subject, found, load, &cited);
            }
        }
        if subject.meaning.measure == Measure::Errors && found.direction == Direction::Up {
            self.failed_share(subject, &cited);
        }
    }

    /// The latest hour held against the same hours of earlier days, when these explain it.
    fn latest_as_ever(&self, subject: &Subject<'_>, stored: &StoredSeries<'_>) -> Option<Seasonal> {
        let end = self.question.window.end_ns();
        seasonal(subject, stored, (end.saturating_sub(LATEST_NS), end))
    }

    fn draft(&self, subject: &Subject<'_>, found: &OnsetEstimate, cited: &Evidence) -> Draft {
        let ramp = found.kind == OnsetKind::Ramp;
        let kind = if ramp { FindingKind::MetricRamp } else { FindingKind::MetricShift };
        let mut draft = Draft::new(kind, subject.entity().clone(), subject.name(), cited.id.clone());
        draft.measure = Some(subject.meaning.measure);
        draft.direction = Some(found.direction);
        draft.onset = Some(onset_at(found.at_ns, found.uncertainty_ns));
        draft.ended_at = found.ended_at_ns.map(at);
        draft.effect = found.departure.effect;
        draft.z = found.departure.z;
        let verb = match (ramp, found.direction) {
            (false, Direction::Up) => "rose",
            (false, Direction::Down) => "fell",
            (true, Direction::Up) => "climbed",
            (true, Direction::Down) => "sank",
        };
        let ratio = match found.shift.ratio {
            Some(ratio) if ratio >= 2.0 => format!(" (×{})", number(ratio)),
            _ => String::new(),
        };
        let ended = found.ended_at_ns.map_or_else(String::new, |end| format!(" until {}", clock(end)));
        draft.summary = format!(
            "{} {} {verb} from {} to {}{}{ratio} {} {}{ended}",
            subject.entity().name,
            subject.name(),
            number(found.shift.before),
            number(found.shift.after),
            spaced(subject.unit()),
            if ramp { "from" } else { "at" },
            clock(found.at_ns),
        );
        draft
    }

    fn chart(
        &mut self,
        subject: &Subject<'_>,
        cited: &Evidence,
        normal: (f64, f64),
        found: &OnsetEstimate,
        finding: &midwatch_model::Finding,
    ) {
        // A band below zero says nothing of what is never negative.
        let never_negative = subject.values.iter().all(|value| value.is_nan() || *value >= 0.0);
        let normal = if never_negative { (normal.0.max(0.0), normal.1) } else { normal };
        self.result.charts.push(Chart {
            title: format!("{} {}", subject.entity().name, subject.name()),
            evidence: cited.id.clone(),
            series: subject.name(),
            unit: subject.unit().to_owned(),
            normal: (normal.0.is_finite() && normal.1.is_finite()).then_some(normal),
            onset: Some(at(found.at_ns)),
            finding: Some(finding.id.clone()),
        });
    }

    fn saturated(&mut self, subject: &Subject<'_>, found: &OnsetEstimate, cited: &Evidence) {
        if !CAN_SATURATE.contains(&subject.meaning.measure) {
            return;
        }
        let options = saturation_options(subject.meaning.measure);
        let limit = saturation(subject.view(), Limit::Unit(subject.meaning.unit), &options);
        let Some(limit) = limit.or_else(|| plateau(subject.view(), &options)) else { return };
        if limit.at_ns < found.at_ns {
            return;
        }
        let mut draft = Draft::new(
            FindingKind::MetricSaturated,
            subject.entity().clone(),
            subject.name(),
            cited.id.clone(),
        );
        draft.measure = Some(subject.meaning.measure);
        draft.direction = Some(Direction::Up);
        draft.onset = Some(onset_at(limit.at_ns, found.uncertainty_ns));
        draft.ended_at = found.ended_at_ns.map(at);
        draft.effect = limit.level;
        draft.z = found.departure.z;
        draft.concepts = vec![WORSE.to_owned()];
        draft.summary = format!(
            "{} {} stands at its limit of {}{} since {}{}",
            subject.entity().name,
            subject.name(),
            number(limit.limit),
            spaced(subject.unit()),
            clock(limit.at_ns),
            if limit.implied { " (the limit is inferred from the plateau)" } else { "" },
        );
        self.result.findings.push(draft.finish());
    }

    fn follows_load(
        &mut self,
        subject: &Subject<'_>,
        found: &OnsetEstimate,
        load: &Subject<'_>,
        cited: &Evidence,
    ) {
        let Some(dose) = dose_response(subject.view(), load.view(), found.at_ns, &DoseOptions::default())
        else {
            return;
        };
        let ratio = dose.load_ratio.unwrap_or(1.0);
        if !dose.load_rose || !(dose.follows_load || dose.explained_by_load) || ratio < 1.3 {
            return;
        }
        let load_cited = self.cite(load);
        let mut draft =
            Draft::new(FindingKind::FollowsLoad, subject.entity().clone(), subject.name(), cited.id.clone());
        draft.evidence.push(load_cited.id);
        draft.direction = Some(Direction::Up);
        draft.onset = Some(onset_at(found.at_ns, found.uncertainty_ns));
        draft.effect = ratio;
        draft.z = 5.0 * ratio.min(4.0);
        draft.summary = format!(
            "{} {} follows load: {} rose ×{}{}",
            subject.entity().name,
            subject.name(),
            load.name(),
            number(ratio),
            dose.rho.map_or_else(String::new, |rho| format!(", rank correlation {}", number(rho))),
        );
        self.result.findings.push(draft.finish());
    }

    fn failed_share(&mut self, subject: &Subject<'_>, cited: &Evidence) {
        let per_second = |value: f64, unit: Unit| if unit == Unit::PerMinute { value / 60.0 } else { value };
        let served = self.served.get(subject.entity());
        // Where one metric counts good and failed requests apart by a label, the failed ones are not among the others.
        let apart = served.is_some_and(|served| served.metric == subject.series.key.metric);
        let mut points: Vec<(i64, f64, Option<f64>)> = subject
            .view()
            .present()
            .filter_map(|(time, value)| {
                let own = per_second(value, subject.meaning.unit);
                let load = served
                    .and_then(|served| served.per_second.get(&time))
                    .map(|others| if apart { others + own } else { *others });
                let share = match subject.meaning.unit {
                    Unit::Ratio => value,
                    Unit::Percent => value / 100.0,
                    unit @ (Unit::PerSecond | Unit::PerMinute) => {
                        per_second(value, unit) / load.filter(|load| *load > 0.0)?
                    }
                    _ if subject.rate => value / load.filter(|load| *load > 0.0)?,
                    _ => return None,
                };
                Some((time, share.clamp(0.0, 1.0), load))
            })
            .collect();
        if points.is_empty() {
            return;
        }
        let cut = points.len().saturating_sub(SHARE_POINTS_MAX);
        if cut > 0 {
            let kept =
                format!("the latest {SHARE_POINTS_MAX} of {} points of {}", points.len(), subject.name());
            self.result.truncated.push(format!("{kept} averaged for the failed share"));
            points.drain(..cut);
        }
        self.result.failed_shares.push(FailedShare {
            entity: subject.entity().clone(),
            metric: subject.name(),
            points,
            evidence: cited.id.clone(),
        });
    }
}

/// At most [`POINTS_KEPT_MAX`] points: of each stretch its lowest and its highest, and the last of all.
fn thinned(points: &[(i64, f64)]) -> Vec<(i64, f64)> {
    if points.len() <= POINTS_KEPT_MAX {
        return points.to_vec();
    }
    let (whole, last) = (&points[..points.len() - 1], points.last());
    let length = whole.len().div_ceil((POINTS_KEPT_MAX - 1) / 2);
    let mut kept = Vec::with_capacity(POINTS_KEPT_MAX);
    for stretch in whole.chunks(length) {
        let by_value = |a: &&(i64, f64), b: &&(i64, f64)| a.1.total_cmp(&b.1);
        let finite = || stretch.iter().filter(|point| point.1.is_finite());
        let mut two: Vec<(i64, f64)> =
            finite().min_by(by_value).into_iter().chain(finite().max_by(by_value)).copied().collect();
        two.sort_by_key(|point| point.0);
        two.dedup();
        kept.extend(two);
    }
    kept.extend(last);
    kept
}

/// Share of its limit from which a processor is saturated: work waits well before all of its time is used.
const PROCESSOR_SHARE: f64 = 0.85;

fn saturation_options(measure: Measure) -> SaturationOptions {
    let usual = SaturationOptions::default();
    if measure == Measure::Cpu { SaturationOptions { share_min: PROCESSOR_SHARE, ..usual } } else { usual }
}

/// Robust z of what has no baseline: below what counts as a departure.
const UNJUDGED_Z: f64 = 3.0;

/// What a series says that was never seen normal.
enum Unjudged {
    /// It left its first level too early for a baseline, for the worse.
    Moved(Moved),
    /// It stands at its limit from its first points on, at this level.
    Full(f64),
}

/// Whether a series without a departure is nevertheless not to be called normal. What earlier days explain is.
fn unjudged(subject: &Subject<'_>, stored: &StoredSeries<'_>, window: &Window) -> Option<Unjudged> {
    let worse = subject.meaning.worse?;
    let ordinary = |from_ns: i64| seasonal(subject, stored, (from_ns, window.end_ns())).is_some();
    if let Some(moved) = moved_from_the_start(subject.view()) {
        let direction = if moved.to > moved.from { Direction::Up } else { Direction::Down };
        return (direction == worse && !ordinary(moved.at_ns)).then_some(Unjudged::Moved(moved));
    }
    let full = full(subject).filter(|_| worse == Direction::Up)?;
    (full.share_of_time > 0.5 && !ordinary(full.at_ns)).then_some(Unjudged::Full(full.level))
}

/// When what can meet a limit stayed at the one its unit implies.
fn full(subject: &Subject<'_>) -> Option<Saturation> {
    let options = saturation_options(subject.meaning.measure);
    saturation(subject.view(), Limit::Unit(subject.meaning.unit), &options)
        .filter(|_| CAN_SATURATE.contains(&subject.meaning.measure))
}

/// By how many cores a departure changed the use of processors; `None` when its unit does not tell.
fn cores_moved(subject: &Subject<'_>, found: &OnsetEstimate) -> Option<f64> {
    let unit = subject.meaning.unit;
    let in_cores = unit == Unit::Cores || (subject.rate && unit == Unit::Seconds);
    let moved = (found.shift.after - found.shift.before).abs() * subject.meaning.to_unit;
    (subject.meaning.measure == Measure::Cpu && in_cores).then_some(moved)
}

/// The sustained departure of a series, of rare events too; lone spikes do not count.
fn departure(subject: &Subject<'_>) -> Option<OnsetEstimate> {
    let options = OnsetOptions::for_unit(subject.meaning.unit);
    let found = onset(subject.view(), None, &options).filter(|found| found.kind != OnsetKind::Spike);
    if found.is_none() && subject.rate {
        return surge_of_rare_events(subject.view());
    }
    found
}

fn subject(series: &Series) -> Subject<'_> {
    let meaning = classify(&series.key.metric, series.key.unit, &series.key.labels);
    if is_counter(series) {
        let (times, values) = rate_per_second(series.view());
        if times.len() >= 2 {
            return Subject { series, meaning, times_ns: times.into(), values: values.into(), rate: true };
        }
    }
    Subject {
        series,
        meaning,
        times_ns: Cow::Borrowed(&series.times_ns),
        values: Cow::Borrowed(&series.values),
        rate: false,
    }
}

/// The comparison with the same hours of earlier days, when these explain a departure in `range`.
fn seasonal(subject: &Subject<'_>, stored: &StoredSeries<'_>, range: (i64, i64)) -> Option<Seasonal> {
    let earlier = stored.earlier?;
    let whole = if subject.rate { Cow::Owned(rates(earlier)) } else { Cow::Borrowed(earlier) };
    seasonal_expectation(whole.view(), range.0, range.1, DAY_S, &SeasonalOptions::default())
        .filter(|seasonal| seasonal.explained)
}

fn seasonal_text(subject: &Subject<'_>, seasonal: &Seasonal) -> String {
    format!(
        "{} {} is {}{} and was {} at this hour on {} of {} earlier days too",
        subject.entity().name,
        subject.name(),
        number(seasonal.observed_median),
        spaced(subject.unit()),
        number(seasonal.expected_median),
        seasonal.days_alike,
        seasonal.days,
    )
}

fn rates(series: &Series) -> Series {
    let (times_ns, values) = rate_per_second(series.view());
    Series { key: series.key.clone(), times_ns, values }
}

fn spaced(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

fn clock(nanoseconds: i64) -> String {
    at(nanoseconds).strftime("%H:%M:%S").to_string()
}
