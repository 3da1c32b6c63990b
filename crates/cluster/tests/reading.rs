//! What people paste, whole: errors, empty answers, streams, kinds of other groups. Each is understood, or said to be
//! unread with what to do next; nothing is taken for absent that was only not shown.

#![allow(clippy::expect_used)] // Helpers of tests, outside test functions.

use midwatch_cluster::{Capture, Context, FaultKind, Kind, Picture, Standing, counts, diagnose, missing};

fn picture(documents: &[(&str, &str)]) -> Picture {
    let mut capture = Capture::default();
    for (command, text) in documents {
        capture.push(*command, *text);
    }
    Picture::read(capture, None)
}

fn unread(picture: &Picture) -> Vec<&str> {
    picture.unread.iter().map(|unread| unread.why.as_str()).collect()
}

fn active(picture: &Picture) -> Vec<(FaultKind, String)> {
    let found = diagnose(picture, &Context::default());
    let active = found.faults.into_iter().filter(|fault| fault.standing == Standing::Active);
    active.map(|fault| (fault.kind, fault.object.to_string())).collect()
}

#[test]
fn errors_instead_of_answers_say_what_next_and_prove_no_absence() {
    for (said, next) in [
        (
            "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
            "kube-apiserver",
        ),
        ("error: You must be logged in to the server (Unauthorized)", "log in again"),
        (
            "Error from server (Forbidden): secrets is forbidden: User \"ann\" cannot list resource \"secrets\" in API group \
             \"\" in the namespace \"shop\"",
            "kubectl create role read-secrets",
        ),
        (
            "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"secrets is forbidden: User \
             \\\"ann\\\" cannot list resource \\\"secrets\\\" in API group \\\"\\\" in the namespace \
             \\\"shop\\\"\",\"reason\":\"Forbidden\",\"code\":403}",
            "kubectl create role read-secrets",
        ),
        (
            "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2026-03-01T00:00:00Z is after 2026-02-01T00:00:00Z",
            "kubeadm certs renew",
        ),
        (
            "E0301 10:00:00.000001    1 memcache.go:265] couldn't get current server API group list\nUnable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout",
            "kubeconfig",
        ),
    ] {
        for command in [
            "",
            "kubectl get secrets -n shop",
            "kubectl describe secrets -n shop",
            "kubectl get secrets -n shop -o json",
            "kubectl logs web-1 -n shop",
        ] {
            if command.contains("logs") && said.starts_with(['E', '{']) {
                continue;
            }
            let picture = picture(&[(command, said)]);
            let unread = unread(&picture);
            assert_eq!(unread.len(), 1, "{command}: {unread:?}");
            assert!(unread[0].contains(next), "{command}: {unread:?}");
            assert!(!picture.secrets.get("shop", "a").is_absent(), "{command}: {said}");
        }
    }
}

#[test]
fn an_expired_certificate_of_the_api_is_a_fault() {
    let said = "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time \
                2026-03-01T00:00:00Z is after 2026-02-01T00:00:00Z\n";
    let picture = picture(&[("kubectl get pods", said)]);
    assert_eq!(active(&picture), [(FaultKind::CertificateExpired, "Service default/kubernetes".to_owned())]);
}

#[test]
fn one_kind_refused_among_others_leaves_the_others() {
    let text = "NAME        READY   STATUS    RESTARTS   AGE\npod/web-1   1/1     Running   0          5d\n\
                Error from server (Forbidden): secrets is forbidden: User \"ann\" cannot list resource \"secrets\" in API \
                group \"\" in the namespace \"shop\"\n";
    let picture = picture(&[("kubectl get pods,secrets -n shop", text)]);
    assert!(picture.pods.get("shop", "web-2").is_absent());
    assert!(!picture.secrets.get("shop", "a").is_absent());
    assert_eq!(picture.unread.len(), 1);
}

#[test]
fn empty_answers_are_understood() {
    let none = "No resources found in shop namespace.\n";
    let with_command = picture(&[("kubectl get secrets", none)]);
    assert!(with_command.secrets.get("shop", "a").is_absent());
    assert!(!with_command.secrets.get("other", "a").is_absent());
    assert_eq!(unread(&with_command), Vec::<&str>::new());
    assert!(unread(&picture(&[("", none)]))[0].contains("nothing was found in the namespace shop"));
    let list = "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}";
    assert!(unread(&picture(&[("", list)]))[0].contains("empty list"));
    let asked = picture(&[("kubectl get secrets -n shop -o json", list)]);
    assert!(unread(&asked).is_empty() && asked.secrets.get("shop", "a").is_absent());
    let yaml = "apiVersion: v1\nitems: []\nkind: List\n";
    assert!(unread(&picture(&[("", yaml)]))[0].contains("empty list"));
    for text in ["", " \n\n"] {
        let picture = Picture::read(Capture::from_transcript("pasted", text), None);
        assert_eq!(unread(&picture), ["it is empty"]);
    }
}

fn pod(name: &str) -> String {
    format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{{\"name\":\"{name}\",\"namespace\":\"shop\",\"uid\":\"u\"}}}}"
    )
}

#[test]
fn several_json_documents_in_one_stream_are_read() {
    let (a, b, c) = (pod("a"), pod("b"), pod("c"));
    let list = format!("{{\"kind\":\"List\",\"items\":[{c}]}}");
    for text in [format!("{a}{b}{list}"), format!("{a}\n{b}\n{list}\n"), format!("[{a},{b}]\n\n{list}")] {
        for command in ["", "kubectl get pods -n shop -o json"] {
            let picture = picture(&[(command, &text)]);
            assert_eq!((picture.pods.len(), unread(&picture)), (3, Vec::new()), "{text}");
        }
    }
    // One that was cut off is said, and those behind it are read.
    let cut = picture(&[("", &format!("{a}\n{{\"kind\": \"Pod\", \"meta\n{b}\n"))]);
    assert_eq!((cut.pods.len(), cut.unread.len()), (2, 1), "{:?}", cut.unread);
    let beside = picture(&[(
        "kubectl get pods -o json",
        &format!("{a}\nError from server (Forbidden): secrets is forbidden: x\n"),
    )]);
    assert_eq!((beside.pods.len(), beside.unread.len()), (1, 1), "{:?}", beside.unread);
}

#[test]
fn one_bad_item_does_not_hide_the_others() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let broken = pod("bad").replace("\"uid\":\"u\"", &format!("\"uid\":\"u\",\"annotations\":{deep}"));
    let wrong = pod("odd").replace("\"uid\":\"u\"", "\"uid\":\"u\",\"labels\":7");
    let nameless = broken.replace("\"name\":\"bad\",", "");
    let text =
        format!("{{\"kind\":\"List\",\"items\":[{},{broken},{wrong},{nameless},7,{}]}}", pod("a"), pod("b"));
    let picture = picture(&[("kubectl get pods -n shop -o json", &text)]);
    assert_eq!(picture.pods.len(), 2);
    let said = unread(&picture).join("\n");
    assert!(said.contains("Pod shop/bad cannot be read"), "{said}");
    assert!(said.contains("Pod shop/odd has a field of the wrong type"), "{said}");
    assert!(said.contains("1 of 6 items cannot be read"), "{said}");
    for name in ["bad", "odd", "unknown"] {
        assert!(!picture.pods.get("shop", name).is_absent(), "{name}");
    }
}

#[test]
fn kinds_of_other_groups_are_not_taken_for_those_of_the_core() {
    let object = |version: &str, kind: &str| {
        format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web, namespace: shop, uid: u}}\nspec: {{template: {{}}}}\n---\n"
        )
    };
    let text = [
        object("serving.knative.dev/v1", "Service"),
        object("serving.knative.dev/v1", "Route"),
        object("networking.istio.io/v1", "Gateway"),
        object("crd.projectcalico.org/v1", "NetworkPolicy"),
        object("batch.volcano.sh/v1alpha1", "Job"),
        object("cluster.x-k8s.io/v1beta1", "Cluster"),
    ]
    .concat();
    let read = picture(&[("", &text)]);
    assert_eq!((read.services.len(), read.network_policies.len(), read.jobs.len()), (0, 0, 0));
    assert_eq!(read.others.len(), 6, "{:?}", read.others.keys());
    assert!(read.others.keys().all(|(key, _)| key.kind == Kind::Custom));
    let listed = "{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"ServiceList\",\"items\":[{\"metadata\":{\"name\":\"web\",\
                  \"namespace\":\"shop\",\"uid\":\"u\"}}]}";
    assert_eq!(picture(&[("", listed)]).services.len(), 0);
    let described = "Name:         web\nNamespace:    shop\nLabels:       <none>\nAnnotations:  <none>\nAPI Version:  \
                     serving.knative.dev/v1\nKind:         Service\nSpec:\n  Template:\nEvents:  <none>\n";
    assert_eq!(picture(&[("", described)]).services.len(), 0);
    let table = "NAME   URL                  LATESTCREATED   LATESTREADY   READY   REASON\nweb    http://web.shop.io   web-1           web-1         True\n";
    for command in ["kubectl get ksvc -n shop", "kubectl get services.serving.knative.dev -n shop"] {
        let read = picture(&[(command, table)]);
        assert_eq!((read.services.len(), read.others.len()), (0, 1), "{command}");
        assert!(!read.services.get("shop", "api").is_absent(), "{command}");
    }
}

#[test]
fn parts_of_an_answer_prove_no_absence() {
    let table = "NAME    READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          5d\n";
    for (command, is_proof) in [
        ("kubectl get pods -n shop", true),
        ("kubectl get pods -n shop 2>&1", true),
        ("kubectl get pods -n shop | tee pods.txt", true),
        ("kubectl get pods -n shop|grep web", false),
        ("kubectl get pods -n shop | head", false),
        ("kubectl get pods -n shop --no-headers | tail -5", false),
        ("kubectl get pods web-1 -n shop", false),
    ] {
        let picture = picture(&[(command, table)]);
        assert_eq!(picture.pods.len(), 1, "{command}");
        assert_eq!(picture.pods.get("shop", "web-2").is_absent(), is_proof, "{command}");
    }
    assert!(!picture(&[("kubectl get pods -n shop 2>/dev/null", "")]).pods.get("shop", "a").is_absent());
}

#[test]
fn certificates_are_judged_from_text() {
    let table = |ready: &str, age: &str| {
        format!("NAME      READY   SECRET    AGE\nweb-tls   {ready:5}   web-tls   {age}\n")
    };
    let expired = [(FaultKind::CertificateExpired, "Certificate shop/web-tls".to_owned())];
    for command in ["kubectl get certificate -n shop", "kubectl get certificates.cert-manager.io -n shop"] {
        assert_eq!(active(&picture(&[(command, &table("False", "90d"))])), expired, "{command}");
        assert_eq!(active(&picture(&[(command, &table("False", "20s"))])), [], "{command}");
        assert_eq!(active(&picture(&[(command, &table("True", "90d"))])), [], "{command}");
    }
    let describe = |ready: &str, after: &str| {
        format!(
            "Name:         web-tls\nNamespace:    shop\nLabels:       <none>\nAnnotations:  <none>\nAPI Version:  \
             cert-manager.io/v1\nKind:         Certificate\nMetadata:\n  Creation Timestamp:  2026-01-01T00:00:00Z\nSpec:\n  Dns \
             Names:\n    web.example.org\n  Issuer Ref:\n    Kind:       ClusterIssuer\n    Name:       main\n  Secret Name:  \
             web-tls\nStatus:\n  Conditions:\n    Last Transition Time:  2026-03-01T00:00:00Z\n    Message:               \
             it is so\n    Observed Generation:   1\n    Reason:                Ready\n    Status:                \
             {ready}\n    Type:                  Ready\n  Not After:               {after}\n  Not Before:              \
             2026-01-01T00:00:00Z\n  Renewal Time:            2026-02-15T00:00:00Z\nEvents:  <none>\n"
        )
    };
    for command in ["", "kubectl describe certificate web-tls -n shop"] {
        let fine = picture(&[(command, &describe("True", "2026-04-01T00:00:00Z"))]);
        assert_eq!((active(&fine), unread(&fine)), (Vec::new(), Vec::new()), "{command}");
        assert_eq!(counts(&fine)[0].what, "certificates");
        let ended = picture(&[(command, &describe("True", "2026-02-20T00:00:00Z"))]);
        assert_eq!(active(&ended), expired, "{command}");
        let refused = picture(&[(command, &describe("False", "2026-04-01T00:00:00Z"))]);
        assert_eq!(active(&refused), expired, "{command}");
    }
    let secret = "NAME      TYPE                DATA   AGE\nweb-tls   kubernetes.io/tls   2      9d\n";
    let read = picture(&[("kubectl get secret -n shop", secret)]);
    let record = read.secrets.get("shop", "web-tls").present().expect("the secret");
    assert_eq!(record.object.type_.as_deref(), Some("kubernetes.io/tls"));
}

#[test]
fn states_in_a_bare_table_are_symptoms() {
    for (state, kind) in [
        ("CreateContainerConfigError", FaultKind::ContainerConfigRefused),
        ("CreateContainerError", FaultKind::ContainerConfigRefused),
        ("Init:CreateContainerConfigError", FaultKind::ContainerConfigRefused),
        ("InvalidImageName", FaultKind::ImageNotFound),
    ] {
        let table = format!(
            "NAME    READY   STATUS{:26}   RESTARTS   AGE\nweb-1   0/1     {state:32}   0          5d\n",
            ""
        );
        let found = active(&picture(&[("kubectl get pods -n shop", &table)]));
        assert_eq!(found, [(kind, "Pod shop/web-1".to_owned())], "{state}");
    }
}

#[test]
fn pods_that_leave_a_lost_machine_are_not_well() {
    let nodes = "NAME     STATUS     ROLES    AGE   VERSION\nnode-1   NotReady   <none>   9d    v1.33.0\nnode-2   Ready      <none>   9d    v1.33.0\n";
    let pods = |node: &str| {
        format!(
            "NAME                   READY   STATUS        RESTARTS   AGE   IP         NODE     NOMINATED NODE   READINESS GATES\n\
             web-6b7f9d5c4d-aaaaa   1/1     Terminating   0          9d    10.0.0.1   {node}   <none>           <none>\n\
             web-6b7f9d5c4d-bbbbb   1/1     Running       0          9d    10.0.0.2   node-2   <none>           <none>\n"
        )
    };
    let pods_of = |text: &str| {
        let read = picture(&[("kubectl get nodes", nodes), ("kubectl get pods -n shop -o wide", text)]);
        let count = counts(&read).into_iter().find(|count| count.what == "pods").expect("pods");
        (count.all, count.well)
    };
    assert_eq!(pods_of(&pods("node-1")), (2, 1));
    assert_eq!(pods_of(&pods("node-2")), (1, 1));
}

#[test]
fn an_eviction_is_over_only_when_the_owner_has_its_pods() {
    let row = |name: &str, ready: &str, state: &str| {
        format!("web-6b7f9d5c4d-{name}   {ready}     {state:10}   0          9d\n")
    };
    let head = "NAME                   READY   STATUS       RESTARTS   AGE\n";
    let standing = |rows: String| {
        let read = picture(&[("kubectl get pods -n shop", &format!("{head}{rows}"))]);
        let found = diagnose(&read, &Context::default());
        let evicted = found.faults.iter().find(|fault| fault.kind == FaultKind::Evicted);
        evicted.map(|fault| fault.standing)
    };
    let evicted = row("aaaaa", "0/1", "Evicted");
    assert_eq!(standing(evicted.clone()), Some(Standing::Active));
    assert_eq!(standing(evicted.clone() + &row("bbbbb", "0/1", "Pending")), Some(Standing::Active));
    assert_eq!(standing(evicted + &row("bbbbb", "1/1", "Running")), Some(Standing::Recovered));
}

#[test]
fn what_was_not_looked_at_is_named() {
    let pods = "NAME    READY   STATUS    RESTARTS   AGE\nweb-1   1/1     Running   0          5d\n";
    let read = picture(&[
        ("kubectl get pods -n shop", pods),
        ("kubectl get pvc -n shop", "No resources found in shop namespace.\n"),
    ]);
    let missing = missing(&read).join("\n");
    for word in ["no autoscalers", "no quotas", "hpa"] {
        assert!(missing.contains(word), "{missing}");
    }
    assert!(!missing.contains("volume claims"), "{missing}");
    let lone = picture(&[("kubectl get cm -n shop", "NAME   DATA   AGE\na      1      5d\n")]);
    assert_eq!(counts(&lone).len(), 1);
}

#[test]
fn lists_of_the_api_prove_absence_where_they_were_asked() {
    let refused = "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"configmaps is forbidden: User \
                   \\\"ann\\\" cannot list resource \\\"configmaps\\\" in API group \\\"\\\" at the cluster \
                   scope\",\"reason\":\"Forbidden\",\"code\":403}";
    let list = |kind: &str, metadata: &str, items: &str| {
        format!(
            "{{\"kind\":\"{kind}List\",\"apiVersion\":\"v1\",\"metadata\":{{{metadata}}},\"items\":[{items}]}}"
        )
    };
    let named = "{\"metadata\":{\"name\":\"a\",\"namespace\":\"shop\",\"uid\":\"1\"}}";
    let documents = [
        ("GET /api/v1/secrets?limit=500", list("Secret", "", named)),
        ("GET /api/v1/namespaces/shop/serviceaccounts?limit=500", list("ServiceAccount", "", "")),
        ("GET /api/v1/services?limit=500", list("Service", "\"continue\":\"next\"", named)),
        ("GET /api/v1/endpoints?labelSelector=app%3Da", list("Endpoints", "", named)),
        ("GET /api/v1/configmaps?limit=500", refused.to_owned()),
        ("GET /api/v1/namespaces/shop/pods/a/log?container=b&previous=true", "last words\n".to_owned()),
    ];
    let documents: Vec<(&str, &str)> =
        documents.iter().map(|(command, text)| (*command, text.as_str())).collect();
    let picture = picture(&documents);
    assert!(picture.secrets.get("shop", "a").present().is_some());
    assert!(picture.secrets.get("other", "b").is_absent(), "all namespaces were listed");
    assert!(picture.service_accounts.get("shop", "x").is_absent());
    assert!(!picture.service_accounts.get("other", "x").is_absent(), "only one namespace was listed");
    assert!(!picture.services.get("shop", "b").is_absent(), "the list goes on");
    assert!(!picture.endpoints.get("shop", "b").is_absent(), "a selector leaves some out");
    assert!(!picture.config_maps.get("shop", "b").is_absent(), "refused");
    let unread = unread(&picture);
    assert_eq!(unread.len(), 2, "{unread:?}");
    assert!(
        unread.iter().any(|why| why.contains("kubectl create clusterrole read-configmaps")),
        "{unread:?}"
    );
    let [log] = &picture.logs[..] else { panic!("{:?}", picture.logs) };
    assert_eq!(
        (log.object.to_string().as_str(), log.container.as_deref(), log.previous),
        ("Pod shop/a", Some("b"), true)
    );
}
