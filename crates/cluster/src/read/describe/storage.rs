//! Claims, volumes and storage classes.

use serde_json::{Value, json};

use super::super::values::{access_modes, put, said};
use super::meta::conditions;
use super::outline::Node;
use super::volumes::source;

/// A claim. What it asked for is not printed: capacity and access modes are those of the volume it is bound to.
pub(super) fn claim(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.storageClassName", root.get("StorageClass"));
    put(value, "spec.volumeName", root.get("Volume"));
    put(value, "spec.volumeMode", root.get("VolumeMode"));
    put(value, "status.phase", root.get("Status").map(|text| text.split(' ').next().unwrap_or("")));
    put(value, "status.capacity.storage", root.get("Capacity").filter(|amount| *amount != "0"));
    put(value, "status.accessModes", access_modes(root.value_of("Access Modes")));
    put(value, "status.conditions", conditions(root));
}

/// A persistent volume.
pub(super) fn volume(root: Node<'_, '_>, value: &mut Value) {
    put(value, "spec.storageClassName", root.get("StorageClass"));
    put(value, "spec.persistentVolumeReclaimPolicy", root.get("Reclaim Policy"));
    put(value, "spec.accessModes", access_modes(root.value_of("Access Modes")));
    put(value, "spec.volumeMode", root.get("VolumeMode"));
    put(value, "spec.capacity.storage", root.get("Capacity"));
    put(value, "spec.claimRef", root.get("Claim").and_then(claim_ref));
    put(value, "status.phase", root.get("Status").map(|text| text.split(' ').next().unwrap_or("")));
    put(value, "status.reason", root.get("Reason"));
    put(value, "status.message", root.get("Message"));
    if let Some((field, source)) = root.find("Source").and_then(source) {
        put(value, &format!("spec.{field}"), Some(source));
    }
    let terms: Vec<Value> = root
        .find("Node Affinity")
        .and_then(|node| node.find("Required Terms"))
        .into_iter()
        .flat_map(Node::children)
        .map(|term| json!({ "matchExpressions": expressions(term) }))
        .collect();
    put(value, "spec.nodeAffinity.required.nodeSelectorTerms", Some(terms).filter(|terms| !terms.is_empty()));
}

/// `namespace/name`
pub(super) fn claim_ref(text: &str) -> Option<Value> {
    let (namespace, name) = said(text)?.split_once('/')?;
    Some(json!({ "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name }))
}

/// `zone in [a, b]` on one line each, the first behind the key.
fn expressions(term: Node<'_, '_>) -> Vec<Value> {
    term.items()
        .filter_map(|text| {
            let (key, rest) = text.split_once(' ').unwrap_or((text, "exists"));
            let (operator, values) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
            let operator = match operator {
                "in" => "In",
                "not" | "notin" => "NotIn",
                "exists" => "Exists",
                "doesnotexist" => "DoesNotExist",
                _ => return None,
            };
            let values: Vec<&str> = values
                .trim_start_matches("in ")
                .trim_matches(['[', ']'])
                .split([',', ' '])
                .filter(|value| !value.is_empty())
                .collect();
            Some(json!({ "key": key, "operator": operator, "values": values }))
        })
        .collect()
}

/// A storage class.
pub(super) fn class(root: Node<'_, '_>, value: &mut Value) {
    put(value, "provisioner", root.get("Provisioner"));
    put(value, "reclaimPolicy", root.get("ReclaimPolicy"));
    put(value, "volumeBindingMode", root.get("VolumeBindingMode"));
    let expandable = root.get("AllowVolumeExpansion").map(|word| word.eq_ignore_ascii_case("true"));
    put(value, "allowVolumeExpansion", expandable);
    put(
        value,
        "parameters",
        root.find("Parameters")
            .and_then(|list| super::super::values::pairs(list.items().flat_map(|line| line.split(',')))),
    );
    if root.get("IsDefaultClass") == Some("Yes") {
        // A slash and dots are in the key, so it cannot be a path.
        let note = json!({ "storageclass.kubernetes.io/is-default-class": "true" });
        put(value, "metadata.annotations", Some(note));
    }
}
