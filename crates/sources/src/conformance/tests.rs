//! A source that keeps every rule passes; for each rule a source that breaks just that one is caught.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::series::{Series, SeriesKey, SeriesSet};
use midwatch_model::{
    Change, ChangeId, ChangeKind, Citation, ContentId, EntityId, Signal, Timestamp, Unit, Window,
};

use super::{Case, Check, run};
use crate::{
    Answering, Ask, ChangeQuery, Changes, Coverage, ErrorKind, Fetched, MetricQuery, Metrics, Probe, Source,
    SourceError, Spec, Total,
};

static SPEC: Spec =
    Spec { id: "made", title: "Made", signals: &[Signal::Metrics, Signal::Changes], ..Spec::EMPTY };

/// The rule a source breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    StatesTooMuch,
    ServesUndeclared,
    ServesUnstated,
    Panics,
    Fails,
    IncludesEnd,
    ExcludesStart,
    EmptyIsAnError,
    EmptyIsFound,
    IgnoresLimit,
    HidesCut,
    Wavers,
    CitesAnother,
    CitesNoQuery,
    SilentProbe,
    ShowsSecret,
    Renames,
}

struct Made {
    fault: Fault,
    calls: AtomicU64,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

impl Made {
    fn new(fault: Fault) -> Made {
        Made { fault, calls: AtomicU64::new(0) }
    }

    fn holds(&self, window: Window, second: i64) -> bool {
        let moment = at(second);
        match self.fault {
            Fault::IncludesEnd => window.start() <= moment && moment <= window.end(),
            Fault::ExcludesStart => window.start() < moment && moment < window.end(),
            _ => window.contains(moment),
        }
    }

    fn citation(&self, signal: Signal, window: Window) -> Citation {
        let source = if self.fault == Fault::CitesAnother { "other" } else { "made" };
        let query = match self.fault {
            Fault::CitesNoQuery => "",
            Fault::ShowsSecret => "token=hunter2",
            _ => "everything",
        };
        Citation { source: source.into(), signal, query: query.into(), window: Some(window), link: None }
    }

    fn series_now(&self, ask: &Ask<MetricQuery>) -> Result<Fetched<SeriesSet>, SourceError> {
        assert!(self.fault != Fault::Panics, "made to panic");
        if self.fault == Fault::Fails {
            return Err(SourceError::new(ErrorKind::Unavailable, "made", "ask", "made to fail"));
        }
        let points: Vec<(i64, f64)> = (10..20)
            .filter(|second| self.holds(ask.window, *second))
            .map(|second| (second * 1_000_000_000, second as f64))
            .collect();
        let citation = self.citation(Signal::Metrics, ask.window);
        if points.is_empty() && self.fault == Fault::EmptyIsAnError {
            return Err(SourceError::new(ErrorKind::NotFound, "made", "ask", "nothing there"));
        }
        if points.is_empty() && self.fault != Fault::EmptyIsFound {
            return Ok(Fetched::Nothing { searched: citation });
        }
        let total = points.len();
        let keep = if self.fault == Fault::IgnoresLimit { total } else { total.min(ask.limits.points_max) };
        let entity = EntityId::service(if self.fault == Fault::Renames { "svc-b" } else { "svc-a" });
        let key = SeriesKey {
            entity,
            metric: "load".into(),
            labels: Default::default(),
            unit: Unit::Count,
            counter: None,
        };
        let mut series = Series::from_points(key, points.into_iter().take(keep).collect());
        if self.fault == Fault::Wavers
            && let Some(value) = series.values.first_mut()
        {
            *value = self.calls.fetch_add(1, Ordering::Relaxed) as f64;
        }
        let cut = (keep < total).then_some(Total { kept: keep as u64, total: total as u64 });
        let truncated = cut.filter(|_| self.fault != Fault::HidesCut);
        Ok(Fetched::Found { data: SeriesSet::new(vec![series]), citation, truncated })
    }
}

impl Source for Made {
    fn name(&self) -> &str {
        "made"
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        let mut signals = vec![Signal::Metrics];
        if self.fault == Fault::StatesTooMuch {
            signals.push(Signal::Logs);
        }
        if self.fault == Fault::ServesUndeclared {
            signals.push(Signal::Changes);
        }
        std::future::ready(Ok(Coverage { signals, ..Coverage::default() })).boxed()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        let detail = if self.fault == Fault::SilentProbe { "" } else { "made of nothing" };
        std::future::ready(Probe { reachable: true, missing_permissions: Vec::new(), detail: detail.into() })
            .boxed()
    }
    fn metrics(&self) -> Option<&dyn Metrics> {
        Some(self)
    }
    fn changes(&self) -> Option<&dyn Changes> {
        let serves = matches!(self.fault, Fault::ServesUndeclared | Fault::ServesUnstated);
        serves.then_some(self as &dyn Changes)
    }
}

impl Metrics for Made {
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet> {
        async move { self.series_now(ask) }.boxed()
    }
}

impl Changes for Made {
    fn changes<'a>(&'a self, ask: &'a Ask<ChangeQuery>) -> Answering<'a, Vec<Change>> {
        let change = Change {
            id: ChangeId::of(&["x"]),
            kind: ChangeKind::Flag,
            at: at(12),
            entity: None,
            reference: "x".into(),
            title: "x".into(),
            actor: None,
            commit_sha: None,
            commit: None,
            link: None,
        };
        let citation = self.citation(Signal::Changes, ask.window);
        let answer = match self.holds(ask.window, 12) {
            true => Fetched::Found { data: vec![change], citation, truncated: None },
            false => Fetched::Nothing { searched: citation },
        };
        std::future::ready(Ok(answer)).boxed()
    }
}

fn case() -> Case {
    let full = Window::new(at(10), at(20)).unwrap();
    let empty = Window::new(at(100), at(200)).unwrap();
    Case { secrets: vec!["hunter2".into()], ..Case::new(full, empty, &[Signal::Metrics]) }
}

async fn broken(fault: Fault) -> Vec<Check> {
    let spec = match fault {
        Fault::ServesUndeclared => Spec { signals: &[Signal::Metrics], ..SPEC },
        _ => SPEC,
    };
    let mut checks: Vec<Check> = run(&spec, Arc::new(Made::new(fault)), &case())
        .await
        .iter()
        .map(|violation| violation.check)
        .collect();
    checks.dedup();
    checks
}

#[tokio::test]
async fn a_source_that_keeps_every_rule_passes() {
    let mut case = case();
    case.with_unknown_fields = Some(Arc::new(Made::new(Fault::None)));
    assert_eq!(run(&SPEC, Arc::new(Made::new(Fault::None)), &case).await, []);
}

#[tokio::test]
async fn each_broken_rule_is_caught() {
    let table = [
        (Fault::StatesTooMuch, Check::Signals),
        (Fault::ServesUndeclared, Check::Signals),
        (Fault::ServesUnstated, Check::Signals),
        // A record knows the signals by the coverage, so it cannot replay what that keeps silent about.
        (Fault::ServesUnstated, Check::Replay),
        (Fault::Panics, Check::NoPanic),
        (Fault::Fails, Check::Answers),
        (Fault::IncludesEnd, Check::Window),
        (Fault::ExcludesStart, Check::Window),
        (Fault::EmptyIsAnError, Check::Answers),
        (Fault::EmptyIsFound, Check::Empty),
        (Fault::IgnoresLimit, Check::Limits),
        (Fault::HidesCut, Check::Limits),
        (Fault::Wavers, Check::SameBytes),
        (Fault::CitesAnother, Check::Citation),
        (Fault::CitesNoQuery, Check::Citation),
        (Fault::SilentProbe, Check::Probe),
        (Fault::ShowsSecret, Check::Secrets),
    ];
    for (fault, check) in table {
        let found = broken(fault).await;
        assert!(found.contains(&check), "expected {check:?}, found {found:?}");
    }
}

#[tokio::test]
async fn missing_data_and_unknown_fields_are_caught() {
    let mut wanted = case();
    wanted.signals.push(Signal::Traces);
    wanted.with_unknown_fields = Some(Arc::new(Made::new(Fault::Renames)));
    let found = run(&SPEC, Arc::new(Made::new(Fault::None)), &wanted).await;
    let checks: Vec<(Check, &str)> =
        found.iter().map(|violation| (violation.check, violation.operation)).collect();
    assert!(checks.contains(&(Check::Signals, "coverage")), "{checks:?}");
    assert!(checks.contains(&(Check::UnknownFields, "series")), "{checks:?}");
}

/// A source that answers the first question otherwise than later ones.
struct Fickle(Made);

impl Source for Fickle {
    fn name(&self) -> &str {
        "made"
    }
    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        self.0.coverage()
    }
    fn probe(&self) -> BoxFuture<'_, Probe> {
        self.0.probe()
    }
    fn metrics(&self) -> Option<&dyn Metrics> {
        Some(self)
    }
}

impl Metrics for Fickle {
    fn series<'a>(&'a self, ask: &'a Ask<MetricQuery>) -> Answering<'a, SeriesSet> {
        async move {
            let mut answer = self.0.series_now(ask)?;
            if let Fetched::Found { data, .. } = &mut answer {
                for series in &mut data.series {
                    series.key.counter = Some(self.0.calls.fetch_add(1, Ordering::Relaxed) == 0);
                }
            }
            Ok(answer)
        }
        .boxed()
    }
}

#[tokio::test]
async fn the_recorder_serves_one_state_of_the_world() {
    let found = run(&SPEC, Arc::new(Fickle(Made::new(Fault::None))), &case()).await;
    let checks: Vec<Check> = found.iter().map(|violation| violation.check).collect();
    assert!(checks.contains(&Check::SameBytes), "{checks:?}");
    // Whatever the source does between calls, a record of one run replays to that run.
    assert!(!checks.contains(&Check::Replay), "{checks:?}");
}
