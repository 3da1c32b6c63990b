//! What sources state outright: who depends on whom, before anything else, and the state of a cluster, between rounds one and two.

use midwatch_model::{Gap, Question, QuestionKind, Round, Signal, Window};

use super::Session;
use crate::InvestigateError;
use crate::agents;
use crate::board::Board;
use crate::stages::Orientation;

/// Asks for declared topology, when any source serves it: names are told apart by it, so it comes before everything else.
pub(crate) async fn declared(
    window: Window,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<(), InvestigateError> {
    if session.sources.iter().any(|source| source.inventory().is_some()) {
        let because = "what is declared to depend on what holds also where no span shows it";
        let question = question_of(QuestionKind::Topology, window, None);
        session.ask(Round::Orient, &[(question, because)], board).await?;
    }
    note_undeclared(board);
    Ok(())
}

/// Asks for the state of the cluster, when any source serves it.
pub(crate) async fn cluster_state(
    orientation: &Orientation,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<(), InvestigateError> {
    if session.sources.iter().any(|source| source.infrastructure().is_some()) {
        let because =
            "what a cluster refuses, misplaces or stops shows in its objects before it shows anywhere else";
        let question = question_of(QuestionKind::ClusterState, orientation.window, orientation.baseline);
        session.ask(Round::Localise, &[(question, because)], board).await?;
    }
    Ok(())
}

fn question_of(kind: QuestionKind, window: Window, baseline: Option<Window>) -> Question {
    Question { kind, entities: Vec::new(), window, baseline, changes: Vec::new(), theory: None }
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
