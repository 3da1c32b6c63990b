//! Clusters that are known well or sick from their texts give the same findings live.

use midwatch_cluster::{FaultKind, Standing};

use super::*;

const LISTS: &str = include_str!("../../../../cluster/tests/healthy/api-lists.json");
const SYSTEM: &str = include_str!("../../../../cluster/tests/healthy/system.yaml");
const CRASHES: &str = include_str!("../../../../cluster/tests/sick/crashes.json");

/// Kind and object of every fault that does harm now, in the order of their ranking. Of those that lie in wait more are found live: a
/// list of the API tells what is not there.
fn found(diagnosis: &Diagnosis) -> Vec<(FaultKind, String)> {
    let active = diagnosis.faults.iter().filter(|fault| fault.standing == Standing::Active);
    active.map(|fault| (fault.kind, fault.object.to_string())).collect()
}

/// What the text gives, and what a server that holds its objects gives.
async fn both(name: &str, written: &str) -> (Diagnosis, Diagnosis) {
    let whole = [Printout { command: name.to_owned(), text: written.to_owned() }];
    let objects: Value = match name.ends_with(".json") {
        true => serde_json::from_str(written).unwrap(),
        false => serde_saphyr::from_str(written).unwrap(),
    };
    let server = serve(vec![objects]).await;
    server.behave(|behaviour| behaviour.page_max = Some(3));
    let (live, from_live) = diagnosis(&printouts(&*source(&server, &[])).await);
    let (text, from_text) = diagnosis(&whole);
    assert_eq!(live.unread, [], "{name}");
    assert!(!live.pods.is_empty() && live.pods.len() == text.pods.len(), "{name}");
    (from_text, from_live)
}

#[tokio::test]
async fn nothing_is_wrong_in_healthy_clusters() {
    for (name, written) in [("api-lists.json", LISTS), ("system.yaml", SYSTEM)] {
        let (_, live) = both(name, written).await;
        let active: Vec<String> = live
            .faults
            .iter()
            .filter(|fault| fault.standing == Standing::Active)
            .map(|fault| fault.summary.clone())
            .collect();
        assert_eq!(active, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn faults_of_sick_clusters_are_those_of_their_texts() {
    let (text, live) = both("crashes.json", CRASHES).await;
    assert_eq!(found(&live), found(&text));
    assert!(found(&live).len() >= 6, "{:?}", found(&live));
    let crash = live.faults.iter().find(|fault| fault.kind == FaultKind::CrashLoop).unwrap();
    let code = crash.facts.iter().find(|fact| fact.statement == "its last exit code was 1").unwrap();
    assert_eq!(code.quote, "\"exitCode\": 1,");
    assert_eq!(code.source, "GET /api/v1/pods?limit=500");
}

/// A healthy cluster with one fault edited in.
async fn twin(name: &str, written: &str, edits: &[(&str, &str)]) -> Diagnosis {
    let mut sick = written.to_owned();
    for (from, to) in edits {
        assert!(sick.contains(from), "nothing to replace: {from}");
        sick = sick.replacen(from, to, 1);
    }
    let (text, live) = both(name, &sick).await;
    assert_eq!(found(&live), found(&text), "{name}");
    assert!(!found(&live).is_empty(), "{name}");
    live
}

#[tokio::test]
async fn a_missing_secret_is_found_in_the_list_of_secrets() {
    let edits = [
        (
            "\"kind\": \"Secret\",\n   \"metadata\": {\n    \"name\": \"db-a\"",
            "\"kind\": \"Secret\",\n   \"metadata\": {\n    \"name\": \"db-b\"",
        ),
        (
            "\"readyReplicas\": 2,\n    \"availableReplicas\": 2,",
            "\"readyReplicas\": 1,\n    \"availableReplicas\": 1,",
        ),
        ("\"ready\": true,\n      \"started\": true,", "\"ready\": false,\n      \"started\": false,"),
        (
            "\"running\": {\n        \"startedAt\": \"2025-05-02T08:00:05Z\"\n       }",
            "\"waiting\": {\n        \"reason\": \"CreateContainerConfigError\",\n        \"message\": \"secret \\\"db-a\\\" \
             not found\"\n       }",
        ),
    ];
    let live = twin("api-lists.json", LISTS, &edits).await;
    let first = live.faults.first().unwrap();
    assert_eq!(
        (first.kind, first.object.to_string().as_str()),
        (FaultKind::SecretMissing, "Deployment shop/web")
    );
}

#[tokio::test]
async fn a_cluster_without_names_is_found() {
    let ready = "    readyReplicas: 2\n    availableReplicas: 2\n";
    let (up, down) = ("ready: true\n      started: true\n", "ready: false\n      started: false\n");
    let (is, is_not) = ("- type: Ready\n      status: \"True\"", "- type: Ready\n      status: \"False\"");
    let (serves, drains) =
        ("      ready: true\n      serving: true", "      ready: false\n      serving: false");
    let edits = [
        (ready, "    unavailableReplicas: 2\n"),
        (ready, ""),
        (up, down),
        (up, down),
        (is, is_not),
        (is, is_not),
        (serves, drains),
        (serves, drains),
    ];
    let live = twin("system.yaml", SYSTEM, &edits).await;
    assert_eq!(live.faults.first().map(|fault| fault.kind), Some(FaultKind::ClusterDnsDown));
}

/// How long a large cluster takes: `cargo test -p midwatch-connectors --lib a_large_cluster -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "measures"]
#[expect(clippy::print_stderr, reason = "what was measured")]
async fn a_large_cluster() {
    let whole: Value = serde_json::from_str(LISTS).unwrap();
    let items = whole["items"].as_array().unwrap();
    let mut objects = items.clone();
    let pods: Vec<&Value> = items.iter().filter(|object| object["kind"] == "Pod").collect();
    for (number, pod) in (0..5_000).zip(pods.iter().cycle()) {
        let mut pod = Value::clone(pod);
        pod["metadata"]["name"] = format!("made-{number}").into();
        pod["metadata"]["annotations"] = json!({ "note": "x".repeat(4_000) });
        objects.push(pod);
    }
    let server = serve(objects).await;
    let source = source(&server, &[]);
    let started = std::time::Instant::now();
    let printouts = printouts(&*source).await;
    let took = started.elapsed();
    let bytes: usize = printouts.iter().map(|printout| printout.text.len()).sum();
    let (picture, _) = diagnosis(&printouts);
    assert!(picture.pods.len() >= 5_000);
    eprintln!(
        "{} pods, {} calls, {} MiB of text: listed in {took:.1?}, with diagnosis {:.1?}",
        picture.pods.len(),
        server.asked().len(),
        bytes / (1024 * 1024),
        started.elapsed()
    );
}
