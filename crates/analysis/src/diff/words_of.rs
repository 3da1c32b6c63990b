//! Rare words and literals that a diff adds, removes or touches.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cancel::{FileSides, Place, Residual, is_prose};
use super::lex::TokenKind;
use super::statement::Statement;
use super::vocabulary::rarity;

/// Words kept of each list.
const WORDS_MAX: usize = 200;

/// A word and how much it ties, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RareWord {
    /// The word as it is written.
    pub word: String,
    /// How much it ties a diff to telemetry, 0 to 1: rare, long and compound words tie most.
    pub weight: f64,
}

/// The word lists of a diff.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    pub(super) added: Vec<RareWord>,
    pub(super) removed: Vec<RareWord>,
    pub(super) touched: Vec<RareWord>,
    pub(super) literals_added: Vec<String>,
    pub(super) literals_removed: Vec<String>,
}

/// Identifiers and key-like parts of strings that are not common, as written.
pub(super) fn rare_words(statement: &Statement) -> Vec<String> {
    let mut words = Vec::new();
    for at in 0..statement.tokens.len() {
        let text = statement.token(at);
        match statement.tokens[at].kind {
            TokenKind::Word => words.push(text),
            TokenKind::Text => {
                words.extend(text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).take(60))
            }
            TokenKind::Number | TokenKind::Operator => {}
        }
    }
    words.retain(|word| word.len() <= 80 && rarity(word) > 0.0);
    words.into_iter().map(str::to_owned).collect()
}

/// Collects the words of what is left after cancelling; tests, documents and styles give none.
pub(super) fn collect(files: &[FileSides], residual: &Residual) -> Words {
    let mut old_words: BTreeMap<String, usize> = BTreeMap::new();
    let mut new_words: BTreeMap<String, usize> = BTreeMap::new();
    let (mut old_texts, mut new_texts) = (BTreeSet::new(), BTreeSet::new());
    let counts = |place: &&Place| files[place.0].class != super::path_class::PathClass::Test;
    for place in residual.removed.iter().chain(residual.modified.iter().map(|(old, _)| old)).filter(counts) {
        gather(&files[place.0].old.statements[place.1], &mut old_words, &mut old_texts);
    }
    for place in residual.added.iter().chain(residual.modified.iter().map(|(_, new)| new)).filter(counts) {
        gather(&files[place.0].new.statements[place.1], &mut new_words, &mut new_texts);
    }
    let only = |one: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| {
        ranked(one.iter().filter(|(word, _)| !other.contains_key(*word)))
    };
    Words {
        added: only(&new_words, &old_words),
        removed: only(&old_words, &new_words),
        touched: ranked(old_words.iter().filter(|(word, _)| new_words.contains_key(*word))),
        literals_added: new_texts.difference(&old_texts).take(WORDS_MAX).cloned().collect(),
        literals_removed: old_texts.difference(&new_texts).take(WORDS_MAX).cloned().collect(),
    }
}

fn gather(statement: &Statement, words: &mut BTreeMap<String, usize>, texts: &mut BTreeSet<String>) {
    for word in rare_words(statement) {
        *words.entry(word).or_default() += 1;
    }
    for text in statement.strings().filter(|text| text.len() > 2) {
        let kept = if is_prose(text) { super::parse::cut(text, 120) } else { super::parse::cut(text, 200) };
        texts.insert(kept.to_owned());
    }
}

/// Rarest first; a word that a diff repeats often is less telling.
fn ranked<'w>(words: impl Iterator<Item = (&'w String, &'w usize)>) -> Vec<RareWord> {
    let mut ranked: Vec<RareWord> = words
        .map(|(word, count)| RareWord {
            word: word.clone(),
            weight: rarity(word) / (*count as f64).max(1.0).powf(0.25),
        })
        .collect();
    ranked.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.word.cmp(&b.word)));
    ranked.truncate(WORDS_MAX);
    ranked
}
