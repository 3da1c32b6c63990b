//! The table of words that say what a metric measures.

use midwatch_model::Measure;

/// One rule: every word must occur in the name. Words are in the singular and lower case; `a|b` is either,
/// `a+b` the two next to each other; a word that begins with `^` must not occur.
pub(crate) struct Rule {
    pub(crate) words: &'static str,
    pub(crate) measure: Measure,
    /// Extra weight of words that settle the matter alone.
    pub(crate) weight: u8,
}

const fn rule(words: &'static str, measure: Measure) -> Rule {
    Rule { words, measure, weight: 0 }
}

const fn sure(words: &'static str, measure: Measure) -> Rule {
    Rule { words, measure, weight: 2 }
}

const fn decisive(words: &'static str, measure: Measure) -> Rule {
    Rule { words, measure, weight: 4 }
}

/// The rule with most words and weight wins; of equals the first.
pub(crate) const RULES: &[Rule] = &[
    // Words that settle the matter.
    sure("throttled|throttling cpu|cfs", Measure::CpuThrottling),
    decisive("steal|stolen", Measure::CpuThrottling),
    sure("nr throttled|period", Measure::CpuThrottling),
    sure("gc|garbage ^retry", Measure::GarbageCollection),
    sure("replication|replica|slave|standby lag|delay|behind", Measure::ReplicationLag),
    sure("behind master|primary|source|leader", Measure::ReplicationLag),
    sure("consumer|group|partition|topic|stream|offset lag", Measure::QueueAge),
    sure("iterator age", Measure::QueueAge),
    sure("oldest age|message|item|job|task|unacked|entry", Measure::QueueAge),
    sure("watermark|freshness|staleness", Measure::QueueAge),
    sure("queue|queued|message|job|item|task age", Measure::QueueAge),
    sure(
        "certificate|cert|tls|ssl|x509|secret|token expiry|expiration|expire|expiring|after|remaining",
        Measure::CertificateTime,
    ),
    sure("clock|ntp|time|timex offset|skew|drift", Measure::ClockOffset),
    sure("restart ^time", Measure::Restarts),
    sure("reboot", Measure::Restarts),
    sure("crash|panic|oom|oomkill|segfault|sigkill|coredump|crashloop|crashloopbackoff", Measure::Crashes),
    sure("oom kill|killed", Measure::Crashes),
    sure("deadlock", Measure::Locks),
    sure("blocked|waiting lock|session|transaction|query", Measure::Locks),
    sure("lock|latch|mutex", Measure::Locks),
    sure("row|document|key|tuple examined|scanned|read|fetched|returned", Measure::RowsExamined),
    sure(
        "query|querie|call|request|rpc|statement|sql|lookup per+request|per+page|per+transaction|per+call|per+operation",
        Measure::CallsPerRequest,
    ),
    sure("n+1", Measure::CallsPerRequest),
    sure("fd|filedescriptor", Measure::FileDescriptors),
    sure("open|file fd|file|descriptor|handle", Measure::FileDescriptors),
    decisive("retry|retrie|retried|redelivery|redelivered|redeliverie|reattempt", Measure::Retries),
    sure("pool wait|waiting|waiter|pending|acquire|acquisition|queued|timeout|checkout", Measure::PoolWait),
    sure("connection wait|waiting|waiter|acquire|pending", Measure::PoolWait),
    sure("max|limit|quota|capacity|budget|threshold configured|setting|hard|spec", Measure::Limit),
    sure(
        "dns|tls|ssl|tcp|socket|handshake failure|failed|error|timeout|reset|refused|retransmit",
        Measure::NetworkErrors,
    ),
    sure("retransmit|retransmission|retran|retransmitted", Measure::NetworkErrors),
    sure(
        "packet|network|net|receive|transmit|interface|nic drop|dropped|loss|lost|error|err|errs|discard",
        Measure::NetworkErrors,
    ),
    sure("connection|conn reset|refused|aborted|dropped|error|failure|failed", Measure::NetworkErrors),
    sure("ephemeral port", Measure::Connections),
    sure("conntrack", Measure::Connections),
    sure("nat|snat port", Measure::Connections),
    sure("throttle|throttled|throttling ^cpu ^cfs", Measure::Throttling),
    sure("rate limited|limiting|limit hit|exceeded|rejected|limited", Measure::Throttling),
    sure("ratelimit|ratelimited", Measure::Throttling),
    sure("429", Measure::Throttling),
    sure("shed|rejected|rejection load|request|call|task", Measure::Throttling),
    sure("circuit|breaker", Measure::Errors),
    sure("cache|buffer hit ^miss", Measure::CacheHits),
    sure("cache miss|misse|eviction|evicted", Measure::CacheMisses),
    sure("hit ratio|rate|percent|pct", Measure::CacheHits),
    sure("miss|misse ratio|rate|percent", Measure::CacheMisses),
    sure("eviction|evicted ^pod", Measure::CacheMisses),
    sure("provisioned|consumed|reserved|granted capacity|unit|rcu|wcu|throughput", Measure::CapacityUsed),
    sure("burst|credit balance|remaining|credit", Measure::CapacityUsed),
    sure("quota|token|rate used|usage|remaining|consumed|utilization|utilisation", Measure::CapacityUsed),
    sure("inode", Measure::Disk),
    sure("log line|byte|entry|entrie|message|record|volume|rate", Measure::LogVolume),
    // Errors and success.
    rule("error ^log", Measure::Errors),
    rule("err|errs", Measure::Errors),
    sure("error rate|ratio|percent|pct|per|total|count|budget", Measure::Errors),
    sure("5xx|4xx|500|502|503|504", Measure::Errors),
    rule(
        "failure|failed|fail|exception|fault|fatal|reject|rejected|rejection|abort|aborted|unhandled|timeout",
        Measure::Errors,
    ),
    sure("dead letter", Measure::Errors),
    sure("dlq|deadletter", Measure::Errors),
    rule("up", Measure::Availability),
    sure("availability|uptime ^second", Measure::Availability),
    sure("success|successful rate|ratio|percent|pct", Measure::Availability),
    rule("healthy|probe|health success|status|host|target|check", Measure::Availability),
    rule("success|healthy", Measure::Availability),
    // Time.
    rule("latency|duration|elapsed|ttfb|rtt|responsetime", Measure::Latency),
    rule(
        "response|request|processing|handling|execution|query|call|handler|render|load|service|roundtrip|fetch|commit time|second|ms|millis|milliseconds|microsecond",
        Measure::Latency,
    ),
    rule("p50|p75|p90|p95|p99|p999|quantile", Measure::Latency),
    sure("dns|http|tls|rpc|grpc|query|request|lookup|handshake latency|duration", Measure::Latency),
    rule("slow query|request|querie", Measure::Latency),
    // Processor.
    rule("cpu|processor|core", Measure::Cpu),
    sure("cpu usage|utilization|utilisation|util|percent|pct|time|idle|load|second", Measure::Cpu),
    rule("load1|load5|load15|loadavg", Measure::Cpu),
    sure("load average", Measure::Cpu),
    rule("runqueue|runnable", Measure::Cpu),
    // Memory.
    rule("memory|mem|heap|rss|workingset|swap|metaspace|nonheap|alloc|allocation|malloc", Measure::Memory),
    sure("working set", Measure::Memory),
    sure(
        "memory|heap|rss used|usage|byte|utilization|percent|pct|free|available|max|resident|committed",
        Measure::Memory,
    ),
    decisive("memory|mem|heap|cpu|disk|fd limit", Measure::Limit),
    // Storage.
    rule("disk|filesystem|volume|storage|fs|pvc|tablespace|wal", Measure::Disk),
    sure(
        "disk|filesystem|volume|storage|fs used|free|avail|available|usage|full|percent|pct|size|utilization ^io",
        Measure::Disk,
    ),
    sure("disk|volume|storage|fs io|iops|read|write|latency|await|queue|busy|wait", Measure::DiskIo),
    rule("iops|iowait|io|fsync|await", Measure::DiskIo),
    sure("io wait", Measure::DiskIo),
    sure("fsync|wal|sync|flush latency|duration|second|time", Measure::DiskIo),
    // Network.
    rule("network|bandwidth|egress|ingress|nic", Measure::Network),
    sure(
        "network|net|ethernet|interface in|out|receive|transmit|byte|rx|tx|sent|received|io",
        Measure::Network,
    ),
    sure("byte sent|received|rx|tx|transmitted", Measure::Network),
    sure("http|request|response|payload|body|message|result|batch|document|page size|length", Measure::Size),
    rule("payload|size|length", Measure::Size),
    // Connections, threads, queues.
    rule("connection|conn|session|socket", Measure::Connections),
    sure(
        "connection|conn|session|client active|open|used|current|idle|usage|max|connected|established|count|busy",
        Measure::Connections,
    ),
    sure(
        "pool active|used|usage|idle|busy|size|utilization|checked|in ^thread ^worker",
        Measure::Connections,
    ),
    decisive(
        "connection|conn|pool|session|thread|worker max|maximum|limit ^active ^used ^usage ^busy ^utilization ^wait",
        Measure::Limit,
    ),
    rule("thread|goroutine|worker|executor|coroutine|fiber|process|procs", Measure::Threads),
    sure("thread|worker|executor pool|active|busy|count|live|peak|daemon|blocked|running", Measure::Threads),
    decisive("thread|worker|executor queue|queued|backlog|pending", Measure::QueueDepth),
    rule(
        "queue|backlog|inflight|pending|queued|unacked|unprocessed|buffered|outstanding",
        Measure::QueueDepth,
    ),
    sure("queue depth|length|size|message|count|ready|visible|pending", Measure::QueueDepth),
    sure("message|task|job ready|visible|pending|unacked|waiting|unacknowledged", Measure::QueueDepth),
    rule("lag ^replica ^replication", Measure::QueueAge),
    // Instances.
    rule("replica|pod|instance|desired|unschedulable", Measure::Replicas),
    sure(
        "replica|pod|instance|node|host|broker|task available|ready|desired|running|count|unavailable|healthy|current|spec",
        Measure::Replicas,
    ),
    // Demand and work.
    sure(
        "record|message|event|order|job|task|item|row|document|batch|payment processed|completed|consumed|finished|delivered|ingested|indexed|handled|acked",
        Measure::Throughput,
    ),
    rule("rps|qps|tps|request|hit|visit|login|signup|traffic|invocation|call|demand|rpm", Measure::Load),
    sure(
        "request|req|call|query|message|invocation|rpc per|rate|total|count ^error ^failed ^failure",
        Measure::Load,
    ),
    sure("request|call active|concurrent|inflight", Measure::Load),
    sure("request|call in flight", Measure::Load),
    sure("message|event|record produced|published|incoming|sent", Measure::Load),
    rule(
        "throughput|processed|completed|consumed|finished|delivered|ingested|indexed|committed|succeeded|exported|acked|emitted|handled|replayed",
        Measure::Throughput,
    ),
    sure("result|response count|returned|hit|number", Measure::Throughput),
    rule("order|payment|checkout|conversion|booking|sale", Measure::Throughput),
    rule("query|querie|transaction|message|event|operation|ops|token|rate|user|client", Measure::Load),
    rule("limit|quota", Measure::Limit),
    rule("retransmission|drop|dropped|lost|loss|reset|refused|unreachable", Measure::NetworkErrors),
    rule("utilization|utilisation|saturation", Measure::CapacityUsed),
    rule("wait", Measure::Latency),
    rule("age", Measure::QueueAge),
    rule("time", Measure::Latency),
];

/// Words that name how values were put together or counted rather than what they are about.
pub(crate) const AGGREGATION_WORDS: &[&str] = &[
    "avg",
    "average",
    "mean",
    "max",
    "maximum",
    "min",
    "minimum",
    "median",
    "sum",
    "count",
    "total",
    "rate",
    "bucket",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "p999",
    "ratio",
    "percent",
    "pct",
    "percentage",
    "per",
    "sec",
    "second",
    "minute",
    "min",
    "ms",
    "millisecond",
    "millis",
    "microsecond",
    "us",
    "ns",
    "nanosecond",
    "byte",
    "kb",
    "mb",
    "gb",
    "kib",
    "mib",
    "gib",
    "number",
    "num",
    "gauge",
    "counter",
    "current",
    "value",
    "metric",
    "the",
    "of",
    "in",
    "to",
    "and",
    "for",
];
