//! The connector against a small Kubernetes API over HTTP, through a kubeconfig as in earnest.

mod answers;
mod pictures;
mod roles;
mod shell;

use std::collections::BTreeMap;
use std::sync::Arc;

use midwatch_cluster::{Capture, Context, Diagnosis, Picture, diagnose};
use midwatch_model::{Timestamp, Window};
use midwatch_servers::kubernetes::{Behaviour, KubernetesServer};
use midwatch_sources::{Ask, Configured, Fetched, Printout, PrintoutQuery, Setting, Source, SourceError};
use serde_json::{Value, json};

use super::SPEC;

const TOKEN: &str = "token-hunter-22";

fn text(text: &str) -> Setting {
    Setting::Text(text.to_owned())
}

/// A source for the server as somebody configures one.
fn source(server: &KubernetesServer, settings: &[(&str, Setting)]) -> Arc<dyn Source> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, server.kubeconfig(Some(TOKEN))).unwrap();
    let mut all: BTreeMap<String, Setting> =
        settings.iter().map(|(key, setting)| ((*key).to_owned(), setting.clone())).collect();
    all.insert("kubeconfig".to_owned(), text(path.to_str().unwrap()));
    let configured = Configured::new(&SPEC, "cluster-a", all).unwrap();
    (SPEC.connect.unwrap())(&configured).unwrap()
}

fn window() -> Window {
    let at = |time: &str| time.parse::<Timestamp>().unwrap();
    Window::new(at("2026-01-01T00:00:00Z"), at("2026-01-01T01:00:00Z")).unwrap()
}

async fn fetched(source: &dyn Source) -> Result<Fetched<Vec<Printout>>, SourceError> {
    let ask = Ask::new(PrintoutQuery::default(), window());
    source.infrastructure().unwrap().printouts(&ask).await
}

async fn printouts(source: &dyn Source) -> Vec<Printout> {
    fetched(source).await.unwrap().data().unwrap().clone()
}

fn picture(printouts: &[Printout]) -> Picture {
    let mut capture = Capture::default();
    for printout in printouts {
        capture.push(printout.command.clone(), printout.text.clone());
    }
    Picture::read(capture, None)
}

fn diagnosis(printouts: &[Printout]) -> (Picture, Diagnosis) {
    let picture = picture(printouts);
    let diagnosis = diagnose(&picture, &Context::default());
    (picture, diagnosis)
}

async fn serve(objects: Vec<Value>) -> KubernetesServer {
    KubernetesServer::start(objects, Behaviour { token: Some(TOKEN.to_owned()), ..Behaviour::default() })
        .await
}

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "shop", "uid": name, "managedFields": [
            { "manager": "helm", "operation": "Update", "time": "2026-01-01T00:00:00Z", "fieldsV1": { "f:spec": {} } }
        ] },
        "spec": { "containers": [{ "name": "main", "image": "web:1" }] },
        "status": { "phase": "Running", "containerStatuses": [
            { "name": "main", "ready": true, "restartCount": 0, "state": { "running": {} } }
        ] }
    })
}

fn pods(count: usize) -> Vec<Value> {
    (0..count).map(|number| pod(&format!("web-{number:04}"))).collect()
}
