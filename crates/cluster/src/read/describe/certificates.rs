//! Certificates of cert-manager (`cert-manager.io`), whose description is that of any custom object: fields by their
//! names, words apart.

use serde_json::{Value, json};

use super::super::values::{put, time, whole};
use super::outline::Node;

/// A certificate.
pub(super) fn certificate(root: Node<'_, '_>, value: &mut Value) {
    if let Some(spec) = root.find("Spec") {
        put(value, "spec.secretName", spec.get("Secret Name"));
        put(value, "spec.issuerRef.name", spec.find("Issuer Ref").and_then(|issuer| issuer.get("Name")));
        let names = spec.find("Dns Names").map(|names| names.children().map(|name| name.text()).collect());
        put(value, "spec.dnsNames", names.filter(|names: &Vec<&str>| !names.is_empty()));
    }
    let Some(status) = root.find("Status") else { return };
    for (key, field) in
        [("Not After", "notAfter"), ("Not Before", "notBefore"), ("Renewal Time", "renewalTime")]
    {
        put(value, &format!("status.{field}"), status.get(key).and_then(time));
    }
    put(value, "status.revision", status.get("Revision").and_then(whole));
    put(value, "status.failedIssuanceAttempts", status.get("Failed Issuance Attempts").and_then(whole));
    put(value, "status.conditions", status.find("Conditions").and_then(conditions));
}

/// Conditions one below the other, without a mark between them: fields are sorted, so each ends with its type.
fn conditions(list: Node<'_, '_>) -> Option<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    let mut own = json!({});
    for node in list.children() {
        let field = match node.key() {
            "Last Transition Time" => "lastTransitionTime",
            "Message" => "message",
            "Reason" => "reason",
            "Status" => "status",
            "Type" => "type",
            _ => continue,
        };
        put(&mut own, field, node.said());
        if field == "type" {
            found.push(std::mem::replace(&mut own, json!({})));
        }
    }
    (!found.is_empty()).then_some(found)
}
