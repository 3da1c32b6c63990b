//! Round one: is it real, what is broken, since when. The window grows by doubling look-back, one hour to seven days,
//! until a stretch of normal operation before the departure is in sight.

use midwatch_analysis::series::words_of;
use midwatch_model::{
    Actor, Alert, AlertState, Answer, Citation, ContentId, EntityId, EntryKind, Evidence, EvidenceId,
    Finding, FindingKind, Gap, Incident, Measure, Question, QuestionKind, Round, Severity, Signal,
    SignedDuration, Timestamp, TriggerKind, Window,
};
use midwatch_sources::Coverage;

use super::declared::declared;
use super::{Session, answers_alerts, believe_alerts};
use crate::agents::{CLIMBING, cut};
use crate::board::Board;
use crate::concepts::NO_BASELINE;
use crate::desk::evidence;
use crate::journal::append;
use crate::stages::{Condition, Orientation};
use crate::{InvestigateError, Progress, Request};

/// Shortest and longest look-back.
const LOOK_BACK_MIN: SignedDuration = SignedDuration::from_hours(1);
const LOOK_BACK_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far beyond the trigger's now samples are still taken into view: what happened after the alert.
const AFTER_NOW_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Share of the window that must lie before the first departure for the baseline to count as seen.
const BASELINE_SHARE_MIN: f64 = 0.25;

/// Robust z from which a departure is taken for more than noise.
pub(crate) const DEPARTURE_Z_MIN: f64 = 4.0;

/// Incident, windows, and the symptom as far as metrics show it: those of the alert's target first, then all.
pub(crate) async fn orient(
    request: &Request,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<Orientation, InvestigateError> {
    let coverage = coverage(session, board).await;
    let mut incident = incident(request, &coverage, board)?;
    board.fired_at = incident.fired_at;
    append(session.journal, Actor::Engine, EntryKind::Incident, None, &incident)?;
    let measured = session.sources.iter().any(|source| source.metrics().is_some());
    let mut sight = Sight { request, coverage, look_back: LOOK_BACK_MIN };
    let mut range = sight.range(&incident)?;
    declared(range.window, session, board).await?;
    let blank = board.clone();
    let mut target_names: Vec<EntityId> =
        incident.target.iter().map(|target| board.entity_named(&target.name)).collect();
    let target_seen = loop {
        let mut seen = Board { trail: std::mem::take(&mut board.trail), ..blank.clone() };
        let because = "the alert names it: is it really out of the ordinary, and since when?";
        let question = behaviour_of(target_names.clone(), range.window);
        session.ask(Round::Orient, &[(question, because)], &mut seen).await?;
        if let Some(target) = &incident.target {
            let resolved = seen.entity_named(&target.name);
            target_names = vec![resolved.clone()];
            incident.target = Some(resolved);
        }
        if !measured
            || range.last
            || begins_later(&seen, &range.window)
            || baseline_in_sight(&seen, &range.window)
        {
            break seen;
        }
        // Without a target everything is asked for each time, so it is asked for less often.
        sight.widen(if target_names.is_empty() { 4 } else { 2 });
        range = sight.range(&incident)?;
        board.trail = seen.trail;
    };
    session.watcher.saw(Progress::Round(Round::Localise));
    let mut trail = target_seen.trail.clone();
    loop {
        let mut seen = Board { trail, ..blank.clone() };
        let because = "trouble shows at more places than it starts";
        let question = behaviour_of(Vec::new(), range.window);
        session.ask(Round::Localise, &[(question, because)], &mut seen).await?;
        seen.adopt_missing(&target_seen);
        if range.last || begins_later(&seen, &range.window) || !under_way_at_the_start(&seen) {
            if baseline_in_sight(&seen, &range.window) {
                range.reason.push_str(", so that normal operation before the departure is in sight");
            }
            *board = seen;
            believe_alerts(&mut incident, board);
            return Ok(orientation(incident, range, board));
        }
        sight.widen(4);
        range = sight.range(&incident)?;
        trail = seen.trail;
    }
}

/// Share of the window that may pass before the first sample without it meaning that there are no earlier ones.
const WITHOUT_SAMPLES_MAX: f64 = 0.1;

/// Whether everything that was seen begins well inside the window: further back there is nothing.
fn begins_later(board: &Board, window: &Window) -> bool {
    let length_ns = window.end_ns().saturating_sub(window.start_ns()) as f64;
    board.first.is_some_and(|first| {
        first.duration_since(window.start()).as_nanos() as f64 > WITHOUT_SAMPLES_MAX * length_ns
    })
}

fn behaviour_of(entities: Vec<EntityId>, window: Window) -> Question {
    Question {
        kind: QuestionKind::MetricBehaviour,
        entities,
        window,
        baseline: None,
        changes: Vec::new(),
        theory: None,
    }
}

/// What all sources hold, taken together. A source that cannot say becomes a gap.
async fn coverage(session: &Session<'_>, board: &mut Board) -> Coverage {
    let mut whole = Coverage::default();
    for source in session.sources {
        match source.coverage().await {
            Ok(coverage) => {
                whole.signals.extend(coverage.signals);
                whole.first = [whole.first, coverage.first].into_iter().flatten().min();
                whole.last = [whole.last, coverage.last].into_iter().flatten().max();
                let note = |text| midwatch_model::SourceNote { source: source.name().to_owned(), text };
                board.notes.extend(coverage.notes.into_iter().map(note));
                board.damage.extend(coverage.damage);
            }
            Err(error) => board.add_gap(Gap {
                signal: Signal::Metrics,
                missing: error.to_string(),
                grant: format!("make {} answer, then run this again", error.origin),
                settles: "everything this source could show".to_owned(),
            }),
        }
    }
    whole.signals.sort_unstable();
    whole.signals.dedup();
    whole
}

fn incident(request: &Request, coverage: &Coverage, board: &mut Board) -> Result<Incident, InvestigateError> {
    let trigger = &request.trigger;
    let alerts = &trigger.alerts;
    let first = alerts.iter().filter(|alert| alert.fired_at.is_some()).min_by_key(|alert| alert.fired_at);
    let first = first.or_else(|| alerts.first());
    let fired_at = alerts.iter().filter_map(|alert| alert.fired_at).min();
    let latest = alerts.iter().filter_map(|alert| alert.fired_at).max();
    let now = request.now.or(trigger.now).or(latest).or(coverage.last).ok_or(InvestigateError::NoTime)?;
    let all_resolved = !alerts.is_empty() && alerts.iter().all(|alert| alert.state == AlertState::Resolved);
    let cited = cite_trigger(request, alerts);
    let incident = Incident {
        title: match (first, &trigger.question) {
            (_, Some(question)) => cut(question, 200),
            (Some(alert), None) => cut(&title_of(alert), 200),
            (None, None) => "no alert and no question: is anything wrong?".to_owned(),
        },
        target: first.and_then(|alert| alert.target.as_deref()).map(|name| board.entity_named(name)),
        fired_at,
        resolved_at: if all_resolved {
            alerts.iter().filter_map(|alert| alert.resolved_at).max()
        } else {
            None
        },
        now,
        severity: alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Warning),
        owner: request.owner.clone(),
        alerts: alerts.clone(),
        evidence: vec![cited.id.clone()],
    };
    board.evidence.insert(cited.id.clone(), cited);
    Ok(incident)
}

fn title_of(alert: &Alert) -> String {
    match (alert.summary.is_empty(), alert.name.is_empty()) {
        (false, _) => alert.summary.clone(),
        (true, false) => alert.name.clone(),
        (true, true) => format!("alert on {}", alert.target.as_deref().unwrap_or("an unnamed target")),
    }
}

fn cite_trigger(request: &Request, alerts: &[Alert]) -> Evidence {
    let trigger = &request.trigger;
    let citation = Citation {
        source: trigger.format.clone().unwrap_or_else(|| "trigger".to_owned()),
        signal: Signal::Alerts,
        query: match trigger.kind {
            TriggerKind::Alert => "the alert that started this".to_owned(),
            TriggerKind::Question => "the question that started this".to_owned(),
        },
        window: None,
        link: alerts.first().and_then(|alert| alert.link.clone()),
    };
    let text = match &trigger.question {
        Some(question) => cut(question, 4000),
        None => cut(&serde_json::to_string_pretty(alerts).unwrap_or_default(), 4000),
    };
    evidence("what was asked", citation, Answer::Text { text }, None)
}

/// How far back is looked.
struct Sight<'r> {
    request: &'r Request,
    coverage: Coverage,
    look_back: SignedDuration,
}

/// A window, why it was chosen, and whether it is the last one worth trying.
struct Range {
    window: Window,
    reason: String,
    last: bool,
}

impl Sight<'_> {
    fn widen(&mut self, factor: i32) {
        self.look_back = self.look_back.saturating_mul(factor).min(LOOK_BACK_MAX);
    }

    /// The window for the look-back; an error when time has no room before the trigger.
    fn range(&self, incident: &Incident) -> Result<Range, InvestigateError> {
        if let Some(window) = self.request.window {
            return Ok(Range { window, reason: "the window was given".to_owned(), last: true });
        }
        let now = incident.now;
        // Whoever says what counts as now does not want to see what came later.
        let beyond = if self.request.now.is_some() { SignedDuration::ZERO } else { AFTER_NOW_MAX };
        let latest = now.checked_add(beyond).unwrap_or(Timestamp::MAX);
        let end = self.coverage.last.map_or(now, |last| last.clamp(now, latest));
        let end = end.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        // Normal operation lies before the alert, which may have fired long ago.
        let oldest = now.checked_sub(LOOK_BACK_MAX).unwrap_or(Timestamp::MIN);
        let fired = incident.fired_at.map_or(now, |fired| fired.clamp(oldest, now.max(oldest)));
        let wanted = fired.checked_sub(self.look_back).unwrap_or(Timestamp::MIN);
        let (start, all) = match self.coverage.first {
            Some(first) if first >= wanted && first < now => (first, true),
            // All there is lies ahead of what counts as now: the source tells of another time.
            _ => (wanted, false),
        };
        let window = Window::new(start, end)
            .or_else(|| Window::ending(end, LOOK_BACK_MIN))
            .ok_or(InvestigateError::NoTime)?;
        let hours = window.duration().as_secs_f64() / 3600.0;
        let reason = if all {
            format!("all {hours:.1} h that the sources hold")
        } else {
            format!("looked back {} h", self.look_back.as_hours())
        };
        Ok(Range { window, reason, last: all || self.look_back >= LOOK_BACK_MAX })
    }
}

/// Whether something is broken and something that fills up was already filling when the window begins: then its onset, and
/// with it perhaps the cause, lies before the window.
fn under_way_at_the_start(board: &Board) -> bool {
    let climbing = |finding: &Finding| finding.concepts.iter().any(|concept| concept == CLIMBING);
    board.findings.values().any(is_worse) && board.findings.values().any(climbing)
}

/// Whether what departed did so late enough for a baseline before it.
fn baseline_in_sight(board: &Board, window: &Window) -> bool {
    let mut onsets = board
        .findings
        .values()
        .filter(|finding| is_worse(finding) && finding.measure.is_some())
        .filter_map(|finding| finding.onset)
        .peekable();
    if onsets.peek().is_none() {
        // What every day does at this hour needs no longer look back: the earlier days were looked at already.
        return board.findings.values().any(|finding| finding.kind == FindingKind::MetricSeasonal);
    }
    let length = window.duration().as_secs_f64();
    onsets.all(|onset| onset.at.duration_since(window.start()).as_secs_f64() >= BASELINE_SHARE_MIN * length)
}

/// Whether a finding is a departure for the worse that is more than noise.
pub(crate) fn is_worse(finding: &Finding) -> bool {
    finding.strength.z >= DEPARTURE_Z_MIN
        && finding.concepts.iter().any(|concept| concept == crate::concepts::WORSE)
        && !matches!(
            finding.kind,
            FindingKind::MetricSteady | FindingKind::StateSteady | FindingKind::MetricSeasonal
        )
}

fn orientation(incident: Incident, range: Range, board: &Board) -> Orientation {
    let Range { window, reason: window_reason, .. } = range;
    let symptom = symptom(&incident, board);
    Orientation {
        symptom_entity: symptom.map(|finding| finding.entity.clone()).or_else(|| incident.target.clone()),
        symptom: symptom.map(|finding| finding.id.clone()),
        symptom_onset: symptom.and_then(|finding| finding.onset),
        ended_at: symptom.and_then(|finding| finding.ended_at),
        baseline: symptom
            .and_then(|finding| finding.onset)
            .and_then(|onset| Window::new(window.start(), onset.at)),
        incident,
        window,
        window_reason,
        condition: Condition::Blind,
        condition_reason: String::new(),
        condition_evidence: Vec::new(),
    }
}

/// Whether a subject (`metric` or `metric{label=value}`) is a series of the metric called `name`.
fn is_series_of(subject: &str, name: &str) -> bool {
    let rest = subject.strip_prefix(name);
    !name.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
}

/// The finding that is what the alert is about: its metric at its target, else the strongest departure users feel.
fn symptom<'b>(incident: &Incident, board: &'b Board) -> Option<&'b Finding> {
    let target = incident.target.as_ref();
    // What only an alert declares abnormal is what the alert is about, also where its target is something else.
    let told = |finding: &Finding| finding.concepts.iter().any(|concept| concept == NO_BASELINE);
    let at_target =
        |finding: &&Finding| target.is_none_or(|target| finding.entity == *target) || told(finding);
    let worse: Vec<&Finding> =
        board.findings.values().filter(|finding| is_worse(finding)).filter(at_target).collect();
    let named: Vec<&str> = incident.alerts.iter().filter_map(|alert| alert.metric.as_deref()).collect();
    let exact = worse.iter().filter(|finding| named.iter().any(|name| is_series_of(&finding.subject, name)));
    let felt = |finding: &&&Finding| {
        matches!(
            finding.measure,
            Some(Measure::Errors | Measure::Availability | Measure::Latency | Measure::Throughput)
        )
    };
    let strongest =
        |a: &&&Finding, b: &&&Finding| a.strength.z.total_cmp(&b.strength.z).then_with(|| b.id.cmp(&a.id));
    exact
        .max_by(strongest)
        .or_else(|| worse.iter().filter(felt).max_by(strongest))
        .or_else(|| worse.iter().max_by(strongest))
        .copied()
}

/// What state the system is in, once logs and spans of the neighbourhood were seen too.
pub(crate) fn settle_condition(orientation: &mut Orientation, board: &mut Board) {
    believe_alerts(&mut orientation.incident, board);
    let board: &Board = board;
    if orientation.symptom.is_none()
        && let Some(found) = symptom(&orientation.incident, board)
            .or_else(|| elsewhere(orientation, board))
            .or_else(|| fault_of_the_cluster(orientation, board))
    {
        orientation.symptom = Some(found.id.clone());
        orientation.symptom_entity = Some(found.entity.clone());
        orientation.symptom_onset = found.onset;
        orientation.ended_at = found.ended_at;
        orientation.baseline =
            found.onset.and_then(|onset| Window::new(orientation.window.start(), onset.at));
    }
    let entity = orientation.symptom_entity.clone();
    let here: Vec<&Finding> = board
        .findings
        .values()
        .filter(|finding| entity.as_ref().is_none_or(|entity| finding.entity == *entity))
        .collect();
    let cite = |findings: &[&Finding]| -> Vec<EvidenceId> {
        let mut ids: Vec<EvidenceId> =
            findings.iter().flat_map(|finding| finding.evidence.iter().cloned()).collect();
        ids.dedup();
        ids.truncate(3);
        ids
    };
    let mut seasonal: Vec<&Finding> =
        here.iter().copied().filter(|finding| finding.kind == FindingKind::MetricSeasonal).collect();
    // What the alert is about comes first: by its metric's name, else by the words they share.
    let asked: Vec<String> = orientation
        .incident
        .alerts
        .iter()
        .flat_map(|alert| {
            [alert.metric.clone().unwrap_or_default(), alert.name.clone(), alert.summary.clone()]
        })
        .flat_map(|text| words_of(&text))
        .collect();
    let shared = |finding: &&Finding| {
        let words = words_of(&finding.subject);
        words.iter().filter(|word| asked.contains(word)).count()
    };
    seasonal.sort_by_key(|finding| (std::cmp::Reverse(shared(finding)), finding.id.clone()));
    let symptom = orientation.symptom.as_ref().and_then(|id| board.findings.get(id));
    let (condition, reason, evidence) = match symptom {
        None if !seasonal.is_empty() => (Condition::Healthy, seasonal[0].summary.clone(), cite(&seasonal)),
        None => {
            let steady: Vec<&Finding> = board
                .findings
                .values()
                .filter(|finding| {
                    matches!(finding.kind, FindingKind::MetricSteady | FindingKind::StateSteady)
                })
                .filter(|finding| entity.as_ref().is_none_or(|entity| finding.entity == *entity))
                .collect();
            if steady.is_empty() {
                (
                    Condition::Blind,
                    "no signal of it was seen".to_owned(),
                    orientation.incident.evidence.clone(),
                )
            } else if answers_alerts(&orientation.incident, &steady) {
                (Condition::Healthy, well(&steady), cite(&steady))
            } else {
                let text = "what the alert speaks of was not seen".to_owned();
                (Condition::Blind, text, orientation.incident.evidence.clone())
            }
        }
        Some(finding) => match recovered_at(finding, &here) {
            Some(_) => (Condition::Recovered, finding.summary.clone(), finding.evidence.clone()),
            None => (Condition::Sick, finding.summary.clone(), finding.evidence.clone()),
        },
    };
    orientation.condition = condition;
    orientation.condition_reason = reason;
    orientation.condition_evidence = evidence;
    if condition == Condition::Recovered {
        orientation.ended_at = symptom.and_then(|finding| recovered_at(finding, &here));
    } else {
        orientation.ended_at = None;
    }
}

/// What was seen of something that is well: its state as its platform tells it, and how many series are normal.
fn well(steady: &[&Finding]) -> String {
    let (states, series): (Vec<&Finding>, Vec<&Finding>) =
        steady.iter().partition(|finding| finding.measure.is_none());
    let mut said: Vec<String> = states.iter().take(1).map(|finding| finding.summary.clone()).collect();
    match series.len() {
        0 => {}
        1 => said.push("1 series of it stayed within its normal range".to_owned()),
        many => said.push(format!("{many} series of it stayed within their normal range")),
    }
    said.join(", and ")
}

/// When the symptom and all that users feel at the same entity had ended, if they have.
fn recovered_at(symptom: &Finding, here: &[&Finding]) -> Option<Timestamp> {
    let mut latest = symptom.ended_at?;
    for finding in here.iter().filter(|finding| is_worse(finding)) {
        if matches!(finding.measure, Some(Measure::Errors | Measure::Availability | Measure::Latency)) {
            latest = latest.max(finding.ended_at?);
        }
    }
    Some(latest)
}

/// The clearest fault of the cluster, however indirect its signs: when nothing at all was seen of what the alert names, it
/// is the only trouble anybody knows of.
fn fault_of_the_cluster<'b>(orientation: &Orientation, board: &'b Board) -> Option<&'b Finding> {
    let target = orientation.incident.target.as_ref()?;
    let is_seen = board.findings_at(target).next().is_some();
    let faults = board.findings.values().filter(|finding| finding.kind == FindingKind::ClusterFault);
    faults
        .filter(|finding| !is_seen && is_worse(finding))
        .max_by(|a, b| a.strength.z.total_cmp(&b.strength.z).then_with(|| b.id.cmp(&a.id)))
}

/// The strongest departure that users feel anywhere else: the alert may name the wrong thing.
fn elsewhere<'b>(orientation: &Orientation, board: &'b Board) -> Option<&'b Finding> {
    let target_seen = orientation.incident.target.as_ref().is_some_and(|target| {
        board.findings_at(target).any(|finding| finding.kind == FindingKind::MetricSeasonal)
    });
    if target_seen {
        return None;
    }
    board
        .findings
        .values()
        .filter(|finding| is_worse(finding) && finding.strength.z >= 2.0 * DEPARTURE_Z_MIN)
        .filter(|finding| {
            finding.ended_at.is_none()
                && (matches!(
                    finding.measure,
                    Some(Measure::Errors | Measure::Availability | Measure::Latency)
                ) || matches!(
                    finding.kind,
                    FindingKind::SpanErrorOrigin | FindingKind::Exception | FindingKind::ClusterFault
                ))
        })
        .max_by(|a, b| a.strength.z.total_cmp(&b.strength.z).then_with(|| b.id.as_str().cmp(a.id.as_str())))
}
