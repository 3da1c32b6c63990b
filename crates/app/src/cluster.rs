//! A cluster that was captured, checked.

use std::path::Path;

use midwatch_cluster::{Capture, Certainty, Context, Diagnosis, Fault, Picture, Standing};
use midwatch_connectors::{kubernetes, snapshot};
use midwatch_model::{
    CLUSTER_CHECK_SCHEMA, ClusterCheck, ClusterCount, ClusterFact, ClusterProblem, ProblemCertainty,
    ProblemStanding, SignedDuration, Timestamp, Window,
};
use midwatch_sources::{Ask, Configured, PrintoutQuery, Setting, Source};

use crate::AppError;
use crate::engine::block_on;

/// Where a capture comes from.
#[derive(Debug, Clone, Copy)]
pub enum ClusterInput<'a> {
    /// A file with what `kubectl` printed, or a snapshot directory.
    Path(&'a Path),
    /// Text that was piped in.
    Text(&'a str),
}

/// Things named that are not well and that nothing explains; the counts tell how many there are.
const UNEXPLAINED_MAX: usize = 20;

/// Files larger than this are refused.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Reads `inputs` as one capture and says what is wrong in that cluster.
///
/// # Errors
/// When an input cannot be opened, is larger than 1 GiB, or is a directory that is no snapshot. Text that is no cluster's is
/// no error: the report then has no counts, and names what could not be read.
pub fn check_cluster(inputs: &[ClusterInput<'_>]) -> Result<ClusterCheck, AppError> {
    let mut capture = Capture::default();
    for input in inputs {
        match input {
            ClusterInput::Text(text) => {
                capture.documents.extend(Capture::from_transcript("standard input", text).documents);
            }
            ClusterInput::Path(path) if path.is_dir() => {
                capture.documents.extend(of_snapshot(path)?.documents)
            }
            ClusterInput::Path(path) => {
                let text = text_of(path)?;
                capture
                    .documents
                    .extend(Capture::from_transcript(&path.display().to_string(), &text).documents);
            }
        }
    }
    Ok(check_captured(capture))
}

fn check_captured(capture: Capture) -> ClusterCheck {
    let picture = Picture::read(capture, None);
    let diagnosis = midwatch_cluster::diagnose(&picture, &Context::default());
    check_of(&picture, &diagnosis)
}

/// Asks a live cluster for everything and says what is wrong in it: the one of the kubeconfig's current context, or of `context`.
///
/// # Errors
/// When there is no kubeconfig, or the cluster does not answer.
pub fn check_live_cluster(context: Option<&str>) -> Result<ClusterCheck, AppError> {
    let settings = context
        .map(|context| ("context".to_owned(), Setting::Text(context.to_owned())))
        .into_iter()
        .collect();
    let spec = &kubernetes::SPEC;
    let configured = Configured::new(spec, context.unwrap_or(spec.id), settings)?;
    let Some(connect) = spec.connect else { return Ok(check_captured(Capture::default())) };
    Ok(check_captured(asked(connect(&configured)?.as_ref())?))
}

fn text_of(path: &Path) -> Result<String, AppError> {
    let failed = |cause: std::io::Error| AppError::Io { path: path.to_owned(), operation: "read it", cause };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(failed(std::io::Error::other("it is larger than 1 GiB; split it by namespace")));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    Ok(String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes)).into_owned())
}

/// What a snapshot holds of a cluster.
fn of_snapshot(directory: &Path) -> Result<Capture, AppError> {
    asked(&snapshot::open(directory)?)
}

/// Everything a source tells of a cluster.
fn asked(source: &dyn Source) -> Result<Capture, AppError> {
    let mut capture = Capture::default();
    let Some(infrastructure) = source.infrastructure() else { return Ok(capture) };
    // A capture is of one instant and no window cuts it; any will do.
    let Some(window) = Window::ending(Timestamp::UNIX_EPOCH, SignedDuration::from_hours(1)) else {
        return Ok(capture);
    };
    let ask = Ask::new(PrintoutQuery::default(), window);
    let fetched = block_on(infrastructure.printouts(&ask))??;
    for printout in fetched.data().into_iter().flatten() {
        capture.push(printout.command.as_str(), printout.text.as_str());
    }
    Ok(capture)
}

/// A diagnosis as a report.
fn check_of(picture: &Picture, diagnosis: &Diagnosis) -> ClusterCheck {
    let count = |count: midwatch_cluster::Count| ClusterCount {
        what: count.what.to_owned(),
        all: count.all as u64,
        well: count.well as u64,
    };
    let unexplained = midwatch_cluster::unexplained(picture, diagnosis).into_iter();
    let mut missing: Vec<String> =
        unexplained.map(|unexplained| format!("{}: {}", unexplained.said, unexplained.ask)).collect();
    missing.truncate(UNEXPLAINED_MAX);
    missing.extend(midwatch_cluster::missing(picture));
    ClusterCheck {
        schema: CLUSTER_CHECK_SCHEMA,
        problems: diagnosis.faults.iter().map(problem).collect(),
        counts: midwatch_cluster::counts(picture).into_iter().map(count).collect(),
        unread: picture.unread.iter().map(|unread| format!("{}: {}", unread.source, unread.why)).collect(),
        missing,
    }
}

fn problem(fault: &Fault) -> ClusterProblem {
    ClusterProblem {
        kind: fault.kind.as_str().to_owned(),
        subject: fault.subject.clone(),
        stage: fault.kind.stage().as_str().to_owned(),
        object: fault.object.to_string(),
        standing: match fault.standing {
            Standing::Active => ProblemStanding::Active,
            Standing::Latent => ProblemStanding::Latent,
            Standing::Recovered => ProblemStanding::Recovered,
        },
        certainty: match fault.certainty {
            Certainty::Stated => ProblemCertainty::Stated,
            Certainty::Shown => ProblemCertainty::Shown,
            Certainty::Suspected => ProblemCertainty::Suspected,
        },
        summary: fault.summary.clone(),
        facts: fault
            .facts
            .iter()
            .map(|fact| ClusterFact {
                statement: fact.statement.clone(),
                source: fact.source.clone(),
                quote: fact.quote.clone(),
                worked_out: fact.is_worked_out(),
            })
            .collect(),
        explains: fault.explains.iter().map(ToString::to_string).collect(),
        could_also_be: fault.neighbours.iter().map(|kind| kind.as_str().to_owned()).collect(),
        remedy: fault.remedy.clone(),
    }
}

#[cfg(test)]
mod tests {
    use midwatch_investigate::{Progress, Watcher};
    use midwatch_model::{Report, VerdictKind};

    use super::*;
    use crate::{Asked, RecordTo, Work, mechanisms, opening, run, snapshot_sources};

    /// What [`ALERT`] is about was not captured.
    const ALERT: &str = r#"{"name": "Errors", "target": "front", "fired_at": "2026-01-01T01:00:00Z",
        "summary": "front fails"}"#;

    const PODS: &str = "$ kubectl get pods -n shop\n\
        NAME                    READY   STATUS             RESTARTS      AGE\n\
        web-5d9c7b6f4-x2x9k     0/1     CrashLoopBackOff   7 (62s ago)   20m\n\
        web-5d9c7b6f4-pd8lx     0/1     CrashLoopBackOff   8 (32s ago)   20m\n";

    const MORE: &str = "$ kubectl logs web-5d9c7b6f4-x2x9k -n shop --previous\n\
        2026-01-01T00:58:00Z panic: no config\n\
        $ kubectl get events -n shop\n\
        LAST SEEN   TYPE      REASON             OBJECT       MESSAGE\n\
        2m          Warning   FailedScheduling   pod/cart-0   0/3 nodes are available: 3 Insufficient cpu.\n\
        $ kubectl get pod cart-0 -n shop\n\
        NAME     READY   STATUS    RESTARTS   AGE\n\
        cart-0   0/1     Pending   0          20m\n";

    struct Deaf;

    impl Watcher for Deaf {
        fn saw(&self, _progress: Progress) {}
    }

    fn investigated(directory: &Path) -> Report {
        let sources = snapshot_sources(directory).unwrap();
        let opening = opening(&sources, &Asked::default()).unwrap();
        let work = Work { opening, sources, mechanisms: mechanisms(None).unwrap() };
        run(&work, &RecordTo::Nowhere, &Deaf).unwrap().report
    }

    /// The check and the investigation of one snapshot.
    fn both(session: &str) -> (ClusterCheck, Report) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("alert.json"), ALERT).unwrap();
        std::fs::create_dir(directory.path().join("kubernetes")).unwrap();
        std::fs::write(directory.path().join("kubernetes/session.txt"), session).unwrap();
        let check = check_cluster(&[ClusterInput::Path(directory.path())]).unwrap();
        (check, investigated(directory.path()))
    }

    #[test]
    fn what_the_check_calls_wrong_is_named_by_the_investigation() {
        for (session, problems) in [(PODS.to_owned(), 1), (format!("{PODS}{MORE}"), 2)] {
            let (check, report) = both(&session);
            let active: Vec<&ClusterProblem> =
                check.problems.iter().filter(|one| one.standing == ProblemStanding::Active).collect();
            assert_eq!(active.len(), problems, "{check:#?}");
            let told = serde_json::to_string(&report).unwrap();
            for problem in active {
                let summary = serde_json::to_string(&problem.summary).unwrap();
                assert!(told.contains(summary.trim_matches('"')), "{summary} is not in the report");
            }
            assert_ne!(report.verdict.kind, VerdictKind::CannotTell, "{}", report.verdict.sentence);
        }
    }

    #[test]
    fn a_symptom_is_located_and_comes_with_what_would_tell() {
        let (_, report) = both(PODS);
        assert_eq!(report.verdict.kind, VerdictKind::Located, "{}", report.verdict.sentence);
        assert!(
            report.verdict.sentence.contains("`kubectl logs web-5d9c7b6f4-"),
            "{}",
            report.verdict.sentence
        );
    }
}
