//! Vendor words appear under `crates/connectors/`, in documents and in incidents, and nowhere else.
//!
//! The words and the places that may hold some, each with its reason, are in `tools/xtask/vendors.toml`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Problem;
use super::walk::TextFile;

/// File with words and allowed places.
const LIST: &str = "tools/xtask/vendors.toml";

/// Places that speak of vendors by their nature.
const FREE: &[&str] = &["crates/connectors/", "docs/", "incidents/", LIST];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    words: Vec<String>,
    #[serde(default)]
    allowed: Vec<Allowed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    path: String,
    words: Vec<String>,
    because: String,
}

/// Vendor words in the wrong place, and allowances nobody needs.
pub(crate) fn check(root: &Path, files: &[TextFile]) -> Result<Vec<Problem>> {
    let text = std::fs::read_to_string(root.join(LIST)).context(LIST)?;
    let list: List = toml::from_str(&text).context(LIST)?;
    Ok(judge(&list, files))
}

fn judge(list: &List, files: &[TextFile]) -> Vec<Problem> {
    let words: BTreeSet<String> = list.words.iter().map(|word| word.to_lowercase()).collect();
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    // Documents at the top are documents too.
    let checked = files.iter().filter(|file| {
        !FREE.iter().any(|free| file.path.starts_with(free))
            && (file.path.contains('/') || !file.path.ends_with(".md"))
    });
    for file in checked {
        for (index, line) in file.text.lines().enumerate() {
            for word in words_of(line).filter(|word| words.contains(word)) {
                let allowed = list.allowed.iter().position(|allowed| {
                    file.path.starts_with(&allowed.path) && allowed.words.contains(&word)
                });
                match allowed {
                    Some(position) => {
                        used.insert((position, word));
                    }
                    None => problems.push(Problem::new(
                        &file.path,
                        index + 1,
                        format!("the vendor word {word:?} belongs under crates/connectors or into {LIST} with a reason"),
                    )),
                }
            }
        }
    }
    for (position, allowed) in list.allowed.iter().enumerate() {
        if allowed.because.trim().is_empty() {
            problems.push(Problem::new(LIST, 0, format!("{}: says no reason", allowed.path)));
        }
        for word in allowed.words.iter().filter(|word| !used.contains(&(position, (*word).clone()))) {
            problems.push(Problem::new(LIST, 0, format!("{} does not hold {word:?} any more", allowed.path)));
        }
    }
    problems
}

/// Words of `line` in lower case; underscores and capitals inside a word separate, as in identifiers.
fn words_of(line: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    for part in line.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        words.push(part.to_lowercase());
        let mut start = 0;
        for (at, c) in part.char_indices().skip(1) {
            if c.is_uppercase() {
                words.push(part[start..at].to_lowercase());
                start = at;
            }
        }
        if start > 0 {
            words.push(part[start..].to_lowercase());
        }
    }
    words.sort();
    words.dedup();
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_do_not_belong() {
        let list: List = toml::from_str(
            "words = [\"acmewatch\"]\n[[allowed]]\npath = \"tools/a.rs\"\nwords = [\"acmewatch\"]\nbecause = \"reads its dump\"\n\
             [[allowed]]\npath = \"tools/b.rs\"\nwords = [\"acmewatch\"]\nbecause = \"once did\"\n",
        )
        .unwrap();
        let file = |path: &str, text: &str| TextFile { path: path.into(), text: text.into() };
        let files = [
            file("crates/connectors/src/a.rs", "acmewatch"),
            file("README.md", "acmewatch"),
            file("tools/a.rs", "AcmeWatch acmewatch"),
            file("crates/app/src/a.rs", "fn a() {}\nstruct AcmewatchReader; // acmewatches\n"),
        ];
        let found: Vec<String> = judge(&list, &files).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/app/src/a.rs:2: the vendor word \"acmewatch\""));
        assert!(found[1].contains("tools/b.rs does not hold"));
    }
}
