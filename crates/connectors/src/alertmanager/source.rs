//! A live Alertmanager: the alerts that fire now.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_model::{Signal, Timestamp, Trigger};
use midwatch_sources::http::{HttpClient, Request};
use midwatch_sources::{Alerts, Configured, Coverage, ErrorKind, Probe, Source, SourceError};
use serde::Deserialize;

use super::{SPEC, alert};

/// One server.
struct AlertmanagerSource {
    client: HttpClient,
}

/// A source of this configuration; nothing is sent yet.
pub(super) fn connect(configured: &Configured) -> Result<Arc<dyn Source>, SourceError> {
    let mut settings = configured.http(&SPEC, |_, _| None)?;
    if let Some(tenant) = configured.text("tenant") {
        settings.wire.headers.insert("x-scope-orgid".to_owned(), tenant.to_owned());
    }
    Ok(Arc::new(AlertmanagerSource { client: HttpClient::connect(&SPEC, settings)? }))
}

/// Alerts that fire and that nobody has silenced.
fn alerts_request() -> Request {
    Request::get("read the alerts", "/api/v2/alerts")
        .with("active", "true")
        .with("silenced", "false")
        .with("inhibited", "false")
        .with("unprocessed", "true")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStatus {
    version_info: WireVersion,
}

#[derive(Deserialize)]
struct WireVersion {
    #[serde(default)]
    version: String,
}

impl AlertmanagerSource {
    async fn status(&self) -> Result<(WireStatus, Option<Timestamp>), SourceError> {
        let request = Request::get("read the status", "/api/v2/status");
        let reply = self.client.send(&request).await?;
        let told = reply
            .header("date")
            .and_then(|date| Timestamp::strptime("%a, %d %b %Y %H:%M:%S GMT%z", format!("{date}+0000")).ok());
        let status = serde_json::from_slice(&reply.body)
            .map_err(|error| self.client.malformed(&request.operation, &error.to_string()))?;
        Ok((status, told))
    }
}

impl Source for AlertmanagerSource {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        async move {
            let (_, last) = self.status().await?;
            Ok(Coverage { signals: vec![Signal::Alerts], last, ..Coverage::default() })
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Probe> {
        async move {
            let request = alerts_request();
            if let Err(error) = self.client.send(&request).await {
                let refused = matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Denied);
                let missing = if refused { vec!["GET /api/v2/alerts".to_owned()] } else { Vec::new() };
                return Probe { reachable: refused, missing_permissions: missing, detail: error.to_string() };
            }
            match self.status().await {
                Ok((status, _)) => Probe {
                    reachable: true,
                    missing_permissions: Vec::new(),
                    detail: format!("version {}", status.version_info.version),
                },
                Err(error) => Probe {
                    reachable: true,
                    missing_permissions: vec!["GET /api/v2/status".to_owned()],
                    detail: error.to_string(),
                },
            }
        }
        .boxed()
    }

    fn alerts(&self) -> Option<&dyn Alerts> {
        Some(self)
    }
}

impl Alerts for AlertmanagerSource {
    fn trigger(&self) -> BoxFuture<'_, Result<Option<Trigger>, SourceError>> {
        async move {
            let request = alerts_request();
            let reply = self.client.send(&request).await?;
            match alert::decode(&reply.body) {
                Some(trigger) => Ok(Some(trigger)),
                None => match serde_json::from_slice::<Vec<serde_json::Value>>(&reply.body) {
                    Ok(alerts) if alerts.is_empty() => Ok(None),
                    Ok(alerts) => {
                        let reason = format!(
                            "{} alerts fire, and they are more than can be read or lack a name",
                            alerts.len()
                        );
                        Err(self.client.malformed(&request.operation, &reason))
                    }
                    Err(_) => Err(self.client.malformed(&request.operation, "it is no list of alerts")),
                },
            }
        }
        .boxed()
    }
}
