//! How much an autoscaler measures, against what it aims at.

use std::fmt;

use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus,
};

use crate::quantity::Quantity;

/// Metrics of one autoscaler, taken together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Load {
    /// It aims at something and knows no present value of any of it.
    Unknown,
    /// A metric is above its target.
    Above(Above),
    /// What is known is not above its target.
    Below,
    /// Nothing tells what it aims at.
    Untold,
}

/// A metric above its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Above {
    name: String,
    now: String,
    target: String,
    /// The present value as texts print it.
    pub needle: String,
}

impl fmt::Display for Above {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} and should be {}", self.name, self.now, self.target)
    }
}

/// What the metrics of an autoscaler say.
pub(super) fn load(object: &HorizontalPodAutoscaler) -> Load {
    let targets = object.spec.metrics.as_deref().unwrap_or_default();
    let status = object.status.as_ref().and_then(|status| status.current_metrics.as_deref());
    let present: Vec<(&str, &str, &MetricValueStatus)> =
        status.unwrap_or_default().iter().filter_map(present).collect();
    let (mut aims, mut known) = (0, 0);
    for metric in targets {
        let Some((kind, name, target)) = target(metric) else { continue };
        aims += 1;
        let Some((.., now)) = present.iter().find(|(of, named, _)| (*of, *named) == (kind, name)) else {
            continue;
        };
        let Some((now, wanted, is_percent)) = amounts(now, target) else { continue };
        known += 1;
        if now > wanted {
            let text = |amount: Quantity| if is_percent { format!("{amount}%") } else { amount.to_string() };
            let (now, target) = (text(now), text(wanted));
            return Load::Above(Above { name: name.to_owned(), needle: now.clone(), now, target });
        }
    }
    match (aims, known) {
        (0, _) => Load::Untold,
        (_, 0) => Load::Unknown,
        _ => Load::Below,
    }
}

/// Present value and target in the same unit, and whether that is percent.
fn amounts(now: &MetricValueStatus, target: &MetricTarget) -> Option<(Quantity, Quantity, bool)> {
    if let (Some(now), Some(target)) = (now.average_utilization, target.average_utilization) {
        return Some((Quantity::units(now.into()), Quantity::units(target.into()), true));
    }
    let pair = |now: &Option<_>, target: &Option<_>| {
        let parse =
            |amount: &k8s_openapi::apimachinery::pkg::api::resource::Quantity| Quantity::parse(&amount.0);
        Some((parse(now.as_ref()?)?, parse(target.as_ref()?)?, false))
    };
    pair(&now.average_value, &target.average_value).or_else(|| pair(&now.value, &target.value))
}

/// Kind, name and target of a metric.
fn target(metric: &MetricSpec) -> Option<(&str, &str, &MetricTarget)> {
    let kind = metric.type_.as_str();
    if let Some(of) = &metric.resource {
        return Some((kind, &of.name, &of.target));
    }
    if let Some(of) = &metric.container_resource {
        return Some((kind, &of.name, &of.target));
    }
    if let Some(of) = &metric.pods {
        return Some((kind, &of.metric.name, &of.target));
    }
    if let Some(of) = &metric.object {
        return Some((kind, &of.metric.name, &of.target));
    }
    metric.external.as_ref().map(|of| (kind, of.metric.name.as_str(), &of.target))
}

/// Kind, name and present value of a metric.
fn present(metric: &MetricStatus) -> Option<(&str, &str, &MetricValueStatus)> {
    let kind = metric.type_.as_str();
    if let Some(of) = &metric.resource {
        return Some((kind, &of.name, &of.current));
    }
    if let Some(of) = &metric.container_resource {
        return Some((kind, &of.name, &of.current));
    }
    if let Some(of) = &metric.pods {
        return Some((kind, &of.metric.name, &of.current));
    }
    if let Some(of) = &metric.object {
        return Some((kind, &of.metric.name, &of.current));
    }
    metric.external.as_ref().map(|of| (kind, of.metric.name.as_str(), &of.current))
}
