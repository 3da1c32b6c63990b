//! What a statement does that was only removed or only added.

use super::facts::{self, Call};
use super::kinds::weight_of;
use super::statement::Statement;
use super::vocabulary as words;

/// Kind and weight of a behaviour.
pub(super) type Verdict = (&'static str, f64);

fn full(kind: &'static str) -> Verdict {
    (kind, weight_of(kind))
}

/// What vanished with a removed statement of program text; `leaves` says that it guarded an exit.
pub(super) fn removed(statement: &Statement, leaves: bool) -> Option<Verdict> {
    if facts::is_scaffolding(statement) {
        return None;
    }
    if facts::is_log(statement) {
        return Some(full("text_only"));
    }
    let calls = facts::calls(statement);
    let parts = statement.parts();
    let first = statement.first();
    if let Some(verdict) = removed_resource(statement, calls, parts) {
        return Some(verdict);
    }
    if facts::is_condition(statement) {
        return Some(removed_condition(statement, leaves, parts));
    }
    if matches!(first, "catch" | "except" | "rescue" | "try" | "finally" | "ensure" | "recover")
        || facts::call_named(calls, &["recover", "catch"]).is_some()
    {
        return Some(if matches!(first, "finally" | "ensure") {
            full("close_removed")
        } else if first == "try" {
            ("error_handling_removed", 0.3)
        } else {
            full("error_handling_removed")
        });
    }
    if statement.token(0) == "with" || first == "using" {
        return Some(("close_removed", 0.5));
    }
    if facts::is_loop_head(statement) {
        if words::any(parts, &["attempt", "attempts", "retry", "retries"]) {
            return Some(full("retry_removed"));
        }
        if words::any(parts, &["batch", "batches", "chunk", "chunks", "page", "pages"]) {
            return Some(full("batch_removed"));
        }
        return Some(("logic_removed", 0.2));
    }
    if words::any(parts, words::AUTH) && !calls.is_empty() {
        return Some(full("auth_changed"));
    }
    if calls.iter().any(|call| words::any(&call.parts, words::VALIDATION))
        || first.starts_with('@')
            && words::any(
                &words::split_words(first),
                &["valid", "validated", "min", "max", "size", "pattern"],
            )
    {
        return Some((
            "validation_removed",
            if calls.iter().any(|call| words::any(&call.parts, &["parse", "schema", "check"])) {
                0.5
            } else {
                weight_of("validation_removed")
            },
        ));
    }
    if first.starts_with('@')
        && words::any(&words::split_words(first), &["transactional", "retryable", "async", "scheduled"])
    {
        return Some(("call_removed", 0.5));
    }
    if let Some(call) = calls.iter().find(|call| is_registration(statement, call)) {
        return Some((
            "removed_registration",
            if call.parts.iter().any(|part| part == "on" || part == "use" || part == "bind") {
                0.5
            } else {
                weight_of("removed_registration")
            },
        ));
    }
    if words::any(parts, &["limit", "max", "clamp"])
        && (statement.has("min")
            || calls.iter().any(|call| words::any(&call.parts, &["limit", "min", "clamp", "truncate"])))
    {
        return Some(full("limit_removed"));
    }
    if words::any(parts, &["page", "paginate", "pagination"]) && !calls.is_empty() {
        return Some(full("pagination_removed"));
    }
    if statement.has("timeout") || words::any(parts, &["timeout", "deadline"]) {
        return Some(full("timeout_removed"));
    }
    if facts::is_telemetry(statement) {
        return Some(full("text_only"));
    }
    if calls.iter().any(|call| words::any(&call.parts, &["await"])) || statement.has("await") {
        return Some(full("call_removed"));
    }
    if calls.iter().any(facts::is_io_call) {
        return Some(full("call_removed"));
    }
    plain_removed(statement, calls)
}

fn plain_removed(statement: &Statement, calls: &[Call]) -> Option<Verdict> {
    let first = statement.first();
    if facts::is_definition(statement) {
        return Some(("logic_removed", 0.05));
    }
    if matches!(first, "continue" | "break" | "return") && calls.is_empty() && statement.tokens.len() <= 3 {
        return Some(("logic_removed", 0.1));
    }
    // A call for its effect weighs more than one for its value.
    let for_effect = !statement.has("=") && !statement.has(":=") && first != "return" && !calls.is_empty();
    if for_effect {
        return Some(("call_removed", 0.45));
    }
    if !calls.is_empty() {
        return Some(("call_removed", 0.25));
    }
    Some(("logic_removed", 0.12))
}

/// Locks, closers, caches, limits, retries and what else is kept track of by name.
fn removed_resource(statement: &Statement, calls: &[Call], parts: &[String]) -> Option<Verdict> {
    let first = statement.first();
    if facts::call_named(calls, words::UNLOCK_NAMES).is_some()
        || facts::call_named(calls, words::LOCK_NAMES).is_some()
        || matches!(first, "synchronized" | "lock")
        || statement.has("synchronized")
        || (matches!(first, "with" | "async") && words::any(parts, &["lock", "mutex", "semaphore"]))
    {
        return Some(full("lock_removed"));
    }
    let deferred = matches!(first, "defer" | "finally");
    if let Some(call) = facts::call_named(calls, words::CLOSE_NAMES) {
        let weak = words::any(&call.parts, &["stop", "drop", "flush", "free", "evict"]);
        let weight = if deferred || !weak { weight_of("close_removed") } else { 0.5 };
        return Some(("close_removed", weight));
    }
    if first == "delete" && statement.has("(") || statement.has("removeEventListener") {
        return Some(("resource_kept", 0.6));
    }
    if words::any(parts, words::CACHE) || words::any(parts, &["singleflight", "memo"]) {
        return Some(full("cache_removed"));
    }
    if words::any(parts, &["backoff", "jitter"]) {
        return Some(full("backoff_removed"));
    }
    if facts::call_named(calls, &["sleep"]).is_some() {
        return Some(full("backoff_removed"));
    }
    if words::any(parts, &["retry", "retries", "attempt", "attempts"]) {
        return Some(full("retry_removed"));
    }
    if words::any(
        parts,
        &["limiter", "ratelimit", "throttle", "breaker", "circuit", "limitreader", "maxbytesreader"],
    ) {
        return Some(full("limit_removed"));
    }
    if facts::call_named(calls, &["commit", "ack", "nack", "commitsync", "commitasync"]).is_some()
        && !words::any(parts, &["tx", "transaction"])
    {
        return Some(full("consumer_changed"));
    }
    None
}

fn is_registration(statement: &Statement, call: &Call) -> bool {
    let name = words::split_words(&call.name);
    let verb = name.first().map_or("", String::as_str);
    let alone = !statement.has("=") && !statement.has(":=") && statement.first() != "return";
    let effect = statement.first() == call.receiver
        || statement.first() == call.name
        || statement.has("await")
        || statement.first() == "self"
        || statement.first() == "if";
    (words::REGISTRATION.contains(&verb)
        || words::any(&name, &["register", "subscribe", "registration"])
        || words::squashed(&call.name) == "addhandler"
        || verb == "add"
            && words::any(
                &name,
                &[
                    "handler",
                    "route",
                    "listener",
                    "job",
                    "consumer",
                    "middleware",
                    "source",
                    "scoped",
                    "singleton",
                ],
            ))
        && alone
        && effect
}

fn removed_condition(statement: &Statement, leaves: bool, parts: &[String]) -> Verdict {
    if facts::is_error_check(statement) {
        return ("error_handling_removed", if leaves { weight_of("error_handling_removed") } else { 0.4 });
    }
    if words::any(parts, words::AUTH) {
        return full("auth_changed");
    }
    if words::any(parts, &["validate", "valid", "verify", "invalid", "isvalid"]) {
        return full("validation_removed");
    }
    let bounded = ["<", ">", "<=", ">="].iter().any(|operator| statement.has(operator));
    if bounded && (words::any(parts, &["max", "limit", "quota", "cap", "capacity", "threshold"])) {
        return full("limit_removed");
    }
    if facts::is_null_check(statement) && !bounded {
        return (
            "null_check_removed",
            if leaves || statement.has("&&") { weight_of("null_check_removed") } else { 0.65 },
        );
    }
    if leaves
        || facts::is_exit(statement)
        || matches!(statement.first(), "guard" | "assert" | "require" | "assert!")
    {
        return full("guard_removed");
    }
    ("guard_removed", 0.5)
}

/// What appeared with an added statement of program text. `in_loop` says a loop stands around it.
pub(super) fn added(statement: &Statement, leaves: bool, in_loop: bool) -> Option<Verdict> {
    if facts::is_scaffolding(statement)
        || facts::is_definition(statement) && facts::calls(statement).is_empty()
    {
        return None;
    }
    let calls = facts::calls(statement);
    let parts = statement.parts();
    let first = statement.first();
    if facts::is_log(statement) {
        return Some(if in_loop { full("log_added_in_hot_path") } else { full("log_added") });
    }
    let repeated = calls
        .iter()
        .any(|call| facts::is_io_call(call) && (in_loop || facts::in_inline_loop(statement, call.at)));
    if repeated && !facts::is_telemetry(statement) {
        return Some(full("call_in_loop_added"));
    }
    if let Some(verdict) = added_concurrency(statement, calls, parts) {
        return Some(verdict);
    }
    if facts::is_condition(statement) {
        if facts::is_error_check(statement) {
            return Some(("error_handling_added", 0.01));
        }
        return Some(if words::any(parts, words::AUTH) {
            ("auth_changed", 0.5)
        } else if leaves
            && words::any(parts, &["validate", "valid", "invalid", "verify", "pattern", "regex", "match"])
        {
            full("validation_tightened")
        } else {
            full("guard_added")
        });
    }
    if facts::is_loop_head(statement) {
        return Some(if words::any(parts, &["attempt", "attempts", "retry", "retries"]) {
            full("retry_added")
        } else {
            full("loop_added")
        });
    }
    if matches!(first, "catch" | "except" | "rescue" | "recover") {
        return Some(full("error_handling_added"));
    }
    if words::any(parts, &["retry", "retries", "withretry", "retrying", "retryable"]) {
        return Some(full("retry_added"));
    }
    if words::any(parts, &["timeout", "deadline"])
        && (!calls.is_empty() || statement.has(":") || statement.has("="))
    {
        return Some(full("timeout_added"));
    }
    added_rest(statement, calls, parts)
}

fn added_concurrency(statement: &Statement, calls: &[Call], parts: &[String]) -> Option<Verdict> {
    let first = statement.first();
    if facts::call_named(calls, words::LOCK_NAMES).is_some()
        || first == "synchronized"
        || statement.has("synchronized")
        || (matches!(first, "with" | "async" | "lock") && words::any(parts, &["lock", "mutex"]))
    {
        return Some(full("lock_added"));
    }
    if facts::call_named(calls, words::UNLOCK_NAMES).is_some() {
        return Some(("lock_added", 0.1));
    }
    if facts::call_named(calls, &["sleep", "usleep", "thread_sleep"]).is_some()
        || statement.has("Sleep") && !calls.is_empty()
    {
        return Some(full("sleep_added"));
    }
    let spawns = first == "go" && (statement.has("func") || !calls.is_empty())
        || facts::call_named(
            calls,
            &[
                "spawn",
                "gothread",
                "newthread",
                "submit",
                "runasync",
                "supplyasync",
                "createtask",
                "create_task",
                "launch",
                "gather",
            ],
        )
        .is_some()
        || statement.has("Thread") && (statement.has("new") || first == "Thread");
    if spawns {
        return Some(full("thread_or_goroutine_added"));
    }
    None
}

fn added_rest(statement: &Statement, calls: &[Call], parts: &[String]) -> Option<Verdict> {
    let first = statement.first();
    if statement.has("block_on")
        || statement.has("runBlocking")
        || statement.has("readFileSync")
        || statement.has("execSync")
        || calls.iter().any(|call| {
            call.name.ends_with("Sync") && call.name.len() > 4
                || matches!(call.name.as_str(), "Wait" | "GetResult")
        })
    {
        return Some(("async_to_sync", weight_of("async_to_sync")));
    }
    if statement.has("InsecureSkipVerify")
        || words::any(parts, &["certificate", "cert", "tls", "truststore", "keystore"]) && !calls.is_empty()
    {
        return Some(("certificate_changed", 0.4));
    }
    if let Some(call) = facts::call_named(calls, words::CLOSE_NAMES) {
        return Some((
            "call_added",
            if matches!(first, "defer") {
                0.03
            } else if words::any(&call.parts, &["cancel", "shutdown", "stop", "disconnect"]) {
                0.25
            } else {
                0.1
            },
        ));
    }
    if is_kept(statement, calls) {
        return Some(full("resource_kept"));
    }
    if words::any(parts, words::CACHE) && !calls.is_empty() {
        return Some(full("cache_added"));
    }
    if facts::is_telemetry(statement) {
        return Some(("log_added", 0.03));
    }
    if calls.iter().any(|call| words::any(&call.parts, &["validate", "validator", "verify", "sanitize"])) {
        return Some(("validation_tightened", 0.35));
    }
    if words::any(parts, words::AUTH) && !calls.is_empty() {
        return Some(("auth_changed", 0.35));
    }
    if calls.iter().any(facts::is_io_call) || statement.has("await") {
        return Some(("call_added", 0.35));
    }
    if calls.iter().any(|call| is_registration(statement, call)) {
        return Some(full("registration_added"));
    }
    if first == "return" || matches!(first, "continue" | "break" | "defer") || facts::is_definition(statement)
    {
        return Some(("logic_added", 0.01));
    }
    if !calls.is_empty() {
        return Some(("call_added", 0.1));
    }
    Some(("logic_added", 0.03))
}

/// Something is put where it outlives the call: a field or a global that grows.
fn is_kept(statement: &Statement, calls: &[Call]) -> bool {
    let owner = statement.first();
    let field = matches!(owner, "self" | "this" | "s" | "c" | "h" | "@") && statement.token(1) == "."
        || owner.starts_with('@') && owner.len() > 1
        || owner.len() > 2 && owner.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let grows = statement.has("append")
        || calls.iter().any(|call| {
            matches!(
                call.name.as_str(),
                "append"
                    | "push"
                    | "add"
                    | "Add"
                    | "put"
                    | "push_back"
                    | "insert"
                    | "addEventListener"
                    | "addListener"
            )
        })
        || statement.has("<<");
    let indexed = statement.token(3) == "[" && (statement.has("=")) && !statement.has("==");
    let named = statement.has("addEventListener") || statement.has("addListener");
    (field && (grows || indexed)) || named
}
