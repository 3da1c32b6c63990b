//! What the columns of a metric table mean, by their names.

use midwatch_model::EntityKind;

use super::super::keys::plain;

const TIME: [&str; 8] = ["timestamp", "time", "ts", "datetime", "date", "starttime", "timens", "epoch"];
const ENTITY: [(&str, Option<EntityKind>); 26] = [
    ("entity", None),
    ("service", None),
    ("servicename", None),
    ("app", None),
    ("application", None),
    ("workload", Some(EntityKind::Workload)),
    ("deployment", Some(EntityKind::Workload)),
    ("pod", Some(EntityKind::Pod)),
    ("podname", Some(EntityKind::Pod)),
    ("node", Some(EntityKind::Node)),
    ("nodename", Some(EntityKind::Node)),
    ("host", Some(EntityKind::Node)),
    ("hostname", Some(EntityKind::Node)),
    ("machine", Some(EntityKind::Node)),
    ("queue", Some(EntityKind::Queue)),
    ("queuename", Some(EntityKind::Queue)),
    ("topic", Some(EntityKind::Queue)),
    ("database", Some(EntityKind::Database)),
    ("dbinstance", Some(EntityKind::Database)),
    ("instance", None),
    ("container", None),
    ("component", None),
    ("resource", None),
    ("target", None),
    ("job", None),
    ("name", None),
];
const METRIC: [&str; 8] =
    ["metric", "metricname", "measure", "measurement", "kpi", "kpiname", "series", "name"];
const VALUE: [&str; 5] = ["value", "val", "reading", "metricvalue", "avg"];
const UNIT: [&str; 3] = ["unit", "units", "metricunit"];

/// Whether a column called `name` holds times.
pub(in crate::snapshot) fn is_time_column(name: &str) -> bool {
    TIME.contains(&plain(name).as_str())
}

/// One series of a wide table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WideColumn {
    /// Which column.
    pub(super) column: usize,
    /// Entity its name states; `None` when the row or the file says.
    pub(super) entity: Option<String>,
    /// Metric.
    pub(super) metric: String,
}

/// What the columns of a table mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// Column of times.
    pub(super) time: usize,
    /// Column of entities and the kind its name says.
    pub(super) entity: Option<(usize, Option<EntityKind>)>,
    /// Column of metric names, in a long table.
    pub(super) metric: Option<usize>,
    /// Column of values, in a long table.
    pub(super) value: Option<usize>,
    /// Column of units, in a long table.
    pub(super) unit: Option<usize>,
    /// Columns that are labels, in a long table.
    pub(super) labels: Vec<usize>,
    /// The series, in a wide table.
    pub(super) wide: Vec<WideColumn>,
}

/// What `header` means; `None` without a column of times. `known` are names of entities that other files speak of.
pub(super) fn columns_of(header: &[String], known: &[String]) -> Option<Columns> {
    let names: Vec<String> = header.iter().map(|name| plain(name)).collect();
    let position = |wanted: &str| names.iter().position(|name| name == wanted);
    let time = TIME.iter().find_map(|name| position(name))?;
    let value = VALUE.iter().find_map(|name| position(name));
    // `name` is the metric unless another column is.
    let metric = METRIC.iter().find_map(|name| position(name)).filter(|_| value.is_some());
    let entity = ENTITY
        .iter()
        .filter_map(|(name, kind)| Some((position(name)?, *kind)))
        .find(|(column, _)| Some(*column) != metric);
    let unit = UNIT.iter().find_map(|name| position(name));
    let taken = |column: usize| {
        column == time
            || entity.is_some_and(|(at, _)| at == column)
            || [metric, value, unit].contains(&Some(column))
    };
    let free = (0..header.len())
        .filter(|column| !taken(*column) && names.get(*column).is_some_and(|name| !name.is_empty()));
    if value.is_some() {
        let labels = free.collect();
        return Some(Columns { time, entity, metric, value, unit, labels, wide: Vec::new() });
    }
    let free: Vec<usize> = free.collect();
    let titles: Vec<&str> =
        free.iter().filter_map(|column| header.get(*column).map(String::as_str)).collect();
    let split = split_titles(&titles, known, entity.is_some());
    let wide = free
        .iter()
        .zip(split)
        .map(|(column, (entity, metric))| WideColumn { column: *column, entity, metric })
        .collect();
    Some(Columns { time, entity, metric: None, value: None, unit: None, labels: Vec::new(), wide })
}

/// Entity and metric of each title of a wide table.
///
/// A known entity before a separator wins; then the first `:`, then the first `.`; among titles with `-` the split at
/// which most titles share the part before and the part after. A title without any of these is a metric of the file's
/// own entity.
fn split_titles(titles: &[&str], known: &[String], has_entity: bool) -> Vec<(Option<String>, String)> {
    if has_entity {
        return titles.iter().map(|title| (None, (*title).to_owned())).collect();
    }
    let shares = DashShares::of(titles);
    titles.iter().map(|title| split_title(title, known, &shares)).collect()
}

fn split_title(title: &str, known: &[String], shares: &DashShares) -> (Option<String>, String) {
    let own = |at: usize| {
        let entity = title.get(..at).filter(|part| !part.is_empty())?;
        let metric = title.get(at + 1..).filter(|part| !part.is_empty())?;
        Some((Some(entity.to_owned()), metric.to_owned()))
    };
    let is_separator = |byte: Option<&u8>| byte.is_some_and(|byte| b":.-_/".contains(byte));
    let longest = known
        .iter()
        .filter(|name| title.starts_with(name.as_str()) && is_separator(title.as_bytes().get(name.len())))
        .map(String::len)
        .max();
    let at = longest.or_else(|| title.find(':')).or_else(|| title.find('.')).or_else(|| shares.best(title));
    at.and_then(own).unwrap_or((None, title.to_owned()))
}

/// How many titles share each part before and after a `-`.
struct DashShares {
    heads: std::collections::BTreeMap<String, usize>,
    tails: std::collections::BTreeMap<String, usize>,
}

/// Places in a title at which a split is tried.
const DASHES_MAX: usize = 8;

impl DashShares {
    fn of(titles: &[&str]) -> DashShares {
        let mut shares = DashShares { heads: Default::default(), tails: Default::default() };
        for title in titles {
            for (at, _) in title.match_indices('-').take(DASHES_MAX) {
                *shares.heads.entry(title.get(..at).unwrap_or_default().to_owned()).or_default() += 1;
                *shares.tails.entry(title.get(at + 1..).unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        shares
    }

    fn best(&self, title: &str) -> Option<usize> {
        let splits = title.match_indices('-').take(DASHES_MAX).filter_map(|(at, _)| {
            let (head, tail) = (title.get(..at)?, title.get(at + 1..)?);
            let shared = self.heads.get(head)? * self.tails.get(tail)?;
            let tail_is_word = tail.starts_with(|letter: char| letter.is_alphabetic());
            Some(((tail_is_word, shared, at), at))
        });
        splits.max().map(|(_, at)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn long_tables() {
        let columns = columns_of(&header(&["Timestamp", "service", "metric", "value", "zone"]), &[]).unwrap();
        assert_eq!((columns.time, columns.entity, columns.metric), (0, Some((1, None)), Some(2)));
        assert_eq!((columns.value, columns.labels), (Some(3), vec![4]));
        let columns = columns_of(&header(&["ts", "host", "name", "value"]), &[]).unwrap();
        assert_eq!((columns.entity, columns.metric), (Some((1, Some(EntityKind::Node))), Some(2)));
        assert_eq!(columns_of(&header(&["service", "metric", "value"]), &[]), None);
    }

    fn titles(names: &[&str], known: &[&str]) -> Vec<(Option<String>, String)> {
        split_titles(names, &header(known), false)
    }

    fn parts(entity: &str, metric: &str) -> (Option<String>, String) {
        (Some(entity.to_owned()), metric.to_owned())
    }

    #[test]
    fn wide_titles() {
        assert_eq!(titles(&["svc-a.cpu_percent"], &[]), [parts("svc-a", "cpu_percent")]);
        assert_eq!(titles(&["svc-a:latency-p99"], &[]), [parts("svc-a", "latency-p99")]);
        assert_eq!(titles(&["svc-a_cpu"], &["svc", "svc-a"]), [parts("svc-a", "cpu")]);
        assert_eq!(titles(&["cpu_percent"], &[]), [(None, "cpu_percent".to_owned())]);
        let dashed = titles(&["svc-a-cpu", "svc-a-mem", "svc-b-cpu", "svc-b-mem"], &[]);
        assert_eq!(
            dashed,
            [parts("svc-a", "cpu"), parts("svc-a", "mem"), parts("svc-b", "cpu"), parts("svc-b", "mem")]
        );
        let numbered = titles(&["a-latency-50", "a-latency-90", "b-latency-50", "b-latency-90"], &[]);
        assert_eq!(numbered[0], parts("a", "latency-50"));
    }

    #[test]
    fn a_table_with_an_entity_column_and_one_column_a_metric() {
        let columns = columns_of(&header(&["time", "pod", "cpu", "mem"]), &[]).unwrap();
        assert_eq!(columns.entity, Some((1, Some(EntityKind::Pod))));
        assert_eq!(columns.wide.len(), 2);
        assert_eq!(columns.wide[0].entity, None);
    }
}
