//! A scripted engine and a source for it: small enough to say what each entry must be.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_investigate::{Draft, InvestigateError, Journal, Progress, Watcher};
use midwatch_model::{
    Actor, Citation, EntryKind, Impact, Incident, Owner, REPORT_SCHEMA, Report, Severity, Signal, Spread,
    StepId, Timestamp, Trigger, TriggerKind, Verdict, VerdictKind, Window,
};
use midwatch_sources::{
    Answering, Ask, Coverage, Document, DocumentQuery, Documents, Fetched, Probe, Source, SourceError,
};
use serde_json::{Value, json};

use crate::engine::Inputs;
use crate::{Asked, Opening, Work, mechanisms, opening};

pub(crate) const NOW: &str = "2026-03-01T10:00:00Z";

/// Holds a small and a large document.
pub(crate) struct Shelf;

impl Source for Shelf {
    fn name(&self) -> &str {
        "shelf"
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        let coverage = Coverage { signals: vec![Signal::Documents], ..Coverage::default() };
        std::future::ready(Ok(coverage)).boxed()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        std::future::ready(Probe { reachable: true, missing_permissions: vec![], detail: String::new() })
            .boxed()
    }
    fn documents(&self) -> Option<&dyn Documents> {
        Some(self)
    }
}

impl Documents for Shelf {
    fn documents<'a>(&'a self, ask: &'a Ask<DocumentQuery>) -> Answering<'a, Vec<Document>> {
        let word = ask.query.words.first().cloned().unwrap_or_default();
        let times = if word == "large" { 20_000 } else { 1 };
        let document =
            Document { reference: word.clone(), title: word.clone(), text: format!("{word} ").repeat(times) };
        let citation = Citation {
            source: "shelf".into(),
            signal: Signal::Documents,
            query: word,
            window: None,
            link: None,
        };
        std::future::ready(Ok(Fetched::Found { data: vec![document], citation, truncated: None })).boxed()
    }
}

pub(crate) fn opened(now: Option<&str>) -> Opening {
    let asked = Asked {
        question: Some("what is wrong?".into()),
        now: now.map(|now| now.parse().unwrap()),
        ..Asked::default()
    };
    opening(&[Arc::new(Shelf)], &asked).unwrap()
}

pub(crate) fn work() -> Work {
    Work { opening: opened(None), sources: vec![Arc::new(Shelf)], mechanisms: mechanisms(None).unwrap() }
}

pub(crate) struct Deaf;

impl Watcher for Deaf {
    fn saw(&self, _progress: Progress) {}
}

type Answer<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Report, InvestigateError>> + 'a>>;

/// Reads two documents side by side and reports their lengths.
pub(crate) fn reader(inputs: Inputs<'_>) -> Answer<'_> {
    Box::pin(read(inputs, "1", &["small", "large"]))
}

/// As [`reader`], with another version and another question.
pub(crate) fn newer_reader(inputs: Inputs<'_>) -> Answer<'_> {
    Box::pin(read(inputs, "2", &["small", "other"]))
}

/// As [`reader`], with other settings only.
pub(crate) fn retuned_reader(inputs: Inputs<'_>) -> Answer<'_> {
    Box::pin(read(inputs, "3", &["small", "large"]))
}

fn put(
    journal: &dyn Journal,
    kind: EntryKind,
    step: Option<u16>,
    body: Value,
) -> Result<(), InvestigateError> {
    let step = step.map(|index| StepId { round: 1, index });
    Ok(journal.append(Draft { actor: Actor::Engine, kind, step, body })?)
}

async fn read(inputs: Inputs<'_>, version: &str, words: &[&str; 2]) -> Result<Report, InvestigateError> {
    let Inputs { request, sources, journal, .. } = inputs;
    put(journal, EntryKind::Trigger, None, json!(request.trigger))?;
    put(journal, EntryKind::Settings, None, json!({ "engine": version }))?;
    let source = sources.first().ok_or(InvestigateError::NoTime)?;
    source.coverage().await.map_err(|_| InvestigateError::NoTime)?;
    put(journal, EntryKind::Incident, None, json!({ "now": NOW }))?;
    put(journal, EntryKind::Plan, None, json!({ "words": words }))?;
    let (first, second) = tokio::join!(
        step(source.as_ref(), journal, 1, words[0]),
        step(source.as_ref(), journal, 2, words[1])
    );
    let text = format!("{} and {}", first?, second?);
    put(journal, EntryKind::Stage, None, json!({ "text": text }))?;
    // A body that looks like a reference to a blob must come back as it is.
    put(journal, EntryKind::Stage, None, json!({ "blob": "x", "bytes": 1 }))?;
    let report = report(&text);
    put(journal, EntryKind::Report, None, json!(report))?;
    Ok(report)
}

async fn step(
    source: &dyn Source,
    journal: &dyn Journal,
    index: u16,
    word: &str,
) -> Result<String, InvestigateError> {
    let now: Timestamp = NOW.parse().unwrap();
    let window = Window::new(Timestamp::UNIX_EPOCH, now).unwrap();
    let ask = Ask::new(DocumentQuery { words: vec![word.to_owned()] }, window);
    let documents = source.documents().ok_or(InvestigateError::NoTime)?;
    match documents.documents(&ask).await {
        Ok(fetched) => {
            let length = fetched.data().map_or(0, |documents| documents[0].text.len());
            put(journal, EntryKind::StepAnswer, Some(index), json!({ "word": word, "length": length }))?;
            Ok(length.to_string())
        }
        Err(error) => {
            put(journal, EntryKind::StepFailed, Some(index), json!({ "why": error.to_string() }))?;
            Ok("nothing".to_owned())
        }
    }
}

pub(crate) fn report(sentence: &str) -> Report {
    let now: Timestamp = NOW.parse().unwrap();
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        incident: Incident {
            title: "a question".into(),
            target: None,
            fired_at: None,
            resolved_at: None,
            now,
            severity: Severity::Info,
            owner: Owner::default(),
            alerts: vec![],
            evidence: vec![],
        },
        window: Window::new(Timestamp::UNIX_EPOCH, now).unwrap(),
        baseline: None,
        window_reason: "as asked".into(),
        verdict: Verdict {
            kind: VerdictKind::CannotTell,
            sentence: sentence.to_owned(),
            evidence: vec![],
            theory: None,
            commit: None,
            margin: None,
            probability: None,
        },
        recommendations: vec![],
        theories: vec![],
        against: vec![],
        checked_and_fine: vec![],
        noticed_elsewhere: vec![],
        documents: vec![],
        spread: Spread::default(),
        impact: Impact::default(),
        timeline: vec![],
        gaps: vec![],
        damage: vec![],
        notes: vec![],
        cuts: vec![],
        trail: vec![],
        charts: vec![],
        evidence: Default::default(),
    }
}

pub(crate) fn question(text: &str) -> Trigger {
    Trigger {
        kind: TriggerKind::Question,
        alerts: vec![],
        question: Some(text.to_owned()),
        now: None,
        format: None,
    }
}
