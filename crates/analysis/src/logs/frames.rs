//! One line of a stack trace, in the notations of the common runtimes.

use super::exceptions::{Frame, Language};

/// Which notation a frame line was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameFormat {
    Java,
    Python,
    /// A function's line; its place is on the next.
    GoName,
    GoPlace,
    JavaScript,
    Ruby,
    /// A function's line; its place is on the next.
    RustName,
    RustPlace,
    DotNet,
    Php,
    /// `path/file.ext:12 function`.
    Plain(Language),
}

impl FrameFormat {
    pub(super) fn language(self) -> Language {
        match self {
            FrameFormat::Java => Language::Java,
            FrameFormat::Python => Language::Python,
            FrameFormat::GoName | FrameFormat::GoPlace => Language::Go,
            FrameFormat::JavaScript => Language::JavaScript,
            FrameFormat::Ruby => Language::Ruby,
            FrameFormat::RustName | FrameFormat::RustPlace => Language::Rust,
            FrameFormat::DotNet => Language::DotNet,
            FrameFormat::Php => Language::Php,
            FrameFormat::Plain(language) => language,
        }
    }
}

/// File endings and their languages.
const ENDINGS: [(&str, Language); 16] = [
    (".java", Language::Java),
    (".kt", Language::Java),
    (".scala", Language::Java),
    (".py", Language::Python),
    (".go", Language::Go),
    (".js", Language::JavaScript),
    (".ts", Language::JavaScript),
    (".mjs", Language::JavaScript),
    (".cjs", Language::JavaScript),
    (".tsx", Language::JavaScript),
    (".jsx", Language::JavaScript),
    (".rb", Language::Ruby),
    (".rs", Language::Rust),
    (".cs", Language::DotNet),
    (".vb", Language::DotNet),
    (".php", Language::Php),
];

/// Path parts that mean a library or the runtime.
const LIBRARY_PATHS: [&str; 18] = [
    "node_modules/",
    "node:",
    "internal/",
    "site-packages/",
    "dist-packages/",
    "/lib/python",
    "<frozen",
    "/usr/local/go/",
    "/usr/lib/go",
    "go/pkg/mod/",
    "/vendor/",
    "/gems/",
    "/lib/ruby/",
    "/rustc/",
    ".cargo/registry",
    "library/std/",
    "library/core/",
    "<internal:",
];

/// Beginnings of functions of runtimes and frameworks.
const LIBRARY_FUNCTIONS: [&str; 36] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "jakarta.",
    "org.apache.",
    "org.springframework.",
    "org.hibernate.",
    "io.netty.",
    "reactor.",
    "com.zaxxer.",
    "com.fasterxml.",
    "io.grpc.",
    "com.google.common.",
    "okhttp3.",
    "org.eclipse.",
    "org.postgresql.",
    "com.mysql.",
    "System.",
    "Microsoft.",
    "runtime.",
    "net/http.",
    "net.",
    "database/sql.",
    "testing.",
    "syscall.",
    "reflect.",
    "google.golang.org/",
    "std::",
    "core::",
    "alloc::",
    "tokio::",
];

/// Whether a function belongs to a runtime or a framework.
pub(super) fn is_library_function(function: &str) -> bool {
    LIBRARY_FUNCTIONS.iter().any(|start| function.starts_with(start))
        || matches!(function, "panic" | "rust_begin_unwind" | "__rust_begin_short_backtrace")
}

fn is_library_file(file: &str) -> bool {
    LIBRARY_PATHS.iter().any(|part| file.contains(part))
}

fn ending_of(file: &str) -> Option<Language> {
    ENDINGS.iter().find(|(ending, _)| file.ends_with(ending)).map(|(_, language)| *language)
}

fn frame(function: &str, file: &str, line: Option<u32>) -> Frame {
    let (function, file) = (function.trim(), file.trim());
    Frame {
        function: function.to_owned(),
        file: file.to_owned(),
        line,
        in_library: is_library_file(file) || is_library_function(function),
    }
}

/// The frame that a trimmed line of a trace is, with its notation; `next` is the line after it.
pub(super) fn frame_of(line: &str, next: &str) -> Option<(FrameFormat, Frame)> {
    if let Some(rest) = line.strip_prefix("at ") {
        return java(rest)
            .or_else(|| dot_net(rest))
            .or_else(|| rust_place(rest))
            .or_else(|| javascript(rest));
    }
    if let Some(rest) = line.strip_prefix("File \"") {
        return python(rest);
    }
    if let Some(rest) = line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        return php(rest);
    }
    go_place(line)
        .or_else(|| ruby(line))
        .or_else(|| rust_name(line, next))
        .or_else(|| go_name(line, next))
        .or_else(|| plain(line))
}

/// Splits `file:12` or `file:12:3` and returns file and line.
fn place(text: &str) -> Option<(&str, u32)> {
    let mut file = text.trim();
    let mut numbers: [Option<u32>; 2] = [None, None];
    for slot in &mut numbers {
        match file.rsplit_once(':') {
            Some((head, number))
                if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                *slot = Some(number.parse().ok()?);
                file = head;
            }
            _ => break,
        }
    }
    // The number nearest to the file is the line, a second one the column.
    numbers[1].or(numbers[0]).map(|line| (file, line))
}

/// `a.b.C.method(C.java:12)`, `(Native Method)`, `(Unknown Source)`, with a module or loader in front.
fn java(rest: &str) -> Option<(FrameFormat, Frame)> {
    let (function, inside) = rest.split_once('(')?;
    let inside = inside.split(')').next()?;
    let function = function.rsplit('/').next().unwrap_or(function);
    if function.contains(' ') || !function.contains('.') {
        return None;
    }
    if inside == "Native Method" || inside == "Unknown Source" {
        return Some((FrameFormat::Java, frame(function, "", None)));
    }
    let (file, line) = place(inside).map_or((inside, None), |(file, line)| (file, Some(line)));
    (ending_of(file) == Some(Language::Java)).then(|| (FrameFormat::Java, frame(function, file, line)))
}

/// `Ns.Type.Method(String a) in /src/File.cs:line 12`.
fn dot_net(rest: &str) -> Option<(FrameFormat, Frame)> {
    let (function, tail) = rest.split_once('(')?;
    let (_, after) = tail.split_once(')')?;
    let function = function.trim();
    if function.contains(' ') || !function.contains('.') {
        return None;
    }
    if let Some((file, line)) = after.trim().strip_prefix("in ").and_then(|place| place.rsplit_once(":line "))
    {
        let digits: String = line.chars().take_while(char::is_ascii_digit).collect();
        return Some((FrameFormat::DotNet, frame(function, file, digits.parse().ok())));
    }
    let typed = function.starts_with(|c: char| c.is_ascii_uppercase()) && after.trim().is_empty();
    (typed && place(tail.trim_end_matches(')')).is_none())
        .then(|| (FrameFormat::DotNet, frame(function, "", None)))
}

/// `fn (file:1:2)`, `async fn (file:1:2)`, `file:1:2`.
fn javascript(rest: &str) -> Option<(FrameFormat, Frame)> {
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let (function, inside) = match rest.rsplit_once(" (") {
        Some((function, inside)) => (function, inside.split(')').next().unwrap_or(inside)),
        None => ("", rest),
    };
    if inside == "<anonymous>" || inside == "native" {
        return Some((FrameFormat::JavaScript, frame(function, inside, None)));
    }
    let (file, line) = place(inside)?;
    if file.contains(' ') && function.is_empty() {
        return None;
    }
    let file = file.strip_prefix("file://").unwrap_or(file);
    let known =
        ending_of(file) == Some(Language::JavaScript) || file.starts_with("node:") || !function.is_empty();
    known.then(|| (FrameFormat::JavaScript, frame(function, file, Some(line))))
}

/// `path.py", line 12, in fn`.
fn python(rest: &str) -> Option<(FrameFormat, Frame)> {
    let (file, rest) = rest.split_once("\", line ")?;
    let (number, function) = rest.split_once(", in ").unwrap_or((rest, ""));
    let number: u32 = number.trim_end_matches(',').trim().parse().ok()?;
    Some((FrameFormat::Python, frame(function, file, Some(number))))
}

/// `0 /app/a.php(12): Class->method()`.
fn php(rest: &str) -> Option<(FrameFormat, Frame)> {
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    let (file, after) = rest.split_once('(')?;
    if ending_of(file) != Some(Language::Php) {
        return None;
    }
    let (number, function) = after.split_once("): ")?;
    let function = function.split('(').next().unwrap_or(function);
    Some((FrameFormat::Php, frame(function, file, number.parse().ok())))
}

/// `/app/main.go:12 +0x1d`.
fn go_place(line: &str) -> Option<(FrameFormat, Frame)> {
    let (text, offset) = line.split_once(" +0x").unwrap_or((line, ""));
    let (file, number) = place(text)?;
    let is_go = ending_of(file) == Some(Language::Go) && !file.contains(' ');
    let hex = offset.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_go && hex).then(|| (FrameFormat::GoPlace, frame("", file, Some(number))))
}

/// `main.(*Server).Charge(0xc000, 0x1)` or `created by main.run in goroutine 1`, with a place on the next line.
fn go_name(line: &str, next: &str) -> Option<(FrameFormat, Frame)> {
    go_place(next)?;
    let name = match line.strip_prefix("created by ") {
        Some(name) => name.split(" in goroutine").next().unwrap_or(name),
        None => line.strip_suffix(')').and_then(|line| line.rsplit_once('(')).map(|(name, _)| name)?,
    };
    (!name.is_empty() && !name.contains(' ')).then(|| (FrameFormat::GoName, frame(name, "", None)))
}

/// `app/pay.rb:12:in 'charge'`, also with a `from ` in front.
fn ruby(line: &str) -> Option<(FrameFormat, Frame)> {
    let line = line.strip_prefix("from ").unwrap_or(line);
    let (at, rest) = line.split_once(":in ")?;
    let (file, number) = place(at)?;
    if file.contains(' ') {
        return None;
    }
    let function = rest.trim_start_matches(['`', '\'']);
    let (function, after) = function.split_once('\'').unwrap_or((function, ""));
    // With a message after it, it is the head line.
    after.is_empty().then(|| (FrameFormat::Ruby, frame(function, file, Some(number))))
}

/// `12: app::pay::charge` with `at src/pay.rs:3:4` on the next line.
fn rust_name(line: &str, next: &str) -> Option<(FrameFormat, Frame)> {
    let (number, name) = line.split_once(": ")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let placed = next.starts_with("at ") && next.contains(".rs:");
    (is_number && placed && !name.contains(' ')).then(|| (FrameFormat::RustName, frame(name, "", None)))
}

fn rust_place(rest: &str) -> Option<(FrameFormat, Frame)> {
    let (file, line) = place(rest)?;
    let is_rust = ending_of(file) == Some(Language::Rust) && !file.contains(' ');
    is_rust.then(|| (FrameFormat::RustPlace, frame("", file, Some(line))))
}

/// `pkg/pay/charge.go:118 Charge.readResult`, `charge.py:12 in read` or `Charge.readResult pkg/pay/charge.go:118`.
fn plain(line: &str) -> Option<(FrameFormat, Frame)> {
    let mut words = line.split_whitespace();
    let (first, second, third) = (words.next()?, words.next(), words.next());
    if words.next().is_some() {
        return None;
    }
    let placed = |word: &str| {
        let (file, line) = place(word.trim_matches(|c: char| matches!(c, '(' | ')' | ',')))?;
        if file.contains('(') {
            return None;
        }
        Some((ending_of(file)?, file.to_owned(), line))
    };
    let (found, function) = match (placed(first), second, third) {
        (Some(found), Some("in" | "at"), Some(function)) => (found, function),
        (Some(found), Some(function), None) => (found, function),
        (Some(found), None, None) => (found, ""),
        (None, Some("at" | "in"), Some(at)) => (placed(at)?, first),
        (None, Some(at), None) => (placed(at)?, first),
        _ => return None,
    };
    let (language, file, number) = found;
    let function = function.trim_end_matches("()").trim_matches(|c: char| matches!(c, '(' | ')' | ','));
    Some((FrameFormat::Plain(language), frame(function, &file, Some(number))))
}
