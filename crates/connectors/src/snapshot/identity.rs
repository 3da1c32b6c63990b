//! What sort of thing a name stands for. Names are kept as they lie; only the kind is decided, by the rules below, the
//! first that applies wins:
//!
//! 1. the topology file says it;
//! 2. the column or label that held the name says it (`node`, `host` → node, `pod` → pod, `queue`, `topic` → queue,
//!    `database` → database, `deployment`, `workload` → workload);
//! 3. most of its metrics are of a machine (`node_*`) or its name is written like a machine's (`node-7`, `ip-10-0-0-1`,
//!    `worker-03`, `…-node-pool-…`, `…-pool-3-a1b2`): node;
//! 4. its name says queue or topic (`queue`, `topic`, `sqs`, `kafka`, `rabbitmq`) and it has metrics of a queue
//!    (`queue…`, `…lag…`, `…depth…`, `…backlog…`, `messages…`): queue;
//! 5. its name says database (`db`, `postgres`, `mysql`, `redis`, …) and it has metrics of one (`db…`, `…replication…`,
//!    `…locks…`, `…deadlocks…`, `…connections…`, `…queries…`, `…rows…`): database;
//! 6. else: service.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::{EntityId, EntityKind, Topology};

use super::metrics::StoredSeries;

/// Kinds by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    kinds: BTreeMap<String, EntityKind>,
}

impl Identity {
    /// Decides the kind of every name in a topology and in series.
    pub(super) fn of(topology: &Topology, series: &[StoredSeries]) -> Identity {
        let mut kinds = BTreeMap::new();
        let mut metrics: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut stated: BTreeMap<&str, EntityKind> = BTreeMap::new();
        for stored in series {
            let key = &stored.series.key;
            metrics.entry(&key.entity.name).or_default().insert(&key.metric);
            if let Some(kind) = stored.stated_kind {
                stated.entry(&key.entity.name).or_insert(kind);
            }
        }
        for (name, metrics) in &metrics {
            let kind = stated.get(name).copied().unwrap_or_else(|| guess(name, metrics));
            kinds.insert((*name).to_owned(), kind);
        }
        for entity in &topology.entities {
            kinds.insert(entity.name.clone(), entity.kind);
        }
        Identity { kinds }
    }

    /// The entity of a name.
    pub(super) fn entity(&self, name: &str) -> EntityId {
        let kind = self.kinds.get(name).copied().unwrap_or_else(|| guess(name, &BTreeSet::new()));
        EntityId::new(kind, name)
    }
}

fn guess(name: &str, metrics: &BTreeSet<&str>) -> EntityKind {
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

    #[test]
    fn the_topology_wins() {
        let topology =
            Topology { entities: vec![EntityId::new(EntityKind::External, "node-7")], relations: Vec::new() };
        assert_eq!(Identity::of(&topology, &[]).entity("node-7").kind, EntityKind::External);
    }
}
