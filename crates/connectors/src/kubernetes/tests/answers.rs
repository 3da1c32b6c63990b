//! What is asked, and what is made of each kind of answer.

use std::time::Duration;

use midwatch_cluster::Seen;
use midwatch_model::Signal;
use midwatch_servers::kubernetes::Failure;
use midwatch_sources::ErrorKind;
use midwatch_sources::conformance::{self, Case};

use super::*;
use crate::kubernetes::client::{self, Listed, Room};
use crate::kubernetes::resources::RESOURCES;

fn secret() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": { "name": "db", "namespace": "shop", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{\"stringData\":{\"password\":\"hunter-33\"}}"
        } },
        "data": { "password": "aHVudGVyLTMz" }
    })
}

fn settings(key: &str, value: Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "settings", "namespace": "shop" },
        "data": { key: value } })
}

#[tokio::test]
async fn it_conforms() {
    let mut objects = pods(3);
    objects.extend([secret(), settings("a.yaml", "b: c".into())]);
    let server = serve(objects.clone()).await;
    for object in &mut objects {
        object["unknown"] = json!({ "a": [1] });
    }
    let other = serve(objects).await;
    let late = Window::new(window().end(), "2026-01-01T02:00:00Z".parse().unwrap()).unwrap();
    let mut case = Case::new(window(), late, &[Signal::Infrastructure]);
    case.secrets = vec![TOKEN.to_owned(), "hunter-33".to_owned(), "aHVudGVyLTMz".to_owned()];
    let violations = conformance::run(&SPEC, source(&server, &[]), &case).await;
    assert_eq!(violations, []);
    // Unknown fields are handed on, as the API's own words, and change nothing of what is understood.
    let (one, two) = (printouts(&*source(&server, &[])).await, printouts(&*source(&other, &[])).await);
    let counted = |printouts| {
        midwatch_cluster::counts(&picture(printouts)).into_iter().map(|count| (count.what, count.all))
    };
    assert!(counted(&one).eq(counted(&two)));
    assert!(counted(&one).any(|count| count == ("pods", 3)));
}

#[tokio::test]
async fn pages_become_one_list() {
    let server = serve(pods(23)).await;
    server.behave(|behaviour| behaviour.page_max = Some(5));
    let printouts = printouts(&*source(&server, &[])).await;
    let (picture, _) = diagnosis(&printouts);
    assert_eq!((picture.pods.len(), &picture.unread[..]), (23, &[][..]));
    assert!(picture.pods.is_listed("shop") && picture.secrets.get("shop", "x").is_absent());
    let of_pods = printouts.iter().find(|printout| printout.command == "GET /api/v1/pods?limit=500").unwrap();
    assert!(
        of_pods.text.contains("\n   \"metadata\": {\n") && !of_pods.text.contains("fieldsV1"),
        "{}",
        of_pods.text
    );
    assert!(of_pods.text.contains("\"manager\": \"helm\""));
    let asked = server.asked();
    assert_eq!(asked.iter().filter(|line| line.starts_with("GET /api/v1/pods?")).count(), 5);
}

#[tokio::test]
async fn an_expired_token_begins_the_list_anew_once() {
    let server = serve(pods(12)).await;
    server.behave(|behaviour| (behaviour.page_max, behaviour.expired) = (Some(5), 1));
    let (read, _) = diagnosis(&printouts(&*source(&server, &[])).await);
    assert_eq!((read.pods.len(), &read.unread[..]), (12, &[][..]));

    server.behave(|behaviour| behaviour.expired = 100);
    let (read, _) = diagnosis(&printouts(&*source(&server, &[])).await);
    assert_eq!(read.pods.len(), 5);
    assert!(read.unread[0].why.contains("the list goes on"), "{:?}", read.unread);
    assert!(!read.pods.is_listed("shop"), "what was cut off does not count as absent");
}

#[tokio::test]
async fn a_list_that_is_too_long_is_cut_and_says_so() {
    let server = serve(pods(12)).await;
    server.behave(|behaviour| behaviour.page_max = Some(5));
    let source = source(&server, &[]);
    assert_eq!(fetched(&*source).await.unwrap().truncated(), None);
    let configured = Configured::new(&SPEC, "cluster-a", BTreeMap::new()).unwrap();
    let settings = configured.http(&SPEC, crate::kubernetes::errors::explain).unwrap();
    let (access, _) = access(&server);
    let wire = crate::kubernetes::wire::Wire::new(access, None);
    let short = crate::kubernetes::source::over(&configured, settings, wire).unwrap();
    let pods = RESOURCES.iter().find(|resource| resource.plural == "pods").unwrap();
    let listed = client::list(&short.client, pods, None, &Room::of_objects(7)).await.unwrap();
    let Listed::Objects { text, .. } = listed else { panic!("{listed:?}") };
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["items"].as_array().unwrap().len(), 7);
    assert_eq!(value["metadata"], json!({ "continue": "cut after 7 objects", "remainingItemCount": 5 }));
}

#[tokio::test]
async fn a_page_that_is_too_long_is_asked_for_in_smaller_ones() {
    let mut objects = pods(60);
    objects[50]["metadata"]["annotations"] = json!({ "long": "x".repeat(30_000) });
    let server = serve(objects).await;
    let configured = Configured::new(&SPEC, "cluster-a", BTreeMap::new()).unwrap();
    let listed = |bytes_max: usize| {
        let settings = configured.http(&SPEC, crate::kubernetes::errors::explain).unwrap();
        let wire = crate::kubernetes::wire::Wire::of_bytes(access(&server).0, bytes_max);
        let source = crate::kubernetes::source::over(&configured, settings, wire).unwrap();
        async move {
            let pods = RESOURCES.iter().find(|resource| resource.plural == "pods").unwrap();
            client::list(&source.client, pods, None, &Room::new(None)).await
        }
    };
    let Listed::Objects { text, .. } = listed(50_000).await.unwrap() else { panic!("no list") };
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["items"].as_array().unwrap().len(), 60);
    assert!(
        server.asked().iter().any(|line| line.ends_with("/pods?limit=50&continue=from-50")),
        "{:?}",
        server.asked()
    );
    let error = listed(10_000).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
}

/// A server that leads on and on is left after a bounded number of pages.
#[tokio::test]
async fn a_list_without_end_is_cut() {
    struct Endless(std::sync::atomic::AtomicU32);
    impl midwatch_sources::http::Transport for Endless {
        fn send<'a>(
            &'a self,
            _: &'a midwatch_sources::http::Request,
        ) -> futures_util::future::BoxFuture<
            'a,
            Result<midwatch_sources::http::Reply, midwatch_sources::http::Failure>,
        > {
            let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let body =
                json!({ "kind": "PodList", "items": [], "metadata": { "continue": number.to_string() } });
            let body = body.to_string().into_bytes();
            Box::pin(std::future::ready(Ok(midwatch_sources::http::Reply {
                status: 200,
                headers: BTreeMap::new(),
                body,
            })))
        }
    }
    let quick = [("calls_per_second".to_owned(), Setting::Number(1_000_000))].into();
    let configured = Configured::new(&SPEC, "cluster-a", quick).unwrap();
    let settings = configured.http(&SPEC, |_, _| None).unwrap();
    let endless = crate::kubernetes::source::over(&configured, settings, Endless(0.into())).unwrap();
    let pods = RESOURCES.iter().find(|resource| resource.plural == "pods").unwrap();
    let listed = client::list(&endless.client, pods, None, &Room::new(None)).await.unwrap();
    let Listed::Objects { text, .. } = listed else { panic!("{listed:?}") };
    assert!(text.contains("cut after 400 pages"), "{text}");
}

/// A kubeconfig may name a program that prints credentials.
#[cfg(unix)]
#[tokio::test]
async fn credentials_of_a_plugin_are_used() {
    let server = serve(pods(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let printed = json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
        "status": { "token": TOKEN } });
    let plugin = json!({ "exec": { "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh",
        "args": ["-c", format!("echo '{printed}'")], "interactiveMode": "Never" } });
    let file = server.kubeconfig(None).replace("user: {}", &format!("user: {plugin}"));
    assert!(file.contains("ExecCredential"));
    std::fs::write(&path, &file).unwrap();
    let connect = || {
        let all = [("kubeconfig".to_owned(), text(path.to_str().unwrap()))].into();
        (SPEC.connect.unwrap())(&Configured::new(&SPEC, "cluster-a", all).unwrap()).unwrap()
    };
    assert_eq!(picture(&printouts(&*connect()).await).pods.len(), 1);
    let broken = [
        (
            file.replace("/bin/sh", "/nonexistent/plugin"),
            "the plugin /nonexistent/plugin: unable to run auth exec",
        ),
        (file.replace("echo", "exit 3; echo"), "the plugin /bin/sh: it ended with exit status: 3"),
        (file.replace("echo '", "echo '["), "what it printed cannot be read"),
    ];
    for (file, part) in broken {
        std::fs::write(&path, &file).unwrap();
        let error = fetched(&*connect()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated, "{error}");
        assert!(error.context.contains(part), "{part}: {error}");
        assert!(!error.to_string().contains(TOKEN), "{error}");
    }
}

#[test]
fn a_broken_kubeconfig_shows_none_of_its_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, format!("users:\n- name: a\n  user: {{token: {TOKEN}\n  more: [\n")).unwrap();
    let all = [("kubeconfig".to_owned(), text(path.to_str().unwrap()))].into();
    let configured = Configured::new(&SPEC, "cluster-a", all).unwrap();
    let error = (SPEC.connect.unwrap())(&configured).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.context.contains("its YAML is not that of a kubeconfig"), "{error}");
    assert!(!error.to_string().contains(TOKEN), "{error}");
}

fn access(server: &KubernetesServer) -> (crate::kubernetes::kubeconfig::Access, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, server.kubeconfig(Some(TOKEN))).unwrap();
    let all = [("kubeconfig".to_owned(), text(path.to_str().unwrap()))].into();
    crate::kubernetes::kubeconfig::find(&Configured::new(&SPEC, "cluster-a", all).unwrap()).unwrap()
}

#[tokio::test]
async fn a_refused_list_names_the_rule_and_the_rest_is_read() {
    let server = serve(pods(2)).await;
    server.behave(|behaviour| behaviour.denied = vec!["secrets".to_owned(), "ingresses".to_owned()]);
    let source = source(&server, &[]);
    let (picture, _) = diagnosis(&printouts(&*source).await);
    assert_eq!(picture.pods.len(), 2);
    assert!(matches!(picture.secrets.get("shop", "db"), Seen::Unreadable(_)), "refused is not absent");
    let unread: Vec<&str> = picture.unread.iter().map(|unread| unread.why.as_str()).collect();
    for rule in [
        r#"apiGroups: [""], resources: ["secrets"], verbs: ["list"]"#,
        r#"apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["list"]"#,
    ] {
        let told = unread.iter().find(|why| why.contains(rule));
        // What is cut after 200 characters still names it.
        assert!(told.is_some_and(|why| why.find(rule).unwrap() + rule.len() < 200), "{rule}: {unread:?}");
    }
    assert_eq!(unread.len(), 2, "{unread:?}");
    assert!(unread[0].contains("kubectl create clusterrole read-"), "{unread:?}");
    let probe = source.probe().await;
    assert!(probe.reachable);
    assert_eq!(
        probe.missing_permissions,
        [
            r#"apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["list"]"#,
            r#"apiGroups: [""], resources: ["secrets"], verbs: ["list"]"#,
        ]
    );
    assert!(
        probe.detail.starts_with("version v1.34.1, 26 lists can be read, 2 permissions"),
        "{}",
        probe.detail
    );
}

#[tokio::test]
async fn what_is_not_installed_is_no_gap_and_older_versions_are_tried() {
    let autoscaler = json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": "web", "namespace": "shop" }, "spec": { "maxReplicas": 3,
        "scaleTargetRef": { "kind": "Deployment", "name": "web" } } });
    let route = json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": { "name": "web", "namespace": "shop" }, "spec": {} });
    let server = serve(vec![autoscaler, route, pod("web")]).await;
    server
        .behave(|behaviour| behaviour.not_served = vec!["autoscaling/v2".to_owned(), "batch/v1".to_owned()]);
    let (read, _) = diagnosis(&printouts(&*source(&server, &[])).await);
    assert_eq!(read.autoscalers.len(), 1, "{:?}", read.unread);
    assert!(read.others.is_empty(), "the group is not installed");
    let unread: Vec<&str> = read.unread.iter().map(|unread| unread.source.as_str()).collect();
    assert_eq!(unread, ["GET /apis/batch/v1/cronjobs?limit=500", "GET /apis/batch/v1/jobs?limit=500"]);
    server.behave(|behaviour| behaviour.installed = vec!["gateway.networking.k8s.io".to_owned()]);
    let (read, _) = diagnosis(&printouts(&*source(&server, &[])).await);
    assert_eq!(read.others.len(), 1);
}

#[tokio::test]
async fn namespaces_narrow_what_is_asked() {
    let server = serve(pods(2)).await;
    server.behave(|behaviour| behaviour.only_in = vec!["shop".to_owned(), "ops".to_owned()]);
    let whole = fetched(&*source(&server, &[])).await.unwrap_err();
    assert_eq!(whole.kind, ErrorKind::Denied);
    assert!(whole.context.contains("role.yaml and set namespaces"), "{whole}");

    let narrow = [("namespaces", Setting::Texts(vec!["shop".to_owned(), "ops".to_owned()]))];
    let narrow = source(&server, &narrow);
    let printouts = printouts(&*narrow).await;
    let (picture, _) = diagnosis(&printouts);
    assert_eq!(picture.pods.len(), 2);
    assert!(picture.secrets.is_listed("ops") && !picture.secrets.is_listed("other"));
    let unread: Vec<&str> = picture.unread.iter().map(|unread| unread.source.as_str()).collect();
    assert_eq!(
        unread,
        ["GET /api/v1/nodes?limit=500"],
        "of what lies outside namespaces, only machines are missed"
    );
    let nodes = r#"apiGroups: [""], resources: ["nodes"], verbs: ["list"]"#;
    assert_eq!(narrow.probe().await.missing_permissions, [nodes]);
    assert!(narrow.coverage().await.unwrap().notes[1].contains("only the namespaces ops, shop"));

    let wrong = [("namespaces".to_owned(), Setting::Texts(vec!["../x".to_owned()]))].into();
    let wrong = Configured::new(&SPEC, "cluster-a", wrong).unwrap();
    let settings = wrong.http(&SPEC, |_, _| None).unwrap();
    let wire = crate::kubernetes::wire::Wire::new(access(&server).0, None);
    let error = crate::kubernetes::source::over(&wrong, settings, wire).err().unwrap();
    assert!(error.context.contains("\"../x\" is no name of a namespace"), "{error}");
}

#[tokio::test]
async fn values_of_secrets_never_leave_and_those_of_config_maps_when_asked() {
    let server = serve(vec![secret(), settings("mode", "hunter-44".into()), pod("web")]).await;
    let all = |printouts: &[Printout]| {
        printouts.iter().map(|printout| printout.text.as_str()).collect::<Vec<&str>>().join("\n")
    };
    let told = all(&printouts(&*source(&server, &[])).await);
    for hidden in ["hunter", "aHVudGVyLTMz"] {
        assert!(!told.contains(hidden), "{hidden}");
    }
    assert!(told.contains("\"password\": \"\"") && told.contains("\"mode\": \"\""));
    let told = all(&printouts(&*source(&server, &[("config_map_values", Setting::Flag(true))])).await);
    assert!(told.contains("\"mode\": \"hunter-44\"") && !told.contains("hunter-33"));
}

#[tokio::test]
async fn the_last_words_of_what_crashes_are_read() {
    let mut crash = pod("crash");
    crash["status"]["containerStatuses"] = json!([{ "name": "main", "ready": false, "restartCount": 4,
        "state": { "waiting": { "reason": "CrashLoopBackOff" } },
        "lastState": { "terminated": { "exitCode": 1, "reason": "Error" } } }]);
    let server = serve(vec![crash, pod("well")]).await;
    let key = ("shop".to_owned(), "crash".to_owned(), "main".to_owned(), true);
    let log: String = (0..300).map(|line| format!("line {line}\n")).collect();
    server.behave(|behaviour| drop(behaviour.logs.insert(key, log)));
    let (picture, _) = diagnosis(&printouts(&*source(&server, &[])).await);
    let [log] = &picture.logs[..] else { panic!("{:?}", picture.logs) };
    assert_eq!((log.object.to_string().as_str(), log.previous), ("Pod shop/crash", true));
    let lines: Vec<&str> = picture.log_lines(log).collect();
    assert_eq!((lines.len(), lines[0], lines[99]), (100, "line 200", "line 299"));

    server.behave(|behaviour| behaviour.denied = vec!["pods/log".to_owned()]);
    let refused = source(&server, &[]);
    let (picture, _) = diagnosis(&printouts(&*refused).await);
    assert_eq!(picture.unread.len(), 1, "{:?}", picture.unread);
    assert!(
        picture.unread[0].why.contains(r#"resources: ["pods/log"], verbs: ["get"]"#),
        "{:?}",
        picture.unread
    );
    assert_eq!(
        refused.probe().await.missing_permissions,
        [r#"apiGroups: [""], resources: ["pods/log"], verbs: ["get"]"#]
    );
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let status = |reason: &str, code: u16| {
        json!({ "kind": "Status", "status": "Failure", "reason": reason, "message": "no way", "code": code })
            .to_string()
    };
    let table = [
        (401, status("Unauthorized", 401), ErrorKind::Unauthenticated, "check the credentials"),
        (403, status("Forbidden", 403), ErrorKind::Denied, r#"resources: ["nodes"], verbs: ["list"]"#),
        (403, "<html>a proxy</html>".to_owned(), ErrorKind::Denied, "it answered 403"),
        (404, status("NotFound", 404), ErrorKind::NotFound, "check the address"),
        (429, status("TooManyRequests", 429), ErrorKind::RateLimited, "no way"),
        (500, status("InternalError", 500), ErrorKind::Unavailable, "no way"),
        (503, String::new(), ErrorKind::Unavailable, "it answered 503"),
        (200, "{\"kind\": \"PodList\", \"items\": [".to_owned(), ErrorKind::Malformed, "EOF"),
        (200, "[]".to_owned(), ErrorKind::Malformed, "it is no JSON object"),
        (200, "{\"kind\": \"Other\"}".to_owned(), ErrorKind::Malformed, "`items` is missing"),
    ];
    for (code, body, kind, part) in table {
        let server = serve(pods(1)).await;
        let failure = Failure {
            path: String::new(),
            status: code,
            // Longer than anybody waits, so that the test does not wait either.
            headers: if code == 429 { vec![("retry-after".to_owned(), "60".to_owned())] } else { Vec::new() },
            body: body.clone(),
            after: Duration::ZERO,
        };
        server.behave(|behaviour| behaviour.failures = vec![failure]);
        let error = fetched(&*source(&server, &[])).await.unwrap_err();
        assert_eq!(error.kind, kind, "{code} {body}: {error}");
        assert!(error.context.contains(part), "{code} {body}: {error}");
        assert!(!error.to_string().contains(TOKEN));
    }
}

#[tokio::test]
async fn one_list_that_fails_is_a_gap() {
    let server = serve(pods(2)).await;
    let failure = |path: &str, status, after| Failure {
        path: path.to_owned(),
        status,
        headers: Vec::new(),
        body: "{".to_owned(),
        after,
    };
    server.behave(|behaviour| {
        behaviour.failures = vec![
            failure("/secrets", 200, Duration::ZERO),
            failure("/ingresses", 200, Duration::from_secs(30)),
        ];
    });
    let source = source(&server, &[]);
    let ask =
        Ask { deadline: Some(Duration::from_millis(1_500)), ..Ask::new(PrintoutQuery::default(), window()) };
    let fetched = source.infrastructure().unwrap().printouts(&ask).await.unwrap();
    let (picture, _) = diagnosis(fetched.data().unwrap());
    assert_eq!(picture.pods.len(), 2);
    let unread: BTreeMap<&str, &str> =
        picture.unread.iter().map(|unread| (unread.source.as_str(), unread.why.as_str())).collect();
    assert_eq!(unread.len(), 2, "{unread:?}");
    assert!(unread["GET /api/v1/secrets?limit=100"].contains("cannot be read"), "{unread:?}");
    let slow = unread["GET /apis/networking.k8s.io/v1/ingresses?limit=500"];
    assert!(slow.contains("no answer in"), "{unread:?}");
    assert!(matches!(picture.secrets.get("shop", "db"), Seen::Unreadable(_)));
}

#[tokio::test]
async fn a_wrong_token_and_nobody_there_are_told_apart() {
    let server = serve(pods(1)).await;
    server.behave(|behaviour| behaviour.token = Some("another".to_owned()));
    let refused = source(&server, &[]).probe().await;
    assert!(
        refused.reachable && refused.detail.contains("check the credentials of the source cluster-a"),
        "{refused:?}"
    );
    // Port 1 of this machine, where nobody listens.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, server.kubeconfig(None).replace(&server.uri(), "http://127.0.0.1:1")).unwrap();
    let nobody = [("kubeconfig".to_owned(), text(path.to_str().unwrap()))].into();
    let nobody = Configured::new(&SPEC, "cluster-a", nobody).unwrap();
    let error = fetched(&*(SPEC.connect.unwrap())(&nobody).unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.context.starts_with("http://127.0.0.1:1: no connection: "), "{error}");
    let nobody = (SPEC.connect.unwrap())(&nobody).unwrap();
    let probe = nobody.probe().await;
    assert!(!probe.reachable && probe.detail.contains("no connection"), "{probe:?}");
}

#[tokio::test]
async fn the_servers_clock_is_the_end_of_what_it_covers() {
    let server = serve(pods(1)).await;
    let coverage = source(&server, &[]).coverage().await.unwrap();
    assert!(coverage.last.is_some() && coverage.first.is_none());
    assert_eq!(coverage.notes, ["server version v1.34.1; its objects are those of now"]);
}

#[test]
fn a_kubeconfig_that_is_not_there_is_told_before_anything_is_sent() {
    let all = [("kubeconfig".to_owned(), text("/nonexistent/config"))].into();
    let configured = Configured::new(&SPEC, "cluster-a", all).unwrap();
    let error = (SPEC.connect.unwrap())(&configured).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.context.starts_with("the kubeconfig cannot be used: "), "{error}");
}
