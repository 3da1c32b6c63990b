//! The server: what it holds, how it behaves, what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

use super::answer::answer;

/// Namespace, pod, container, and whether the instance before the last restart is meant.
pub type LogKey = (String, String, String, bool);

/// An answer to requests whose path holds a text, in place of what would be answered.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Part of the paths it is for; empty for all.
    pub path: String,
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
    /// How long it takes.
    pub after: Duration,
}

/// How it answers.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// Token that every request must carry; none is asked for without.
    pub token: Option<String>,
    /// Resources that may not be listed (`secrets`), logs as `pods/log`.
    pub denied: Vec<String>,
    /// Namespaces in which alone anything may be listed; empty for everywhere.
    pub only_in: Vec<String>,
    /// Most objects of a page, whatever `limit` asks for.
    pub page_max: Option<usize>,
    /// How many continue tokens have expired (410): each is counted down.
    pub expired: usize,
    /// Groups that are installed besides the built-in ones.
    pub installed: Vec<String>,
    /// Groups with their version that are not served (`autoscaling/v2`).
    pub not_served: Vec<String>,
    /// Logs.
    pub logs: BTreeMap<LogKey, String>,
    /// Answers in place of all others, the first that fits.
    pub failures: Vec<Failure>,
}

pub(super) struct State {
    pub(super) objects: Vec<Value>,
    pub(super) behaviour: Behaviour,
    asked: Vec<String>,
}

/// A running server; it stops when dropped.
pub struct KubernetesServer {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

/// An answer, before it is sent.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

struct Responder(Arc<Mutex<State>>);

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Respond for Responder {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let mut state = locked(&self.0);
        let query = request.url.query().map_or_else(String::new, |query| format!("?{query}"));
        state.asked.push(format!("{} {}{query}", request.method, request.url.path()));
        let failure =
            state.behaviour.failures.iter().find(|failure| request.url.path().contains(&failure.path));
        if let Some(failure) = failure {
            let mut template = ResponseTemplate::new(failure.status).set_delay(failure.after);
            for (name, value) in &failure.headers {
                template = template.insert_header(name.as_str(), value.as_str());
            }
            return template.set_body_raw(failure.body.clone(), "application/json");
        }
        let token = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("");
        let answer = answer(&mut state, request.method.as_str(), &request.url, token);
        ResponseTemplate::new(answer.status).set_body_raw(answer.body, answer.content_type)
    }
}

impl KubernetesServer {
    /// A server that holds these objects, each with its `apiVersion` and `kind`; lists of objects are taken apart.
    pub async fn start(objects: Vec<Value>, behaviour: Behaviour) -> KubernetesServer {
        let state = State { objects: apart(objects), behaviour, asked: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(Responder(Arc::clone(&state))).mount(&server).await;
        KubernetesServer { server, state }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// Changes how it answers from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut locked(&self.state).behaviour);
    }

    /// Holds these objects from now on.
    pub fn hold(&self, objects: Vec<Value>) {
        locked(&self.state).objects = apart(objects);
    }

    /// What it was asked so far: `GET /api/v1/pods?limit=500`.
    pub fn asked(&self) -> Vec<String> {
        locked(&self.state).asked.clone()
    }

    /// A kubeconfig for it, with a token when there is one.
    pub fn kubeconfig(&self, token: Option<&str>) -> String {
        let user = token.map_or_else(|| "{}".to_owned(), |token| format!("{{token: {token}}}"));
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\ncontexts:\n- name: test\n  context: {{cluster: test, user: \
             test}}\nclusters:\n- name: test\n  cluster: {{server: '{}'}}\nusers:\n- name: test\n  user: {user}\n",
            self.uri()
        )
    }
}

/// Objects of lists, one by one.
fn apart(objects: Vec<Value>) -> Vec<Value> {
    let mut single = Vec::new();
    for mut object in objects {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or("").to_owned();
        let version = object.get("apiVersion").cloned();
        match object.get_mut("items").and_then(Value::as_array_mut) {
            Some(items) => {
                for mut item in std::mem::take(items) {
                    let is_typed = kind != "List" && item.get("kind").is_none();
                    if let Some(fields) = item.as_object_mut().filter(|_| is_typed) {
                        fields.insert("kind".to_owned(), kind.trim_end_matches("List").into());
                        fields.extend(version.clone().map(|version| ("apiVersion".to_owned(), version)));
                    }
                    single.push(item);
                }
            }
            None => single.push(object),
        }
    }
    single
}
