//! From what a person gave to what the engine is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use midwatch_connectors::decode_alert;
use midwatch_investigate::{Request, agent_names};
use midwatch_model::{
    InvestigationId, Owner, Severity, SignedDuration, Timestamp, Trigger, TriggerKind, Window, content_hash,
};
use midwatch_sources::{Source, SourceError};
use serde::{Deserialize, Serialize};

use crate::AppError;
use crate::engine::block_on;

/// An alert payload as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertInput {
    /// File it came from, or `standard input`.
    pub origin: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

/// What a person gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// The alert; without it the sources are asked for theirs.
    pub alert: Option<AlertInput>,
    /// A question in words.
    pub question: Option<String>,
    /// The time that counts as now.
    pub now: Option<Timestamp>,
    /// How far back to look; without it the engine finds out.
    pub since: Option<SignedDuration>,
    /// Agents that must not run.
    pub without: Vec<String>,
    /// Who owns the work.
    pub owner: Owner,
    /// Whether the sources are live: of all that fires now one incident is taken.
    pub live: bool,
}

/// What an investigation is asked: all of its input but the sources' answers. It is the first entry of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The investigation's id: a hash of the rest, so that equal inputs give equal records.
    pub investigation: InvestigationId,
    /// What started the work.
    pub trigger: Trigger,
    /// A window somebody chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The time somebody chose as now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Timestamp>,
    /// Who owns the work.
    #[serde(default)]
    pub owner: Owner,
    /// Agents that must not run.
    #[serde(default)]
    pub disabled_agents: BTreeSet<String>,
    /// Names of the sources, in the order they are asked.
    #[serde(default)]
    pub sources: Vec<String>,
}

impl Opening {
    /// The engine's request.
    pub(crate) fn request(&self) -> Request {
        Request {
            trigger: self.trigger.clone(),
            window: self.window,
            now: self.now,
            owner: self.owner.clone(),
        }
    }
}

/// What `asked` asks of `sources`: the alert given, else the first alert a source holds, else the question alone.
///
/// # Errors
/// When the alert cannot be read, nothing says what to investigate, an agent is unknown, or `since` has no end.
pub fn opening(sources: &[Arc<dyn Source>], asked: &Asked) -> Result<Opening, AppError> {
    let known = agent_names();
    if let Some(name) = asked.without.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(AppError::UnknownAgent { name: name.clone(), known: known.join(", ") });
    }
    let trigger = block_on(trigger(sources, asked))??;
    let window = match asked.since {
        None => None,
        Some(length) => {
            let now = block_on(now(sources, &trigger, asked))?.ok_or(AppError::NoNow)?;
            Some(Window::ending(now, length).ok_or(AppError::EmptyWindow)?)
        }
    };
    let mut opening = Opening {
        investigation: InvestigationId(String::new()),
        trigger,
        window,
        now: asked.now,
        owner: asked.owner.clone(),
        disabled_agents: asked.without.iter().cloned().collect(),
        sources: sources.iter().map(|source| source.name().to_owned()).collect(),
    };
    let content = serde_json::to_string(&opening).unwrap_or_default();
    opening.investigation = InvestigationId(format!("in-{}", content_hash(&[content])));
    Ok(opening)
}

async fn trigger(sources: &[Arc<dyn Source>], asked: &Asked) -> Result<Trigger, AppError> {
    let (mut trigger, errors) = match &asked.alert {
        Some(alert) => (Some(decode_alert(&alert.payload).ok_or_else(|| unknown(alert))?), Vec::new()),
        None => held(sources).await,
    };
    if let (Some(trigger), true, None) = (&mut trigger, asked.live, &asked.alert) {
        let others = one_incident(trigger);
        if !others.is_empty() {
            tracing::warn!(others = others.join(", "), "further alerts fire; investigate them with --alert");
        }
    }
    if let Some(question) = &asked.question {
        let trigger = trigger.get_or_insert_with(|| Trigger {
            kind: TriggerKind::Question,
            alerts: Vec::new(),
            question: None,
            now: None,
            format: None,
        });
        trigger.question = Some(question.clone());
    }
    match trigger {
        Some(trigger) => Ok(trigger),
        None => Err(AppError::NoTrigger {
            searched: sources.iter().map(|source| source.name()).collect::<Vec<_>>().join(", "),
            unread: unread_alerts(sources, &errors).await,
        }),
    }
}

/// Files named in an error.
const UNREAD_MAX: usize = 3;

/// ` that can be read (alert.json: …)` when sources hold files named as alerts that could not be read, or could not say whether they
/// hold any; else nothing.
async fn unread_alerts(sources: &[Arc<dyn Source>], errors: &[SourceError]) -> String {
    let is_alert = |path: &str| path.rsplit('/').next().is_some_and(|name| name.starts_with("alert"));
    let mut unread: Vec<String> = errors.iter().map(ToString::to_string).collect();
    for source in sources {
        let Ok(coverage) = source.coverage().await else { continue };
        let damaged = coverage.damage.iter().filter(|damage| is_alert(&damage.file));
        unread.extend(damaged.map(|damage| format!("{}: {}", damage.file, damage.reason)));
        unread.extend(coverage.notes.into_iter().filter(|note| is_alert(note)));
    }
    unread.truncate(UNREAD_MAX);
    if unread.is_empty() { String::new() } else { format!(" that can be read ({})", unread.join("; ")) }
}

/// The alerts of the first source that holds any, and why others could not say whether they do. Sources of alerts alone come first:
/// they know what is silenced.
async fn held(sources: &[Arc<dyn Source>]) -> (Option<Trigger>, Vec<SourceError>) {
    let mut errors = Vec::new();
    let (others, of_alerts): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.metrics().is_some());
    for alerts in of_alerts.into_iter().chain(others).filter_map(|source| source.alerts()) {
        match alerts.trigger().await {
            Ok(Some(trigger)) => return (Some(trigger), errors),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    (None, errors)
}

/// How far apart alerts of one incident may fire.
const TOGETHER: SignedDuration = SignedDuration::from_mins(30);

/// Of all that fires in a live system, what belongs together: the most severe alert, of equals the newest, and those that fired
/// within half an hour of it. Returns the names of the others.
pub fn one_incident(trigger: &mut Trigger) -> Vec<String> {
    let first = trigger.alerts.iter().max_by_key(|alert| (alert.severity, alert.fired_at)).cloned();
    let Some(first) = first else { return Vec::new() };
    let near = |fired: Option<Timestamp>| match (fired, first.fired_at) {
        (Some(fired), Some(at)) => fired.duration_since(at).abs() <= TOGETHER,
        _ => false,
    };
    let mut others = Vec::new();
    trigger.alerts.retain(|alert| {
        let belongs = *alert == first || (near(alert.fired_at) && alert.severity > Severity::Info);
        if !belongs {
            others.push(alert.name.clone());
        }
        belongs
    });
    others
}

/// The time that counts as now, by the engine's rule: as chosen, else the trigger's, else when the latest alert fired, else
/// the last sample's.
async fn now(sources: &[Arc<dyn Source>], trigger: &Trigger, asked: &Asked) -> Option<Timestamp> {
    let fired_at = trigger.alerts.iter().filter_map(|alert| alert.fired_at).max();
    if let Some(now) = asked.now.or(trigger.now).or(fired_at) {
        return Some(now);
    }
    let mut last = None;
    for source in sources {
        // A source that cannot say is no reason to stop: the engine meets the same error and reports it.
        if let Ok(coverage) = source.coverage().await {
            last = last.max(coverage.last);
        }
    }
    last
}

fn unknown(alert: &AlertInput) -> AppError {
    let reason = match std::str::from_utf8(&alert.payload) {
        _ if alert.payload.is_empty() => "it is empty".to_owned(),
        Err(_) => "it is not text".to_owned(),
        Ok(text) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(object)) if object.is_empty() => "an empty JSON object".to_owned(),
            Ok(serde_json::Value::Object(object)) => {
                let keys: Vec<&str> = object.keys().map(String::as_str).take(8).collect();
                format!("a JSON object with {}", keys.join(", "))
            }
            Ok(_) => "JSON, but no object that describes an alert".to_owned(),
            Err(error) => format!("not JSON: {error}"),
        },
    };
    AppError::UnknownAlert { origin: alert.origin.clone(), reason }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;
    use midwatch_model::Alert;
    use midwatch_sources::{Alerts, Coverage, ErrorKind, Probe};

    use super::*;

    fn alert(name: &str, severity: Severity, fired_at: &str) -> Alert {
        Alert { name: name.to_owned(), severity, fired_at: fired_at.parse().ok(), ..Alert::default() }
    }

    fn trigger(alerts: Vec<Alert>) -> Trigger {
        Trigger { kind: TriggerKind::Alert, alerts, question: None, now: None, format: None }
    }

    #[test]
    fn of_all_that_fires_one_incident_is_taken() {
        let mut firing = trigger(vec![
            alert("Watchdog", Severity::Info, "2026-01-01T00:00:00Z"),
            alert("OldDisk", Severity::Critical, "2026-02-01T00:00:00Z"),
            alert("Latency", Severity::Warning, "2026-03-01T09:50:00Z"),
            alert("Errors", Severity::Critical, "2026-03-01T10:00:00Z"),
            alert("Deployed", Severity::Info, "2026-03-01T10:01:00Z"),
            alert("Unrelated", Severity::Warning, "2026-03-01T08:00:00Z"),
        ]);
        let others = one_incident(&mut firing);
        let taken: Vec<&str> = firing.alerts.iter().map(|alert| alert.name.as_str()).collect();
        assert_eq!(taken, ["Latency", "Errors"]);
        assert_eq!(others, ["Watchdog", "OldDisk", "Deployed", "Unrelated"]);
    }

    /// A source of alerts that answers or fails.
    struct Said(&'static str, Result<Option<Trigger>, SourceError>);

    impl Source for Said {
        fn name(&self) -> &str {
            self.0
        }
        fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
            std::future::ready(Ok(Coverage::default())).boxed()
        }
        fn probe(&self) -> BoxFuture<'_, Probe> {
            let detail = String::new();
            std::future::ready(Probe { reachable: true, missing_permissions: Vec::new(), detail }).boxed()
        }
        fn alerts(&self) -> Option<&dyn Alerts> {
            Some(self)
        }
    }

    impl Alerts for Said {
        fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>> {
            std::future::ready(self.1.clone()).boxed()
        }
    }

    #[test]
    fn a_source_that_is_down_hides_no_alert_of_another() {
        let down = || {
            let error = SourceError::new(ErrorKind::Unavailable, "down", "read the alerts", "no connection");
            Arc::new(Said("down", Err(error))) as Arc<dyn Source>
        };
        let firing = trigger(vec![alert("Errors", Severity::Critical, "2026-03-01T10:00:00Z")]);
        let up: Arc<dyn Source> = Arc::new(Said("up", Ok(Some(firing))));
        let found = opening(&[down(), up], &Asked::default()).unwrap();
        assert_eq!(found.trigger.alerts[0].name, "Errors");
        let none = opening(&[down()], &Asked::default()).unwrap_err().to_string();
        assert!(none.contains("down: could not read the alerts: no connection"), "{none}");
    }
}
