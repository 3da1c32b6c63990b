//! Small clusters, each with one thing wrong or with something that only looks wrong.

use super::*;
use crate::capture::Capture;
use crate::fault::{Fault, FaultKind, Standing};

const LISTS: &str = "kubectl get services -n shop -o yaml";

fn deployment(name: &str, label: &str, body: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop, uid: d-{name}}}\nspec:\n  \
         replicas: 1\n  selector: {{matchLabels: {{app: {label}}}}}\n  template:\n    metadata: {{labels: {{app: {label}, \
         team: red}}}}\n    spec:\n      containers:\n      - name: main\n{body}---\n\
         apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}-1-a\n  namespace: shop\n  uid: p-{name}\n  labels: {{app: \
         {label}, team: red}}\n  ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: {name}-1, uid: r, \
         controller: true}}]\nspec:\n  containers:\n  - name: main\n{}status:\n  phase: Running\n  containerStatuses: \
         [{{name: main, ready: true, restartCount: 0, image: i, imageID: i, state: {{running: {{}}}}}}]\n---\n",
        body.replace("        ", "    ")
    )
}

fn listening(name: &str, port: u16) -> String {
    deployment(name, name, &format!("        ports: [{{name: web, containerPort: {port}}}]\n"))
}

fn client(name: &str, variables: &[(&str, &str)]) -> String {
    let env: String = variables
        .iter()
        .map(|(name, value)| format!("        - {{name: {name}, value: \"{value}\"}}\n"))
        .collect();
    deployment(name, name, &format!("        env:\n{env}"))
}

fn service(name: &str, app: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop, uid: s-{name}}}\nspec:\n  clusterIP: \
         10.0.0.9\n  selector: {{app: {app}}}\n  ports: [{{{port}}}]\n---\n"
    )
}

struct Case<'a> {
    objects: String,
    documents: Vec<(&'a str, String)>,
    context: Context,
}

fn case(objects: &[String]) -> Case<'static> {
    Case { objects: objects.concat(), documents: Vec::new(), context: Context::default() }
}

impl<'a> Case<'a> {
    fn log(mut self, of: &'a str, text: &str) -> Self {
        self.documents.push((of, text.to_owned()));
        self
    }

    fn calls(mut self, caller: &str, callee: &str) -> Self {
        self.context.calls.push((caller.to_owned(), callee.to_owned()));
        self
    }

    fn faults(&self) -> Vec<Fault> {
        let mut capture = Capture::default();
        capture.push("cluster.yaml", self.objects.as_str());
        // An empty listing next to objects read from a file: everything of the kind is known.
        capture.push(LISTS, "");
        for (command, text) in &self.documents {
            capture.push(*command, text.as_str());
        }
        let taken: jiff::Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
        faults(&Picture::read(capture, Some(taken)), &self.context)
    }

    fn check(self, expected: &[(FaultKind, &str, Standing)]) {
        let found = self.faults();
        let shown: Vec<(FaultKind, &str, Standing)> =
            found.iter().map(|fault| (fault.kind, fault.object.name.as_str(), fault.standing)).collect();
        assert_eq!(shown, expected, "{found:#?}");
        for fault in &found {
            assert!(!fault.facts.is_empty() && !fault.summary.is_empty() && !fault.remedy.is_empty());
            assert!(fault.facts.iter().any(|fact| !fact.quote.is_empty()), "{fault:#?}");
        }
    }
}

use FaultKind as F;
use Standing::{Active, Latent};

#[test]
fn a_service_without_pods_whose_deployment_was_not_captured() {
    let table = |endpoints: &str| {
        let mut capture = Capture::default();
        capture.push(
            "kubectl get svc -n shop -o wide",
            "NAME   TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE   SELECTOR\n\
             web    ClusterIP   10.0.0.9     <none>        80/TCP    9d    app=web\n",
        );
        capture.push(
            "kubectl get endpoints -n shop",
            format!("NAME   ENDPOINTS   AGE\nweb    {endpoints}   9d\n"),
        );
        faults(&Picture::read(capture, None), &Context::default())
    };
    let found = table("<none>");
    let [only] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(
        (only.kind, only.certainty, only.standing),
        (F::ServiceSelectorMismatch, crate::fault::Certainty::Suspected, Active)
    );
    assert!(only.summary.ends_with("the deployments that should make such pods were not captured"));
    assert!(table("10.1.0.4:80").is_empty());
    // Pods with their labels say the same; without labels they say nothing.
    let pods = |labels: &str| {
        let mut capture = Capture::default();
        capture.push("kubectl get services -n shop -o yaml", service("web", "web", "port: 80"));
        let pod = format!(
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {{name: job-1, namespace: shop, \
             uid: p{labels}}}\n  status: {{phase: Running}}\n"
        );
        capture.push("kubectl get pods -n shop -o yaml", pod);
        faults(&Picture::read(capture, None), &Context::default())
    };
    assert_eq!(pods(", labels: {app: other}").len(), 1);
    assert!(pods("").is_empty());
}

#[test]
fn a_called_service_without_pods_beside_known_deployments() {
    let flags = || service("flags", "flags", "port: 80");
    let none = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: flags, namespace: shop, uid: e}\n---\n";
    let front = || client("front", &[("FLAGS", "http://flags:80")]);
    case(&[front(), flags(), none.to_owned()]).check(&[(F::ServiceSelectorMismatch, "flags", Active)]);
    case(&[client("front", &[]), flags(), none.to_owned()]).check(&[]);
}

#[test]
fn a_service_that_selects_no_pod() {
    let web = || listening("web", 8080);
    let front = || client("front", &[("WEB_ADDR", "web:80")]);
    case(&[web(), front(), service("web", "webb", "port: 80, targetPort: 8080")]).check(&[(
        F::ServiceSelectorMismatch,
        "web",
        Active,
    )]);
    case(&[web(), front(), service("web", "web", "port: 80, targetPort: 8080")]).check(&[]);
    // A leftover beside a service that works, called by nobody.
    case(&[
        web(),
        front(),
        service("web", "web", "port: 80, targetPort: 8080"),
        service("web-blue", "blue", "port: 80, targetPort: 8080"),
    ])
    .check(&[]);
    // Nothing that it could be meant for.
    case(&[client("front", &[]), service("flags", "flags", "port: 80")]).check(&[]);
}

#[test]
fn a_service_that_sends_to_another_port() {
    let front = || client("front", &[("WEB_URL", "http://web.shop.svc.cluster.local/x")]);
    let of = |ports: &str| case(&[listening("web", 8080), front(), service("web", "web", ports)]);
    of("port: 80, targetPort: 9999").check(&[(F::ServicePortMismatch, "web", Active)]);
    of("port: 80, targetPort: http").check(&[(F::ServicePortMismatch, "web", Active)]);
    of("port: 80, targetPort: web").check(&[]);
    of("port: 80, targetPort: 8080").check(&[]);
    of("port: 80, targetPort: 8080}, {name: metrics, port: 9100, targetPort: 9100").check(&[(
        F::ServicePortMismatch,
        "web",
        Latent,
    )]);
    // Ports need not be declared.
    case(&[
        deployment("web", "web", "        image: i\n"),
        front(),
        service("web", "web", "port: 80, targetPort: 9999"),
    ])
    .check(&[]);
    // The program's own settings name the port.
    let body = "        args: [\"--listen=:9999\"]\n        ports: [{containerPort: 8080}]\n";
    case(&[deployment("web", "web", body), front(), service("web", "web", "port: 80, targetPort: 9999")])
        .check(&[]);
}

#[test]
fn a_service_that_forwards_another_protocol() {
    let of =
        |ports: &str| case(&[listening("web", 8080), service("web", "web", ports)]).calls("front", "web");
    of("port: 8080, protocol: UDP").check(&[(F::ServiceProtocolMismatch, "web", Active)]);
    of("port: 8080, protocol: TCP").check(&[]);
    of("name: a, port: 8080, protocol: UDP}, {name: b, port: 8080, protocol: TCP").check(&[]);
    let body = "        ports: [{containerPort: 53, protocol: UDP}]\n";
    case(&[deployment("dns", "dns", body), service("dns", "dns", "port: 53, protocol: UDP")])
        .calls("front", "dns")
        .check(&[]);
}

#[test]
fn a_client_with_a_wrong_address() {
    let of = |address: &str| {
        case(&[
            listening("web", 8080),
            service("web", "web", "port: 80, targetPort: 8080"),
            client("front", &[("WEB_ADDR", address)]),
        ])
    };
    let log = "kubectl logs deployment/front -n shop";
    of("webb:80").check(&[(F::ClientAddressWrong, "front", Latent)]);
    of("webb:80").log(log, "dial tcp: lookup webb on 10.0.0.2:53: no such host\n").check(&[(
        F::ClientAddressWrong,
        "front",
        Active,
    )]);
    // The one service that it is known to call, and that offers this port.
    of("webb:80").calls("front", "web").check(&[(F::ClientAddressWrong, "front", Active)]);
    // Start-up: the name exists by now.
    of("web:80").log(log, "dial tcp: lookup web on 10.0.0.2:53: no such host\n").check(&[]);
    of("api.example.com:443").check(&[]);
    of("10.1.2.3:80").check(&[]);
    of("localhost:80").check(&[]);
    of("web:81").check(&[(F::ClientPortWrong, "front", Active)]);
}

#[test]
fn hosts_and_ports_in_two_variables() {
    let of = |port: &str| {
        case(&[
            listening("web", 8080),
            service("web", "web", "port: 80, targetPort: 8080"),
            client("front", &[("WEB_HOST", "web"), ("WEB_PORT", port)]),
        ])
    };
    of("80").check(&[]);
    of("8080").check(&[(F::ClientPortWrong, "front", Active)]);
}

#[test]
fn a_service_that_several_clients_miss() {
    let log = "kubectl logs deployment/a -n shop";
    let of = || {
        let one = |name| client(name, &[("MAIL_ADDR", "mail:25")]);
        case(&[one("a"), one("b"), one("c"), service("web", "a", "port: 80")])
    };
    of().check(&[(F::ServiceMissing, "mail", Latent)]);
    of().log(log, "getaddrinfo ENOTFOUND mail\n").check(&[(F::ServiceMissing, "mail", Active)]);
    // The program is there, its service is not.
    case(&[listening("mail", 25), client("a", &[("MAIL_ADDR", "mail:25")]), service("web", "a", "port: 80")])
        .check(&[(F::ServiceMissing, "mail", Active)]);
}

#[test]
fn a_pod_that_asks_another_dns() {
    let of = |policy: &str| {
        let body = "        env:\n        - {name: WEB_ADDR, value: \"web:80\"}\n";
        let pods = deployment("front", "front", body)
            .replace("    spec:\n      containers", &format!("    spec:\n{policy}      containers"));
        let web = service("web", "web", "port: 80, targetPort: 8080");
        case(&[listening("web", 8080), web, pods]).log(
            "kubectl logs deployment/front -n shop",
            "java.net.UnknownHostException: web: Temporary failure in name resolution\n",
        )
    };
    of("      dnsPolicy: None\n      dnsConfig: {nameservers: [10.9.9.9]}\n").check(&[(
        F::PodDnsBroken,
        "front",
        Active,
    )]);
    of("      dnsPolicy: ClusterFirst\n").check(&[]);
}

#[test]
fn a_dns_server_that_does_not_answer() {
    let of = |log: &str| {
        let pods = deployment("front", "front", "        image: i\n").replace(
            "    spec:\n      containers",
            "    spec:\n      dnsPolicy: None\n      dnsConfig: {nameservers: [10.9.9.9]}\n      containers",
        );
        case(&[pods]).log("kubectl logs deployment/front -n shop -c sidecar", log)
    };
    of("dial tcp: lookup x.mesh.svc on 10.9.9.9:53: read udp 10.1.1.1:5->10.9.9.9:53: i/o timeout\n")
        .check(&[(F::PodDnsBroken, "front", Active)]);
    of("dial tcp: lookup x.mesh.svc on 10.9.9.8:53: read udp 10.1.1.1:5->10.9.9.8:53: i/o timeout\n")
        .check(&[]);
    of("lookup x.mesh.svc on 10.9.9.9:53: found\n").check(&[]);
}

const ROUTES: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: routes, namespace: shop, uid: r-1}\ndata:\n  \
                      application.yml: |\n    routes:\n";

fn route(id: &str, host: &str) -> String {
    format!(
        "      - id: {id}\n        uri: lb://${{{}_HOST:{host}}}\n        predicates:\n        - Path=/api/{id}svc/**\n",
        id.to_ascii_uppercase()
    )
}

#[test]
fn a_route_that_leads_elsewhere() {
    let of = |routes: &[(&str, &str)]| {
        let text: String = routes.iter().map(|(id, host)| route(id, host)).collect();
        let names = ["a-cart", "a-user", "a-order", "a-mail"];
        let services: String = names.iter().map(|name| service(name, name, "port: 80")).collect();
        case(&[services, ROUTES.to_owned() + &text])
    };
    let right = [("cart", "a-cart"), ("user", "a-user"), ("order", "a-order")];
    of(&[&right[..], &[("mail", "a-mail")]].concat()).check(&[]);
    of(&[&right[..], &[("mail", "a-cart")]].concat()).check(&[(F::RouteWrong, "a-mail", Active)]);
    // An alias that names nothing.
    of(&[&right[..], &[("people", "a-user")]].concat()).check(&[]);
}

#[test]
fn nginx_locations_are_routes() {
    let text = "upstream u { server a-user:80; }\nlocation /cart { proxy_pass http://a-cart:80; }\n\
                location /user {\n  proxy_pass http://u;\n}\n";
    let found = route_files::routes(text);
    let shown: Vec<(&str, &str, Option<u16>)> =
        found.iter().map(|one| (one.path.as_str(), one.host.as_str(), one.port)).collect();
    assert_eq!(shown, [("/cart", "a-cart", Some(80)), ("/user", "a-user", Some(80))]);
}

#[test]
fn an_ingress_without_its_service() {
    let of = |name: &str, port: u16| {
        let ingress = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: edge, namespace: shop, uid: i}}\nspec:\n  \
             rules: [{{http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {name}, port: {{number: \
             {port}}}}}}}}}]}}}}]\n---\n"
        );
        case(&[listening("web", 8080), service("web", "web", "port: 80, targetPort: 8080"), ingress])
    };
    of("web", 80).check(&[]);
    of("wob", 80).check(&[(F::IngressBackendMissing, "edge", Active)]);
    of("web", 81).check(&[(F::IngressBackendMissing, "edge", Active)]);
}

#[test]
fn a_policy_that_forbids_a_needed_call() {
    let of = |rules: &str| {
        let policy = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: wall, namespace: shop, uid: n-1}}\n\
             spec:\n  podSelector: {{matchLabels: {{app: web}}}}\n  policyTypes: [Ingress]\n  ingress: [{rules}]\n---\n"
        );
        case(&[
            listening("web", 8080),
            service("web", "web", "port: 80, targetPort: 8080"),
            client("front", &[("WEB_ADDR", "web:80")]),
            policy,
        ])
    };
    let log = "kubectl logs deployment/front -n shop";
    let failing = "dial tcp web:80: i/o timeout\n";
    of("").check(&[(F::NetworkPolicyDenies, "wall", Latent)]);
    of("").log(log, failing).check(&[(F::NetworkPolicyDenies, "wall", Active)]);
    of("{from: [{podSelector: {matchLabels: {app: front}}}]}").log(log, failing).check(&[]);
    of("{from: [{podSelector: {matchLabels: {app: other}}}]}").log(log, failing).check(&[(
        F::NetworkPolicyDenies,
        "wall",
        Active,
    )]);
    of("{ports: [{port: 9090}]}").log(log, failing).check(&[(F::NetworkPolicyDenies, "wall", Active)]);
    of("{ports: [{port: 8080}]}").log(log, failing).check(&[]);
}

#[test]
fn certificates_that_ended_or_were_not_issued() {
    let of = |status: &str| {
        case(&[format!(
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: edge, namespace: shop}}\nstatus: {{{status}}}\n"
        )])
    };
    of("notAfter: \"2026-04-01T00:00:00Z\"").check(&[(F::CertificateExpired, "edge", Active)]);
    of("notAfter: \"2027-04-01T00:00:00Z\"").check(&[]);
    of("conditions: [{type: Ready, status: \"False\", reason: DoesNotExist, message: no issuer}]")
        .check(&[(F::CertificateExpired, "edge", Active)]);
    of("conditions: [{type: Ready, status: \"True\"}]").check(&[]);
}

#[test]
fn addresses_in_texts() {
    let check = |name: &str, value: &str, expected: &[(&str, Option<u16>)]| {
        let found = address::addresses(name, value);
        let shown: Vec<(&str, Option<u16>)> = found.iter().map(|one| (one.host.as_str(), one.port)).collect();
        assert_eq!(shown, expected, "{name}={value}");
    };
    check("A_ADDR", "svc-a:80", &[("svc-a", Some(80))]);
    check("A_URL", "http://svc-a.shop/x?y=http://z", &[("svc-a.shop", Some(80))]);
    check("DSN", "jdbc:postgresql://user:word@db-a:5432/x", &[("db-a", Some(5432))]);
    check("BROKERS", "k-0.k:9092,k-1.k:9092", &[("k-0.k", Some(9092)), ("k-1.k", Some(9092))]);
    check("A_HOST", "svc-a", &[("svc-a", None)]);
    check("LEVEL", "info", &[]);
    check("IMAGE", "svc-a:80", &[]);
    check("A_ADDR", "$(OTHER):80", &[]);
    check("A_ADDR", "12:34", &[]);
}
