//! Entries as lines.

use std::collections::BTreeSet;

use midwatch_model::{Entry, content_hash};
use serde_json::{Value, json};

/// Bodies with more bytes of JSON than this are written once, by hash, in a line of their own.
pub(crate) const BODY_MAX_BYTES: usize = 64 * 1024;

/// The line of `entry`, preceded by the line of its body when that is large and not in `blobs` yet; each ends in a
/// line feed.
pub(crate) fn encode(mut entry: Entry, blobs: &mut BTreeSet<String>) -> Result<String, serde_json::Error> {
    let body = serde_json::to_string(&entry.body)?;
    let mut lines = String::new();
    if body.len() > BODY_MAX_BYTES || reference(&entry.body).is_some() {
        let hash = content_hash(&[&body]);
        if blobs.insert(hash.clone()) {
            lines = format!("{{\"blob\":\"{hash}\",\"data\":{body}}}\n");
        }
        entry.body = json!({ "blob": hash, "bytes": body.len() });
    }
    lines.push_str(&serde_json::to_string(&entry)?);
    lines.push('\n');
    Ok(lines)
}

/// The hash a body refers to when it is `{"blob": "<hash>", "bytes": n}`. A value that merely looks like one is itself
/// written as a blob, so there is no second reading.
pub(crate) fn reference(body: &Value) -> Option<&str> {
    let object = body.as_object()?;
    (object.len() == 2 && object.get("bytes")?.is_u64()).then(|| object.get("blob")?.as_str())?
}
