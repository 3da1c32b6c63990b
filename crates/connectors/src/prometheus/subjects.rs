//! What series are about: names, kinds and places, told over everything that came back.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_analysis::series::{Series, SeriesKey};
use midwatch_model::{EntityId, EntityKind, Scope};

use super::client::WireSeries;
use super::plan::Planned;
use crate::naming;

/// Series as they come, before their kinds are told.
#[derive(Default)]
pub(super) struct Subjects {
    /// Each with whether its label says its kind.
    series: Vec<(Series, bool)>,
    /// Metrics of each name whose kind no label says.
    metrics: BTreeMap<String, BTreeSet<String>>,
}

impl Subjects {
    /// Adds the answer to a query. A series that names no subject, or none of whose values is a number, is left out.
    pub(super) fn extend(&mut self, planned: &Planned, answer: impl Iterator<Item = WireSeries>) {
        for wire in answer {
            let Some((series, stated)) = read(planned, wire) else { continue };
            if !stated {
                let name = series.key.entity.name.clone();
                self.metrics.entry(name).or_default().insert(planned.metric.clone());
            }
            self.series.push((series, stated));
        }
    }

    /// The series, each name with one kind: what its label says, else what all its metrics and its name look like.
    pub(super) fn series(self) -> Vec<Series> {
        let Subjects { series, metrics } = self;
        let kinds: BTreeMap<&String, EntityKind> = metrics
            .iter()
            .map(|(name, metrics)| (name, naming::guess(name, &metrics.iter().map(String::as_str).collect())))
            .collect();
        series
            .into_iter()
            .map(|(mut series, stated)| {
                if let (false, Some(kind)) = (stated, kinds.get(&series.key.entity.name)) {
                    series.key.entity.kind = *kind;
                }
                series
            })
            .collect()
    }
}

fn read(planned: &Planned, wire: WireSeries) -> Option<(Series, bool)> {
    let mut labels = wire.metric;
    labels.remove("__name__");
    labels.extend(planned.labels.iter().cloned());
    let (label, kind) = naming::subject(|key| labels.get(key).map(String::as_str))?;
    let name = labels.remove(label)?;
    let points: Vec<(i64, f64)> = wire
        .values
        .iter()
        .filter_map(|(at, value)| {
            let at_ns = ((at * 1_000.0).round() as i64).checked_mul(1_000_000)?;
            Some((at_ns, value.parse().ok()?))
        })
        .collect();
    let key = SeriesKey {
        entity: EntityId::new(kind.unwrap_or(EntityKind::Service), name),
        metric: planned.metric.clone(),
        labels,
        unit: planned.unit,
        counter: Some(false),
    };
    let series = Series::from_points(key, points);
    series.values.iter().any(|value| value.is_finite()).then_some((series, kind.is_some()))
}

/// Keeps things of one name apart that live in different places. A place that was asked for is kept; else a name is given its
/// place only when it occurs in several.
pub(super) fn place_apart(series: &mut [Series], asked: &[EntityId]) {
    let mut places: BTreeMap<(EntityKind, String), BTreeSet<Scope>> = BTreeMap::new();
    for one in series.iter() {
        let at = place(one);
        // What says nothing of its place may be anywhere.
        if !at.is_unknown() {
            places.entry((one.key.entity.kind, one.key.entity.name.clone())).or_default().insert(at);
        }
    }
    for one in series.iter_mut() {
        let at = place(one);
        let several = places
            .get(&(one.key.entity.kind, one.key.entity.name.clone()))
            .is_some_and(|places| places.len() > 1);
        let was_asked = asked.iter().any(|entity| entity.name == one.key.entity.name && entity.scope == at);
        if several || was_asked {
            one.key.entity.scope = at;
        }
    }
}

fn place(series: &Series) -> Scope {
    let label = |names: &[&str]| names.iter().find_map(|name| series.key.labels.get(*name).cloned());
    Scope {
        org: None,
        environment: label(&["environment", "env"]),
        cluster: label(&["cluster"]),
        namespace: label(&["namespace"]),
    }
}

#[cfg(test)]
mod tests {
    use midwatch_model::Unit;

    use super::*;

    fn subjects(rows: &[(&str, &[(&str, &str)])]) -> Vec<Series> {
        let mut subjects = Subjects::default();
        for (metric, labels) in rows {
            let planned = Planned {
                metric: (*metric).to_owned(),
                labels: Vec::new(),
                unit: Unit::Unknown,
                query: String::new(),
            };
            let metric = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let wire = WireSeries {
                metric,
                values: vec![(1.0, "2".to_owned()), (1e300, "3".to_owned())],
                value: None,
            };
            subjects.extend(&planned, [wire].into_iter());
        }
        subjects.series()
    }

    #[test]
    fn a_name_has_one_kind_whatever_metric_tells_of_it() {
        let node = [("instance", "10.0.0.5:9100"), ("job", "node-exporter")];
        let series = subjects(&[
            ("node_load1", &node),
            ("node_memory_bytes", &node),
            ("up", &node),
            ("db_connections", &[("service", "orders-db")]),
            ("cpu", &[("service", "orders-db")]),
            ("cpu", &[("pod", "orders-db")]),
            ("cpu", &[("zone", "z")]),
        ]);
        let kinds: Vec<EntityKind> = series.iter().map(|series| series.key.entity.kind).collect();
        use EntityKind::{Database, Node, Pod};
        assert_eq!(kinds, [Node, Node, Node, Database, Database, Pod]);
        // A time beyond all calendars is left out.
        assert!(series.iter().all(|series| series.values == [2.0]));
    }

    #[test]
    fn what_says_nothing_of_its_place_makes_no_second_one() {
        let mut series = subjects(&[("a", &[("app", "web"), ("env", "prod")]), ("b", &[("app", "web")])]);
        place_apart(&mut series, &[]);
        assert!(series.iter().all(|series| series.key.entity.scope.is_unknown()));
        let mut series =
            subjects(&[("a", &[("app", "web"), ("env", "prod")]), ("a", &[("app", "web"), ("env", "dev")])]);
        place_apart(&mut series, &[]);
        let places: Vec<Option<String>> =
            series.iter().map(|series| series.key.entity.scope.environment.clone()).collect();
        assert_eq!(places, [Some("prod".to_owned()), Some("dev".to_owned())]);
    }
}
