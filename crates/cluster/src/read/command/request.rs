//! Requests to the API, as a client's own log or a live source writes them: `GET /api/v1/namespaces/shop/pods?limit=500`.

use super::asked::Kubectl;
use crate::kind::Kind;

/// The `kubectl` command that asks the same as a request; `None` when `command` is no request for objects or logs.
///
/// Paths are those of the API: `/api/VERSION/…` and `/apis/GROUP/VERSION/…`, then `RESOURCE`, `RESOURCE/NAME`,
/// `namespaces/NAMESPACE/RESOURCE`, `namespaces/NAMESPACE/RESOURCE/NAME` and `…/pods/NAME/log`.
pub(super) fn parse(command: &str) -> Option<Kubectl> {
    let target = command.trim().strip_prefix("GET ")?.trim();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments: Vec<&str> = path.strip_prefix('/')?.trim_end_matches('/').split('/').collect();
    let (group, rest) = match segments.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let (namespace, resource, name, part) = match rest {
        ["namespaces", namespace, resource] => (Some(*namespace), *resource, None, None),
        ["namespaces", namespace, resource, name] => (Some(*namespace), *resource, Some(*name), None),
        ["namespaces", namespace, resource, name, part] => {
            (Some(*namespace), *resource, Some(*name), Some(*part))
        }
        [resource] => (None, *resource, None, None),
        [resource, name] => (None, *resource, Some(*name), None),
        _ => return None,
    };
    let word = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
    let mut asked = Kubectl {
        verb: "get".to_owned(),
        kinds: vec![Kind::parse(&word).unwrap_or(Kind::Custom)],
        names: name.map(str::to_owned).into_iter().collect(),
        namespace: namespace.map(str::to_owned),
        all_namespaces: namespace.is_none() && name.is_none(),
        output: Some("json".to_owned()),
        ..Kubectl::default()
    };
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            // A page behind the first holds a part of the list.
            "labelSelector" | "fieldSelector" | "continue" if !value.is_empty() => asked.selected = true,
            "container" => asked.container = Some(value.to_owned()),
            "previous" => asked.previous = matches!(value, "true" | "1"),
            _ => {}
        }
    }
    match part {
        None => Some(asked),
        Some("log") if asked.kinds == [Kind::Pod] => {
            Some(Kubectl { verb: "logs".to_owned(), kinds: Vec::new(), output: None, ..asked })
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_ask_what_commands_ask() {
        let list = |kind, namespace: Option<&str>| Kubectl {
            verb: "get".to_owned(),
            kinds: vec![kind],
            namespace: namespace.map(str::to_owned),
            all_namespaces: namespace.is_none(),
            output: Some("json".to_owned()),
            ..Kubectl::default()
        };
        let named = |asked: Kubectl, name: &str| Kubectl {
            names: vec![name.to_owned()],
            all_namespaces: false,
            ..asked
        };
        let table = [
            ("GET /api/v1/pods?limit=500", Some(list(Kind::Pod, None))),
            ("GET /api/v1/namespaces/shop/pods", Some(list(Kind::Pod, Some("shop")))),
            ("GET /apis/apps/v1/namespaces/shop/deployments", Some(list(Kind::Deployment, Some("shop")))),
            ("GET /api/v1/namespaces", Some(list(Kind::Namespace, None))),
            ("GET /api/v1/nodes/n1", Some(named(list(Kind::Node, None), "n1"))),
            ("GET /api/v1/namespaces/shop", Some(named(list(Kind::Namespace, None), "shop"))),
            ("GET /api/v1/namespaces/shop/pods/a", Some(named(list(Kind::Pod, Some("shop")), "a"))),
            ("GET /apis/serving.knative.dev/v1/services", Some(list(Kind::Custom, None))),
            (
                "GET /api/v1/pods?limit=500&continue=abc",
                Some(Kubectl { selected: true, ..list(Kind::Pod, None) }),
            ),
            (
                "GET /api/v1/namespaces/shop/pods/a/log?container=b&previous=true&tailLines=9",
                Some(Kubectl {
                    verb: "logs".to_owned(),
                    names: vec!["a".to_owned()],
                    namespace: Some("shop".to_owned()),
                    container: Some("b".to_owned()),
                    previous: true,
                    ..Kubectl::default()
                }),
            ),
            ("GET /api/v1/namespaces/shop/pods/a/exec", None),
            ("GET /healthz", None),
            ("GET /version", None),
            ("GET ", None),
            ("get pods", None),
        ];
        for (command, expected) in table {
            assert_eq!(parse(command), expected, "{command}");
        }
    }
}
