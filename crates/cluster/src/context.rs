//! What is known about a cluster from elsewhere: measurements, who calls whom, and what an alert names.

use std::collections::BTreeSet;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measured {
    /// Processor use, in cores.
    Cpu,
    /// Share of scheduling periods in which the processor limit held it back, in percent.
    CpuThrottled,
    /// Memory in use, in bytes.
    Memory,
    /// Time of a request, in milliseconds: the median.
    LatencyMedian,
    /// Time of a request, in milliseconds: a high percentile.
    LatencyTail,
    /// Requests per second.
    Requests,
    /// Share of requests that succeed, in percent.
    Success,
    /// Network packets per second, in or out.
    Packets,
    /// TCP segments sent again, per second.
    Retransmissions,
}

/// A level before and after something changed. Only measurements that departed need to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Workload, service or node, by its name in the cluster.
    pub name: String,
    /// What was measured.
    pub measured: Measured,
    /// Typical level before.
    pub before: f64,
    /// Typical level after.
    pub after: f64,
    /// Where it was read: a sentence or the source's own words, quoted in facts.
    pub quote: String,
    /// Name of that source.
    pub source: String,
}

/// Knowledge from outside the capture. All of it may be empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// What departed from its usual level.
    pub measurements: Vec<Measurement>,
    /// Who calls whom: (caller, callee), names of services or workloads.
    pub calls: Vec<(String, String)>,
    /// Services and workloads that an alert or a person says are affected, by their names in the cluster.
    pub named: BTreeSet<String>,
}
