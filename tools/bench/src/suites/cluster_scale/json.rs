//! The made cluster as the API answers it: one list for each kind, as `kubectl get KIND -A -o json` prints it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::made::{App, Cluster, Planted, Pod, node_address, node_name, time};

/// Kinds that are written, by the word `kubectl` takes for them.
pub const KINDS: [&str; 8] =
    ["namespaces", "nodes", "deployments", "replicasets", "pods", "services", "endpointslices", "configmaps"];

/// Writes the list of a kind, or of `events`, item by item.
pub fn write(cluster: &Cluster, kind: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n")?;
    let mut first = true;
    let mut put = |value: Value| -> io::Result<()> {
        if !std::mem::take(&mut first) {
            out.write_all(b",\n")?;
        }
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut writer = serde_json::Serializer::with_formatter(&mut *out, formatter);
        value.serialize(&mut writer).map_err(io::Error::other)
    };
    match kind {
        "namespaces" => (0..cluster.namespaces).try_for_each(|at| put(namespace(at)))?,
        "nodes" => (0..cluster.nodes).try_for_each(|at| put(node(at)))?,
        "deployments" => cluster.apps.iter().try_for_each(|app| put(deployment(app)))?,
        "replicasets" => {
            for app in &cluster.apps {
                put(replica_set(app, &app.hash(), App::replicas(), app.ready(), "2"))?;
                put(replica_set(app, &app.old_hash(), 0, 0, "1"))?;
            }
        }
        "pods" => cluster.pods().try_for_each(|made| put(pod(&made)))?,
        "services" => cluster.apps.iter().try_for_each(|app| put(service(app)))?,
        "endpointslices" => cluster.apps.iter().try_for_each(|app| put(slice(cluster, app)))?,
        "configmaps" => cluster.apps.iter().try_for_each(|app| put(config_map(app)))?,
        _ => {
            for made in cluster.pods() {
                for (at, event) in events(&made).into_iter().enumerate() {
                    put(named(event, &format!("{}.{at:016x}", made.name), &made.app.namespace, made.age_s))?;
                }
            }
        }
    }
    out.write_all(b"\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n")
}

/// Adds the metadata that every object has.
fn named(mut value: Value, name: &str, namespace: &str, age_s: i64) -> Value {
    let mut metadata = value.get("metadata").cloned().unwrap_or_else(|| json!({}));
    if let Some(fields) = metadata.as_object_mut() {
        fields.insert("name".to_owned(), json!(name));
        if !namespace.is_empty() {
            fields.insert("namespace".to_owned(), json!(namespace));
        }
        fields.insert("creationTimestamp".to_owned(), json!(time(age_s)));
        fields.insert("resourceVersion".to_owned(), json!("81942377"));
        fields.insert("uid".to_owned(), json!(format!("0f1c2b6e-7c1d-4d0e-9b1a-{:012x}", name.len() * 7919)));
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("metadata".to_owned(), metadata);
    }
    value
}

fn namespace(at: usize) -> Value {
    let value = json!({ "apiVersion": "v1", "kind": "Namespace", "status": { "phase": "Active" } });
    named(value, &format!("team-{at:02}"), "", 9_000_000)
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "lastTransitionTime": time(86_000) })
}

fn node(at: usize) -> Value {
    let room =
        json!({ "cpu": "32", "memory": "131072000Ki", "pods": "110", "ephemeral-storage": "203070420Ki" });
    let value = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "labels": {
            "kubernetes.io/hostname": node_name(at),
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": format!("zone-{}", at % 3),
        } },
        "spec": { "podCIDR": format!("10.100.{}.0/24", at % 250) },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": node_address(at) }, { "type": "Hostname", "address": node_name(at) }],
            "allocatable": room,
            "capacity": room,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                condition("Ready", "True", "KubeletReady"),
            ],
        },
    });
    named(value, &node_name(at), "", 9_000_000)
}

fn labels(app: &App, hash: Option<&str>) -> Value {
    match hash {
        Some(hash) => json!({ "app": app.name, "team": app.namespace, "pod-template-hash": hash }),
        None => json!({ "app": app.name, "team": app.namespace }),
    }
}

fn spec(app: &App) -> Value {
    let probe = |path: &str, delay: u32| {
        json!({
            "httpGet": { "path": path, "port": "http", "scheme": "HTTP" },
            "initialDelaySeconds": delay, "periodSeconds": 10, "timeoutSeconds": 2, "successThreshold": 1,
            "failureThreshold": 3,
        })
    };
    let room = |cpu: &str, memory: &str| json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "memory": memory } });
    let environment: Vec<Value> = (0..6)
        .map(|at| json!({ "name": format!("SETTING_{at}"), "value": format!("value-{}", app.at * 6 + at) }))
        .chain([json!({ "name": "POD_NAME", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.name" } } })])
        .collect();
    let mut spec = json!({
        "containers": [
            {
                "name": "server", "image": app.image(), "imagePullPolicy": "IfNotPresent",
                "ports": [{ "name": "http", "containerPort": 8080, "protocol": "TCP" }],
                "env": environment,
                "livenessProbe": probe("/healthz", 30), "readinessProbe": probe("/ready", 5),
                "resources": room("100m", "256Mi"),
                "volumeMounts": [{ "name": "config", "mountPath": "/etc/config" }],
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            },
            {
                "name": "agent", "image": "registry.example.com/agent:2.1.0", "imagePullPolicy": "IfNotPresent",
                "resources": room("20m", "64Mi"),
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            },
        ],
        "volumes": [{ "name": "config", "configMap": { "name": format!("{}-config", app.name), "defaultMode": 420 } }],
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
        "securityContext": {}, "terminationGracePeriodSeconds": 30, "serviceAccountName": "default",
    });
    if app.planted == Some(Planted::NodeLabelMissing)
        && let Some(fields) = spec.as_object_mut()
    {
        fields.insert("nodeSelector".to_owned(), json!({ "disk": "nvme" }));
    }
    spec
}

fn deployment(app: &App) -> Value {
    let (wanted, ready) = (App::replicas(), app.ready());
    let available = if ready == wanted { "True" } else { "False" };
    let value = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "labels": labels(app, None), "generation": 2, "annotations": { "deployment.kubernetes.io/revision": "2" },
        },
        "spec": {
            "replicas": wanted, "selector": { "matchLabels": { "app": app.name } }, "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
            "template": { "metadata": { "labels": labels(app, None) }, "spec": spec(app) },
        },
        "status": {
            "observedGeneration": 2, "replicas": wanted, "updatedReplicas": wanted, "readyReplicas": ready,
            "availableReplicas": ready, "unavailableReplicas": wanted - ready,
            "conditions": [condition("Available", available, "MinimumReplicasAvailable"), condition("Progressing", "True", "ReplicaSetUpdated")],
        },
    });
    named(value, &app.name, &app.namespace, 4_000_000)
}

fn owner(kind: &str, name: &str) -> Value {
    json!([{ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "7d5f3c1a", "controller": true, "blockOwnerDeletion": true }])
}

fn replica_set(app: &App, hash: &str, wanted: usize, ready: usize, revision: &str) -> Value {
    let value = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "labels": labels(app, Some(hash)),
            "annotations": { "deployment.kubernetes.io/revision": revision },
            "ownerReferences": owner("Deployment", &app.name),
        },
        "spec": {
            "replicas": wanted, "selector": { "matchLabels": { "app": app.name, "pod-template-hash": hash } },
            "template": { "metadata": { "labels": labels(app, Some(hash)) }, "spec": spec(app) },
        },
        "status": { "observedGeneration": 1, "replicas": wanted, "readyReplicas": ready, "availableReplicas": ready },
    });
    named(value, &format!("{}-{hash}", app.name), &app.namespace, 3_000_000)
}

fn pod(made: &Pod<'_>) -> Value {
    let app = made.app;
    let mut spec = spec(app);
    if let (Some(fields), Some(node)) = (spec.as_object_mut(), &made.node) {
        fields.insert("nodeName".to_owned(), json!(node));
        fields.insert(
            "tolerations".to_owned(),
            json!([
                { "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
                { "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
            ]),
        );
    }
    let value = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "generateName": format!("{}-", app.set()), "labels": labels(app, Some(&app.hash())), "ownerReferences": owner("ReplicaSet", &app.set()) },
        "spec": spec,
        "status": status(made),
    });
    named(value, &made.name, &app.namespace, made.age_s)
}

fn status(made: &Pod<'_>) -> Value {
    let ready = if made.ready { "True" } else { "False" };
    let Some(ip) = &made.ip else {
        let message = "0/9 nodes are available: 9 node(s) didn't match Pod's node affinity/selector.";
        return json!({
            "phase": "Pending", "qosClass": "Burstable",
            "conditions": [{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message, "lastTransitionTime": time(made.age_s) }],
        });
    };
    let running = json!({ "running": { "startedAt": time(made.age_s - 4) } });
    let image = made.app.image();
    let waiting = json!({ "waiting": { "reason": "ImagePullBackOff", "message": format!("Back-off pulling image \"{image}\"") } });
    let ended = json!({ "terminated": { "exitCode": 143, "reason": "Error", "startedAt": time(made.age_s - 4), "finishedAt": time(made.age_s / 2) } });
    let last = if made.restarts > 0 { ended } else { json!({}) };
    json!({
        "phase": if made.ready { "Running" } else { "Pending" }, "qosClass": "Burstable", "startTime": time(made.age_s),
        "hostIP": "192.168.0.10", "podIP": ip, "podIPs": [{ "ip": ip }],
        "conditions": [
            condition("Initialized", "True", ""), condition("Ready", ready, ""), condition("ContainersReady", ready, ""),
            condition("PodScheduled", "True", ""),
        ],
        "containerStatuses": [
            {
                "name": "agent", "image": "registry.example.com/agent:2.1.0", "imageID": "registry.example.com/agent@sha256:0d1e",
                "containerID": "containerd://a1", "ready": true, "started": true, "restartCount": 0, "lastState": {}, "state": running,
            },
            {
                "name": "server", "image": image, "imageID": "", "ready": made.ready, "started": made.ready,
                "restartCount": made.restarts, "lastState": last, "state": if made.ready { running.clone() } else { waiting },
            },
        ],
    })
}

fn service(app: &App) -> Value {
    let ip = format!("172.20.{}.{}", app.at / 250 % 250, app.at % 250);
    let value = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "spec": {
            "type": "ClusterIP", "clusterIP": ip, "clusterIPs": [ip], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "selector": { "app": app.selected() }, "sessionAffinity": "None",
            "ports": [{ "name": "http", "port": 80, "protocol": "TCP", "targetPort": "http" }],
        },
        "status": { "loadBalancer": {} },
    });
    named(value, &app.name, &app.namespace, 4_000_000)
}

fn slice(cluster: &Cluster, app: &App) -> Value {
    let pods = if app.planted == Some(Planted::SelectorWrong) { Vec::new() } else { cluster.pods_of(app) };
    let endpoints: Vec<Value> = pods
        .iter()
        .filter_map(|made| {
            Some(json!({
                "addresses": [made.ip.as_ref()?], "nodeName": made.node,
                "conditions": { "ready": made.ready, "serving": made.ready, "terminating": false },
                "targetRef": { "kind": "Pod", "name": made.name, "namespace": app.namespace },
            }))
        })
        .collect();
    let value = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": { "labels": { "kubernetes.io/service-name": app.name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" } },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{ "name": "http", "port": 8080, "protocol": "TCP" }],
    });
    named(value, &format!("{}-{}", app.name, app.hash()), &app.namespace, 4_000_000)
}

fn config_map(app: &App) -> Value {
    let text = format!("level: info\nname: {}\nretries: 3\n# seconds\ntimeout: 30\n", app.name);
    let value = json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "config.yaml": text } });
    named(value, &format!("{}-config", app.name), &app.namespace, 4_000_000)
}

fn events(made: &Pod<'_>) -> Vec<Value> {
    let about = |set: bool| match set {
        true => {
            json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": made.app.set(), "namespace": made.app.namespace })
        }
        false => {
            json!({ "apiVersion": "v1", "kind": "Pod", "name": made.name, "namespace": made.app.namespace })
        }
    };
    made.said()
        .into_iter()
        .map(|said| {
            json!({
                "apiVersion": "v1",
                "kind": "Event",
                "involvedObject": about(said.about_set),
                "type": if said.warning { "Warning" } else { "Normal" },
                "reason": said.reason, "message": said.message, "count": said.count, "source": { "component": said.from },
                "firstTimestamp": time(said.first_s_ago), "lastTimestamp": time(said.last_s_ago), "eventTime": null,
                "reportingComponent": said.from, "reportingInstance": "",
            })
        })
        .collect()
}
