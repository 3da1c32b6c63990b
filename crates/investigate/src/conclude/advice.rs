//! What to do now: first what ends the trouble in production, then what keeps it from coming back.

use midwatch_model::{Change, ChangeKind, Claim, EntityId, EvidenceId, Recommendation, Theory, VerdictKind};

use super::report::Case;
use super::verdict::{change_text, clock, is_sure, supports};
use crate::agents::{before_and_after, cut};
use crate::theories::Candidate;

/// Recommendations shown.
const ADVICE_MAX: usize = 3;

/// Entities named that took in one change.
const CARRIERS_NAMED: usize = 4;

/// A deploy that went back to an older version ended the trouble when it came at most this long before the end, in seconds.
const ENDED_BY_MAX_S: i64 = 1800;

/// At most three things to do, the most urgent first.
pub(super) fn recommendations(case: &Case<'_>, kind: VerdictKind) -> Vec<Recommendation> {
    let Some(leader) = case.leader() else { return Vec::new() };
    let mut advice = Vec::new();
    if case.orientation.ended_at.is_some() {
        advice.extend(over(case, leader));
    } else if matches!(kind, VerdictKind::CauseFound | VerdictKind::CausedOutside | VerdictKind::Located) {
        advice.extend(remedy(case, leader, kind));
    }
    if kind == VerdictKind::CauseFound {
        advice.extend(follow_up(case, leader));
    }
    if kind == VerdictKind::NotProven {
        advice.extend(check_first(case, leader));
    }
    if !matches!(kind, VerdictKind::CauseFound | VerdictKind::CausedOutside) {
        advice.extend(close_a_gap(case));
    }
    advice.truncate(ADVICE_MAX);
    advice
}

/// The first two pieces of evidence of what speaks for the leader, with the strongest term's words.
fn because(leader: &Theory) -> Option<Claim> {
    let supports = supports(leader);
    let evidence: Vec<EvidenceId> =
        supports.iter().take(2).flat_map(|term| term.evidence.iter().cloned()).collect();
    Claim::from_evidence(supports.first()?.text.clone(), &evidence)
}

fn over(case: &Case<'_>, leader: &Theory) -> Option<Recommendation> {
    let at = case.orientation.ended_at?;
    let keep = match (case.change(leader), ended_by(case, leader)) {
        (Some(change), Some(_)) => format!("; keep {} from going out again", change_text(change)),
        (Some(change), None) => format!("; {} is still in place", change_text(change)),
        (None, _) => String::new(),
    };
    let why =
        Claim::from_evidence(format!("it was over by {}", clock(at)), &case.orientation.condition_evidence)?;
    Some(Recommendation {
        title: format!("Nothing needs doing now{keep}"),
        why,
        command: None,
        reversible: true,
    })
}

/// The deploy of an older version after the leader's change, shortly before the trouble ended.
pub(super) fn ended_by<'c>(case: &'c Case<'_>, leader: &Theory) -> Option<(&'c Change, &'c EntityId)> {
    let ended_at = case.orientation.ended_at?;
    let culprit = carriers(case, leader).first().map(|carrier| carrier.at)?;
    let deploys =
        case.candidates.iter().filter(|candidate| candidate.at > culprit && candidate.at <= ended_at);
    deploys.filter(|candidate| ended_at.duration_since(candidate.at).as_secs() <= ENDED_BY_MAX_S).find_map(
        |candidate| {
            let deploy = case.board.changes.get(candidate.deploy.as_ref()?)?;
            is_rollback(case, deploy).then_some((deploy, &candidate.entity))
        },
    )
}

/// Whether a deploy puts a version back that the entity ran before the one it replaces.
pub(super) fn is_rollback(case: &Case<'_>, deploy: &Change) -> bool {
    let earlier = deploys_of(case, deploy.entity.as_ref()).filter(|other| other.at < deploy.at);
    let versions: Vec<&Change> = earlier.collect();
    let same = |other: &Change| {
        other.reference == deploy.reference
            || (other.commit_sha.is_some() && other.commit_sha == deploy.commit_sha)
    };
    let replaced = versions.iter().max_by_key(|other| other.at);
    replaced.is_some_and(|replaced| !same(replaced)) && versions.iter().any(|other| same(other))
}

fn deploys_of<'c>(case: &'c Case<'_>, entity: Option<&'c EntityId>) -> impl Iterator<Item = &'c Change> {
    case.board
        .changes
        .values()
        .filter(move |change| change.kind == ChangeKind::Deploy && change.entity.as_ref() == entity)
}

/// The ways the leader's change reached what it reached, earliest first, each entity once.
fn carriers<'c>(case: &'c Case<'_>, leader: &Theory) -> Vec<&'c Candidate> {
    let mut found: Vec<&Candidate> = Vec::new();
    for candidate in
        case.candidates.iter().filter(|candidate| Some(&candidate.change) == leader.change.as_ref())
    {
        let own = candidate.library.is_some()
            || Some(&candidate.entity) == leader.fault_at.as_ref()
            || candidate.entity == leader.entity;
        if own && !found.iter().any(|known| known.entity == candidate.entity) {
            found.push(candidate);
        }
    }
    found
}

/// The mechanism's remedy, with the change's own undoing in place of *roll back*. None when it needs a change that is not
/// known.
fn remedy(case: &Case<'_>, leader: &Theory, kind: VerdictKind) -> Option<Recommendation> {
    let mechanism = case.mechanisms.get(&leader.mechanism)?;
    let undo = (kind == VerdictKind::CauseFound).then(|| undo(case, leader)).flatten();
    let mut title = mechanism.remedy.title.clone();
    if title.contains("{change}") {
        let undo = undo?;
        for (pattern, words) in [
            ("Roll back {change} on {entity}", capitalised(&undo)),
            ("roll back {change} on {entity}", undo.clone()),
            ("Roll back {change}", capitalised(&undo)),
            ("roll back {change}", undo.clone()),
            ("{change}", undo),
        ] {
            title = title.replace(pattern, &words);
        }
    }
    let peer = leader.fault_at.as_ref().map_or("the other side", |peer| peer.name.as_str());
    let title = title.replace("{entity}", &leader.entity.name).replace("{peer}", peer);
    let title =
        if title.contains("{remedy}") { title.replace("{remedy}", &advised(case, leader)?) } else { title };
    Some(Recommendation {
        title,
        why: because(leader)?,
        command: None,
        reversible: mechanism.remedy.reversible,
    })
}

/// What the finding that the leader rests on most advises itself.
fn advised(case: &Case<'_>, leader: &Theory) -> Option<String> {
    let supports = super::verdict::supports(leader);
    let mut findings =
        supports.iter().flat_map(|term| &term.findings).filter_map(|id| case.board.findings.get(id));
    findings.find_map(|finding| finding.remedy.clone())
}

/// How the leader's change is undone in production, as a clause that begins with a verb.
fn undo(case: &Case<'_>, leader: &Theory) -> Option<String> {
    let change = case.change(leader)?;
    let carriers = carriers(case, leader);
    let migration = carriers.iter().find_map(|carrier| {
        let by = case.board.changes.get(carrier.deploy.as_ref()?)?;
        (by.kind == ChangeKind::Migration).then_some((by, *carrier))
    });
    if let Some((by, carrier)) = migration {
        let name = cut(&by.reference, 60);
        let entity = &carrier.entity.name;
        return Some(format!(
            "undo migration {name} on {entity} by hand: rolling back code does not undo it"
        ));
    }
    match change.kind {
        ChangeKind::Flag => Some(undo_flag(case, change)),
        ChangeKind::Config | ChangeKind::Scaling => Some(undo_setting(change)),
        ChangeKind::Commit | ChangeKind::Deploy => {
            let mut ways: Vec<String> =
                carriers.iter().take(CARRIERS_NAMED).map(|carrier| undo_deploy(case, carrier)).collect();
            if carriers.len() > CARRIERS_NAMED {
                ways.push(format!("{} more", carriers.len() - CARRIERS_NAMED));
            }
            (!ways.is_empty()).then(|| ways.join(" and "))
        }
        _ => Some(format!("undo {}", change_text(change))),
    }
}

fn undo_deploy(case: &Case<'_>, carrier: &Candidate) -> String {
    let entity = &carrier.entity.name;
    let Some(deploy) = carrier.deploy.as_ref().and_then(|id| case.board.changes.get(id)) else {
        return format!("roll {entity} back");
    };
    let previous = deploys_of(case, deploy.entity.as_ref())
        .filter(|other| other.at < deploy.at)
        .max_by_key(|other| other.at);
    let version = cut(&deploy.reference, 40);
    match previous {
        Some(previous) => format!("roll {entity} back from {version} to {}", cut(&previous.reference, 40)),
        None => format!("roll {entity} back to what ran before {version}"),
    }
}

fn undo_flag(case: &Case<'_>, change: &Change) -> String {
    let same = |other: &&Change| {
        other.kind == ChangeKind::Flag && other.reference == change.reference && other.entity == change.entity
    };
    let name = cut(&change.reference, 60);
    let place = change.entity.as_ref().map(|entity| format!(" of {}", entity.name)).unwrap_or_default();
    let before = before_and_after(&change.title).map(|(_, before, _)| cut(before, 30));
    let latest = case.board.changes.values().filter(same).max_by_key(|other| other.at);
    let now = latest.and_then(|latest| before_and_after(&latest.title)).map(|(_, _, after)| cut(after, 30));
    match (before, now) {
        (Some(before), Some(now)) => format!("set flag {name}{place} back to {before} (now {now})"),
        _ => format!("switch flag {name}{place} back"),
    }
}

fn undo_setting(change: &Change) -> String {
    let key = cut(&change.reference, 60);
    let place = change.entity.as_ref().map(|entity| format!(" of {}", entity.name)).unwrap_or_default();
    match before_and_after(&change.title) {
        Some((_, before, _)) => format!("set {key}{place} back to {}", cut(before, 40)),
        None => format!("put {key}{place} back"),
    }
}

/// The commit is undone in the code too, so that the next release does not bring it back.
fn follow_up(case: &Case<'_>, leader: &Theory) -> Option<Recommendation> {
    let change = case.change(leader)?;
    let commit = change.commit.as_ref()?;
    if !is_sure(Some(&leader.probability)) {
        return None;
    }
    let home = match &change.entity {
        Some(home) => format!(" in {}", home.name),
        None => String::new(),
    };
    Some(Recommendation {
        title: format!("Then revert the commit{home}, so that no later release brings it back"),
        why: because(leader)?,
        // Only what is a hash for certain goes into a command that people copy.
        command: is_hash(&commit.sha).then(|| format!("git revert --no-edit {}", commit.sha)),
        reversible: true,
    })
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn check_first(case: &Case<'_>, leader: &Theory) -> Option<Recommendation> {
    let change = case.change(leader)?;
    Some(Recommendation {
        title: format!("Check {} first; it is the likeliest suspect, not proven", change_text(change)),
        why: because(leader)?,
        command: None,
        reversible: true,
    })
}

fn close_a_gap(case: &Case<'_>) -> Option<Recommendation> {
    let gap = case.board.gaps.iter().find(|gap| !gap.settles.is_empty())?;
    let why = Claim::from_evidence(
        format!("it would settle {}", gap.settles),
        &case.orientation.incident.evidence,
    )?;
    Some(Recommendation {
        title: format!("Close a gap: {}; {}", gap.missing, gap.grant),
        why,
        command: None,
        reversible: true,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), letters.as_str()))
}
