//! Selectors over nodes and over pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Node, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSpec,
    TopologySpreadConstraint,
};

use super::machines::{Machine, Placed};
use crate::picture::{Picture, Record};
use crate::reason::workload::selects;

/// Labels.
pub(super) type Labels = BTreeMap<String, String>;

/// Labels of a node; its host name's label is its name where labels were not captured.
pub(super) fn node_labels(node: &Record<Node>) -> Labels {
    let mut labels = node.object.metadata.labels.clone().unwrap_or_default();
    labels.entry("kubernetes.io/hostname".to_owned()).or_insert_with(|| node.key.name.clone());
    labels
}

/// Whether a node's labels and name satisfy a node selector: one of its terms, all requirements of that term.
///
/// Source: `NodeSelector` in the Kubernetes API reference; a term without requirements matches nothing.
pub(super) fn matches_selector(selector: &NodeSelector, labels: &Labels, name: &str) -> bool {
    selector.node_selector_terms.iter().any(|term| matches_term(term, labels, name))
}

fn matches_term(term: &NodeSelectorTerm, labels: &Labels, name: &str) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    if expressions.is_empty() && fields.is_empty() {
        return false;
    }
    expressions.iter().all(|wanted| holds(wanted, labels.get(&wanted.key).map(String::as_str)))
        && fields.iter().all(|wanted| holds(wanted, (wanted.key == "metadata.name").then_some(name)))
}

fn holds(wanted: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = wanted.values.as_deref().unwrap_or_default();
    let among = |value: &str| values.iter().any(|one| one == value);
    let compared = |value: Option<&str>| {
        let value: i64 = value?.parse().ok()?;
        let bound: i64 = values.first()?.parse().ok()?;
        Some(value.cmp(&bound))
    };
    match wanted.operator.as_str() {
        "In" => value.is_some_and(among),
        "NotIn" => !value.is_some_and(among),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compared(value) == Some(std::cmp::Ordering::Greater),
        "Lt" => compared(value) == Some(std::cmp::Ordering::Less),
        _ => false,
    }
}

/// Whether the labels that `nodeSelector` wants are there.
pub(super) fn fits_selector(spec: &PodSpec, labels: &Labels) -> bool {
    spec.node_selector.iter().flatten().all(|(key, value)| labels.get(key) == Some(value))
}

/// The required node affinity.
pub(super) fn required(spec: &PodSpec) -> Option<&NodeSelector> {
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    affinity.required_during_scheduling_ignored_during_execution.as_ref()
}

/// Whether the required node affinity holds.
pub(super) fn fits_affinity(spec: &PodSpec, labels: &Labels, name: &str) -> bool {
    required(spec).is_none_or(|selector| matches_selector(selector, labels, name))
}

/// Required terms of affinity or anti-affinity between pods.
pub(super) fn terms(spec: &PodSpec, anti: bool) -> &[PodAffinityTerm] {
    let Some(affinity) = &spec.affinity else { return &[] };
    let terms = match anti {
        true => affinity
            .pod_anti_affinity
            .as_ref()
            .and_then(|rules| rules.required_during_scheduling_ignored_during_execution.as_deref()),
        false => affinity
            .pod_affinity
            .as_ref()
            .and_then(|rules| rules.required_during_scheduling_ignored_during_execution.as_deref()),
    };
    terms.unwrap_or_default()
}

/// A pod as affinity terms see it: namespace and labels.
#[derive(Clone, Copy)]
pub(super) struct Peer<'a> {
    pub namespace: &'a str,
    pub labels: &'a Labels,
}

/// Whether a term of `owner` speaks of `other`.
pub(super) fn speaks_of(picture: &Picture, term: &PodAffinityTerm, owner: Peer<'_>, other: Peer<'_>) -> bool {
    let named = term.namespaces.as_deref().unwrap_or_default();
    let in_namespace = match (&term.namespace_selector, named.is_empty()) {
        (None, true) => owner.namespace == other.namespace,
        (selector, _) => {
            named.iter().any(|name| name == other.namespace)
                || selector.as_ref().is_some_and(|selector| {
                    let namespace = picture.namespaces.get("", other.namespace).present();
                    let labels = namespace.and_then(|record| record.object.metadata.labels.clone());
                    selects(selector, &labels.unwrap_or_default())
                })
        }
    };
    let same = |key: &String| owner.labels.get(key) == other.labels.get(key);
    in_namespace
        && term.label_selector.as_ref().is_some_and(|selector| selects(selector, other.labels))
        && term.match_label_keys.iter().flatten().filter(|key| owner.labels.contains_key(*key)).all(same)
        && !term.mismatch_label_keys.iter().flatten().filter(|key| owner.labels.contains_key(*key)).any(same)
}

/// Values of a topology key under which pods run that satisfy `fits`.
pub(super) fn domains<'a>(
    machines: &'a BTreeMap<&str, Machine<'_>>,
    placed: &[Placed<'_>],
    topology_key: &str,
    fits: impl Fn(&Placed<'_>) -> bool,
) -> BTreeSet<&'a str> {
    let on = placed.iter().filter(|pod| fits(pod)).filter_map(|pod| machines.get(pod.node));
    on.filter_map(|machine| machine.labels.get(topology_key)).map(String::as_str).collect()
}

/// Values of a spread constraint's topology key that may not take one more pod.
pub(super) fn full_domains(
    machines: &BTreeMap<&str, Machine<'_>>,
    placed: &[Placed<'_>],
    constraint: &TopologySpreadConstraint,
    spec: &PodSpec,
    pod: Peer<'_>,
) -> BTreeSet<String> {
    let honours = constraint.node_affinity_policy.as_deref() != Some("Ignore");
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    let counted = |machine: &Machine<'_>| {
        !honours
            || (fits_selector(spec, &machine.labels) && fits_affinity(spec, &machine.labels, machine.name))
    };
    for machine in machines.values().filter(|machine| counted(machine)) {
        if let Some(value) = machine.labels.get(&constraint.topology_key) {
            counts.entry(value).or_insert(0);
        }
    }
    let is_meant =
        |labels: &Labels| constraint.label_selector.as_ref().is_some_and(|wanted| selects(wanted, labels));
    let same = |labels: &Labels| {
        let keys = constraint.match_label_keys.iter().flatten();
        keys.filter(|key| pod.labels.contains_key(*key)).all(|key| pod.labels.get(key) == labels.get(key))
    };
    for other in placed
        .iter()
        .filter(|other| other.namespace == pod.namespace && is_meant(other.labels) && same(other.labels))
    {
        let value = machines.get(other.node).and_then(|machine| machine.labels.get(&constraint.topology_key));
        if let Some(count) = value.and_then(|value| counts.get_mut(value.as_str())) {
            *count += 1;
        }
    }
    let too_few =
        i64::try_from(counts.len()).unwrap_or(i64::MAX) < i64::from(constraint.min_domains.unwrap_or(1));
    let least = if too_few { 0 } else { counts.values().copied().min().unwrap_or(0) };
    let own = i64::from(is_meant(pod.labels));
    let full = counts.iter().filter(|(_, count)| *count + own - least > i64::from(constraint.max_skew));
    full.map(|(value, _)| (*value).to_owned()).collect()
}
