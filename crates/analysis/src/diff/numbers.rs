//! Changed numbers: what they are called, how far they moved, and what that does.

use serde::Serialize;

use super::facts;
use super::kinds::weight_of;
use super::quantity::{Found, Quantity, Unit, quantities};
use super::statement::{Side, Statement};
use super::vocabulary::{any, split_words};

/// A number that was changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberChange {
    /// What the number is called, nearest name first: `Timeout`, `resources.limits.memory`.
    pub key: String,
    /// Kind of behaviour, from [`super::KINDS`].
    pub kind: &'static str,
    /// Amount before.
    pub before: Quantity,
    /// Amount after.
    pub after: Quantity,
    /// After over before; 0 or infinite when one of them is 0 (infinite is written as 1e9).
    pub ratio: f64,
    /// Weight of the change, 0 to 1.
    pub weight: f64,
}

/// Names of the statements around one, innermost first; for lists of `name:`/`value:` the name beside it.
pub(super) fn around(side: &Side, statement: &Statement, index: usize) -> Vec<String> {
    let mut names = Vec::new();
    if statement.token(0) == "value" || statement.token(0) == "default" {
        let before =
            side.statements.get(index.wrapping_sub(1)).filter(|before| before.hunk == statement.hunk);
        if let Some(before) = before.filter(|before| before.has("name")) {
            names.extend(
                before.words().chain(before.strings()).filter(|word| *word != "name").map(str::to_owned),
            );
        }
    }
    let mut parent = statement.parent;
    while let Some(around) = parent.and_then(|at| side.statements.get(at)) {
        names.extend(
            around.words().chain(around.strings()).filter(|word| word.len() <= 60).take(4).map(str::to_owned),
        );
        parent = around.parent;
        if names.len() > 12 {
            break;
        }
    }
    names
}

/// The numbers that differ between two forms of a statement.
pub(super) fn changed_numbers(
    old: (&Statement, &[String]),
    new: (&Statement, &[String]),
) -> Vec<NumberChange> {
    let (before, after) = (quantities(old.0, old.1), quantities(new.0, new.1));
    let mut changes = Vec::new();
    if before.len() == after.len() {
        for (left, right) in before.iter().zip(&after) {
            changes.extend(compare(left, right, new.0));
        }
    } else {
        for left in &before {
            let twin = after.iter().find(|right| right.names.first() == left.names.first());
            changes.extend(twin.and_then(|right| compare(left, right, new.0)));
        }
    }
    changes.truncate(8);
    changes
}

fn compare(left: &Found, right: &Found, statement: &Statement) -> Option<NumberChange> {
    let (mut before, mut after) = (left.quantity.clone(), right.quantity.clone());
    if before.unit != after.unit {
        // One side has its unit in the name, the other in the number: compare the written amounts.
        if before.unit == Unit::None || after.unit == Unit::None {
            before.unit = after.unit;
        } else {
            after.unit = before.unit;
        }
    }
    if before.same_amount(&after) {
        return None;
    }
    let ratio = if before.value == 0.0 { 1e9 } else { after.value / before.value };
    let raised = after.value > before.value;
    let unlimited = (after.value == 0.0 || after.value == -1.0) && before.value > 0.0;
    let (kind, base) = number_kind(&right.names, after.unit, raised, unlimited, statement);
    // Hash costs are exponents: one more doubles the work.
    let exponent = kind == "encryption_or_hash_cost_raised" && after.value <= 32.0;
    let moved = if exponent {
        scale(1.0, 2.0_f64.powf(after.value - before.value))
    } else {
        scale(before.value, after.value)
    };
    let weight = base * moved;
    let key = right.names.first().cloned().unwrap_or_default();
    let next = right.names.get(1).filter(|_| split_words(&key).len() < 2).cloned().unwrap_or_default();
    let key = if next.is_empty() || next.len() > 40 { key } else { format!("{next}.{key}") };
    Some(NumberChange { key, kind, before, after, ratio, weight })
}

/// How much of a kind's weight a move deserves: nothing at equal, all at a factor of four; 20 % weighs little.
pub(super) fn scale(before: f64, after: f64) -> f64 {
    if before <= 0.0 || after <= 0.0 {
        return 1.0;
    }
    ((after / before).ln().abs() / 4.0_f64.ln()).powf(1.2).min(1.0)
}

/// What a number of these names does when it is raised or lowered, and what that weighs at most.
fn number_kind(
    names: &[String],
    unit: Unit,
    raised: bool,
    unlimited: bool,
    statement: &Statement,
) -> (&'static str, f64) {
    let pick = |up: &'static str, down: &'static str| {
        let kind = if raised { up } else { down };
        (kind, weight_of(kind))
    };
    let nearest: Vec<String> = names.iter().take(3).flat_map(|name| split_words(name)).collect();
    let all: Vec<String> = names.iter().flat_map(|name| split_words(name)).collect();
    for words in [&nearest, &all] {
        if any(words, &["timeout", "deadline", "timeouts", "idletimeout", "ttimeout"]) {
            return if unlimited {
                ("timeout_removed", weight_of("timeout_removed"))
            } else {
                pick("timeout_raised", "timeout_lowered")
            };
        }
        if any(words, &["bcrypt", "rounds", "argon2", "pbkdf2", "scrypt", "saltrounds", "hashcost"])
            && !any(words, &["round"])
            || any(words, &["cost"]) && any(words, &["hash", "password", "bcrypt"])
        {
            return if raised {
                pick("encryption_or_hash_cost_raised", "constant_changed")
            } else {
                ("constant_changed", 0.4)
            };
        }
        if any(words, &["backoff", "jitter"]) {
            return if raised {
                ("backoff_changed", 0.35)
            } else {
                ("backoff_changed", weight_of("backoff_changed"))
            };
        }
        if any(words, &["retry", "retries", "attempts", "attempt", "redelivery"]) {
            return if unit == Unit::Milliseconds {
                ("backoff_changed", 0.5)
            } else {
                pick("retry_raised", "retry_lowered")
            };
        }
        if any(words, &["sleep", "delay"]) {
            return ("sleep_added", if raised { weight_of("sleep_added") } else { 0.3 });
        }
        if any(words, &["ttl", "expiry", "expiration", "expires", "expire", "maxage", "stale"])
            || any(words, crate::diff::vocabulary::CACHE) && unit == Unit::Milliseconds
        {
            return pick("cache_ttl_raised", "cache_ttl_lowered");
        }
        if any(words, &["sample", "sampling", "sampler"]) {
            return pick("sampling_raised", "sampling_lowered");
        }
        if any(words, crate::diff::vocabulary::CACHE) {
            return pick("cache_size_raised", "cache_size_lowered");
        }
        if any(words, &["batch", "chunk", "bulk", "prefetch", "linger", "fetchsize"]) {
            return ("batch_size_changed", weight_of("batch_size_changed"));
        }
        let pool =
            any(words, &["pool", "conns", "conn", "connections", "connection", "maximumpoolsize", "hikari"]);
        if pool && unit == Unit::None {
            return pick("pool_raised", "pool_lowered");
        }
        if any(
            words,
            &[
                "workers",
                "worker",
                "concurrency",
                "concurrent",
                "parallel",
                "parallelism",
                "threads",
                "thread",
                "semaphore",
                "inflight",
                "consumers",
                "goroutines",
                "gomaxprocs",
            ],
        ) {
            return pick("concurrency_raised", "concurrency_lowered");
        }
        if any(words, &["replicas", "replica", "minreplicas", "maxreplicas"])
            || any(words, &["desired"]) && any(words, &["count", "capacity"])
        {
            return pick("replicas_raised", "replicas_lowered");
        }
        if unit == Unit::Cores || any(words, &["memory", "heap", "cpu", "xmx", "rss"]) {
            return pick("resources_raised", "resources_lowered");
        }
        if any(words, &["port", "ports", "targetport"]) {
            return ("host_or_port_changed", weight_of("host_or_port_changed"));
        }
        if any(
            words,
            &["cron", "schedule", "interval", "period", "ticker", "every", "frequency", "scrape", "poll"],
        ) {
            return ("schedule_changed", weight_of("schedule_changed"));
        }
        if any(
            words,
            &[
                "limit",
                "max",
                "min",
                "maximum",
                "quota",
                "threshold",
                "cap",
                "burst",
                "rate",
                "rps",
                "qps",
                "limiter",
                "pagesize",
                "per",
                "top",
                "capacity",
            ],
        ) {
            return pick("limit_raised", "limit_lowered");
        }
        if any(words, &["buffer", "buf", "make", "alloc", "allocate", "bytes", "malloc", "arena"]) {
            return if raised {
                pick("memory_allocation_raised", "constant_changed")
            } else {
                ("constant_changed", 0.3)
            };
        }
        if any(words, &["partition", "partitions", "offset", "shards", "shard"]) {
            return ("consumer_changed", weight_of("consumer_changed"));
        }
    }
    if facts::is_condition(statement) || facts::is_loop_head(statement) {
        return ("condition_changed", weight_of("condition_changed"));
    }
    if ["*", "/", "%", "round", "floor", "ceil", "Round"].iter().any(|operator| statement.has(operator)) {
        return ("rounding_or_arithmetic_changed", weight_of("rounding_or_arithmetic_changed"));
    }
    ("constant_changed", weight_of("constant_changed"))
}
