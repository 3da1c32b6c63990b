//! Tables as `kubectl` prints them, and what they become.

use serde_json::{Value, json};

use super::super::document::read_capture;
use super::super::reading::Reading;
use crate::capture::Capture;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, Severity};

fn reading(command: &str, text: &str) -> Reading {
    let mut capture = Capture::default();
    capture.push(command, text);
    read_capture(&capture)
}

/// The first row becomes that object, and every path of `expected` has that value; so it does without the command,
/// where the header tells the kind.
fn check(command: &str, text: &str, kind: Kind, expected: Value) {
    let found = reading(command, text);
    assert_eq!(found.unread, [], "{command}");
    let first = found.partials.first().unwrap();
    assert_eq!(first.key.kind, kind, "{command}");
    for (pointer, expected) in expected.as_object().unwrap() {
        let value = first.value.pointer(pointer).unwrap_or(&Value::Null);
        assert_eq!(value, expected, "{command}: {pointer} in {:#}", first.value);
    }
    let pasted = reading("", text);
    assert_eq!(pasted.partials.first().map(|partial| partial.key.kind), Some(kind), "pasted: {command}");
}

#[test]
fn workloads_and_pods_are_read() {
    let text = "\
NAME                READY   STATUS             RESTARTS      AGE    IP           NODE     NOMINATED NODE   READINESS GATES   LABELS
web-6c9f-abcde      0/1     CrashLoopBackOff   4 (5d1h ago)  6d     10.2.0.1     node-1   <none>           <none>            app=web,tier=a
web-6c9f-fghij      0/1     Pending            0             6d     <none>       <none>   <none>           <none>            app=web
";
    check(
        "kubectl get pods -n shop -o wide --show-labels",
        text,
        Kind::Pod,
        json!({ "/spec/nodeName": "node-1", "/status/podIP": "10.2.0.1",
                "/metadata/labels": { "app": "web", "tier": "a" }, "/metadata/namespace": "shop" }),
    );
    let found = reading("kubectl get pods -n shop -o wide", text);
    assert_eq!(found.partials[0].row["RESTARTS"], "4 (5d1h ago)");
    assert_eq!(found.partials[1].value.pointer("/spec/nodeName"), None);
    check(
        "kubectl get deploy -n shop -o wide",
        "NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES          SELECTOR\nweb    1/2     2            \
         1           6d    web,log      r/web:1,log:2   app=web,tier in (a,b)\n",
        Kind::Deployment,
        json!({
            "/spec/replicas": 2, "/status/readyReplicas": 1, "/status/updatedReplicas": 2,
            "/spec/template/spec/containers":
                [{ "name": "web", "image": "r/web:1" }, { "name": "log", "image": "log:2" }],
            "/spec/selector/matchLabels": { "app": "web" },
        }),
    );
    check(
        "kubectl get deploy -n shop",
        "NAME   DESIRED   CURRENT   UP-TO-DATE   AVAILABLE   AGE\nweb    3         2         1            0           6d\n",
        Kind::Deployment,
        json!({ "/spec/replicas": 3, "/status/replicas": 2, "/status/availableReplicas": 0 }),
    );
    check(
        "kubectl get rs -n shop",
        "NAME       DESIRED   CURRENT   READY   AGE\nweb-6c9f   2         0         0       6d\n",
        Kind::ReplicaSet,
        json!({ "/spec/replicas": 2, "/status/replicas": 0, "/status/readyReplicas": 0 }),
    );
    check(
        "kubectl get sts -n shop",
        "NAME   READY   AGE\ndb-a   1/3     6d\n",
        Kind::StatefulSet,
        json!({ "/spec/replicas": 3, "/status/readyReplicas": 1 }),
    );
    check(
        "kubectl get ds -n shop",
        "NAME   DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\nlog    3         3         2       \
         1            2           disk=ssd        6d\n",
        Kind::DaemonSet,
        json!({ "/status/desiredNumberScheduled": 3, "/status/numberReady": 2,
                "/spec/template/spec/nodeSelector": { "disk": "ssd" } }),
    );
    check(
        "kubectl get jobs -n shop",
        "NAME   STATUS   COMPLETIONS   DURATION   AGE\njob    Failed   0/1           5s         6d\n",
        Kind::Job,
        json!({ "/status/succeeded": 0, "/spec/completions": 1, "/status/conditions/0/type": "Failed" }),
    );
    check(
        "kubectl get cj -n shop",
        "NAME   SCHEDULE      TIMEZONE   SUSPEND   ACTIVE   LAST SCHEDULE   AGE\ncron   */5 * * * *   <none>     True      0        \
         <none>          6d\n",
        Kind::CronJob,
        json!({ "/spec/schedule": "*/5 * * * *", "/spec/suspend": true }),
    );
}

#[test]
fn routing_is_read() {
    check(
        "kubectl get svc -n shop -o wide",
        "NAME   TYPE       CLUSTER-IP   EXTERNAL-IP   PORT(S)                AGE   SELECTOR\nweb    NodePort   10.3.0.1     \
         <none>        80:30080/TCP,443/UDP   6d    app=web,tier=a\n",
        Kind::Service,
        json!({
            "/spec/type": "NodePort", "/spec/clusterIP": "10.3.0.1", "/spec/selector": { "app": "web", "tier": "a" },
            "/spec/ports": [{ "port": 80, "nodePort": 30080, "protocol": "TCP" }, { "port": 443, "protocol": "UDP" }],
        }),
    );
    check(
        "kubectl get ep -n shop",
        "NAME   ENDPOINTS                                  AGE\nweb    10.2.0.1:80,10.2.0.2:80 + 1 more...        6d\n",
        Kind::Endpoints,
        json!({ "/subsets": [{ "addresses": [{ "ip": "10.2.0.1" }, { "ip": "10.2.0.2" }], "ports": [{ "port": 80 }] }] }),
    );
    check(
        "kubectl get ep -n shop",
        "NAME   ENDPOINTS   AGE\nweb    <none>      6d\n",
        Kind::Endpoints,
        json!({ "/subsets": [] }),
    );
    check(
        "kubectl get endpointslices -n shop",
        "NAME    ADDRESSTYPE   PORTS   ENDPOINTS   AGE\nweb-1   IPv4          80      10.2.0.1    6d\n",
        Kind::EndpointSlice,
        json!({ "/ports": [{ "port": 80 }], "/endpoints": [{ "addresses": ["10.2.0.1"] }] }),
    );
    check(
        "kubectl get ing -n shop",
        "NAME   CLASS   HOSTS       ADDRESS    PORTS     AGE\nweb    nginx   a.example   10.0.0.9   80, 443   6d\n",
        Kind::Ingress,
        json!({ "/spec/ingressClassName": "nginx", "/spec/rules": [{ "host": "a.example" }] }),
    );
    check(
        "kubectl get netpol -n shop",
        "NAME   POD-SELECTOR   AGE\ndeny   <none>         6d\n",
        Kind::NetworkPolicy,
        json!({ "/spec/podSelector": {} }),
    );
}

#[test]
fn limits_storage_and_machines_are_read() {
    let quota = json!({
        "/status/used": { "requests.cpu": "10", "pods": "3", "limits.cpu": "0" },
        "/status/hard": { "requests.cpu": "1", "pods": "10", "limits.cpu": "2" },
    });
    check(
        "kubectl get quota -n shop",
        "NAME   AGE   REQUEST                         LIMIT\nq      6d    requests.cpu: 10/1, pods: 3/10   limits.cpu: 0/2\n",
        Kind::ResourceQuota,
        quota.clone(),
    );
    check(
        "kubectl get quota -n shop",
        "NAME   REQUEST                         LIMIT             AGE\nq      requests.cpu: 10/1, pods: 3/10   limits.cpu: 0/2   6d\n",
        Kind::ResourceQuota,
        quota,
    );
    check(
        "kubectl get pvc -n shop",
        "NAME   STATUS    VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE\ndata   Pending                                      \
         fast           <unset>                 6d\n",
        Kind::PersistentVolumeClaim,
        json!({ "/status": { "phase": "Pending" }, "/spec": { "storageClassName": "fast" } }),
    );
    check(
        "kubectl get pv",
        "NAME   CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS     CLAIM       STORAGECLASS   REASON   AGE\nvol    1Gi        \
         RWO,ROX        Retain           Released   shop/data                           6d\n",
        Kind::PersistentVolume,
        json!({ "/spec/accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "/spec/claimRef/name": "data",
                "/spec/storageClassName": null }),
    );
    check(
        "kubectl get sc",
        "NAME             PROVISIONER        RECLAIMPOLICY   VOLUMEBINDINGMODE   ALLOWVOLUMEEXPANSION   AGE\nfast (default)   \
         example.org/disk   Delete          Immediate           true                   6d\n",
        Kind::StorageClass,
        json!({ "/metadata/name": "fast", "/provisioner": "example.org/disk",
                "/metadata/annotations": { "storageclass.kubernetes.io/is-default-class": "true" } }),
    );
    check(
        "kubectl get nodes",
        "NAME     STATUS                        ROLES    AGE   VERSION\nnode-1   NotReady,SchedulingDisabled   <none>   6d    v1.31.2\n",
        Kind::Node,
        json!({ "/spec/unschedulable": true, "/status/conditions": [{ "type": "Ready", "status": "False" }],
                "/status/nodeInfo/kubeletVersion": "v1.31.2" }),
    );
    check(
        "kubectl get hpa -n shop",
        "NAME   REFERENCE        TARGETS                              MINPODS   MAXPODS   REPLICAS   AGE\nweb    Deployment/web   cpu: \
         <unknown>/50%, memory: 10%/80%   1         10        2          6d\n",
        Kind::HorizontalPodAutoscaler,
        json!({ "/spec/maxReplicas": 10, "/spec/metrics/1/resource/target/averageUtilization": 80,
                "/status/currentMetrics/0/resource/name": "memory" }),
    );
    check(
        "kubectl get pdb -n shop",
        "NAME   MIN AVAILABLE   MAX UNAVAILABLE   ALLOWED DISRUPTIONS   AGE\nweb    N/A             1                 0                     6d\n",
        Kind::PodDisruptionBudget,
        json!({ "/spec/maxUnavailable": 1, "/spec/minAvailable": null, "/status/disruptionsAllowed": 0 }),
    );
    check(
        "kubectl get ns",
        "NAME   STATUS        AGE\nshop   Terminating   6d\n",
        Kind::Namespace,
        json!({ "/status/phase": "Terminating" }),
    );
    check(
        "kubectl get secrets",
        "NAME   TYPE     DATA   AGE\nkeys   Opaque   2      6d\n",
        Kind::Secret,
        json!({ "/type": "Opaque" }),
    );
}

#[test]
fn several_tables_in_one_text_name_their_kinds() {
    let text = "\
NAME                 READY   STATUS    RESTARTS   AGE
pod/web-6c9f-abcde   1/1     Running   0          6d

NAME          TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
service/web   ClusterIP   10.3.0.1     <none>        80/TCP    6d

NAME                  READY   UP-TO-DATE   AVAILABLE   AGE
deployment.apps/web   1/1     1            1           6d
";
    for command in ["kubectl get all -n shop", "kubectl get po,svc,deploy -n shop"] {
        let found = reading(command, text);
        let keys: Vec<String> = found.partials.iter().map(|partial| partial.key.to_string()).collect();
        assert_eq!(keys, ["Pod shop/web-6c9f-abcde", "Service shop/web", "Deployment shop/web"], "{command}");
        assert_eq!(found.unread, []);
    }
    let found = reading(
        "kubectl get pods -A",
        "NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE\nshop        web-1  1/1     Running   0          6d\n",
    );
    assert_eq!(found.partials[0].key, ObjectKey::new(Kind::Pod, "shop", "web-1"));
}

#[test]
fn events_are_read_with_their_counts() {
    let wide = "\
LAST SEEN   TYPE      REASON    OBJECT      SUBOBJECT                 SOURCE            MESSAGE                       FIRST SEEN   COUNT   NAME
3s          Warning   BackOff   pod/web-1   spec.containers{web}      kubelet, node-1   Back-off restarting  failed   82s          9       web-1.17
5m          Normal    Sync      node/node-1                           kubelet, node-1   done                          6m           1       node-1.1
";
    let found = reading("kubectl get events -n shop -o wide", wide);
    let [back_off, sync] = found.events.as_slice() else { panic!("{:?}", found.events) };
    assert_eq!((back_off.count, back_off.first_s_ago, back_off.last_s_ago), (9, Some(82), Some(3)));
    assert_eq!(
        (back_off.from.as_str(), back_off.message.as_str()),
        ("kubelet", "Back-off restarting failed")
    );
    assert_eq!(sync.object, ObjectKey::new(Kind::Node, "", "node-1"));

    let cut_off = "3s (x9 over 82s)   Warning   BackOff   Pod/web-1   Back-off  restarting\n  second line of it\n2m          Normal    Pulled    pod/web-1   Größe ok\n";
    for command in ["kubectl get events -n shop | tail -n 2", "kubectl events -n shop | tail"] {
        let found = reading(command, cut_off);
        let [back_off, pulled] = found.events.as_slice() else { panic!("{:?}", found.events) };
        assert_eq!((back_off.severity, back_off.count), (Severity::Warning, 9));
        assert_eq!(back_off.message, "Back-off restarting second line of it");
        assert_eq!(back_off.object, ObjectKey::new(Kind::Pod, "shop", "web-1"));
        assert_eq!((pulled.first_s_ago, pulled.last_s_ago), (None, Some(120)));
    }
}

#[test]
fn usage_is_read() {
    let found = reading(
        "kubectl top pods -n shop --containers",
        "POD     NAME   CPU(cores)   MEMORY(bytes)\nweb-1   app    12m          180Mi\n",
    );
    let usage = &found.usage[0];
    assert_eq!(
        (usage.object.to_string().as_str(), usage.container.as_deref()),
        ("Pod shop/web-1", Some("app"))
    );
    assert_eq!((usage.cpu.milli(), usage.memory.to_bytes_text().as_str()), (12, "180Mi"));
    let nodes = "NAME     CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nnode-1   425m         5%     3Gi             20%\nnode-2   <unknown>    <unknown>   <unknown>   <unknown>\n";
    for command in ["kubectl top nodes", ""] {
        let found = reading(command, nodes);
        assert_eq!(found.usage.len(), 1);
        assert_eq!(found.usage[0].object, ObjectKey::new(Kind::Node, "", "node-1"));
    }
}

#[test]
fn what_is_not_understood_is_said() {
    for (command, text, why) in [
        ("kubectl get teapots -n shop | tail -n 1", "short   1/1\n", "without its header"),
        ("kubectl get pods -n shop -o jsonpath={.x}", "a b c", "jsonpath"),
        ("kubectl get pods -o custom-columns=A:.x", "A   B\n1   2\n", "no column NAME"),
        ("", "hello\n", "not recognised"),
    ] {
        let found = reading(command, text);
        assert!(found.unread.iter().any(|unread| unread.why.contains(why)), "{command}: {:?}", found.unread);
    }
}

#[test]
fn absent_objects_and_empty_listings_are_answers() {
    let picture = |command: &str, text: &str| {
        let mut capture = Capture::default();
        capture.push(command, text);
        Picture::read(capture, None)
    };
    let found = picture("kubectl get secrets -n shop", "No resources found in shop namespace.\n");
    assert!(found.secrets.get("shop", "keys").is_absent() && found.unread.is_empty());
    let text = "NAME   TYPE     DATA   AGE\nkeys   Opaque   2      6d\nError from server (NotFound): secrets \"other\" not found\n";
    let found = picture("kubectl get secrets keys other -n shop", text);
    assert!(found.secrets.get("shop", "other").is_absent());
    assert!(found.secrets.get("shop", "keys").present().is_some());
    let found = picture("kubectl describe pods -n shop", "No resources found in shop namespace.\n");
    assert!(found.pods.is_listed("shop"));
    let found = picture(
        "kubectl get all -n shop",
        "NAME        READY   STATUS    RESTARTS   AGE\npod/web-1   1/1     Running   0          6d\n",
    );
    assert!(found.services.get("shop", "web").is_absent());
}
