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
        // No alerts, or none that fires, is no trigger; anything else would be an answer that cannot be read.
        let known = serde_json::from_slice::<serde_json::Value>(&payload)
            .is_ok_and(|value| value.pointer("/data/alerts").is_some_and(serde_json::Value::is_array));
        return if known {
            Ok(None)
        } else {
            Err(source.client.malformed("read the alerts", "it lists no alerts"))
        };
    };
    // What a rule watches is worth a call, and its absence is not worth an error.
    if let Ok(rules) = client::rules(&source.client).await {
        for alert in &mut trigger.alerts {
            let mut all = rules.groups.iter().flat_map(|group| &group.rules);
            let Some(rule) = all.find(|rule| rule.name == alert.name) else { continue };
            let compared = alerting::comparison(&rule.query);
            alert.metric = alert.metric.take().or(compared.metric);
            alert.threshold = alert.threshold.or(compared.threshold);
        }
    }
    Ok(Some(trigger))
}
