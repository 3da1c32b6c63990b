//! Neutral names for every object: what an engine may not depend on.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use midwatch_cluster::{Capture, Document};

/// Old names and new ones.
#[derive(Debug, Default)]
pub(super) struct Renaming {
    /// Longest old name first, so that a name inside another is not replaced in it.
    names: Vec<(String, String)>,
}

/// Kinds whose listed objects get other names.
const RENAMED: [&str; 11] = [
    "deployments",
    "statefulsets",
    "daemonsets",
    "services",
    "nodes",
    "resourcequota",
    "persistentvolumeclaims",
    "persistentvolumes",
    "secrets",
    "networkpolicies",
    "namespaces",
];

/// Names that Kubernetes itself gives meaning to (a machine named after its role among them).
const KEPT: [&str; 7] =
    ["default", "kube-system", "kube-public", "kube-node-lease", "kubernetes", "master", "control-plane"];

impl Renaming {
    /// New names for a capture that is to stand beside another one, so that they have no object in common but those
    /// that keep their names: the machine of the control plane is one for both.
    pub(super) fn of_second(capture: &Capture) -> Renaming {
        let mut renaming = Renaming::of(capture);
        for (_, new) in &mut renaming.names {
            new.insert_str(0, "b-");
        }
        renaming
    }

    /// New names for what the listings of a capture name.
    pub(super) fn of(capture: &Capture) -> Renaming {
        let mut old: BTreeMap<String, &str> = BTreeMap::new();
        for document in &capture.documents {
            if let Some(kind) = RENAMED.iter().find(|kind| lists(document, kind)) {
                for line in document.text.lines().skip(1) {
                    if let Some(name) = line.split_whitespace().next().filter(|name| !KEPT.contains(name)) {
                        old.entry(name.to_owned()).or_insert(kind);
                    }
                }
            }
        }
        let mut names: Vec<(String, String)> = old
            .into_iter()
            .enumerate()
            .map(|(at, (name, kind))| {
                let short = kind.get(..3).unwrap_or("obj");
                (name, format!("{short}-{}", letters(at)))
            })
            .collect();
        names.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Renaming { names }
    }

    /// The text with every name replaced where it stands as a word of its own or as the first part of a longer name
    /// (`cart` in `cart-7d4b9-x2x`, not in `mycart`).
    pub(super) fn apply(&self, text: &str) -> String {
        if self.names.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match self.encoded(line) {
                Some(changed) => out.push_str(&changed),
                None => out.push_str(&self.plain(line)),
            }
        }
        out
    }

    /// A line `key: value` whose value is base64 of text with a name in it, as secrets hold them.
    fn encoded(&self, line: &str) -> Option<String> {
        let (key, value) = line.trim_end().split_once(": ")?;
        let decoded = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
        let changed = self.plain(&decoded);
        (value.len() >= 8 && changed != decoded)
            .then(|| format!("{}: {}\n", self.plain(key), STANDARD.encode(changed)))
    }

    fn plain(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = ' ';
        'next: while let Some(first) = rest.chars().next() {
            if !is_part(before) {
                for (old, new) in &self.names {
                    let ends =
                        |after: &str| !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                    if let Some(after) = rest.strip_prefix(old.as_str()).filter(|after| ends(after)) {
                        out.push_str(new);
                        before = 'x';
                        rest = after;
                        continue 'next;
                    }
                }
            }
            // A line break written as an escape ends the word before it as a real one does.
            if let Some((escape, after)) =
                ESCAPES.iter().find_map(|one| Some((*one, rest.strip_prefix(*one)?)))
            {
                out.push_str(escape);
                before = ' ';
                rest = after;
                continue;
            }
            out.push(first);
            before = first;
            rest = rest.get(first.len_utf8()..).unwrap_or("");
        }
        out
    }
}

/// White space as JSON and quoted text write it.
const ESCAPES: [&str; 3] = ["\\n", "\\t", "\\r"];

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Whether a document is the plain listing of a kind.
fn lists(document: &Document, kind: &str) -> bool {
    let mut words = document.command.split_whitespace().skip(1);
    words.next() == Some("get") && words.next() == Some(kind) && words.next().is_none_or(|word| word == "-n")
}

/// 0 → `aa`, 27 → `bb`: letters only, so that a new name never looks like a hash or an ordinal.
fn letters(mut at: usize) -> String {
    let mut text = String::new();
    for _ in 0..2 {
        text.insert(0, char::from(b'a' + u8::try_from(at % 26).unwrap_or(0)));
        at /= 26;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_where_they_are_names() {
        let mut capture = Capture::default();
        capture.push("kubectl get services -n shop", "NAME   TYPE\ncart   ClusterIP\ncart-db   ClusterIP\n");
        let renaming = Renaming::of(&capture);
        let changed =
            renaming.apply("cart cart-7d4b9 mycart my-cart cart-db:5432 carton http://cart:80/cart");
        let encoded = renaming.apply(&format!("  HOST: {}\n", STANDARD.encode("cart-db")));
        assert_eq!(encoded, format!("  HOST: {}\n", STANDARD.encode("ser-ab")));
        assert_eq!(
            renaming.apply(r#"{"said":"cart slow\ncart-db down"}"#),
            r#"{"said":"ser-aa slow\nser-ab down"}"#
        );
        assert_eq!(changed, "ser-aa ser-aa-7d4b9 mycart my-cart ser-ab:5432 carton http://ser-aa:80/ser-aa");
    }
}
