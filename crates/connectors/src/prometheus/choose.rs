//! Which metrics are asked for when everything is: those whose names say what they measure, the most telling first.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_analysis::series::classify;
use midwatch_model::{Measure, Unit};

use super::client::WireMetadata;
use super::promql::Aggregation;

/// What kind of metric a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Grows only.
    Counter,
    /// Goes up and down; so it is put together.
    Gauge(Aggregation),
    /// Buckets, `_count` and `_sum`.
    Histogram,
    /// Buckets inside each sample.
    NativeHistogram,
    /// `_count` and `_sum` without buckets.
    Summary,
}

/// A family to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Name, for a histogram without its suffix.
    pub(super) family: String,
    pub(super) shape: Shape,
    pub(super) measure: Measure,
    /// Unit that the system states.
    pub(super) unit: String,
}

impl Chosen {
    /// The metric whose series are counted before it is asked for.
    pub(super) fn counted_name(&self) -> String {
        match self.shape {
            Shape::Histogram => format!("{}_bucket", self.family),
            Shape::Summary => format!("{}_count", self.family),
            _ => self.family.clone(),
        }
    }
}

/// What was chosen out of how many that would have been worth it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) chosen: Vec<Chosen>,
    pub(super) eligible: usize,
}

/// Metrics that monitoring systems keep about themselves. They are left out unless wanted by name.
const OWN: &[&str] = &[
    "prometheus_",
    "alertmanager_",
    "promhttp_",
    "scrape_",
    "net_conntrack_",
    "ALERTS",
    "vm_",
    "vmagent_",
    "cortex_",
    "thanos_",
    "loki_",
    "grafana_",
    "go_gc_",
    "go_memstats_",
    "go_sched_",
    "go_sync_",
    "go_cpu_",
    "go_info",
    "process_cpu_seconds_total",
    "process_virtual_",
    "process_start_",
    "process_network_",
    "python_gc_",
    "jvm_info",
    "node_scrape_",
    "node_textfile_",
    "apiserver_",
    "etcd_debugging_",
    "rest_client_",
    "workqueue_",
    "kubelet_runtime_",
    "kubelet_http_",
    "kubelet_pod_worker_",
    "kubelet_pleg_",
    "kubelet_cgroup_",
    "kubelet_docker_",
];

/// The families among `names`: those of `wanted` in any case, the most telling others up to `most` in all.
pub(super) fn choose(
    names: &[String],
    metadata: &BTreeMap<String, Vec<WireMetadata>>,
    wanted: &[String],
    most: usize,
) -> Choice {
    let all: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut families: BTreeMap<(String, bool), Chosen> = BTreeMap::new();
    for name in &all {
        let chosen = family(name, &all, metadata);
        let is_wanted = wanted.iter().any(|wanted| wanted == name || *wanted == chosen.family);
        let telling = chosen.measure != Measure::Other && !OWN.iter().any(|own| name.starts_with(own));
        if is_wanted || (wanted.is_empty() && telling) {
            // The quantiles of a summary bear its own name.
            let of = (chosen.family.clone(), chosen.shape == Shape::Summary);
            families.entry(of).or_insert(chosen);
        }
    }
    let mut chosen: Vec<Chosen> = families.into_values().collect();
    let eligible = chosen.len();
    chosen.sort_by(|a, b| (rank(a.measure), &a.family).cmp(&(rank(b.measure), &b.family)));
    chosen.truncate(most);
    Choice { chosen, eligible }
}

/// The family that a metric's name belongs to.
fn family(name: &str, all: &BTreeSet<&str>, metadata: &BTreeMap<String, Vec<WireMetadata>>) -> Chosen {
    let has = |base: &str, suffix: &str| all.contains(format!("{base}{suffix}").as_str());
    let base_of = |accept: &dyn Fn(&str) -> bool| {
        ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix).filter(|base| accept(base)))
    };
    let histogram = base_of(&|base| has(base, "_bucket"));
    let summary = base_of(&|base| has(base, "_count") && has(base, "_sum"));
    let base = histogram.or(summary).unwrap_or(name);
    // A counter's type may be stated without its suffix.
    let stated = [base, base.strip_suffix("_total").unwrap_or(base)]
        .iter()
        .find_map(|name| metadata.get(*name))
        .and_then(|metadata| metadata.first());
    let kind = stated.map(|stated| stated.kind.as_str()).unwrap_or_default();
    let meaning = classify(base, Unit::Unknown, &BTreeMap::new());
    let shape = match kind {
        _ if histogram.is_some() => Shape::Histogram,
        _ if summary.is_some() => Shape::Summary,
        "histogram" => Shape::NativeHistogram,
        "counter" => Shape::Counter,
        "gauge" => Shape::Gauge(put_together(meaning.measure, meaning.unit)),
        _ if ["_total", "_count", "_sum"].iter().any(|suffix| base.ends_with(suffix)) => Shape::Counter,
        _ => Shape::Gauge(put_together(meaning.measure, meaning.unit)),
    };
    let unit = stated.map(|stated| stated.unit.clone()).unwrap_or_default();
    Chosen { family: base.to_owned(), shape, measure: meaning.measure, unit }
}

/// What stays meaningful when the instances of a service are one.
fn put_together(measure: Measure, unit: Unit) -> Aggregation {
    match (measure, unit) {
        (Measure::Availability, _) | (Measure::CertificateTime, _) => Aggregation::Min,
        (Measure::Latency | Measure::ReplicationLag | Measure::QueueAge | Measure::ClockOffset, _) => {
            Aggregation::Max
        }
        (_, Unit::Ratio | Unit::Percent) => Aggregation::Mean,
        _ => Aggregation::Sum,
    }
}

/// Symptoms before resources before the rest.
fn rank(measure: Measure) -> u8 {
    match measure {
        Measure::Errors => 0,
        Measure::Latency => 1,
        Measure::Availability => 2,
        Measure::Load | Measure::Throughput => 3,
        Measure::Restarts | Measure::Crashes | Measure::Replicas => 4,
        Measure::QueueDepth
        | Measure::QueueAge
        | Measure::ReplicationLag
        | Measure::Locks
        | Measure::PoolWait => 5,
        Measure::Connections | Measure::Throttling | Measure::CpuThrottling | Measure::Retries => 6,
        Measure::Cpu | Measure::Memory | Measure::Disk => 7,
        Measure::DiskIo | Measure::StorageLoad | Measure::NetworkErrors | Measure::GarbageCollection => 8,
        Measure::Limit | Measure::CapacityUsed => 9,
        Measure::Other => 11,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        names: &[&str],
        types: &[(&str, &str)],
        wanted: &[&str],
        most: usize,
        expected: &[(&str, Shape)],
    ) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let metadata = types
            .iter()
            .map(|(name, kind)| {
                let stated = WireMetadata { kind: (*kind).to_owned(), unit: String::new() };
                ((*name).to_owned(), vec![stated])
            })
            .collect();
        let choice = choose(&owned(names), &metadata, &owned(wanted), most);
        let found: Vec<(&str, Shape)> =
            choice.chosen.iter().map(|chosen| (chosen.family.as_str(), chosen.shape)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn families_are_told_by_type_and_by_suffix() {
        check(
            &[
                "http_request_duration_seconds_bucket",
                "http_request_duration_seconds_count",
                "http_request_duration_seconds_sum",
                "http_requests_total",
                "http_errors",
                "queue_depth",
            ],
            &[("http_errors", "counter")],
            &[],
            10,
            &[
                ("http_errors", Shape::Counter),
                ("http_request_duration_seconds", Shape::Histogram),
                ("http_requests_total", Shape::Counter),
                ("queue_depth", Shape::Gauge(Aggregation::Sum)),
            ],
        );
        check(
            &["rpc_duration_seconds"],
            &[("rpc_duration_seconds", "histogram")],
            &[],
            10,
            &[("rpc_duration_seconds", Shape::NativeHistogram)],
        );
    }

    #[test]
    fn what_says_nothing_and_what_monitoring_keeps_about_itself_is_left_out_unless_wanted() {
        let names = ["prometheus_http_requests_total", "foo", "up"];
        check(&names, &[], &[], 10, &[("up", Shape::Gauge(Aggregation::Min))]);
        check(&names, &[], &["foo"], 10, &[("foo", Shape::Gauge(Aggregation::Sum))]);
    }

    #[test]
    fn symptoms_come_first() {
        let names = ["cpu_usage_seconds_total", "http_errors_total", "latency_seconds"];
        check(&names, &[], &[], 1, &[("http_errors_total", Shape::Counter)]);
    }
}
