//! Topology: entities and relations that a source declares, whether or not any span shows them.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_model::{Answer, Question, QuestionKind, Relation, Signal};
use midwatch_sources::InventoryQuery;

use super::{Agent, AgentError, AgentSpec};
use crate::board::{Board, StepAnswer};
use crate::desk::{Desk, evidence};

/// The agent.
pub(crate) struct TopologyAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "topology",
    answers: &[QuestionKind::Topology],
    signals: &[Signal::Inventory],
    calls_max: 16,
    settles: "which way trouble can have spread where no span shows it",
};

/// Relations shown for one piece of evidence; all of them are used.
const ROWS_SHOWN: usize = 200;

impl Agent for TopologyAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        _board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        answer(question, desk).boxed()
    }
}

/// A source that fails is a gap; that none declares anything is not, because spans and logs show relations too.
async fn answer(question: &Question, desk: &Desk<'_>) -> Result<StepAnswer, AgentError> {
    let gathered = desk.topology(InventoryQuery::default(), question.window).await;
    let mut result = gathered.opening(Signal::Inventory, SPEC.settles)?;
    if gathered.failed.is_empty() {
        result.gaps.clear();
    }
    for got in &gathered.got {
        let Some(topology) = &got.data else { continue };
        let total = topology.relations.len();
        let rows: Vec<Vec<String>> = topology
            .relations
            .iter()
            .take(ROWS_SHOWN)
            .map(|relation| {
                vec![
                    relation.from.name.clone(),
                    format!("{:?}", relation.kind).to_lowercase(),
                    relation.to.name.clone(),
                ]
            })
            .collect();
        let shown = (total > ROWS_SHOWN).then(|| format!("{ROWS_SHOWN} of {total} relations shown"));
        let answer = Answer::Rows {
            columns: vec!["from".to_owned(), "relation".to_owned(), "to".to_owned()],
            rows,
            total: total as u64,
        };
        let cited =
            evidence("declared topology", got.citation.clone(), answer, got.truncated.clone().or(shown));
        result.entities.extend(topology.entities.iter().cloned());
        result.declared.extend(topology.entities.iter().cloned());
        for relation in &topology.relations {
            result.relations.push(Relation { evidence: vec![cited.id.clone()], ..relation.clone() });
        }
        result.evidence.push(cited);
    }
    Ok(result)
}
