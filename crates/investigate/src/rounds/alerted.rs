//! What an alert settles that sources alone cannot: whom it is about, when the name it gives as its target is known
//! nowhere, and that something never seen normal is out of the ordinary.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_analysis::series::{classify, words_of};
use midwatch_model::{Alert, AlertState, EntityId, Finding, FindingKind, Incident, Measure, Severity, Unit};

use crate::board::{Alerted, Board, squash};
use crate::concepts::{NO_BASELINE, WORSE};

/// Robust z of what had no baseline and an alert speaks of: a departure, on somebody's word.
const TOLD_Z: f64 = 6.0;

/// Longest text of an alert that is read for names.
const TEXT_CHARACTERS_MAX: usize = 4_000;

/// Settles the incident's target, and marks what it speaks of and no source could judge as a change for the worse.
pub(crate) fn believe_alerts(incident: &mut Incident, board: &mut Board) {
    retarget(incident, board);
    let firing: Vec<&Alert> = incident.alerts.iter().filter(|alert| fires(alert)).collect();
    if firing.is_empty() {
        return;
    }
    let spoken = Spoken::of(&firing, incident.target.as_ref());
    board.alerted = Alerted { names: spoken.entities.clone(), measures: spoken.measures.clone() };
    for finding in board.findings.values_mut() {
        if has(finding, NO_BASELINE) && !has(finding, WORSE) && spoken.of_finding(finding) {
            finding.concepts.push(WORSE.to_owned());
            finding.concepts.sort();
            finding.strength.z = finding.strength.z.max(TOLD_Z);
        }
        // A change for the worse that is faint by itself: a short baseline, or one line that says it all.
        if has(finding, WORSE) && spoken.of_faint(finding) {
            finding.strength.z = finding.strength.z.max(TOLD_Z);
        }
    }
}

/// Concepts that state what is wrong with the writer itself, so that one line settles it.
const STATES: &[&str] = &[
    "certificate_expired",
    "data_corruption",
    "disk_full",
    "dns_failure",
    "failover",
    "io_error",
    "oom_killed",
    "out_of_memory",
    "quota_exceeded",
    "read_only_database",
    "read_only_filesystem",
    "replication_lag",
    "too_many_connections",
    "too_many_files",
];

/// Words of alerts that ask whether pods and machines are up, which their state answers.
const STATE_WORDS: &[&str] = &[
    "available",
    "backoff",
    "container",
    "containers",
    "crashloop",
    "crashloopbackoff",
    "crashlooping",
    "deployment",
    "evicted",
    "node",
    "nodes",
    "oomkilled",
    "pending",
    "pod",
    "pods",
    "ready",
    "replica",
    "replicas",
    "restart",
    "restarting",
    "restarts",
    "rollout",
    "scheduling",
    "unavailable",
];

/// Words of alerts about what users feel: that all pods are up does not answer those.
const FELT_WORDS: &[&str] = &[
    "5xx",
    "availability",
    "customer",
    "customers",
    "error",
    "errors",
    "latency",
    "request",
    "requests",
    "slow",
    "slower",
    "timeout",
    "timeouts",
    "unreachable",
    "user",
    "users",
];

/// Whether `steady` findings answer what the firing alerts say: series of a measure that these name, or of any when they
/// name none; states of workloads when these ask about pods and not about what users feel. Without that, all that is
/// known is that something else is well.
pub(crate) fn answers_alerts(incident: &Incident, steady: &[&Finding]) -> bool {
    let firing: Vec<&Alert> = incident.alerts.iter().filter(|alert| fires(alert)).collect();
    if firing.is_empty() {
        return true;
    }
    let spoken = Spoken::of(&firing, incident.target.as_ref());
    let says = |words: &[&str]| words.iter().any(|word| spoken.words.contains(*word));
    let asks_of_state = says(STATE_WORDS) && !says(FELT_WORDS);
    steady.iter().any(|finding| match finding.measure {
        Some(measure) => {
            spoken.measures.is_empty() || spoken.measures.contains(&measure) || spoken.names_metric(finding)
        }
        None => asks_of_state,
    })
}

fn fires(alert: &Alert) -> bool {
    alert.state == AlertState::Firing && alert.severity > Severity::Info
}

fn has(finding: &Finding, concept: &str) -> bool {
    finding.concepts.iter().any(|known| known == concept)
}

/// Takes another name that the alert gives for its target when nothing is known under the first one: a label or an
/// annotation whose value names an entity, else an entity that its sentences name.
fn retarget(incident: &mut Incident, board: &Board) {
    let known = |entity: &EntityId| {
        board.entities.contains(entity) || board.seen.iter().any(|(_, seen)| seen == entity)
    };
    let Some(given) = incident.alerts.iter().find_map(|alert| alert.target.as_deref()) else { return };
    let resolved = board.entity_named(given);
    if known(&resolved) {
        return;
    }
    let spoken = Spoken::of(&incident.alerts.iter().collect::<Vec<_>>(), None);
    let named: Vec<EntityId> = named_entities(incident, board).into_iter().filter(known).collect();
    let speaks = |entity: &&EntityId| {
        board.findings_at(entity).any(|finding| {
            (has(finding, WORSE) || has(finding, NO_BASELINE))
                && (spoken.of_finding(finding) || spoken.of_faint(finding))
        })
    };
    if let Some(entity) = named.iter().find(speaks).or(named.first()) {
        incident.target = Some(entity.clone());
    }
}

/// Entities that labels and annotations name, then those that sentences name.
fn named_entities(incident: &Incident, board: &Board) -> Vec<EntityId> {
    let alerts = &incident.alerts;
    let values = alerts.iter().flat_map(|alert| alert.labels.values().chain(alert.annotations.values()));
    let mut named: Vec<EntityId> = values
        .filter(|value| !value.contains(char::is_whitespace))
        .map(|value| board.entity_named(value))
        .collect();
    let words: BTreeSet<String> = alerts.iter().flat_map(|alert| tokens(&sentences(alert))).collect();
    named.extend(board.entities.iter().filter(|entity| words.contains(&squash(&entity.name))).cloned());
    named
}

/// What an alert says in words, cut.
fn sentences(alert: &Alert) -> String {
    let metric = alert.metric.as_deref().unwrap_or_default();
    let mut text = format!("{} {} {metric}", alert.name, alert.summary);
    for value in alert.annotations.values() {
        text.push(' ');
        text.push_str(value);
    }
    text.chars().take(TEXT_CHARACTERS_MAX).collect()
}

/// The words of a text as names are compared.
fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || ",;:()[]'\"`!?".contains(c))
        .map(|word| squash(word.trim_end_matches('.')))
        .filter(|word| !word.is_empty())
        .collect()
}

/// What the firing alerts speak of.
struct Spoken {
    entities: BTreeSet<String>,
    words: BTreeSet<String>,
    measures: BTreeSet<Measure>,
}

impl Spoken {
    fn of(alerts: &[&Alert], target: Option<&EntityId>) -> Spoken {
        let texts: Vec<String> = alerts.iter().map(|alert| sentences(alert)).collect();
        let mut entities: BTreeSet<String> = texts.iter().flat_map(|text| tokens(text)).collect();
        let labelled =
            alerts.iter().flat_map(|alert| alert.labels.values().chain(alert.annotations.values()));
        entities.extend(labelled.map(|value| squash(value)));
        entities.extend(target.map(|entity| squash(&entity.name)));
        let mut words = BTreeSet::new();
        let mut measures = BTreeSet::new();
        for text in &texts {
            let each: Vec<String> = text.split_whitespace().flat_map(words_of).collect();
            for pair in each.windows(2) {
                measures.extend(measure_of(&pair.join("_")));
            }
            measures.extend(each.iter().filter_map(|word| measure_of(word)));
            words.extend(each);
        }
        Spoken { entities, words, measures }
    }

    /// Whether it is at an entity they name, and is of a metric or a measure that they name. What is logged is its own
    /// word for what is wrong.
    fn of_finding(&self, finding: &Finding) -> bool {
        if !self.names_entity(finding) {
            return false;
        }
        let Some(measure) = finding.measure else { return true };
        self.names_metric(finding) || self.measures.contains(&measure)
    }

    /// Whether it is at an entity they name, and is of the very metric that they name, or a message that states what
    /// is wrong.
    fn of_faint(&self, finding: &Finding) -> bool {
        let states = || {
            matches!(finding.kind, FindingKind::LogNew | FindingKind::LogSurge)
                && finding.concepts.iter().any(|concept| STATES.contains(&concept.as_str()))
        };
        self.names_entity(finding) && (self.names_metric(finding) || states())
    }

    fn names_entity(&self, finding: &Finding) -> bool {
        self.entities.contains(&squash(&finding.entity.name))
    }

    fn names_metric(&self, finding: &Finding) -> bool {
        let metric = finding.subject.split('{').next().unwrap_or_default();
        let named = words_of(metric);
        finding.measure.is_some() && !named.is_empty() && named.iter().all(|word| self.words.contains(word))
    }
}

/// What a name measures, when it names a measure that says something of health.
fn measure_of(name: &str) -> Option<Measure> {
    let measure = classify(name, Unit::Unknown, &BTreeMap::new()).measure;
    (!matches!(measure, Measure::Other)).then_some(measure)
}
