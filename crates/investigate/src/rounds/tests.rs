//! What the rounds say of what is missing, and that they are silent where nothing is.

use std::collections::BTreeSet;

use midwatch_model::{
    Alert, AlertState, Change, ChangeId, ChangeKind, Commit, ContentId, EntityId, EntityKind, EvidenceId,
    Finding, FindingKind, Gap, Incident, Measure, Owner, Severity, Signal, Window,
};

use super::unrecorded::note_unrecorded;
use super::{answers_alerts, believe_alerts, note_holes, note_reservations, note_unseen};
use crate::agents::Draft;
use crate::board::{Board, ClockSeen, Parentless, VersionSeen};
use crate::concepts::{NO_BASELINE, WORSE};
use crate::stages::{Condition, Localisation, Orientation};
use crate::testing::{MINUTES, calls, minute, minute_ns};

const SERVICES: [&str; 4] = ["svc-a", "svc-b", "svc-c", "svc-d"];

fn orientation(alerts: Vec<Alert>) -> Orientation {
    Orientation {
        incident: Incident {
            title: String::new(),
            target: Some(EntityId::service("svc-a")),
            fired_at: None,
            resolved_at: None,
            now: minute(MINUTES),
            severity: Severity::Warning,
            owner: Owner::default(),
            alerts,
            evidence: Vec::new(),
        },
        window: Window::new(minute(0), minute(MINUTES)).unwrap(),
        baseline: None,
        window_reason: String::new(),
        condition: Condition::Sick,
        condition_reason: String::new(),
        condition_evidence: Vec::new(),
        symptom_entity: Some(EntityId::service("svc-a")),
        symptom: None,
        symptom_onset: None,
        ended_at: None,
    }
}

/// Four services, of which everything was seen.
fn complete() -> Board {
    let mut board = Board::default();
    for service in SERVICES.map(EntityId::service) {
        for signal in [Signal::Metrics, Signal::Logs, Signal::Traces] {
            board.seen.insert((signal, service.clone()));
        }
        for metric in ["latency_ms", "error_ratio"] {
            board.series.insert((service.clone(), metric.to_owned()), None);
        }
        board.entities.push(service);
    }
    board.relations = vec![calls("svc-a", "svc-b"), calls("svc-b", "svc-c"), calls("svc-c", "svc-d")];
    board
}

fn missing(gaps: &[Gap]) -> Vec<&str> {
    gaps.iter().map(|gap| gap.missing.as_str()).collect()
}

/// Compares all that is said to be missing of `board`.
#[track_caller]
fn check(mut board: Board, expected: &[&str]) {
    let orientation = orientation(Vec::new());
    note_unseen(&orientation, &Localisation::default(), &mut board);
    note_holes(&orientation, &mut board);
    note_unrecorded(minute(80), &mut board);
    assert_eq!(missing(&board.gaps), expected);
}

#[test]
fn nothing_is_missing_of_what_is_complete() {
    check(complete(), &[]);
    check(Board::default(), &[]);
}

#[test]
fn signals_that_peers_have_are_named_together() {
    let mut board = complete();
    let gone: BTreeSet<_> = [(Signal::Logs, "svc-c"), (Signal::Logs, "svc-d")]
        .map(|(signal, name)| (signal, EntityId::service(name)))
        .into();
    board.seen.retain(|seen| !gone.contains(seen));
    check(board.clone(), &["logs of svc-c and svc-d were not there, though others have some"]);
    board.seen.insert((Signal::Logs, EntityId::service("svc-c")));
    check(board, &["logs of svc-d were not there, though others have some"]);
}

#[test]
fn a_neighbour_of_the_symptom_is_named_even_when_few_have_the_signal() {
    let mut board = complete();
    board.seen.retain(|(signal, entity)| *signal != Signal::Traces || entity.name == "svc-a");
    check(board, &["traces of svc-b were not there, though others have some"]);
}

#[test]
fn single_metrics_holes_and_parents_are_named() {
    let mut board = complete();
    board.series.remove(&(EntityId::service("svc-b"), "error_ratio".to_owned()));
    check(board.clone(), &["error_ratio of svc-b were not there, though their peers have them"]);
    let mut board = complete();
    let hole = Some((minute_ns(10), minute_ns(25)));
    board.series.insert((EntityId::service("svc-b"), "latency_ms".to_owned()), hole);
    board.parentless.push(Parentless { entity: EntityId::service("svc-c"), orphans: 30, spans: 40 });
    let (from, until) = (minute(10).strftime("%H:%M"), minute(25).strftime("%H:%M"));
    let hole = format!("metrics have no points of svc-b between {from} and {until}");
    check(board, &["spans of svc-c (30 of 40) name parents that were not captured", &hole]);
}

#[test]
fn the_alerts_own_series_is_missed_where_others_have_it() {
    let alert = |metric: &str| Alert { metric: Some(metric.to_owned()), ..alert() };
    let said = |metric: &str| {
        let mut board = complete();
        board.series.insert((EntityId::service("svc-b"), "queue_depth".to_owned()), None);
        note_holes(&orientation(vec![alert(metric)]), &mut board);
        missing(&board.gaps).join("; ")
    };
    assert_eq!(said("latency_ms"), "");
    assert_eq!(said("latency_p99_seconds"), "", "spelt differently");
    assert_eq!(said("queue_depth"), "queue_depth of svc-a, which the alert is about, was not there");
}

fn alert() -> Alert {
    serde_json::from_str(
        r#"{"name": "", "summary": "", "state": "firing", "severity": "warning", "labels": {}, "annotations": {}}"#,
    )
    .unwrap()
}

fn deploy(version: &str, sha: &str, at: i64) -> Change {
    Change {
        id: ChangeId::of(&[version]),
        kind: ChangeKind::Deploy,
        at: minute(at),
        entity: Some(EntityId::service("svc-a")),
        reference: version.to_owned(),
        title: String::new(),
        actor: None,
        commit_sha: Some(sha.to_owned()),
        commit: None,
        link: None,
    }
}

fn with(changes: Vec<Change>) -> Board {
    let changes = changes.into_iter().map(|change| (change.id.clone(), change)).collect();
    Board { changes, ..complete() }
}

#[test]
fn commits_that_deploys_name_are_missed_while_their_code_runs() {
    let replaced = deploy("1.0.0", "aaaaaaaaaa", 10);
    let running = deploy("1.1.0", "bbbbbbbbbb", 40);
    check(
        with(vec![replaced, running.clone()]),
        &["1 commit that a deploy names is in no source: bbbbbbbb (svc-a 1.1.0)"],
    );
    let commit = Commit { sha: "bbbbbbbbbb".to_owned(), ..Commit::default() };
    let held = Change { kind: ChangeKind::Commit, commit: Some(commit), ..deploy("bbbbbbbbbb", "", 5) };
    check(with(vec![running, held]), &[]);
}

#[test]
fn versions_and_flags_without_a_change_are_missed() {
    let started = |version: &str, at| VersionSeen {
        entity: EntityId::service("svc-a"),
        version: version.to_owned(),
        at: minute(at),
        evidence: EvidenceId::of(&["line"]),
    };
    let mut board = with(vec![Change { commit_sha: None, ..deploy("v1.1.0", "", 40) }]);
    board.versions = vec![started("1.1.0", 41), started("1.2.0", 79)];
    board.flags = ["new-path".to_owned()].into();
    let clock = minute(79).strftime("%H:%M");
    let version =
        format!("programs started without a deploy of that version on record: svc-a 1.2.0 at {clock}");
    check(board, &[&version, "spans carry flags of which no change is on record: new-path"]);
}

#[test]
fn a_version_that_starts_before_its_deploy_tells_of_a_clock() {
    let mut board = with(vec![Change { commit_sha: None, ..deploy("1.1.0", "", 40) }]);
    board.versions.push(VersionSeen {
        entity: EntityId::service("svc-a"),
        version: "1.1.0".to_owned(),
        at: minute(38),
        evidence: EvidenceId::of(&["line"]),
    });
    note_unrecorded(minute(80), &mut board);
    assert_eq!(board.clock_tolerance_s(&EntityId::service("svc-a")), 60 + 120);
    assert_eq!(board.clock_tolerance_s(&EntityId::service("svc-b")), 60);
}

#[test]
fn samples_and_clocks_are_noted_once() {
    let mut board = complete();
    board.requests.insert(EntityId::service("svc-a"), [1000.0; 8]);
    board.traced.insert(EntityId::service("svc-a"), [10.0; 8]);
    board.clocks.push(ClockSeen {
        entity: EntityId::service("svc-b"),
        offset_ns: 41_000_000_000,
        against: "others".to_owned(),
    });
    note_reservations(&mut board);
    note_reservations(&mut board);
    let notes: Vec<&str> = board.notes.iter().map(|note| note.text.as_str()).collect();
    assert_eq!(
        notes,
        [
            "the clock of svc-b is 41 s ahead of others",
            "spans show a steady part of the requests that metrics count (svc-a 1 in 100): counts of spans are those of a sample"
        ]
    );
}

/// A finding at a database that had no baseline.
fn unjudged(entity: &EntityId, kind: FindingKind, subject: &str, measure: Option<Measure>) -> Finding {
    let draft = Draft {
        measure,
        concepts: vec![NO_BASELINE.to_owned()],
        z: 3.0,
        ..Draft::new(kind, entity.clone(), subject, EvidenceId::of(&[subject]))
    };
    draft.finish()
}

fn lag_alert() -> Alert {
    Alert {
        name: "ReplicaFarBehind".to_owned(),
        summary: "ReplicaLag on db-a-replica exceeded 900 seconds".to_owned(),
        target: Some("managed-databases".to_owned()),
        severity: Severity::Critical,
        annotations: [("primary".to_owned(), "db-a".to_owned())].into(),
        ..Alert::default()
    }
}

/// Whom the alert is taken to be about, and which findings at `db-a` and its replica are believed.
#[track_caller]
fn check_believed(alert: Alert, target: &str, expected: &[&str]) {
    let database = |name: &str| EntityId::new(EntityKind::Database, name);
    let (primary, replica) = (database("db-a"), database("db-a-replica"));
    let mut board = Board { entities: vec![primary.clone(), replica.clone()], ..Board::default() };
    for finding in [
        unjudged(&replica, FindingKind::MetricShift, "ReplicaLag", Some(Measure::ReplicationLag)),
        unjudged(&replica, FindingKind::MetricShift, "SwapUsage", Some(Measure::Memory)),
        unjudged(&database("db-b"), FindingKind::MetricShift, "ReplicaLag", Some(Measure::ReplicationLag)),
        unjudged(&replica, FindingKind::LogNew, "replication lag is 900 s", None),
    ] {
        board.findings.insert(finding.id.clone(), finding);
    }
    let mut incident = orientation(vec![alert.clone()]).incident;
    incident.target = alert.target.as_deref().map(EntityId::service);
    believe_alerts(&mut incident, &mut board);
    assert_eq!(incident.target.map(|entity| entity.name).as_deref(), Some(target));
    let worse = |finding: &&Finding| finding.concepts.iter().any(|concept| concept == WORSE);
    let mut believed: Vec<&str> =
        board.findings.values().filter(worse).map(|finding| finding.subject.as_str()).collect();
    believed.sort_unstable();
    assert_eq!(believed, expected);
}

#[test]
fn a_firing_alert_is_believed_of_what_it_names_and_of_nothing_else() {
    check_believed(lag_alert(), "db-a-replica", &["ReplicaLag", "replication lag is 900 s"]);
    check_believed(Alert { state: AlertState::Resolved, ..lag_alert() }, "db-a-replica", &[]);
    check_believed(Alert { severity: Severity::Info, ..lag_alert() }, "db-a-replica", &[]);
    let known = Alert { target: Some("db-a".to_owned()), ..lag_alert() };
    check_believed(known, "db-a", &["ReplicaLag", "replication lag is 900 s"]);
    let silent = Alert { summary: String::new(), annotations: [].into(), ..lag_alert() };
    check_believed(silent, "managed-databases", &[]);
}

#[test]
fn an_alert_speaks_of_the_measures_and_the_names_that_it_says() {
    let spoken = |alert: Alert| {
        let mut board = Board::default();
        believe_alerts(&mut orientation(vec![alert]).incident, &mut board);
        let of = |name: &str, measure| {
            let entity = EntityId::new(EntityKind::Database, name);
            board.alerted.speaks_of(&unjudged(&entity, FindingKind::MetricShift, "x", measure))
        };
        let lag = Some(Measure::ReplicationLag);
        (
            of("db-a-replica", lag),
            of("db-b", lag),
            of("db-a-replica", Some(Measure::Memory)),
            of("db-a-replica", None),
        )
    };
    assert_eq!(spoken(lag_alert()), (true, false, false, false));
    assert_eq!(spoken(Alert { state: AlertState::Resolved, ..lag_alert() }), (false, false, false, false));
}

#[test]
fn what_is_well_answers_an_alert_only_about_what_it_speaks_of() {
    let entity = EntityId::new(EntityKind::Database, "db-a-replica");
    let steady = |subject: &str, measure| {
        Draft {
            measure,
            ..Draft::new(FindingKind::MetricSteady, entity.clone(), subject, EvidenceId::of(&[subject]))
        }
        .finish()
    };
    let answers =
        |alert: Alert, finding: &Finding| answers_alerts(&orientation(vec![alert]).incident, &[finding]);
    let memory = steady("SwapUsage", Some(Measure::Memory));
    assert!(!answers(lag_alert(), &memory));
    assert!(answers(lag_alert(), &steady("ReplicaLag", Some(Measure::ReplicationLag))));
    let state = steady("Deployment shop/web", None);
    let asks = |summary: &str| Alert {
        name: "WebUnwell".to_owned(),
        summary: summary.to_owned(),
        annotations: [].into(),
        ..lag_alert()
    };
    assert!(!answers(asks("web is behind"), &state));
    assert!(answers(asks("a pod of web was pending for five minutes"), &state));
    assert!(!answers(asks("pods of web answer with errors"), &state));
    assert!(answers(Alert { state: AlertState::Resolved, ..lag_alert() }, &memory));
}
