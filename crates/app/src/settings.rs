//! What shapes a run: mechanisms, fitted numbers, agents left out.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use midwatch_investigate::mechanisms::MechanismSet;
use midwatch_investigate::{Calibration, Settings};

use crate::AppError;

/// Checked mechanisms, shared by runs.
pub type Mechanisms = Arc<MechanismSet>;

/// The built-in mechanisms and those of every `*.toml` in `directory`, which may replace built-in ones by id.
///
/// # Errors
/// When the directory or a file cannot be read, or with every mistake in the files.
pub fn mechanisms(directory: Option<&Path>) -> Result<Mechanisms, AppError> {
    let mut files = Vec::new();
    if let Some(directory) = directory {
        let listing = std::fs::read_dir(directory).map_err(AppError::io(directory, "list the mechanisms"))?;
        let mut paths = Vec::new();
        for entry in listing {
            let path = entry.map_err(AppError::io(directory, "list the mechanisms"))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(AppError::io(&path, "read the mechanisms"))?;
            files.push((path.display().to_string(), text));
        }
    }
    MechanismSet::load(&files).map(Arc::new).map_err(|errors| AppError::Mechanisms { errors })
}

/// The settings of one run.
pub(crate) fn settings(mechanisms: &Mechanisms, disabled_agents: &BTreeSet<String>) -> Settings {
    Settings {
        mechanisms: Arc::clone(mechanisms),
        calibration: Calibration::builtin(),
        disabled_agents: disabled_agents.clone(),
    }
}
