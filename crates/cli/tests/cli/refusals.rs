//! What is refused, in which words and with which exit code.

use std::fs;

use crate::support::{midwatch, shown};

/// Ten quiet minutes.
const METRICS: &str = "timestamp,service,metric,value\n\
    2026-03-01T10:00:00Z,svc-a,requests_per_second,40\n\
    2026-03-01T10:10:00Z,svc-a,requests_per_second,41\n";

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["investigate"][..],
        &["inspect"],
        &["investigate", "--snapshot", ".", "--since", "soon"],
        &["investigate", "--snapshot", ".", "--at", "noon"],
        &["investigate", "--snapshot", ".", "-o", "pdf"],
        &["investigate", "--snapshot", ".", "--record", "a", "--resume", "b"],
        &["replay"],
        &[],
    ] {
        let output = midwatch(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn errors_say_what_where_and_what_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    fs::create_dir(path("empty")).unwrap();
    fs::write(path("alert.txt"), "the site is down").unwrap();
    fs::write(path("alert.json"), r#"{"colour": "red", "size": 3}"#).unwrap();
    fs::write(path("newer"), "{\"v\":9,\"seq\":1}\n").unwrap();
    fs::write(path("torn"), "{\"v\":1,\"se").unwrap();
    fs::create_dir(path("quiet")).unwrap();
    fs::write(path("quiet/metrics.csv"), METRICS).unwrap();
    let (empty, quiet) = (path("empty"), path("quiet"));
    let cases: [(&str, Vec<String>); 10] = [
        ("no_alert", vec!["investigate".into(), "--snapshot".into(), quiet.clone()]),
        ("empty_snapshot", vec!["investigate".into(), "--snapshot".into(), empty]),
        ("no_snapshot", vec!["investigate".into(), "--snapshot".into(), path("absent")]),
        (
            "alert_is_text",
            vec![
                "investigate".into(),
                "--snapshot".into(),
                quiet.clone(),
                "--alert".into(),
                path("alert.txt"),
            ],
        ),
        (
            "alert_is_unknown",
            vec![
                "investigate".into(),
                "--snapshot".into(),
                quiet.clone(),
                "--alert".into(),
                path("alert.json"),
            ],
        ),
        (
            "no_such_agent",
            vec![
                "investigate".into(),
                "--snapshot".into(),
                quiet.clone(),
                "--without".into(),
                "oracle".into(),
            ],
        ),
        (
            "resume_nothing",
            vec!["investigate".into(), "--snapshot".into(), quiet.clone(), "--resume".into(), path("absent")],
        ),
        ("replay_newer", vec!["replay".into(), path("newer")]),
        ("replay_torn", vec!["replay".into(), path("torn")]),
        ("no_such_incident", vec!["demo".into(), "no-such-incident".into()]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = midwatch(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(output.stdout.is_empty(), "{name}: {output:?}");
        let error = shown(&output, directory.path());
        // What incidents there are changes with the repository.
        let error = error
            .split(" Choose a number")
            .flat_map(|part| part.split(" This build"))
            .next()
            .unwrap_or_default();
        all.push_str(&format!("== {name}\n{error}\n"));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_directory_without_an_incident_fails_its_check() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("metrics.csv"), METRICS).unwrap();
    let output = midwatch(&["snapshot", "check", &directory.path().display().to_string()]).output().unwrap();
    insta::assert_snapshot!(shown(&output, directory.path()));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("midwatch"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
