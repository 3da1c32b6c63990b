//! How much of a cluster is well, counted, and what a full check would need besides.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Node;
use serde_json::Value;

use crate::diagnose::Diagnosis;
use crate::fault::Standing;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Objects, Picture, Record};
use crate::reason::{rollouts, symptoms, workload};
use crate::remedy;

/// How many of one kind there are, and how many are well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// `pods`, `nodes`.
    pub what: &'static str,
    /// All of them.
    pub all: usize,
    /// Those that are well.
    pub well: usize,
}

/// Counts of what the capture holds; kinds it does not hold are left out. Pods that are leaving in good order, and
/// those that ended while their owner has all it wants, count neither way.
pub fn counts(picture: &Picture) -> Vec<Count> {
    let mut counts = Vec::new();
    let mut add = |what: &'static str, all: usize, well: usize| {
        if all > 0 {
            counts.push(Count { what, all, well });
        }
    };
    add("nodes", picture.nodes.len(), picture.nodes.iter().filter(|node| is_ready(node)).count());
    let all = workload::workloads(picture);
    let sized: Vec<_> = all.iter().filter(|workload| workload.wanted.is_some()).collect();
    add("workloads", sized.len(), sized.iter().filter(|workload| !workload.lacks_pods()).count());
    let lost: BTreeSet<&str> =
        picture.nodes.iter().filter(|node| !is_ready(node)).map(|node| node.key.name.as_str()).collect();
    let (mut pods, mut well) = (0, 0);
    for workload in &all {
        let has_all = workload.wanted.is_some() && !workload.lacks_pods();
        for (pod, state) in workload.states() {
            let node = pod.object.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
            let is_stuck = node.is_some_and(|node| lost.contains(node));
            if (state.is_leaving() && !is_stuck)
                || (symptoms::is_over(&state) && !state.is_leaving() && has_all)
            {
                continue;
            }
            pods += 1;
            well += usize::from(state.is_well());
        }
    }
    add("pods", pods, well);
    let bound = picture.claims.iter().filter(|claim| {
        claim.object.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound")
    });
    add("volume claims", picture.claims.len(), bound.count());
    let seeing = picture.autoscalers.iter().filter(|scaler| rollouts::can_see(picture, scaler));
    add("autoscalers", picture.autoscalers.len(), seeing.count());
    let certificates = || {
        picture.others.iter().filter(|((key, _), _)| key.kind == Kind::Certificate).map(|(_, record)| record)
    };
    add(
        "certificates",
        certificates().count(),
        certificates().filter(|record| is_issued(&record.object)).count(),
    );
    if counts.is_empty() {
        let others = objects_without_health(picture);
        if others > 0 {
            counts.push(Count { what: "other objects", all: others, well: others });
        }
    }
    counts
}

/// Workloads that have all the pods they want, with how many that is; those at zero are left out.
pub fn complete_workloads(picture: &Picture) -> Vec<(ObjectKey, i32)> {
    let all = workload::workloads(picture);
    let complete = all.into_iter().filter(|workload| !workload.lacks_pods());
    complete
        .filter_map(|workload| Some((workload.key, workload.wanted.filter(|wanted| *wanted > 0)?)))
        .collect()
}

fn is_ready(node: &Record<Node>) -> bool {
    let conditions = node.object.status.as_ref().and_then(|status| status.conditions.as_deref());
    let mut conditions = conditions.unwrap_or_default().iter();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether nothing says that a certificate is not ready.
fn is_issued(certificate: &Value) -> bool {
    let conditions = certificate.pointer("/status/conditions").and_then(Value::as_array);
    let is = |one: &Value, field: &str, text: &str| one.get(field).and_then(Value::as_str) == Some(text);
    !conditions.into_iter().flatten().any(|one| is(one, "type", "Ready") && is(one, "status", "False"))
}

/// Objects that are not well or unwell by themselves.
fn objects_without_health(picture: &Picture) -> usize {
    picture.services.len()
        + picture.endpoints.len()
        + picture.endpoint_slices.len()
        + picture.ingresses.len()
        + picture.network_policies.len()
        + picture.config_maps.len()
        + picture.secrets.len()
        + picture.service_accounts.len()
        + picture.quotas.len()
        + picture.limit_ranges.len()
        + picture.volumes.len()
        + picture.storage_classes.len()
        + picture.namespaces.len()
        + picture.disruption_budgets.len()
        + picture.priority_classes.len()
        + picture.mutating_webhooks.len()
        + picture.validating_webhooks.len()
        + picture.cron_jobs.len()
        + picture.others.len()
        + picture.events.len()
}

/// Something that is not well and that no fault explains, with what would tell why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexplained {
    /// What is not well: a clause.
    pub said: String,
    /// A command whose answer says more, between backticks.
    pub ask: String,
}

/// Workloads that lack ready pods and that no fault that does harm now concerns, by key.
pub fn unexplained(picture: &Picture, diagnosis: &Diagnosis) -> Vec<Unexplained> {
    let mut known: BTreeSet<&ObjectKey> = BTreeSet::new();
    for fault in diagnosis.faults.iter().filter(|fault| fault.standing == Standing::Active) {
        known.insert(&fault.object);
        known.extend(&fault.explains);
    }
    let mut found = Vec::new();
    for workload in workload::workloads(picture) {
        if !workload.lacks_pods() || known.contains(&workload.key) {
            continue;
        }
        let sick = workload.states().find(|(_, state)| !state.is_well() && state.word != "Terminating");
        let (said, of) = match sick {
            Some((pod, state)) => {
                (format!("{} is {}, and nothing captured says why", pod.key, state.word), &pod.key)
            }
            None if workload.pods.is_empty() => (
                format!("{} has fewer ready pods than it wants, and nothing captured says why", workload.key),
                &workload.key,
            ),
            None => continue,
        };
        found.push(Unexplained { said, ask: remedy::on("describe", of) });
    }
    found
}

/// What the capture lacks for a full check, in sentences.
pub fn missing(picture: &Picture) -> Vec<String> {
    let mut missing = Vec::new();
    if is_unasked(&picture.pods) {
        missing.push("no pods: `kubectl get pods -A -o json` (or `kubectl describe pods`)".to_owned());
    }
    if picture.nodes.is_empty() {
        missing.push("no nodes, so nobody can say where pods would fit: `kubectl describe nodes`".to_owned());
    }
    if picture.events.is_empty() {
        missing.push("no events, which say why things were refused: `kubectl get events -A`".to_owned());
    }
    let has_template =
        picture.deployments.len() + picture.stateful_sets.len() + picture.daemon_sets.len() > 0;
    if !has_template && !picture.pods.is_empty() {
        missing.push(
            "no deployments or other owners of the pods: `kubectl get deploy,sts,ds,rs -A -o json`"
                .to_owned(),
        );
    }
    if picture.services.is_empty() {
        missing.push("no services, so calls cannot be followed: `kubectl get svc,ep -A -o json`".to_owned());
    }
    if !picture.pods.is_empty() && picture.logs.is_empty() {
        missing.push("no logs, which say why programs end: `kubectl logs POD --previous`".to_owned());
    }
    let rest = [
        ("volume claims", "pvc", is_unasked(&picture.claims)),
        ("autoscalers", "hpa", is_unasked(&picture.autoscalers)),
        ("quotas", "quota", is_unasked(&picture.quotas)),
        ("limit ranges", "limits", is_unasked(&picture.limit_ranges)),
        ("config maps", "cm", is_unasked(&picture.config_maps)),
        ("network policies", "netpol", is_unasked(&picture.network_policies)),
        ("ingresses", "ing", is_unasked(&picture.ingresses)),
        ("disruption budgets", "pdb", is_unasked(&picture.disruption_budgets)),
    ];
    let absent: Vec<&(&str, &str, bool)> = rest.iter().filter(|(.., is_unasked)| *is_unasked).collect();
    if !absent.is_empty() {
        let names: Vec<&str> = absent.iter().map(|(name, ..)| *name).collect();
        let words: Vec<&str> = absent.iter().map(|(_, word, _)| *word).collect();
        missing.push(format!("no {}: `kubectl get {} -A -o yaml`", names.join(", no "), words.join(",")));
    }
    missing
}

/// Whether there is none of a kind and nobody asked for it either.
fn is_unasked<T>(objects: &Objects<T>) -> bool {
    objects.is_empty() && objects.listings.is_empty()
}

/// Every workload of the picture, by key.
pub fn workload_keys(picture: &Picture) -> Vec<ObjectKey> {
    workload::workloads(picture).into_iter().map(|workload| workload.key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;
    use crate::context::Context;
    use crate::diagnose::diagnose;

    #[test]
    fn what_nothing_explains_comes_with_what_would_tell() {
        let mut capture = Capture::default();
        capture.push(
            "kubectl get pods -n shop",
            "NAME    READY   STATUS    RESTARTS   AGE\nweb-0   0/1     Pending   0          9m\ndb-0    1/1     Running   0          9d\n",
        );
        let picture = Picture::read(capture, None);
        let found = unexplained(&picture, &diagnose(&picture, &Context::default()));
        assert_eq!(
            found,
            [Unexplained {
                said: "Pod shop/web-0 is Pending, and nothing captured says why".to_owned(),
                ask: "`kubectl describe pod web-0 -n shop`".to_owned(),
            }]
        );
    }
}
