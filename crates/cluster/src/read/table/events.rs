//! Tables of events: `kubectl get events` and `kubectl events`.

use super::super::document::Source;
use super::super::events::{REPEATED_MESSAGE_BYTES_MAX, Times};
use super::super::reading::Reading;
use super::fill::Cells;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Form, Severity};

/// One row.
pub(super) fn event(
    source: Source<'_>,
    cells: &Cells<'_>,
    namespace: &str,
    line: &str,
    reading: &mut Reading,
) {
    let severity = match cells.get("TYPE") {
        Some("Warning") => Severity::Warning,
        Some("Normal") => Severity::Normal,
        _ => return continue_message(source, line, reading),
    };
    let (Some(reason), Some(object)) = (cells.get("REASON"), cells.get("OBJECT")) else {
        return continue_message(source, line, reading);
    };
    let (kind, name) = object.split_once('/').unwrap_or(("", object));
    let kind = Kind::parse(kind).unwrap_or(Kind::Custom);
    let times = Times::of(cells.get("LAST SEEN").unwrap_or(""));
    let first = cells.get("FIRST SEEN").map(Times::of);
    let count = cells.get("COUNT").and_then(|cell| cell.parse().ok()).unwrap_or(times.count).max(1);
    // A single row without a count does not tell how long ago its first time was.
    let first_s_ago = match first {
        Some(first) => first.last_s_ago,
        None => times.first_s_ago.filter(|_| times.count > 1),
    };
    reading.events.push(Event {
        severity,
        reason: reason.to_owned(),
        message: cells.get("MESSAGE").unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" "),
        object: ObjectKey::new(kind, namespace, name),
        // `kubelet, node-1`
        from: cells.get("SOURCE").and_then(|cell| cell.split(',').next()).unwrap_or("").to_owned(),
        count,
        first_s_ago,
        last_s_ago: times.last_s_ago,
        first_at: None,
        last_at: None,
        origin: source.origin(line, Form::Table),
    });
}

/// The rest of a message that was printed with its line breaks.
pub(super) fn continue_message(source: Source<'_>, line: &str, reading: &mut Reading) {
    match reading.events.last_mut().filter(|last| last.origin.document == source.index) {
        Some(last) if last.message.len() < REPEATED_MESSAGE_BYTES_MAX => {
            last.message.push(' ');
            last.message.push_str(&line.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        Some(_) => {}
        None => reading.unread.push(source.unread("rows of a table of events do not fit its columns")),
    }
}
