//! What sort of thing a name stands for, by the rules below; the first that applies wins:
//!
//! 1. most of its metrics are of a machine (`node_*`) or its name is written like a machine's (`node-7`, `ip-10-0-0-1`,
//!    `worker-03`, `…-node-pool-…`, `…-pool-3-a1b2`): node;
//! 2. its name says queue or topic (`queue`, `topic`, `sqs`, `kafka`, `rabbitmq`) and it has metrics of a queue
//!    (`queue…`, `…lag…`, `…depth…`, `…backlog…`, `messages…`): queue;
//! 3. its name says database (`db`, `postgres`, `mysql`, `redis`, …) and it has metrics of one (`db…`, `…replication…`,
//!    `…locks…`, `…deadlocks…`, `…connections…`, `…queries…`, `…rows…`): database;
//! 4. else: service.

use std::collections::BTreeSet;

use midwatch_model::EntityKind;

/// The kind of what is called `name` and has these metrics.
pub(crate) fn guess(name: &str, metrics: &BTreeSet<&str>) -> EntityKind {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(['-', '_', '.', '/', ':']).filter(|word| !word.is_empty()).collect();
    let of_node = metrics.iter().filter(|metric| metric.starts_with("node_")).count();
    if of_node * 2 > metrics.len() || written_like_node(&words) {
        return EntityKind::Node;
    }
    let says = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let measured = |parts: &[&str]| {
        metrics.iter().any(|metric| {
            let metric = metric.to_ascii_lowercase();
            metric.split(['_', '.', '-', ' ']).any(|word| parts.contains(&word))
        })
    };
    if says(&["queue", "queues", "topic", "sqs", "kafka", "rabbitmq"])
        && measured(&["queue", "lag", "depth", "backlog", "messages", "topic"])
    {
        return EntityKind::Queue;
    }
    let databases = [
        "db",
        "database",
        "postgres",
        "postgresql",
        "pg",
        "mysql",
        "mariadb",
        "redis",
        "mongo",
        "mongodb",
        "cassandra",
        "memcached",
        "dynamodb",
        "rds",
        "elasticsearch",
        "opensearch",
        "clickhouse",
    ];
    let of_database = [
        "db",
        "replication",
        "lock",
        "locks",
        "deadlocks",
        "connections",
        "queries",
        "rows",
        "evictions",
        "transactions",
        "iops",
    ];
    if says(&databases) && measured(&of_database) {
        return EntityKind::Database;
    }
    EntityKind::Service
}

fn written_like_node(words: &[&str]) -> bool {
    let number = |word: Option<&&str>| {
        word.is_some_and(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let machine = |word: &str| {
        let digits = word.trim_start_matches("node").trim_start_matches("worker").trim_start_matches("host");
        digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let numbered_ip = words.first() == Some(&"ip")
        && words.iter().skip(1).take(4).filter(|word| number(Some(word))).count() == 4;
    let named = matches!(words.first(), Some(&("node" | "worker"))) && number(words.get(1));
    let pooled = words.windows(2).any(|pair| pair == ["node", "pool"])
        || words.iter().position(|word| *word == "pool").is_some_and(|at| {
            at > 0
                && words.len() > at + 1
                && words.len() - at <= 4
                && words.first() != Some(&"pool")
                && words
                    .iter()
                    .skip(at + 1)
                    .all(|word| word.len() <= 10 && word.bytes().any(|byte| byte.is_ascii_digit()))
        });
    numbered_ip || named || pooled || (words.len() == 1 && machine(words.first().unwrap_or(&"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let table: [(&str, &[&str], EntityKind); 14] = [
            ("svc-a", &["cpu_utilization"], EntityKind::Service),
            ("svc-a", &["node_memory_bytes", "node_load1"], EntityKind::Node),
            ("node-7", &[], EntityKind::Node),
            ("ip-10-0-0-1.internal", &["cpu"], EntityKind::Node),
            ("worker-03", &["cpu"], EntityKind::Node),
            ("worker-mail", &["cpu"], EntityKind::Service),
            ("any-prod-pool-3-a1b2", &["cpu"], EntityKind::Node),
            ("pool-manager", &["cpu"], EntityKind::Service),
            ("orders-queue", &["queue_depth"], EntityKind::Queue),
            ("orders-queue", &["cpu"], EntityKind::Service),
            ("svc-a", &["queue_depth"], EntityKind::Service),
            ("orders-db", &["db_connections"], EntityKind::Database),
            ("orders-db", &["requests_per_sec"], EntityKind::Service),
            ("node-exporter", &["cpu"], EntityKind::Service),
        ];
        for (name, metrics, kind) in table {
            assert_eq!(guess(name, &metrics.iter().copied().collect()), kind, "{name} {metrics:?}");
        }
    }
}
