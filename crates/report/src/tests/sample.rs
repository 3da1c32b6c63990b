//! A hand-made incident with neutral names that fills every field of a report, and one report per verdict.

use std::collections::BTreeMap;

use midwatch_model::*;

/// 2026-03-04 at the given hour, minute and second, UTC.
pub(super) fn at(hour: i64, minute: i64, second: i64) -> Timestamp {
    // 2026-03-04T00:00:00Z
    Timestamp::from_second(1_772_582_400 + hour * 3_600 + minute * 60 + second).unwrap()
}

pub(super) fn window(start: Timestamp, end: Timestamp) -> Window {
    Window::new(start, end).unwrap()
}

fn service(name: &str) -> EntityId {
    EntityId::service(name)
}

fn database() -> EntityId {
    let scope = Scope {
        org: Some("org-a".into()),
        environment: Some("prod".into()),
        cluster: Some("cluster-a".into()),
        namespace: Some("data".into()),
    };
    EntityId { kind: EntityKind::Database, scope, name: "db-a".into() }
}

pub(super) fn id(name: &str) -> EvidenceId {
    EvidenceId::of(&[name])
}

fn claim(text: &str, evidence: &[&str]) -> Claim {
    Claim::from_evidence(text, &evidence.iter().map(|name| id(name)).collect::<Vec<_>>()).unwrap()
}

fn onset(at: Timestamp, uncertainty_s: u32) -> Onset {
    Onset { at, uncertainty_s }
}

fn cited(name: &str, title: &str, signal: Signal, query: &str, answer: Answer) -> (EvidenceId, Evidence) {
    let citation = Citation {
        source: format!("{}-main", signal.as_str()),
        signal,
        query: query.into(),
        window: Some(window(at(14, 0, 0), at(15, 0, 0))),
        link: None,
    };
    let evidence = Evidence {
        id: id(name),
        title: title.into(),
        citation,
        answer,
        truncated: None,
        visibility: Visibility::Org,
    };
    (id(name), evidence)
}

/// One point a minute from 14:00, `before` until 14:53 and `after` from then on, with a little ripple.
fn minutes(name: &str, before: f64, after: f64) -> PointSeries {
    let times: Vec<Timestamp> = (0..60).map(|minute| at(14, minute, 0)).collect();
    let values = (0..60).map(|minute| {
        let level = if minute < 53 { before } else { after };
        (minute != 20).then_some(level * (1.0 + 0.05 * f64::from(minute % 4)))
    });
    PointSeries { name: name.into(), at: times.clone(), values: values.collect() }
}

fn evidence() -> BTreeMap<EvidenceId, Evidence> {
    let latency = Answer::Points { series: vec![minutes("svc-b p99", 92.0, 1_640.0)] };
    let calls = Answer::Points { series: vec![minutes("calls per request", 1.0, 15.0)] };
    let deploys = Answer::Rows {
        columns: vec!["at".into(), "service".into(), "version".into(), "commit".into()],
        rows: vec![vec!["14:51:30".into(), "svc-b".into(), "2.4.0".into(), "a1b2c3d".into()]],
        total: 1,
    };
    let diff = "@@ -10,6 +10,9 @@ fn prices(items)\n-    let all = store.prices(items.ids());\n+    for item in items {\n+\tlet one = store.price(item.id());\n+    }\n";
    let line = |second: i64| LogLine {
        at: Some(at(14, 53, second)),
        text: "request to svc-b took 1,702 ms, limit is 1,500 ms".into(),
        fields: BTreeMap::from([("level".to_owned(), "warn".to_owned()), ("trace".into(), "7f3a".into())]),
    };
    let logs = Answer::Logs { lines: vec![line(1), line(4), line(9), line(15), line(22)], total: 1_204 };
    let mut all: BTreeMap<EvidenceId, Evidence> = [
        cited(
            "alert",
            "Alert: latency of svc-a is high",
            Signal::Alerts,
            "alert payload",
            Answer::Text { text: "svc-a latency p99 above 1,000 ms for 3 minutes".into() },
        ),
        cited(
            "latency",
            "Latency p99 of svc-b by minute",
            Signal::Metrics,
            "p99(latency_ms{service=\"svc-b\"})",
            latency,
        ),
        cited(
            "calls",
            "Calls to db-a per request of svc-b",
            Signal::Traces,
            "count(child spans to db-a) by trace",
            calls,
        ),
        cited(
            "deploys",
            "Deploys between 13:00 and 15:00",
            Signal::Changes,
            "deploys where time in window",
            deploys,
        ),
        cited("diff", "Diff of a1b2c3d", Signal::Code, "diff a1b2c3d", Answer::Text { text: diff.into() }),
        cited(
            "slow-logs",
            "Slow calls logged by svc-a",
            Signal::Logs,
            "service=svc-a and message~\"took\"",
            logs,
        ),
        cited(
            "db",
            "Processor use of db-a",
            Signal::Metrics,
            "cpu{database=\"db-a\"}",
            Answer::Points { series: vec![minutes("db-a cpu", 0.41, 0.44)] },
        ),
        cited(
            "locks",
            "Lock waits of db-a",
            Signal::Metrics,
            "lock_waits{database=\"db-a\"}",
            Answer::Nothing,
        ),
        cited(
            "quota",
            "Quota events of the cluster",
            Signal::Inventory,
            "events of kind quota",
            Answer::Refused { message: "403: the token may not list events".into() },
        ),
        cited(
            "runbook",
            "Runbook: svc-b is slow",
            Signal::Documents,
            "svc-b slow",
            Answer::Text { text: "Roll back first, ask later.\nThe owner is team-b.".into() },
        ),
    ]
    .into();
    for (key, one) in &mut all {
        if *key == id("slow-logs") {
            one.truncated = Some("the source returns at most 5 lines of a sample".into());
            one.visibility = Visibility::Team;
        }
        if *key == id("deploys") {
            one.citation.link = Some("changes/deploys.csv:18".into());
        }
        if *key == id("latency") {
            one.citation.link = Some("https://metrics.example/explore?query=p99(latency_ms)&from=1772632800&to=1772636400&panel=svc-b".into());
        }
    }
    all
}

fn term(kind: TermKind, weight: f64, text: &str, evidence: &[&str]) -> Term {
    Term {
        kind,
        weight,
        text: text.into(),
        findings: evidence.iter().map(|name| FindingId::of(&[name])).collect(),
        evidence: evidence.iter().map(|name| id(name)).collect(),
        group: None,
    }
}

fn test(test: &str, would_refute: &str, seen: &str, outcome: TestOutcome, evidence: &[&str]) -> Refutation {
    Refutation {
        test: test.into(),
        would_refute: would_refute.into(),
        seen: seen.into(),
        outcome,
        evidence: evidence.iter().map(|name| id(name)).collect(),
    }
}

fn leader() -> Theory {
    let mut calls = term(TermKind::Support, 2.6, "calls to db-a per request went from 1 to 15", &["calls"]);
    calls.group = Some("fan-out".into());
    Theory {
        id: TheoryId::of(&["leader"]),
        mechanism: "n_plus_one".into(),
        title: "one query per item instead of one per request".into(),
        entity: service("svc-b"),
        fault_at: None,
        change_title: Some("deploy 41c9d02: read the items one by one".into()),
        change: Some(ChangeId::of(&["deploy"])),
        outside: false,
        score: 5.25,
        probability: Probability::Band { low: 0.7, high: 0.9, cases: 12 },
        status: TheoryStatus::Leading,
        terms: vec![
            term(TermKind::Prior, -2.1, "3 of 100 incidents are of this kind", &[]),
            calls,
            term(
                TermKind::Timing,
                1.9,
                "the deploy came 40 s before the latency rose",
                &["deploys", "latency"],
            ),
            term(TermKind::Behaviour, 2.4, "the diff moves a query into a loop over items", &["diff"]),
            term(
                TermKind::Position,
                0.75,
                "svc-b is the deepest slow service; what it calls is well",
                &["db", "latency"],
            ),
            term(TermKind::Contradiction, -0.3, "svc-c calls svc-b too and is not slow", &["slow-logs"]),
        ],
        refutations: vec![
            test(
                "load",
                "requests per second rose before the latency did",
                "requests per second stayed at 210",
                TestOutcome::Survived,
                &["latency"],
            ),
            test(
                "rollback",
                "latency stays high after a rollback",
                "no rollback so far",
                TestOutcome::NotRun,
                &[],
            ),
        ],
    }
}

fn competitor() -> Theory {
    Theory {
        id: TheoryId::of(&["competitor"]),
        mechanism: "unknown".into(),
        title: "something we have no name for".into(),
        entity: service("svc-b"),
        fault_at: None,
        change_title: None,
        change: None,
        outside: false,
        score: 1.1,
        probability: Probability::Point { value: 0.08, cases: 64 },
        status: TheoryStatus::Competing,
        terms: vec![
            term(TermKind::Prior, 1.5, "always possible", &[]),
            term(TermKind::Missing, -0.4, "nothing is left unexplained by the leading theory", &["latency"]),
        ],
        refutations: Vec::new(),
    }
}

fn ruled_out() -> Theory {
    Theory {
        id: TheoryId::of(&["ruled-out"]),
        mechanism: "lock_contention".into(),
        title: "queries wait for each other's locks".into(),
        entity: database(),
        fault_at: Some(service("svc-c")),
        change_title: None,
        change: None,
        outside: true,
        score: -3.2,
        probability: Probability::Point { value: 0.004, cases: 64 },
        status: TheoryStatus::RuledOut,
        terms: vec![term(TermKind::Test, -4.0, "no lock waits", &["locks"])],
        refutations: vec![
            test(
                "lock waits",
                "no session waits for a lock",
                "no lock waits at all",
                TestOutcome::Refuted,
                &["locks"],
            ),
            test("processor", "the processor is idle", "44 % busy", TestOutcome::Survived, &["db"]),
        ],
    }
}

fn incident() -> Incident {
    let alert = Alert {
        name: "latency-high".into(),
        summary: "svc-a latency p99 above 1,000 ms".into(),
        target: Some("svc-a".into()),
        metric: Some("latency_ms_p99".into()),
        threshold: Some(1_000.0),
        observed: Some(1_790.0),
        state: AlertState::Resolved,
        severity: Severity::Critical,
        fired_at: Some(at(14, 55, 0)),
        resolved_at: Some(at(15, 20, 0)),
        fingerprint: Some("f-1".into()),
        labels: BTreeMap::from([("team".into(), "team-a".into())]),
        annotations: BTreeMap::from([("description".into(), "more than one request in ten fails".into())]),
        link: Some("https://alerts.example/1".into()),
    };
    Incident {
        title: "latency of svc-a is high".into(),
        target: Some(service("svc-a")),
        fired_at: Some(at(14, 55, 0)),
        resolved_at: None,
        now: at(15, 0, 0),
        severity: Severity::Critical,
        owner: Owner::default(),
        alerts: vec![alert],
        evidence: vec![id("alert")],
    }
}

fn spread() -> Spread {
    let edge = |from: &str, to: EntityId, kind, name: &str| SpreadEdge {
        from: service(from),
        to,
        kind,
        evidence: vec![id(name)],
    };
    let victim = |name: &str, text: &str, cited: &str| Victim {
        entity: service(name),
        claim: claim(text, &[cited]),
        onset: Some(onset(at(14, 52, 40), 30)),
    };
    Spread {
        origin: Some(service("svc-b")),
        victims: vec![
            victim("svc-a", "p99 went from 130 ms to 1.8 s", "slow-logs"),
            victim("svc-d", "its queue of prices grows by 40 a minute", "calls"),
            victim("svc-e", "every fourth page is late", "slow-logs"),
        ],
        edges: vec![
            edge("svc-a", service("svc-b"), RelationKind::Calls, "slow-logs"),
            edge("svc-e", service("svc-a"), RelationKind::Calls, "slow-logs"),
            edge("svc-d", service("svc-b"), RelationKind::Consumes, "calls"),
        ],
    }
}

fn timeline() -> Vec<TimelineEvent> {
    let event = |at, kind, text: &str, cited: &str, leading| TimelineEvent {
        at,
        kind,
        entity: Some(service("svc-b")),
        claim: claim(text, &[cited]),
        change: None,
        leading,
    };
    let mut deploy =
        event(at(14, 51, 30), TimelineKind::Change, "deploy of svc-b 2.4.0 (a1b2c3d)", "deploys", true);
    deploy.change = Some(ChangeId::of(&["deploy"]));
    vec![
        event(at(-1, 58, 0), TimelineKind::Change, "nightly copy of db-a ran", "db", false),
        deploy,
        event(at(14, 52, 10), TimelineKind::Onset, "latency p99 left its normal range", "latency", true),
        event(at(14, 55, 0), TimelineKind::Alert, "latency of svc-a is high", "alert", false),
    ]
}

fn trail() -> Vec<TrailStep> {
    let step =
        |round: u16, index, name, agent: &str, question: &str, queries: &[&str], outcome: &str| TrailStep {
            step: StepId { round, index },
            round: name,
            agent: agent.into(),
            question: question.into(),
            queries: queries.iter().map(|query| (*query).to_owned()).collect(),
            calls: u32::try_from(queries.len()).unwrap(),
            outcome: outcome.into(),
            failed: false,
            truncated: Vec::new(),
        };
    let mut logs =
        step(1, 2, Round::Orient, "logs", "which messages of svc-a are new?", &["service=svc-a"], "1 surge");
    logs.truncated = vec!["5 of 1,204 lines were kept".into()];
    let mut cluster = step(
        2,
        1,
        Round::Localise,
        "infrastructure",
        "did the cluster change?",
        &["events of kind quota"],
        "403: the token may not list events",
    );
    cluster.failed = true;
    vec![
        step(
            1,
            1,
            Round::Orient,
            "metrics",
            "how did svc-a and its neighbours behave?",
            &["p99(latency_ms)", "rate(requests)"],
            "3 shifts, 9 steady",
        ),
        logs,
        cluster,
        step(
            3,
            1,
            Round::Attribute,
            "changes",
            "what changed before 14:52?",
            &["deploys where time in window"],
            "1 deploy",
        ),
    ]
}

/// A report that fills every field: cause found, with a band.
pub(super) fn cause_found() -> Report {
    Report {
        schema: REPORT_SCHEMA.into(),
        incident: incident(),
        window: window(at(14, 0, 0), at(15, 0, 0)),
        baseline: Some(window(at(13, 0, 0), at(14, 0, 0))),
        window_reason: "one hour shows 52 healthy minutes before the onset".into(),
        verdict: Verdict {
            kind: VerdictKind::CauseFound,
            sentence: "svc-a is slow because svc-b's 14:51 deploy (a1b2c3d, one query per item) multiplied calls to db-a by 15.".into(),
            evidence: vec![id("calls"), id("deploys"), id("diff")],
            theory: Some(TheoryId::of(&["leader"])),
            commit: Some("a1b2c3d".into()),
            margin: Some(4.15),
            probability: Some(Probability::Band { low: 0.7, high: 0.9, cases: 12 }),
        },
        recommendations: vec![
            Recommendation {
                title: "Roll svc-b back to 2.3.0".into(),
                why: claim("2.3.0 ran with one call per request until 14:51.", &["calls", "deploys"]),
                command: Some("deployctl rollback svc-b --to 2.3.0 --reason 'latency of svc-a' --wait 5m".into()),
                reversible: true,
            },
            Recommendation {
                title: "Tell team-b".into(),
                why: claim("The runbook names team-b as owner.", &["runbook"]),
                command: None,
                reversible: false,
            },
        ],
        theories: vec![leader(), competitor(), ruled_out()],
        against: vec![claim("svc-c calls svc-b as often and is not slow; its calls carry one item each.", &["slow-logs"])],
        checked_and_fine: vec![
            claim("db-a: processor use stayed at 44 %, no lock waits.", &["db", "locks"]),
            claim("Load: requests per second stayed at 210.", &["latency"]),
        ],
        noticed_elsewhere: vec![claim("db-z: disk used climbs towards its limit.", &["db"])],
        documents: vec![claim("The document \u{ab}Restarting svc-b\u{bb} names svc-b.", &["runbook"])],
        spread: spread(),
        impact: Impact {
            onset: Some(onset(at(14, 52, 10), 30)),
            ended_at: None,
            ongoing: true,
            failed_share: Some(0.12),
            failed_requests: Some(12_340.0),
            operations: vec!["GET /prices".into(), "POST /cart".into()],
            claims: vec![claim("Every eighth request to svc-a ran into its time limit.", &["slow-logs"])],
        },
        timeline: timeline(),
        gaps: vec![Gap {
            signal: Signal::Inventory,
            missing: "events of the cluster could not be listed".into(),
            grant: "let the token list events (read only)".into(),
            settles: "whether a quota slowed svc-b at the same minute".into(),
        }],
        damage: vec![
            Damage { file: "logs/svc-a.jsonl".into(), line: Some(4_711), rows: 3, reason: "the line ends inside a string".into() },
            Damage { file: "traces/part-2.bin".into(), line: None, rows: 120, reason: "unknown compression".into() },
        ],
        notes: vec![SourceNote {
            source: "snapshot".into(),
            text: "times of logs/svc-a.jsonl have no zone and are taken for UTC".into(),
        }],
        cuts: vec!["10 of 31 suspects looked at, most blamed first".into()],
        trail: trail(),
        charts: vec![
            Chart {
                title: "svc-b latency p99".into(),
                evidence: id("latency"),
                series: "svc-b p99".into(),
                unit: "ms".into(),
                normal: Some((88.0, 121.0)),
                onset: Some(at(14, 52, 10)),
                finding: Some(FindingId::of(&["latency"])),
            },
            Chart {
                title: "calls to db-a per request".into(),
                evidence: id("calls"),
                series: "calls per request".into(),
                unit: String::new(),
                normal: Some((1.0, 1.2)),
                onset: Some(at(14, 52, 0)),
                finding: None,
            },
        ],
        evidence: evidence(),
    }
}

/// One report per verdict, each as an investigation would end there.
pub(super) fn with_verdict(kind: VerdictKind) -> Report {
    let mut report = cause_found();
    report.verdict.kind = kind;
    if kind == VerdictKind::CauseFound {
        return report;
    }
    report.verdict.commit = None;
    report.verdict.theory = None;
    let (sentence, probability) = match kind {
        VerdictKind::Located => {
            let probability = Probability::Band { low: 0.6, high: 0.8, cases: 20 };
            report.theories =
                vec![Theory { status: TheoryStatus::Leading, probability, ..competitor() }, ruled_out()];
            report.verdict.theory = Some(TheoryId::of(&["competitor"]));
            (
                "svc-b is slow since 14:52 and makes svc-a slow; why is not known, its code and events could not be read.",
                Some(Probability::Band { low: 0.6, high: 0.8, cases: 20 }),
            )
        }
        VerdictKind::CausedOutside => {
            let load = Theory {
                outside: true,
                change: None,
                title: "requests rose threefold".into(),
                mechanism: "load".into(),
                ..leader()
            };
            report.theories = vec![load, competitor()];
            report.verdict.theory = Some(TheoryId::of(&["leader"]));
            (
                "svc-b is slow because three times as many requests arrive since 14:52; nothing we changed explains it.",
                Some(Probability::Point { value: 0.94, cases: 210 }),
            )
        }
        VerdictKind::HealthyOrRecovered => {
            report.theories.clear();
            report.against.clear();
            report.recommendations.clear();
            report.spread = Spread::default();
            report.incident.resolved_at = Some(at(14, 59, 0));
            report.impact =
                Impact { onset: report.impact.onset, ended_at: Some(at(14, 58, 0)), ..Impact::default() };
            ("svc-a was slow from 14:52 to 14:58 and is back in its normal range.", None)
        }
        VerdictKind::NotProven => {
            let suspect = Theory {
                status: TheoryStatus::Competing,
                probability: Probability::Band { low: 0.3, high: 0.5, cases: 0 },
                ..leader()
            };
            report.theories = vec![suspect, competitor(), ruled_out()];
            report.against.clear();
            (
                "two suspects for the latency of svc-a, svc-b's 14:51 deploy first.",
                Some(Probability::Band { low: 0.3, high: 0.5, cases: 0 }),
            )
        }
        _ => {
            report.theories.clear();
            report.against.clear();
            report.recommendations.clear();
            report.charts.clear();
            report.spread = Spread::default();
            report.impact = Impact::default();
            report.timeline.truncate(1);
            ("no metrics and no logs of svc-a reach back before the alert.", None)
        }
    };
    report.verdict.sentence = sentence.into();
    report.verdict.probability = probability;
    report
}

pub(super) const VERDICTS: [VerdictKind; 6] = [
    VerdictKind::CauseFound,
    VerdictKind::Located,
    VerdictKind::CausedOutside,
    VerdictKind::HealthyOrRecovered,
    VerdictKind::NotProven,
    VerdictKind::CannotTell,
];

pub(super) fn run_facts() -> RunFacts {
    RunFacts {
        investigation: InvestigationId("inv-1".into()),
        wall_ms: 3_420,
        calls: 12,
        version: "0.1.0".into(),
    }
}
