//! A built-in incident on disk, damaged, investigated and looked at in every form.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use midwatch_app::incidents::{Unpacked, unpack};
use midwatch_app::{
    Asked, Mechanisms, Progress, RecordTo, Watcher, Work, check_snapshot, mechanisms, opening, run,
    snapshot_sources,
};
use midwatch_model::{Report, Theory, TheoryStatus};
use midwatch_report::{Detail, TerminalOptions, json, markdown, terminal};
use serde_json::Value;

/// A configuration change at one service; metrics, logs, traces, changes and topology all show it.
const INCIDENT: &str = "c3d4";

/// Files of that incident.
pub(crate) const FILES: [&str; 10] = [
    "alert.json",
    "commits.json",
    "config.json",
    "deploys.json",
    "flags.json",
    "logs.ndjson",
    "metrics.csv",
    "metrics_more.csv",
    "topology.json",
    "traces.json",
];

static MECHANISMS: LazyLock<Mechanisms> = LazyLock::new(|| mechanisms(None).unwrap());

/// What the undamaged incident gives.
pub(crate) static WHOLE: LazyLock<Seen> = LazyLock::new(|| look(&copy().snapshot(), &[]).unwrap());

struct Deaf;

impl Watcher for Deaf {
    fn saw(&self, _progress: Progress) {}
}

/// A report and all its forms.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) report: Report,
    pub(crate) json: String,
    pub(crate) markdown: String,
    pub(crate) terminal: String,
}

impl Seen {
    /// Kind, sentence, and who and what is blamed: what a reader takes away.
    pub(crate) fn answer(&self) -> String {
        let leader: Option<&Theory> =
            self.report.theories.iter().find(|theory| theory.status == TheoryStatus::Leading);
        let blamed = leader.map(|theory| (&theory.entity, &theory.mechanism, &theory.change));
        let verdict = &self.report.verdict;
        // What follows in brackets quotes the change that is blamed.
        let sentence = verdict.sentence.split('(').next().unwrap_or_default();
        format!("{:?} {sentence:?} {:?} {blamed:?}", verdict.kind, verdict.commit)
    }

    /// Everything the report says about what is missing, could not be read, or was read with a remark.
    pub(crate) fn losses(&self) -> String {
        let report = &self.report;
        let damage = report.damage.iter().map(|damage| format!("{}: {}", damage.file, damage.reason));
        let gaps = report.gaps.iter().map(|gap| format!("{}: {}", gap.signal.as_str(), gap.missing));
        let value: Value = serde_json::from_str(&self.json).unwrap();
        let notes = value["notes"].as_array().cloned().unwrap_or_default();
        let notes = notes.into_iter().filter_map(|note| Some(note["text"].as_str()?.to_owned()));
        damage.chain(gaps).chain(notes).collect::<Vec<_>>().join("\n")
    }
}

/// A fresh copy of the incident.
pub(crate) fn copy() -> Unpacked {
    unpack(Some(INCIDENT)).unwrap()
}

/// Investigates `directory` without some agents. An error is what a person would read.
pub(crate) fn look(directory: &Path, without: &[&str]) -> Result<Seen, String> {
    let report = investigate(directory, without)?;
    let options = TerminalOptions { width: 100, colour: true, unicode: true, detail: Detail::Full };
    let seen = Seen {
        json: json(&report),
        markdown: markdown(&report),
        terminal: terminal(&report, &options),
        report,
    };
    assert_sound(&seen);
    Ok(seen)
}

fn investigate(directory: &Path, without: &[&str]) -> Result<Report, String> {
    let sources = snapshot_sources(directory).map_err(|error| error.to_string())?;
    let without = without.iter().map(|name| (*name).to_owned()).collect();
    let asked = Asked { without, ..Asked::default() };
    let opening = opening(&sources, &asked).map_err(|error| error.to_string())?;
    let work = Work { opening, sources, mechanisms: MECHANISMS.clone() };
    run(&work, &RecordTo::Nowhere, &Deaf).map(|outcome| outcome.report).map_err(|error| error.to_string())
}

/// What holds for every report, whatever was read: it says something, it can be read back as it was written (no number
/// is lost on the way), and it holds all evidence it cites.
fn assert_sound(seen: &Seen) {
    let report = &seen.report;
    assert!(!report.verdict.sentence.is_empty());
    let back: Report = serde_json::from_str(&seen.json).unwrap();
    assert!(back == *report, "the report does not read back as it was written");
    let value: Value = serde_json::from_str(&seen.json).unwrap();
    assert_evidence_is_there(&value, &value["evidence"]);
}

fn assert_evidence_is_there(value: &Value, known: &Value) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                let ids = if key == "evidence" { inner.as_array() } else { None };
                for id in ids.into_iter().flatten().filter_map(Value::as_str) {
                    assert!(known.get(id).is_some(), "evidence {id} is cited and not there");
                }
                assert_evidence_is_there(inner, known);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| assert_evidence_is_there(item, known)),
        _ => {}
    }
}

/// One way to damage a snapshot, and what a person must learn of it.
pub(crate) struct Case {
    name: String,
    damage: Box<dyn Fn(&Path)>,
    told: Vec<String>,
    answer_stays: bool,
}

/// A damage done by `damage` to the snapshot's directory.
pub(crate) fn case(name: impl Into<String>, damage: impl Fn(&Path) + 'static) -> Case {
    Case { name: name.into(), damage: Box::new(damage), told: Vec::new(), answer_stays: false }
}

impl Case {
    /// The error, or what the report says is missing or damaged, holds `words`.
    pub(crate) fn tells(mut self, words: &str) -> Case {
        self.told.push(words.to_owned());
        self
    }

    /// The report comes to the same answer as without the damage.
    pub(crate) fn keeps_the_answer(mut self) -> Case {
        self.answer_stays = true;
        self
    }

    /// What is wrong with how the damage was borne; `None` when all is well.
    fn complaint(&self) -> Option<String> {
        let attempt = || {
            let damaged = copy();
            (self.damage)(&damaged.snapshot());
            let _ = check_snapshot(&damaged.snapshot());
            let place = damaged.snapshot().display().to_string();
            look(&damaged.snapshot(), &[]).map_err(|message| message.replace(&place, "DIR"))
        };
        let (first, second) = match catch_unwind(AssertUnwindSafe(|| (attempt(), attempt()))) {
            Ok(both) => both,
            Err(panic) => return Some(format!("panicked: {}", words_of(panic.as_ref()))),
        };
        if first != second {
            return Some("two runs differ".to_owned());
        }
        let (told, answer) = match &first {
            Ok(seen) => (seen.losses(), Some(seen.answer())),
            Err(message) if !is_clear(message) => return Some(format!("unclear message: {message}")),
            Err(message) => (message.clone(), None),
        };
        if let Some(missing) = self.told.iter().find(|words| !told.contains(words.as_str())) {
            return Some(format!("does not say {missing:?}, but: {told}"));
        }
        if self.answer_stays && answer != Some(WHOLE.answer()) {
            return Some(format!("another answer: {answer:?}; losses: {told}"));
        }
        None
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// An error that a person can act on: one or two sentences, where it is, and what next.
fn is_clear(message: &str) -> bool {
    let says_where = message.contains("DIR") || message.contains("snapshot");
    let says_what_next = message.contains("docs/") || message.contains("--") || message.contains("Give ");
    says_where && says_what_next && message.len() < 2_000 && !message.contains('\n')
}

/// Tries every case and lists all that go wrong.
pub(crate) fn try_all(cases: Vec<Case>) {
    let complaints: Vec<String> =
        cases.iter().filter_map(|case| Some(format!("{}: {}", case.name, case.complaint()?))).collect();
    assert!(
        complaints.is_empty(),
        "{} of {} failed:\n{}",
        complaints.len(),
        cases.len(),
        complaints.join("\n")
    );
}

/// The text of a file of the snapshot.
pub(crate) fn text(directory: &Path, file: &str) -> String {
    std::fs::read_to_string(directory.join(file)).unwrap()
}

/// Writes a file of the snapshot.
pub(crate) fn write(directory: &Path, file: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(directory.join(file), bytes).unwrap();
}

/// Puts another text in the place of a file's.
pub(crate) fn edit(directory: &Path, file: &str, change: impl Fn(&str) -> String) {
    write(directory, file, change(&text(directory, file)));
}

/// Puts another row in the place of each row of a file but the first, which may be a header; rows count from 1.
pub(crate) fn edit_rows(directory: &Path, file: &str, change: impl Fn(usize, &str) -> String) {
    edit(directory, file, |text| {
        let rows = text.lines().enumerate().map(|(number, row)| match number {
            0 => row.to_owned(),
            number => change(number, row),
        });
        rows.collect::<Vec<_>>().join("\n") + "\n"
    });
}

/// Puts other records in the place of those of a JSON array.
pub(crate) fn edit_records(directory: &Path, file: &str, change: impl Fn(usize, &mut Value)) {
    edit(directory, file, |text| {
        let mut records: Vec<Value> = serde_json::from_str(text).unwrap();
        records.iter_mut().enumerate().for_each(|(number, record)| change(number, record));
        serde_json::to_string(&records).unwrap()
    });
}

/// Appends to a file.
pub(crate) fn append(directory: &Path, file: &str, bytes: impl AsRef<[u8]>) {
    let path: PathBuf = directory.join(file);
    let mut whole = std::fs::read(&path).unwrap_or_default();
    whole.extend_from_slice(bytes.as_ref());
    std::fs::write(path, whole).unwrap();
}
