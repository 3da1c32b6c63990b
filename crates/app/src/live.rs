//! Live systems: which there are, whether they can be used, and asking them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use midwatch_connectors::SPECS;
use midwatch_model::{SignedDuration, Timestamp};
use midwatch_sources::{Probe, Source, Spec};

use crate::config::Config;
use crate::engine::block_on;
use crate::{AppError, ConfiguredSource};

/// How long a system may take to say whether it can be used.
const PROBE_WITHIN: Duration = Duration::from_secs(15);

/// How one source is.
#[derive(Debug, Clone)]
pub struct SourceCheck {
    /// Name.
    pub name: String,
    /// Its connector.
    pub connector: &'static str,
    /// What it said.
    pub probe: Probe,
    /// How long that took.
    pub took: Duration,
    /// How far its clock is ahead of this machine's, when it tells the time; to about a second.
    pub clock_ahead: Option<SignedDuration>,
}

impl SourceCheck {
    /// Whether it can be used without restriction.
    pub fn is_well(&self) -> bool {
        self.probe.reachable && self.probe.missing_permissions.is_empty()
    }
}

/// Every connector, in the order people see them.
pub fn connectors() -> &'static [&'static Spec] {
    SPECS
}

/// The sources of `config`, those of `names` when it names any.
///
/// # Errors
/// When a name is none of the configuration's, or it has no sources.
pub fn live_sources(config: &Config, names: &[String]) -> Result<Vec<Arc<dyn Source>>, AppError> {
    Ok(chosen(config, names)?.iter().map(|source| Arc::clone(&source.source)).collect())
}

fn chosen<'c>(config: &'c Config, names: &[String]) -> Result<Vec<&'c ConfiguredSource>, AppError> {
    let path = config.path.clone();
    if config.sources.is_empty() {
        return Err(AppError::NoSources { path });
    }
    let known = || config.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = names.iter().find(|name| !config.sources.iter().any(|source| source.name == **name))
    {
        return Err(AppError::UnknownSource { wanted: wanted.clone(), path, known: known() });
    }
    let wanted = |source: &&ConfiguredSource| names.is_empty() || names.contains(&source.name);
    Ok(config.sources.iter().filter(wanted).collect())
}

/// Asks the sources of `config`, those of `names` when it names any, whether they can be used; all at a time, in their order.
/// `now` reads this machine's clock.
///
/// # Errors
/// When a name is none of the configuration's. A source that cannot be used is no error.
pub fn check_sources(
    config: &Config,
    names: &[String],
    now: fn() -> Timestamp,
) -> Result<Vec<SourceCheck>, AppError> {
    let sources = chosen(config, names)?;
    block_on(join_all(sources.into_iter().map(|source| check(source, now))))
}

async fn check(source: &ConfiguredSource, now: fn() -> Timestamp) -> SourceCheck {
    let started = Instant::now();
    let probe = tokio::time::timeout(PROBE_WITHIN, source.source.probe()).await.unwrap_or_else(|_| Probe {
        reachable: false,
        missing_permissions: Vec::new(),
        detail: format!("{}: no answer in {} s", source.name, PROBE_WITHIN.as_secs()),
    });
    let took = started.elapsed();
    let told = if probe.reachable {
        tokio::time::timeout(PROBE_WITHIN, source.source.coverage()).await.ok().and_then(Result::ok)
    } else {
        None
    };
    let clock_ahead = told.and_then(|coverage| coverage.last).map(|last| last.duration_since(now()));
    SourceCheck { name: source.name.clone(), connector: source.spec.id, probe, took, clock_ahead }
}
