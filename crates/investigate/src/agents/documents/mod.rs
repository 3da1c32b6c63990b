//! Documents: runbooks and notes that name something involved, listed for people.
//!
//! What they say is text from outside: it is quoted and cut, makes no finding and weighs nothing.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use midwatch_model::{Answer, Citation, Claim, EntityId, Question, QuestionKind, Signal};
use midwatch_sources::{Document, DocumentQuery};

use super::{Agent, AgentError, AgentSpec, cut};
use crate::board::{Board, StepAnswer};
use crate::desk::{Desk, evidence};

/// The agent.
pub(crate) struct DocumentsAgent;

static SPEC: AgentSpec = AgentSpec {
    name: "documents",
    answers: &[QuestionKind::Documents],
    signals: &[Signal::Documents],
    calls_max: 16,
    settles: "whether a runbook or a note is about what is involved",
};

/// Documents listed; more are counted.
const LISTED_MAX: usize = 12;
/// Characters of a title that are shown.
const TITLE_CHARACTERS_MAX: usize = 100;
/// Characters quoted from the first place that names something involved.
const QUOTE_CHARACTERS_MAX: usize = 600;
/// Shorter names are met in any text by chance.
const NAME_CHARACTERS_MIN: usize = 3;
/// Names shown for one document.
const NAMES_SHOWN: usize = 4;

impl Agent for DocumentsAgent {
    fn spec(&self) -> &'static AgentSpec {
        &SPEC
    }

    fn answer<'a>(
        &'a self,
        question: &'a Question,
        desk: &'a Desk<'a>,
        _board: &'a Board,
    ) -> BoxFuture<'a, Result<StepAnswer, AgentError>> {
        answer(question, desk).boxed()
    }
}

/// A source that fails is a gap; that there are no documents is not.
async fn answer(question: &Question, desk: &Desk<'_>) -> Result<StepAnswer, AgentError> {
    let names: Vec<&EntityId> = question
        .entities
        .iter()
        .filter(|entity| entity.name.chars().count() >= NAME_CHARACTERS_MIN)
        .collect();
    if names.is_empty() {
        return Ok(StepAnswer::default());
    }
    let mut words: Vec<String> = names.iter().map(|entity| entity.name.clone()).collect();
    words.extend(["sample".to_owned(), "sampled".to_owned()]);
    let gathered = desk.documents(DocumentQuery { words }, question.window).await;
    let mut result = gathered.opening(Signal::Documents, SPEC.settles)?;
    if gathered.failed.is_empty() {
        result.gaps.clear();
    }
    let mut total = 0;
    for got in &gathered.got {
        for document in got.data.iter().flatten() {
            result.sampled.extend(of_sampling(document));
            let Some(named) = names_in(document, &names) else { continue };
            total += 1;
            if total <= LISTED_MAX {
                list(document, &named, &got.citation, &mut result);
            }
        }
    }
    if total > LISTED_MAX {
        result.truncated.push(format!("{LISTED_MAX} of {total} documents listed"));
    }
    Ok(result)
}

/// A line of a document that says how much of the telemetry is kept, as a quotation. What it says is not understood.
fn of_sampling(document: &Document) -> Option<String> {
    let says = |line: &&str| {
        let lower = line.to_ascii_lowercase();
        let share = lower.contains("1 in ") || lower.contains("one in ") || lower.contains('%');
        let kept = ["sampl", "traced", "traces", "log lines"].iter().any(|word| lower.contains(word));
        let numbered = lower.bytes().any(|byte| byte.is_ascii_digit());
        share && kept && numbered
    };
    let line = document.text.lines().find(says)?;
    let reference = cut(&document.reference, 120);
    Some(format!("{reference} speaks of sampling: «{}»", cut(line.trim(), 240)))
}

/// Which of the names a document holds as whole words, and the byte at which the first of them stands in the text.
struct Named<'n> {
    names: Vec<&'n str>,
    first: Option<usize>,
}

fn names_in<'n>(document: &Document, entities: &[&'n EntityId]) -> Option<Named<'n>> {
    // Upper and lower case of ASCII letters have the same length, so that places in `text` stay places in the document.
    let (title, text) = (document.title.to_ascii_lowercase(), document.text.to_ascii_lowercase());
    let mut named = Named { names: Vec::new(), first: None };
    for entity in entities {
        let name = entity.name.to_ascii_lowercase();
        let place = whole_word(&text, &name);
        if place.is_none() && whole_word(&title, &name).is_none() {
            continue;
        }
        if !named.names.contains(&entity.name.as_str()) {
            named.names.push(&entity.name);
        }
        named.first = [named.first, place].into_iter().flatten().min();
    }
    (!named.names.is_empty()).then_some(named)
}

/// Where `word` first stands in `text` without a letter, digit, `_` or `-` on either side.
fn whole_word(text: &str, word: &str) -> Option<usize> {
    let joins = |ch: char| ch.is_alphanumeric() || ch == '_' || ch == '-';
    text.match_indices(word)
        .find(|(at, _)| {
            let before = text.get(..*at).and_then(|text| text.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(joins) && !after.is_some_and(joins)
        })
        .map(|(at, _)| at)
}

fn list(document: &Document, named: &Named<'_>, citation: &Citation, result: &mut StepAnswer) {
    let title = cut(document.title.trim(), TITLE_CHARACTERS_MAX);
    let reference = cut(&document.reference, 200);
    let start = named.first.unwrap_or(0);
    // From the start of the paragraph that names it, as far back as fits.
    let before = document.text.get(..start).unwrap_or("");
    let from =
        before.rfind("\n\n").map_or(0, |at| at + 2).max(start.saturating_sub(QUOTE_CHARACTERS_MAX / 2));
    let from = (from..=start).find(|at| document.text.is_char_boundary(*at)).unwrap_or(start);
    let rest = document.text.get(from..).unwrap_or("");
    let quoted = cut(rest.trim(), QUOTE_CHARACTERS_MAX);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let (shown, whole) = (quoted.chars().count(), document.text.trim().chars().count());
    let citation = Citation {
        query: format!("{}: {reference}", citation.query),
        link: Some(format!("{reference}:{line}")),
        ..citation.clone()
    };
    let cited = evidence(
        format!("document «{title}»"),
        citation,
        Answer::Text { text: quoted },
        (shown < whole).then(|| format!("{shown} of {whole} characters quoted")),
    );
    let mut names = named.names.iter().take(NAMES_SHOWN).copied().collect::<Vec<_>>().join(", ");
    if named.names.len() > NAMES_SHOWN {
        names.push_str(&format!(" and {} more", named.names.len() - NAMES_SHOWN));
    }
    let claim = Claim::new(format!("«{title}» ({reference}) names {names}"), cited.id.clone(), []);
    result.documents.push(claim);
    result.evidence.push(cited);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(title: &str, text: &str) -> Document {
        Document { reference: "runbook.md".into(), title: title.into(), text: text.into() }
    }

    #[test]
    fn names_count_as_whole_words_only() {
        let entities = [EntityId::service("svc-a"), EntityId::service("mail")];
        let entities: Vec<&EntityId> = entities.iter().collect();
        let named = |title: &str, text: &str| {
            names_in(&document(title, text), &entities).map(|named| (named.names.clone(), named.first))
        };
        assert_eq!(named("Notes", "Restart SVC-A, then mail."), Some((vec!["svc-a", "mail"], Some(8))));
        assert_eq!(named("svc-a", "Restart it."), Some((vec!["svc-a"], None)));
        assert_eq!(named("Notes", "svc-a-prod, xsvc-a, svc-a_old, mailbox, e-mail"), None);
        assert_eq!(named("Notes", "svc-ab and svc-a"), Some((vec!["svc-a"], Some(11))));
        assert_eq!(named("", ""), None);
    }

    #[test]
    fn what_is_quoted_is_cut_and_said() {
        let text = format!("First paragraph.\n\n{}é svc-a is slow: {}", "ä".repeat(400), "x ".repeat(2000));
        let document = document(&"long ".repeat(50), &text);
        let entity = EntityId::service("svc-a");
        let named = names_in(&document, &[&entity]).unwrap();
        let citation = Citation {
            source: "snapshot".into(),
            signal: Signal::Documents,
            query: "documents".into(),
            window: None,
            link: None,
        };
        let mut result = StepAnswer::default();
        list(&document, &named, &citation, &mut result);
        let cited = &result.evidence[0];
        let Answer::Text { text } = &cited.answer else { panic!("{cited:?}") };
        assert!(text.contains("svc-a is slow") && !text.contains("First"), "{text}");
        assert_eq!(text.chars().count(), QUOTE_CHARACTERS_MAX);
        assert!(cited.truncated.as_deref().is_some_and(|said| said.starts_with("600 of ")));
        assert_eq!(cited.citation.link.as_deref(), Some("runbook.md:3"));
        assert_eq!(result.documents[0].evidence(), std::slice::from_ref(&cited.id));
        assert!(result.findings.is_empty(), "a document makes no finding");
    }
}
