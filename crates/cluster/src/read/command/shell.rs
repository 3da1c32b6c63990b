//! A line for a shell, taken apart: commands, their words, and where their output goes.
//!
//! Source: *Shell Command Language* of POSIX.1-2017 (token recognition, redirection, lists and pipelines), as far as
//! lines that people paste need it. Nothing is expanded: `$(…)` and variables stay words.

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Simple {
    /// Its words, without quotes and redirections.
    pub words: Vec<String>,
    /// Another program stands behind it that may keep parts of its output, or the output went to a file.
    pub is_cut: bool,
    /// Its errors were thrown away.
    pub hides_errors: bool,
}

/// Programs that pass on all they get.
const PASSING: [&str; 5] = ["cat", "tee", "less", "more", "nl"];
/// How deep commands inside quotes of commands are looked into.
const DEPTH_MAX: u32 = 3;

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `;`, `&`, `&&`, `||` or a line break.
    Next,
    Pipe,
    /// The output goes elsewhere, or the errors do.
    OutputGone,
    ErrorsGone,
}

/// The commands of a line, in order; of a pipeline only the first.
pub(super) fn commands(line: &str) -> Vec<Simple> {
    commands_at(line, 0)
}

fn commands_at(line: &str, depth: u32) -> Vec<Simple> {
    let mut found: Vec<Simple> = Vec::new();
    let mut own = Simple::default();
    // What a program behind a pipe is told is nothing to us; only which program it is.
    let (mut is_program, mut is_filter) = (false, false);
    for token in tokens(line).into_iter().chain([Token::Next]) {
        match token {
            Token::Word(word) if is_program => {
                own.is_cut |= !PASSING.contains(&base(&word));
                is_program = false;
            }
            Token::Word(word) if !is_filter => own.words.push(word),
            Token::Word(_) => {}
            Token::OutputGone => own.is_cut = true,
            Token::ErrorsGone => own.hides_errors |= !is_filter,
            Token::Pipe => (is_program, is_filter) = (true, true),
            Token::Next => {
                (is_program, is_filter) = (false, false);
                found.push(std::mem::take(&mut own));
            }
        }
    }
    found.retain(|simple| !simple.words.is_empty());
    if depth < DEPTH_MAX {
        found.into_iter().flat_map(|simple| inner(simple, depth)).collect()
    } else {
        found
    }
}

/// A command whose last part is itself a line for a shell: `ssh node 'systemctl status kubelet'`, `sh -c "nc -z a 80"`.
/// What stands before it stays with the first of the inner commands.
fn inner(simple: Simple, depth: u32) -> Vec<Simple> {
    let is_shell = |word: &String| matches!(base(word), "sh" | "bash" | "ash" | "dash" | "zsh");
    let at = simple.words.iter().enumerate().position(|(at, word)| {
        let before = simple.words.get(..at).unwrap_or_default();
        let is_script = before.last().is_some_and(|flag| flag.starts_with('-') && flag.ends_with('c'))
            && before.iter().any(is_shell);
        word.contains(' ') && (is_script || before.iter().any(|word| word == "ssh"))
    });
    let Some(at) = at else { return vec![simple] };
    let mut commands = commands_at(simple.words.get(at).map_or("", String::as_str), depth + 1);
    let before = simple.words.get(..at).unwrap_or_default();
    for command in &mut commands {
        command.words.splice(0..0, before.iter().cloned());
        command.is_cut |= simple.is_cut;
        command.hides_errors |= simple.hides_errors;
    }
    commands
}

/// The name of a program, without its folder.
pub(super) fn base(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                while let Some(inner) = chars.next().filter(|inner| *inner != c) {
                    match (inner, c, chars.peek()) {
                        ('\\', '"', Some('"' | '\\' | '$')) => word.extend(chars.next()),
                        _ => word.push(inner),
                    }
                }
            }
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            '$' if chars.peek() == Some(&'(') => {
                let word = word.get_or_insert_default();
                word.push(c);
                let mut depth = 0_u32;
                for inner in chars.by_ref() {
                    word.push(inner);
                    depth = match inner {
                        '(' => depth + 1,
                        ')' => depth - 1,
                        _ => depth,
                    };
                    if depth == 0 {
                        break;
                    }
                }
            }
            '`' => {
                let word = word.get_or_insert_default();
                word.push_str("$(");
                word.extend(chars.by_ref().take_while(|inner| *inner != '`'));
            }
            '|' | ';' | '\n' | '&' | '<' | '>' | ' ' | '\t' | '\r' => {
                let number = word.take_if(|word| {
                    matches!(c, '<' | '>')
                        && !word.is_empty()
                        && word.bytes().all(|byte| byte.is_ascii_digit())
                });
                tokens.extend(word.take().map(Token::Word));
                operator(c, number.as_deref(), &mut chars, &mut tokens);
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    tokens.extend(word.map(Token::Word));
    tokens
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// An operator that begins with `c`; redirections take their target with them.
fn operator(c: char, number: Option<&str>, chars: &mut Chars<'_>, tokens: &mut Vec<Token>) {
    match c {
        '|' if chars.next_if_eq(&'|').is_some() => tokens.push(Token::Next),
        '|' => {
            chars.next_if_eq(&'&');
            tokens.push(Token::Pipe);
        }
        '&' if chars.next_if_eq(&'>').is_some() => {
            chars.next_if_eq(&'>');
            target(chars);
            tokens.push(Token::OutputGone);
        }
        '&' => {
            chars.next_if_eq(&'&');
            tokens.push(Token::Next);
        }
        ';' | '\n' => tokens.push(Token::Next),
        '<' => {
            while chars.next_if(|next| matches!(next, '<' | '&' | '-')).is_some() {}
            target(chars);
        }
        '>' => {
            let is_copy = chars.next_if(|next| matches!(next, '>' | '&' | '|')) == Some('&');
            let target = target(chars);
            match number {
                Some("2") if is_copy => {}
                Some("2") => tokens.push(Token::ErrorsGone),
                _ if is_copy && target == "1" => {}
                _ => tokens.push(Token::OutputGone),
            }
        }
        _ => {}
    }
}

/// The word behind a redirection.
fn target(chars: &mut Chars<'_>) -> String {
    while chars.next_if(|next| matches!(next, ' ' | '\t')).is_some() {}
    let mut target = String::new();
    while let Some(next) =
        chars.next_if(|next| !next.is_whitespace() && !matches!(next, '|' | ';' | '&' | '<' | '>'))
    {
        target.push(next);
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of each command; `!` behind them: cut; `?`: without errors.
    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let found: Vec<String> = commands(line)
            .into_iter()
            .map(|simple| {
                let marks = format!(
                    "{}{}",
                    ["", "!"][usize::from(simple.is_cut)],
                    ["", "?"][usize::from(simple.hides_errors)]
                );
                format!("{}{marks}", simple.words.join("·"))
            })
            .collect();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn redirections_and_pipes_are_no_words() {
        check("kubectl get pods 2>&1", &["kubectl·get·pods"]);
        check("kubectl get pods 2>/dev/null", &["kubectl·get·pods?"]);
        check("kubectl get pods 2> /dev/null|head -5", &["kubectl·get·pods!?"]);
        check("kubectl get pods > pods.txt 2>&1", &["kubectl·get·pods!"]);
        check("kubectl get pods &> x", &["kubectl·get·pods!"]);
        check("kubectl get pods|grep -v Running", &["kubectl·get·pods!"]);
        check("kubectl get pods | tee pods.txt", &["kubectl·get·pods"]);
        check("kubectl get pods | grep a | tee x", &["kubectl·get·pods!"]);
        check("kubectl get pods || true", &["kubectl·get·pods", "true"]);
        check("cd x && kubectl get po;date", &["cd·x", "kubectl·get·po", "date"]);
        check("kubectl get pods 1>&2 & wait", &["kubectl·get·pods!", "wait"]);
        check("kubectl apply -f - <<EOF", &["kubectl·apply·-f·-"]);
    }

    #[test]
    fn quotes_keep_words_together() {
        check("kubectl get po -l 'app in (a,b)' -o json", &["kubectl·get·po·-l·app in (a,b)·-o·json"]);
        check("kubectl get po -o=jsonpath='{.items[*]}'\"|\"", &["kubectl·get·po·-o=jsonpath={.items[*]}|"]);
        check(
            "kubectl logs $(kubectl get po -o name | head -1) -n a",
            &["kubectl·logs·$(kubectl get po -o name | head -1)·-n·a"],
        );
        check("kubectl get \\\n pods", &["kubectl·get·pods"]);
        check("kubectl get 'pods", &["kubectl·get·pods"]);
        check("a \"b \\\"c\\\" d\"", &["a·b \"c\" d"]);
        check("", &[]);
        check("|;&&>", &[]);
    }

    #[test]
    fn commands_inside_quotes_are_commands() {
        check(
            "ssh node-1 'sudo systemctl status kubelet | head'",
            &["ssh·node-1·sudo·systemctl·status·kubelet!"],
        );
        check(
            "kubectl exec web-1 -n a -- sh -c \"nc -zv db 5432 2>&1\"",
            &["kubectl·exec·web-1·-n·a·--·sh·-c·nc·-zv·db·5432"],
        );
    }
}
