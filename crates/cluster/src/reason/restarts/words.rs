//! What a program said last, and how long it lived.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};

use crate::picture::{Fact, Picture, Record, without_passwords};
use crate::reason::symptoms::Logs;
use crate::reason::workload::Workload;

/// Last lines of a log among which the telling one is looked for.
const LINES_LOOKED_AT: usize = 12;

/// Lines quoted before the telling one, when no line tells more than others.
const LINES_QUOTED: usize = 3;

/// Characters of last words in a sentence.
const WORDS_CHARS_MAX: usize = 160;

/// Words by which programs of any language say that something went wrong.
const TELLING: [&str; 14] = [
    "panic",
    "fatal",
    "exception",
    "error",
    "cannot",
    "can't",
    "could not",
    "unable",
    "failed",
    "failure",
    "refused",
    "denied",
    "not found",
    "no such",
];

/// Beginnings of lines that are frames of a stack trace.
const FRAMES: [&str; 6] = ["at ", "File \"", "goroutine ", "... ", "from ", "^"];

/// What a program misses, and how it says that it does.
const SETTINGS: [&str; 11] = [
    "env var",
    "environment variable",
    "environment key",
    "config",
    "setting",
    "property",
    "parameter",
    "required key",
    "required option",
    "required flag",
    "variable",
];
const MISSING: [&str; 14] = [
    "is not set",
    "not set",
    "must be set",
    "was not set",
    "is missing",
    "missing required",
    "missing",
    "is required",
    "required but",
    "not provided",
    "not defined",
    "undefined",
    "must be provided",
    "must not be empty",
];

/// Whether a line says that a setting the program needs is not there: a noun for a setting, or a name in capitals as
/// environment variables have, beside words for its absence. A file or an address that is missing is no setting.
pub(super) fn misses_setting(line: &str) -> bool {
    let lower = line.to_lowercase();
    if !MISSING.iter().any(|word| lower.contains(word)) || lower.contains("no such file") {
        return false;
    }
    let variable = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        word.len() >= 4
            && word.contains('_')
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    SETTINGS.iter().any(|word| lower.contains(word)) || line.split_whitespace().any(variable)
}

/// A program's last words.
pub(super) struct Said {
    /// The telling line, in one line, cut.
    pub text: String,
    /// Where it stands.
    pub facts: Vec<Fact>,
}

/// The telling line of what a container said last: its termination message, else the log of the instance that ended,
/// else that of the present one. Of the last lines it is the last that speaks of an error, else the last that is no
/// frame of a stack trace.
///
/// Source: `terminationMessagePath` and `terminationMessagePolicy` of the Container API.
pub(super) fn last(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    container: &str,
    ended: Option<&ContainerStateTerminated>,
    logs: &Logs<'_>,
) -> Option<Said> {
    let message = ended.and_then(|ended| ended.message.as_deref()).unwrap_or("");
    if let Some(line) = telling(message) {
        let fact = picture.fact(&pod.key, line, "its termination message says so");
        return Some(Said { text: shown(line), facts: vec![fact] });
    }
    let mut of: Vec<_> = logs.get(&workload.key).to_vec();
    of.retain(|log| log.container.as_deref().is_none_or(|name| name == container));
    of.sort_by_key(|log| !log.previous);
    let log = of.first()?;
    let text = logs.text(log);
    let line = telling(text)?;
    let mut facts = vec![picture.fact_at(log.origin, line, "its last words")];
    if !is_error(line) {
        let before = text.lines().rev().map(str::trim).filter(|one| !one.is_empty() && *one != line);
        facts.extend(
            before.take(LINES_QUOTED - 1).map(|one| picture.fact_at(log.origin, one, "among its last words")),
        );
    }
    Some(Said { text: shown(line), facts })
}

/// The line, of a container's last ones, that says which setting is missing.
pub(super) fn setting_missed(
    picture: &Picture,
    workload: &Workload<'_>,
    pod: &Record<Pod>,
    container: &str,
    ended: Option<&ContainerStateTerminated>,
    logs: &Logs<'_>,
) -> Option<Said> {
    let find = |text: &'_ str| -> Option<String> {
        let lines = text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
        lines.take(LINES_LOOKED_AT).find(|line| misses_setting(line)).map(str::to_owned)
    };
    let statement = "it says which setting is missing";
    if let Some(line) = find(ended.and_then(|ended| ended.message.as_deref()).unwrap_or("")) {
        return Some(Said { text: shown(&line), facts: vec![picture.fact(&pod.key, &line, statement)] });
    }
    let of_container = |log: &&&crate::picture::LogText| {
        log.container.as_deref().is_none_or(|name| container.is_empty() || name == container)
    };
    logs.get(&workload.key).iter().filter(of_container).find_map(|log| {
        let line = find(logs.text(log))?;
        Some(Said { text: shown(&line), facts: vec![picture.fact_at(log.origin, &line, statement)] })
    })
}

fn telling(text: &str) -> Option<&str> {
    let lines = || text.lines().rev().map(str::trim).filter(|line| !line.is_empty()).take(LINES_LOOKED_AT);
    let is_frame = |line: &str| FRAMES.iter().any(|frame| line.starts_with(frame));
    let says = |line: &&str| !is_frame(line) && is_error(line);
    lines().find(says).or_else(|| lines().find(|line| !is_frame(line))).or_else(|| lines().next())
}

fn is_error(line: &str) -> bool {
    // A line may be as long as its writer likes; what is wrong stands at its beginning.
    let start: String = line.chars().take(400).collect::<String>().to_lowercase();
    TELLING.iter().any(|word| start.contains(word))
}

/// One line for a sentence, without passwords, colours and backticks.
fn shown(line: &str) -> String {
    let line = without_passwords(line);
    let plain: String =
        line.chars().map(|c| if c == '`' { '\'' } else { c }).filter(|c| !c.is_control()).collect();
    let mut cut: String = plain.chars().take(WORDS_CHARS_MAX).collect();
    if plain.chars().nth(WORDS_CHARS_MAX).is_some() {
        cut.push('…');
    }
    cut
}

/// ` a second after its start`: how long the instance that ended had lived; nothing when that is not known.
pub(super) fn after(ended: &ContainerStateTerminated) -> String {
    let (Some(started), Some(finished)) = (&ended.started_at, &ended.finished_at) else {
        return String::new();
    };
    match finished.0.duration_since(started.0).as_secs() {
        i64::MIN..=-1 => String::new(),
        0 => " at once".to_owned(),
        1 => " a second after its start".to_owned(),
        seconds @ 2..=119 => format!(" {seconds} seconds after its start"),
        seconds @ 120..=7199 => format!(" {} minutes after its start", seconds / 60),
        seconds => format!(" {} hours after its start", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_settings_are_told_from_other_ends() {
        for (line, expected) in [
            ("FATAL required env var DB_DSN is not set in the pod's spec", true),
            ("KeyError: missing required environment variable", true),
            ("DATABASE_URL is not set", true),
            ("panic: config: field listen is required", true),
            ("Error: property 'queue.name' must not be empty", true),
            ("open /etc/app/config.yaml: no such file or directory, config missing", false),
            ("connection refused", false),
            ("undefined is not a function", false),
            ("missing semicolon", false),
        ] {
            assert_eq!(misses_setting(line), expected, "{line}");
        }
    }

    #[test]
    fn the_telling_line() {
        for (text, line) in [
            ("starting\npanic: no config\ngoroutine 1 [running]:\nat main.go:3\n", Some("panic: no config")),
            ("Traceback:\n  File \"a.py\", line 1\nKeyError: 'URL'\n", Some("KeyError: 'URL'")),
            ("one\ntwo\n\n", Some("two")),
            ("at a\nat b\n", Some("at b")),
            ("\n \n", None),
        ] {
            assert_eq!(telling(text), line, "{text}");
        }
        assert_eq!(shown("dial postgres://u:pw@db: `refused`"), "dial postgres://u:…@db: 'refused'");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), WORDS_CHARS_MAX + 1);
    }
}
