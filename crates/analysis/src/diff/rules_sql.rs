//! SQL that appeared, vanished or changed, in code and in migrations.

use std::collections::BTreeSet;

use super::cancel::FileSides;
use super::facts;
use super::kinds::weight_of;
use super::path_class::{PathClass, Syntax};
use super::rules_config;
use super::rules_single::Verdict;
use super::sql::{SqlShape, looks_like_sql, shape_of};
use super::statement::Statement;

fn full(kind: &'static str) -> Verdict {
    (kind, weight_of(kind))
}

/// Tables that the diff creates, and those that its old sides already name.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    created: BTreeSet<String>,
    known: BTreeSet<String>,
}

/// Looks over all files for tables created and known.
pub(super) fn tables(files: &[FileSides]) -> Tables {
    let mut tables = Tables::default();
    for file in files {
        for (statement, is_new) in file
            .old
            .statements
            .iter()
            .map(|s| (s, false))
            .chain(file.new.statements.iter().map(|s| (s, true)))
        {
            let Some(shape) = shape_in(statement, file) else { continue };
            if is_new && (shape.verb == "create" || shape.verb == "alter") {
                tables.created.extend(shape.tables.iter().cloned());
            }
            if !is_new || !statement.changed {
                tables.known.extend(shape.tables);
            }
        }
        // `create_table :things` and its like.
        for statement in file.new.statements.iter().filter(|s| s.has("create_table") || s.has("createTable"))
        {
            tables.created.extend(statement.words().chain(statement.strings()).map(str::to_ascii_lowercase));
        }
    }
    tables
}

/// The SQL of a statement: of a `.sql` file, or of its strings.
pub(super) fn shape_in(statement: &Statement, file: &FileSides) -> Option<SqlShape> {
    if file.syntax == Syntax::Sql {
        return shape_of(&statement.text, true);
    }
    if file.class == PathClass::Migration && migration_call(statement) {
        return Some(SqlShape {
            verb: "migration".to_owned(),
            text: statement.shown(),
            ..SqlShape::default()
        });
    }
    // Strings that are put together from pieces read as one.
    let pieces: Vec<&str> = statement.strings().filter(|text| text.len() > 5).collect();
    if let Some(first) = pieces.first().filter(|first| looks_like_sql(first)) {
        let whole = if pieces.len() > 1 { pieces.join(" ") } else { (*first).to_owned() };
        return shape_of(&whole, false);
    }
    if let Some(text) = pieces.iter().find(|text| looks_like_sql(text)) {
        return shape_of(text, false);
    }
    if file.class != PathClass::Code {
        return None;
    }
    // A line inside a string whose quotes the hunk does not show.
    let bare = statement.token(0).len() > 2
        && statement.token(0).bytes().all(|byte| byte.is_ascii_uppercase())
        && looks_like_sql(&statement.text);
    bare.then(|| shape_of(&statement.text, false)).flatten().filter(|_| {
        !statement.has("=>") && !statement.has(":=") && !matches!(statement.token(1), "=" | "(" | ".")
    })
}

fn migration_call(statement: &Statement) -> bool {
    [
        "add_column",
        "remove_column",
        "add_index",
        "remove_index",
        "create_table",
        "drop_table",
        "rename_column",
        "change_column",
        "drop_index",
        "create_index",
        "drop_column",
        "alter_column",
        "rename_table",
        "add_foreign_key",
    ]
    .iter()
    .any(|name| statement.has(name))
}

/// What a pair of statements says about SQL.
#[derive(Debug, Clone, Default)]
pub(super) struct SqlChange {
    pub(super) removed: Option<SqlShape>,
    pub(super) added: Option<SqlShape>,
    pub(super) verdicts: Vec<Verdict>,
}

/// The change between two forms of a statement.
pub(super) fn changed(old: &Statement, new: &Statement, file: &FileSides, tables: &Tables) -> SqlChange {
    let (before, after) = (shape_in(old, file), shape_in(new, file));
    let mut change = SqlChange::default();
    if let (Some(before), Some(after)) = (&before, &after) {
        if before.text == after.text {
            return change;
        }
        if file.class == PathClass::Migration {
            change
                .verdicts
                .extend(rules_config::migration(after, new, true).map(|(kind, weight)| (kind, weight * 0.8)));
        } else {
            compare(before, after, &mut change.verdicts);
            if without_migration(after, tables) {
                change.verdicts.push(full("table_used_without_migration"));
            }
        }
    } else if let Some(after) = &after {
        change.verdicts = added(after, new, file, tables);
    } else if let Some(before) = &before {
        change.verdicts.extend(removed(before, old, file));
    }
    change.removed = before;
    change.added = after;
    change
}

fn compare(before: &SqlShape, after: &SqlShape, out: &mut Vec<Verdict>) {
    let lower = |shape: &SqlShape| shape.text.to_ascii_lowercase();
    let (old_text, new_text) = (lower(before), lower(after));
    if before.has_limit && !after.has_limit {
        out.push(full("limit_removed"));
    }
    if before.has_where && !after.has_where {
        out.push(("query_changed", 0.8));
    }
    let hint =
        |text: &str| text.contains("use index") || text.contains("force index") || text.contains("/*+");
    if hint(&old_text) != hint(&new_text) {
        out.push(full("index_hint_changed"));
    }
    let star = |text: &str| text.contains("select *") || text.contains(".*");
    if star(&new_text) && !star(&old_text) {
        out.push(full("payload_grown"));
    }
    if after.joins > before.joins {
        out.push(("query_changed", 0.65));
    }
    if new_text.contains("for update") && !old_text.contains("for update") {
        out.push(full("lock_added"));
    }
    if !out.is_empty() {
        return;
    }
    if before.has_order != after.has_order {
        out.push(("query_changed", 0.5));
    } else if before.tables != after.tables {
        out.push(("query_changed", 0.65));
    } else if before.columns.len() == after.columns.len() && before.columns != after.columns {
        out.push(full("field_renamed"));
    } else if before.columns.len() < after.columns.len() {
        out.push(("query_changed", 0.45));
    } else if before.has_limit && after.has_limit && before.columns == after.columns {
        out.push(("query_changed", 0.3));
    } else {
        out.push(("query_changed", 0.5));
    }
}

fn without_migration(shape: &SqlShape, tables: &Tables) -> bool {
    shape.tables.iter().any(|table| !tables.created.contains(table) && !tables.known.contains(table))
}

/// What new SQL does.
pub(super) fn added(
    shape: &SqlShape,
    statement: &Statement,
    file: &FileSides,
    tables: &Tables,
) -> Vec<Verdict> {
    if file.class == PathClass::Migration {
        return rules_config::migration(shape, statement, true).into_iter().collect();
    }
    let mut verdicts = Vec::new();
    let clause = !matches!(
        shape.verb.as_str(),
        "select"
            | "insert"
            | "update"
            | "delete"
            | "with"
            | "create"
            | "alter"
            | "drop"
            | "truncate"
            | "merge"
    );
    if statement.in_loop {
        verdicts.push(full("call_in_loop_added"));
    } else if clause {
        verdicts.push(("query_changed", if shape.has_limit { 0.2 } else { 0.5 }));
    } else {
        verdicts.push((
            "query_added",
            if shape.has_limit || shape.verb == "insert" { 0.4 } else { weight_of("query_added") },
        ));
    }
    if !matches!(shape.verb.as_str(), "create" | "alter") && without_migration(shape, tables) {
        verdicts.push(full("table_used_without_migration"));
    }
    verdicts
}

/// What vanished with SQL.
pub(super) fn removed(shape: &SqlShape, statement: &Statement, file: &FileSides) -> Option<Verdict> {
    if file.class == PathClass::Migration {
        return rules_config::migration(shape, statement, false);
    }
    if facts::is_log(statement) {
        return None;
    }
    Some(match shape.verb.as_str() {
        "limit" => full("limit_removed"),
        "where" | "and" => ("query_changed", 0.75),
        _ if shape.has_limit && shape.text.len() < 24 => full("limit_removed"),
        _ => ("query_changed", 0.4),
    })
}
