//! What is dropped of the API's answers before anything else sees them, recorder and cache included.
//!
//! Values of secrets never leave: keys stay, so that a reference to a missing key is still seen. Of config maps the same,
//! unless the configuration asks for their values. Of `managedFields`, who wrote when stays and the list of fields goes, which is as
//! long as the object again.

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

/// What to keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Keep {
    /// Values of config maps.
    pub(super) config_map_values: bool,
}

const SECRET: &str = "Secret";
const CONFIG_MAP: &str = "ConfigMap";

/// The note `kubectl apply` leaves on an object: the object again, values included.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The answer to a request for `path` without what must not leave, laid out over lines so that parts can be quoted; of an answer
/// that is no JSON object the reason why it cannot be read.
pub(super) fn answer(path: &str, body: &[u8], keep: Keep) -> Result<Vec<u8>, String> {
    let mut value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let Some(fields) = value.as_object_mut() else { return Err("it is no JSON object".to_owned()) };
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or("");
    // What was asked for decides before what the answer calls itself.
    let of_items = match path.rsplit('/').next() {
        _ if kind == "Status" => "Status",
        Some("secrets") => SECRET,
        Some("configmaps") => CONFIG_MAP,
        _ => kind.strip_suffix("List").unwrap_or(kind),
    }
    .to_owned();
    match fields.get_mut("items").and_then(Value::as_array_mut) {
        Some(items) => {
            for item in items {
                object(item, &of_items, keep);
            }
        }
        None => object(&mut value, &of_items, keep),
    }
    let mut written = Vec::with_capacity(body.len());
    value
        .serialize(&mut Serializer::with_formatter(&mut written, PrettyFormatter::with_indent(b" ")))
        .map_err(|error| error.to_string())?;
    Ok(written)
}

fn object(value: &mut Value, of_list: &str, keep: Keep) {
    let Some(fields) = value.as_object_mut() else { return };
    let kind = match of_list {
        SECRET | CONFIG_MAP => of_list.to_owned(),
        _ => fields.get("kind").and_then(Value::as_str).unwrap_or(of_list).to_owned(),
    };
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        writers(metadata);
        if matches!(kind.as_str(), SECRET | CONFIG_MAP) {
            annotations(metadata, &kind, keep);
        }
    }
    match kind.as_str() {
        SECRET => {
            // What is not known to be harmless goes, so that no field of a later version slips through.
            fields.retain(|key, _| {
                ["apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"]
                    .contains(&key.as_str())
            });
            blank(fields, "data");
            blank(fields, "stringData");
        }
        CONFIG_MAP => {
            blank(fields, "binaryData");
            if !keep.config_map_values {
                blank(fields, "data");
            }
        }
        _ => {}
    }
}

/// Who wrote when, without which fields.
fn writers(metadata: &mut Map<String, Value>) {
    for entry in metadata.get_mut("managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(entry) = entry.as_object_mut() {
            entry.remove("fieldsV1");
            entry.remove("fieldsType");
        }
    }
}

/// Annotations of what holds values: tools copy the values there.
fn annotations(metadata: &mut Map<String, Value>, kind: &str, keep: Keep) {
    let Some(notes) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return };
    if kind == SECRET {
        notes.remove(APPLIED);
        notes.values_mut().for_each(|note| *note = json!(""));
    } else if !keep.config_map_values {
        notes.remove(APPLIED);
    }
}

/// Keeps the keys of a map and empties its values; something else than a map goes whole.
fn blank(fields: &mut Map<String, Value>, key: &str) {
    match fields.get_mut(key) {
        Some(Value::Object(values)) => values.values_mut().for_each(|value| *value = json!("")),
        Some(_) => {
            fields.remove(key);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Value, keep: Keep, expected: Value) {
        let trimmed = answer("/x", given.to_string().as_bytes(), keep).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&trimmed).unwrap(), expected);
    }

    #[test]
    fn secrets_lose_every_value_and_keep_their_keys() {
        let applied = json!({ "stringData": { "password": "hunter22" } }).to_string();
        check(
            json!({
                "kind": "SecretList", "apiVersion": "v1", "metadata": {},
                "items": [{
                    "metadata": {
                        "name": "db", "namespace": "shop", "labels": { "app": "db" },
                        "annotations": { APPLIED: applied, "note": "hunter22" },
                        "managedFields": [{ "manager": "helm", "operation": "Update", "time": "2026-01-01T00:00:00Z",
                            "fieldsType": "FieldsV1", "fieldsV1": { "f:data": { "f:password": {} } } }]
                    },
                    "type": "Opaque",
                    "data": { "password": "aHVudGVyMjI=", "user": { "odd": "hunter22" } },
                    "stringData": { "token": "hunter22" },
                    "status": { "shown": "hunter22" }
                }, { "metadata": { "name": "odd" }, "data": "hunter22" }]
            }),
            Keep { config_map_values: true },
            json!({
                "kind": "SecretList", "apiVersion": "v1", "metadata": {},
                "items": [{
                    "metadata": {
                        "name": "db", "namespace": "shop", "labels": { "app": "db" },
                        "annotations": { "note": "" },
                        "managedFields": [{ "manager": "helm", "operation": "Update", "time": "2026-01-01T00:00:00Z" }]
                    },
                    "type": "Opaque",
                    "data": { "password": "", "user": "" },
                    "stringData": { "token": "" }
                }, { "metadata": { "name": "odd" } }]
            }),
        );
    }

    #[test]
    fn a_secret_in_a_list_of_anything_is_one_too() {
        let given =
            json!({ "kind": "List", "items": [{ "kind": "Secret", "data": { "a": "aHVudGVyMjI=" } }] });
        check(
            given,
            Keep::default(),
            json!({ "kind": "List", "items": [{ "kind": "Secret", "data": { "a": "" } }] }),
        );
        let one = json!({ "kind": "Secret", "metadata": { "name": "x" }, "data": { "a": "aHVudGVyMjI=" } });
        check(
            one,
            Keep::default(),
            json!({ "kind": "Secret", "metadata": { "name": "x" }, "data": { "a": "" } }),
        );
    }

    #[test]
    fn what_was_asked_for_decides_what_it_is() {
        let given = json!({ "kind": "Odd", "items": [{ "kind": "Other", "data": { "a": "hunter22" } }] });
        let trimmed =
            answer("/api/v1/namespaces/shop/secrets", given.to_string().as_bytes(), Keep::default());
        assert!(!String::from_utf8(trimmed.unwrap()).unwrap().contains("hunter22"));
        let refusal =
            json!({ "kind": "Status", "code": 403, "message": "no", "details": { "kind": "secrets" } });
        let trimmed = answer("/api/v1/secrets", refusal.to_string().as_bytes(), Keep::default());
        assert_eq!(serde_json::from_slice::<Value>(&trimmed.unwrap()).unwrap(), refusal);
    }

    #[test]
    fn config_maps_keep_values_only_when_asked() {
        let given = json!({ "kind": "ConfigMapList", "items": [{
            "metadata": { "name": "web", "annotations": { APPLIED: "{}", "note": "x" } },
            "data": { "a.yaml": "b: c" }, "binaryData": { "d": "AA==" }
        }] });
        check(
            given.clone(),
            Keep::default(),
            json!({ "kind": "ConfigMapList", "items": [{
                "metadata": { "name": "web", "annotations": { "note": "x" } },
                "data": { "a.yaml": "" }, "binaryData": { "d": "" }
            }] }),
        );
        check(
            given,
            Keep { config_map_values: true },
            json!({ "kind": "ConfigMapList", "items": [{
                "metadata": { "name": "web", "annotations": { APPLIED: "{}", "note": "x" } },
                "data": { "a.yaml": "b: c" }, "binaryData": { "d": "" }
            }] }),
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(answer("/x", b"[]", Keep::default()).unwrap_err(), "it is no JSON object");
        assert!(answer("/x", b"{\"kind\": ", Keep::default()).unwrap_err().starts_with("EOF"));
    }

    proptest::proptest! {
        /// Whatever shape a secret has, a value in it does not come through.
        #[test]
        fn no_shape_of_a_secret_shows_its_value(path in "(/[a-z]{1,6}){0,3}", depth in 0_usize..40, in_list: bool) {
            let mut value = json!("hunter22");
            for level in 0..depth {
                value = if level % 2 == 0 { json!({ "a": value }) } else { json!([value]) };
            }
            let mut given = json!({ "kind": "Secret", "data": value, "stringData": value, "spec": value });
            if in_list {
                given = json!({ "kind": "SecretList", "items": [given, value] });
                given["items"][0].as_object_mut().map(|fields| fields.remove("kind"));
                given["items"].as_array_mut().map(Vec::pop);
            }
            let trimmed = answer(&path, given.to_string().as_bytes(), Keep { config_map_values: true }).unwrap();
            proptest::prop_assert!(!String::from_utf8(trimmed).unwrap().contains("hunter22"));
        }

        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = answer("/api/v1/secrets", &bytes, Keep::default());
        }
    }
}
