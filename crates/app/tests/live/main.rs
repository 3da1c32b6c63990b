//! Investigations of live systems: what a built-in incident's files say is asked of real servers instead. A server that is not
//! installed is skipped aloud.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod history;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use midwatch_app::{
    Asked, RecordTo, Work, check_snapshot, live_sources, mechanisms, opening, read_config, run,
    snapshot_sources,
};
use midwatch_connectors::prometheus;
use midwatch_model::{Report, Signal, Timestamp};
use midwatch_servers::{Alertmanager, Prometheus, PrometheusSetup, installed};
use midwatch_sources::{Configured, Setting, Source};

struct Quiet;

impl midwatch_app::Watcher for Quiet {
    fn saw(&self, _: midwatch_app::Progress) {}
}

fn connect(url: &str) -> Arc<dyn Source> {
    let settings = BTreeMap::from([("url".to_owned(), Setting::Text(url.to_owned()))]);
    let configured = Configured::new(&prometheus::SPEC, "metrics", settings).unwrap();
    prometheus::SPEC.connect.unwrap()(&configured).unwrap()
}

/// A copy of a snapshot without its metrics.
fn without_metrics(snapshot: &Path, to: &Path) {
    for entry in std::fs::read_dir(snapshot).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            without_metrics(&entry.path(), &target);
        } else if !entry.file_name().to_string_lossy().starts_with("metrics") {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn investigated(sources: Vec<Arc<dyn Source>>, now: Option<Timestamp>) -> Report {
    let opening = opening(&sources, &Asked { now, ..Asked::default() }).unwrap();
    let work = Work { opening, sources, mechanisms: mechanisms(None).unwrap() };
    run(&work, &RecordTo::Nowhere, &Quiet).unwrap().report
}

fn verdict(report: &Report) -> (String, Option<String>) {
    let origin = report.spread.origin.as_ref().map(|entity| entity.name.clone());
    (format!("{:?}", report.verdict.kind), origin)
}

/// What a person does at three in the morning: a configuration, no arguments, and an alert that fires.
#[test]
fn an_alert_that_fires_is_investigated_from_the_configuration_alone() {
    let test = "an alert that fires, from the configuration alone";
    if !installed(test, Prometheus::PROGRAMS) || !installed(test, Alertmanager::PROGRAMS) {
        return;
    }
    // Load that a service cannot serve: its history ends now.
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../incidents/a6f0/snapshot");
    let last = check_snapshot(&snapshot).unwrap().coverage.last.unwrap();
    let later = Timestamp::now().duration_since(last);
    let manager = Alertmanager::start().unwrap();
    let rule = "groups: [{name: a, rules: [{alert: RequestsFail, expr: 'error_ratio{service=\"storefront\"} > 0.05', \
        labels: {severity: critical}, annotations: {summary: 'Requests to {{ $labels.service }} fail'}}]}]\n";
    let setup = PrometheusSetup {
        history: history::moved(&snapshot, i64::try_from(later.as_nanos()).unwrap()),
        rules: rule.to_owned(),
        alertmanager: manager.url(),
        ..PrometheusSetup::default()
    };
    let server = Prometheus::start(&setup).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("midwatch.toml");
    let text = format!(
        "[[source]]\nconnector = \"alertmanager\"\nurl = \"{}\"\n\n[[source]]\nconnector = \"prometheus\"\nname = \"metrics\"\nurl = \"{}\"\n",
        manager.url(),
        server.url()
    );
    std::fs::write(&path, text).unwrap();
    let started = Instant::now();
    let (sources, opening) = loop {
        // Sources remember answers for a minute, so each try has its own.
        let config = read_config(&path, &|_| None).unwrap();
        let sources = live_sources(&config, &[]).unwrap();
        match opening(&sources, &Asked { now: Some(Timestamp::now()), live: true, ..Asked::default() }) {
            Ok(opening) => break (sources, opening),
            Err(error) => assert!(started.elapsed() < Duration::from_secs(60), "no alert came: {error}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let record = folder.path().join("record.jsonl");
    let work = Work { opening, sources, mechanisms: mechanisms(None).unwrap() };
    let outcome = run(&work, &RecordTo::File(record.clone()), &Quiet).unwrap();
    let report = &outcome.report;
    assert_eq!(
        verdict(report),
        ("CausedOutside".to_owned(), Some("storefront".to_owned())),
        "{}",
        report.verdict.sentence
    );
    assert_eq!(report.incident.alerts[0].name, "RequestsFail");
    // What lives answers otherwise a minute later; the record does not.
    drop((server, manager));
    let replayed = midwatch_app::replay(&record, &mechanisms(None).unwrap(), &Quiet).unwrap();
    assert!(replayed.differences.is_empty(), "{:?}", replayed.differences);
    assert_eq!(replayed.report.as_ref().map(midwatch_report::json), Some(midwatch_report::json(report)));
}

#[test]
fn metrics_asked_of_a_server_lead_to_what_the_files_lead_to() {
    let test = "incidents whose metrics a Prometheus serves";
    if !installed(test, Prometheus::PROGRAMS) {
        return;
    }
    let incidents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../incidents");
    let mut folders: Vec<_> =
        std::fs::read_dir(incidents).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut table = Vec::new();
    let mut alike = 0;
    for folder in &folders {
        let snapshot = folder.join("snapshot");
        let from_files = investigated(snapshot_sources(&snapshot).unwrap(), None);
        let rest = tempfile::tempdir().unwrap();
        without_metrics(&snapshot, rest.path());
        let setup = PrometheusSetup { history: history::of(&snapshot), ..PrometheusSetup::default() };
        let server = Prometheus::start(&setup).unwrap();
        let mut sources = snapshot_sources(rest.path()).unwrap();
        sources.push(connect(&server.url()));
        // A live system is asked when its last sample has come.
        let live = investigated(sources, check_snapshot(&snapshot).unwrap().coverage.last);
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let same = verdict(&from_files) == verdict(&live);
        alike += usize::from(same);
        table.push(format!("{name}: {same} {:?} {:?}", verdict(&from_files), verdict(&live)));
        if !same {
            // For whoever looks into it.
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
            std::fs::write(folder.join(format!("{name}-files.md")), midwatch_report::markdown(&from_files))
                .unwrap();
            std::fs::write(folder.join(format!("{name}-live.md")), midwatch_report::markdown(&live)).unwrap();
        }
        // What came from the server is cited in its own language, with a link.
        let cited = live.evidence.values().filter(|evidence| evidence.citation.signal == Signal::Metrics);
        for evidence in cited.filter(|evidence| evidence.citation.source == "metrics") {
            assert!(
                evidence.citation.link.as_deref().is_some_and(|link| link.starts_with(&server.url())),
                "{evidence:?}"
            );
        }
    }
    let reports = env!("CARGO_TARGET_TMPDIR");
    assert!(
        alike == folders.len(),
        "{alike} of {} alike (reports: {reports}):\n{}",
        folders.len(),
        table.join("\n")
    );
}
