//! Descriptions as `kubectl` prints them, and what they become.

use serde_json::{Value, json};

use super::super::document::read_capture;
use super::super::reading::Reading;
use crate::capture::Capture;
use crate::kind::{Kind, ObjectKey};
use crate::picture::{Picture, Severity};

pub(super) fn reading(command: &str, text: &str) -> Reading {
    let mut capture = Capture::default();
    capture.push(command, text);
    read_capture(&capture)
}

fn value(command: &str, text: &str) -> Value {
    let reading = reading(command, text);
    assert_eq!(reading.unread, [], "{text}");
    reading.partials.into_iter().next_back().map(|partial| partial.value).unwrap()
}

/// Every path of `expected` has that value.
fn check(command: &str, text: &str, expected: Value) {
    let found = value(command, text);
    for (pointer, expected) in expected.as_object().unwrap() {
        assert_eq!(found.pointer(pointer).unwrap_or(&Value::Null), expected, "{pointer} in {found:#}");
    }
}

pub(super) const POD: &str = r#"Name:             web-6c9f-abcde
Namespace:        shop
Priority:         0
Service Account:  web
Node:             node-1/10.1.0.1
Start Time:       Fri, 14 Nov 2025 22:33:21 +0800
Labels:           app=web
                  pod-template-hash=6c9f
Annotations:      note: a: b
                  example.org/config:
                    first: 1
                      second: 2
                  other: x
Status:           Running
IP:               10.2.0.1
IPs:
  IP:           10.2.0.1
Controlled By:  ReplicaSet/web-6c9f
Init Containers:
  wait:
    Container ID:  containerd://0a
    Image:         busybox:1
    Image ID:      docker.io/busybox@sha256:0a
    Port:          <none>
    Host Port:     <none>
    Command:
      sh
      -c
      sleep 1
    State:          Terminated
      Reason:       Completed
      Exit Code:    0
      Started:      Fri, 14 Nov 2025 22:33:22 +0800
      Finished:     Fri, 14 Nov 2025 22:33:23 +0800
    Ready:          True
    Restart Count:  0
    Environment:    <none>
    Mounts:         <none>
Containers:
  web:
    Container ID:  containerd://0b
    Image:         registry.example/web:1
    Image ID:      registry.example/web@sha256:0b
    Ports:         8080/TCP, 9090/UDP (metrics)
    Host Ports:    0/TCP, 9091/UDP
    Args:
      --port=8080
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Message:      fatal: größer

at main()
      Exit Code:    137
      Signal:       9
      Started:      Fri, 14 Nov 2025 22:33:22 +0800
      Finished:     Fri, 14 Nov 2025 22:33:23 +0800
    Ready:          False
    Restart Count:  4
    Limits:
      cpu:     300m
      memory:  300Mi
    Requests:
      cpu:      200m
      memory:   180Mi
    Liveness:   http-get https://:8080/health%3Fx=1 delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  tcp-socket :http delay=0s timeout=2s period=5s #success=1 #failure=3
    Startup:    exec [cat /tmp/ok] delay=0s timeout=1s period=10s #success=1 #failure=30
    Environment Variables from:
      settings  ConfigMap                Optional: true
      keys      Secret with prefix 'K_'  Optional: false
    Environment:
      PORT:      8080
      URL:       http://db-a:80/x
      EMPTY:     
      PASSWORD:  <set to the key 'password' in secret 'db'>    Optional: false
      LEVEL:     <set to the key 'level' of config map 'log'>  Optional: true
      POD_NAME:  web-6c9f-abcde (v1:metadata.name)
      CPUS:      1 (limits.cpu)
      SCRIPT:    line one
                 line two
    Mounts:
      /data from data (rw,path="sub")
      /etc/x from settings (ro)
Conditions:
  Type              Status
  Initialized       True 
  Ready             False 
Volumes:
  data:
    Type:       PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:  data-a
    ReadOnly:   false
  settings:
    Type:      ConfigMap (a volume populated by a ConfigMap)
    Name:      settings
    Optional:  false
  keys:
    Type:        Secret (a volume populated by a Secret)
    SecretName:  keys
    Optional:    true
QoS Class:       Burstable
Node-Selectors:  disk=ssd
                 zone=a
Tolerations:     gpu=yes:NoSchedule
                 node.kubernetes.io/not-ready:NoExecute op=Exists for 300s
                 op=Exists
Events:
  Type     Reason   Age                 From     Message
  ----     ------   ----                ----     -------
  Normal   Pulled   73s                 kubelet  Container image "registry.example/web:1" already present on machine
  Warning  BackOff  3s (x9 over 82s)    kubelet  Back-off restarting failed container
"#;

#[test]
fn a_pod_is_read_whole() {
    let found = value("kubectl describe pod web-6c9f-abcde -n shop", POD);
    let spec = |pointer: &str| found.pointer(&format!("/spec{pointer}")).cloned().unwrap_or_default();
    assert_eq!(found["metadata"]["annotations"]["example.org/config"], "first: 1\n  second: 2");
    assert_eq!(found["metadata"]["annotations"]["note"], "a: b");
    assert_eq!(found["metadata"]["annotations"]["other"], "x");
    assert_eq!(found["metadata"]["ownerReferences"][0]["name"], "web-6c9f");
    assert_eq!(spec("/initContainers/0/command"), json!(["sh", "-c", "sleep 1"]));
    assert_eq!(
        spec("/containers/0/ports"),
        json!([
            { "containerPort": 8080, "protocol": "TCP" },
            { "containerPort": 9090, "protocol": "UDP", "name": "metrics", "hostPort": 9091 },
        ])
    );
    assert_eq!(
        spec("/containers/0/livenessProbe"),
        json!({
            "httpGet": { "scheme": "HTTPS", "port": 8080, "path": "/health%3Fx=1" }, "initialDelaySeconds": 5,
            "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
        })
    );
    assert_eq!(spec("/containers/0/readinessProbe/tcpSocket"), json!({ "port": "http" }));
    assert_eq!(spec("/containers/0/startupProbe/exec/command"), json!(["cat", "/tmp/ok"]));
    assert_eq!(
        spec("/containers/0/envFrom"),
        json!([
            { "configMapRef": { "name": "settings", "optional": true } },
            { "secretRef": { "name": "keys" }, "prefix": "K_" },
        ])
    );
    assert_eq!(
        spec("/containers/0/env"),
        json!([
            { "name": "PORT", "value": "8080" },
            { "name": "URL", "value": "http://db-a:80/x" },
            { "name": "EMPTY" },
            { "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "key": "password", "name": "db" } } },
            { "name": "LEVEL",
              "valueFrom": { "configMapKeyRef": { "key": "level", "name": "log", "optional": true } } },
            { "name": "POD_NAME",
              "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.name" } } },
            { "name": "CPUS", "valueFrom": { "resourceFieldRef": { "resource": "limits.cpu" } } },
            { "name": "SCRIPT", "value": "line one\nline two" },
        ])
    );
    assert_eq!(
        spec("/containers/0/volumeMounts"),
        json!([
            { "mountPath": "/data", "name": "data", "subPath": "sub" },
            { "mountPath": "/etc/x", "name": "settings", "readOnly": true },
        ])
    );
    assert_eq!(spec("/volumes/0/persistentVolumeClaim"), json!({ "claimName": "data-a" }));
    assert_eq!(spec("/volumes/2/secret"), json!({ "secretName": "keys", "optional": true }));
    assert_eq!(spec("/nodeSelector"), json!({ "disk": "ssd", "zone": "a" }));
    assert_eq!(
        spec("/tolerations"),
        json!([
            { "key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule" },
            { "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
              "tolerationSeconds": 300 },
            { "operator": "Exists" },
        ])
    );
    let status = &found["status"]["containerStatuses"][0];
    assert_eq!(status["state"], json!({ "waiting": { "reason": "CrashLoopBackOff" } }));
    assert_eq!(
        status["lastState"]["terminated"],
        json!({
            "reason": "Error", "message": "fatal: größer\nat main()", "exitCode": 137, "signal": 9,
            "startedAt": "2025-11-14T14:33:22Z", "finishedAt": "2025-11-14T14:33:23Z",
        })
    );
    assert_eq!(status["restartCount"], 4);
    assert_eq!(found["status"]["conditions"][1], json!({ "type": "Ready", "status": "False" }));
}

#[test]
fn events_of_a_description_are_about_its_object() {
    let reading = reading("kubectl describe pod web-6c9f-abcde -n shop", POD);
    let [pulled, back_off] = reading.events.as_slice() else { panic!("{:?}", reading.events) };
    assert_eq!(back_off.object, ObjectKey::new(Kind::Pod, "shop", "web-6c9f-abcde"));
    assert_eq!((back_off.severity, back_off.count), (Severity::Warning, 9));
    assert_eq!((back_off.first_s_ago, back_off.last_s_ago), (Some(82), Some(3)));
    assert_eq!((pulled.reason.as_str(), pulled.from.as_str()), ("Pulled", "kubelet"));
}

#[test]
fn several_descriptions_stand_in_one_text() {
    let other = POD.replace("abcde", "fghij");
    let text = format!("{POD}\n\n{other}");
    for command in ["kubectl describe pods -n shop", "kubectl describe pod web -n shop", ""] {
        let reading = reading(command, &text);
        let names: Vec<&str> = reading.partials.iter().map(|partial| partial.key.name.as_str()).collect();
        assert_eq!(names, ["web-6c9f-abcde", "web-6c9f-fghij"], "{command}");
        assert_eq!(reading.events.len(), 4);
        let origin = reading.partials[1].origin;
        assert!(text[origin.start as usize..].starts_with("Name:             web-6c9f-fghij"));
    }
}

#[test]
fn workloads_are_read() {
    let template = "Pod Template:\n  Labels:  app=web\n  Containers:\n   web:\n    Image:      x:1\n    Port:       \
                    80/TCP\n    Host Port:  0/TCP\n    Environment:  <none>\n    Mounts:  <none>\n  Volumes:  <none>\n  \
                    Node-Selectors:  <none>\n  Tolerations:  <none>\n";
    let head = "Name:  web\nNamespace:  shop\nSelector:  app=web,tier in (a,b)\nLabels:  <none>\n";
    check(
        "kubectl describe deploy web -n shop",
        &format!(
            "{head}Replicas:  3 desired | 2 updated | 4 total | 1 available | 3 unavailable\nStrategyType:  \
             RollingUpdate\nMinReadySeconds:  5\nRollingUpdateStrategy:  25% max unavailable, 1 max surge\n{template}\
             Conditions:\n  Type       Status  Reason\n  ----       ------  ------\n  Available  False   Minimum\n"
        ),
        json!({
            "/spec/replicas": 3, "/status/updatedReplicas": 2, "/status/replicas": 4,
            "/status/availableReplicas": 1, "/status/unavailableReplicas": 3, "/spec/minReadySeconds": 5,
            "/spec/strategy/rollingUpdate": { "maxUnavailable": "25%", "maxSurge": 1 },
            "/spec/selector/matchLabels": { "app": "web" },
            "/spec/selector/matchExpressions/0/values": ["a", "b"],
            "/spec/template/spec/containers/0/image": "x:1",
            "/status/conditions/0": { "type": "Available", "status": "False", "reason": "Minimum" },
        }),
    );
    check(
        "kubectl describe rs web -n shop",
        &format!("{head}Controlled By:  Deployment/web\nReplicas:  0 current / 2 desired\n{template}"),
        json!({ "/spec/replicas": 2, "/status/replicas": 0, "/metadata/ownerReferences/0/kind": "Deployment" }),
    );
    check(
        "kubectl describe sts web -n shop",
        &format!(
            "{head}Replicas:  3 desired | 2 total\nUpdate Strategy:  RollingUpdate\n  Partition:  1\n{template}Volume \
             Claims:\n  Name:          data\n  StorageClass:  fast\n  Labels:        <none>\n  Capacity:      1Gi\n  \
             Access Modes:  [ReadWriteOnce]\n"
        ),
        json!({
            "/spec/replicas": 3, "/status/replicas": 2, "/spec/updateStrategy/rollingUpdate/partition": 1,
            "/spec/volumeClaimTemplates/0": {
                "metadata": { "name": "data" },
                "spec": { "storageClassName": "fast", "resources": { "requests": { "storage": "1Gi" } },
                          "accessModes": ["ReadWriteOnce"] },
            },
        }),
    );
    check(
        "kubectl describe job web -n shop",
        &format!(
            "{head}Parallelism:  1\nCompletions:  3\nBackoff Limit:  6\nActive Deadline Seconds:  100s\nPods Statuses:  1 \
             Active (0 Ready) / 2 Succeeded / 4 Failed\n{template}"
        ),
        json!({
            "/spec/completions": 3, "/spec/activeDeadlineSeconds": 100, "/status/active": 1,
            "/status/succeeded": 2, "/status/failed": 4,
        }),
    );
    check(
        "kubectl describe cj web -n shop",
        &format!(
            "{head}Schedule:  */5 * * * *\nConcurrency Policy:  Forbid\nSuspend:  True\n{template}Active Jobs:  web-1\n"
        ),
        json!({
            "/spec/schedule": "*/5 * * * *", "/spec/suspend": true, "/status/active/0/name": "web-1",
            "/spec/jobTemplate/spec/template/spec/containers/0/name": "web",
        }),
    );
    check(
        "kubectl describe ds web -n shop",
        &format!(
            "{head}Desired Number of Nodes Scheduled: 3\nCurrent Number of Nodes Scheduled: 3\nNumber of Nodes Scheduled \
             with Up-to-date Pods: 2\nNumber of Nodes Scheduled with Available Pods: 1\nNumber of Nodes Misscheduled: \
             0\n{template}"
        ),
        json!({ "/status/desiredNumberScheduled": 3, "/status/updatedNumberScheduled": 2, "/status/numberAvailable": 1 }),
    );
}

#[test]
fn services_and_what_is_behind_them_are_read() {
    let service = "Name:  web\nNamespace:  shop\nSelector:  app=web,tier=a\nType:  NodePort\nIP:  10.3.0.1\nPort:  http  \
                   80/TCP\nTargetPort:  web/TCP\nNodePort:  http  30080/TCP\nEndpoints:  10.2.0.1:8080,10.2.0.2:8080 + 1 \
                   more...\nPort:  <unset>  53/UDP\nTargetPort:  5353/UDP\nEndpoints:  <none>\nSession Affinity:  None\n";
    check(
        "kubectl describe svc web -n shop",
        service,
        json!({
            "/spec/selector": { "app": "web", "tier": "a" },
            "/spec/ports": [
                { "name": "http", "port": 80, "protocol": "TCP", "targetPort": "web", "nodePort": 30080 },
                { "port": 53, "protocol": "UDP", "targetPort": 5353 },
            ],
        }),
    );
    let behind = &reading("kubectl describe svc web -n shop", service).partials[0];
    assert_eq!(behind.key.kind, Kind::Endpoints);
    assert_eq!(
        behind.value["subsets"],
        json!([{ "addresses": [{ "ip": "10.2.0.1" }, { "ip": "10.2.0.2" }],
                 "ports": [{ "port": 8080, "name": "http", "protocol": "TCP" }] }])
    );
    check(
        "kubectl describe ep web -n shop",
        "Name:  web\nNamespace:  shop\nSubsets:\n  Addresses:          10.2.0.1,10.2.0.2\n  NotReadyAddresses:  10.2.0.3\n  \
         Ports:\n    Name     Port  Protocol\n    ----     ----  --------\n    <unset>  8080  TCP\n\nEvents:  <none>\n",
        json!({ "/subsets": [{
            "addresses": [{ "ip": "10.2.0.1" }, { "ip": "10.2.0.2" }], "notReadyAddresses": [{ "ip": "10.2.0.3" }],
            "ports": [{ "port": 8080, "protocol": "TCP" }],
        }] }),
    );
    check(
        "kubectl describe endpointslice web-1 -n shop",
        "Name:  web-1\nNamespace:  shop\nAddressType:  IPv4\nPorts:\n  Name  Port  Protocol\n  ----  ----  --------\n  \
         http  80    TCP\nEndpoints:\n  - Addresses:  10.2.0.1\n    Conditions:\n      Ready:    false\n    TargetRef:  \
         Pod/web-1\n    NodeName:   node-1\n",
        json!({
            "/ports": [{ "port": 80, "name": "http", "protocol": "TCP" }],
            "/endpoints": [{ "addresses": ["10.2.0.1"], "conditions": { "ready": false }, "nodeName": "node-1",
                             "targetRef": { "kind": "Pod", "name": "web-1" } }],
        }),
    );
    check(
        "kubectl describe ing web -n shop",
        "Name:             web\nNamespace:        shop\nAddress:          10.0.0.9\nIngress Class:    nginx\nDefault backend:  \
         <default>\nTLS:\n  cert terminates a.example\nRules:\n  Host        Path  Backends\n  ----        ----  --------\n  \
         a.example   \n              /     web:80 (10.2.0.1:80)\n              /api  api:http (<error: services \"api\" not \
         found>)\nAnnotations:      <none>\n",
        json!({
            "/spec/ingressClassName": "nginx",
            "/spec/tls": [{ "secretName": "cert", "hosts": ["a.example"] }],
            "/spec/rules/0/host": "a.example",
            "/spec/rules/0/http/paths": [
                { "path": "/", "backend": { "service": { "name": "web", "port": { "number": 80 } } } },
                { "path": "/api", "backend": { "service": { "name": "api", "port": { "name": "http" } } } },
            ],
        }),
    );
}

#[test]
fn storage_is_read() {
    check(
        "kubectl describe pvc data -n shop",
        "Name:  data\nNamespace:  shop\nStorageClass:  \nStatus:  Pending\nVolume:  \nCapacity:  \nAccess Modes:  \n\
         VolumeMode:  Filesystem\nUsed By:  web-1\n",
        json!({ "/status": { "phase": "Pending" }, "/spec": { "volumeMode": "Filesystem" } }),
    );
    check(
        "kubectl describe pv vol",
        "Name:  vol\nStorageClass:  fast\nStatus:  Released\nClaim:  shop/data\nReclaim Policy:  Retain\nAccess Modes:  \
         RWO,ROX\nCapacity:  1Gi\nNode Affinity:     \n  Required Terms:  \n    Term 0:        kubernetes.io/hostname in \
         [node-1, node-2]\nMessage:  \nSource:\n    Type:  LocalVolume (a persistent volume)\n    Path:  /mnt/a\n",
        json!({
            "/spec/accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "/spec/local": { "path": "/mnt/a" },
            "/spec/claimRef/namespace": "shop", "/status/phase": "Released",
            "/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions":
                [{ "key": "kubernetes.io/hostname", "operator": "In", "values": ["node-1", "node-2"] }],
        }),
    );
    check(
        "kubectl describe sc fast",
        "Name:            fast\nIsDefaultClass:  Yes\nAnnotations:     a=#many\n# lines\n- name: x\n,b=c\nProvisioner:  \
         example.org/disk\nParameters:  type=ssd\nAllowVolumeExpansion:  True\nReclaimPolicy:  \
         Delete\nVolumeBindingMode:  WaitForFirstConsumer\n",
        json!({
            "/provisioner": "example.org/disk", "/allowVolumeExpansion": true, "/parameters": { "type": "ssd" },
            "/volumeBindingMode": "WaitForFirstConsumer",
            "/metadata/annotations": { "storageclass.kubernetes.io/is-default-class": "true" },
        }),
    );
}

#[test]
fn nodes_are_read_with_the_pods_that_fill_them() {
    let text = "Name:               node-1\nRoles:              worker\nLabels:             zone=a\nTaints:             \
                gpu=yes:NoSchedule\n                    node.kubernetes.io/unreachable:NoExecute\nUnschedulable:      \
                true\nConditions:\n  Type    Status   LastHeartbeatTime                 LastTransitionTime                \
                Reason             Message\n  ----    ------   -----------------                 ------------------                \
                ------             -------\n  Ready   Unknown  Fri, 14 Nov 2025 22:34:07 +0800   Mon, 11 Aug 2025 15:48:44 +0800   \
                NodeStatusUnknown  Kubelet stopped posting node status.\nAddresses:\n  InternalIP:  10.1.0.1\nCapacity:\n  cpu:     \
                8\nAllocatable:\n  cpu:     7500m\nSystem Info:\n  Kubelet Version:  v1.31.2\nNon-terminated Pods:          (1 in \
                total)\n  Namespace    Name    CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age\n  ---------    \
                ----    ------------  ----------  ---------------  -------------  ---\n  kube-system  dns-1   100m (1%)     0 \
                (0%)      70Mi (0%)        170Mi (1%)     5d\nAllocated resources:\n  Resource  Requests\n";
    check(
        "kubectl describe node node-1",
        text,
        json!({
            "/spec/taints": [
                { "key": "gpu", "value": "yes", "effect": "NoSchedule" },
                { "key": "node.kubernetes.io/unreachable", "effect": "NoExecute" },
            ],
            "/spec/unschedulable": true,
            "/status/conditions/0/status": "Unknown",
            "/status/conditions/0/message": "Kubelet stopped posting node status.",
            "/status/conditions/0/lastHeartbeatTime": "2025-11-14T14:34:07Z",
            "/status/allocatable": { "cpu": "7500m" },
            "/status/nodeInfo/kubeletVersion": "v1.31.2",
        }),
    );
    let reading = reading("kubectl describe node node-1", text);
    let [pod] = reading.node_pods.as_slice() else { panic!("{:?}", reading.node_pods) };
    assert_eq!(
        (pod.namespace.as_str(), pod.name.as_str(), pod.cpu_request.milli()),
        ("kube-system", "dns-1", 100)
    );
    assert_eq!(pod.memory_limit.to_bytes_text(), "170Mi");
}

#[test]
fn limits_and_policies_are_read() {
    check(
        "kubectl describe quota q -n shop",
        "Name:       q\nNamespace:  shop\nResource      Used  Hard\n--------      ----  ----\nrequests.cpu  10    1\npods          3     10\n",
        json!({ "/status/used": { "requests.cpu": "10", "pods": "3" }, "/spec/hard": { "requests.cpu": "1", "pods": "10" } }),
    );
    check(
        "kubectl describe limits l -n shop",
        "Name:       l\nNamespace:  shop\nType        Resource  Min  Max  Default Request  Default Limit  Max Limit/Request \
         Ratio\n----        --------  ---  ---  ---------------  -------------  -----------------------\nContainer   cpu       \
         -    2    100m             500m           -\n",
        json!({ "/spec/limits": [{ "type": "Container", "max": { "cpu": "2" }, "defaultRequest": { "cpu": "100m" },
                                   "default": { "cpu": "500m" } }] }),
    );
    check(
        "kubectl describe hpa web -n shop",
        "Name:  web\nNamespace:  shop\nReference:  Deployment/web\nMetrics:  ( current / target )\n  resource cpu on pods  \
         (as a percentage of request):  <unknown> / 50%\n  resource memory on pods:  100Mi / 200Mi\nMin replicas:  1\nMax \
         replicas:  10\nDeployment pods:  2 current / 3 desired\nConditions:\n  Type           Status  Reason  Message\n  \
         ----           ------  ------  -------\n  ScalingActive  False   Failed  no metrics\n",
        json!({
            "/spec/scaleTargetRef/name": "web", "/spec/maxReplicas": 10, "/status/desiredReplicas": 3,
            "/status/conditions/0/reason": "Failed",
            "/spec/metrics/0/resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } },
            "/status/currentMetrics": [
                { "type": "Resource", "resource": { "name": "memory", "current": { "averageValue": "100Mi" } } }],
        }),
    );
    check(
        "kubectl describe pdb web -n shop",
        "Name:  web\nNamespace:  shop\nMin available:  50%\nSelector:  app=web\nStatus:\n    Allowed disruptions:  0\n    \
         Current:  1\n    Desired:  2\n    Total:  2\n",
        json!({ "/spec/minAvailable": "50%", "/status/disruptionsAllowed": 0, "/status/desiredHealthy": 2 }),
    );
    check(
        "kubectl describe netpol deny -n shop",
        "Name:         deny\nNamespace:    shop\nCreated on:   2026-03-16 22:09:13 +0800 CST\nSpec:\n  PodSelector:     <none> \
         (Allowing the specific traffic to all pods in this namespace)\n  Allowing ingress traffic:\n    To Port: 80/TCP\n    \
         From:\n      PodSelector: app=web\n    ----------\n    To Port: <any> (traffic allowed to all ports)\n    From:\n      \
         IPBlock:\n        CIDR: 10.0.0.0/8\n        Except: 10.1.0.0/16\n  Allowing egress traffic:\n    <none> (Selected \
         pods are isolated for egress connectivity)\n  Policy Types: Ingress, Egress\n",
        json!({
            "/spec/podSelector": {}, "/spec/policyTypes": ["Ingress", "Egress"], "/spec/egress": [],
            "/spec/ingress": [
                { "ports": [{ "protocol": "TCP", "port": 80 }],
                  "from": [{ "podSelector": { "matchLabels": { "app": "web" } } }] },
                { "from": [{ "ipBlock": { "cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"] } }] },
            ],
        }),
    );
    let reading = reading(
        "kubectl describe ns shop",
        "Name:         shop\nLabels:       <none>\nStatus:       Active\n\nResource Quotas\n  Name:     q\n  Resource  Used  \
         Hard\n  --------  ---   ---\n  pods      3     3\n\nNo LimitRange resource.\n",
    );
    let quota = &reading.partials[0];
    assert_eq!(quota.key, ObjectKey::new(Kind::ResourceQuota, "shop", "q"));
    assert_eq!(quota.value["status"], json!({ "used": { "pods": "3" }, "hard": { "pods": "3" } }));
}

#[test]
fn data_is_read() {
    check(
        "kubectl describe cm settings -n shop",
        "Name:         settings\nNamespace:    shop\nLabels:       <none>\n\nData\n====\na.yaml:\n----\nName: x\n\nroutes:\n- \
         id: b\n\nempty:\n----\n\n\n\nBinaryData\n====\n\nEvents:  <none>\n",
        json!({ "/data": { "a.yaml": "Name: x\n\nroutes:\n- id: b", "empty": "" } }),
    );
    check(
        "kubectl describe secret keys -n shop",
        "Name:         keys\nNamespace:    shop\n\nType:  Opaque\n\nData\n====\nuser:  5 bytes\nhost:  20 bytes\n",
        json!({ "/type": "Opaque", "/data": { "user": "", "host": "" } }),
    );
    check(
        "kubectl describe sa web -n shop",
        "Name:                web\nNamespace:           shop\nImage pull secrets:  pull-a\n                     pull-b (not \
         found)\nMountable secrets:   <none>\nTokens:              <none>\n",
        json!({ "/imagePullSecrets": [{ "name": "pull-a" }, { "name": "pull-b" }] }),
    );
}

#[test]
fn descriptions_without_a_command_are_recognised() {
    for (text, kind) in [
        (POD, Kind::Pod),
        ("Name:  q\nNamespace:  a\nResource  Used  Hard\n", Kind::ResourceQuota),
        ("Name:  s\nNamespace:  a\nType:  ClusterIP\nSession Affinity:  None\n", Kind::Service),
        ("Name:  n\nRoles:  <none>\nSystem Info:\n  Machine ID:  a\n", Kind::Node),
        ("Name:  c\nNamespace:  a\nStorageClass:  x\nAccess Modes:  RWO\n", Kind::PersistentVolumeClaim),
    ] {
        let reading = reading("", text);
        assert_eq!(reading.partials.last().map(|partial| partial.key.kind), Some(kind), "{text}");
    }
}

#[test]
fn a_description_and_the_object_it_describes_agree() {
    let yaml = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: u-1
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      nodeSelector: {disk: ssd}
      containers:
      - name: web
        image: registry.example/web:1
        ports: [{containerPort: 8080, protocol: TCP}]
        resources: {limits: {cpu: 300m}, requests: {cpu: 200m}}
        livenessProbe: {grpc: {port: 9555}, initialDelaySeconds: 5, timeoutSeconds: 1, periodSeconds: 5, successThreshold: 1, failureThreshold: 3}
        env: [{name: PORT, value: "8080"}]
        volumeMounts: [{mountPath: /data, name: data}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: data-a}}]
"#;
    let text = r"Name:                   web
Namespace:              shop
Labels:                 <none>
Annotations:            <none>
Selector:               app=web
Replicas:               2 desired | 2 updated | 2 total | 2 available | 0 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  25% max unavailable, 25% max surge
Pod Template:
  Labels:           app=web
  Service Account:  web
  Containers:
   web:
    Image:      registry.example/web:1
    Port:       8080/TCP
    Host Port:  0/TCP
    Limits:
      cpu:  300m
    Requests:
      cpu:     200m
    Liveness:  grpc <pod>:9555  delay=5s timeout=1s period=5s #success=1 #failure=3
    Environment:
      PORT:  8080
    Mounts:
      /data from data (rw)
  Volumes:
   data:
    Type:          PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:     data-a
    ReadOnly:      false
  Node-Selectors:  disk=ssd
  Tolerations:     <none>
Events:            <none>
";
    let spec = |command: &str, text: &str| {
        let mut capture = Capture::default();
        capture.push(command, text);
        let picture = Picture::read(capture, None);
        picture.deployments.get("shop", "web").present().unwrap().object.spec.clone()
    };
    assert_eq!(
        spec("kubectl describe deployment web -n shop", text),
        spec("kubectl get deployment web -n shop -o yaml", yaml)
    );
}
