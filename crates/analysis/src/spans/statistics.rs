//! The few statistics that samples of one to ten calls allow.

/// Middle of a set by linear interpolation; `None` for an empty one. `share` is between 0 and 1.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    Some(values[below] + (values[above] - values[below]) * (position - below as f64))
}

/// Median; `None` for an empty set.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// Robust standard deviation, 1.4826 × the median absolute deviation; `None` below three values.
pub(crate) fn robust_sd(values: &[f64]) -> Option<f64> {
    if values.len() < 3 {
        return None;
    }
    let middle = median(&mut values.to_vec())?;
    let mut deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    Some(1.4826 * median(&mut deviations)?)
}

/// Spread of the logarithm of a duration that is assumed before any is seen, and how many calls it counts as.
const PRIOR_SD: f64 = 0.35;
const PRIOR_CALLS: f64 = 4.0;

/// How far the median of `after` lies above that of `before`, in standard errors, both on a log scale. The spread is
/// the samples' own, shrunk towards a prior that counts as four calls: the moderated t of Smyth (2004), "Linear models
/// and empirical Bayes methods for assessing differential expression". Zero when a side is empty.
pub(crate) fn moderated_z(before: &[f64], after: &[f64]) -> f64 {
    let (Some(low), Some(high)) = (median(&mut before.to_vec()), median(&mut after.to_vec())) else {
        return 0.0;
    };
    (high - low) / (spread(before) * (1.0 / before.len() as f64 + 1.0 / after.len() as f64).sqrt())
}

/// Shrunk standard deviation of logarithms; the prior alone for fewer than three values.
pub(crate) fn spread(values: &[f64]) -> f64 {
    let own = robust_sd(values).unwrap_or(PRIOR_SD);
    let calls = if values.len() < 3 { 0.0 } else { values.len() as f64 };
    ((PRIOR_CALLS * PRIOR_SD * PRIOR_SD + calls * own * own) / (PRIOR_CALLS + calls)).sqrt()
}

/// Logarithm of `k!` by Stirling's series, exact enough for tails.
pub(crate) fn ln_factorial(k: u64) -> f64 {
    if k < 2 {
        return 0.0;
    }
    if k < 32 {
        return (2..=k).map(|i| (i as f64).ln()).sum();
    }
    let x = k as f64;
    x * x.ln() - x + 0.5 * (std::f64::consts::TAU * x).ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
}

fn ln_choose(n: u64, k: u64) -> f64 {
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// Terms of a tail that are summed before the normal approximation takes over.
const TAIL_TERMS_MAX: u64 = 2_000;

/// Chance of at least `hits` in `calls` when each hits with `rate`.
pub(crate) fn binomial_tail(hits: u64, calls: u64, rate: f64) -> f64 {
    let rate = rate.clamp(1e-9, 1.0 - 1e-9);
    if hits == 0 {
        return 1.0;
    }
    if hits > calls {
        return 0.0;
    }
    if calls - hits > TAIL_TERMS_MAX {
        let (mean, sd) = (calls as f64 * rate, (calls as f64 * rate * (1.0 - rate)).sqrt());
        return normal_tail((hits as f64 - 0.5 - mean) / sd);
    }
    let term = |k: u64| ln_choose(calls, k) + k as f64 * rate.ln() + (calls - k) as f64 * (1.0 - rate).ln();
    (hits..=calls).map(|k| term(k).exp()).sum::<f64>().min(1.0)
}

/// One-sided Fisher exact test (Fisher 1922): chance that at least `hits_after` of the hits fall among the `after`
/// calls if hits fell anywhere alike.
pub(crate) fn fisher_tail(hits_before: u64, before: u64, hits_after: u64, after: u64) -> f64 {
    let hits = hits_before + hits_after;
    let most = hits.min(after);
    if hits_after == 0 {
        return 1.0;
    }
    if most.saturating_sub(hits_after) > TAIL_TERMS_MAX {
        let rate = hits as f64 / (before + after).max(1) as f64;
        let sd = (rate * (1.0 - rate) * (1.0 / before.max(1) as f64 + 1.0 / after.max(1) as f64)).sqrt();
        let gap = hits_after as f64 / after.max(1) as f64 - hits_before as f64 / before.max(1) as f64;
        return normal_tail(gap / sd.max(1e-12));
    }
    let all = ln_choose(before + after, hits);
    let term = |k: u64| {
        if hits - k > before { 0.0 } else { (ln_choose(after, k) + ln_choose(before, hits - k) - all).exp() }
    };
    (hits_after..=most).map(term).sum::<f64>().min(1.0)
}

/// Chance that a standard normal exceeds `z`, by the rational approximation 26.2.17 of Abramowitz and Stegun (1964).
pub(crate) fn normal_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    (-(z * z) / 2.0).exp() / std::f64::consts::TAU.sqrt() * poly
}

/// Log of the odds ratio with half a case added to each cell (Haldane 1956, Anscombe 1956).
pub(crate) fn log_odds(hits_before: u64, before: u64, hits_after: u64, after: u64) -> f64 {
    let odds = |hits: u64, all: u64| (hits as f64 + 0.5) / (all.saturating_sub(hits) as f64 + 0.5);
    (odds(hits_after, after) / odds(hits_before, before)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_match_known_values() {
        assert!((binomial_tail(8, 10, 0.5) - 56.0 / 1024.0).abs() < 1e-9);
        // The lady tasting tea: 3 of 4 right has p = 17/70.
        assert!((fisher_tail(1, 4, 3, 4) - 17.0 / 70.0).abs() < 1e-9);
        assert!((normal_tail(1.644_85) - 0.05).abs() < 1e-5);
        assert!((ln_factorial(40) - (2..=40).map(|i| f64::from(i).ln()).sum::<f64>()).abs() < 1e-9);
    }

    #[test]
    fn one_call_a_side_is_weak_unless_the_step_is_large() {
        let ln = |ms: f64| ms.ln();
        assert!(moderated_z(&[ln(100.0)], &[ln(150.0)]) < 1.0);
        assert!(moderated_z(&[ln(100.0)], &[ln(500.0)]) > 3.0);
        assert_eq!(moderated_z(&[], &[1.0]), 0.0);
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0, 4.0]), Some(2.5));
        assert_eq!(quantile(&mut [], 0.5), None);
        assert_eq!(quantile(&mut [1.0, 2.0, 3.0], 1.0), Some(3.0));
    }
}
