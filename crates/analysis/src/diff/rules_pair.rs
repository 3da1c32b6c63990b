//! What changed between the old and the new form of one statement.

use std::collections::BTreeSet;

use super::cancel::is_prose;
use super::facts::{self, Call};
use super::kinds::weight_of;
use super::lex::TokenKind;
use super::pair::assigned_key;
use super::rules_single::Verdict;
use super::statement::Statement;
use super::vocabulary as words;

fn full(kind: &'static str) -> Verdict {
    (kind, weight_of(kind))
}

/// Tokens of one that are not in the other, counted.
fn surplus<'a>(one: &'a Statement, other: &Statement) -> Vec<(&'a str, TokenKind)> {
    let mut left: Vec<&str> = (0..other.tokens.len()).map(|at| other.token(at)).collect();
    left.sort_unstable();
    let mut used = vec![false; left.len()];
    let mut out = Vec::new();
    for at in 0..one.tokens.len() {
        let text = one.token(at);
        let start = left.partition_point(|known| *known < text);
        let slot = (start..left.len()).take_while(|slot| left[*slot] == text).find(|slot| !used[*slot]);
        match slot {
            Some(slot) => used[slot] = true,
            None => out.push((text, one.tokens[at].kind)),
        }
    }
    out
}

/// The difference of two forms of a statement of program text, numbers and SQL aside.
pub(super) fn compare(old: &Statement, new: &Statement) -> Vec<Verdict> {
    if facts::is_log(old) && facts::is_log(new) {
        return vec![log_change(old, new)];
    }
    if facts::is_scaffolding(old) && facts::is_scaffolding(new) {
        return Vec::new();
    }
    if is_wrapped_error(old, new) {
        return vec![full("text_only")];
    }
    let gone = surplus(old, new);
    let came = surplus(new, old);
    let mut verdicts = Vec::new();
    waiting(old, new, &mut verdicts);
    resources(old, new, &mut verdicts);
    call_changes(old, new, &mut verdicts);
    condition(old, new, &gone, &came, &mut verdicts);
    literals(old, new, &gone, &came, &mut verdicts);
    if old.has("return")
        && new.has("return")
        && old.has("err")
        && !new.has("err")
        && (new.has("nil") || new.has("null"))
    {
        verdicts.push(full("error_swallowed"));
    }
    if verdicts.is_empty() {
        verdicts.extend(rest(old, new, &gone, &came));
    }
    verdicts
}

/// `return err` that became `return fmt.Errorf("…: %w", err)` and its like: still leaves with the error.
fn is_wrapped_error(old: &Statement, new: &Statement) -> bool {
    let leaves = |statement: &Statement| matches!(statement.first(), "return" | "throw" | "raise");
    let carries = |statement: &Statement| {
        ["err", "error", "e", "Err", "ex", "exc"].iter().any(|name| statement.has(name))
            || matches!(statement.first(), "throw" | "raise")
    };
    let wraps = [
        "Errorf",
        "Wrap",
        "Wrapf",
        "wrap",
        "context",
        "with_context",
        "WithMessage",
        "map_err",
        "cause",
        "from",
    ]
    .iter()
    .any(|name| new.has(name) || old.has(name));
    leaves(old) && old.first() == new.first() && carries(old) && carries(new) && wraps
}

fn log_change(old: &Statement, new: &Statement) -> Verdict {
    let level = |statement: &Statement| {
        let order = ["trace", "debug", "info", "notice", "warn", "error", "fatal"];
        facts::calls(statement).first().and_then(|call| {
            let name = call.name.to_lowercase();
            order.iter().position(|level| name.starts_with(level))
        })
    };
    match (level(old), level(new)) {
        (Some(before), Some(after)) if after > before && before < 2 => full("log_level_lowered"),
        _ => full("text_only"),
    }
}

fn waiting(old: &Statement, new: &Statement, out: &mut Vec<Verdict>) {
    let (before, after) = (old.has("await"), new.has("await"));
    if before && !after && !new.has("async") {
        out.push(full("sync_to_async"));
    } else if after && !before {
        out.push(("async_to_sync", 0.4));
    }
    if new.first() == "go" && old.first() != "go" {
        out.push(full("thread_or_goroutine_added"));
        out.push(full("sync_to_async"));
    } else if old.first() == "go" && new.first() != "go" {
        out.push(full("async_to_sync"));
    }
    if old.first() == "defer" && new.first() != "defer" {
        out.push(full("close_removed"));
    }
    if (old.first() == "with" || old.first() == "using" || old.has("use"))
        && !(new.first() == "with" || new.first() == "using" || new.has("use"))
        && new.has("=")
    {
        out.push(full("close_removed"));
    }
}

/// Names of wrappers that a statement lost or gained.
fn resources(old: &Statement, new: &Statement, out: &mut Vec<Verdict>) {
    let (before, after) = (old.parts(), new.parts());
    let lost = |known: &[&str]| words::any(before, known) && !words::any(after, known);
    let gained = |known: &[&str]| words::any(after, known) && !words::any(before, known);
    if lost(words::CACHE) {
        out.push(full("cache_removed"));
    }
    if lost(&["timeout", "deadline"]) {
        out.push(full("timeout_removed"));
    } else if gained(&["timeout", "deadline"]) {
        out.push(full("timeout_added"));
    }
    if lost(&["batch", "bulk", "chunk", "chunks", "multi", "mget", "batches", "many"]) {
        out.push(full("batch_removed"));
    }
    if lost(&["limit", "limiter", "limited", "limitreader", "clamp", "take", "truncate", "bounded"])
        || old.has("min") && !new.has("min") && old.has("(")
    {
        out.push(full("limit_removed"));
    }
    if lost(&["paginate", "paginated", "pagination", "paginator", "cursor"]) || lost(&["page"]) {
        out.push(full("pagination_removed"));
    }
    if lost(&["backoff", "jitter", "exponential"]) {
        out.push(full("backoff_removed"));
    }
    if gained(&["retry", "retries", "retrying"]) {
        out.push(full("retry_added"));
    } else if lost(&["retry", "retries"]) {
        out.push(full("retry_removed"));
    }
    if lost(&["validate", "validated", "sanitize", "escape", "verify", "parameterized"]) {
        out.push(full("validation_removed"));
    }
    if lost(&["lock", "mutex", "atomic", "synchronized", "rwmutex", "concurrent"]) {
        out.push(full("lock_removed"));
    }
    if lost(words::AUTH) || gained(words::AUTH) {
        out.push(("auth_changed", 0.45));
    }
    let nullable = |statement: &Statement| {
        ["?.", "??"].iter().any(|mark| statement.has(mark))
            || ["unwrap_or", "getOrDefault", "orElse", "unwrap_or_default", "dig", "fetch_or", "try"]
                .iter()
                .any(|mark| statement.has(mark))
    };
    let gets = |statement: &Statement| {
        statement.has("get") && statement.syntax == Some(super::path_class::Syntax::Python)
    };
    if nullable(old) && !nullable(new) || gets(old) && !gets(new) && new.has("[") {
        out.push(full("null_check_removed"));
    }
}

fn call_changes(old: &Statement, new: &Statement, out: &mut Vec<Verdict>) {
    let name = |call: &Call| call.name.clone();
    let (before, after) = (facts::calls(old), facts::calls(new));
    let old_names: BTreeSet<String> = before.iter().map(name).collect();
    let new_names: BTreeSet<String> = after.iter().map(name).collect();
    if !out.is_empty() {
        return;
    }
    let lost: Vec<&Call> = before.iter().filter(|call| !new_names.contains(&call.name)).collect();
    let won: Vec<&Call> = after.iter().filter(|call| !old_names.contains(&call.name)).collect();
    let ordering = |calls: &[&Call]| {
        calls
            .iter()
            .any(|call| words::any(&call.parts, &["sort", "sorted", "order", "orderby", "reverse", "sortby"]))
    };
    if ordering(&lost) || ordering(&won) {
        out.push(full("ordering_changed"));
        return;
    }
    let rounding = ["round", "floor", "ceil", "trunc", "abs"];
    if lost.iter().chain(&won).any(|call| rounding.contains(&words::squashed(&call.name).as_str())) {
        out.push(full("rounding_or_arithmetic_changed"));
        return;
    }
    if lost.iter().chain(&won).any(|call| {
        words::any(
            &call.parts,
            &[
                "marshal",
                "unmarshal",
                "encode",
                "decode",
                "serialize",
                "deserialize",
                "tojson",
                "fromjson",
                "stringify",
                "pickle",
                "protobuf",
                "json",
            ],
        )
    }) {
        out.push(("serialization_changed", 0.45));
        return;
    }
    if lost
        .iter()
        .chain(&won)
        .any(|call| words::any(&call.parts, &["commit", "ack", "autocommit", "offset", "consume", "seek"]))
    {
        out.push(full("consumer_changed"));
        return;
    }
    // A call replaced by one that says the same in other words (`Decode` by `decodeRequest`) is a helper.
    let helper = |call: &&Call| {
        let own = words::split_words(&call.name);
        lost.iter()
            .any(|old| words::split_words(&old.name).iter().any(|part| part.len() > 3 && own.contains(part)))
    };
    let strange: Vec<&&Call> = won.iter().filter(|call| !helper(call)).collect();
    if !lost.is_empty() && !strange.is_empty() {
        let io = lost.iter().any(|call| facts::is_io_call(call))
            || strange.iter().any(|call| facts::is_io_call(call));
        out.push(("call_removed", if io { 0.45 } else { 0.25 }));
    } else if !strange.is_empty() {
        let io = strange.iter().any(|call| facts::is_io_call(call));
        out.push(("call_added", if io { 0.35 } else { 0.12 }));
    } else if !lost.is_empty() && won.is_empty() {
        out.push(("call_removed", 0.35));
    } else if !won.is_empty() {
        out.push(("logic_changed", 0.05));
    }
}

fn condition(
    old: &Statement,
    new: &Statement,
    gone: &[(&str, TokenKind)],
    came: &[(&str, TokenKind)],
    out: &mut Vec<Verdict>,
) {
    let inline = old.has("?") && new.has("?");
    let looped = facts::is_loop_head(old) && facts::is_loop_head(new);
    let returns = old.first() == "return" && new.first() == "return";
    let compared = inline || looped || returns || facts::is_condition(old) && facts::is_condition(new);
    if !compared {
        return;
    }
    let operators = |side: &[(&str, TokenKind)]| -> Vec<String> {
        side.iter()
            .filter(|(text, _)| {
                matches!(
                    *text,
                    "<" | ">"
                        | "<="
                        | ">="
                        | "=="
                        | "!="
                        | "!"
                        | "not"
                        | "&&"
                        | "||"
                        | "and"
                        | "or"
                        | "==="
                        | "!=="
                        | "is"
                        | "in"
                        | "unless"
                        | "if"
                )
            })
            .map(|(text, _)| (*text).to_owned())
            .collect()
    };
    let (lost, won) = (operators(gone), operators(came));
    if lost.is_empty() && won.is_empty() {
        let names = gone.iter().chain(came).any(|(_, kind)| *kind == TokenKind::Word);
        if names && facts::is_condition(old) && !facts::is_error_check(new) {
            out.push(("condition_changed", 0.35));
        } else if gone.is_empty() && came.is_empty() && old.key != new.key {
            out.push(("condition_changed", 0.5));
        }
        return;
    }
    let conjunction =
        |side: &[String]| side.iter().any(|text| matches!(text.as_str(), "&&" | "||" | "and" | "or"));
    if conjunction(&lost) && won.iter().all(|text| !matches!(text.as_str(), "&&" | "||" | "and" | "or")) {
        let nullish = gone.iter().any(|(text, _)| matches!(*text, "nil" | "null" | "None" | "undefined"));
        out.push(if nullish { full("null_check_removed") } else { full("guard_removed") });
    } else if conjunction(&won) && lost.is_empty() {
        out.push(("condition_changed", 0.35));
    } else {
        out.push(full("condition_changed"));
    }
}

fn literals(
    old: &Statement,
    new: &Statement,
    gone: &[(&str, TokenKind)],
    came: &[(&str, TokenKind)],
    out: &mut Vec<Verdict>,
) {
    let texts = |side: &[(&str, TokenKind)]| -> Vec<String> {
        side.iter().filter(|(_, kind)| *kind == TokenKind::Text).map(|(text, _)| (*text).to_owned()).collect()
    };
    let (before, after) = (texts(gone), texts(came));
    if before.is_empty() && after.is_empty() {
        truth(gone, came, old, out);
        return;
    }
    let sql = |texts: &[String]| texts.iter().any(|text| super::sql::looks_like_sql(text));
    if sql(&before) || sql(&after) {
        return;
    }
    let parts: Vec<String> = new.words().flat_map(words::split_words).collect();
    for text in before.iter().chain(&after).take(4) {
        if let Some(verdict) = literal_kind(text, &parts, new, before.is_empty()) {
            out.push(verdict);
            return;
        }
    }
    if !is_prose(&after.first().or(before.first()).cloned().unwrap_or_default()) && out.is_empty() {
        out.push(if before.is_empty() { ("logic_changed", 0.1) } else { ("field_renamed", 0.45) });
    }
}

/// What a changed string is by its look and by the names around it.
pub(super) fn literal_kind(
    text: &str,
    parts: &[String],
    statement: &Statement,
    only_added: bool,
) -> Option<Verdict> {
    if is_prose(text) {
        return None;
    }
    let factor = if only_added { 0.5 } else { 1.0 };
    let scaled = |kind: &'static str| (kind, weight_of(kind) * factor);
    let tag = text.contains("json:")
        || text.contains("protobuf:")
        || text.contains("yaml:")
        || text.contains("db:")
        || text.contains("bson:");
    if tag
        || words::any(parts, &["jsonproperty", "serializedname", "serde"])
        || statement.first().starts_with('@') && words::any(parts, &["json", "property", "column", "field"])
    {
        return Some(scaled("contract_changed"));
    }
    if words::any(parts, &["getenv", "environ", "env", "lookupenv", "environment"]) {
        return Some(scaled("env_var_changed"));
    }
    if words::any(parts, &["regexp", "regex", "pattern", "compile", "matcher", "match"])
        && text.contains(['\\', '^', '$', '[', '*', '+', '('])
    {
        return Some(scaled("regex_changed"));
    }
    if text.contains("://") || is_host(text) {
        let host = |text: &str| {
            text.split("://").nth(1).is_some_and(|rest| {
                rest.contains('/') && rest.split('/').nth(1).is_some_and(|p| !p.is_empty())
            })
        };
        return Some(scaled(if host(text) && !words::any(parts, &["host", "addr", "dsn"]) {
            "endpoint_changed"
        } else {
            "host_or_port_changed"
        }));
    }
    if words::any(parts, words::CACHE)
        || words::any(parts, &["redis", "key", "cachekey"]) && (text.contains(':') || text.contains('%'))
    {
        return Some(scaled("cache_key_changed"));
    }
    if text.starts_with('/') && text.len() > 1 || text.contains("/{") || text.contains("/:") {
        return Some(scaled("endpoint_changed"));
    }
    if words::any(parts, &["topic", "queue", "subject", "stream", "group", "consumer", "partition", "offset"])
    {
        return Some(scaled("consumer_changed"));
    }
    if words::any(parts, &["header", "headers", "accept", "content"]) {
        return Some(("contract_changed", 0.5 * factor));
    }
    if words::any(parts, &["password", "secret", "token", "credential", "credentials", "apikey"]) {
        return Some(scaled("credential_changed"));
    }
    if words::any(parts, words::AUTH) {
        return Some(scaled("permission_changed"));
    }
    if words::any(parts, &["cron", "schedule"]) {
        return Some(scaled("schedule_changed"));
    }
    None
}

/// `db-1.internal:5432`, `10.0.0.7`, `example.org`.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let labels: Vec<&str> = host.split('.').collect();
    let plain = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
    let numeric = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let domain = labels.last().is_some_and(|last| {
        matches!(*last, "com" | "net" | "org" | "io" | "internal" | "local" | "dev" | "svc" | "cloud")
    });
    let port = port.is_some_and(|port| {
        port.len() >= 2 && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    plain
        && (numeric
            || (labels.len() >= 2 && domain)
            || (port && host.bytes().any(|byte| byte.is_ascii_alphabetic())))
}

fn truth(gone: &[(&str, TokenKind)], came: &[(&str, TokenKind)], old: &Statement, out: &mut Vec<Verdict>) {
    let is = |side: &[(&str, TokenKind)], wanted: &[&str]| {
        side.iter().any(|(text, _)| wanted.contains(&text.to_lowercase().as_str()))
    };
    let flipped = is(gone, &["true", "on", "yes", "enabled"])
        && is(came, &["false", "off", "no", "disabled"])
        || is(gone, &["false", "off", "no", "disabled"]) && is(came, &["true", "on", "yes", "enabled"]);
    if flipped {
        let parts: Vec<String> = old.words().chain(old.strings()).flat_map(words::split_words).collect();
        let feature = words::any(
            &parts,
            &[
                "feature", "flag", "enabled", "enable", "flags", "disabled", "disable", "features", "toggle",
                "rollout",
            ],
        );
        out.push(full(if feature { "feature_default_changed" } else { "default_changed" }));
    }
}

fn rest(
    old: &Statement,
    new: &Statement,
    gone: &[(&str, TokenKind)],
    came: &[(&str, TokenKind)],
) -> Option<Verdict> {
    let only_prose = gone.iter().chain(came).all(|(text, kind)| *kind == TokenKind::Text && is_prose(text));
    if only_prose && !(gone.is_empty() && came.is_empty()) {
        return Some(full("text_only"));
    }
    let arithmetic = |side: &[(&str, TokenKind)]| {
        side.iter().any(|(text, _)| matches!(*text, "+" | "-" | "*" | "/" | "%" | "//" | "<<" | ">>"))
    };
    if arithmetic(gone)
        || arithmetic(came)
        || (gone.is_empty() && came.is_empty() && ["-", "/", "%"].iter().any(|operator| old.has(operator)))
    {
        return Some(("rounding_or_arithmetic_changed", 0.5));
    }
    let numbers = gone.iter().any(|(_, kind)| *kind == TokenKind::Number)
        && came.iter().any(|(_, kind)| *kind == TokenKind::Number);
    if numbers {
        return None;
    }
    if gone.iter().chain(came).all(|(_, kind)| *kind == TokenKind::Operator) {
        return (old.key != new.key
            && gone
                .iter()
                .chain(came)
                .any(|(text, _)| !matches!(*text, "(" | ")" | "{" | "}" | "," | "&" | ";" | ":" | "?")))
        .then_some(("logic_changed", 0.15));
    }
    if facts::is_definition(old) && facts::is_definition(new) {
        return Some(("logic_changed", 0.06));
    }
    let field = |side: &[(&str, TokenKind)]| side.iter().filter(|(_, kind)| *kind == TokenKind::Word).count();
    if assigned_key(old) == assigned_key(new) && assigned_key(old).is_some() {
        return Some(("constant_changed", 0.25));
    }
    Some(("logic_changed", if field(gone) + field(came) > 4 { 0.25 } else { 0.15 }))
}
