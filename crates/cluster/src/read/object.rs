//! Objects in the API's own form: YAML and JSON, one or many, live or from files.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::document::Source;
use super::reading::{Listing, Partial, Reading};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Event, Form, ListingState, Origin, Severity};

/// Reads a document of YAML or JSON. `namespace` is where the command looked, for objects that do not say.
pub(crate) fn read(source: Source<'_>, namespace: Option<&str>, reading: &mut Reading) {
    let text = source.text.trim();
    if text.is_empty() {
        return;
    }
    if text.starts_with(['{', '[']) {
        return match read_json(source, text, namespace, reading) {
            Ok(()) => {}
            Err(error) => reading.unread.push(source.unread(format!("the JSON cannot be read: {error}"))),
        };
    }
    for part in yaml_documents(source.text) {
        match yaml(part) {
            Ok(Value::Null) => {}
            Ok(value) => take(source, part, value, namespace, reading),
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
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

fn read_json(
    source: Source<'_>,
    text: &str,
    namespace: Option<&str>,
    reading: &mut Reading,
) -> serde_json::Result<()> {
    if text.starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(text)?;
        return each_item(source, &items, "", namespace, reading);
    }
    let list: List<'_> = serde_json::from_str(text)?;
    match list.items {
        Some(items) => {
            let of = list.kind.strip_suffix("List").unwrap_or("");
            if items.is_empty()
                && let Some(kind) = Kind::parse(of)
            {
                let namespace = namespace.unwrap_or("").to_owned();
                reading.listings.push(Listing { kind, namespace, state: ListingState::Empty });
            }
            each_item(source, &items, of, namespace, reading)
        }
        None => {
            take(source, text, serde_json::from_str(text)?, namespace, reading);
            Ok(())
        }
    }
}

/// `of` is the kind of a typed list, whose items do not repeat it.
fn each_item(
    source: Source<'_>,
    items: &[&RawValue],
    of: &str,
    namespace: Option<&str>,
    reading: &mut Reading,
) -> serde_json::Result<()> {
    for item in items {
        if let Some(left) = leave(source, item.get(), of, namespace) {
            reading.left.push(left);
            continue;
        }
        let mut value: Value = serde_json::from_str(item.get())?;
        if let Some(fields) = value.as_object_mut()
            && !of.is_empty()
        {
            fields.entry("kind").or_insert_with(|| Value::String(of.to_owned()));
        }
        take(source, item.get(), value, namespace, reading);
    }
    Ok(())
}

/// What tells of an object what it is, without reading the rest of it.
#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
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
fn leave(source: Source<'_>, part: &str, of: &str, namespace: Option<&str>) -> Option<(ObjectKey, Origin)> {
    let head: Head = serde_json::from_str(part).ok()?;
    let word = head.kind.as_deref().or(Some(of).filter(|of| !of.is_empty()))?;
    let kind = Kind::parse(word).unwrap_or(Kind::Custom);
    if kind == Kind::Event || head.items.is_some() {
        return None;
    }
    let metadata = &head.metadata;
    let is_live = metadata.uid.is_some() || metadata.resource_version.is_some() || head.status.is_some();
    let form = if is_live { Form::Live } else { Form::Manifest };
    let place = metadata.namespace.as_deref().or(namespace).unwrap_or("default");
    Some((ObjectKey::new(kind, place, metadata.name.as_str()), source.origin(part, form)))
}

/// Reads an object that was left where it lies.
pub(crate) fn read_left(key: &ObjectKey, origin: Origin, text: &str) -> Vec<Partial> {
    let mut partials = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        part_with_notes(key.clone(), origin, value, &mut partials);
    }
    partials
}

/// Takes one object, or each item of a `List`.
fn take(source: Source<'_>, part: &str, mut value: Value, namespace: Option<&str>, reading: &mut Reading) {
    if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        let mut sections = Sections { rest: part, misses: 0 };
        for item in std::mem::take(items) {
            let text = sections.of(&item).unwrap_or(part);
            take(source, text, item, namespace, reading);
        }
        return;
    }
    let Some(word) = value.get("kind").and_then(Value::as_str) else {
        return reading.unread.push(source.unread("an object does not say its kind"));
    };
    let kind = Kind::parse(word).unwrap_or(Kind::Custom);
    let metadata = value.get("metadata");
    let field = |name: &str| metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str);
    let form =
        match field("uid").is_some() || field("resourceVersion").is_some() || value.get("status").is_some() {
            true => Form::Live,
            false => Form::Manifest,
        };
    let place = field("namespace").or(namespace).unwrap_or("default").to_owned();
    let key = ObjectKey::new(kind, place, field("name").unwrap_or_default());
    let origin = source.origin(part, form);
    if kind == Kind::Event {
        reading.events.extend(event(&value, origin));
        return;
    }
    part_with_notes(key, origin, value, &mut reading.partials);
}

/// An object's fields, and as a file those that `kubectl apply` noted on it.
fn part_with_notes(key: ObjectKey, origin: Origin, mut value: Value, partials: &mut Vec<Partial>) {
    let applied = applied(&value);
    if let Some(fields) = value.as_object_mut() {
        fields.remove("apiVersion");
        if key.kind != Kind::Custom {
            fields.remove("kind");
        }
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
    }
    if let Some(applied) = applied {
        let origin = Origin { form: Form::Manifest, ..origin };
        partials.push(Partial { key: key.clone(), origin, value: applied, row: BTreeMap::new() });
    }
    partials.push(Partial { key, origin, value, row: BTreeMap::new() });
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
    let kind = Kind::parse(&text(about, "kind")).unwrap_or(Kind::Custom);
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
