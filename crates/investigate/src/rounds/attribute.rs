//! Round four: which change, load, dependency or outside event set it off.

use std::collections::BTreeSet;

use midwatch_model::{ChangeId, Question, QuestionKind, Round, SignedDuration, Timestamp, Window};

use super::Session;
use crate::InvestigateError;
use crate::board::Board;
use crate::stages::{Localisation, Orientation};
use crate::theories::{Candidate, candidates};

/// How far before the window changes may have reached production and still matter: slow leaks come from old deploys.
const CHANGES_BEFORE: SignedDuration = SignedDuration::from_hours(72);

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
        entities: localisation.origins.iter().take(5).map(|origin| origin.entity.clone()).collect(),
        window,
        baseline: orientation.baseline,
        changes,
        theory: None,
    };
    let because = "something set it off: a deploy, a flag, a setting, an event, or none of these";
    session
        .ask(Round::Attribute, &[(question(QuestionKind::ChangesBefore, Vec::new()), because)], board)
        .await?;
    let candidates = candidates(board);
    let mut wanted: BTreeSet<ChangeId> =
        candidates.iter().map(|candidate| candidate.change.clone()).collect();
    if wanted.len() > DIFFS_MAX {
        let mut nearest: Vec<&Candidate> = candidates.iter().collect();
        let onset = localisation.onset.map_or(orientation.incident.now, |onset| onset.at);
        nearest.sort_by_key(|candidate| (onset.duration_since(candidate.at).abs(), candidate.change.clone()));
        wanted = nearest.into_iter().map(|candidate| candidate.change.clone()).take(DIFFS_MAX).collect();
    }
    if !wanted.is_empty() {
        let because = "a change is only to blame if what it does to behaviour explains the symptom";
        let question = question(QuestionKind::ReadDiff, wanted.into_iter().collect());
        session.ask(Round::Attribute, &[(question, because)], board).await?;
    }
    Ok(candidates)
}
