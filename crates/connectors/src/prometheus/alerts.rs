//! Firing alerts, with what their rules watch.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_model::Trigger;
use midwatch_sources::{Alerts, SourceError};

use super::PrometheusSource;
use super::client;
use crate::alerting;

impl Alerts for PrometheusSource {
    fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>> {
        trigger(self).boxed()
    }
}

async fn trigger(source: &PrometheusSource) -> Result<Option<Trigger>, SourceError> {
    let payload = client::alerts(&source.client).await?;
    let Some(mut trigger) = crate::decode_alert(&payload) else {
        return match firing(&payload) {
            Some(0) => Ok(None),
            Some(number) => {
                let reason =
                    format!("{number} alerts fire, and they are more than can be read or lack a name");
                Err(source.client.malformed("read the alerts", &reason))
            }
            None => Err(source.client.malformed("read the alerts", "it lists no alerts")),
        };
    };
    // What a rule watches is worth a call, and its absence is not worth an error.
    if let Ok(rules) = client::rules(&source.client).await {
        for alert in &mut trigger.alerts {
            let mut all = rules.groups.iter().flat_map(|group| &group.rules);
            // Rules of one name, a warning and a critical one, are told apart by their labels.
            let fits = |rule: &&client::WireRule| {
                rule.name == alert.name
                    && rule.labels.iter().all(|(key, value)| {
                        value.contains("{{") || alert.labels.get(key).is_some_and(|label| label == value)
                    })
            };
            let Some(rule) = all.find(fits) else { continue };
            let compared = alerting::comparison(&rule.query);
            alert.metric = alert.metric.take().or(compared.metric);
            alert.threshold = alert.threshold.or(compared.threshold);
        }
    }
    Ok(Some(trigger))
}

/// How many alerts of the list fire; `None` for what is no list.
fn firing(payload: &[u8]) -> Option<usize> {
    let value: serde_json::Value = serde_json::from_slice(payload).ok()?;
    let alerts = value.pointer("/data/alerts")?.as_array()?;
    Some(alerts.iter().filter(|alert| alert.get("state").is_some_and(|state| state == "firing")).count())
}
