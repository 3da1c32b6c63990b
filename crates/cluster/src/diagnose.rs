//! Weighs what the reasoners found: one fault has many symptoms, and the first broken link is the one to mend.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::context::Context;
use crate::fault::{Certainty, Fault, FaultKind, Standing};
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Fact, Picture};
use crate::reason;
use crate::reason::workload::guessed_owner;

/// What is wrong in a cluster, the likeliest cause first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnosis {
    /// Faults, ranked: those that do harm now first, among them those that explain most that nothing before them
    /// explains, best shown first.
    pub faults: Vec<Fault>,
}

/// Says what is wrong.
pub fn diagnose(picture: &Picture, context: &Context) -> Diagnosis {
    let mut faults: Vec<Fault> =
        reason::ALL.iter().flat_map(|(_, reasoner)| reasoner(picture, context)).collect();
    for fault in &mut faults {
        fault.explains.sort();
        fault.explains.dedup();
    }
    let mut faults = rank(faults);
    say_guessed_owners(picture, &mut faults);
    Diagnosis { faults }
}

/// Faults of workloads that nothing captured names say how their pods were told to belong together.
fn say_guessed_owners(picture: &Picture, faults: &mut [Fault]) {
    let is_uncaptured =
        |key: &ObjectKey| picture.deployments.get(&key.namespace, &key.name).present().is_none();
    let asked: BTreeSet<ObjectKey> = faults
        .iter()
        .map(|fault| &fault.object)
        .filter(|key| key.kind == Kind::Deployment && is_uncaptured(key))
        .cloned()
        .collect();
    if asked.is_empty() {
        return;
    }
    let mut told: BTreeMap<ObjectKey, Fact> = BTreeMap::new();
    for pod in picture.pods.iter() {
        if let Some((owner, how)) = guessed_owner(pod)
            && asked.contains(&owner)
        {
            let statement = format!(
                "{owner} was not captured; {} is taken for one of its pods by {how}, a hint and no proof",
                pod.key.name
            );
            told.entry(owner).or_insert_with(|| picture.fact(&pod.key, &pod.key.name, statement));
        }
    }
    for fault in faults {
        fault.facts.extend(told.get(&fault.object).cloned());
    }
}

/// A fault that waits for its place, with the weight it had when it was last weighed.
struct Waiting {
    weight: f64,
    /// Its place in the reasoners' order, which decides between equals.
    at: usize,
    fault: Fault,
}

impl Ord for Waiting {
    /// What does harm now stands before what does none, whatever it weighs.
    fn cmp(&self, other: &Waiting) -> Ordering {
        let standing = other.fault.standing.cmp(&self.fault.standing);
        standing.then(self.weight.total_cmp(&other.weight)).then_with(|| other.at.cmp(&self.at))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

/// Greedy cover: each place goes to the fault that weighs most over what is still unexplained. Weights only fall as
/// more is explained, so one that still weighs as much as when it was last weighed is the heaviest (Minoux 1978); few
/// are weighed again, and a cluster in which thousands of things are broken takes no longer for it.
fn rank(faults: Vec<Fault>) -> Vec<Fault> {
    let mut ranked: Vec<Fault> = Vec::new();
    let mut explained = Explained::default();
    let mut seen: BTreeSet<(FaultKind, ObjectKey, String)> = BTreeSet::new();
    let mut left: BinaryHeap<Waiting> = faults
        .into_iter()
        .enumerate()
        .map(|(at, fault)| Waiting { weight: weight(&fault, &explained.by_any), at, fault })
        .collect();
    while let Some(mut top) = left.pop() {
        let now = weight(&top.fault, &explained.by_any);
        if now < top.weight {
            top.weight = now;
            left.push(top);
            continue;
        }
        if explained.is_known_symptom(&top.fault) {
            continue;
        }
        explained.add(&top.fault);
        if seen.insert((top.fault.kind, top.fault.object.clone(), top.fault.subject.clone())) {
            ranked.push(top.fault);
        }
    }
    ranked
}

/// What the faults that have their place explain.
#[derive(Default)]
struct Explained {
    /// By any of them.
    by_any: BTreeSet<ObjectKey>,
    /// By one that does harm now.
    by_active: BTreeSet<ObjectKey>,
    /// By one that does harm now, is more than a symptom, and of which more than one indirect sign is known.
    by_cause: BTreeSet<ObjectKey>,
}

impl Explained {
    fn add(&mut self, fault: &Fault) {
        self.by_any.extend(fault.explains.iter().cloned());
        if fault.standing != Standing::Active {
            return;
        }
        self.by_active.extend(fault.explains.iter().cloned());
        if !fault.kind.is_symptom() && fault.certainty > Certainty::Suspected {
            self.by_cause.extend(fault.explains.iter().cloned());
        }
    }

    /// A symptom of what is already explained: that a program ends or is unready says nothing more once its cause is
    /// known. Another symptom is no cause of it. That a rollout waits says nothing more as soon as anything says why.
    fn is_known_symptom(&self, fault: &Fault) -> bool {
        let by = if announces(fault.kind) { &self.by_active } else { &self.by_cause };
        fault.kind.is_symptom()
            && fault.standing == Standing::Active
            && fault.certainty == Certainty::Suspected
            && by.contains(&fault.object)
    }
}

/// Whether a fault only tells that something below it did not come to its end.
fn announces(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::RolloutStuck | FaultKind::JobFailed)
}

fn weight(fault: &Fault, explained: &BTreeSet<ObjectKey>) -> f64 {
    let certainty = match fault.certainty {
        // However surely a job or a rollout failed, what made it fail comes first.
        _ if announces(fault.kind) => 0.5,
        Certainty::Stated => 4.0,
        Certainty::Shown => 3.0,
        Certainty::Suspected => 1.0,
    };
    let fresh = fault.explains.iter().filter(|key| !explained.contains(*key)).count();
    // Earlier stages hide later ones, so between equals the earlier is the cause.
    let stage = -0.05 * f64::from(fault.kind.stage() as u8);
    let none_left = if fresh == 0 && !fault.explains.is_empty() { -3.0 } else { 0.0 };
    certainty + 0.8 * (1.0 + fresh as f64).ln() + stage + none_left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;

    fn fault(kind: FaultKind, subject: &str, name: &str, standing: Standing, certainty: Certainty) -> Fault {
        let object = ObjectKey::new(Kind::Deployment, "shop", name);
        Fault {
            kind,
            subject: subject.to_owned(),
            explains: vec![object.clone()],
            object,
            standing,
            certainty,
            summary: String::new(),
            facts: Vec::new(),
            neighbours: Vec::new(),
            remedy: String::new(),
        }
    }

    #[track_caller]
    fn check(faults: Vec<Fault>, wanted: &[(FaultKind, &str)]) {
        let ranked = rank(faults);
        let found: Vec<_> = ranked.iter().map(|fault| (fault.kind, fault.subject.as_str())).collect();
        assert_eq!(found, wanted);
    }

    use Certainty::{Shown, Stated, Suspected};
    use FaultKind::{ConfigMapMissing, CrashLoop, JobFailed, OutOfMemory, RolloutStuck};
    use Standing::{Active, Latent, Recovered};

    #[test]
    fn what_does_harm_now_comes_first() {
        check(
            vec![
                fault(OutOfMemory, "", "a", Recovered, Stated),
                fault(ConfigMapMissing, "", "b", Latent, Stated),
                fault(CrashLoop, "1", "c", Active, Suspected),
                fault(CrashLoop, "2", "c", Active, Suspected),
            ],
            &[(CrashLoop, "1"), (CrashLoop, "2"), (ConfigMapMissing, ""), (OutOfMemory, "")],
        );
    }

    #[test]
    fn only_a_cause_explains_a_crash_away() {
        let crash = || fault(CrashLoop, "1", "a", Active, Suspected);
        let kept = [(OutOfMemory, "main"), (CrashLoop, "1")];
        check(vec![fault(OutOfMemory, "main", "a", Active, Stated), crash()], &kept[..1]);
        check(vec![fault(OutOfMemory, "main", "a", Active, Suspected), crash()], &kept);
        check(vec![fault(OutOfMemory, "main", "a", Recovered, Stated), crash()], &[kept[1], kept[0]]);
        // A crash that is shown to be one of its own stays.
        let own = fault(CrashLoop, "1", "a", Active, Shown);
        check(vec![fault(OutOfMemory, "main", "a", Active, Stated), own], &kept);
    }

    #[test]
    fn what_made_it_fail_comes_before_that_it_failed() {
        check(
            vec![fault(JobFailed, "", "a", Active, Stated), fault(CrashLoop, "1", "a", Active, Suspected)],
            &[(CrashLoop, "1"), (JobFailed, "")],
        );
        check(
            vec![
                fault(RolloutStuck, "", "a", Active, Suspected),
                fault(CrashLoop, "1", "a", Active, Suspected),
            ],
            &[(CrashLoop, "1")],
        );
    }

    #[test]
    fn one_kind_may_be_broken_in_two_ways() {
        check(
            vec![
                fault(ConfigMapMissing, "one", "a", Active, Stated),
                fault(ConfigMapMissing, "two", "a", Active, Stated),
                fault(ConfigMapMissing, "two", "a", Active, Stated),
            ],
            &[(ConfigMapMissing, "one"), (ConfigMapMissing, "two")],
        );
    }

    const ROWS: &str = "NAME                   READY   STATUS             RESTARTS      AGE\n\
        web-5d9c7b6f4-abcde    0/1     CrashLoopBackOff   7 (62s ago)   20m\n\
        web-5d9c7b6f4-fghij    0/1     CrashLoopBackOff   8 (32s ago)   20m\n";

    #[test]
    fn pods_of_one_uncaptured_owner_are_one_problem_and_say_so() {
        let labelled = |suffix: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web-5d9c7b6f4-{suffix}, namespace: shop, uid: {suffix}, \
                 labels: {{pod-template-hash: 5d9c7b6f4}}}}\nstatus: {{phase: Running, containerStatuses: [{{name: main, ready: \
                 false, restartCount: 7, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: \
                 1}}}}}}]}}\n"
            )
        };
        let yaml = format!("{}{}", labelled("abcde"), labelled("fghij"));
        for (command, text) in
            [("kubectl get pods -n shop", ROWS), ("kubectl get pods -n shop -o yaml", &yaml)]
        {
            let mut capture = Capture::default();
            capture.push(command, text);
            let found = diagnose(&Picture::read(capture, None), &Context::default());
            let [only] = found.faults.as_slice() else { panic!("{:#?}", found.faults) };
            assert_eq!(only.object, ObjectKey::new(Kind::Deployment, "shop", "web"));
            assert!(
                only.facts.iter().any(|fact| fact.statement.contains("a hint and no proof")),
                "{only:#?}"
            );
        }
        // A bare pod is its own, and so are pods of which the labels are known and tell of no template.
        let mut capture = Capture::default();
        capture.push("kubectl get pods -n shop -o yaml", yaml.replace("pod-template-hash", "app"));
        let found = diagnose(&Picture::read(capture, None), &Context::default());
        assert_eq!(found.faults.len(), 2);
    }
}
