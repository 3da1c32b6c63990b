//! The stand-in is checked against the real `kubectl`, where it is installed.

use std::process::Command;

use super::*;

/// What `kubectl` prints; `None` where it is not installed.
async fn kubectl(server: &KubernetesServer, words: &[&str]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, server.kubeconfig(None)).unwrap();
    let mut command = Command::new("kubectl");
    command.args(words).arg("--kubeconfig").arg(&config).arg("--cache-dir").arg(folder.path().join("cache"));
    let run = tokio::task::spawn_blocking(move || {
        let output = command.output();
        drop(folder);
        output
    });
    match run.await.unwrap() {
        Ok(output) => {
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
async fn kubectl_lists_the_same() {
    let objects: Value =
        serde_json::from_str(include_str!("../../../../cluster/tests/healthy/api-lists.json")).unwrap();
    let server = serve(vec![objects]).await;
    // `kubectl` sends no token over plain HTTP.
    server.behave(|behaviour| (behaviour.page_max, behaviour.token) = (Some(3), None));
    let live = picture(&printouts(&*source(&server, &[])).await);
    for (words, ours) in [
        (["get", "pods", "-A", "-o", "json"], names(&live.pods)),
        (["get", "deployments", "-A", "-o", "json"], names(&live.deployments)),
        (["get", "secrets", "-A", "-o", "json"], names(&live.secrets)),
        (["get", "endpointslices", "-A", "-o", "json"], names(&live.endpoint_slices)),
        (["get", "nodes", "-A", "-o", "json"], names(&live.nodes)),
    ] {
        let Some(text) = kubectl(&server, &words).await else {
            eprintln!("SKIPPED: kubectl is not installed, so the stand-in was not checked against it");
            return;
        };
        let theirs = picture(&[Printout { command: format!("kubectl {}", words.join(" ")), text }]);
        let theirs = match words[1] {
            "pods" => names(&theirs.pods),
            "deployments" => names(&theirs.deployments),
            "secrets" => names(&theirs.secrets),
            "endpointslices" => names(&theirs.endpoint_slices),
            _ => names(&theirs.nodes),
        };
        assert!(!ours.is_empty(), "{words:?}");
        assert_eq!(ours, theirs, "{words:?}");
    }
    // One object, and a name, as discovery finds its resource by a short word.
    let pod = names(&live.pods).remove(0);
    let (namespace, name) = pod.split_once('/').unwrap();
    let told = kubectl(&server, &["get", "pod", name, "-n", namespace, "-o", "name"]).await.unwrap();
    assert_eq!(told.trim(), format!("pod/{name}"));
}

fn names<T>(objects: &midwatch_cluster::Objects<T>) -> Vec<String> {
    objects.iter().map(|record| format!("{}/{}", record.key.namespace, record.key.name)).collect()
}
