//! The events at the end of a description.

use super::super::columns::{Columns, fields};
use super::super::document::Source;
use super::super::events::{REPEATED_MESSAGE_BYTES_MAX, Times};
use crate::kind::ObjectKey;
use crate::picture::{Event, Form, Severity};

/// Events below the line `Events:` of a section.
pub(super) fn events(source: Source<'_>, section: &str, about: &ObjectKey) -> Vec<Event> {
    let mut lines = section.lines().skip_while(|line| !line.starts_with("Events:")).skip(1);
    let mut found: Vec<Event> = Vec::new();
    let Some(header) = lines.find(|line| !line.trim().is_empty()) else { return found };
    let columns = Columns::of(header);
    if !columns.has("Reason") {
        return found;
    }
    for line in lines {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with("---") {
            continue;
        }
        match event(source, &columns, line, about) {
            Some(event) => found.push(event),
            None => {
                // The rest of a message that was printed with its line breaks.
                if let Some(last) = found.last_mut().filter(|e| e.message.len() < REPEATED_MESSAGE_BYTES_MAX)
                {
                    last.message.push(' ');
                    last.message.push_str(&trimmed.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
        }
    }
    found
}

fn event(source: Source<'_>, columns: &Columns<'_>, line: &str, about: &ObjectKey) -> Option<Event> {
    let first = line.split_whitespace().next()?;
    let severity = match first {
        "Warning" => Severity::Warning,
        "Normal" => Severity::Normal,
        _ => return None,
    };
    let cells = columns.cut(line).filter(|cells| cells.len() == 5).unwrap_or_else(|| fields(line, 5));
    let [_, reason, age, from, message] = cells.as_slice() else { return None };
    let times = Times::of(age);
    Some(Event {
        severity,
        reason: (*reason).to_owned(),
        message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        object: about.clone(),
        from: (*from).to_owned(),
        count: times.count,
        first_s_ago: times.first_s_ago,
        last_s_ago: times.last_s_ago,
        first_at: None,
        last_at: None,
        origin: source.origin(line, Form::Describe),
    })
}
