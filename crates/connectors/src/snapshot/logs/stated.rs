//! Counts that a snapshot states itself: `patterns.json`.

use std::cmp::Reverse;

use midwatch_analysis::logs::{LogLevel, LogPattern, LogPatterns, StatedCounts};
use midwatch_model::content_hash;

use super::super::classify::FileKind;
use super::super::damage::DamageLog;
use super::super::keys::{pick_number, pick_text};
use super::super::read::cut;
use super::super::records;
use super::super::scan::SnapshotFile;

/// Stated patterns that are read; further ones are damage.
const PATTERNS_MAX: usize = 10_000;
/// Words of a signature or a message that are compared.
const WORDS_MAX: usize = 128;

/// One row of `patterns.json`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::snapshot) struct StatedPattern {
    /// Text with placeholders such as `<N>`.
    pub(in crate::snapshot) signature: String,
    /// Name of the entity; empty when the row names none.
    pub(in crate::snapshot) entity: String,
    /// Level, if the row has one.
    pub(in crate::snapshot) level: LogLevel,
    /// The counts.
    pub(in crate::snapshot) counts: StatedCounts,
}

/// Reads every file of stated patterns.
pub(in crate::snapshot) fn read(files: &[SnapshotFile], damage: &mut DamageLog) -> Vec<StatedPattern> {
    let mut stated = Vec::new();
    for file in files.iter().filter(|file| file.kind == FileKind::LogPatterns) {
        records::for_each(file, damage, |record, damage| {
            let line = record.line;
            for (_, _, object) in
                records::objects(record, &["signature", "pattern", "template"], file, damage)
            {
                if stated.len() >= PATTERNS_MAX {
                    damage.row(&file.relative, line, "more stated patterns than the limit of 10,000");
                    continue;
                }
                match pattern_of(&object) {
                    Some(pattern) => stated.push(pattern),
                    None => damage.row(&file.relative, line, "a pattern without a signature or a count"),
                }
            }
        });
    }
    stated
}

fn pattern_of(object: &serde_json::Map<String, serde_json::Value>) -> Option<StatedPattern> {
    let signature = pick_text(object, &["signature", "pattern", "template", "message"])?;
    let count = pick_number(object, &["count", "total", "occurrences"]).filter(|count| *count >= 0.0)?;
    let baseline = pick_number(object, &["baseline", "baselinecount"]).or_else(|| {
        let delta = pick_text(object, &["deltavsbaseline", "delta"])?;
        let delta: f64 = delta.trim().trim_start_matches('+').replace(',', "").parse().ok()?;
        Some(count - delta)
    });
    let level = pick_text(object, &["level", "severity", "severitytext"]);
    Some(StatedPattern {
        signature: cut(&signature, 4096).to_owned(),
        entity: pick_text(object, &["service", "servicename", "entity", "app", "component"])
            .unwrap_or_default(),
        level: level.map_or(LogLevel::Unknown, |word| LogLevel::parse(&word)),
        // Without a baseline the count is taken for the usual one: nothing is claimed to have changed.
        counts: StatedCounts { count: count as u64, baseline: baseline.unwrap_or(count).max(0.0) as u64 },
    })
}

/// Puts stated counts on the mined patterns they speak of; those that match none become patterns of their own,
/// without lines.
pub(in crate::snapshot) fn attach(stated: &[StatedPattern], patterns: &mut LogPatterns) {
    for row in stated {
        let words = words_of(&row.signature);
        let of_row = |pattern: &LogPattern| {
            pattern.stated.is_none()
                && (pattern.entity == row.entity || row.entity.is_empty())
                && (row.level == LogLevel::Unknown || row.level == pattern.level)
        };
        // A signature that is the whole message comes before one that is only its beginning.
        let best = [Extent::Whole, Extent::Beginning].into_iter().find_map(|extent| {
            let fits =
                |(_, pattern): &(usize, &LogPattern)| of_row(pattern) && matches(&words, pattern, extent);
            let fitting = patterns.patterns.iter().enumerate().filter(fits);
            // Of equals the first one, in their order.
            fitting.max_by_key(|(place, pattern)| (pattern.total, Reverse(*place))).map(|(place, _)| place)
        });
        match best.and_then(|place| patterns.patterns.get_mut(place)) {
            Some(pattern) => pattern.stated = Some(row.counts),
            None => patterns.patterns.push(LogPattern {
                id: content_hash(&[&row.signature]),
                template: row.signature.clone(),
                entity: row.entity.clone(),
                level: row.level,
                total: 0,
                bins: Vec::new(),
                stated: Some(row.counts),
                exemplars: Vec::new(),
            }),
        }
    }
    patterns
        .patterns
        .sort_by(|a, b| (&a.entity, &a.template, a.level).cmp(&(&b.entity, &b.template, b.level)));
}

/// How much of a message a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it.
    Whole,
    /// Its beginning, at least [`BEGINNING_WORDS_MIN`] words.
    Beginning,
}

/// Exact words that the beginning of a message must share with a signature.
const BEGINNING_WORDS_MIN: usize = 3;

/// The words of a text without the punctuation at their ends: what is compared of it.
fn words_of(text: &str) -> Vec<Word<'_>> {
    let bare = |word: &'_ str| -> usize { word.trim_end_matches([',', ';', ':']).len() };
    text.split_whitespace()
        .take(WORDS_MAX)
        .map(|word| Word::of(word.get(..bare(word)).unwrap_or(word)))
        .collect()
}

/// A word with what stands before its first and after its last placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word<'t> {
    Exact(&'t str),
    Open { head: &'t str, tail: &'t str },
}

impl<'t> Word<'t> {
    fn of(word: &'t str) -> Word<'t> {
        if let Some(at) = word.find("...") {
            let (head, tail) = (word.get(..at), word.get(at + 3..));
            return Word::Open { head: head.unwrap_or_default(), tail: tail.unwrap_or_default() };
        }
        let (Some(open), Some(close)) = (word.find('<'), word.rfind('>')) else { return Word::Exact(word) };
        if close < open {
            return Word::Exact(word);
        }
        Word::Open {
            head: word.get(..open).unwrap_or_default(),
            tail: word.get(close + 1..).unwrap_or_default(),
        }
    }

    /// Whether both may stand for one word.
    fn agrees(self, other: Word<'_>) -> bool {
        let fits = |head: &str, tail: &str, word: &str| {
            word.len() >= head.len() + tail.len() && word.starts_with(head) && word.ends_with(tail)
        };
        match (self, other) {
            (Word::Exact(a), Word::Exact(b)) => a == b,
            (Word::Open { head, tail }, Word::Exact(word))
            | (Word::Exact(word), Word::Open { head, tail }) => fits(head, tail, word),
            (Word::Open { head: a, tail: x }, Word::Open { head: b, tail: y }) => {
                (a.starts_with(b) || b.starts_with(a)) && (x.ends_with(y) || y.ends_with(x))
            }
        }
    }
}

/// Whether the signature matches the template or a line of the pattern, word by word. At least half of the words must
/// be exact, so that a template of placeholders matches nothing by accident.
fn matches(signature: &[Word<'_>], pattern: &LogPattern, extent: Extent) -> bool {
    let against = |text: &str| {
        let words = words_of(text);
        let exact =
            signature.iter().filter(|word| matches!(word, Word::Exact(_)) && words.contains(word)).count();
        let least = match extent {
            Extent::Whole => 1,
            Extent::Beginning => BEGINNING_WORDS_MIN,
        };
        exact * 2 >= signature.len() && exact >= least && sequence(signature, &words, extent)
    };
    against(&pattern.template) || pattern.exemplars.iter().any(|line| against(&line.body))
}

/// Matches two sequences in which an open word without head and tail stands for one word or more (greedy glob with one
/// point of return, so linear times the length of the text).
fn sequence(signature: &[Word<'_>], text: &[Word<'_>], extent: Extent) -> bool {
    let any =
        |word: &Word<'_>| matches!(word, Word::Open { head, tail } if head.is_empty() && tail.is_empty());
    let (mut at, mut in_text) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while in_text < text.len() {
        if at == signature.len() && extent == Extent::Beginning {
            return true;
        }
        let agrees = match (signature.get(at), text.get(in_text)) {
            (Some(a), Some(b)) => a.agrees(*b),
            _ => false,
        };
        if agrees {
            if signature.get(at).is_some_and(any) {
                back = Some((at, in_text));
            }
            at += 1;
            in_text += 1;
        } else if let Some((open_at, taken)) = back {
            back = Some((open_at, taken + 1));
            at = open_at + 1;
            in_text = taken + 2;
            if in_text > text.len() {
                return false;
            }
        } else {
            return false;
        }
    }
    at == signature.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(entity: &str, template: &str, line: &str) -> LogPattern {
        let exemplar = midwatch_analysis::logs::Exemplar {
            time_ns: None,
            body: line.to_owned(),
            fields: Default::default(),
            link: None,
        };
        LogPattern {
            id: content_hash(&[template]),
            template: template.to_owned(),
            entity: entity.to_owned(),
            level: LogLevel::Warn,
            total: 2,
            bins: vec![(0, 2)],
            stated: None,
            exemplars: vec![exemplar],
        }
    }

    fn stated(entity: &str, signature: &str) -> StatedPattern {
        let counts = StatedCounts { count: 10, baseline: 2 };
        StatedPattern { signature: signature.into(), entity: entity.into(), level: LogLevel::Unknown, counts }
    }

    #[test]
    fn counts_go_to_the_pattern_they_speak_of() {
        let mined =
            pattern("svc-a", "call to svc-b timed out after <*>", "call to svc-b timed out after 300ms");
        for (signature, entity, attached) in [
            ("call to svc-b timed out after <N>ms", "svc-a", true),
            ("call to <HOST> timed out after <N>ms", "svc-a", true),
            ("call to ... after <N>ms", "svc-a", true),
            ("call to svc-b timed out;", "svc-a", true),
            ("call to", "svc-a", false),
            ("to svc-b timed out", "svc-a", false),
            ("call to svc-b timed out after <N>ms", "svc-b", false),
            ("call to svc-c timed out after <N>ms", "svc-a", false),
            ("<A> <B> <C> <D> <E> <F> <G>", "svc-a", false),
        ] {
            let mut patterns = LogPatterns { patterns: vec![mined.clone()], ..LogPatterns::default() };
            attach(&[stated(entity, signature)], &mut patterns);
            let on_mined =
                patterns.patterns.iter().any(|pattern| pattern.total == 2 && pattern.stated.is_some());
            assert_eq!(on_mined, attached, "{signature}");
            assert_eq!(patterns.patterns.len(), if attached { 1 } else { 2 }, "{signature}");
        }
    }

    #[test]
    fn the_whole_message_comes_before_a_beginning() {
        let longer = LogPattern {
            total: 90,
            ..pattern("svc-a", "pool is full again today", "pool is full again today")
        };
        let whole = pattern("svc-a", "pool is full", "pool is full");
        let mut patterns = LogPatterns { patterns: vec![whole, longer], ..LogPatterns::default() };
        attach(&[stated("svc-a", "pool is full")], &mut patterns);
        assert_eq!(patterns.patterns[0].stated.map(|stated| stated.count), Some(10));
        assert_eq!(patterns.patterns[1].stated, None);
    }

    #[test]
    fn a_change_against_the_baseline_gives_the_baseline() {
        let object = serde_json::json!({"signature": "x", "count": 18, "delta_vs_baseline": "+18"});
        let row = pattern_of(object.as_object().unwrap()).unwrap();
        assert_eq!(row.counts, StatedCounts { count: 18, baseline: 0 });
        let object = serde_json::json!({"signature": "x", "count": 5, "delta_vs_baseline": "-7"});
        assert_eq!(pattern_of(object.as_object().unwrap()).unwrap().counts.baseline, 12);
    }
}
