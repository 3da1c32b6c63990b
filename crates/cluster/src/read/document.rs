//! Which reader a document needs: the command says it, else the text's own form.

use std::collections::BTreeMap;

use super::command::{Asked, Kubectl, parse};
use super::errors::Trouble;
use super::reading::{Listing, Reading};
use super::{checks, describe, errors, logs, object, table};
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
    let text = errors::body(source.text);
    let mut errors = errors::errors(source.text, text);
    if asked.kinds.contains(&Kind::Event) && !text.is_empty() {
        // The last lines of a message may begin in any way.
        errors.retain(|said| errors::is_servers(said));
    }
    let unread_before = reading.unread.len();
    if text.is_empty() {
        // Nothing but errors, or nothing at all.
    } else if asked.verb == "top" {
        return table::read_top(source, asked, reading);
    } else if asked.verb == "describe" && !text.starts_with('{') {
        describe::read(source, text, asked, reading);
    } else if is_structured(asked, text) {
        let place =
            object::Place { namespace: asked.namespace.as_deref(), is_asked: !asked.kinds.is_empty() };
        object::read(source, text, place, reading);
    } else {
        table::read(source, text, asked, reading);
    }
    let is_whole = reading.unread.len() == unread_before;
    let refused = refusals(source, &errors, asked, reading);
    let state = match () {
        // An answer that was read in part does not tell what is not there.
        () if !is_whole => ListingState::Refused("the answer could not be read whole".to_owned()),
        () if text.is_empty() => ListingState::Empty,
        () => ListingState::Listed,
    };
    if text.is_empty() && asked.hides_errors {
        return;
    }
    listed(source, asked, &state, &refused, reading);
}

fn is_structured(asked: &Kubectl, text: &str) -> bool {
    matches!(asked.output.as_deref(), Some("yaml" | "json"))
        || text.starts_with("apiVersion:")
        || text.starts_with('{')
}

/// Takes the errors of an answer. Gives what they say of the kinds that were asked for: the kind (none for all of
/// them) and the error.
fn refusals<'a>(
    source: Source<'_>,
    errors: &[&'a str],
    asked: &Kubectl,
    reading: &mut Reading,
) -> Vec<(Option<Kind>, &'a str)> {
    let mut refused = Vec::new();
    for said in errors {
        match errors::trouble(said) {
            Trouble::NotFound => absent(said, asked, reading),
            trouble => {
                reading.troubles.push((trouble, source.origin(source.text, Form::Table)));
                reading.unread.push(source.unread(errors::explained(said)));
                refused.push((errors::refused_kind(said), *said));
            }
        }
    }
    refused
}

/// Takes the API's own form of an error, that stands where an object was expected.
pub(super) fn failed(
    source: Source<'_>,
    part: &str,
    said: &str,
    namespace: Option<&str>,
    reading: &mut Reading,
) {
    let trouble = errors::trouble(said);
    if trouble == Trouble::NotFound {
        let asked = Kubectl { namespace: namespace.map(str::to_owned), ..Kubectl::default() };
        return absent(said, &asked, reading);
    }
    reading.troubles.push((trouble, source.origin(part, Form::Live)));
    reading.unread.push(source.unread(errors::explained(said)));
}

/// Notes that kinds were listed, where the command asked for all of them and kept all of the answer; or that they
/// could not be.
fn listed(
    source: Source<'_>,
    asked: &Kubectl,
    state: &ListingState,
    refused: &[(Option<Kind>, &str)],
    reading: &mut Reading,
) {
    if !asked.names.is_empty() {
        return;
    }
    for kind in &asked.kinds {
        let said = refused.iter().find(|(of, _)| of.is_none_or(|of| of == *kind));
        if said.is_none() && (asked.selected || asked.piped) {
            continue;
        }
        let named = || errors::empty_namespace(source.text).map(str::to_owned);
        let Some(namespace) = listed_namespace(*kind, asked).or_else(named) else { continue };
        let state = match said {
            Some((_, said)) => ListingState::Refused((*said).to_owned()),
            // Errors that were thrown away may have been about this kind.
            None if asked.hides_errors && asked.kinds.len() > 1 => continue,
            None => state.clone(),
        };
        reading.listings.push(Listing { kind: *kind, namespace, state });
    }
}

/// Namespace that a listing covers: empty for all; `None` when it went to an unknown default.
fn listed_namespace(kind: Kind, asked: &Kubectl) -> Option<String> {
    match (kind.is_cluster_scoped() || asked.all_namespaces, &asked.namespace) {
        (true, _) => Some(String::new()),
        (false, namespace) => namespace.clone(),
    }
}

/// Objects that an answer says do not exist: `Error from server (NotFound): deployments.apps "web" not found`.
fn absent(said: &str, asked: &Kubectl, reading: &mut Reading) {
    let Some((_, said)) = said.split_once("(NotFound): ") else { return };
    let (Some(resource), Some(name)) = (said.split(' ').next(), said.split('"').nth(1)) else { return };
    // A namespace that is not there is named as one, whatever was asked for.
    let kinds = match Kind::parse(resource) {
        Some(kind) => vec![kind],
        None if resource.contains('.') => return,
        None => asked.kinds.clone(),
    };
    for kind in kinds {
        let namespace = asked.namespace.as_deref().unwrap_or("default");
        reading.absent.push(ObjectKey::new(kind, namespace, name));
    }
}

/// A text without a command: by what it looks like.
fn by_form(source: Source<'_>, reading: &mut Reading) {
    let text = errors::body(source.text).trim_start();
    let asked = Kubectl::default();
    for said in errors::errors(source.text, text) {
        failed(source, source.text, said, None, reading);
    }
    if text.is_empty() {
        return nothing(source, reading);
    }
    let first = text.lines().next().unwrap_or("");
    if text.starts_with('{') || text.starts_with('[') || has_api_version(text) {
        return object::read(source, text, object::Place::default(), reading);
    }
    if describe::is_description(first) {
        return describe::read(source, text, &asked, reading);
    }
    if table::is_header(first) {
        return table::read(source, text, &asked, reading);
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

/// A text without an answer in it.
fn nothing(source: Source<'_>, reading: &mut Reading) {
    if source.text.trim().is_empty() {
        return reading.unread.push(source.unread("it is empty"));
    }
    if source.text.lines().any(|line| line.starts_with("No resources found")) {
        let place = errors::empty_namespace(source.text)
            .map_or_else(String::new, |namespace| format!(" in the namespace {namespace}"));
        reading.unread.push(source.unread(format!(
            "nothing was found{place}, and which kind was looked for it does not say: give the command as well, as in `$ \
             kubectl get …`"
        )));
    }
}

/// Whether YAML of the API begins somewhere near the start (comments and `---` may come first).
fn has_api_version(text: &str) -> bool {
    text.lines().take(200).any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"))
}
