//! Names of many systems and what they mean.

use std::collections::BTreeMap;

use midwatch_model::{Direction, Measure, Unit};
use proptest::prelude::*;

use super::measure::{Stat, classify, words_of};

const NAMES: &str = "
http_server_duration_p99_ms latency
http.server.request.duration latency
http.client.request.duration latency
rpc.server.duration latency
grpc_server_handling_seconds latency
request_latency_seconds latency
ResponseTime latency
TargetResponseTime latency
api_response_time_avg latency
db.client.operation.duration latency
query_duration_seconds latency
slow_queries latency
upstream_latency_p95 latency
page_load_time_ms latency
dns_lookup_duration latency
ttfb_ms latency
requestLatency latency
http_request_duration_seconds_p50 latency
checkout_duration_ms latency
error_rate_5xx_ratio errors
error_rate errors
http_errors_total errors
http_5xx_count errors
HTTPCode_Target_5XX_Count errors
failed_requests_total errors
requests_failed errors
request_errors_per_sec errors
exceptions_total errors
timeouts_total errors
grpc_error_ratio errors
jobs_failed_total errors
dead_letter_messages errors
error_budget_remaining errors
availability availability
availability_ratio availability
success_rate availability
probe_success availability
up availability
login_success_ratio availability
requests_per_sec load
requests_total load
http_requests_total load
rps load
upstream_rps load
qps load
queries_per_second load
RequestCount load
Invocations load
http.server.active_requests load
messages_published_total load
logins_per_min load
traffic_rps load
llm_tokens load
records_processed_per_min throughput
messages_consumed_total throughput
jobs_completed throughput
events_processed_total throughput
orders_completed_per_min throughput
result_count_avg throughput
throughput throughput
rows_ingested throughput
cpu_utilization cpu
CPUUtilization cpu
process_cpu_seconds_total cpu
node_load1 cpu
node_cpu_idle cpu
cpu_usage_percent cpu
system.cpu.time cpu
jvm.cpu.recent_utilization cpu
container_cpu_cfs_throttled_seconds cpu_throttling
container_cpu_cfs_throttled_periods_total cpu_throttling
cpu_throttled_ratio cpu_throttling
cpu_steal_percent cpu_throttling
heap_used_bytes memory
container_memory_working_set_bytes memory
process_resident_memory_bytes memory
memory_usage_pct memory
mem_available_bytes memory
jvm.memory.used memory
go_memstats_heap_alloc_bytes memory
rss_mb memory
swap_used memory
memory_limit_bytes limit
jvm_gc_pause garbage_collection
jvm_gc_collection_seconds garbage_collection
gc_time_ratio garbage_collection
go_gc_duration_seconds garbage_collection
disk_used_pct disk
node_filesystem_avail_bytes disk
inode_usage disk
filesystem_free_bytes disk
FreeStorageSpace disk
volume_used_ratio disk
disk_io_time disk_io
disk_write_latency_ms disk_io
iops storage_load
WriteIOPS storage_load
DiskQueueDepth disk_io
wal_fsync_duration_seconds disk_io
disk_read_ops storage_load
io_wait disk_io
network_receive_bytes_total network
NetworkIn network
network_bytes_sent network
egress_mb network
dns_lookup_failures network_errors
tls_handshake_errors network_errors
packets_dropped network_errors
tcp_retransmits network_errors
packet_loss_pct network_errors
network_receive_errs_total network_errors
connection_resets network_errors
connection_errors_total network_errors
pool_active_connections connections
db_connections connections
DatabaseConnections connections
connections_used connections
db.client.connections.usage connections
ephemeral_ports connections
conntrack_entries connections
active_sessions connections
pool_wait_ms pool_wait
connection_pool_pending pool_wait
db.client.connection.wait_time pool_wait
pool_acquire_duration pool_wait
db_pool_waiters pool_wait
goroutines threads
go_goroutines threads
thread_pool_active threads
jvm_threads_live threads
busy_workers threads
open_fds file_descriptors
process_open_fds file_descriptors
open_file_descriptors file_descriptors
queue_depth queue_depth
queue_length queue_depth
ApproximateNumberOfMessagesVisible queue_depth
backlog queue_depth
pending_jobs queue_depth
messages_ready queue_depth
thread_pool_queue_size queue_depth
queue_oldest_message_age_seconds queue_age
consumer_lag queue_age
consumergroup_lag queue_age
IteratorAge queue_age
oldest_job_age queue_age
replication_lag replication_lag
ReplicaLag replication_lag
seconds_behind_master replication_lag
database_replication_lag_seconds replication_lag
consumed_capacity_units capacity_used
ConsumedWriteCapacityUnits capacity_used
burst_balance capacity_used
quota_usage capacity_used
throttled_requests throttling
rate_limited_total throttling
http_429_count throttling
ThrottledRequests throttling
rows_examined rows_examined
docs_scanned other
documents_scanned rows_examined
db_query_count_per_request calls_per_request
calls_per_request calls_per_request
queries_per_request calls_per_request
deadlocks locks
lock_wait_ms locks
database_locks_count locks
kube_pod_container_status_restarts restarts
container_restarts_total restarts
restart_count restarts
panic_count crashes
oom_kills_total crashes
crash_count crashes
available_replicas replicas
ready_pods replicas
desired_replicas replicas
HealthyHostCount replicas
retries_total retries
retry_rate retries
client_retry_count retries
cache_hit_ratio cache_hits
cache_hits_total cache_hits
cache_misses_total cache_misses
cache_evictions cache_misses
log_lines_per_sec log_volume
log_bytes_total log_volume
cert_expiry_days certificate_time
tls_certificate_expiration_seconds certificate_time
x509_cert_not_after certificate_time
ntp_offset_seconds clock_offset
clock_skew_ms clock_offset
response_size_bytes size
payload_bytes size
http.server.request.body.size size
max_connections limit
foo other
temperature other
";

#[test]
fn names_of_many_systems() {
    let rows: Vec<(&str, &str)> = NAMES.lines().filter_map(|line| line.split_once(' ')).collect();
    assert!(rows.len() >= 120, "{}", rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(name, expected)| {
            let found = classify(name, Unit::Unknown, &BTreeMap::new()).measure.as_str();
            (found != *expected).then(|| format!("{name}: {found}, expected {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn units_directions_and_statistics() {
    use Direction::{Down, Up};
    let quantile = |share| Some(Stat::Quantile(share));
    type Case = (&'static str, Unit, f64, Option<Direction>, Option<Stat>);
    let cases: [Case; 17] = [
        ("http_server_duration_p99_ms", Unit::Seconds, 0.001, Some(Up), quantile(0.99)),
        ("latency_p999_seconds", Unit::Seconds, 1.0, Some(Up), quantile(0.999)),
        ("latency_95th_us", Unit::Seconds, 1e-6, Some(Up), quantile(0.95)),
        ("error_rate_5xx_ratio", Unit::Ratio, 1.0, Some(Up), None),
        ("requests_per_sec", Unit::PerSecond, 1.0, None, None),
        ("records_processed_per_min", Unit::PerMinute, 1.0, Some(Down), None),
        ("db_query_count_per_request", Unit::Unknown, 1.0, Some(Up), None),
        ("disk_used_pct", Unit::Percent, 1.0, Some(Up), None),
        ("node_filesystem_avail_bytes", Unit::Bytes, 1.0, Some(Down), None),
        ("node_cpu_idle_percent", Unit::Percent, 1.0, Some(Down), None),
        ("cert_expiry_days", Unit::Seconds, 86_400.0, Some(Down), None),
        ("cache_hit_ratio", Unit::Ratio, 1.0, Some(Down), None),
        ("rss_mib", Unit::Bytes, 1_048_576.0, Some(Up), None),
        ("result_count_avg", Unit::Unknown, 1.0, Some(Down), Some(Stat::Mean)),
        ("retries_total", Unit::Count, 1.0, Some(Up), Some(Stat::Total)),
        ("unavailable_replicas", Unit::Count, 1.0, Some(Up), None),
        ("memory_limit_bytes", Unit::Bytes, 1.0, None, None),
    ];
    for (name, unit, to_unit, worse, stat) in cases {
        let found = classify(name, Unit::Unknown, &BTreeMap::new());
        let stat_agrees = found.stat == stat;
        assert_eq!((found.unit, found.to_unit, found.worse), (unit, to_unit, worse), "{name}");
        assert!(stat_agrees, "{name}: {:?}", found.stat);
    }
}

#[test]
fn a_given_unit_and_labels_count() {
    let given = classify("latency_ms", Unit::Seconds, &BTreeMap::new());
    assert_eq!((given.unit, given.to_unit), (Unit::Seconds, 1.0));
    let labels = BTreeMap::from([("quantile".to_owned(), "0.9".to_owned())]);
    assert_eq!(classify("rpc_seconds", Unit::Unknown, &labels).stat, Some(Stat::Quantile(0.9)));
    let timed = classify("requests", Unit::Seconds, &BTreeMap::new());
    assert_eq!(timed.measure, Measure::Latency);
    let subject = classify("svc_a.http_server_duration_p99_ms", Unit::Unknown, &BTreeMap::new()).subject;
    assert_eq!(subject, ["svc", "a", "http", "server", "duration"]);
}

#[test]
fn words_are_cut_and_made_singular() {
    for (name, expected) in [
        ("CPUUtilization", vec!["cpu", "utilization"]),
        ("HTTPCode_Target_5XX_Count", vec!["http", "code", "target", "5xx", "count"]),
        ("dns.lookup/failures", vec!["dns", "lookup", "failure"]),
        ("cacheMisses", vec!["cache", "miss"]),
        ("queries-status", vec!["query", "status"]),
        ("", vec![]),
    ] {
        assert_eq!(words_of(name), expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_name_is_survived(name in "\\PC{0,600}") {
        let found = classify(&name, Unit::Unknown, &BTreeMap::new());
        prop_assert!(found.to_unit > 0.0 && found.subject.len() <= 12);
    }
}

#[test]
fn the_rate_of_a_histogram_s_count_is_load_and_of_failed_requests_errors() {
    let labels = |code: &str| BTreeMap::from([("code".to_owned(), code.to_owned())]);
    let measure = |unit, labels: &BTreeMap<String, String>| {
        classify("http_request_duration_seconds_count", unit, labels).measure
    };
    assert_eq!(measure(Unit::PerSecond, &BTreeMap::new()), Measure::Load);
    assert_eq!(measure(Unit::PerSecond, &labels("200")), Measure::Load);
    assert_eq!(measure(Unit::PerSecond, &labels("503")), Measure::Errors);
    assert_eq!(
        classify("http_request_duration_seconds", Unit::Seconds, &BTreeMap::new()).measure,
        Measure::Latency
    );
}
