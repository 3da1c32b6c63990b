//! What a single statement does: calls, guards, exits, locks, loops.

use super::lex::TokenKind;
use super::statement::Statement;
use super::vocabulary as words;

/// A call inside a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) receiver: String,
    pub(super) name: String,
    /// Lower-case parts of receiver and name.
    pub(super) parts: Vec<String>,
    /// Index of the name's token.
    pub(super) at: usize,
}

/// Calls of a statement in order, at most 40; definitions are no calls.
pub(super) fn calls(statement: &Statement) -> &[Call] {
    statement.calls.get_or_init(|| find_calls(statement))
}

fn find_calls(statement: &Statement) -> Vec<Call> {
    let mut found = Vec::new();
    if is_definition(statement) && !statement.has("=") && !statement.has(":=") {
        return found;
    }
    let count = statement.tokens.len();
    let command_style = is_command_style(statement);
    for at in 0..count {
        if !statement.is(at, TokenKind::Word) || found.len() >= 40 {
            continue;
        }
        let name = statement.token(at);
        let qualified = at > 0 && matches!(statement.token(at - 1), "." | "::" | "->" | "?.");
        let next = statement.token(at + 1);
        let generic = next == "::" && statement.token(at + 2) == "<";
        let typed = next == "<"
            && (at + 2..(at + 8).min(count))
                .any(|end| statement.token(end) == ">" && statement.token(end + 1) == "(");
        let bracket =
            next == "(" || generic || typed || (name.ends_with('!') && matches!(next, "(" | "[" | "{"));
        let command = command_style
            && qualified
            && next != "="
            && next != "."
            && (at + 1 == count
                || statement.is(at + 1, TokenKind::Word)
                || next == "do"
                || next == "{"
                || next == ")"
                || next == "&"
                || next == "if");
        if !(bracket || command) || (!qualified && words::NOT_CALLS.contains(&name)) {
            continue;
        }
        let receiver = if qualified && at >= 2 { statement.token(at - 2) } else { "" };
        let receiver = match receiver {
            ")" => "",
            "]" => indexed(statement, at - 2),
            plain => plain,
        };
        let mut parts = words::split_words(receiver);
        parts.extend(words::split_words(name));
        found.push(Call { receiver: receiver.to_owned(), name: name.to_owned(), parts, at });
    }
    found
}

/// What is indexed by the bracket that closes at token `close`: `db` in `db[:rows]`.
fn indexed(statement: &Statement, close: usize) -> &str {
    let mut depth = 0;
    for at in (0..=close).rev() {
        match statement.token(at) {
            "]" => depth += 1,
            "[" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if at > 0 && statement.is(at - 1, TokenKind::Word) {
                statement.token(at - 1)
            } else {
                ""
            };
        }
    }
    ""
}

/// Whether the language calls without brackets.
fn is_command_style(statement: &Statement) -> bool {
    statement.syntax == Some(super::path_class::Syntax::Hash)
}

/// Whether the statement defines a function or a type.
pub(super) fn is_definition(statement: &Statement) -> bool {
    let first = statement.first();
    let opens = matches!(statement.token(statement.tokens.len().saturating_sub(1)), "{" | ":" | ")" | "=");
    if matches!(
        first,
        "func"
            | "fn"
            | "def"
            | "function"
            | "class"
            | "struct"
            | "interface"
            | "type"
            | "enum"
            | "trait"
            | "impl"
            | "package"
            | "module"
            | "namespace"
    ) {
        return true;
    }
    let modifiers = [
        "pub",
        "public",
        "private",
        "protected",
        "static",
        "async",
        "export",
        "override",
        "internal",
        "final",
        "abstract",
        "suspend",
        "virtual",
    ];
    let modified = modifiers.contains(&first);
    modified
        && (opens || statement.has("fn") || statement.has("function") || statement.has("class"))
        && statement.has("(")
        && !statement.has("=")
        || statement.words().take(4).any(|word| matches!(word, "fn" | "fun"))
}

/// The name a definition gives.
pub(super) fn defined_name(statement: &Statement) -> Option<&str> {
    if !is_definition(statement) {
        return assigned_function(statement);
    }
    let count = statement.tokens.len();
    // Go's receiver comes first: `func (s *Server) name(`.
    let mut at = 0;
    if statement.token(0) == "func" && statement.token(1) == "(" {
        at = (2..count).find(|at| statement.token(*at) == ")").unwrap_or(1) + 1;
    }
    (at..count)
        .find(|at| {
            statement.is(*at, TokenKind::Word)
                && matches!(statement.token(at + 1), "(" | "<" | "{" | ":" | "[")
        })
        .map(|at| statement.token(at))
}

fn assigned_function(statement: &Statement) -> Option<&str> {
    let first = statement.first();
    let lambda = statement.has("=>") || statement.has("lambda") || statement.has("function");
    (matches!(first, "const" | "let" | "var" | "val") && lambda)
        .then(|| statement.token(1))
        .filter(|name| !name.is_empty())
}

/// Whether the statement repeats what stands inside it.
pub(super) fn is_loop_head(statement: &Statement) -> bool {
    let first = statement.first();
    if matches!(first, "for" | "while" | "loop" | "foreach" | "until" | "forEach") {
        return true;
    }
    if first.starts_with('@')
        || statement.token(1) == ":" && matches!(statement.token(2), "for" | "loop" | "while")
    {
        return statement.token(1) == ":";
    }
    let last = statement.token(statement.tokens.len().saturating_sub(1));
    let opens = matches!(last, "{" | "=>" | "->" | "do" | "|" | "(");
    opens && has_iteration_call(statement, statement.tokens.len())
        || (first == "async" && statement.token(1) == "for")
}

/// Whether `.map(`, `.forEach(`, `.each` or a comprehension stands before the token `before`.
pub(super) fn has_iteration_call(statement: &Statement, before: usize) -> bool {
    (1..before.min(statement.tokens.len())).any(|at| {
        statement.token(at - 1) == "."
            && matches!(
                statement.token(at),
                "map"
                    | "forEach"
                    | "each"
                    | "for_each"
                    | "flatMap"
                    | "flat_map"
                    | "each_with_index"
                    | "ForEach"
                    | "times"
                    | "Select"
                    | "filter_map"
                    | "mapNotNull"
            )
    })
}

/// Whether the call at token `at` runs once per element inside this one statement.
pub(super) fn in_inline_loop(statement: &Statement, at: usize) -> bool {
    if is_loop_head(statement) && statement.has("{") {
        // `for x in xs { call(x) }` on one line.
        let open = (0..statement.tokens.len()).find(|at| statement.token(*at) == "{").unwrap_or(0);
        return at > open;
    }
    let lambda = (0..at).any(|at| matches!(statement.token(at), "=>" | "->" | "|" | "lambda"));
    let comprehension = (at..statement.tokens.len()).any(|at| statement.token(at) == "for")
        && (at..statement.tokens.len()).any(|at| statement.token(at) == "in")
        && !is_loop_head(statement);
    (has_iteration_call(statement, at) && lambda) || comprehension
}

/// Whether the statement leaves the function, the loop or the program.
pub(super) fn is_exit(statement: &Statement) -> bool {
    let first = statement.first();
    if matches!(
        first,
        "return"
            | "throw"
            | "raise"
            | "continue"
            | "break"
            | "panic"
            | "next"
            | "exit"
            | "abort"
            | "panic!"
            | "bail!"
            | "redirect_to"
            | "die"
    ) {
        return true;
    }
    calls(statement).iter().any(|call| {
        (call.receiver == "http" && matches!(call.name.as_str(), "Error" | "NotFound"))
            || matches!(
                call.name.as_str(),
                "abort" | "bail!" | "Exit" | "exit" | "Fatal" | "Fatalf" | "halt" | "AbortWithStatus"
            )
    })
}

/// Whether the statement is a condition that may leave: its head, or the whole on one line.
pub(super) fn is_condition(statement: &Statement) -> bool {
    let first = statement.first();
    matches!(
        first,
        "if" | "unless"
            | "guard"
            | "elif"
            | "elsif"
            | "when"
            | "assert"
            | "assert!"
            | "require"
            | "ensure!"
            | "case"
    ) || (first == "else" && (statement.token(1) == "if" || statement.token(2) == "if"))
        || has_trailing_condition(statement)
}

fn has_trailing_condition(statement: &Statement) -> bool {
    let conditional = (1..statement.tokens.len())
        .any(|at| statement.is(at, TokenKind::Word) && matches!(statement.token(at), "if" | "unless"));
    conditional && is_exit(statement)
}

/// Whether the condition only looks at an error: `err != nil`, `.is_err()`.
pub(super) fn is_error_check(statement: &Statement) -> bool {
    is_condition(statement)
        && (statement.has("err")
            || statement.has("error")
            || statement.has("is_err")
            || statement.words().any(|word| word.ends_with("Err") || word.ends_with("err")))
        && (statement.has("nil")
            || statement.has("is_err")
            || statement.has("null")
            || statement.has("Err")
            || statement.tokens.len() <= 8)
}

/// Whether a condition looks for absence.
pub(super) fn is_null_check(statement: &Statement) -> bool {
    let marks = [
        "nil",
        "null",
        "None",
        "undefined",
        "NULL",
        "nullptr",
        "is_none",
        "is_some",
        "nil?",
        "blank?",
        "present?",
        "empty?",
        "isEmpty",
        "is_empty",
        "isPresent",
        "isset",
        "requireNonNull",
        "IsNullOrEmpty",
        "isNull",
        "exists",
        "isBlank",
        "ok",
    ];
    marks.iter().any(|mark| statement.has(mark))
        || statement.has("?.")
        || statement.has("??")
        || is_plain_truth(statement)
}

/// `if !x {` or `if not x:`.
fn is_plain_truth(statement: &Statement) -> bool {
    statement.first() == "if"
        && (statement.has("!") || statement.has("not"))
        && calls(statement).is_empty()
        && statement.tokens.len() <= 9
}

/// Whether it writes to a log, and to nothing else.
pub(super) fn is_log(statement: &Statement) -> bool {
    let first = statement.first();
    if matches!(first, "puts" | "p" | "pp" | "print" | "println!" | "eprintln!" | "echo") {
        return true;
    }
    if is_condition(statement) || matches!(first, "return" | "throw" | "raise" | "for" | "while") {
        return false;
    }
    let calls = calls(statement);
    let Some(call) = calls.first() else {
        return words::LOG_RECEIVERS.contains(&first.to_lowercase().as_str()) && statement.token(1) == ".";
    };
    let name = call.name.trim_end_matches('!').to_lowercase();
    if call.name.ends_with('!') && words::LOG_NAMES.contains(&name.as_str()) {
        return true;
    }
    let parts = words::split_words(&call.receiver);
    let by_receiver = words::any(&parts, words::LOG_RECEIVERS) || call.receiver.starts_with("LOG");
    (by_receiver && words::LOG_NAMES.contains(&name.as_str()))
        || (call.receiver == "fmt" && name.starts_with("print"))
        || (words::any(&words::split_words(first), words::LOG_RECEIVERS)
            && first != call.name
            && words::LOG_NAMES.contains(&name.as_str()))
}

/// Whether it reports to metrics or traces, and does nothing else.
pub(super) fn is_telemetry(statement: &Statement) -> bool {
    let first_call = calls(statement).first();
    first_call.is_some_and(|call| {
        call.at <= 6
            && words::any(&call.parts, words::TELEMETRY)
            && !is_condition(statement)
            && !words::any(&call.parts, words::REGISTRATION)
    })
}

/// Whether it reads only names: imports, packages, brackets, annotations.
pub(super) fn is_scaffolding(statement: &Statement) -> bool {
    let first = statement.first();
    if statement.words().next().is_none()
        && !statement.tokens.iter().any(|token| matches!(token.kind, TokenKind::Number | TokenKind::Text))
    {
        return true;
    }
    let import = matches!(
        first,
        "import"
            | "from"
            | "use"
            | "using"
            | "require"
            | "require_relative"
            | "package"
            | "include"
            | "extern"
            | "namespace"
            | "mod"
            | "#"
    ) && (!statement.has("(") || statement.token(0) == "import" && statement.token(1) == "(");
    let import = import
        || (first == "use" && statement.has("::"))
        || (first == "const" && statement.has("require") && statement.token(2) == "=");
    let closing =
        matches!(statement.token(0), "}" | "end" | "else" | "]" | ")" | "fi" | "done" | "begin" | "do")
            && statement.tokens.len() <= 2;
    let bare_import = statement.tokens.len() == 1 && statement.is(0, TokenKind::Text);
    import || closing || bare_import || first == "else" && statement.tokens.len() <= 3
}

/// Whether a call reaches over a wire or to a disk by the look of its name.
pub(super) fn is_io_call(call: &Call) -> bool {
    let name = words::split_words(&call.name);
    let receiver = words::split_words(&call.receiver);
    if words::any(&name, words::LOG_NAMES) && words::any(&receiver, words::LOG_RECEIVERS) {
        return false;
    }
    let squashed = words::squashed(&call.name);
    if words::any(
        &name,
        &[
            "sprintf",
            "errorf",
            "format",
            "parse",
            "marshal",
            "unmarshal",
            "encode",
            "decode",
            "close",
            "header",
        ],
    ) {
        return false;
    }
    let by_receiver = words::any(&receiver, words::IO_RECEIVERS)
        && name.iter().any(|part| words::IO_NAMES.contains(&part.as_str()));
    by_receiver
        || words::any(&name, words::STRONG_IO)
        || words::STRONG_IO.contains(&squashed.as_str())
        || (receiver.is_empty() || matches!(call.receiver.as_str(), "s" | "self" | "this" | "h" | "r" | "c"))
            && name.len() >= 2
            && name.first().is_some_and(|verb| {
                matches!(verb.as_str(), "fetch" | "load" | "query" | "lookup" | "find" | "send" | "request")
            })
}

/// The first call whose name is one of `names` when squashed to lower case.
pub(super) fn call_named<'c>(calls: &'c [Call], names: &[&str]) -> Option<&'c Call> {
    calls.iter().find(|call| {
        let squashed = words::squashed(&call.name);
        let first = words::split_words(&call.name).into_iter().next().unwrap_or_default();
        names.contains(&squashed.as_str()) || names.contains(&first.as_str())
    })
}
