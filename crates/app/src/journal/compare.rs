//! The first place where two JSON values differ.

use std::fmt;

use midwatch_model::{EntryKind, StepId};
use serde::Serialize;
use serde_json::Value;

/// Characters of a differing value that are shown; longer ones are cut and say so.
const SHOWN_MAX: usize = 160;

/// Where a new value differs from the recorded one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Entry of the record; `None` for a value the record has nothing for.
    pub seq: Option<u64>,
    /// What the entry holds.
    pub kind: EntryKind,
    /// The step it belongs to.
    pub step: Option<StepId>,
    /// JSON pointer (RFC 6901) inside the entry's body; empty for the whole body.
    pub pointer: String,
    /// Recorded value, shortened; `absent` when there is none.
    pub recorded: String,
    /// New value, shortened; `absent` when there is none.
    pub new: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "entry {seq}")?,
            None => f.write_str("an entry the record does not have")?,
        }
        write!(f, " ({}", kind_name(self.kind))?;
        if let Some(step) = self.step {
            write!(f, " of step {step}")?;
        }
        let pointer = if self.pointer.is_empty() { "the whole value" } else { &self.pointer };
        write!(f, ") differs at {pointer}: recorded {}, now {}", self.recorded, self.new)
    }
}

/// The word of an entry kind, as written in the record.
fn kind_name(kind: EntryKind) -> String {
    serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// JSON pointer (RFC 6901), recorded and new value of the first place, in key and index order, where the values differ;
/// `None` when they are equal. `None` inside stands for an absent value.
pub fn first_difference(recorded: &Value, new: &Value) -> Option<(String, String, String)> {
    let mut pointer = String::new();
    let (old, new) = walk(recorded, new, &mut pointer)?;
    Some((pointer, shown(old), shown(new)))
}

type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

fn walk<'a>(old: &'a Value, new: &'a Value, pointer: &mut String) -> Option<Pair<'a>> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.into_iter().find_map(|key| {
                descend(old.get(key), new.get(key), &key.replace('~', "~0").replace('/', "~1"), pointer)
            })
        }
        (Value::Array(old), Value::Array(new)) => (0..old.len().max(new.len()))
            .find_map(|index| descend(old.get(index), new.get(index), &index.to_string(), pointer)),
        _ if old == new => None,
        _ => Some((Some(old), Some(new))),
    }
}

fn descend<'a>(
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    token: &str,
    pointer: &mut String,
) -> Option<Pair<'a>> {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(token);
    let found = match (old, new) {
        (Some(old), Some(new)) => walk(old, new, pointer),
        (None, None) => None,
        differing => Some(differing),
    };
    if found.is_none() {
        pointer.truncate(length);
    }
    found
}

/// `value` as one short line.
pub(crate) fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "absent".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_named_by_its_pointer() {
        let cases = [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), Some(("/b", "2", "3"))),
            (json!({"a": [1, 2]}), json!({"a": [1]}), Some(("/a/1", "2", "absent"))),
            (json!({"x/y": {"~": 1}}), json!({"x/y": {}}), Some(("/x~1y/~0", "1", "absent"))),
            (json!({"a": 1}), json!([1]), Some(("", r#"{"a":1}"#, "[1]"))),
            (json!({"b": 1}), json!({"a": 1, "b": 2}), Some(("/a", "absent", "1"))),
        ];
        for (old, new, expected) in cases {
            let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
            assert_eq!(first_difference(&old, &new), expected, "{old} {new}");
        }
    }

    #[test]
    fn long_values_are_cut_and_say_so() {
        let long = json!("é".repeat(500));
        let (_, shown, _) = first_difference(&long, &json!(1)).unwrap();
        assert!(shown.chars().count() < 200 && shown.ends_with("(1002 bytes)"), "{shown}");
    }
}
