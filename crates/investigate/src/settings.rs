//! What shapes a run besides its input.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::mechanisms::MechanismSet;

/// Names of the built-in agents, in the order they are planned.
pub fn agent_names() -> Vec<&'static str> {
    crate::agents::ALL.iter().map(|agent| agent.spec().name).collect()
}

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

impl Calibration {
    /// The numbers that this build was fitted with; an unfitted band when the file in the build is damaged.
    pub fn builtin() -> Calibration {
        toml::from_str(include_str!("../calibration.toml")).unwrap_or(Calibration {
            inputs: Vec::new(),
            cases: 0,
            slope: 1.0,
            intercept: 0.0,
            standard_error: 1.0,
        })
    }
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

impl Settings {
    /// What a replay must share with the run it repeats.
    pub(crate) fn summary(&self, request: &crate::Request) -> serde_json::Value {
        serde_json::json!({
            "engine": env!("CARGO_PKG_VERSION"),
            "mechanisms": self.mechanisms.hash(),
            "calibration": self.calibration,
            "disabled_agents": self.disabled_agents,
            "window": request.window,
            "now": request.now,
            "owner": request.owner,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fitted_numbers_can_be_read() {
        let read: Calibration = toml::from_str(include_str!("../calibration.toml")).unwrap();
        assert_eq!(read, Calibration::builtin());
        assert!(read.slope > 0.0 && read.standard_error >= 0.0);
    }

    #[test]
    fn agents_have_names_of_their_own() {
        let names = agent_names();
        let different: BTreeSet<&&str> = names.iter().collect();
        assert!(names.contains(&"metrics") && different.len() == names.len(), "{names:?}");
    }
}
