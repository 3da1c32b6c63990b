//! Running the command.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// The command in an environment that holds nothing of the machine it runs on.
pub(crate) fn midwatch(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("midwatch").unwrap();
    command.args(arguments).env_clear().env("COLUMNS", "100");
    if let Some(directory) = std::env::var_os("TMPDIR") {
        command.env("TMPDIR", directory);
    }
    command
}

/// Exit code, standard output and standard error as one text; `directory` is called DIR.
pub(crate) fn shown(output: &Output, directory: &Path) -> String {
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes).replace(&directory.display().to_string(), "DIR").trim_end().to_owned()
    };
    format!(
        "exit {}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code().map_or_else(|| "by signal".to_owned(), |code| code.to_string()),
        text(&output.stdout),
        text(&output.stderr)
    )
}
