//! What a mechanism must satisfy beyond its shape.

use midwatch_analysis::diff::KINDS;

use super::{Mechanism, Origin, TestName};
use crate::concepts;

const CATEGORIES: &[&str] =
    &["code", "configuration", "resource", "dependency", "data", "load", "infrastructure", "security"];

/// Likeness from which a known word is offered for a misspelt one, 0 to 1.
const ALIKE_MIN: f64 = 0.7;

/// Everything that is wrong with `mechanism`, in words with what would be right.
pub(super) fn problems(mechanism: &Mechanism) -> Vec<String> {
    let mut problems = Vec::new();
    let id = &mechanism.id;
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        problems.push(format!("id {id:?} must be lower-case letters, digits and underscores"));
    }
    if id == "unknown" {
        problems.push("id \"unknown\" is taken by the theory that always competes".to_owned());
    }
    if !CATEGORIES.contains(&mechanism.category.as_str()) {
        problems.push(format!("category {:?} must be one of {}", mechanism.category, CATEGORIES.join(", ")));
    }
    if !(1.0..=20.0).contains(&mechanism.margin_min) {
        problems.push(format!("margin_min {} must lie between 1 and 20", mechanism.margin_min));
    }
    if !(-10.0..=2.0).contains(&mechanism.prior) {
        problems.push(format!("prior {} must lie between -10 and 2", mechanism.prior));
    }
    if !mechanism.clause.contains("{entity}") && !mechanism.clause.contains("{finding}") {
        problems.push("clause must hold {entity} or {finding}".to_owned());
    }
    if mechanism.predicts.is_empty() {
        problems.push("predicts must hold at least one finding".to_owned());
    } else if !mechanism.predicts.iter().any(|prediction| prediction.essential) {
        problems
            .push("at least one prediction must be essential, or the theory is made everywhere".to_owned());
    }
    if mechanism.tests.is_empty() {
        problems.push("tests must name at least one way to be refuted".to_owned());
    }
    if mechanism.tests.contains(&TestName::LoadSteady) && mechanism.origin != Origin::Load {
        problems.push(
            "tests: load_steady needs origin \"load\": only what load sets off is refuted by steady load"
                .to_owned(),
        );
    }
    for (list, name) in [(&mechanism.predicts, "predicts"), (&mechanism.contradicts, "contradicts")] {
        for (index, prediction) in list.iter().enumerate() {
            let place = format!("{name}[{index}]");
            if prediction.finding.is_empty() {
                problems.push(format!("{place}.finding must name at least one kind"));
            }
            if !(0.0..=8.0).contains(&prediction.weight) || prediction.weight == 0.0 {
                problems.push(format!("{place}.weight {} must lie above 0 and up to 8", prediction.weight));
            }
            if !(0.0..=4.0).contains(&prediction.missing) {
                problems.push(format!("{place}.missing {} must lie between 0 and 4", prediction.missing));
            }
            let known = concepts::all().collect::<Vec<_>>();
            problems.extend(misspelt(&format!("{place}.concepts"), "concept", &prediction.concepts, &known));
            if prediction.says.trim().is_empty() {
                problems.push(format!("{place}.says must be a clause for people"));
            }
        }
    }
    let known: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    problems.extend(misspelt("change.behaviours", "behaviour", &mechanism.change.behaviours, &known));
    problems
}

/// A problem for each of `words` that is not among `known`, with the nearest one that is.
fn misspelt(key: &str, what: &str, words: &[String], known: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    for word in words.iter().filter(|word| !known.contains(&word.as_str())) {
        let nearest = nearest(word, known);
        let hint = match nearest {
            Some(nearest) => format!("did you mean {nearest:?}?"),
            None => "docs/guide/mechanisms.md lists them all".to_owned(),
        };
        problems.push(format!("{key}: there is no {what} {:?}; {hint}", crate::agents::cut(word, 60)));
    }
    problems
}

/// The word of `known` that most resembles `word` (Jaro-Winkler 1990), first by name among equals; `None` when none
/// resembles it.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = crate::agents::cut(&word.to_lowercase().replace(['-', ' '], "_"), 60);
    let alike = known.iter().map(|known| (strsim::jaro_winkler(&word, known), *known));
    alike
        .filter(|(alike, _)| *alike >= ALIKE_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, known)| known)
}
