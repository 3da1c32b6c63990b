//! Which masked texts are one template: the part of mining that looks at all texts together.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::mask::{HOLE, is_separator, is_space};

/// A word or separator of a masked text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token<'t> {
    /// The word, or one separator.
    pub(super) text: &'t str,
    /// Whether white space stood before it.
    pub(super) spaced: bool,
}

/// Words and separators of masked text.
pub(super) fn tokens_of(masked: &str) -> Vec<Token<'_>> {
    let bytes = masked.as_bytes();
    let mut tokens = Vec::with_capacity(bytes.len() / 5 + 1);
    let (mut at, mut spaced) = (0, false);
    let space = |byte: u8| is_space(byte) && byte != HOLE as u8;
    while at < bytes.len() {
        if space(bytes[at]) {
            spaced = true;
            at += 1;
            continue;
        }
        let mut end = at + 1;
        if !is_separator(bytes[at]) {
            while end < bytes.len() && !space(bytes[end]) && !is_separator(bytes[end]) {
                end += 1;
            }
        }
        if is_host_port(&tokens, bytes, at) {
            // `name.domain:80` and `file.rs:12` are one value, as `10.0.0.1:80` is after masking.
            if let Some(host) = tokens.len().checked_sub(1).and_then(|last| tokens.get_mut(last)) {
                let start = at - host.text.len();
                let end = at + 2;
                host.text = masked.get(start..end).unwrap_or("");
                at = end;
                continue;
            }
        }
        tokens.push(Token { text: masked.get(at..end).unwrap_or(""), spaced });
        spaced = false;
        at = end;
    }
    tokens
}

/// Whether the separator at `at` is the colon between a dotted name just read and a masked number.
fn is_host_port(tokens: &[Token<'_>], bytes: &[u8], at: usize) -> bool {
    bytes[at] == b':'
        && at > 0
        && bytes.get(at + 1) == Some(&(HOLE as u8))
        && bytes.get(at + 2).is_none_or(|&next| is_space(next) || is_separator(next))
        && tokens.last().is_some_and(|token| {
            token.text.len() > 2 && token.text.contains('.') && !token.text.ends_with('.')
        })
        && !is_space(bytes[at - 1])
        && !is_separator(bytes[at - 1])
}

#[derive(Debug, Clone)]
struct Entry<'t> {
    tokens: Vec<Token<'t>>,
    rows: Vec<usize>,
}

const HOLE_TEXT: &str = "\u{1}";
/// Different words at one place that make it a place that varies.
const WORDS_NEEDED: usize = 4;
/// The same for the first word, which mostly says what the message is (Drain's assumption).
const WORDS_NEEDED_FIRST: usize = 16;
/// Nouns that are followed by a name.
const NOUNS: [&str; 22] = [
    "user",
    "username",
    "account",
    "host",
    "hostname",
    "server",
    "node",
    "client",
    "peer",
    "device",
    "file",
    "path",
    "directory",
    "domain",
    "email",
    "pod",
    "container",
    "topic",
    "queue",
    "bucket",
    "key",
    "session",
];
const ROUNDS_MAX: usize = 6;

/// Groups of `members` (masked texts, sorted) that are one template each: its masked text and the members' places.
pub(super) fn group(members: &[&str]) -> Vec<(String, Vec<usize>)> {
    let mut entries: Vec<Entry<'_>> = members
        .iter()
        .enumerate()
        .map(|(row, member)| Entry { tokens: tokens_of(member), rows: vec![row] })
        .collect();
    for _ in 0..ROUNDS_MAX {
        let before = entries.len();
        entries = merge_by_key(entries, |entry| Some(soft_key(entry)));
        entries = merge_wrapped(entries);
        entries = merge_single(entries);
        if entries.len() == before {
            break;
        }
    }
    entries.into_iter().map(|entry| (join(&entry.tokens), entry.rows)).collect()
}

/// Joins texts with a bare value to those that have something around it at the same place (`<*>,` and `local(<*>),`):
/// words parted by white space are compared, so the number of tokens may differ.
fn merge_wrapped(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::new();
    for (row, entry) in entries.iter().enumerate() {
        if let Some(key) = wrapped_key(entry) {
            places.entry(key).or_default().push(row);
        }
    }
    let mut into: Vec<Option<usize>> = vec![None; entries.len()];
    for group in places.into_values().filter(|group| group.len() >= 2) {
        if let Some(&bare) = group.iter().find(|&&row| is_bare(&entries[row])) {
            for row in group {
                into[row] = Some(bare);
            }
        }
    }
    let mut kept: Vec<Option<Entry<'_>>> = entries.into_iter().map(Some).collect();
    for row in 0..kept.len() {
        if let Some(target) = into[row].filter(|&target| target != row)
            && let Some(entry) = kept[row].take()
            && let Some(Some(bare)) = kept.get_mut(target)
        {
            bare.rows.extend(entry.rows);
        }
    }
    kept.into_iter().flatten().collect()
}

/// Tokens between two white spaces.
fn chunks<'e, 't>(entry: &'e Entry<'t>) -> impl Iterator<Item = &'e [Token<'t>]> {
    entry.tokens.chunk_by(|_, next| !next.spaced)
}

fn closing<'e>(chunk: &'e [Token<'_>]) -> &'e str {
    chunk.last().map_or("", |token| token.text).trim_start_matches(|c| !matches!(c, ',' | ';' | ':'))
}

/// Equal for texts whose words are equal where they hold no value; `None` with fewer than two such words.
fn wrapped_key(entry: &Entry<'_>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut constant = 0;
    let mut holes = 0;
    for chunk in chunks(entry) {
        let holds = chunk.iter().any(|token| token.text.contains(HOLE));
        if holds && !chunk.iter().any(|token| token.text == "=") {
            holes += 1;
            HOLE_TEXT.hash(&mut hasher);
            closing(chunk).hash(&mut hasher);
        } else {
            constant += usize::from(chunk.iter().any(|token| is_word(token.text)));
            chunk.iter().for_each(|token| token.text.hash(&mut hasher));
            hasher.write_u8(0xfe);
        }
    }
    (constant >= 2 && holes >= 1).then(|| hasher.finish())
}

/// Whether every word that holds a value is the value alone, perhaps with a mark after it.
fn is_bare(entry: &Entry<'_>) -> bool {
    chunks(entry).all(|chunk| {
        let holds = chunk.iter().any(|token| token.text.contains(HOLE));
        !holds || chunk.iter().any(|token| token.text == "=") || {
            chunk[0].text == HOLE_TEXT && chunk.len() == 1 + usize::from(!closing(chunk).is_empty())
        }
    })
}

fn join(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    for token in tokens {
        if token.spaced && !out.is_empty() {
            out.push(' ');
        }
        out.push_str(token.text);
    }
    out
}

fn is_word(text: &str) -> bool {
    text.as_bytes().first().is_some_and(|&byte| !is_separator(byte))
}

/// Whether a word looks like a value: it holds a masked part, or is a path or an address.
fn is_soft(text: &str) -> bool {
    text.contains(HOLE) || (text.len() > 2 && text.contains(['/', '@'])) || is_dotted_name(text)
}

/// Whether a word is a host or package name: small letters, digits and dashes in at least three dotted parts.
fn is_dotted_name(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'.').count() >= 2
        && !text.ends_with('.')
        && !text.contains("..")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

fn soft_key(entry: &Entry<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for token in &entry.tokens {
        if is_soft(token.text) {
            HOLE_TEXT.hash(&mut hasher);
        } else {
            for byte in token.text.bytes() {
                hasher.write_u8(if byte.is_ascii_digit() { b'0' } else { byte });
            }
            hasher.write_u8(0xff);
        }
    }
    hasher.finish()
}

fn merge_by_key<'t>(entries: Vec<Entry<'t>>, key: impl Fn(&Entry<'t>) -> Option<u64>) -> Vec<Entry<'t>> {
    let mut order: Vec<Entry<'t>> = Vec::with_capacity(entries.len());
    let mut places: HashMap<u64, usize> = HashMap::new();
    for entry in entries {
        match key(&entry).map(|key| *places.entry(key).or_insert(order.len())) {
            Some(place) if place < order.len() => absorb(&mut order[place], entry),
            _ => order.push(entry),
        }
    }
    order
}

/// Merges `other` into `entry`: tokens that differ become holes.
fn absorb<'t>(entry: &mut Entry<'t>, other: Entry<'t>) {
    for (mine, theirs) in entry.tokens.iter_mut().zip(&other.tokens) {
        if mine.text != theirs.text {
            mine.text = HOLE_TEXT;
        }
    }
    entry.rows.extend(other.rows);
}

/// How many different words at one place make it a place that varies.
fn words_needed(entries: &[Entry<'_>], group: &[usize], place: usize) -> usize {
    let Some(first) = group.first().and_then(|&first| entries.get(first)) else { return usize::MAX };
    let constant = first
        .tokens
        .iter()
        .enumerate()
        .filter(|(at, token)| *at != place && is_word(token.text) && !token.text.contains(HOLE))
        .count();
    if constant == 0 {
        return usize::MAX;
    }
    let soft = group.iter().any(|&row| is_soft(entries[row].tokens[place].text));
    if soft || named_by_noun(&first.tokens, place) {
        2
    } else if place == 0 {
        WORDS_NEEDED_FIRST
    } else {
        WORDS_NEEDED
    }
}

/// Whether the word at `place` follows a noun that is followed by names (`user <name>`, `host=<name>`).
fn named_by_noun(tokens: &[Token<'_>], place: usize) -> bool {
    let before = tokens.get(..place).unwrap_or_default();
    let noun = match before {
        [.., noun, mark] if matches!(mark.text, ":" | "=" | "'" | "\"" | "[") => noun,
        [.., noun] => noun,
        [] => return false,
    };
    NOUNS.iter().any(|known| noun.text.eq_ignore_ascii_case(known))
}

fn merge_single(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let mut groups: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    for (row, entry) in entries.iter().enumerate() {
        // Hash of all tokens as a sum of hashes by place, so that leaving one out is a subtraction.
        let parts: Vec<u64> = entry
            .tokens
            .iter()
            .enumerate()
            .map(|(at, token)| {
                let mut hasher = DefaultHasher::new();
                (at, token.text).hash(&mut hasher);
                hasher.finish()
            })
            .collect();
        let length = entry.tokens.len() as u64;
        let all = parts.iter().fold(length.rotate_left(32), |sum, part| sum.wrapping_add(*part));
        for (place, part) in parts.iter().enumerate() {
            if is_word(entry.tokens[place].text) {
                groups.entry((place, all.wrapping_sub(*part))).or_default().push(row);
            }
        }
    }
    let mut found: Vec<(usize, usize, Vec<usize>)> = groups
        .into_iter()
        .filter(|(_, group)| group.len() >= 2)
        .filter(|((place, _), group)| group.len() >= words_needed(&entries, group, *place))
        .map(|((place, _), group)| (group.len(), place, group))
        .collect();
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)).then_with(|| a.2.cmp(&b.2)));
    let mut into: Vec<Option<usize>> = vec![None; entries.len()];
    for (_, _, group) in found {
        if group.iter().any(|&row| into[row].is_some()) {
            continue;
        }
        for &row in &group {
            into[row] = Some(group[0]);
        }
    }
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut out: Vec<Entry<'_>> = Vec::with_capacity(entries.len());
    for (row, entry) in entries.into_iter().enumerate() {
        match into[row] {
            Some(target) => match places.get(&target) {
                Some(&place) => absorb(&mut out[place], entry),
                None => {
                    places.insert(target, out.len());
                    out.push(entry);
                }
            },
            None => out.push(entry),
        }
    }
    out
}
