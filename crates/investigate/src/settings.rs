//! What shapes a run besides its input.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mechanisms::MechanismSet;

/// Names of the built-in agents, in the order they are planned.
pub const AGENTS: &[&str] = &["metrics", "logs", "traces", "changes", "code"];

/// Fitted numbers: rebuilt by `xtask calibrate` from named inputs, never edited by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Names of the inputs it was fitted on.
    pub inputs: Vec<String>,
    /// Cases with a known answer.
    pub cases: u32,
    /// Slope of the logistic that turns a margin into a probability.
    pub slope: f64,
    /// Intercept of the logistic.
    pub intercept: f64,
    /// Standard error of the fitted log-odds at the mean margin: half the width of a band.
    pub standard_error: f64,
}

/// Settings of one run. Their hash is the journal's second entry, so a replay knows what it ran with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The mechanisms theories are made from.
    pub mechanisms: Arc<MechanismSet>,
    /// Fitted numbers.
    pub calibration: Calibration,
    /// Agents that must not run; the report says what is missing for it.
    pub disabled_agents: BTreeSet<String>,
}
