//! Commands that cannot be started: not in the image, not executable, made for another processor.

use crate::fault::{Certainty, Fault, FaultKind};
use crate::picture::{Fact, Picture};
use crate::reason::symptoms::{Logs, Status, active, between, broken, current_pods, said, statuses};
use crate::reason::workload::Workload;
use crate::remedy;

/// What `runc`, `execve(2)` and shells print, and what it means.
const WORDS: [(&str, &str); 5] = [
    ("executable file not found", "not in the image"),
    ("exec format error", "made for another processor, or a script without interpreter line"),
    ("no such file or directory", "not in the image"),
    ("permission denied", "not executable"),
    ("not a directory", "not in the image"),
];

pub(super) fn faults(picture: &Picture, workload: &Workload<'_>, logs: &Logs<'_>) -> Option<Fault> {
    current_pods(workload).into_iter().filter(|(_, state)| !state.is_well()).find_map(|(pod, state)| {
        let statuses = statuses(pod);
        if let Some((text, meaning)) = statuses.iter().find_map(spoken) {
            let fact = picture.fact(&pod.key, needle(text), format!("{} is {}", pod.key.name, state.word));
            return Some(fault(picture, workload, text, meaning, fact));
        }
        let is_starting = state.restarts > 0 || !statuses.iter().any(Status::is_running);
        let event = said(picture, pod, &["Failed"]).filter(|event| reason(&event.message).is_some()).last();
        if let Some(event) = event.filter(|_| is_starting)
            && let Some(meaning) = reason(&event.message)
        {
            let statement = format!("{} cannot start its command", pod.key.name);
            let fact = picture.fact_at(event.origin, needle(&event.message), statement);
            return Some(fault(picture, workload, &event.message, meaning, fact));
        }
        // 126 and 127 are what a shell ends with when it cannot start what it was told to; without a shell, `exec`
        // itself leaves one line.
        let code =
            statuses.iter().filter_map(Status::ended).map(|ended| ended.exit_code).find(|code| *code != 0)?;
        let line =
            logs.last_line(&workload.key, None, &["exec format error", "not found", "ermission denied"])?;
        let is_shell = matches!(code, 126 | 127) && (line.text.contains("sh:") || line.text.contains("exec"));
        if !is_shell && !line.text.contains("exec format error") {
            return None;
        }
        let fact = picture.fact_at(
            line.log.origin,
            line.text,
            format!("the last words of {} ({code})", pod.key.name),
        );
        Some(fault(picture, workload, line.text, "not in the image or not executable", fact))
    })
}

/// What a container's status says of its command.
fn spoken<'a>(status: &Status<'a>) -> Option<(&'a str, &'static str)> {
    let waiting = status.waiting().map(|(_, message)| message).filter(|message| reason(message).is_some());
    let text = waiting.or_else(|| status.ended()?.message.as_deref())?;
    Some((text, reason(text)?))
}

/// What a text says of a command, if it speaks of one.
fn reason(text: &str) -> Option<&'static str> {
    let speaks = text.contains("exec: ") || text.contains("exec format error") || text.contains("exec /");
    let found = WORDS.iter().find(|(word, _)| text.contains(word))?;
    speaks.then_some(found.1)
}

fn needle(text: &str) -> &str {
    text.find("exec").and_then(|at| text.get(at..)).and_then(|rest| rest.lines().next()).unwrap_or(text)
}

fn fault(picture: &Picture, workload: &Workload<'_>, text: &str, meaning: &str, fact: Fact) -> Fault {
    let mut fault = active(FaultKind::CommandNotFound, &workload.key, Certainty::Stated);
    let command = between(text, "exec: \"", "\"").or_else(|| between(text, "exec ", ":")).unwrap_or("");
    command.clone_into(&mut fault.subject);
    fault.summary = format!("{} cannot start its command {command:?}: {meaning}", workload.key);
    fault.facts.push(fact);
    fault.explains = broken(picture, workload);
    fault.remedy = format!(
        "correct command and args of {}, or the image that should hold it: {}",
        workload.key,
        remedy::on("edit", &workload.key)
    );
    fault
}
