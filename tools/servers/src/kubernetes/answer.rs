//! What a request is answered.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use url::Url;

use super::resources::{RESOURCES, Resource};
use super::server::{Answer, State};

/// Who it says is asking.
const USER: &str = "system:serviceaccount:ops:reader";
/// The version it says it is.
const VERSION: &str = "v1.34.1";

pub(super) fn answer(state: &mut State, method: &str, url: &Url, authorization: &str) -> Answer {
    if method != "GET" {
        return status(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
    }
    if state.behaviour.token.as_ref().is_some_and(|token| authorization != format!("Bearer {token}")) {
        return status(401, "Unauthorized", "Unauthorized");
    }
    let query: BTreeMap<String, String> =
        url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    let segments: Vec<&str> = url.path().trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["version"] => json_answer(&json!({ "major": "1", "minor": "34", "gitVersion": VERSION })),
        ["api"] => json_answer(&json!({ "kind": "APIVersions", "versions": ["v1"] })),
        ["apis"] => json_answer(&groups(state)),
        ["api", version] => resources_of(state, "", version),
        ["apis", group, version] => resources_of(state, group, version),
        ["api", version, rest @ ..] => objects(state, ("", version), rest, &query),
        ["apis", group, version, rest @ ..] => objects(state, (group, version), rest, &query),
        _ => not_found(),
    }
}

fn json_answer(value: &Value) -> Answer {
    Answer { status: 200, content_type: "application/json", body: value.to_string() }
}

/// A `metav1.Status`.
fn status(code: u16, reason: &str, message: &str) -> Answer {
    let value = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
        "details": {}, "code": code,
    });
    Answer { status: code, ..json_answer(&value) }
}

fn not_found() -> Answer {
    status(404, "NotFound", "the server could not find the requested resource")
}

fn is_served(state: &State, resource: &Resource) -> bool {
    let is_there =
        resource.is_built_in || state.behaviour.installed.iter().any(|group| group == resource.group);
    is_there && !state.behaviour.not_served.contains(&resource.api_version())
}

fn groups(state: &State) -> Value {
    let mut groups: Vec<Value> = Vec::new();
    let mut last = "";
    for resource in
        RESOURCES.iter().filter(|resource| !resource.group.is_empty() && is_served(state, resource))
    {
        if resource.group == last {
            continue;
        }
        last = resource.group;
        let version = json!({ "groupVersion": resource.api_version(), "version": resource.version });
        groups.push(json!({ "name": resource.group, "versions": [version], "preferredVersion": version }));
    }
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

fn resources_of(state: &State, group: &str, version: &str) -> Answer {
    let found: Vec<&Resource> = RESOURCES
        .iter()
        .filter(|resource| {
            resource.group == group && resource.version == version && is_served(state, resource)
        })
        .collect();
    let Some(first) = found.first() else { return not_found() };
    let listed: Vec<Value> = found
        .iter()
        .map(|resource| {
            json!({
                "name": resource.plural, "singularName": resource.kind.to_lowercase(), "namespaced": resource.is_namespaced,
                "kind": resource.kind, "verbs": ["get", "list"],
            })
        })
        .collect();
    let list = json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": first.api_version(), "resources": listed,
    });
    json_answer(&list)
}

fn objects(
    state: &mut State,
    (group, version): (&str, &str),
    rest: &[&str],
    query: &BTreeMap<String, String>,
) -> Answer {
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
        rest => (None, rest),
    };
    let [plural, rest @ ..] = rest else { return not_found() };
    let found = RESOURCES
        .iter()
        .find(|known| known.group == group && known.version == version && known.plural == *plural);
    let Some(resource) = found.filter(|resource| is_served(state, resource)) else { return not_found() };
    let verb = if rest.is_empty() { "list" } else { "get" };
    let asked = if rest.len() == 2 {
        format!("{plural}/{}", rest.get(1).unwrap_or(&""))
    } else {
        (*plural).to_owned()
    };
    if let Some(refusal) = refusal(state, group, &asked, verb, namespace) {
        return refusal;
    }
    match rest {
        [] => list(state, resource, namespace, query),
        [name] => one(state, resource, namespace, name),
        [pod, "log"] if *plural == "pods" => log(state, namespace.unwrap_or(""), pod, query),
        _ => not_found(),
    }
}

fn refusal(state: &State, group: &str, asked: &str, verb: &str, namespace: Option<&str>) -> Option<Answer> {
    let behaviour = &state.behaviour;
    let is_elsewhere = !behaviour.only_in.is_empty()
        && !namespace.is_some_and(|place| behaviour.only_in.iter().any(|only| only == place));
    if !is_elsewhere && !behaviour.denied.iter().any(|denied| denied == asked) {
        return None;
    }
    let place = namespace.map_or_else(
        || "at the cluster scope".to_owned(),
        |namespace| format!("in the namespace \"{namespace}\""),
    );
    let plural = asked.split('/').next().unwrap_or(asked);
    let message = format!(
        "{plural} is forbidden: User \"{USER}\" cannot {verb} resource \"{asked}\" in API group \"{group}\" {place}"
    );
    Some(status(403, "Forbidden", &message))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// The objects of a resource, in the order of the store: by namespace and name.
fn held(state: &State, resource: &Resource, namespace: Option<&str>) -> Vec<Value> {
    let mut found: Vec<Value> = state
        .objects
        .iter()
        .filter(|object| {
            let group = text(object, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
            text(object, "/kind") == resource.kind && group == resource.group
        })
        .cloned()
        .map(|object| stored(object, resource))
        .filter(|object| namespace.is_none_or(|wanted| text(object, "/metadata/namespace") == wanted))
        .collect();
    found.sort_by_key(|object| {
        (text(object, "/metadata/namespace").to_owned(), text(object, "/metadata/name").to_owned())
    });
    found
}

/// An object as the store has it: with a namespace and an identity.
fn stored(mut object: Value, resource: &Resource) -> Value {
    let uid = format!("{}-{}", resource.plural, text(&object, "/metadata/name"));
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if resource.is_namespaced {
            metadata.entry("namespace").or_insert_with(|| "default".into());
        }
        metadata.entry("uid").or_insert_with(|| uid.into());
    }
    object
}

fn list(
    state: &mut State,
    resource: &Resource,
    namespace: Option<&str>,
    query: &BTreeMap<String, String>,
) -> Answer {
    let start = match query.get("continue").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let Some(start) = token.strip_prefix("from-").and_then(|number| number.parse::<usize>().ok())
            else {
                return status(400, "BadRequest", "continue key is not valid");
            };
            if state.behaviour.expired > 0 {
                state.behaviour.expired -= 1;
                return status(
                    410,
                    "Expired",
                    "The provided continue parameter is too old to display a consistent list result",
                );
            }
            start
        }
    };
    let asked = query.get("limit").and_then(|limit| limit.parse::<usize>().ok()).filter(|limit| *limit > 0);
    let limit = asked.unwrap_or(usize::MAX).min(state.behaviour.page_max.unwrap_or(usize::MAX));
    let all = held(state, resource, namespace);
    let total = all.len();
    let page: Vec<Value> = all
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|mut object| {
            // Items of a typed list do not repeat what the list says.
            if let Some(fields) = object.as_object_mut() {
                fields.remove("kind");
                fields.remove("apiVersion");
            }
            object
        })
        .collect();
    let end = start + page.len();
    let mut metadata = json!({ "resourceVersion": "1" });
    if end < total {
        metadata = json!({
            "resourceVersion": "1", "continue": format!("from-{end}"), "remainingItemCount": total - end,
        });
    }
    json_answer(&json!({
        "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(), "metadata": metadata, "items": page,
    }))
}

fn one(state: &State, resource: &Resource, namespace: Option<&str>, name: &str) -> Answer {
    let mut held = held(state, resource, namespace).into_iter();
    match held.find(|object| text(object, "/metadata/name") == name) {
        Some(object) => json_answer(&object),
        None => status(404, "NotFound", &format!("{} \"{name}\" not found", resource.plural)),
    }
}

fn log(state: &State, namespace: &str, pod: &str, query: &BTreeMap<String, String>) -> Answer {
    let container = query.get("container").cloned().unwrap_or_default();
    let previous = query.get("previous").is_some_and(|value| value == "true");
    let lines_max =
        query.get("tailLines").and_then(|lines| lines.parse::<usize>().ok()).unwrap_or(usize::MAX);
    let key = (namespace.to_owned(), pod.to_owned(), container.clone(), previous);
    match state.behaviour.logs.get(&key) {
        Some(text) => {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let body = lines.iter().skip(lines.len().saturating_sub(lines_max)).copied().collect();
            Answer { status: 200, content_type: "text/plain", body }
        }
        None => {
            let which = if previous { "previous terminated " } else { "" };
            let message = format!("{which}container \"{container}\" in pod \"{pod}\" not found");
            status(400, "BadRequest", &message)
        }
    }
}
