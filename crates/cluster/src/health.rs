//! How much of a cluster is well, counted, and what a full check would need besides.

use k8s_openapi::api::core::v1::NodeCondition;

use crate::kind::ObjectKey;
use crate::picture::{Picture, pod_state};
use crate::reason::workload;

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

/// Counts of what the capture holds; kinds it does not hold are left out.
pub fn counts(picture: &Picture) -> Vec<Count> {
    let mut counts = Vec::new();
    let mut add = |what: &'static str, all: usize, well: usize| {
        if all > 0 {
            counts.push(Count { what, all, well });
        }
    };
    let ready = |conditions: Option<&Vec<NodeCondition>>| {
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
    };
    let nodes = picture.nodes.iter().filter(|node| {
        let status = node.object.status.as_ref();
        ready(status.and_then(|status| status.conditions.as_ref()))
    });
    add("nodes", picture.nodes.len(), nodes.count());
    let all = workload::workloads(picture);
    let sized: Vec<_> = all.iter().filter(|workload| workload.wanted.is_some()).collect();
    add("workloads", sized.len(), sized.iter().filter(|workload| !workload.lacks_pods()).count());
    let pods = picture.pods.iter().filter(|pod| pod_state(pod).is_well());
    add("pods", picture.pods.len(), pods.count());
    let bound = picture.claims.iter().filter(|claim| {
        claim.object.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Bound")
    });
    add("volume claims", picture.claims.len(), bound.count());
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

/// What the capture lacks for a full check, in sentences.
pub fn missing(picture: &Picture) -> Vec<String> {
    let mut missing = Vec::new();
    if picture.pods.is_empty() && picture.pods.listings.is_empty() {
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
    missing
}

/// Every workload of the picture, by key.
pub fn workload_keys(picture: &Picture) -> Vec<ObjectKey> {
    workload::workloads(picture).into_iter().map(|workload| workload.key).collect()
}
