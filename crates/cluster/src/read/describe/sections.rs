//! The descriptions in a text: where each begins and of which kind it is.

use serde_json::{Value, json};

use super::super::command::Kubectl;
use super::super::document::Source;
use super::super::reading::{Partial, Reading};
use super::super::values::{put, said};
use super::outline::{Node, Outline};
use super::{
    autoscalers, certificates, data, events, meta, nodes, pods, policies, services, storage, workloads,
};
use crate::kind::{Kind, ObjectKey};
use crate::picture::Form;

/// Reads the descriptions of one or several objects.
pub(crate) fn read(source: Source<'_>, text: &str, asked: &Kubectl, reading: &mut Reading) {
    let sections = sections(text, asked);
    if sections.is_empty() {
        return reading
            .unread
            .push(source.unread("a part of a description, without the line that says of what (Name:)"));
    }
    for section in sections {
        one(source, section, asked, reading);
    }
}

/// Descriptions begin with their object's name, after an empty line. Config maps may hold lines that look the same:
/// where one object was asked for, only names that begin with its name count, as `kubectl` takes it for a prefix.
fn sections<'a>(text: &'a str, asked: &Kubectl) -> Vec<&'a str> {
    let mut starts = Vec::new();
    let mut at = 0;
    let mut after_blank = true;
    for line in text.split_inclusive('\n') {
        if after_blank
            && let Some(name) = line.strip_prefix("Name:")
            && (asked.names.is_empty()
                || asked.names.iter().any(|asked| name.trim().starts_with(asked.as_str())))
        {
            starts.push(at);
        }
        after_blank = line.trim().is_empty();
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}

fn one(source: Source<'_>, section: &str, asked: &Kubectl, reading: &mut Reading) {
    let outline = Outline::of(section);
    let root = outline.root();
    let kind = match asked.kinds.as_slice() {
        [kind] => Some(*kind),
        kinds => kind_of(root).filter(|kind| kinds.is_empty() || kinds.contains(kind)),
    };
    let Some(name) = root.get("Name") else { return };
    let Some(kind) = kind else {
        return reading
            .unread
            .push(source.unread(format!("the kind of the description of {name} is not recognised")));
    };
    let place = root.get("Namespace").or(asked.namespace.as_deref()).unwrap_or("default");
    let key = ObjectKey::new(kind, place, name);
    let origin = source.origin(section, Form::Describe);
    let mut value = named(&key);
    meta::metadata(root, &mut value);
    let mut row = std::collections::BTreeMap::new();
    describe(kind, root, section, &mut value);
    match kind {
        Kind::Pod if root.value_of("Status").starts_with("Terminating") => {
            row.insert("STATUS".to_owned(), "Terminating".to_owned());
        }
        Kind::Node => reading.node_pods.extend(nodes::pods(root, name, origin)),
        Kind::Service => {
            if let Some(subsets) = services::endpoints_of_service(root) {
                let key = ObjectKey::new(Kind::Endpoints, place, name);
                let mut value = named(&key);
                put(&mut value, "subsets", Some(subsets));
                let origin = source.origin(section, Form::Table);
                reading.partials.push(Partial {
                    key,
                    custom: String::new(),
                    origin,
                    value,
                    row: row.clone(),
                });
            }
        }
        Kind::Namespace => {
            for (quota, mut value) in policies::quotas_of_namespace(root) {
                let key = ObjectKey::new(Kind::ResourceQuota, name, quota);
                put(&mut value, "metadata", named(&key).get("metadata").cloned());
                reading.partials.push(Partial {
                    key,
                    custom: String::new(),
                    origin,
                    value,
                    row: row.clone(),
                });
            }
        }
        _ => {}
    }
    reading.events.extend(events::events(source, section, &key));
    reading.partials.push(Partial { key, custom: String::new(), origin, value, row });
}

/// An object of which only the name is known.
pub(in super::super) fn named(key: &ObjectKey) -> Value {
    match key.namespace.is_empty() {
        true => json!({ "metadata": { "name": key.name } }),
        false => json!({ "metadata": { "name": key.name, "namespace": key.namespace } }),
    }
}

/// Fills what a description of its kind says.
fn describe(kind: Kind, root: Node<'_, '_>, section: &str, value: &mut Value) {
    match kind {
        Kind::Pod => pods::pod(root, value),
        Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job
        | Kind::CronJob => workloads::workload(kind, root, value),
        Kind::Service => services::service(root, value),
        Kind::Endpoints => services::endpoints(root, value),
        Kind::EndpointSlice => services::endpoint_slice(root, value),
        Kind::Ingress => services::ingress(root, value),
        Kind::NetworkPolicy => policies::network_policy(root, value),
        Kind::ConfigMap => data::config_map(section, value),
        Kind::Secret => data::secret(root, value),
        Kind::ServiceAccount => data::service_account(root, value),
        Kind::ResourceQuota => policies::quota(root, value),
        Kind::LimitRange => policies::limit_range(root, value),
        Kind::PersistentVolumeClaim => storage::claim(root, value),
        Kind::PersistentVolume => storage::volume(root, value),
        Kind::StorageClass => storage::class(root, value),
        Kind::Node => nodes::node(root, value),
        Kind::Namespace => put(value, "status.phase", root.get("Status")),
        Kind::HorizontalPodAutoscaler => autoscalers::autoscaler(root, value),
        Kind::Certificate => certificates::certificate(root, value),
        Kind::PodDisruptionBudget => policies::budget(root, value),
        Kind::PriorityClass => policies::priority_class(root, value),
        _ => {}
    }
}

/// The kind of a description whose command is not known, by the lines that only this kind has.
fn kind_of(root: Node<'_, '_>) -> Option<Kind> {
    let has = |key: &str| root.find(key).is_some();
    // Kinds that `kubectl` does not know itself are described by their fields, and say what they are.
    if let (Some(kind), Some(version)) = (root.get("Kind"), root.get("API Version")) {
        return Some(Kind::of(version, kind));
    }
    let marks: [(Kind, &[&str]); 24] = [
        (Kind::Node, &["System Info"]),
        (Kind::CronJob, &["Schedule", "Pod Template"]),
        (Kind::Job, &["Parallelism", "Pod Template"]),
        (Kind::Deployment, &["StrategyType", "Pod Template"]),
        (Kind::DaemonSet, &["Desired Number of Nodes Scheduled"]),
        (Kind::StatefulSet, &["Volume Claims", "Pod Template"]),
        (Kind::StatefulSet, &["Update Strategy", "Pod Template"]),
        (Kind::ReplicaSet, &["Replicas", "Pod Template"]),
        (Kind::Pod, &["Containers", "Node"]),
        (Kind::EndpointSlice, &["AddressType"]),
        (Kind::Endpoints, &["Subsets"]),
        (Kind::Service, &["Session Affinity", "Type"]),
        (Kind::Ingress, &["Rules", "Address"]),
        (Kind::PersistentVolume, &["Reclaim Policy", "Claim"]),
        (Kind::PersistentVolumeClaim, &["Access Modes", "StorageClass"]),
        (Kind::StorageClass, &["Provisioner"]),
        (Kind::HorizontalPodAutoscaler, &["Reference", "Min replicas"]),
        (Kind::PodDisruptionBudget, &["Selector", "Status", "Namespace"]),
        (Kind::PriorityClass, &["GlobalDefault"]),
        (Kind::ServiceAccount, &["Mountable secrets"]),
        (Kind::Secret, &["Type", "Data"]),
        (Kind::ConfigMap, &["Data", "===="]),
        (Kind::NetworkPolicy, &["Spec", "Created on"]),
        (Kind::Namespace, &["Status", "Labels", "Annotations"]),
    ];
    if let Some((kind, _)) = marks.iter().find(|(_, keys)| keys.iter().all(|key| has(key))) {
        return Some(*kind);
    }
    let tables = root.children().map(|node| node.text());
    tables.into_iter().find_map(|line| {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("Resource"), Some("Used"), Some("Hard")) => Some(Kind::ResourceQuota),
            (Some("Type"), Some("Resource"), Some("Min")) => Some(Kind::LimitRange),
            _ => None,
        }
    })
}

/// Whether a line may begin a description.
pub(crate) fn is_description(first: &str) -> bool {
    first.strip_prefix("Name:").and_then(said).is_some()
}
