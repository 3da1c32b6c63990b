//! What a diff does: the behaviour it removes, adds and changes, with how much that weighs.

use std::collections::{BTreeMap, BTreeSet};

use midwatch_model::FileDiff;
use serde::Serialize;

use super::cancel::{FileSides, Residual, residual};
use super::facts;
use super::numbers::NumberChange;
use super::parse::{self, FILE_LINES_MAX, FILES_MAX, FileChange, LINES_MAX, Line, Mark, ParsedFile};
use super::path_class::{PathClass, path_class, syntax_of};
use super::reader::{Reader, enclosing};
use super::sql::SqlShape;
use super::statement::{Side, Statement, sides};
use super::words_of::{self, RareWord, Words};

/// Behaviours kept of one diff: the strongest.
const BEHAVIOURS_MAX: usize = 200;
/// Shapes of SQL kept on each side.
const SHAPES_MAX: usize = 1_000;
/// Lines kept of a file whose class is not read.
const UNREAD_LINES_MAX: usize = 50;
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
    /// SQL only the new side has, at most 1,000 statements.
    pub sql_added: Vec<SqlShape>,
    /// SQL only the old side has, likewise.
    pub sql_removed: Vec<SqlShape>,
    /// Every path of the diff, sorted.
    pub paths: Vec<String>,
    /// Numbers that changed, at most 1,000.
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
/// and styles weigh nothing. Reads at most 30,000 lines, 15,000 of one file, 2,000 files and 2,000 bytes a line; what is beyond is said in
/// [`DiffReading::truncated`]. Any text is accepted. The same diff gives the same reading.
pub fn read_diff(diffs: &[FileDiff]) -> DiffReading {
    let split: Vec<FileDiff> = diffs
        .iter()
        .flat_map(|diff| parse::split_with_default(&diff.text, &diff.path))
        .take(FILES_MAX)
        .collect();
    let parsed = parse_all(&split);
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
    reader.reordered();
    let (behaviours, found, weight) = reader.strongest(BEHAVIOURS_MAX);
    let (numbers, mut sql) = (reader.numbers, reader.sql);
    sql.0.truncate(SHAPES_MAX);
    sql.1.truncate(SHAPES_MAX);
    reading.weight = weight;
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

/// All files parsed, in order. Files that run are read before tests and generated ones, so that a huge one of those
/// starves nothing; of documents, styles and lock files only the first lines are kept.
fn parse_all(split: &[FileDiff]) -> Vec<ParsedFile<'_>> {
    let class = |at: usize| split.get(at).map_or(PathClass::Code, |diff| path_class(&diff.path));
    let mut order: Vec<usize> = (0..split.len()).collect();
    order.sort_by_key(|at| matches!(class(*at), PathClass::Test | PathClass::Generated));
    let mut budget = LINES_MAX;
    let mut parsed: Vec<(usize, ParsedFile<'_>)> = Vec::with_capacity(split.len());
    for at in order {
        let Some(diff) = split.get(at) else { continue };
        let unread = matches!(class(at), PathClass::Docs | PathClass::Style | PathClass::LockFile);
        let share = if unread { UNREAD_LINES_MAX } else { budget.min(FILE_LINES_MAX) };
        let mut left = share;
        let mut file = parse::parse_file(diff, &mut left);
        if unread {
            file.cut_lines = 0;
        } else {
            budget -= share - left;
        }
        parsed.push((at, file));
    }
    parsed.sort_by_key(|(at, _)| *at);
    parsed.into_iter().map(|(_, file)| file).collect()
}

fn truncation(cut_lines: usize, found: usize, given: usize, split: usize) -> Option<String> {
    let mut notes = Vec::new();
    if cut_lines > 0 {
        notes.push(format!(
            "{cut_lines} lines were not read: the first {FILE_LINES_MAX} of a file and {LINES_MAX} in all are"
        ));
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

/// First and last lines.
type LineRanges = Vec<(u32, u32)>;

fn touched(parsed: &[ParsedFile<'_>], files: &[FileSides], residual: &Residual) -> Vec<Touched> {
    let mut by_path: BTreeMap<String, (BTreeSet<String>, LineRanges)> = BTreeMap::new();
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
