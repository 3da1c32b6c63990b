//! The version a program states when it starts: `svc-a 1.2.3 listening on :80`, `svc-a/1.2.3`, `version 1.2.3`.

use crate::board::squash;

/// Words at the head of a line among which the name and the version must stand: further behind they are what a request
/// said, not the program.
const WORDS_MAX: usize = 6;

/// The version that a line of `entity` states as the program's own, without a leading `v`.
pub(super) fn stated<'t>(line: &'t str, entity: &str) -> Option<&'t str> {
    let own = squash(entity);
    let words: Vec<&str> = line.split_whitespace().take(WORDS_MAX).collect();
    let names_itself = |word: &str| !own.is_empty() && squash(word) == own;
    for (index, word) in words.iter().enumerate() {
        if let Some((name, rest)) = word.split_once(['/', '@', ':'])
            && names_itself(name)
            && let Some(version) = version(rest)
        {
            return Some(version);
        }
        let introduces =
            names_itself(word) || word.trim_end_matches([':', '=']).eq_ignore_ascii_case("version");
        if introduces && let Some(version) = words.get(index + 1).and_then(|next| version(next)) {
            return Some(version);
        }
    }
    None
}

/// The word as a version of at least two numbers, when it is one.
fn version(word: &str) -> Option<&str> {
    let word = word.trim_matches(['(', ')', ',', ';', '"', '\'', '[', ']', ':']);
    let word = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let mut parts = word.split('.');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let two = parts.next().is_some_and(number)
        && parts.next().is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    // An address has four numbers, and a duration ends in a letter.
    let last = word.rsplit('.').next().unwrap_or_default();
    let whole = word.split('.').count() > 2 || number(last);
    let address = word.split('.').count() == 4 && word.split('.').all(number);
    (two && whole && !address && word.len() <= 40).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_behind_the_programs_own_name() {
        for (line, found) in [
            ("svc-a 1.2.3 listening on :8080", Some("1.2.3")),
            ("svc_a v1.2.3-rc1 ready", Some("1.2.3-rc1")),
            ("starting svc-a/2.10 (build 7)", Some("2.10")),
            ("starting, version: 4.0.1", Some("4.0.1")),
            ("GET /x 200 from agent/5.1", None),
            ("svc-b 1.2.3 is not what we are", None),
            ("svc-a 10.0.0.7 joined", None),
            ("svc-a 2.1s passed", None),
            ("a b c d e f svc-a 1.2.3", None),
            ("svc-a", None),
        ] {
            assert_eq!(stated(line, "svc-a"), found, "{line}");
        }
    }
}
