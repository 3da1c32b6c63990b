//! What a cluster remembers of its changes, as changes like any other.

use midwatch_cluster::{ChangeSort, PastChange};
use midwatch_model::{Answer, Change, ChangeId, ChangeKind, Citation, ContentId, Window};

use super::{Names, cut};
use crate::board::StepAnswer;
use crate::desk::evidence;

/// Time before the window from which changes are still taken: what fills up or waits for a restart shows late.
const BEFORE: midwatch_model::SignedDuration = midwatch_model::SignedDuration::from_hours(14 * 24);
/// Changes kept; the latest.
const CHANGES_MAX: usize = 200;

/// Adds the changes that took effect before the window's end, with what says so.
pub(super) fn put(
    mut past: Vec<PastChange>,
    names: &Names,
    window: &Window,
    citation: &Citation,
    result: &mut StepAnswer,
) {
    let from = window.start().checked_sub(BEFORE).unwrap_or(midwatch_model::Timestamp::MIN);
    past.retain(|change| change.at >= from && change.at < window.end());
    let all = past.len();
    let past = past.split_off(all.saturating_sub(CHANGES_MAX));
    if past.len() < all {
        result
            .truncated
            .push(format!("the latest {} of {all} changes that the cluster remembers", past.len()));
    }
    for change in past {
        let kind = match change.sort {
            ChangeSort::Rollout => ChangeKind::Deploy,
            ChangeSort::Edit => ChangeKind::Config,
            ChangeSort::Scaling => ChangeKind::Scaling,
            ChangeSort::Machine => ChangeKind::Infra,
        };
        let rows: Vec<Vec<String>> = change
            .facts
            .iter()
            .map(|fact| vec![fact.statement.clone(), fact.quote.clone(), fact.source.clone()])
            .collect();
        let total = rows.len() as u64;
        let columns = ["what", "quotation", "source"].map(str::to_owned).to_vec();
        let source = change.facts.first().map_or("", |fact| fact.source.as_str());
        let query = format!("{}: {}", citation.query, cut(source, 160));
        let cited = evidence(
            cut(&change.statement, 160),
            Citation { query, ..citation.clone() },
            Answer::Rows { columns, rows, total },
            None,
        );
        let at = change.at.to_string();
        let object = change.object.to_string();
        let id = ChangeId::of(&[kind.as_str(), &object, &change.reference, &at]);
        result.change_evidence.push((id.clone(), cited.id.clone()));
        result.evidence.push(cited);
        result.changes.push(Change {
            id,
            kind,
            at: change.at,
            entity: Some(names.entity(&change.object)),
            reference: change.reference,
            title: cut(&change.statement, 300),
            actor: change.actor,
            commit_sha: None,
            commit: None,
            link: None,
        });
    }
}
