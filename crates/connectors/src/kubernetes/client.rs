//! Requests and the wire's own shapes: one function an endpoint.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use midwatch_model::Timestamp;
use midwatch_sources::http::{HttpClient, Reply, Request, segment};
use midwatch_sources::{ErrorKind, SourceError};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::errors::WireStatus;
use super::resources::{Resource, Version};

/// Objects of one page, and of what may be large each: a config map or a secret may hold a mebibyte.
const PAGE: u32 = 500;
const PAGE_OF_LARGE: u32 = 100;
const LARGE: &[&str] = &["configmaps", "secrets"];
/// A page of fewer objects is not asked for because a larger one was too long.
const PAGE_MIN: u32 = 10;
/// Pages of one list, for a server that sends few at a time.
const PAGES_MAX: u32 = 400;
/// Objects kept of one list.
const OBJECTS_MAX: usize = 20_000;
/// Bytes kept of one list.
const LIST_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Bytes kept of all lists of one answer.
pub(super) const BYTES_MAX: usize = 384 * 1024 * 1024;
/// Lines and bytes asked of one log.
const LOG_LINES: u32 = 100;
const LOG_BYTES_MAX: u32 = 64 * 1024;

/// How much may still be kept, and until when.
pub(super) struct Room {
    bytes: AtomicUsize,
    objects_max: usize,
    started: Instant,
    deadline: Option<Duration>,
}

impl Room {
    /// Room for one answer.
    pub(super) fn new(deadline: Option<Duration>) -> Room {
        Room {
            bytes: AtomicUsize::new(BYTES_MAX),
            objects_max: OBJECTS_MAX,
            started: Instant::now(),
            deadline,
        }
    }

    #[cfg(test)]
    pub(super) fn of_objects(objects_max: usize) -> Room {
        Room { objects_max, ..Room::new(None) }
    }

    fn take(&self, bytes: usize) -> bool {
        let left = |left: usize| left.checked_sub(bytes);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }

    /// What is left of the time; `None` for the source's usual.
    fn time(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_sub(self.started.elapsed()))
    }
}

/// How a list ended.
#[derive(Debug, Clone)]
pub(super) enum Listed {
    /// The list as the API answers it, all pages as one; where it was cut, `metadata.continue` says so.
    Objects { version: Version, text: String },
    /// The cluster has no such resource.
    NotServed,
    /// Whoever asks may not list it.
    Refused { version: Version, status: WireStatus },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePage<'a> {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    metadata: WirePageMetadata,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WirePageMetadata {
    #[serde(default, rename = "continue")]
    rest: String,
    #[serde(default)]
    remaining_item_count: Option<u64>,
}

/// The request for the first page of a list.
pub(super) fn list_request(resource: &Resource, version: Version, namespace: Option<&str>) -> Request {
    let namespace = namespace.map(segment);
    let path = resource.path(version, namespace.as_deref());
    let page = if LARGE.contains(&resource.plural) { PAGE_OF_LARGE } else { PAGE };
    Request::get(format!("list the {}", resource.plural), path).with("limit", page.to_string())
}

/// The same request for a tenth of the objects; `None` when that would be too few to get anywhere.
fn smaller(request: &Request) -> Option<Request> {
    let mut smaller = request.clone();
    let limit = smaller.query.iter_mut().find(|(key, _)| key == "limit")?;
    let tenth = limit.1.parse::<u32>().ok()? / 10;
    limit.1 = tenth.to_string();
    (tenth >= PAGE_MIN).then_some(smaller)
}

/// All objects of a resource, in one namespace or in all.
pub(super) async fn list(
    client: &HttpClient,
    resource: &Resource,
    namespace: Option<&str>,
    room: &Room,
) -> Result<Listed, SourceError> {
    for version in resource.versions {
        let request = list_request(resource, *version, namespace);
        match pages(client, &request, room).await? {
            Pages::Read(text) => return Ok(Listed::Objects { version: *version, text }),
            Pages::Failed(status) if status.code == 404 => {}
            Pages::Failed(status) => return Ok(Listed::Refused { version: *version, status }),
        }
    }
    Ok(Listed::NotServed)
}

enum Pages {
    Read(String),
    Failed(WireStatus),
}

/// A list as it grows.
#[derive(Default)]
struct Growing {
    kind: String,
    api_version: String,
    items: String,
    objects: usize,
}

/// Follows `continue` to the end, or to a bound. A token that has expired on the way (410) begins the list anew, once; a page that is
/// too long is asked for in smaller ones.
async fn pages(client: &HttpClient, first: &Request, room: &Room) -> Result<Pages, SourceError> {
    let mut first = first.clone();
    let mut grown = Growing::default();
    let mut rest = String::new();
    let mut begun_anew = false;
    for _ in 0..PAGES_MAX {
        let mut request = first.clone().within(room.time());
        if begun_anew {
            // Means the same as nothing, and is another question to the cache, which still has the page whose token expired.
            request = request.with("resourceVersion", "");
        }
        if !rest.is_empty() {
            request = request.with("continue", &rest);
        }
        let reply = match (client.send(&request).await, smaller(&first)) {
            (Err(error), Some(smaller)) if error.kind == ErrorKind::Unsupported => {
                first = smaller;
                continue;
            }
            (reply, _) => reply?,
        };
        let page: WirePage<'_> = serde_json::from_slice(&reply.body)
            .map_err(|error| client.malformed(&request.operation, &error.to_string()))?;
        if page.kind == "Status" {
            let status: WireStatus = serde_json::from_slice(&reply.body).unwrap_or_default();
            if status.code == 410 && !rest.is_empty() {
                if begun_anew {
                    let why = "the list changed faster than it could be read".to_owned();
                    return Ok(Pages::Read(grown.close(Some(why), None)));
                }
                begun_anew = true;
                rest.clear();
                grown = Growing::default();
                continue;
            }
            return Ok(Pages::Failed(status));
        }
        let Some(items) = page.items else {
            return Err(client.malformed(&request.operation, "it is no list: `items` is missing"));
        };
        grown.kind = page.kind;
        grown.api_version = page.api_version;
        for (index, item) in items.iter().enumerate() {
            let bytes = item.get().len();
            let is_full = grown.objects >= room.objects_max || grown.items.len() + bytes > LIST_BYTES_MAX;
            if is_full || !room.take(bytes) {
                let left = (items.len() - index) as u64 + page.metadata.remaining_item_count.unwrap_or(0);
                let why = format!("cut after {} objects", grown.objects);
                return Ok(Pages::Read(grown.close(Some(why), Some(left))));
            }
            grown.push(item.get());
        }
        if page.metadata.rest.is_empty() {
            return Ok(Pages::Read(grown.close(None, None)));
        }
        if page.metadata.rest == rest {
            return Err(client.malformed(&request.operation, "its `continue` leads to the same page again"));
        }
        rest = page.metadata.rest;
    }
    Ok(Pages::Read(grown.close(Some(format!("cut after {PAGES_MAX} pages")), None)))
}

impl Growing {
    fn push(&mut self, item: &str) {
        self.items.push_str(if self.items.is_empty() { "\n  " } else { ",\n  " });
        self.items.push_str(item);
        self.objects += 1;
    }

    /// The list as one text. `cut` says why it is not whole, `left` how many objects are known to be missing.
    fn close(self, cut: Option<String>, left: Option<u64>) -> String {
        let mut metadata = serde_json::Map::new();
        if let Some(why) = cut {
            metadata.insert("continue".to_owned(), why.into());
        }
        if let Some(left) = left {
            metadata.insert("remainingItemCount".to_owned(), left.into());
        }
        let quoted = |text: String| serde_json::Value::from(text).to_string();
        let end = if self.items.is_empty() { "" } else { "\n " };
        format!(
            "{{\n \"kind\": {},\n \"apiVersion\": {},\n \"metadata\": {},\n \"items\": [{}{end}]\n}}\n",
            quoted(self.kind),
            quoted(self.api_version),
            serde_json::Value::from(metadata),
            self.items,
        )
    }
}

/// A container whose log is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogOf {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    /// Whether the instance before the last restart is meant.
    pub(super) previous: bool,
}

/// The request for the last lines of a log.
pub(super) fn log_request(of: &LogOf) -> Request {
    let path = format!("/api/v1/namespaces/{}/pods/{}/log", segment(&of.namespace), segment(&of.pod));
    let mut request =
        Request::get(format!("read the log of {}", of.pod), path).with("container", &of.container);
    if of.previous {
        request = request.with("previous", "true");
    }
    request.with("tailLines", LOG_LINES.to_string()).with("limitBytes", LOG_BYTES_MAX.to_string())
}

/// The last lines of a log; bytes that are no UTF-8 are replaced.
pub(super) async fn log(client: &HttpClient, of: &LogOf, room: &Room) -> Result<String, SourceError> {
    let reply = client.send(&log_request(of).within(room.time())).await?;
    Ok(String::from_utf8_lossy(&reply.body).into_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVersion {
    #[serde(default)]
    git_version: String,
}

/// The server's version, and its clock if it tells it.
pub(super) async fn version(client: &HttpClient) -> Result<(String, Option<Timestamp>), SourceError> {
    let request = Request::get("read the version", "/version");
    let reply = client.send(&request).await?;
    let version: WireVersion = serde_json::from_slice(&reply.body)
        .map_err(|error| client.malformed(&request.operation, &error.to_string()))?;
    Ok((version.git_version, clock(&reply)))
}

/// The `Date` of a reply: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn clock(reply: &Reply) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::parse(reply.header("date")?).ok()?;
    Some(date.timestamp())
}

/// Whether a resource can be listed: asks for one object of it.
pub(super) async fn try_list(
    client: &HttpClient,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<Listed, SourceError> {
    for version in resource.versions {
        let namespace = namespace.map(segment);
        let request = Request::get(
            format!("list the {}", resource.plural),
            resource.path(*version, namespace.as_deref()),
        )
        .with("limit", "1");
        let reply = client.send(&request).await?;
        let page: WirePage<'_> = serde_json::from_slice(&reply.body)
            .map_err(|error| client.malformed(&request.operation, &error.to_string()))?;
        if page.kind != "Status" {
            let text = String::from_utf8_lossy(&reply.body).into_owned();
            return Ok(Listed::Objects { version: *version, text });
        }
        let status: WireStatus = serde_json::from_slice(&reply.body).unwrap_or_default();
        if status.code != 404 {
            return Ok(Listed::Refused { version: *version, status });
        }
    }
    Ok(Listed::NotServed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_clock_is_read_from_its_date() {
        let reply = |date: &str| Reply {
            status: 200,
            headers: [("date".to_owned(), date.to_owned())].into(),
            body: Vec::new(),
        };
        let expected = "1994-11-06T08:49:37Z".parse().ok();
        assert_eq!(clock(&reply("Sun, 06 Nov 1994 08:49:37 GMT")), expected);
        assert_eq!(clock(&reply("yesterday")), None);
    }

    #[test]
    fn a_list_is_put_together_as_the_api_writes_it() {
        let mut grown = Growing { kind: "PodList".into(), api_version: "v1".into(), ..Growing::default() };
        let empty = serde_json::from_str::<serde_json::Value>(
            &Growing { kind: "PodList".into(), api_version: "v1".into(), ..Growing::default() }
                .close(None, None),
        );
        assert_eq!(
            empty.unwrap(),
            serde_json::json!({ "kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [] })
        );
        grown.push("{\"a\": 1}");
        grown.push("{\"a\": 2}");
        let whole: serde_json::Value =
            serde_json::from_str(&grown.close(Some("cut after 2 objects".into()), Some(7))).unwrap();
        assert_eq!(
            whole,
            serde_json::json!({ "kind": "PodList", "apiVersion": "v1", "items": [{ "a": 1 }, { "a": 2 }],
                "metadata": { "continue": "cut after 2 objects", "remainingItemCount": 7 } })
        );
    }
}
