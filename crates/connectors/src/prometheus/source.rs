//! The source: configuration, what it covers, whether it can be used.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_model::{Signal, Timestamp, Window};
use midwatch_sources::http::HttpClient;
use midwatch_sources::{Alerts, Configured, Coverage, ErrorKind, Metrics, Probe, Source, SourceError};
use promql_parser::parser::{Expr, parse};

use super::{SPEC, client, errors};

/// One server.
pub struct PrometheusSource {
    pub(super) client: HttpClient,
    /// Matchers for every query; empty for none.
    pub(super) selector: String,
}

/// A source of this configuration; nothing is sent yet.
pub(super) fn connect(configured: &Configured) -> Result<Arc<dyn Source>, SourceError> {
    let mut settings = configured.http(&SPEC, errors::explain)?;
    if let Some(tenant) = configured.text("tenant") {
        settings.wire.headers.insert("x-scope-orgid".to_owned(), tenant.to_owned());
    }
    let selector = checked_selector(configured)?;
    Ok(Arc::new(PrometheusSource { client: HttpClient::connect(&SPEC, settings)?, selector }))
}

/// The configured matchers, as the language writes them.
pub(super) fn checked_selector(configured: &Configured) -> Result<String, SourceError> {
    let Some(written) = configured.text("selector") else { return Ok(String::new()) };
    let inner = written.trim().trim_start_matches('{').trim_end_matches('}').trim().trim_end_matches(',');
    if inner.is_empty() {
        return Ok(String::new());
    }
    match parse(&format!("{{{inner}}}")) {
        Ok(Expr::VectorSelector(selector))
            if selector.name.is_none()
                && selector.offset.is_none()
                && selector.at.is_none()
                && selector.matchers.or_matchers.is_empty() =>
        {
            Ok(inner.to_owned())
        }
        Ok(_) => {
            Err(configured.error("selector must be matchers only, such as env=\"prod\",cluster=\"eu-1\""))
        }
        Err(reason) => Err(configured.error(format!("selector cannot be read: {reason}"))),
    }
}

impl PrometheusSource {
    /// Where a person sees `query` drawn over `window`, in the server's own page.
    pub(super) fn link(&self, query: &str, window: &Window) -> String {
        let length_s = ((window.end_ns() - window.start_ns()) / 1_000_000_000).max(1);
        let end = window.end().to_string();
        let end = end.split('.').next().unwrap_or(&end).trim_end_matches('Z');
        let page = format!("{}/graph?", self.client.address());
        let begin = page.len();
        let mut link = url::form_urlencoded::Serializer::for_suffix(page, begin);
        link.append_pair("g0.expr", query)
            .append_pair("g0.tab", "0")
            .append_pair("g0.range_input", &format!("{length_s}s"))
            .append_pair("g0.end_input", end);
        link.finish()
    }
}

impl Source for PrometheusSource {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        async move {
            let now = client::query(&self.client, "time()", None, None).await?;
            let now = now.data.first().and_then(|series| series.value.as_ref()?.1.parse::<f64>().ok());
            let last = now.and_then(|seconds| Timestamp::from_millisecond((seconds * 1_000.0) as i64).ok());
            Ok(Coverage {
                signals: vec![Signal::Metrics, Signal::Alerts],
                first: match now {
                    Some(now) => first(self, now).await,
                    None => None,
                },
                last,
                damage: Vec::new(),
                notes: Vec::new(),
            })
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Probe> {
        probe(self).boxed()
    }

    fn metrics(&self) -> Option<&dyn Metrics> {
        Some(self)
    }

    fn alerts(&self) -> Option<&dyn Alerts> {
        Some(self)
    }
}

/// Days of history that are looked for, and the step; further back nobody looks.
const HISTORY_DAYS: i64 = 8;
const HISTORY_STEP_S: i64 = 3_600;

/// When the targets' history begins, at most an hour too early; `None` when it may begin before the last days.
async fn first(source: &PrometheusSource, now_s: f64) -> Option<Timestamp> {
    let up = super::promql::selector("up", &[], &source.selector);
    let query = format!("min_over_time((min(timestamp({up})))[{HISTORY_DAYS}d:{HISTORY_STEP_S}s])");
    let answered = client::query(&source.client, &query, None, None).await.ok()?;
    let seconds: f64 = answered.data.first()?.value.as_ref()?.1.parse().ok()?;
    let bound = now_s - (HISTORY_DAYS * 86_400 - 2 * HISTORY_STEP_S) as f64;
    (seconds > bound).then(|| Timestamp::from_second(seconds as i64 - HISTORY_STEP_S).ok()).flatten()
}

async fn probe(source: &PrometheusSource) -> Probe {
    let up = super::promql::selector("up", &[], &source.selector);
    let counted = client::query(&source.client, &format!("count({up}) or vector(0)"), None, None).await;
    let targets = match counted {
        Ok(answered) => answered.data.first().and_then(|series| series.value.as_ref()?.1.parse::<f64>().ok()),
        Err(error) => {
            let refused = matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Denied);
            let missing = if refused { vec!["GET /api/v1/query".to_owned()] } else { Vec::new() };
            // Whoever refuses is there.
            return Probe { reachable: refused, missing_permissions: missing, detail: error.to_string() };
        }
    };
    let mut missing = Vec::new();
    if let Err(error) = client::rules(&source.client).await
        && matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Denied)
    {
        missing.push("GET /api/v1/rules".to_owned());
    }
    let version = match client::build(&source.client).await {
        Ok(build) if !build.version.is_empty() => format!("version {}", build.version),
        _ => "a version it does not tell".to_owned(),
    };
    let targets = targets.unwrap_or_default();
    let detail = if targets > 0.0 {
        format!("{version}, {targets} targets")
    } else if source.selector.is_empty() {
        format!("{version}; it has no series `up`, so either nothing is scraped or it is pushed to")
    } else {
        format!("{version}; no series `up` matches {{{}}}", source.selector)
    };
    Probe { reachable: true, missing_permissions: missing, detail }
}
