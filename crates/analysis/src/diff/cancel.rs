//! What is left of a diff once moved, renamed, reformatted and extracted statements have cancelled.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts;
use super::lex::TokenKind;
use super::path_class::{PathClass, Syntax};
use super::statement::{Side, Statement};
use super::vocabulary as words;

/// One file with its two sides.
#[derive(Debug, Clone)]
pub(super) struct FileSides {
    pub(super) path: String,
    pub(super) class: PathClass,
    pub(super) syntax: Syntax,
    /// The hunk heads, by hunk.
    pub(super) headings: Vec<String>,
    pub(super) old: Side,
    pub(super) new: Side,
}

/// Place of a statement: file and index on its side.
pub(super) type Place = (usize, usize);

/// The statements whose change is behaviour.
#[derive(Debug, Clone, Default)]
pub(super) struct Residual {
    /// Old and new form of a statement.
    pub(super) modified: Vec<(Place, Place)>,
    pub(super) removed: Vec<Place>,
    pub(super) added: Vec<Place>,
    /// Statements that stayed the same but now stand inside a new loop.
    pub(super) looped: Vec<Place>,
    /// Statements of locking, opening or closing that moved across statements that stayed: old and new place.
    pub(super) moved: Vec<(Place, Place)>,
}

/// Which statements are still uncancelled.
struct Live {
    old: Vec<Vec<bool>>,
    new: Vec<Vec<bool>>,
}

/// Candidates compared for one statement when looking for its near-identical twin.
const CANDIDATES_MAX: usize = 24;
/// Statements looked over to find those candidates.
const SCANNED_MAX: usize = 400;

/// Cancels what only moved, was renamed, re-indented, reformatted or pulled out into a function, and pairs the rest.
pub(super) fn residual(files: &[FileSides]) -> Residual {
    let flags =
        |side: &Side| side.statements.iter().map(|statement| statement.changed).collect::<Vec<bool>>();
    let mut live = Live {
        old: files.iter().map(|f| flags(&f.old)).collect(),
        new: files.iter().map(|f| flags(&f.new)).collect(),
    };
    let mut same: Vec<(Place, Place)> = Vec::new();
    let all: Vec<usize> = (0..files.len()).collect();
    for file in &all {
        cancel_equal(files, &[*file], &mut live, &mut same);
    }
    cancel_equal(files, &all, &mut live, &mut same);
    for (index, file) in files.iter().enumerate() {
        cancel_reflowed(file, index, &mut live);
        if is_program(file) {
            cancel_named_constants(file, index, &mut live);
            cancel_renamed(file, index, &mut live);
        }
    }
    cancel_nearly_equal(files, &mut live);
    let mut residual = super::pair::pair(files, &live.old, &live.new);
    residual.looped = newly_looped(files, &live, &same);
    residual.moved = moved_across(files, &same);
    residual
}

pub(super) fn is_program(file: &FileSides) -> bool {
    matches!(file.class, PathClass::Code | PathClass::Test | PathClass::Markup)
}

fn live_places(flags: &[Vec<bool>], files: &[usize]) -> Vec<Place> {
    files
        .iter()
        .flat_map(|file| flags[*file].iter().enumerate().filter(|(_, on)| **on).map(|(at, _)| (*file, at)))
        .collect()
}

fn cancel_equal(files: &[FileSides], among: &[usize], live: &mut Live, same: &mut Vec<(Place, Place)>) {
    let mut by_key: FxHashMap<&str, Vec<Place>> = FxHashMap::default();
    for (file, at) in live_places(&live.old, among).into_iter().rev() {
        by_key.entry(files[file].old.statements[at].key.as_str()).or_default().push((file, at));
    }
    for (file, at) in live_places(&live.new, among) {
        let key = files[file].new.statements[at].key.as_str();
        if let Some((old_file, old_at)) = by_key.get_mut(key).and_then(Vec::pop) {
            live.old[old_file][old_at] = false;
            live.new[file][at] = false;
            same.push(((old_file, old_at), (file, at)));
        }
    }
}

/// Change blocks whose tokens are the same when read as one stream: lines were only split or joined.
fn cancel_reflowed(file: &FileSides, index: usize, live: &mut Live) {
    let mut streams: BTreeMap<usize, (String, String)> = BTreeMap::new();
    for (at, statement) in file.old.statements.iter().enumerate() {
        if live.old[index][at] {
            streams.entry(statement.block).or_default().0.push_str(&statement.key);
        }
    }
    for (at, statement) in file.new.statements.iter().enumerate() {
        if live.new[index][at] {
            streams.entry(statement.block).or_default().1.push_str(&statement.key);
        }
    }
    let plain = |text: &str| text.replace(",\u{1}", "").replace("\\\u{1}", "");
    let equal: BTreeSet<usize> = streams
        .iter()
        .filter(|(_, (old, new))| !old.is_empty() && plain(old) == plain(new))
        .map(|(block, _)| *block)
        .collect();
    for (at, statement) in file.old.statements.iter().enumerate() {
        if equal.contains(&statement.block) {
            live.old[index][at] = false;
        }
    }
    for (at, statement) in file.new.statements.iter().enumerate() {
        if equal.contains(&statement.block) {
            live.new[index][at] = false;
        }
    }
}

/// A value that was only given a name: `serve(80)` became `const PORT = 80` and `serve(PORT)`.
fn cancel_named_constants(file: &FileSides, index: usize, live: &mut Live) {
    let mut constants: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    for (at, statement) in file.new.statements.iter().enumerate().filter(|(at, _)| live.new[index][*at]) {
        let Some(equals) =
            (1..statement.tokens.len().min(8)).find(|at| matches!(statement.token(*at), "=" | ":="))
        else {
            continue;
        };
        let plain = (equals + 1..statement.tokens.len()).all(|at| {
            !statement.is(at, TokenKind::Word)
                || statement.token(at - 1) == "."
                || statement.token(at + 1) == "."
        });
        let Some(name) =
            (0..equals).rev().find(|at| statement.is(*at, TokenKind::Word)).map(|at| statement.token(at))
        else {
            continue;
        };
        if plain
            && !facts::is_condition(statement)
            && equals + 1 < statement.tokens.len()
            && constants.len() < 200
        {
            constants.insert(name, (tokens_key(statement, equals + 1, &BTreeMap::new()), at));
        }
    }
    if constants.is_empty() {
        return;
    }
    let mut by_key: FxHashMap<&str, usize> = FxHashMap::default();
    for (at, statement) in file.old.statements.iter().enumerate().filter(|(at, _)| live.old[index][*at]) {
        by_key.entry(statement.key.as_str()).or_insert(at);
    }
    for (at, statement) in file.new.statements.iter().enumerate() {
        if !live.new[index][at] || !statement.words().any(|word| constants.contains_key(word)) {
            continue;
        }
        let Some(old_at) = by_key.remove(tokens_key(statement, 0, &constants).as_str()) else { continue };
        live.old[index][old_at] = false;
        live.new[index][at] = false;
        for (_, defined_at) in statement.words().filter_map(|word| constants.get(word)) {
            live.new[index][*defined_at] = false;
        }
    }
}

/// The key of a statement from a token on, with constants replaced by their values.
fn tokens_key(statement: &Statement, from: usize, constants: &BTreeMap<&str, (String, usize)>) -> String {
    let mut key = String::new();
    for at in from..statement.tokens.len() {
        let text = statement.token(at);
        match constants.get(text).filter(|_| statement.is(at, TokenKind::Word)) {
            Some((value, _)) => key.push_str(value),
            None if text == ";" && statement.is(at, TokenKind::Operator) => {}
            None => {
                if statement.is(at, TokenKind::Text) {
                    key.push('"');
                }
                key.push_str(text);
                key.push('\u{1}');
            }
        }
    }
    key
}

const KEYWORDS: &[&str] = &[
    "if", "else", "for", "while", "return", "func", "fn", "def", "let", "var", "const", "val", "in", "range",
    "defer", "go", "await", "async", "try", "catch", "except", "finally", "throw", "raise", "nil", "null",
    "None", "true", "false", "True", "False", "not", "and", "or", "new", "with", "as", "is", "break",
    "continue", "switch", "case", "match", "class", "struct", "self", "this", "unless", "end",
];

/// The statement with its names taken out.
fn shape(statement: &Statement) -> String {
    let mut shape = String::with_capacity(statement.key.len());
    for at in 0..statement.tokens.len() {
        let text = statement.token(at);
        if statement.is(at, TokenKind::Word) && !KEYWORDS.contains(&text) {
            shape.push('$');
        } else {
            shape.push_str(text);
        }
        shape.push('\u{1}');
    }
    shape
}

fn cancel_renamed(file: &FileSides, index: usize, live: &mut Live) {
    let old_live: Vec<usize> = (0..file.old.statements.len()).filter(|at| live.old[index][*at]).collect();
    let new_live: Vec<usize> = (0..file.new.statements.len()).filter(|at| live.new[index][*at]).collect();
    if old_live.is_empty() || new_live.is_empty() {
        return;
    }
    let occurs = |side: &Side| {
        side.statements
            .iter()
            .flat_map(|s| s.words().map(str::to_owned).collect::<Vec<_>>())
            .collect::<FxHashSet<String>>()
    };
    let (old_words, new_words) = (occurs(&file.old), occurs(&file.new));
    let mut by_shape: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for at in new_live.iter().rev() {
        by_shape.entry(shape(&file.new.statements[*at])).or_default().push(*at);
    }
    let mut renames: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for at in &old_live {
        let Some(twin) = by_shape.get_mut(&shape(&file.old.statements[*at])).and_then(Vec::pop) else {
            continue;
        };
        let (old, new) = (&file.old.statements[*at], &file.new.statements[twin]);
        for position in 0..old.tokens.len() {
            let (from, to) = (old.token(position), new.token(position));
            if from != to && old.is(position, TokenKind::Word) {
                *renames.entry(from.to_owned()).or_default().entry(to.to_owned()).or_default() += 1;
            }
        }
        pairs.push((*at, twin));
    }
    let named: FxHashSet<&str> = old_live.iter().flat_map(|at| declared(&file.old.statements[*at])).collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut accepted: BTreeMap<String, String> = BTreeMap::new();
    for (from, targets) in &renames {
        let Some((to, _)) = targets.iter().max_by_key(|(_, count)| **count) else { continue };
        let vanished = !new_words.contains(from.as_str()) && !old_words.contains(to.as_str());
        if vanished && named.contains(from.as_str()) && targets.len() == 1 && taken.insert(to.clone()) {
            accepted.insert(from.clone(), to.clone());
        }
    }
    for (at, twin) in pairs {
        let (old, new) = (&file.old.statements[at], &file.new.statements[twin]);
        let same = (0..old.tokens.len()).all(|position| {
            let from = old.token(position);
            from == new.token(position) || accepted.get(from).is_some_and(|to| to == new.token(position))
        });
        if same {
            live.old[index][at] = false;
            live.new[index][twin] = false;
        }
    }
}

/// The names that a statement gives their meaning: assigned, parameters, loop variables, defined.
fn declared(statement: &Statement) -> Vec<&str> {
    if facts::is_definition(statement) {
        return statement.words().collect();
    }
    let assigns = statement.has(":=");
    (0..statement.tokens.len())
        .filter(|at| {
            let next = statement.token(at + 1);
            let before = at.checked_sub(1).map_or("", |before| statement.token(before));
            let named =
                matches!(before, "let" | "const" | "var" | "val" | "for" | "mut" | "as" | "|" | "final");
            let given =
                next == ":=" || next == "=" && before != "." || next == "," && assigns || next == "=>";
            statement.is(*at, TokenKind::Word) && (named || given)
        })
        .map(|at| statement.token(at))
        .collect()
}

/// Words that carry no behaviour when a statement is pulled out into a function or gets its error wrapped.
const GLUE: &[&str] = &[
    "return",
    "self",
    "this",
    "s",
    "let",
    "const",
    "var",
    "mut",
    "val",
    "final",
    "err",
    "error",
    "Error",
    "Err",
    "e",
    "fmt",
    "Errorf",
    "errors",
    "Wrap",
    "Wrapf",
    "wrap",
    "context",
    "with_context",
    "Ok",
    "ok",
    "nil",
    "None",
    "null",
    "cause",
    "from",
    "String",
    "string",
    "auto",
    "int",
];

/// What a statement does, in a form that survives extraction: words, numbers and telling operators in order.
fn essence(statement: &Statement) -> Vec<String> {
    let telling = [
        "!", "<", ">", "<=", ">=", "==", "!=", "===", "!==", "&&", "||", "+", "-", "/", "%", "<<", "+=",
        "-=", "?", "??", "?.",
    ];
    let mut kept = Vec::new();
    for at in 0..statement.tokens.len() {
        let text = statement.token(at);
        let keep = match statement.tokens[at].kind {
            TokenKind::Word => !GLUE.contains(&text),
            TokenKind::Number => true,
            TokenKind::Text => !is_prose(text),
            TokenKind::Operator => telling.contains(&text),
        };
        if keep {
            kept.push(text.to_owned());
        }
    }
    kept
}

/// Whether a string is words for people rather than a key, a path or a query.
pub(super) fn is_prose(text: &str) -> bool {
    let spaced = text.trim().contains(' ') && !super::sql::looks_like_sql(text);
    let address = text.contains("://") || text.contains('{') && text.contains('/');
    (spaced || text.is_empty() || (text.starts_with('%') && text.len() <= 4)) && !address
}

/// Statements that re-appear nearly token for token, anywhere in the diff: pulled out into a helper, wrapped errors.
fn cancel_nearly_equal(files: &[FileSides], live: &mut Live) {
    let all: Vec<usize> = (0..files.len()).filter(|file| is_program(&files[*file])).collect();
    let mut posting: FxHashMap<String, Vec<Place>> = FxHashMap::default();
    let mut essences: FxHashMap<Place, Vec<String>> = FxHashMap::default();
    for place in live_places(&live.new, &all) {
        let essence = essence(&files[place.0].new.statements[place.1]);
        for word in essence.iter().collect::<BTreeSet<&String>>() {
            posting.entry(word.clone()).or_default().push(place);
        }
        essences.insert(place, essence);
    }
    for (file, at) in live_places(&live.old, &all) {
        let old = &files[file].old.statements[at];
        let wanted = essence(old);
        let rarest = wanted.iter().filter_map(|word| posting.get(word)).min_by_key(|places| places.len());
        let candidates: Vec<Place> = match rarest {
            Some(places) => places
                .iter()
                .copied()
                .take(SCANNED_MAX)
                .filter(|place| live.new[place.0][place.1])
                .take(CANDIDATES_MAX)
                .collect(),
            // Only glue: `return err` against `return fmt.Errorf(…, err)` in the same block.
            None => wrapped_candidates(&files[file], file, old, live),
        };
        let twin = candidates.into_iter().find(|place| {
            let new = &files[place.0].new.statements[place.1];
            essences.get(place).is_some_and(|essence| *essence == wanted) && alike(old, new)
        });
        if let Some((new_file, new_at)) = twin {
            live.old[file][at] = false;
            live.new[new_file][new_at] = false;
        }
    }
}

fn wrapped_candidates(file: &FileSides, index: usize, old: &Statement, live: &Live) -> Vec<Place> {
    let statements = &file.new.statements;
    // Blocks rise along a side.
    let start = statements.partition_point(|statement| statement.block + 1 < old.block);
    (start..statements.len().min(start + SCANNED_MAX))
        .take_while(|at| statements[*at].block <= old.block + 1)
        .filter(|at| live.new[index][*at])
        .map(|at| (index, at))
        .take(CANDIDATES_MAX)
        .collect()
}

/// Whether equal essences mean equal behaviour here: leaving stays leaving, awaiting stays awaiting.
fn alike(old: &Statement, new: &Statement) -> bool {
    let waits =
        |statement: &Statement| statement.has("await") || statement.has("go") || statement.has("defer");
    let control = |statement: &Statement| {
        matches!(statement.first(), "throw" | "raise" | "continue" | "break" | "panic")
    };
    let returns = |statement: &Statement| statement.first() == "return";
    let bare_return = returns(old) != returns(new) && (old.tokens.len() <= 2 || new.tokens.len() <= 2);
    let swallowed = returns(old) && returns(new) && old.has("err") != new.has("err");
    let unchecked = (old.has("nil") || old.has("None") || old.has("null"))
        && facts::is_condition(old)
        && !facts::is_condition(new);
    waits(old) == waits(new) && control(old) == control(new) && !bare_return && !swallowed && !unchecked
}

fn newly_looped(files: &[FileSides], live: &Live, same: &[(Place, Place)]) -> Vec<Place> {
    let mut looped: Vec<Place> = same
        .iter()
        .filter(|(old, new)| {
            let (before, after) = (&files[old.0].old.statements[old.1], &files[new.0].new.statements[new.1]);
            after.in_loop && !before.in_loop && inside_new_loop(&files[new.0], after, &live.new[new.0])
        })
        .map(|(_, new)| *new)
        .collect();
    looped.sort_unstable();
    looped
}

/// Whether one of the loops around a statement is new.
pub(super) fn inside_new_loop(file: &FileSides, statement: &Statement, live: &[bool]) -> bool {
    let mut parent = statement.parent;
    while let Some(at) = parent {
        let Some(around) = file.new.statements.get(at) else { return false };
        if facts::is_loop_head(around) && live.get(at).copied().unwrap_or(false) {
            return true;
        }
        parent = around.parent;
    }
    false
}

/// Lock and transaction statements whose place moved across statements that stayed where they were.
fn moved_across(files: &[FileSides], same: &[(Place, Place)]) -> Vec<(Place, Place)> {
    let telling = |statement: &Statement| {
        let calls = facts::calls(statement);
        facts::call_named(calls, words::LOCK_NAMES)
            .or(facts::call_named(calls, words::UNLOCK_NAMES))
            .is_some()
            || facts::call_named(calls, &["begin", "begintx", "commit", "transaction"]).is_some()
    };
    same.iter()
        .filter(|(old, new)| {
            let (before, after) = (&files[old.0].old.statements[old.1], &files[new.0].new.statements[new.1]);
            old.0 == new.0 && before.hunk == after.hunk && before.block != after.block && telling(before)
        })
        .copied()
        .collect()
}
