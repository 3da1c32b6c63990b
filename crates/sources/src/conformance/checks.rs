//! The checks.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use midwatch_model::{Citation, Signal, Timestamp, Window};
use serde_json::Value;

use super::answers::{Answers, Called, Failure, ask_all};
use super::case::{Case, Check, Violation};
use super::measured::Measured;
use crate::{AnswerSink, Fetched, Limits, RecordedAnswer, Recorder, Replayer, Source, Spec};

/// Limits that cut nothing of a fixture.
const WIDE: Limits = Limits { rows_max: 1_000_000, points_max: 10_000_000 };
/// Limits that cut everything that holds more than one row.
const NARROW: Limits = Limits { rows_max: 1, points_max: 1 };

/// Checks `source` against every rule of the kit; an empty answer means that it conforms.
///
/// The source is asked about 60 questions. Violations are sorted by rule and operation.
pub async fn run(spec: &Spec, source: Arc<dyn Source>, case: &Case) -> Vec<Violation> {
    let mut found = Vec::new();
    let full = ask_all(&*source, case.full, WIDE).await;
    signals(spec, &*source, &full, case, &mut found);
    no_failures(&full, &mut found);
    has_data(&full, case, &mut found);
    citations(&full, source.name(), case.full, &mut found);
    let empty = ask_all(&*source, case.empty, WIDE).await;
    no_failures(&empty, &mut found);
    is_empty(&empty, &mut found);
    citations(&empty, source.name(), case.empty, &mut found);
    windows(&*source, &full, case, &mut found).await;
    let narrow = ask_all(&*source, case.full, NARROW).await;
    no_failures(&narrow, &mut found);
    limits(&full, &narrow, &mut found);
    let again = ask_all(&*source, case.full, WIDE).await;
    compare(Check::SameBytes, &full, &again, &mut found);
    replay(&source, case, &mut found).await;
    let probe = probe(&*source, &mut found).await;
    if let Some(other) = &case.with_unknown_fields {
        let other = ask_all(&**other, case.full, WIDE).await;
        compare(Check::UnknownFields, &full, &other, &mut found);
    }
    secrets(&[&full, &empty, &narrow], &probe, case, &mut found);
    found.sort();
    found.dedup();
    found
}

fn served(source: &dyn Source, signal: Signal) -> bool {
    match signal {
        Signal::Metrics => source.metrics().is_some(),
        Signal::Logs => source.logs().is_some(),
        Signal::Traces => source.traces().is_some(),
        // Code is served as the diffs of changes.
        Signal::Changes | Signal::Code => source.changes().is_some(),
        Signal::Inventory => source.inventory().is_some(),
        Signal::Infrastructure => source.infrastructure().is_some(),
        Signal::Documents => source.documents().is_some(),
        Signal::Alerts => source.alerts().is_some(),
    }
}

fn signals(spec: &Spec, source: &dyn Source, full: &Answers, case: &Case, found: &mut Vec<Violation>) {
    let Some(Ok(coverage)) = &full.coverage else { return };
    let mut wrong = |detail: String| found.push(Violation::new(Check::Signals, "coverage", detail));
    for signal in Signal::ALL {
        let name = signal.as_str();
        let stated = coverage.signals.contains(&signal);
        let is_served = served(source, signal);
        if stated && !is_served {
            wrong(format!("coverage states {name}, which the source does not serve"));
        }
        if is_served && !stated && signal != Signal::Code {
            wrong(format!("the source serves {name}, which coverage does not state"));
        }
        if is_served && signal != Signal::Code && !spec.signals.contains(&signal) {
            wrong(format!("the source serves {name}, which SPEC does not declare"));
        }
        if case.signals.contains(&signal) && !is_served {
            wrong(format!("the fixture holds {name}, which the source does not serve"));
        }
    }
}

fn no_failures(answers: &Answers, found: &mut Vec<Violation>) {
    let mut check = |operation: &'static str, failure: Option<Failure>| match failure {
        Some(Failure::Panicked) => found.push(Violation::new(Check::NoPanic, operation, "the call panicked")),
        Some(Failure::Error(error)) => {
            found.push(Violation::new(Check::Answers, operation, format!("the call failed: {error}")));
        }
        None => {}
    };
    check("coverage", failure(&answers.coverage));
    check("series", failure(&answers.series));
    check("patterns", failure(&answers.patterns));
    check("sample", failure(&answers.sample));
    check("spans", failure(&answers.spans));
    check("changes", failure(&answers.changes));
    check("topology", failure(&answers.topology));
    check("printouts", failure(&answers.printouts));
    check("documents", failure(&answers.documents));
    check("trigger", failure(&answers.trigger));
}

fn failure<T>(called: &Called<T>) -> Option<Failure> {
    called.as_ref()?.as_ref().err().cloned()
}

fn data<T>(called: &Called<Fetched<T>>) -> Option<&T> {
    called.as_ref()?.as_ref().ok()?.data()
}

fn has_data(full: &Answers, case: &Case, found: &mut Vec<Violation>) {
    let sizes = [
        (Signal::Metrics, "series", size(&full.series)),
        (Signal::Logs, "patterns", size(&full.patterns)),
        (Signal::Logs, "sample", size(&full.sample)),
        (Signal::Traces, "spans", size(&full.spans)),
        (Signal::Changes, "changes", size(&full.changes)),
        (Signal::Inventory, "topology", size(&full.topology)),
        (Signal::Infrastructure, "printouts", size(&full.printouts)),
        (Signal::Documents, "documents", size(&full.documents)),
    ];
    for (signal, operation, size) in sizes {
        if case.signals.contains(&signal) && size == 0 {
            found.push(Violation::new(Check::Answers, operation, "the window that holds data got no data"));
        }
    }
    if case.signals.contains(&Signal::Alerts) && !matches!(&full.trigger, Some(Ok(Some(_)))) {
        found.push(Violation::new(Check::Answers, "trigger", "the fixture's alert was not read"));
    }
}

fn size<T: Measured>(called: &Called<Fetched<T>>) -> usize {
    data(called).map_or(0, Measured::size)
}

fn is_empty(empty: &Answers, found: &mut Vec<Violation>) {
    let sizes = [
        ("series", data(&empty.series).map(Measured::size)),
        ("patterns", data(&empty.patterns).map(Measured::size)),
        ("sample", data(&empty.sample).map(Measured::size)),
        ("spans", data(&empty.spans).map(Measured::size)),
        ("changes", data(&empty.changes).map(Measured::size)),
    ];
    for (operation, size) in sizes {
        if let Some(size) = size {
            let detail =
                format!("a window without data was answered with {size} rows instead of with nothing");
            found.push(Violation::new(Check::Empty, operation, detail));
        }
    }
}

fn citations(answers: &Answers, name: &str, window: Window, found: &mut Vec<Violation>) {
    fn citation<T>(called: &Called<Fetched<T>>) -> Option<&Citation> {
        Some(called.as_ref()?.as_ref().ok()?.citation())
    }
    let cited = [
        ("series", Signal::Metrics, true, citation(&answers.series)),
        ("patterns", Signal::Logs, true, citation(&answers.patterns)),
        ("sample", Signal::Logs, true, citation(&answers.sample)),
        ("spans", Signal::Traces, true, citation(&answers.spans)),
        ("changes", Signal::Changes, true, citation(&answers.changes)),
        ("topology", Signal::Inventory, false, citation(&answers.topology)),
        ("printouts", Signal::Infrastructure, false, citation(&answers.printouts)),
        ("documents", Signal::Documents, false, citation(&answers.documents)),
    ];
    for (operation, signal, windowed, citation) in cited {
        let Some(citation) = citation else { continue };
        let mut wrong = |detail: String| found.push(Violation::new(Check::Citation, operation, detail));
        if citation.source != name {
            wrong(format!("the citation names {:?} instead of {name:?}", citation.source));
        }
        if citation.signal != signal {
            wrong(format!("the citation is of {} instead of {}", citation.signal.as_str(), signal.as_str()));
        }
        if citation.query.trim().is_empty() {
            wrong("the citation has no query".to_owned());
        }
        if windowed && citation.window != Some(window) {
            wrong("the citation does not have the window that was asked for".to_owned());
        }
    }
}

/// Cuts the window at an instant at which data lies: it belongs to the later part, and both parts hold all of it.
async fn windows(source: &dyn Source, full: &Answers, case: &Case, found: &mut Vec<Violation>) {
    inside("series", &full.series, case.full, found);
    inside("patterns", &full.patterns, case.full, found);
    inside("sample", &full.sample, case.full, found);
    inside("spans", &full.spans, case.full, found);
    inside("changes", &full.changes, case.full, found);
    let cuts = [
        cut_of(&full.series),
        cut_of(&full.patterns),
        cut_of(&full.sample),
        cut_of(&full.spans),
        cut_of(&full.changes),
    ];
    for (index, cut_ns) in cuts.into_iter().enumerate() {
        let Some(cut) = cut_ns.and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok()) else {
            continue;
        };
        let (Some(early), Some(late)) =
            (Window::new(case.full.start(), cut), Window::new(cut, case.full.end()))
        else {
            continue;
        };
        let (before, after) = (ask_all(source, early, WIDE).await, ask_all(source, late, WIDE).await);
        match index {
            0 => parts("series", (&full.series, &before.series, &after.series), (early, late), found),
            1 => parts("patterns", (&full.patterns, &before.patterns, &after.patterns), (early, late), found),
            2 => parts("sample", (&full.sample, &before.sample, &after.sample), (early, late), found),
            3 => parts("spans", (&full.spans, &before.spans, &after.spans), (early, late), found),
            _ => parts("changes", (&full.changes, &before.changes, &after.changes), (early, late), found),
        }
    }
}

/// An instant of the answer that is not its first: its middle one.
fn cut_of<T: Measured>(called: &Called<Fetched<T>>) -> Option<i64> {
    let mut times: Vec<i64> = data(called)?.times().into_iter().map(|(at, _)| at).collect();
    times.sort_unstable();
    times.dedup();
    if times.len() < 2 {
        return None;
    }
    times.get((times.len() / 2).max(1)).copied()
}

fn inside<T: Measured>(
    operation: &'static str,
    called: &Called<Fetched<T>>,
    window: Window,
    found: &mut Vec<Violation>,
) {
    let Some(answer) = data(called) else { return };
    let from = window.start_ns().saturating_sub(answer.slack_ns());
    let outside = answer.times().iter().filter(|(at, _)| !(from..window.end_ns()).contains(at)).count();
    if outside > 0 {
        let detail = format!("{outside} instants lie outside of [{}, {})", window.start(), window.end());
        found.push(Violation::new(Check::Window, operation, detail));
    }
}

type Parts<'a, T> = (&'a Called<Fetched<T>>, &'a Called<Fetched<T>>, &'a Called<Fetched<T>>);

fn parts<T: Measured>(
    operation: &'static str,
    (full, before, after): Parts<'_, T>,
    (early, late): (Window, Window),
    found: &mut Vec<Violation>,
) {
    inside(operation, before, early, found);
    inside(operation, after, late, found);
    let amount = |called: &Called<Fetched<T>>| {
        data(called).map_or(0, |answer| answer.times().iter().map(|(_, amount)| amount).sum::<u64>())
    };
    let (whole, sum) = (amount(full), amount(before) + amount(after));
    if whole != sum {
        let detail = format!("cut at {}, the two parts hold {sum} instead of {whole}", late.start());
        found.push(Violation::new(Check::Window, operation, detail));
    }
}

fn limits(full: &Answers, narrow: &Answers, found: &mut Vec<Violation>) {
    limit("series", &full.series, &narrow.series, found);
    limit("patterns", &full.patterns, &narrow.patterns, found);
    limit("sample", &full.sample, &narrow.sample, found);
    limit("spans", &full.spans, &narrow.spans, found);
    limit("changes", &full.changes, &narrow.changes, found);
    limit("topology", &full.topology, &narrow.topology, found);
    limit("printouts", &full.printouts, &narrow.printouts, found);
    limit("documents", &full.documents, &narrow.documents, found);
}

fn limit<T: Measured>(
    operation: &'static str,
    full: &Called<Fetched<T>>,
    narrow: &Called<Fetched<T>>,
    found: &mut Vec<Violation>,
) {
    let (Some(Ok(full)), Some(Ok(narrow))) = (full, narrow) else { return };
    let whole = full.data().map_or(0, Measured::size);
    let kept = narrow.data().map_or(0, Measured::size);
    let mut wrong = |detail: String| found.push(Violation::new(Check::Limits, operation, detail));
    if full.truncated().is_some() {
        wrong("an answer within its limits says that it was cut".to_owned());
    }
    if kept > 1 {
        wrong(format!("a limit of 1 was answered with {kept}"));
    }
    match narrow.truncated() {
        None if whole > 1 => wrong(format!("{whole} were cut to {kept} without saying so")),
        Some(total) if total.kept != kept as u64 || total.total <= total.kept => {
            wrong(format!("{kept} of {whole} were kept, the answer says {} of {}", total.kept, total.total));
        }
        _ => {}
    }
}

fn compare(check: Check, one: &Answers, other: &Answers, found: &mut Vec<Violation>) {
    let other: BTreeMap<&str, Value> = other.by_operation().into_iter().collect();
    for (operation, mut answer) in one.by_operation() {
        let Some(mut second) = other.get(operation).cloned() else {
            found.push(Violation::new(check, operation, "one of two answers is not served"));
            continue;
        };
        if check == Check::UnknownFields {
            // The fields may well be worth a remark, and a citation may count or name them.
            for value in [&mut answer, &mut second] {
                forget(value, &["notes", "citation"]);
            }
        }
        let (first_bytes, second_bytes) = (answer.to_string(), second.to_string());
        if first_bytes != second_bytes {
            found.push(Violation::new(check, operation, "two answers to one question differ"));
        }
    }
}

fn forget(value: &mut Value, keys: &[&str]) {
    if let Some(answer) = value.get_mut("ok").and_then(Value::as_object_mut) {
        for key in keys {
            answer.remove(*key);
        }
    }
}

#[derive(Default)]
struct Kept(Mutex<BTreeMap<String, Value>>);

impl AnswerSink for Kept {
    fn answered(&self, answer: RecordedAnswer) {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(answer.key, answer.answer);
    }
}

async fn replay(source: &Arc<dyn Source>, case: &Case, found: &mut Vec<Violation>) {
    let kept = Arc::new(Kept::default());
    let sink: Arc<dyn AnswerSink> = Arc::<Kept>::clone(&kept);
    let recorder = Recorder::new(Arc::clone(source), sink, BTreeMap::new());
    let recorded = ask_all(&recorder, case.full, WIDE).await;
    let answers = kept.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
    // A record is stored as text.
    let stored = serde_json::to_string(&answers).and_then(|text| serde_json::from_str(&text));
    match stored {
        Ok(answers) => {
            let replayer = Replayer::new(source.name(), answers);
            let replayed = ask_all(&replayer, case.full, WIDE).await;
            compare(Check::Replay, &recorded, &replayed, found);
        }
        Err(error) => {
            found.push(Violation::new(Check::Replay, "record", format!("answers cannot be stored: {error}")));
        }
    }
}

async fn probe(source: &dyn Source, found: &mut Vec<Violation>) -> String {
    let mut wrong = |check, detail: &str| found.push(Violation::new(check, "probe", detail));
    let Ok(future) = std::panic::catch_unwind(AssertUnwindSafe(|| source.probe())) else {
        wrong(Check::NoPanic, "the call panicked");
        return String::new();
    };
    match AssertUnwindSafe(future).catch_unwind().await {
        Err(_) => {
            wrong(Check::NoPanic, "the call panicked");
            String::new()
        }
        Ok(probe) => {
            if !probe.reachable {
                wrong(Check::Probe, "a source that answers calls itself unreachable");
            }
            if probe.detail.trim().is_empty() {
                wrong(Check::Probe, "the probe says nothing");
            }
            format!("{} {}", probe.detail, probe.missing_permissions.join(" "))
        }
    }
}

fn secrets(answers: &[&Answers], probe: &str, case: &Case, found: &mut Vec<Violation>) {
    for secret in case.secrets.iter().filter(|secret| !secret.is_empty()) {
        if probe.contains(secret.as_str()) {
            found.push(Violation::new(Check::Secrets, "probe", "the probe shows a secret"));
        }
        for (operation, answer) in answers.iter().flat_map(|answers| answers.by_operation()) {
            if answer.to_string().contains(secret.as_str()) {
                found.push(Violation::new(Check::Secrets, operation, "the answer shows a secret"));
            }
        }
    }
}
