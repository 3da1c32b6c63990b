//! The cluster's state as printouts: a list of each resource, then the last words of containers that are not well.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

use midwatch_model::{Citation, Signal};
use midwatch_sources::{
    Answering, Ask, ErrorKind, Fetched, Infrastructure, Printout, PrintoutQuery, SourceError, Total,
};
use serde_json::json;

use super::client::{self, Listed, LogOf, Room};
use super::errors::{WireStatus, quoted};
use super::logs;
use super::resources::{Presence, RESOURCES, Resource, Scope, rule};
use super::source::KubernetesSource;

/// Lists read side by side. The client's own pace is a bound besides.
const AT_A_TIME: usize = 8;

impl Infrastructure for KubernetesSource {
    /// One printout a list, its command the request; a list that was refused is the API's `Status`, which names the rule that
    /// is missing. Then one printout a log. The state is that of now, whatever the window.
    fn printouts<'a>(&'a self, ask: &'a Ask<PrintoutQuery>) -> Answering<'a, Vec<Printout>> {
        printouts(self, ask).boxed()
    }
}

async fn printouts(
    source: &KubernetesSource,
    ask: &Ask<PrintoutQuery>,
) -> Result<Fetched<Vec<Printout>>, SourceError> {
    let room = Room::new(ask.deadline);
    let lists = lists(source, &room).await?;
    let pods = lists.iter().filter(|list| list.plural == "pods" && list.is_read);
    let (wanted, containers) = logs::choose(pods.map(|list| list.printout.text.as_str()));
    let resources = lists.iter().filter(|list| list.is_read).count();
    let mut printouts: Vec<Printout> = lists.into_iter().map(|list| list.printout).collect();
    let said = side_by_side(wanted.into_iter().map(|of| said(source, of, &room).boxed()).collect()).await;
    let mut is_refused = false;
    for (of, text) in said {
        let command = client::log_request(&of).line();
        match text {
            Ok(text) => printouts.push(Printout { command, text }),
            // One refusal stands for all of them.
            Err(error) if error.kind == ErrorKind::Denied && !is_refused => {
                is_refused = true;
                let missing = rule("", "pods/log", "get");
                let text = format!(
                    "Error from server (Forbidden): the rule {missing} is missing: {}",
                    quoted(&error.context)
                );
                printouts.push(Printout { command, text });
            }
            // The instance is gone, or never began: then there are no last words.
            Err(_) => {}
        }
    }
    let citation = Citation {
        source: source.client.name().to_owned(),
        signal: Signal::Infrastructure,
        query: query(source, resources, containers),
        window: Some(ask.window),
        link: None,
    };
    let total = printouts.len();
    printouts.truncate(ask.limits.rows_max);
    let kept = printouts.len();
    if printouts.is_empty() {
        return Ok(Fetched::Nothing { searched: citation });
    }
    let truncated = (kept < total).then_some(Total { kept: kept as u64, total: total as u64 });
    Ok(Fetched::Found { data: printouts, citation, truncated })
}

async fn said(source: &KubernetesSource, of: LogOf, room: &Room) -> (LogOf, Result<String, SourceError>) {
    let text = client::log(&source.client, &of, room).await;
    (of, text)
}

fn query(source: &KubernetesSource, resources: usize, containers: usize) -> String {
    let place = match source.namespaces.as_slice() {
        [] => String::new(),
        namespaces => format!(" in {}", namespaces.join(", ")),
    };
    let logs = match containers {
        0 => String::new(),
        containers if containers > logs::CONTAINERS_MAX => {
            format!(", logs of {} of {containers} containers that are not well", logs::CONTAINERS_MAX)
        }
        containers => format!(", logs of {containers} containers that are not well"),
    };
    format!("{resources} lists of {}{place}{logs}", source.client.address())
}

/// A list, handed over.
struct List {
    plural: &'static str,
    is_read: bool,
    printout: Printout,
}

/// The results of calls made side by side, in the order of the calls. One that is slow holds up none behind it.
pub(super) async fn side_by_side<T: Send>(calls: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut numbered: Vec<BoxFuture<'_, (usize, T)>> = Vec::with_capacity(calls.len());
    for (number, call) in calls.into_iter().enumerate() {
        numbered.push(call.map(move |result| (number, result)).boxed());
    }
    let mut results: Vec<(usize, T)> = stream::iter(numbered).buffer_unordered(AT_A_TIME).collect().await;
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// A list that is to be read.
pub(super) struct Wanted {
    pub(super) resource: &'static Resource,
    /// Of one namespace; `None` for everything.
    pub(super) namespace: Option<String>,
}

/// Every list that is to be read: a resource, and a namespace when it is one at a time.
pub(super) fn wanted(source: &KubernetesSource) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for resource in RESOURCES {
        match resource.scope {
            Scope::Namespaced if !source.namespaces.is_empty() => {
                let each = source.namespaces.iter().cloned();
                wanted.extend(each.map(|namespace| Wanted { resource, namespace: Some(namespace) }));
            }
            _ => wanted.push(Wanted { resource, namespace: None }),
        }
    }
    wanted
}

async fn read(
    source: &KubernetesSource,
    wanted: Wanted,
    room: &Room,
) -> (Wanted, Result<Listed, SourceError>) {
    let namespace = wanted.namespace.as_deref();
    let listed = client::list(&source.client, wanted.resource, namespace, room).await;
    (wanted, listed)
}

/// Reads all lists, in the table's order whatever order they were answered in.
///
/// # Errors
/// When the API cannot be asked at all, or no list could be read; the error is the first that says why.
async fn lists(source: &KubernetesSource, room: &Room) -> Result<Vec<List>, SourceError> {
    // One request tells what would else be told by all of them.
    if let Err(error) = client::version(&source.client).await
        && !matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Malformed)
    {
        return Err(error);
    }
    let answers =
        side_by_side(wanted(source).into_iter().map(|wanted| read(source, wanted, room).boxed()).collect())
            .await;
    let mut lists = Vec::new();
    let mut first_error = None;
    let mut refused = Vec::new();
    for (Wanted { resource, namespace }, answer) in answers {
        let first = resource.versions.first().copied();
        let (version, is_read, text) = match answer {
            Ok(Listed::Objects { version, text }) => (Some(version), true, text),
            Ok(Listed::NotServed) if resource.presence == Presence::IfInstalled => continue,
            Ok(Listed::NotServed) => {
                let message = format!("the cluster serves no {}", resource.plural);
                (first, false, failure("NotFound", 404, &message))
            }
            Ok(Listed::Refused { version, status }) => {
                let missing = resource.rule(version);
                refused.push(missing.clone());
                if is_expected(source, resource) {
                    continue;
                }
                (Some(version), false, refusal(&missing, &status))
            }
            Err(error) => {
                let text = failure(reason(error.kind), 0, &error.context);
                first_error.get_or_insert(error);
                (first, false, text)
            }
        };
        let Some(version) = version else { continue };
        let command = client::list_request(resource, version, namespace.as_deref()).line();
        lists.push(List { plural: resource.plural, is_read, printout: Printout { command, text } });
    }
    if lists.iter().any(|list| list.is_read) {
        return Ok(lists);
    }
    Err(first_error.unwrap_or_else(|| nothing(source, &refused)))
}

/// Whether a refusal is no news: who was given some namespaces only was not given what lies outside them. Machines are missed
/// nevertheless.
pub(super) fn is_expected(source: &KubernetesSource, resource: &Resource) -> bool {
    !source.namespaces.is_empty() && resource.scope == Scope::Cluster && resource.plural != "nodes"
}

/// The error when nothing could be read, and nothing failed either.
fn nothing(source: &KubernetesSource, refused: &[String]) -> SourceError {
    let address = source.client.address();
    match refused.first() {
        Some(first) => SourceError::new(
            ErrorKind::Denied,
            source.client.name(),
            "list the cluster's objects",
            format!(
                "{address}: it refused all {} lists; the first needs {first}; apply deploy/kubernetes/clusterrole.yaml, or \
                 role.yaml and set namespaces",
                refused.len()
            ),
        ),
        None => SourceError::new(
            ErrorKind::NotFound,
            source.client.name(),
            "list the cluster's objects",
            format!("{address}: it serves none of the resources of a cluster; check the address"),
        ),
    }
}

/// The reason of a `Status` for an error of ours.
fn reason(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "NotFound",
        ErrorKind::Unauthenticated => "Unauthorized",
        ErrorKind::Denied => "Forbidden",
        ErrorKind::RateLimited => "TooManyRequests",
        ErrorKind::TimedOut => "Timeout",
        _ => "ServiceUnavailable",
    }
}

/// The API's refusal with the rule that is missing put first, where a shortened text still shows it.
fn refusal(missing: &str, status: &WireStatus) -> String {
    let message = format!("the rule {missing} is missing: {}", quoted(&status.message));
    let reason = if status.reason.is_empty() { "Forbidden" } else { status.reason.as_str() };
    failure(reason, status.code, &message)
}

fn failure(reason: &str, code: u16, message: &str) -> String {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code,
        "message": message,
    })
    .to_string()
}
