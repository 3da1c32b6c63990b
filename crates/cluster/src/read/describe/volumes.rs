//! Volumes of pods and templates, and the sources of persistent volumes.

use serde_json::{Value, json};

use super::super::values::{put, said};
use super::outline::Node;

/// Volumes below `Volumes:`.
pub(super) fn volumes(list: Node<'_, '_>) -> Option<Vec<Value>> {
    let volumes: Vec<Value> = list
        .children()
        .map(|node| {
            let mut volume = json!({ "name": node.key() });
            if let Some((field, source)) = source(node) {
                put(&mut volume, field, Some(source));
            }
            volume
        })
        .collect();
    (!volumes.is_empty()).then_some(volumes)
}

/// The source of a volume: its field in the API and what is in it. `None` for sources that the API has dropped.
pub(super) fn source(node: Node<'_, '_>) -> Option<(&'static str, Value)> {
    let kind = node.value_of("Type").split_once(" (").map_or(node.value_of("Type"), |(kind, _)| kind);
    let mut source = json!({});
    let fields: (&'static str, &[(&str, &str)]) = match kind.trim() {
        "PersistentVolumeClaim" => ("persistentVolumeClaim", &[("claimName", "ClaimName")]),
        "Secret" => ("secret", &[("secretName", "SecretName")]),
        "ConfigMap" => ("configMap", &[("name", "Name")]),
        "HostPath" => ("hostPath", &[("path", "Path"), ("type", "HostPathType")]),
        "EmptyDir" => ("emptyDir", &[("medium", "Medium"), ("sizeLimit", "SizeLimit")]),
        "NFS" => ("nfs", &[("server", "Server"), ("path", "Path")]),
        "LocalVolume" => ("local", &[("path", "Path")]),
        "CSI" => ("csi", &[("driver", "Driver"), ("volumeHandle", "VolumeHandle"), ("fsType", "FSType")]),
        "Projected" => return Some(("projected", projected(node))),
        "EphemeralVolume" => ("ephemeral", &[]),
        "DownwardAPI" => ("downwardAPI", &[]),
        _ => return None,
    };
    for (field, key) in fields.1 {
        put(&mut source, field, node.get(key));
    }
    if matches!(fields.0, "persistentVolumeClaim" | "nfs" | "csi") {
        put(&mut source, "readOnly", (node.get("ReadOnly") == Some("true")).then_some(true));
    }
    if matches!(fields.0, "secret" | "configMap") {
        put(&mut source, "optional", (node.get("Optional") == Some("true")).then_some(true));
    }
    Some((fields.0, source))
}

/// Secrets, config maps and tokens that are mounted as one volume.
fn projected(node: Node<'_, '_>) -> Value {
    let mut sources: Vec<Value> = Vec::new();
    for child in node.children() {
        let value = child.value();
        match child.key() {
            "SecretName" => sources.push(json!({ "secret": { "name": value } })),
            "ConfigMapName" => sources.push(json!({ "configMap": { "name": value } })),
            "ConfigMapOptional" | "Optional" if value == "true" => {
                if let Some(last) = sources.last_mut() {
                    put(last, "configMap.optional", Some(true));
                }
            }
            "SecretOptionalName" if value == "true" => {
                if let Some(last) = sources.last_mut() {
                    put(last, "secret.optional", Some(true));
                }
            }
            "TokenExpirationSeconds" => {
                let mut token = json!({ "path": "token" });
                put(&mut token, "expirationSeconds", said(value).and_then(super::super::values::whole));
                sources.push(json!({ "serviceAccountToken": token }));
            }
            "DownwardAPI" if value == "true" => sources.push(json!({ "downwardAPI": {} })),
            _ => {}
        }
    }
    json!({ "sources": sources })
}
