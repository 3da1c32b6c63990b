//! What was measured of one program or machine, together.

use std::collections::BTreeMap;

use crate::context::{Context, Measured, Measurement};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture};
use crate::reason::workload::{Workload, workloads};

/// Slower by less than this is not felt, whatever the ratio.
const RISE_MS_MIN: f64 = 20.0;
/// Smaller rises count when they are a multiple of what was usual.
const SMALL_RISE_MS_MIN: f64 = 5.0;
/// Least share by which a latency has to rise.
const RISE_RATIO_MIN: f64 = 1.5;
const SMALL_RISE_RATIO_MIN: f64 = 3.0;
/// Cores by which the use of a processor has to rise; less is what any busy hour does.
const CORES_RISE_MIN: f64 = 0.05;
const CORES_RATIO_MIN: f64 = 1.5;

/// By how much a program became slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rise {
    /// Milliseconds added: at the median or the high percentile, whichever more.
    pub added_ms: f64,
    /// Times as slow as before.
    pub ratio: f64,
}

/// A program, service or machine with what was measured of it.
#[derive(Debug)]
pub(super) struct Load<'a> {
    /// Name it was measured under.
    pub name: &'a str,
    /// The workload, the service or the machine of that name.
    pub key: ObjectKey,
    /// Machines that its pods run on.
    pub nodes: Vec<String>,
    /// Cores its containers may use together, where each has a limit.
    pub cores_max: Option<f64>,
    measurements: Vec<&'a Measurement>,
}

impl<'a> Load<'a> {
    /// The measurement of this sort that changed most.
    pub fn of(&self, measured: Measured) -> Option<&'a Measurement> {
        let change = |found: &Measurement| (found.after - found.before).abs();
        let of = self.measurements.iter().copied().filter(|found| found.measured == measured);
        of.max_by(|a, b| change(a).total_cmp(&change(b)))
    }

    /// How much slower it became, if that can be felt.
    pub fn rise(&self) -> Option<Rise> {
        let percentiles = [Measured::LatencyMedian, Measured::LatencyTail];
        let rises = percentiles.iter().filter_map(|measured| rise_of(self.of(*measured)?));
        rises.reduce(|a, b| Rise { added_ms: a.added_ms.max(b.added_ms), ratio: a.ratio.max(b.ratio) })
    }

    /// Whether the kernel held it back at its processor limit while it wanted more than before, or it uses nearly all
    /// that its limit allows. Either sign alone is what many healthy programs show for years.
    pub fn is_overloaded(&self) -> bool {
        let Some(cpu) = self.of(Measured::Cpu) else { return false };
        let wants_more =
            cpu.after - cpu.before >= CORES_RISE_MIN && cpu.after >= CORES_RATIO_MIN * cpu.before;
        let held_back = self.of(Measured::CpuThrottled).is_some_and(|held| held.after > 1.2 * held.before);
        wants_more && (held_back || self.cores_max.is_some_and(|max| cpu.after >= 0.9 * max))
    }

    /// Facts for measurements of these sorts, in this order.
    pub fn facts(&self, wanted: &[Measured]) -> Vec<Fact> {
        wanted.iter().filter_map(|measured| self.of(*measured)).map(|found| fact(self.name, found)).collect()
    }
}

/// How much a latency rose, if that can be felt.
fn rise_of(found: &Measurement) -> Option<Rise> {
    let added_ms = found.after - found.before;
    let ratio = found.after / found.before.max(0.1);
    let felt = (added_ms >= RISE_MS_MIN && ratio >= RISE_RATIO_MIN)
        || (added_ms >= SMALL_RISE_MS_MIN && ratio >= SMALL_RISE_RATIO_MIN);
    felt.then_some(Rise { added_ms, ratio })
}

fn fact(name: &str, found: &Measurement) -> Fact {
    let (what, unit) = match found.measured {
        Measured::Cpu => ("processor use", "cores"),
        Measured::CpuThrottled => ("time held back at the processor limit", "of its measure"),
        Measured::Memory => ("memory in use", "bytes"),
        Measured::LatencyMedian => ("median latency", "ms"),
        Measured::LatencyTail => ("tail latency", "ms"),
        Measured::Requests => ("request rate", "per second"),
        Measured::Success => ("share of successful requests", "%"),
        Measured::Packets => ("packet rate", "per second"),
        Measured::Retransmissions => ("TCP retransmissions", "per second"),
    };
    let (before, after) = (short(found.before), short(found.after));
    Fact {
        statement: format!("{what} of {name} went from {before} to {after} {unit}"),
        source: found.source.clone(),
        quote: found.quote.chars().take(400).collect(),
    }
}

/// A figure with as many decimals as people read.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Everything measured, by name.
pub(super) fn loads<'a>(picture: &Picture, context: &'a Context) -> Vec<Load<'a>> {
    let mut by_name: BTreeMap<&str, Vec<&Measurement>> = BTreeMap::new();
    for found in &context.measurements {
        if found.before.is_finite() && found.after.is_finite() && !found.name.is_empty() {
            by_name.entry(found.name.as_str()).or_default().push(found);
        }
    }
    let all = workloads(picture);
    let mut by_workload: BTreeMap<&str, &Workload<'_>> = BTreeMap::new();
    for workload in &all {
        by_workload.entry(workload.key.name.as_str()).or_insert(workload);
    }
    let load = |(name, measurements): (&'a str, Vec<&'a Measurement>)| {
        let plain = name.rsplit_once('/').map_or(name, |(_, plain)| plain);
        if picture.nodes.get("", plain).present().is_some() {
            let key = ObjectKey::new(Kind::Node, "", plain);
            return Load { name, key, nodes: vec![plain.to_owned()], cores_max: None, measurements };
        }
        match by_workload.get(plain) {
            Some(workload) => Load {
                name,
                key: workload.key.clone(),
                nodes: nodes_of(workload),
                cores_max: cores_max(workload),
                measurements,
            },
            None => {
                let key = key_of(picture, plain, &measurements);
                Load { name, key, nodes: Vec::new(), cores_max: None, measurements }
            }
        }
    };
    by_name.into_iter().map(load).collect()
}

/// Only machines send segments again on behalf of others, so what is measured in retransmissions is a machine.
fn key_of(picture: &Picture, name: &str, measurements: &[&Measurement]) -> ObjectKey {
    if measurements.iter().all(|found| found.measured == Measured::Retransmissions) {
        return ObjectKey::new(Kind::Node, "", name);
    }
    let service = picture.services.iter().find(|service| service.key.name == name);
    service.map_or_else(|| ObjectKey::new(Kind::Service, "", name), |service| service.key.clone())
}

fn nodes_of(workload: &Workload<'_>) -> Vec<String> {
    let specs = workload.pods.iter().filter_map(|pod| pod.object.spec.as_ref());
    let mut nodes: Vec<String> = specs.filter_map(|spec| spec.node_name.clone()).collect();
    nodes.sort();
    nodes.dedup();
    nodes
}

/// Limits of the containers of one pod together, times the pods. `None` when a container has no limit.
fn cores_max(workload: &Workload<'_>) -> Option<f64> {
    let mut milli: i128 = 0;
    for container in &workload.spec()?.containers {
        let limit = container.resources.as_ref()?.limits.as_ref()?.get("cpu")?;
        milli = milli.saturating_add(crate::quantity::Quantity::parse(&limit.0)?.milli());
    }
    let pods = workload.pods.len().max(1) as f64;
    (milli > 0).then_some(milli as f64 / 1000.0 * pods)
}
