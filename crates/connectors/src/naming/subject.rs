//! Which label of a series says what it is about.

use midwatch_model::EntityKind;

/// Labels that name what a series is about, the first that is there wins, and the kind each stands for.
pub(crate) const SUBJECT_LABELS: [(&str, Option<EntityKind>); 14] = [
    ("service", None),
    ("service_name", None),
    ("app", None),
    ("application", None),
    ("deployment", Some(EntityKind::Workload)),
    ("workload", Some(EntityKind::Workload)),
    ("queue", Some(EntityKind::Queue)),
    ("topic", Some(EntityKind::Queue)),
    ("job", None),
    ("pod", Some(EntityKind::Pod)),
    ("node", Some(EntityKind::Node)),
    ("host", Some(EntityKind::Node)),
    ("instance", None),
    ("container", None),
];

/// The label that names the subject and the kind it stands for, by a function from label to value. A label that names the exporter
/// which tells of the subject, and not the subject, counts only when there is no other.
pub(crate) fn subject<'v>(
    value_of: impl Fn(&str) -> Option<&'v str>,
) -> Option<(&'static str, Option<EntityKind>)> {
    let named = |accept: &dyn Fn(&str) -> bool| {
        SUBJECT_LABELS
            .iter()
            .find(|(label, _)| value_of(label).is_some_and(|value| !value.is_empty() && accept(value)))
            .copied()
    };
    named(&|value| !names_an_exporter(value)).or_else(|| named(&|_| true))
}

/// Whether a job or service is one that only tells of others.
pub(crate) fn names_an_exporter(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.ends_with("exporter")
        || value.ends_with("kube-state-metrics")
        || value.starts_with("kubernetes-")
        || matches!(value.as_str(), "kubelet" | "cadvisor" | "federate" | "pushgateway")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[(&str, &str)], label: Option<&str>) {
        let value_of = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        assert_eq!(subject(value_of).map(|(label, _)| label), label, "{labels:?}");
    }

    #[test]
    fn the_subject_is_named_by_the_first_label_that_names_no_exporter() {
        check(&[("job", "svc-a"), ("service", "svc-a-metrics"), ("pod", "svc-a-1")], Some("service"));
        check(&[("job", "node-exporter"), ("instance", "10.0.0.1:9100")], Some("instance"));
        check(&[("job", "kube-state-metrics"), ("pod", "web-1"), ("namespace", "shop")], Some("pod"));
        check(&[("job", "kubelet"), ("container", "web")], Some("container"));
        check(&[("job", "postgres_exporter")], Some("job"));
        check(&[("service", ""), ("app", "web")], Some("app"));
        check(&[("le", "0.1")], None);
    }
}
