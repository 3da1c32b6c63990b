//! Running a round's steps side by side, journalled as they finish, consumed in plan order.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use midwatch_model::{
    Actor, Budget, EntryKind, FindingKind, Gap, Plan, Question, QuestionKind, Round, Signal, Step, StepId,
    Timestamp,
};
use midwatch_sources::Source;
use serde::Serialize;

use crate::agents::{self, Agent, AgentError};
use crate::board::{Board, StepAnswer, StepOutcome};
use crate::desk::Desk;
use crate::journal::append;
use crate::{InvestigateError, Journal, Progress, Settings, Watcher};

/// Findings kept from one step.
const FINDINGS_MAX: u32 = 400;

/// Everything a round needs to run.
pub(crate) struct Session<'a> {
    pub sources: &'a [Arc<dyn Source>],
    pub settings: &'a Settings,
    pub journal: &'a dyn Journal,
    pub watcher: &'a dyn Watcher,
    /// Steps planned so far in each round.
    planned: std::collections::BTreeMap<Round, u16>,
}

/// A stage's value with its name, as the journal holds it.
#[derive(Serialize)]
struct StageValue<'v, T> {
    stage: &'v str,
    value: &'v T,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        sources: &'a [Arc<dyn Source>],
        settings: &'a Settings,
        journal: &'a dyn Journal,
        watcher: &'a dyn Watcher,
    ) -> Session<'a> {
        Session { sources, settings, journal, watcher, planned: Default::default() }
    }

    /// Journals a stage's value.
    pub(crate) fn stage<T: Serialize>(&self, stage: &str, value: &T) -> Result<(), InvestigateError> {
        let value = StageValue { stage, value };
        Ok(append(self.journal, Actor::Engine, EntryKind::Stage, None, &value)?)
    }

    /// Plans a step for every agent that answers one of `questions`, runs them and merges what they answered. A failing
    /// or disabled agent becomes a gap.
    pub(crate) async fn ask(
        &mut self,
        round: Round,
        questions: &[(Question, &str)],
        board: &mut Board,
    ) -> Result<(), InvestigateError> {
        let (plan, agents) = self.plan(round, questions, board);
        append(self.journal, Actor::Engine, EntryKind::Plan, None, &plan)?;
        let seen: &Board = board;
        let runs = plan.steps.iter().zip(&agents).map(|(step, agent)| self.run(step, *agent, seen));
        let ended = join_all(runs).await;
        for (step, answer) in plan.steps.iter().zip(ended) {
            let question = words_of(&step.question);
            let (calls, answer) = answer?;
            match answer {
                Ok(answer) => {
                    let outcome = StepOutcome {
                        calls,
                        text: outcome_of(step.question.kind, &answer),
                        failed: false,
                        queries: answer.queries.clone(),
                        truncated: answer.truncated.clone(),
                    };
                    board.merge(answer);
                    board.note_step(step, round, question, outcome);
                }
                Err(error) => {
                    board.add_gap(Gap {
                        signal: signal_of(step.question.kind),
                        missing: format!("the {} agent failed: {error}", step.agent),
                        grant: "see the error, then run this again".to_owned(),
                        settles: agents::settles(&step.agent).to_owned(),
                    });
                    let outcome = StepOutcome {
                        text: error.to_string(),
                        failed: true,
                        calls,
                        ..StepOutcome::default()
                    };
                    board.note_step(step, round, question, outcome);
                }
            }
        }
        Ok(())
    }

    fn plan(
        &mut self,
        round: Round,
        questions: &[(Question, &str)],
        board: &mut Board,
    ) -> (Plan, Vec<&'static dyn Agent>) {
        let mut steps = Vec::new();
        let mut agents = Vec::new();
        for (question, because) in questions {
            for agent in agents::ALL {
                let spec = agent.spec();
                if !spec.answers.contains(&question.kind) {
                    continue;
                }
                if self.settings.disabled_agents.contains(spec.name) {
                    board.add_gap(Gap {
                        signal: spec.signals.first().copied().unwrap_or(Signal::Metrics),
                        missing: format!("the {} agent was switched off", spec.name),
                        grant: format!("run again without `--without {}`", spec.name),
                        settles: spec.settles.to_owned(),
                    });
                    continue;
                }
                let index = self.planned.entry(round).or_insert(0);
                *index += 1;
                let position = match Round::ALL.iter().position(|known| *known == round) {
                    Some(position) => u16::try_from(position + 1).unwrap_or(u16::MAX),
                    None => u16::MAX,
                };
                steps.push(Step {
                    id: StepId { round: position, index: *index },
                    round,
                    agent: spec.name.to_owned(),
                    question: question.clone(),
                    because: (*because).to_owned(),
                    budget: Budget { calls_max: spec.calls_max, findings_max: FINDINGS_MAX },
                });
                agents.push(*agent);
            }
        }
        (Plan { round, steps }, agents)
    }

    /// The answer of one step, with the calls it made.
    async fn run(
        &self,
        step: &Step,
        agent: &'static dyn Agent,
        board: &Board,
    ) -> Result<(u32, Result<StepAnswer, AgentError>), InvestigateError> {
        self.watcher.saw(Progress::StepStarted(step.id, step.agent.clone(), words_of(&step.question)));
        let desk = Desk::new(self.sources, step.budget);
        let mut answer = guarded(agent.answer(&step.question, &desk, board)).await;
        if let Ok(answer) = &mut answer {
            let findings_max = desk.budget().findings_max as usize;
            if answer.findings.len() > findings_max {
                answer
                    .findings
                    .sort_by(|a, b| b.strength.z.total_cmp(&a.strength.z).then_with(|| a.id.cmp(&b.id)));
                answer.truncated.push(format!(
                    "{findings_max} of {} findings kept, strongest first",
                    answer.findings.len()
                ));
                answer.findings.truncate(findings_max);
            }
        }
        let actor = Actor::Agent(step.agent.clone());
        match &answer {
            Ok(answer) => {
                append(self.journal, actor, EntryKind::StepAnswer, Some(step.id), answer)?;
                self.watcher.saw(Progress::StepEnded(step.id, outcome_of(step.question.kind, answer), false));
            }
            Err(error) => {
                append(self.journal, actor, EntryKind::StepFailed, Some(step.id), &error.to_string())?;
                self.watcher.saw(Progress::StepEnded(step.id, error.to_string(), true));
            }
        }
        tracing::debug!(step = %step.id, agent = %step.agent, calls = desk.calls(), "step ended");
        Ok((desk.calls(), answer))
    }
}

/// What an agent answers, an error when it panics: one agent's fault must not end an investigation, what it would have
/// found is a gap.
async fn guarded(answer: BoxFuture<'_, Result<StepAnswer, AgentError>>) -> Result<StepAnswer, AgentError> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or(Err(AgentError::Panicked))
}

fn outcome_of(kind: QuestionKind, answer: &StepAnswer) -> String {
    let mut parts = Vec::new();
    let mut say = |count: usize, one: &str, many: &str| {
        if count > 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    let of = |kind: FindingKind| answer.findings.iter().filter(|finding| finding.kind == kind).count();
    let (series, states) = (of(FindingKind::MetricSteady), of(FindingKind::StateSteady));
    say(answer.findings.len() - series - states, "finding", "findings");
    say(series, "normal series", "normal series");
    say(states, "thing as wanted", "things as wanted");
    say(answer.changes.len(), "change", "changes");
    say(answer.readings.len(), "diff read", "diffs read");
    say(answer.relations.len(), "relation", "relations");
    say(answer.documents.len(), "document", "documents");
    say(answer.gaps.len(), "gap", "gaps");
    if !parts.is_empty() {
        return parts.join(", ");
    }
    match kind {
        QuestionKind::MetricBehaviour | QuestionKind::LogPatterns | QuestionKind::SpanBehaviour => {
            "nothing departed from normal".to_owned()
        }
        _ => "nothing was found".to_owned(),
    }
}

fn signal_of(kind: QuestionKind) -> Signal {
    match kind {
        QuestionKind::MetricBehaviour => Signal::Metrics,
        QuestionKind::LogPatterns => Signal::Logs,
        QuestionKind::SpanBehaviour => Signal::Traces,
        QuestionKind::Topology => Signal::Inventory,
        QuestionKind::ClusterState => Signal::Infrastructure,
        QuestionKind::Documents => Signal::Documents,
        QuestionKind::ChangesBefore => Signal::Changes,
        QuestionKind::ReadDiff => Signal::Code,
    }
}

/// A question in words.
pub(crate) fn words_of(question: &Question) -> String {
    let whom = match question.entities.as_slice() {
        [] => "everything in reach".to_owned(),
        [one] => one.name.clone(),
        [first, _] => format!("{} and 1 other", first.name),
        [first, others @ ..] => format!("{} and {} others", first.name, others.len()),
    };
    let when = format!("{} to {}", short(question.window.start()), short(question.window.end()));
    match question.kind {
        QuestionKind::MetricBehaviour => format!("how did the metrics of {whom} behave, {when}?"),
        QuestionKind::LogPatterns => {
            format!("which messages of {whom} are new, more frequent or gone, {when}?")
        }
        QuestionKind::SpanBehaviour => {
            format!("where do requests through {whom} fail or spend their time, {when}?")
        }
        QuestionKind::Topology => format!("what is declared to depend on what, as of {when}?"),
        QuestionKind::ClusterState => "what does the state of the cluster say is wrong?".to_owned(),
        QuestionKind::Documents => format!("which documents name {whom}?"),
        QuestionKind::ChangesBefore => format!("what changed, {when}?"),
        QuestionKind::ReadDiff => {
            format!(
                "what {} to behaviour, and what {} with the symptom?",
                match question.changes.len() {
                    1 => "does 1 change do".to_owned(),
                    many => format!("do {many} changes do"),
                },
                if question.changes.len() == 1 { "does it share" } else { "do they share" },
            )
        }
    }
}

fn short(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_panics_is_an_error_and_not_the_end() {
        let panics = async { panic!("an impossible state") }.boxed();
        assert_eq!(guarded(panics).now_or_never(), Some(Err(AgentError::Panicked)));
        let answers = async { Ok(StepAnswer::default()) }.boxed();
        assert_eq!(guarded(answers).now_or_never(), Some(Ok(StepAnswer::default())));
    }
}
