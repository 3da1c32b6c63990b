//! One agent left out at a time, and the same work five times over.

use midwatch_app::agent_names;
use midwatch_app::incidents;
use midwatch_model::Signal;

use crate::incident::{WHOLE, copy, look};

#[test]
fn without_any_one_agent_there_is_a_report_that_says_what_is_missing() {
    for id in incidents::ids() {
        let unpacked = incidents::unpack(Some(id)).unwrap();
        let whole = look(&unpacked.snapshot(), &[]).unwrap();
        assert!(!whole.losses().contains("switched off"), "{id}: {}", whole.losses());
        let asked = |agent: &str| whole.report.trail.iter().any(|step| step.agent == agent);
        // Whoever had nothing to do is not missed.
        for agent in agent_names().iter().filter(|agent| asked(agent)) {
            let seen = look(&unpacked.snapshot(), &[agent]).unwrap();
            let missing = format!("the {agent} agent was switched off");
            let named: Vec<_> = seen.report.gaps.iter().filter(|gap| gap.missing == missing).collect();
            assert_eq!(named.len(), 1, "{id} without {agent}: {}", seen.losses());
            assert!(!named[0].settles.is_empty() && named[0].grant.contains(agent), "{:?}", named[0]);
            assert!(seen.report.trail.iter().all(|step| step.agent != *agent), "{id} without {agent}");
            for text in [&seen.markdown, &seen.terminal] {
                assert!(text.contains(&missing), "{id} without {agent}: not in the text");
            }
        }
    }
}

#[test]
fn every_signal_of_the_incident_has_its_agent() {
    for agent in ["metrics", "logs", "traces", "changes", "code"] {
        assert!(agent_names().contains(&agent), "{agent}");
        assert!(WHOLE.report.trail.iter().any(|step| step.agent == agent), "{agent} was not asked");
    }
}

#[test]
fn without_any_agent_nothing_is_claimed() {
    let seen = look(&copy().snapshot(), &agent_names()).unwrap();
    let missing: Vec<&str> = seen.report.gaps.iter().map(|gap| gap.missing.as_str()).collect();
    for agent in ["metrics", "logs", "traces", "changes"] {
        assert!(missing.contains(&format!("the {agent} agent was switched off").as_str()), "{missing:?}");
    }
    assert!(seen.report.theories.is_empty() && seen.report.verdict.theory.is_none());
}

#[test]
fn a_signal_that_is_not_there_is_a_gap() {
    for (file, signal) in [("logs.ndjson", Signal::Logs), ("traces.json", Signal::Traces)] {
        let less = copy();
        std::fs::remove_file(less.snapshot().join(file)).unwrap();
        let seen = look(&less.snapshot(), &[]).unwrap();
        assert!(seen.report.gaps.iter().any(|gap| gap.signal == signal), "{file}: {}", seen.losses());
    }
}

#[test]
fn five_runs_give_the_same_bytes() {
    for id in incidents::ids() {
        let first = look(&incidents::unpack(Some(id)).unwrap().snapshot(), &[]).unwrap();
        for _ in 0..4 {
            let again = look(&incidents::unpack(Some(id)).unwrap().snapshot(), &[]).unwrap();
            assert_eq!(first.json, again.json, "{id}");
            assert_eq!(first.markdown, again.markdown, "{id}");
            assert_eq!(first.terminal, again.terminal, "{id}");
        }
    }
    assert!(WHOLE.answer().contains("CauseFound"), "{}", WHOLE.answer());
}
