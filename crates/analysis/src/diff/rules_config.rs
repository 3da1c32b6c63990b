//! Settings, manifests, dependencies and migrations: what a changed line of those does.

use super::facts;
use super::kinds::weight_of;
use super::rules_pair::is_host;
use super::rules_single::Verdict;
use super::sql::SqlShape;
use super::statement::Statement;
use super::vocabulary as words;

fn full(kind: &'static str) -> Verdict {
    (kind, weight_of(kind))
}

/// Names of a setting: its own words and those around it.
fn names(statement: &Statement, around: &[String]) -> (Vec<String>, Vec<String>) {
    let own: Vec<String> =
        statement.words().chain(statement.strings()).take(6).flat_map(words::split_words).collect();
    let all = own.iter().cloned().chain(around.iter().flat_map(|name| words::split_words(name))).collect();
    (own, all)
}

/// A setting whose value is no number was changed.
pub(super) fn setting_changed(old: &Statement, new: &Statement, around: &[String]) -> Option<Verdict> {
    if old.key == new.key {
        return None;
    }
    if let Some(verdict) = flipped(old, new, around) {
        return Some(verdict);
    }
    let old_key = super::pair::assigned_key(old);
    let new_key = super::pair::assigned_key(new);
    let (own, all) = names(new, around);
    if old_key != new_key && old_key.is_some() && new_key.is_some() {
        return Some(if words::any(&all, &["env", "environment"]) {
            full("env_var_changed")
        } else {
            full("field_renamed")
        });
    }
    if let (Some(before), Some(after)) = (log_level(old), log_level(new)) {
        return Some(full(if after < before { "log_level_lowered" } else { "log_level_raised" }));
    }
    Some(by_name(&own, &all, new).unwrap_or(("default_changed", 0.4)))
}

/// Place of the log level a setting ends in, from the most output to the least.
fn log_level(statement: &Statement) -> Option<usize> {
    let levels = ["trace", "debug", "info", "warn", "warning", "error", "fatal"];
    let last = (0..statement.tokens.len())
        .rev()
        .map(|at| statement.token(at))
        .find(|text| !matches!(*text, "," | ";"))?;
    levels.iter().position(|level| last.eq_ignore_ascii_case(level))
}

fn flipped(old: &Statement, new: &Statement, around: &[String]) -> Option<Verdict> {
    let value = |statement: &Statement| -> Option<bool> {
        let last = (0..statement.tokens.len())
            .rev()
            .map(|at| statement.token(at))
            .find(|text| !matches!(*text, "," | ";"))?;
        match last.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "enabled" => Some(true),
            "false" | "off" | "no" | "disabled" => Some(false),
            _ => None,
        }
    };
    let (before, after) = (value(old)?, value(new)?);
    if before == after {
        return None;
    }
    let (own, all) = names(new, around);
    if words::any(&own, words::CACHE) && before {
        return Some(full("cache_removed"));
    }
    if words::any(&own, &["tls", "ssl", "verify", "insecure"]) {
        return Some(full("certificate_changed"));
    }
    if words::any(&own, words::AUTH) {
        return Some(full("auth_changed"));
    }
    if words::any(&own, &["retry", "retries"]) {
        return Some(full(if after { "retry_added" } else { "retry_removed" }));
    }
    let feature = words::any(
        &all,
        &[
            "feature", "features", "flag", "flags", "enabled", "enable", "disable", "disabled", "toggle",
            "rollout",
        ],
    );
    Some(full(if feature { "feature_default_changed" } else { "default_changed" }))
}

fn by_name(own: &[String], all: &[String], statement: &Statement) -> Option<Verdict> {
    let first = statement.first();
    if first == "FROM" || words::any(own, &["image", "tag"]) {
        return Some(full("image_changed"));
    }
    if words::any(own, &["cron", "schedule"]) {
        return Some(full("schedule_changed"));
    }
    if words::any(own, &["cert", "certificate", "tls", "ssl", "ca"]) {
        return Some(full("certificate_changed"));
    }
    if words::any(own, &["password", "secret", "token", "credential", "credentials", "apikey"]) {
        return Some(full("credential_changed"));
    }
    if words::any(
        own,
        &["dns", "cname", "zone", "route", "routes", "ingress", "weight", "resolver", "ndots", "nameserver"],
    ) {
        return Some(full("dns_or_route_changed"));
    }
    if words::any(
        own,
        &[
            "host",
            "port",
            "url",
            "uri",
            "addr",
            "address",
            "endpoint",
            "server",
            "dsn",
            "broker",
            "brokers",
            "bootstrap",
        ],
    ) || statement.strings().any(is_host)
    {
        return Some(full("host_or_port_changed"));
    }
    if words::any(own, &["level", "loglevel", "log"])
        && words::any(all, &["log", "logging", "loglevel", "logger", "level"])
    {
        return Some(full("log_level_lowered"));
    }
    if words::any(all, words::AUTH) || words::any(own, &["action", "actions", "verbs", "effect", "principal"])
    {
        return Some(full("permission_changed"));
    }
    if words::any(own, &["topic", "queue", "group", "consumer", "partition", "offset", "ack"]) {
        return Some(full("consumer_changed"));
    }
    if words::any(own, &["serializer", "deserializer", "encoding", "compression", "format"]) {
        return Some(full("serialization_changed"));
    }
    words::any(own, &["path", "prefix"]).then(|| full("endpoint_changed"))
}

/// A setting vanished.
pub(super) fn setting_removed(statement: &Statement, around: &[String]) -> Option<Verdict> {
    if facts::is_scaffolding(statement) {
        return None;
    }
    let (own, all) = names(statement, around);
    let table: &[(&[&str], &'static str)] = &[
        (&["timeout", "deadline"], "timeout_removed"),
        (&["retry", "retries", "attempts"], "retry_removed"),
        (&["backoff"], "backoff_removed"),
        (&["cache", "caching"], "cache_removed"),
        (&["limit", "limits", "max", "quota"], "limit_removed"),
        (&["index"], "index_dropped"),
        (
            &["role", "permission", "permissions", "policy", "action", "actions", "verbs", "scopes"],
            "permission_changed",
        ),
        (&["cert", "certificate", "tls"], "certificate_changed"),
        (&["secret", "password", "credentials"], "credential_changed"),
        (&["env", "name"], "env_var_changed"),
        (&["route", "ingress", "dns"], "dns_or_route_changed"),
        (&["probe", "readiness", "liveness"], "guard_removed"),
    ];
    for (known, kind) in table {
        if words::any(&own, known)
            && (*kind != "env_var_changed" || words::any(&all, &["env", "environment"]))
        {
            return Some((kind, weight_of(kind) * 0.8));
        }
    }
    Some(full("setting_removed"))
}

/// A setting appeared.
pub(super) fn setting_added(statement: &Statement, around: &[String]) -> Option<Verdict> {
    if facts::is_scaffolding(statement) {
        return None;
    }
    let (own, _) = names(statement, around);
    Some(if words::any(&own, &["timeout", "deadline"]) {
        ("timeout_added", 0.35)
    } else if words::any(&own, &["retry", "retries"]) {
        ("retry_added", 0.4)
    } else if words::any(&own, &["limit", "limits", "quota", "max"]) {
        ("limit_lowered", 0.35)
    } else if words::any(&own, &["deny", "forbid", "policy", "networkpolicy"]) {
        full("permission_changed")
    } else if statement.tokens.len() <= 2 {
        ("setting_added", 0.03)
    } else {
        ("setting_added", 0.12)
    })
}

/// Name and version of a dependency line.
fn dependency(statement: &Statement) -> Option<(String, Vec<u64>)> {
    let text = &statement.text;
    let bytes = text.as_bytes();
    let start = (0..bytes.len()).find(|at| {
        bytes[*at].is_ascii_digit()
            && (*at == 0
                || !bytes[*at - 1].is_ascii_alphanumeric()
                || (matches!(bytes[*at - 1], b'v' | b'V')
                    && (*at < 2 || !bytes[*at - 2].is_ascii_alphanumeric())))
            && text.get(*at..).is_some_and(|rest| {
                rest.split(|c: char| !c.is_ascii_digit())
                    .next()
                    .is_some_and(|digits| rest.as_bytes().get(digits.len()) == Some(&b'.'))
                    || rest
                        .trim_end_matches(['"', '\'', ',', ')', '}', ' '])
                        .bytes()
                        .all(|b| b.is_ascii_digit())
            })
    })?;
    let version: Vec<u64> = text
        .get(start..)?
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .next()?
        .split('.')
        .filter(|part| !part.is_empty())
        .take(4)
        .map(|part| part.parse().unwrap_or(0))
        .collect();
    let name: String = text
        .get(..start)?
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '@'))
        .collect();
    Some((name.trim_end_matches('v').to_owned(), version))
}

/// The version of a dependency moved: major, minor or patch decide the weight.
pub(super) fn dependency_changed(old: &Statement, new: &Statement) -> Option<Verdict> {
    let ((name, before), (other, after)) = (dependency(old)?, dependency(new)?);
    if before == after {
        return (name != other).then(|| full("dependency_added"));
    }
    let place = (0..before.len().max(after.len()))
        .find(|at| before.get(*at).unwrap_or(&0) != after.get(*at).unwrap_or(&0))
        .unwrap_or(3);
    // Below 1.0 the minor number breaks as the major one does.
    let place = if before.first() == Some(&0) && place == 1 { 0 } else { place };
    let weight: f64 = match place {
        0 => 0.35,
        1 => 0.15,
        _ => 0.05,
    };
    let lowered = before > after;
    Some(if lowered { ("dependency_downgraded", weight.max(0.15)) } else { ("dependency_bumped", weight) })
}

/// A dependency line stands alone on one side.
pub(super) fn dependency_single(statement: &Statement, added: bool) -> Option<Verdict> {
    let _ = dependency(statement)?;
    Some(full(if added { "dependency_added" } else { "dependency_removed" }))
}

/// What a statement of a migration or schema does when it is added.
pub(super) fn migration(shape: &SqlShape, statement: &Statement, added: bool) -> Option<Verdict> {
    let has = |word: &str| statement.words().any(|known| known.eq_ignore_ascii_case(word));
    let verb = shape.verb.as_str();
    let index = has("index")
        || has("add_index")
        || has("remove_index")
        || has("createIndex")
        || has("create_index")
        || has("drop_index");
    let dropped = has("drop")
        || has("remove_index")
        || has("remove_column")
        || has("drop_table")
        || has("drop_column")
        || has("drop_index");
    Some(match (added, dropped) {
        (true, true) if index => full("index_dropped"),
        (true, true) => full("schema_changed"),
        (true, false) if has("rename") || has("rename_column") => full("schema_changed"),
        (true, false) if index => {
            ("migration_added", if has("concurrently") || has("CONCURRENTLY") { 0.2 } else { 0.45 })
        }
        (true, false) if verb == "create" || has("create_table") => ("migration_added", 0.25),
        (true, false)
            if verb == "alter" && (has("type") || (has("not") && has("null")) || has("constraint")) =>
        {
            full("schema_changed")
        }
        (true, false) if verb == "alter" || has("add_column") => ("schema_changed", 0.3),
        (true, false) if matches!(verb, "update" | "delete" | "insert" | "truncate") => {
            full("migration_added")
        }
        (false, _) if index => full("index_dropped"),
        (false, _) => ("schema_changed", 0.4),
        (true, false) => return (!facts::is_scaffolding(statement)).then_some(("migration_added", 0.1)),
    })
}
