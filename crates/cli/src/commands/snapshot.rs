//! `midwatch snapshot check`

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use midwatch_app::{SnapshotCheck, check_snapshot};
use midwatch_report::text;

use crate::output::{Ending, print, say};

pub(crate) fn check(directory: &Path) -> Result<Ending> {
    let check = check_snapshot(directory)?;
    print(&describe(&check))?;
    if check.trigger.is_some() {
        return Ok(Ending::Done);
    }
    say(&format!(
        "error: {}: holds no alert, so there is no incident to investigate. Add alert.json, or give --alert or --ask to \
         `midwatch investigate`",
        directory.display()
    ));
    Ok(Ending::Error)
}

fn describe(check: &SnapshotCheck) -> String {
    let mut out = String::new();
    match &check.trigger {
        Some(trigger) => {
            for alert in &trigger.alerts {
                let summary = if alert.summary.is_empty() { &alert.name } else { &alert.summary };
                let _ = writeln!(out, "{:10} {}", "alert", text::line(summary));
            }
        }
        None => {
            let _ = writeln!(out, "{:10} none", "alert");
        }
    }
    if let (Some(first), Some(last)) = (check.coverage.first, check.coverage.last) {
        let _ = writeln!(out, "{:10} {first} to {last}", "range");
    }
    for signal in &check.signals {
        let _ = writeln!(out, "{:10} {}", signal.signal.as_str(), text::line(&signal.content));
    }
    for damage in &check.coverage.damage {
        let line = damage.line.map(|line| format!(":{line}")).unwrap_or_default();
        let rows = if damage.rows == 1 { "row" } else { "rows" };
        let _ = writeln!(
            out,
            "{:10} {}{line}: {} {rows} lost: {}",
            "damage",
            text::line(&damage.file),
            damage.rows,
            text::line(&damage.reason)
        );
    }
    for note in &check.coverage.notes {
        let _ = writeln!(out, "{:10} {}", "note", text::line(note));
    }
    out
}
