//! The layers together, against a server on a random port and against a scripted transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::{ErrorKind, Mask, Secret, SourceError, Spec};

static SPEC: Spec = Spec {
    id: "sys-a",
    permissions: &["things:read"],
    reads: &["GET /things", "POST /things", "GET /things/{name}"],
    ..Spec::EMPTY
};

fn settings(url: &str) -> HttpSettings {
    let auth = Auth::Bearer(Secret::new("hunter-22"));
    HttpSettings::new("src-a", WireSettings { url: url.to_owned(), auth, ..WireSettings::default() })
}

async fn serving(mock: Mock) -> (MockServer, HttpClient) {
    let server = MockServer::start().await;
    mock.mount(&server).await;
    let client = HttpClient::connect(&SPEC, settings(&server.uri())).unwrap();
    (server, client)
}

fn things() -> Request {
    Request::get("list the things", "/things")
}

/// A transport that answers by a function of how often it was asked.
struct Scripted<F>(AtomicU32, F);

impl<F: Fn(u32) -> Result<Reply, Failure> + Send + Sync> Transport for Scripted<F> {
    fn send<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        std::future::ready((self.1)(number)).boxed()
    }
}

fn scripted(
    pacing: Pacing,
    script: impl Fn(u32) -> Result<Reply, Failure> + Send + Sync + 'static,
) -> HttpClient {
    let settings = HttpSettings { pacing, ..settings("http://host") };
    HttpClient::over(&SPEC, settings, Scripted(AtomicU32::new(0), script))
}

fn reply(status: u16) -> Result<Reply, Failure> {
    Ok(Reply { status, headers: Default::default(), body: b"{}".to_vec() })
}

/// A request that no earlier one equals.
fn numbered(number: u32) -> Request {
    things().with("number", number.to_string())
}

#[tokio::test]
async fn a_request_reaches_the_wire_as_it_was_made() {
    let mock = Mock::given(method("POST"))
        .and(path("/things"))
        .and(query_param("a", "1 & 2"))
        .and(header("authorization", "Bearer hunter-22"))
        .and(header("x-org", "o"))
        .and(body_string("q=x%3Dy+z"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"ok": true})));
    let (_server, client) = serving(mock).await;
    let form = Body::Form(vec![("q".to_owned(), "x=y z".to_owned())]);
    let request = Request::post("ask", "/things", form).with("a", "1 & 2").header("x-org", "o");
    assert_eq!(client.json::<Value>(&request).await.unwrap(), json!({"ok": true}));
}

#[tokio::test]
async fn what_is_no_read_is_not_sent() {
    let (server, client) =
        serving(Mock::given(method("POST")).respond_with(ResponseTemplate::new(200))).await;
    let error = client.send(&Request::post("delete it", "/things/x", Body::None)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotARead);
    assert!(error.to_string().contains("POST /things/x is not among the reads"), "{error}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn equal_questions_are_asked_once() {
    let (server, client) =
        serving(Mock::given(path("/things")).respond_with(ResponseTemplate::new(200))).await;
    for _ in 0..3 {
        client.send(&things()).await.unwrap();
    }
    client.send(&things().with("a", "b")).await.unwrap();
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
    assert_eq!((client.usage().calls, client.usage().cached), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_may_succeed_later_is_tried_again_and_what_may_not_is_not() {
    let table = [(503, 3), (429, 3), (504, 3), (400, 1), (401, 1), (403, 1), (404, 1), (422, 1)];
    for (status, tries) in table {
        let client = scripted(Pacing::USUAL, move |_| reply(status));
        client.send(&things()).await.unwrap_err();
        assert_eq!(client.usage().calls, tries, "{status}");
    }
    let client = scripted(Pacing::USUAL, |number| reply(if number == 0 { 503 } else { 200 }));
    assert!(client.send(&things()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_system_that_says_when_is_taken_at_its_word() {
    let asking = |rest: &'static str| {
        scripted(Pacing::USUAL, move |number| {
            let headers = [("retry-after".to_owned(), rest.to_owned())].into();
            Ok(Reply { status: if number == 0 { 429 } else { 200 }, headers, body: Vec::new() })
        })
    };
    let started = tokio::time::Instant::now();
    asking("3").send(&things()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(3));
    let started = tokio::time::Instant::now();
    let error = asking("120").send(&things()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_failing_system_is_left_alone_and_loses_half_its_budget() {
    // The rate is kept by the real clock, which does not stand still here.
    let pacing = Pacing { calls_max: 100, calls_per_second: 10_000, ..Pacing::USUAL };
    let client = scripted(pacing, |number| reply(if number < 6 { 500 } else { 200 }));
    let mut kinds = Vec::new();
    for number in 0..3 {
        kinds.push(client.send(&numbered(number)).await.unwrap_err().kind);
    }
    // Three tries, then two, and the breaker opens: the third question is not sent.
    assert_eq!((client.usage().calls, client.usage().breaks), (5, 1));
    assert_eq!(kinds, [ErrorKind::Unavailable; 3]);
    let error = client.send(&numbered(9)).await.unwrap_err();
    assert!(error.context.contains("left alone"), "{error}");
    tokio::time::advance(Duration::from_secs(11)).await;
    // One call is tried; it fails, so the rest of the tries are not made.
    client.send(&numbered(10)).await.unwrap_err();
    assert_eq!((client.usage().calls, client.usage().breaks), (6, 2));
    tokio::time::advance(Duration::from_secs(11)).await;
    let mut sent = 0;
    while client.send(&numbered(100 + sent)).await.is_ok() {
        sent += 1;
    }
    // 100 less five is 95, half of it 47; less one is 46, half of it 23.
    assert_eq!(sent, 23);
    let error = client.send(&numbered(1_000)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert!(error.context.contains("budget of 100 calls is spent"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn calls_at_a_time_are_bounded_and_a_cancelled_call_makes_room() {
    struct Counting {
        now: AtomicU32,
        most: Arc<AtomicU32>,
    }
    impl Transport for Counting {
        fn send<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
            async move {
                let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
                self.now.fetch_sub(1, Ordering::SeqCst);
                reply(200)
            }
            .boxed()
        }
    }
    let most = Arc::new(AtomicU32::new(0));
    let pacing = Pacing { concurrency_max: 3, calls_per_second: 1_000, ..Pacing::USUAL };
    let transport = Counting { now: AtomicU32::new(0), most: Arc::clone(&most) };
    let client = HttpClient::over(&SPEC, HttpSettings { pacing, ..settings("http://host") }, transport);
    let requests: Vec<Request> = (0..20).map(numbered).collect();
    let sent = futures_util::future::join_all(requests.iter().map(|request| client.send(request))).await;
    assert!(sent.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 3);
    for number in 100..110 {
        let request = numbered(number);
        let cancelled = tokio::time::timeout(Duration::from_millis(10), client.send(&request)).await;
        assert!(cancelled.is_err());
    }
    assert!(client.send(&numbered(200)).await.is_ok());
}

#[tokio::test]
async fn the_deadline_covers_all_tries() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    let (_server, client) = serving(Mock::given(path("/things")).respond_with(slow)).await;
    let error = client.send(&things().within(Some(Duration::from_millis(50)))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(error.context.contains("no answer in 0.05 s"), "{error}");
}

#[tokio::test]
async fn errors_say_what_where_and_what_next_and_never_the_secret() {
    let denied = ResponseTemplate::new(403).set_body_string("token hunter-22 lacks a role");
    let (server, client) = serving(Mock::given(path("/things")).respond_with(denied)).await;
    let error = client.send(&things()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "src-a: could not list the things: {}: it answered 403: token *** lacks a role; it needs: things:read",
            server.uri()
        )
    );
    let nowhere = HttpClient::connect(&SPEC, settings("http://127.0.0.1:1")).unwrap();
    let error = nowhere.send(&things()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.context.starts_with("http://127.0.0.1:1: no connection: "), "{error}");
    assert!(error.context.ends_with("check that it runs and can be reached from here"), "{error}");
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "https://login.example/");
    let (_server, client) = serving(Mock::given(path("/things")).respond_with(elsewhere)).await;
    let error: SourceError = client.send(&things()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.context.contains("leads to https://login.example/"), "{error}");
}

#[tokio::test]
async fn an_answer_without_end_is_an_error() {
    let large = ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 3 * 1024 * 1024]);
    let server = MockServer::start().await;
    Mock::given(path("/things")).respond_with(large).mount(&server).await;
    let mut settings = settings(&server.uri());
    settings.wire.bytes_max = Some(1024 * 1024);
    let client = HttpClient::connect(&SPEC, settings).unwrap();
    let error = client.send(&things()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert!(error.context.contains("longer than 1 MiB"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_read_is_malformed_and_says_where() {
    let half = ResponseTemplate::new(200).set_body_string("{\"a\": [1, 2");
    let (_server, client) = serving(Mock::given(path("/things")).respond_with(half)).await;
    let error = client.json::<Value>(&things()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(
        error.context.contains("the answer cannot be read: EOF while parsing a list at line 1"),
        "{error}"
    );
}

#[tokio::test]
async fn recorded_exchanges_play_back_without_secrets() {
    let echo = ResponseTemplate::new(200).set_body_string("you are hunter-22");
    let server = MockServer::start().await;
    Mock::given(path("/things")).respond_with(echo).mount(&server).await;
    let wire = wire::Wire::new(settings(&server.uri()).wire).unwrap();
    let recording = Arc::new(Recording::new(wire, Mask::new([Secret::new("hunter-22")])));
    struct Shared(Arc<Recording<wire::Wire>>);
    impl Transport for Shared {
        fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, Failure>> {
            self.0.send(request)
        }
    }
    let client = HttpClient::over(&SPEC, settings(&server.uri()), Shared(Arc::clone(&recording)));
    client.send(&things()).await.unwrap();
    let lines: Vec<String> =
        recording.exchanges().iter().map(|exchange| serde_json::to_string(exchange).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("you are ***") && !lines[0].contains("hunter"), "{}", lines[0]);

    let played = HttpClient::over(&SPEC, settings("http://host"), Exchanges::read(&lines[0]).unwrap());
    assert_eq!(played.send(&things()).await.unwrap().body, b"you are ***");
    let other = played.send(&things().with("a", "b")).await.unwrap_err();
    assert_eq!(other.kind, ErrorKind::NotRecorded);
    assert!(Exchanges::read("{\n").is_err_and(|reason| reason.starts_with("line 1")));
}
