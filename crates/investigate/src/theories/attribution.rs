//! Which changes could have set a theory off: what they reach, when, what they do, what they share with the symptom.
//!
//! A deploy is the set of commits since the last deploy of that entity, plus what it pulled in from shared paths; never
//! one commit. A merge is not a deploy: a commit that no deploy carries reaches nothing.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{
    Change, ChangeId, ChangeKind, EntityId, EntityKind, EvidenceId, RelationKind, SignedDuration, Term,
    TermKind, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::board::{Board, squash};

/// How a change reached an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It names the entity: head of its deploy, a flag or setting of it.
    Direct,
    /// A deploy of the entity carried it, and its files belong to the entity.
    Carried,
    /// A deploy of the entity may have carried it as part of something shared.
    Shared,
}

/// A change that may have set something off, with the moment it reached production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The commit, flag, setting or event.
    pub change: ChangeId,
    /// What it reached.
    pub entity: EntityId,
    /// When.
    pub at: Timestamp,
    /// How.
    pub reach: Reach,
    /// The deploy that carried it.
    pub deploy: Option<ChangeId>,
    /// The library it was made in, when what was deployed is only built from that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<EntityId>,
}

/// Every way the board's changes reached an entity, sorted by time, entity and change.
pub fn candidates(board: &Board) -> Vec<Candidate> {
    let mut found = Vec::new();
    let commits: BTreeMap<&str, &Change> = board
        .changes
        .values()
        .filter_map(|change| Some((change.commit.as_ref()?.sha.as_str(), change)))
        .collect();
    let owners = path_owners(board, &commits);
    let libraries = Libraries::of(board);
    let mut deploys: Vec<&Change> = board
        .changes
        .values()
        .filter(|change| change.kind == ChangeKind::Deploy && change.entity.is_some())
        .collect();
    deploys.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    for change in board.changes.values() {
        if !matches!(change.kind, ChangeKind::Deploy | ChangeKind::Commit)
            && let Some(entity) = &change.entity
        {
            // A migration or an event that names its commit stands for what the commit does.
            let commit = change.commit_sha.as_deref().and_then(|sha| commit_by_prefix(&commits, sha));
            found.push(Candidate {
                change: commit.unwrap_or(change).id.clone(),
                entity: entity.clone(),
                at: change.at,
                reach: Reach::Direct,
                deploy: commit.map(|_| change.id.clone()),
                library: None,
            });
        }
    }
    for (index, deploy) in deploys.iter().enumerate() {
        let Some(entity) = &deploy.entity else { continue };
        let head = deploy.commit_sha.as_deref().and_then(|sha| commit_by_prefix(&commits, sha));
        let previous =
            deploys[..index].iter().rev().find(|other| other.entity == deploy.entity && other.at < deploy.at);
        found.push(Candidate {
            change: head.map_or_else(|| deploy.id.clone(), |commit| commit.id.clone()),
            entity: entity.clone(),
            at: deploy.at,
            reach: Reach::Direct,
            deploy: Some(deploy.id.clone()),
            library: None,
        });
        let newest = head.map(Head::of);
        // What the deploy carries beside its head: everything written since the last deploy of this entity.
        let until = head.map_or(deploy.at, |commit| commit.at.max(Timestamp::MIN));
        for commit in commits.values() {
            if head.is_some_and(|head| head.id == commit.id)
                || commit.at > until
                || previous.is_some_and(|previous| commit.at <= previous_head_at(previous, &commits))
            {
                continue;
            }
            let taken_in = libraries.reach(commit, entity, newest.as_ref());
            // What is built elsewhere comes in by that way or not at all, whatever its paths look like.
            let by_path =
                || libraries.may_hold(commit, entity).then(|| reach_of(commit, entity, &owners)).flatten();
            let Some(reach) = taken_in.or_else(by_path) else { continue };
            found.push(Candidate {
                change: commit.id.clone(),
                entity: entity.clone(),
                at: deploy.at,
                reach,
                deploy: Some(deploy.id.clone()),
                library: taken_in.and(commit.entity.clone()),
            });
        }
    }
    found.sort_by(|a, b| (a.at, &a.entity, &a.change).cmp(&(b.at, &b.entity, &b.change)));
    found.dedup_by(|a, b| a.change == b.change && a.entity == b.entity && a.deploy == b.deploy);
    found
}

fn previous_head_at(previous: &Change, commits: &BTreeMap<&str, &Change>) -> Timestamp {
    previous
        .commit_sha
        .as_deref()
        .and_then(|sha| commit_by_prefix(commits, sha))
        .map_or(previous.at, |commit| commit.at.min(previous.at))
}

/// A commit by its hash or by an unambiguous prefix of at least seven characters.
pub(crate) fn commit_by_prefix<'c>(commits: &BTreeMap<&str, &'c Change>, sha: &str) -> Option<&'c Change> {
    if let Some(exact) = commits.get(sha) {
        return Some(exact);
    }
    if sha.len() < 7 {
        return None;
    }
    let mut alike = commits.range(sha..).take_while(|(full, _)| full.starts_with(sha));
    match (alike.next(), alike.next()) {
        (Some((_, only)), None) => Some(only),
        _ => None,
    }
}

/// What the newest commit of a deploy adds, squashed line by line, and where it was written.
struct Head {
    repository: Option<EntityId>,
    added: Vec<String>,
}

impl Head {
    fn of(commit: &Change) -> Head {
        let files = commit.commit.iter().flat_map(|commit| commit.diff.iter().flatten());
        let small = files.filter(|file| file.text.len() <= MANIFEST_BYTES_MAX);
        let added = small.flat_map(|file| file.text.lines()).filter(|line| line.starts_with('+'));
        Head { repository: commit.entity.clone(), added: added.map(squash).collect() }
    }
}

/// What is never deployed by itself but built into what is: shared libraries.
struct Libraries {
    /// Names of entities that deploys name, squashed.
    deployed: BTreeSet<String>,
    /// What each entity is said to be built from, squashed.
    built_from: BTreeMap<EntityId, BTreeSet<String>>,
}

impl Libraries {
    fn of(board: &Board) -> Libraries {
        let deploys = board.changes.values().filter(|change| change.kind == ChangeKind::Deploy);
        let mut built_from: BTreeMap<EntityId, BTreeSet<String>> = BTreeMap::new();
        for relation in board.relations.iter().filter(|relation| relation.kind == RelationKind::BuiltFrom) {
            built_from.entry(relation.from.clone()).or_default().insert(squash(&relation.to.name));
        }
        Libraries {
            deployed: deploys.filter_map(|deploy| Some(squash(&deploy.entity.as_ref()?.name))).collect(),
            built_from,
        }
    }

    /// Whether the repository of a commit may hold the code of `entity`: nobody says which it is, or it is no library and
    /// not one that another deployed entity is named after.
    fn may_hold(&self, commit: &Change, entity: &EntityId) -> bool {
        let Some(home) = commit.entity.as_ref().filter(|home| home.kind == EntityKind::Repository) else {
            return true;
        };
        let home = squash(&home.name);
        let is_library = self.built_from.values().any(|libraries| libraries.contains(&home));
        home == squash(&entity.name) || !(is_library || self.deployed.contains(&home))
    }

    /// How a library's commit reaches `entity` through a deploy of it whose newest commit is `head`: for sure when that
    /// commit names the library (a new version of it is taken in), perhaps when the entity is only known to be built
    /// from it.
    fn reach(&self, commit: &Change, entity: &EntityId, head: Option<&Head>) -> Option<Reach> {
        let library = squash(&commit.entity.as_ref()?.name);
        let same_repository = head.is_some_and(|head| head.repository == commit.entity);
        if library.len() < 3 || same_repository || self.deployed.contains(&library) {
            return None;
        }
        if head.is_some_and(|head| head.added.iter().any(|line| line.contains(&library))) {
            return Some(Reach::Carried);
        }
        let built = self.built_from.get(entity).is_some_and(|libraries| libraries.contains(&library));
        built.then_some(Reach::Shared)
    }
}

/// Folders that the heads of each entity's deploys touched: they belong to it.
fn path_owners(board: &Board, commits: &BTreeMap<&str, &Change>) -> BTreeMap<EntityId, BTreeSet<String>> {
    let mut owners: BTreeMap<EntityId, BTreeSet<String>> = BTreeMap::new();
    for deploy in board.changes.values().filter(|change| change.kind == ChangeKind::Deploy) {
        let (Some(entity), Some(sha)) = (&deploy.entity, deploy.commit_sha.as_deref()) else { continue };
        let Some(commit) = commit_by_prefix(commits, sha).and_then(|change| change.commit.as_ref()) else {
            continue;
        };
        for path in &commit.files {
            if let Some(folder) = owning_folder(path) {
                owners.entry(entity.clone()).or_default().insert(folder);
            }
        }
    }
    owners
}

/// Longest diff of one file that is searched for the name of a library.
const MANIFEST_BYTES_MAX: usize = 200_000;

const SHARED_ROOTS: &[&str] =
    &["pkg", "lib", "libs", "internal", "common", "shared", "core", "vendor", "proto", "protos", "platform"];

fn owning_folder(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let first = parts.first()?;
    if parts.len() < 2 || SHARED_ROOTS.contains(first) {
        return None;
    }
    let depth =
        if matches!(*first, "services" | "apps" | "cmd" | "src" | "modules" | "packages") { 2 } else { 1 };
    (parts.len() > depth).then(|| parts[..depth].join("/"))
}

/// How `commit` reaches `entity` when a deploy of the entity carries it.
fn reach_of(
    commit: &Change,
    entity: &EntityId,
    owners: &BTreeMap<EntityId, BTreeSet<String>>,
) -> Option<Reach> {
    let files = &commit.commit.as_ref()?.files;
    let name = squash(&entity.name);
    let stem = name.trim_end_matches("service").trim_end_matches("svc").trim_end_matches("api");
    let owned = owners.get(entity);
    let mut best: Option<Reach> = None;
    for path in files {
        let parts: Vec<&str> = path.split('/').collect();
        let folder = owning_folder(path);
        let names_entity = parts.iter().rev().skip(1).any(|part| {
            let part = squash(part);
            part == name || (stem.len() >= 4 && part == stem)
        });
        let reach = if names_entity
            || folder.as_ref().is_some_and(|folder| owned.is_some_and(|set| set.contains(folder)))
        {
            Some(Reach::Carried)
        } else if parts.first().is_some_and(|first| SHARED_ROOTS.contains(first)) || parts.len() == 1 {
            Some(Reach::Shared)
        } else {
            None
        };
        best = match (best, reach) {
            (Some(Reach::Carried), _) | (_, Some(Reach::Carried)) => Some(Reach::Carried),
            (found, None) => found,
            (_, found) => found,
        };
    }
    best
}

/// When things began, as far as one theory is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Began {
    /// Earliest onset among what supports the theory.
    pub at: Timestamp,
    /// The truth lies within this many seconds.
    pub uncertainty_s: i64,
    /// Seconds that the clocks of what was seen and of the deploy system may differ.
    pub clock_s: i64,
    /// Whether the mechanism may have worked unseen for long.
    pub accumulates: bool,
}

/// Whether `at` is later than `began` beyond every doubt about clocks and sampling.
pub(super) fn came_after(at: Timestamp, began: &Began) -> bool {
    at.duration_since(began.at) > SignedDuration::from_secs(began.uncertainty_s + began.clock_s)
}

/// What the moment of a change says for it: the sooner the symptom follows, the more.
pub(super) fn timing_term(candidate: &Candidate, began: &Began, evidence: Vec<EvidenceId>) -> Term {
    let lag_s = began.at.duration_since(candidate.at).as_secs();
    let (weight, text) = if came_after(candidate.at, began) {
        (-6.0, format!("it came {} after the onset", duration_text(-lag_s)))
    } else if lag_s <= 300 + began.uncertainty_s {
        (2.0, format!("the onset followed within {}", duration_text(lag_s.max(0).max(60))))
    } else if lag_s <= 1800 {
        (1.0, format!("the onset followed {} later", duration_text(lag_s)))
    } else if lag_s <= 3 * 3600 {
        (
            if began.accumulates { 0.5 } else { -0.8 },
            format!("the onset followed {} later", duration_text(lag_s)),
        )
    } else if lag_s <= 24 * 3600 {
        (
            if began.accumulates { 0.0 } else { -1.8 },
            format!("the onset followed {} later", duration_text(lag_s)),
        )
    } else {
        (
            if began.accumulates { -0.5 } else { -2.5 },
            format!("the onset followed {} later", duration_text(lag_s)),
        )
    };
    Term { kind: TermKind::Timing, weight, text, findings: Vec::new(), evidence, group: None }
}

/// What the way a change reached the entity says for it.
pub(super) fn reach_term(candidate: &Candidate, evidence: Vec<EvidenceId>) -> Term {
    let (weight, text) = match candidate.reach {
        Reach::Direct => (0.8, format!("it was rolled out to {}", candidate.entity.name)),
        Reach::Carried => (0.2, format!("a deploy of {} carried it", candidate.entity.name)),
        Reach::Shared => {
            (-0.5, format!("a deploy of {} may have carried it as shared code", candidate.entity.name))
        }
    };
    Term { kind: TermKind::Reach, weight, text, findings: Vec::new(), evidence, group: None }
}

/// `90 s`, `12 min`, `3.5 h`.
pub(crate) fn duration_text(seconds: i64) -> String {
    let seconds = seconds.max(0);
    if seconds < 120 {
        format!("{seconds} s")
    } else if seconds < 7200 {
        format!("{} min", (seconds + 30) / 60)
    } else if seconds < 48 * 3600 {
        format!("{:.1} h", seconds as f64 / 3600.0)
    } else {
        format!("{:.1} days", seconds as f64 / 86400.0)
    }
}
