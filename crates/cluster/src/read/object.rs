//! Objects in the API's own form: YAML and JSON, one or many, live or from files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::document::Source;
use super::reading::{Left, Listing, Partial, Reading};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Form, ListingState, Origin, Severity};

/// Where a text comes from, as far as the command says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'a> {
    /// Where the command looked, for objects that do not say.
    pub namespace: Option<&'a str>,
    /// Whether a command said which kinds were asked for: an empty answer then speaks of those.
    pub is_asked: bool,
}

/// Reads a document of YAML or JSON, of one or several objects. `text` is a part of the source's text.
pub(super) fn read(source: Source<'_>, text: &str, place: Place<'_>, reading: &mut Reading) {
    let trimmed = text.trim();
    if trimmed.starts_with(['{', '[']) {
        return read_json(source, trimmed, place, reading);
    }
    for part in yaml_documents(text) {
        match yaml(part) {
            Ok(Value::Null) => {}
            Ok(value) => take(source, part, value, place, reading),
            Err(why) => reading.unread.push(source.unread(format!("the YAML cannot be read: {why}"))),
        }
    }
}

/// One YAML document as a value.
pub(crate) fn yaml(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str::<Value>(text).map_err(|error| {
        let whole = error.to_string();
        whole.lines().next().unwrap_or("unknown error").chars().take(200).collect()
    })
}

/// The documents of a YAML stream.
fn yaml_documents(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            parts.push(text.get(start..at).unwrap_or(""));
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push(text.get(start..).unwrap_or(""));
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// A list as the API answers it, its items left unparsed so that a large one is not held twice.
#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    kind: String,
    #[serde(default, rename = "apiVersion")]
    api_version: String,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    metadata: ListMetadata,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    rest: Option<String>,
}

/// What the items of a typed list are, which do not repeat it: `apiVersion` and `kind`.
#[derive(Debug, Clone, Copy, Default)]
struct Typed<'a> {
    api_version: &'a str,
    kind: &'a str,
}

impl<'a> Typed<'a> {
    /// Of a list's own `apiVersion` and `kind` (`PodList`).
    fn of(api_version: &'a str, kind: &'a str) -> Typed<'a> {
        match kind.strip_suffix("List") {
            Some(kind) if !kind.is_empty() => Typed { api_version, kind },
            _ => Typed::default(),
        }
    }
}

/// Times that reading goes on behind a part that is no JSON.
const DAMAGES_MAX: usize = 16;

/// Reads one JSON document after the other, however they are separated. Behind one that is broken, reading goes on at
/// the next line that begins one.
fn read_json(source: Source<'_>, text: &str, place: Place<'_>, reading: &mut Reading) {
    let mut rest = text;
    for _ in 0..DAMAGES_MAX {
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let mut start = 0;
        let error = loop {
            match stream.next() {
                None => return,
                Some(Ok(document)) => json_document(source, document.get(), place, reading),
                Some(Err(error)) => break error,
            }
            start = stream.byte_offset();
        };
        let after = rest.get(start..).unwrap_or("").trim_start();
        // Errors and warnings of `kubectl` may stand behind the objects.
        if !super::errors::body(after).is_empty() {
            reading.unread.push(source.unread(format!("the JSON cannot be read: {error}")));
        }
        let Some(next) = next_document(after) else { return };
        rest = next;
    }
    reading.unread.push(source.unread("the JSON is broken in many places; the rest of it was left out"));
}

/// The text from the next line on that begins an object or a list.
fn next_document(text: &str) -> Option<&str> {
    let at = memchr::memchr_iter(b'\n', text.as_bytes())
        .find(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'[')))?;
    text.get(at + 1..)
}

fn json_document(source: Source<'_>, text: &str, place: Place<'_>, reading: &mut Reading) {
    if text.starts_with('[') {
        return match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => each_item(source, &items, Typed::default(), place, reading),
            Err(error) => reading.unread.push(source.unread(format!("the JSON cannot be read: {error}"))),
        };
    }
    if let Ok(List { kind, api_version, items: Some(items), metadata }) =
        serde_json::from_str::<List<'_>>(text)
    {
        if metadata.rest.is_some_and(|rest| !rest.is_empty()) {
            reading.unread.push(source.unread("the list goes on (metadata.continue): ask without limit"));
        }
        let of = Typed::of(&api_version, &kind);
        if items.is_empty() {
            empty_list(source, of, place, reading);
        }
        return each_item(source, &items, of, place, reading);
    }
    match serde_json::from_str(text) {
        Ok(value) => take(source, text, value, place, reading),
        Err(error) => reading.unread.push(source.unread(format!("the JSON cannot be read: {error}"))),
    }
}

/// A list without items says that there is none of a kind, if anything says of which.
fn empty_list(source: Source<'_>, of: Typed<'_>, place: Place<'_>, reading: &mut Reading) {
    match Kind::of(of.api_version, of.kind) {
        Kind::Custom if place.is_asked || !of.kind.is_empty() => {}
        Kind::Custom => reading.unread.push(source.unread(
            "an empty list that does not say of what: give the command as well, as in `$ kubectl get … -o json`",
        )),
        kind => {
            let namespace = place.namespace.unwrap_or("").to_owned();
            reading.listings.push(Listing { kind, namespace, state: ListingState::Empty });
        }
    }
}

fn each_item(
    source: Source<'_>,
    items: &[&RawValue],
    of: Typed<'_>,
    place: Place<'_>,
    reading: &mut Reading,
) {
    let mut broken: Option<(usize, String)> = None;
    for item in items {
        if let Some(left) = leave(source, item.get(), of, place) {
            reading.left.push(left);
            continue;
        }
        match serde_json::from_str::<Value>(item.get()) {
            Ok(mut value) => {
                name_type(&mut value, of);
                take(source, item.get(), value, place, reading);
            }
            Err(error) => broken.get_or_insert_with(|| (0, error.to_string())).0 += 1,
        }
    }
    if let Some((count, first)) = broken {
        let why = format!("{count} of {} items cannot be read, the first because of: {first}", items.len());
        reading.unread.push(source.unread(why));
    }
}

/// Gives an item of a typed list what the list says for all.
fn name_type(value: &mut Value, of: Typed<'_>) {
    if let Some(fields) = value.as_object_mut()
        && !of.kind.is_empty()
        && !fields.contains_key("kind")
    {
        fields.insert("kind".to_owned(), Value::from(of.kind));
        fields.insert("apiVersion".to_owned(), Value::from(of.api_version));
    }
}

/// What tells of an object what it is, without reading the rest of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    kind: Option<String>,
    #[serde(default)]
    api_version: String,
    metadata: HeadMetadata,
    status: Option<IgnoredAny>,
    items: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeadMetadata {
    name: String,
    namespace: Option<String>,
    uid: Option<IgnoredAny>,
    resource_version: Option<IgnoredAny>,
}

/// Name and place of an object that can be read later; `None` for events, lists, and what does not say what it is.
fn leave(source: Source<'_>, part: &str, of: Typed<'_>, place: Place<'_>) -> Option<Left> {
    let head: Head = serde_json::from_str(part).ok()?;
    let (api_version, word) = match head.kind.as_deref() {
        Some(kind) => (head.api_version.as_str(), kind),
        None => (of.api_version, Some(of.kind).filter(|kind| !kind.is_empty())?),
    };
    let kind = Kind::of(api_version, word);
    if kind == Kind::Event || head.items.is_some() || word == "Status" {
        return None;
    }
    let metadata = &head.metadata;
    let is_live = metadata.uid.is_some() || metadata.resource_version.is_some() || head.status.is_some();
    let form = if is_live { Form::Live } else { Form::Manifest };
    let namespace = metadata.namespace.as_deref().or(place.namespace).unwrap_or("default");
    Some(Left {
        key: ObjectKey::new(kind, namespace, metadata.name.as_str()),
        custom: custom(kind, api_version, word),
        origin: source.origin(part, form),
    })
}

/// What tells kinds without a variant of their own apart, as `kubectl` writes them: `scaledobject.keda.sh`.
fn custom(kind: Kind, api_version: &str, word: &str) -> String {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    match kind {
        Kind::Custom => format!("{}.{group}", word.to_ascii_lowercase()),
        _ => String::new(),
    }
}

/// Reads an object that was left where it lies.
pub(crate) fn read_left(left: &Left, text: &str) -> Result<Vec<Partial>, String> {
    let value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut partials = Vec::new();
    part_with_notes(left.key.clone(), left.custom.clone(), left.origin, value, &mut partials);
    Ok(partials)
}

/// Takes one object, or each item of a `List`.
fn take(source: Source<'_>, part: &str, mut value: Value, place: Place<'_>, reading: &mut Reading) {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
    let (api_version, word) = (text(&value, "apiVersion"), text(&value, "kind"));
    if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        let items = std::mem::take(items);
        let of = Typed::of(&api_version, &word);
        if items.is_empty() {
            empty_list(source, of, place, reading);
        }
        let mut sections = Sections { rest: part, misses: 0 };
        for mut item in items {
            let text = sections.of(&item).unwrap_or(part);
            name_type(&mut item, of);
            take(source, text, item, place, reading);
        }
        return;
    }
    if let Some(said) = super::errors::of_status(&value) {
        return super::document::failed(source, part, &said, place.namespace, reading);
    }
    if word.is_empty() {
        return reading.unread.push(source.unread("an object does not say its kind"));
    }
    let kind = Kind::of(&api_version, &word);
    let metadata = value.get("metadata");
    let field = |name: &str| metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
    let form =
        match field("uid").is_some() || field("resourceVersion").is_some() || value.get("status").is_some() {
            true => Form::Live,
            false => Form::Manifest,
        };
    let origin = source.origin(part, form);
    if kind == Kind::Event {
        return match event(&value, origin) {
            Some(event) => reading.events.push(event),
            None => reading.unread.push(source.unread("an event does not say what it is about")),
        };
    }
    let Some(name) = field("name").or(field("generateName")) else {
        return reading.unread.push(source.unread(format!("an object of kind {word} has no name")));
    };
    let namespace = field("namespace").or(place.namespace).unwrap_or("default").to_owned();
    let key = ObjectKey::new(kind, namespace, name);
    part_with_notes(key, custom(kind, &api_version, &word), origin, value, &mut reading.partials);
}

/// An object's fields, and as a file those that `kubectl apply` noted on it.
fn part_with_notes(
    key: ObjectKey,
    custom: String,
    origin: Origin,
    mut value: Value,
    partials: &mut Vec<Partial>,
) {
    let applied = applied(&value);
    if key.kind == Kind::HorizontalPodAutoscaler {
        super::describe::from_first_version(&mut value);
    }
    if let Some(fields) = value.as_object_mut() {
        fields.remove("apiVersion");
        if key.kind != Kind::Custom {
            fields.remove("kind");
        }
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            // Who wrote when is history; which fields they wrote is as long as the object again.
            for entry in metadata.get_mut("managedFields").and_then(Value::as_array_mut).into_iter().flatten()
            {
                if let Some(entry) = entry.as_object_mut() {
                    entry.remove("fieldsV1");
                }
            }
        }
    }
    if let Some(applied) = applied {
        let origin = Origin { form: Form::Manifest, ..origin };
        let (key, custom) = (key.clone(), custom.clone());
        partials.push(Partial { key, custom, origin, value: applied, row: BTreeMap::new() });
    }
    partials.push(Partial { key, custom, origin, value, row: BTreeMap::new() });
}

/// The configuration that `kubectl apply` noted on the object: what somebody meant it to be.
fn applied(value: &Value) -> Option<Value> {
    let note =
        value.pointer("/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration")?.as_str()?;
    let mut applied: Value = serde_json::from_str(note).ok()?;
    let fields = applied.as_object_mut()?;
    fields.remove("apiVersion");
    fields.remove("kind");
    fields.remove("metadata");
    Some(applied)
}

/// Searches for a name's line end when they fail this often: the text is not laid out as `kubectl` does it.
const MISSES_MAX: u32 = 8;

/// The parts of a list's text that speak of its items, in the items' order.
struct Sections<'a> {
    /// What follows the last item that was found.
    rest: &'a str,
    misses: u32,
}

impl<'a> Sections<'a> {
    /// From the dash before the item's name as far as the next item. `None` when its name's line is not found.
    fn of(&mut self, item: &Value) -> Option<&'a str> {
        let name = item.pointer("/metadata/name").and_then(Value::as_str)?;
        if self.misses >= MISSES_MAX {
            return None;
        }
        let needle = format!("    name: {name}\n");
        let Some(at) = memchr::memmem::find(self.rest.as_bytes(), needle.as_bytes()) else {
            self.misses += 1;
            return None;
        };
        let start = self.rest.get(..at)?.rfind("\n- ").map_or(0, |at| at + 1);
        let end = self.rest.get(at..)?.find("\n- ").map_or(self.rest.len(), |length| at + length + 1);
        let section = self.rest.get(start..end)?;
        // The line break before the next dash stays, so that the dash is found as the item's beginning.
        self.rest = self.rest.get(end.saturating_sub(1)..).unwrap_or("");
        Some(section)
    }
}

/// An event of either API group.
fn event(value: &Value, origin: Origin) -> Option<Event> {
    let about = value.get("involvedObject").or_else(|| value.get("regarding"))?;
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
    let at = |field: &str| value.get(field).and_then(Value::as_str).and_then(|text| text.parse().ok());
    let kind = Kind::of(&text(about, "apiVersion"), &text(about, "kind"));
    let series = value.get("series");
    let count = value.get("count").or_else(|| value.get("deprecatedCount")).or_else(|| series?.get("count"));
    let from = value.pointer("/source/component").or_else(|| value.get("reportingComponent"));
    let message = match text(value, "message") {
        message if message.is_empty() => text(value, "note"),
        message => message,
    };
    let last = at("lastTimestamp")
        .or_else(|| series?.get("lastObservedTime")?.as_str()?.parse().ok())
        .or_else(|| at("deprecatedLastTimestamp"))
        .or_else(|| at("eventTime"));
    Some(Event {
        severity: if text(value, "type") == "Warning" { Severity::Warning } else { Severity::Normal },
        reason: text(value, "reason"),
        message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        object: ObjectKey::new(kind, text(about, "namespace"), text(about, "name")),
        from: from.and_then(Value::as_str).unwrap_or("").to_owned(),
        count: count.and_then(Value::as_u64).and_then(|count| u32::try_from(count).ok()).unwrap_or(1).max(1),
        first_s_ago: None,
        last_s_ago: None,
        first_at: at("firstTimestamp").or_else(|| at("deprecatedFirstTimestamp")).or_else(|| at("eventTime")),
        last_at: last,
        origin,
    })
}
