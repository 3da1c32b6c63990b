//! What differs between two versions of a part of an object.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Differences told; the rest is counted.
const TOLD_MAX: usize = 6;
/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 80;

/// Labels and annotations that controllers and tools write and that change with every revision.
const BOOKKEEPING: [&str; 4] =
    ["pod-template-hash", "controller-revision-hash", "kubectl.kubernetes.io/restartedAt", "checksum/"];

/// Parts of words for what must not be shown.
const SECRET_WORDS: [&str; 7] = ["password", "passwd", "secret", "token", "key", "credential", "auth"];

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// `spec.containers[web].image: a:1 → a:2`, one for each leaf that differs, and how many more there are.
    pub told: Vec<String>,
    /// The new values, as they are shown.
    pub brought: Vec<String>,
}

/// What differs between two values; items of lists are matched by their names.
pub(super) fn differences(before: &Value, after: &Value) -> Differences {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves("", before, &mut old);
    leaves("", after, &mut new);
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing: Vec<&String> = paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        // The name of an item stands in its path already.
        .filter(|path| !path.ends_with("].name"))
        .filter(|path| !BOOKKEEPING.iter().any(|known| path.contains(known)))
        .collect();
    let mut told: Vec<String> = differing
        .iter()
        .take(TOLD_MAX)
        .map(|path| {
            let show = |side: &BTreeMap<String, String>| {
                side.get(*path).map_or_else(|| "nothing".to_owned(), |value| shown(path, value))
            };
            format!("{path}: {} → {}", show(&old), show(&new))
        })
        .collect();
    if differing.len() > TOLD_MAX {
        told.push(format!("{} more", differing.len() - TOLD_MAX));
    }
    let brought = differing.iter().filter_map(|path| Some(shown(path, new.get(*path)?))).collect();
    Differences { told, brought }
}

fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                leaves(&below(key), value, found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let name =
                    item.get("name").and_then(Value::as_str).map_or_else(|| at.to_string(), str::to_owned);
                leaves(&format!("{path}[{name}]"), item, found);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            found.insert(path.to_owned(), text.clone());
        }
        other => {
            found.insert(path.to_owned(), other.to_string());
        }
    }
}

fn shown(path: &str, value: &str) -> String {
    let lower = path.to_lowercase();
    if lower.contains("env[") && SECRET_WORDS.iter().any(|word| lower.contains(word)) {
        return "(not shown)".to_owned();
    }
    let plain = crate::picture::without_passwords(value);
    let cut: String = plain.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
    if plain.chars().nth(VALUE_CHARS_MAX).is_some() { format!("{cut}…") } else { cut }
}
