//! `midwatch investigate`

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use midwatch_app::{
    AlertInput, Asked, RecordTo, Work, live_sources, mechanisms, opening, read_record, snapshot_sources,
};

use crate::args::Investigate;
use crate::commands::connectors::configuration;
use crate::output::{Ending, print_outcome, say};
use crate::progress::ProgressLines;

/// Bytes of an alert payload that are read; a larger one is refused.
const ALERT_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(crate) fn run(arguments: Investigate) -> Result<Ending> {
    let Investigate { directory, snapshot, systems, alert, ask, at, since, record, resume, engine, output } =
        arguments;
    let record_to = match (resume, record) {
        (Some(path), _) => {
            require_record(&path)?;
            RecordTo::File(path)
        }
        (None, Some(path)) => RecordTo::File(path),
        (None, None) => RecordTo::Nowhere,
    };
    let mechanisms = mechanisms(engine.mechanisms.as_deref())?;
    let alert = alert.map(|path| read_alert(&path)).transpose()?;
    let live = directory.is_none() && snapshot.is_none();
    let (sources, now) = match directory.or(snapshot) {
        Some(directory) => (snapshot_sources(&directory)?, at),
        None => {
            let config = configuration(systems.config.as_deref())?;
            if systems.config.is_none() && !output.quiet {
                say(&format!("configuration: {}", config.path.display()));
            }
            // What is live is looked at as of now, however long ago the alert fired.
            (live_sources(&config, &systems.source)?, at.or(Some(Timestamp::now())))
        }
    };
    // What is live changes: a record is finished with the question it was begun with.
    let begun = match &record_to {
        RecordTo::File(path) if live && path.is_file() => read_record(path)?.opening(),
        _ => None,
    };
    let opening = match begun {
        Some(begun) => begun,
        None => {
            let without = engine.without;
            opening(&sources, &Asked { alert, question: ask, now, since, without, live, ..Asked::default() })?
        }
    };
    let outcome = midwatch_app::run(
        &Work { opening, sources, mechanisms },
        &record_to,
        &ProgressLines::new(output.quiet),
    )?;
    if let (RecordTo::File(path), false) = (&record_to, output.quiet) {
        match outcome.entries_resumed {
            0 => say(&format!("record: {}", path.display())),
            entries => say(&format!("record: {}, continued after entry {entries}", path.display())),
        }
    }
    Ok(print_outcome(&outcome, &output)?)
}

/// Fails unless `path` holds a record that can be continued.
fn require_record(path: &Path) -> Result<()> {
    let record = read_record(path)?;
    if record.entries.is_empty() {
        bail!("{}: holds no record to resume. Start anew with --record FILE", path.display());
    }
    if let Some(damage) = record.damage {
        say(&format!("{}: line {} is dropped: {}", path.display(), damage.line, damage.reason));
    }
    Ok(())
}

fn read_alert(path: &Path) -> Result<AlertInput> {
    let standard_input = path.as_os_str() == "-";
    let origin = if standard_input { "standard input".to_owned() } else { path.display().to_string() };
    let reader: Box<dyn Read> = if standard_input {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("{origin}: could not open the alert"))?)
    };
    let mut payload = Vec::new();
    reader
        .take(ALERT_BYTES_MAX + 1)
        .read_to_end(&mut payload)
        .with_context(|| format!("{origin}: could not read the alert"))?;
    if payload.len() as u64 > ALERT_BYTES_MAX {
        bail!("{origin}: larger than 16 MiB, so it is no alert. Is it the right file?");
    }
    Ok(AlertInput { origin, payload })
}
