//! What every fault must keep, whatever it is about: it quotes only what was captured, and its commands can be run.

use midwatch_cluster::{Fault, Picture};

/// Commands that look at the whole cluster or at what has no namespace.
const WITHOUT_NAMESPACE: [&str; 15] = [
    "get nodes",
    "get csinodes",
    "get storageclass",
    "taint node",
    "label node",
    "uncordon",
    "drain",
    "top nodes",
    "create priorityclass",
    "describe node",
    "describe persistentvolume",
    "edit node",
    "edit validatingwebhookconfiguration",
    "edit mutatingwebhookconfiguration",
    "describe storageclass",
];

/// Everything about the faults that does not hold, in sentences; `texts` is what was captured.
pub fn wrongs(picture: &Picture, texts: &[&str], faults: &[Fault]) -> Vec<String> {
    let texts: Vec<String> = texts.iter().map(|text| plain(text)).collect();
    let mut wrongs = Vec::new();
    for fault in faults {
        let mut wrong = |what: String| wrongs.push(format!("{} {}: {what}", fault.kind, fault.object));
        if fault.facts.is_empty() || fault.summary.is_empty() {
            wrong("no fact or no summary".to_owned());
        }
        for fact in &fault.facts {
            let is_held = fact.quote.split('…').all(|part| {
                let part = plain(part);
                texts.iter().any(|text| text.contains(&part))
            });
            if !is_held {
                wrong(format!("nothing captured holds {:?} ({})", fact.quote, fact.statement));
            }
            if fact.statement.is_empty() || fact.is_worked_out() != fact.quote.is_empty() {
                wrong(format!("a fact without words: {fact:?}"));
            }
        }
        let commands: Vec<&str> = fault.remedy.split('`').skip(1).step_by(2).collect();
        if commands.is_empty() || fault.remedy.matches('`').count() % 2 == 1 {
            wrong(format!("no command in {:?}", fault.remedy));
        }
        for command in commands {
            if let Err(why) = runnable(command) {
                wrong(format!("{why} in {command:?}"));
            }
        }
    }
    assert!(!picture.pods.is_empty() || faults.is_empty() || !texts.is_empty());
    wrongs
}

/// White space of any sort and amount as one blank.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn runnable(command: &str) -> Result<(), String> {
    let words = words(command)?;
    if words.iter().any(String::is_empty) || command.contains('…') {
        return Err("an empty word or something left out".to_owned());
    }
    match words.first().map(String::as_str) {
        Some("ssh") if words.len() > 2 => return Ok(()),
        Some("kubectl") if words.len() > 2 => {}
        _ => return Err("no tool that is known".to_owned()),
    }
    let said = words.get(1..).unwrap_or_default().join(" ");
    let namespace = words.iter().position(|word| word == "-n").and_then(|at| words.get(at + 1));
    let is_placed = namespace.is_some_and(|namespace| !namespace.is_empty() && !namespace.starts_with('-'));
    let is_wide = words.iter().any(|word| word == "-A");
    if !is_placed && !is_wide && !WITHOUT_NAMESPACE.iter().any(|start| said.starts_with(start)) {
        return Err("no namespace".to_owned());
    }
    Ok(())
}

/// Words as a POSIX shell reads them; what it would do more with than read is an error. Placeholders are words.
fn words(command: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' => words.extend(word.take()),
            '\'' => {
                let open = word.get_or_insert_default();
                loop {
                    match rest.next() {
                        Some('\'') => break,
                        Some(c) => open.push(c),
                        None => return Err("a quotation that does not end".to_owned()),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(rest.next()),
            ';' | '&' | '|' | '$' | '(' | ')' | '*' | '?' | '#' | '~' | '"' | '\n' => {
                return Err(format!("a bare {c:?}"));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[test]
fn shells_read_words() {
    assert_eq!(words("a 'b c' d\\'e ''").unwrap(), ["a", "b c", "d'e", ""]);
    assert!(words("a; b").is_err() && words("'a").is_err() && words("$(a)").is_err());
    assert!(runnable("kubectl logs web -n shop").is_ok());
    assert!(runnable("kubectl logs web").is_err() && runnable("kubectl logs web -n ''").is_err());
    assert!(runnable("reboot now please").is_err());
}
