//! Words that programs use for guards, locks, caches and the like, and how rare a word is.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

/// The parts of an identifier in lower case: `maxOpenConns`, `max_open_conns` and `MAX-OPEN-CONNS` give the same.
pub(super) fn split_words(identifier: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous_lower = false;
    let mut previous_upper = false;
    let characters: Vec<char> = identifier.chars().take(120).collect();
    for (index, character) in characters.iter().copied().enumerate() {
        if !character.is_alphanumeric() {
            flush(&mut words, &mut word);
            (previous_lower, previous_upper) = (false, false);
            continue;
        }
        let next_lower = characters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let begins = character.is_uppercase() && (previous_lower || (previous_upper && next_lower));
        if begins {
            flush(&mut words, &mut word);
        }
        word.extend(character.to_lowercase());
        previous_lower = character.is_lowercase() || character.is_numeric();
        previous_upper = character.is_uppercase();
    }
    flush(&mut words, &mut word);
    words
}

fn flush(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// The parts of an identifier in lower case without separators, for comparing spellings.
pub(super) fn squashed(identifier: &str) -> String {
    identifier.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(120).collect()
}

/// Whether any of `words` is one of `known`.
pub(super) fn any(words: &[String], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_str()))
}

/// Keywords that stand before a bracket without being calls.
pub(super) const NOT_CALLS: &[&str] = &[
    "if",
    "for",
    "while",
    "switch",
    "match",
    "catch",
    "return",
    "func",
    "fn",
    "def",
    "function",
    "elif",
    "else",
    "and",
    "or",
    "not",
    "in",
    "with",
    "foreach",
    "using",
    "lock",
    "synchronized",
    "when",
    "case",
    "unless",
    "until",
    "print",
    "assert",
    "typeof",
    "await",
    "new",
    "throw",
    "raise",
    "yield",
    "sizeof",
    "VALUES",
    "values",
    "IN",
    "EXISTS",
    "make",
    "append",
    "len",
    "cap",
    "string",
    "int",
    "int64",
    "float64",
    "str",
    "float",
    "list",
    "dict",
    "set",
    "tuple",
    "bool",
    "error",
    "Some",
    "Ok",
    "Err",
    "None",
    "interface",
    "struct",
    "super",
    "constructor",
    "byte",
    "copy",
    "range",
    "panic",
    "vec!",
    "format!",
    "String",
    "Number",
    "Boolean",
    "Array",
];

pub(super) const LOG_RECEIVERS: &[&str] = &[
    "log", "logger", "logging", "slog", "console", "zap", "tracing", "klog", "glog", "logrus", "zerolog",
    "timber", "puts", "l", "lg", "syslog", "loguru", "winston", "pino", "debuglog",
];
pub(super) const LOG_NAMES: &[&str] = &[
    "debug",
    "info",
    "warn",
    "warning",
    "error",
    "trace",
    "fatal",
    "debugf",
    "infof",
    "warnf",
    "errorf",
    "tracef",
    "printf",
    "println",
    "print",
    "log",
    "logf",
    "exception",
    "critical",
    "notice",
    "infow",
    "errorw",
    "warnw",
    "debugw",
    "with",
    "verbose",
    "msg",
    "msgf",
];
pub(super) const TELEMETRY: &[&str] = &[
    "metric",
    "metrics",
    "statsd",
    "prometheus",
    "counter",
    "gauge",
    "histogram",
    "span",
    "tracer",
    "otel",
    "telemetry",
    "observe",
    "stats",
    "meter",
    "tag",
    "tags",
    "inc",
    "annotate",
];
pub(super) const IO_RECEIVERS: &[&str] = &[
    "db",
    "client",
    "http",
    "rpc",
    "grpc",
    "conn",
    "tx",
    "redis",
    "session",
    "repo",
    "repository",
    "store",
    "storage",
    "api",
    "sql",
    "kafka",
    "s3",
    "stub",
    "requests",
    "axios",
    "dao",
    "mongo",
    "collection",
    "cursor",
    "pool",
    "database",
    "remote",
    "upstream",
    "producer",
    "table",
    "queue",
    "broker",
    "svc",
    "service",
    "gateway",
    "dynamo",
    "dynamodb",
    "es",
    "elastic",
    "bucket",
    "prisma",
    "knex",
    "rdb",
    "cli",
    "objects",
    "em",
    "orm",
    "cassandra",
];
pub(super) const IO_NAMES: &[&str] = &[
    "query", "fetch", "exec", "execute", "select", "insert", "find", "request", "call", "invoke", "send",
    "publish", "download", "upload", "load", "lookup", "scan", "rpc", "post", "put", "get", "do", "read",
    "write", "save", "update", "delete", "list", "count", "search", "describe", "resolve", "dial", "connect",
    "produce", "head", "filter", "all", "first", "where", "create", "batch", "rpush", "hget", "mget", "set",
    "store", "persist", "urlopen",
];
pub(super) const STRONG_IO: &[&str] = &[
    "query",
    "fetch",
    "queryrow",
    "querycontext",
    "execute",
    "urlopen",
    "dial",
    "rpc",
    "download",
    "upload",
    "publish",
    "lookup",
];
pub(super) const LOCK_NAMES: &[&str] =
    &["lock", "rlock", "trylock", "acquire", "mutex", "synchronized", "lockasync", "rwlock", "semaphore"];
pub(super) const UNLOCK_NAMES: &[&str] = &["unlock", "runlock", "release"];
pub(super) const CLOSE_NAMES: &[&str] = &[
    "close",
    "dispose",
    "unsubscribe",
    "shutdown",
    "cancel",
    "cleanup",
    "teardown",
    "removelistener",
    "removeeventlistener",
    "clearinterval",
    "cleartimeout",
    "free",
    "evict",
    "rollback",
    "disconnect",
    "destroy",
    "stop",
    "drop",
    "flush",
    "disposeasync",
    "closequietly",
];
pub(super) const VALIDATION: &[&str] = &[
    "validate",
    "validates",
    "validator",
    "valid",
    "verify",
    "sanitize",
    "escape",
    "assert",
    "ensure",
    "require",
    "check",
    "checked",
    "invalid",
    "clamp",
    "saturating",
    "precondition",
    "preconditions",
    "schema",
    "notblank",
    "notnull",
    "parse",
    "constrain",
];
pub(super) const REGISTRATION: &[&str] = &[
    "register",
    "subscribe",
    "handle",
    "handlefunc",
    "mount",
    "seed",
    "install",
    "bind",
    "route",
    "attach",
    "listen",
    "on",
    "enroll",
    "migrate",
    "warmup",
    "preload",
    "prime",
    "initialize",
    "schedule",
    "use",
    "bootstrap",
    "enable",
    "join",
];
pub(super) const AUTH: &[&str] = &[
    "auth",
    "authorize",
    "authorized",
    "authenticate",
    "authentication",
    "authorization",
    "permission",
    "permissions",
    "permit",
    "role",
    "roles",
    "acl",
    "rbac",
    "scope",
    "scopes",
    "policy",
    "jwt",
    "oauth",
    "login",
    "forbidden",
    "unauthorized",
    "principal",
    "grant",
    "iam",
    "audience",
    "issuer",
];
pub(super) const CACHE: &[&str] =
    &["cache", "cached", "caches", "caching", "memo", "memoize", "memoized", "lru", "memcache", "memcached"];

/// Words every program uses: they tie nothing to anything.
const COMMON: &[&str] = &[
    "the",
    "and",
    "for",
    "not",
    "with",
    "from",
    "this",
    "that",
    "self",
    "return",
    "returns",
    "func",
    "function",
    "def",
    "class",
    "struct",
    "type",
    "interface",
    "public",
    "private",
    "protected",
    "static",
    "final",
    "const",
    "let",
    "var",
    "val",
    "mut",
    "new",
    "null",
    "nil",
    "none",
    "true",
    "false",
    "else",
    "elif",
    "while",
    "switch",
    "case",
    "break",
    "continue",
    "try",
    "catch",
    "except",
    "finally",
    "throw",
    "throws",
    "raise",
    "import",
    "package",
    "use",
    "pub",
    "impl",
    "trait",
    "enum",
    "async",
    "await",
    "yield",
    "lambda",
    "string",
    "str",
    "int",
    "int32",
    "int64",
    "uint",
    "uint64",
    "float",
    "float64",
    "bool",
    "boolean",
    "byte",
    "bytes",
    "char",
    "void",
    "object",
    "any",
    "err",
    "error",
    "errors",
    "ctx",
    "context",
    "args",
    "kwargs",
    "params",
    "options",
    "opts",
    "config",
    "cfg",
    "data",
    "value",
    "values",
    "key",
    "keys",
    "name",
    "names",
    "item",
    "items",
    "list",
    "map",
    "array",
    "dict",
    "set",
    "get",
    "put",
    "add",
    "remove",
    "len",
    "length",
    "size",
    "count",
    "index",
    "idx",
    "result",
    "results",
    "res",
    "resp",
    "response",
    "req",
    "request",
    "log",
    "logger",
    "info",
    "debug",
    "warn",
    "fmt",
    "printf",
    "println",
    "errorf",
    "sprintf",
    "main",
    "init",
    "test",
    "time",
    "http",
    "json",
    "user",
    "users",
    "code",
    "status",
    "message",
    "msg",
    "ok",
    "id",
    "ids",
    "db",
    "sql",
    "select",
    "where",
    "insert",
    "update",
    "delete",
    "into",
    "limit",
    "order",
    "group",
    "by",
    "out",
    "input",
    "output",
    "append",
    "make",
    "range",
    "defer",
    "chan",
    "end",
    "start",
    "begin",
    "default",
    "default_value",
    "i32",
    "i64",
    "usize",
    "u64",
    "u32",
    "vec",
    "some",
    "handler",
    "handle",
    "service",
    "client",
    "server",
    "println!",
    "format",
    "write",
    "read",
    "open",
    "close",
    "second",
    "seconds",
    "millisecond",
    "minute",
    "duration",
    "timeout",
    "https",
    "www",
    "com",
    "org",
    "api",
    "file",
    "path",
    "line",
    "body",
    "header",
    "headers",
    "method",
    "url",
    "model",
    "base",
    "util",
    "utils",
    "common",
    "run",
    "call",
    "called",
    "failed",
    "success",
];

/// How much a word ties a diff to telemetry when it stands in both, 0 to 1.
///
/// Common words of programs weigh nothing; longer words and words of several parts weigh more.
pub(super) fn rarity(word: &str) -> f64 {
    let squashed = squashed(word);
    if squashed.len() < 3 || squashed.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0.0;
    }
    if is_common(&squashed) || is_common(&word.to_lowercase()) {
        return 0.0;
    }
    let parts = split_words(word);
    let uncommon = parts.iter().any(|part| part.len() > 2 && !is_common(part));
    let base = 0.15 + 0.05 * squashed.len().min(14) as f64;
    let compound = if parts.len() >= 2 { 0.2 } else { 0.0 };
    let scale = if uncommon { 1.0 } else { 0.5 };
    ((base + compound) * scale).min(1.0)
}

fn is_common(word: &str) -> bool {
    static COMMON_SET: LazyLock<FxHashSet<&str>> = LazyLock::new(|| COMMON.iter().copied().collect());
    COMMON_SET.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_split_the_same_in_every_spelling() {
        for spelling in ["maxOpenConns", "max_open_conns", "MAX_OPEN_CONNS", "MaxOpenConns", "max-open-conns"]
        {
            assert_eq!(split_words(spelling), ["max", "open", "conns"], "{spelling}");
        }
        assert_eq!(split_words("HTTPServer"), ["http", "server"]);
    }

    #[test]
    fn common_words_tie_nothing() {
        assert_eq!(rarity("err"), 0.0);
        assert_eq!(rarity("42"), 0.0);
        assert!(rarity("shipment_quotes") > rarity("quotes"));
    }
}
