//! In round four: changes that something names and no source holds. A deploy names its commit, a program that starts
//! names its version, a span names a flag.

use std::collections::BTreeMap;

use midwatch_model::{Change, ChangeKind, EntityId, Gap, Signal, Timestamp};

use super::unseen::listed;
use crate::agents;
use crate::agents::cut;
use crate::board::{Board, ClockSeen, squash};
use crate::theories::commit_by_prefix;

/// Changes named in one line; more are counted.
const NAMED_MAX: usize = 6;

/// A deploy without a version this close to a start is taken for the one that brought the version, in seconds.
const DEPLOY_NEAR_S: i64 = 900;

/// Notes gaps for commits that deploys name and for versions that run without a deploy on record. `onset` is when what is
/// looked into began: code that was replaced before that is of no interest.
pub(crate) fn note_unrecorded(onset: Timestamp, board: &mut Board) {
    let early = early_starts(board);
    board.clocks.extend(early);
    let gaps = [heads(onset, board), versions(onset, board), flags(board)];
    for gap in gaps.into_iter().flatten() {
        board.add_gap(gap);
    }
}

/// Least and most seconds by which a program may state a version before its deploy for the clocks to be at fault.
const EARLY_S_MIN: i64 = 30;
const EARLY_S_MAX: i64 = 1800;

/// Clocks of programs that state a version before the deploy system rolled it out for the first time.
fn early_starts(board: &Board) -> Vec<ClockSeen> {
    let mut early = Vec::new();
    for seen in &board.versions {
        let rolled_out = board.changes.values().filter(|change| {
            change.kind == ChangeKind::Deploy
                && change.entity.as_ref() == Some(&seen.entity)
                && change.reference.trim_start_matches('v') == seen.version
        });
        let Some(first) = rolled_out.min_by_key(|change| change.at) else { continue };
        let lead_s = first.at.duration_since(seen.at).as_secs();
        if (EARLY_S_MIN..=EARLY_S_MAX).contains(&lead_s) {
            early.push(ClockSeen {
                entity: seen.entity.clone(),
                offset_ns: -lead_s.saturating_mul(1_000_000_000),
                against: format!(
                    "the deploy system's, at least: it stated {} before its deploy",
                    seen.version
                ),
            });
        }
    }
    early
}

/// Deploys whose head no source holds, as long as their code ran at the onset or came later.
fn heads(onset: Timestamp, board: &Board) -> Option<Gap> {
    let commits: BTreeMap<&str, &Change> = board
        .changes
        .values()
        .filter_map(|change| Some((change.commit.as_ref()?.sha.as_str(), change)))
        .collect();
    // The deploy of each entity that ran at the onset: the code of earlier ones did not.
    let mut ran: BTreeMap<&Option<EntityId>, Timestamp> = BTreeMap::new();
    for deploy in
        board.changes.values().filter(|change| change.kind == ChangeKind::Deploy && change.at < onset)
    {
        let latest = ran.entry(&deploy.entity).or_insert(deploy.at);
        *latest = deploy.at.max(*latest);
    }
    let mut missing: Vec<(Timestamp, String)> = Vec::new();
    for change in board.changes.values().filter(|change| change.commit.is_none()) {
        let Some(sha) = change.commit_sha.as_deref().filter(|sha| !sha.is_empty()) else { continue };
        let replaced = || ran.get(&change.entity).is_some_and(|latest| change.at < *latest);
        if commit_by_prefix(&commits, sha).is_some() || (change.kind == ChangeKind::Deploy && replaced()) {
            continue;
        }
        let whose = change.entity.as_ref().map_or(String::new(), |entity| format!("{} ", entity.name));
        let short: String = sha.chars().take(8).collect();
        missing.push((change.at, format!("{short} ({whose}{})", cut(&change.reference, 40))));
    }
    missing.sort();
    let names: Vec<&str> = missing.iter().map(|(_, name)| name.as_str()).collect();
    let what = match names.len() {
        0 => return None,
        1 => "1 commit that a deploy names is in no source".to_owned(),
        many => format!("{many} commits that deploys name are in no source"),
    };
    Some(Gap {
        signal: Signal::Code,
        missing: format!("{what}: {}", listed(&names, NAMED_MAX)),
        grant: "give the history of these repositories, or put the commits into the snapshot".to_owned(),
        settles: agents::settles("code").to_owned(),
    })
}

/// Flags that spans carry in more than one state, without a change of them on record.
fn flags(board: &Board) -> Option<Gap> {
    let known: Vec<String> = board
        .changes
        .values()
        .filter(|change| change.kind == ChangeKind::Flag)
        .map(|change| squash(&change.reference))
        .collect();
    let missing: Vec<&str> =
        board.flags.iter().filter(|flag| !known.contains(&squash(flag))).map(String::as_str).collect();
    if missing.is_empty() {
        return None;
    }
    Some(Gap {
        signal: Signal::Changes,
        missing: format!(
            "spans carry flags of which no change is on record: {}",
            listed(&missing, NAMED_MAX)
        ),
        grant: "give the changes of these flags".to_owned(),
        settles: agents::settles("changes").to_owned(),
    })
}

/// Versions that programs state when they start, without a deploy of them on record.
fn versions(onset: Timestamp, board: &Board) -> Option<Gap> {
    let deploys = || board.changes.values().filter(|change| change.kind == ChangeKind::Deploy);
    let mut missing: Vec<(Timestamp, String)> = Vec::new();
    for seen in &board.versions {
        let recorded =
            deploys().filter(|deploy| deploy.entity.as_ref() == Some(&seen.entity)).any(|deploy| {
                let states_version = deploy.reference.contains('.');
                let near = deploy.at.duration_since(seen.at).as_secs().abs() <= DEPLOY_NEAR_S;
                deploy.reference.contains(&seen.version)
                    || deploy.title.contains(&seen.version)
                    || (!states_version && near)
            });
        let replaced = || {
            board.versions.iter().any(|other| {
                other.entity == seen.entity
                    && other.version != seen.version
                    && other.at > seen.at
                    && other.at < onset
            })
        };
        if !recorded && !replaced() {
            let clock = seen.at.strftime("%H:%M");
            missing.push((seen.at, format!("{} {} at {clock}", seen.entity.name, cut(&seen.version, 40))));
        }
    }
    missing.sort();
    if missing.is_empty() {
        return None;
    }
    let names: Vec<&str> = missing.iter().map(|(_, name)| name.as_str()).collect();
    Some(Gap {
        signal: Signal::Changes,
        missing: format!(
            "programs started without a deploy of that version on record: {}",
            listed(&names, NAMED_MAX)
        ),
        grant: "give the deploys that are missing; a mere restart needs none".to_owned(),
        settles: agents::settles("changes").to_owned(),
    })
}
