//! Statements of SQL, in `.sql` files and in strings.

use serde::Serialize;

use super::lex::lex;
use super::parse::cut;
use super::path_class::Syntax;

/// What a SQL statement, or a piece of one, touches.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SqlShape {
    /// First telling keyword in lower case: `select`, `insert`, `update`, `delete`, `create`, `alter`, `drop`, or the clause.
    pub verb: String,
    /// Tables named, lower case, sorted.
    pub tables: Vec<String>,
    /// Columns and other names, lower case, sorted.
    pub columns: Vec<String>,
    /// Has a `LIMIT`, `TOP` or `FETCH FIRST`.
    pub has_limit: bool,
    /// Has a `WHERE`.
    pub has_where: bool,
    /// Has an `ORDER BY`.
    pub has_order: bool,
    /// The number of joins.
    pub joins: usize,
    /// The text, on one line, cut at 200 bytes.
    pub text: String,
}

const VERBS: &[&str] = &[
    "select", "insert", "update", "delete", "create", "alter", "drop", "truncate", "with", "merge", "upsert",
    "explain",
];
const CLAUSES: &[&str] = &[
    "from",
    "where",
    "join",
    "left",
    "inner",
    "right",
    "limit",
    "order",
    "group",
    "and",
    "or",
    "set",
    "values",
    "having",
    "on",
    "offset",
    "union",
    "for",
    "returning",
];
const NOT_COLUMNS: &[&str] = &[
    "select",
    "from",
    "where",
    "join",
    "left",
    "right",
    "inner",
    "outer",
    "on",
    "and",
    "or",
    "not",
    "null",
    "in",
    "is",
    "as",
    "by",
    "order",
    "group",
    "limit",
    "offset",
    "insert",
    "into",
    "values",
    "update",
    "set",
    "delete",
    "create",
    "table",
    "alter",
    "add",
    "column",
    "drop",
    "index",
    "unique",
    "primary",
    "key",
    "foreign",
    "references",
    "default",
    "asc",
    "desc",
    "count",
    "sum",
    "max",
    "min",
    "avg",
    "distinct",
    "having",
    "union",
    "all",
    "case",
    "when",
    "then",
    "else",
    "end",
    "exists",
    "between",
    "like",
    "ilike",
    "if",
    "concurrently",
    "using",
    "for",
    "skip",
    "locked",
    "returning",
    "text",
    "varchar",
    "int",
    "integer",
    "bigint",
    "boolean",
    "timestamp",
    "timestamptz",
    "serial",
    "jsonb",
    "json",
    "uuid",
    "numeric",
    "true",
    "false",
    "cascade",
    "constraint",
    "check",
    "now",
    "interval",
    "with",
    "force",
    "top",
    "fetch",
    "first",
    "rows",
    "only",
    "nulls",
    "last",
    "coalesce",
    "char",
];

/// Whether a text begins like a SQL statement.
pub(super) fn looks_like_sql(text: &str) -> bool {
    let mut words = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase);
    let Some(first) = words.next() else { return false };
    let upper = text.trim_start().starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .trim_start()
            .split(' ')
            .next()
            .is_some_and(|word| word.len() > 1 && word.bytes().all(|b| b.is_ascii_uppercase()));
    let rest: Vec<String> = words.take(400).collect();
    let has = |wanted: &str| rest.iter().any(|word| word == wanted);
    let second = rest.first().map_or("", String::as_str);
    match first.as_str() {
        "select" => has("from") || upper,
        "insert" | "merge" | "upsert" => second == "into",
        "update" => has("set"),
        "delete" => second == "from",
        "create" | "alter" | "drop" => matches!(
            second,
            "table"
                | "index"
                | "unique"
                | "view"
                | "column"
                | "materialized"
                | "type"
                | "sequence"
                | "trigger"
        ),
        "truncate" => second == "table",
        "with" => has("select") && has("as"),
        clause => upper && CLAUSES.contains(&clause) && !rest.is_empty(),
    }
}

/// The shape of a SQL text; `None` when it does not look like SQL.
pub(super) fn shape_of(text: &str, is_sql_file: bool) -> Option<SqlShape> {
    if !is_sql_file && !looks_like_sql(text) {
        return None;
    }
    let text = cut(text, 6_000);
    let lexed = lex(text, Syntax::Sql, false);
    let words: Vec<String> = lexed.tokens.iter().map(|token| token.of(text).to_ascii_lowercase()).collect();
    let verb = words
        .iter()
        .find(|word| VERBS.contains(&word.as_str()) || CLAUSES.contains(&word.as_str()))
        .cloned()
        .unwrap_or_default();
    let mut shape = SqlShape { verb, ..SqlShape::default() };
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map_or("", String::as_str);
        match word.as_str() {
            "limit" | "top" => shape.has_limit = true,
            "fetch" if next == "first" || next == "next" => shape.has_limit = true,
            "where" => shape.has_where = true,
            "order" => shape.has_order = true,
            "join" => shape.joins += 1,
            _ => {}
        }
        let names_table = matches!(word.as_str(), "from" | "join" | "into" | "table")
            || (word == "update" && next != "set")
            || (word == "on" && words.iter().take(3).any(|word| word == "index"));
        if names_table {
            if let Some(table) = table_after(&words, at + 1) {
                shape.tables.push(table);
            }
        } else if is_name(word) && !NOT_COLUMNS.contains(&word.as_str()) {
            shape.columns.push(word.clone());
        }
    }
    shape.tables.sort();
    shape.tables.dedup();
    shape.columns.sort();
    shape.columns.dedup();
    let tables = shape.tables.clone();
    shape.columns.retain(|column| column.len() > 1 && !tables.contains(column));
    shape.columns.truncate(60);
    shape.tables.truncate(20);
    shape.text = cut(&text.split_whitespace().collect::<Vec<&str>>().join(" "), 200).to_owned();
    Some(shape)
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && word.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The table named from `at` on: `IF NOT EXISTS`, `ONLY` and a schema in front are skipped.
fn table_after(words: &[String], at: usize) -> Option<String> {
    let mut at = at;
    while words.get(at).is_some_and(|word| matches!(word.as_str(), "if" | "not" | "exists" | "only")) {
        at += 1;
    }
    if words.get(at + 1).map(String::as_str) == Some(".") {
        at += 2;
    }
    words.get(at).filter(|word| is_name(word) && (!NOT_COLUMNS.contains(&word.as_str()))).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_name_tables_and_columns() {
        let shape = shape_of("SELECT o.id, o.total FROM shop.orders o JOIN lines l ON l.order_id = o.id WHERE o.state = $1 ORDER BY o.at LIMIT 50", false).unwrap();
        assert_eq!(shape.tables, ["lines", "orders"]);
        assert!(shape.has_limit && shape.has_where && shape.has_order && shape.joins == 1);
        assert!(shape.columns.contains(&"order_id".to_owned()));
        let shape = shape_of("CREATE TABLE IF NOT EXISTS invoices (id bigint)", false).unwrap();
        assert_eq!((shape.verb.as_str(), shape.tables), ("create", vec!["invoices".to_owned()]));
    }

    #[test]
    fn prose_is_no_sql() {
        for text in [
            "select a plan",
            "update available",
            "failed to delete user",
            "From the start",
            "create order failed",
            "",
        ] {
            assert!(!looks_like_sql(text), "{text}");
        }
        assert!(looks_like_sql("LIMIT 50"));
    }
}
