//! Which known entities a message names as the other side of a call.

/// Bytes of a text that are read.
const TEXT_BYTES_MAX: usize = 8_192;
/// Words looked at before and after a name for what it did.
const WORDS_AROUND: usize = 4;

/// Words before a name that make it the far end.
const BEFORE: [&str; 52] = [
    "upstream",
    "downstream",
    "to",
    "from",
    "calling",
    "call",
    "called",
    "via",
    "dial",
    "tcp",
    "udp",
    "dependency",
    "connect",
    "connecting",
    "reach",
    "reaching",
    "contacting",
    "requesting",
    "request",
    "post",
    "get",
    "put",
    "delete",
    "patch",
    "http",
    "https",
    "grpc",
    "peer",
    "host",
    "server",
    "backend",
    "endpoint",
    "service",
    "cluster",
    "proxy",
    "client",
    "remote",
    "lookup",
    "resolve",
    "target",
    "against",
    "with",
    "by",
    "at",
    "waiting",
    "for",
    "on",
    "amqp",
    "redis",
    "address",
    "origin",
    "provider",
];
/// Words after a name that make it the far end.
const AFTER: [&str; 24] = [
    "returned",
    "responded",
    "replied",
    "answered",
    "refused",
    "unavailable",
    "failed",
    "timed",
    "timeout",
    "rejected",
    "reset",
    "closed",
    "unreachable",
    "down",
    "request",
    "call",
    "is",
    "did",
    "not",
    "error",
    "errored",
    "returns",
    "throttled",
    "host",
];

/// Places in `known_entities` of those that `text` names as upstream or peer (`upstream svc-a returned 503`,
/// `dial tcp svc-c:8080`), each once, in order of first mention.
///
/// A name matches as a whole token whatever its case, `-`, `_` and `.` standing for each other; the first label of a
/// longer host name matches too (`svc-c.prod.svc.cluster.local`), and any label of the host of a URL
/// (`https://api.svc-c.example/v2`). Where two known names overlap the longer wins. A
/// name counts when a word near it makes it a far end, or when it is part of an address (`//svc-b/`, `svc-b:80`).
/// Reads the first 8 KiB.
pub fn peers_named(text: &str, known_entities: &[&str]) -> Vec<usize> {
    let written = super::mask::cut(text, TEXT_BYTES_MAX);
    let text = fold(written);
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (place, name) in known_entities.iter().enumerate() {
        let name = fold(name.trim());
        if name.len() < 2 || !name.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            continue;
        }
        let mut from = 0;
        while let Some(offset) =
            memchr::memmem::find(text.get(from..).unwrap_or("").as_bytes(), name.as_bytes())
        {
            let (start, end) = (from + offset, from + offset + name.len());
            from = start + 1;
            while !text.is_char_boundary(from) {
                from += 1;
            }
            let far = is_token(&text, start, end) && is_far_end(&text, start, end);
            if far || is_label_of_address(written, start, end) {
                found.push((start, end, place));
                break;
            }
        }
    }
    let longest = |&(start, end, _): &(usize, usize, usize)| {
        !found.iter().any(|&(from, until, _)| from <= start && end <= until && until - from > end - start)
    };
    let mut kept: Vec<(usize, usize, usize)> = found.iter().copied().filter(longest).collect();
    kept.sort_unstable();
    kept.into_iter().map(|(_, _, place)| place).collect()
}

/// Lower case with one mark for `-`, `_` and `.`; the length in bytes stays.
fn fold(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn is_token(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|at| bytes.get(at));
    let open = before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-' && *byte < 0x80);
    // `svc-c.prod.svc` and `svc-c.` go on after the name, `svc-c-canary` is another name: both read `-` when folded,
    // so what follows a mark must not be longer than a host name's further labels allow.
    let close = match bytes.get(end) {
        None => true,
        Some(b'-') => is_host_tail(&text[end..]),
        Some(byte) => !byte.is_ascii_alphanumeric() && *byte < 0x80,
    };
    open && close
}

/// Whether the text from `start` to `end` is a whole label of the host in a URL.
fn is_label_of_address(written: &str, start: usize, end: usize) -> bool {
    let (Some(before), Some(after)) = (written.get(..start), written.get(end..)) else { return false };
    let Some(scheme) = before.rfind("://") else { return false };
    let host = &before[scheme + 3..];
    let inside = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@'));
    let opens = host.is_empty() || host.ends_with(['.', '@']);
    inside && opens && (after.is_empty() || after.starts_with(['.', ':', '/', '"', '\'', ' ']))
}

/// Whether folded text after a name is the rest of a host name or the end of a sentence.
fn is_host_tail(rest: &str) -> bool {
    let label = rest[1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    label.is_empty() || rest.contains("-svc") || rest.contains("-local") || rest.contains("-internal")
}

fn is_far_end(text: &str, start: usize, end: usize) -> bool {
    let before = &text[..start];
    let after = &text[end..];
    if before.ends_with("//") || before.ends_with('@') || is_port(after) {
        return true;
    }
    let word = |c: char| !c.is_ascii_alphanumeric();
    before.rsplit(word).filter(|word| !word.is_empty()).take(WORDS_AROUND).any(|word| BEFORE.contains(&word))
        || after.split(word).filter(|word| !word.is_empty()).take(2).any(|word| AFTER.contains(&word))
}

fn is_port(after: &str) -> bool {
    after.strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["svc-a", "svc_b", "svc-c", "svc-c-canary", "db", "svc-ab"];

    #[test]
    fn a_label_of_the_host_in_a_url_names_the_other_side() {
        assert_eq!(named("charge failed: POST https://api.svc-a.example/v2 gave 502"), ["svc-a"]);
        assert_eq!(named("see https://docs.example/svc-a-guide"), Vec::<&str>::new());
        assert_eq!(named("at https://api.svc-c-canary.example/"), ["svc-c-canary"]);
    }

    fn named(text: &str) -> Vec<&'static str> {
        peers_named(text, &KNOWN).into_iter().map(|place| KNOWN[place]).collect()
    }

    #[test]
    fn far_ends_are_named_and_others_are_not() {
        let cases: [(&str, &[&str]); 14] = [
            ("upstream svc-a returned 503", &["svc-a"]),
            ("call to svc-b failed after 3 tries", &["svc_b"]),
            ("dial tcp svc-c:8080: connection refused", &["svc-c"]),
            ("dial tcp: lookup svc-c.prod.svc.cluster.local: no such host", &["svc-c"]),
            ("POST http://svc_b/charge 500", &["svc_b"]),
            ("failed to reach SVC-A, then svc-ab", &["svc-a", "svc-ab"]),
            ("request to svc-c-canary timed out", &["svc-c-canary"]),
            ("could not connect to svc-a.", &["svc-a"]),
            ("svc-b responded with 429", &["svc_b"]),
            ("the debug option is on", &[]),
            ("loaded svc-a plugin", &[]),
            ("connect to svc-abc failed", &[]),
            ("connect to my-svc-a failed", &[]),
            ("connect to postgres://user@db/orders failed", &["db"]),
        ];
        for (text, expected) in cases {
            assert_eq!(named(text), expected, "{text}");
        }
    }

    #[test]
    fn odd_text_is_no_trouble() {
        assert!(peers_named("to \u{e9}svc-a\u{e9} \u{1F600}", &KNOWN).is_empty());
        assert!(peers_named("to svc-a", &["", "-", "1"]).is_empty());
    }
}
