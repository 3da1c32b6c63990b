//! CloudWatch alarms as SNS sends them (bare or in its envelope), as EventBridge events, and as Lambda alarm actions.

use std::borrow::Cow;
use std::collections::BTreeMap;

use midwatch_model::{Alert, AlertState, Severity, Trigger};
use serde::Deserialize;
use serde_json::Value;

use crate::alerting;

/// Dimensions that name what an alarm watches, the most telling first. A load balancer serves many, a target group
/// one, so the group comes first.
const TARGET_DIMENSIONS: &[&str] = &[
    "Service",
    "ServiceName",
    "FunctionName",
    "TargetGroup",
    "LoadBalancer",
    "LoadBalancerName",
    "ApiName",
    "ApiId",
    "DBInstanceIdentifier",
    "DBClusterIdentifier",
    "CacheClusterId",
    "ReplicationGroupId",
    "QueueName",
    "TopicName",
    "StreamName",
    "TableName",
    "StateMachineArn",
    "BucketName",
    "DomainName",
    "AutoScalingGroupName",
    "Cluster Name",
    "ClusterName",
    "PodName",
    "InstanceId",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsAlarm<'a> {
    #[serde(borrow)]
    alarm_name: Cow<'a, str>,
    #[serde(borrow, default)]
    alarm_description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    new_state_value: Cow<'a, str>,
    #[serde(borrow, default)]
    new_state_reason: Option<Cow<'a, str>>,
    state_change_time: Value,
    #[serde(borrow, default)]
    region: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "AWSAccountId", default)]
    account: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    alarm_arn: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    trigger: Option<SnsTrigger<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsTrigger<'a> {
    #[serde(borrow, default)]
    metric_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    #[serde(default)]
    threshold: Value,
    #[serde(default)]
    metrics: Vec<MathMetric>,
}

#[derive(Deserialize)]
struct Dimension {
    // Alarms write `name` and `value`; the `Metrics` of metric maths write the same.
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value")]
    value: String,
}

#[derive(Deserialize)]
struct MathMetric {
    #[serde(rename = "MetricStat", default)]
    stat: Option<MathStat>,
}

#[derive(Deserialize)]
struct MathStat {
    #[serde(rename = "Metric")]
    metric: MathMetricName,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MathMetricName {
    #[serde(default)]
    metric_name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Deserialize)]
struct BusEvent<'a> {
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, default)]
    region: Option<Cow<'a, str>>,
    #[serde(borrow, default, alias = "accountId")]
    account: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "alarmArn")]
    alarm_arn: Option<Cow<'a, str>>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(borrow, alias = "alarmData")]
    detail: BusDetail<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BusDetail<'a> {
    #[serde(borrow)]
    alarm_name: Cow<'a, str>,
    #[serde(borrow)]
    state: BusState<'a>,
    #[serde(default)]
    configuration: BusConfiguration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BusState<'a> {
    #[serde(borrow)]
    value: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason_data: Option<Cow<'a, str>>,
    timestamp: Value,
}

#[derive(Deserialize, Default)]
struct BusConfiguration {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    metrics: Vec<BusMetric>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BusMetric {
    #[serde(default)]
    metric_stat: Option<BusStat>,
}

#[derive(Deserialize)]
struct BusStat {
    metric: BusMetricName,
}

#[derive(Deserialize)]
struct BusMetricName {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReasonData {
    #[serde(default)]
    recent_datapoints: Vec<Option<f64>>,
    #[serde(default)]
    threshold: Option<f64>,
}

/// The trigger of a CloudWatch alarm, also inside an SNS envelope; `None` for any other payload.
pub(super) fn decode(payload: &[u8]) -> Option<Trigger> {
    if let Some(envelope) = alerting::parse::<Envelope<'_>>(payload) {
        let inner = envelope.message.as_bytes();
        return (envelope.kind == "Notification").then(|| decode_bare(inner)).flatten();
    }
    decode_bare(payload)
}

fn decode_bare(payload: &[u8]) -> Option<Trigger> {
    let alert = if let Some(alarm) = alerting::parse::<SnsAlarm<'_>>(payload) {
        sns_alert(alarm)?
    } else {
        let event =
            alerting::parse::<BusEvent<'_>>(payload).filter(|event| event.source == "aws.cloudwatch")?;
        bus_alert(event)?
    };
    alerting::trigger("cloudwatch", vec![alert])
}

/// What the forms have in common, once their metrics are read.
struct Alarm<'a> {
    name: &'a str,
    description: Option<&'a str>,
    state: &'a str,
    reason: Option<&'a str>,
    changed_at: &'a Value,
    identity: Option<&'a str>,
    metric: Option<String>,
    threshold: Option<f64>,
    observed: Option<f64>,
    labels: BTreeMap<String, String>,
}

fn sns_alert(alarm: SnsAlarm<'_>) -> Option<Alert> {
    let mut labels = BTreeMap::new();
    let mut metric = None;
    let mut threshold = None;
    if let Some(trigger) = &alarm.trigger {
        add_dimensions(&mut labels, &trigger.dimensions);
        metric = trigger.metric_name.as_deref().map(|name| full_name(trigger.namespace.as_deref(), name));
        threshold = alerting::number(&trigger.threshold);
        for part in trigger.metrics.iter().filter_map(|metric| metric.stat.as_ref()) {
            add_dimensions(&mut labels, &part.metric.dimensions);
            let name = part.metric.metric_name.as_deref();
            metric = metric.or(name.map(|name| full_name(part.metric.namespace.as_deref(), name)));
        }
    }
    add_place(&mut labels, alarm.region.as_deref(), alarm.account.as_deref());
    to_alert(Alarm {
        name: &alarm.alarm_name,
        description: alarm.alarm_description.as_deref(),
        state: &alarm.new_state_value,
        reason: alarm.new_state_reason.as_deref(),
        changed_at: &alarm.state_change_time,
        identity: alarm.alarm_arn.as_deref(),
        metric,
        threshold,
        observed: None,
        labels,
    })
}

fn bus_alert(event: BusEvent<'_>) -> Option<Alert> {
    let detail = &event.detail;
    let mut labels = BTreeMap::new();
    let mut metric = None;
    for part in detail.configuration.metrics.iter().filter_map(|metric| metric.metric_stat.as_ref()) {
        for (name, value) in &part.metric.dimensions {
            alerting::insert(&mut labels, name, value);
        }
        let name = part.metric.name.as_deref();
        metric = metric.or(name.map(|name| full_name(part.metric.namespace.as_deref(), name)));
    }
    add_place(&mut labels, event.region.as_deref(), event.account.as_deref());
    let data =
        detail.state.reason_data.as_deref().and_then(|text| serde_json::from_str::<ReasonData>(text).ok());
    to_alert(Alarm {
        name: &detail.alarm_name,
        description: detail.configuration.description.as_deref(),
        state: &detail.state.value,
        reason: detail.state.reason.as_deref(),
        changed_at: &detail.state.timestamp,
        identity: event.alarm_arn.as_deref().or(event.resources.first().map(String::as_str)),
        metric,
        threshold: data.as_ref().and_then(|data| data.threshold),
        observed: data.as_ref().and_then(|data| data.recent_datapoints.last().copied().flatten()),
        labels,
    })
}

fn to_alert(alarm: Alarm<'_>) -> Option<Alert> {
    let state = match alarm.state {
        "ALARM" | "INSUFFICIENT_DATA" => AlertState::Firing,
        "OK" => AlertState::Resolved,
        _ => return None,
    };
    let changed_at = alerting::instant(alarm.changed_at);
    let said = [alarm.description, alarm.reason].into_iter().flatten().filter(|text| !text.trim().is_empty());
    Some(Alert {
        name: alerting::cut(alarm.name),
        summary: alerting::cut(&said.collect::<Vec<_>>().join(" — ")),
        target: target(&alarm.labels),
        metric: alarm.metric,
        threshold: alarm.threshold.or_else(|| alarm.reason.and_then(threshold_in_reason)),
        observed: alarm.reason.and_then(observed_in_reason).or(alarm.observed),
        state,
        // CloudWatch has no severity; an alarm that lost its data says less than one that saw too much of it.
        severity: if alarm.state == "INSUFFICIENT_DATA" { Severity::Info } else { Severity::Warning },
        fired_at: changed_at.filter(|_| state == AlertState::Firing),
        resolved_at: changed_at.filter(|_| state == AlertState::Resolved),
        fingerprint: alarm.identity.and_then(alerting::non_empty),
        labels: alarm.labels,
        annotations: BTreeMap::new(),
        link: None,
    })
}

fn add_dimensions(labels: &mut BTreeMap<String, String>, dimensions: &[Dimension]) {
    dimensions.iter().for_each(|dimension| alerting::insert(labels, &dimension.name, &dimension.value));
}

fn add_place(labels: &mut BTreeMap<String, String>, region: Option<&str>, account: Option<&str>) {
    alerting::insert(labels, "aws_region", region.unwrap_or_default());
    alerting::insert(labels, "aws_account", account.unwrap_or_default());
}

fn full_name(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| alerting::cut(name), |namespace| alerting::cut(&format!("{namespace}/{name}")))
}

/// The value of the most telling dimension, without the decoration of load balancer and state machine names.
fn target(labels: &BTreeMap<String, String>) -> Option<String> {
    let value = TARGET_DIMENSIONS.iter().find_map(|name| labels.get(*name));
    let Some(value) = value else { return alerting::target(labels) };
    let mut parts = value.split('/');
    match (parts.next(), parts.next()) {
        // `app/svc-a/50dc6c495c0c9188` and `targetgroup/svc-a/943f017f100becff`
        (Some("app" | "net" | "gwy" | "targetgroup"), Some(name)) => Some(name.to_owned()),
        _ if value.starts_with("arn:") => value.rsplit(':').next().map(str::to_owned),
        _ => Some(value.clone()),
    }
}

/// The newest point of `… datapoints [99.5 (02/10/19 16:59:00)] was greater than the threshold (50.0) …`.
fn observed_in_reason(reason: &str) -> Option<f64> {
    let (_, rest) = reason.split_once("[")?;
    rest.split([' ', ',', ']']).next().and_then(alerting::leading_number)
}

fn threshold_in_reason(reason: &str) -> Option<f64> {
    let (_, rest) = reason.split_once("the threshold (")?;
    rest.split(')').next().and_then(alerting::leading_number)
}
