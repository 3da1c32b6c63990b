//! A scripted source for tests of agents and rounds: what it serves is written in code, what an agent makes of it is
//! compared line by line with what is expected.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, future};
use midwatch_analysis::logs::{CounterOptions, LogBatch, LogLevel, LogPatterns, LogRow, PatternCounter};
use midwatch_analysis::series::{Series, SeriesKey, SeriesSet};
use midwatch_analysis::spans::{SpanBatch, SpanRow, SpanStatus};
use midwatch_model::{
    Budget, Change, Citation, EntityId, Finding, Question, QuestionKind, Relation, Signal, Timestamp,
    Topology, Unit, Window,
};
use midwatch_sources::{
    Answering, Ask, ChangeQuery, Changes, Coverage, Document, DocumentQuery, Documents, ErrorKind, Fetched,
    Inventory, InventoryQuery, LogQuery, Logs, MetricQuery, Metrics, Probe, SampleQuery, Source, SourceError,
    SpanQuery, Traces,
};

use crate::agents::{self, AgentError};
use crate::board::{Board, StepAnswer};
use crate::desk::Desk;

/// Minutes that every script is long, and the minute in which trouble begins.
pub(crate) const MINUTES: i64 = 120;
pub(crate) const ONSET_MINUTE: i64 = 80;

/// The moment `minute` minutes into the script.
pub(crate) fn minute(minute: i64) -> Timestamp {
    Timestamp::from_second(1_767_600_000 + 60 * minute).unwrap()
}

pub(crate) fn minute_ns(at: i64) -> i64 {
    minute(at).as_nanosecond().try_into().unwrap()
}

/// Minute, who writes it, level, text, fields.
pub(crate) type ScriptedLine = (i64, &'static str, LogLevel, String, Vec<(&'static str, String)>);

/// What a source serves. `broken` makes every call fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub series: Vec<Series>,
    /// Minute, entity, level, message, fields.
    pub lines: Vec<ScriptedLine>,
    pub spans: SpanBatch,
    pub changes: Vec<Change>,
    pub topology: Topology,
    pub documents: Vec<Document>,
    pub broken: bool,
}

impl Script {
    /// A metric of a service with one value a minute.
    pub(crate) fn metric(mut self, service: &str, metric: &str, value: impl Fn(i64) -> f64) -> Script {
        let key = SeriesKey {
            entity: EntityId::service(service),
            metric: metric.to_owned(),
            labels: Default::default(),
            unit: Unit::Unknown,
            counter: None,
        };
        let points = (0..MINUTES).map(|at| (minute_ns(at), value(at))).filter(|(_, value)| !value.is_nan());
        self.series.push(Series::from_points(key, points.collect()));
        self.series.sort_by(|a, b| a.key.cmp(&b.key));
        self
    }

    /// A line of a service in each minute of `minutes`.
    pub(crate) fn lines(
        mut self,
        service: &'static str,
        level: LogLevel,
        minutes: std::ops::Range<i64>,
        message: impl Fn(i64) -> String,
    ) -> Script {
        self.lines.extend(minutes.map(|at| (at, service, level, message(at), Vec::new())));
        self.lines.sort_by_key(|line| line.0);
        self
    }

    /// A trace in each minute: a span of `caller` that calls `callee`, whose clock is `ahead_s` ahead.
    pub(crate) fn calls(
        mut self,
        caller: &str,
        callee: &str,
        ahead_s: i64,
        callee_ms: impl Fn(i64) -> i64,
        fails: impl Fn(i64) -> bool,
    ) -> Script {
        for at in 0..MINUTES {
            let trace = format!("{caller}-{callee}-{at}");
            let (took_ms, failed) = (callee_ms(at), fails(at));
            let mut span = |service: &str, name, parent, start_ns, duration_ms: i64| {
                let row = SpanRow {
                    trace: &trace,
                    parent,
                    orphan: false,
                    service,
                    name,
                    start_ns,
                    duration_ns: duration_ms * 1_000_000,
                    status: if failed { SpanStatus::Error } else { SpanStatus::Ok },
                    message: failed.then_some("disk is full"),
                };
                self.spans.push(row, [])
            };
            let start = minute_ns(at);
            let parent = span(caller, "GET /a", None, start, took_ms + 20);
            span(callee, "read", Some(parent), start + 10_000_000 + ahead_s * 1_000_000_000, took_ms);
        }
        self
    }

    fn found<T>(&self, signal: Signal, data: Option<T>, window: Window) -> Result<Fetched<T>, SourceError> {
        if self.broken {
            return Err(SourceError::new(ErrorKind::Unavailable, "script", "read", "it is down".to_owned()));
        }
        let citation = Citation {
            source: "script".to_owned(),
            signal,
            query: signal.as_str().to_owned(),
            window: Some(window),
            link: None,
        };
        Ok(match data {
            Some(data) => Fetched::Found { data, citation, truncated: None },
            None => Fetched::Nothing { searched: citation },
        })
    }

    fn counted(&self) -> Option<LogPatterns> {
        let mut counter = PatternCounter::new(CounterOptions::default());
        for (at, entity, level, body, fields) in &self.lines {
            let row = LogRow { time_ns: Some(minute_ns(*at)), entity, level: *level, body };
            counter.observe(row, fields.iter().map(|(key, value)| (*key, value.as_str())), || None);
        }
        (!self.lines.is_empty()).then(|| counter.into_patterns())
    }
}

impl Source for Script {
    fn name(&self) -> &str {
        "script"
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        future::ready(Ok(Coverage::default())).boxed()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        let probe = Probe { reachable: true, missing_permissions: Vec::new(), detail: String::new() };
        future::ready(probe).boxed()
    }
    fn metrics(&self) -> Option<&dyn Metrics> {
        Some(self)
    }
    fn logs(&self) -> Option<&dyn Logs> {
        Some(self)
    }
    fn traces(&self) -> Option<&dyn Traces> {
        Some(self)
    }
    fn changes(&self) -> Option<&dyn Changes> {
        Some(self)
    }
    fn inventory(&self) -> Option<&dyn Inventory> {
        Some(self)
    }
    fn documents(&self) -> Option<&dyn Documents> {
        Some(self)
    }
}

impl Metrics for Script {
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet> {
        let wanted = &ask.query.entities;
        let series: Vec<Series> = self
            .series
            .iter()
            .filter(|series| wanted.is_empty() || wanted.contains(&series.key.entity))
            .cloned()
            .collect();
        let set = (!series.is_empty()).then_some(SeriesSet::new(series));
        future::ready(self.found(Signal::Metrics, set, ask.window)).boxed()
    }
}

impl Logs for Script {
    fn patterns<'a>(&'a self, ask: &'a Ask<LogQuery>) -> Answering<'a, LogPatterns> {
        future::ready(self.found(Signal::Logs, self.counted(), ask.window)).boxed()
    }
    fn sample<'a>(&'a self, ask: &'a Ask<SampleQuery>) -> Answering<'a, LogBatch> {
        future::ready(self.found(Signal::Logs, None, ask.window)).boxed()
    }
}

impl Traces for Script {
    fn spans<'a>(&'a self, ask: &'a Ask<SpanQuery>) -> Answering<'a, SpanBatch> {
        let spans = (!self.spans.is_empty()).then(|| self.spans.clone());
        future::ready(self.found(Signal::Traces, spans, ask.window)).boxed()
    }
}

impl Changes for Script {
    fn changes<'a>(&'a self, ask: &'a Ask<ChangeQuery>) -> Answering<'a, Vec<Change>> {
        let changes = (!self.changes.is_empty()).then(|| self.changes.clone());
        future::ready(self.found(Signal::Changes, changes, ask.window)).boxed()
    }
}

impl Inventory for Script {
    fn topology<'a>(&'a self, ask: &'a Ask<InventoryQuery>) -> Answering<'a, Topology> {
        let topology = (self.topology != Topology::default()).then(|| self.topology.clone());
        future::ready(self.found(Signal::Inventory, topology, ask.window)).boxed()
    }
}

impl Documents for Script {
    fn documents<'a>(&'a self, ask: &'a Ask<DocumentQuery>) -> Answering<'a, Vec<Document>> {
        let documents = (!self.documents.is_empty()).then(|| self.documents.clone());
        future::ready(self.found(Signal::Documents, documents, ask.window)).boxed()
    }
}

/// A question over the whole script whose baseline ends where trouble begins.
pub(crate) fn question(kind: QuestionKind) -> Question {
    Question {
        kind,
        entities: Vec::new(),
        window: Window::new(minute(0), minute(MINUTES)).unwrap(),
        baseline: Window::new(minute(0), minute(ONSET_MINUTE)),
        changes: Vec::new(),
        theory: None,
    }
}

/// What `agent` answers to `question` from `script`.
pub(crate) fn asked(
    agent: &str,
    question: &Question,
    script: &Script,
    board: &Board,
) -> Result<StepAnswer, AgentError> {
    let sources: Vec<Arc<dyn Source>> = vec![Arc::new(script.clone())];
    let desk = Desk::new(&sources, Budget { calls_max: 16, findings_max: 400 });
    let agent = agents::ALL.iter().find(|known| known.spec().name == agent).unwrap();
    agent.answer(question, &desk, board).now_or_never().unwrap()
}

/// Compares all findings that `agent` makes of `script`, and all gaps, with `expected`, one line each.
#[track_caller]
pub(crate) fn check(agent: &str, question: &Question, script: &Script, board: &Board, expected: &[&str]) {
    let told = match asked(agent, question, script, board) {
        Ok(answer) => {
            let gaps = answer.gaps.iter().map(|gap| format!("gap: {}", gap.missing));
            let mut told: Vec<String> = answer.findings.iter().map(line).chain(gaps).collect();
            told.sort();
            told
        }
        Err(error) => vec![format!("error: {error}")],
    };
    assert_eq!(told, expected, "\n{told:#?}");
}

/// A finding in one line: kind, where, towards whom, what, which way, when, what it speaks of.
fn line(finding: &Finding) -> String {
    let mut parts = vec![finding.kind.as_str().to_owned(), finding.entity.name.clone()];
    parts.extend(finding.peer.as_ref().map(|peer| format!("→ {}", peer.name)));
    parts.push(finding.subject.clone());
    parts.extend(finding.direction.map(|direction| format!("{direction:?}").to_lowercase()));
    parts.extend(
        finding
            .onset
            .map(|onset| format!("minute {}", onset.at.duration_since(minute(0)).as_secs().div_euclid(60))),
    );
    if !finding.concepts.is_empty() {
        parts.push(format!("({})", finding.concepts.join(" ")));
    }
    parts.join(" ")
}

/// A relation that rests on nothing.
pub(crate) fn calls(from: &str, to: &str) -> Relation {
    Relation {
        from: EntityId::service(from),
        to: EntityId::service(to),
        kind: midwatch_model::RelationKind::Calls,
        evidence: Vec::new(),
    }
}

/// Values that hardly vary.
pub(crate) fn about(value: f64) -> impl Fn(i64) -> f64 {
    move |at| value + (at * 7 % 5) as f64 * value / 200.0
}

/// Values that hardly vary, and others from the onset on.
pub(crate) fn then(before: f64, after: f64) -> impl Fn(i64) -> f64 {
    move |at| if at < ONSET_MINUTE { about(before)(at) } else { about(after)(at) }
}
