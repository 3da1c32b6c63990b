//! From scores to probabilities, and the margin a conviction needs.
//!
//! The leader's margin over the best theory with another answer goes through a logistic that `xtask calibrate` fitted on
//! incidents with known answers (Platt 1999). Below 50 alike cases the result is a band: two standard errors of the
//! fitted log-odds either way.

use midwatch_model::{Probability, TermKind, Theory, TheoryStatus};

use crate::Calibration;

/// Alike cases from which a number is shown instead of a band.
const CASES_FOR_A_NUMBER: u32 = 50;

/// Natural units by which the leader must beat every theory with another answer to be more than one suspect of several.
pub const MARGIN: f64 = 1.0;

/// Natural units by which a theory must lead for its change to be convicted: about where the fitted confidence passes one half.
const CONVICTION_MARGIN: f64 = 1.5;

/// Weight that what a diff does must have before its commit may be convicted.
const BEHAVIOUR_MIN: f64 = 1.0;

/// Gives every theory its probability and marks the leader.
///
/// Fitted is how often a leader is right that is so far ahead. Theories with the leader's answer share its probability; the
/// other answers divide what it leaves in proportion to the exponential of their best score; what was ruled out has none.
pub fn settle(theories: &mut [Theory], calibration: &Calibration) {
    let possible = |theory: &&Theory| theory.status != TheoryStatus::RuledOut;
    let Some(leader) = theories.iter().find(possible) else {
        for theory in theories {
            theory.probability = Probability::Band { low: 0.0, high: 0.0, cases: calibration.cases };
        }
        return;
    };
    let (first, answer) = (leader.id.clone(), Answer::of(leader));
    let mut others: Vec<(Answer, f64)> = Vec::new();
    for theory in theories.iter().filter(possible).filter(|theory| Answer::of(theory) != answer) {
        // Best first, so the first theory of an answer has its best score.
        let other = Answer::of(theory);
        if !others.iter().any(|(known, _)| *known == other) {
            others.push((other, theory.score));
        }
    }
    let rival = others.first().map(|(_, score)| *score);
    let sure = probability(margin(theories, leader), calibration);
    let weight = |score: f64| (score - rival.unwrap_or(score)).exp();
    let total: f64 = others.iter().map(|(_, score)| weight(*score)).sum();
    for theory in theories {
        let own = Answer::of(theory);
        theory.probability = match others.iter().find(|(other, _)| *other == own) {
            _ if theory.status == TheoryStatus::RuledOut => rest(&sure, 0.0),
            Some((_, score)) => rest(&sure, weight(*score) / total),
            None => sure.clone(),
        };
        if theory.id == first {
            theory.status = TheoryStatus::Leading;
        }
    }
}

/// Beyond this a margin says no more.
const MARGIN_MAX: f64 = 20.0;

/// How far `leader` is ahead of the best theory with another answer that was not ruled out, in natural units; of a leader
/// without a rival, its own score and one more.
pub fn margin(theories: &[Theory], leader: &Theory) -> f64 {
    let answer = Answer::of(leader);
    let rival = theories
        .iter()
        .filter(|theory| theory.status != TheoryStatus::RuledOut && Answer::of(theory) != answer)
        .map(|theory| theory.score)
        .fold(f64::NEG_INFINITY, f64::max);
    let margin = if rival.is_finite() { leader.score - rival } else { leader.score + 1.0 };
    margin.clamp(-MARGIN_MAX, MARGIN_MAX)
}

/// The share of what the leader's probability leaves.
fn rest(sure: &Probability, share: f64) -> Probability {
    let of = |value: f64| round((1.0 - value) * share);
    match sure {
        Probability::Point { value, cases } => Probability::Point { value: of(*value), cases: *cases },
        Probability::Band { low, high, cases } => {
            Probability::Band { low: of(*high), high: of(*low), cases: *cases }
        }
    }
}

fn probability(margin: f64, calibration: &Calibration) -> Probability {
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let odds = calibration.slope * margin + calibration.intercept;
    if calibration.cases >= CASES_FOR_A_NUMBER {
        return Probability::Point { value: round(logistic(odds)), cases: calibration.cases };
    }
    let spread = 2.0 * calibration.standard_error;
    Probability::Band {
        low: round(logistic(odds - spread)),
        high: round(logistic(odds + spread)),
        cases: calibration.cases,
    }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// What a theory answers: two theories with one answer do not compete.
#[derive(Debug, Clone, PartialEq)]
enum Answer {
    Change(String),
    Mechanism(String, String),
}

impl Answer {
    fn of(theory: &Theory) -> Answer {
        match &theory.change {
            Some(change) => Answer::Change(change.to_string()),
            None if theory.outside => Answer::Mechanism("outside".to_owned(), String::new()),
            None => Answer::Mechanism(theory.mechanism.clone(), theory.entity.to_string()),
        }
    }
}

/// How far the leader is ahead of the best theory with another answer, and whether what it rests on suffices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conviction {
    /// Natural units.
    pub margin: f64,
    /// Whether its change may be convicted: ahead by the margin, and its diff does what the mechanism needs.
    pub change_proven: bool,
    /// Whether its mechanism is proven, whatever set it off.
    pub mechanism_proven: bool,
}

/// What the leader may be called.
pub fn conviction(theories: &[Theory], leader: &Theory) -> Conviction {
    let best_rival = |accept: &dyn Fn(&Theory) -> bool| {
        theories
            .iter()
            .filter(|theory| theory.id != leader.id && theory.status != TheoryStatus::RuledOut)
            .filter(|theory| accept(theory))
            .map(|theory| theory.score)
            .fold(f64::NEG_INFINITY, f64::max)
    };
    let margin = margin(theories, leader);
    let behaviour: f64 =
        leader.terms.iter().filter(|term| term.kind == TermKind::Behaviour).map(|term| term.weight).sum();
    let unknown = best_rival(&|theory| theory.mechanism == "unknown");
    Conviction {
        margin,
        change_proven: leader.change.is_some()
            && margin >= CONVICTION_MARGIN
            && behaviour >= BEHAVIOUR_MIN
            && leader.score > 0.0,
        mechanism_proven: leader.mechanism != "unknown" && leader.score - unknown.max(-5.0) >= MARGIN,
    }
}
