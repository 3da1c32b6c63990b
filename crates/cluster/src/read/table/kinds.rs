//! What a table is about, by its columns; and the columns by what it is about.

use super::super::columns::Columns;
use crate::kind::Kind;

/// Columns that only tables of the kind have, the narrowest first. Sources: `kubectl`'s printers
/// (`pkg/printers/internalversion`), of versions 1.20 to 1.34.
const MARKS: [(Kind, &[&str]); 26] = [
    (Kind::Event, &["LAST SEEN", "REASON"]),
    (Kind::Pod, &["STATUS", "RESTARTS"]),
    (Kind::DaemonSet, &["DESIRED", "NODE SELECTOR"]),
    (Kind::Deployment, &["UP-TO-DATE", "AVAILABLE"]),
    (Kind::ReplicaSet, &["DESIRED", "CURRENT", "READY"]),
    (Kind::Job, &["COMPLETIONS"]),
    (Kind::CronJob, &["SCHEDULE", "SUSPEND"]),
    (Kind::Service, &["CLUSTER-IP"]),
    (Kind::EndpointSlice, &["ADDRESSTYPE"]),
    (Kind::Endpoints, &["ENDPOINTS"]),
    (Kind::Ingress, &["HOSTS", "ADDRESS"]),
    (Kind::NetworkPolicy, &["POD-SELECTOR"]),
    (Kind::Secret, &["TYPE", "DATA"]),
    (Kind::ConfigMap, &["DATA"]),
    (Kind::ServiceAccount, &["SECRETS"]),
    (Kind::ResourceQuota, &["REQUEST"]),
    (Kind::PersistentVolume, &["CLAIM", "RECLAIM POLICY"]),
    (Kind::PersistentVolumeClaim, &["VOLUME", "ACCESS MODES"]),
    (Kind::StorageClass, &["PROVISIONER"]),
    (Kind::Node, &["ROLES", "VERSION"]),
    (Kind::HorizontalPodAutoscaler, &["REFERENCE", "TARGETS"]),
    (Kind::Certificate, &["READY", "SECRET"]),
    (Kind::PodDisruptionBudget, &["ALLOWED DISRUPTIONS"]),
    (Kind::PriorityClass, &["GLOBAL-DEFAULT"]),
    (Kind::StatefulSet, &["NAME", "READY", "AGE"]),
    (Kind::Namespace, &["NAME", "STATUS", "AGE"]),
];

/// The kind of a table.
pub(super) fn kind_of(columns: &Columns<'_>) -> Option<Kind> {
    let of = MARKS.iter().find(|(_, marks)| marks.iter().all(|mark| columns.has(mark)))?;
    let plain = matches!(of.0, Kind::StatefulSet | Kind::Namespace);
    // Other kinds have a readiness or a status too, with more columns.
    let known = ["NAMESPACE", "NAME", "READY", "STATUS", "AGE", "CONTAINERS", "IMAGES", "LABELS"];
    (!plain || columns.titles().all(|title| known.contains(&title))).then_some(of.0)
}

/// The columns that `kubectl` prints of a kind, without those for namespaces and labels.
pub(super) fn titles_of(kind: Kind, is_wide: bool) -> &'static [&'static str] {
    match (kind, is_wide) {
        (Kind::Event, false) => &["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"],
        (Kind::Pod, false) => &["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
        (Kind::Pod, true) => {
            &["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
        }
        (Kind::Deployment, false) => &["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        (Kind::ReplicaSet, false) => &["NAME", "DESIRED", "CURRENT", "READY", "AGE"],
        (Kind::StatefulSet, false) => &["NAME", "READY", "AGE"],
        (Kind::Service, false) => &["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
        (Kind::Service, true) => &["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"],
        (Kind::Endpoints, _) => &["NAME", "ENDPOINTS", "AGE"],
        (Kind::Node, false) => &["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
        (Kind::Namespace, _) => &["NAME", "STATUS", "AGE"],
        (Kind::ConfigMap, _) => &["NAME", "DATA", "AGE"],
        (Kind::Secret, _) => &["NAME", "TYPE", "DATA", "AGE"],
        (Kind::HorizontalPodAutoscaler, _) => {
            &["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
        }
        (Kind::Certificate, false) => &["NAME", "READY", "SECRET", "AGE"],
        (Kind::Certificate, true) => &["NAME", "READY", "SECRET", "ISSUER", "STATUS", "AGE"],
        (Kind::ServiceAccount, _) => &["NAME", "SECRETS", "AGE"],
        _ => &[],
    }
}
