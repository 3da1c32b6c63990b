//! What the files hold, read once when first asked for.

use std::sync::OnceLock;

use midwatch_analysis::series::Series;
use midwatch_model::{Change, EntityId, EntityKind, Topology, Trigger};
use midwatch_sources::{Document, Printout};

use super::changes::{self, RawChange};
use super::damage::DamageLog;
use super::identity::Identity;
use super::logs::{self, StatedPattern};
use super::metrics::{self, StoredSeries};
use super::scan::{Scan, SnapshotFile};
use super::traces::{self, SpanStore};
use super::{alert, topology};
use super::{cluster, documents};

/// The files and what was read of them so far.
pub(super) struct SnapshotData {
    /// The files, sorted by relative path.
    pub(super) files: Vec<SnapshotFile>,
    scan_damage: DamageLog,
    context: OnceLock<Context>,
    spans: OnceLock<(SpanStore, DamageLog)>,
    metrics: OnceLock<MetricData>,
}

/// Everything small: alerts, changes, documents, topology, stated patterns.
pub(super) struct Context {
    /// What started the incident.
    pub(super) trigger: Option<Trigger>,
    /// Stated entities and relations.
    pub(super) topology: Topology,
    /// Documents.
    pub(super) documents: Vec<Document>,
    /// What a cluster's tools printed.
    pub(super) printouts: Vec<Printout>,
    /// Stated log patterns.
    pub(super) stated: Vec<StatedPattern>,
    changes: Vec<RawChange>,
    damage: DamageLog,
}

/// Metrics and the identity of every name in them.
pub(super) struct MetricData {
    /// Series by key; the number is that of the file.
    pub(super) series: Vec<(Series, u32)>,
    /// First and last time.
    pub(super) ends_ns: Option<(i64, i64)>,
    identity: Identity,
    damage: DamageLog,
}

impl SnapshotData {
    /// The data of scanned files; nothing is read yet.
    pub(super) fn new(scan: Scan) -> SnapshotData {
        SnapshotData {
            files: scan.files,
            scan_damage: scan.damage,
            context: OnceLock::new(),
            spans: OnceLock::new(),
            metrics: OnceLock::new(),
        }
    }

    /// Alerts, changes, documents, topology, stated patterns.
    pub(super) fn context(&self) -> &Context {
        self.context.get_or_init(|| {
            let mut damage = DamageLog::default();
            Context {
                trigger: alert::read(&self.files, &mut damage),
                topology: topology::read(&self.files, &mut damage),
                documents: documents::read(&self.files, &mut damage),
                printouts: cluster::read(&self.files, &mut damage),
                stated: logs::read_stated(&self.files, &mut damage),
                changes: changes::read(&self.files, &mut damage),
                damage,
            }
        })
    }

    /// Spans.
    pub(super) fn spans(&self) -> &SpanStore {
        let (store, _) = self.spans.get_or_init(|| {
            let mut damage = DamageLog::default();
            (traces::read(&self.files, &mut damage), damage)
        });
        store
    }

    /// Metrics.
    pub(super) fn metrics(&self) -> &MetricData {
        self.metrics.get_or_init(|| self.read_metrics())
    }

    /// Changes by time, their entities of the kind their names stand for, with the number of their file.
    pub(super) fn changes(&self) -> Vec<(Change, u32)> {
        let identity = &self.metrics().identity;
        let identified = |raw: &RawChange| {
            let mut change = raw.change.clone();
            let repository = |entity: &EntityId| entity.kind == EntityKind::Repository;
            change.entity = change
                .entity
                .map(|entity| if repository(&entity) { entity } else { identity.entity(&entity.name) });
            (change, raw.file)
        };
        self.context().changes.iter().map(identified).collect()
    }

    /// When changes happened, and whether any commit has a diff.
    pub(super) fn changes_facts(&self) -> (Option<(i64, i64)>, bool) {
        let changes = &self.context().changes;
        let at = |raw: &RawChange| i64::try_from(raw.change.at.as_nanosecond()).unwrap_or(0);
        let ends = changes.first().map(at).zip(changes.last().map(at));
        let diffs =
            changes.iter().any(|raw| raw.change.commit.as_ref().is_some_and(|commit| commit.diff.is_some()));
        (ends, diffs)
    }

    /// Damage of everything but logs.
    pub(super) fn damage(&self) -> DamageLog {
        let mut all = self.scan_damage.clone();
        all.merge(&self.context().damage);
        all.merge(&self.metrics().damage);
        self.spans();
        if let Some((_, damage)) = self.spans.get() {
            all.merge(damage);
        }
        all
    }

    /// The name of a file in citations.
    pub(super) fn file_name(&self, number: u32) -> &str {
        self.files.get(number as usize).map_or("", |file| file.relative.as_str())
    }

    fn read_metrics(&self) -> MetricData {
        let context = self.context();
        let mut known: Vec<String> =
            context.topology.entities.iter().map(|entity| entity.name.clone()).collect();
        known.extend(context.changes.iter().filter_map(|raw| Some(raw.change.entity.as_ref()?.name.clone())));
        if self.files.iter().any(|file| file.kind == super::classify::FileKind::MetricsCsv) {
            known.extend(self.spans().services().into_iter().map(str::to_owned));
        }
        known.retain(|name| !name.is_empty());
        known.sort();
        known.dedup();
        let mut damage = DamageLog::default();
        let stored = metrics::read(&self.files, &known, &mut damage).finish();
        let identity = Identity::of(&context.topology, &stored);
        let series = identified(stored, &identity);
        let firsts = series.iter().filter_map(|(series, _)| series.times_ns.first().copied());
        let lasts = series.iter().filter_map(|(series, _)| series.times_ns.last().copied());
        let ends_ns = firsts.min().zip(lasts.max());
        MetricData { series, ends_ns, identity, damage }
    }
}

/// Series with the kinds their entities have, by key. Series that have become one by that are joined.
fn identified(stored: Vec<StoredSeries>, identity: &Identity) -> Vec<(Series, u32)> {
    let mut all: Vec<(Series, u32)> = stored
        .into_iter()
        .map(|stored| {
            let mut series = stored.series;
            series.key.entity = identity.entity(&series.key.entity.name);
            (series, stored.file)
        })
        .collect();
    all.sort_by(|a, b| a.0.key.cmp(&b.0.key).then(a.1.cmp(&b.1)));
    let mut joined: Vec<(Series, u32)> = Vec::with_capacity(all.len());
    for (series, file) in all {
        match joined.last_mut() {
            Some((last, _)) if last.key == series.key => {
                let points = |series: &Series| -> Vec<(i64, f64)> {
                    series.times_ns.iter().copied().zip(series.values.iter().copied()).collect()
                };
                let mut both = points(last);
                both.extend(points(&series));
                *last = Series::from_points(series.key, both);
            }
            _ => joined.push((series, file)),
        }
    }
    joined
}
