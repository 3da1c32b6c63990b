//! Which reader a document needs: the command says it, else the text's own form.

use std::collections::BTreeMap;

use super::command::{Asked, Kubectl, parse};
use super::reading::{Listing, Reading};
use super::{checks, describe, logs, object, table};
use crate::capture::Capture;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Form, ListingState, Origin, Unread};

/// A document being read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Its index in the capture.
    pub index: u32,
    /// Its command, as typed.
    pub command: &'a str,
    /// All of its text.
    pub text: &'a str,
}

impl Source<'_> {
    /// An origin for a part of the text (a slice of it), or for all of it.
    pub fn origin(&self, part: &str, form: Form) -> Origin {
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let (start, end) = match start.checked_add(part.len()) {
            Some(end) if end <= self.text.len() => (start, end),
            _ => (0, self.text.len()),
        };
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Origin { document: self.index, start: narrow(start), end: narrow(end), form }
    }

    /// Something that could not be read.
    pub fn unread(&self, why: impl Into<String>) -> Unread {
        Unread { source: self.command.to_owned(), why: why.into() }
    }
}

/// Reads every document of a capture.
pub(crate) fn read_capture(capture: &Capture) -> Reading {
    let mut reading = Reading::default();
    // The same command with the same answer, as transcripts often repeat it, says nothing new.
    let mut last_answers: BTreeMap<&str, &str> = BTreeMap::new();
    for (index, document) in capture.documents.iter().enumerate() {
        let Ok(index) = u32::try_from(index) else { break };
        if last_answers.insert(&document.command, &document.text) == Some(document.text.as_str()) {
            continue;
        }
        let source = Source { index, command: &document.command, text: &document.text };
        read(source, &mut reading);
    }
    reading
}

fn read(source: Source<'_>, reading: &mut Reading) {
    match parse(source.command) {
        Asked::Kubectl(asked) => kubectl(source, &asked, reading),
        Asked::Service { node, service } => checks::read_service(source, &node, &service, reading),
        Asked::Connect { from, namespace, host, port } => {
            checks::read_connection(source, from, namespace.as_deref(), &host, port, reading);
        }
        Asked::Text => by_form(source, reading),
    }
}

fn kubectl(source: Source<'_>, asked: &Kubectl, reading: &mut Reading) {
    if asked.verb == "logs" {
        return logs::read(source, asked, reading);
    }
    if let Some(said) = refusal(source.text) {
        return refused(source, asked, said, reading);
    }
    if asked.verb == "top" {
        return table::read_top(source, asked, reading);
    }
    let text = source.text.trim_start();
    let structured = matches!(asked.output.as_deref(), Some("yaml" | "json"))
        || text.starts_with("apiVersion:")
        || text.starts_with('{');
    let unread_before = reading.unread.len();
    if asked.verb == "describe" {
        describe::read(source, asked, reading);
    } else if structured {
        object::read(source, asked.namespace.as_deref(), reading);
    } else {
        table::read(source, asked, reading);
    }
    if source.text.contains("(NotFound)") {
        absent(source, asked, reading);
    }
    let state = match () {
        // An answer that was read in part does not tell what is not there.
        () if reading.unread.len() > unread_before => {
            ListingState::Refused("the answer could not be read whole".to_owned())
        }
        () if text.is_empty() || text.starts_with("No resources found") => ListingState::Empty,
        () => ListingState::Listed,
    };
    listed(asked, &state, reading);
}

/// Notes that kinds were listed, where the command asked for all of them and kept all of the answer.
fn listed(asked: &Kubectl, state: &ListingState, reading: &mut Reading) {
    if !asked.names.is_empty() || asked.selected || asked.piped {
        return;
    }
    for kind in &asked.kinds {
        if let Some(namespace) = listed_namespace(*kind, asked) {
            reading.listings.push(Listing { kind: *kind, namespace, state: state.clone() });
        }
    }
}

/// Namespace that a listing covers: empty for all; `None` when it went to an unknown default.
fn listed_namespace(kind: Kind, asked: &Kubectl) -> Option<String> {
    match (kind.is_cluster_scoped() || asked.all_namespaces, &asked.namespace) {
        (true, _) => Some(String::new()),
        (false, namespace) => namespace.clone(),
    }
}

/// The error that a command answered with instead of objects, if it did.
fn refusal(text: &str) -> Option<&str> {
    let first = text.trim_start().lines().next()?;
    (first.starts_with("Error from server")
        || first.starts_with("error: ")
        || first.starts_with("The connection to the server"))
    .then_some(first)
}

/// `NotFound` says that an object does not exist; anything else says that nobody knows.
fn refused(source: Source<'_>, asked: &Kubectl, said: &str, reading: &mut Reading) {
    if said.contains("(NotFound)") {
        return absent(source, asked, reading);
    }
    reading.unread.push(source.unread(said));
    if asked.names.is_empty() {
        for kind in &asked.kinds {
            if let Some(namespace) = listed_namespace(*kind, asked) {
                reading.listings.push(Listing {
                    kind: *kind,
                    namespace,
                    state: ListingState::Refused(said.to_owned()),
                });
            }
        }
    }
}

/// Objects that the answer says do not exist: `Error from server (NotFound): deployments.apps "web" not found`.
fn absent(source: Source<'_>, asked: &Kubectl, reading: &mut Reading) {
    for line in source.text.lines() {
        let Some(said) = line.strip_prefix("Error from server (NotFound): ") else { continue };
        let Some(name) = said.split('"').nth(1) else { continue };
        let named = said.split(' ').next().and_then(Kind::parse);
        let kinds = named.as_slice().iter().chain(asked.kinds.iter().filter(|_| named.is_none()));
        for kind in kinds {
            let namespace = asked.namespace.as_deref().unwrap_or("default");
            reading.absent.push(ObjectKey::new(*kind, namespace, name));
        }
    }
}

/// A text without a command: by what it looks like.
fn by_form(source: Source<'_>, reading: &mut Reading) {
    let text = source.text.trim_start();
    if text.is_empty() {
        return;
    }
    let first = text.lines().next().unwrap_or("");
    if text.starts_with('{') || text.starts_with('[') || has_api_version(text) {
        return object::read(source, None, reading);
    }
    if describe::is_description(first) {
        return describe::read(source, &Kubectl::default(), reading);
    }
    if table::is_header(first) {
        return table::read(source, &Kubectl::default(), reading);
    }
    if first.starts_with(['●', '○', '×'])
        || text.lines().take(20).any(|line| line.trim().starts_with("Active: "))
    {
        return checks::read_service(source, "", "", reading);
    }
    reading.unread.push(source.unread(format!(
        "not recognised as output of kubectl, YAML or JSON; it begins with {:?}",
        first.chars().take(60).collect::<String>()
    )));
}

/// Whether YAML of the API begins somewhere near the start (comments and `---` may come first).
fn has_api_version(text: &str) -> bool {
    text.lines().take(200).any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"))
}
