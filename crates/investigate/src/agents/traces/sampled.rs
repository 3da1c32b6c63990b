//! What spans say of their being a sample, and how many requests they show.

use std::collections::BTreeMap;

use midwatch_analysis::spans::SpanBatch;
use midwatch_model::{EntityId, Window};

use super::number;
use crate::board::{Board, Eighths};

/// Attributes that state how many of all spans are kept: as a share below one, or as so many that each stands for.
pub(crate) const RATE_KEYS: &[&str] = &[
    "sample_rate",
    "samplerate",
    "sample.rate",
    "sampling_rate",
    "sampling.rate",
    "sampling.probability",
    "sampling_probability",
    "sampling.ratio",
    "sampler.param",
];

/// Attributes that may hold the W3C trace state.
const STATE_KEYS: &[&str] = &["tracestate", "trace_state", "w3c.tracestate"];

/// Services named in one sentence.
const NAMED_MAX: usize = 6;

/// How many of all are kept for one of these, as stated in a field: `1 in 20` is 20. `None` when it states nothing, or
/// that all are kept.
pub(crate) fn one_in(key: &str, value: &str) -> Option<f64> {
    if !RATE_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)) {
        return None;
    }
    let stated: f64 = value.trim().parse().ok()?;
    let one_in = if stated > 0.0 && stated < 1.0 { 1.0 / stated } else { stated };
    (one_in.is_finite() && one_in > 1.0).then_some(one_in)
}

/// The same from a trace state with OpenTelemetry's `ot` entry: the threshold `th` of consistent probability sampling, or
/// the exponent `p` of its predecessor.
fn of_state(state: &str) -> Option<f64> {
    let entry = state.split(',').find_map(|entry| entry.trim().strip_prefix("ot="))?;
    let of = |name: &str| entry.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(':'));
    if let Some(threshold) = of("th") {
        // Up to 14 hexadecimal digits, trailing zeros left out, of the share that is dropped.
        let dropped =
            u64::from_str_radix(threshold, 16).ok().filter(|_| (1..=14).contains(&threshold.len()))?;
        let share = 1.0 - dropped as f64 / 16_f64.powi(i32::try_from(threshold.len()).ok()?);
        return (share > 0.0 && share < 1.0).then(|| 1.0 / share);
    }
    let exponent: u32 = of("p")?.parse().ok()?;
    (1..=62).contains(&exponent).then(|| 2_f64.powi(exponent.cast_signed()))
}

/// A sentence for the spans that state how many each stands for.
pub(super) fn stated(batch: &SpanBatch) -> Option<String> {
    let mut by_service: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in 0..batch.len() {
        let Some(span) = batch.row(row) else { continue };
        let of_state = |key: &str, value: &str| {
            STATE_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key)).then(|| of_state(value)).flatten()
        };
        let rate = batch
            .attributes_of(row)
            .find_map(|(key, value)| one_in(key, value).or_else(|| of_state(key, value)));
        if let Some(rate) = rate {
            let (least, most) = by_service.entry(span.service).or_insert((rate, rate));
            (*least, *most) = (least.min(rate), most.max(rate));
        }
    }
    sentence("spans", &by_service)
}

/// `spans say that they are a sample: svc-a 1 in 20, svc-b 1 in 10 to 1 in 50`.
pub(crate) fn sentence(what: &str, by_name: &BTreeMap<&str, (f64, f64)>) -> Option<String> {
    if by_name.is_empty() {
        return None;
    }
    let each = by_name.iter().take(NAMED_MAX).map(|(name, (least, most))| {
        let range =
            if most > &(least * 1.05) { format!(" to 1 in {}", number(most.round())) } else { String::new() };
        format!("{name} 1 in {}{range}", number(least.round()))
    });
    let more = by_name.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("{what} say that they are a sample: {}{more}", each.collect::<Vec<_>>().join(", ")))
}

/// Requests that entered each service by its spans, over the eighths of `window`.
pub(super) fn entered(batch: &SpanBatch, window: &Window, board: &Board) -> Vec<(EntityId, Eighths)> {
    let mut by_service: BTreeMap<&str, Eighths> = BTreeMap::new();
    for span in (0..batch.len()).filter_map(|row| batch.row(row)) {
        let parent = span.parent.and_then(|parent| batch.row(parent as usize));
        if parent.is_some_and(|parent| parent.service == span.service) {
            continue;
        }
        if let Some(eighth) = eighth(span.start_ns, window) {
            by_service.entry(span.service).or_default()[eighth] += 1.0;
        }
    }
    by_service.into_iter().map(|(name, counts)| (board.entity_named(name), counts)).collect()
}

/// In which eighth of the window a time lies.
pub(crate) fn eighth(at_ns: i64, window: &Window) -> Option<usize> {
    let length = i128::from(window.end_ns()) - i128::from(window.start_ns());
    let into = i128::from(at_ns) - i128::from(window.start_ns());
    (length > 0 && (0..length).contains(&into))
        .then(|| usize::try_from(into * 8 / length).unwrap_or(7).min(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_shares_and_as_weights() {
        assert_eq!(one_in("sample_rate", "0.05"), Some(20.0));
        assert_eq!(one_in("SampleRate", "20"), Some(20.0));
        assert_eq!(one_in("sample_rate", "1"), None, "everything is kept");
        assert_eq!(one_in("sample_rate", "yes"), None);
        assert_eq!(one_in("error_rate", "0.05"), None);
    }

    #[test]
    fn trace_states_hold_a_threshold_or_an_exponent() {
        assert_eq!(of_state("ot=th:c"), Some(4.0));
        assert_eq!(of_state("vendor=x,ot=rv:1;p:3"), Some(8.0));
        assert_eq!(of_state("ot=th:0"), None, "everything is kept");
        assert_eq!(of_state("ot=th:zz"), None);
        assert_eq!(of_state("ot=p:0"), None);
    }
}
