//! Sick clusters, captured in part: what is said of them quotes the capture, can be acted on, and is said once.

mod honest;

use midwatch_cluster::{Capture, Context, Fault, FaultKind, Picture, Standing, diagnose};

const CRASHES: &str = include_str!("sick/crashes.json");
const SESSION: &str = include_str!("sick/session.txt");

fn active(name: &str, text: &str) -> Vec<Fault> {
    let capture = Capture::from_transcript(name, text);
    let texts: Vec<String> = capture.documents.iter().map(|document| document.text.clone()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let picture = Picture::read(capture, None);
    assert_eq!(picture.unread, [], "{name}");
    let faults = diagnose(&picture, &Context::default()).faults;
    assert_eq!(honest::wrongs(&picture, &texts, &faults), Vec::<String>::new(), "{name}");
    faults.into_iter().filter(|fault| fault.standing == Standing::Active).collect()
}

#[track_caller]
fn check(name: &str, text: &str, expected: &[(FaultKind, &str)]) {
    let faults = active(name, text);
    let mut found: Vec<(FaultKind, &str)> =
        faults.iter().map(|fault| (fault.kind, fault.object.name.as_str())).collect();
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(found, expected, "{faults:#?}");
}

use FaultKind as F;

#[test]
fn a_list_of_the_api_is_read_quoted_and_answered() {
    let expected = [
        (F::CrashLoop, "web"),
        (F::OutOfMemory, "cache"),
        (F::ImagePullDenied, "api-0"),
        (F::SecretMissing, "mail-0"),
        (F::JobFailed, "load"),
        (F::ServiceSelectorMismatch, "search"),
    ];
    check("list.json", CRASHES, &expected);
    // The same on one line, as the API itself answers.
    let one_line = CRASHES.split('\n').map(str::trim).collect::<String>();
    check("list.json", &one_line, &expected);
}

#[test]
fn exit_codes_of_the_api_are_quoted_from_it() {
    let faults = active("list.json", CRASHES);
    let crash = faults.iter().find(|fault| fault.kind == F::CrashLoop).unwrap();
    let code = crash.facts.iter().find(|fact| fact.statement == "its last exit code was 1").unwrap();
    assert_eq!(code.quote, "\"exitCode\": 1,");
    assert!(crash.summary.contains("exits 1 a second after its start"), "{}", crash.summary);
    assert!(crash.summary.ends_with("its last words: `fatal: URL is not set`"), "{}", crash.summary);
}

#[test]
fn a_session_that_lacks_every_owner() {
    check(
        "session.txt",
        SESSION,
        &[
            (F::CrashLoop, "web"),
            (F::InsufficientResource, "cart-0"),
            (F::NodeNotReady, "n1"),
            (F::ServiceSelectorMismatch, "search"),
            (F::JobFailed, "load"),
        ],
    );
    let faults = active("session.txt", SESSION);
    let crash = faults.iter().find(|fault| fault.kind == F::CrashLoop).unwrap();
    assert!(crash.summary.contains("panic: dial postgres://app:…@db:5432"), "{}", crash.summary);
}

#[test]
fn docker_credentials_name_server_user_and_password() {
    let faults = active("list.json", CRASHES);
    let denied = faults.iter().find(|fault| fault.kind == F::ImagePullDenied).unwrap();
    for part in ["docker-registry", "--docker-server=registry.example.com", "<USER>", "<PASSWORD>", "-n shop"]
    {
        assert!(denied.remedy.contains(part), "{part}: {}", denied.remedy);
    }
}
