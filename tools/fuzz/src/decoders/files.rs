//! Files of a snapshot: each is recognised, read, and asked for everything it holds, as an investigation would.
//!
//! A folder of `crates/connectors/corpus` is a decoder; its first file names what every input is called.

use std::cell::RefCell;
use std::fmt::Debug;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result};
use futures_util::FutureExt;
use midwatch_connectors::snapshot::{SnapshotSource, open_file, parts};
use midwatch_model::{Timestamp, Window};
use midwatch_sources::{
    Answering, Ask, ChangeQuery, DocumentQuery, Fetched, InventoryQuery, LogQuery, MetricQuery, SampleQuery,
    Source, SpanQuery,
};

use super::{Decoder, bytes_of, folder, seeds};
use crate::reading::{Gathered, Reading, of};

/// One decoder for each folder of the corpus, and the history of a repository, which `git` prints.
pub(super) fn all(scratch: &Path) -> Result<Vec<Decoder>> {
    let corpus = folder("crates/connectors/corpus");
    let mut decoders = Vec::new();
    for entry in std::fs::read_dir(&corpus).with_context(|| corpus.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let seeds = seeds(&entry.path())?;
        let called = seeds.first().map(|(name, _)| name.clone()).unwrap_or_default();
        decoders.push(of_file(&name, called, bytes_of(seeds), scratch)?);
    }
    let tables = super::parquet::tables()?;
    decoders.push(of_file("metrics-parquet", "metrics.parquet".to_owned(), tables, scratch)?);
    let history = bytes_of(seeds(&folder("tools/fuzz/corpus/git-history"))?);
    decoders.push(Decoder {
        name: "changes-git-history".to_owned(),
        seeds: history,
        decode: Box::new(|bytes| {
            let changes = parts::history(bytes);
            of(&Some(changes).filter(|changes| !changes.is_empty()))
        }),
    });
    Ok(decoders)
}

fn of_file(name: &str, called: String, seeds: Vec<Vec<u8>>, scratch: &Path) -> Result<Decoder> {
    let path = scratch.join(format!("{name}-{called}"));
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    // Every input is read twice and written once, into one file that stays open: a million files would be the slowest part.
    let written: RefCell<Vec<u8>> = RefCell::new(Vec::new());
    let write = move |bytes: &[u8]| {
        let mut held = written.borrow_mut();
        if *held != bytes {
            file.write_all_at(bytes, 0)?;
            file.set_len(bytes.len() as u64)?;
            bytes.clone_into(&mut held);
        }
        Ok::<(), std::io::Error>(())
    };
    let decode = move |bytes: &[u8]| match write(bytes).and_then(|()| open_file(&path, &called)) {
        Ok(Some(source)) => asked(&source),
        // An error is no room or no right to write: then every input is refused, which the share of accepted ones shows.
        Ok(None) | Err(_) => Reading::default(),
    };
    Ok(Decoder { name: name.to_owned(), seeds, decode: Box::new(decode) })
}

/// Every question there is, over all time.
fn asked(source: &SnapshotSource) -> Reading {
    let mut gathered = Gathered::default();
    let Some(window) = always() else { return gathered.finish() };
    if let Some(alerts) = source.alerts() {
        let trigger = alerts.trigger().now_or_never();
        let found = matches!(&trigger, Some(Ok(Some(_))));
        gathered.take(&trigger, found);
    }
    if let Some(metrics) = source.metrics() {
        answered(metrics.series(&Ask::new(MetricQuery::default(), window)), &mut gathered);
    }
    if let Some(logs) = source.logs() {
        answered(logs.patterns(&Ask::new(LogQuery::default(), window)), &mut gathered);
        answered(logs.sample(&Ask::new(SampleQuery::default(), window)), &mut gathered);
    }
    if let Some(traces) = source.traces() {
        answered(traces.spans(&Ask::new(SpanQuery::default(), window)), &mut gathered);
    }
    if let Some(changes) = source.changes() {
        answered(changes.changes(&Ask::new(ChangeQuery { with_diffs: true }, window)), &mut gathered);
    }
    if let Some(inventory) = source.inventory() {
        answered(inventory.topology(&Ask::new(InventoryQuery {}, window)), &mut gathered);
    }
    if let Some(documents) = source.documents() {
        answered(documents.documents(&Ask::new(DocumentQuery::default(), window)), &mut gathered);
    }
    gathered.take(&source.coverage().now_or_never(), false);
    gathered.finish()
}

fn answered<T: Debug>(answering: Answering<'_, T>, gathered: &mut Gathered) {
    let answer = answering.now_or_never();
    let found = matches!(&answer, Some(Ok(Fetched::Found { .. })));
    gathered.take(&answer, found);
}

/// 1970 to 2242: everything that a decoder takes for a time.
fn always() -> Option<Window> {
    Window::new(Timestamp::from_second(0).ok()?, Timestamp::from_second(8_600_000_000).ok()?)
}
