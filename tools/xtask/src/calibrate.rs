//! Fits the logistic that turns a leader's margin into the probability that it is right (Platt 1999), from cases with
//! known answers as `midwatch-bench --json` writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Rounds of Newton's method at most; it converges in fewer than ten.
const ROUNDS_MAX: usize = 50;

/// Change of the log-odds below which the fit has converged.
const CONVERGED: f64 = 1e-10;

/// Variance of the Gaussian prior on slope and intercept: keeps them finite when the cases are separable.
const PRIOR_VARIANCE: f64 = 4.0;

/// What is read of a case; other fields are for people.
#[derive(Debug, Deserialize)]
struct Case {
    #[serde(default)]
    case: String,
    #[serde(default)]
    margin: Option<f64>,
    /// Whether the leading theory gives the true answer, said or not.
    #[serde(default)]
    leader_right: Option<bool>,
    passed: bool,
}

/// A margin, whether the leader was right, and how much it counts: the runs of one incident count as one case together,
/// as they are alike.
type Pair = (f64, bool, f64);

/// A fitted logistic: log-odds = slope · margin + intercept.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fit {
    slope: f64,
    intercept: f64,
    /// Of the log-odds at the mean margin.
    standard_error: f64,
}

/// One run of a case: of which suite and incident, its margin, and whether the leader was right.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    /// The input's name up to its first `-`: inputs of one suite hold the same incidents.
    suite: String,
    case: String,
    margin: f64,
    right: bool,
}

/// The runs of `inputs`, each `NAME=FILE`, and the inputs' names. Runs without a margin (no theory led) are left out.
fn read(inputs: &[String]) -> Result<(Vec<String>, Vec<Run>)> {
    let (mut names, mut runs) = (Vec::new(), Vec::new());
    for input in inputs {
        let Some((name, file)) = input.split_once('=') else {
            bail!("--input {input:?}: give it as NAME=FILE");
        };
        names.push(name.to_owned());
        let suite = name.split('-').next().unwrap_or(name);
        let text = fs::read_to_string(file).with_context(|| format!("{file}: could not be read"))?;
        for (index, line) in text.lines().enumerate() {
            let case: Case =
                serde_json::from_str(line).with_context(|| format!("{file}:{}: not a case", index + 1))?;
            let id = if case.case.is_empty() { format!("{name}:{index}") } else { case.case };
            let right = case.leader_right.unwrap_or(case.passed);
            runs.extend(case.margin.map(|margin| Run { suite: suite.to_owned(), case: id, margin, right }));
        }
    }
    if runs.is_empty() {
        bail!("no case has a margin: nothing can be fitted");
    }
    names.sort();
    Ok((names, runs))
}

/// What a fit is made of, and how many different incidents that is.
fn pairs(runs: &[&Run]) -> (Vec<Pair>, usize) {
    let mut runs_of: BTreeMap<&str, f64> = BTreeMap::new();
    for run in runs {
        *runs_of.entry(&run.case).or_insert(0.0) += 1.0;
    }
    let pairs = runs.iter().map(|run| (run.margin, run.right, 1.0 / runs_of[run.case.as_str()])).collect();
    (pairs, runs_of.len())
}

/// The calibration file fitted on `inputs`. Counted as cases are different incidents: an incident run several times, with
/// evidence removed say, is one, in whatever inputs.
pub(crate) fn calibrate(inputs: &[String]) -> Result<String> {
    let (names, runs) = read(inputs)?;
    let (pairs, cases) = pairs(&runs.iter().collect::<Vec<_>>());
    Ok(file(&names, cases, fit(&pairs)))
}

/// How well confidence fitted on the other suites fits each: Brier score (0 is perfect, 0.25 is a coin) and, by what was
/// said, how often the leader was right.
pub(crate) fn left_out(inputs: &[String]) -> Result<String> {
    let (_, runs) = read(inputs)?;
    let suites: BTreeSet<&str> = runs.iter().map(|run| run.suite.as_str()).collect();
    if suites.len() < 2 {
        bail!("one suite only: give inputs of two or more, named SUITE or SUITE-something");
    }
    let mut out = String::new();
    for suite in suites {
        let (own, others): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.suite == suite);
        let fit = fit(&pairs(&others).0);
        let (mut brier, mut total) = (0.0, 0.0);
        let mut bins = [(0.0, 0.0, 0.0); 5];
        for (margin, right, counts) in pairs(&own).0 {
            let said = 1.0 / (1.0 + (-(fit.slope * margin + fit.intercept)).exp());
            let truth = f64::from(u8::from(right));
            brier += counts * (said - truth).powi(2);
            total += counts;
            let bin = &mut bins[((said * 5.0) as usize).min(4)];
            *bin = (bin.0 + counts, bin.1 + counts * said, bin.2 + counts * truth);
        }
        let _ =
            writeln!(out, "{suite}: {} runs of {total:.0} incidents, Brier {:.3}", own.len(), brier / total);
        for (index, (counts, said, truth)) in bins.iter().enumerate().filter(|(_, bin)| bin.0 > 0.0) {
            let (low, high) = (index as f64 / 5.0, (index + 1) as f64 / 5.0);
            let (said, truth) = (said / counts, truth / counts);
            let _ = writeln!(
                out,
                "  said {low:.1} to {high:.1}: mean {said:.2}, right {truth:.2} (weight {counts:.1})"
            );
        }
    }
    Ok(out)
}

fn file(names: &[String], cases: usize, fit: Fit) -> String {
    let mut out = String::from("# Written by `cargo run -p xtask -- calibrate`; do not edit by hand.\n");
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    let _ = writeln!(out, "inputs = [{}]", names.join(", "));
    let _ = writeln!(out, "cases = {cases}");
    for (name, value) in
        [("slope", fit.slope), ("intercept", fit.intercept), ("standard_error", fit.standard_error)]
    {
        // Four decimals: more would be noise of the fit.
        let _ = writeln!(out, "{name} = {:?}", (value * 1e4).round() / 1e4);
    }
    out
}

/// Maximum a posteriori logistic regression of `right` on `margin` by iteratively reweighted least squares, with a
/// Gaussian prior around slope 1 and intercept 0 (the margin taken for log-odds as it is).
fn fit(pairs: &[Pair]) -> Fit {
    let (mut slope, mut intercept) = (1.0_f64, 0.0_f64);
    for _ in 0..ROUNDS_MAX {
        let (gradient, hessian) = derivatives(pairs, slope, intercept);
        let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
        let step_slope = (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
        let step_intercept = (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
        // A full step may overshoot where the curve is flat: halve it until the fit gets better.
        let before = log_posterior(pairs, slope, intercept);
        let share = std::iter::successors(Some(1.0_f64), |share| Some(share / 2.0))
            .take(ROUNDS_MAX)
            .find(|share| {
                log_posterior(pairs, slope + share * step_slope, intercept + share * step_intercept) >= before
            })
            .unwrap_or(0.0);
        slope += share * step_slope;
        intercept += share * step_intercept;
        if share * (step_slope.abs() + step_intercept.abs()) < CONVERGED {
            break;
        }
    }
    let (_, hessian) = derivatives(pairs, slope, intercept);
    let total: f64 = pairs.iter().map(|(_, _, counts)| counts).sum();
    let mean = pairs.iter().map(|(margin, _, counts)| margin * counts).sum::<f64>() / total;
    let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    // Variance of slope · mean + intercept under the inverse Hessian.
    let variance = (hessian[2] * mean * mean - 2.0 * hessian[1] * mean + hessian[0]) / determinant;
    Fit { slope, intercept, standard_error: variance.max(0.0).sqrt() }
}

/// Up to a constant.
fn log_posterior(pairs: &[Pair], slope: f64, intercept: f64) -> f64 {
    let prior = -((slope - 1.0).powi(2) + intercept.powi(2)) / (2.0 * PRIOR_VARIANCE);
    let likelihood = |&(margin, right, counts): &Pair| {
        let odds = slope * margin + intercept;
        let toward = if right { odds } else { -odds };
        // ln(1 / (1 + exp(-x))) without overflow.
        counts * (toward.min(0.0) - (-toward.abs()).exp().ln_1p())
    };
    prior + pairs.iter().map(likelihood).sum::<f64>()
}

/// Gradient of the log posterior, and its negative Hessian (slope-slope, slope-intercept, intercept-intercept).
fn derivatives(pairs: &[Pair], slope: f64, intercept: f64) -> ([f64; 2], [f64; 3]) {
    let mut gradient = [-(slope - 1.0) / PRIOR_VARIANCE, -intercept / PRIOR_VARIANCE];
    let mut hessian = [1.0 / PRIOR_VARIANCE, 0.0, 1.0 / PRIOR_VARIANCE];
    for &(margin, right, counts) in pairs {
        let p = 1.0 / (1.0 + (-(slope * margin + intercept)).exp());
        let (residual, weight) = (counts * (f64::from(u8::from(right)) - p), counts * p * (1.0 - p));
        gradient[0] += residual * margin;
        gradient[1] += residual;
        hessian[0] += weight * margin * margin;
        hessian[1] += weight * margin;
        hessian[2] += weight;
    }
    (gradient, hessian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_logistic_is_found_again() {
        // Right with probability 1 / (1 + exp(-(0.5 m - 1))), in exact proportions.
        let mut pairs = Vec::new();
        for margin in [-4.0, -2.0, 0.0, 2.0, 4.0, 6.0] {
            let p = 1.0 / (1.0 + f64::exp(-(0.5 * margin - 1.0)));
            let right = (p * 10_000.0).round() as usize;
            pairs.extend((0..10_000).map(|index| (margin, index < right, 1.0)));
        }
        let fit = fit(&pairs);
        assert!((fit.slope - 0.5).abs() < 0.01 && (fit.intercept + 1.0).abs() < 0.01, "{fit:?}");
        assert!(fit.standard_error > 0.0 && fit.standard_error < 0.05, "{fit:?}");
    }

    #[test]
    fn separable_cases_stay_finite() {
        let fit = fit(&[(-2.0, false, 1.0), (-1.0, false, 1.0), (1.0, true, 1.0), (2.0, true, 1.0)]);
        assert!(fit.slope.is_finite() && fit.slope > 0.5 && fit.slope < 10.0, "{fit:?}");
    }

    #[test]
    fn a_suite_is_judged_by_what_the_others_say() {
        let path =
            |name: &str| std::env::temp_dir().join(format!("midwatch-xtask-{name}-{}", std::process::id()));
        let (one, two) = (path("one"), path("two"));
        fs::write(&one, "{\"case\":\"a\",\"margin\":9.0,\"passed\":true}\n{\"case\":\"b\",\"margin\":-9.0,\"passed\":false}\n").unwrap();
        fs::write(&two, "{\"case\":\"c\",\"margin\":9.0,\"passed\":true}\n{\"case\":\"c\",\"margin\":9.0,\"passed\":true}\n").unwrap();
        let inputs = [format!("one={}", one.display()), format!("two-thinned={}", two.display())];
        let text = left_out(&inputs).unwrap();
        let alone = left_out(&inputs[..1]);
        for file in [&one, &two] {
            fs::remove_file(file).unwrap();
        }
        assert!(text.contains("two: 2 runs of 1 incidents, Brier 0.00"), "{text}");
        assert!(alone.is_err());
    }

    #[test]
    fn the_file_names_its_inputs() {
        let path = std::env::temp_dir().join(format!("midwatch-xtask-cases-{}", std::process::id()));
        fs::write(&path, "{\"margin\":2.0,\"passed\":true}\n{\"margin\":null,\"passed\":false}\n").unwrap();
        let text = calibrate(&[format!("demo={}", path.display())]).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(text.contains("inputs = [\"demo\"]\ncases = 1\nslope = "), "{text}");
        assert!(calibrate(&["nothing".to_owned()]).is_err());
    }
}
