//! How agents reach sources: every call counted, every failure kept, every answer cited.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use midwatch_analysis::logs::LogPatterns;
use midwatch_analysis::series::SeriesSet;
use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{
    Answer, Budget, Change, Citation, ContentId, Evidence, EvidenceId, Gap, Signal, Topology, Visibility,
    Window,
};
use midwatch_sources::{
    Ask, ChangeQuery, Document, DocumentQuery, ErrorKind, Fetched, InventoryQuery, LogQuery, MetricQuery,
    Printout, PrintoutQuery, Source, SourceError, SpanQuery,
};

use crate::agents::AgentError;
use crate::board::StepAnswer;

/// An answer of one source.
#[derive(Debug, Clone)]
pub(crate) struct Got<T> {
    /// What came back; `None` when nothing matched.
    pub data: Option<T>,
    /// Where it came from.
    pub citation: Citation,
    /// What was cut, in words.
    pub truncated: Option<String>,
}

/// Answers of all sources that serve a signal, and the failures among them.
#[derive(Debug, Clone)]
pub(crate) struct Gathered<T> {
    /// Answers, in source order.
    pub got: Vec<Got<T>>,
    /// Failures, in source order.
    pub failed: Vec<SourceError>,
}

/// A step's access to the sources.
pub(crate) struct Desk<'a> {
    sources: &'a [Arc<dyn Source>],
    budget: Budget,
    calls: AtomicU32,
}

macro_rules! gather {
    ($name:ident, $accessor:ident, $method:ident, $query:ty, $data:ty, $doc:literal) => {
        #[doc = $doc]
        pub(crate) async fn $name(&self, query: $query, window: Window) -> Gathered<$data> {
            let asked = self.sources.iter().filter_map(|source| {
                let signal = source.$accessor()?;
                let spent = self.spend(source.name(), stringify!($method));
                let ask = Ask::new(query.clone(), window);
                Some(async move {
                    spent?;
                    signal.$method(&ask).await
                })
            });
            let mut gathered = Gathered { got: Vec::new(), failed: Vec::new() };
            // Side by side, taken in source order.
            for answered in join_all(asked).await {
                match answered {
                    Ok(fetched) => gathered.got.push(got(fetched)),
                    Err(error) => gathered.failed.push(error),
                }
            }
            gathered
        }
    };
}

impl<'a> Desk<'a> {
    pub(crate) fn new(sources: &'a [Arc<dyn Source>], budget: Budget) -> Desk<'a> {
        Desk { sources, budget, calls: AtomicU32::new(0) }
    }

    /// How many calls were made; those refused for want of budget do not count.
    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed).min(self.budget.calls_max)
    }

    /// The step's limits.
    pub(crate) fn budget(&self) -> Budget {
        self.budget
    }

    fn spend(&self, source: &str, operation: &str) -> Result<(), SourceError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.budget.calls_max {
            return Ok(());
        }
        Err(SourceError::new(
            ErrorKind::Cancelled,
            source,
            operation,
            format!("this step's budget of {} calls is spent", self.budget.calls_max),
        ))
    }

    gather!(series, metrics, series, MetricQuery, SeriesSet, "Series of all sources.");
    gather!(patterns, logs, patterns, LogQuery, LogPatterns, "Log patterns of all sources.");
    gather!(spans, traces, spans, SpanQuery, SpanBatch, "Spans of all sources.");
    gather!(changes, changes, changes, ChangeQuery, Vec<Change>, "Changes of all sources.");
    gather!(topology, inventory, topology, InventoryQuery, Topology, "Topology of all sources.");
    gather!(
        printouts,
        infrastructure,
        printouts,
        PrintoutQuery,
        Vec<Printout>,
        "What the tools of all infrastructures printed."
    );
    gather!(documents, documents, documents, DocumentQuery, Vec<Document>, "Documents of all sources.");
}

fn got<T>(fetched: Fetched<T>) -> Got<T> {
    let truncated = fetched
        .truncated()
        .map(|total| format!("{} of {} kept ({})", total.kept, total.total, fetched.citation().query));
    match fetched {
        Fetched::Found { data, citation, .. } => Got { data: Some(data), citation, truncated },
        Fetched::Nothing { searched } => Got { data: None, citation: searched, truncated },
    }
}

impl<T> Gathered<T> {
    /// An answer that holds what was cut, the queries that were sent, and a gap for each failure or for a signal nobody
    /// serves, ready to take findings; an error when every source that serves the signal failed.
    pub(crate) fn opening(&self, signal: Signal, settles: &str) -> Result<StepAnswer, AgentError> {
        if self.got.is_empty() && !self.failed.is_empty() {
            let reasons: Vec<String> = self.failed.iter().map(ToString::to_string).collect();
            return Err(AgentError::Blind(reasons.join("; ")));
        }
        let truncated = self.got.iter().filter_map(|got| got.truncated.clone()).collect();
        let queries = self.got.iter().map(|got| got.citation.query.clone()).collect();
        let mut gaps: Vec<Gap> = self
            .failed
            .iter()
            .map(|error| Gap {
                signal,
                missing: error.to_string(),
                grant: format!("make {} answer, then run this again", error.origin),
                settles: settles.to_owned(),
            })
            .collect();
        if self.got.iter().all(|got| got.data.is_none()) && self.failed.is_empty() {
            gaps.push(Gap {
                signal,
                missing: if self.got.is_empty() {
                    format!("no source serves {}", signal.as_str())
                } else {
                    format!("no {} in the window", signal.as_str())
                },
                grant: if self.got.is_empty() {
                    format!("connect a source of {}, or add them to the snapshot", signal.as_str())
                } else {
                    format!("if there were any, give the {} that are missing", signal.as_str())
                },
                settles: settles.to_owned(),
            });
        }
        Ok(StepAnswer { gaps, truncated, queries, ..StepAnswer::default() })
    }
}

/// A piece of evidence with the id its content gives.
pub(crate) fn evidence(
    title: impl Into<String>,
    citation: Citation,
    answer: Answer,
    truncated: Option<String>,
) -> Evidence {
    let window =
        citation.window.map(|window| format!("{}..{}", window.start(), window.end())).unwrap_or_default();
    let body = serde_json::to_string(&answer).unwrap_or_default();
    let id =
        EvidenceId::of(&[citation.source.as_str(), citation.query.as_str(), window.as_str(), body.as_str()]);
    Evidence { id, title: title.into(), citation, answer, truncated, visibility: Visibility::Org }
}
