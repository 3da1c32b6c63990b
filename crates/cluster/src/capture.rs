//! What was captured: commands and what they printed.

use serde::{Deserialize, Serialize};

/// One command and its answer, as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The command, as typed (`kubectl get pods -n shop -o wide`, `ssh node-1 systemctl status kubelet`), a file's
    /// path, or the request to the API (`GET /api/v1/pods`). Empty when unknown: the text then speaks for itself.
    pub command: String,
    /// What it printed: a table, a description, YAML, JSON, log lines, or an error.
    pub text: String,
}

/// Everything captured of one cluster at about one time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// In the order they were taken.
    pub documents: Vec<Document>,
}

/// Programs that a prompt may be followed by; other lines that begin with `$ ` are output.
const PROGRAMS: [&str; 9] = ["kubectl", "k", "oc", "systemctl", "ssh", "nc", "cat", "sudo", "curl"];

impl Capture {
    /// Adds one answer.
    pub fn push(&mut self, command: impl Into<String>, text: impl Into<String>) {
        self.documents.push(Document { command: command.into(), text: text.into() });
    }

    /// Reads a pasted terminal session: a line that begins with `$ kubectl …` or `user@host:~# kubectl …` begins a
    /// document and what follows is its output. Text before the first such line, or all of it when there is none,
    /// becomes one document without a command, which is recognised by its form; an empty text is one as well, so that
    /// its emptiness is said. `source` names where the text came
    /// from, for such documents; files of YAML and JSON are never taken for sessions.
    pub fn from_transcript(source: &str, text: &str) -> Capture {
        let mut capture = Capture::default();
        if [".yaml", ".yml", ".json"].iter().any(|end| source.to_ascii_lowercase().ends_with(end)) {
            capture.push(source, text);
            return capture;
        }
        let mut command = source.to_owned();
        let mut body = String::new();
        for line in text.split_inclusive('\n') {
            match prompt(line) {
                Some(typed) => {
                    capture.close(&command, &mut body, source);
                    typed.clone_into(&mut command);
                }
                None => body.push_str(line),
            }
        }
        capture.close(&command, &mut body, source);
        if capture.documents.is_empty() {
            capture.push(source, "");
        }
        capture
    }

    /// An empty answer to a command is an answer; emptiness before the first command is nothing.
    fn close(&mut self, command: &str, body: &mut String, source: &str) {
        let text = std::mem::take(body);
        if command != source || !text.trim().is_empty() {
            self.push(command, text);
        }
    }
}

/// The command of a line that shows a shell's prompt.
fn prompt(line: &str) -> Option<&str> {
    // What is indented is output: a comment in YAML, a script in a config map.
    let line = line.trim_end();
    let typed = line.strip_prefix("$ ").or_else(|| {
        let at = ["$ ", "# ", "% ", "> "].iter().filter_map(|sign| line.find(sign)).min()?;
        // `user@host:~/dir$ ` has no blank before the sign; `[user@host dir]# ` and `PS C:\\> ` have one. A bare `#`
        // begins a comment.
        line.get(..at).filter(|before| {
            let is_bracketed = before.starts_with('[') && before.ends_with(']') && before.contains('@');
            let is_windows =
                before.starts_with("PS ") && line.get(at..).is_some_and(|rest| rest.starts_with('>'));
            !before.is_empty() && (!before.contains(' ') || is_bracketed || is_windows)
        })?;
        line.get(at + 2..)
    })?;
    let program = typed.split_whitespace().next()?;
    PROGRAMS.contains(&program).then_some(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = Capture::from_transcript("pasted", text);
        let found: Vec<(&str, &str)> = found
            .documents
            .iter()
            .map(|document| (document.command.as_str(), document.text.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn prompts_begin_documents() {
        check(
            "$ kubectl get pods\nNAME READY\na 1/1\n\nroot@jump:~# kubectl get svc -n x\n$ not a command\n",
            &[("kubectl get pods", "NAME READY\na 1/1\n\n"), ("kubectl get svc -n x", "$ not a command\n")],
        );
        check(
            "[root@jump ~]# kubectl get pods\nNAME READY\nPS C:\\x> kubectl get svc\nNAME\nme@host ~ % kubectl x\n",
            &[("kubectl get pods", "NAME READY\n"), ("kubectl get svc", "NAME\nme@host ~ % kubectl x\n")],
        );
    }

    #[test]
    fn comments_and_scripts_are_no_prompts() {
        let text = "$ kubectl get cm -o yaml\n# kubectl apply -f x\n  script: |\n    $ kubectl get nodes\n";
        check(
            text,
            &[("kubectl get cm -o yaml", "# kubectl apply -f x\n  script: |\n    $ kubectl get nodes\n")],
        );
        let file = Capture::from_transcript("web.yaml", "$ kubectl get nodes\n");
        assert_eq!(file.documents.len(), 1);
        assert_eq!(file.documents[0].command, "web.yaml");
    }

    #[test]
    fn text_without_prompts_is_one_document_and_nothing_is_none() {
        check("NAME READY\na 1/1\n", &[("pasted", "NAME READY\na 1/1\n")]);
        check("  \n", &[("pasted", "")]);
        check("  \n$ kubectl get secrets\n", &[("kubectl get secrets", "")]);
        check("$ kubectl get secrets\n", &[("kubectl get secrets", "")]);
    }
}
