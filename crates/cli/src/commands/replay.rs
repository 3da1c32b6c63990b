//! `midwatch replay`

use std::fmt::Write;

use anyhow::Result;
use midwatch_app::{Replayed, mechanisms, replay, replay_fresh};
use midwatch_report::text;

use crate::args::Replay;
use crate::output::{Ending, print, say};
use crate::progress::ProgressLines;

pub(crate) fn run(arguments: &Replay) -> Result<Ending> {
    let mechanisms = mechanisms(arguments.mechanisms.as_deref())?;
    let quiet = ProgressLines::new(true);
    let replayed = if arguments.fresh_engine {
        replay_fresh(&arguments.record, &mechanisms, &quiet)?
    } else {
        replay(&arguments.record, &mechanisms, &quiet)?
    };
    for note in &replayed.notes {
        say(&format!("note: {note}"));
    }
    if arguments.fresh_engine {
        print(&fresh(&replayed))?;
        return Ok(Ending::Done);
    }
    print(&strict(&replayed))?;
    Ok(if replayed.equal() { Ending::Done } else { Ending::Error })
}

fn strict(replayed: &Replayed) -> String {
    let mut out = String::new();
    if let Some(difference) = replayed.differences.first() {
        let _ = writeln!(out, "{}", text::line(&difference.to_string()));
        if replayed.settings_differ() {
            let _ = writeln!(
                out,
                "The record was made with other mechanisms, fitted numbers or another version of the engine. \
                 `--mechanisms DIR` gives it the ones it was made with; `--fresh-engine` shows what comes out today."
            );
        }
        unanswered(&mut out, replayed);
    } else {
        let _ = writeln!(out, "same: {} entries came out as recorded", replayed.entries_compared);
    }
    out
}

fn fresh(replayed: &Replayed) -> String {
    let mut out = String::new();
    for difference in &replayed.differences {
        let _ = writeln!(out, "{}", text::line(&difference.to_string()));
    }
    unanswered(&mut out, replayed);
    let _ = writeln!(
        out,
        "{} of {} entries differ",
        replayed.differences.len(),
        replayed.entries_compared.max(replayed.differences.len() as u64)
    );
    if let Some(verdict) = &replayed.recorded_verdict {
        let _ = writeln!(out, "recorded: {}: {}", verdict.kind.title(), text::line(&verdict.sentence));
    }
    if let Some(report) = &replayed.report {
        let verdict = &report.verdict;
        let _ = writeln!(out, "now:      {}: {}", verdict.kind.title(), text::line(&verdict.sentence));
    }
    out
}

fn unanswered(out: &mut String, replayed: &Replayed) {
    for question in &replayed.unanswered {
        let _ = writeln!(out, "not in the record: {}", text::line(question));
    }
}
