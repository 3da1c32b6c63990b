//! Between rounds one and two: what the sources declare about who depends on whom, whatever the spans show.

use midwatch_model::{Question, QuestionKind, Round};

use super::Session;
use crate::InvestigateError;
use crate::board::Board;
use crate::stages::Orientation;

/// Asks for declared topology, when any source serves it.
pub(crate) async fn declared(
    orientation: &Orientation,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<(), InvestigateError> {
    if !session.sources.iter().any(|source| source.inventory().is_some()) {
        return Ok(());
    }
    let question = Question {
        kind: QuestionKind::Topology,
        entities: Vec::new(),
        window: orientation.window,
        baseline: orientation.baseline,
        changes: Vec::new(),
        theory: None,
    };
    let because = "what is declared to depend on what holds also where no span shows it";
    session.ask(Round::Localise, &[(question, because)], board).await
}
