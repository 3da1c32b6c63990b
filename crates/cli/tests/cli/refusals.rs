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
        &["investigate", ".", "--config", "midwatch.toml"][..],
        &["connectors", "docs"],
        &["inspect"],
        &["investigate", "--snapshot", ".", "--since", "soon"],
        &["investigate", "--snapshot", ".", "--at", "noon"],
        &["investigate", ".", "--snapshot", "."],
        &["mechanisms", "check", ".", "--mechanisms", "."],
        &["demo", "999"],
        &["demo", "no-such-incident"],
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
fn wrong_usage_says_what_would_be_right() {
    let said = |arguments: &[&str]| String::from_utf8(midwatch(arguments).output().unwrap().stderr).unwrap();
    let time = said(&["investigate", ".", "--at", "yesterday"]);
    assert!(time.contains("such as 2026-05-07T02:10:00Z"), "{time}");
    let nothing = said(&["investigate"]);
    assert!(nothing.starts_with("error: there is no configuration: none of midwatch.toml, "), "{nothing}");
    assert!(nothing.contains("or investigate captured files with --snapshot DIR"), "{nothing}");
    let connector = said(&["connectors", "docs", "no-such"]);
    assert!(
        connector.starts_with("error: there is no connector \"no-such\". There are: snapshot, "),
        "{connector}"
    );
    let list = String::from_utf8(midwatch(&["demo", "--list"]).output().unwrap().stdout).unwrap();
    let incident = said(&["demo", "999"]);
    assert!(
        incident.starts_with("error: there is no built-in incident \"999\". Choose a number"),
        "{incident}"
    );
    assert!(list.lines().count() > 0);
    for (index, line) in list.lines().enumerate() {
        let [number, id, title] = line.trim_start().splitn(3, "  ").collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        assert_eq!(number, (index + 1).to_string());
        assert!(incident.contains(id) && title.contains(' '), "{line}");
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
    fs::write(path("nothing.json"), "{}").unwrap();
    let alert = |name: &str| -> Vec<String> {
        ["investigate", &quiet, "--alert", &path(name)].map(str::to_owned).to_vec()
    };
    let cases: [(&str, Vec<String>); 10] = [
        ("no_alert", vec!["investigate".into(), "--snapshot".into(), quiet.clone()]),
        ("empty_snapshot", vec!["investigate".into(), "--snapshot".into(), empty]),
        ("no_snapshot", vec!["investigate".into(), "--snapshot".into(), path("absent")]),
        ("alert_is_text", alert("alert.txt")),
        ("alert_is_unknown", alert("alert.json")),
        ("alert_is_empty", alert("nothing.json")),
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
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = midwatch(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(output.stdout.is_empty(), "{name}: {output:?}");
        let error = shown(&output, directory.path());
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
