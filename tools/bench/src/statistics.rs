//! Intervals and calibration.

/// Two-sided 95 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Reliability bins.
pub(crate) const BINS: usize = 5;

/// The 95 % interval of Wilson (1927) for `right` of `total`, 0 to 1; everything when `total` is 0.
pub(crate) fn wilson(right: usize, total: usize) -> (f64, f64) {
    if total == 0 {
        return (0.0, 1.0);
    }
    let (n, z2) = (total as f64, Z_95 * Z_95);
    let share = right as f64 / n;
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z_95 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Mean squared distance between probability and truth (Brier 1950); `None` without any pair.
pub(crate) fn brier(pairs: &[(f64, bool)]) -> Option<f64> {
    let sum: f64 = pairs.iter().map(|&(p, right)| (p - f64::from(u8::from(right))).powi(2)).sum();
    (!pairs.is_empty()).then(|| sum / pairs.len() as f64)
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bin {
    /// Predictions in it.
    pub(crate) count: usize,
    /// Of these, right ones.
    pub(crate) right: usize,
    /// Sum of their probabilities.
    pub(crate) sum: f64,
}

/// [`BINS`] bins of equal width from 0 to 1.
pub(crate) fn reliability(pairs: &[(f64, bool)]) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for &(probability, right) in pairs {
        let index = ((probability * BINS as f64) as usize).min(BINS - 1);
        bins[index].count += 1;
        bins[index].right += usize::from(right);
        bins[index].sum += probability;
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_gives_the_published_values() {
        // Values from R: prop.test(x, n, correct = FALSE).
        for (right, total, low, high) in [
            (12, 12, 0.757_5, 1.0),
            (0, 12, 0.0, 0.242_5),
            (5, 10, 0.236_6, 0.763_4),
            (81, 263, 0.255_3, 0.366_2),
        ] {
            let (a, b) = wilson(right, total);
            assert!((a - low).abs() < 5e-5 && (b - high).abs() < 5e-5, "{right}/{total}: {a} {b}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    #[test]
    fn calibration_is_counted() {
        let pairs = [(1.0, true), (0.9, true), (0.5, false), (0.0, false)];
        assert!((brier(&pairs).unwrap() - (0.01 + 0.25) / 4.0).abs() < 1e-12);
        assert_eq!(brier(&[]), None);
        let bins = reliability(&pairs);
        assert_eq!(bins.map(|bin| bin.count), [1, 0, 1, 0, 2]);
        assert_eq!(bins[4].right, 2);
    }
}
