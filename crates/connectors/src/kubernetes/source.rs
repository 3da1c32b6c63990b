//! The source: configuration, what it covers, whether it can be used.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_model::Signal;
use midwatch_sources::http::{HttpClient, HttpSettings, Transport};
use midwatch_sources::{Configured, Coverage, ErrorKind, Infrastructure, Probe, Source, SourceError};

use super::client::{self, Listed, LogOf};
use super::infrastructure::Wanted;
use super::resources::{Presence, rule};
use super::trim::Keep;
use super::wire::{Trimmed, Wire};
use super::{SPEC, errors, infrastructure, kubeconfig, logs};

/// One cluster.
pub struct KubernetesSource {
    pub(super) client: HttpClient,
    /// Namespaces that are looked at; none means all.
    pub(super) namespaces: Vec<String>,
}

/// A source of this configuration; nothing is sent yet.
pub(super) fn connect(configured: &Configured) -> Result<Arc<dyn Source>, SourceError> {
    let (access, address) = kubeconfig::find(configured)?;
    let timeout = configured.number("timeout_s").map(Duration::from_secs);
    let mut settings = configured.http(&SPEC, errors::explain)?;
    settings.wire.url = address;
    let source = over(configured, settings, Wire::new(access, timeout))?;
    Ok(Arc::new(source))
}

/// A source over a transport: the wire, or in tests something that stands for it.
pub(super) fn over(
    configured: &Configured,
    settings: HttpSettings,
    transport: impl Transport + 'static,
) -> Result<KubernetesSource, SourceError> {
    let mut namespaces = configured.texts("namespaces").to_vec();
    if let Some(wrong) = namespaces.iter().find(|name| !is_label(name)) {
        return Err(configured.error(format!("namespaces: {wrong:?} is no name of a namespace")));
    }
    namespaces.sort();
    namespaces.dedup();
    let keep = Keep { config_map_values: configured.flag("config_map_values") };
    let client = HttpClient::over(&SPEC, settings, Trimmed { keep, inner: transport });
    Ok(KubernetesSource { client, namespaces })
}

/// Whether a text is a label of DNS (RFC 1123), as names of namespaces are.
fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl Source for KubernetesSource {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn coverage(&self) -> BoxFuture<'_, Result<Coverage, SourceError>> {
        async move {
            let (version, now) = client::version(&self.client).await?;
            let mut notes = vec![format!("server version {version}; its objects are those of now")];
            if !self.namespaces.is_empty() {
                notes.push(format!("only the namespaces {} are looked at", self.namespaces.join(", ")));
            }
            Ok(Coverage {
                signals: vec![Signal::Infrastructure],
                first: None,
                last: now,
                damage: Vec::new(),
                notes,
            })
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Probe> {
        probe(self).boxed()
    }

    fn infrastructure(&self) -> Option<&dyn Infrastructure> {
        Some(self)
    }
}

async fn probe(source: &KubernetesSource) -> Probe {
    let version = match client::version(&source.client).await {
        Ok((version, _)) if !version.is_empty() => format!("version {version}"),
        Ok(_) => "a version it does not tell".to_owned(),
        Err(error) => {
            // Whoever refuses is there.
            let reachable = matches!(error.kind, ErrorKind::Unauthenticated | ErrorKind::Denied);
            return Probe { reachable, missing_permissions: Vec::new(), detail: error.to_string() };
        }
    };
    let tries =
        infrastructure::wanted(source).into_iter().map(|wanted| try_list(source, wanted).boxed()).collect();
    let tried = infrastructure::side_by_side(tries).await;
    let mut missing = Vec::new();
    let mut served = 0;
    let mut absent = Vec::new();
    let mut failed = None;
    let mut pod = None;
    for (Wanted { resource, namespace }, tried) in tried {
        let place = namespace.map_or_else(String::new, |namespace| format!(" in the namespace {namespace}"));
        match tried {
            Ok(Listed::Objects { text, .. }) => {
                served += 1;
                if resource.plural == "pods" && pod.is_none() {
                    pod = logs::any(&text);
                }
            }
            Ok(Listed::NotServed) if resource.presence == Presence::Always => absent.push(resource.plural),
            Ok(Listed::NotServed) => {}
            Ok(Listed::Refused { .. }) if infrastructure::is_expected(source, resource) => {}
            Ok(Listed::Refused { version, .. }) => {
                missing.push(format!("{}{place}", resource.rule(version)));
            }
            Err(error) => {
                failed.get_or_insert(error);
            }
        }
    }
    if let Some(pod) = pod
        && is_log_refused(source, &pod).await
    {
        missing.push(rule("", "pods/log", "get"));
    }
    let mut detail = format!("{version}, {served} lists can be read");
    if !missing.is_empty() {
        detail.push_str(&format!(", {} permissions are missing", missing.len()));
    }
    if !absent.is_empty() {
        detail.push_str(&format!(", it does not serve {}", absent.join(", ")));
    }
    if let Some(error) = failed {
        detail.push_str(&format!("; {error}"));
    }
    Probe { reachable: true, missing_permissions: missing, detail }
}

async fn try_list(source: &KubernetesSource, wanted: Wanted) -> (Wanted, Result<Listed, SourceError>) {
    let listed = client::try_list(&source.client, wanted.resource, wanted.namespace.as_deref()).await;
    (wanted, listed)
}

async fn is_log_refused(source: &KubernetesSource, of: &LogOf) -> bool {
    let room = client::Room::new(None);
    let read = client::log(&source.client, of, &room).await;
    read.is_err_and(|error| error.kind == ErrorKind::Denied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_namespaces_are_checked() {
        for good in ["shop", "a", "kube-system", "x1-2"] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", "Shop", "a/b", "..", "-a", "a-", "a.b", &"a".repeat(64)] {
            assert!(!is_label(bad), "{bad}");
        }
    }
}
