//! What a diff and a symptom have in common: identifiers, literals, tables, paths, numbers, stack frames.

use std::collections::BTreeMap;

use serde::Serialize;

use super::behaviour::DiffReading;
use super::quantity::{Quantity, Unit};
use super::vocabulary::{rarity, split_words, squashed};

/// Symptom words looked at, at most.
const SYMPTOM_WORDS_MAX: usize = 5_000;
/// Ties given back, at most.
const TIES_MAX: usize = 100;

/// A word of telemetry and how telling it is there.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedWord {
    /// The word: an identifier, a table, a `file.ext:function` frame, a path.
    pub word: String,
    /// How rare it is in the telemetry, 0 to 1.
    pub weight: f64,
}

/// What sort of thing ties them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TieKind {
    /// The same identifier, or parts of it.
    Identifier,
    /// The same string.
    Literal,
    /// The same table or column.
    Sql,
    /// The same path.
    Path,
    /// The same amount.
    Number,
    /// A stack frame in a changed file or function.
    Frame,
}

/// One thing a diff and a symptom have in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tie {
    /// The common thing, as the diff writes it.
    pub what: String,
    /// What sort of thing it is.
    pub kind: TieKind,
    /// How strongly it ties, 0 to 1.
    pub strength: f64,
}

/// Names of a diff, squashed to lower case, with how they are written and what they weigh.
struct Names<'r> {
    exact: BTreeMap<String, (&'r str, TieKind, f64)>,
    parts: BTreeMap<String, (&'r str, f64)>,
}

/// What `reading` has in common with the words and numbers of a symptom, strongest first, at most 100.
///
/// An exact identifier counts fully (snake, camel and kebab case are one), a part of a longer one a third; a table named by
/// both, a literal, a path, and a changed amount that telemetry names with the same unit count by their own weights. Strength
/// is the product of the word's rarity in the telemetry, its rarity in the diff and how alike they are. Reads at most 5,000 words.
pub fn ties(reading: &DiffReading, symptom_words: &[WeightedWord], symptom_numbers: &[Quantity]) -> Vec<Tie> {
    let names = names_of(reading);
    let mut found: BTreeMap<(TieKind, String), f64> = BTreeMap::new();
    let mut keep = |what: &str, kind: TieKind, strength: f64| {
        if strength > 0.0 {
            let known = found.entry((kind, what.to_owned())).or_default();
            *known = known.max(strength.min(1.0));
        }
    };
    for symptom in symptom_words.iter().take(SYMPTOM_WORDS_MAX) {
        let telling = symptom.weight.clamp(0.0, 1.0);
        let (file, line, function) = frame_of(&symptom.word);
        if (file.contains('.') || !function.is_empty()) && frame_touches(reading, file, line, function) {
            keep(&symptom.word, TieKind::Frame, telling);
            continue;
        }
        if let Some(path) = reading.paths.iter().find(|path| same_path(path, &symptom.word)) {
            keep(path, TieKind::Path, 0.9 * telling);
        }
        let whole = squashed(&symptom.word);
        if let Some((written, kind, weight)) = names.exact.get(&whole) {
            keep(written, *kind, telling * weight);
            continue;
        }
        let parts = split_words(&symptom.word);
        let shared: Vec<&(&str, f64)> =
            parts.iter().filter(|part| part.len() > 3).filter_map(|part| names.parts.get(part)).collect();
        let share = shared.len() as f64 / parts.len().max(1) as f64;
        if let Some((written, weight)) = shared.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
            keep(written, TieKind::Identifier, telling * weight * (0.33 * share).min(0.6));
        }
    }
    for number in symptom_numbers.iter().take(SYMPTOM_WORDS_MAX).filter(|number| is_telling(number)) {
        for change in &reading.numbers {
            let strength = if change.after.same_amount(number) {
                0.9
            } else if change.before.same_amount(number) {
                0.4
            } else {
                0.0
            };
            let strength = if number.unit == Unit::None { strength * 0.5 } else { strength };
            keep(&format!("{} = {}", change.key, change.after.text), TieKind::Number, strength);
        }
    }
    let mut ties: Vec<Tie> =
        found.into_iter().map(|((kind, what), strength)| Tie { what, kind, strength }).collect();
    ties.sort_by(|a, b| {
        b.strength.total_cmp(&a.strength).then_with(|| (a.kind, &a.what).cmp(&(b.kind, &b.what)))
    });
    ties.truncate(TIES_MAX);
    ties
}

/// Whether a plain number is large enough to be no coincidence.
fn is_telling(number: &Quantity) -> bool {
    number.unit != Unit::None && number.value != 0.0 || number.value.abs() >= 20.0
}

fn names_of(reading: &DiffReading) -> Names<'_> {
    let mut names = Names { exact: BTreeMap::new(), parts: BTreeMap::new() };
    fn put<'r>(names: &mut Names<'r>, word: &'r str, kind: TieKind, weight: f64) {
        let key = squashed(word);
        if key.len() < 3 || weight <= 0.0 {
            return;
        }
        let slot = names.exact.entry(key).or_insert((word, kind, weight));
        if weight > slot.2 {
            *slot = (word, kind, weight);
        }
        for part in split_words(word).into_iter().filter(|part| part.len() > 3 && rarity(part) > 0.0) {
            let slot = names.parts.entry(part).or_insert((word, weight));
            if weight > slot.1 {
                *slot = (word, weight);
            }
        }
    }
    for shape in reading.sql_added.iter().chain(&reading.sql_removed) {
        shape.tables.iter().for_each(|table| put(&mut names, table, TieKind::Sql, 1.0));
        shape.columns.iter().for_each(|column| put(&mut names, column, TieKind::Sql, rarity(column)));
    }
    for literal in reading.literals_added.iter().chain(&reading.literals_removed) {
        let spaced = literal.contains(' ');
        put(&mut names, literal, TieKind::Literal, if spaced { 0.7 } else { rarity(literal) });
    }
    for (words, factor) in
        [(&reading.words_added, 1.0), (&reading.words_removed, 1.0), (&reading.words_touched, 0.7)]
    {
        words.iter().for_each(|word| put(&mut names, &word.word, TieKind::Identifier, word.weight * factor));
    }
    for touched in &reading.touched {
        touched
            .functions
            .iter()
            .for_each(|function| put(&mut names, function, TieKind::Identifier, 0.9 * rarity(function)));
    }
    names
}

/// Splits `file.go:120`, `file.go:handle`, `pkg/file.py:12 in handle`, `Class.method(File.java:10)`.
fn frame_of(word: &str) -> (&str, Option<u32>, &str) {
    let bracketed = word.split_once('(').and_then(|(function, rest)| {
        let (file, line) = rest.trim_end_matches(')').split_once(':')?;
        Some((file, line.parse().ok(), last_name(function)))
    });
    if let Some(frame) = bracketed {
        return frame;
    }
    let Some((file, rest)) = word.split_once(':') else { return (word, None, "") };
    let (line, function) = rest.split_once([':', ' ']).unwrap_or((rest, ""));
    match line.parse() {
        Ok(line) => (file, Some(line), last_name(function.trim_start_matches("in "))),
        Err(_) => (file, None, last_name(rest)),
    }
}

fn last_name(function: &str) -> &str {
    function.trim_end_matches("()").rsplit(['.', ':', '/', '#']).next().unwrap_or(function)
}

/// Whether one path ends in the other at a folder boundary.
fn same_path(path: &str, other: &str) -> bool {
    let (long, short) = if path.len() >= other.len() { (path, other) } else { (other, path) };
    short.contains('.')
        && short.len() > 3
        && long.ends_with(short)
        && (long.len() == short.len() || long.as_bytes().get(long.len() - short.len() - 1) == Some(&b'/'))
}

/// Whether a stack frame lies in what `reading` changes.
///
/// The file must be one of the diff's (compared from the end, at folder boundaries); of function and line, at least one that
/// is known must match: the function by name, the line within 10 lines of a numbered hunk. A frame that knows neither, or a
/// diff that numbers and names nothing, matches by file alone. With no file, the function must be one the diff touches.
pub fn frame_touches(reading: &DiffReading, file: &str, line: Option<u32>, function: &str) -> bool {
    let function = last_name(function);
    let by_name = |functions: &[String]| functions.iter().any(|known| squashed(known) == squashed(function));
    if file.is_empty() {
        return !function.is_empty() && reading.touched.iter().any(|touched| by_name(&touched.functions));
    }
    reading.touched.iter().filter(|touched| same_path(&touched.path, file)).any(|touched| {
        let named = !function.is_empty() && by_name(&touched.functions);
        let near = line.is_some_and(|line| {
            touched
                .lines
                .iter()
                .any(|(first, last)| line.saturating_add(10) >= *first && line <= last.saturating_add(10))
        });
        let unknown = (line.is_none() || touched.lines.is_empty())
            && (function.is_empty() || touched.functions.is_empty());
        named || near || unknown
    })
}
