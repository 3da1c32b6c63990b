//! Residual statements into behaviours: which rules apply where, and what one statement says for another.

use std::collections::{BTreeMap, BTreeSet};

use super::behaviour::BehaviourChange;
use super::cancel::{FileSides, Place, Residual, inside_new_loop};
use super::facts;
use super::numbers::{NumberChange, around, changed_numbers};
use super::path_class::PathClass;
use super::rules_single::Verdict;
use super::sql::SqlShape;
use super::statement::{Side, Statement};
use super::words_of;
use super::{rules_config, rules_pair, rules_single, rules_sql};

/// The function around a statement, where the hunk shows its definition.
pub(super) fn enclosing(side: &Side, at: usize) -> Option<String> {
    let mut next = Some(at);
    while let Some(statement) = next.and_then(|at| side.statements.get(at)) {
        if let Some(name) = facts::defined_name(statement) {
            return Some(name.to_owned());
        }
        next = statement.parent;
    }
    None
}

/// Changed numbers kept of one diff: the first.
const KEPT_MAX: usize = 1_000;

/// A behaviour before it is put into words.
struct Raw {
    kind: &'static str,
    weight: f64,
    old: Option<Place>,
    new: Option<Place>,
    told: Option<String>,
    file: usize,
}

/// Turns residual statements into behaviours.
pub(super) struct Reader<'f> {
    files: &'f [FileSides],
    residual: &'f Residual,
    found: Vec<Raw>,
    pub(super) numbers: Vec<NumberChange>,
    pub(super) sql: (Vec<SqlShape>, Vec<SqlShape>),
    /// Functions that the diff itself defines.
    defined: BTreeSet<String>,
    /// Those of them that reach over a wire or to a disk.
    defined_io: BTreeSet<String>,
    live_new: Vec<Vec<bool>>,
    /// Change blocks with an added statement that leaves.
    exit_blocks: BTreeSet<(usize, usize)>,
    tables: rules_sql::Tables,
}

impl<'f> Reader<'f> {
    pub(super) fn new(files: &'f [FileSides], residual: &'f Residual) -> Reader<'f> {
        let mut live_new: Vec<Vec<bool>> =
            files.iter().map(|file| vec![false; file.new.statements.len()]).collect();
        for place in residual.added.iter().chain(residual.modified.iter().map(|(_, new)| new)) {
            live_new[place.0][place.1] = true;
        }
        let defined = residual
            .added
            .iter()
            .filter_map(|place| facts::defined_name(&files[place.0].new.statements[place.1]))
            .map(str::to_owned)
            .collect();
        let defined_io = residual
            .added
            .iter()
            .filter(|place| {
                let statement = &files[place.0].new.statements[place.1];
                !facts::is_log(statement) && facts::calls(statement).iter().any(facts::is_io_call)
            })
            .filter_map(|place| enclosing(&files[place.0].new, place.1))
            .collect();
        let exit_blocks = residual
            .added
            .iter()
            .map(|place| (place.0, &files[place.0].new.statements[place.1]))
            .filter(|(_, statement)| facts::is_exit(statement))
            .map(|(file, statement)| (file, statement.block))
            .collect();
        Reader {
            files,
            residual,
            found: Vec::new(),
            numbers: Vec::new(),
            sql: (Vec::new(), Vec::new()),
            defined,
            defined_io,
            live_new,
            exit_blocks,
            tables: rules_sql::tables(files),
        }
    }

    fn class_factor(&self, file: usize) -> f64 {
        match self.files[file].class {
            PathClass::Code | PathClass::Config | PathClass::Dependencies | PathClass::Migration => 1.0,
            PathClass::Build => 0.25,
            PathClass::Generated => 0.3,
            PathClass::Markup => 0.1,
            PathClass::Test | PathClass::Docs | PathClass::Style | PathClass::LockFile => 0.0,
        }
    }

    fn is_settings(&self, file: usize) -> bool {
        matches!(self.files[file].class, PathClass::Config | PathClass::Build)
    }

    pub(super) fn files(&self) -> &'f [FileSides] {
        self.files
    }

    /// Whether a statement of the new side is new or changed, and not only moved.
    pub(super) fn is_live(&self, place: Place) -> bool {
        self.live_new[place.0][place.1]
    }

    /// Whether a behaviour of this kind was found in a file.
    pub(super) fn has(&self, kind: &str, file: usize) -> bool {
        self.found.iter().any(|raw| raw.kind == kind && raw.file == file)
    }

    pub(super) fn push(
        &mut self,
        verdict: Verdict,
        old: Option<Place>,
        new: Option<Place>,
        told: Option<String>,
    ) {
        let Some(file) = old.or(new).map(|place| place.0) else { return };
        let weight = verdict.1 * self.class_factor(file);
        if weight <= 0.0 {
            return;
        }
        self.found.push(Raw { kind: verdict.0, weight, old, new, told, file });
    }

    /// The strongest behaviours, at most `most`, with how many there were and their total weight.
    pub(super) fn strongest(&self, most: usize) -> (Vec<BehaviourChange>, usize, f64) {
        let mut order: Vec<&Raw> = self.found.iter().collect();
        let place = |raw: &Raw| (&self.files[raw.file].path, raw.kind, raw.old, raw.new);
        order.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| place(a).cmp(&place(b))));
        // Repeats of one kind in one file count less and less; different ones add up.
        let mut seen: BTreeMap<(&str, &str), i32> = BTreeMap::new();
        let mut total = 0.0;
        for raw in &order {
            let count = seen.entry((self.files[raw.file].path.as_str(), raw.kind)).or_default();
            total += raw.weight * 0.6_f64.powi((*count).min(40));
            *count += 1;
        }
        (order.iter().take(most).map(|raw| self.told(raw)).collect(), order.len(), total)
    }

    fn told(&self, raw: &Raw) -> BehaviourChange {
        let before = raw.old.map(|(file, at)| &self.files[file].old.statements[at]);
        let after = raw.new.map(|(file, at)| &self.files[file].new.statements[at]);
        let (removed, added) = (before.map(Statement::shown), after.map(Statement::shown));
        let words: BTreeSet<String> =
            before.into_iter().chain(after).flat_map(words_of::rare_words).collect();
        let summary =
            raw.told.clone().unwrap_or_else(|| sentence(raw.kind, removed.as_deref(), added.as_deref()));
        let path = self.files[raw.file].path.clone();
        let summary = if path.is_empty() { summary } else { format!("{summary} in {path}") };
        let words = words.into_iter().take(24).collect();
        BehaviourChange { kind: raw.kind, weight: raw.weight, summary, removed, added, words, path }
    }

    pub(super) fn modified(&mut self) {
        for (old, new) in &self.residual.modified {
            let (before, after) =
                (&self.files[old.0].old.statements[old.1], &self.files[new.0].new.statements[new.1]);
            let outer_old = around(&self.files[old.0].old, before, old.1);
            let outer = around(&self.files[new.0].new, after, new.1);
            if self.class_factor(old.0) == 0.0 {
                continue;
            }
            if self.files[old.0].class == PathClass::Dependencies {
                if let Some(verdict) = rules_config::dependency_changed(before, after) {
                    self.push(verdict, Some(*old), Some(*new), None);
                }
                continue;
            }
            let image = self.is_settings(old.0) && (after.first() == "FROM" || after.token(0) == "image");
            let numbers = if facts::is_log(after) || image {
                Vec::new()
            } else {
                changed_numbers((before, &outer_old), (after, &outer))
            };
            for number in &numbers {
                let told = number_sentence(number);
                self.push((number.kind, number.weight), Some(*old), Some(*new), Some(told));
            }
            let calls = facts::calls(after);
            let looped = after.in_loop
                && !before.in_loop
                && inside_new_loop(&self.files[new.0], after, &self.live_new[new.0]);
            let reaches_out =
                |call: &facts::Call| facts::is_io_call(call) || self.defined_io.contains(&call.name);
            let now_each =
                calls.iter().any(|call| reaches_out(call) && facts::in_inline_loop(after, call.at))
                    && !facts::calls(before)
                        .iter()
                        .any(|call| facts::in_inline_loop(before, call.at) && reaches_out(call));
            if !facts::is_log(after) && (looped && calls.iter().any(reaches_out) || now_each) {
                self.push(("call_in_loop_added", 0.85), Some(*old), Some(*new), None);
            }
            let quiet = !numbers.is_empty();
            let room = KEPT_MAX.saturating_sub(self.numbers.len());
            self.numbers.extend(numbers.into_iter().take(room));
            let sql = rules_sql::changed(before, after, &self.files[old.0], &self.tables);
            self.sql.1.extend(sql.removed);
            self.sql.0.extend(sql.added);
            for verdict in &sql.verdicts {
                self.push(*verdict, Some(*old), Some(*new), None);
            }
            if !sql.verdicts.is_empty() {
                continue;
            }
            let verdicts = if self.is_settings(old.0) {
                if quiet {
                    Vec::new()
                } else {
                    rules_config::setting_changed(before, after, &outer).into_iter().collect()
                }
            } else {
                let verdicts = rules_pair::compare(before, after);
                verdicts
                    .into_iter()
                    .filter(|(kind, _)| {
                        !quiet
                            || !matches!(
                                *kind,
                                "logic_changed"
                                    | "constant_changed"
                                    | "call_added"
                                    | "call_removed"
                                    | "text_only"
                            )
                    })
                    .collect::<Vec<Verdict>>()
            };
            for verdict in verdicts {
                self.push(verdict, Some(*old), Some(*new), None);
            }
        }
    }

    pub(super) fn removed(&mut self) {
        let gone: BTreeSet<Place> = self.residual.removed.iter().copied().collect();
        let mut absorbed: BTreeSet<Place> = BTreeSet::new();
        let helped = self.helped_blocks();
        for place in &self.residual.removed {
            let file = &self.files[place.0];
            let statement = &file.old.statements[place.1];
            if absorbed.contains(place) || self.class_factor(place.0) == 0.0 {
                continue;
            }
            if let Some(shape) = rules_sql::shape_in(statement, file) {
                let verdict = rules_sql::removed(&shape, statement, file);
                self.sql.1.push(shape);
                if let Some(verdict) = verdict {
                    self.push(verdict, Some(*place), None, None);
                    continue;
                }
            }
            let verdict = match file.class {
                PathClass::Dependencies => rules_config::dependency_single(statement, false),
                PathClass::Config | PathClass::Build => {
                    rules_config::setting_removed(statement, &around(&file.old, statement, place.1))
                        .filter(|_| !self.parent_in(place, &gone))
                }
                _ => {
                    let leaves = self.leaves(&file.old, *place, &gone, &mut absorbed);
                    let swallowed = self.swallowed(statement, *place);
                    swallowed.or_else(|| rules_single::removed(statement, leaves))
                }
            };
            if let Some((kind, weight)) = verdict {
                let factor = if helped.contains(&(place.0, statement.block)) && kind != "close_removed" {
                    0.2
                } else {
                    1.0
                };
                self.push((kind, weight * factor), Some(*place), None, None);
            }
        }
    }

    fn parent_in(&self, place: &Place, set: &BTreeSet<Place>) -> bool {
        self.files[place.0].old.statements[place.1]
            .parent
            .is_some_and(|parent| set.contains(&(place.0, parent)))
    }

    /// Whether the body of a condition leaves; the leaving statements are spoken for by the condition.
    fn leaves(
        &self,
        side: &Side,
        place: Place,
        changed: &BTreeSet<Place>,
        absorbed: &mut BTreeSet<Place>,
    ) -> bool {
        let statement = &side.statements[place.1];
        if !facts::is_condition(statement) {
            return false;
        }
        let mut leaves = facts::is_exit(statement) && !matches!(statement.first(), "break" | "next");
        for at in place.1 + 1..side.statements.len().min(place.1 + 12) {
            let inner = &side.statements[at];
            if inner.parent != Some(place.1) {
                if inner.indent <= statement.indent {
                    break;
                }
                continue;
            }
            if facts::is_exit(inner) {
                leaves = true;
            }
            let quiet = facts::is_exit(inner) || facts::is_log(inner) || facts::is_telemetry(inner);
            if quiet && changed.contains(&(place.0, at)) {
                absorbed.insert((place.0, at));
            }
        }
        leaves
    }

    /// An exit vanished from a condition that stayed: a guard that no longer guards, or an error that is passed over.
    fn swallowed(&self, statement: &Statement, place: Place) -> Option<Verdict> {
        let first = statement.first();
        if !matches!(first, "return" | "throw" | "raise" | "continue" | "panic" | "break") {
            return None;
        }
        let side = &self.files[place.0].old;
        let parent = side.statements.get(statement.parent?)?;
        if parent.changed {
            return None;
        }
        if self.exit_blocks.contains(&(place.0, statement.block)) {
            return None;
        }
        let handles =
            facts::is_error_check(parent) || matches!(parent.first(), "catch" | "except" | "rescue");
        if handles {
            return Some(("error_swallowed", 0.65));
        }
        facts::is_condition(parent).then_some(("guard_removed", 0.7))
    }

    /// Change blocks whose removed statements look pulled out into a helper: one that the diff defines, or one named alike.
    fn helped_blocks(&self) -> BTreeSet<(usize, usize)> {
        let mut parts: BTreeMap<(usize, usize), (usize, BTreeSet<String>)> = BTreeMap::new();
        for place in &self.residual.removed {
            let statement = &self.files[place.0].old.statements[place.1];
            let entry = parts.entry((place.0, statement.block)).or_default();
            entry.0 += 1;
            entry.1.extend(
                facts::calls(statement)
                    .iter()
                    .flat_map(|call| &call.parts)
                    .filter(|part| part.len() > 3)
                    .cloned(),
            );
        }
        let mut helped = BTreeSet::new();
        let new_forms = self.residual.added.iter().chain(self.residual.modified.iter().map(|(_, new)| new));
        for place in new_forms {
            let statement = &self.files[place.0].new.statements[place.1];
            let Some((count, known)) = parts.get(&(place.0, statement.block)) else { continue };
            let alike = facts::calls(statement).iter().any(|call| {
                let own = super::vocabulary::split_words(&call.name);
                self.defined.contains(&call.name)
                    || own.len() >= 2 && own.iter().any(|part| known.contains(part))
            });
            if alike && *count >= 2 {
                helped.insert((place.0, statement.block));
            }
        }
        helped
    }

    pub(super) fn added(&mut self) {
        let came: BTreeSet<Place> = self.residual.added.iter().copied().collect();
        let mut absorbed: BTreeSet<Place> = BTreeSet::new();
        for place in &self.residual.added {
            let file = &self.files[place.0];
            let statement = &file.new.statements[place.1];
            if absorbed.contains(place) || self.class_factor(place.0) == 0.0 {
                continue;
            }
            if let Some(shape) = rules_sql::shape_in(statement, file) {
                let verdicts = rules_sql::added(&shape, statement, file, &self.tables);
                self.sql.0.push(shape);
                if !verdicts.is_empty() {
                    verdicts.into_iter().for_each(|verdict| self.push(verdict, None, Some(*place), None));
                    continue;
                }
            }
            let verdict = match file.class {
                PathClass::Dependencies => rules_config::dependency_single(statement, true),
                PathClass::Config | PathClass::Build => {
                    rules_config::setting_added(statement, &around(&file.new, statement, place.1))
                }
                _ => self.added_code(*place, statement, &came, &mut absorbed),
            };
            if let Some(verdict) = verdict {
                self.push(verdict, None, Some(*place), None);
            }
        }
        for place in &self.residual.looped {
            let statement = &self.files[place.0].new.statements[place.1];
            let calls = facts::calls(statement);
            if calls.iter().any(facts::is_io_call) && !facts::is_log(statement) {
                self.push(("call_in_loop_added", 0.85), None, Some(*place), None);
            }
        }
    }

    fn added_code(
        &self,
        place: Place,
        statement: &Statement,
        came: &BTreeSet<Place>,
        absorbed: &mut BTreeSet<Place>,
    ) -> Option<Verdict> {
        let file = &self.files[place.0];
        let calls = facts::calls(statement);
        let own = calls.iter().any(|call| self.defined.contains(&call.name));
        let around = enclosing(&file.new, place.1).or_else(|| heading_function(file, statement));
        let own_receiver = |receiver: &str| matches!(receiver, "" | "self" | "this" | "s");
        let each = |call: &facts::Call| {
            self.defined_io.contains(&call.name)
                && (statement.in_loop || facts::in_inline_loop(statement, call.at))
        };
        if calls.iter().any(each) && !facts::is_definition(statement) {
            return Some(("call_in_loop_added", 0.85));
        }
        let recursive =
            calls.iter().any(|call| Some(&call.name) == around.as_ref() && own_receiver(&call.receiver));
        if recursive && !facts::is_definition(statement) {
            return Some(("recursion_added", 0.5));
        }
        let leaves = self.leaves(&file.new, place, came, absorbed);
        let in_loop = statement.in_loop;
        let verdict = rules_single::added(statement, leaves, in_loop)?;
        if own && matches!(verdict.0, "call_added" | "logic_added" | "registration_added") {
            return None;
        }
        if matches!(statement.first(), "catch" | "except" | "rescue")
            && self.is_empty_handler(&file.new, place.1)
        {
            return Some(("error_swallowed", 0.5));
        }
        Some(verdict)
    }

    /// Whether a handler does nothing with what it caught.
    fn is_empty_handler(&self, side: &Side, at: usize) -> bool {
        let handler = &side.statements[at];
        let body: Vec<&Statement> = side
            .statements
            .iter()
            .skip(at + 1)
            .take(8)
            .take_while(|inner| inner.indent > handler.indent)
            .collect();
        let closed = handler.has("}")
            && handler.token(handler.tokens.len().saturating_sub(1)) == "}"
            && handler.token(handler.tokens.len().saturating_sub(2)) == "{";
        closed
            || !body.is_empty()
                && body.iter().all(|inner| {
                    inner.first() == "pass"
                        || facts::is_log(inner)
                        || inner.first() == "continue"
                        || facts::is_scaffolding(inner)
                })
    }

    pub(super) fn moved(&mut self) {
        for (old, new) in &self.residual.moved {
            let (before, after) =
                (&self.files[old.0].old.statements[old.1], &self.files[new.0].new.statements[new.1]);
            let calls = facts::calls(after);
            let opens = facts::call_named(calls, super::vocabulary::LOCK_NAMES).is_some()
                || facts::call_named(calls, &["begin", "begintx"]).is_some();
            let closes = facts::call_named(calls, super::vocabulary::UNLOCK_NAMES).is_some()
                || facts::call_named(calls, &["commit"]).is_some();
            let earlier = after.block < before.block;
            if (opens && earlier) || (closes && !earlier) {
                let transaction =
                    facts::call_named(calls, &["begin", "begintx", "commit", "transaction"]).is_some();
                let kind = if transaction { "transaction_widened" } else { "lock_widened" };
                self.push((kind, super::kinds::weight_of(kind)), None, Some(*new), None);
            }
        }
    }
}

fn heading_function(file: &FileSides, statement: &Statement) -> Option<String> {
    let heading = file.headings.get(statement.hunk)?;
    let heading = Statement::of_text(heading, file.syntax);
    facts::defined_name(&heading).map(str::to_owned)
}

/// One sentence for a kind and the statements it is about.
fn sentence(kind: &str, removed: Option<&str>, added: Option<&str>) -> String {
    let words = kind.replace('_', " ");
    match (removed, added) {
        (Some(old), Some(new)) => format!("{words}: `{old}` became `{new}`"),
        (Some(old), None) => format!("{words}: `{old}` is gone"),
        (None, Some(new)) => format!("{words}: `{new}` is new"),
        (None, None) => words,
    }
}

fn number_sentence(number: &NumberChange) -> String {
    let words = number.kind.replace('_', " ");
    format!("{words}: `{}` went from {} to {}", number.key, number.before.text, number.after.text)
}
