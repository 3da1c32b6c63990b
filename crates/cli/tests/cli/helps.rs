//! Help texts.

use std::path::Path;

use crate::support::{midwatch, shown};

fn help(name: &str, arguments: &[&str]) {
    let output = midwatch(arguments).output().unwrap();
    insta::assert_snapshot!(name, shown(&output, Path::new("/nowhere")));
}

#[test]
fn every_command_explains_itself() {
    help("help", &["--help"]);
    help("help_investigate", &["investigate", "--help"]);
    help("help_demo", &["demo", "-h"]);
    help("help_replay", &["replay", "--help"]);
    help("help_mechanisms", &["mechanisms", "--help"]);
    help("help_snapshot_check", &["snapshot", "check", "--help"]);
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = midwatch(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && script.contains("investigate") && script.contains("replay"),
            "{shell}"
        );
    }
}
