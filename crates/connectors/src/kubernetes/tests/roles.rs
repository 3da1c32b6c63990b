//! The roles to apply allow what the connector asks for, and nothing else.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::*;
use crate::kubernetes::resources::{RESOURCES, Scope};

const CLUSTER_ROLE: &str = include_str!("../../../../../deploy/kubernetes/clusterrole.yaml");
const ROLE: &str = include_str!("../../../../../deploy/kubernetes/role.yaml");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
}

/// Group, resource and verb of every rule of the objects of `kind`.
fn allowed(text: &str, kind: &str) -> BTreeSet<(String, String, String)> {
    let mut allowed = BTreeSet::new();
    let mut found = 0;
    for document in text.split("\n---\n") {
        let value: Value = serde_saphyr::from_str(document).unwrap();
        if value["kind"] != kind {
            continue;
        }
        found += 1;
        for rule in Vec::<Rule>::deserialize(&value["rules"]).unwrap() {
            for group in &rule.api_groups {
                for resource in &rule.resources {
                    for verb in &rule.verbs {
                        allowed.insert((group.clone(), resource.clone(), verb.clone()));
                    }
                }
            }
        }
    }
    assert_eq!(found, 1, "one {kind}");
    allowed
}

fn asked(scopes: &[Scope]) -> BTreeSet<(String, String, String)> {
    let mut asked = BTreeSet::new();
    for resource in RESOURCES.iter().filter(|resource| scopes.contains(&resource.scope)) {
        for version in resource.versions {
            asked.insert((version.group.to_owned(), resource.plural.to_owned(), "list".to_owned()));
        }
    }
    asked.insert((String::new(), "pods/log".to_owned(), "get".to_owned()));
    asked
}

#[test]
fn the_cluster_role_allows_exactly_what_is_asked() {
    assert_eq!(allowed(CLUSTER_ROLE, "ClusterRole"), asked(&[Scope::Cluster, Scope::Namespaced]));
}

#[test]
fn the_role_of_a_namespace_allows_exactly_what_is_asked_there() {
    assert_eq!(allowed(ROLE, "Role"), asked(&[Scope::Namespaced]));
}

#[test]
fn both_bind_a_service_account() {
    for (text, role, binding) in
        [(CLUSTER_ROLE, "ClusterRole", "ClusterRoleBinding"), (ROLE, "Role", "RoleBinding")]
    {
        let documents: Vec<Value> =
            text.split("\n---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect();
        let of = |kind: &str| documents.iter().find(|document| document["kind"] == kind).unwrap();
        let (account, bound) = (of("ServiceAccount"), of(binding));
        assert_eq!(bound["roleRef"]["name"], of(role)["metadata"]["name"]);
        assert_eq!(bound["roleRef"]["kind"], role);
        assert_eq!(bound["subjects"][0]["name"], account["metadata"]["name"]);
        assert_eq!(bound["subjects"][0]["namespace"], account["metadata"]["namespace"]);
    }
}
