//! The mechanisms of a run: built in, extended by the user's own, checked on load.

use std::collections::BTreeMap;

use midwatch_model::content_hash;
use serde::Deserialize;

use super::{Mechanism, builtin, check};

/// A mechanism file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct MechanismError {
    /// File it is in.
    pub file: String,
    /// Line, where known.
    pub line: Option<usize>,
    /// What is wrong and what would be right.
    pub reason: String,
}

/// Checked mechanisms by id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MechanismSet {
    by_id: BTreeMap<String, Mechanism>,
    files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    mechanism: Vec<toml::Spanned<toml::Value>>,
}

impl MechanismSet {
    /// The built-in mechanisms and those of `extra` (file name and TOML text), which replace built-in ones of the same
    /// id. All errors are returned, not only the first.
    pub fn load(extra: &[(String, String)]) -> Result<MechanismSet, Vec<MechanismError>> {
        let mut set = MechanismSet::default();
        let mut errors = Vec::new();
        for (file, text) in builtin::FILES {
            set.add(file, text, true, &mut errors);
        }
        let mut own = MechanismSet::default();
        for (file, text) in extra {
            own.add(file, text, true, &mut errors);
        }
        set.by_id.extend(own.by_id);
        set.files.extend(own.files);
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    /// Only the mechanisms of `text`, a mechanism file's: none of the built-in ones. Errors as in [`MechanismSet::load`].
    pub fn read(file: &str, text: &str) -> Result<MechanismSet, Vec<MechanismError>> {
        let mut set = MechanismSet::default();
        let mut errors = Vec::new();
        set.add(file, text, true, &mut errors);
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    fn add(&mut self, file: &str, text: &str, unique: bool, errors: &mut Vec<MechanismError>) {
        let error =
            |line: Option<usize>, reason: String| MechanismError { file: file.to_owned(), line, reason };
        let parsed: File = match toml::from_str(text) {
            Ok(parsed) => parsed,
            Err(problem) => {
                let line = problem.span().map(|span| line_of(text, span.start));
                errors.push(error(line, format!("not a mechanism file: {}", problem.message())));
                return;
            }
        };
        for entry in parsed.mechanism {
            let line = Some(line_of(text, entry.span().start));
            let mechanism: Mechanism = match entry.into_inner().try_into() {
                Ok(mechanism) => mechanism,
                Err(problem) => {
                    errors.push(error(line, problem.message().to_owned()));
                    continue;
                }
            };
            for problem in check::problems(&mechanism) {
                errors.push(error(line, format!("mechanism {:?}: {problem}", mechanism.id)));
            }
            if unique && self.by_id.contains_key(&mechanism.id) {
                errors.push(error(line, format!("mechanism {:?} is defined twice", mechanism.id)));
            }
            self.files.insert(mechanism.id.clone(), file.to_owned());
            self.by_id.insert(mechanism.id.clone(), mechanism);
        }
    }

    /// All mechanisms, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Mechanism> {
        self.by_id.values()
    }

    /// The mechanism called `id`.
    pub fn get(&self, id: &str) -> Option<&Mechanism> {
        self.by_id.get(id)
    }

    /// The file that defines `id`.
    pub fn file_of(&self, id: &str) -> Option<&str> {
        self.files.get(id).map(String::as_str)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Hash of all mechanisms: changes when any of them does.
    pub fn hash(&self) -> String {
        let parts: Vec<String> = self
            .by_id
            .values()
            .map(|mechanism| serde_json::to_string(mechanism).unwrap_or_default())
            .collect();
        content_hash(&parts)
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_mechanisms_are_sound_and_enough() {
        let set = MechanismSet::load(&[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
        assert!(set.len() >= 30, "{} mechanisms", set.len());
    }

    #[test]
    fn errors_name_file_and_line_and_all_are_reported() {
        let text = "\n[[mechanism]]\nid = \"Bad Id\"\n\n[[mechanism]]\nnonsense = 1\n".to_owned();
        let errors = MechanismSet::load(&[("own.toml".to_owned(), text)]).unwrap_err();
        assert_eq!(errors.len(), 2, "{errors:#?}");
        assert!(errors.iter().all(|error| error.file == "own.toml" && error.line.is_some()));
        let broken = MechanismSet::load(&[("own.toml".to_owned(), "= 3".to_owned())]).unwrap_err();
        assert!(broken[0].to_string().starts_with("own.toml:1: not a mechanism file"), "{}", broken[0]);
    }
    /// A sound mechanism with one of its words replaced.
    fn with(word: &str, replacement: &str) -> Vec<String> {
        let text = r#"[[mechanism]]
id = "own"
title = "own"
category = "resource"
origin = "inside"
prior = -2.0
clause = "{entity} is full"
predicts = [{ finding = ["log_new"], concepts = ["disk_full", "worse"], weight = 3.0, essential = true, says = "a" }]
contradicts = [{ finding = ["log_new"], concepts = ["oom_killed"], weight = 3.0, says = "b" }]
change = { behaviours = ["log_added"] }
tests = ["seen_before"]
remedy = { title = "make room" }
"#
        .replace(word, replacement);
        match MechanismSet::load(&[("own.toml".to_owned(), text)]) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_misspelt_word_is_an_error_with_the_nearest_right_one() {
        assert_eq!(with("nothing", "nothing"), Vec::<String>::new());
        let at = "own.toml:1: mechanism \"own\":";
        for (word, typo, said) in [
            (
                "disk_full",
                "disk_ful",
                "predicts[0].concepts: there is no concept \"disk_ful\"; did you mean \"disk_full\"?",
            ),
            (
                "worse",
                "wosre",
                "predicts[0].concepts: there is no concept \"wosre\"; did you mean \"worse\"?",
            ),
            (
                "oom_killed",
                "OOM-killed",
                "contradicts[0].concepts: there is no concept \"OOM-killed\"; did you mean \"oom_killed\"?",
            ),
            (
                "log_added",
                "log_aded",
                "change.behaviours: there is no behaviour \"log_aded\"; did you mean \"log_added\"?",
            ),
            (
                "log_added",
                "\u{fe}\u{fe}",
                "change.behaviours: there is no behaviour \"\u{fe}\u{fe}\"; docs/guide/mechanisms.md lists them all",
            ),
        ] {
            assert_eq!(with(word, typo), [format!("{at} {said}")]);
        }
    }
    #[test]
    fn steady_load_refutes_only_what_load_sets_off() {
        let said = with("seen_before", "load_steady");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("load_steady needs origin \"load\""), "{said:?}");
    }
}
