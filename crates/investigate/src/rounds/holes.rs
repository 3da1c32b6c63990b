//! After round two: series with holes, and metrics that the alert or an entity's peers have and it has not.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_analysis::series::words_of;
use midwatch_model::{EntityId, EntityKind, Gap, Signal};

use super::unseen::{NAMES_MAX, listed};
use crate::agents::{self, at};
use crate::board::Board;
use crate::stages::Orientation;

/// Peers that must have a metric before one without it is said to lack it.
const PEERS_MIN: usize = 3;

/// Entities whose holes or metrics are named in one line; more are counted.
const ENTITIES_MAX: usize = 6;

/// Notes gaps for holes in series, for the alert's own series and for single metrics that only one of many lacks.
pub(crate) fn note_holes(orientation: &Orientation, board: &mut Board) {
    let gaps = [holes(board), alerted(orientation, board), lacking(board)];
    for gap in gaps.into_iter().flatten() {
        board.add_gap(gap);
    }
}

fn gap(missing: String, grant: &str) -> Gap {
    Gap {
        signal: Signal::Metrics,
        missing,
        grant: grant.to_owned(),
        settles: agents::settles("metrics").to_owned(),
    }
}

/// How many series an entity has, and the holes in them.
type Holes = (usize, Vec<(i64, i64)>);

/// Entities of which at least half of the series have a hole, with the longest.
fn holes(board: &Board) -> Option<Gap> {
    let mut by_entity: BTreeMap<&EntityId, Holes> = BTreeMap::new();
    for ((entity, _), hole) in &board.series {
        let (series, holes) = by_entity.entry(entity).or_default();
        *series += 1;
        holes.extend(hole);
    }
    let all = by_entity.len();
    let mut found: Vec<(&EntityId, (i64, i64))> = by_entity
        .into_iter()
        .filter(|(_, (series, holes))| 2 * holes.len() >= *series)
        .filter_map(|(entity, (_, holes))| {
            Some((entity, holes.into_iter().max_by_key(|(from, until)| until.saturating_sub(*from))?))
        })
        .collect();
    found.sort_by_key(|(entity, (from, until))| (from.saturating_sub(*until), *entity));
    let (_, (from, until)) = found.first()?;
    let clock = |ns: i64| at(ns).strftime("%H:%M").to_string();
    let missing = if all > 1 && 2 * found.len() > all {
        let between = format!("{} and {}", clock(*from), clock(*until));
        format!(
            "metrics of {} of {all} entities have no points for a while, at the longest between {between}",
            found.len()
        )
    } else {
        let each: Vec<String> = found
            .iter()
            .map(|(entity, (from, until))| {
                format!("{} between {} and {}", entity.name, clock(*from), clock(*until))
            })
            .collect();
        let each: Vec<&str> = each.iter().map(String::as_str).collect();
        format!("metrics have no points of {}", listed(&each, ENTITIES_MAX))
    };
    Some(gap(missing, "find out what stopped measuring, or give the points that are missing"))
}

/// The series that the alert is about, when its target has others but not that one.
fn alerted(orientation: &Orientation, board: &Board) -> Option<Gap> {
    let target = orientation.incident.target.as_ref()?;
    let of_target: BTreeSet<&str> = board
        .series
        .keys()
        .filter(|(entity, _)| entity == target)
        .map(|(_, metric)| metric.as_str())
        .collect();
    if of_target.is_empty() {
        // Nothing of it was measured: that is said already.
        return None;
    }
    let mut missing = BTreeSet::new();
    for metric in orientation.incident.alerts.iter().filter_map(|alert| alert.metric.as_deref()) {
        let words: Vec<String> = words_of(metric).into_iter().filter(|word| word.len() > 3).collect();
        // A monitor may spell the metric differently from the store: it is there when they share a word.
        let there = of_target
            .iter()
            .any(|known| *known == metric || words_of(known).iter().any(|word| words.contains(word)));
        let elsewhere = board.series.keys().any(|(_, known)| known == metric);
        if !of_target.contains(metric) && (elsewhere || (!there && !words.is_empty())) {
            missing.insert(metric);
        }
    }
    let names: Vec<&str> = missing.into_iter().collect();
    if names.is_empty() {
        return None;
    }
    let text =
        format!("{} of {}, which the alert is about, was not there", listed(&names, NAMES_MAX), target.name);
    Some(gap(text, "give the series that the alert watches"))
}

/// Metrics that all other entities of a kind have and one has not, though it logs or leaves spans as they do, or has
/// more of what they all have than it lacks: what shares little with the others is something else.
fn lacking(board: &Board) -> Option<Gap> {
    let mut holders: BTreeMap<(EntityKind, &str), BTreeSet<&EntityId>> = BTreeMap::new();
    let mut measured: BTreeMap<EntityKind, BTreeSet<&EntityId>> = BTreeMap::new();
    for (entity, metric) in board.series.keys() {
        holders.entry((entity.kind, metric)).or_default().insert(entity);
        measured.entry(entity.kind).or_default().insert(entity);
    }
    let mut lacks: BTreeMap<&EntityId, Vec<&str>> = BTreeMap::new();
    for ((kind, metric), have) in &holders {
        let Some(of_kind) = measured.get(kind) else { continue };
        if have.len() < PEERS_MIN || have.len() + 1 != of_kind.len() {
            continue;
        }
        for entity in of_kind.difference(have) {
            lacks.entry(entity).or_default().push(metric);
        }
    }
    let shares = |entity: &EntityId| {
        let common =
            holders.iter().filter(|((kind, _), have)| *kind == entity.kind && have.len() > PEERS_MIN);
        common.filter(|(_, have)| have.contains(entity)).count()
    };
    let works = |entity: &EntityId| {
        [Signal::Logs, Signal::Traces].iter().any(|signal| board.seen.contains(&(*signal, entity.clone())))
    };
    lacks.retain(|entity, lacks| works(entity) || shares(entity) >= lacks.len());
    if lacks.is_empty() {
        return None;
    }
    let each: Vec<String> = lacks
        .iter()
        .map(|(entity, metrics)| format!("{} of {}", listed(metrics, NAMES_MAX), entity.name))
        .collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    let text = format!("{} were not there, though their peers have them", each_listed(&each));
    Some(gap(text, "collect these too, or give the file that holds them"))
}

fn each_listed(each: &[&str]) -> String {
    if each.len() > ENTITIES_MAX {
        return format!(
            "{}; and some of {} more",
            each[..ENTITIES_MAX].join("; "),
            each.len() - ENTITIES_MAX
        );
    }
    each.join("; ")
}
