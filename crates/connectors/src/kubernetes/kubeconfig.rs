//! Which cluster is meant and as whom: the kubeconfig, or the service account of the pod this runs in.

use std::path::PathBuf;

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use midwatch_sources::{Configured, SourceError};

/// Where credentials come from. It has no `Debug`: a kubeconfig may hold tokens.
pub(super) enum Access {
    /// A kubeconfig, and which of its contexts.
    File(Box<Kubeconfig>, Option<String>),
    /// The service account that is mounted into a pod.
    ServiceAccount,
}

/// Where credentials come from, and the API's address for messages. Files are read, nothing is sent.
///
/// # Errors
/// When there is no kubeconfig and this is no pod, when the file cannot be read, or has no such context.
pub(super) fn find(configured: &Configured) -> Result<(Access, String), SourceError> {
    let context = configured.text("context");
    let path = configured.path("kubeconfig").map(PathBuf::from);
    let read = match &path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    match read {
        Ok(file) => {
            let address = address(&file, context).map_err(|reason| configured.error(reason))?;
            Ok((Access::File(Box::new(file), context.map(str::to_owned)), address))
        }
        Err(error) if path.is_some() || context.is_some() || !is_absent(&error) => {
            Err(configured.error(format!("the kubeconfig cannot be used: {}", told(&error))))
        }
        Err(error) => match Config::incluster() {
            Ok(config) => Ok((Access::ServiceAccount, shown(&config.cluster_url.to_string()))),
            Err(_) => Err(configured.error(format!(
                "there is no kubeconfig ({}), and this runs in no pod with a service account; set kubeconfig",
                told(&error)
            ))),
        },
    }
}

/// Whether there is no file, rather than one that cannot be used.
fn is_absent(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// An error of the file. What the YAML reader says would quote lines of it, and tokens stand in them.
fn told(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(_) => {
            "its YAML is not that of a kubeconfig; kubectl config view says where".to_owned()
        }
        error => error.to_string(),
    }
}

/// The address of the cluster that a context names.
fn address(file: &Kubeconfig, context: Option<&str>) -> Result<String, String> {
    let names = || {
        let names: Vec<&str> = file.contexts.iter().map(|context| context.name.as_str()).take(20).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let Some(name) = context.or(file.current_context.as_deref()).filter(|name| !name.is_empty()) else {
        return Err(format!("the kubeconfig has no current context; set context to one of: {}", names()));
    };
    let found = file.contexts.iter().find(|context| context.name == name);
    let Some(context) = found.and_then(|context| context.context.as_ref()) else {
        return Err(format!("the kubeconfig has no context {name}; it has: {}", names()));
    };
    let cluster = file.clusters.iter().find(|cluster| cluster.name == context.cluster);
    match cluster.and_then(|cluster| cluster.cluster.as_ref()?.server.as_ref()) {
        Some(server) => Ok(shown(server)),
        None => Err(format!(
            "the context {name} names the cluster {}, which has no server there",
            context.cluster
        )),
    }
}

/// An address without credentials.
fn shown(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.as_str().trim_end_matches('/').to_owned()
        }
        Err(_) => "an address that cannot be read".to_owned(),
    }
}

/// The client's own configuration. Retries are ours.
pub(super) async fn config(access: &Access) -> Result<Config, String> {
    let mut config = match access {
        Access::File(file, context) => {
            let options = KubeConfigOptions { context: context.clone(), ..KubeConfigOptions::default() };
            let file = Kubeconfig::clone(file);
            Config::from_custom_kubeconfig(file, &options).await.map_err(|error| told(&error))?
        }
        Access::ServiceAccount => Config::incluster().map_err(|error| error.to_string())?,
    };
    config.default_retry = false;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Kubeconfig {
        Kubeconfig::from_yaml(text).unwrap()
    }

    #[test]
    fn the_address_is_that_of_the_context_without_credentials() {
        let file = file(
            "current-context: a\ncontexts:\n- name: a\n  context: {cluster: one, user: u}\n- name: b\n  context: {cluster: \
             two, user: u}\n- name: c\n  context: {cluster: three, user: u}\nclusters:\n- name: one\n  cluster: {server: \
             'https://me:hunter22@one.example:6443/'}\n- name: two\n  cluster: {server: 'https://two.example/k8s/c1'}\n",
        );
        assert_eq!(address(&file, None).as_deref(), Ok("https://one.example:6443"));
        assert_eq!(address(&file, Some("b")).as_deref(), Ok("https://two.example/k8s/c1"));
        assert_eq!(
            address(&file, Some("c")).unwrap_err(),
            "the context c names the cluster three, which has no server there"
        );
        assert_eq!(
            address(&file, Some("d")).unwrap_err(),
            "the kubeconfig has no context d; it has: a, b, c"
        );
        assert_eq!(
            address(&Kubeconfig::default(), None).unwrap_err(),
            "the kubeconfig has no current context; set context to one of: none"
        );
    }
}
