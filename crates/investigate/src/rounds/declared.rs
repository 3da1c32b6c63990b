//! Between rounds one and two: what the sources declare about who depends on whom, whatever the spans show.

use midwatch_model::{Gap, Question, QuestionKind, Round, Signal};

use super::Session;
use crate::InvestigateError;
use crate::agents;
use crate::board::Board;
use crate::stages::Orientation;

/// Asks for declared topology and for the state of the cluster, when any source serves them.
pub(crate) async fn declared(
    orientation: &Orientation,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<(), InvestigateError> {
    let question = |kind| Question {
        kind,
        entities: Vec::new(),
        window: orientation.window,
        baseline: orientation.baseline,
        changes: Vec::new(),
        theory: None,
    };
    let because = "what is declared to depend on what holds also where no span shows it";
    if session.sources.iter().any(|source| source.inventory().is_some()) {
        session.ask(Round::Localise, &[(question(QuestionKind::Topology), because)], board).await?;
    }
    note_undeclared(board);
    if session.sources.iter().any(|source| source.infrastructure().is_some()) {
        let because =
            "what a cluster refuses, misplaces or stops shows in its objects before it shows anywhere else";
        session.ask(Round::Localise, &[(question(QuestionKind::ClusterState), because)], board).await?;
    }
    Ok(())
}

/// Says so when nobody declares what depends on what.
fn note_undeclared(board: &mut Board) {
    let failed = board.gaps.iter().any(|gap| gap.signal == Signal::Inventory);
    let declared = board.evidence.values().any(|evidence| evidence.citation.signal == Signal::Inventory);
    if failed || declared {
        return;
    }
    board.add_gap(Gap {
        signal: Signal::Inventory,
        missing:
            "no topology is declared: who depends on whom is known only as far as spans and messages show it"
                .to_owned(),
        grant: "say what calls what, and what runs where (topology.json)".to_owned(),
        settles: agents::settles("topology").to_owned(),
    });
}
