//! Code: what a diff does to behaviour, and what it shares with the symptom.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_analysis::diff::{
    DiffReading, Quantity, TieKind, WeightedWord, frame_touches, parse_quantity, read_diff, ties,
};
use midwatch_model::{
    Answer, Change, ChangeKind, Citation, EvidenceId, FileDiff, FindingKind, Question, QuestionKind, Signal,
};

use super::{Agent, AgentError, AgentSpec, cut};
use crate::board::{Behaviour, Board, Reading, StepAnswer, SymptomWord, TiedTo, squash};
use crate::desk::{Desk, evidence};

/// The agent.
pub(crate) struct CodeAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "code",
    answers: &[QuestionKind::ReadDiff],
    signals: &[Signal::Code],
    calls_max: 16,
    settles: "whether a change does to behaviour what the symptom needs",
};

/// Characters of a diff that are kept as evidence.
const DIFF_CHARACTERS_MAX: usize = 6000;

/// Under what name a setting is read as a diff; it is no file and never shown.
const SETTING_PATH: &str = "settings.yaml";

/// Behaviours and ties kept for each diff.
const KEPT_MAX: usize = 8;

impl Agent for CodeAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        _desk: &'a Desk<'a>,
        board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        std::future::ready(Ok(answer(question, board))).boxed()
    }
}

fn answer(question: &Question, board: &Board) -> StepAnswer {
    let mut result = StepAnswer::default();
    let symptom = Symptom::of(board);
    for id in &question.changes {
        let Some(change) = board.changes.get(id) else { continue };
        let Some(diff) = diff_of(change) else {
            result.readings.extend(flag_reading(change, board, &symptom));
            continue;
        };
        let reading = read_diff(&diff);
        let shown = |file: &FileDiff| match change.commit {
            Some(_) => format!("{}\n{}\n", file.path, file.text),
            None => file.text.clone(),
        };
        let text: String = diff.iter().map(shown).collect();
        let whole = text.chars().count();
        let name = match &change.commit {
            Some(commit) => commit.sha.chars().take(12).collect(),
            None => cut(&change.reference, 80),
        };
        let citation = Citation {
            source: board
                .change_evidence
                .get(id)
                .and_then(|id| board.evidence.get(id))
                .map_or_else(|| "changes".to_owned(), |evidence| evidence.citation.source.clone()),
            signal: Signal::Code,
            query: format!("diff of {name}"),
            window: None,
            link: change.link.clone(),
        };
        let shortened = (whole > DIFF_CHARACTERS_MAX)
            .then(|| format!("{DIFF_CHARACTERS_MAX} of {whole} characters shown"));
        let cited = evidence(
            format!("diff of {name}: {}", cut(&change.title, 80)),
            citation,
            Answer::Text { text: cut(&text, DIFF_CHARACTERS_MAX) },
            shortened.or_else(|| reading.truncated.clone()),
        );
        if let Some(truncated) = &reading.truncated {
            result.truncated.push(format!("diff of {name}: {truncated}"));
        }
        let (ties, ties_total) = symptom.ties(&reading);
        let (behaviours, behaviours_total) = behaviours(&reading);
        for (kept, total, what) in [
            (behaviours.len(), behaviours_total, "kinds of behaviour, weightiest first"),
            (ties.len(), ties_total, "things shared with the symptom, strongest first"),
        ] {
            if kept < total {
                result.truncated.push(format!("diff of {name}: {kept} of {total} {what}"));
            }
        }
        result.readings.push(Reading {
            change: id.clone(),
            behaviours,
            weight: reading.weight,
            inert: reading.inert,
            reason: reading.reason.clone(),
            ties,
            evidence: cited.id.clone(),
        });
        result.queries.push(format!("diff of {name}"));
        result.evidence.push(cited);
    }
    result
}

/// Letters a flag's name needs for its appearance in the symptom to mean anything.
const FLAG_NAME_MIN: usize = 6;

/// What a flag shares with the symptom: its name in a stack frame, a message or an attribute. What it switches is not known.
fn flag_reading(change: &Change, board: &Board, symptom: &Symptom) -> Option<Reading> {
    if change.kind != ChangeKind::Flag {
        return None;
    }
    let name = squash(&change.reference);
    let evidence = board.change_evidence.get(&change.id)?.clone();
    if name.chars().count() < FLAG_NAME_MIN {
        return None;
    }
    let said = |text: &str| squash(text).contains(&name);
    let frame = symptom.frames.iter().find(|(file, _, function, _)| said(file) || said(function));
    let word = symptom.words.iter().find(|word| said(&word.word));
    let tie = match (frame, word) {
        (Some((file, _, function, at)), _) => TiedTo {
            text: format!("its name `{}` and the stack frame {file} {function}", cut(&change.reference, 60)),
            strength: 1.0,
            evidence: vec![at.clone()],
        },
        (None, Some(word)) => TiedTo {
            text: format!("its name `{}` and the word `{}`", cut(&change.reference, 60), cut(&word.word, 60)),
            strength: word.weight.clamp(0.2, 1.0),
            evidence: symptom.where_said.get(&word.word.to_lowercase()).into_iter().cloned().collect(),
        },
        (None, None) => return None,
    };
    Some(Reading {
        change: change.id.clone(),
        behaviours: Vec::new(),
        weight: 0.0,
        inert: false,
        reason: "what the flag switches is not known".to_owned(),
        ties: vec![tie],
        evidence,
    })
}

/// What a diff does, each kind once, and how many kinds there are in all.
fn behaviours(reading: &DiffReading) -> (Vec<Behaviour>, usize) {
    let mut kept: Vec<Behaviour> = Vec::new();
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    for behaviour in &reading.behaviours {
        if !kinds.insert(behaviour.kind) || kept.len() >= KEPT_MAX {
            continue;
        }
        kept.push(Behaviour {
            kind: behaviour.kind.to_owned(),
            weight: behaviour.weight,
            text: cut(&behaviour.summary.replace(&format!(" in {SETTING_PATH}"), ""), 240),
        });
    }
    (kept, kinds.len())
}

/// The diff of a commit, or the one that a setting's before and after make.
fn diff_of(change: &Change) -> Option<Vec<FileDiff>> {
    if let Some(commit) = &change.commit {
        return commit.diff.clone();
    }
    if !matches!(change.kind, ChangeKind::Config | ChangeKind::Scaling) {
        return None;
    }
    let (key, before, after) =
        before_and_after(&change.title).or_else(|| before_and_after(&change.reference))?;
    // The title says `config pool.size of svc-a: 40 → 4; why`: the reference is the key, and why is no part of the value.
    let named = change.title.contains(&change.reference) || key.is_empty();
    let key = if named { change.reference.as_str() } else { key };
    let after = after.split("; ").next().unwrap_or(after);
    Some(vec![FileDiff {
        path: SETTING_PATH.to_owned(),
        text: format!("-{key}: {before}\n+{key}: {after}\n"),
    }])
}

/// `pool.size: 40 -> 4` in its parts; also with `→`, `=>` and `from 40 to 4`.
pub(crate) fn before_and_after(text: &str) -> Option<(&str, &str, &str)> {
    let line = text.lines().find(|line| {
        line.contains("->") || line.contains('→') || line.contains("=>") || line.contains(" from ")
    })?;
    for arrow in ["->", "→", "=>"] {
        if let Some((left, after)) = line.split_once(arrow) {
            let (key, before) = left.rsplit_once([':', '=']).unwrap_or(("", left));
            let (key, before) = if key.is_empty() {
                before.trim().rsplit_once(' ').unwrap_or(("", before))
            } else {
                (key, before)
            };
            return Some((key.trim(), before.trim(), after.trim()));
        }
    }
    let (key, rest) = line.split_once(" from ")?;
    let (before, after) = rest.split_once(" to ")?;
    Some((key.trim(), before.trim(), after.trim()))
}

/// What the symptom says, ready to be matched with diffs.
struct Symptom {
    words: Vec<WeightedWord>,
    numbers: Vec<Quantity>,
    where_said: BTreeMap<String, EvidenceId>,
    frames: Vec<(String, Option<u32>, String, EvidenceId)>,
}

impl Symptom {
    fn of(board: &Board) -> Symptom {
        let mut symptom = Symptom {
            words: Vec::new(),
            numbers: Vec::new(),
            where_said: BTreeMap::new(),
            frames: Vec::new(),
        };
        for SymptomWord { word, weight, evidence } in &board.words {
            symptom.where_said.entry(word.to_lowercase()).or_insert_with(|| evidence.clone());
            if let Some(quantity) =
                parse_quantity(word).filter(|_| word.ends_with(|c: char| c.is_alphabetic() || c == '%'))
            {
                symptom.numbers.push(quantity);
            } else {
                symptom.words.push(WeightedWord { word: word.clone(), weight: *weight });
            }
        }
        for finding in board.findings.values().filter(|finding| finding.kind == FindingKind::Exception) {
            for word in &finding.words {
                if let (Some(frame), Some(evidence)) = (frame_of(word), finding.evidence.first()) {
                    symptom.frames.push((frame.0, frame.1, frame.2, evidence.clone()));
                }
            }
        }
        symptom
    }

    /// What a diff shares with the symptom, strongest first, and how much that is in all.
    fn ties(&self, reading: &DiffReading) -> (Vec<TiedTo>, usize) {
        let mut found: Vec<TiedTo> = Vec::new();
        for (file, line, function, evidence) in &self.frames {
            if frame_touches(reading, file, *line, function) {
                let place = line.map_or_else(|| file.clone(), |line| format!("{file}:{line}"));
                found.push(TiedTo {
                    text: format!("the stack frame {place} {function}"),
                    strength: 1.0,
                    evidence: vec![evidence.clone()],
                });
                break;
            }
        }
        let all = ties(reading, &self.words, &self.numbers);
        let total = found.len() + all.len();
        for tie in all.into_iter().take(KEPT_MAX - found.len()) {
            let what = match tie.kind {
                TieKind::Number => "the number",
                TieKind::Sql => "the table",
                TieKind::Path => "the path",
                TieKind::Literal => "the text",
                _ => "the word",
            };
            let evidence = self.where_said.get(&tie.what.to_lowercase()).cloned();
            found.push(TiedTo {
                text: format!("{what} `{}`", cut(&tie.what, 60)),
                strength: tie.strength,
                evidence: evidence.into_iter().collect(),
            });
        }
        (found, total)
    }
}

/// `file:line function` as the logs agent writes frames into a finding's words.
fn frame_of(word: &str) -> Option<(String, Option<u32>, String)> {
    let rest = word.strip_prefix("frame ")?;
    let (place, function) = rest.split_once(' ').unwrap_or((rest, ""));
    let (file, line) = match place.rsplit_once(':') {
        Some((file, line)) if line.chars().all(|c| c.is_ascii_digit()) => (file, line.parse().ok()),
        _ => (place, None),
    };
    Some((file.to_owned(), line, function.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_before_and_after() {
        assert_eq!(before_and_after("pool.size: 40 -> 4"), Some(("pool.size", "40", "4")));
        assert_eq!(before_and_after("client.timeout = 5s → 300ms"), Some(("client.timeout", "5s", "300ms")));
        assert_eq!(before_and_after("replicas from 6 to 2"), Some(("replicas", "6", "2")));
        assert_eq!(before_and_after("off->on"), Some(("", "off", "on")));
        assert_eq!(before_and_after("nothing of the sort"), None);
    }

    #[test]
    fn frames_survive_the_way_through_words() {
        assert_eq!(
            frame_of("frame pkg/a.go:12 Run"),
            Some(("pkg/a.go".to_owned(), Some(12), "Run".to_owned()))
        );
        assert_eq!(frame_of("plain"), None);
    }
}
