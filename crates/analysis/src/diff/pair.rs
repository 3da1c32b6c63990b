//! Which removed and added statements are the old and the new form of one.

use std::collections::BTreeMap;

use super::cancel::{FileSides, Residual, is_program};
use super::facts;
use super::path_class::PathClass;
use super::statement::Statement;

/// New statements compared with one old statement at most.
const WINDOW: usize = 64;

/// Pairs what is left: old and new form of one statement stand in the same block and look alike.
pub(super) fn pair(files: &[FileSides], live_old: &[Vec<bool>], live_new: &[Vec<bool>]) -> Residual {
    let mut residual = Residual::default();
    for (index, file) in files.iter().enumerate() {
        let mut blocks: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (at, statement) in file.old.statements.iter().enumerate().filter(|(at, _)| live_old[index][*at]) {
            blocks.entry(statement.block).or_default().0.push(at);
        }
        for (at, statement) in file.new.statements.iter().enumerate().filter(|(at, _)| live_new[index][*at]) {
            blocks.entry(statement.block).or_default().1.push(at);
        }
        for (old, new) in blocks.into_values() {
            pair_block(file, index, &old, &new, &mut residual);
        }
    }
    residual
}

/// What is compared of a statement, taken once.
struct Look<'s> {
    /// Tokens that tell, sorted, once each.
    tokens: Vec<&'s str>,
    key: Option<String>,
    /// Condition, loop, log: statements of different construction are less alike.
    construction: (bool, bool, bool),
    first: &'s str,
    first_text: Option<&'s str>,
}

fn look(statement: &Statement) -> Look<'_> {
    let mut tokens: Vec<&str> = (0..statement.tokens.len())
        .map(|at| statement.token(at))
        .filter(|text| !matches!(*text, "(" | ")" | "," | "{" | "}" | ";" | "." | "[" | "]" | ":"))
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    Look {
        tokens,
        key: assigned_key(statement),
        construction: (
            facts::is_condition(statement),
            facts::is_loop_head(statement),
            facts::is_log(statement),
        ),
        first: statement.token(0),
        first_text: statement.strings().next(),
    }
}

fn pair_block(file: &FileSides, index: usize, old: &[usize], new: &[usize], residual: &mut Residual) {
    if new.is_empty() {
        residual.removed.extend(old.iter().map(|at| (index, *at)));
        return;
    }
    let mut taken = vec![false; new.len()];
    let looks: Vec<Look<'_>> = if old.is_empty() {
        Vec::new()
    } else {
        new.iter().map(|at| look(&file.new.statements[*at])).collect()
    };
    let mut next = 0_usize;
    for (position, old_at) in old.iter().enumerate() {
        let wanted = look(&file.old.statements[*old_at]);
        // Around the last pair, or in proportion where nothing paired for long.
        let proportional = position * new.len() / old.len();
        let low = next.saturating_sub(WINDOW / 2).max(proportional.saturating_sub(WINDOW));
        let mut best: Option<(usize, f64)> = None;
        for slot in low..new.len().min(low + WINDOW) {
            if taken[slot] {
                continue;
            }
            let score = similarity(file, &wanted, &looks[slot]);
            if score >= 0.5 && best.is_none_or(|(_, known)| score > known + 1e-9) {
                best = Some((slot, score));
            }
        }
        match best {
            Some((slot, _)) => {
                taken[slot] = true;
                next = slot + 1;
                residual.modified.push(((index, *old_at), (index, new[slot])));
            }
            None => residual.removed.push((index, *old_at)),
        }
    }
    residual.added.extend(new.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(at, _)| (index, *at)));
}

/// Share of tokens in common, raised when both give a value to the same name, lowered across different constructs.
fn similarity(file: &FileSides, old: &Look<'_>, new: &Look<'_>) -> f64 {
    let all = (old.tokens.len() + new.tokens.len()) as f64 / 2.0;
    let mut score = if all > 0.0 { common(&old.tokens, &new.tokens) as f64 / all } else { 0.0 };
    if old.key.is_some() && old.key == new.key {
        score = score.max(0.55) + 0.2;
    } else if old.key.is_some() && new.key.is_some() && !is_program(file) {
        score *= 0.6;
    }
    let other_dependency = file.class == PathClass::Dependencies
        && old.first_text != new.first_text
        && score < 0.9
        && old.key.is_none()
        && old.first != new.first;
    if other_dependency {
        score *= 0.5;
    }
    if old.construction != new.construction {
        score *= 0.6;
    }
    score
}

/// How many texts two sorted lists share.
fn common(left: &[&str], right: &[&str]) -> usize {
    let (mut at, mut other, mut count) = (0, 0, 0);
    while at < left.len() && other < right.len() {
        match left[at].cmp(right[other]) {
            std::cmp::Ordering::Equal => {
                count += 1;
                at += 1;
                other += 1;
            }
            std::cmp::Ordering::Less => at += 1,
            std::cmp::Ordering::Greater => other += 1,
        }
    }
    count
}

/// The name a statement gives a value to: `key: …`, `key = …`, `"key": …`.
pub(super) fn assigned_key(statement: &Statement) -> Option<String> {
    let limit = statement.tokens.len().min(8);
    let at = (1..limit).find(|at| matches!(statement.token(*at), ":" | "=" | ":=" | "=>"))?;
    let skipped = ["const", "let", "var", "-", "ENV", "export", "{"];
    let key: Vec<&str> =
        (0..at).map(|at| statement.token(at)).filter(|text| !skipped.contains(text)).collect();
    (!key.is_empty()).then(|| key.join("."))
}
