//! Finding fields in objects whose keys nobody agreed on.

use serde_json::{Map, Value};

use super::read::cut;
use super::time::{self, ReadTime};

/// Fields kept of one row; further ones are left out.
pub(super) const FIELDS_MAX: usize = 64;
/// Bytes kept of a field's value.
pub(super) const FIELD_BYTES_MAX: usize = 2048;
const DEPTH_MAX: usize = 8;

/// `key` in lower case without `_`, `-`, `.`, `@` and blanks: `traceID`, `trace_id` and `trace.id` are one key.
pub(super) fn plain(key: &str) -> String {
    key.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase() as char).collect()
}

/// The first of `names` (each as [`plain`] writes it) that `object` has and that is not null, with its own key.
pub(super) fn pick<'v>(object: &'v Map<String, Value>, names: &[&str]) -> Option<(&'v str, &'v Value)> {
    names.iter().find_map(|name| {
        let found = object.iter().find(|(key, value)| !value.is_null() && plain(key) == *name);
        found.map(|(key, value)| (key.as_str(), value))
    })
}

/// The text of the first of `names` that holds a scalar which is not empty.
pub(super) fn pick_text(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let found = object.iter().find(|(key, _)| plain(key) == *name)?;
        scalar_text(found.1).filter(|text| !text.is_empty())
    })
}

/// The number of the first of `names` that holds one, as a number or as text.
pub(super) fn pick_number(object: &Map<String, Value>, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|name| {
        let found = object.iter().find(|(key, _)| plain(key) == *name)?;
        number_of(found.1)
    })
}

/// A finite number, as a number or as text.
pub(super) fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// The text of a scalar; `None` for null, arrays and objects.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The time a value states: text, an epoch, or `{seconds, nanos}`.
pub(super) fn time_of(value: &Value) -> Option<ReadTime> {
    let exact = |ns| ReadTime { ns, naive: false, length: 0 };
    match value {
        Value::String(text) => time::parse(text),
        Value::Number(number) => time::epoch_text(&number.to_string()).map(exact),
        Value::Object(object) => {
            let seconds = object.get("seconds")?.as_i64()?;
            let nanos = object.get("nanos").and_then(Value::as_i64).unwrap_or(0);
            let ns = seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?;
            Some(exact(ns)).filter(|read| time::plausible(read.ns))
        }
        _ => None,
    }
}

/// The scalars of `value` under dotted keys, in key order, at most [`FIELDS_MAX`] in `into`. Arrays of scalars are one
/// text; nulls are left out.
pub(super) fn flatten(prefix: &str, value: &Value, into: &mut Vec<(String, String)>) {
    flatten_at(prefix, value, into, 0);
}

fn flatten_at(prefix: &str, value: &Value, into: &mut Vec<(String, String)>, depth: usize) {
    if into.len() >= FIELDS_MAX || depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten_at(&key, inner, into, depth + 1);
            }
        }
        Value::Array(items) => {
            if let Some(texts) =
                items.iter().take(FIELDS_MAX).map(scalar_text).collect::<Option<Vec<String>>>()
            {
                push_field(prefix, &texts.join(","), into);
            } else {
                for (index, inner) in items.iter().enumerate().take(FIELDS_MAX) {
                    flatten_at(&format!("{prefix}.{index}"), inner, into, depth + 1);
                }
            }
        }
        scalar => {
            if let Some(text) = scalar_text(scalar) {
                push_field(prefix, &text, into);
            }
        }
    }
}

fn push_field(key: &str, text: &str, into: &mut Vec<(String, String)>) {
    into.push((cut(key, 256).to_owned(), cut(text, FIELD_BYTES_MAX).to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_however_they_are_written() {
        for key in ["trace_id", "traceID", "trace.id", "TRACE-ID"] {
            let object = serde_json::json!({ key: " abc " });
            assert_eq!(pick_text(object.as_object().unwrap(), &["traceid"]), Some("abc".to_owned()), "{key}");
        }
        let object = serde_json::json!({"a": null, "b": "2.5", "c": [1]});
        let object = object.as_object().unwrap();
        assert_eq!(pick(object, &["a", "b"]).map(|(key, _)| key), Some("b"));
        assert_eq!(pick_number(object, &["a", "c", "b"]), Some(2.5));
    }

    #[test]
    fn nested_fields_get_dotted_keys() {
        let mut fields = Vec::new();
        let value = serde_json::json!({"http": {"route": "/a", "codes": [1, 2]}, "x": null, "ok": true});
        flatten("", &value, &mut fields);
        let expected = [("http.codes", "1,2"), ("http.route", "/a"), ("ok", "true")];
        assert_eq!(fields, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
