//! What pods and machines use: `kubectl top`.

use super::super::columns::Columns;
use super::super::command::Kubectl;
use super::super::document::Source;
use super::super::reading::Reading;
use super::fill::Cells;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Form, Usage};
use crate::quantity::Quantity;

/// Whether a header is that of `kubectl top`.
pub(super) fn is_top(columns: &Columns<'_>) -> bool {
    columns.has("CPU(cores)") && columns.has("MEMORY(bytes)")
}

/// Reads the table of `kubectl top pods`, with or without containers, or `kubectl top nodes`.
pub(in super::super) fn read_top(source: Source<'_>, asked: &Kubectl, reading: &mut Reading) {
    let mut columns: Option<Columns<'_>> = None;
    for line in source.text.lines().filter(|line| !line.trim().is_empty()) {
        let header = Columns::of(line);
        if is_top(&header) {
            columns = Some(header);
            continue;
        }
        let Some(titles) = &columns else {
            reading.unread.push(source.unread("a table of usage without its header"));
            return;
        };
        let Some(cells) = titles.cut(line) else {
            reading.unread.push(source.unread("rows of a table of usage do not fit its header"));
            continue;
        };
        let is_node = asked.kinds.first() == Some(&Kind::Node) || titles.has("CPU%") || titles.has("CPU(%)");
        let cells = Cells::new(titles.titles().zip(cells).collect());
        let amount = |title| cells.get(title).and_then(Quantity::parse);
        // A node that does not answer has `<unknown>` there.
        let (Some(cpu), Some(memory)) = (amount("CPU(cores)"), amount("MEMORY(bytes)")) else { continue };
        let namespace = cells.get("NAMESPACE").or(asked.namespace.as_deref()).unwrap_or("default");
        let kind = if is_node { Kind::Node } else { Kind::Pod };
        let (name, container) = match cells.get("POD") {
            Some(pod) => (pod, cells.get("NAME")),
            None => (cells.get("NAME").unwrap_or(""), None),
        };
        reading.usage.push(Usage {
            object: ObjectKey::new(kind, namespace, name),
            container: container.map(str::to_owned),
            cpu,
            memory,
            origin: source.origin(line, Form::Table),
        });
    }
}
