//! Exceptions and stack frames out of messages, whatever the runtime that wrote them.
//!
//! One line-by-line reader for the traces of Java and Kotlin, Python, Go, JavaScript, Ruby, Rust, .NET and PHP, and
//! for their single-line forms. A frame's line in the trace decides the language; the head line gives type and
//! message. Reads the first 64 KiB, 2,000 lines of at most 2 KiB each, and keeps 100 frames and 16 causes.

use serde::{Deserialize, Serialize};

use super::frames::{FrameFormat, frame_of};
use super::mask::cut;

const TEXT_BYTES_MAX: usize = 65_536;
const LINES_MAX: usize = 2_000;
const LINE_BYTES_MAX: usize = 2_048;
const MESSAGE_BYTES_MAX: usize = 1_024;
const FRAMES_MAX: usize = 100;
const CAUSES_MAX: usize = 16;

/// Which runtime wrote a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Not told apart.
    #[default]
    Unknown,
    /// Java, Kotlin, Scala.
    Java,
    /// Python.
    Python,
    /// Go.
    Go,
    /// JavaScript, TypeScript, Node.
    JavaScript,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// C# and other .NET languages.
    DotNet,
    /// PHP.
    Php,
}

/// One place in a call stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Function with its class or package; empty when the trace does not say.
    pub function: String,
    /// File as written; empty when the trace does not say.
    pub file: String,
    /// Line in the file.
    pub line: Option<u32>,
    /// Whether it lies in the runtime or a library rather than in the program.
    pub in_library: bool,
}

/// An exception, error or panic with its stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Which runtime.
    pub language: Language,
    /// Type name as written (`java.lang.NullPointerException`, `TypeError`, `panic`).
    pub kind: String,
    /// Message; empty when there is none.
    pub message: String,
    /// Frames, the innermost first.
    pub frames: Vec<Frame>,
    /// Type and message of the causes, outer to inner.
    pub caused_by: Vec<(String, String)>,
}

/// The first exception in `text`, or `None` when it holds neither a head line nor a frame. The text of a `stack` field
/// alone (`pkg/pay/charge.go:118 Charge.readResult`) is an exception without a type.
pub fn parse_exception(text: &str) -> Option<Exception> {
    let text = cut(text, TEXT_BYTES_MAX);
    let lines = split_lines(text);
    let mut found = Exception::default();
    let mut votes: Vec<FrameFormat> = Vec::new();
    let (mut in_cause, mut python_head) = (false, false);
    let mut python_runs: Vec<(Vec<Frame>, (String, String))> = Vec::new();
    let mut python_frames: Vec<Frame> = Vec::new();
    let mut pending_function: Option<String> = None;
    for (at, raw) in lines.iter().enumerate() {
        let line = raw.trim();
        if line.is_empty() {
            continue;
        }
        if line.contains("Traceback (most recent call last)") {
            python_head = true;
            python_frames.clear();
            continue;
        }
        if python_head
            && !raw.starts_with(' ')
            && !line.starts_with("File \"")
            && let Some((kind, message)) = python_error(line)
        {
            let frames = std::mem::take(&mut python_frames);
            python_runs.push((frames, (kind, message)));
            python_head = false;
            continue;
        }
        if let Some(cause) = line.strip_prefix("Caused by: ").or_else(|| line.strip_prefix("Suppressed: ")) {
            in_cause = true;
            if found.caused_by.len() < CAUSES_MAX {
                found
                    .caused_by
                    .push(head_of(cause).map_or_else(|| (clip(cause), String::new()), |head| head.1));
            }
            continue;
        }
        if let Some((format, frame)) = frame_of(line, lines.get(at + 1).map_or("", |next| next.trim())) {
            votes.push(format);
            match format {
                FrameFormat::Python => {
                    if python_frames.len() < LINES_MAX {
                        python_frames.push(frame);
                    }
                }
                FrameFormat::RustName | FrameFormat::GoName => pending_function = Some(frame.function),
                _ if in_cause && !found.frames.is_empty() => {}
                _ => push_frame(&mut found.frames, frame, &mut pending_function),
            }
            continue;
        }
        if found.kind.is_empty()
            && let Some((language, (kind, message))) = head_of(line)
        {
            (found.kind, found.message) = (kind, message);
            if found.message.is_empty() && language == Language::Rust {
                found.message = clip(lines.get(at + 1).map_or("", |next| next.trim()));
            }
            found.language = language;
        }
        one_line_causes(line, &mut found);
    }
    take_python(&mut found, python_runs, python_frames);
    finish(found, &votes)
}

fn split_lines(text: &str) -> Vec<&str> {
    // A trace inside JSON or a single-line log has its line ends escaped.
    let escaped = !text.contains('\n') && text.contains("\\n");
    let parts: Vec<&str> = if escaped { text.split("\\n").collect() } else { text.split('\n').collect() };
    parts
        .into_iter()
        .take(LINES_MAX)
        .map(|line| cut(line.strip_prefix("\\t").unwrap_or(line), LINE_BYTES_MAX))
        .collect()
}

fn push_frame(frames: &mut Vec<Frame>, mut frame: Frame, pending: &mut Option<String>) {
    if frame.function.is_empty()
        && let Some(function) = pending.take()
    {
        frame.in_library |= super::frames::is_library_function(&function);
        frame.function = function;
    }
    if frames.len() < FRAMES_MAX {
        frames.push(frame);
    }
}

/// Python prints the cause first and the innermost frame last.
fn take_python(found: &mut Exception, runs: Vec<(Vec<Frame>, (String, String))>, rest: Vec<Frame>) {
    let mut runs = runs;
    if let Some((frames, (kind, message))) = runs.pop() {
        found.language = Language::Python;
        (found.kind, found.message) = (kind, message);
        found.frames = frames.into_iter().rev().take(FRAMES_MAX).collect();
        found.caused_by.extend(runs.into_iter().rev().map(|(_, head)| head).take(CAUSES_MAX));
    } else if found.frames.is_empty() && !rest.is_empty() {
        found.frames = rest.into_iter().rev().take(FRAMES_MAX).collect();
    }
}

fn finish(mut found: Exception, votes: &[FrameFormat]) -> Option<Exception> {
    let language =
        votes.iter().map(|format| format.language()).find(|language| *language != Language::Unknown);
    if let Some(language) = language {
        found.language = language;
    }
    (!found.kind.is_empty() || !found.frames.is_empty()).then_some(found)
}

/// `… ; nested exception is a.b.C: text`, and the `at A.b(A.java:12)` of a single line.
fn one_line_causes(line: &str, found: &mut Exception) {
    for part in line.split("nested exception is ").skip(1) {
        if let Some((_, head)) = head_of(part)
            && found.caused_by.len() < CAUSES_MAX
        {
            found.caused_by.push(head);
        }
    }
    for part in line.split(" at ").skip(1) {
        if let Some((_, frame)) = frame_of(&format!("at {part}"), "")
            && frame.line.is_some()
            && found.frames.len() < FRAMES_MAX
        {
            found.frames.push(frame);
        }
    }
}

/// `ValueError: bad`, `pkg.mod.CustomError`, on the line that ends a Python traceback.
fn python_error(line: &str) -> Option<(String, String)> {
    let (kind, message) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
    let is_name = kind.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    is_name.then(|| (clip(kind), clip(message)))
}

/// Language, type and message of a head line, if it is one.
fn head_of(line: &str) -> Option<(Language, (String, String))> {
    if let Some(at) = line.find("panicked at ") {
        return Some((
            Language::Rust,
            ("panic".to_owned(), rust_message(&line[at + "panicked at ".len()..])),
        ));
    }
    for mark in ["panic: ", "fatal error: "] {
        if let Some(at) = word_at(line, mark) {
            let message = line[at + mark.len()..].split(" [recovered]").next().unwrap_or("");
            return Some((Language::Go, (mark.trim_end_matches(": ").to_owned(), clip(message))));
        }
    }
    if let Some(at) = word_at(line, "runtime error: ") {
        // A Go panic that the program caught and logged in its own words.
        return Some((
            Language::Go,
            ("runtime error".to_owned(), clip(&line[at + "runtime error: ".len()..])),
        ));
    }
    if let Some(at) = line.find("PHP Fatal error: ").or_else(|| line.find("Uncaught ")) {
        let rest = line[at..].trim_start_matches("PHP Fatal error: ").trim().trim_start_matches("Uncaught ");
        if let Some(head) = typed_head(rest) {
            let language =
                if line.contains(".php") || line.contains("PHP ") { Language::Php } else { head.0 };
            return Some((language, head.1));
        }
    }
    if let Some(open) = line.rfind(" (").filter(|_| line.ends_with(')') && line.contains(".rb:")) {
        // Ruby: `app.rb:3:in 'm': message (TypeName)`.
        let kind = &line[open + 2..line.len() - 1];
        if is_type(kind) {
            let message = line[..open].rsplit_once(": ").map_or("", |(_, message)| message);
            return Some((Language::Ruby, (clip(kind), clip(message))));
        }
    }
    typed_head(line)
}

fn rust_message(rest: &str) -> String {
    // Before 2023: `panicked at 'message', file:1:2`; since then the message is on the next line.
    match rest.strip_prefix('\'').and_then(|rest| rest.rsplit_once("', ")) {
        Some((message, _)) => clip(message),
        None => String::new(),
    }
}

fn word_at(line: &str, mark: &str) -> Option<usize> {
    let at = line.find(mark)?;
    let before = line.as_bytes().get(at.wrapping_sub(1));
    (at == 0 || before.is_some_and(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')).then_some(at)
}

/// The first word of a line that is a type name followed by `: message`, `at frame` or the end.
fn typed_head(line: &str) -> Option<(Language, (String, String))> {
    let mut from = 0;
    for word in line.split(' ').take(40) {
        let bare =
            word.trim_start_matches(['(', '"', '\'', '[']).trim_end_matches([':', ',', '"', '\'', ']', ')']);
        let start = from + (word.len() - word.trim_start_matches(['(', '"', '\'', '[']).len());
        from += word.len() + 1;
        if !is_type(bare) {
            continue;
        }
        let rest = line.get(start + bare.len()..).unwrap_or("");
        let message = rest.strip_prefix(':').or_else(|| rest.strip_prefix("\":")).unwrap_or("").trim();
        let message = message.split("; nested exception is ").next().unwrap_or("");
        let message = if rest.trim_start().starts_with("at ") { "" } else { message };
        return Some((language_of(bare, message), (clip(bare), clip(message))));
    }
    None
}

/// Whether a word is the name of an exception or error type: dotted or `::` parts, the last in capitals and ending
/// as such names do.
fn is_type(word: &str) -> bool {
    let last = word.rsplit(['.', ':', '\\', '$']).next().unwrap_or("");
    let ends =
        ["Exception", "Error", "Failure", "Fault", "Panic", "Interrupt", "Iteration", "Exit", "Timeout"];
    let known = ["Throwable", "Warning"];
    word.len() <= 256
        && last.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '$' | '\\'))
        && ((ends.iter().any(|end| last.ends_with(end) && last.len() > end.len()) && !last.contains("_"))
            || (known.contains(&last) && word.len() > last.len()))
}

fn language_of(kind: &str, message: &str) -> Language {
    const JAVA: [&str; 4] = ["java.", "javax.", "kotlin.", "NullPointerException"];
    const PYTHON: [&str; 14] = [
        "ValueError",
        "KeyError",
        "AttributeError",
        "IndexError",
        "ZeroDivisionError",
        "ImportError",
        "ModuleNotFoundError",
        "RuntimeError",
        "OSError",
        "UnicodeDecodeError",
        "RecursionError",
        "AssertionError",
        "ConnectionRefusedError",
        "FileNotFoundError",
    ];
    if kind.contains("::") {
        Language::Ruby
    } else if kind.starts_with("System.")
        || kind.starts_with("Microsoft.")
        || kind == "NullReferenceException"
    {
        Language::DotNet
    } else if JAVA.iter().any(|start| kind.starts_with(start))
        || (kind.ends_with("Exception") && kind.contains('.'))
    {
        Language::Java
    } else if PYTHON.contains(&kind) || message.contains("'NoneType'") {
        Language::Python
    } else if kind == "ReferenceError" || (kind == "TypeError" && !message.contains("object is not")) {
        Language::JavaScript
    } else {
        Language::Unknown
    }
}

fn clip(text: &str) -> String {
    cut(text.trim(), MESSAGE_BYTES_MAX).to_owned()
}
