//! From text to concepts: what a message speaks of, in one fixed vocabulary whatever its wording.
//!
//! The vocabulary is data (`concepts.toml`). One Aho-Corasick pass (Aho and Corasick, *Efficient string matching*,
//! CACM 1975) over normalised text finds every phrase; word boundaries, negations (`no errors`, `0 timeouts`) and
//! settings (`timeout=30s`) are then told apart from the thing itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::mask::cut;

/// Bytes of a text that are read.
const TEXT_BYTES_MAX: usize = 8_192;
/// Phrase parts found in one text that are looked at.
const HITS_MAX: usize = 512;
/// Bytes that may stand between two parts of a phrase.
const GAP_BYTES_MAX: usize = 80;

#[derive(Deserialize)]
struct Table {
    ignore: Vec<String>,
    concepts: BTreeMap<String, Vec<String>>,
}

struct Phrase {
    /// Number of the concept, `None` for a phrase that only hides shorter ones.
    concept: Option<usize>,
    /// The part that must follow the pattern within [`GAP_BYTES_MAX`].
    then: Option<usize>,
}

struct Vocabulary {
    ids: Vec<String>,
    automaton: Option<AhoCorasick>,
    /// By pattern number: phrases that begin with it.
    phrases: Vec<Vec<Phrase>>,
    is_single_word: Vec<bool>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| build(include_str!("concepts.toml")));

fn build(text: &str) -> Vocabulary {
    // The table is part of the program: a test reads it with the same parser, so the empty table is never used.
    let table: Table =
        toml::from_str(text).unwrap_or_else(|_| Table { ignore: Vec::new(), concepts: BTreeMap::new() });
    let ids: Vec<String> = table.concepts.keys().cloned().collect();
    let mut patterns: Vec<String> = Vec::new();
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut phrases: Vec<Vec<Phrase>> = Vec::new();
    let mut number_of = |part: &str, phrases: &mut Vec<Vec<Phrase>>| {
        *numbers.entry(part.to_owned()).or_insert_with(|| {
            patterns.push(part.to_owned());
            phrases.push(Vec::new());
            patterns.len() - 1
        })
    };
    let ignored = table.ignore.iter().map(|phrase| (None, phrase));
    let wanted = table.concepts.values().enumerate();
    let wanted = wanted.flat_map(|(concept, list)| list.iter().map(move |phrase| (Some(concept), phrase)));
    for (concept, phrase) in ignored.chain(wanted) {
        let (first, then) = match phrase.split_once(" .. ") {
            Some((first, then)) => (first, Some(number_of(then, &mut phrases))),
            None => (phrase.as_str(), None),
        };
        let first = number_of(first, &mut phrases);
        phrases[first].push(Phrase { concept, then });
    }
    let is_single_word = patterns.iter().map(|pattern| !pattern.contains(' ')).collect();
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns).ok();
    Vocabulary { ids, automaton, phrases, is_single_word }
}

/// All concepts there are, sorted.
pub fn concept_ids() -> impl Iterator<Item = &'static str> {
    VOCABULARY.ids.iter().map(String::as_str)
}

/// The concepts that `text` speaks of, sorted, each once. Reads the first 8 KiB; linear in their length.
pub fn concepts_of(text: &str) -> Vec<&'static str> {
    let vocabulary = &*VOCABULARY;
    let Some(automaton) = &vocabulary.automaton else { return Vec::new() };
    let text = normalise(cut(text, TEXT_BYTES_MAX));
    let bytes = text.as_bytes();
    // (pattern, start, end) at word boundaries, by end.
    let hits: Vec<(usize, usize, usize)> = automaton
        .find_overlapping_iter(&text)
        .map(|hit| (hit.pattern().as_usize(), hit.start(), hit.end()))
        .filter(|&(_, start, end)| at_boundaries(bytes, start, end))
        .take(HITS_MAX)
        .collect();
    let mut spans: Vec<(usize, usize, Option<usize>)> = Vec::new();
    for (place, &(pattern, start, end)) in hits.iter().enumerate() {
        for phrase in &vocabulary.phrases[pattern] {
            let single = vocabulary.is_single_word[pattern];
            let until = match phrase.then {
                None => Some(end),
                Some(then) => hits[place..]
                    .iter()
                    .find(|hit| hit.0 == then && hit.1 >= end && hit.1 - end <= GAP_BYTES_MAX)
                    .map(|hit| hit.2),
            };
            let Some(until) = until else { continue };
            let counts =
                phrase.concept.is_none() || !(is_negated(&text, start) || is_setting(bytes, until, single));
            if counts {
                spans.push((start, until, phrase.concept));
            }
        }
    }
    let mut found: BTreeSet<usize> = BTreeSet::new();
    for &(start, end, concept) in &spans {
        let Some(concept) = concept else { continue };
        let hidden = spans.iter().any(|&(from, until, other)| {
            from <= start && end <= until && until - from > end - start && other != Some(concept)
        });
        if !hidden {
            found.insert(concept);
        }
    }
    found.into_iter().filter_map(|concept| vocabulary.ids.get(concept).map(String::as_str)).collect()
}

/// Lower case, `_` and `-` and runs of white space as one space, camelCase split into words.
fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let bytes = text.as_bytes();
    for (at, character) in text.char_indices() {
        if character.is_whitespace() || matches!(character, '_' | '-' | '\u{2010}'..='\u{2015}') {
            if !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        if character.is_ascii_uppercase() && at > 0 {
            let before = bytes[at - 1];
            let starts_word = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            if before.is_ascii_lowercase() || (before.is_ascii_uppercase() && starts_word) {
                out.push(' ');
            }
        }
        out.push(if character == '\u{2019}' { '\'' } else { character.to_ascii_lowercase() });
    }
    out
}

fn at_boundaries(bytes: &[u8], start: usize, end: usize) -> bool {
    let inside = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    let open = start > 0 && inside(bytes.get(start)) && inside(bytes.get(start - 1));
    let close = inside(bytes.get(end)) && inside(bytes.get(end.wrapping_sub(1)));
    // A status class (`returned 5`) is the one phrase that ends inside a number.
    let status_class = bytes.get(end - 1) == Some(&b'5')
        && bytes.get(end).is_some_and(u8::is_ascii_digit)
        && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
        && !inside(bytes.get(end + 2));
    !open && (!close || status_class)
}

/// Whether the words before `start` say that there is none of it.
fn is_negated(text: &str, start: usize) -> bool {
    let before = text.get(..start).unwrap_or("").trim_end();
    let mut words = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '\'' || c == '.'));
    let (last, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let denies = |word: &str| {
        matches!(
            word,
            "no" | "0"
                | "zero"
                | "without"
                | "not"
                | "never"
                | "non"
                | "isn't"
                | "wasn't"
                | "didn't"
                | "won't"
        )
    };
    denies(last) || (matches!(last, "any" | "a" | "an" | "been" | "be" | "longer") && denies(second))
}

/// Whether what follows `end` makes the phrase the name of a setting or a counter (`timeout=30s`, `retries: 0`).
fn is_setting(bytes: &[u8], end: usize, single_word: bool) -> bool {
    let rest = bytes.get(end..bytes.len().min(end + 48)).unwrap_or_default();
    let rest =
        rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest).trim_ascii_start();
    let (mark, value) = match rest.split_first() {
        Some((mark @ (b'=' | b':'), value)) => (*mark, value),
        _ => return false,
    };
    let skip = value.iter().take_while(|byte| matches!(byte, b' ' | b'"' | b'\'' | b'=')).count();
    let value = &value[skip..];
    let word = value.iter().position(|byte| !byte.is_ascii_alphanumeric()).map_or(value, |end| &value[..end]);
    if matches!(word, b"0" | b"false" | b"none" | b"null" | b"off" | b"disabled" | b"no") {
        return true;
    }
    let number = word.first().is_some_and(u8::is_ascii_digit);
    number && (mark == b'=' || single_word)
}
