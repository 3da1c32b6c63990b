//! Config maps, secrets and service accounts.

use serde_json::{Map, Value, json};

use super::super::values::{put, said};
use super::outline::Node;

/// A config map: below `Data` and `====`, every key on a line with a colon, `----`, and the value as it is. Line
/// breaks at the end of a value cannot be told from those between keys and are left out.
pub(super) fn config_map(section: &str, value: &mut Value) {
    let mut data: Vec<(String, String)> = Vec::new();
    let mut lines = section.lines().skip_while(|line| line.trim_end() != "Data").skip(2).peekable();
    while let Some(line) = lines.next() {
        if line == "BinaryData" && lines.peek() == Some(&"====") || line.starts_with("Events:") {
            break;
        }
        match line.strip_suffix(':') {
            Some(key) if lines.peek() == Some(&"----") => {
                lines.next();
                data.push((key.to_owned(), String::new()));
            }
            _ => {
                if let Some((_, text)) = data.last_mut() {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
    }
    let data: Map<String, Value> =
        data.into_iter().map(|(key, text)| (key, Value::from(text.trim_end_matches('\n')))).collect();
    put(value, "data", Some(data).filter(|data| !data.is_empty()));
}

/// A secret: its keys are printed, of its values only the sizes. The keys get empty values.
pub(super) fn secret(root: Node<'_, '_>, value: &mut Value) {
    put(value, "type", root.get("Type"));
    let data: Map<String, Value> = root
        .children()
        .filter(|node| node.value().ends_with(" bytes") || is_token(*node))
        .map(|node| (node.key().to_owned(), Value::from("")))
        .collect();
    put(value, "data", Some(data).filter(|data| !data.is_empty()));
}

/// Tokens of service accounts are printed whole.
fn is_token(node: Node<'_, '_>) -> bool {
    node.key() == "token" && said(node.value()).is_some()
}

/// A service account. Names that `kubectl` did not find carry a note, which is no part of the name.
pub(super) fn service_account(root: Node<'_, '_>, value: &mut Value) {
    for (key, field) in [("Image pull secrets", "imagePullSecrets"), ("Mountable secrets", "secrets")] {
        let names: Vec<Value> = root
            .find(key)
            .map(|list| {
                let name =
                    |text: &str| json!({ "name": text.split(" (not found)").next().unwrap_or(text).trim() });
                list.items().map(name).collect()
            })
            .unwrap_or_default();
        put(value, field, Some(names).filter(|names| !names.is_empty()));
    }
}
