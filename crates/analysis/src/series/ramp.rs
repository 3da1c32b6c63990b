//! The shape of a rise or fall: flat, then straight, then flat again.
//!
//! One family holds the shapes that matter: a step is a short straight part, a ramp a long one, a ramp that has not
//! ended has no second flat part, and a ramp that hit a limit has one. The two knees are found by least squares over
//! all pairs, coarse to fine, each pair in constant time from prefix sums (segmented regression with a grid over the
//! knees: Hudson 1966; Hinkley 1971). A second family, a jump followed by a straight line, catches what rises at once and
//! then goes on climbing.

/// A fitted shape; indices are into the points given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RampFit {
    /// Last point of the flat part before: the rise starts here.
    pub start: usize,
    /// First point of the flat part after; the last point when there is none.
    pub end: usize,
    /// Level before the rise.
    pub before: f64,
    /// Level after it.
    pub after: f64,
    /// Slope of the straight part, per second.
    pub slope_per_s: f64,
    /// Sum of squared errors.
    pub error: f64,
}

/// A jump at one point with a straight line from there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpFit {
    /// First point after the jump.
    pub at: usize,
    /// Level before.
    pub before: f64,
    /// Height of the line just after the jump, above the level before.
    pub jump: f64,
    /// Slope of the line, per second.
    pub slope_per_s: f64,
    /// Sum of squared errors.
    pub error: f64,
}

/// Candidate knees of the first, coarse pass.
const COARSE_KNEES: usize = 72;
/// Candidates on either side of a knee in each finer pass.
const FINE_REACH: usize = 6;

/// The flat-straight-flat shape of least squared error. `times_s` rise strictly, nothing is missing.
/// `None` for fewer than four points. At most about 5,000 pairs are tried, whatever the length.
pub fn fit_ramp(times_s: &[f64], values: &[f64]) -> Option<RampFit> {
    let count = times_s.len().min(values.len());
    if count < 4 {
        return None;
    }
    let sums = Sums::of(&times_s[..count], &values[..count]);
    let mut stride = count.div_ceil(COARSE_KNEES);
    let mut best: Option<RampFit> = None;
    let coarse = || (0..count).step_by(stride).chain([count - 1]);
    for start in coarse() {
        for end in coarse().filter(|end| *end > start) {
            keep_better(&mut best, sums.ramp(start, end));
        }
    }
    while stride > 1 {
        let centre = best?;
        stride = stride.div_ceil(4);
        let around = |index: usize| {
            let low = index.saturating_sub(FINE_REACH * stride);
            (low..=(index + FINE_REACH * stride).min(count - 1)).step_by(stride)
        };
        for start in around(centre.start) {
            for end in around(centre.end).filter(|end| *end > start) {
                keep_better(&mut best, sums.ramp(start, end));
            }
        }
    }
    best
}

/// The plain step of least squared error, as a ramp between two neighbouring points. `None` below four points.
pub fn fit_step(times_s: &[f64], values: &[f64]) -> Option<RampFit> {
    let count = times_s.len().min(values.len());
    if count < 4 {
        return None;
    }
    let sums = Sums::of(&times_s[..count], &values[..count]);
    let mut best = None;
    for start in 0..count - 1 {
        keep_better(&mut best, sums.ramp(start, start + 1));
    }
    best
}

/// The jump-and-line shape of least squared error. `None` below six points.
pub fn fit_jump(times_s: &[f64], values: &[f64]) -> Option<JumpFit> {
    let count = times_s.len().min(values.len());
    if count < 6 {
        return None;
    }
    let sums = Sums::of(&times_s[..count], &values[..count]);
    let mut best: Option<JumpFit> = None;
    for at in 2..count - 3 {
        if let Some(fit) = sums.jump(at)
            && best.is_none_or(|found| fit.error < found.error)
        {
            best = Some(fit);
        }
    }
    best
}

fn keep_better(best: &mut Option<RampFit>, fit: Option<RampFit>) {
    if let Some(fit) = fit
        && best.is_none_or(|found| fit.error < found.error)
    {
        *best = Some(fit);
    }
}

/// Prefix sums of times, values and their products, times from the first point on and values about their first.
struct Sums<'a> {
    times_s: &'a [f64],
    base: f64,
    time: Vec<f64>,
    time2: Vec<f64>,
    value: Vec<f64>,
    value2: Vec<f64>,
    product: Vec<f64>,
}

impl<'a> Sums<'a> {
    fn of(times_s: &'a [f64], values: &[f64]) -> Sums<'a> {
        let (origin, base) = (times_s[0], values[0]);
        let running = |term: &dyn Fn(f64, f64) -> f64| {
            let mut sums = Vec::with_capacity(values.len() + 1);
            let mut sum = 0.0;
            sums.push(sum);
            for (time, value) in times_s.iter().zip(values) {
                sum += term(time - origin, value - base);
                sums.push(sum);
            }
            sums
        };
        Sums {
            times_s,
            base,
            time: running(&|time, _| time),
            time2: running(&|time, _| time * time),
            value: running(&|_, value| value),
            value2: running(&|_, value| value * value),
            product: running(&|time, value| time * value),
        }
    }

    fn time_at(&self, index: usize) -> f64 {
        self.times_s[index] - self.times_s[0]
    }

    /// Least squares of level and height for the feature that is 0 up to `start`, 1 from `end`, straight between.
    fn ramp(&self, start: usize, end: usize) -> Option<RampFit> {
        let count = self.times_s.len();
        let (from, length) = (self.time_at(start), self.time_at(end) - self.time_at(start));
        let inside = (end - start - 1) as f64;
        let part = |sums: &[f64]| sums[end] - sums[start + 1];
        let after = (count - end) as f64;
        let feature = (part(&self.time) - inside * from) / length + after;
        let feature2 = (part(&self.time2) - 2.0 * from * part(&self.time) + inside * from * from)
            / (length * length)
            + after;
        let value = self.value[count];
        let product = (part(&self.product) - from * part(&self.value)) / length + value - self.value[end];
        let total = count as f64;
        let spread = total * feature2 - feature * feature;
        if spread <= 1e-9 * total {
            return None;
        }
        let height = (total * product - feature * value) / spread;
        let level = (value - height * feature) / total;
        let error = self.value2[count] - level * value - height * product;
        error.is_finite().then(|| RampFit {
            start,
            end,
            before: level + self.base,
            after: level + height + self.base,
            slope_per_s: height / length,
            error: error.max(0.0),
        })
    }

    /// A constant up to `at`, an unconnected straight line from there.
    fn jump(&self, at: usize) -> Option<JumpFit> {
        let count = self.times_s.len();
        let before = self.value[at] / at as f64;
        let flat_error = self.value2[at] - before * self.value[at];
        let points = (count - at) as f64;
        let part = |sums: &[f64]| sums[count] - sums[at];
        let (time, value) = (part(&self.time), part(&self.value));
        let time_spread = part(&self.time2) - time * time / points;
        if time_spread <= 0.0 {
            return None;
        }
        let cross = part(&self.product) - time * value / points;
        let slope = cross / time_spread;
        let line_error = part(&self.value2) - value * value / points - slope * cross;
        let height = value / points + slope * (self.time_at(at) - time / points);
        let error = flat_error.max(0.0) + line_error.max(0.0);
        error.is_finite().then_some(JumpFit {
            at,
            before: before + self.base,
            jump: height - before,
            slope_per_s: slope,
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::Noise;
    use super::*;

    fn grid(count: usize) -> Vec<f64> {
        (0..count).map(|index| index as f64 * 30.0).collect()
    }

    fn clipped(count: usize, start: usize, end: usize) -> Vec<f64> {
        let share = |index: usize| (index as f64 - start as f64) / (end - start) as f64;
        (0..count).map(|index| 5.0 + 40.0 * share(index).clamp(0.0, 1.0)).collect()
    }

    #[test]
    fn exact_shapes_are_found() {
        for (count, start, end) in
            [(60, 20, 59), (60, 20, 40), (200, 100, 101), (1500, 300, 900), (5000, 7, 4000)]
        {
            let fit = fit_ramp(&grid(count), &clipped(count, start, end)).unwrap();
            assert_eq!((fit.start, fit.end), (start, end), "{fit:?}");
            let slope = 40.0 / (30.0 * (end - start) as f64);
            assert!((fit.slope_per_s - slope).abs() < 1e-6 * slope && (fit.before - 5.0).abs() < 1e-6);
        }
        let late: Vec<f64> =
            (0..60).map(|i| if i < 30 { 1.0 } else { 6.0 + (i - 30) as f64 * 0.2 }).collect();
        let jump = fit_jump(&grid(60), &late).unwrap();
        assert!(jump.at == 30 && (jump.jump - 5.0).abs() < 1e-9, "{jump:?}");
    }

    #[test]
    fn too_few_points_have_no_shape() {
        for count in 0..4 {
            assert!(fit_ramp(&grid(count), &vec![1.0; count]).is_none());
            assert!(fit_step(&grid(count), &vec![1.0; count]).is_none());
            assert!(fit_jump(&grid(count), &vec![1.0; count]).is_none());
        }
        let flat = fit_ramp(&grid(9), &[4.0; 9]).unwrap();
        assert!(flat.slope_per_s == 0.0 && flat.error == 0.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn noise_moves_the_start_little(seed in 0u64..1000, start in 30usize..80, length in 20usize..60) {
            let mut noise = Noise::new(seed);
            let values: Vec<f64> =
                clipped(160, start, start + length).iter().map(|value| value + noise.normal()).collect();
            let fit = fit_ramp(&grid(160), &values).unwrap();
            prop_assert!(fit.start.abs_diff(start) <= 5, "{:?} for {} + {}", fit, start, length);
        }

        #[test]
        fn shifting_time_and_value_keeps_the_knees(start in 5usize..30, add in -1e3..1e3f64) {
            let values = clipped(60, start, start + 20);
            let moved: Vec<f64> = values.iter().map(|value| value + add).collect();
            let times: Vec<f64> = grid(60).iter().map(|time| time + 1e6).collect();
            let (one, other) = (fit_ramp(&grid(60), &values).unwrap(), fit_ramp(&times, &moved).unwrap());
            prop_assert_eq!((one.start, one.end), (other.start, other.end));
        }
    }
}
