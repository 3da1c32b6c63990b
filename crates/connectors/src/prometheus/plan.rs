//! The queries of a family.

use midwatch_model::Unit;

use super::choose::{Chosen, Shape};
use super::metrics::Selected;
use super::promql::{Form, expression, mean, selector, share};
use crate::naming::SUBJECT_LABELS;

/// A query and how its answer is read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) metric: String,
    /// Labels that its series get.
    pub(super) labels: Vec<(String, String)>,
    pub(super) unit: Unit,
    pub(super) query: String,
}

/// What is known of a family's series.
pub(super) struct Facts {
    /// Whether they are few enough to be asked for one by one.
    pub(super) single: bool,
    /// Names of their labels, when sums are asked for and the server told them.
    pub(super) labels: Option<Vec<String>>,
    /// Seconds that a rate is taken over.
    pub(super) over_s: i64,
}

/// Labels that sums keep, besides those that name the subject: outcomes, places, and what tells resources apart.
const LABELS_KEPT: &[&str] = &[
    "cluster",
    "namespace",
    "environment",
    "env",
    "code",
    "status",
    "status_code",
    "http_status_code",
    "grpc_code",
    "response_code",
    "outcome",
    "result",
    "error",
    "reason",
    "state",
    "mode",
    "type",
    "kind",
    "quantile",
    "device",
    "mountpoint",
    "pool",
    "datname",
    "database",
    "consumergroup",
    "phase",
    "condition",
];
/// Labels that tell instances of one thing apart; sums leave them out when another label names the thing.
const INSTANCES: &[&str] = &["pod", "instance", "container", "node", "host"];

/// The queries of `family`, of the `selected` series that also match `more`.
pub(super) fn plan(family: &Chosen, selected: &Selected, more: &str, facts: &Facts) -> Vec<Planned> {
    let selectors = |suffix: &str| -> Vec<String> {
        let metric = format!("{}{suffix}", family.family);
        match selected.get(&metric) {
            Some(of) => {
                of.iter().map(|equals| selector(&metric, std::slice::from_ref(equals), more)).collect()
            }
            None => vec![selector(&metric, &[], more)],
        }
    };
    let kept = kept(facts.labels.as_deref());
    let by = if facts.single { None } else { Some(kept.as_slice()) };
    let query = |form: Form, suffix: &str, by: Option<&[&str]>| {
        expression(form, &selectors(suffix), by, facts.over_s)
    };
    let one = |metric: &str, labels: Vec<(String, String)>, unit: Unit, query: String| Planned {
        metric: metric.to_owned(),
        labels,
        unit,
        query,
    };
    let quantile = |form: Form, suffix: &str| {
        let labels = vec![("quantile".to_owned(), share(QUANTILE))];
        one(&family.family, labels, unit(&family.unit), query(form, suffix, Some(&kept)))
    };
    let count = || {
        one(&format!("{}_count", family.family), Vec::new(), Unit::PerSecond, query(Form::Rate, "_count", by))
    };
    match family.shape {
        Shape::Counter => {
            // Seconds of processor time in a second are cores.
            let unit = match family.measure {
                midwatch_model::Measure::Cpu => Unit::Cores,
                _ => Unit::PerSecond,
            };
            vec![one(&family.family, Vec::new(), unit, query(Form::Rate, "", by))]
        }
        Shape::Gauge(aggregation) => {
            vec![one(&family.family, Vec::new(), unit(&family.unit), query(Form::Value(aggregation), "", by))]
        }
        Shape::Histogram => vec![quantile(Form::BucketQuantile(QUANTILE), "_bucket"), count()],
        Shape::NativeHistogram => vec![quantile(Form::NativeQuantile(QUANTILE), "")],
        Shape::Summary => {
            let sums = query(Form::Rate, "_sum", Some(&kept));
            let counts = query(Form::Rate, "_count", Some(&kept));
            let labels = vec![("stat".to_owned(), "mean".to_owned())];
            vec![one(&family.family, labels, unit(&family.unit), mean(&sums, &counts)), count()]
        }
    }
}

/// The quantile that is asked for, in hundredths.
const QUANTILE: u8 = 99;

/// The labels that sums keep, of a metric whose series have `labels` (unknown: whatever may be there).
fn kept(labels: Option<&[String]>) -> Vec<&'static str> {
    let has = |label: &str| labels.is_none_or(|labels| labels.iter().any(|known| known == label));
    // A job may be an exporter's: of what it tells, pods and machines are the subjects.
    let named =
        SUBJECT_LABELS.iter().any(|(label, _)| *label != "job" && !INSTANCES.contains(label) && has(label));
    let subject = |label: &str| match label {
        "pod" | "instance" | "container" if labels.is_none() => false,
        "instance" => !named && !has("job"),
        "container" => !named && !has("pod") && !has("node") && !has("job"),
        label if INSTANCES.contains(&label) => labels.is_none() || !named,
        _ => true,
    };
    let subjects = SUBJECT_LABELS.iter().map(|(label, _)| *label).filter(|label| subject(label));
    subjects.chain(LABELS_KEPT.iter().copied()).collect()
}

fn unit(stated: &str) -> Unit {
    match stated {
        "seconds" => Unit::Seconds,
        "bytes" => Unit::Bytes,
        "ratio" => Unit::Ratio,
        "percent" => Unit::Percent,
        _ => Unit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(labels: &[&str], instances: &[&str]) {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let found: Vec<&str> =
            kept(Some(&labels)).into_iter().filter(|label| INSTANCES.contains(label)).collect();
        assert_eq!(found, instances, "{labels:?}");
    }

    #[test]
    fn sums_leave_out_instances_of_what_has_another_name() {
        check(&["job", "instance", "service", "pod", "code"], &[]);
        check(&["job", "instance", "code"], &["pod", "node", "host"]);
        check(&["instance"], &["pod", "node", "host", "instance", "container"]);
        // What an exporter tells of pods.
        check(&["job", "instance", "namespace", "pod", "container"], &["pod", "node", "host"]);
        check(&["app", "node"], &[]);
    }
}
