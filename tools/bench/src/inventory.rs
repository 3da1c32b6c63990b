//! What a snapshot holds, as its sources tell it: what is gone from a thinned copy is the difference of two of these.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use midwatch_app::snapshot_sources;
use midwatch_model::{Change, ChangeId, EntityKind, Report, Signal, Timestamp, Window};
use midwatch_sources::{Ask, ChangeQuery, DocumentQuery, InventoryQuery, LogQuery, MetricQuery, SpanQuery};

/// What a snapshot holds.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// Whose metrics, logs and spans there are.
    streams: BTreeSet<(Signal, String)>,
    /// Metrics by name: of what kind of thing, whose, which.
    metrics: BTreeSet<(EntityKind, String, String)>,
    /// Changes.
    changes: BTreeMap<ChangeId, Change>,
    /// Whether relations are declared.
    declared: bool,
    /// Documents by reference.
    documents: BTreeSet<String>,
    /// Names that anything in it gives, with their kinds.
    names: BTreeMap<String, EntityKind>,
    /// Files of logs and traces as they lie, for finding whether something is spoken of.
    text: String,
    /// The files of alerts.
    alerts: String,
}

/// Something that is gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gone {
    /// All metrics, logs or spans of an entity.
    Stream(Signal, String),
    /// One metric of an entity that has others.
    Metric(String, String),
    /// A deploy, flag, setting, event or commit.
    Change(ChangeId),
    /// All relations that were declared.
    Topology,
    /// A document.
    Document(String),
}

/// What is gone in words, whether what is left lets anybody know, and whether the report says it.
#[derive(Debug)]
pub(crate) struct Loss {
    /// Word for the table: `metrics`, `one metric`, `logs`, `deploy` …
    pub(crate) sort: &'static str,
    /// Whether something that is left refers to it; see [`Inventory::knowable`].
    pub(crate) knowable: bool,
    /// Whether a gap names it.
    pub(crate) named: bool,
    /// What is gone.
    pub(crate) gone: Gone,
}

impl Inventory {
    /// What the snapshot in `directory` holds.
    pub(crate) fn of(directory: &Path) -> Result<Inventory> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let mut inventory = runtime.block_on(ask(directory))?;
        read_texts(directory, &mut inventory)?;
        Ok(inventory)
    }

    /// What `self` holds and `left` does not, with whether `report`, made from `left`, says so.
    pub(crate) fn losses(&self, left: &Inventory, report: &Report) -> Vec<Loss> {
        let mut gone: BTreeSet<Gone> = BTreeSet::new();
        for (signal, name) in self.streams.difference(&left.streams) {
            gone.insert(Gone::Stream(*signal, name.clone()));
        }
        for (_, name, metric) in self.metrics.difference(&left.metrics) {
            if left.streams.contains(&(Signal::Metrics, name.clone())) {
                gone.insert(Gone::Metric(name.clone(), metric.clone()));
            }
        }
        gone.extend(
            self.changes.keys().filter(|id| !left.changes.contains_key(*id)).cloned().map(Gone::Change),
        );
        gone.extend(self.documents.difference(&left.documents).cloned().map(Gone::Document));
        if self.declared && !left.declared {
            gone.insert(Gone::Topology);
        }
        gone.into_iter()
            .map(|gone| Loss {
                sort: self.sort(&gone),
                knowable: self.knowable(&gone, left, report),
                named: self.named(&gone, report),
                gone,
            })
            .collect()
    }

    fn sort(&self, gone: &Gone) -> &'static str {
        match gone {
            Gone::Stream(signal, _) => signal.as_str(),
            Gone::Metric(..) => "one metric",
            Gone::Change(id) => self.changes.get(id).map_or("change", |change| change.kind.as_str()),
            Gone::Topology => "topology",
            Gone::Document(_) => "document",
        }
    }

    /// Whether what is left shows that something is gone. The rule:
    ///
    /// - metrics, logs or spans of an entity: none of that signal are left at all; or something left names the entity, and
    ///   of the other entities of its kind that are named more than half still have that signal;
    /// - one metric of an entity: all other entities of its kind that still have metrics have it, and these are at least
    ///   three;
    /// - a commit: a change that is left names it as its head and was not replaced before the onset;
    /// - a deploy: a line of logs or a span that is left holds its version next to the name of what was deployed;
    /// - a flag, a setting, an event, a migration: a line of logs or a span that is left holds its name;
    /// - declared relations: always;
    /// - a document: the alert names its file.
    fn knowable(&self, gone: &Gone, left: &Inventory, report: &Report) -> bool {
        match gone {
            Gone::Stream(signal, name) => {
                if !left.streams.iter().any(|(other, _)| other == signal) {
                    return true;
                }
                let Some(kind) = left.names.get(name) else { return false };
                let peers = || left.names.iter().filter(|(other, of)| *of == kind && *other != name);
                let have =
                    peers().filter(|(other, _)| left.streams.contains(&(*signal, (*other).clone()))).count();
                2 * have > peers().count()
            }
            Gone::Metric(name, metric) => {
                let Some((kind, ..)) = left.metrics.iter().find(|(_, other, _)| other == name) else {
                    return false;
                };
                let others = |wanted: Option<&str>| {
                    let same = left.metrics.iter().filter(|(of, other, metric)| {
                        of == kind && other != name && wanted.is_none_or(|wanted| wanted == metric)
                    });
                    same.map(|(_, other, _)| other).collect::<BTreeSet<_>>().len()
                };
                let have = others(Some(metric));
                have >= 3 && have == others(None)
            }
            Gone::Change(id) => {
                self.changes.get(id).is_some_and(|change| left.speaks_of(change, onset(report)))
            }
            Gone::Topology => true,
            Gone::Document(reference) => {
                let file = reference.rsplit('/').next().unwrap_or(reference);
                left.alerts.contains(file)
            }
        }
    }

    fn speaks_of(&self, change: &Change, onset: Timestamp) -> bool {
        if let Some(commit) = &change.commit {
            return self.changes.values().any(|other| {
                let names_it = other.commit_sha.as_deref().is_some_and(|sha| {
                    sha.len() >= 7 && (commit.sha.starts_with(sha) || sha.starts_with(&commit.sha))
                });
                let replaced = self.changes.values().any(|later| {
                    later.kind == other.kind
                        && later.entity == other.entity
                        && later.at > other.at
                        && later.at < onset
                });
                names_it && other.commit.is_none() && !replaced
            });
        }
        let name = change.reference.as_str();
        let whose = change.entity.as_ref().map(|entity| entity.name.as_str());
        name.len() > 3
            && self.text.lines().any(|line| {
                let beside = || {
                    let whose = whose.unwrap_or_default();
                    line.contains(&format!("{whose} {name}")) || line.contains(&format!("{whose}/{name}"))
                };
                line.contains(name) && (change.kind.as_str() != "deploy" || beside())
            })
    }

    fn named(&self, gone: &Gone, report: &Report) -> bool {
        let any = |wanted: &[&str]| {
            report.gaps.iter().any(|gap| wanted.iter().all(|word| holds_word(&gap.missing, word)))
        };
        match gone {
            Gone::Stream(signal, name) => {
                let word = signal.as_str();
                let plain = if *signal == Signal::Traces { "spans" } else { word };
                any(&[word, name])
                    || any(&[plain, name])
                    || any(&[&format!("no {word}")])
                    || any(&[&format!("no source serves {word}")])
            }
            Gone::Metric(name, metric) => any(&[name, metric]),
            Gone::Change(id) => self.changes.get(id).is_some_and(|change| {
                let by_hash = change.commit.as_ref().and_then(|commit| commit.sha.get(..8));
                by_hash.map_or_else(|| any(&[&change.reference]), |short| any(&[short]))
            }),
            Gone::Topology => any(&["no topology"]),
            Gone::Document(reference) => any(&[reference]),
        }
    }
}

/// When what the report is about began; long after everything when it does not say.
fn onset(report: &Report) -> Timestamp {
    report.impact.onset.map_or(report.incident.now, |onset| onset.at)
}

/// Whether `text` holds `word` with no letter, digit, dash or underscore on either side of it.
fn holds_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

async fn ask(directory: &Path) -> Result<Inventory> {
    let mut found = Inventory::default();
    let window = Window::new(Timestamp::UNIX_EPOCH, Timestamp::MAX).context("a window over all times")?;
    let mut named: Vec<(String, EntityKind)> = Vec::new();
    for source in snapshot_sources(directory)? {
        if let Some(metrics) = source.metrics() {
            let fetched = metrics.series(&Ask::new(MetricQuery::default(), window)).await?;
            for series in fetched.data().into_iter().flat_map(|set| &set.series) {
                let entity = &series.key.entity;
                found.streams.insert((Signal::Metrics, entity.name.clone()));
                found.metrics.insert((entity.kind, entity.name.clone(), series.key.metric.clone()));
                named.push((entity.name.clone(), entity.kind));
            }
        }
        if let Some(logs) = source.logs() {
            let fetched = logs.patterns(&Ask::new(LogQuery::default(), window)).await?;
            for pattern in fetched.data().into_iter().flat_map(|patterns| &patterns.patterns) {
                found.streams.insert((Signal::Logs, pattern.entity.clone()));
                named.push((pattern.entity.clone(), EntityKind::Service));
            }
        }
        if let Some(traces) = source.traces() {
            let fetched = traces.spans(&Ask::new(SpanQuery::default(), window)).await?;
            if let Some(batch) = fetched.data() {
                for span in (0..batch.len()).filter_map(|row| batch.row(row)) {
                    found.streams.insert((Signal::Traces, span.service.to_owned()));
                    named.push((span.service.to_owned(), EntityKind::Service));
                }
            }
        }
        if let Some(changes) = source.changes() {
            let fetched = changes.changes(&Ask::new(ChangeQuery { with_diffs: false }, window)).await?;
            for change in fetched.data().into_iter().flatten() {
                let runs = |kind: EntityKind| kind != EntityKind::Repository;
                named.extend(
                    change
                        .entity
                        .iter()
                        .filter(|e| runs(e.kind))
                        .map(|entity| (entity.name.clone(), entity.kind)),
                );
                found.changes.insert(change.id.clone(), change.clone());
            }
        }
        if let Some(inventory) = source.inventory() {
            let fetched = inventory.topology(&Ask::new(InventoryQuery::default(), window)).await?;
            if let Some(topology) = fetched.data() {
                found.declared |= !topology.relations.is_empty();
                named.extend(topology.entities.iter().map(|entity| (entity.name.clone(), entity.kind)));
            }
        }
        if let Some(documents) = source.documents() {
            let fetched = documents.documents(&Ask::new(DocumentQuery::default(), window)).await?;
            found
                .documents
                .extend(fetched.data().into_iter().flatten().map(|document| document.reference.clone()));
        }
    }
    // What a source knows to be a database or a node is not a service because it logs.
    named.sort_by_key(|(name, kind)| (name.clone(), *kind == EntityKind::Service));
    for (name, kind) in named {
        found.names.entry(name).or_insert(kind);
    }
    Ok(found)
}

fn read_texts(directory: &Path, inventory: &mut Inventory) -> Result<()> {
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let inside = path.strip_prefix(directory)?.to_string_lossy().into_owned();
            let telemetry = ["logs", "log", "traces", "spans"].iter().any(|word| inside.starts_with(word));
            if inside.starts_with("alert") {
                inventory.alerts.push_str(&text);
            } else if telemetry {
                inventory.text.push_str(&text);
                inventory.text.push('\n');
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_inside_a_longer_name_is_not_named() {
        assert!(holds_word("logs of svc-a, svc-b were not there", "svc-a"));
        assert!(holds_word("logs of svc-a", "svc-a"));
        assert!(!holds_word("logs of svc-a-2 and my-svc-a", "svc-a"));
    }
}
