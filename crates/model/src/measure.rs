//! What a metric measures and in which unit.

use serde::{Deserialize, Serialize};

/// What a metric is about, whatever its name: the vocabulary mechanisms are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Time to answer a request or finish an operation.
    Latency,
    /// Errors, as a ratio or as a rate.
    Errors,
    /// Share of requests or checks that succeed.
    Availability,
    /// Demand that arrives: requests, messages produced, logins.
    Load,
    /// Work that is finished: records processed, results returned.
    Throughput,
    /// Processor use.
    Cpu,
    /// Processor time withheld by a quota or stolen by a neighbour.
    CpuThrottling,
    /// Memory, heap or working set in use.
    Memory,
    /// Pauses or share of time of garbage collection.
    GarbageCollection,
    /// Storage in use.
    Disk,
    /// Storage operations, their queue or their latency.
    DiskIo,
    /// Reads and writes asked of a storage: operations or bytes a second.
    StorageLoad,
    /// Network volume.
    Network,
    /// Lost, retransmitted or reset packets and connections.
    NetworkErrors,
    /// Connections in use, from a pool or to a server.
    Connections,
    /// Time or number waiting for a pooled connection.
    PoolWait,
    /// Threads, goroutines or workers.
    Threads,
    /// Open files and sockets.
    FileDescriptors,
    /// Items waiting in a queue.
    QueueDepth,
    /// Age of the oldest waiting item, or lag behind the producer.
    QueueAge,
    /// Capacity consumed out of what was provisioned.
    CapacityUsed,
    /// Requests refused because of a rate or capacity limit.
    Throttling,
    /// Rows or documents read to answer.
    RowsExamined,
    /// Calls or queries made for one request.
    CallsPerRequest,
    /// Locks held or waited for.
    Locks,
    /// Delay of a replica behind its primary.
    ReplicationLag,
    /// Process or container restarts.
    Restarts,
    /// Crashes, panics and kills.
    Crashes,
    /// Instances wanted or ready.
    Replicas,
    /// Repeated attempts.
    Retries,
    /// Share of look-ups answered by a cache.
    CacheHits,
    /// Look-ups a cache could not answer, and evictions.
    CacheMisses,
    /// Volume of log output.
    LogVolume,
    /// Time left before a certificate or secret expires.
    CertificateTime,
    /// Difference between clocks.
    ClockOffset,
    /// Size of results, payloads or messages.
    Size,
    /// A configured maximum rather than a measurement.
    Limit,
    /// Nothing we recognise.
    Other,
}

impl Measure {
    /// The word used in mechanisms and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Measure::Latency => "latency",
            Measure::Errors => "errors",
            Measure::Availability => "availability",
            Measure::Load => "load",
            Measure::Throughput => "throughput",
            Measure::Cpu => "cpu",
            Measure::CpuThrottling => "cpu_throttling",
            Measure::Memory => "memory",
            Measure::GarbageCollection => "garbage_collection",
            Measure::Disk => "disk",
            Measure::DiskIo => "disk_io",
            Measure::StorageLoad => "storage_load",
            Measure::Network => "network",
            Measure::NetworkErrors => "network_errors",
            Measure::Connections => "connections",
            Measure::PoolWait => "pool_wait",
            Measure::Threads => "threads",
            Measure::FileDescriptors => "file_descriptors",
            Measure::QueueDepth => "queue_depth",
            Measure::QueueAge => "queue_age",
            Measure::CapacityUsed => "capacity_used",
            Measure::Throttling => "throttling",
            Measure::RowsExamined => "rows_examined",
            Measure::CallsPerRequest => "calls_per_request",
            Measure::Locks => "locks",
            Measure::ReplicationLag => "replication_lag",
            Measure::Restarts => "restarts",
            Measure::Crashes => "crashes",
            Measure::Replicas => "replicas",
            Measure::Retries => "retries",
            Measure::CacheHits => "cache_hits",
            Measure::CacheMisses => "cache_misses",
            Measure::LogVolume => "log_volume",
            Measure::CertificateTime => "certificate_time",
            Measure::ClockOffset => "clock_offset",
            Measure::Size => "size",
            Measure::Limit => "limit",
            Measure::Other => "other",
        }
    }
}

/// The unit of a value. Times are seconds and sizes are bytes once normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share between 0 and 1.
    Ratio,
    /// A share between 0 and 100.
    Percent,
    /// Events per second.
    PerSecond,
    /// Events per minute.
    PerMinute,
    /// A plain number of things.
    Count,
    /// Processor cores.
    Cores,
    /// Unknown.
    Unknown,
}

/// A number with its unit, such as the `300ms` of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Value in `unit`.
    pub value: f64,
    /// Unit of `value`.
    pub unit: Unit,
}
