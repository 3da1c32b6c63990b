//! Tables of `kubectl get`: one or several, with a header or cut off from it.

use std::collections::BTreeMap;

use super::super::columns::{Columns, fields};
use super::super::command::Kubectl;
use super::super::describe::named;
use super::super::document::Source;
use super::super::errors::is_beside;
use super::super::reading::{Partial, Reading};
use super::events;
use super::fill::{Cells, fill};
use super::kinds::{kind_of, titles_of};
use super::top::{is_top, read_top};
use crate::kind::{Kind, ObjectKey};
use crate::picture::Form;

/// Whether a line is the header of a table.
pub(in super::super) fn is_header(line: &str) -> bool {
    ["NAME", "NAMESPACE", "LAST SEEN", "POD"].iter().any(|title| {
        line.strip_prefix(title).is_some_and(|rest| rest.trim().is_empty() || rest.starts_with("  "))
    })
}

/// Whether a line holds nothing but titles, as those of custom columns.
fn is_titles(line: &str) -> bool {
    line.contains(|c: char| c.is_ascii_uppercase())
        && line.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || " ()-_/.%".contains(c))
}

/// A table being read.
struct Table<'a> {
    columns: Columns<'a>,
    /// What the header, or the command, says that its rows are.
    kind: Option<Kind>,
}

/// Reads the tables of `kubectl get`.
pub(in super::super) fn read(source: Source<'_>, text: &str, asked: &Kubectl, reading: &mut Reading) {
    if let Some(output) = asked.output.as_deref()
        && let Some(form) =
            ["jsonpath", "go-template", "template"].iter().find(|form| output.starts_with(**form))
    {
        return reading.unread.push(source.unread(format!("output of {form} names no columns")));
    }
    let mut table: Option<Table<'_>> = None;
    let mut is_first = true;
    for line in text.lines() {
        if line.trim().is_empty() {
            // Messages of events may hold empty lines.
            table = table.filter(|table| table.kind == Some(Kind::Event));
            continue;
        }
        if is_beside(line) {
            continue;
        }
        if is_header(line) || (is_first && is_titles(line)) {
            let columns = Columns::of(line);
            if is_top(&columns) {
                return read_top(source, asked, reading);
            }
            table = Some(Table { kind: asked_kind(asked).or_else(|| kind_of(&columns)), columns });
        } else {
            let table = table.get_or_insert_with(|| headerless(line, asked));
            row(source, asked, table, line, reading);
        }
        is_first = false;
    }
}

/// The one kind that was asked for.
fn asked_kind(asked: &Kubectl) -> Option<Kind> {
    match asked.kinds.as_slice() {
        [kind] if *kind != Kind::Custom => Some(*kind),
        _ => None,
    }
}

/// A table whose header is not there: the columns that `kubectl` prints of the kind.
fn headerless(line: &str, asked: &Kubectl) -> Table<'static> {
    let kind = asked_kind(asked);
    let is_wide = asked.output.as_deref() == Some("wide");
    let count = fields(line, usize::MAX).len();
    let mut titles: Vec<&'static str> = Vec::new();
    if asked.all_namespaces {
        titles.push("NAMESPACE");
    }
    titles.extend(kind.map_or(&[][..], |kind| titles_of(kind, is_wide)));
    if kind != Some(Kind::Event) && titles.len() != count {
        titles.clear();
    }
    if asked.output.as_deref() == Some("name") {
        titles = vec!["NAME"];
    }
    Table { columns: Columns::named(&titles), kind }
}

fn row(source: Source<'_>, asked: &Kubectl, table: &Table<'_>, line: &str, reading: &mut Reading) {
    if table.columns.titles().next().is_none() {
        return reading.unread.push(source.unread("a table without its header, whose columns are not known"));
    }
    let Some(cells) = table.columns.cut(line) else {
        if table.kind == Some(Kind::Event) {
            return events::continue_message(source, line, reading);
        }
        return reading.unread.push(source.unread("rows of a table do not fit its header"));
    };
    let cells = Cells::new(table.columns.titles().zip(cells).collect());
    let namespace = cells.get("NAMESPACE").or(asked.namespace.as_deref()).unwrap_or("default");
    if table.kind == Some(Kind::Event) {
        return events::event(source, &cells, namespace, line, reading);
    }
    let Some(written) = cells.get("NAME") else {
        return reading.unread.push(source.unread("the table has no column NAME"));
    };
    // `pod/web-1` where several kinds were asked for; `standard (default)` among storage classes.
    let (prefix, name) = match written.split_once('/') {
        Some((prefix, name)) => (Kind::parse(prefix), name),
        None => (None, written),
    };
    let kind = prefix.or(table.kind).unwrap_or(Kind::Custom);
    let is_default = name.ends_with(" (default)");
    let key = ObjectKey::new(kind, namespace, name.trim_end_matches("(default)").trim());
    let mut value = named(&key);
    fill(kind, &cells, is_default, &mut value);
    let row: BTreeMap<String, String> = cells
        .iter()
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(t, c)| (t.to_owned(), c.to_owned()))
        .collect();
    let custom = String::new();
    reading.partials.push(Partial { key, custom, origin: source.origin(line, Form::Table), value, row });
}
