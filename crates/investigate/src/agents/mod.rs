//! The agents: each answers typed questions from the signals it declares. One folder each, one line in [`ALL`].

mod changes;
mod code;
mod documents;
mod infrastructure;
mod logs;
mod metrics;
#[cfg(test)]
mod tests;
mod topology;
mod traces;

use futures_util::future::BoxFuture;
use midwatch_model::{
    ContentId, Direction, EntityId, EvidenceId, Finding, FindingId, FindingKind, Measure, Onset, Question,
    QuestionKind, Signal, Strength, Timestamp,
};

use crate::board::{Board, StepAnswer, finding_id};
use crate::desk::Desk;

/// What an agent can do; the planner reads it.
pub(crate) struct AgentSpec {
    /// Name, lower case.
    pub name: &'static str,
    /// Question kinds it answers.
    pub answers: &'static [QuestionKind],
    /// Signals it needs.
    pub signals: &'static [Signal],
    /// Calls a step of it may make.
    pub calls_max: u32,
    /// What its absence leaves open, for the gap.
    pub settles: &'static str,
}

/// Why an agent could not answer at all.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum AgentError {
    /// None of its signals could be read.
    #[error("{0}")]
    Blind(String),
    /// It hit a state that cannot be. That is a fault of this program, not of the data.
    #[error("it stopped on an internal error; please report it with the record of this run (--record)")]
    Panicked,
}

/// Answers typed questions.
pub(crate) trait Agent: Send + Sync {
    /// What it can do.
    fn spec(&self) -> &'static AgentSpec;
    /// Its answer to `question`, with access to the sources through `desk` and to what is known so far in `board`.
    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>>;
}

/// Every agent, in the order steps are planned.
pub(crate) const ALL: &[&dyn Agent] = &[
    &metrics::MetricsAgent,
    &logs::LogsAgent,
    &traces::TracesAgent,
    &topology::TopologyAgent,
    &infrastructure::InfrastructureAgent,
    &changes::ChangesAgent,
    &code::CodeAgent,
    &documents::DocumentsAgent,
];

pub(crate) use self::code::before_and_after;
use self::traces::{eighth, one_in, sentence};
pub(crate) use crate::concepts::CLIMBING;

/// What an agent's absence leaves open.
pub(crate) fn settles(agent: &str) -> &'static str {
    ALL.iter().map(|known| known.spec()).find(|spec| spec.name == agent).map_or("", |spec| spec.settles)
}

/// What a finding is made of; [`Draft::finish`] gives it its id.
pub(crate) struct Draft {
    pub kind: FindingKind,
    pub entity: EntityId,
    pub peer: Option<EntityId>,
    pub subject: String,
    pub measure: Option<Measure>,
    pub direction: Option<Direction>,
    pub onset: Option<Onset>,
    pub ended_at: Option<Timestamp>,
    pub effect: f64,
    pub z: f64,
    pub concepts: Vec<String>,
    pub words: Vec<String>,
    pub summary: String,
    pub remedy: Option<String>,
    pub evidence: Vec<EvidenceId>,
}

impl Draft {
    /// A finding of `kind` at `entity` about `subject`, resting on `evidence`, with nothing else known.
    pub(crate) fn new(
        kind: FindingKind,
        entity: EntityId,
        subject: impl Into<String>,
        evidence: EvidenceId,
    ) -> Draft {
        Draft {
            kind,
            entity,
            peer: None,
            subject: subject.into(),
            measure: None,
            direction: None,
            onset: None,
            ended_at: None,
            effect: 1.0,
            z: 0.0,
            concepts: Vec::new(),
            words: Vec::new(),
            summary: String::new(),
            remedy: None,
            evidence: vec![evidence],
        }
    }

    /// The finding, sorted inside and with its id.
    pub(crate) fn finish(mut self) -> Finding {
        self.concepts.sort();
        self.concepts.dedup();
        self.words.sort();
        self.words.dedup();
        let finite = |value: f64, otherwise: f64| if value.is_finite() { value } else { otherwise };
        let mut finding = Finding {
            id: FindingId::of(&[""]),
            kind: self.kind,
            entity: self.entity,
            peer: self.peer,
            subject: self.subject,
            measure: self.measure,
            direction: self.direction,
            onset: self.onset,
            ended_at: self.ended_at,
            strength: Strength {
                effect: finite(self.effect, 1000.0),
                z: finite(self.z.abs(), 1000.0).min(1000.0),
            },
            concepts: self.concepts,
            words: self.words,
            summary: self.summary,
            remedy: self.remedy,
            evidence: self.evidence,
        };
        finding.id = finding_id(&finding);
        finding
    }
}

/// A timestamp from nanoseconds; the limits of time for what lies beyond them.
pub(crate) fn at(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(if nanoseconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// An onset from nanoseconds.
pub(crate) fn onset_at(nanoseconds: i64, uncertainty_ns: i64) -> Onset {
    let uncertainty_s =
        u32::try_from((uncertainty_ns.max(0) + 999_999_999) / 1_000_000_000).unwrap_or(u32::MAX);
    Onset { at: at(nanoseconds), uncertainty_s }
}

/// A number for people: three significant digits, thousands shortened.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    match size {
        0.0 => "0".to_owned(),
        _ if size < 1e4 && value.fract() == 0.0 => format!("{value:.0}"),
        _ if size >= 1e9 => format!("{:.1}G", value / 1e9),
        _ if size >= 1e6 => format!("{:.1}M", value / 1e6),
        _ if size >= 1e4 => format!("{:.1}k", value / 1e3),
        _ if size >= 100.0 => format!("{value:.0}"),
        _ if size >= 10.0 => format!("{value:.1}"),
        _ if size >= 1.0 => format!("{value:.2}"),
        _ if size >= 0.001 => format!("{value:.3}"),
        _ if size >= 1e-6 => {
            // Two digits that count, without an exponent: 0.00052.
            let decimals = 1 + (-size.log10()).ceil().clamp(0.0, 8.0) as usize;
            let text = format!("{value:.decimals$}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{value:.2e}"),
    }
}

/// `text` cut to `characters_max` characters, with an ellipsis where something was cut.
pub(crate) fn cut(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    format!("{kept}…")
}
