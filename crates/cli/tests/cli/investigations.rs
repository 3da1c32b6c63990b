//! Whole investigations of a small invented incident.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::midwatch;

/// A snapshot in which requests to `svc-a` begin to fail at 10:40, five minutes after a deploy.
struct Incident {
    directory: TempDir,
}

impl Incident {
    fn new() -> Incident {
        let incident = Incident { directory: tempfile::tempdir().unwrap() };
        let snapshot = incident.path("snapshot");
        fs::create_dir_all(snapshot.join("context")).unwrap();
        let write = |name: &str, text: &str| fs::write(snapshot.join(name), text).unwrap();
        write("alert.json", ALERT);
        let mut metrics = "timestamp,service,metric,value\n".to_owned();
        for minute in 0..60 {
            let at = format!("2026-03-01T10:{minute:02}:00Z");
            // A little noise that repeats every seven minutes.
            let noise = f64::from(minute * 3 % 7);
            let failing = if minute >= 40 { 0.4 } else { 0.002 };
            writeln!(metrics, "{at},svc-a,error_ratio,{}", failing + noise / 10_000.0).unwrap();
            writeln!(metrics, "{at},svc-a,requests_per_second,{}", 50.0 + noise).unwrap();
            writeln!(metrics, "{at},svc-b,error_ratio,{}", 0.001 + noise / 10_000.0).unwrap();
        }
        write("metrics.csv", &metrics);
        write(
            "context/deploys.json",
            r#"[{"timestamp": "2026-03-01T10:35:00Z", "service": "svc-a", "commit_sha": "aaaa1111", "version": "v2"}]"#,
        );
        incident
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Exit code, standard output and standard error of an investigation with further `arguments`.
    fn investigate(&self, arguments: &[&str]) -> (i32, String, String) {
        let snapshot = self.path("snapshot").display().to_string();
        let mut all = vec!["investigate", "--snapshot", &snapshot];
        all.extend(arguments);
        run(&all)
    }
}

const ALERT: &str = r#"{"service": "svc-a", "metric": "error_ratio", "summary": "svc-a fails", "severity": "critical",
    "threshold": 0.05, "observed": 0.4, "fired_at": "2026-03-01T10:45:00Z"}"#;

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = midwatch(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Lines of a record without the one that holds facts of the run.
fn entries(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.contains("\"kind\":\"run\"")).map(str::to_owned).collect()
}

#[test]
fn the_report_goes_to_standard_output_and_the_rest_elsewhere() {
    let incident = Incident::new();
    for form in ["text", "json", "md", "html"] {
        let (code, report, progress) = incident.investigate(&["-o", form]);
        assert!(code == 0 || code == 3, "{progress}");
        assert!(report.contains("svc-a") && !report.contains("investigation in-"), "{report}");
        assert!(progress.contains("1.1 metrics") && progress.contains("investigation in-"), "{progress}");
        let (_, again, quiet) = incident.investigate(&["-o", form, "-q"]);
        assert_eq!((report, String::new()), (again, quiet));
    }
    // The directory alone says as much.
    let snapshot = incident.path("snapshot").display().to_string();
    let (_, report, _) = run(&["investigate", &snapshot, "-o", "json", "-q"]);
    assert_eq!(report, incident.investigate(&["-o", "json", "-q"]).1);
}

#[test]
fn json_is_a_report_and_holds_the_run_only_when_asked() {
    let incident = Incident::new();
    let (_, plain, _) = incident.investigate(&["-o", "json"]);
    assert!(!plain.contains("\"wall_ms\"") && plain.contains("\"schema\": \"midwatch.report/v1\""));
    let (_, with_run, _) = incident.investigate(&["-o", "json", "--with-run"]);
    assert!(with_run.contains("\"wall_ms\""));
    let (_, page, _) = incident.investigate(&["-o", "html", "--with-run"]);
    assert!(page.ends_with("</html>\n") && page.contains("investigation in-"), "{page}");
}

#[test]
fn colours_are_for_terminals_and_for_those_who_insist() {
    let incident = Incident::new();
    let snapshot = incident.path("snapshot").display().to_string();
    let coloured = |set: &[(&str, &str)], arguments: &[&str]| {
        let mut all = vec!["investigate", "--snapshot", &snapshot];
        all.extend(arguments);
        let output = midwatch(&all).envs(set.iter().copied()).output().unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--no-colour"]));
}

#[test]
fn text_fits_the_width_that_is_given() {
    let incident = Incident::new();
    let widest = |text: &str| {
        // Commands and ids cannot be broken.
        let breakable = text.lines().filter(|line| line.trim().contains(' ') && !line.contains('$'));
        breakable.map(|line| line.chars().count()).max().unwrap_or(0)
    };
    let (_, narrow, _) = incident.investigate(&["--width", "60"]);
    let (_, wide, _) = incident.investigate(&["--width", "140"]);
    assert!(widest(&narrow) <= 60 && widest(&wide) > 60, "{} {}", widest(&narrow), widest(&wide));
}

#[test]
fn an_alert_comes_from_a_file_or_standard_input() {
    let incident = Incident::new();
    fs::remove_file(incident.path("snapshot/alert.json")).unwrap();
    let file = incident.path("elsewhere.json");
    fs::write(&file, ALERT).unwrap();
    let (_, from_file, _) = incident.investigate(&["--alert", &file.display().to_string(), "-q"]);
    let snapshot = incident.path("snapshot").display().to_string();
    let piped = midwatch(&["investigate", "--snapshot", &snapshot, "--alert", "-", "-q"])
        .write_stdin(ALERT)
        .output()
        .unwrap();
    assert_eq!(from_file, String::from_utf8(piped.stdout).unwrap());
    assert!(from_file.contains("svc-a fails"), "{from_file}");
}

#[test]
fn a_question_a_time_and_a_range_steer_the_work() {
    let incident = Incident::new();
    let (code, report, error) = incident.investigate(&[
        "--ask",
        "why does svc-a fail?",
        "--at",
        "2026-03-01T10:50:00Z",
        "--since",
        "45m",
        "-o",
        "json",
    ]);
    assert!(code == 0 || code == 3, "{error}");
    assert!(report.contains("2026-03-01T10:05:00Z") && report.contains("2026-03-01T10:50:00Z"), "{report}");
}

#[test]
fn a_record_replays_and_a_cut_one_is_finished() {
    let incident = Incident::new();
    let (whole, cut) = (incident.path("whole.jsonl"), incident.path("cut.jsonl"));
    let (_, report, _) = incident.investigate(&["--record", &whole.display().to_string(), "-o", "json"]);
    let (code, said, _) = run(&["replay", &whole.display().to_string()]);
    assert!(code == 0 && said.starts_with("same: "), "{said}");
    let text = fs::read_to_string(&whole).unwrap();
    for lines in 1..text.lines().count() {
        let head: String = text.lines().take(lines).map(|line| format!("{line}\n")).collect();
        fs::write(&cut, format!("{head}{{\"v\":1,\"se")).unwrap();
        let (code, resumed, notes) =
            incident.investigate(&["--resume", &cut.display().to_string(), "-o", "json"]);
        assert!(code == 0 || code == 3, "after line {lines}: {notes}");
        assert!(notes.contains("continued after entry") && notes.contains("is dropped"), "{notes}");
        assert_eq!((resumed, entries(&cut)), (report.clone(), entries(&whole)), "after line {lines}");
    }
    let (code, _, error) = incident.investigate(&["--record", &whole.display().to_string()]);
    assert!(code == 1 && error.contains("holds a finished investigation already"), "{error}");
}

#[test]
fn a_record_made_with_other_settings_says_so() {
    let incident = Incident::new();
    let record = incident.path("record.jsonl");
    incident.investigate(&["--record", &record.display().to_string()]);
    let text = fs::read_to_string(&record).unwrap();
    assert!(text.contains("\"engine\":\""));
    fs::write(&record, text.replace("\"engine\":\"", "\"engine\":\"9")).unwrap();
    let (code, said, _) = run(&["replay", &record.display().to_string()]);
    assert_eq!(code, 1);
    assert!(said.contains("(settings) differs at /engine") && said.contains("--fresh-engine"), "{said}");
    let (code, said, _) = run(&["replay", "--fresh-engine", &record.display().to_string()]);
    assert_eq!(code, 0);
    assert!(said.contains("\nrecorded: ") && said.contains("\nnow:      "), "{said}");
}

#[test]
fn mechanisms_are_listed_and_mistakes_in_them_named() {
    let (code, list, _) = run(&["mechanisms", "list"]);
    assert!(code == 0 && list.lines().count() >= 30, "{list}");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("own.toml"), "\n[[mechanism]]\nid = 3\n").unwrap();
    let (code, said, error) =
        run(&["mechanisms", "check", "--mechanisms", &directory.path().display().to_string()]);
    assert_eq!((code, said.as_str()), (1, ""));
    assert!(error.contains("own.toml:2: "), "{error}");
    let same = run(&["mechanisms", "check", &directory.path().display().to_string()]);
    assert_eq!(same, (code, said, error));
}
