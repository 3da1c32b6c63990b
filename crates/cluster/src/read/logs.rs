//! Log lines: kept where they lie.

use super::command::Kubectl;
use super::document::Source;
use super::errors::{explained, is_error};
use super::reading::Reading;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Form, LogText};

/// Notes whose log a document is. The lines stay in the document.
pub(crate) fn read(source: Source<'_>, asked: &Kubectl, reading: &mut Reading) {
    let first = source.text.lines().next().unwrap_or("");
    if is_error(first) {
        return reading.unread.push(source.unread(explained(first)));
    }
    let Some(name) = asked.names.first() else {
        return reading.unread.push(source.unread("log lines that name neither a pod nor a workload"));
    };
    let (kind, name) = match name.split_once('/') {
        Some((kind, name)) => (Kind::parse(kind).unwrap_or(Kind::Custom), name),
        None => (Kind::Pod, name.as_str()),
    };
    let container = asked.container.clone().or_else(|| asked.names.get(1).cloned());
    reading.logs.push(LogText {
        object: ObjectKey::new(kind, asked.namespace.clone().unwrap_or_else(|| "default".to_owned()), name),
        container,
        previous: asked.previous,
        origin: source.origin(source.text, Form::Live),
    });
}
