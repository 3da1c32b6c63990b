//! What is to be known before counts are compared: what is a sample, and whose clock is off.

use midwatch_model::{EntityId, SourceNote};

use super::unseen::listed;
use crate::agents::number;
use crate::board::{Board, ClockSeen, Eighths};

/// Spans, and eighths of the window with some, that an entity needs to be compared with its metrics.
const SPANS_MIN: f64 = 20.0;
const EIGHTH_SPANS_MIN: f64 = 3.0;
const EIGHTHS_MIN: usize = 4;

/// How many times more requests must be counted than are traced, and how steadily (median distance over the median).
const FACTOR_MIN: f64 = 2.0;
const SPREAD_MAX: f64 = 0.5;

/// Entities named in one line.
const NAMED_MAX: usize = 6;

/// Notes what the data say of their being a sample, what metrics and spans together say of it, and clocks that are off.
pub(crate) fn note_reservations(board: &mut Board) {
    let mut notes: Vec<SourceNote> = Vec::new();
    let mut say = |source: &str, text: String| notes.push(SourceNote { source: source.to_owned(), text });
    for text in &board.sampled {
        say("sampling", text.clone());
    }
    if let Some(text) = traced_share(board) {
        say("sampling", text);
    }
    for clock in &board.clocks {
        say("clocks", clock_text(clock));
    }
    board.notes.extend(notes);
    board.notes.sort();
    board.notes.dedup();
}

fn clock_text(clock: &ClockSeen) -> String {
    let ahead = if clock.offset_ns >= 0 { "ahead of" } else { "behind" };
    let seconds = number((clock.offset_ns.saturating_abs() as f64 / 1e9).round());
    format!("the clock of {} is {seconds} s {ahead} {}", clock.entity.name, clock.against)
}

/// How many requests one trace stands for, by the entities that have both steadily.
fn traced_share(board: &Board) -> Option<String> {
    let factors: Vec<(&EntityId, f64)> = board
        .requests
        .iter()
        .filter_map(|(entity, requests)| Some((entity, factor(requests, board.traced.get(entity)?)?)))
        .collect();
    if factors.is_empty() {
        return None;
    }
    let each: Vec<String> = factors
        .iter()
        .map(|(entity, factor)| format!("{} 1 in {}", entity.name, number(factor.round())))
        .collect();
    let each: Vec<&str> = each.iter().map(String::as_str).collect();
    Some(format!(
        "spans show a steady part of the requests that metrics count ({}): counts of spans are those of a sample",
        listed(&each, NAMED_MAX)
    ))
}

/// Requests for each that spans show, when that is steadily more than one.
fn factor(requests: &Eighths, traced: &Eighths) -> Option<f64> {
    let spans: f64 = traced.iter().sum();
    let both = requests
        .iter()
        .zip(traced)
        .filter(|(requests, spans)| **requests > 0.0 && **spans >= EIGHTH_SPANS_MIN);
    let mut factors: Vec<f64> = both.map(|(requests, spans)| requests / spans).collect();
    if spans < SPANS_MIN || factors.len() < EIGHTHS_MIN {
        return None;
    }
    let middle = median(&mut factors);
    let mut distances: Vec<f64> = factors.iter().map(|factor| (factor - middle).abs()).collect();
    (middle >= FACTOR_MIN && median(&mut distances) <= SPREAD_MAX * middle).then_some(middle)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use midwatch_model::EntityId;

    use super::*;

    #[test]
    fn a_steady_factor_between_metrics_and_spans_is_a_sample() {
        assert_eq!(factor(&[500.0; 8], &[5.0; 8]), Some(100.0));
        assert_eq!(factor(&[5.0; 8], &[5.0; 8]), None, "all are there");
        assert_eq!(factor(&[500.0; 8], &[1.0; 8]), None, "too few to tell");
        let unsteady = [5.0, 400.0, 5.0, 400.0, 5.0, 400.0, 5.0, 60.0];
        assert_eq!(factor(&[500.0; 8], &unsteady), None);
    }

    #[test]
    fn a_clock_is_told_with_how_it_was_measured() {
        let clock = |offset_ns| ClockSeen {
            entity: EntityId::service("svc-b"),
            offset_ns,
            against: "its own spans".to_owned(),
        };
        assert_eq!(clock_text(&clock(41_300_000_000)), "the clock of svc-b is 41 s ahead of its own spans");
        assert_eq!(clock_text(&clock(-3_000_000_000)), "the clock of svc-b is 3 s behind its own spans");
    }
}
