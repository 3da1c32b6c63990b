//! Who is to blame when a database refuses.

use crate::capture::Capture;
use crate::context::Context;
use crate::fault::FaultKind;
use crate::kind::Kind;
use crate::picture::Picture;

const DATABASE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: store, namespace: shop, uid: s}\n\
    spec: {selector: {app: engine}, ports: [{port: 3306}]}\n---\napiVersion: apps/v1\nkind: StatefulSet\n\
    metadata: {name: engine, namespace: shop, uid: t}\nspec: {replicas: 1, serviceName: store, selector: {matchLabels: \
    {app: engine}}, template: {metadata: {labels: {app: engine}}, spec: {containers: [{name: main}]}}}\n";

fn client(name: &str, port: u16, password: &str, ready: bool) -> String {
    format!(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: {name}-db, namespace: shop, uid: s}}\nstringData: {{X_DB_HOST: \
         store, X_DB_PORT: '{port}', X_DB_USER: u, X_DB_PASSWORD: {password}}}\n---\napiVersion: apps/v1\nkind: Deployment\n\
         metadata: {{name: {name}, namespace: shop, uid: d}}\nspec: {{replicas: 1, selector: {{matchLabels: {{app: {name}}}}}, \
         template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: main, envFrom: [{{secretRef: {{name: \
         {name}-db}}}}]}}]}}}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}-1-a, namespace: shop, uid: p, labels: \
         {{app: {name}}}}}\nstatus: {{phase: Running, containerStatuses: [{{name: main, ready: {ready}, restartCount: 0, state: \
         {{running: {{}}}}}}]}}\n"
    )
}

#[track_caller]
fn check(clients: &[String], logs: &[(&str, &str)], wanted: &[(FaultKind, Kind, &str)]) {
    let mut capture = Capture::default();
    capture.push("kubectl get all -n shop -o yaml", format!("{DATABASE}{}", clients.concat()));
    for (name, text) in logs {
        capture.push(format!("kubectl logs deployment/{name} -n shop"), *text);
    }
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, []);
    let faults = super::faults(&picture, &Context::default());
    let found: Vec<_> =
        faults.iter().map(|fault| (fault.kind, fault.object.kind, fault.object.name.as_str())).collect();
    assert_eq!(found, wanted, "{faults:#?}");
    let printed = format!("{faults:?}");
    assert!(!printed.contains("hidden-"), "a password is told: {printed}");
}

fn three(ready: bool) -> [String; 3] {
    ["a", "b", "c"].map(|name| client(name, 3306, "hidden-1", ready))
}

#[test]
fn a_database_that_takes_no_writes_or_no_more_clients() {
    let written =
        "The MySQL server is running with the --read-only option so it cannot execute this statement\n";
    check(
        &three(true),
        &[("a", written), ("b", written)],
        &[(FaultKind::DatabaseReadOnly, Kind::StatefulSet, "engine")],
    );
    let full = "java.sql.SQLNonTransientConnectionException: Too many connections\n";
    check(
        &three(false),
        &[("a", full), ("b", full)],
        &[(FaultKind::ConnectionsExhausted, Kind::StatefulSet, "engine")],
    );
    // Clients that are up and said it once have got over it.
    check(&three(true), &[("a", full)], &[]);
    let past = "2026-01-01T00:00:00Z in a read-only transaction\n2026-01-01T05:00:00Z order placed\n";
    check(&three(true), &[("a", past)], &[]);
}

#[test]
fn credentials_of_one_client_and_of_all() {
    let denied = "Access denied for user 'u'@'10.0.0.1' (using password: YES)\n";
    let mut clients = three(true);
    clients[1] = client("b", 3306, "hidden-2", false);
    check(&clients, &[("b", denied)], &[(FaultKind::CredentialsRefused, Kind::Deployment, "b")]);
    check(
        &three(false),
        &[("a", denied), ("b", denied), ("c", denied)],
        &[(FaultKind::CredentialsRefused, Kind::StatefulSet, "engine")],
    );
    check(&three(true), &[("b", denied)], &[]);
}

#[test]
fn a_port_that_the_database_does_not_offer() {
    let mut clients = three(true);
    clients[2] = client("c", 34000, "hidden-1", false);
    let wanted = [(FaultKind::ClientPortWrong, Kind::Deployment, "c")];
    check(&clients, &[("c", "Communications link failure\n")], &wanted);
    check(&clients, &[], &wanted);
    check(&three(false), &[("c", "Communications link failure\n")], &[]);
}
