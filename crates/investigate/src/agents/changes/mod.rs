//! Changes: what changed before and around the onset, and what it reached. A merge is not a deploy.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::logs::concepts_of;
use midwatch_model::{
    Answer, Change, ChangeId, ChangeKind, Citation, EntityId, EntityKind, Evidence, FindingKind, Gap,
    Question, QuestionKind, Signal,
};
use midwatch_sources::ChangeQuery;

use super::{Agent, AgentError, AgentSpec, Draft, cut, onset_at};
use crate::board::{Board, StepAnswer};
use crate::desk::{Desk, evidence};

/// The agent.
pub(crate) struct ChangesAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "changes",
    answers: &[QuestionKind::ChangesBefore],
    signals: &[Signal::Changes],
    calls_max: 16,
    settles: "which deploy, flag, setting or event set it off",
};

impl Agent for ChangesAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        answer(question, desk, board).boxed()
    }
}

async fn answer(question: &Question, desk: &Desk<'_>, board: &Board) -> Result<StepAnswer, AgentError> {
    let gathered = desk.changes(ChangeQuery { with_diffs: true }, question.window).await;
    let mut result = gathered.opening(Signal::Changes, SPEC.settles)?;
    // Two sources may hold one commit, and only one of them its diff.
    let mut commits: BTreeMap<&ChangeId, bool> = BTreeMap::new();
    for got in &gathered.got {
        for change in got.data.iter().flatten() {
            if let Some(commit) = &change.commit {
                *commits.entry(&change.id).or_insert(false) |= commit.diff.is_some();
            }
            let cited = cite(change, &got.citation);
            result.change_evidence.push((change.id.clone(), cited.id.clone()));
            let mut change = change.clone();
            // The repository of a commit is where it was written, not something that runs.
            let runs = |entity: &EntityId| entity.kind != EntityKind::Repository;
            change.entity =
                change.entity.map(|entity| if runs(&entity) { same_entity(board, &entity) } else { entity });
            result.entities.extend(change.entity.iter().filter(|entity| runs(entity)).cloned());
            if matches!(change.kind, ChangeKind::Infra | ChangeKind::Scaling | ChangeKind::Migration)
                && let Some(entity) = &change.entity
            {
                let mut draft = Draft::new(
                    FindingKind::ChangeReached,
                    entity.clone(),
                    cut(&format!("{} {}", change.reference, change.title), 200),
                    cited.id.clone(),
                );
                draft.concepts = concepts_of(&change.title).into_iter().map(str::to_owned).collect();
                draft.onset = Some(onset_at(nanoseconds(&change), 60_000_000_000));
                draft.z = 6.0;
                draft.summary =
                    format!("{} of {}: {}", change.kind.as_str(), entity.name, cut(&change.title, 140));
                result.findings.push(draft.finish());
            }
            result.evidence.push(cited);
            result.changes.push(change);
        }
    }
    result.gaps.extend(without_diff(&commits));
    Ok(result)
}

/// The gap for commits whose diff no source holds. An empty diff is a diff.
fn without_diff(commits: &BTreeMap<&ChangeId, bool>) -> Option<Gap> {
    let (missing, settles) = match commits.values().filter(|has_diff| !**has_diff).count() {
        0 => return None,
        1 => ("1 commit without its diff".to_owned(), "what that commit does to behaviour"),
        many => (format!("{many} commits without their diff"), "what those commits do to behaviour"),
    };
    Some(Gap {
        signal: Signal::Code,
        missing,
        grant: "let the source read diffs, or put them into the snapshot".to_owned(),
        settles: settles.to_owned(),
    })
}

fn nanoseconds(change: &Change) -> i64 {
    i64::try_from(change.at.as_nanosecond()).unwrap_or(0)
}

/// The entity as the telemetry names it: a deploy system may spell it differently.
fn same_entity(board: &Board, entity: &EntityId) -> EntityId {
    if board.entities.contains(entity) {
        return entity.clone();
    }
    let known = board.entity_named(&entity.name);
    if board.entities.contains(&known) && known.scope == entity.scope { known } else { entity.clone() }
}

fn cite(change: &Change, citation: &Citation) -> Evidence {
    let mut text = format!("{} at {}: {}", change.kind.as_str(), change.at, cut(&change.title, 300));
    if let Some(entity) = &change.entity {
        text.push_str(&format!("\nentity: {}", entity.name));
    }
    text.push_str(&format!("\nreference: {}", cut(&change.reference, 120)));
    if let Some(actor) = &change.actor {
        text.push_str(&format!("\nby: {}", cut(actor, 80)));
    }
    if let Some(sha) = &change.commit_sha {
        text.push_str(&format!("\nhead commit: {sha}"));
    }
    if let Some(commit) = &change.commit {
        let files: Vec<&str> = commit.files.iter().take(12).map(String::as_str).collect();
        text.push_str(&format!("\nfiles: {}", files.join(", ")));
        if commit.files.len() > files.len() {
            text.push_str(&format!(" and {} more", commit.files.len() - files.len()));
        }
    }
    let short: String = change.reference.chars().take(40).collect();
    let citation = Citation {
        query: format!("{}: {} {short}", citation.query, change.kind.as_str()),
        link: change.link.clone().or_else(|| citation.link.clone()),
        ..citation.clone()
    };
    let title = match &change.entity {
        Some(entity) => format!("{} of {}: {}", change.kind.as_str(), entity.name, cut(&change.title, 100)),
        None => format!("{}: {}", change.kind.as_str(), cut(&change.title, 100)),
    };
    evidence(title, citation, Answer::Text { text }, None)
}

#[cfg(test)]
mod tests {
    use midwatch_model::ContentId;

    use super::*;

    #[test]
    fn commits_without_a_diff_are_counted_once_and_in_words() {
        let ids: Vec<ChangeId> = ["a", "b", "c"].iter().map(|id| ChangeId::of(&[*id])).collect();
        let missing = |flags: &[bool]| {
            let commits: BTreeMap<&ChangeId, bool> = ids.iter().zip(flags.iter().copied()).collect();
            without_diff(&commits).map(|gap| gap.missing)
        };
        assert_eq!(missing(&[]), None);
        assert_eq!(missing(&[true, true]), None);
        assert_eq!(missing(&[true, false]).as_deref(), Some("1 commit without its diff"));
        assert_eq!(missing(&[false, true, false]).as_deref(), Some("2 commits without their diff"));
    }
}
