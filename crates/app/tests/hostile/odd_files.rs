//! Entries that are no plain files: links in circles and out of the snapshot, pipes, folders, files that may not be read.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::incident::{WHOLE, case, copy, look, text, try_all, write};

/// A pipe nobody writes to: whoever opens it waits for ever.
fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn links_are_not_followed_out_or_in_circles() {
    try_all(vec![
        case("a folder that links to itself", |at| symlink(".", at.join("loop")).unwrap())
            .tells("loop")
            .keeps_the_answer(),
        case("two links that lead to each other", |at| {
            symlink("two.csv", at.join("one.csv")).unwrap();
            symlink("one.csv", at.join("two.csv")).unwrap();
        })
        .tells("one.csv")
        .keeps_the_answer(),
        case("a link to a file of the machine", |at| symlink("/etc/passwd", at.join("app.log")).unwrap())
            .tells("app.log")
            .keeps_the_answer(),
        case("a link to a device", |at| symlink("/dev/zero", at.join("app.log")).unwrap())
            .tells("app.log")
            .keeps_the_answer(),
        case("metrics that are a link to a folder", |at| {
            std::fs::remove_file(at.join("metrics.csv")).unwrap();
            symlink(".", at.join("metrics.csv")).unwrap();
        })
        .tells("metrics.csv"),
        case("folders without end", |at| {
            std::fs::create_dir_all(at.join("a/b/c/d/e/f/g/h/i")).unwrap();
            write(at, "a/b/c/d/e/f/logs.ndjson", text(at, "logs.ndjson"));
        })
        .tells("a/b/c/d/e")
        .keeps_the_answer(),
        case("6,000 files", |at| {
            std::fs::create_dir(at.join("z")).unwrap();
            (0..6_000).for_each(|number| write(at, &format!("z/{number}.bin"), "x"));
        })
        .tells("4096")
        .keeps_the_answer(),
    ]);
}

#[test]
fn pipes_and_folders_are_left_alone() {
    let mut cases = Vec::new();
    for file in ["alert.json", "metrics.csv", "logs.ndjson", "traces.json", "config.json"] {
        cases.push(
            case(format!("{file} is a pipe"), move |at| {
                std::fs::remove_file(at.join(file)).unwrap();
                make_pipe(&at.join(file));
            })
            .tells(file),
        );
        cases.push(case(format!("{file} is a folder"), move |at| {
            std::fs::remove_file(at.join(file)).unwrap();
            std::fs::create_dir(at.join(file)).unwrap();
        }));
    }
    cases.push(
        case("a link to a pipe", |at| {
            make_pipe(&at.join("pipe"));
            symlink("pipe", at.join("app.log")).unwrap();
        })
        .tells("app.log")
        .keeps_the_answer(),
    );
    try_all(cases);
}

#[test]
fn repositories_that_are_none_or_lead_elsewhere() {
    let repository = |at: &Path| {
        let folder = at.join("code");
        std::fs::create_dir(&folder).unwrap();
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.arg("-C").arg(&folder).args(["-c", "user.name=a", "-c", "user.email=a@b.c"]);
            assert!(command.args(arguments).output().unwrap().status.success(), "git {arguments:?}");
        };
        git(&["init", "-q"]);
        git(&["commit", "-q", "--allow-empty", "-m", "elsewhere"]);
    };
    let elsewhere = tempfile::tempdir().unwrap();
    repository(elsewhere.path());
    let outside = elsewhere.path().join("code/.git");
    let (by_file, by_link) = (outside.clone(), outside.clone());
    try_all(vec![
        case("a repository without anything in it", |at| {
            std::fs::create_dir_all(at.join("code/.git")).unwrap();
        })
        .tells("code")
        .keeps_the_answer(),
        case("a repository of nonsense", |at| {
            std::fs::create_dir_all(at.join("code/.git/refs")).unwrap();
            std::fs::create_dir_all(at.join("code/.git/objects")).unwrap();
            write(at, "code/.git/HEAD", [0xFF; 100]);
            write(at, "code/.git/config", "[core]\n\tpager = touch /tmp/never\n[");
        })
        .tells("code")
        .keeps_the_answer(),
        case("a repository whose head is a pipe", move |at| {
            repository(at);
            std::fs::remove_file(at.join("code/.git/HEAD")).unwrap();
            make_pipe(&at.join("code/.git/HEAD"));
        })
        .tells("code")
        .keeps_the_answer(),
        case("a file that names a repository elsewhere", move |at| {
            std::fs::create_dir(at.join("code")).unwrap();
            write(at, "code/.git", format!("gitdir: {}\n", by_file.display()));
        })
        .tells("code")
        .keeps_the_answer(),
        case("a link to a repository elsewhere", move |at| {
            std::fs::create_dir(at.join("code")).unwrap();
            symlink(&by_link, at.join("code/.git")).unwrap();
        })
        .tells("code")
        .keeps_the_answer(),
        case("a repository that borrows its objects elsewhere", move |at| {
            std::fs::create_dir_all(at.join("code/.git")).unwrap();
            write(at, "code/.git/HEAD", "ref: refs/heads/main\n");
            write(at, "code/.git/commondir", outside.display().to_string());
        })
        .tells("code")
        .keeps_the_answer(),
    ]);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    for file in ["metrics.csv", "logs.ndjson", "traces.json", "config.json"] {
        let closed = copy();
        let path = closed.snapshot().join(file);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        let seen = look(&closed.snapshot(), &[]).unwrap();
        // Whoever may read everything, such as root in a container, reads this file too.
        match std::fs::File::open(&path) {
            Ok(_) => assert_eq!(seen.answer(), WHOLE.answer()),
            Err(_) => assert!(seen.losses().contains(file), "{file}: {}", seen.losses()),
        }
    }
}
