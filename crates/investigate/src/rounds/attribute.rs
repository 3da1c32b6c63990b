//! Round four: which change, load, dependency or outside event set it off.

use std::collections::BTreeSet;

use midwatch_model::{
    ChangeId, ChangeKind, EntityId, Gap, Question, QuestionKind, Round, Signal, SignedDuration, Timestamp,
    Window,
};

use super::Session;
use super::unrecorded::note_unrecorded;
use crate::InvestigateError;
use crate::agents::cut;
use crate::board::Board;
use crate::stages::{Localisation, Orientation};
use crate::theories::{Candidate, SUSPECTS_MAX, candidates};

/// How far before the window changes still matter: slow leaks come from old deploys, and a deploy may carry commits that
/// were written long before it.
const CHANGES_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Diffs read in one investigation; more are counted and said.
const DIFFS_MAX: usize = 200;

/// Asks what changed and reads the diffs of what reached a suspect.
pub(crate) async fn attribute(
    orientation: &Orientation,
    localisation: &Localisation,
    session: &mut Session<'_>,
    board: &mut Board,
) -> Result<Vec<Candidate>, InvestigateError> {
    let start = orientation.window.start().checked_sub(CHANGES_BEFORE).unwrap_or(Timestamp::MIN);
    let window = Window::new(start, orientation.window.end()).unwrap_or(orientation.window);
    let question = |kind, changes| Question {
        kind,
        entities: involved(orientation, localisation),
        window,
        baseline: orientation.baseline,
        changes,
        theory: None,
    };
    let because = "something set it off: a deploy, a flag, a setting, an event, or none of these";
    let mut questions = vec![(question(QuestionKind::ChangesBefore, Vec::new()), because)];
    if session.sources.iter().any(|source| source.documents().is_some()) {
        let because = "people may have written down what to do about what is involved";
        questions.push((question(QuestionKind::Documents, Vec::new()), because));
    }
    session.ask(Round::Attribute, &questions, board).await?;
    let candidates = candidates(board);
    note_unplaced(board);
    note_unrecorded(localisation.onset.map_or(orientation.incident.now, |onset| onset.at), board);
    let mut wanted: BTreeSet<ChangeId> =
        candidates.iter().map(|candidate| candidate.change.clone()).collect();
    if wanted.len() > DIFFS_MAX {
        board.note_cut(DIFFS_MAX, wanted.len(), "changes looked into for what they do, nearest to the onset");
        let mut nearest: Vec<&Candidate> = candidates.iter().collect();
        let onset = localisation.onset.map_or(orientation.incident.now, |onset| onset.at);
        nearest.sort_by_key(|candidate| (onset.duration_since(candidate.at).abs(), candidate.change.clone()));
        wanted.clear();
        // One change may have reached several entities: each counts once.
        for candidate in nearest {
            if wanted.len() < DIFFS_MAX {
                wanted.insert(candidate.change.clone());
            }
        }
    }
    if !wanted.is_empty() {
        let because = "a change is only to blame if what it does to behaviour explains the symptom";
        let question = question(QuestionKind::ReadDiff, wanted.into_iter().collect());
        session.ask(Round::Attribute, &[(question, because)], board).await?;
    }
    Ok(candidates)
}

/// Says how many changes name nothing that they reached: these can be blamed for nothing.
fn note_unplaced(board: &mut Board) {
    let unplaced: Vec<&str> = board
        .changes
        .values()
        .filter(|change| change.entity.is_none() && change.kind != ChangeKind::Commit)
        .map(|change| change.reference.as_str())
        .collect();
    if unplaced.is_empty() {
        return;
    }
    let (count, first) = (unplaced.len(), cut(unplaced[0], 60));
    let gap = Gap {
        signal: Signal::Changes,
        missing: match count {
            1 => format!("1 change names nothing that it reached: {first}"),
            _ => format!("{count} changes name nothing that they reached, such as {first}"),
        },
        grant: "say which service each reached (key `service`)".to_owned(),
        settles: "whether one of them set it off".to_owned(),
    };
    board.add_gap(gap);
}

/// Whom documents are looked for: the symptom's entity, the alert's target and the suspects.
fn involved(orientation: &Orientation, localisation: &Localisation) -> Vec<EntityId> {
    let mut involved: Vec<EntityId> = Vec::new();
    let suspects = localisation.origins.iter().take(SUSPECTS_MAX).map(|origin| &origin.entity);
    let felt = orientation.symptom_entity.iter().chain(&orientation.incident.target);
    for entity in suspects.chain(felt) {
        if !involved.contains(entity) {
            involved.push(entity.clone());
        }
    }
    involved
}
