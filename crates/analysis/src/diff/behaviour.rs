//! What a diff does: the behaviour it removes, adds and changes, with how much that weighs.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::FileDiff;
use serde::Serialize;

use super::cancel::{FileSides, Place, Residual, residual};
use super::facts;
use super::numbers::{NumberChange, around, changed_numbers};
use super::parse::{self, FILES_MAX, FileChange, LINES_MAX, Line, Mark, ParsedFile};
use super::path_class::{PathClass, path_class, syntax_of};
use super::rules_single::Verdict;
use super::sql::SqlShape;
use super::statement::{Side, Statement, sides};
use super::words_of::{self, RareWord, Words};
use super::{rules_config, rules_pair, rules_single, rules_sql};

/// Behaviours kept of one diff: the strongest.
const BEHAVIOURS_MAX: usize = 200;
/// Below this much changed behaviour a diff reads as inert.
const INERT_BELOW: f64 = 0.05;

/// One changed behaviour.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BehaviourChange {
    /// What changed, from [`super::KINDS`].
    pub kind: &'static str,
    /// How much this matters, 0 to 1.
    pub weight: f64,
    /// One sentence that quotes what changed.
    pub summary: String,
    /// The statement before, on one line, cut at 160 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// The statement after, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<String>,
    /// Rare words of both, sorted.
    pub words: Vec<String>,
    /// The file.
    pub path: String,
}

/// Lines and functions that a file's hunks touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Touched {
    /// The file.
    pub path: String,
    /// Functions that hold a change, by definition or by hunk head, sorted.
    pub functions: Vec<String>,
    /// First and last line of each hunk after the change, where the diff numbers them.
    pub lines: Vec<(u32, u32)>,
}

/// What a diff was read as.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DiffReading {
    /// Changed behaviours, strongest first, at most 200.
    pub behaviours: Vec<BehaviourChange>,
    /// Words that only the new side has, rarest first.
    pub words_added: Vec<RareWord>,
    /// Words that only the old side has, rarest first.
    pub words_removed: Vec<RareWord>,
    /// Words of changed statements that both sides have, rarest first.
    pub words_touched: Vec<RareWord>,
    /// String literals only the new side has, sorted.
    pub literals_added: Vec<String>,
    /// String literals only the old side has, sorted.
    pub literals_removed: Vec<String>,
    /// SQL only the new side has.
    pub sql_added: Vec<SqlShape>,
    /// SQL only the old side has.
    pub sql_removed: Vec<SqlShape>,
    /// Every path of the diff, sorted.
    pub paths: Vec<String>,
    /// Numbers that changed.
    pub numbers: Vec<NumberChange>,
    /// What the hunks touch, by file.
    pub touched: Vec<Touched>,
    /// Total amount of changed behaviour: 0 for comments, format, documents, tests and style alone; 1 is one clear change.
    pub weight: f64,
    /// Whether the diff changes (nearly) nothing that runs.
    pub inert: bool,
    /// One sentence that says why it is inert, or names the strongest change.
    pub reason: String,
    /// Said when parts were left unread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncated: Option<String>,
}

/// Reads a diff as behaviour removed, added and changed.
///
/// Lines that moved, were re-indented, reformatted, renamed or pulled out into a helper cancel; comments, documents, tests
/// and styles weigh nothing. Reads at most 60,000 lines in 2,000 files and 2,000 bytes a line; what is beyond is said in
/// [`DiffReading::truncated`]. Any text is accepted. The same diff gives the same reading.
pub fn read_diff(diffs: &[FileDiff]) -> DiffReading {
    let split: Vec<FileDiff> = diffs
        .iter()
        .flat_map(|diff| parse::split_with_default(&diff.text, &diff.path))
        .take(FILES_MAX)
        .collect();
    let mut budget = LINES_MAX;
    let parsed: Vec<ParsedFile<'_>> = split.iter().map(|diff| parse::parse_file(diff, &mut budget)).collect();
    let cut_lines: usize = parsed.iter().map(|file| file.cut_lines).sum();
    let mut reading = DiffReading::default();
    let mut files = Vec::new();
    for file in &parsed {
        let class = path_class(&file.path);
        let read = file.change != FileChange::Binary
            && !matches!(class, PathClass::Docs | PathClass::Style | PathClass::LockFile);
        if !read {
            continue;
        }
        let syntax = syntax_of(&file.path);
        let hunks = if class == PathClass::Migration { without_way_back(file) } else { file.hunks.clone() };
        let (old, new) = sides(&hunks, files.len(), syntax);
        let headings = hunks.iter().map(|hunk| hunk.heading.to_owned()).collect();
        files.push(FileSides { path: file.path.clone(), class, syntax, headings, old, new });
    }
    let residual = residual(&files);
    let mut reader = Reader::new(&files, &residual);
    reader.modified();
    reader.removed();
    reader.added();
    reader.moved();
    let (mut behaviours, numbers, sql) = (reader.behaviours, reader.numbers, reader.sql);
    behaviours.sort_by(|a, b| {
        b.weight.total_cmp(&a.weight).then_with(|| {
            (&a.path, a.kind, &a.removed, &a.added).cmp(&(&b.path, b.kind, &b.removed, &b.added))
        })
    });
    reading.weight = total(&behaviours);
    let found = behaviours.len();
    behaviours.truncate(BEHAVIOURS_MAX);
    let words: Words = words_of::collect(&files, &residual);
    reading.words_added = words.added;
    reading.words_removed = words.removed;
    reading.words_touched = words.touched;
    reading.literals_added = words.literals_added;
    reading.literals_removed = words.literals_removed;
    (reading.sql_added, reading.sql_removed) = sql;
    reading.numbers = numbers;
    reading.paths = parsed
        .iter()
        .map(|file| file.path.clone())
        .filter(|path| !path.is_empty())
        .collect::<BTreeSet<String>>()
        .into_iter()
        .collect();
    reading.touched = touched(&parsed, &files, &residual);
    reading.inert = reading.weight < INERT_BELOW;
    reading.reason = reason(&reading, &behaviours, &parsed);
    reading.behaviours = behaviours;
    reading.truncated = truncation(cut_lines, found, diffs.len(), split.len());
    reading
}

fn truncation(cut_lines: usize, found: usize, given: usize, split: usize) -> Option<String> {
    let mut notes = Vec::new();
    if cut_lines > 0 {
        notes.push(format!("{cut_lines} lines beyond the first {LINES_MAX} were not read"));
    }
    if found > BEHAVIOURS_MAX {
        notes.push(format!("the {BEHAVIOURS_MAX} strongest of {found} changes are kept"));
    }
    if split >= FILES_MAX || given > FILES_MAX {
        notes.push(format!("files beyond the first {FILES_MAX} were not read"));
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// A migration without its way back: what undoes it does not run.
fn without_way_back<'a>(file: &ParsedFile<'a>) -> Vec<parse::Hunk<'a>> {
    let mut hunks = file.hunks.clone();
    if file.path.contains(".down.") || file.path.ends_with("down.sql") {
        return Vec::new();
    }
    for hunk in &mut hunks {
        let back = |line: &Line<'_>| {
            let text = line.text.trim_start();
            line.mark != Mark::Removed
                && (text.contains("goose Down")
                    || text.contains("migrate Down")
                    || text.starts_with("def downgrade")
                    || text.starts_with("def down")
                    || text.starts_with("exports.down")
                    || text.contains("migrate:down")
                    || text.contains("public async down"))
        };
        if let Some(at) = hunk.lines.iter().position(back) {
            hunk.lines.truncate(at);
        }
    }
    hunks
}

/// Repeats of one kind in one file count less and less; different ones add up.
fn total(behaviours: &[BehaviourChange]) -> f64 {
    let mut seen: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    let mut sum = 0.0;
    for behaviour in behaviours {
        let count = seen.entry((behaviour.path.as_str(), behaviour.kind)).or_default();
        sum += behaviour.weight * 0.6_f64.powi((*count).min(40));
        *count += 1;
    }
    sum
}

fn reason(reading: &DiffReading, behaviours: &[BehaviourChange], parsed: &[ParsedFile<'_>]) -> String {
    if !reading.inert {
        return behaviours.first().map_or(String::new(), |first| first.summary.clone());
    }
    let classes: BTreeSet<PathClass> = parsed.iter().map(|file| path_class(&file.path)).collect();
    let lines = parsed
        .iter()
        .flat_map(|file| &file.hunks)
        .flat_map(|hunk| &hunk.lines)
        .any(|line| line.mark != Mark::Context);
    if parsed.iter().any(|file| file.change == FileChange::Binary) && !lines {
        return "a binary file was replaced; its content was not read".to_owned();
    }
    if !lines {
        return "no line was added or removed".to_owned();
    }
    let only = |known: &[PathClass]| classes.iter().all(|class| known.contains(class));
    let told = if only(&[PathClass::Docs]) {
        "only documents changed"
    } else if only(&[PathClass::Test]) {
        "only tests changed"
    } else if only(&[PathClass::Style, PathClass::Markup]) {
        "only style and markup changed"
    } else if only(&[
        PathClass::Docs,
        PathClass::Test,
        PathClass::Style,
        PathClass::LockFile,
        PathClass::Markup,
    ]) {
        "only documents, tests, styles or lock files changed"
    } else if behaviours.is_empty() {
        "lines only moved, or were reformatted, renamed or commented"
    } else {
        "only texts, logging or small additions changed"
    };
    told.to_owned()
}

fn touched(parsed: &[ParsedFile<'_>], files: &[FileSides], residual: &Residual) -> Vec<Touched> {
    let mut by_path: BTreeMap<String, (BTreeSet<String>, Vec<(u32, u32)>)> = BTreeMap::new();
    for file in parsed {
        let entry = by_path.entry(file.path.clone()).or_default();
        for hunk in file.hunks.iter().take(500) {
            let numbers = || {
                hunk.lines
                    .iter()
                    .filter(|line| line.mark == Mark::Added || line.mark == Mark::Removed)
                    .map(|line| line.new_line)
                    .filter(|line| *line > 0)
            };
            if let (Some(first), Some(last)) = (numbers().min(), numbers().max()) {
                entry.1.push((first, last));
            }
            if !hunk.heading.is_empty() && !parse::looks_like_path(hunk.heading) {
                let heading = Statement::of_text(hunk.heading, syntax_of(&file.path));
                entry.0.extend(facts::defined_name(&heading).map(str::to_owned));
            }
        }
    }
    let mut add = |side: &Side, file: &FileSides, at: usize| {
        if let Some(name) = enclosing(side, at) {
            by_path.entry(file.path.clone()).or_default().0.insert(name);
        }
    };
    for (old, new) in &residual.modified {
        add(&files[old.0].old, &files[old.0], old.1);
        add(&files[new.0].new, &files[new.0], new.1);
    }
    residual.removed.iter().for_each(|place| add(&files[place.0].old, &files[place.0], place.1));
    residual.added.iter().for_each(|place| add(&files[place.0].new, &files[place.0], place.1));
    by_path
        .into_iter()
        .filter(|(path, _)| !path.is_empty())
        .map(|(path, (functions, lines))| Touched {
            path,
            functions: functions.into_iter().take(100).collect(),
            lines,
        })
        .collect()
}

/// The function around a statement, where the hunk shows its definition.
fn enclosing(side: &Side, at: usize) -> Option<String> {
    let mut next = Some(at);
    while let Some(statement) = next.and_then(|at| side.statements.get(at)) {
        if let Some(name) = facts::defined_name(statement) {
            return Some(name.to_owned());
        }
        next = statement.parent;
    }
    None
}

/// Turns residual statements into behaviours.
struct Reader<'f> {
    files: &'f [FileSides],
    residual: &'f Residual,
    behaviours: Vec<BehaviourChange>,
    numbers: Vec<NumberChange>,
    sql: (Vec<SqlShape>, Vec<SqlShape>),
    /// Functions that the diff itself defines.
    defined: BTreeSet<String>,
    live_new: Vec<Vec<bool>>,
    tables: rules_sql::Tables,
}

impl<'f> Reader<'f> {
    fn new(files: &'f [FileSides], residual: &'f Residual) -> Reader<'f> {
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
        Reader {
            files,
            residual,
            behaviours: Vec::new(),
            numbers: Vec::new(),
            sql: (Vec::new(), Vec::new()),
            defined,
            live_new,
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

    fn push(&mut self, verdict: Verdict, old: Option<Place>, new: Option<Place>, told: Option<String>) {
        let Some(file) = old.or(new).map(|place| place.0) else { return };
        let weight = verdict.1 * self.class_factor(file);
        if weight <= 0.0 {
            return;
        }
        let before = old.map(|(file, at)| &self.files[file].old.statements[at]);
        let after = new.map(|(file, at)| &self.files[file].new.statements[at]);
        let (removed, added) = (before.map(Statement::shown), after.map(Statement::shown));
        let words: BTreeSet<String> =
            before.into_iter().chain(after).flat_map(words_of::rare_words).collect();
        let summary = told.unwrap_or_else(|| sentence(verdict.0, removed.as_deref(), added.as_deref()));
        let path = self.files[file].path.clone();
        let summary = if path.is_empty() { summary } else { format!("{summary} in {path}") };
        self.behaviours.push(BehaviourChange {
            kind: verdict.0,
            weight,
            summary,
            removed,
            added,
            words: words.into_iter().take(24).collect(),
            path,
        });
    }

    fn modified(&mut self) {
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
            let numbers = if facts::is_log(after) {
                Vec::new()
            } else {
                changed_numbers((before, &outer_old), (after, &outer))
            };
            for number in &numbers {
                let told = number_sentence(number);
                self.push((number.kind, number.weight), Some(*old), Some(*new), Some(told));
            }
            let quiet = !numbers.is_empty();
            self.numbers.extend(numbers.into_iter().take(200));
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

    fn removed(&mut self) {
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
        let replaced = self.residual.added.iter().any(|(file, at)| {
            let new = &self.files[*file].new.statements[*at];
            *file == place.0 && new.block == statement.block && facts::is_exit(new)
        });
        if replaced {
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
                facts::calls(statement).into_iter().flat_map(|call| call.parts).filter(|part| part.len() > 3),
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

    fn added(&mut self) {
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
        if let Some(name) = enclosing(&file.new, place.1).or_else(|| heading_function(file, statement)) {
            if calls
                .iter()
                .any(|call| call.name == name && matches!(call.receiver.as_str(), "" | "self" | "this" | "s"))
                && !facts::is_definition(statement)
            {
                return Some(("recursion_added", 0.5));
            }
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

    fn moved(&mut self) {
        for (old, new) in &self.residual.moved {
            let (before, after) =
                (&self.files[old.0].old.statements[old.1], &self.files[new.0].new.statements[new.1]);
            let calls = facts::calls(after);
            let opens = facts::call_named(&calls, super::vocabulary::LOCK_NAMES).is_some()
                || facts::call_named(&calls, &["begin", "begintx"]).is_some();
            let closes = facts::call_named(&calls, super::vocabulary::UNLOCK_NAMES).is_some()
                || facts::call_named(&calls, &["commit"]).is_some();
            let earlier = after.block < before.block;
            if (opens && earlier) || (closes && !earlier) {
                let transaction =
                    facts::call_named(&calls, &["begin", "begintx", "commit", "transaction"]).is_some();
                let kind = if transaction { "transaction_widened" } else { "lock_widened" };
                self.push((kind, super::kinds::weight_of(kind)), None, Some(*new), None);
            }
        }
        let _ = &self.live_new;
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
